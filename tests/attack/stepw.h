/* SPDX-License-Identifier: MIT */
/*
 * stepw: the operations that the stepper of workers kills, and what the killed
 * child and its parent share.
 */
#ifndef TESTS_STEPW_H
#define TESTS_STEPW_H

#include "step.h"

#include "../lib/worklog.h"
#include "docket.h"

enum {
    OP_STATES = 1, /* killed at each shared state and system call, else at each instruction */
    OP_AWAY = 2,   /* docketd stands still from prepare() on */
    OP_LOOSE = 4,  /* docketd may take numbers back meanwhile: the excuse is an upper bound */
    OP_COLD = 8    /* the child has no seat before the operation */
};

struct operation {
    const char *name;
    const char *what;  /* for the table */
    const char *order; /* "strict", "leased" or "strict-chronological" */
    unsigned flags;
    uint32_t step;     /* numbers handed out once the operation has moved a word */
    void (*prepare)(void);
    void (*exhaust)(void); /* with docketd standing still; NULL nothing */
    void (*act)(void);
};

extern const struct operation operations[];
extern const size_t operation_count;

/* In memory that parent and children share. */
struct told {
    struct worklog log;
    uint32_t unlogged; /* handed out before the operation, and not logged */
    char why[400];     /* what went wrong in a child */
};

/* Of the child; set before prepare(). */
extern struct told *told;
extern struct view view;
extern const char *child_realm, *child_series;
extern int64_t clock_shift_s; /* seconds that this process's wall clock runs ahead */

/* A call that must succeed in a child: the child ends with a sentence if not. */
void must(const char *call, docket_status status);
void child_attach(void);

#endif
