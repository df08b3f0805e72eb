/* SPDX-License-Identifier: MIT */
/*
 * bench_next: what a number costs, beside what cannot be avoided.
 *
 *     bench_next [harness options] REALM [REALM_IN_MEMORY]
 *
 * The bare limits are of this machine and this run: an empty call into libdocket
 * (docket_version()), the coarse clock, an atomic with its limit on another line, a
 * compare-and-swap, a robust mutex. The second realm's store lies in memory: what the same
 * calls cost where nothing is durable.
 */
#include "bare.h"
#include "fate.h"

#include "docket_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLAIN "{SERIES}-{N:6}"
#define DATED "{SERIES}-{YYYY}{MM}{DD}-{N:6}"

enum { SIX = 8, BLOCK = 8, FAR_AWAY_BYTES = 8 << 20 };

/* A series that cells take numbers from; group: SIX of them, so that numbers keep to six digits. */
struct subject {
    const char *tenant, *name, *order, *restart, *template_text;
    bool in_memory, group;
    docket_series *handle[SIX];
    uint64_t counted; /* of all cells that share it */
    int cells;        /* that have still to be verified */
};

static docket_realm *realm, *memory_realm;
static unsigned own_turns; /* of the loop that stands for a caller's own work */
static unsigned char *far_away;

/* ---- bare limits ---- */

static uint64_t call_nothing(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker;
    (void)out;
    for (unsigned i = 0; i < calls; i++)
        BENCH_USE(docket_version());
    return calls;
}

static uint64_t call_and_clock(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct timespec now;
    (void)worker;
    (void)out;
    for (unsigned i = 0; i < calls; i++) {
        BENCH_USE(docket_version());
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        BENCH_USE(now.tv_sec);
    }
    return calls;
}

/* ---- docket ---- */

static void give_up(const struct bench_worker *worker)
{
    bench_fail("cell %s: %s", worker->cell->id, docket_last_error());
}

static docket_series *series_of(const struct bench_worker *worker)
{
    return ((struct subject *)worker->cell->context)->handle[0];
}

