/* SPDX-License-Identifier: MIT */
/*
 * import: numbers of another system as records of a series that keeps a ledger, with the other system's id as their
 * key where it is asked for. The errand (admin/import.c) holds the series, so that no other plan is begun; what is here
 * is a plan as any other: records, keys and image in one commit.
 */
#include "daemon/admin/import.h"
#include "daemon/ledger/ledger.h"

#include "daemon/ended/ended.h"

#include <string.h>

/* An imported record: what the other system knew is kept, and nobody holds it. */
#define IMPORTED_VOID "void in the import"

static const uint8_t fates[DK_STATE_COUNT] = {
    [DK_STATE_FREE] = DK_FATE_FREE,         [DK_STATE_RESERVED] = DK_FATE_RESERVED, [DK_STATE_PENDING] = DK_FATE_PENDING,
    [DK_STATE_IN_DOUBT] = DK_FATE_IN_DOUBT, [DK_STATE_ISSUED] = DK_FATE_ISSUED,     [DK_STATE_VOID] = DK_FATE_VOID,
};

docket_status dk_ledger_import_begin(struct dk_import *import)
{
    struct dk_plan_period *period;
    dk_ledger_import_end(import);
    import->plan = dk_plan_begin(dk_ledger_book_of(import->daemon, import->series->record.id), import->series);
    return dk_plan_period(import->plan, import->period, &period);
}

void dk_ledger_import_end(struct dk_import *import)
{
    struct dk_plan *plan = import->plan;
    if (plan == NULL)
        return;
    if (plan->book->plan == plan)
        plan->book->plan = NULL;
    dk_plan_end(plan);
    import->plan = NULL;
}

/* ---- what there is ---- */

static void show(struct dk_clash_wire *clash, const struct dk_ledger_record *record)
{
    clash->fate = fates[record->state];
    clash->cause = record->cause;
    clash->time_ns = record->last_ns;
    clash->event = record->event;
    clash->uid = record->uid;
    snprintf(clash->key, sizeof clash->key, "%s", record->key);
    snprintf(clash->trace, sizeof clash->trace, "%s", record->trace);
    snprintf(clash->text, sizeof clash->text, "%s", record->text);
}

/* The record of it was exported and dropped: its key still knows its number. */
static docket_status judge_without(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                   enum dk_import_verdict *verdict)
{
    const struct dk_key_record *key = NULL;
    docket_status status =
        row->key[0] == 0 ? DOCKET_OK : dk_plan_find_key(import->plan, DK_NAMED_KEY, row->key, &key);
    bool same = key != NULL && key->period == import->period && key->ranges[0].first == number;
    *verdict = same && !row->is_void ? DK_IMPORT_ALREADY : DK_IMPORT_CLASH;
    return status;
}

docket_status dk_ledger_import_judge(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                     enum dk_import_verdict *verdict, struct dk_clash_wire *clash)
{
    const struct dk_ledger_record *record;
    docket_status status = dk_plan_find(import->plan, import->period, number, &record);
    if (status != DOCKET_OK)
        return status;
    if (record == NULL)
        return judge_without(import, row, number, verdict);
    bool same_key = row->key[0] != 0 && strcmp(row->key, record->key) == 0;
    bool ours = record->cause == DK_CAUSE_IMPORTED && (row->key[0] == 0 || record->key[0] == 0);
    bool same_state = record->state == (row->is_void ? DK_STATE_VOID : DK_STATE_ISSUED);
    if (same_state && (same_key || ours || row->is_void)) {
        *verdict = DK_IMPORT_ALREADY;
        return DOCKET_OK;
    }
    if (record->state == DK_STATE_VOID && record->cause == DK_CAUSE_ELSEWHERE) {
        *verdict = DK_IMPORT_ALREADY; /* somebody had said so of its text: it counts as used */
        return DOCKET_OK;
    }
    *verdict = DK_IMPORT_CLASH;
    show(clash, record);
    return DOCKET_OK;
}

/* ---- may it be written? ---- */

static docket_status check_text(const struct dk_import *import, const struct dk_import_row *row, uint64_t number)
{
    int32_t label;
    uint64_t read;
    if (row->text[0] == 0)
        return DOCKET_OK;
    docket_status status = dk_plan_read_text(import->plan, row->text, &label, &read);
    if (status == DOCKET_OK && label == import->period && read == number)
        return DOCKET_OK;
    if (status == DOCKET_OK)
        return dk_fail(DOCKET_REFUSED, "line %llu: %s is number %llu of %s, and not %llu; nothing was changed",
                       (unsigned long long)row->line, row->text, (unsigned long long)read,
                       dk_ended_name(&import->series->record, label), (unsigned long long)number);
    return dk_wrap(status, "line %llu: no such text is a number of the series; nothing was changed",
                   (unsigned long long)row->line);
}

