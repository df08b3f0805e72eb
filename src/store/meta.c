/* SPDX-License-Identifier: MIT */
/*
 * meta: the store's own records. Each has its own key and checksum, so that
 * one damaged record is named by the sentence.
 */
#include "store/inside.h"

#include <stdio.h>
#include <string.h>

enum shape { A_NUMBER, AN_ID, A_TIME, A_TRAIL, A_FENCE, A_GUARD, A_DIGEST, SHAPE_COUNT };

static const size_t bytes_of[SHAPE_COUNT] = {8,           16,           8 + 8 + 16, 8 + 8 + DK_DIGEST_BYTES,
                                             3 * 8 + 16, 8 + 16 + DK_FAR_BYTES, DK_DIGEST_BYTES};

struct meta_row {
    const char *name;
    size_t offset;
    enum shape shape;
    uint64_t since; /* the first schema that records it */
};

#define ROW(name, shape, since)                              \
    {                                                        \
#name, offsetof(struct dk_meta, name), shape, since \
    }

static const struct meta_row rows[] = {
    ROW(schema_version, A_NUMBER, 0),
    ROW(generation, A_NUMBER, 0),
    ROW(commit, A_NUMBER, 0),
    ROW(clean, A_NUMBER, 0),
    ROW(inode, A_NUMBER, 0),
    ROW(store_id, AN_ID, 0),
    ROW(boot_id, AN_ID, 0),
    ROW(machine_id, AN_ID, 0),
    ROW(guard, A_GUARD, DK_FENCE_SCHEMA),
    ROW(fence, A_FENCE, DK_FENCE_SCHEMA),
    ROW(trail, A_TRAIL, DK_CHAIN_SCHEMA),
    ROW(time, A_TIME, DK_TIME_SCHEMA),
    ROW(before, A_NUMBER, 0),
    ROW(run, A_DIGEST, DK_FENCE_SCHEMA),
    ROW(ledger_sum, A_NUMBER, DK_LEDGER_SCHEMA),
    ROW(sum, A_NUMBER, 0),
};

/* The last five are of each commit, the trail of each with events: dk_meta_write_end(). */
enum {
    ROW_COUNT = sizeof rows / sizeof rows[0],
    FENCE_ROW = ROW_COUNT - 7,
    TRAIL_ROW = ROW_COUNT - 6,
    TIME_ROW = ROW_COUNT - 5,
    BEFORE_ROW = ROW_COUNT - 4,
    RUN_ROW = ROW_COUNT - 3,
    LEDGER_SUM_ROW = ROW_COUNT - 2,
    SUM_ROW = ROW_COUNT - 1
};

/* ---- reading ---- */

static docket_status decode_time(struct dk_slice key, struct dk_reader reader, uint8_t *field)
{
    struct dk_time time = {.wall_ns = dk_take_u64(&reader)};
    time.boot_ns = dk_take_u64(&reader);
    memcpy(time.boot_id, reader.at, sizeof time.boot_id);
    if (time.wall_ns > INT64_MAX || time.boot_ns > INT64_MAX)
        return dk_record_damaged(DK_KIND_META, key, "holds an impossible value");
    memcpy(field, &time, sizeof time);
    return DOCKET_OK;
}

static docket_status decode_trail(struct dk_slice key, struct dk_reader reader, uint8_t *field)
{
    struct dk_trail trail = {.begins = dk_take_u64(&reader)};
    trail.number = dk_take_u64(&reader);
    memcpy(trail.hash, reader.at, sizeof trail.hash);
    if (trail.begins == 0 || trail.begins - 1 > trail.number)
        return dk_record_damaged(DK_KIND_META, key, "holds an impossible value");
    memcpy(field, &trail, sizeof trail);
    return DOCKET_OK;
}

static docket_status decode_fence(struct dk_slice key, struct dk_reader reader, uint8_t *field)
{
    struct dk_fence fence = {.kind = dk_take_u64(&reader)};
    fence.time_ns = dk_take_u64(&reader);
    fence.generation = dk_take_u64(&reader);
    memcpy(fence.id, reader.at, sizeof fence.id);
    if (fence.kind >= DK_FENCE_KINDS)
        return dk_record_damaged(DK_KIND_META, key, "holds an impossible value");
    memcpy(field, &fence, sizeof fence);
    return DOCKET_OK;
}

