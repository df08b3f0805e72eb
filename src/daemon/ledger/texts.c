/* SPDX-License-Identifier: MIT */
/*
 * texts: document numbers read backwards, and those that were given elsewhere.
 *
 * Two numbers of the tenant's own never have one text: series are made so (collide.h). So our own
 * are found by reading the text; those of elsewhere stand in a list of the store. Both are looked
 * at in the plan that changes one of them, and plans of other series that are in flight are looked
 * into too: a text is elsewhere's, or a number's, never both.
 */
#include "daemon/ledger/ledger.h"

#include "daemon/ended/ended.h"
#include "docket_ledger.h"
#include "numbering/reason.h"

#include <stdlib.h>
#include <string.h>

static void capitals(const char *text, char upper[DOCKET_TEXT_MAX])
{
    size_t at = 0;
    for (; text[at] != 0 && at < DOCKET_TEXT_MAX - 1; at++)
        upper[at] = text[at] >= 'a' && text[at] <= 'z' ? (char)(text[at] - 'a' + 'A') : text[at];
    upper[at] = 0;
}

/* ---- is it of elsewhere? ---- */

struct noting {
    struct dk_plan *plan;
    const char *note;
};

static docket_status keep_note(void *context, const struct dk_elsewhere_record *record)
{
    struct noting *noting = context;
    noting->note = dk_plan_print(noting->plan, "%s", record->note);
    return DOCKET_OK;
}

static const struct dk_elsewhere_record *planned(struct dk_plan *plan, const char *upper)
{
    const struct dk_elsewhere_record *record = dk_plan_elsewhere(plan, upper);
    for (const struct dk_ledger_book *book = plan->daemon->ledger; record == NULL && book != NULL; book = book->next) {
        if (book->plan == NULL || book->plan == plan)
            continue;
        record = dk_plan_elsewhere(book->plan, upper);
        if (record != NULL && strcmp(record->tenant, plan->series->record.tenant) != 0)
            record = NULL;
    }
    return record;
}

docket_status dk_plan_note_of(struct dk_plan *plan, const char *text, const char **note)
{
    struct noting noting = {.plan = plan};
    char upper[DOCKET_TEXT_MAX];
    bool found;
    docket_status status = DOCKET_OK;
    *note = NULL;
    if (!plan->daemon->ledger_elsewhere && !dk_ledger_has_elsewhere(plan->daemon->store))
        return DOCKET_OK;
    capitals(text, upper);
    const struct dk_elsewhere_record *record = planned(plan, upper);
    if (record != NULL)
        noting.note = record->note;
    else
        status = dk_ledger_find_elsewhere(plan->daemon->store, plan->series->record.tenant, upper, keep_note, &noting,
                                          &found);
    *note = noting.note;
    return status;
}

/* ---- a text of this series ---- */

struct seeking {
    struct dk_plan *plan;
    const char *text;
    bool read;  /* some template of the series writes it */
    bool found; /* ... and the number's record has it */
    int32_t label;
    uint64_t number;
};

static docket_status try_template(struct seeking *seeking, const struct dk_template *template, enum dk_restart restart)
{
    struct dk_read_text read;
    struct dk_span span = {0};
    const struct dk_ledger_record *record;
    const struct dk_series_record *series = &seeking->plan->series->record;
    if (seeking->found || !dk_template_read(template, series->name, seeking->text, strlen(seeking->text), &read))
        return DOCKET_OK;
    if (read.date != 0)
        dk_span_of_date(restart, &template->fiscal, read.date, &span);
    docket_status status = dk_plan_find(seeking->plan, span.label, read.number, &record);
    if (status != DOCKET_OK)
        return status;
    seeking->found = record != NULL && strcmp(record->text, seeking->text) == 0;
    if (!seeking->read || seeking->found) {
        seeking->read = true;
        seeking->label = span.label;
        seeking->number = read.number;
    }
    return DOCKET_OK;
}

static docket_status try_version(void *context, const struct dk_text_record *record)
{
    struct seeking *seeking = context;
    struct dk_template template;
    if (record->series_id != seeking->plan->book->series_id || !dk_form_unpack(&record->form, &template))
        return DOCKET_OK;
    return try_template(seeking, &template, (enum dk_restart)record->restart);
}

docket_status dk_plan_read_text(struct dk_plan *plan, const char *text, int32_t *label, uint64_t *number)
{
    const struct dk_series_record *series = &plan->series->record;
    struct seeking seeking = {.plan = plan, .text = text};
    char upper[DOCKET_TEXT_MAX];
    docket_status status = DOCKET_OK;
    size_t length = strlen(text);
    if (length >= DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_NOT_OF_SERIES, "a text of %zu bytes is no document number", length);
    for (const struct dk_plan_period *period = plan->periods; status == DOCKET_OK && period != NULL; period = period->next)
        status = try_template(&seeking, &period->template, (enum dk_restart)series->policy->restart);
    capitals(text, upper);
    if (status == DOCKET_OK && !seeking.found) /* every policy that it has, will have, or had */
        status = dk_store_each_text(plan->daemon->store, series->tenant, upper, try_version, &seeking);
    if (status != DOCKET_OK)
        return status;
    if (!seeking.read)
        return dk_fail(DOCKET_NOT_OF_SERIES, "%s/%s writes no such text as %s", series->tenant, series->name, text);
    *label = seeking.label;
    *number = seeking.number;
    return DOCKET_OK;
}

