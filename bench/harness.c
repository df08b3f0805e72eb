/* SPDX-License-Identifier: MIT */
/* harness: options, rounds, and whether the numbers are right. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench_cell *bench_cell_of(const struct bench_suite *suite, const char *id)
{
    for (int i = 0; id != NULL && i < suite->cell_count; i++)
        if (strcmp(suite->cells[i].id, id) == 0)
            return &suite->cells[i];
    if (id != NULL)
        bench_fail("there is no cell %s", id);
    return NULL;
}

/* ---- which cells ---- */

static bool is_named(const char *list, const char *id)
{
    size_t bytes = strlen(id);
    for (const char *at = list; (at = strstr(at, id)) != NULL; at++)
        if ((at == list || at[-1] == ',') && (at[bytes] == ',' || at[bytes] == 0))
            return true;
    return false;
}

/* All tables refer to cells that there are; with -o a cell brings those that divide it. */
static void choose(const struct bench_suite *suite, const char *only)
{
    for (int i = 0; i < suite->cell_count; i++) {
        struct bench_cell *cell = &suite->cells[i];
        if ((cell->result = calloc(1, sizeof *cell->result)) == NULL)
            bench_fail("no memory");
        cell->result->chosen = only == NULL || is_named(only, cell->id);
        cell->result->right = true;
        if (cell->skip == NULL && cell->work == NULL && cell->measure == NULL)
            bench_fail("cell %s does nothing", cell->id);
    }
    for (int i = 0; i < suite->cell_count; i++) {
        struct bench_cell *base = bench_cell_of(suite, suite->cells[i].base);
        if (base != NULL && suite->cells[i].result->chosen)
            base->result->chosen = true;
    }
    for (int i = 0; i < suite->figure_count; i++) {
        struct bench_cell *of = bench_cell_of(suite, suite->figures[i].of);
        struct bench_cell *over = bench_cell_of(suite, suite->figures[i].over);
        if (over != NULL && of->result->chosen)
            over->result->chosen = true;
    }
    for (int i = 0; i < suite->cell_count; i++)
        if (!suite->cells[i].result->chosen && suite->cells[i].skip == NULL)
            suite->cells[i].skip = "not chosen by -o";
}

/* ---- rounds ---- */

static bool is_latency_cell(const struct bench_cell *cell)
{
    return cell->skip == NULL && cell->latency && cell->measure == NULL;
}

static void run_round(struct bench_run *run, int round, bool latency)
{
    int64_t length_ns = (int64_t)run->length_ms * 1000000;
    bench_set_round(round);
    for (int i = 0; i < run->suite->cell_count; i++) {
        struct bench_cell *cell = &run->suite->cells[i];
        if (latency && is_latency_cell(cell))
            bench_run_latency(cell, round, length_ns);
        else if (!latency && cell->skip == NULL)
            bench_run_cell(cell, round, length_ns);
    }
}

/* A try is forgotten: the later ones move up. */
static void drop_try(struct bench_run *run, int drop, int tries, bool latency, double *others, double *servers)
{
    size_t bytes = (size_t)(tries - drop - 1) * sizeof(double);
    memmove(others + drop, others + drop + 1, bytes);
    memmove(servers + drop, servers + drop + 1, bytes);
    for (int i = 0; i < run->suite->cell_count; i++) {
        struct bench_result *result = run->suite->cells[i].result;
        if (!latency)
            memmove(result->value + drop, result->value + drop + 1, bytes);
        for (int quantity = 0; latency && quantity <= BENCH_MAX; quantity++)
            memmove(result->quantile[quantity] + drop, result->quantile[quantity] + drop + 1, bytes);
    }
}

/*
 * Until there are so many rounds in which others used little; at most twice as many tries.
 * Then those are kept in which others used least: what was measured has no say.
 */
static void run_rounds(struct bench_run *run, int rounds, bool latency)
{
    double others[BENCH_TRIES_MAX] = {0}, servers[BENCH_TRIES_MAX] = {0}, limit = 0.03;
    int tries = 0, good = 0;
    for (; tries < 2 * rounds && good < rounds; tries++) {
        struct bench_usage before;
        double grain;
        bench_usage_now(&before);
        run_round(run, tries, latency);
        bench_usage_since(&before, &others[tries], &servers[tries], &grain);
        limit = grain > limit ? grain : limit;
        good += others[tries] <= limit;
    }
    run->again += tries - rounds;
    for (; tries > rounds; tries--) {
        int worst = 0;
        for (int i = 1; i < tries; i++)
            worst = others[i] > others[worst] ? i : worst;
        drop_try(run, worst, tries, latency, others, servers);
    }
    run->disturbed += rounds - (good < rounds ? good : rounds);
    if (!latency) {
        memcpy(run->others, others, sizeof others);
        memcpy(run->servers, servers, sizeof servers);
    }
}

