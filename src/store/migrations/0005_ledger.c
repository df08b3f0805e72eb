/* SPDX-License-Identifier: MIT */
/*
 * 0005_ledger: records of single numbers, with keys, holds and texts of elsewhere; and
 * events as a chain.
 *
 * Up makes the databases, empty, and hashes the events that are there as they stand;
 * the chain goes on from there with the event of this migration. Down takes the links
 * off the events: what they say stays, word for word.
 */
#include "numbering/period.h"
#include "store/ledger_image.h"
#include "store/migrations/migrations.h"

static docket_status up(struct dk_step *step)
{
    struct dk_store *store = step->store;
    docket_status status = dk_ledger_make(store, step->txn);
    store->ledger_sum = 0;
    return status == DOCKET_OK ? dk_chain_stand(store, step->txn, store->meta.store_id, &store->trail) : status;
}

/* ---- down ---- */

/* One after the other by number: the tree changes under a walk. */
static docket_status take_link_off(struct dk_step *step, uint64_t number)
{
    struct dk_store *store = step->store;
    struct dk_slice value;
    struct dk_event event;
    struct dk_key key;
    bool found = false;
    dk_key_of_event(&key, number);
    docket_status status = dk_env_get(store, step->txn, DK_KIND_EVENTS, &key, &value, &found);
    if (status == DOCKET_OK && !found)
        status = dk_record_damaged(DK_KIND_EVENTS, dk_key_slice(&key), "is missing");
    if (status == DOCKET_OK)
        status = dk_image_decode_event(dk_key_slice(&key), value, &event);
    if (status != DOCKET_OK || !event.link.there)
        return status;
    event.link = (struct dk_event_link){0};
    event.tenant[0] = event.series[0] = 0;
    event.period = 0;
    store->value.used = 0;
    status = dk_image_encode_event(&event, &key, &store->value);
    return status == DOCKET_OK ? dk_env_put(store, step->txn, DK_KIND_EVENTS, &key, &store->value) : status;
}

static docket_status down(struct dk_step *step)
{
    docket_status status = DOCKET_OK;
    for (uint64_t number = 1; status == DOCKET_OK && number <= step->store->trail.number; number++)
        status = take_link_off(step, number);
    for (unsigned kind = DK_KIND_LEDGERLOG; status == DOCKET_OK && kind < DK_KIND_COUNT; kind++)
        status = dk_step_drop(step, (enum dk_kind)kind);
    if (status == DOCKET_OK)
        status = dk_step_remove_meta(step, "trail");
    return status == DOCKET_OK ? dk_step_remove_meta(step, "ledger_sum") : status;
}

/* ---- what schema 4 cannot hold ---- */

static bool keeps_records(const struct dk_policy *policy)
{
    return policy->ledger != 0 || policy->on_expiry != 0 || policy->order > DK_LEASED;
}

static docket_status look_at_series(struct dk_step *step, const struct dk_series_record *record)
{
    if (keeps_records(record->policy) || (record->next != NULL && keeps_records(record->next)))
        dk_step_loses(step, "series with a ledger", "%s/%s", record->tenant, record->name);
    return DOCKET_OK;
}

static docket_status look_at_range(struct dk_step *step, const struct dk_fate_record *record)
{
    if (record->cause > DK_CAUSE_INTERVAL)
        dk_step_loses(step, "range|s of numbers with a cause", "%s %llu-%llu %s", dk_step_name(step, record->series_id),
                      (unsigned long long)record->range.first, (unsigned long long)record->range.last,
                      dk_cause_name(record->cause));
    return DOCKET_OK;
}

/* Schema 4 has no fields for what an event is about: only where the text says it too nothing is lost. */
static bool text_says_it(const struct dk_event *event)
{
    char period[16] = "";
    if (event->period != 0)
        dk_period_text(event->period, period);
    return strstr(event->text, event->tenant) != NULL && strstr(event->text, event->series) != NULL &&
           strstr(event->text, period) != NULL;
}

static docket_status look_at_event(struct dk_step *step, const struct dk_event *event)
{
    if (event->link.erased)
        dk_step_loses(step, "event|s whose person was erased", "%llu %s", (unsigned long long)event->number, event->kind);
    if (!text_says_it(event))
        dk_step_loses(step, "event|s whose text does not say what they are about", "%llu %s of %s/%s",
                      (unsigned long long)event->number, event->kind, event->tenant, event->series);
    return DOCKET_OK;
}

static docket_status look_at_record(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_step *step = context;
    struct dk_ledger_record record;
    docket_status status = dk_image_decode_ledger(key, value, &record);
    if (status == DOCKET_OK)
        dk_step_loses(step, "record|s of numbers", "%s", record.text[0] != 0 ? record.text : "a number that is free");
    return status;
}

/* Of keys, holds and texts of elsewhere none is kept without. */
static docket_status look_at_rest(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_step *step = context;
    (void)key;
    (void)value;
    dk_step_loses(step, "key|s or holds or texts of elsewhere", "%s", "");
    return DOCKET_OK;
}

static docket_status look_at_ledger(struct dk_step *step)
{
    docket_status status = dk_step_each_entry(step, DK_KIND_LEDGER, look_at_record);
    for (unsigned kind = DK_KIND_KEYS; status == DOCKET_OK && kind <= DK_KIND_ELSEWHERE; kind++)
        status = dk_step_each_entry(step, (enum dk_kind)kind, look_at_rest);
    return status;
}

static docket_status loses(struct dk_step *step)
{
    docket_status status = dk_step_each_series(step, look_at_series);
    if (status == DOCKET_OK)
        status = dk_step_each_range(step, look_at_range);
    if (status == DOCKET_OK)
        status = dk_step_each_event(step, look_at_event);
    return status == DOCKET_OK ? look_at_ledger(step) : status;
}

const struct dk_migration dk_migration_0005_ledger = {
    .id = "0005_ledger",
    .schema = 5,
    .brings = "the ledger of single numbers, keys, holds, texts of elsewhere; events as a chain of SHA-256",
    .leaves = "the hashes of the events: their chain begins anew with the next upgrade",
    .up = up,
    .down = down,
    .loses = loses};