/* ---- elsewhere: has a number of ours the text? ---- */

/* A template whose literals are capitals. */
static void fold(struct dk_template *template)
{
    for (unsigned at = 0; at < template->count; at++) {
        const struct dk_piece *piece = &template->pieces[at];
        for (unsigned i = 0; piece->kind == DK_LITERAL && i < piece->bytes; i++) {
            char *byte = &template->text[piece->from + i];
            if (*byte >= 'a' && *byte <= 'z')
                *byte = (char)(*byte - 'a' + 'A');
        }
    }
}

struct asking {
    struct dk_plan *plan;
    const char *upper;
    struct dk_record_answer *answer;
    char text[DOCKET_TEXT_MAX]; /* of ours that is alike */
    char series[DOCKET_NAME_MAX + 1];
    bool tracked, taken; /* taken: ours has it; else it is still to be given */
    int32_t label;
    uint64_t number;
    uint8_t state;
};

static docket_status keep_text(void *context, const struct dk_ledger_record *record)
{
    struct asking *asking = context;
    snprintf(asking->text, sizeof asking->text, "%s", record->text);
    asking->state = record->state;
    return DOCKET_OK;
}

/* The record of another series' number, as plans in flight and the store have it. */
static docket_status find_record(struct asking *asking, uint64_t series_id, bool *found)
{
    struct dk_daemon *daemon = asking->plan->daemon;
    const struct dk_ledger_record *record = NULL;
    struct dk_plan *plan = series_id == asking->plan->book->series_id ? asking->plan : NULL;
    for (const struct dk_ledger_book *book = daemon->ledger; plan == NULL && book != NULL; book = book->next)
        if (book->series_id == series_id)
            plan = book->plan;
    if (plan == NULL)
        return dk_ledger_find(daemon->store, series_id, asking->label, asking->number, keep_text, asking, found);
    docket_status status = dk_plan_find(plan, asking->label, asking->number, &record);
    *found = status == DOCKET_OK && record != NULL;
    return *found ? keep_text(asking, record) : status;
}

struct passing {
    uint64_t number;
    bool is_void;
};

static docket_status look_for_void(void *context, const struct dk_fate_record *record)
{
    struct passing *passing = context;
    if (record->fate == DK_FATE_VOID && record->range.first <= passing->number && passing->number <= record->range.last)
        passing->is_void = true;
    return DOCKET_OK;
}

/* A number without a record: handed out before its series kept a ledger (or by one that keeps none), or not yet given. */
static docket_status look_at_untracked(struct asking *asking, uint64_t series_id)
{
    struct dk_daemon *daemon = asking->plan->daemon;
    struct passing passing = {.number = asking->number};
    struct dk_ended_facts facts;
    docket_status status = dk_store_each_range(daemon->store, series_id, asking->label, look_for_void, &passing);
    if (status == DOCKET_OK)
        status = dk_ended_look(daemon, series_id, asking->label, &facts);
    if (status != DOCKET_OK)
        return status;
    bool given = facts.found && asking->number >= facts.image.extent_first && asking->number < facts.image.next;
    for (uint32_t i = 0; i < facts.image.spare_count; i++)
        given = given && !(facts.image.spares[i].first <= asking->number && asking->number <= facts.image.spares[i].last);
    free(facts.image.spares);
    asking->taken = !passing.is_void && (given || !asking->tracked);
    if (asking->taken)
        asking->state = DK_STATE_ISSUED; /* handed out, as far as is known */
    return DOCKET_OK;
}

static docket_status compare(void *context, const struct dk_text_record *record)
{
    struct asking *asking = context;
    struct dk_template template;
    struct dk_read_text read;
    struct dk_span span = {0};
    struct dk_series_record series;
    char name[DOCKET_TEXT_MAX];
    bool found = false;
    if (asking->taken || !dk_form_unpack(&record->form, &template))
        return DOCKET_OK;
    fold(&template);
    capitals(record->series, name);
    if (!dk_template_read(&template, name, asking->upper, strlen(asking->upper), &read) ||
        (record->last != 0 && read.number > record->last))
        return DOCKET_OK;
    if (read.date != 0)
        dk_span_of_date((enum dk_restart)record->restart, &template.fiscal, read.date, &span);
    docket_status status =
        dk_store_find_series(asking->plan->daemon->store, record->tenant, record->series, &series, &found);
    if (status != DOCKET_OK || !found)
        return status;
    snprintf(asking->series, sizeof asking->series, "%s", record->series);
    asking->label = span.label;
    asking->number = read.number;
    asking->tracked = series.policy->ledger;
    asking->state = DK_STATE_FREE;
    snprintf(asking->text, sizeof asking->text, "%s", asking->upper);
    found = false;
    if (asking->tracked)
        status = find_record(asking, record->series_id, &found);
    if (status == DOCKET_OK && found) {
        char upper[DOCKET_TEXT_MAX];
        capitals(asking->text, upper);
        asking->taken = asking->state != DK_STATE_FREE && strcmp(upper, asking->upper) == 0;
        return DOCKET_OK;
    }
    return status == DOCKET_OK ? look_at_untracked(asking, record->series_id) : status;
}

