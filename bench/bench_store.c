/* SPDX-License-Identifier: MIT */
/*
 * bench_store: what marks cost the store: commits through dk_store_commit(), as docketd's clerk makes them, each
 * beside the bare limit in the same round; and the way back, from the file until docketd serves.
 *
 *     bench_store [-s SERIES] [-d DOCKETD] FOLDER
 *
 * FOLDER is made if it is not there, and what was made in it stays. After the clock all is read back by a fresh
 * opening and compared mark by mark.
 */
#include "store_bench.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAKE_AT_ONCE = 10000 };

struct realm realm = {.series = 1000000};
char bench_folder[256];
const char *bench_docketd;

void must(docket_status status)
{
    if (status != DOCKET_OK)
        bench_fail("%s", dk_error_text());
}

void must_lmdb(int error)
{
    if (error != 0)
        bench_fail("bare LMDB: %s", mdb_strerror(error));
}

void must_system(bool held, const char *what)
{
    if (!held)
        bench_fail("cannot %s: %s", what, strerror(errno));
}

/* ---- the realm ---- */

void alloc_realm(struct realm *made, const char *name, uint64_t series)
{
    snprintf(made->path, sizeof made->path, "%s/%s", bench_folder, name);
    made->series = series;
    made->images = calloc(series, sizeof *made->images);
    made->pointers = calloc(series, sizeof(struct dk_counter_image *));
    must_system(made->images && made->pointers, "find memory");
    for (uint64_t at = 0; at < series; at++)
        made->images[at] = (struct dk_counter_image){
            .series_id = at + 1, .extent_first = 1, .extent_last = DOCKET_NUMBER_MAX, .mark = 1, .next = 1};
}

void free_realm(struct realm *made)
{
    free(made->images);
    free(made->pointers);
}

void open_realm(struct realm *opened)
{
    struct dk_store_options options = {.realm = opened->path, .create = true, .boot_id = {1}};
    if (opened->store == NULL)
        must(dk_store_open(&options, &opened->store, &opened->facts));
}

