/* SPDX-License-Identifier: MIT */
/*
 * bench_selftest: the harness measured by a bench that can be told to lie. Its cells take
 * numbers from a bare counter that keeps its own account, as docket does.
 *
 *     bench_selftest -l count    a worker says one number more than it got
 *     bench_selftest -l twice    one number is given twice
 *     bench_selftest -l worker   a worker fails in the midst
 */
#include "harness.h"

#include <stdatomic.h>
#include <string.h>

static struct {
    _Alignas(128) _Atomic uint64_t next;
    _Alignas(128) _Atomic uint64_t runs;
} *counter;
static const char *lie = "";

static uint64_t nothing(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker;
    for (unsigned i = 0; i < calls; i++)
        BENCH_USE(out);
    return calls;
}

static uint64_t take(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++)
        out[i] = atomic_fetch_add(&counter->next, 1);
    if (strcmp(lie, "worker") == 0 && worker->index == 1 && out[0] > 1000)
        bench_fail("told to fail");
    if (strcmp(lie, "twice") == 0 && calls > 1)
        out[1] = out[0];
    return strcmp(lie, "count") == 0 ? calls + 1 : calls;
}

static bool count_runs(struct bench_cell *cell)
{
    (void)cell;
    atomic_fetch_add(&counter->runs, 1);
    return true;
}

static double forty_two(struct bench_cell *cell)
{
    (void)cell;
    return 42;
}

static bool agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    static uint64_t seen; /* cells share the counter: each is verified after those before it */
    (void)cell;
    seen += got->numbers;
    if (strcmp(cell->id, "exactly") != 0 || seen == atomic_load(&counter->next))
        return true;
    bench_say("counted %llu numbers, and %llu were given", (unsigned long long)seen,
              (unsigned long long)atomic_load(&counter->next));
    return false;
}

static struct bench_cell cells[] = {
    {.id = "empty", .name = "nothing", .work = nothing, .latency = true},
    {.id = "one", .name = "a counter", .base = "empty", .numbers = true, .latency = true, .work = take,
     .verify = agrees, .before = count_runs},
    {.id = "two", .name = "a counter, 2 processes", .base = "one", .workers = 2, .numbers = true, .work = take,
     .verify = agrees},
    {.id = "threads", .name = "a counter, 4 threads", .base = "one", .workers = 4, .kind = BENCH_THREADS, .numbers = true,
     .work = take, .verify = agrees},
    {.id = "exactly", .name = "a counter, 1000 calls", .base = "one", .calls = 1000, .numbers = true,
     .work = take, .verify = agrees},
    {.id = "value", .name = "forty-two", .measure = forty_two, .unit = "apples"},
    {.id = "away", .name = "what is not here", .skip = "it is a \"test\""},
};

static const struct bench_figure figures[] = {
    {"always", "never slower than a million times nothing", "<=", 1e6, "one", "empty", BENCH_VALUE, 0, false},
    {"never", "a million times faster than nothing", "<=", 1e-6, "one", "empty", BENCH_VALUE, 0, false},
    {"apples", "forty-two", ">=", 42, "value", NULL, BENCH_VALUE, 0, false},
    {"tail", "p99.9 of the counter", NULL, 0, "one", NULL, BENCH_P999, 0, false},
    {"gone", "beside what is not here", ">=", 2, "away", "one", BENCH_VALUE, 0, false},
};

static bool set_up(int count, char **operands)
{
    (void)operands;
    counter = bench_shared(sizeof *counter);
    return count == 0;
}

static bool option(int letter, const char *value)
{
    lie = value;
    return letter == 'l';
}

static const struct bench_suite suite = {
    .program = "bench_selftest",
    .title = "the harness, by itself",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .figures = figures,
    .figure_count = sizeof figures / sizeof figures[0],
    .letters = "l:",
    .usage = "[-l count|twice|worker]",
    .option = option,
    .set_up = set_up,
};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
