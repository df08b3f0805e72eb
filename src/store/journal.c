/* SPDX-License-Identifier: MIT */
/*
 * journal: the images of a commit in few large values. A key for each of
 * 100,000 dirty counters would cost a hundred times as much; so they are
 * journalled as one, and folded into records of their own now and then (fold.c).
 *
 * Everything that is kept lies in the journal itself: a walk goes from the
 * newest part to the oldest and takes each counter once.
 */
#include "store/inside.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* A value larger than this is closed and another begun: LMDB wants contiguous
 * pages for each, and a part is the least that a fold takes. */
enum { PART_BYTES = 1 << 18 };

/* ---- what a commit changes, for the index ---- */

enum {
    KEPT_NOTES = 65536, /* room for more is not kept for the next commit */
    AHEAD = 12          /* images of a commit are many, and each lies somewhere else: they are asked for ahead of time */
};

static docket_status make_note_room(struct dk_store *store, size_t count)
{
    if (count <= store->noted_room)
        return DOCKET_OK;
    free(store->noted);
    store->noted = malloc(count * sizeof *store->noted);
    store->noted_room = store->noted ? count : 0;
    return store->noted ? DOCKET_OK : dk_fail(DOCKET_NO_MEMORY, "no memory to note %zu counters", count);
}

void dk_journal_aborted(struct dk_store *store)
{
    store->noted_count = store->folded_count = 0;
    store->parts_dropped = 0;
    store->emptied = false;
    free(store->folded);
    store->folded = NULL;
    if (store->noted_room > KEPT_NOTES) {
        free(store->noted);
        store->noted = NULL;
        store->noted_room = 0;
    }
}

/* Notes are in the order of their parts. */
static docket_status take_notes(struct dk_store *store)
{
    struct dk_index *index = &store->index;
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < store->noted_count; at++) {
        const struct dk_noted *noted = &store->noted[at];
        if (at + AHEAD < store->noted_count)
            dk_index_prefetch(index, store->noted[at + AHEAD].series_id);
        if (at == 0 || noted->part != noted[-1].part)
            status = dk_index_add_part(index, store->meta.commit + 1, noted->part);
        if (status == DOCKET_OK)
            status = dk_index_put(index, noted->series_id, noted->period, noted->offset);
    }
    return status;
}

docket_status dk_journal_committed(struct dk_store *store)
{
    docket_status status = DOCKET_OK;
    pthread_mutex_lock(&store->index_lock);
    if (store->emptied) {
        dk_index_empty(&store->index);
    } else {
        status = take_notes(store);
        for (size_t at = 0; at < store->folded_count; at++)
            dk_index_drop(&store->index, &store->folded[at]);
        for (uint32_t at = 0; at < store->parts_dropped; at++)
            dk_index_drop_part(&store->index);
    }
    pthread_mutex_unlock(&store->index_lock);
    dk_journal_aborted(store); /* told */
    return status;
}

void dk_journal_free(struct dk_store *store)
{
    dk_index_free(&store->index);
    free(store->noted);
    free(store->folded);
    pthread_mutex_destroy(&store->index_lock);
}

/* ---- the images of a commit, in the order of their counters ---- */

struct place {
    uint64_t series_id;
    uint32_t period;
    uint32_t at; /* in what the caller gave */
};

static unsigned digit_of(const struct place *place, unsigned byte)
{
    return byte < 4 ? place->period >> 8 * byte & 0xff : (unsigned)(place->series_id >> 8 * (byte - 4) & 0xff);
}

/* Stable, by one byte; false: all have the same one, and nothing was moved. */
static bool sort_by_byte(const struct place *from, struct place *to, size_t count, unsigned byte)
{
    size_t starts[257] = {0};
    for (size_t at = 0; at < count; at++)
        starts[digit_of(&from[at], byte) + 1]++;
    if (starts[digit_of(&from[0], byte) + 1] == count)
        return false;
    for (unsigned digit = 0; digit < 256; digit++)
        starts[digit + 1] += starts[digit];
    for (size_t at = 0; at < count; at++)
        to[starts[digit_of(&from[at], byte)]++] = from[at];
    return true;
}

/* By series and period; what is equal stays in its order. Returns where it lies. */
static struct place *sort_places(struct place *places, struct place *room, size_t count)
{
    for (unsigned byte = 0; byte < 12; byte++) {
        if (!sort_by_byte(places, room, count, byte))
            continue;
        struct place *sorted = room;
        room = places;
        places = sorted;
    }
    return places;
}

/* Into sorted[]; of two images of one counter the last one. Returns how many. */
static size_t sort_images(const struct dk_counter_image *const *counters, size_t count, struct place *room,
                          const struct dk_counter_image **sorted)
{
    size_t kept = 0;
    for (size_t at = 0; at < count; at++)
        room[at] = (struct place){counters[at]->series_id, (uint32_t)counters[at]->period, (uint32_t)at};
    const struct place *places = sort_places(room, room + count, count);
    for (size_t at = 0; at < count; at++) {
        bool last = at + 1 == count || places[at].series_id != places[at + 1].series_id ||
                    places[at].period != places[at + 1].period;
        if (last)
            sorted[kept++] = counters[places[at].at];
    }
    return kept;
}

/* ---- append ---- */

