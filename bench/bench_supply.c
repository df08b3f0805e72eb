/* SPDX-License-Identifier: MIT */
/*
 * bench_supply: workers that do nothing but take numbers, and how often they wait for
 * docketd. With the benchmark policy, and with a window for books beside it.
 *
 *     bench_supply [-w FILE] REALM
 *
 * -w writes what docketd lays ahead and what is exposed, a line each 10 ms, as CSV.
 *
 * Each series is one cell's own. A worker that ends reads its own seat's words: waits, their
 * time, the longest. The share is of all its calls, warm-up and the first ones included, when
 * the window still has to grow. Then the last series is left alone, once: what would a power
 * loss cost after 1, 5 and 10 s?
 */
#include "fate.h"

#include "docket_admin.h"
#include "docket_inspect.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the workers of one cell leave behind in one round; shared. */
struct left {
    _Atomic uint64_t calls, waits, waits_ns, longest_ns;
};

struct subject {
    const char *name, *order;
    uint32_t window;
    struct left *left;
    int64_t began_ns, ended_ns;         /* of the round's run */
    double docketd_ns, docketd_commits; /* at its beginning */
};

enum { L1, L2, BOOKS_1, BOOKS_2, S1, S2, SUBJECTS };
static struct subject subjects[SUBJECTS] = {
    [L1] = {.name = "leased-1", .order = "leased", .window = DOCKET_WINDOW_BENCHMARK},
    [L2] = {.name = "leased-2", .order = "leased", .window = DOCKET_WINDOW_BENCHMARK},
    [BOOKS_1] = {.name = "books-1", .order = "leased", .window = DOCKET_WINDOW_MAX},
    [BOOKS_2] = {.name = "books-2", .order = "leased", .window = DOCKET_WINDOW_MAX},
    [S1] = {.name = "strict-1", .order = "strict", .window = DOCKET_WINDOW_BENCHMARK},
    [S2] = {.name = "strict-2", .order = "strict", .window = DOCKET_WINDOW_BENCHMARK},
};

static const char *realm_path, *csv_path;
static docket_realm *realm;
static docket_view *view;
static pid_t sampler;
static docket_series *series; /* the worker's */
static uint64_t calls_made;   /* by this worker */

/* ---- the worker ---- */

static bool open_series(struct bench_worker *worker)
{
    const struct subject *subject = worker->cell->context;
    docket_realm *own;
    calls_made = 0;
    if (docket_realm_open(realm_path, &own) == DOCKET_OK && docket_series_open(own, "bench", subject->name, &series) == DOCKET_OK)
        return true;
    bench_say("bench/%s: %s", subject->name, docket_last_error());
    return false;
}

