/* SPDX-License-Identifier: MIT */
/*
 * law: what must hold within each counter, whoever wrote it: its position is not
 * above its mark, its mark not beyond its extent; its spares and what lies in its
 * blocks are below the mark and in no two places; what has its fate on record is
 * below the mark, in one range only, and is no spare. A store that breaks this would
 * give a number twice, however sound each of its records is.
 *
 * What lies open in a block may be on record as void: it was handed out since the
 * image was written. So ranges are not compared with blocks.
 */
#include "store/inside.h"

#include <stdlib.h>

struct law {
    struct dk_store *store;
    MDB_txn *txn;
    const struct dk_counter_image *image; /* at which the walk is */
    struct dk_range *taken;   /* of its spares and blocks, ascending */
    size_t taken_count, taken_room;
    size_t at;                /* taken, for the walk over its ranges */
    uint64_t last;            /* of the range before */
    uint64_t ranges;          /* of all counters */
};

static docket_status broken(const struct law *law, const char *what, uint64_t number)
{
    return dk_fail(DOCKET_DAMAGED,
                   "counter %llu, period %d breaks the law: %s (%llu; next %llu, mark %llu, extent %llu to %llu); keep "
                   "the store as it is and restore the newest good copy",
                   (unsigned long long)law->image->series_id, law->image->period, what, (unsigned long long)number,
                   (unsigned long long)law->image->next, (unsigned long long)law->image->mark,
                   (unsigned long long)law->image->extent_first, (unsigned long long)law->image->extent_last);
}

/* ---- spares and blocks ---- */

static int compare_ranges(const void *left, const void *right)
{
    const struct dk_range *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

static docket_status make_room(struct law *law)
{
    size_t wanted = (size_t)law->image->spare_count + law->image->place_count;
    law->taken_count = 0;
    if (wanted <= law->taken_room)
        return DOCKET_OK;
    struct dk_range *grown = realloc(law->taken, wanted * sizeof *grown);
    if (!grown)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for %zu ranges of a counter", wanted);
    law->taken = grown;
    law->taken_room = wanted;
    return DOCKET_OK;
}

static docket_status gather_taken(struct law *law)
{
    const struct dk_counter_image *image = law->image;
    docket_status status = make_room(law);
    for (uint32_t at = 0; status == DOCKET_OK && at < image->spare_count; at++)
        law->taken[law->taken_count++] = image->spares[at];
    for (uint32_t at = 0; status == DOCKET_OK && at < image->place_count; at++) {
        const struct dk_place_record *place = &image->places[at];
        if (place->size > place->offset)
            law->taken[law->taken_count++] = (struct dk_range){place->first + place->offset, place->first + place->size - 1};
    }
    if (status == DOCKET_OK && law->taken_count > 1)
        qsort(law->taken, law->taken_count, sizeof *law->taken, compare_ranges);
    return status;
}

static docket_status check_taken(struct law *law)
{
    uint64_t last = 0;
    for (uint32_t at = 1; at < law->image->spare_count; at++)
        if (law->image->spares[at].first <= law->image->spares[at - 1].last)
            return broken(law, "its spares do not ascend", law->image->spares[at].first);
    for (size_t at = 0; at < law->taken_count; at++) {
        const struct dk_range *range = &law->taken[at];
        if (range->first == 0 || range->last < range->first || range->last >= law->image->mark)
            return broken(law, "a spare number or a block is not below the mark", range->last);
        if (range->first <= last)
            return broken(law, "a number is spare, or in a block, twice", range->first);
        last = range->last;
    }
    return DOCKET_OK;
}

/* ---- what has its fate on record ---- */

static docket_status check_range(void *context, struct dk_slice key, struct dk_slice value)
{
    struct law *law = context;
    struct dk_fate_record record;
    docket_status status = dk_image_decode_range(key, value, &record);
    if (status != DOCKET_OK)
        return status;
    law->ranges++;
    if (record.range.first <= law->last)
        return broken(law, "a number has two fates on record", record.range.first);
    if (record.range.last >= law->image->mark)
        return broken(law, "a number above the mark has its fate on record", record.range.last);
    law->last = record.range.last;
    while (law->at < law->image->spare_count && law->image->spares[law->at].last < record.range.first)
        law->at++;
    if (law->at < law->image->spare_count && law->image->spares[law->at].first <= record.range.last)
        return broken(law, "a number is spare and has its fate on record", record.range.first);
    return DOCKET_OK;
}

static docket_status check_counter(void *context, const struct dk_counter_image *image)
{
    struct law *law = context;
    struct dk_key from;
    law->image = image;
    law->at = law->last = 0;
    if (image->next > image->mark)
        return broken(law, "its next number is above its mark", image->next);
    if (image->extent_last != 0 && image->mark > image->extent_last + 1)
        return broken(law, "its mark is beyond its extent", image->mark);
    docket_status status = gather_taken(law);
    if (status == DOCKET_OK)
        status = check_taken(law);
    dk_key_of_range(&from, image->series_id, image->period, 0);
    if (status == DOCKET_OK)
        status = dk_env_walk(law->store, law->txn, DK_KIND_RANGES, &from, 12, check_range, law);
    return status;
}

docket_status dk_law_check(struct dk_store *store, MDB_txn *txn)
{
    struct law law = {.store = store, .txn = txn};
    MDB_stat tree = {0};
    docket_status status = dk_walk_counters(store, txn, check_counter, &law);
    if (status == DOCKET_OK && mdb_stat(txn, store->dbi[DK_KIND_RANGES], &tree) == 0 && tree.ms_entries != law.ranges)
        status = dk_fail(DOCKET_DAMAGED, "%llu ranges have their fate on record, and only %llu of them belong to a counter",
                         (unsigned long long)tree.ms_entries, (unsigned long long)law.ranges);
    free(law.taken);
    return status;
}