void close_realm(struct realm *closed)
{
    must(dk_store_close(closed->store, true));
    closed->store = NULL;
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

static const struct dk_policy *make_policy(void)
{
    struct dk_policy policy;
    dk_policy_default(&policy);
    must(dk_policy_set(&policy, "restart", "never"));
    must(dk_policy_set(&policy, "template", "{SERIES}-{N:6}"));
    return dk_policy_keep(&policy);
}

/* As docketd would have left it: each series with its texts, its event and a counter at rest. */
static void make_series(struct realm *made)
{
    struct dk_series_record *records = calloc(MAKE_AT_ONCE, sizeof *records);
    const struct dk_series_record **series = calloc(MAKE_AT_ONCE, sizeof(struct dk_series_record *));
    struct dk_event *events = calloc(MAKE_AT_ONCE, sizeof *events);
    const struct dk_policy *policy = make_policy();
    must_system(records && series && events, "find memory");
    for (uint64_t id = 1; id <= made->series;) {
        size_t count = 0;
        for (; count < MAKE_AT_ONCE && id <= made->series; count++, id++) {
            spell_series(policy, id, &records[count]);
            spell_event(&records[count], &events[count]);
            series[count] = &records[count];
            made->pointers[count] = &made->images[id - 1];
        }
        struct dk_change change = {.series = series, .series_count = count, .events = events, .event_count = count,
                                   .counters = made->pointers, .counter_count = count};
        uint64_t number;
        must(dk_store_commit(made->store, &change, &number));
    }
    free(records);
    free(series);
    free(events);
}

double commit_marks(struct realm *raised, uint64_t first, uint64_t stride, uint64_t count)
{
    uint64_t number;
    for (uint64_t at = 0, id = first; at < count; at++, id = (id + stride) % raised->series) {
        struct dk_counter_image *image = &raised->images[id];
        image->mark = image->next = image->mark + 17; /* at rest: a start has all to read and nothing to mourn */
        raised->pointers[at] = image;
    }
    struct dk_change change = {.counters = raised->pointers, .counter_count = count};
    double began = milliseconds();
    must(dk_store_commit(raised->store, &change, &number));
    return milliseconds() - began;
}

double commit_nothing(struct realm *committed)
{
    struct dk_change change = {0};
    uint64_t number;
    double began = milliseconds();
    must(dk_store_commit(committed->store, &change, &number));
    return milliseconds() - began;
}

/* ---- nothing is believed ---- */

struct comparing {
    const struct realm *realm;
    uint64_t count, wrong;
};

static docket_status compare(void *context, const struct dk_counter_image *image)
{
    struct comparing *comparing = context;
    comparing->count++;
    bool known = image->series_id > 0 && image->series_id <= comparing->realm->series && image->period == 0;
    const struct dk_counter_image *wanted = known ? &comparing->realm->images[image->series_id - 1] : NULL;
    comparing->wrong += !known || image->mark != wanted->mark || image->next != wanted->next;
    return DOCKET_OK;
}

bool realm_holds(struct realm *held)
{
    struct comparing comparing = {.realm = held};
    if (held->store != NULL)
        close_realm(held);
    open_realm(held);
    must(dk_store_each_counter(held->store, compare, &comparing));
    if (comparing.wrong == 0 && comparing.count == held->series)
        return true;
    bench_say("%llu of %llu counters read back, %llu of them with another mark than was committed",
              (unsigned long long)comparing.count, (unsigned long long)held->series, (unsigned long long)comparing.wrong);
    return false;
}

/* Cells share the realm: once is enough. */
static bool verify(const struct bench_cell *cell, const struct bench_got *got)
{
    static bool read, holds;
    (void)cell;
    (void)got;
    if (!read)
        holds = realm_holds(&realm);
    read = true;
    return holds;
}

/* ---- cells and figures ---- */

static struct marks hundred = {.at_most = 100}, ten_thousand = {.at_most = 10000}, a_tenth = {.share = 10};

#define CELL(ID, NAME, BASE, CONTEXT, MEASURE) \
    {.id = (ID), .name = (NAME), .base = (BASE), .context = (void *)(CONTEXT), .measure = (MEASURE), .unit = "ms", .verify = verify}

static struct bench_cell cells[] = {
    CELL("marks_100", "one commit, 100 marks", "raw_100", &hundred, measure_marks),
    CELL("raw_100", "  write as many bytes + fdatasync", NULL, &hundred, measure_raw),
    CELL("marks_10000", "one commit, 10,000 marks", "raw_10000", &ten_thousand, measure_marks),
    CELL("raw_10000", "  write as many bytes + fdatasync", NULL, &ten_thousand, measure_raw),
    CELL("marks_tenth", "one commit, a tenth of all series", "raw_tenth", &a_tenth, measure_marks),
    CELL("raw_tenth", "  write as many bytes + fdatasync", NULL, &a_tenth, measure_raw),
    CELL("many", "eight such commits, folds and all, each", "many_raw", &a_tenth, measure_many),
    CELL("many_raw", "  write as many bytes + fdatasync", NULL, &a_tenth, measure_many_raw),
    CELL("fold", "fold of all series, over old ones", "fold_bare", in_order, measure_fold),
    CELL("fold_step", "  its longest commit", NULL, NULL, measure_fold_step),
    CELL("fold_bare", "  bare LMDB, sorted, one transaction", NULL, NULL, measure_fold_bare),
    CELL("fold_mixed", "fold of all, made dirty in no order", "mixed_bare", in_no_order, measure_fold),
    CELL("mixed_step", "  its longest commit", NULL, NULL, measure_fold_step),
    CELL("mixed_bare", "  bare LMDB, sorted, one transaction", NULL, NULL, measure_fold_bare),
    CELL("first", "fold of all into an empty store", "first_bare", NULL, measure_first_fold),
    CELL("first_bare", "  bare LMDB, MDB_APPEND", NULL, NULL, measure_first_fold_bare),
    CELL("load", "store opened, all read into a table, warm", "scan", warm, measure_load),
    CELL("start", "docketd until READY=1, warm", "scan", warm, measure_start),
    CELL("start_board", "  with all series on the board", "scan", on_board, measure_start),
    CELL("scan", "  bare scan, table and index, warm", NULL, warm, measure_scan),
    CELL("load_cold", "store opened, all read into a table, cold", "scan_cold", cold, measure_load),
    CELL("start_cold", "docketd until READY=1, cold", "scan_cold", cold, measure_start),
    CELL("scan_cold", "  bare scan, table and index, cold", NULL, cold, measure_scan),
};

static const struct bench_figure figures[] = {
    {.id = "marks", .sentence = "one commit of the marks of a tenth of all series / raw write and fdatasync of the same bytes",
     .asked_as = "<=", .asked = 2.5, .of = "marks_tenth", .over = "raw_tenth"},
    {.id = "marks_many", .sentence = "the same, eight in a row, with what they fold / raw", .of = "many", .over = "many_raw"},
    {.id = "fold", .sentence = "fold of all series, churned / LMDB's own packed write", .asked_as = "<=", .asked = 2,
     .of = "fold", .over = "fold_bare"},
    {.id = "fold_first", .sentence = "fold of all series, fresh / LMDB's own packed write", .asked_as = "<=", .asked = 2,
     .of = "first", .over = "first_bare"},
    {.id = "recovery", .sentence = "docketd until it serves, warm / bare scan plus fill", .asked_as = "<=", .asked = 1.5,
     .of = "start", .over = "scan"},
    {.id = "recovery_cold", .sentence = "docketd until it serves, cold / bare scan plus fill", .asked_as = "<=", .asked = 1.5,
     .of = "start_cold", .over = "scan_cold"},
};

static bool option(int letter, const char *value)
{
    if (letter == 'd')
        bench_docketd = value;
    else
        realm.series = strtoull(value, NULL, 10);
    return realm.series >= 1000 && realm.series <= 1000000;
}

static bool set_up(int count, char **operands)
{
    if (count != 1)
        return false;
    snprintf(bench_folder, sizeof bench_folder, "%s", operands[0]);
    must_system(mkdir(bench_folder, 0700) == 0 || errno == EEXIST, "make the folder");
    for (size_t at = 0; bench_docketd == NULL && at < sizeof cells / sizeof cells[0]; at++)
        if (cells[at].measure == measure_start)
            cells[at].skip = "-d says where docketd is";
    mallopt(M_MMAP_THRESHOLD, 32 << 20); /* as docketd does */
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    alloc_realm(&realm, "realm", realm.series);
    open_realm(&realm);
    if (!realm.facts.created) {
        bench_say("%s has been used: name a new folder", bench_folder);
        return false;
    }
    make_series(&realm);
    return true;
}

static void tear_down(void)
{
    close_realm(&realm);
    lose_runtime(true);
    free_realm(&realm);
}

static const struct bench_suite suite = {.program = "bench_store",
                                         .title = "marks in the store: commit, fold, recovery",
                                         .cells = cells,
                                         .cell_count = sizeof cells / sizeof cells[0],
                                         .figures = figures,
                                         .figure_count = sizeof figures / sizeof figures[0],
                                         .letters = "s:d:",
                                         .usage = "[-s SERIES] [-d DOCKETD] FOLDER",
                                         .option = option,
                                         .set_up = set_up,
                                         .tear_down = tear_down};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
