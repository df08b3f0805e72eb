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

#include <stdlib.h>
#include <string.h>

/* A value larger than this is closed and another begun: LMDB wants contiguous
 * pages for each, and a part is the least that a fold takes. */
enum { PART_BYTES = 1 << 18 };

/* Images folded in one commit: a few milliseconds. A journal of LONG images
 * has some folded by each commit, so that it does not grow for ever when
 * commits are large (a start, a stop, a year's end of a million counters). */
enum { FOLD_IMAGES = 4096, LONG_IMAGES = 65536 };

/* ---- what a commit changes, for the index ---- */

static docket_status note(struct dk_spot **spots, size_t *count, size_t *room, const struct dk_spot *spot)
{
    if (*count == *room) {
        size_t more = *room * 2 + 64;
        struct dk_spot *grown = realloc(*spots, more * sizeof *grown);
        if (!grown)
            return dk_fail(DOCKET_NO_MEMORY, "no memory to note %zu counters", more);
        *spots = grown;
        *room = more;
    }
    (*spots)[(*count)++] = *spot;
    return DOCKET_OK;
}

void dk_journal_aborted(struct dk_store *store)
{
    store->noted_count = store->folded_count = 0;
    store->emptied = false;
}

docket_status dk_journal_committed(struct dk_store *store)
{
    docket_status status = DOCKET_OK;
    pthread_mutex_lock(&store->index_lock);
    if (store->emptied) {
        dk_index_clear(&store->index);
        store->journal_images = 0;
    } else {
        for (size_t at = 0; status == DOCKET_OK && at < store->noted_count; at++)
            status = dk_index_put(&store->index, &store->noted[at]);
        for (size_t at = 0; at < store->folded_count; at++)
            dk_index_drop(&store->index, &store->folded[at]);
        store->journal_images += store->noted_count;
        store->journal_images -= store->folded_count;
    }
    pthread_mutex_unlock(&store->index_lock);
    dk_journal_aborted(store); /* told */
    return status;
}

bool dk_journal_is_long(const struct dk_store *store)
{
    return store->journal_images + store->noted_count > LONG_IMAGES;
}

void dk_journal_free(struct dk_store *store)
{
    dk_index_clear(&store->index);
    free(store->noted);
    free(store->folded);
    pthread_mutex_destroy(&store->index_lock);
}

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
        struct dk_spot spot = {image->series_id, commit_number, image->period, part};
        if (status == DOCKET_OK && added)
            status = note(&store->noted, &store->noted_count, &store->noted_room, &spot);
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

static docket_status fold_all(struct dk_store *store, MDB_txn *txn)
{
    struct fold fold = {store, txn};
    struct dk_seen seen = {0};
    docket_status status = dk_journal_walk(store, txn, &seen, fold_one, &fold);
    dk_seen_free(&seen);
    store->emptied = true;
    if (status != DOCKET_OK)
        return status;
    return dk_env_empty(store, txn, DK_KIND_JOURNAL);
}

/* The spots of a part's images, each of which becomes the counter's folded one
 * unless a newer one is known to be in the journal. */
static docket_status fold_part(struct fold *fold, const struct dk_key *name, struct dk_slice bytes)
{
    struct dk_store *store = fold->store;
    struct dk_part_reader part;
    docket_status status = dk_image_open_part(dk_key_slice(name), bytes, &part);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status != DOCKET_OK || !more)
            break;
        struct dk_spot spot = {image.series_id, part.commit_number, image.period, part.number};
        const struct dk_spot *newest = dk_index_find(&store->index, image.series_id, image.period);
        bool old = newest && (newest->commit_number != spot.commit_number || newest->part != spot.part);
        if (!old)
            status = fold_one(fold, &image);
        if (status == DOCKET_OK)
            status = note(&store->folded, &store->folded_count, &store->folded_room, &spot);
        dk_image_free_counter(&image);
    }
    return status;
}

