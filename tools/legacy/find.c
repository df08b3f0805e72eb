/* SPDX-License-Identifier: MIT */
/*
 * find: three passes over the source. Where a series is known docket scan's own pass comes first: the highest plausible
 * number of each counter, and what a plan leaves alone. Then one that keeps a hash of each row, and one that takes the
 * rows whose hash came twice. What is kept of a row that is no duplicate is eight bytes. All must see the same data.
 */
#include "find.h"

#include "../address.h"
#include "../progress.h"
#include "left.h"
#include "sorter.h"
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DUPLICATES_MAX = 2000000 }; /* some 500 MB */

/* A (tenant, series, period) and its highest number in the source. */
struct counter {
    const char *tenant, *series;
    int32_t period;
    uint64_t highest;
};

struct finding {
    const struct cli *cli;
    const char *source;
    struct known *known;
    struct plan *plan;
    uint64_t largest;
    struct plan_index index;
    struct counter *counters; /* by their place, series NULL: none there */
    size_t counter_count, counter_room; /* a power of two */
    struct left left;
    struct progress progress;
    uint64_t rows, unnumbered;
    bool too_many; /* duplicates */
    bool failed; /* no memory */
};

/* ---- stdin ---- */

static bool copy_stdin(int to)
{
    char bytes[1 << 16];
    ssize_t got;
    while ((got = read(STDIN_FILENO, bytes, sizeof bytes)) != 0)
        if (got > 0 ? !sorter_write(to, bytes, (size_t)got) : errno != EINTR)
            return false;
    return true;
}

int find_keep_stdin(const struct cli *cli)
{
    if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
        return CLI_DONE; /* a file, which can be read again */
    int fd = sorter_file(), code = CLI_DONE;
    if (fd < 0 || !copy_stdin(fd) || dup2(fd, STDIN_FILENO) < 0)
        code = cli_fail(cli, errno == ENOSPC ? DOCKET_NO_SPACE : DOCKET_SYSTEM,
                        "cannot keep what stdin says in a file in %s, to read it twice: %s; write it to a file and name that",
                        sorter_folder(), strerror(errno));
    if (fd >= 0)
        close(fd); /* stdin has it now */
    return code;
}

/* ---- counters ---- */

static uint64_t counter_hash(const char *tenant, const char *series, int32_t period)
{
    return plan_hash(tenant, strlen(tenant), series, strlen(series)) + (uint64_t)(uint32_t)period * 0x9e3779b97f4a7c15ULL;
}

static struct counter *place_of(struct counter *counters, size_t room, const char *tenant, const char *series, int32_t period)
{
    size_t at = (counter_hash(tenant, series, period) >> 7) & (room - 1);
    while (counters[at].series != NULL && (counters[at].period != period || strcmp(counters[at].series, series) != 0 ||
                                           strcmp(counters[at].tenant, tenant) != 0))
        at = (at + 1) & (room - 1);
    return &counters[at];
}

static bool grow_counters(struct finding *finding)
{
    size_t room = finding->counter_room > 0 ? finding->counter_room * 2 : 1024;
    struct counter *counters = calloc(room, sizeof *counters);
    if (counters == NULL)
        return false;
    for (size_t i = 0; i < finding->counter_room; i++) {
        const struct counter *old = &finding->counters[i];
        if (old->series != NULL)
            *place_of(counters, room, old->tenant, old->series, old->period) = *old;
    }
    free(finding->counters);
    finding->counters = counters;
    finding->counter_room = room;
    return true;
}

/* Told once of each counter. */
static int keep_highest(void *context, const struct scan_counter *seen)
{
    struct finding *finding = context;
    struct arena *arena = &finding->plan->arena;
    if (finding->counter_count * 2 >= finding->counter_room && !grow_counters(finding)) {
        finding->failed = true;
        return 1;
    }
    const struct counter kept = {arena_text(arena, seen->tenant, strlen(seen->tenant)), arena_text(arena, seen->series, strlen(seen->series)),
                                 seen->period, seen->plausible != 0 ? seen->plausible : seen->highest};
    if (kept.tenant == NULL || kept.series == NULL) {
        finding->failed = true;
        return 1;
    }
    *place_of(finding->counters, finding->counter_room, kept.tenant, kept.series, kept.period) = kept;
    finding->counter_count++;
    return 0;
}

