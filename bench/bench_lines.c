/* SPDX-License-Identifier: MIT */
/*
 * bench_lines: what a cache line costs that two processors want, for docs/SCALING.md.
 *
 *     bench_lines [harness options]
 *
 * Needs no docketd. A word is passed to and fro between two processors (a round trip is two hand-overs);
 * fetch-and-add and compare-and-swap on a line of one's own and on one that is shared.
 */
#include "bare.h"

enum { PATIENCE = 20000 }; /* looks; the other one may be in another part of the run, or have ended */

static _Atomic uint64_t *turn;

/* One of both sends even turns, the other odd ones; each waits for its own. */
static uint64_t pass(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    uint64_t mine = (uint64_t)worker->index, seen;
    (void)out;
    for (unsigned i = 0; i < calls; i++) {
        unsigned looks = 0;
        while (((seen = atomic_load_explicit(turn, memory_order_acquire)) & 1) != mine)
            if (++looks == PATIENCE)
                return i;
        atomic_store_explicit(turn, seen + 1, memory_order_release);
    }
    return calls;
}

static uint64_t add_own(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++)
        out[i] = atomic_fetch_add_explicit(&the_bare->apart[worker->index].own, 1, memory_order_acq_rel);
    return calls;
}

#define SHARED .numbers = true, .verify = bare_agrees

static struct bench_cell cells[] = {
    {.id = "pass", .name = "a word passed to and fro, two processors, each hand-over", .workers = 2,
     .work = pass},
    {.id = "own", .name = "fetch-and-add, a line of one's own", .work = add_own},
    {.id = "own_2", .name = "fetch-and-add, lines of their own, 2 processes", .base = "own", .workers = 2, .work = add_own},
    {.id = "add", .name = "fetch-and-add with a limit, one process", .base = "own", SHARED, .work = bare_add},
    {.id = "add_2", .name = "the same, 2 processes, one line", .base = "add", .workers = 2, SHARED, .work = bare_add},
    {.id = "add_16", .name = "the same, 16 processes", .base = "add_2", .workers = 16, SHARED, .work = bare_add},
    {.id = "swap", .name = "compare-and-swap with a limit, one process", .base = "own", .per_call = true, SHARED, .work = bare_swap},
    {.id = "swap_2", .name = "the same, 2 processes, one line", .base = "swap", .workers = 2, .per_call = true, SHARED, .work = bare_swap},
    {.id = "swap_16", .name = "the same, 16 processes", .base = "swap_2", .workers = 16, .per_call = true, SHARED, .work = bare_swap},
};

static bool set_up(int count, char **operands)
{
    (void)operands;
    if (count != 0)
        return false;
    bare_make();
    turn = bench_shared(sizeof *turn);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        the_bare->cells += cells[i].verify == bare_agrees;
    return true;
}

static const struct bench_suite suite = {
    .program = "bench_lines",
    .title = "what a line costs that two processors want",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .set_up = set_up,
};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
