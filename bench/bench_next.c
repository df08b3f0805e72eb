/* SPDX-License-Identifier: MIT */
/*
 * bench_next: what a number costs, beside what cannot be avoided.
 *
 * Every cell runs in every round, one after the other, for the same time, in
 * one or two processes pinned to their processors. A figure is the median over
 * the rounds; a ratio is the median of the ratios within each round, so that a
 * noisy neighbour hits both sides. After the clock has stopped, docket is asked
 * how many numbers it handed out: a cell that did not get what it counted fails.
 */
#include "docket.h"
#include "docket_admin.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 99, CELLS_MAX = 16, BATCH = 512, PROCESSES_MAX = 2 };

struct cell {
    const char *name;
    const char *series; /* NULL: no docket call that takes a number */
    const char *order;
    const char *restart;
    const char *template_text;
    uint64_t (*work)(struct cell *cell, int process, int64_t until_ns);
    int processes;
    docket_series *handle;
    uint64_t taken;
    double ns[ROUNDS_MAX];
};

struct shared {
    _Alignas(128) _Atomic uint64_t own[PROCESSES_MAX][16]; /* a line for each process */
    _Alignas(128) _Atomic uint64_t common;
    _Alignas(128) _Atomic uint64_t limit;
    _Atomic int ready;
    uint64_t counts[PROCESSES_MAX]; /* while the clock ran */
    uint64_t warm[PROCESSES_MAX];   /* before */
    double ns[PROCESSES_MAX];
};

static struct shared *shared;
static docket_realm *realm;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- cells ---- */

static uint64_t call_nothing(struct cell *cell, int process, int64_t until_ns)
{
    uint64_t count = 0;
    (void)cell;
    (void)process;
    for (; now_ns() < until_ns; count += BATCH)
        for (int i = 0; i < BATCH; i++)
            (void)docket_status_retryable(DOCKET_OK);
    return count;
}

static uint64_t fetch_add(struct cell *cell, int process, int64_t until_ns)
{
    uint64_t count = 0;
    (void)cell;
    (void)process;
    for (; now_ns() < until_ns; count += BATCH)
        for (int i = 0; i < BATCH; i++)
            if (atomic_fetch_add_explicit(&shared->common, 1, memory_order_acq_rel) >=
                atomic_load_explicit(&shared->limit, memory_order_relaxed))
                abort();
    return count;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, docket_last_error());
    exit(1);
}

static uint64_t take_number(struct cell *cell, int process, int64_t until_ns)
{
    uint64_t count = 0, number;
    (void)process;
    for (; now_ns() < until_ns; count += BATCH)
        for (int i = 0; i < BATCH; i++)
            if (docket_next(cell->handle, DOCKET_TIMEOUT_DEFAULT, &number, NULL) != DOCKET_OK)
                give_up(cell->name);
    return count;
}

static uint64_t take_text(struct cell *cell, int process, int64_t until_ns)
{
    uint64_t count = 0;
    char text[DOCKET_TEXT_MAX];
    (void)process;
    for (; now_ns() < until_ns; count += BATCH)
        for (int i = 0; i < BATCH; i++)
            if (docket_next_text(cell->handle, DOCKET_TIMEOUT_DEFAULT, text, sizeof text, NULL, NULL) != DOCKET_OK)
                give_up(cell->name);
    return count;
}

#define PLAIN "{SERIES}-{N:6}"
#define DATED "{SERIES}-{YYYY}{MM}{DD}-{N:6}"

static struct cell cells[] = {
    {.name = "empty library call", .work = call_nothing, .processes = 1},
    {.name = "bare fetch-and-add with a limit", .work = fetch_add, .processes = 1},
    {"leased next, never restarting", "LN", "leased", "never", PLAIN, take_number, 1, NULL, 0, {0}},
    {"leased next, yearly", "LY", "leased", "yearly", DATED, take_number, 1, NULL, 0, {0}},
    {"leased next as text", "LT", "leased", "yearly", DATED, take_text, 1, NULL, 0, {0}},
    {"strict next, never restarting", "SN", "strict", "never", PLAIN, take_number, 1, NULL, 0, {0}},
    {"strict next, yearly", "SY", "strict", "yearly", DATED, take_number, 1, NULL, 0, {0}},
    {.name = "bare fetch-and-add, 2 processes", .work = fetch_add, .processes = 2},
    {"leased next, 2 processes", "L2", "leased", "never", PLAIN, take_number, 2, NULL, 0, {0}},
    {"strict next, 2 processes", "S2", "strict", "never", PLAIN, take_number, 2, NULL, 0, {0}},
};

enum { CELLS = sizeof cells / sizeof cells[0], EMPTY = 0, ADD = 1, ADD_2 = 7 };

/* ---- running ---- */

static void pin(int process)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)process % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void run_process(struct cell *cell, int process, int64_t length_ns)
{
    pin(process);
    /* The seat, the first block and a grown window are not what is measured. */
    shared->warm[process] = cell->work(cell, process, now_ns() + length_ns / 5);
    atomic_fetch_add(&shared->ready, 1);
    while (atomic_load(&shared->ready) < cell->processes)
        ;
    int64_t began_ns = now_ns();
    shared->counts[process] = cell->work(cell, process, began_ns + length_ns);
    shared->ns[process] = (double)(now_ns() - began_ns);
}

