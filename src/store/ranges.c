/* SPDX-License-Identifier: MIT */
/* ranges: recorded ranges of one counter, each walk in a read transaction of its own; all, or those of a part. */
#include "store/inside.h"

#include <string.h>

static docket_status walk_part(struct dk_store *store, const struct dk_key *from, dk_visit visit, void *context)
{
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_env_walk(store, txn, DK_KIND_RANGES, from, 8 + 4, visit, context);
    mdb_txn_abort(txn);
    return status;
}

struct range_walk {
    docket_status (*each)(void *context, const struct dk_fate_record *record);
    void *context;
};

static docket_status visit_range(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct range_walk *walk = context;
    struct dk_fate_record record;
    docket_status status = dk_image_decode_range(key, value, &record);
    return status == DOCKET_OK ? walk->each(walk->context, &record) : status;
}

docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context,
                                                        const struct dk_fate_record *record),
                                  void *context)
{
    struct range_walk walk = {each, context};
    struct dk_key from;
    dk_key_of_range(&from, series_id, period, 0);
    return walk_part(store, &from, visit_range, &walk);
}

struct part_walk {
    docket_status (*each)(void *context, const struct dk_fate_record *record);
    void *context;
    uint64_t low, high;
};

/* Those behind `high` are not wanted, and end the walk: no callback says EXISTS of itself. */
static docket_status visit_part(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct part_walk *walk = context;
    struct dk_fate_record record;
    docket_status status = dk_image_decode_range(key, value, &record);
    if (status == DOCKET_OK && record.range.first > walk->high)
        return DOCKET_EXISTS;
    return status == DOCKET_OK && record.range.last >= walk->low ? walk->each(walk->context, &record) : status;
}

/* The first number of the range that holds `low`, or begins before it last; `low` if there is none. */
static docket_status find_before(struct dk_store *store, MDB_txn *txn, const struct dk_key *sought, uint64_t low,
                                 uint64_t *first)
{
    MDB_cursor *cursor;
    MDB_val key = {sought->size, (void *)(uintptr_t)sought->bytes}, value;
    *first = low;
    int error = mdb_cursor_open(txn, store->dbi[DK_KIND_RANGES], &cursor);
    if (error != 0)
        return dk_env_fail(store, error, "look into the ranges");
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    bool here = error == 0 && key.mv_size == sought->size && memcmp(key.mv_data, sought->bytes, sought->size) == 0;
    if (!here)
        error = mdb_cursor_get(cursor, &key, &value, error == 0 ? MDB_PREV : MDB_LAST);
    if (error == 0 && key.mv_size == sought->size && memcmp(key.mv_data, sought->bytes, 8 + 4) == 0)
        *first = dk_key_number((const uint8_t *)key.mv_data + 12, 8);
    mdb_cursor_close(cursor);
    return error == 0 || error == MDB_NOTFOUND ? DOCKET_OK : dk_env_fail(store, error, "look into the ranges");
}

docket_status dk_store_each_range_of(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t low,
                                     uint64_t high,
                                     docket_status (*each)(void *context, const struct dk_fate_record *record),
                                     void *context)
{
    struct part_walk walk = {each, context, low, high};
    struct dk_key from;
    MDB_txn *txn;
    uint64_t first = low;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    dk_key_of_range(&from, series_id, period, low);
    status = find_before(store, txn, &from, low, &first);
    dk_key_of_range(&from, series_id, period, first);
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_RANGES, &from, 8 + 4, visit_part, &walk);
    mdb_txn_abort(txn);
    return status == DOCKET_EXISTS ? DOCKET_OK : status;
}
