/* SPDX-License-Identifier: MIT */
/*
 * commit: one transaction, durable when it returns. A failed commit or sync is
 * never tried again: the kernel may have dropped the pages that it could not
 * write and call the next sync a success. So the store is marked failed, and
 * the next start reads what is really there.
 */
#include "store/inside.h"

#include <string.h>

void dk_store_seen(const struct dk_store *store, uint64_t *commit, uint8_t run[DK_DIGEST_BYTES])
{
    *commit = store->meta.commit;
    memcpy(run, store->meta.run, DK_DIGEST_BYTES);
}

docket_status dk_commit_check_alive(struct dk_store *store)
{
    /* Relaxed: the flag carries nothing but itself, and is never cleared. */
    if (dk_load_relaxed(&store->failed))
        return dk_fail(DOCKET_STORE_FAILED,
                       "an earlier commit to the store failed; docketd must end and start again");
    return DOCKET_OK;
}

docket_status dk_commit_witness(struct dk_store *store, const struct dk_witness *witness)
{
    docket_status status = dk_witness_write(store->witness_fd, store->witness_name, witness);
    if (status == DOCKET_OK && store->far.fd >= 0) {
        status = dk_witness_write(store->far.fd, store->far.name, witness);
        status = status == DOCKET_OK ? status : dk_wrap(status, "the far witness in %s", store->far.folder);
    }
    if (status == DOCKET_OK)
        status = dk_hook_tell(store, witness);
    if (status == DOCKET_OK)
        store->witness = *witness;
    return status;
}

/* What is durable, for a witness to say. */
void dk_commit_say(const struct dk_store *store, struct dk_witness *witness)
{
    witness->seen = store->meta.commit;
    memcpy(witness->run, store->meta.run, sizeof witness->run);
}

docket_status dk_open_witness(struct dk_store *store, uint64_t start, uint32_t phase, bool trail_is_known)
{
    struct dk_witness witness = {.generation = store->meta.generation,
                                 .start = start,
                                 .commit = start + 1 + DK_WITNESS_LAG,
                                 .phase = phase};
    memcpy(witness.store_id, store->meta.store_id, sizeof witness.store_id);
    memcpy(witness.token, store->meta.guard.token, sizeof witness.token);
    dk_commit_say(store, &witness);
    if (trail_is_known)
        dk_witness_see(&witness, &store->meta.trail);
    return dk_commit_witness(store, &witness);
}

docket_status dk_open_witness_clean(struct dk_store *store)
{
    struct dk_witness exact = store->witness;
    exact.commit = store->meta.commit;
    exact.phase = DK_WITNESS_CLEAN;
    dk_witness_see(&exact, &store->meta.trail);
    dk_commit_say(store, &exact);
    return dk_commit_witness(store, &exact);
}

/* Before the commit that would pass it. A crash here leaves a witness that is
 * LAG + 1 ahead, which is as far as the next start allows. */
static docket_status go_ahead(struct dk_store *store, uint64_t number)
{
    struct dk_witness ahead = store->witness;
    docket_status status = dk_hook_cover(store, number);
    if (status != DOCKET_OK || number <= ahead.commit)
        return status;
    ahead.commit = number + DK_WITNESS_LAG;
    dk_witness_see(&ahead, &store->meta.trail);
    dk_commit_say(store, &ahead);
    return dk_commit_witness(store, &ahead);
}

static docket_status write_and_sync(struct dk_store *store, uint64_t number, dk_fill fill,
                                    const void *context)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, true, &txn);
    if (status != DOCKET_OK)
        return status;
    store->trail = store->meta.trail;
    store->trail_moved = false;
    status = dk_meta_goes_on(store, txn);
    if (status == DOCKET_OK)
        status = fill(store, txn, number, context);
    if (status == DOCKET_OK)
        status = dk_meta_write_commit(store, txn, number);
    if (status == DOCKET_OK)
        status = dk_meta_write_end(store, txn, number);
    if (status != DOCKET_OK) {
        mdb_txn_abort(txn);
        dk_journal_aborted(store);
        dk_ledger_aborted(store);
        return status;
    }
    int error = dk_env_commit(store, txn);
    if (error)
        return dk_env_fail(store, error, "commit");
    status = dk_journal_committed(store);
    return status == DOCKET_OK ? dk_ledger_committed(store) : status;
}

