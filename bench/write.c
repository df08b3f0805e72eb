/* SPDX-License-Identifier: MIT */
/* write: the JSON and the CSV of a run (docs/decisions/0028 has their members). */
#include "parts.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "unknown"
#endif

static void text(FILE *to, const char *value)
{
    fputc('"', to);
    for (const unsigned char *at = (const unsigned char *)value; *at != 0; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(to, "\\%c", *at);
        else if (*at < 0x20)
            fprintf(to, "\\u%04x", *at);
        else
            fputc(*at, to);
    }
    fputc('"', to);
}

static void member(FILE *to, const char *name, const char *value)
{
    fprintf(to, ",\"%s\":", name);
    if (value != NULL)
        text(to, value);
    else
        fputs("null", to);
}

static void values(FILE *to, const char *name, const double *of, int count)
{
    fprintf(to, ",\"%s\":[", name);
    for (int i = 0; i < count; i++)
        fprintf(to, "%s%.6g", i > 0 ? "," : "", of[i]);
    fputc(']', to);
}

static void processor_model(char *into, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(into, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *at = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && at != NULL) {
            snprintf(into, size, "%s", at + 2);
            into[strcspn(into, "\n")] = 0;
            break;
        }
    }
    if (file != NULL)
        fclose(file);
}

static void write_machine(FILE *to)
{
    char model[128], date[32];
    struct utsname kernel;
    time_t now = time(NULL);
    struct tm utc;
    processor_model(model, sizeof model);
    uname(&kernel);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    fprintf(to, ",\"machine\":{\"processors\":%d,\"online\":%ld", bench_processors(), sysconf(_SC_NPROCESSORS_ONLN));
    member(to, "model", model);
    member(to, "kernel", kernel.release);
    member(to, "architecture", kernel.machine);
#ifdef __clang__
    member(to, "compiler", __VERSION__);
#else
    member(to, "compiler", "gcc " __VERSION__);
#endif
    member(to, "flags", BENCH_FLAGS);
    fputc('}', to);
    member(to, "date", date);
}

/* Buckets that hold something: the most ns a call of it took, and how many calls. */
static void write_latency(FILE *to, const struct bench_run *run, const struct bench_cell *cell)
{
    static const char *const names[] = {[BENCH_P50] = "p50", [BENCH_P99] = "p99", [BENCH_P999] = "p999", [BENCH_MAX] = "max"};
    const struct bench_histogram *histogram = cell->result->histogram;
    if (histogram == NULL)
        return;
    fprintf(to, ",\"latency\":{\"calls\":%llu", (unsigned long long)histogram->calls);
    for (int quantity = BENCH_P50; quantity <= BENCH_MAX; quantity++) {
        const double *of = cell->result->quantile[quantity];
        fprintf(to, ",\"%s\":%.6g", names[quantity], bench_quantile(of, run->latency_rounds, 0.5));
    }
    fputs(",\"histogram\":[", to);
    for (int i = 0, some = 0; i < BENCH_BUCKETS; i++)
        if (histogram->counts[i] > 0)
            fprintf(to, "%s[%.6g,%llu]", some++ > 0 ? "," : "", bench_bucket_ns(i), (unsigned long long)histogram->counts[i]);
    fputs("]}", to);
}

static void write_cell(FILE *to, const struct bench_run *run, const struct bench_cell *cell)
{
    double ratios[BENCH_ROUNDS_MAX];
    fputs("{\"id\":", to);
    text(to, cell->id);
    member(to, "name", cell->name);
    fprintf(to, ",\"workers\":%d,\"kind\":\"%s\"", cell->workers, cell->kind == BENCH_THREADS ? "threads" : "processes");
    member(to, "unit", cell->unit != NULL ? cell->unit : cell->per_call ? "ns a call" : "ns");
    member(to, "base", cell->base);
    member(to, "skipped", cell->skip);
    if (cell->skip == NULL) {
        int count = bench_ratios(run, cell, ratios);
        fprintf(to, ",\"median\":%.6g,\"spread\":%.4g", bench_quantile(cell->result->value, run->rounds, 0.5),
                bench_spread(cell->result->value, run->rounds));
        if (count > 0)
            fprintf(to, ",\"ratio\":%.6g,\"ratio_spread\":%.4g", bench_quantile(ratios, count, 0.5), bench_spread(ratios, count));
        values(to, "rounds", cell->result->value, run->rounds);
        fprintf(to, ",\"numbers\":%llu,\"kept\":%zu,\"right\":%s", (unsigned long long)cell->result->numbers,
                cell->result->kept_count, cell->result->right ? "true" : "false");
        write_latency(to, run, cell);
    }
    fputc('}', to);
}