static docket_status decode_guard(struct dk_slice key, struct dk_reader reader, uint8_t *field)
{
    struct dk_guard guard = {.kept = dk_take_u64(&reader)};
    memcpy(guard.token, reader.at, sizeof guard.token);
    memcpy(guard.folder, reader.at + sizeof guard.token, sizeof guard.folder);
    if (guard.kept >= DK_KEEPS_LIMIT || guard.folder[DK_FAR_BYTES - 1] != 0)
        return dk_record_damaged(DK_KIND_META, key, "holds an impossible value");
    memcpy(field, &guard, sizeof guard);
    return DOCKET_OK;
}

static docket_status decode_row(const struct meta_row *row, struct dk_slice key,
                                struct dk_slice value, struct dk_meta *meta)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_META, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    if (payload.size != bytes_of[row->shape])
        return dk_record_damaged(DK_KIND_META, key, "has another length");
    uint8_t *field = (uint8_t *)meta + row->offset;
    struct dk_reader reader = dk_reader_of(payload);
    uint64_t number;
    switch (row->shape) {
    case A_TIME: return decode_time(key, reader, field);
    case A_TRAIL: return decode_trail(key, reader, field);
    case A_FENCE: return decode_fence(key, reader, field);
    case A_GUARD: return decode_guard(key, reader, field);
    case A_NUMBER:
        number = dk_take_u64(&reader);
        memcpy(field, &number, sizeof number);
        return DOCKET_OK;
    default: /* bytes */
        memcpy(field, payload.bytes, payload.size);
        return DOCKET_OK;
    }
}

static docket_status read_row(struct dk_store *store, MDB_txn *txn, const struct meta_row *row,
                              struct dk_meta *meta)
{
    struct dk_key key;
    struct dk_slice value;
    bool found;
    dk_key_of_name(&key, row->name);
    docket_status status = dk_env_get(store, txn, DK_KIND_META, &key, &value, &found);
    if (status != DOCKET_OK)
        return status;
    if (!found)
        return dk_record_damaged(DK_KIND_META, dk_key_slice(&key), "is missing");
    return decode_row(row, dk_key_slice(&key), value, meta);
}

/* The first row: of a store of another schema nothing else is read. */
static docket_status check_schema(uint64_t version)
{
    if (version > DK_SCHEMA_VERSION)
        return dk_fail(DOCKET_BAD_LAYOUT,
                       "the store has schema %llu, of a newer release, and this docketd knows %u to %u: use a newer docketd, or "
                       "have that one bring the store down: docket migrate downgrade %u",
                       (unsigned long long)version, DK_SCHEMA_OLDEST, DK_SCHEMA_VERSION, DK_SCHEMA_VERSION);
    if (version < DK_SCHEMA_OLDEST)
        return dk_fail(DOCKET_BAD_LAYOUT,
                       "the store has schema %llu, and no migration leads from it to %u",
                       (unsigned long long)version, DK_SCHEMA_VERSION);
    return DOCKET_OK;
}

docket_status dk_meta_read(struct dk_store *store, MDB_txn *txn, struct dk_meta *meta)
{
    struct dk_meta made = {0};
    docket_status status = read_row(store, txn, &rows[0], &made);
    if (status == DOCKET_OK)
        status = check_schema(made.schema_version);
    store->says_schema = made.schema_version;
    if (store->as_schema != 0)
        made.schema_version = store->as_schema;
    for (size_t at = 1; status == DOCKET_OK && at < ROW_COUNT; at++)
        if (made.schema_version >= rows[at].since)
            status = read_row(store, txn, &rows[at], &made);
    if (status == DOCKET_OK)
        *meta = made;
    return status;
}

/* ---- desks: a record for each that was built ---- */

enum { DESK_NAME_BYTES = 24 };

/* The row of a desk lies in a struct dk_meta of its own, in place of a number. */
static struct meta_row row_of_desk(uint32_t index, char name[DESK_NAME_BYTES])
{
    snprintf(name, DESK_NAME_BYTES, "desk-%u", (unsigned)index);
    return (struct meta_row){name, offsetof(struct dk_meta, inode), A_NUMBER, 0};
}

static bool is_desk(struct dk_slice key)
{
    if (key.size <= 5 || key.size >= DESK_NAME_BYTES || memcmp(key.bytes, "desk-", 5) != 0)
        return false;
    for (size_t at = 5; at < key.size; at++)
        if (key.bytes[at] < '0' || key.bytes[at] > '9')
            return false;
    return true;
}

