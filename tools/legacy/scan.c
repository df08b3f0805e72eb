/* SPDX-License-Identifier: MIT */
/* scan: reads all rows, keeps what is needed of each in files, and has them judged. */
#include "scan_inside.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SORT_RECORDS = 1200000, GROUP_RECORDS = 200000 };

static const char *const kinds[SCAN_KINDS] = {"duplicate", "folded", "twice", "misfit", "gap", "disorder", "largest"};

const char *scan_kind_name(enum scan_kind kind)
{
    return kinds[kind];
}

/* ---- what the parts have in common ---- */

bool scan_fail_spool(struct scan *scan)
{
    scan->code = cli_fail(scan->cli, DOCKET_NO_SPACE, "%s", scan->spool.error);
    return false;
}

bool scan_fail_sorter(struct scan *scan, const struct sorter *sorter)
{
    scan->code = cli_fail(scan->cli, DOCKET_NO_SPACE, "%s", sorter_error(sorter));
    return false;
}

bool scan_tell(struct scan *scan, const struct scan_finding *finding)
{
    scan->totals->found[finding->kind]++;
    scan->totals->all++;
    if (scan->options->finding != NULL && scan->options->finding(scan->options->context, finding) != 0)
        scan->stopped = true;
    return !scan->stopped;
}

bool scan_again(struct scan *scan, uint64_t place, struct spooled *row)
{
    return spool_get(&scan->spool, place, row) || scan_fail_spool(scan);
}

struct scan_row scan_shown(const struct scan *scan, const struct spooled *row)
{
    const char *tenant = scan->names.tenants[row->tenant];
    return (struct scan_row){.tenant = {tenant, strlen(tenant)},
                             .number = row->number,
                             .date = row->date,
                             .id = row->id,
                             .line = row->line,
                             .day = row->day == NO_DAY ? SCAN_NO_DAY : (int64_t)row->day};
}

static char fold(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool scan_same(struct span a, struct span b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.text, b.text, a.bytes) == 0);
}

bool scan_same_folded(struct span a, struct span b)
{
    if (a.bytes != b.bytes)
        return false;
    for (size_t at = 0; at < a.bytes; at++)
        if (fold(a.text[at]) != fold(b.text[at]))
            return false;
    return true;
}

/* ---- one row ---- */

static bool keep_row(struct scan *scan, struct spooled *row, uint64_t *place)
{
    char folded[SPOOL_NUMBER];
    size_t bytes = row->number.bytes < sizeof folded ? row->number.bytes : sizeof folded;
    if (scan->options->only_counters)
        return true;
    if (!spool_put(&scan->spool, row, place))
        return scan_fail_spool(scan);
    for (size_t at = 0; at < bytes; at++)
        folded[at] = fold(row->number.text[at]);
    struct hash hash = hash_of(folded, bytes, row->tenant);
    const struct sorted alike = {{hash.high, hash.low, *place}};
    return sorter_add(scan->alike, &alike) || scan_fail_sorter(scan, scan->alike);
}

