/* SPDX-License-Identifier: MIT */
/*
 * ledger: what a commit says of numbers that are tracked, of keys, holds and texts of
 * elsewhere. Straight into the four databases.
 */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <string.h>

docket_status dk_ledger_make(struct dk_store *store, MDB_txn *txn)
{
    docket_status status = DOCKET_OK;
    for (unsigned kind = DK_KIND_LEDGERLOG; status == DOCKET_OK && kind < DK_KIND_COUNT; kind++)
        status = dk_env_make_database(store, txn, (enum dk_kind)kind);
    return status;
}

docket_status dk_ledger_open(struct dk_store *store, MDB_txn *txn)
{
    MDB_stat tree;
    int error = mdb_stat(txn, store->dbi[DK_KIND_ELSEWHERE], &tree);
    if (error)
        return dk_env_fail(store, error, "count the texts of elsewhere");
    dk_store_relaxed(&store->has_elsewhere, tree.ms_entries > 0);
    return DOCKET_OK;
}

static docket_status put_record(struct dk_store *store, MDB_txn *txn, const struct dk_ledger_record *record)
{
    struct dk_ledger_record numbered = *record;
    struct dk_key key;
    if (record->event_at != 0)
        numbered.event = store->event_last + record->event_at;
    store->value.used = 0;
    docket_status status = dk_image_encode_ledger(&numbered, &key, &store->value);
    return status == DOCKET_OK ? dk_env_put(store, txn, DK_KIND_LEDGER, &key, &store->value) : status;
}

static docket_status put_key(struct dk_store *store, MDB_txn *txn, const struct dk_key_record *record)
{
    struct dk_key key;
    store->value.used = 0;
    docket_status status = record->removed
                               ? dk_image_key_of_key(record->series_id, record->kind, record->text, &key)
                               : dk_image_encode_key(record, &key, &store->value);
    if (status != DOCKET_OK)
        return status;
    return record->removed ? dk_env_remove(store, txn, DK_KIND_KEYS, &key)
                           : dk_env_put(store, txn, DK_KIND_KEYS, &key, &store->value);
}

static docket_status put_hold(struct dk_store *store, MDB_txn *txn, const struct dk_hold_record *record)
{
    struct dk_key key;
    store->value.used = 0;
    docket_status status =
        record->removed ? dk_image_key_of_hold(record, &key) : dk_image_encode_hold(record, &key, &store->value);
    if (status != DOCKET_OK)
        return status;
    return record->removed ? dk_env_remove(store, txn, DK_KIND_HOLDS, &key)
                           : dk_env_put(store, txn, DK_KIND_HOLDS, &key, &store->value);
}

static docket_status put_elsewhere(struct dk_store *store, MDB_txn *txn, const struct dk_elsewhere_record *record)
{
    struct dk_key key;
    bool added, same;
    store->value.used = 0;
    docket_status status = dk_image_encode_elsewhere(record, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(store, txn, DK_KIND_ELSEWHERE, &key, &store->value, &added, &same);
    if (status == DOCKET_OK && !same)
        status = dk_fail(DOCKET_EXISTS, "text %s of tenant %s is known from elsewhere already", record->text,
                         record->tenant);
    if (status == DOCKET_OK)
        dk_store_relaxed(&store->has_elsewhere, 1); /* at worst too early */
    return status;
}

docket_status dk_ledger_append(struct dk_store *store, MDB_txn *txn, const struct dk_ledger_change *change)
{
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < change->elsewhere_count; at++)
        status = put_elsewhere(store, txn, &change->elsewhere[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->record_count; at++)
        status = put_record(store, txn, &change->records[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->key_count; at++)
        status = put_key(store, txn, &change->keys[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->hold_count; at++)
        status = put_hold(store, txn, &change->holds[at]);
    return status;
}