static inline void ask_for(const struct dk_counter_image *const *counters, size_t count, size_t at)
{
    if (at + AHEAD >= count)
        return;
    __builtin_prefetch(counters[at + AHEAD]);
    __builtin_prefetch((const char *)counters[at + AHEAD] + 64);
}

static bool rises(const struct dk_counter_image *before, const struct dk_counter_image *image)
{
    return before->series_id < image->series_id ||
           (before->series_id == image->series_id && before->period < image->period);
}

/* The next part: its first images, as many as fit, whether they are in order and above the one before them, and
 * obey the law. */
struct part_plan {
    size_t count, bytes;
    bool rising;
};

static docket_status plan_part(const struct dk_counter_image *const *counters, size_t from, size_t count,
                               struct part_plan *plan)
{
    docket_status status = DOCKET_OK;
    *plan = (struct part_plan){.rising = true};
    for (size_t at = from; status == DOCKET_OK && at < count && plan->bytes < PART_BYTES; at++) {
        ask_for(counters, count, at);
        status = dk_image_check_counter(counters[at]);
        plan->rising = plan->rising && (at == 0 || rises(counters[at - 1], counters[at]));
        plan->bytes += dk_image_bytes_in_part(counters[at]);
        plan->count++;
    }
    return status;
}

/* Straight onto LMDB's pages. */
static docket_status put_part(struct dk_store *store, MDB_txn *txn, uint64_t commit_number, uint32_t part,
                              const struct dk_counter_image *const *counters, size_t count, size_t bytes)
{
    struct dk_key key;
    uint8_t *value;
    dk_key_of_part(&key, commit_number, part);
    docket_status status = dk_env_reserve(store, txn, DK_KIND_JOURNAL, &key, bytes + DK_CHECKSUM_BYTES, &value);
    if (status != DOCKET_OK)
        return status;
    uint8_t *to = value;
    for (size_t at = 0; at < count; at++) {
        store->noted[store->noted_count++] = (struct dk_noted){counters[at]->series_id, counters[at]->period, part,
                                                               (uint32_t)(to - value)};
        to = dk_image_put_in_part(to, counters[at]);
    }
    *dk_env_sum_of(store, DK_KIND_JOURNAL) += dk_record_seal_at(DK_KIND_JOURNAL, dk_key_slice(&key), value, bytes);
    return DOCKET_OK;
}

/* *rising is false, and nothing is in the journal, if they are not in order. */
static docket_status append_rising(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                                   const struct dk_counter_image *const *counters, size_t count, bool *rising)
{
    docket_status status = make_note_room(store, count);
    uint32_t part = 0;
    *rising = true;
    for (size_t at = 0; status == DOCKET_OK && at < count; part++) {
        struct part_plan plan;
        status = plan_part(counters, at, count, &plan);
        *rising = status != DOCKET_OK || plan.rising;
        if (status != DOCKET_OK || !plan.rising)
            break;
        status = put_part(store, txn, commit_number, part, counters + at, plan.count, plan.bytes);
        at += plan.count;
    }
    while (status == DOCKET_OK && !*rising && part-- > 0) {
        struct dk_key key;
        dk_key_of_part(&key, commit_number, part);
        status = dk_env_remove(store, txn, DK_KIND_JOURNAL, &key);
        store->noted_count = 0;
    }
    return status;
}

static docket_status append_sorted(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                                   const struct dk_counter_image *const *counters, size_t count)
{
    struct place *room = malloc(2 * count * sizeof *room);
    const struct dk_counter_image **sorted = malloc(count * sizeof(struct dk_counter_image *));
    docket_status status = DOCKET_OK;
    bool rising = true;
    if (!room || !sorted)
        status = dk_fail(DOCKET_NO_MEMORY, "no memory to sort %zu counters", count);
    else
        status = append_rising(store, txn, commit_number, sorted, sort_images(counters, count, room, sorted), &rising);
    DK_CHECK(rising);
    free(room);
    free(sorted);
    return status;
}

/* As a rule they are in order: turns go along the slots. */
docket_status dk_journal_append(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                                const struct dk_counter_image *const *counters, size_t count)
{
    bool rising;
    docket_status status = append_rising(store, txn, commit_number, counters, count, &rising);
    return status == DOCKET_OK && !rising ? append_sorted(store, txn, commit_number, counters, count) : status;
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

/* ---- the index ---- */

static docket_status index_part(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_store *store = context;
    struct dk_part_reader part;
    docket_status status = dk_image_open_part(key, value, &part);
    if (status == DOCKET_OK)
        status = dk_index_add_part(&store->index, part.commit_number, part.number);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_raw_counter raw;
        status = dk_image_next_raw_in_part(&part, &raw, &more);
        if (status == DOCKET_OK && more)
            status = dk_index_put(&store->index, raw.series_id, raw.period, raw.offset);
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
    struct dk_counter_image image;
    bool more = false;
    status = dk_image_open_part(dk_key_slice(&key), value, &part);
    if (status == DOCKET_OK) {
        dk_image_seek_in_part(&part, spot->offset);
        status = dk_image_next_in_part(&part, &image, &more);
    }
    if (status != DOCKET_OK)
        return status;
    *found = more && image.series_id == spot->series_id && image.period == spot->period;
    if (*found)
        status = each(context, &image);
    if (more)
        dk_image_free_counter(&image);
    if (status == DOCKET_OK && !*found)
        status = dk_record_damaged(DK_KIND_JOURNAL, dk_key_slice(&key), "does not hold what it held");
    return status;
}
