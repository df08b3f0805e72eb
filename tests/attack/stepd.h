/* SPDX-License-Identifier: MIT */
/*
 * stepd: the errands in which docketd is killed, and what the stepper's parts
 * share.
 */
#ifndef TESTS_STEPD_H
#define TESTS_STEPD_H

#include "step.h"

#include "../lib/worklog.h"
#include "docket.h"

#include <signal.h>

enum {
    ERRAND_COMMITTER = 1, /* the committer is walked, call by call; else the loop, step by step */
    ERRAND_START = 2,     /* docketd's own start is the errand */
    ERRAND_STOP = 4,      /* its end is */
    ERRAND_LOOSE = 8      /* numbers may come back or not: excuses are an upper bound */
};

struct errand {
    const char *name;
    const char *what; /* for the table */
    const char *order;
    unsigned flags;
    void (*prepare)(void); /* docketd runs */
    void (*due)(void);     /* docketd's thread is held */
    bool (*done)(void);    /* read off shared memory, or off a worker that waits */
    bool (*half_done)(void); /* of a start: the end of what the docketd before was about */
};

extern const struct errand errands[];
extern const size_t errand_count;

/* ---- stepd_crew.c: the workers ---- */

struct told {
    struct worklog log; /* of those who are killed */
    uint64_t excused;   /* numbers whose return was asked for and not answered */
    uint64_t names;     /* series made so far */
    char why[400];
};

extern struct told *told;
extern struct view view;
extern uint32_t slot;
extern pid_t docketd;
extern const char *run_realm, *run_logs, *run_series, *run_name;
extern bool run_strict;

void crew_start(void);
void crew_end(void);
/* The worker does it: t take, w take all and sleep for more, o open a block of
 * four, b give it back, c open a series with a new name, d take a number of a day that
 * has ended, n of one that nobody took of before, x close that one. crew_must() waits. */
/* At record speed (stepd_ledger.c), of the series NAME-L: i issue by a new key, pending; s settle it, v make it void,
 * r release it; R reserve and settle; e issue for a second, and see it in doubt. */
void crew_ask(char word);
bool crew_answered(void); /* nothing is asked, or the answer has come */
void crew_await(void);
void crew_must(char word);
/* Somebody with a seat and a lease, to be killed; or who asks for a seat. */
void victim_start(bool wait);
void victim_kill(void);
bool victim_is_seated(void);
bool victim_is_forgotten(void); /* its seat is free */

/* Words that the worker or the victim owns; whether they were cleared. */
void owned_note(void);
bool owned_is_cleared(void);

/* ---- stepd_ledger.c: in the worker ---- */

void ledger_seat(docket_realm *realm, const char *series_name);
void ledger_do(char word);

/* ---- stepd_daemon.c: docketd ---- */

void docketd_start(bool traced);
void docketd_await_serving(void);
bool docketd_is_serving(void);
/* SIGKILL; held: the thread of it that is traced, or docketd itself. */
void docketd_kill(pid_t held);
pid_t docketd_committer(void);
/* Nothing is wanted, and no word changes. */
void docketd_await_quiet(void);

#endif