static bool put_number(struct scan *scan, const struct spooled *row, const struct docket_reading *reading, uint64_t place)
{
    uint32_t counter = names_counter(&scan->names, row->tenant, reading->series, reading->period);
    uint32_t day = scan->by_text && reading->date != 0 ? reading->date : row->day;
    if (counter == NAMES_NONE) {
        scan->code = cli_fail(scan->cli, DOCKET_NO_MEMORY, "no memory for so many series and periods");
        return false;
    }
    scan->names.counters[counter].rows++;
    const struct sorted number = {{(uint64_t)counter << 18 | reading->number >> 32, reading->number << 32 | day, place}};
    return sorter_add(scan->numbers, &number) || scan_fail_sorter(scan, scan->numbers);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What no document number can have, for people who do not see it. */
static const char *odd_bytes(struct span number)
{
    if (is_blank(number.text[0]) || is_blank(number.text[number.bytes - 1]))
        return "it has blanks around it, and no series writes those";
    for (size_t at = 0; at < number.bytes; at++)
        if ((unsigned char)number.text[at] < ' ' || (unsigned char)number.text[at] > '~')
            return "it has a character that no series writes (not of ASCII, or one that does not print)";
    return "no series of the tenant writes it";
}

static bool tell_misfit(struct scan *scan, const struct spooled *row, docket_status status)
{
    const char *why = odd_bytes(row->number);
    if (status == DOCKET_COLLISION)
        why = "two series of the tenant could have written it";
    else if (status == DOCKET_BAD_DATE)
        why = "its series restarts, and neither text nor row has a date from 2001 to 2099";
    const struct scan_finding finding = {
        .kind = SCAN_MISFIT, .row = scan_shown(scan, row), .tenant = scan->names.tenants[row->tenant], .why = why};
    return scan_tell(scan, &finding);
}

static bool tell_above_last(struct scan *scan, const struct spooled *row, const struct docket_reading *reading)
{
    char why[96];
    snprintf(why, sizeof why, "the series ends at %llu", (unsigned long long)reading->last);
    const struct scan_finding finding = {.kind = SCAN_LARGEST,
                                         .row = scan_shown(scan, row),
                                         .tenant = scan->names.tenants[row->tenant],
                                         .series = reading->series,
                                         .period = reading->period,
                                         .first = reading->number,
                                         .last = reading->number,
                                         .why = why};
    return scan_tell(scan, &finding);
}

static bool take_row(struct scan *scan, const struct legacy_row *read)
{
    struct docket_reading reading;
    uint64_t place = 0;
    uint32_t day = legacy_day(read->date);
    scan->totals->rows++;
    scan->totals->undated += day == 0;
    if (read->number.bytes == 0) {
        scan->totals->unnumbered++;
        return true;
    }
    struct spooled *row = &scan->row; /* its room is not used here */
    row->line = read->line;
    row->tenant = names_tenant(&scan->names, read->tenant);
    row->day = day != 0 ? day : NO_DAY;
    row->number = read->number;
    row->date = read->date;
    row->id = read->id;
    if (row->tenant == NAMES_NONE) {
        scan->code = cli_fail(scan->cli, DOCKET_NO_MEMORY, "no memory for so many tenants");
        return false;
    }
    if (!keep_row(scan, row, &place))
        return false;
    docket_status status = docket_reader_read_dated(scan->options->reader, scan->names.tenants[row->tenant], read->number.text,
                                                    read->number.bytes, day, &reading);
    if (status != DOCKET_OK)
        return tell_misfit(scan, row, status);
    scan->totals->fitting++;
    if (reading.number > reading.last)
        return tell_above_last(scan, row, &reading);
    return put_number(scan, row, &reading, place);
}

/* ---- all ---- */

static bool open_all(struct scan *scan)
{
    bool keeps = !scan->options->only_counters;
    names_open(&scan->names);
    scan->spool.fd = -1;
    if (keeps && !spool_open(&scan->spool))
        return scan_fail_spool(scan);
    scan->alike = keeps ? sorter_open(SORT_RECORDS) : NULL;
    scan->numbers = sorter_open(SORT_RECORDS);
    if ((keeps && scan->alike == NULL) || scan->numbers == NULL) {
        scan->code = cli_fail(scan->cli, DOCKET_NO_MEMORY, "no memory to sort in");
        return false;
    }
    return true;
}

static bool read_all(struct scan *scan)
{
    struct legacy_row row;
    int got;
    while ((got = legacy_next(scan->source, &row)) == 1) {
        progress_step(&scan->progress);
        if (!take_row(scan, &row))
            return false;
    }
    if (got < 0)
        scan->code = legacy_code(scan->source);
    return got == 0;
}

static bool find_alike(struct scan *scan)
{
    if (scan->options->only_counters)
        return true;
    scan->groups = sorter_open(GROUP_RECORDS);
    if (scan->groups == NULL) {
        scan->code = cli_fail(scan->cli, DOCKET_NO_MEMORY, "no memory to sort in");
        return false;
    }
    return scan_find_alike(scan);
}

static void close_all(struct scan *scan)
{
    sorter_close(scan->alike);
    sorter_close(scan->groups);
    sorter_close(scan->numbers);
    if (!scan->options->only_counters)
        spool_close(&scan->spool);
    names_close(&scan->names);
}

int scan_run(const struct cli *cli, struct legacy_source *source, const struct scan_options *options,
             struct scan_totals *totals)
{
    struct scan *scan = calloc(1, sizeof *scan);
    if (scan == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for a scan");
    *totals = (struct scan_totals){0};
    scan->cli = cli;
    scan->source = source;
    scan->options = options;
    scan->totals = totals;
    scan->by_text = !legacy_has(source, "date");
    progress_begin(&scan->progress, cli, "rows read");
    bool done = open_all(scan) && read_all(scan);
    totals->tenants = scan->names.tenant_count;
    totals->counters = scan->names.counter_count;
    progress_end(&scan->progress);
    progress_begin(&scan->progress, cli, "numbers compared");
    done = done && find_alike(scan) && scan_find_in_counters(scan);
    progress_end(&scan->progress);
    close_all(scan);
    int code = done || scan->stopped ? CLI_DONE : scan->code;
    free(scan);
    return code;
}
