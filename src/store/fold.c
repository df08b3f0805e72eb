/* SPDX-License-Identifier: MIT */
/*
 * fold: from the journal to a record for each counter, in the transaction of
 * the commit that does it.
 *
 * Of a short journal all is folded, and it is empty. Of a longer one a commit
 * folds some: the newest images of the counters that come next, in the order
 * of their ids, so that each page of the records is written once in a round;
 * and it begins again at the end. What that leaves in a part is older than
 * what stands elsewhere. So parts go from the oldest on, and only when none of
 * their images is the newest of its counter: a part between two that stand
 * must stay, else an image in the older one would count again.
 *
 * How much: what takes some milliseconds, as images or as pages that they lie
 * on. Where commits append so much that parts cannot go, as many as the commit
 * appended: so the journal holds some rounds at most.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

enum {
    FEW_IMAGES = 4096,    /* all of them in one commit */
    FOLD_IMAGES = 8192,   /* in one commit, at most ... */
    FOLD_PAGES = 768,     /* ... on so many pages */
    LONG_IMAGES = 65536,  /* waiting: each commit folds, not one of DK_JOURNAL_LENGTH */
    LONG_SHARE = 8,       /* ... or, if that is more, one of so many counters: then some lie on each page */
    HELD_IMAGES = 1 << 18, /* in all parts, beside thrice those that wait: more is too much */
    DEAD_PARTS = 64       /* removed in one commit, and twice what it appended */
};

/* Images to be written: their payloads behind each other, with their counters. */
struct sheaf {
    struct line *lines;
    size_t count, room;
    struct dk_buffer payloads;
};

struct line {
    uint64_t series_id;
    int32_t period;
    uint32_t size;
    size_t at; /* in payloads */
};

static docket_status no_memory(void)
{
    return dk_fail(DOCKET_NO_MEMORY, "no memory to fold the journal");
}

static docket_status add_line(struct sheaf *sheaf, uint64_t series_id, int32_t period, const void *bytes, size_t size)
{
    if (sheaf->count == sheaf->room) {
        size_t room = sheaf->room * 2 + 1024;
        struct line *lines = realloc(sheaf->lines, room * sizeof *lines);
        if (!lines)
            return no_memory();
        sheaf->lines = lines;
        sheaf->room = room;
    }
    uint8_t *to = dk_buffer_reserve(&sheaf->payloads, size);
    if (!to)
        return no_memory();
    memcpy(to, bytes, size);
    sheaf->lines[sheaf->count++] =
        (struct line){series_id, period, (uint32_t)size, (size_t)(to - sheaf->payloads.bytes)};
    return DOCKET_OK;
}

static void free_sheaf(struct sheaf *sheaf)
{
    free(sheaf->lines);
    dk_buffer_free(&sheaf->payloads);
}

/* In their order, until it is enough; *written says how many. */
static docket_status write_sheaf(struct dk_store *store, MDB_txn *txn, const struct sheaf *sheaf, size_t pages_most,
                                 size_t *written)
{
    struct dk_env_pen pen;
    docket_status status = dk_env_pen_begin(store, txn, DK_KIND_COUNTERS, &pen);
    *written = 0;
    if (status != DOCKET_OK)
        return status;
    while (status == DOCKET_OK && *written < sheaf->count && pen.pages < pages_most) {
        const struct line *line = &sheaf->lines[(*written)++];
        struct dk_key key;
        dk_key_of_counter(&key, line->series_id, line->period);
        store->value.used = 0;
        uint8_t *value = dk_buffer_reserve(&store->value, line->size + DK_CHECKSUM_BYTES);
        if (!value) {
            status = no_memory();
            break;
        }
        memcpy(value, sheaf->payloads.bytes + line->at, line->size);
        dk_record_seal_at(DK_KIND_COUNTERS, dk_key_slice(&key), value, line->size);
        status = dk_env_pen_put(&pen, dk_key_slice(&key), &store->value);
    }
    dk_env_pen_end(&pen);
    return status;
}

/* ---- all ---- */

static int by_counter(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    if (a->series_id != b->series_id)
        return a->series_id < b->series_id ? -1 : 1;
    return a->period < b->period ? -1 : a->period > b->period;
}

