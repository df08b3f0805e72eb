/* SPDX-License-Identifier: MIT */
/* bare: what cannot be avoided: counters with a limit on another line, inline here and far.c's behind a call. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "far.h"
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>

enum { BARE_WORKERS = 16 };

/* Lines of their own: `_Alignas` on one declarator each (a list of them would part limit from counter too). */
struct bare {
    _Alignas(128) _Atomic uint64_t next;
    _Alignas(128) _Atomic uint64_t limit;
    _Alignas(128) pthread_mutex_t mutex; /* robust, shared between processes */
    uint64_t under_mutex;
    struct {
        _Alignas(128) _Atomic uint64_t own;
    } apart[BARE_WORKERS];
    _Alignas(128) _Atomic uint64_t together[8]; /* one line */
    _Alignas(128) int cells;                    /* that take from next */
};

static inline uint64_t bare_fetch_add(struct bare *bare)
{
    uint64_t number = atomic_fetch_add_explicit(&bare->next, 1, memory_order_acq_rel);
    return number < atomic_load_explicit(&bare->limit, memory_order_relaxed) ? number : 0;
}

/* Claims count numbers at once; the first of them. */
static inline uint64_t bare_compare_swap(struct bare *bare, uint64_t count)
{
    uint64_t seen = atomic_load_explicit(&bare->next, memory_order_relaxed);
    do {
        if (seen + count > atomic_load_explicit(&bare->limit, memory_order_relaxed))
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&bare->next, &seen, seen + count, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return seen;
}

/* Shared by all workers; bare_make() makes it, and counts in `cells` those that are verified by bare_agrees(). */
extern struct bare *the_bare;
void bare_make(void);

enum { BARE_BLOCK = 8 };

/* Of cells: see harness.h. */
uint64_t bare_add(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_add_far(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_swap(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_under_mutex(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_store_apart(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_store_together(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_print_plain(struct bench_worker *worker, uint64_t *out, unsigned calls);
uint64_t bare_print_dated(struct bench_worker *worker, uint64_t *out, unsigned calls);
bool bare_agrees(const struct bench_cell *cell, const struct bench_got *got);
bool bare_mutex_agrees(const struct bench_cell *cell, const struct bench_got *got);

#endif
