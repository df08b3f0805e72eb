/* SPDX-License-Identifier: MIT */
/*
 * ledger: what a commit says of numbers that are tracked, of keys, holds and texts of
 * elsewhere, as entries of the log.
 */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <stdlib.h>
#include <string.h>

struct appending {
    struct dk_store *store;
    MDB_txn *txn;
    uint64_t number;
    struct dk_key key;
};

static struct dk_slice spelled(const struct dk_store *store)
{
    return (struct dk_slice){store->value.bytes, store->value.used};
}

static docket_status note(struct appending *to, enum dk_kind kind)
{
    return dk_log_note(to->store, to->txn, to->number, kind, dk_key_slice(&to->key), spelled(to->store));
}

static docket_status put_record(struct appending *to, const struct dk_ledger_record *record)
{
    struct dk_ledger_record numbered = *record;
    if (record->event_at != 0)
        numbered.event = to->store->event_last + record->event_at;
    to->store->value.used = 0;
    docket_status status =
        record->removed ? dk_image_key_of_ledger(record->series_id, record->period, record->number, &to->key)
                        : dk_image_encode_ledger(&numbered, &to->key, &to->store->value);
    return status == DOCKET_OK ? note(to, DK_KIND_LEDGER) : status;
}

static docket_status put_key(struct appending *to, const struct dk_key_record *record)
{
    to->store->value.used = 0;
    docket_status status = record->removed
                               ? dk_image_key_of_key(record->series_id, record->kind, record->text, &to->key)
                               : dk_image_encode_key(record, &to->key, &to->store->value);
    return status == DOCKET_OK ? note(to, DK_KIND_KEYS) : status;
}

static docket_status put_hold(struct appending *to, const struct dk_hold_record *record)
{
    to->store->value.used = 0;
    docket_status status = record->removed ? dk_image_key_of_hold(record, &to->key)
                                           : dk_image_encode_hold(record, &to->key, &to->store->value);
    return status == DOCKET_OK ? note(to, DK_KIND_HOLDS) : status;
}

/* ---- texts of elsewhere: what stands is never changed ---- */

/* What stands of the text; of this change's own, offset is its place among them. */
static docket_status find_standing(struct appending *to, struct dk_slice *value, bool *found)
{
    struct dk_store *store = to->store;
    struct dk_shelf_entry *at = dk_shelf_find(&store->log.shelf, DK_KIND_ELSEWHERE, dk_key_slice(&to->key));
    struct dk_log_entry entry;
    if (!at)
        return dk_env_get(store, to->txn, DK_KIND_ELSEWHERE, &to->key, value, found);
    docket_status status = dk_log_read(store, to->txn, at, &entry);
    *found = status == DOCKET_OK;
    *value = entry.value;
    return status;
}

static docket_status exists(const struct dk_elsewhere_record *record)
{
    return dk_fail(DOCKET_EXISTS, "text %s of tenant %s is known from elsewhere already, with another note", record->text,
                   record->tenant);
}

/* Twice in one change: *twice, if it says the same. */
static docket_status look_among(struct dk_shelf *fresh, const struct appending *to,
                                const struct dk_elsewhere_record *all, size_t at, bool *twice)
{
    struct dk_shelf_entry *before = dk_shelf_find(fresh, DK_KIND_ELSEWHERE, dk_key_slice(&to->key)), *old;
    *twice = before != NULL;
    if (before) {
        const struct dk_elsewhere_record *other = &all[before->offset], *record = &all[at];
        bool same = strcmp(other->note, record->note) == 0 && other->time_ns == record->time_ns && other->uid == record->uid;
        return same ? DOCKET_OK : exists(record);
    }
    struct dk_shelf_entry *made = dk_shelf_make(DK_KIND_ELSEWHERE, dk_key_slice(&to->key));
    if (!made)
        return dk_image_no_memory();
    made->offset = (uint32_t)at;
    docket_status status = dk_shelf_put(fresh, made, &old);
    if (status != DOCKET_OK)
        free(made);
    return status;
}

static docket_status put_elsewhere(struct appending *to, const struct dk_elsewhere_record *all, size_t at,
                                   struct dk_shelf *fresh)
{
    struct dk_slice value = {0};
    bool found = false, twice = false;
    to->store->value.used = 0;
    docket_status status = dk_image_encode_elsewhere(&all[at], &to->key, &to->store->value);
    if (status == DOCKET_OK)
        status = look_among(fresh, to, all, at, &twice);
    if (status == DOCKET_OK && !twice)
        status = find_standing(to, &value, &found);
    if (status != DOCKET_OK || twice)
        return status;
    if (!found)
        return note(to, DK_KIND_ELSEWHERE);
    bool same = value.size == to->store->value.used && memcmp(value.bytes, to->store->value.bytes, value.size) == 0;
    return same ? DOCKET_OK : exists(&all[at]);
}

static docket_status put_all_elsewhere(struct appending *to, const struct dk_ledger_change *change)
{
    struct dk_shelf fresh = {0};
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < change->elsewhere_count; at++)
        status = put_elsewhere(to, change->elsewhere, at, &fresh);
    dk_shelf_clear(&fresh);
    if (status == DOCKET_OK && change->elsewhere_count > 0)
        dk_store_relaxed(&to->store->log.has_elsewhere, 1); /* at worst too early */
    return status;
}

docket_status dk_ledger_append(struct dk_store *store, MDB_txn *txn, uint64_t number,
                               const struct dk_ledger_change *change)
{
    struct appending to = {.store = store, .txn = txn, .number = number};
    docket_status status = put_all_elsewhere(&to, change);
    for (size_t at = 0; status == DOCKET_OK && at < change->record_count; at++)
        status = put_record(&to, &change->records[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->key_count; at++)
        status = put_key(&to, &change->keys[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->hold_count; at++)
        status = put_hold(&to, &change->holds[at]);
    return status == DOCKET_OK ? dk_log_put_part(store, txn, number) : status;
}
