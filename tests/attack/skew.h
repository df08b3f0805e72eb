/* SPDX-License-Identifier: MIT */
/*
 * skew: every field that two releases read of each other, at boundary values.
 * Each case runs in a child of its own, with an alarm: a crash or a hang is the
 * child's, and is counted; a case that is judged wrong says so and exits 1.
 */
#ifndef DK_TESTS_SKEW_H
#define DK_TESTS_SKEW_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum expect {
    REFUSED,  /* must not be served; a sentence says why */
    VERSIONS, /* refused, and the sentence names both versions */
    SERVED,   /* must be served */
    EITHER    /* nobody can tell: no crash, no hang */
};

struct field {
    const char *name;
    size_t at;
    size_t bytes; /* 1, 4 or 8 */
    enum expect expect;
};

#define FIELD(type, member, expect)                                            \
    {                                                                          \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member), expect \
    }

enum { VALUES = 7 };

/* The i-th boundary value for a field that holds `now`; false if it is `now` itself. */
bool skew_value(const struct field *field, uint64_t now, unsigned i, uint64_t *value);
uint64_t skew_get(const void *base, const struct field *field);
void skew_put(void *base, const struct field *field, uint64_t value);

/* Runs trial in a child; counts it. */
void skew_case(const char *what, const struct field *field, uint64_t value,
               void (*trial)(const char *what, const struct field *field, uint64_t value));
/* In the child: judges what came; ends the child if it is wrong. */
void skew_judge(const struct field *field, uint64_t value, uint64_t known, docket_status status);
void skew_wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A fresh process's first call in realm: its status, its sentence the last error. */
docket_status skew_attach(const char *realm);

void skew_files(const char *realm);
void skew_replies(const char *realm);
void skew_requests(const char *realm);
void skew_store(const char *realm);

#endif