/* Numbers handed out of a series, as docket accounts for them. */
static int add_row(void *context, const struct docket_fate_row *row)
{
    if (strcmp(row->fate, "handed out") == 0)
        *(uint64_t *)context += row->last - row->first + 1;
    return 0;
}

static double run_cell(struct cell *cell, int64_t length_ns)
{
    atomic_store(&shared->ready, 0);
    atomic_store(&shared->common, 0);
    atomic_store(&shared->limit, UINT64_MAX);
    for (int process = 0; process < cell->processes; process++) {
        pid_t pid = fork();
        if (pid == 0) {
            run_process(cell, process, length_ns);
            docket_realm_close(realm); /* the child's own lease goes back */
            _exit(0);
        }
        if (pid < 0)
            exit(1);
    }
    for (int process = 0, code; process < cell->processes; process++)
        if (wait(&code) < 0 || code != 0)
            exit(1);
    double rate = 0;
    for (int process = 0; process < cell->processes; process++)
        rate += (double)shared->counts[process] / shared->ns[process];
    return 1 / rate;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double quantile(const double *values, int count, double at)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return sorted[(int)((double)(count - 1) * at + 0.5)];
}

static double ratio(const struct cell *cell, const struct cell *base, int rounds)
{
    double ratios[ROUNDS_MAX];
    for (int round = 0; round < rounds; round++)
        ratios[round] = cell->ns[round] / base->ns[round];
    return quantile(ratios, rounds, 0.5);
}

static void open_series(struct cell *cell)
{
    struct docket_policy policy = {.order = cell->order,
                                   .restart = cell->restart,
                                   .template_text = cell->template_text,
                                   .window = DOCKET_WINDOW_BENCHMARK};
    if (cell->series == NULL)
        return;
    if (docket_admin_series_add(realm, "bench", cell->series, &policy) != DOCKET_OK ||
        docket_series_open(realm, "bench", cell->series, &cell->handle) != DOCKET_OK)
        give_up(cell->name);
}

/* docket's own account agrees with what the processes counted, to the number. */
static bool verify(const struct cell *cell)
{
    uint64_t handed_out = 0;
    if (cell->series == NULL)
        return true;
    if (docket_admin_fate(realm, "bench", cell->series, -1, add_row, &handed_out) != DOCKET_OK)
        give_up(cell->name);
    if (handed_out == cell->taken)
        return true;
    fprintf(stderr, "bench: %s counted %llu numbers and docket handed out %llu\n", cell->name,
            (unsigned long long)cell->taken, (unsigned long long)handed_out);
    return false;
}

static void print(int rounds, bool json)
{
    if (json)
        printf("{\"schema_version\":1,\"rounds\":%d,\"cells\":[\n", rounds);
    else
        printf("%-34s %9s %8s %14s %14s\n", "", "ns each", "spread", "/ empty call", "/ fetch-and-add");
    for (int i = 0; i < CELLS; i++) {
        const struct cell *cell = &cells[i];
        const struct cell *add = &cells[cell->processes == 2 ? ADD_2 : ADD];
        double median = quantile(cell->ns, rounds, 0.5);
        double spread = (quantile(cell->ns, rounds, 0.9) - quantile(cell->ns, rounds, 0.1)) / median;
        if (json)
            printf("%s{\"name\":\"%s\",\"processes\":%d,\"ns\":%.3f,\"spread\":%.3f,\"to_empty\":%.3f,\"to_add\":%.3f}\n",
                   i > 0 ? "," : "", cell->name, cell->processes, median, spread, ratio(cell, &cells[EMPTY], rounds),
                   ratio(cell, add, rounds));
        else
            printf("%-34s %9.2f %7.0f%% %13.2fx %13.2fx\n", cell->name, median, spread * 100,
                   ratio(cell, &cells[EMPTY], rounds), ratio(cell, add, rounds));
    }
    if (json)
        printf("]}\n");
}

int main(int count, char **values)
{
    int rounds = 15, length_ms = 100;
    bool json = false;
    const char *directory = NULL;
    for (int option; (option = getopt(count, values, "r:m:j")) != -1;) {
        if (option == 'r')
            rounds = atoi(optarg);
        else if (option == 'm')
            length_ms = atoi(optarg);
        else if (option == 'j')
            json = true;
        else
            return 2;
    }
    directory = optind < count ? values[optind] : NULL;
    if (directory == NULL || rounds < 1 || rounds > ROUNDS_MAX || length_ms < 1) {
        fprintf(stderr, "usage: bench_next [-r rounds (1-%d)] [-m milliseconds] [-j] REALM\n", ROUNDS_MAX);
        return 2;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || docket_realm_open(directory, &realm) != DOCKET_OK)
        give_up(directory);
    for (int i = 0; i < CELLS; i++)
        open_series(&cells[i]);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < CELLS; i++) {
            cells[i].ns[round] = run_cell(&cells[i], (int64_t)length_ms * 1000000);
            for (int process = 0; process < cells[i].processes; process++)
                cells[i].taken += shared->counts[process] + shared->warm[process];
        }
    }
    print(rounds, json);
    bool good = true;
    for (int i = 0; i < CELLS; i++)
        good = verify(&cells[i]) && good;
    docket_realm_close(realm);
    return good ? 0 : 1;
}
