/* SPDX-License-Identifier: MIT */
/*
 * harness: what the programs of the bench suite have in common. A program is a table of
 * cells, a table of figures, and one line:
 *
 *     int main(int count, char **words) { return bench_main(count, words, &suite); }
 *
 * Every round runs every cell for the same time, one after the other: its workers are forked
 * (or are threads of one forked process), pinned to processor i mod n, warmed up, and let go
 * together. What is printed of a cell is the median over the rounds and the spread,
 * (p90 - p10) / median; a ratio is taken within each round first, then likewise, so that what
 * disturbs a round is on both sides. A round during which others used more than 3 % of the
 * machine is run again (at most twice as many tries as rounds; then the least disturbed are kept). After the clock has
 * stopped the numbers that were got are verified; if they are wrong the program says so, prints
 * no figure as met, and ends with 1.
 *
 * This header needs no docket: fate.h has what asks docket for its account.
 *
 *     PROGRAM [-r ROUNDS] [-m MILLISECONDS] [-o CELL,CELL...] [-p PID]... [-t] [-j FILE] [-c FILE] ...
 *
 * -t divides by the workers' own processor time instead of the clock's: for a look on a busy machine.
 * -o only these cells and their bases; -p a server's process whose time (with its children's)
 * is ours, not others'; -j and -c write JSON and CSV (docs/decisions/0028), "-" for stdout,
 * and then no table.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_ROUNDS_MAX = 99, BENCH_WORKERS_MAX = 64, BENCH_BATCH = 512, BENCH_KEPT = 2 << 20 };

enum bench_kind { BENCH_PROCESSES, BENCH_THREADS };

struct bench_cell;
struct bench_result; /* the harness's own */

/* One worker in one run of a cell; in its own memory, on lines of its own. */
struct bench_worker {
    int index, workers; /* index from 0 */
    const struct bench_cell *cell;
    void *state;    /* the hooks' own; NULL at open */
    double took_ns; /* work() may set this, greater each time: it stands for the clock's time of the run, for work
                       with parts that are not to be measured */
    uint64_t extra; /* hooks add here what numbers they took: counted, not timed */
};

/* What a cell was given in all its runs, warm-ups and disturbed rounds too. */
struct bench_got {
    uint64_t numbers;     /* how many, as the workers counted */
    const uint64_t *kept; /* a sample of them, sorted: no two are alike (that has been checked) */
    size_t kept_count;
};

struct bench_cell {
    const char *id;   /* stable: figures, JSON and the page name it */
    const char *name; /* for people */
    const char *base; /* id of the cell that divides this one in the table; NULL: none */
    int workers;      /* 0 means 1 */
    enum bench_kind kind;
    void *context;  /* the program's own */
    bool numbers;   /* work() fills out[] with numbers: kept as a sample, and no two may be alike */
    bool latency;   /* a pass of its own times each call; the histogram is printed and written */
    bool per_call;  /* ns for each call, not for each number */
    unsigned calls; /* 0: as many as fit; else each worker makes exactly so many in a run, with no warm-up */
    const char *unit; /* of measure(); NULL: ns */

    /* In the harness's own process, before each run. false: bench_say() has told why. */
    bool (*before)(struct bench_cell *cell);
    /* In the worker, pinned, before the clock. open, then warm, then work() for a fifth of the time. */
    bool (*open)(struct bench_worker *worker);
    bool (*warm)(struct bench_worker *worker);
    /*
     * Makes calls calls (1 to BENCH_BATCH) and returns how many numbers they gave: calls, as
     * a rule. With `numbers` it writes out[0] to out[calls - 1], all of them (docket_next(..., &out[i], ...)
     * costs nothing more than a local would). Where one stream holds several series their
     * numbers are told apart in the upper bits. Cannot go on: bench_fail().
     */
    uint64_t (*work)(struct bench_worker *worker, uint64_t *out, unsigned calls);
    /* After the clock, in the worker; of threads once all have ended, one after the other. */
    void (*close)(struct bench_worker *worker);

    /* Instead of work(): in the harness's own process, once a round; the value of the round. */
    double (*measure)(struct bench_cell *cell);

    /* After the clock, in the harness's own process: was what we were given what we counted? false:
     * bench_say() has told what is wrong. NULL: only the sample is checked. */
    bool (*verify)(const struct bench_cell *cell, const struct bench_got *got);

    const char *skip; /* why it cannot be run here; set_up() may set it (with -o it is set before). Skipped by name, with its figures */
    struct bench_result *result;
};

enum bench_quantity { BENCH_VALUE, BENCH_P50, BENCH_P99, BENCH_P999, BENCH_MAX };

/*
 * A figure of the table: (quantity of `of`) / (quantity of `over` + plus_ns), round by round.
 * More is slower, so "2 processes >= 1.85 x one" is of = one, over = two.
 */
struct bench_figure {
    const char *id;       /* stable: the page and the file of causes name it */
    const char *sentence; /* what is asked, for people, without the number */
    const char *asked_as; /* "<=", ">=", or NULL: nothing is asked, it is shown */
    double asked;
    const char *of, *over; /* ids of cells; over NULL: of alone, in its unit */
    enum bench_quantity quantity;
    double plus_ns;
    bool minus; /* of - over, in ns, instead of the quotient */
};

struct bench_suite {
    const char *program; /* "bench_next" */
    const char *title;   /* one line for people */
    struct bench_cell *cells;
    int cell_count;
    const struct bench_figure *figures;
    int figure_count;
    const char *letters; /* of options of the program's own, as for getopt(); NULL: none */
    const char *usage;   /* those options and the operands, such as "[-n NAMES] REALM" */
    bool (*option)(int letter, const char *value);    /* false: usage */
    bool (*set_up)(int count, char **operands);       /* once, before the first round; false: usage or bench_say() */
    void (*tear_down)(void);                          /* once, after everything is verified */
};

/* Exit code: 0 all went well (missed figures too), 1 wrong numbers or a cell that failed, 2 usage. */
int bench_main(int count, char **words, const struct bench_suite *suite);

/* A line on stderr, behind the program's name. bench_fail() then ends the worker (and so the bench). */
void bench_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

int64_t bench_now_ns(void);             /* CLOCK_MONOTONIC */
int64_t bench_clock_ns(void);           /* what a run is divided by: the same, or with -t the thread's own time */
int bench_processors(void);             /* that we may use */
void bench_pin(int index);              /* to processor index mod bench_processors(), as workers are */
void *bench_shared(size_t bytes);       /* zeroed, seen by all workers, page-aligned; ends the program if there is none */
void bench_own_process(int pid);        /* as -p */
int bench_round(void);                  /* the try that runs, from 0; -1 before the first */

/* The processor keeps what was computed: the compiler may not leave it out. */
#define BENCH_USE(value) __asm__ volatile("" : : "r"(value) : "memory")

#endif
