/* SPDX-License-Identifier: MIT */
/*
 * bench_store: what marks cost the store, without docketd's loop: commits through dk_store_commit(), as the clerk
 * makes them, each beside the bare limit in the same round.
 *
 *     bench_store [-s SERIES] [-r ROUNDS] [-d DOCKETD] [-o marks|fold|recovery] [-j] FOLDER
 *
 * FOLDER is made, and stays. -d: docketd's program, for the start up to READY=1. After the clock all is read back by a
 * fresh opening and compared mark by mark; what does not hold ends the program with 1.
 */
#include "store_bench.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAKE_AT_ONCE = 10000 };

void must(docket_status status)
{
    if (status == DOCKET_OK)
        return;
    fprintf(stderr, "bench_store: %s\n", dk_error_text());
    exit(1);
}

void must_lmdb(int error)
{
    if (error == 0)
        return;
    fprintf(stderr, "bench_store: bare LMDB: %s\n", mdb_strerror(error));
    exit(1);
}

void must_system(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "bench_store: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- figures ---- */

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

void add_round(struct cell *cell, double ours, double bare)
{
    if (cell->count == ROUNDS_MAX)
        return;
    cell->ours[cell->count] = ours;
    cell->bare[cell->count++] = bare;
}

static double at_share(const double *sorted, unsigned count, double share)
{
    return sorted[(unsigned)(share * (count - 1) + 0.5)];
}

void show(const struct bench *bench, const char *what, const struct cell *cell, double asked)
{
    double ours[ROUNDS_MAX], bare[ROUNDS_MAX], ratio[ROUNDS_MAX];
    unsigned n = cell->count;
    for (unsigned at = 0; at < n; at++) {
        ours[at] = cell->ours[at];
        bare[at] = cell->bare[at];
        ratio[at] = ours[at] / bare[at];
    }
    qsort(ours, n, sizeof ours[0], by_size);
    qsort(bare, n, sizeof bare[0], by_size);
    qsort(ratio, n, sizeof ratio[0], by_size);
    double middle = at_share(ratio, n, 0.5), spread = (at_share(ratio, n, 0.9) - at_share(ratio, n, 0.1)) / middle;
    const char *met = asked == 0 ? "" : middle <= asked ? "met" : "missed";
    if (bench->json)
        printf("{\"what\": \"%s\", \"ms\": %.3f, \"bare_ms\": %.3f, \"ratio\": %.2f, \"spread\": %.2f, \"asked\": %.2f, "
               "\"rounds\": %u, \"met\": \"%s\"}\n", what, at_share(ours, n, 0.5) * 1e3, at_share(bare, n, 0.5) * 1e3, middle,
               spread, asked, n, met);
    else
        printf("%-64s %9.2f ms %9.2f ms  ratio %5.2f  spread %3.0f %%  asked %4.2f  %s\n", what, at_share(ours, n, 0.5) * 1e3,
               at_share(bare, n, 0.5) * 1e3, middle, spread * 100, asked, met);
    fflush(stdout);
}

/* ---- the realm ---- */

void open_store(struct bench *bench)
{
    struct dk_store_options options = {.realm = bench->realm, .create = true, .boot_id = {1}};
    must(dk_store_open(&options, &bench->store, &bench->facts));
}

void close_store(struct bench *bench, bool clean)
{
    must(dk_store_close(bench->store, clean));
    bench->store = NULL;
}

static void spell_series(const struct dk_policy *policy, uint64_t id, struct dk_series_record *record)
{
    *record = (struct dk_series_record){.id = id, .policy = policy, .created_ns = dk_clock_wall_ns(), .uid = geteuid()};
    snprintf(record->tenant, sizeof record->tenant, "tenant-%06llu", (unsigned long long)((id - 1) / 10));
    snprintf(record->name, sizeof record->name, "invoices-%llu", (unsigned long long)((id - 1) % 10));
    snprintf(record->desk, sizeof record->desk, "default");
}

static void spell_event(const struct dk_series_record *record, struct dk_event *event)
{
    *event = (struct dk_event){.time_ns = record->created_ns, .kind = "series", .uid = record->uid};
    snprintf(event->text, sizeof event->text, "%s/%s made at desk default: strict, restarting never, {SERIES}-{N:6}, start after 0",
             record->tenant, record->name);
    snprintf(event->tenant, sizeof event->tenant, "%s", record->tenant);
    snprintf(event->series, sizeof event->series, "%s", record->name);
}

/* As docketd would have left it: each series with its texts, its event and a counter at rest. */
static void make_series(struct bench *bench)
{
    struct dk_series_record *records = calloc(MAKE_AT_ONCE, sizeof *records);
    const struct dk_series_record **series = calloc(MAKE_AT_ONCE, sizeof(struct dk_series_record *));
    struct dk_event *events = calloc(MAKE_AT_ONCE, sizeof *events);
    struct dk_policy policy;
    must_system(records && series && events, "find memory");
    dk_policy_default(&policy);
    must(dk_policy_set(&policy, "restart", "never"));
    must(dk_policy_set(&policy, "template", "{SERIES}-{N:6}"));
    const struct dk_policy *kept = dk_policy_keep(&policy);
    for (uint64_t made = 0; made < bench->series;) {
        size_t count = 0;
        for (; count < MAKE_AT_ONCE && made < bench->series; count++, made++) {
            spell_series(kept, made + 1, &records[count]);
            spell_event(&records[count], &events[count]);
            series[count] = &records[count];
            bench->images[made] = (struct dk_counter_image){
                .series_id = made + 1, .extent_first = 1, .extent_last = DOCKET_NUMBER_MAX, .mark = 1, .next = 1};
            bench->pointers[count] = &bench->images[made];
        }
        struct dk_change change = {.series = series, .series_count = count, .events = events, .event_count = count,
                                   .counters = bench->pointers, .counter_count = count};
        uint64_t number;
        must(dk_store_commit(bench->store, &change, &number));
    }
    free(records);
    free(series);
    free(events);
}

double commit_marks(struct bench *bench, uint64_t first, uint64_t stride, uint64_t count)
{
    uint64_t number;
    for (uint64_t at = 0, id = first; at < count; at++, id = (id + stride) % bench->series) {
        struct dk_counter_image *image = &bench->images[id];
        image->mark = image->next = image->mark + 17; /* at rest, so that a start has all to read and nothing to mourn */
        bench->pointers[at] = image;
    }
    struct dk_change change = {.counters = bench->pointers, .counter_count = count};
    double began = seconds();
    must(dk_store_commit(bench->store, &change, &number));
    return seconds() - began;
}

double commit_nothing(struct bench *bench)
{
    struct dk_change change = {0};
    uint64_t number;
    double began = seconds();
    must(dk_store_commit(bench->store, &change, &number));
    return seconds() - began;
}

/* ---- nothing is believed ---- */

struct comparing {
    const struct bench *bench;
    uint64_t count, wrong;
};

static docket_status compare(void *context, const struct dk_counter_image *image)
{
    struct comparing *comparing = context;
    comparing->count++;
    bool known = image->series_id > 0 && image->series_id <= comparing->bench->series && image->period == 0;
    const struct dk_counter_image *wanted = known ? &comparing->bench->images[image->series_id - 1] : NULL;
    comparing->wrong += !known || image->mark != wanted->mark || image->next != wanted->next;
    return DOCKET_OK;
}

void verify(struct bench *bench, const char *after)
{
    struct comparing comparing = {.bench = bench};
    close_store(bench, true);
    open_store(bench);
    must(dk_store_each_counter(bench->store, compare, &comparing));
    if (comparing.wrong == 0 && comparing.count == bench->series)
        return;
    fprintf(stderr, "bench_store: after %s: %llu of %llu counters read back, %llu of them with another mark than was "
                    "committed: the figures above are void\n",
            after, (unsigned long long)comparing.count, (unsigned long long)bench->series, (unsigned long long)comparing.wrong);
    bench->failed = 1;
}

static bool read_options(struct bench *bench, int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "s:r:d:o:j")) != -1) {
        if (option == 's')
            bench->series = strtoull(optarg, NULL, 10);
        else if (option == 'r')
            bench->rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'd')
            bench->docketd = optarg;
        else if (option == 'o')
            bench->only = optarg;
        else if (option == 'j')
            bench->json = true;
        else
            return false;
    }
    return optind + 1 == argc && bench->series >= 1000 && bench->series <= 1000000 && bench->rounds > 0 &&
           bench->rounds <= ROUNDS_MAX;
}