static docket_status say_taken(struct asking *asking)
{
    struct dk_record_answer *answer = asking->answer;
    char period[16];
    dk_period_text(asking->label, period);
    answer->period = asking->label;
    answer->number = asking->number;
    answer->state = asking->state;
    answer->text = dk_plan_print(asking->plan, "%s", asking->text);
    return dk_fail(DOCKET_COLLISION, "%s is number %llu of %s/%s%s%s, %s", asking->text,
                   (unsigned long long)asking->number, asking->plan->series->record.tenant, asking->series,
                   period[0] ? "/" : "", period,
                   asking->tracked ? dk_state_name(asking->state)
                                   : "which keeps no ledger: `docket series advance` it beyond, if it has not given it");
}

static docket_status check_elsewhere(const struct dk_record_item *item)
{
    size_t length = strlen(item->text);
    if (length == 0 || length >= DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a text of %zu bytes is no document number: 1 to %d bytes", length,
                       DOCKET_TEXT_MAX - 1);
    docket_status status = dk_printable_check("document number", item->text);
    if (status == DOCKET_OK)
        status = dk_reason_check(item->reason);
    return status == DOCKET_OK ? status : dk_wrap(status, "a document number of elsewhere wants a text and a note");
}

docket_status dk_ledger_elsewhere(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                  struct dk_record_answer *answer)
{
    const struct dk_series_record *series = &plan->series->record;
    char upper[DOCKET_TEXT_MAX];
    struct asking asking = {.plan = plan, .upper = upper, .answer = answer};
    const char *note;
    docket_status status = check_elsewhere(item);
    if (status != DOCKET_OK)
        return status;
    capitals(item->text, upper);
    plan->daemon->ledger_elsewhere = true;
    status = dk_plan_note_of(plan, upper, &note);
    if (status == DOCKET_OK && note == NULL)
        status = dk_store_each_text(plan->daemon->store, series->tenant, upper, compare, &asking);
    if (status == DOCKET_OK && note == NULL && asking.taken)
        status = say_taken(&asking);
    if (status != DOCKET_OK)
        return status;
    answer->text = dk_plan_print(plan, "%s", upper);
    answer->again = note != NULL;
    if (note != NULL)
        return DOCKET_OK;
    const struct dk_elsewhere_record record = {.tenant = series->tenant,
                                               .text = upper,
                                               .note = item->reason,
                                               .time_ns = plan->now_ns,
                                               .uid = parcel->connection->uid};
    dk_plan_put_elsewhere(plan, &record);
    dk_plan_event(plan, "elsewhere", parcel->connection->uid, item->reason, "%s of tenant %s was given elsewhere", upper,
                  series->tenant);
    return DOCKET_OK;
}

/* ---- a series without a ledger that is about to be made ---- */

struct meeting {
    const struct dk_template *template; /* its literals are capitals */
    const char *name;
    uint64_t above, last;
};

static docket_status meet(void *context, const struct dk_elsewhere_record *record)
{
    const struct meeting *meeting = context;
    struct dk_read_text read;
    if (!dk_template_read(meeting->template, meeting->name, record->text, strlen(record->text), &read) ||
        read.number <= meeting->above || read.number > meeting->last)
        return DOCKET_OK;
    return dk_fail(DOCKET_COLLISION, "%s/%s would give %s, which was given elsewhere (%s): begin it beyond (start-after), or "
                                     "give it a ledger, which passes such texts over",
                   record->tenant, meeting->name, record->text, record->note);
}

docket_status dk_ledger_check_new(struct dk_daemon *daemon, const char *tenant, const char *series,
                                  const struct dk_template *resolved, uint64_t above, uint64_t last)
{
    struct dk_template template = *resolved;
    char name[DOCKET_TEXT_MAX], beginning[DOCKET_TEXT_MAX] = "";
    struct meeting meeting = {.template = &template, .name = name, .above = above, .last = last};
    const struct dk_piece *first = &template.pieces[0];
    if (!dk_ledger_has_elsewhere(daemon->store))
        return DOCKET_OK;
    fold(&template);
    capitals(series, name);
    if (template.count > 0 && first->kind == DK_SERIES_NAME)
        snprintf(beginning, sizeof beginning, "%s", name);
    else if (template.count > 0 && first->kind == DK_LITERAL && first->bytes < sizeof beginning)
        memcpy(beginning, template.text + first->from, first->bytes);
    return dk_ledger_each_elsewhere(daemon->store, tenant, beginning, meet, &meeting);
}