/* ---- are the numbers right ---- */

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static bool verify(const struct bench_cell *cell)
{
    struct bench_result *result = cell->result;
    if (cell->numbers) {
        qsort(result->kept, result->kept_count, sizeof *result->kept, compare);
        for (size_t i = 1; i < result->kept_count; i++) {
            if (result->kept[i] == result->kept[i - 1]) {
                bench_say("cell %s: number %llu was given twice", cell->id, (unsigned long long)result->kept[i]);
                return false;
            }
        }
        if (result->kept_count == 0) {
            bench_say("cell %s: not one of its numbers was kept", cell->id);
            return false;
        }
    }
    struct bench_got got = {result->numbers, result->kept, result->kept_count};
    return cell->verify == NULL || cell->verify(cell, &got);
}

/* ---- main ---- */

static int usage(const struct bench_suite *suite)
{
    fprintf(stderr,
            "usage: %s [-r ROUNDS] [-m MILLISECONDS] [-o CELL,...] [-p PID]... [-t] [-j FILE] [-c FILE] %s\n"
            "  -r  rounds, 1 to %d (15)          -m  how long each cell runs in a round (100)\n"
            "  -o  only these cells, and those that divide them\n"
            "  -p  a server's process: its time is ours\n"
            "  -t  by the workers' own processor time: for a look on a busy machine; no figure counts\n"
            "  -j  write JSON, -c  write CSV; - for stdout, instead of the table\n"
            "cells:",
            suite->program, suite->usage != NULL ? suite->usage : "", BENCH_ROUNDS_MAX);
    for (int i = 0; i < suite->cell_count; i++)
        fprintf(stderr, " %s", suite->cells[i].id);
    fputc('\n', stderr);
    return 2;
}

static bool read_options(struct bench_run *run, int count, char **words, const char **only)
{
    char letters[64];
    const struct bench_suite *suite = run->suite;
    snprintf(letters, sizeof letters, "r:m:o:p:j:c:t%s", suite->letters != NULL ? suite->letters : "");
    for (int letter; (letter = getopt(count, words, letters)) != -1;) {
        switch (letter) {
        case 'r': run->rounds = atoi(optarg); break;
        case 'm': run->length_ms = atoi(optarg); break;
        case 'o': *only = optarg; break;
        case 't': run->own_time = true; break;
        case 'p': bench_own_process(atoi(optarg)); break;
        case 'j': run->json = optarg; break;
        case 'c': run->csv = optarg; break;
        default:
            if (letter == '?' || suite->option == NULL || !suite->option(letter, optarg))
                return false;
        }
    }
    size_t at = 0;
    for (int i = 0; i < optind && at < sizeof run->command; i++)
        at += (size_t)snprintf(run->command + at, sizeof run->command - at, "%s%s", i > 0 ? " " : "", words[i]);
    return run->rounds >= 1 && run->rounds <= BENCH_ROUNDS_MAX && run->length_ms >= 1;
}

int bench_main(int count, char **words, const struct bench_suite *suite)
{
    static struct bench_run run;
    const char *only = NULL;
    bool any_latency = false;
    run = (struct bench_run){.suite = suite, .rounds = 15, .length_ms = 100, .right = true};
    if (!read_options(&run, count, words, &only))
        return usage(suite);
    bench_workers_init(suite, 3 * run.rounds, run.own_time);
    bench_ticks_init();
    run.pair_ns = bench_pair_ns();
    choose(suite, only);
    if (suite->set_up != NULL && !suite->set_up(count - optind, words + optind))
        return usage(suite);
    for (int i = 0; i < suite->cell_count; i++)
        any_latency = any_latency || is_latency_cell(&suite->cells[i]);
    run_rounds(&run, run.rounds, false);
    run.latency_rounds = any_latency ? (run.rounds + 2) / 3 : 0;
    run_rounds(&run, run.latency_rounds, true);
    for (int i = 0; i < suite->cell_count; i++) {
        struct bench_cell *cell = &suite->cells[i];
        cell->result->right = cell->skip != NULL || verify(cell);
        run.right = cell->result->right && run.right;
    }
    if ((run.json == NULL || strcmp(run.json, "-") != 0) && (run.csv == NULL || strcmp(run.csv, "-") != 0))
        bench_print(&run);
    bool written = bench_write(&run);
    if (suite->tear_down != NULL)
        suite->tear_down();
    if (!run.right)
        bench_say("the numbers were wrong: no figure of this run counts");
    return run.right && written ? 0 : 1;
}
