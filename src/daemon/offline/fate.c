/* SPDX-License-Identifier: MIT */
/*
 * offline_fate: rows of fate, printed. Of a series with a ledger the ranges that are void
 * or unknown count; of other numbers the ledger says what became of them, as
 * client/fate_merge.c has it.
 */
#include "daemon/offline/offline.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The walk is past the row's last number. */
#define WALK_IS_OVER DOCKET_TIMEOUT

static const enum dk_fate fates[DK_STATE_COUNT] = {
    [DK_STATE_FREE] = DK_FATE_FREE,         [DK_STATE_RESERVED] = DK_FATE_RESERVED, [DK_STATE_PENDING] = DK_FATE_PENDING,
    [DK_STATE_IN_DOUBT] = DK_FATE_IN_DOUBT, [DK_STATE_ISSUED] = DK_FATE_ISSUED,     [DK_STATE_VOID] = DK_FATE_VOID,
};

struct printing {
    struct dk_fate_wire out; /* not printed yet: its neighbour may join it */
    bool has_out;
    struct dk_fate_wire row; /* of which the ledger decides */
    uint64_t at;             /* the first of its numbers that is not told */
};

static void flush(struct printing *printing)
{
    const struct dk_fate_wire *row = &printing->out;
    char period[16];
    if (!printing->has_out)
        return;
    dk_period_text(row->period, period);
    printf("%s/%s%s%s  %llu - %llu  %s", row->tenant, row->name, period[0] ? "/" : "", period,
           (unsigned long long)row->first, (unsigned long long)row->last, dk_fate_name(row->fate));
    printf(row->cause != 0 ? " (%s)\n" : "%s\n", dk_cause_name(row->cause));
    printing->has_out = false;
}

static void add(struct printing *printing, const struct dk_fate_wire *row)
{
    struct dk_fate_wire *out = &printing->out;
    if (printing->has_out && row->tracked && out->last + 1 == row->first && out->fate == row->fate &&
        out->cause == row->cause && out->period == row->period && strcmp(out->tenant, row->tenant) == 0 &&
        strcmp(out->name, row->name) == 0) {
        out->last = row->last;
        return;
    }
    flush(printing);
    *out = *row;
    printing->has_out = true;
}

/* Numbers of the row from `at` to before `end`: no record speaks of them. */
static void add_rest(struct printing *printing, uint64_t end)
{
    struct dk_fate_wire rest = printing->row;
    if (printing->at >= end)
        return;
    rest.fate = rest.fate == DK_FATE_SPARE ? DK_FATE_FREE : rest.fate;
    rest.first = printing->at;
    rest.last = end - 1;
    printing->at = end;
    add(printing, &rest);
}

static docket_status add_record(void *context, const struct dk_ledger_record *record)
{
    struct printing *printing = context;
    if (record->number > printing->row.last)
        return WALK_IS_OVER;
    add_rest(printing, record->number);
    struct dk_fate_wire one = printing->row;
    one.first = one.last = record->number;
    one.fate = (uint8_t)fates[record->state];
    one.cause = record->state == DK_STATE_VOID ? record->cause : 0;
    printing->at = record->number + 1;
    add(printing, &one);
    return DOCKET_OK;
}

static docket_status print_tracked(struct dk_store *store, struct printing *printing)
{
    const struct dk_fate_wire *row = &printing->row;
    struct dk_series_record series;
    bool found = false;
    docket_status status = dk_store_find_series(store, row->tenant, row->name, &series, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_DAMAGED, "the store does not know %s/%s any more", row->tenant, row->name);
    printing->at = row->first;
    if (status == DOCKET_OK)
        status = dk_ledger_each(store, series.id, row->period, row->first, add_record, printing);
    if (status != DOCKET_OK && status != WALK_IS_OVER)
        return status;
    add_rest(printing, row->last + 1);
    return DOCKET_OK;
}

docket_status dk_offline_print_fates(struct dk_store *store, int fd)
{
    struct printing printing = {.has_out = false};
    docket_status status = DOCKET_OK;
    FILE *in = fdopen(fd, "r");
    if (in == NULL || fseek(in, 0, SEEK_SET) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "the rows cannot be read");
    while (status == DOCKET_OK && fread(&printing.row, sizeof printing.row, 1, in) == 1) {
        const struct dk_fate_wire *row = &printing.row;
        bool by_range = row->fate == DK_FATE_VOID || row->fate == DK_FATE_UNKNOWN || row->cause != 0;
        if (row->tracked && !by_range)
            status = print_tracked(store, &printing);
        else
            add(&printing, row);
    }
    flush(&printing);
    if (status == DOCKET_OK && ferror(in))
        status = dk_fail(DOCKET_SYSTEM, "the rows cannot be read");
    fclose(in);
    return status;
}
