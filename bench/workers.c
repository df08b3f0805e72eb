/* SPDX-License-Identifier: MIT */
/*
 * workers: one run of one cell. Workers are forked, pinned, warmed up, wait for each other
 * and start together; each leaves what it counted in its lane, on lines of its own, and ends.
 *
 * The clock is looked at about every 50 us, whatever a call takes. With more workers than
 * processors the run ends for all at one instant and what came later does not count, since
 * a worker may sleep through the end; otherwise each is divided by its own time.
 *
 * Of the numbers, the first ones of the warm-up and then every 64th batch are kept, up to
 * BENCH_KEPT in all runs of a cell. The others go to a scratch of one batch, so that keeping
 * costs the calls nothing.
 */
#include "parts.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_NS = 50000, KEEP_EVERY = 64 };

struct lane {
    _Alignas(256) struct bench_worker worker;
    uint64_t all;     /* numbers, warm-up too */
    uint64_t counted; /* in the measured time: numbers, or calls */
    int64_t began_ns, ended_ns;
    double used_ns; /* of the worker's own processor time */
    double took_ns;
    size_t kept_count;
    struct bench_histogram histogram;
};

static struct {
    _Alignas(128) _Atomic int ready;
    _Alignas(128) _Atomic int abandoned;
    _Atomic int64_t go_ns;
} *gate;

static struct lane *lanes;
static uint64_t *kept;      /* room for one run's sample */
static size_t kept_per_run; /* of all workers */
static const char *program = "bench";
static int processors_seen, current_round = -1;
static int processor_ids[CPU_SETSIZE];
static int64_t run_length_ns;
static bool run_latency, by_own_time;

static void say(const char *format, va_list values)
{
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
}

void bench_say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(format, values);
    va_end(values);
}

void bench_fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(format, values);
    fflush(stderr);
    va_end(values);
    _exit(1);
}

void *bench_shared(size_t bytes)
{
    void *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (made == MAP_FAILED)
        bench_fail("no memory for %zu bytes that workers share", bytes);
    return made;
}

int bench_processors(void)
{
    cpu_set_t set;
    if (processors_seen > 0 || sched_getaffinity(0, sizeof set, &set) != 0)
        return processors_seen > 0 ? processors_seen : 1;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((unsigned)i, &set))
            processor_ids[processors_seen++] = i;
    return processors_seen;
}

void bench_pin(int index)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)processor_ids[index % bench_processors()], &set);
    sched_setaffinity(0, sizeof set, &set);
}

int bench_round(void)
{
    return current_round;
}

void bench_set_round(int round)
{
    current_round = round;
}

void bench_workers_init(const struct bench_suite *suite, int runs, bool own_time)
{
    int most = 1;
    by_own_time = own_time;
    program = suite->program;
    bench_processors(); /* before anybody is pinned */
    for (int i = 0; i < suite->cell_count; i++) {
        struct bench_cell *cell = &suite->cells[i];
        cell->workers = cell->workers > 0 ? cell->workers : 1;
        if (cell->workers > BENCH_WORKERS_MAX)
            bench_fail("cell %s has more than %d workers", cell->id, BENCH_WORKERS_MAX);
        most = cell->workers > most ? cell->workers : most;
    }
    gate = bench_shared(sizeof *gate);
    lanes = bench_shared((size_t)most * sizeof *lanes);
    kept_per_run = (size_t)BENCH_KEPT / (size_t)(runs > 0 ? runs : 1);
    kept = bench_shared(kept_per_run * sizeof *kept);
}

/* ---- in the worker ---- */

/* Where one worker keeps its sample while it runs. */
struct sample {
    uint64_t *at;
    size_t left;
    unsigned turn;
};

static uint64_t batch(struct bench_worker *worker, struct sample *sample, uint64_t *scratch, unsigned calls, bool keep)
{
    if (!worker->cell->numbers || !keep || sample->left < calls)
        return worker->cell->work(worker, scratch, calls);
    uint64_t numbers = worker->cell->work(worker, sample->at, calls);
    sample->at += calls;
    sample->left -= calls;
    return numbers;
}

/* How one look at the clock is spread over calls: calls in a batch, batches between two looks. */
struct pace {
    unsigned calls, turns;
};

/* Half of the sample is filled here, from the first call on; the pace is found. */
static uint64_t warm_up(struct lane *lane, struct sample *sample, uint64_t *scratch, struct pace *pace)
{
    struct sample first = {sample->at, sample->left / 2, 0};
    size_t room = first.left;
    uint64_t all = 0;
    int64_t until_ns = bench_now_ns() + run_length_ns / 5, before_ns, took_ns;
    *pace = (struct pace){1, 1};
    do {
        before_ns = bench_now_ns();
        for (unsigned i = 0; i < pace->turns; i++)
            all += batch(&lane->worker, &first, scratch, pace->calls, true);
        took_ns = bench_now_ns() - before_ns;
        if (took_ns < LOOK_NS / 2 && pace->calls < BENCH_BATCH)
            pace->calls *= 2;
        else if (took_ns < LOOK_NS / 2 && pace->turns < 2048)
            pace->turns *= 2;
    } while (before_ns + took_ns < until_ns);
    sample->at = first.at;
    sample->left -= room - first.left;
    return all;
}

