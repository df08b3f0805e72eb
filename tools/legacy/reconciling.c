/* SPDX-License-Identifier: MIT */
#include "reconciling.h"

#include "../progress.h"
#include "../session.h"
#include "docket_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_OF_CALL = 90000, LINE_MOST = 40 };

#define UNKNOWN_MOST ((uint64_t)1 << 32) /* a bit each */

struct unknown {
    uint64_t first, last;
    uint64_t bit; /* of its first number */
};

struct reconciling {
    const struct cli *cli;
    struct docket_counter_name name; /* its period is known */
    docket_reader *reader;
    struct unknown *ranges; /* ascending */
    size_t count, room;
    uint64_t numbers;
    uint8_t *named; /* a bit for each unknown number that a row names */
    uint64_t rows, others, known, again, found;
    struct progress progress;
    struct deciding_changes *changes;
    uint64_t at;    /* numbers below it were sent */
    bool sent_rest, no_memory;
};

/* ---- what is unknown ---- */

static int take_fate(void *context, const struct docket_fate_row *row)
{
    struct reconciling *reconciling = context;
    if (strcmp(row->fate, "unknown") != 0)
        return 0;
    if (reconciling->count == reconciling->room) {
        reconciling->room = reconciling->room * 2 + 64;
        struct unknown *grown = realloc(reconciling->ranges, reconciling->room * sizeof *grown);
        reconciling->no_memory = grown == NULL;
        if (grown == NULL)
            return 1;
        reconciling->ranges = grown;
    }
    reconciling->ranges[reconciling->count++] = (struct unknown){row->first, row->last, reconciling->numbers};
    reconciling->numbers += row->last - row->first + 1;
    return 0;
}

static int take_period(void *context, const struct docket_series_facts *facts)
{
    struct reconciling *reconciling = context;
    reconciling->name.period = facts->period;
    return 0;
}

static docket_status look(docket_realm *realm, void *context)
{
    struct reconciling *reconciling = context;
    const struct docket_counter_name *name = &reconciling->name;
    docket_status status = DOCKET_OK;
    docket_reader_close(reconciling->reader);
    reconciling->reader = NULL;
    reconciling->count = 0;
    reconciling->numbers = 0;
    if (name->period < 0)
        status = docket_admin_series_show(realm, name, take_period, reconciling);
    if (status == DOCKET_OK)
        status = docket_admin_fate(realm, name->tenant, name->series, name->period, take_fate, reconciling);
    if (status == DOCKET_OK)
        status = docket_reader_open(&reconciling->reader);
    return status == DOCKET_OK ? docket_reader_add_realm(reconciling->reader, realm, name->tenant, NULL) : status;
}

/* ---- the rows ---- */

static const struct unknown *find(const struct reconciling *reconciling, uint64_t number)
{
    size_t low = 0, high = reconciling->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reconciling->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < reconciling->count && reconciling->ranges[low].first <= number ? &reconciling->ranges[low] : NULL;
}

static void take_row(struct reconciling *reconciling, const struct legacy_row *row)
{
    const struct docket_counter_name *name = &reconciling->name;
    struct docket_reading reading;
    reconciling->rows++;
    bool ours = row->tenant.bytes == strlen(name->tenant) &&
                memcmp(row->tenant.text, name->tenant, row->tenant.bytes) == 0 && row->number.bytes > 0 &&
                docket_reader_read_dated(reconciling->reader, name->tenant, row->number.text, row->number.bytes,
                                         legacy_day(row->date), &reading) == DOCKET_OK &&
                strcmp(reading.series, name->series) == 0 && reading.period == name->period;
    if (!ours) {
        reconciling->others++;
        return;
    }
    const struct unknown *range = find(reconciling, reading.number);
    if (range == NULL) {
        reconciling->known++;
        return;
    }
    uint64_t bit = range->bit + (reading.number - range->first);
    uint8_t mask = (uint8_t)(1u << (bit & 7));
    reconciling->again += (reconciling->named[bit >> 3] & mask) != 0;
    reconciling->found += (reconciling->named[bit >> 3] & mask) == 0;
    reconciling->named[bit >> 3] |= mask;
}