static bool wants(const struct bench *bench, const char *part)
{
    return bench->only == NULL || strcmp(bench->only, part) == 0;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.series = 1000000, .rounds = 7};
    if (!read_options(&bench, argc, argv)) {
        fprintf(stderr, "usage: bench_store [-s SERIES (1000 to 1000000)] [-r ROUNDS] [-d DOCKETD] [-o PART] [-j] FOLDER\n");
        return 2;
    }
    snprintf(bench.folder, sizeof bench.folder, "%s", argv[optind]);
    snprintf(bench.realm, sizeof bench.realm, "%s/realm", bench.folder);
    must_system(mkdir(bench.folder, 0700) == 0 || errno == EEXIST, "make the folder");
    bench.images = calloc(bench.series, sizeof *bench.images);
    bench.pointers = calloc(bench.series, sizeof(struct dk_counter_image *));
    must_system(bench.images && bench.pointers, "find memory");
    open_store(&bench);
    double began = seconds();
    make_series(&bench);
    if (!bench.json)
        printf("%llu series made in %.1f s\n", (unsigned long long)bench.series, seconds() - began);
    if (wants(&bench, "marks"))
        run_marks(&bench);
    if (wants(&bench, "fold"))
        run_fold(&bench);
    if (wants(&bench, "recovery"))
        run_recovery(&bench);
    close_store(&bench, true);
    return bench.failed;
}