docket_status dk_store_desk_incarnation(struct dk_store *store, uint32_t index, uint64_t *incarnation, bool *found)
{
    char name[DESK_NAME_BYTES];
    struct meta_row row = row_of_desk(index, name);
    struct dk_meta meta = {0};
    struct dk_key key;
    struct dk_slice value;
    MDB_txn *txn;
    dk_key_of_name(&key, row.name);
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_env_get(store, txn, DK_KIND_META, &key, &value, found);
    if (status == DOCKET_OK && *found)
        status = decode_row(&row, dk_key_slice(&key), value, &meta);
    mdb_txn_abort(txn);
    if (status == DOCKET_OK && *found)
        *incarnation = meta.inode;
    return status;
}

docket_status dk_meta_check(struct dk_slice key, struct dk_slice value)
{
    struct dk_meta unused;
    static const struct meta_row any_desk = {"", offsetof(struct dk_meta, inode), A_NUMBER, 0};
    if (is_desk(key))
        return decode_row(&any_desk, key, value, &unused);
    for (size_t at = 0; at < ROW_COUNT; at++) {
        if (key.size == strlen(rows[at].name) && memcmp(key.bytes, rows[at].name, key.size) == 0)
            return decode_row(&rows[at], key, value, &unused);
    }
    return dk_record_damaged(DK_KIND_META, key, "has a name that this schema does not know");
}

/* ---- writing ---- */

static docket_status spell_row(struct dk_store *store, const struct meta_row *row, const void *field,
                               struct dk_key *key)
{
    dk_key_of_name(key, row->name);
    store->value.used = 0;
    uint8_t *at = dk_buffer_reserve(&store->value, bytes_of[row->shape]);
    if (!at)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a meta record");
    if (row->shape == A_NUMBER) {
        uint64_t number;
        memcpy(&number, field, sizeof number);
        dk_put_u64(at, number);
    } else if (row->shape == A_TIME) {
        struct dk_time time;
        memcpy(&time, field, sizeof time);
        at = dk_put_u64(at, time.wall_ns);
        at = dk_put_u64(at, time.boot_ns);
        memcpy(at, time.boot_id, sizeof time.boot_id);
    } else if (row->shape == A_TRAIL) {
        struct dk_trail trail;
        memcpy(&trail, field, sizeof trail);
        at = dk_put_u64(at, trail.begins);
        at = dk_put_u64(at, trail.number);
        memcpy(at, trail.hash, sizeof trail.hash);
    } else if (row->shape == A_FENCE) {
        struct dk_fence fence;
        memcpy(&fence, field, sizeof fence);
        at = dk_put_u64(at, fence.kind);
        at = dk_put_u64(at, fence.time_ns);
        at = dk_put_u64(at, fence.generation);
        memcpy(at, fence.id, sizeof fence.id);
    } else if (row->shape == A_GUARD) {
        struct dk_guard guard;
        memcpy(&guard, field, sizeof guard);
        at = dk_put_u64(at, guard.kept);
        memcpy(at, guard.token, sizeof guard.token);
        memcpy(at + sizeof guard.token, guard.folder, sizeof guard.folder);
    } else {
        memcpy(at, field, bytes_of[row->shape]);
    }
    return dk_record_seal(DK_KIND_META, dk_key_slice(key), &store->value);
}

static docket_status write_row(struct dk_store *store, MDB_txn *txn, const struct meta_row *row,
                               const void *field)
{
    struct dk_key key;
    docket_status status = spell_row(store, row, field, &key);
    return status == DOCKET_OK ? dk_env_put(store, txn, DK_KIND_META, &key, &store->value) : status;
}

docket_status dk_meta_write(struct dk_store *store, MDB_txn *txn, const struct dk_meta *meta)
{
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < TIME_ROW; at++)
        if (meta->schema_version >= rows[at].since)
            status = write_row(store, txn, &rows[at], (const uint8_t *)meta + rows[at].offset);
    return status;
}

docket_status dk_meta_write_commit(struct dk_store *store, MDB_txn *txn, uint64_t commit)
{
    static const struct meta_row row = ROW(commit, A_NUMBER, 0);
    return write_row(store, txn, &row, &commit);
}

docket_status dk_meta_write_desk(struct dk_store *store, MDB_txn *txn, const struct dk_desk_note *desk)
{
    char name[DESK_NAME_BYTES];
    struct meta_row row = row_of_desk(desk->index, name);
    return write_row(store, txn, &row, &desk->incarnation);
}

docket_status dk_meta_write_fence(struct dk_store *store, MDB_txn *txn, const struct dk_fence *fence)
{
    return write_row(store, txn, &rows[FENCE_ROW], fence);
}

