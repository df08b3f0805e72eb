/* SPDX-License-Identifier: MIT */
/*
 * store_bench: what the files of bench_store share.
 *
 *   bench_store.c     options, the realm, rounds and figures
 *   store_marks.c     one commit of many marks, beside a raw write; the fold, beside bare LMDB
 *   store_recovery.c  from the file to books and tables, beside a bare scan
 */
#ifndef DK_BENCH_STORE_BENCH_H
#define DK_BENCH_STORE_BENCH_H

#include "base/clock.h"
#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 32, ROUNDS_MAX = 64 };

/* One for each series, id 1 to series: what the store must say of it. */
struct bench {
    char folder[256];
    char realm[300];
    const char *docketd; /* its program; NULL: not measured */
    const char *only;    /* part; NULL: all */
    uint64_t series;
    unsigned rounds;
    bool json;
    int failed; /* checks that did not hold */
    struct dk_store *store;
    struct dk_store_facts facts;
    struct dk_counter_image *images;           /* by id - 1, as last committed */
    const struct dk_counter_image **pointers;  /* room for all */
};

/* Samples of one cell and of what stands beside it in the same round. */
struct cell {
    double ours[ROUNDS_MAX], bare[ROUNDS_MAX];
    unsigned count;
};

void must(docket_status status);
void must_lmdb(int error);
void must_system(bool held, const char *what);

static inline double seconds(void)
{
    return (double)dk_clock_monotonic_ns() / 1e9;
}

void add_round(struct cell *cell, double ours, double bare);
/* A row: medians of both, the median of the ratios, their spread (p90 - p10 over the median), asked and met. asked 0: only shown. */
void show(const struct bench *bench, const char *what, const struct cell *cell, double asked);

void open_store(struct bench *bench);
void close_store(struct bench *bench, bool clean);
/* Reads all back, by a fresh opening, and compares mark by mark. */
void verify(struct bench *bench, const char *after);
/* Raises the marks of `count` series, from `first` on at this stride, and commits them in one commit: how long that took. */
double commit_marks(struct bench *bench, uint64_t first, uint64_t stride, uint64_t count);
double commit_nothing(struct bench *bench);

void run_marks(struct bench *bench);
void run_fold(struct bench *bench);
void run_recovery(struct bench *bench);

#endif
