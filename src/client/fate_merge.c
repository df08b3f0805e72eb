/* SPDX-License-Identifier: MIT */
/*
 * fate_merge: see fate_merge.h. Of a series with a ledger docketd's rows say which
 * numbers are void or unknown by range; those count. Of the others the ledger says what
 * became of them; of which it has no record, they were handed out before it was kept,
 * or are free.
 *
 * The ledger is asked after docketd's rows were written: a number that was free then
 * may be issued by now, and is told so.
 */
#include "client/fate_merge.h"

#include "numbering/fate.h"
#include "numbering/ledger.h"

#include <stdio.h>
#include <string.h>

static const enum dk_fate fates[DK_STATE_COUNT] = {
    [DK_STATE_FREE] = DK_FATE_FREE,         [DK_STATE_RESERVED] = DK_FATE_RESERVED, [DK_STATE_PENDING] = DK_FATE_PENDING,
    [DK_STATE_IN_DOUBT] = DK_FATE_IN_DOUBT, [DK_STATE_ISSUED] = DK_FATE_ISSUED,     [DK_STATE_VOID] = DK_FATE_VOID,
};

/* ---- out ---- */

static void flush(struct dk_fate_merge *merge)
{
    if (merge->has_out && !merge->enough)
        merge->enough = merge->each(merge->context, &merge->out) != 0;
    merge->has_out = false;
}

static bool joins(const struct docket_fate_row *a, const struct docket_fate_row *b)
{
    return a->last + 1 == b->first && strcmp(a->fate, b->fate) == 0 && strcmp(a->cause, b->cause) == 0 &&
           a->seat == b->seat && a->time_ns == b->time_ns && a->event == b->event && a->uid == b->uid &&
           strcmp(a->reason, b->reason) == 0;
}

static void add(struct dk_fate_merge *merge, const struct docket_fate_row *row)
{
    if (merge->has_out && joins(&merge->out, row)) {
        merge->out.last = row->last;
        merge->out.counter_ends = row->counter_ends;
        return;
    }
    flush(merge);
    merge->out = *row;
    snprintf(merge->reason, sizeof merge->reason, "%s", row->reason);
    merge->out.reason = merge->reason;
    merge->has_out = true;
}

/* ---- runs of the ledger ---- */

static void begin_counter(struct dk_fate_merge *merge, const struct docket_fate_row *row)
{
    struct dk_admin_request *asked = &merge->asked;
    *asked = (struct dk_admin_request){.type = DK_ADMIN_RECORDS,
                                       .flags = DK_ADMIN_RUNS,
                                       .period = row->period,
                                       .first = row->first,
                                       .last = row->mark - 1};
    snprintf(asked->tenant, sizeof asked->tenant, "%s", row->tenant);
    snprintf(asked->name, sizeof asked->name, "%s", row->series);
    dk_ledger_page_drop(&merge->page);
    merge->page.ended = true;
    merge->has_run = merge->no_more = false;
}

static bool is_of(const struct dk_fate_merge *merge, const struct docket_fate_row *row)
{
    return merge->asked.period == row->period && strcmp(merge->asked.tenant, row->tenant) == 0 &&
           strcmp(merge->asked.name, row->series) == 0;
}

/* The first run that does not lie below this number; none: has_run is false. */
static docket_status find_run(struct dk_fate_merge *merge, uint64_t at)
{
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && !merge->no_more && (!merge->has_run || merge->run.last < at)) {
        merge->has_run = false;
        if (merge->page.ended)
            status = dk_ledger_page_ask(merge->realm, &merge->asked, &merge->page);
        if (status == DOCKET_OK)
            status = dk_ledger_page_next(&merge->page, &merge->run, &merge->has_run);
        if (status == DOCKET_OK && !merge->has_run) {
            merge->no_more = merge->run.first == 0;
            if (!merge->no_more && merge->run.first <= merge->asked.first)
                status = dk_fail(DOCKET_PROTOCOL, "docketd's answer does not go on with the ledger");
            merge->asked.first = merge->run.first;
        }
    }
    return status;
}

static struct docket_fate_row row_of_run(const struct docket_fate_row *row, const struct dk_ledger_row *run)
{
    struct docket_fate_row made = *row;
    bool is_held = dk_state_is_held(run->state), is_issued = run->state == DK_STATE_ISSUED;
    made.fate = dk_fate_name(fates[run->state]);
    made.cause = run->state == DK_STATE_VOID || run->cause == DK_CAUSE_IMPORTED ? dk_cause_name(run->cause) : "";
    made.seat = is_held ? run->seat : -1;
    made.time_ns = is_issued ? 0 : run->last_ns;
    made.event = is_issued ? 0 : run->event;
    made.uid = is_issued ? -1 : (int64_t)run->uid;
    made.reason = run->state == DK_STATE_VOID ? run->text[DK_ROW_REASON] : "";
    return made;
}

/* ---- rows ---- */

/* Numbers of which the ledger decides, from first to last of the row. */
static docket_status merge_row(struct dk_fate_merge *merge, const struct docket_fate_row *row)
{
    struct docket_fate_row rest = *row;
    if (strcmp(rest.fate, dk_fate_name(DK_FATE_SPARE)) == 0)
        rest.fate = dk_fate_name(DK_FATE_FREE);
    for (uint64_t at = row->first; at <= row->last;) {
        docket_status status = find_run(merge, at);
        if (status != DOCKET_OK)
            return status;
        bool here = merge->has_run && merge->run.first <= at;
        uint64_t end = here                                                      ? merge->run.last
                       : merge->has_run && merge->run.first <= row->last ? merge->run.first - 1
                                                                                 : row->last;
        struct docket_fate_row piece = here ? row_of_run(row, &merge->run) : rest;
        piece.first = at;
        piece.last = end < row->last ? end : row->last;
        piece.counter_ends = row->counter_ends && piece.last == row->last;
        add(merge, &piece);
        at = piece.last + 1;
    }
    return DOCKET_OK;
}

docket_status dk_fate_merge_row(struct dk_fate_merge *merge, const struct docket_fate_row *row)
{
    docket_status status = DOCKET_OK;
    bool by_range = strcmp(row->fate, dk_fate_name(DK_FATE_VOID)) == 0 ||
                    strcmp(row->fate, dk_fate_name(DK_FATE_UNKNOWN)) == 0 || row->cause[0] != '\0';
    if (!row->tracked) {
        merge->enough = merge->enough || merge->each(merge->context, row) != 0;
        return DOCKET_OK;
    }
    if (!is_of(merge, row))
        begin_counter(merge, row);
    if (by_range)
        add(merge, row);
    else
        status = merge_row(merge, row);
    if (row->counter_ends)
        flush(merge);
    return status;
}

void dk_fate_merge_end(struct dk_fate_merge *merge)
{
    dk_ledger_page_drop(&merge->page);
}