/* What the caller asked for was refused before anything was written. */
static bool is_refusal(docket_status status)
{
    return status == DOCKET_BAD_ARGUMENT || status == DOCKET_EXISTS;
}

docket_status dk_commit_run(struct dk_store *store, dk_fill fill, const void *context)
{
    docket_status status = dk_commit_check_alive(store);
    if (status != DOCKET_OK)
        return status;
    uint64_t number = store->meta.commit + 1;
    status = go_ahead(store, number);
    if (status == DOCKET_OK)
        status = write_and_sync(store, number, fill, context);
    if (status == DOCKET_OK) {
        store->meta.commit = number;
        store->meta.sum = store->sum;
        memcpy(store->meta.run, store->run, sizeof store->meta.run);
        store->meta.trail = store->trail;
        store->meta.ledger_sum = store->ledger_sum;
        dk_time_committed(store);
        dk_hook_durable(store);
        return status;
    }
    if (is_refusal(status))
        return status;
    dk_store_relaxed(&store->failed, 1);
    if (status != DOCKET_NO_SPACE && status != DOCKET_DAMAGED)
        status = DOCKET_STORE_FAILED;
    return dk_wrap(status, "commit %llu failed", (unsigned long long)number);
}

/* ---- what a commit writes ---- */

static docket_status add_series(struct dk_store *store, MDB_txn *txn,
                                const struct dk_series_record *record, uint64_t *last)
{
    struct dk_key key;
    bool added, same;
    store->value.used = 0;
    docket_status status = dk_image_encode_series(record, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(store, txn, DK_KIND_SERIES, &key, &store->value, &added, &same);
    if (status != DOCKET_OK)
        return status;
    if (!same)
        return dk_fail(DOCKET_EXISTS, "series %s of tenant %s exists with other settings",
                       record->name, record->tenant);
    /* Two series of one id would share their counters, and give numbers twice. */
    if (added && record->id <= *last)
        return dk_fail(DOCKET_BAD_ARGUMENT, "series id %llu is not above the last one, %llu",
                       (unsigned long long)record->id, (unsigned long long)*last);
    if (added)
        *last = record->id;
    return dk_texts_change(store, txn, NULL, record);
}

static docket_status add_range(struct dk_store *store, MDB_txn *txn,
                               const struct dk_fate_record *record)
{
    struct dk_key key;
    bool added, same;
    store->value.used = 0;
    docket_status status = dk_image_encode_range(record, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(store, txn, DK_KIND_RANGES, &key, &store->value, &added, &same);
    if (status == DOCKET_OK && !same)
        status = dk_record_damaged(DK_KIND_RANGES, dk_key_slice(&key),
                                   "would be overwritten by another range from the same number");
    return status;
}

static docket_status change_series(struct dk_store *store, MDB_txn *txn,
                                   const struct dk_series_record *record)
{
    struct dk_key key;
    struct dk_slice found = {0};
    struct dk_series_record before = {0};
    bool there = false;
    store->value.used = 0;
    docket_status status = dk_image_encode_series(record, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_get(store, txn, DK_KIND_SERIES, &key, &found, &there);
    if (status == DOCKET_OK && there)
        status = dk_image_decode_series(dk_key_slice(&key), found, &before);
    if (status != DOCKET_OK)
        return status;
    if (!there || before.id != record->id || strcmp(before.desk, record->desk) != 0)
        return dk_record_damaged(DK_KIND_SERIES, dk_key_slice(&key), "is not the one that was to be changed");
    status = dk_env_put(store, txn, DK_KIND_SERIES, &key, &store->value);
    return status == DOCKET_OK ? dk_texts_change(store, txn, &before, record) : status;
}

static docket_status remove_range(struct dk_store *store, MDB_txn *txn,
                                  const struct dk_fate_record *record)
{
    struct dk_key key;
    bool was_there = false;
    store->value.used = 0;
    docket_status status = dk_image_encode_range(record, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_remove_exact(store, txn, DK_KIND_RANGES, &key, &store->value, &was_there);
    if (status == DOCKET_OK && !was_there)
        status = dk_record_damaged(DK_KIND_RANGES, dk_key_slice(&key),
                                   "is not the one that was to be replaced");
    return status;
}

/* A range whose reason is an event of this very change gets the number that the
 * event will have. */
static docket_status add_dated_range(struct dk_store *store, MDB_txn *txn,
                                     const struct dk_fate_record *record)
{
    struct dk_fate_record numbered = *record;
    if (record->event_at != 0)
        numbered.event = store->event_last + record->event_at;
    return add_range(store, txn, &numbered);
}

docket_status dk_commit_event(struct dk_store *store, MDB_txn *txn, const struct dk_event *event,
                              uint64_t number)
{
    struct dk_event numbered = *event;
    struct dk_key key;
    bool added = false, same;
    numbered.number = number;
    store->value.used = 0;
    dk_chain_link(&numbered, store->trail.hash);
    docket_status status = dk_image_encode_event(&numbered, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(store, txn, DK_KIND_EVENTS, &key, &store->value, &added, &same);
    if (status == DOCKET_OK && !added)
        status = dk_record_damaged(DK_KIND_EVENTS, dk_key_slice(&key),
                                   "stands where the next event belongs");
    store->trail.number = number;
    memcpy(store->trail.hash, numbered.link.hash, sizeof store->trail.hash);
    store->trail_moved = true;
    return status;
}

static docket_status write_change(struct dk_store *store, MDB_txn *txn, uint64_t number,
                                  const void *context)
{
    const struct dk_change *change = context;
    uint64_t last = store->series_last;
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < change->series_count; at++)
        status = add_series(store, txn, change->series[at], &last);
    for (size_t at = 0; status == DOCKET_OK && at < change->changed_count; at++)
        status = change_series(store, txn, change->changed[at]);
    if (status == DOCKET_OK)
        status = dk_journal_append(store, txn, number, change->counters, change->counter_count);
    if (status == DOCKET_OK)
        status = dk_journal_fold(store, txn, number);
    if (status == DOCKET_OK)
        status = dk_ledger_append(store, txn, number, &change->ledger);
    if (status == DOCKET_OK)
        status = dk_ledger_fold(store, txn);
    for (size_t at = 0; status == DOCKET_OK && at < change->removed_count; at++)
        status = remove_range(store, txn, &change->removed[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->range_count; at++)
        status = add_dated_range(store, txn, &change->ranges[at]);
    for (size_t at = 0; status == DOCKET_OK && at < change->event_count; at++)
        status = dk_commit_event(store, txn, &change->events[at], store->event_last + 1 + at);
    for (size_t at = 0; status == DOCKET_OK && at < change->desk_count; at++)
        status = dk_meta_write_desk(store, txn, &change->desks[at]);
    if (status == DOCKET_OK && change->fence != NULL)
        status = dk_meta_write_fence(store, txn, change->fence);
    return status;
}

docket_status dk_store_commit(struct dk_store *store, const struct dk_change *change,
                              uint64_t *commit_number)
{
    docket_status status = dk_commit_run(store, write_change, change);
    if (status != DOCKET_OK)
        return status;
    store->event_last = store->meta.trail.number;
    if (change->fence != NULL)
        store->meta.fence = *change->fence;
    for (size_t at = 0; at < change->series_count; at++) {
        if (change->series[at]->id > store->series_last)
            store->series_last = change->series[at]->id;
    }
    dk_store_relaxed(&store->far.series_last, store->series_last);
    *commit_number = store->meta.commit;
    return DOCKET_OK;
}
