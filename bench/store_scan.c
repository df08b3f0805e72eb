/* SPDX-License-Identifier: MIT */
/*
 * store_scan: what a bare LMDB scan of a store costs: each record of each
 * database is read once, nothing is checked. Beside it stand docketd's starts.
 * docketd must not be running.
 *
 *     store_scan REALM
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int scan(MDB_txn *txn, const char *name, uint64_t *records, uint64_t *bytes, uint64_t *sum)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    int error = mdb_dbi_open(txn, name, 0, &dbi);
    if (!error)
        error = mdb_cursor_open(txn, dbi, &cursor);
    if (error)
        return error;
    while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const uint8_t *at = value.mv_data;
        for (size_t i = 0; i < value.mv_size; i += 64)
            *sum += at[i];
        ++*records;
        *bytes += key.mv_size + value.mv_size;
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

int main(int count, char **words)
{
    static const char *const names[] = {"meta", "series", "counters", "journal", "ranges", "events", "texts"};
    char path[4096];
    struct stat facts;
    MDB_env *env;
    MDB_txn *txn;
    uint64_t records = 0, bytes = 0, sum = 0;
    if (count != 2) {
        fprintf(stderr, "usage: store_scan REALM\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/store", words[1]);
    double began_s = now_s();
    int error = mdb_env_create(&env);
    if (!error)
        error = mdb_env_set_mapsize(env, (size_t)16 << 30);
    if (!error)
        error = mdb_env_set_maxdbs(env, 8);
    if (!error)
        error = mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600);
    if (!error)
        error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    for (size_t i = 0; !error && i < sizeof names / sizeof names[0]; i++)
        error = scan(txn, names[i], &records, &bytes, &sum);
    if (error) {
        fprintf(stderr, "store_scan: %s\n", mdb_strerror(error));
        return 1;
    }
    snprintf(path, sizeof path, "%s/store/data.mdb", words[1]);
    if (stat(path, &facts) != 0)
        return 1;
    printf("{\"records\": %llu, \"record_bytes\": %llu, \"file_bytes\": %lld, \"seconds\": %.3f, \"sum\": %llu}\n",
           (unsigned long long)records, (unsigned long long)bytes, (long long)facts.st_blocks * 512, now_s() - began_s,
           (unsigned long long)sum);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return 0;
}
