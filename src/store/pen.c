/* SPDX-License-Identifier: MIT */
/*
 * pen: writes many records of one database, ascending by key. What lies beyond its last
 * record fills its pages to the end; LMDB would leave them half full.
 */
#include "store/inside.h"

#include <string.h>

static MDB_val key_of(struct dk_slice key)
{
    union {
        const uint8_t *read;
        void *write;
    } bytes = {key.bytes}; /* LMDB's type is not const; it does not write here */
    return (MDB_val){key.size, bytes.write};
}

docket_status dk_env_pen_begin(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, struct dk_env_pen *pen)
{
    MDB_val key, value;
    *pen = (struct dk_env_pen){.store = store, .kind = kind, .beyond = true};
    int error = mdb_cursor_open(txn, store->dbi[kind], &pen->cursor);
    if (error)
        return dk_env_fail(store, error, "write records");
    error = mdb_cursor_get(pen->cursor, &key, &value, MDB_LAST);
    if (error == MDB_NOTFOUND)
        return DOCKET_OK;
    if (error || key.mv_size > sizeof pen->last.bytes) {
        mdb_cursor_close(pen->cursor);
        return dk_env_fail(store, error ? error : MDB_CORRUPTED, "write records");
    }
    pen->beyond = false;
    memcpy(pen->last.bytes, key.mv_data, key.mv_size);
    pen->last.size = key.mv_size;
    return DOCKET_OK;
}

void dk_env_pen_end(struct dk_env_pen *pen)
{
    mdb_cursor_close(pen->cursor);
}

/* Beyond what was the last record, or was put since. */
static bool is_beyond(struct dk_env_pen *pen, struct dk_slice key)
{
    size_t both = key.size < pen->last.size ? key.size : pen->last.size;
    int order = pen->beyond ? 1 : memcmp(key.bytes, pen->last.bytes, both);
    return order > 0 || (order == 0 && key.size > pen->last.size);
}

enum { PAGE_BYTES = 4096 }; /* as a rule; only a measure of work */

/* On the page that the record before was on. */
static bool is_near(const struct dk_env_pen *pen, const MDB_val *value)
{
    return (uintptr_t)value->mv_data - pen->near + PAGE_BYTES < 2 * PAGE_BYTES;
}

/* A page that is written is another one in memory than the one that was read. */
static void turn_page(struct dk_env_pen *pen)
{
    MDB_val name, value;
    pen->pages++;
    if (mdb_cursor_get(pen->cursor, &name, &value, MDB_GET_CURRENT) == 0)
        pen->near = (uintptr_t)value.mv_data;
}

docket_status dk_env_pen_put(struct dk_env_pen *pen, struct dk_slice key, const struct dk_buffer *value)
{
    MDB_val name = key_of(key), old;
    MDB_val data = value ? (MDB_val){value->used, value->bytes} : (MDB_val){0, NULL};
    pen->beyond = is_beyond(pen, key);
    if (pen->beyond && !value)
        return DOCKET_OK;
    uint64_t *sum = dk_env_sum_of(pen->store, pen->kind);
    int error = pen->beyond ? MDB_NOTFOUND : mdb_cursor_get(pen->cursor, &name, &old, MDB_SET_KEY);
    bool there = !error;
    if (error == MDB_NOTFOUND)
        error = 0;
    bool turned = there && !is_near(pen, &old);
    if (there)
        *sum -= dk_env_checksum_of((struct dk_slice){old.mv_data, old.mv_size});
    name = key_of(key);
    if (!error && value)
        error = mdb_cursor_put(pen->cursor, &name, &data, there ? MDB_CURRENT : pen->beyond ? MDB_APPEND : 0);
    else if (!error && there)
        error = mdb_cursor_del(pen->cursor, 0);
    if (value)
        *sum += dk_env_checksum_of((struct dk_slice){value->bytes, value->used});
    if (!error && value && turned)
        turn_page(pen);
    return error ? dk_env_fail(pen->store, error, "write a record") : DOCKET_OK;
}
