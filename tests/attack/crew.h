/* SPDX-License-Identifier: MIT */
/*
 * crew: workers that are made to be killed. Each stands at a post; when one dies
 * another takes the post and goes on with its logs. What a worker has taken, or
 * is taking, and has not logged yet, stands in its post's `owed` words, in memory
 * that outlives it: whoever killed it excuses exactly that.
 */
#ifndef TESTS_CREW_H
#define TESTS_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGETS_MAX = 72, POSTS_MAX = 32, PERIOD_SHIFT = 38 };

struct target {
    char tenant[65], name[65];
    bool strict, periodic;
};

struct post {
    _Atomic uint32_t owed[TARGETS_MAX];
    _Atomic uint64_t numbers;    /* logged */
    _Atomic uint64_t refused;    /* calls that ended with a status that may pass */
    _Atomic uint64_t unanswered; /* blocks given back that docketd said nothing to */
    _Atomic uint64_t call_since; /* CLOCK_MONOTONIC ns; 0: in no call */
    char failure[512];           /* why it ended by itself */
};

struct ground {
    struct post posts[POSTS_MAX];
    /* The latest period's highest number: period << PERIOD_SHIFT | number. */
    _Atomic uint64_t highest[TARGETS_MAX];
};

struct crew {
    const char *realm, *logs, *id;
    struct target targets[TARGETS_MAX];
    unsigned target_count, posts;
    uint32_t rate;     /* calls a second of each worker */
    uint32_t block;    /* largest block */
    bool stops;        /* docketd is stopped in order now and then: what is given back
                        * to it just then stays handed out, not void */
    struct ground *ground;
};

/* The life of a worker at a post, until SIGTERM or a kill. Never returns: exit 0,
 * or 1 with post->failure said. */
_Noreturn void crew_work(const struct crew *crew, unsigned post, uint64_t seed);

/* Makes the logs of all posts; 0 or an errno. */
int crew_begin_logs(const struct crew *crew);

/* Closes them, each with the numbers that its dead still owed. */
int crew_end_logs(const struct crew *crew, uint64_t (*owed)[TARGETS_MAX]);

uint64_t crew_random(uint64_t *state);
uint64_t crew_now_ns(void);

#endif
