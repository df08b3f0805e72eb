/* SPDX-License-Identifier: MIT */
/* bare: the cells of bench_next that docket has no part in, and whether their counts are right. */
#include "bare.h"

#include "docket.h"

#include <stdio.h>
#include <string.h>

struct bare *the_bare;

uint64_t bare_add(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct bare *bare = the_bare; /* in a register: no load of it is measured */
    (void)worker;
    for (unsigned i = 0; i < calls; i++)
        if ((out[i] = bare_fetch_add(bare)) == 0)
            bench_fail("the limit of a bare atomic was reached");
    return calls;
}

uint64_t bare_add_far(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct bare *bare = the_bare; /* in a register: no load of it is measured */
    (void)worker;
    for (unsigned i = 0; i < calls; i++)
        if ((out[i] = far_fetch_add(bare)) == 0)
            bench_fail("the limit of a bare atomic was reached");
    return calls;
}

uint64_t bare_swap(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct bare *bare = the_bare; /* in a register: no load of it is measured */
    (void)worker;
    for (unsigned i = 0; i < calls; i++)
        if ((out[i] = bare_compare_swap(bare, BARE_BLOCK)) == 0)
            bench_fail("the limit of a bare compare-and-swap was reached");
    return (uint64_t)calls * BARE_BLOCK;
}

uint64_t bare_under_mutex(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct bare *bare = the_bare; /* in a register: no load of it is measured */
    (void)worker;
    for (unsigned i = 0; i < calls; i++) {
        if (pthread_mutex_lock(&bare->mutex) != 0)
            bench_fail("the mutex cannot be locked");
        out[i] = bare->under_mutex++;
        pthread_mutex_unlock(&bare->mutex);
    }
    return calls;
}

/* What a lease's cursor does: a word that one worker writes, here beside others' or not. */
static uint64_t store_in(_Atomic uint64_t *word, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++) {
        uint64_t number = atomic_load_explicit(word, memory_order_relaxed);
        BENCH_USE(docket_version());
        atomic_store_explicit(word, number + 1, memory_order_release);
    }
    return calls;
}

uint64_t bare_store_apart(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)out;
    return store_in(&the_bare->apart[worker->index].own, calls);
}

uint64_t bare_store_together(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)out;
    return store_in(&the_bare->together[worker->index], calls);
}

uint64_t bare_print_plain(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    char text[DOCKET_TEXT_MAX];
    (void)out;
    for (unsigned i = 0; i < calls; i++)
        if (snprintf(text, sizeof text, "%s-%06llu", "T0", 100000ull + i + (unsigned)worker->index) < 1)
            bench_fail("snprintf");
        else
            BENCH_USE(text);
    return calls;
}

uint64_t bare_print_dated(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    char text[DOCKET_TEXT_MAX];
    struct tm day = {.tm_year = 126, .tm_mon = 10, .tm_mday = 26 - worker->index};
    BENCH_USE(&day);
    (void)out;
    for (unsigned i = 0; i < calls; i++)
        if (snprintf(text, sizeof text, "%s-%04d%02d%02d-%06llu", "D0", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday,
                     100000ull + i) < 1)
            bench_fail("snprintf");
        else
            BENCH_USE(text);
    return calls;
}

/* Never set back: what several cells took from one bare counter stays told apart. */
void bare_make(void)
{
    pthread_mutexattr_t kind;
    the_bare = bench_shared(sizeof *the_bare);
    atomic_store(&the_bare->next, 1);
    atomic_store(&the_bare->limit, UINT64_MAX / 2);
    if (pthread_mutexattr_init(&kind) != 0 || pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED) != 0 ||
        pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST) != 0 || pthread_mutex_init(&the_bare->mutex, &kind) != 0)
        bench_fail("no robust mutex");
}

/* The account of a bare counter: what all cells that use it counted. */
bool bare_agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    static uint64_t counted;
    static int cells_left;
    counted += got->numbers;
    cells_left = cells_left > 0 ? cells_left : the_bare->cells;
    if (--cells_left > 0 || counted == atomic_load(&the_bare->next) - 1)
        return true;
    bench_say("cell %s and others before it: counted %llu numbers, and the bare counter gave %llu", cell->id,
              (unsigned long long)counted, (unsigned long long)atomic_load(&the_bare->next) - 1);
    return false;
}

bool bare_mutex_agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    static uint64_t counted;
    counted += got->numbers;
    if (strcmp(cell->id, "mutex_2") != 0 || counted == the_bare->under_mutex)
        return true;
    bench_say("cells mutex and mutex_2: counted %llu numbers, and the counter gave %llu", (unsigned long long)counted,
              (unsigned long long)the_bare->under_mutex);
    return false;
}
