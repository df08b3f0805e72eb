/* SPDX-License-Identifier: MIT */
/*
 * store_bench: what the files of bench_store share.
 *
 *   bench_store.c     cells, figures, options, the realm, and whether it holds what was committed
 *   store_marks.c     one commit of many marks, beside a raw write; the fold, beside bare LMDB
 *   store_recovery.c  from the file to books and tables, beside a bare scan
 */
#ifndef DK_BENCH_STORE_BENCH_H
#define DK_BENCH_STORE_BENCH_H

#include "harness.h"

#include "base/clock.h"
#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>

/* A store and what it must say of each series, id 1 to series. */
struct realm {
    char path[400];
    uint64_t series;
    struct dk_store *store; /* NULL: closed */
    struct dk_store_facts facts;
    struct dk_counter_image *images;          /* by id - 1, as last committed */
    const struct dk_counter_image **pointers; /* room for all */
};

extern struct realm realm;   /* what all cells but the fresh folds work on */
extern char bench_folder[256];
extern const char *bench_docketd; /* its program; NULL: not measured */

void must(docket_status status);
void must_lmdb(int error);
void must_system(bool held, const char *what);

static inline double milliseconds(void)
{
    return (double)dk_clock_monotonic_ns() / 1e6;
}

void open_realm(struct realm *realm);
void close_realm(struct realm *realm);
void alloc_realm(struct realm *realm, const char *name, uint64_t series);
void free_realm(struct realm *realm);
/* By a fresh opening, mark by mark; false: bench_say() has told. */
bool realm_holds(struct realm *realm);
/* Raises the marks of `count` series, from `first` on at this stride, in one commit: how long that took. */
double commit_marks(struct realm *realm, uint64_t first, uint64_t stride, uint64_t count);
double commit_nothing(struct realm *realm);
/* Until the journal is empty. Commits that fold nothing are not counted; *longest is the longest of the others. */
double drain(struct realm *realm, double *longest);

/* Cells: the value of a round, in milliseconds. The bare ones are of what the cell before them wrote or read. */
double measure_marks(struct bench_cell *cell);
double measure_raw(struct bench_cell *cell);
double measure_many(struct bench_cell *cell);
double measure_many_raw(struct bench_cell *cell);
double measure_fold(struct bench_cell *cell);
double measure_fold_step(struct bench_cell *cell);
double measure_fold_bare(struct bench_cell *cell);
double measure_first_fold(struct bench_cell *cell);
double measure_first_fold_bare(struct bench_cell *cell);
double measure_scan(struct bench_cell *cell);
double measure_load(struct bench_cell *cell);
double measure_start(struct bench_cell *cell);

/* docketd's shared files of the realm. */
void lose_runtime(bool folder_too);

/* The context of these cells. */
struct marks {
    uint64_t share; /* so many of all series, one in ... */
    uint64_t at_most; /* ... or so many */
};
extern const char in_order[], in_no_order[];                    /* of a fold */
extern const char warm[], cold[], on_board[];                   /* of a scan, a load or a start */

#endif