static uint64_t take(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker;
    for (unsigned i = 0; i < calls; i++)
        if (docket_next(series, DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            bench_fail("docket_next: %s", docket_last_error());
    calls_made += calls;
    return calls;
}

static int add_seat(void *context, const struct docket_view_seat *seat)
{
    struct left *left = context;
    if (seat->pid != (int64_t)getpid())
        return 0;
    left->waits += seat->waits;
    left->waits_ns += seat->wait_ns_total;
    uint64_t longest = left->longest_ns;
    while (seat->wait_ns_max > longest && !atomic_compare_exchange_weak(&left->longest_ns, &longest, seat->wait_ns_max))
        ;
    return 1;
}

static void leave(struct bench_worker *worker)
{
    struct left *left = ((const struct subject *)worker->cell->context)->left;
    docket_view *own = NULL;
    left->calls += calls_made;
    if (docket_view_open(realm_path, &own) != DOCKET_OK || docket_view_each_seat(own, add_seat, left) != DOCKET_OK)
        bench_fail("a worker cannot read its own seat: %s", docket_last_error());
    docket_view_close(own);
}

/* ---- docketd ---- */

static double docketd_ns(void)
{
    struct docket_view_realm facts;
    clockid_t clock;
    struct timespec used;
    if (docket_view_realm_show(view, &facts) != DOCKET_OK || clock_getcpuclockid((pid_t)facts.docketd_pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        bench_fail("docketd's processor time cannot be read");
    return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static int add_desk(void *context, const struct docket_view_desk *desk)
{
    *(double *)context = (double)desk->commits;
    return 0;
}

static double commits(void)
{
    double count = 0;
    docket_view_each_desk(view, add_desk, &count);
    return count;
}

/* ---- cells ---- */

static bool begin(struct bench_cell *cell)
{
    struct subject *subject = cell->context;
    memset(subject->left, 0, sizeof *subject->left);
    subject->docketd_ns = docketd_ns();
    subject->docketd_commits = commits();
    subject->began_ns = bench_now_ns();
    return true;
}

static double share(struct bench_cell *cell)
{
    const struct subject *subject = cell->context;
    return subject->left->calls > 0 ? (double)subject->left->waits / (double)subject->left->calls * 1e6 : 0;
}

static double longest(struct bench_cell *cell)
{
    return (double)((const struct subject *)cell->context)->left->longest_ns / 1e3;
}

static double seconds_of(const struct subject *subject)
{
    return (double)(bench_now_ns() - subject->began_ns) / 1e9;
}

static double docketd_share(struct bench_cell *cell)
{
    const struct subject *subject = cell->context;
    return (docketd_ns() - subject->docketd_ns) / 1e7 / seconds_of(subject);
}

static double commits_a_second(struct bench_cell *cell)
{
    const struct subject *subject = cell->context;
    return (commits() - subject->docketd_commits) / seconds_of(subject);
}

static bool find(const char *name, struct docket_view_series *facts)
{
    return docket_view_series_find(view, "bench", name, facts) == DOCKET_OK && facts->period_count > 0;
}

/* Once: later rounds show what the first one saw. */
static double exposed_after(struct bench_cell *cell)
{
    static double seen[3] = {-1, -1, -1};
    static int64_t idle_ns;
    static const int64_t after_s[3] = {1, 5, 10};
    const size_t at = (size_t)(uintptr_t)cell->context;
    struct docket_view_series facts;
    if (at == 0 && seen[0] < 0)
        idle_ns = bench_now_ns();
    if (seen[at] < 0) {
        int64_t left_ns = idle_ns + after_s[at] * 1000000000 - bench_now_ns();
        if (left_ns > 0)
            nanosleep(&(struct timespec){.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000}, NULL);
        seen[at] = find(subjects[L2].name, &facts) ? (double)facts.periods[0].unknown_now : 0;
    }
    return seen[at];
}

static bool agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    return bench_fate_agrees(realm, "bench", ((const struct subject *)cell->context)->name, got);
}

#define SPEED(at, label, count)                                                                                        \
    {.id = label, .name = label, .workers = (count), .context = &subjects[at], .numbers = true, .before = begin,       \
     .open = open_series, .work = take, .close = leave, .verify = agrees}
#define TOLD(at, ending, what, how, in) {.id = ending, .name = what, .context = &subjects[at], .measure = how, .unit = in}
#define WAITS(at, label)                                                                                               \
    TOLD(at, label "_share", "  calls that waited", share, "in a million"),                                            \
        TOLD(at, label "_longest", "  longest wait", longest, "us")
#define DOCKETD(at, label)                                                                                             \
    TOLD(at, label "_docketd", "  docketd's share of a processor", docketd_share, "%"),                                \
        TOLD(at, label "_commits", "  commits a second", commits_a_second, "/s")
#define IDLE(at, label, what) {.id = label, .name = what, .context = (void *)(uintptr_t)(at), .measure = exposed_after, .unit = "numbers"}

static struct bench_cell cells[] = {
    SPEED(BOOKS_1, "books_1", 1), WAITS(BOOKS_1, "books_1"), DOCKETD(BOOKS_1, "books_1"),
    SPEED(BOOKS_2, "books_2", 2), WAITS(BOOKS_2, "books_2"), DOCKETD(BOOKS_2, "books_2"),
    SPEED(S1, "strict_1", 1), WAITS(S1, "strict_1"), DOCKETD(S1, "strict_1"),
    SPEED(S2, "strict_2", 2), WAITS(S2, "strict_2"), DOCKETD(S2, "strict_2"),
    SPEED(L1, "benchmark_1", 1), WAITS(L1, "benchmark_1"), DOCKETD(L1, "benchmark_1"),
    SPEED(L2, "benchmark_2", 2), WAITS(L2, "benchmark_2"), DOCKETD(L2, "benchmark_2"),
    IDLE(0, "exposed_1", "exposed after 1 s of quiet (seen once)"),
    IDLE(1, "exposed_5", "exposed after 5 s"),
    IDLE(2, "exposed_10", "exposed after 10 s"),
};

static const struct bench_figure figures[] = {
    {"supply-share-1", "benchmark policy, 1 process: calls in a million that waited for docketd", "<=", 1, "benchmark_1_share",
     NULL, BENCH_VALUE, 0, false},
    {"supply-share-2", "benchmark policy, 2 processes: calls in a million that waited for docketd", "<=", 1,
     "benchmark_2_share", NULL, BENCH_VALUE, 0, false},
    {"supply-longest-2", "benchmark policy, 2 processes: longest wait, us", NULL, 0, "benchmark_2_longest", NULL, BENCH_VALUE, 0,
     false},
    {"supply-strict-1", "strict, benchmark policy, 1 process: calls in a million that waited", NULL, 0, "strict_1_share", NULL,
     BENCH_VALUE, 0, false},
    {"supply-idle", "exposed after 10 s of quiet: no more than books may have", "<=", 10000, "exposed_10", NULL, BENCH_VALUE, 0,
     false},
};

/* ---- set up ---- */

static void sample(void)
{
    FILE *out = fopen(csv_path, "w");
    int64_t began_ns = bench_now_ns();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (out == NULL || docket_view_open(realm_path, &view) != DOCKET_OK)
        _exit(1);
    fprintf(out, "ms,series,window,exposed,laid,open\n");
    for (;; usleep(10000)) {
        for (size_t i = 0; i < SUBJECTS; i++) {
            struct docket_view_series facts;
            if (!find(subjects[i].name, &facts))
                continue;
            fprintf(out, "%.1f,%s,%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 "\n", (double)(bench_now_ns() - began_ns) / 1e6,
                    subjects[i].name, facts.periods[0].window_now, facts.periods[0].unknown_now, facts.periods[0].laid,
                    facts.periods[0].open);
        }
        fflush(out);
    }
}

static bool set_up(int count, char **operands)
{
    if (count != 1)
        return false;
    realm_path = operands[0];
    struct left *left = bench_shared(SUBJECTS * sizeof *left);
    if (docket_realm_open(realm_path, &realm) != DOCKET_OK || docket_view_open(realm_path, &view) != DOCKET_OK) {
        bench_say("%s: %s", realm_path, docket_last_error());
        return false;
    }
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct docket_policy policy = {.order = subjects[i].order, .restart = "never", .window = subjects[i].window};
        subjects[i].left = &left[i];
        bench_series(realm, "bench", subjects[i].name, &policy);
    }
    if (csv_path == NULL)
        return true;
    sampler = fork();
    if (sampler == 0)
        sample();
    return sampler > 0;
}

static void tear_down(void)
{
    if (sampler > 0) {
        kill(sampler, SIGTERM);
        waitpid(sampler, NULL, 0);
    }
    docket_view_close(view);
    docket_realm_close(realm);
}

static bool option(int letter, const char *value)
{
    csv_path = value;
    return letter == 'w';
}

static const struct bench_suite suite = {
    .program = "bench_supply",
    .title = "supply: how often a worker at full speed waits for docketd",
    .cells = cells,
    .cell_count = sizeof cells / sizeof cells[0],
    .figures = figures,
    .figure_count = sizeof figures / sizeof figures[0],
    .letters = "w:",
    .usage = "[-w FILE] REALM",
    .option = option,
    .set_up = set_up,
    .tear_down = tear_down,
};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
