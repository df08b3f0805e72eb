/* SPDX-License-Identifier: MIT */
/*
 * killer: drives a crew and, where asked, docketd: kills them at random moments,
 * lets others take their places, and counts. Every random choice comes from one
 * seed; the moments are the machine's.
 */
#ifndef TESTS_KILLER_H
#define TESTS_KILLER_H

#include "crew.h"

#include <sys/types.h>

struct options {
    struct crew crew;
    uint64_t seed, kills, pause_us, daemon_kills, seconds;
    const char *docketd, *daemon_log, *marks, *scratch;
    const char *runtime, *ballast, *clock; /* of the long run */
};

struct counts {
    uint64_t kills, inside, ended, hung, ends_in_order;
    uint64_t daemon_kills, daemon_ended, daemon_stops, marks_read, marks_behind, stuck;
    uint64_t losses, full, clock_steps;
};

struct killer {
    struct options options;
    struct counts counts;
    uint64_t dice;
    pid_t workers[POSTS_MAX];
    pid_t daemon;
    uint64_t owed[POSTS_MAX][TARGETS_MAX]; /* by the dead */
};

uint64_t killer_below(struct killer *killer, uint64_t bound);
void killer_sleep_us(uint64_t us);

void killer_hire(struct killer *killer, unsigned post);
void killer_kill(struct killer *killer, unsigned post);
void killer_end_in_order(struct killer *killer, unsigned post);
/* Every worker has taken another number within so many seconds; those that have not are counted. */
void killer_expect_progress(struct killer *killer, unsigned seconds);

void daemon_start(struct killer *killer);
void daemon_kill(struct killer *killer);
void daemon_stop(struct killer *killer);
/* Returns a moment after docketd's next commit, or after 30 ms: between what is
 * durable and what the shared files say, a random moment hardly ever falls. */
void daemon_await_commit(struct killer *killer);
bool daemon_is_there(struct killer *killer); /* false: it has ended by itself and is reaped */
void daemon_judge_marks(struct killer *killer);

/* The mixed run of row 22. */
void plan_run(struct killer *killer);

#endif