static uint64_t take(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = series_of(worker);
    for (unsigned i = 0; i < calls; i++)
        if (docket_next(series, DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
    return calls;
}

static uint64_t take_text(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = series_of(worker);
    char text[DOCKET_TEXT_MAX];
    for (unsigned i = 0; i < calls; i++)
        if (docket_next_text(series, DOCKET_TIMEOUT_DEFAULT, text, sizeof text, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
    return calls;
}

/* One claim of BLOCK numbers: the block is opened, taken whole and given back. */
static uint64_t take_block(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = series_of(worker);
    for (unsigned i = 0; i < calls; i++) {
        docket_block *block;
        uint32_t count;
        if (docket_block_open(series, BLOCK, DOCKET_TIMEOUT_DEFAULT, &block) != DOCKET_OK ||
            docket_block_take_all(block, &out[i], &count) != DOCKET_OK || count != BLOCK ||
            docket_block_give_back(block, NULL) != DOCKET_OK)
            give_up(worker);
    }
    return (uint64_t)calls * BLOCK;
}

/* One call for as many as a batch is long, at most 64 at a time; for each number. */
static uint64_t take_many(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = series_of(worker);
    for (unsigned at = 0; at < calls;) {
        uint32_t count = calls - at < 64 ? calls - at : 64, got = 0;
        docket_status status = docket_next_many(series, DOCKET_TIMEOUT_DEFAULT, out + at, count, &got, NULL);
        if (status != DOCKET_OK && status != DOCKET_PARTIAL)
            give_up(worker);
        at += got;
    }
    return calls;
}

/* So few that all of them lie within what is laid: docketd is not measured here. */
static bool warm_block(struct bench_worker *worker)
{
    uint64_t out[8];
    worker->extra += take_block(worker, out, 8);
    return true;
}

/* Numbers of one block, one by one; the block is opened once for all of them. */
static uint64_t take_of_block(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_block *block = worker->state;
    for (unsigned i = 0; i < calls; i++) {
        if (block == NULL || docket_block_next(block, &out[i]) != DOCKET_OK) {
            if ((block != NULL && docket_block_give_back(block, NULL) != DOCKET_OK) ||
                docket_block_open(series_of(worker), DOCKET_BLOCK_MAX, DOCKET_TIMEOUT_DEFAULT, &block) != DOCKET_OK ||
                docket_block_next(block, &out[i]) != DOCKET_OK)
                give_up(worker);
        }
    }
    worker->state = block;
    return calls;
}

/* Dependent steps that touch no memory: what a caller does between two numbers. */
static inline void own_work(void)
{
    uint64_t word = own_turns;
    for (unsigned turn = own_turns; turn > 0; turn--) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        BENCH_USE(word);
    }
}

static uint64_t only_work(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker;
    (void)out;
    for (unsigned i = 0; i < calls; i++)
        own_work();
    return calls;
}

static uint64_t take_and_work(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = series_of(worker);
    for (unsigned i = 0; i < calls; i++) {
        own_work();
        if (docket_next(series, DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
    }
    return calls;
}

static uint64_t add_and_work(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct bare *bare = the_bare;
    (void)worker;
    for (unsigned i = 0; i < calls; i++) {
        own_work();
        if ((out[i] = bare_fetch_add(bare)) == 0)
            bench_fail("the limit of a bare atomic was reached");
    }
    return calls;
}

/* The walk pushes out what a call touches, up to what the processor keeps closest. */
static uint64_t take_cold(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++) {
        for (size_t at = 0; at < FAR_AWAY_BYTES; at += 64)
            far_away[at]++;
        int64_t began_ns = bench_now_ns();
        if (docket_next(series_of(worker), DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
        worker->took_ns += (double)(bench_now_ns() - began_ns);
    }
    return calls;
}

/*
 * What docketd has ahead of a series grows with what is taken, and shrinks while other cells
 * run: so numbers are taken until a million of them in a row came without a wait, at most for
 * 60 ms. How often calls wait is bench_supply's question.
 */
static bool warm_supply(struct bench_worker *worker)
{
    enum { STRETCH = 1 << 20, WAIT_NS = 100000 };
    uint64_t out[256], flowing = 0;
    int64_t began_ns = bench_now_ns(), before_ns = began_ns, now_ns = began_ns;
    while (flowing < STRETCH && now_ns - began_ns < 60000000) {
        worker->extra += take(worker, out, 256);
        now_ns = bench_now_ns();
        flowing = now_ns - before_ns < WAIT_NS ? flowing + 256 : 0;
        before_ns = now_ns;
    }
    return true;
}

static bool warm_one(struct bench_worker *worker)
{
    uint64_t number;
    worker->extra += take(worker, &number, 1);
    return true;
}

/* ---- six digits: a series has a million numbers of them, so runs are short and there are several series ---- */

static bool warm_six(struct bench_worker *worker)
{
    const struct subject *subject = worker->cell->context;
    uint64_t number;
    for (int i = 0; i < SIX; i++)
        for (int j = 0; j < 32; j++, worker->extra++)
            if (docket_next(subject->handle[i], DOCKET_TIMEOUT_DEFAULT, &number, NULL) != DOCKET_OK)
                give_up(worker);
    return true;
}

/* Series are told apart in the sample; that is left out of the time. */
static void mark_and_turn(struct bench_worker *worker, uint64_t *out, unsigned calls, int64_t began_ns)
{
    uint64_t at = (uintptr_t)worker->state;
    worker->took_ns += (double)(bench_clock_ns() - began_ns);
    for (unsigned i = 0; i < calls; i++)
        out[i] |= at << 56;
    worker->state = (void *)(uintptr_t)((at + 1) % SIX);
}

static uint64_t take_six(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = ((struct subject *)worker->cell->context)->handle[(uintptr_t)worker->state];
    int64_t began_ns = bench_clock_ns();
    for (unsigned i = 0; i < calls; i++)
        if (docket_next(series, DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
    mark_and_turn(worker, out, calls, began_ns);
    return calls;
}

static uint64_t take_six_text(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = ((struct subject *)worker->cell->context)->handle[(uintptr_t)worker->state];
    char text[DOCKET_TEXT_MAX];
    int64_t began_ns = bench_clock_ns();
    for (unsigned i = 0; i < calls; i++)
        if (docket_next_text(series, DOCKET_TIMEOUT_DEFAULT, text, sizeof text, &out[i], NULL) != DOCKET_OK)
            give_up(worker);
    mark_and_turn(worker, out, calls, began_ns);
    return calls;
}

/* ---- hooks ---- */

static void leave(struct bench_worker *worker) /* the child's own lease goes back */
{
    if (worker->cell->kind == BENCH_PROCESSES || worker->index == worker->workers - 1)
        docket_realm_close(((struct subject *)worker->cell->context)->in_memory ? memory_realm : realm);
}

static void leave_block(struct bench_worker *worker)
{
    if (worker->state != NULL)
        (void)docket_block_give_back(worker->state, NULL);
    leave(worker);
}

static bool agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    struct subject *subject = cell->context;
    struct bench_got all = *got;
    subject->counted += got->numbers;
    if (--subject->cells > 0) /* the last cell of a series speaks for all */
        return true;
    all.numbers = subject->counted;
    return bench_fate_agrees(subject->in_memory ? memory_realm : realm, subject->tenant, subject->group ? NULL : subject->name,
                             &all);
}

/* ---- the tables ---- */

#define LEASED(tag, ...) {.tenant = "bench", .name = tag, .order = "leased", __VA_ARGS__}
#define STRICT(tag, ...) {.tenant = "bench", .name = tag, .order = "strict", __VA_ARGS__}
#define NEVER .restart = "never", .template_text = PLAIN
#define YEARLY .restart = "yearly", .template_text = DATED

enum { LN, LY, L2, L4, L8, L16, LT, SN, SY, S2, LB, SB, LX, LW, LW2, SW, SW2, LC, LF, LM, SM, S16, T6, D6, MN, MS, SUBJECTS };

static struct subject subjects[SUBJECTS] = {
    [LN] = LEASED("LN", NEVER),   [LY] = LEASED("LY", YEARLY),  [L2] = LEASED("L2", NEVER),   [L4] = LEASED("L4", NEVER),
    [L8] = LEASED("L8", NEVER),   [L16] = LEASED("L16", NEVER), [LT] = LEASED("LT", NEVER),   [SN] = STRICT("SN", NEVER),
    [SY] = STRICT("SY", YEARLY),  [S2] = STRICT("S2", NEVER),   [LB] = LEASED("LB", NEVER),   [SB] = STRICT("SB", NEVER),
    [LX] = LEASED("LX", NEVER),   [LW] = LEASED("LW", NEVER),   [LW2] = LEASED("LW2", NEVER), [SW] = STRICT("SW", NEVER),
    [SW2] = STRICT("SW2", NEVER), [LC] = LEASED("LC", NEVER),   [LF] = LEASED("LF", NEVER),
    [LM] = LEASED("LM", NEVER),   [SM] = STRICT("SM", NEVER),   [S16] = STRICT("S16", NEVER),
    [T6] = {.tenant = "six", .name = "T", .order = "leased", NEVER, .group = true},
    [D6] = {.tenant = "day", .name = "D", .order = "leased", YEARLY, .group = true},
    [MN] = LEASED("MN", NEVER, .in_memory = true),
    [MS] = STRICT("MS", NEVER, .in_memory = true),
};

#define BARE .numbers = true, .verify = bare_agrees
#define GETS(subject, how) .context = &subjects[subject], .work = how, .numbers = true, .close = leave, .verify = agrees
#define TAKES(subject, how) GETS(subject, how), .warm = warm_supply

static struct bench_cell cells[] = {
    {.id = "empty", .name = "empty call into libdocket", .work = call_nothing, .latency = true},
    {.id = "empty_2", .name = "empty call, 2 processes", .workers = 2, .work = call_nothing},
    {.id = "clock", .name = "empty call and one coarse clock", .base = "empty", .work = call_and_clock},
    {.id = "leased", .name = "leased next, never restarting", .base = "empty", .latency = true, TAKES(LN, take)},
    {.id = "leased_year", .name = "leased next, yearly", .base = "clock", .latency = true, TAKES(LY, take)},
    {.id = "leased_2", .name = "leased next, 2 processes, one series", .base = "leased", .workers = 2, .latency = true, TAKES(L2, take)},
    {.id = "leased_4", .name = "leased next, 4 processes, one series", .base = "leased_2", .workers = 4, TAKES(L4, take)},
    {.id = "leased_8", .name = "leased next, 8 processes, one series", .base = "leased_2", .workers = 8, TAKES(L8, take)},
    {.id = "leased_16", .name = "leased next, 16 processes, one series", .base = "leased_2", .workers = 16, TAKES(L16, take)},
    {.id = "leased_threads", .name = "leased next, 2 threads of one process", .base = "leased", .workers = 2, .kind = BENCH_THREADS,
     TAKES(LT, take)},
    {.id = "add", .name = "bare atomic with a limit", .base = "empty", BARE, .work = bare_add},
    {.id = "add_2", .name = "bare atomic with a limit, 2 processes", .base = "add", .workers = 2, BARE, .work = bare_add},
    {.id = "far", .name = "the same behind a call", .base = "add", BARE, .work = bare_add_far},
    {.id = "far_2", .name = "the same behind a call, 2 processes", .base = "add_2", .workers = 2, BARE, .work = bare_add_far},
    {.id = "mutex", .name = "a counter under a robust mutex", .base = "add", .numbers = true, .verify = bare_mutex_agrees, .work = bare_under_mutex},
    {.id = "mutex_2", .name = "a counter under a robust mutex, 2 processes", .base = "add_2", .workers = 2, .numbers = true, .verify = bare_mutex_agrees, .work = bare_under_mutex},
    {.id = "strict", .name = "strict next, never restarting", .base = "add", .latency = true, TAKES(SN, take)},
    {.id = "strict_year", .name = "strict next, yearly", .base = "add", TAKES(SY, take)},
    {.id = "strict_2", .name = "strict next, 2 processes", .base = "add_2", .workers = 2, .latency = true, TAKES(S2, take)},
    {.id = "strict_16", .name = "strict next, 16 processes", .base = "strict_2", .workers = 16, TAKES(S16, take)},
    {.id = "swap", .name = "bare compare-and-swap with a limit", .base = "empty", .per_call = true, BARE, .work = bare_swap},
    {.id = "leased_block", .name = "leased block of 8: open, take all, give back", .base = "swap", .calls = 256, .warm = warm_block, .per_call = true, GETS(LB, take_block)},
    {.id = "strict_block", .name = "strict block of 8: open, take all, give back", .base = "swap", .calls = 256, .warm = warm_block, .per_call = true, GETS(SB, take_block)},
    {.id = "block_next", .name = "next of an open block (of 10000)", .base = "empty", .context = &subjects[LX], .work = take_of_block,
     .numbers = true, .close = leave_block, .verify = agrees},
    {.id = "leased_many", .name = "leased docket_next_many, 64 at once, each number", .base = "leased", TAKES(LM, take_many)},
    {.id = "strict_many", .name = "strict docket_next_many, 64 at once, each number", .base = "strict", TAKES(SM, take_many)},
    {.id = "six", .name = "leased next, six digits", .base = "empty", .calls = 65536, .warm = warm_six, GETS(T6, take_six)},
    {.id = "six_text", .name = "the same series as text", .base = "six", .calls = 65536, .warm = warm_six, GETS(T6, take_six_text)},
    {.id = "six_print", .name = "snprintf of such a text", .base = "six_text", .work = bare_print_plain},
    {.id = "day", .name = "leased next, yearly, six digits", .base = "clock", .calls = 65536, .warm = warm_six, GETS(D6, take_six)},
    {.id = "day_text", .name = "the same series as text with a date", .base = "day", .calls = 65536, .warm = warm_six, GETS(D6, take_six_text)},
    {.id = "day_print", .name = "snprintf of such a text", .base = "day_text", .work = bare_print_dated},
    {.id = "long_text", .name = "leased next as text, eight digits and more", .base = "leased", .latency = true, TAKES(LF, take_text)},
    {.id = "work", .name = "61 ns of own work", .work = only_work},
    {.id = "work_leased", .name = "61 ns of own work and leased next", .base = "work", TAKES(LW, take_and_work)},
    {.id = "work_strict", .name = "61 ns of own work and strict next", .base = "work", TAKES(SW, take_and_work)},
    {.id = "work_add", .name = "61 ns of own work and a bare atomic", .base = "work", BARE, .work = add_and_work},
    {.id = "work_2", .name = "61 ns of own work, 2 processes", .workers = 2, .base = "work", .work = only_work},
    {.id = "work_leased_2", .name = "61 ns of own work and leased next, 2 processes", .workers = 2, .base = "work_2", TAKES(LW2, take_and_work)},
    {.id = "work_strict_2", .name = "61 ns of own work and strict next, 2 processes", .workers = 2, .base = "work_2", TAKES(SW2, take_and_work)},
    {.id = "work_add_2", .name = "61 ns of own work and a bare atomic, 2 processes", .workers = 2, .base = "work_2", BARE, .work = add_and_work},
    {.id = "apart_2", .name = "2 bare cursors on lines of their own", .workers = 2, .base = "empty_2", .work = bare_store_apart},
    {.id = "together_2", .name = "2 bare cursors on one line", .workers = 2, .base = "apart_2", .work = bare_store_together},
    {.id = "cold", .name = "leased next after 8 MiB of other data, with the clock", .base = "leased", .calls = 16, .warm = warm_one, GETS(LC, take_cold)},
    {.id = "first", .name = "first number of a forked process", .base = "leased", .calls = 1, GETS(LC, take)},
    {.id = "memory", .name = "leased next, store in memory (not durable)", .base = "leased", TAKES(MN, take)},
    {.id = "memory_strict", .name = "strict next, store in memory (not durable)", .base = "strict", TAKES(MS, take)},
};

static const struct bench_figure figures[] = {
    {.id = "next", .sentence = "leased next, never restarting / an empty call", .asked_as = "<=", .asked = 1.3, .of = "leased", .over = "empty"},
    {.id = "next_tail", .sentence = "leased next, p99.9 in ns, the pair of clocks included", .asked_as = "<=", .asked = 60, .of = "leased", .quantity = BENCH_P999},
    {.id = "next_year", .sentence = "leased next, yearly / an empty call and one coarse clock", .asked_as = "<=", .asked = 1.25, .of = "leased_year", .over = "clock"},
    {.id = "next_two", .sentence = "2 processes, one leased series, over one process", .asked_as = ">=", .asked = 1.85, .of = "leased", .over = "leased_2"},
    {.id = "next_sixteen", .sentence = "16 processes, one leased series, over two", .asked_as = ">=", .asked = 0.95, .of = "leased_2", .over = "leased_16"},
    {.id = "strict", .sentence = "strict next / a bare atomic with a limit", .asked_as = "<=", .asked = 1.2, .of = "strict", .over = "add"},
    {.id = "strict_two", .sentence = "strict next / a bare atomic with a limit, 2 processes", .asked_as = "<=", .asked = 1.25, .of = "strict_2", .over = "add_2"},
    {.id = "strict_far", .sentence = "strict next / the bare atomic behind a call", .of = "strict", .over = "far"},
    {.id = "strict_far_two", .sentence = "strict next / the bare atomic behind a call, 2 processes", .of = "strict_2", .over = "far_2"},
    {.id = "strict_mutex", .sentence = "a robust mutex / strict next", .asked_as = ">=", .asked = 3, .of = "mutex", .over = "strict"},
    {.id = "strict_mutex_two", .sentence = "a robust mutex / strict next, 2 processes", .asked_as = ">=", .asked = 3, .of = "mutex_2", .over = "strict_2"},
    {.id = "block_leased", .sentence = "a leased block of 8, claimed and taken / a bare compare-and-swap", .asked_as = "<=", .asked = 1.3, .of = "leased_block", .over = "swap"},
    {.id = "block_strict", .sentence = "a strict block of 8, claimed and taken / a bare compare-and-swap", .asked_as = "<=", .asked = 1.3, .of = "strict_block", .over = "swap"},
    {.id = "text", .sentence = "formatted next, six digits / (raw next of the series + 3 ns)", .asked_as = "<=", .asked = 1.25, .of = "six_text", .over = "six", .plus_ns = 3},
    {.id = "text_day", .sentence = "formatted next with a date, six digits / (raw next of the series + 3 ns)", .asked_as = "<=", .asked = 1.25, .of = "day_text", .over = "day", .plus_ns = 3},
    {.id = "text_long", .sentence = "the same with eight digits and more, at full speed", .of = "long_text", .over = "leased", .plus_ns = 3},
    {.id = "text_print", .sentence = "snprintf of such a text / formatted next", .asked_as = ">=", .asked = 10, .of = "six_print", .over = "six_text"},
    {.id = "text_day_print", .sentence = "snprintf of such a text with a date / formatted next", .asked_as = ">=", .asked = 10, .of = "day_print", .over = "day_text"},
    {.id = "work_leased", .sentence = "what leased next adds to 61 ns of own work, ns", .of = "work_leased", .over = "work", .minus = true},
    {.id = "work_strict", .sentence = "what strict next adds to 61 ns of own work, ns", .of = "work_strict", .over = "work", .minus = true},
    {.id = "work_leased_two", .sentence = "the same for leased next with 2 processes, ns of each", .of = "work_leased_2", .over = "work_2", .minus = true},
    {.id = "work_strict_two", .sentence = "the same for strict next with 2 processes, ns of each", .of = "work_strict_2", .over = "work_2", .minus = true},
    {.id = "line_shared", .sentence = "2 cursors on one line / on lines of their own (bare)", .of = "together_2", .over = "apart_2"},
    {.id = "not_durable", .sentence = "leased next, store in memory / store on disk", .of = "memory", .over = "leased"},
};

/* ---- set-up ---- */

static void open_subject(struct subject *subject)
{
    const struct docket_policy policy = {.order = subject->order,
                                         .restart = subject->restart,
                                         .template_text = subject->template_text,
                                         .window = DOCKET_WINDOW_BENCHMARK};
    char name[16];
    for (int i = 0; i < (subject->group ? SIX : 1); i++) {
        snprintf(name, sizeof name, subject->group ? "%s%d" : "%s", subject->name, i);
        subject->handle[i] = bench_series(subject->in_memory ? memory_realm : realm, subject->tenant, name, &policy);
    }
}

/* So many turns that they take 61 ns: the quickest of some tries. */
static void calibrate_work(void)
{
    int64_t best_ns = INT64_MAX;
    own_turns = 64;
    for (int try = 0; try < 200; try++) {
        int64_t began_ns = bench_now_ns();
        for (int i = 0; i < 100; i++)
            own_work();
        int64_t took_ns = bench_now_ns() - began_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    own_turns = (unsigned)(61.0 * 64 * 100 / (double)best_ns + 0.5);
}

static bool set_up(int count, char **operands)
{
    if (count < 1 || count > 2)
        return false;
    if (docket_realm_open(operands[0], &realm) != DOCKET_OK ||
        (count == 2 && docket_realm_open(operands[1], &memory_realm) != DOCKET_OK))
        bench_fail("%s", docket_last_error());
    bare_make();
    far_away = bench_shared(FAR_AWAY_BYTES);
    calibrate_work();
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct subject *subject = cells[i].context;
        the_bare->cells += cells[i].verify == bare_agrees && cells[i].skip == NULL;
        if (subject == NULL || cells[i].skip != NULL)
            continue;
        if (subject->in_memory && memory_realm == NULL)
            cells[i].skip = "no second realm was given";
        else if (subject->cells++ == 0)
            open_subject(subject);
    }
    return true;
}

static void tear_down(void)
{
    docket_realm_close(memory_realm);
    docket_realm_close(realm);
}

static const struct bench_suite suite = {
    .program = "bench_next",
    .title = "what a number costs, beside what cannot be avoided",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .figures = figures,
    .figure_count = sizeof figures / sizeof figures[0],
    .usage = "REALM [REALM_IN_MEMORY]",
    .set_up = set_up,
    .tear_down = tear_down,
};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