struct gathering {
    struct sheaf sheaf;
    struct dk_buffer value;
};

static docket_status gather_image(void *context, const struct dk_counter_image *image)
{
    struct gathering *gathering = context;
    struct dk_key unused;
    gathering->value.used = 0;
    docket_status status = dk_image_encode_counter(image, &unused, &gathering->value);
    if (status != DOCKET_OK)
        return status;
    return add_line(&gathering->sheaf, image->series_id, image->period, gathering->value.bytes,
                    gathering->value.used - DK_CHECKSUM_BYTES);
}

static docket_status fold_all(struct dk_store *store, MDB_txn *txn)
{
    struct gathering gathering = {0};
    struct dk_seen seen = {0};
    size_t written;
    docket_status status = dk_journal_walk(store, txn, &seen, gather_image, &gathering);
    if (gathering.sheaf.count > 1)
        qsort(gathering.sheaf.lines, gathering.sheaf.count, sizeof *gathering.sheaf.lines, by_counter);
    if (status == DOCKET_OK)
        status = write_sheaf(store, txn, &gathering.sheaf, SIZE_MAX, &written);
    if (status == DOCKET_OK)
        status = dk_env_empty(store, txn, DK_KIND_JOURNAL);
    store->emptied = true;
    dk_seen_free(&seen);
    free_sheaf(&gathering.sheaf);
    dk_buffer_free(&gathering.value);
    return status;
}

/* ---- some ---- */

/* The parts that a fold has opened, so that each is checked once: by how far they are behind the oldest one. */
struct shelf {
    struct dk_part_reader *parts; /* key.bytes NULL: not yet */
    struct dk_key *keys;
    uint32_t first, count;
};

static docket_status open_shelf(const struct dk_index *index, struct shelf *shelf)
{
    shelf->first = index->first_part;
    shelf->count = index->end_part - index->first_part;
    shelf->parts = calloc(shelf->count, sizeof *shelf->parts);
    shelf->keys = calloc(shelf->count, sizeof *shelf->keys);
    return shelf->parts && shelf->keys ? DOCKET_OK : no_memory();
}

/* A part that the index knows of; key outlives the reader. */
static docket_status open_part(struct dk_store *store, MDB_txn *txn, uint64_t commit_number, uint32_t number,
                               struct dk_key *key, struct dk_part_reader *part)
{
    struct dk_slice value;
    bool found;
    dk_key_of_part(key, commit_number, number);
    docket_status status = dk_env_get(store, txn, DK_KIND_JOURNAL, key, &value, &found);
    if (status == DOCKET_OK && !found)
        status = dk_record_damaged(DK_KIND_JOURNAL, dk_key_slice(key), "is gone");
    return status == DOCKET_OK ? dk_image_open_part(dk_key_slice(key), value, part) : status;
}

static docket_status take_part(struct dk_store *store, MDB_txn *txn, struct shelf *shelf, const struct dk_spot *spot,
                               struct dk_part_reader **part)
{
    uint32_t at = spot->serial - shelf->first;
    struct dk_key *key = &shelf->keys[at];
    *part = &shelf->parts[at];
    if ((*part)->key.bytes)
        return DOCKET_OK;
    return open_part(store, txn, spot->commit_number, spot->part, key, *part);
}

/* Nothing is written meanwhile: what LMDB shows stays where it is. */
static docket_status gather_spots(struct dk_store *store, MDB_txn *txn, const struct dk_spot *spots, size_t count,
                                  struct sheaf *sheaf)
{
    struct shelf shelf;
    docket_status status = open_shelf(&store->index, &shelf);
    for (size_t at = 0; status == DOCKET_OK && at < count; at++) {
        const struct dk_spot *spot = &spots[at];
        struct dk_part_reader *part;
        struct dk_raw_counter raw = {0};
        bool more = false;
        status = take_part(store, txn, &shelf, spot, &part);
        if (status != DOCKET_OK)
            break;
        dk_image_seek_in_part(part, spot->offset);
        status = dk_image_next_raw_in_part(part, &raw, &more);
        if (status == DOCKET_OK && (!more || raw.series_id != spot->series_id || raw.period != spot->period))
            status = dk_record_damaged(DK_KIND_JOURNAL, part->key, "does not hold what it held");
        if (status == DOCKET_OK)
            status = add_line(sheaf, raw.series_id, raw.period, raw.payload.bytes, raw.payload.size);
    }
    free(shelf.parts);
    free(shelf.keys);
    return status;
}

