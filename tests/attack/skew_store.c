/* SPDX-License-Identifier: MIT */
/* skew, the store: each of its own records at boundary values, sealed as a
 * docketd of another release would have; then it is opened as at a start. */
#include "skew.h"

#include "store/record.h"
#include "store/store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct field rows[] = {
    {"schema_version", 0, 8, VERSIONS}, {"generation", 0, 8, EITHER}, {"commit", 0, 8, EITHER},
    {"clean", 0, 8, EITHER},            {"inode", 0, 8, EITHER},      {"store_id", 0, 8, REFUSED},
    {"boot_id", 0, 8, EITHER},          {"machine_id", 0, 8, EITHER}, {"time", 0, 8, EITHER},
    {"fence", 0, 8, EITHER},            {"run", 0, 8, EITHER},
};

static const char *the_realm;

struct copy {
    char path[4300];
    uint8_t *bytes;
    size_t size;
};

static struct copy copies[2];

static void keep(struct copy *copy, const char *name)
{
    struct stat facts;
    snprintf(copy->path, sizeof copy->path, "%s/%s", the_realm, name);
    int fd = open(copy->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0)
        exit(2);
    copy->size = (size_t)facts.st_size;
    copy->bytes = malloc(copy->size);
    if (copy->bytes == NULL || read(fd, copy->bytes, copy->size) != (ssize_t)copy->size)
        exit(2);
    close(fd);
}

/* The same inode with the same bytes: a store that nobody has touched. */
static void put_back(const struct copy *copy)
{
    int fd = open(copy->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, copy->bytes, copy->size, 0) != (ssize_t)copy->size || ftruncate(fd, (off_t)copy->size) != 0)
        exit(2);
    close(fd);
}

/* Reads the record, or writes it with another first word. */
static uint64_t record(const char *name, bool write, uint64_t value)
{
    char path[4300];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val found, put;
    struct dk_key key;
    struct dk_buffer buffer = {0};
    uint64_t now = 0;
    snprintf(path, sizeof path, "%s/store", the_realm);
    dk_key_of_name(&key, name);
    MDB_val at = {key.size, key.bytes};
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, DK_KIND_COUNT) != 0 ||
        mdb_env_set_mapsize(env, (size_t)1 << 30) != 0 || mdb_env_open(env, path, 0, 0600) != 0 ||
        mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, dk_kind_name(DK_KIND_META), 0, &dbi) != 0 ||
        mdb_get(txn, dbi, &at, &found) != 0)
        skew_wrong("the record %s cannot be read", name);
    memcpy(&now, found.mv_data, sizeof now);
    if (write) {
        size_t bytes = found.mv_size - DK_CHECKSUM_BYTES;
        uint8_t *payload = dk_buffer_reserve(&buffer, bytes);
        memcpy(payload, found.mv_data, bytes);
        memcpy(payload, &value, sizeof value);
        if (dk_record_seal(DK_KIND_META, dk_key_slice(&key), &buffer) != DOCKET_OK)
            skew_wrong("no memory");
        put = (MDB_val){buffer.used, buffer.bytes};
        if (mdb_put(txn, dbi, &at, &put, 0) != 0 || mdb_txn_commit(txn) != 0)
            skew_wrong("the record %s cannot be written", name);
        dk_buffer_free(&buffer);
    } else {
        mdb_txn_abort(txn);
    }
    mdb_env_close(env);
    return now;
}

static docket_status open_store(void)
{
    struct dk_store_options options = {.realm = the_realm};
    struct dk_store_facts facts;
    struct dk_store *store;
    docket_status status = dk_store_open(&options, &store, &facts);
    return status == DOCKET_OK ? dk_store_close(store, true) : status;
}

static void store_trial(const char *what, const struct field *field, uint64_t value)
{
    (void)what;
    (void)record(field->name, true, value);
    skew_judge(field, value, DK_SCHEMA_VERSION, open_store());
}

/* Nothing is written: a record put by a stranger does not fit the store's sum. */
static void store_as_it_is(const char *what, const struct field *field, uint64_t value)
{
    (void)what;
    skew_judge(field, value, DK_SCHEMA_VERSION, open_store());
}

void skew_store(const char *realm)
{
    the_realm = realm;
    keep(&copies[0], "store/data.mdb");
    keep(&copies[1], "witness");
    for (size_t f = 0; f < sizeof rows / sizeof rows[0]; f++) {
        uint64_t now = record(rows[f].name, false, 0), value;
        for (unsigned i = 0; i < VALUES; i++) {
            if (!skew_value(&rows[f], now, i, &value))
                continue;
            skew_case("store", &rows[f], value, store_trial);
            put_back(&copies[0]);
            put_back(&copies[1]);
        }
    }
    static const struct field plain = {"generation", 0, 8, SERVED};
    skew_case("store, unchanged", &plain, record("generation", false, 0), store_as_it_is);
    put_back(&copies[0]);
    put_back(&copies[1]);
}
