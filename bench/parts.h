/* SPDX-License-Identifier: MIT */
/* parts: what the harness's own files share. Programs include harness.h only. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "harness.h"

#include <stdio.h>

/* ---- histogram (histogram.c): ticks of a clock, one by one up to 4095, then 32 steps to each doubling ---- */

enum { BENCH_LINEAR = 4096, BENCH_BUCKETS = BENCH_LINEAR + 32 * 40 };

struct bench_histogram {
    uint64_t calls, longest; /* ticks */
    uint64_t counts[BENCH_BUCKETS];
};

void bench_ticks_init(void);
double bench_tick_ns(void);
const char *bench_ticks_name(void); /* "rdtsc pair" or "clock_gettime pair" */
void bench_histogram_add(struct bench_histogram *to, const struct bench_histogram *from);
double bench_histogram_at(const struct bench_histogram *of, double share); /* ns: upper end of its bucket */
double bench_bucket_ns(int bucket);
uint64_t bench_time_calls(struct bench_worker *worker, struct bench_histogram *into, uint64_t *out, unsigned calls);

/* ---- results ---- */

enum { BENCH_TRIES_MAX = 2 * BENCH_ROUNDS_MAX };

struct bench_result {
    double value[BENCH_TRIES_MAX];                   /* ns, or unit, of each try; in the end of the rounds that are kept */
    double quantile[BENCH_MAX + 1][BENCH_TRIES_MAX]; /* likewise, of the latency pass */
    struct bench_histogram *histogram;               /* of all tries */
    uint64_t numbers;                                 /* in all runs */
    uint64_t *kept;
    size_t kept_count;
    bool chosen, right;
};

struct bench_run {
    const struct bench_suite *suite;
    int rounds, latency_rounds, length_ms;
    int again, disturbed;      /* rounds run again; rounds kept although others used more than the limit */
    double others[BENCH_TRIES_MAX], servers[BENCH_TRIES_MAX]; /* share of the machine, of kept rounds */
    double pair_ns;            /* what a bare pair of clock looks costs */
    bool own_time;             /* -t */
    bool right;                /* all numbers verified */
    const char *json, *csv;
    char command[512];
};

/* ---- foreign.c: who used the machine ---- */

struct bench_usage {
    int64_t at_ns;
    double machine_s, own_s, servers_s;
};
void bench_usage_now(struct bench_usage *usage);
/* Shares of the machine since before: others', and the servers'. */
void bench_usage_since(const struct bench_usage *before, double *others, double *servers, double *grain);

/* ---- workers.c: one run of one cell ---- */

void bench_workers_init(const struct bench_suite *suite, int runs, bool own_time);
void bench_run_cell(struct bench_cell *cell, int round, int64_t length_ns);
void bench_run_latency(struct bench_cell *cell, int round, int64_t length_ns);
double bench_pair_ns(void);
void bench_set_round(int round);

/* ---- report.c, write.c ---- */

double bench_quantile(const double *values, int count, double at);
double bench_spread(const double *values, int count);
/* Values of a figure round by round; how many, or 0 with why where a cell of it was skipped. */
int bench_figure_values(const struct bench_run *run, const struct bench_figure *figure, double *values, const char **why);
bool bench_figure_met(const struct bench_figure *figure, double reached);
struct bench_cell *bench_cell_of(const struct bench_suite *suite, const char *id);
int bench_ratios(const struct bench_run *run, const struct bench_cell *cell, double *ratios);
void bench_print(const struct bench_run *run);
bool bench_write(const struct bench_run *run);

#endif