docket_status dk_store_run(struct dk_store *store, uint64_t *commit, uint8_t run[DK_DIGEST_BYTES])
{
    static const struct meta_row number = ROW(commit, A_NUMBER, 0);
    struct dk_meta meta = {0};
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = read_row(store, txn, &number, &meta);
    if (status == DOCKET_OK)
        status = read_row(store, txn, &rows[RUN_ROW], &meta);
    mdb_txn_abort(txn);
    *commit = meta.commit;
    memcpy(run, meta.run, DK_DIGEST_BYTES);
    return status;
}

/* Somebody may put another data.mdb in our file's place, byte for byte, while we have it open. */
docket_status dk_meta_goes_on(struct dk_store *store, MDB_txn *txn)
{
    static const uint8_t none[DK_DIGEST_BYTES];
    struct dk_meta meta = {0};
    if (memcmp(store->meta.run, none, sizeof none) == 0) /* of an older schema, or just made */
        return DOCKET_OK;
    docket_status status = read_row(store, txn, &rows[RUN_ROW], &meta);
    if (status == DOCKET_OK && memcmp(meta.run, store->meta.run, sizeof meta.run) != 0)
        status = dk_fail(DOCKET_DAMAGED, "data.mdb was changed under docketd: it does not hold the commit that was written "
                                         "last. Put the newest good copy back while docketd is stopped");
    return status;
}

/* The digest that runs along the commits: two stores of one past that went on apart differ in it. */
static void run_on(struct dk_store *store, uint64_t number)
{
    struct dk_digest digest;
    dk_digest_begin(&digest, "docket run 1");
    dk_digest_bytes(&digest, store->meta.run, DK_DIGEST_BYTES);
    dk_digest_number(&digest, number);
    dk_digest_number(&digest, store->sum);
    dk_digest_end(&digest, store->run);
}

bool dk_meta_is_sum(struct dk_slice key)
{
    const char *name = rows[SUM_ROW].name;
    return key.size == strlen(name) && memcmp(key.bytes, name, key.size) == 0;
}

/* A record of each commit, if stores of this schema have it. */
static docket_status write_since(struct dk_store *store, MDB_txn *txn, size_t row, const void *field)
{
    return store->meta.schema_version < rows[row].since ? DOCKET_OK : write_row(store, txn, &rows[row], field);
}

docket_status dk_meta_write_end(struct dk_store *store, MDB_txn *txn, uint64_t number)
{
    struct dk_key key;
    struct dk_time time;
    uint64_t before;
    docket_status status = dk_env_head(store, (mdb_txn_id(txn) - 1) & 1, &before);
    dk_time_note(store, &time);
    if (status == DOCKET_OK && store->trail_moved)
        status = write_since(store, txn, TRAIL_ROW, &store->trail);
    if (status == DOCKET_OK)
        status = write_since(store, txn, TIME_ROW, &time);
    if (status == DOCKET_OK)
        status = write_row(store, txn, &rows[BEFORE_ROW], &before);
    if (status == DOCKET_OK) {
        run_on(store, number);
        status = write_since(store, txn, RUN_ROW, store->run);
    }
    if (status == DOCKET_OK)
        status = write_since(store, txn, LEDGER_SUM_ROW, &store->ledger_sum);
    if (status == DOCKET_OK)
        status = spell_row(store, &rows[SUM_ROW], &store->sum, &key);
    return status == DOCKET_OK ? dk_env_put_sum(store, txn, &key, &store->value) : status;
}

/* ---- the shape of a schema ---- */

static docket_status check_name(void *context, struct dk_slice key, struct dk_slice value)
{
    const uint64_t *schema = context;
    (void)value;
    if (is_desk(key))
        return DOCKET_OK;
    for (size_t at = 0; at < ROW_COUNT; at++)
        if (key.size == strlen(rows[at].name) && memcmp(key.bytes, rows[at].name, key.size) == 0 && *schema >= rows[at].since)
            return DOCKET_OK;
    return dk_record_damaged(DK_KIND_META, key, "has a name that this schema does not know");
}

docket_status dk_meta_check_shape(struct dk_store *store, MDB_txn *txn, uint64_t schema)
{
    struct dk_meta unused;
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < ROW_COUNT; at++)
        if (schema >= rows[at].since)
            status = read_row(store, txn, &rows[at], &unused);
    return status == DOCKET_OK ? dk_env_walk(store, txn, DK_KIND_META, NULL, 0, check_name, &schema) : status;
}