static int read_rows(struct reconciling *reconciling)
{
    struct legacy_source *source;
    struct legacy_row row;
    int got, code = legacy_open(reconciling->cli, reconciling->cli->values[OPT_FROM_SOURCE], &source);
    if (code != CLI_DONE)
        return code;
    progress_begin(&reconciling->progress, reconciling->cli, "rows read");
    while (code == CLI_DONE && (got = legacy_next(source, &row)) != 0) {
        progress_step(&reconciling->progress);
        if (got < 0)
            code = legacy_code(source);
        else
            take_row(reconciling, &row);
    }
    progress_end(&reconciling->progress);
    legacy_close(source);
    return code;
}

/* ---- the evidence ---- */

static bool is_named(const struct reconciling *reconciling, const struct unknown *range, uint64_t number)
{
    uint64_t bit = range->bit + (number - range->first);
    return reconciling->named[bit >> 3] >> (bit & 7) & 1;
}

/* Lines from number `at` on, as many as one call takes; *next: where the next one begins, 0 if there is none. */
static size_t write_lines(const struct reconciling *reconciling, char *text, uint64_t *next)
{
    size_t used = 0, lines = 0;
    *next = 0;
    for (size_t i = 0; i < reconciling->count; i++) {
        const struct unknown *range = &reconciling->ranges[i];
        uint64_t number = range->first > reconciling->at ? range->first : reconciling->at;
        while (number <= range->last) {
            if (!is_named(reconciling, range, number)) {
                number++;
                continue;
            }
            if (lines++ == LINES_OF_CALL) {
                *next = number;
                return used;
            }
            uint64_t last = number;
            while (last < range->last && is_named(reconciling, range, last + 1))
                last++;
            used += (size_t)snprintf(text + used, LINE_MOST, "%" PRIu64 "..%" PRIu64 "\n", number, last);
            number = last + 1;
        }
    }
    return used;
}

/* One call, and the next ones; the last one voids the rest. Asked again it goes on where it was. */
static docket_status settle(docket_realm *realm, void *context)
{
    struct reconciling *reconciling = context;
    const struct cli *cli = reconciling->cli;
    char *text = malloc((size_t)LINES_OF_CALL * LINE_MOST + LINE_MOST);
    docket_status status = DOCKET_OK;
    reconciling->no_memory = text == NULL;
    while (text != NULL && status == DOCKET_OK && !reconciling->sent_rest) {
        uint64_t next;
        size_t bytes = write_lines(reconciling, text, &next);
        unsigned flags = deciding_flags(cli);
        if (next != 0)
            flags &= ~(unsigned)DOCKET_VOID_REST;
        status = docket_admin_reconcile(realm, &reconciling->name, text, bytes, cli->values[OPT_REASON], flags,
                                        deciding_change, reconciling->changes);
        if (status != DOCKET_OK)
            break;
        reconciling->at = next;
        reconciling->sent_rest = next == 0;
    }
    free(text);
    return status;
}

static int prepare(struct reconciling *reconciling)
{
    const struct cli *cli = reconciling->cli;
    int code = session_run(cli, look, reconciling);
    if (code == CLI_DONE && reconciling->numbers > UNKNOWN_MOST)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "%" PRIu64 " numbers are unknown, and %" PRIu64 " are looked for at once",
                        reconciling->numbers, UNKNOWN_MOST);
    if (code == CLI_DONE)
        reconciling->named = calloc(reconciling->numbers / 8 + 1, 1);
    if (code == CLI_DONE && (reconciling->no_memory || reconciling->named == NULL))
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for %" PRIu64 " unknown numbers", reconciling->numbers);
    return code;
}

int reconciling_run(const struct cli *cli, const struct docket_counter_name *name, struct deciding_changes *changes)
{
    struct reconciling reconciling = {.cli = cli, .name = *name, .changes = changes};
    int code = prepare(&reconciling);
    if (code == CLI_DONE)
        code = read_rows(&reconciling);
    if (code == CLI_DONE)
        cli_note(cli, "%" PRIu64 " rows: %" PRIu64 " name unknown numbers, %" PRIu64 " name one of them again, %" PRIu64
                      " name other numbers of the counter, %" PRIu64 " name none of it; unknown before: %" PRIu64,
                 reconciling.rows, reconciling.found, reconciling.again, reconciling.known, reconciling.others,
                 reconciling.numbers);
    if (code == CLI_DONE)
        code = session_run(cli, settle, &reconciling);
    if (code == CLI_DONE && reconciling.no_memory)
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the evidence");
    free(reconciling.ranges);
    free(reconciling.named);
    docket_reader_close(reconciling.reader);
    return code;
}