static int keep_left(void *context, const struct scan_finding *found)
{
    struct finding *finding = context;
    if (found->kind == SCAN_TWICE && finding->plan->twice)
        return 0;
    finding->failed = finding->failed || !left_add(&finding->left, &finding->plan->arena, found);
    return finding->failed;
}

/* ---- a row ---- */

static bool has_zero(struct span text)
{
    return text.bytes > 0 && memchr(text.text, '\0', text.bytes) != NULL;
}

/* Rows with a zero byte somewhere are taken for rows without a number: no plan could name them. */
static bool is_numbered(const struct legacy_row *row)
{
    return row->number.bytes > 0 && !has_zero(row->number) && !has_zero(row->id) && !has_zero(row->tenant) && !has_zero(row->date);
}

static uint64_t row_hash(const struct legacy_row *row)
{
    return plan_hash(row->tenant.text, row->tenant.bytes, row->number.text, row->number.bytes);
}

static bool fits(struct finding *finding, const struct legacy_row *row, char tenant[DOCKET_NAME_MAX + 1], struct docket_reading *reading)
{
    if (row->tenant.bytes > DOCKET_NAME_MAX)
        return false;
    if (row->tenant.bytes > 0)
        memcpy(tenant, row->tenant.text, row->tenant.bytes);
    tenant[row->tenant.bytes] = '\0';
    return docket_reader_read_dated(finding->known->reader, tenant, row->number.text, row->number.bytes, legacy_day(row->date),
                                    reading) == DOCKET_OK;
}

/* Of a number, whatever its text: of another kind than the hash of a text. */
static uint64_t number_hash(const struct docket_reading *reading)
{
    uint64_t hash = counter_hash(reading->tenant, reading->series, reading->period) ^ 0x5bd1e9955bd1e995ULL;
    hash = (hash ^ reading->number) * 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;
    return hash ^ hash >> 32;
}

static void keep_hash(struct finding *finding, const struct legacy_row *row)
{
    char tenant[DOCKET_NAME_MAX + 1];
    struct docket_reading reading;
    if (!is_numbered(row)) {
        finding->unnumbered++;
        return;
    }
    finding->failed = !plan_index_add(&finding->index, row_hash(row)) ||
                      (finding->plan->twice && fits(finding, row, tenant, &reading) &&
                       !plan_index_add(&finding->index, number_hash(&reading)));
}

static const char *keep_text(struct finding *finding, struct span text)
{
    const char *kept = arena_text(&finding->plan->arena, text.text, text.bytes);
    finding->failed |= kept == NULL;
    return kept;
}

static void take_twin(struct finding *finding, const struct legacy_row *row)
{
    char tenant[DOCKET_NAME_MAX + 1];
    struct docket_reading reading = {0};
    if (!is_numbered(row))
        return;
    bool read = finding->plan->twice && fits(finding, row, tenant, &reading);
    if (!plan_index_twice(&finding->index, row_hash(row)) && !(read && plan_index_twice(&finding->index, number_hash(&reading))))
        return;
    struct plan_row taken = {.tenant = keep_text(finding, row->tenant), .id = keep_text(finding, row->id),
                             .date = keep_text(finding, row->date), .number = keep_text(finding, row->number),
                             .day = legacy_day(row->date)};
    if (fits(finding, row, tenant, &reading)) {
        taken.series = reading.series;
        taken.period = reading.period;
        taken.shown = reading.date != 0 ? reading.date : taken.day;
        taken.value = finding->plan->twice ? reading.number : 0;
    }
    finding->too_many = finding->plan->count >= DUPLICATES_MAX;
    if (!finding->failed && (finding->too_many || plan_add(finding->plan, &taken) == NULL))
        finding->failed = true;
}

/* ---- passes ---- */