/* These get records of their own, as far as a commit has time for. */
static docket_status fold_spots(struct dk_store *store, MDB_txn *txn, size_t count, size_t pages_most)
{
    struct sheaf sheaf = {0};
    size_t written = 0;
    docket_status status = gather_spots(store, txn, store->folded, count, &sheaf);
    if (status == DOCKET_OK)
        status = write_sheaf(store, txn, &sheaf, pages_most, &written);
    store->folded_count = written;
    free_sheaf(&sheaf);
    return status;
}

static docket_status fold_next(struct dk_store *store, MDB_txn *txn, size_t images_most, size_t pages_most)
{
    uint64_t next;
    store->folded = malloc(images_most * sizeof *store->folded);
    if (!store->folded)
        return no_memory();
    size_t count = dk_index_gather(&store->index, store->fold_from, store->folded, images_most, &next);
    if (count == 0 && store->fold_from > 0)
        count = dk_index_gather(&store->index, 0, store->folded, images_most, &next);
    docket_status status = fold_spots(store, txn, count, pages_most);
    if (status != DOCKET_OK)
        return status;
    /* What is left of a series is first in the next fold. */
    store->fold_from = store->folded_count < count ? store->folded[store->folded_count].series_id : next;
    return status;
}

/* How many of a part's newest images this commit has folded. */
static uint32_t folded_of(const struct dk_store *store, uint32_t serial)
{
    uint32_t count = 0;
    for (size_t at = 0; at < store->folded_count; at++)
        count += store->folded[at].serial == serial;
    return count;
}

static docket_status drop_part(struct dk_store *store, MDB_txn *txn, const struct dk_index_part *part)
{
    struct dk_part_reader unused; /* damage is told, not thrown away */
    struct dk_key key;
    docket_status status = open_part(store, txn, part->commit_number, part->part, &key, &unused);
    return status == DOCKET_OK ? dk_env_remove(store, txn, DK_KIND_JOURNAL, &key) : status;
}

/* The oldest parts, as far as nothing in them counts: none is taken from between two that stand. */
static docket_status drop_parts(struct dk_store *store, MDB_txn *txn)
{
    docket_status status = DOCKET_OK;
    uint32_t appended = store->noted_count > 0 ? store->noted[store->noted_count - 1].part + 1 : 0;
    while (status == DOCKET_OK && store->parts_dropped < DEAD_PARTS + 2 * appended) {
        uint32_t at = store->parts_dropped;
        const struct dk_index_part *part = dk_index_part_at(&store->index, at);
        if (!part || (part->live > 0 && part->live != folded_of(store, store->index.first_part + at)))
            break;
        status = drop_part(store, txn, part);
        store->parts_dropped++;
    }
    return status;
}

static bool is_long(struct dk_store *store, MDB_txn *txn)
{
    MDB_stat tree = {0};
    if (store->index.used <= LONG_IMAGES)
        return false;
    return mdb_stat(txn, store->dbi[DK_KIND_COUNTERS], &tree) != 0 || store->index.used > tree.ms_entries / LONG_SHARE;
}

docket_status dk_journal_fold(struct dk_store *store, MDB_txn *txn, uint64_t commit_number)
{
    /* By number, not by a count of entries: nothing has to be remembered. */
    bool turn = commit_number % DK_JOURNAL_LENGTH == 0;
    if (turn && store->index.images + store->noted_count <= FEW_IMAGES)
        return fold_all(store, txn);
    bool held = store->index.images > HELD_IMAGES + 3 * store->index.used;
    docket_status status = DOCKET_OK;
    if (store->index.used > 0 && held && store->noted_count > FOLD_IMAGES)
        status = fold_next(store, txn, store->noted_count, SIZE_MAX);
    else if (store->index.used > 0 && (turn || held || is_long(store, txn)))
        status = fold_next(store, txn, FOLD_IMAGES, FOLD_PAGES);
    return status == DOCKET_OK ? drop_parts(store, txn) : status;
}