static void wait_for_all(const struct bench_cell *cell)
{
    if (atomic_fetch_add(&gate->ready, 1) + 1 == cell->workers)
        atomic_store(&gate->go_ns, bench_now_ns());
    while (atomic_load(&gate->go_ns) == 0) {
        if (atomic_load(&gate->abandoned))
            _exit(1);
        sched_yield();
    }
}

static void measure_exactly(struct lane *lane, struct sample *sample, uint64_t *scratch)
{
    const struct bench_cell *cell = lane->worker.cell;
    lane->began_ns = bench_now_ns();
    for (unsigned left = cell->calls; left > 0;) {
        unsigned calls = left < BENCH_BATCH ? left : BENCH_BATCH;
        uint64_t numbers = batch(&lane->worker, sample, scratch, calls, true);
        lane->all += numbers;
        lane->counted += cell->per_call ? calls : numbers;
        left -= calls;
    }
    lane->ended_ns = bench_now_ns();
}

static void measure_by_time(struct lane *lane, struct sample *sample, uint64_t *scratch, const struct pace *pace)
{
    const struct bench_cell *cell = lane->worker.cell;
    int64_t end_ns = atomic_load(&gate->go_ns) + run_length_ns, now_ns;
    bool crowded = cell->workers > processors_seen;
    uint64_t all = 0, counted = 0;
    lane->began_ns = bench_now_ns();
    do {
        uint64_t numbers = 0;
        for (unsigned i = 0; i < pace->turns; i++)
            numbers += batch(&lane->worker, sample, scratch, pace->calls, ++sample->turn % KEEP_EVERY == 0);
        now_ns = bench_now_ns();
        all += numbers;
        if (!crowded || now_ns <= end_ns)
            counted += cell->per_call ? (uint64_t)pace->calls * pace->turns : numbers;
    } while (now_ns < end_ns);
    lane->ended_ns = now_ns;
    lane->all += all;
    lane->counted = counted;
}

static void measure_latency(struct lane *lane, uint64_t *scratch)
{
    int64_t end_ns = atomic_load(&gate->go_ns) + run_length_ns;
    unsigned calls = lane->worker.cell->calls > 0 ? 1 : 64;
    do
        lane->all += bench_time_calls(&lane->worker, &lane->histogram, scratch, calls);
    while (bench_now_ns() < end_ns);
}

static double own_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int64_t bench_clock_ns(void)
{
    return by_own_time ? (int64_t)own_time_ns() : bench_now_ns();
}

static void *work(void *given)
{
    struct lane *lane = given;
    const struct bench_cell *cell = lane->worker.cell;
    uint64_t *scratch = aligned_alloc(4096, BENCH_BATCH * sizeof *scratch);
    size_t share = kept_per_run / (size_t)cell->workers;
    struct sample sample = {kept + share * (size_t)lane->worker.index, share, 0};
    uint64_t *first = sample.at;
    struct pace pace = {1, 1};
    if (scratch == NULL)
        bench_fail("no memory");
    memset(scratch, 0, BENCH_BATCH * sizeof *scratch);
    bench_pin(lane->worker.index);
    if ((cell->open != NULL && !cell->open(&lane->worker)) || (cell->warm != NULL && !cell->warm(&lane->worker)))
        bench_fail("cell %s: worker %d cannot begin", cell->id, lane->worker.index);
    if (cell->calls == 0)
        lane->all = warm_up(lane, &sample, scratch, &pace);
    double warm_ns = lane->worker.took_ns;
    wait_for_all(cell);
    double before_ns = own_time_ns();
    if (run_latency)
        measure_latency(lane, scratch);
    else if (cell->calls > 0)
        measure_exactly(lane, &sample, scratch);
    else
        measure_by_time(lane, &sample, scratch, &pace);
    lane->used_ns = own_time_ns() - before_ns;
    lane->took_ns = lane->worker.took_ns - warm_ns;
    lane->kept_count = (size_t)(sample.at - first);
    free(scratch);
    return NULL;
}

static void end(struct lane *lane)
{
    if (lane->worker.cell->close != NULL)
        lane->worker.cell->close(&lane->worker);
    lane->all += lane->worker.extra;
}

static void work_in_threads(int workers)
{
    pthread_t threads[BENCH_WORKERS_MAX];
    for (int i = 0; i < workers; i++)
        if (pthread_create(&threads[i], NULL, work, &lanes[i]) != 0)
            bench_fail("no more threads");
    for (int i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < workers; i++)
        end(&lanes[i]);
}

/* ---- in the harness's process ---- */