static int open_source(struct finding *finding, struct legacy_source **source)
{
    if (strcmp(finding->source, "-") == 0)
        lseek(STDIN_FILENO, 0, SEEK_SET);
    int code = legacy_open(finding->cli, finding->source, source);
    if (code == CLI_DONE)
        legacy_want_digest(*source);
    return code;
}

static int close_source(struct finding *finding, struct legacy_source *source, int code, uint8_t digest[LEGACY_DIGEST_BYTES])
{
    if (code == CLI_DONE && finding->too_many)
        code = cli_fail(finding->cli, DOCKET_NO_MEMORY, "more than %d rows have a number that another row has too, which nobody can read as "
                                                        "a plan: are --columns right? Else plan tenant by tenant (--tenant)",
                        DUPLICATES_MAX);
    else if (code == CLI_DONE && finding->failed)
        code = cli_fail(finding->cli, DOCKET_NO_MEMORY, "no memory to plan with, after %" PRIu64 " rows", finding->rows);
    legacy_digest(source, digest);
    legacy_close(source);
    return code;
}

static int pass(struct finding *finding, void (*each)(struct finding *, const struct legacy_row *), uint8_t digest[LEGACY_DIGEST_BYTES])
{
    struct legacy_source *source = NULL;
    struct legacy_row row;
    int code = open_source(finding, &source), got = 0;
    if (code != CLI_DONE)
        return code;
    finding->rows = 0;
    progress_begin(&finding->progress, finding->cli, "rows read");
    while (!finding->failed && (got = legacy_next(source, &row)) == 1) {
        finding->rows++;
        each(finding, &row);
        progress_step(&finding->progress);
    }
    progress_end(&finding->progress);
    return close_source(finding, source, got < 0 ? legacy_code(source) : CLI_DONE, digest);
}

static int scan(struct finding *finding, uint8_t digest[LEGACY_DIGEST_BYTES])
{
    const struct scan_options options = {.reader = finding->known->reader, .largest = finding->largest, .finding = keep_left,
                                         .counter = keep_highest, .context = finding};
    struct scan_totals totals;
    struct legacy_source *source = NULL;
    int code = open_source(finding, &source);
    if (code == CLI_DONE)
        code = close_source(finding, source, scan_run(finding->cli, source, &options, &totals), digest);
    return code;
}

static int check_same(const struct finding *finding, const uint8_t a[LEGACY_DIGEST_BYTES], const uint8_t b[LEGACY_DIGEST_BYTES])
{
    if (memcmp(a, b, LEGACY_DIGEST_BYTES) == 0)
        return CLI_DONE;
    return cli_fail(finding->cli, DOCKET_BUSY, "%s changed while it was read: stop what writes to it, or plan on a copy",
                    finding->plan->source);
}

static int read_source(struct finding *finding)
{
    uint8_t first[LEGACY_DIGEST_BYTES], again[LEGACY_DIGEST_BYTES];
    int code = pass(finding, keep_hash, first);
    if (code != CLI_DONE)
        return code;
    finding->plan->source_rows = finding->rows;
    if (!plan_index_sort(&finding->index))
        return cli_fail(finding->cli, DOCKET_NO_MEMORY, "no memory to plan with, after %" PRIu64 " rows", finding->rows);
    legacy_digest_text(first, finding->plan->digest);
    if (finding->known->has_series)
        code = scan(finding, again);
    if (code == CLI_DONE && finding->known->has_series)
        code = check_same(finding, first, again);
    if (code != CLI_DONE || finding->index.twice_count == 0)
        return code;
    code = pass(finding, take_twin, again);
    return code == CLI_DONE ? check_same(finding, first, again) : code;
}

/* ---- what a decision asks ---- */

static bool is_there(void *context, const char *tenant, const char *text)
{
    const struct finding *finding = context;
    return plan_index_has(&finding->index, plan_hash(tenant, strlen(tenant), text, strlen(text)));
}

static bool is_written(void *context, const char *tenant, const char *text)
{
    const struct finding *finding = context;
    struct docket_reading reading;
    docket_status status = docket_reader_read(finding->known->reader, tenant, text, strlen(text), &reading);
    return status == DOCKET_OK || status == DOCKET_COLLISION || status == DOCKET_BAD_DATE;
}

