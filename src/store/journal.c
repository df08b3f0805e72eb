/* SPDX-License-Identifier: MIT */
/*
 * journal: the images of a commit in few large values. A key for each of
 * 100,000 dirty counters would cost a hundred times as much; so they are
 * journalled as one, and folded into records of their own now and then.
 *
 * Everything that is kept lies in the journal itself: a walk goes from the
 * newest part to the oldest and takes each counter once.
 */
#include "store/inside.h"

#include <string.h>

/* A value larger than this is closed and another begun: LMDB wants contiguous
 * pages for each. */
enum { PART_BYTES = 1 << 20 };

/* ---- append ---- */

static docket_status put_part(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                              uint32_t *part)
{
    struct dk_key key;
    docket_status status = dk_image_seal_part(commit_number, *part, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_put(store, txn, DK_KIND_JOURNAL, &key, &store->value);
    store->value.used = 0;
    ++*part;
    return status;
}

docket_status dk_journal_append(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                                const struct dk_counter_image *const *counters, size_t count)
{
    struct dk_seen seen = {0};
    docket_status status = DOCKET_OK;
    uint32_t part = 0;
    store->value.used = 0;
    /* From the last, so that the last of two images of one counter is the one. */
    for (size_t left = count; status == DOCKET_OK && left > 0; left--) {
        const struct dk_counter_image *image = counters[left - 1];
        bool added = false;
        status = dk_seen_add(&seen, image->series_id, image->period, &added);
        if (status == DOCKET_OK && added)
            status = dk_image_add_to_part(image, &store->value);
        if (status == DOCKET_OK && store->value.used >= PART_BYTES)
            status = put_part(store, txn, commit_number, &part);
    }
    if (status == DOCKET_OK && store->value.used > 0)
        status = put_part(store, txn, commit_number, &part);
    dk_seen_free(&seen);
    return status;
}

/* ---- walk, newest first ---- */

struct journal_walk {
    struct dk_store *store;
    struct dk_seen *seen;
    docket_status (*each)(void *context, const struct dk_counter_image *image);
    void *context;
    struct dk_buffer copy; /* the part: what LMDB shows may move when each() writes */
    struct dk_key key;
};

static docket_status copy_part(struct journal_walk *walk, MDB_val key, MDB_val value)
{
    struct dk_slice shown = {key.mv_data, key.mv_size};
    if (key.mv_size > sizeof walk->key.bytes)
        return dk_record_damaged(DK_KIND_JOURNAL, shown, "has an impossible key");
    memcpy(walk->key.bytes, key.mv_data, key.mv_size);
    walk->key.size = key.mv_size;
    walk->copy.used = 0;
    uint8_t *bytes = dk_buffer_reserve(&walk->copy, value.mv_size);
    if (!bytes)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a journal entry of %zu bytes",
                       value.mv_size);
    memcpy(bytes, value.mv_data, value.mv_size);
    return DOCKET_OK;
}

static docket_status show_image(struct journal_walk *walk, struct dk_counter_image *image)
{
    bool added = false;
    docket_status status = dk_seen_add(walk->seen, image->series_id, image->period, &added);
    if (status == DOCKET_OK && added)
        status = walk->each(walk->context, image);
    dk_image_free_counter(image);
    return status;
}

static docket_status walk_part(struct journal_walk *walk)
{
    struct dk_part_reader part;
    struct dk_slice value = {walk->copy.bytes, walk->copy.used};
    docket_status status = dk_image_open_part(dk_key_slice(&walk->key), value, &part);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status == DOCKET_OK && more)
            status = show_image(walk, &image);
    }
    return status;
}

docket_status dk_journal_walk(struct dk_store *store, MDB_txn *txn, struct dk_seen *seen,
                              docket_status (*each)(void *context,
                                                    const struct dk_counter_image *image),
                              void *context)
{
    struct journal_walk walk = {.store = store, .seen = seen, .each = each, .context = context};
    MDB_cursor *cursor;
    MDB_val key = {0}, value = {0};
    int error = mdb_cursor_open(txn, store->dbi[DK_KIND_JOURNAL], &cursor);
    if (error)
        return dk_env_fail(store, error, "walk the journal");
    docket_status status = DOCKET_OK;
    error = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    while (!error && status == DOCKET_OK) {
        status = copy_part(&walk, key, value);
        if (status == DOCKET_OK)
            status = walk_part(&walk);
        if (status == DOCKET_OK)
            error = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    }
    if (error && error != MDB_NOTFOUND)
        status = dk_env_fail(store, error, "walk the journal");
    mdb_cursor_close(cursor);
    dk_buffer_free(&walk.copy);
    return status;
}

/* ---- fold ---- */

struct fold {
    struct dk_store *store;
    MDB_txn *txn;
};

static docket_status fold_one(void *context, const struct dk_counter_image *image)
{
    const struct fold *fold = context;
    struct dk_key key;
    fold->store->value.used = 0;
    docket_status status = dk_image_encode_counter(image, &key, &fold->store->value);
    if (status != DOCKET_OK)
        return status;
    return dk_env_put(fold->store, fold->txn, DK_KIND_COUNTERS, &key, &fold->store->value);
}

docket_status dk_journal_fold(struct dk_store *store, MDB_txn *txn)
{
    struct fold fold = {store, txn};
    struct dk_seen seen = {0};
    docket_status status = dk_journal_walk(store, txn, &seen, fold_one, &fold);
    dk_seen_free(&seen);
    if (status != DOCKET_OK)
        return status;
    return dk_env_empty(store, txn, DK_KIND_JOURNAL);
}
