/* SPDX-License-Identifier: MIT */
/*
 * worker: what the worker program's two files share: worker.c takes numbers,
 * worker_main.c reads options, starts and stops threads and prints totals.
 */
#ifndef TESTS_WORKER_H
#define TESTS_WORKER_H

#include "docket.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum worker_mode { MODE_NEXT, MODE_TEXT, MODE_BLOCK, MODE_MANY };
enum { STATUSES = 64, TARGETS_MAX = 256, THREADS_MAX = 256, FAILURE_BYTES = 1024 };

struct settings {
    const char *realm, *logs, *id, *stop_file;
    enum worker_mode mode;
    uint32_t threads, block, take, step;
    uint32_t date; /* of the documents, yyyymmdd; 0: today */
    uint64_t count, rate, each;
    int64_t timeout_ns;
};

/* A series that the worker's threads take from. */
struct target {
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
};

struct tally {
    uint64_t numbers, lowest, highest;
    char first[DOCKET_TEXT_MAX], last[DOCKET_TEXT_MAX]; /* texts of lowest and highest */
};

struct worker {
    struct settings settings;
    docket_realm *realm;
    struct target targets[TARGETS_MAX];
    unsigned target_count;
    atomic_bool stop;
    atomic_uint running;
};

/* One thread. It owns all of it until it has ended. */
struct hand {
    struct worker *worker;
    unsigned index;
    struct tally tallies[TARGETS_MAX];
    uint64_t numbers;
    uint64_t retries[STATUSES];
    uint64_t blocks, returned;
    char failure[FAILURE_BYTES]; /* empty: none */
};

/* A thread's life: argument is its struct hand. */
void *hand_run(void *argument);

#endif