static docket_status keep_key(struct dk_import *import, const struct dk_import_row *row, uint64_t number)
{
    const struct dk_range range = {number, number};
    const struct dk_key_record key = {.kind = DK_NAMED_KEY, /* digest 0: what it was asked with is not known */
                                      .text = row->key,
                                      .period = import->period,
                                      .date = row->date,
                                      .ranges = &range,
                                      .range_count = 1};
    dk_plan_put_key(import->plan, &key);
    return DOCKET_OK;
}

docket_status dk_ledger_import_prepare(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                       bool *clashes, struct dk_clash_wire *clash)
{
    const struct dk_key_record *key;
    const struct dk_ledger_record *record;
    docket_status status = check_text(import, row, number);
    *clashes = false;
    if (status != DOCKET_OK || row->key[0] == 0)
        return status;
    status = dk_plan_find_key(import->plan, DK_NAMED_KEY, row->key, &key);
    if (status != DOCKET_OK)
        return status;
    if (key == NULL)
        return keep_key(import, row, number);
    status = dk_plan_find(import->plan, key->period, key->ranges[0].first, &record);
    if (status != DOCKET_OK)
        return status;
    if (record != NULL && (record->state == DK_STATE_FREE || strcmp(record->key, row->key) != 0) &&
        key->document[0] == 0 && key->digest != 0)
        return keep_key(import, row, number); /* that number was released: the key has none */
    *clashes = true;
    clash->by_key = 1;
    clash->period = key->period;
    clash->number = key->ranges[0].first;
    clash->fate = DK_FATE_ISSUED;
    snprintf(clash->key, sizeof clash->key, "%s", row->key);
    if (record != NULL)
        show(clash, record);
    return DOCKET_OK;
}

/* ---- the plan ---- */

/* As the series writes it, where the import does not say: for its date, or the first day of the period. */
static void write_text(const struct dk_import *import, const struct dk_plan_period *period,
                       const struct dk_import_row *row, uint64_t number, char text[DOCKET_TEXT_MAX])
{
    const struct dk_policy *policy = dk_series_policy(&import->series->record, import->period);
    struct dk_rendered rendered;
    struct dk_span span = {.label = 0};
    uint32_t date = row->date;
    if (date == 0 && dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, import->period, &span))
        date = span.first;
    dk_template_render(&period->template, import->series->record.name, date != 0 ? date : import->plan->today, &rendered);
    dk_rendered_write(&rendered, number, text);
}

static docket_status put_record(struct dk_import *import, const struct dk_plan_period *period,
                                const struct dk_import_row *row, uint64_t number, uint32_t uid)
{
    char text[DOCKET_TEXT_MAX];
    struct dk_ledger_record record = {.period = import->period,
                                      .number = number,
                                      .state = row->is_void ? DK_STATE_VOID : DK_STATE_ISSUED,
                                      .date = row->date,
                                      .uid = uid,
                                      .seat = -1,
                                      .attempts = 1,
                                      .event_at = 1,
                                      .cause = DK_CAUSE_IMPORTED,
                                      .text = row->text,
                                      .key = row->key};
    if (row->text[0] == 0) {
        write_text(import, period, row, number, text);
        record.text = text;
    }
    if (row->is_void)
        record.reason = row->reason[0] != 0 ? row->reason : IMPORTED_VOID;
    return dk_plan_put(import->plan, &record);
}

docket_status dk_ledger_import_plan(struct dk_import *import, uint32_t uid, struct dk_job **job)
{
    struct dk_plan_period *period;
    docket_status status = dk_plan_period(import->plan, import->period, &period);
    for (size_t i = 0; status == DOCKET_OK && i < import->gift_count; i++) {
        const struct dk_import_gift *gift = &import->gifts[i];
        status = put_record(import, period, &import->rows[gift->row], gift->range.first, uid);
    }
    if (status != DOCKET_OK)
        return status;
    dk_import_image(import, &period->image);
    period->spare_room = period->image.spare_count;
    period->changed = true;
    *job = dk_plan_job(import->plan, NULL);
    import->plan->book->plan = import->plan;
    return DOCKET_OK;
}

void dk_ledger_import_done(struct dk_import *import, const struct dk_job *job)
{
    for (size_t i = 0; i < job->image_count; i++)
        dk_tracked_given(import->series, &job->images[i]);
    dk_ledger_import_end(import);
}