/* The oldest part there is; *found is false if there is none. */
static docket_status copy_oldest(struct journal_walk *walk, MDB_txn *txn, bool *found)
{
    MDB_cursor *cursor;
    MDB_val key = {0}, value = {0};
    int error = mdb_cursor_open(txn, walk->store->dbi[DK_KIND_JOURNAL], &cursor);
    if (error)
        return dk_env_fail(walk->store, error, "read the journal");
    error = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    *found = !error;
    docket_status status = DOCKET_OK;
    if (error && error != MDB_NOTFOUND)
        status = dk_env_fail(walk->store, error, "read the journal");
    if (*found)
        status = copy_part(walk, key, value);
    mdb_cursor_close(cursor);
    return status;
}

/* Oldest first: what a newer part says of a counter stays in the journal, where
 * readers look first. */
static docket_status fold_some(struct dk_store *store, MDB_txn *txn)
{
    struct fold fold = {store, txn};
    struct journal_walk walk = {.store = store};
    docket_status status = DOCKET_OK;
    bool found = true;
    while (status == DOCKET_OK && found && store->folded_count < FOLD_IMAGES) {
        status = copy_oldest(&walk, txn, &found);
        if (status != DOCKET_OK || !found)
            break;
        status = fold_part(&fold, &walk.key, (struct dk_slice){walk.copy.bytes, walk.copy.used});
        if (status == DOCKET_OK)
            status = dk_env_remove(store, txn, DK_KIND_JOURNAL, &walk.key);
    }
    dk_buffer_free(&walk.copy);
    return status;
}

docket_status dk_journal_fold(struct dk_store *store, MDB_txn *txn)
{
    bool few = store->journal_images + store->noted_count <= FOLD_IMAGES;
    return few ? fold_all(store, txn) : fold_some(store, txn);
}

/* ---- the index ---- */

static docket_status index_part(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_store *store = context;
    struct dk_part_reader part;
    docket_status status = dk_image_open_part(key, value, &part);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status != DOCKET_OK || !more)
            break;
        struct dk_spot spot = {image.series_id, part.commit_number, image.period, part.number};
        status = dk_index_put(&store->index, &spot);
        store->journal_images++;
        dk_image_free_counter(&image);
    }
    return status;
}

docket_status dk_journal_build_index(struct dk_store *store, MDB_txn *txn)
{
    /* From the oldest on: the newest spot of a counter is the last one put. */
    return dk_env_walk(store, txn, DK_KIND_JOURNAL, NULL, 0, index_part, store);
}

docket_status dk_journal_begin_of(struct dk_store *store, uint64_t series_id, MDB_txn **txn, struct dk_spot *spots,
                                  size_t most, size_t *count)
{
    /* The index follows its commit: what this transaction sees is at least as new. */
    pthread_mutex_lock(&store->index_lock);
    docket_status status = dk_env_begin(store, false, txn);
    *count = dk_index_of_series(&store->index, series_id, spots, most);
    pthread_mutex_unlock(&store->index_lock);
    return status;
}

docket_status dk_journal_show(struct dk_store *store, MDB_txn *txn, const struct dk_spot *spot,
                              docket_status (*each)(void *context, const struct dk_counter_image *image),
                              void *context, bool *found)
{
    struct dk_key key;
    struct dk_slice value;
    struct dk_part_reader part;
    bool there;
    *found = false;
    dk_key_of_part(&key, spot->commit_number, spot->part);
    docket_status status = dk_env_get(store, txn, DK_KIND_JOURNAL, &key, &value, &there);
    if (status != DOCKET_OK || !there)
        return status;
    status = dk_image_open_part(dk_key_slice(&key), value, &part);
    bool more = true;
    while (status == DOCKET_OK && more && !*found) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status != DOCKET_OK || !more)
            break;
        *found = image.series_id == spot->series_id && image.period == spot->period;
        if (*found)
            status = each(context, &image);
        dk_image_free_counter(&image);
    }
    if (status == DOCKET_OK && !*found)
        status = dk_record_damaged(DK_KIND_JOURNAL, dk_key_slice(&key), "does not hold what it held");
    return status;
}