static void begin(const struct bench_cell *cell)
{
    memset(lanes, 0, (size_t)cell->workers * sizeof *lanes);
    atomic_store(&gate->ready, 0);
    atomic_store(&gate->go_ns, 0);
    fflush(NULL);
    int children = cell->kind == BENCH_THREADS ? 1 : cell->workers, failed = 0;
    for (int i = 0; i < cell->workers; i++)
        lanes[i].worker = (struct bench_worker){i, cell->workers, cell, NULL, 0, 0};
    for (int i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (cell->kind == BENCH_THREADS) {
                work_in_threads(cell->workers);
            } else {
                work(&lanes[i]);
                end(&lanes[i]);
            }
            _exit(0);
        }
        if (pid < 0)
            bench_fail("cell %s: cannot fork", cell->id);
    }
    for (int i = 0, code; i < children; i++) {
        if (wait(&code) < 0 || code != 0) {
            failed++;
            atomic_store(&gate->abandoned, 1); /* those who wait at the gate end too */
        }
    }
    if (failed > 0)
        bench_fail("cell %s: %d of its workers failed", cell->id, failed);
}

static void keep(struct bench_result *result, const struct bench_cell *cell)
{
    size_t share = kept_per_run / (size_t)cell->workers;
    for (int i = 0; i < cell->workers; i++) {
        result->numbers += lanes[i].all;
        if (!cell->numbers || lanes[i].kept_count == 0)
            continue;
        if (result->kept == NULL) {
            result->kept = mmap(NULL, BENCH_KEPT * sizeof *kept, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (result->kept == MAP_FAILED || madvise(result->kept, BENCH_KEPT * sizeof *kept, MADV_DONTFORK) != 0)
                bench_fail("no memory");
        }
        size_t room = (size_t)BENCH_KEPT - result->kept_count;
        size_t count = lanes[i].kept_count < room ? lanes[i].kept_count : room;
        memcpy(result->kept + result->kept_count, kept + share * (size_t)i, count * sizeof *kept);
        result->kept_count += count;
    }
}

static double value_of(const struct bench_cell *cell, int64_t length_ns)
{
    double rate = 0;
    bool crowded = cell->workers > processors_seen && cell->calls == 0;
    for (int i = 0; i < cell->workers; i++) {
        double ns = lanes[i].took_ns > 0 ? lanes[i].took_ns
                    : by_own_time        ? lanes[i].used_ns
                    : crowded            ? (double)length_ns
                                         : (double)(lanes[i].ended_ns - lanes[i].began_ns);
        rate += (double)lanes[i].counted / ns;
    }
    if (by_own_time && cell->workers > processors_seen)
        rate *= (double)processors_seen / (double)cell->workers;
    return rate > 0 ? 1 / rate : 0;
}

static void run(struct bench_cell *cell, int64_t length_ns, bool latency)
{
    run_length_ns = length_ns;
    run_latency = latency;
    if (cell->before != NULL && !cell->before(cell))
        bench_fail("cell %s cannot begin", cell->id);
    begin(cell);
    keep(cell->result, cell);
}

void bench_run_cell(struct bench_cell *cell, int round, int64_t length_ns)
{
    if (cell->measure != NULL) {
        if (cell->before != NULL && !cell->before(cell))
            bench_fail("cell %s cannot begin", cell->id);
        cell->result->value[round] = cell->measure(cell);
        return;
    }
    run(cell, length_ns, false);
    cell->result->value[round] = value_of(cell, length_ns);
    if (cell->result->value[round] <= 0)
        bench_fail("cell %s: not one number in the whole time", cell->id);
}

void bench_run_latency(struct bench_cell *cell, int round, int64_t length_ns)
{
    static struct bench_histogram sum;
    static const double at[BENCH_MAX + 1] = {[BENCH_P50] = 0.5, [BENCH_P99] = 0.99, [BENCH_P999] = 0.999, [BENCH_MAX] = 1};
    run(cell, length_ns, true);
    memset(&sum, 0, sizeof sum);
    for (int i = 0; i < cell->workers; i++)
        bench_histogram_add(&sum, &lanes[i].histogram);
    for (int quantity = BENCH_P50; quantity <= BENCH_MAX; quantity++)
        cell->result->quantile[quantity][round] = bench_histogram_at(&sum, at[quantity]);
    if (cell->result->histogram == NULL && (cell->result->histogram = calloc(1, sizeof sum)) == NULL)
        bench_fail("no memory");
    bench_histogram_add(cell->result->histogram, &sum);
}

static uint64_t do_nothing(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker;
    BENCH_USE(out);
    return calls;
}

/* Two looks with an empty function between them, called as a cell's is: the middle one. */
double bench_pair_ns(void)
{
    static struct bench_histogram histogram;
    static const struct bench_cell nothing = {.id = "pair", .work = do_nothing};
    struct bench_worker worker = {0, 1, &nothing, NULL, 0, 0};
    uint64_t out[64];
    for (int i = 0; i < 4096; i++)
        bench_time_calls(&worker, &histogram, out, 64);
    return bench_histogram_at(&histogram, 0.5);
}
