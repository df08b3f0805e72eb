/* SPDX-License-Identifier: MIT */
/* report: medians, spreads, ratios, figures; and the table for people. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double bench_quantile(const double *values, int count, double at)
{
    double sorted[BENCH_ROUNDS_MAX];
    if (count < 1)
        return 0;
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return sorted[(int)((double)(count - 1) * at + 0.5)];
}

double bench_spread(const double *values, int count)
{
    double median = bench_quantile(values, count, 0.5);
    double wide = bench_quantile(values, count, 0.9) - bench_quantile(values, count, 0.1);
    return median != 0 ? wide / (median > 0 ? median : -median) : 0;
}

int bench_ratios(const struct bench_run *run, const struct bench_cell *cell, double *ratios)
{
    const struct bench_cell *base = bench_cell_of(run->suite, cell->base);
    if (base == NULL || base->skip != NULL || cell->skip != NULL)
        return 0;
    for (int round = 0; round < run->rounds; round++)
        ratios[round] = cell->result->value[round] / base->result->value[round];
    return run->rounds;
}

int bench_figure_values(const struct bench_run *run, const struct bench_figure *figure, double *values, const char **why)
{
    const struct bench_cell *of = bench_cell_of(run->suite, figure->of), *over = bench_cell_of(run->suite, figure->over);
    int rounds = figure->quantity == BENCH_VALUE ? run->rounds : run->latency_rounds;
    *why = of->skip != NULL ? of->skip : over != NULL ? over->skip : NULL;
    if (*why != NULL)
        return 0;
    for (int round = 0; round < rounds; round++) {
        const struct bench_result *mine = of->result, *other = over != NULL ? over->result : NULL;
        bool whole = figure->quantity == BENCH_VALUE;
        double value = whole ? mine->value[round] : mine->quantile[figure->quantity][round];
        double by = other == NULL ? 1 : whole ? other->value[round] : other->quantile[figure->quantity][round];
        if (other == NULL)
            values[round] = value;
        else
            values[round] = figure->minus ? value - by : value / (by + figure->plus_ns);
    }
    return rounds;
}

/* No number is rounded in our favour: the median as it is, against what is asked. */
bool bench_figure_met(const struct bench_figure *figure, double reached)
{
    if (figure->asked_as == NULL)
        return true;
    return figure->asked_as[0] == '<' ? reached <= figure->asked : reached >= figure->asked;
}

/* ---- for people ---- */

static void print_cells(const struct bench_run *run)
{
    double ratios[BENCH_ROUNDS_MAX];
    printf("%-52s %7s %11s %7s  %8s %7s  %s\n", "", "workers", "ns each", "spread", "ratio", "spread", "to");
    for (int i = 0; i < run->suite->cell_count; i++) {
        const struct bench_cell *cell = &run->suite->cells[i];
        if (cell->skip != NULL) {
            if (strncmp(cell->skip, "not chosen", 10) != 0)
                printf("%-52s  skipped: %s\n", cell->name, cell->skip);
            continue;
        }
        double value = bench_quantile(cell->result->value, run->rounds, 0.5);
        printf("%-52s %7d %11.*f %6.0f%%", cell->name, cell->workers, value < 1000 ? 2 : 0, value,
               bench_spread(cell->result->value, run->rounds) * 100);
        int count = bench_ratios(run, cell, ratios);
        if (count > 0)
            printf("  %7.2fx %6.0f%%  %s", bench_quantile(ratios, count, 0.5), bench_spread(ratios, count) * 100,
                   bench_cell_of(run->suite, cell->base)->name);
        printf("%s%s%s%s\n", cell->unit != NULL ? "  (" : "", cell->unit != NULL ? cell->unit : "",
               cell->unit != NULL ? ")" : "", cell->result->right ? "" : "  WRONG NUMBERS");
    }
}

static void print_latency(const struct bench_run *run)
{
    if (run->latency_rounds == 0)
        return;
    printf("\n%-52s %7s %9s %9s %9s %11s  (ns; a bare pair of %s costs %.0f, included)\n", "single calls", "workers",
           "p50", "p99", "p99.9", "max", bench_ticks_name(), run->pair_ns);
    for (int i = 0; i < run->suite->cell_count; i++) {
        const struct bench_cell *cell = &run->suite->cells[i];
        if (cell->skip != NULL || cell->result->histogram == NULL)
            continue;
        printf("%-52s %7d", cell->name, cell->workers);
        for (int quantity = BENCH_P50; quantity <= BENCH_MAX; quantity++)
            printf(" %*.0f", quantity == BENCH_MAX ? 11 : 9,
                   bench_quantile(cell->result->quantile[quantity], run->latency_rounds, 0.5));
        putchar('\n');
    }
}

static void print_figures(const struct bench_run *run)
{
    double values[BENCH_ROUNDS_MAX];
    const char *why;
    if (run->suite->figure_count > 0)
        printf("\n%-76s %10s %10s %7s\n", "figure", "asked", "reached", "spread");
    for (int i = 0; i < run->suite->figure_count; i++) {
        const struct bench_figure *figure = &run->suite->figures[i];
        char asked[32] = "-";
        int count = bench_figure_values(run, figure, values, &why);
        if (figure->asked_as != NULL)
            snprintf(asked, sizeof asked, "%s %g", figure->asked_as, figure->asked);
        if (count == 0) {
            if (strncmp(why, "not chosen", 10) != 0)
                printf("%-76s %10s  skipped: %s\n", figure->sentence, asked, why);
            continue;
        }
        double reached = bench_quantile(values, count, 0.5);
        printf("%-76s %10s %10.3f %6.0f%%  %s\n", figure->sentence, asked, reached, bench_spread(values, count) * 100,
               !run->right                        ? "WRONG NUMBERS"
               : figure->asked_as == NULL         ? ""
               : run->own_time                    ? bench_figure_met(figure, reached) ? "(would be met)" : "(would be missed)"
               : bench_figure_met(figure, reached) ? "met"
                                                  : "MISSED");
    }
}

void bench_print(const struct bench_run *run)
{
    printf("%s\n%d rounds of %d ms a cell, interleaved; %d processors; others used %.1f %% of the machine", run->suite->title,
           run->rounds, run->length_ms, bench_processors(), bench_quantile(run->others, run->rounds, 0.5) * 100);
    if (bench_quantile(run->servers, run->rounds, 1) > 0)
        printf(", servers %.1f %%", bench_quantile(run->servers, run->rounds, 0.5) * 100);
    printf("; rounds run again: %d%s\n", run->again, run->disturbed > 0 ? " (the bound)" : "");
    if (run->disturbed > 0)
        printf("in %d of the rounds that are shown others used more than 3 %%\n", run->disturbed);
    if (run->own_time)
        printf("BY THE WORKERS' OWN PROCESSOR TIME: waiting does not count, no figure counts\n");
    putchar('\n');
    print_cells(run);
    print_latency(run);
    print_figures(run);
    fflush(stdout);
}