static uint64_t highest(void *context, const struct plan_row *row)
{
    const struct finding *finding = context;
    if (finding->counter_room == 0)
        return 0;
    return place_of(finding->counters, finding->counter_room, row->tenant, row->series, row->period)->highest;
}

static const char *text_of(void *context, const struct plan_row *row, uint64_t number, char text[DOCKET_TEXT_MAX])
{
    const struct finding *finding = context;
    docket_reader *reader = finding->known->reader;
    struct docket_reading reading;
    docket_status status = docket_reader_write(reader, row->tenant, row->series, row->shown, number, text);
    if (status == DOCKET_BAD_COUNT)
        return "the series has no number left above those that are used";
    if (status == DOCKET_BAD_DATE)
        return "neither its text nor its date says which day a new number would show";
    if (status != DOCKET_OK)
        return "its series writes no numbers any more";
    size_t longest = known_longest(finding->known, row->tenant, row->series);
    if (longest != 0 && strlen(text) > longest)
        return "the next number is too long for the series' profile";
    status = docket_reader_read_dated(reader, row->tenant, text, strlen(text), row->shown, &reading);
    if (status != DOCKET_OK || reading.number != number || reading.period != row->period || strcmp(reading.series, row->series) != 0)
        return "the series would write it otherwise today, in another period";
    return NULL;
}

static const char *refuses(void *context, const struct plan_row *row)
{
    const struct finding *finding = context;
    return known_gives(finding->known, row->tenant, row->series, row->period)
               ? "docket itself gives numbers of its series in this period"
               : NULL;
}

static void name_period(void *context, int32_t period, char text[16])
{
    (void)context;
    _Static_assert(PERIOD_TEXT_BYTES == 16, "a plan's room for a period");
    char room[PERIOD_TEXT_BYTES];
    snprintf(text, PERIOD_TEXT_BYTES, "%s", address_period_text(period, room));
}

static size_t longest(void *context, const struct plan_row *row)
{
    const struct finding *finding = context;
    return known_longest(finding->known, row->tenant, row->series != NULL ? row->series : "");
}

/* ---- deciding ---- */

/* docketd is asked about the series that duplicates are of. */
static int ask_about(struct finding *finding)
{
    const struct plan *plan = finding->plan;
    int code = CLI_DONE;
    for (size_t i = 0; code == CLI_DONE && i < plan->count; i++) {
        char name[2 * DOCKET_NAME_MAX + 2];
        if (plan->rows[i].series == NULL)
            continue;
        snprintf(name, sizeof name, "%s/%s", plan->rows[i].tenant, plan->rows[i].series);
        code = known_ask(finding->known, name);
    }
    return code;
}

static bool add_left(struct finding *finding)
{
    char why[80];
    snprintf(why, sizeof why, "%" PRIu64 " rows have no number, or a zero byte", finding->unnumbered);
    if (finding->unnumbered > 0 && plan_add(finding->plan, &(struct plan_row){.what = PLAN_LEFT, .why = why}) == NULL)
        return false;
    return left_write(&finding->left, finding->plan);
}

static int decide(struct finding *finding)
{
    const struct plan_world world = {finding, is_there, is_written, highest, text_of, refuses, name_period, longest};
    int code = ask_about(finding);
    if (code != CLI_DONE)
        return code;
    if (!plan_decide(finding->plan, &world) || !add_left(finding))
        return cli_fail(finding->cli, DOCKET_NO_MEMORY, "no memory to plan with");
    return CLI_DONE;
}

int find_plan(const struct cli *cli, const char *source, struct known *known, uint64_t largest, struct plan *plan)
{
    struct finding finding = {.cli = cli, .source = source, .known = known, .plan = plan, .largest = largest};
    int code = read_source(&finding);
    if (code == CLI_DONE)
        code = decide(&finding);
    plan_index_drop(&finding.index);
    free(finding.counters);
    left_drop(&finding.left);
    return code;
}