static void write_figure(FILE *to, const struct bench_run *run, const struct bench_figure *figure)
{
    static const char *const names[] = {"value", "p50", "p99", "p999", "max"};
    double of[BENCH_ROUNDS_MAX];
    const char *why;
    int count = bench_figure_values(run, figure, of, &why);
    fputs("{\"id\":", to);
    text(to, figure->id);
    member(to, "sentence", figure->sentence);
    member(to, "asked_as", figure->asked_as);
    if (figure->asked_as != NULL)
        fprintf(to, ",\"asked\":%g", figure->asked);
    member(to, "of", figure->of);
    member(to, "over", figure->over);
    fprintf(to, ",\"plus_ns\":%g,\"minus\":%s,\"quantity\":\"%s\"", figure->plus_ns, figure->minus ? "true" : "false",
            names[figure->quantity]);
    member(to, "skipped", why);
    if (count > 0) {
        double reached = bench_quantile(of, count, 0.5);
        fprintf(to, ",\"reached\":%.6g,\"spread\":%.4g,\"met\":%s", reached, bench_spread(of, count),
                run->right && !run->own_time && bench_figure_met(figure, reached) ? "true" : "false");
    }
    fputc('}', to);
}

static void write_json(FILE *to, const struct bench_run *run)
{
    const struct bench_suite *suite = run->suite;
    fprintf(to, "{\"schema_version\":1");
    member(to, "program", suite->program);
    member(to, "title", suite->title);
    member(to, "command", run->command);
    write_machine(to);
    fprintf(to, ",\"rounds\":%d,\"milliseconds\":%d,\"again\":%d,\"disturbed\":%d,\"pair_ns\":%.4g", run->rounds,
            run->length_ms, run->again, run->disturbed, run->pair_ns);
    member(to, "pair", bench_ticks_name());
    values(to, "others", run->others, run->rounds);
    values(to, "servers", run->servers, run->rounds);
    fprintf(to, ",\"own_time\":%s", run->own_time ? "true" : "false");
    fprintf(to, ",\"right\":%s,\n\"cells\":[", run->right ? "true" : "false");
    for (int i = 0; i < suite->cell_count; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        write_cell(to, run, &suite->cells[i]);
    }
    fputs("],\n\"figures\":[", to);
    for (int i = 0; i < suite->figure_count; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        write_figure(to, run, &suite->figures[i]);
    }
    fputs("]}\n", to);
}

static void csv_text(FILE *to, const char *value)
{
    fputc('"', to);
    for (; *value != 0; value++)
        fputs(*value == '"' ? "\"\"" : (char[]){*value, 0}, to);
    fputc('"', to);
}

/* A row for each cell. */
static void write_csv(FILE *to, const struct bench_run *run)
{
    double ratios[BENCH_ROUNDS_MAX];
    fputs("program,cell,name,workers,unit,median,spread,base,ratio,ratio_spread,p50,p99,p999,max,numbers,right,skipped\n", to);
    for (int i = 0; i < run->suite->cell_count; i++) {
        const struct bench_cell *cell = &run->suite->cells[i];
        const struct bench_result *result = cell->result;
        fprintf(to, "%s,%s,", run->suite->program, cell->id);
        csv_text(to, cell->name);
        fprintf(to, ",%d,%s,", cell->workers, cell->unit != NULL ? cell->unit : "ns");
        if (cell->skip != NULL) {
            fputs(",,,,,,,,,,,", to);
            csv_text(to, cell->skip);
            fputc('\n', to);
            continue;
        }
        fprintf(to, "%.6g,%.4g,%s,", bench_quantile(result->value, run->rounds, 0.5), bench_spread(result->value, run->rounds),
                cell->base != NULL ? cell->base : "");
        int count = bench_ratios(run, cell, ratios);
        if (count > 0)
            fprintf(to, "%.6g,%.4g,", bench_quantile(ratios, count, 0.5), bench_spread(ratios, count));
        else
            fputs(",,", to);
        for (int quantity = BENCH_P50; quantity <= BENCH_MAX; quantity++) {
            if (result->histogram != NULL)
                fprintf(to, "%.6g", bench_quantile(result->quantile[quantity], run->latency_rounds, 0.5));
            fputc(',', to);
        }
        fprintf(to, "%llu,%s,\n", (unsigned long long)result->numbers, result->right ? "true" : "false");
    }
}

static bool write_to(const char *path, const struct bench_run *run, void (*how)(FILE *to, const struct bench_run *run))
{
    if (path == NULL)
        return true;
    FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (to == NULL) {
        bench_say("%s cannot be written", path);
        return false;
    }
    how(to, run);
    bool good = fflush(to) == 0 && ferror(to) == 0;
    if (to != stdout)
        good = fclose(to) == 0 && good;
    if (!good)
        bench_say("%s was not written whole", path);
    return good;
}

bool bench_write(const struct bench_run *run)
{
    bool json = write_to(run->json, run, write_json);
    return write_to(run->csv, run, write_csv) && json;
}
