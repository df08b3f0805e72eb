/* SPDX-License-Identifier: MIT */
/* scale_live: docketd killed and adopted beside the bare limit; a worker and a tool. See scale_bench.h. */
#include "scale_bench.h"

#include "base/hash.h"

#include <dirent.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TOUCHED = 1000, ATTACHED = 20 };

static bool right = true;
static docket_realm *worker; /* of this process: it lives while docketd is killed */
static docket_series *watched;
static uint64_t watched_last;

static double milliseconds(void)
{
    return (double)bench_now_ns() / 1e6;
}

/* ---- a worker ---- */

static docket_realm *attach(const struct realm *realm)
{
    docket_realm *made;
    must_docket(docket_realm_open(realm->path, &made), "open the realm");
    return made;
}

static uint64_t take(docket_series *series)
{
    uint64_t number;
    must_docket(docket_next(series, 30 * (int64_t)1000000000, &number, NULL), "take a number");
    return number;
}

double attach_us(const struct realm *realm)
{
    double began = milliseconds();
    for (int i = 0; i < ATTACHED; i++)
        docket_realm_close(attach(realm));
    return (milliseconds() - began) * 1000 / ATTACHED;
}

/* Of series that this process has not touched: spread over all of them. */
double touch_us(const struct realm *realm)
{
    static uint64_t at;
    docket_realm *made = attach(realm);
    uint64_t touched = realm->series / 2 < TOUCHED ? realm->series / 2 : TOUCHED, step = realm->series / touched;
    double began = milliseconds();
    for (uint64_t i = 0; i < touched; i++) {
        char tenant[32];
        docket_series *series;
        snprintf(tenant, sizeof tenant, "t%llu", (unsigned long long)(1 + (at + i * step) % realm->series));
        must_docket(docket_series_open(made, tenant, "S", &series), "open a series");
        if (take(series) != 1) {
            bench_say("%s/S did not begin with 1", tenant);
            right = false;
        }
    }
    double took = milliseconds() - began;
    at++;
    docket_realm_close(made);
    return took * 1000 / (double)touched;
}

double status_ms(const struct realm *realm)
{
    char output[400];
    snprintf(output, sizeof output, "%s.status", realm->path);
    const char *const words[] = {"docket", "--realm", realm->path, "status", NULL};
    double began = milliseconds();
    run_whole(output, words);
    return milliseconds() - began;
}

/* ---- docketd is killed ---- */

static void watch(const struct realm *realm)
{
    char tenant[32];
    if (worker != NULL)
        return;
    worker = attach(realm);
    snprintf(tenant, sizeof tenant, "t%llu", (unsigned long long)realm->series);
    must_docket(docket_series_open(worker, tenant, "S", &watched), "open a series");
    watched_last = take(watched);
}

/* Its clock runs until docketd serves. Its worker goes on where it was. */
double adopt(struct realm *realm)
{
    watch(realm);
    wait_until_idle(realm);
    end_docketd(realm, SIGKILL);
    double began = milliseconds();
    start_docketd(realm);
    double took = milliseconds() - began;
    for (int i = 0; i < 100; i++) {
        uint64_t number = take(watched);
        if (number != watched_last + 1) {
            bench_say("%llu came behind %llu when docketd had been killed", (unsigned long long)number,
                      (unsigned long long)watched_last);
            right = false;
        }
        watched_last = number;
    }
    return took;
}

bool large_is_right(void)
{
    docket_realm_close(worker);
    worker = NULL;
    return right;
}

/* ---- the bare limit: each record of each database read once, and an index of the names ---- */

struct index {
    uint64_t *cells, names, sum;
    size_t room;
};

static void must_lmdb(int error)
{
    if (error != 0)
        bench_fail("bare LMDB: %s", mdb_strerror(error));
}

static void enter(struct index *index, MDB_val key)
{
    uint64_t hash = dk_hash(key.mv_data, key.mv_size, 0) | 1;
    size_t at = hash & (index->room - 1);
    while (index->cells[at] != 0)
        at = (at + 1) & (index->room - 1);
    index->cells[at] = hash;
    index->names++;
}

static void scan(MDB_txn *txn, const char *name, struct index *index)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    bool is_series = strcmp(name, "series") == 0;
    must_lmdb(mdb_dbi_open(txn, name, 0, &dbi));
    must_lmdb(mdb_cursor_open(txn, dbi, &cursor));
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        for (size_t i = 0; i < value.mv_size; i += 64)
            index->sum += ((const uint8_t *)value.mv_data)[i];
        if (is_series)
            enter(index, key);
    }
    mdb_cursor_close(cursor);
}

double scan_bare(struct realm *realm)
{
    static const char *const names[] = {"meta", "series", "counters", "journal", "ranges", "events", "texts"};
    char path[400];
    MDB_env *env;
    MDB_txn *txn;
    struct index index = {.room = 2};
    snprintf(path, sizeof path, "%s/store", realm->path);
    double began = milliseconds();
    must_lmdb(mdb_env_create(&env));
    must_lmdb(mdb_env_set_mapsize(env, (size_t)16 << 30));
    must_lmdb(mdb_env_set_maxdbs(env, 16));
    must_lmdb(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600)); /* docketd is idle and commits nothing */
    must_lmdb(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    while (index.room < 2 * realm->series)
        index.room *= 2;
    index.cells = calloc(index.room, sizeof *index.cells);
    must(index.cells != NULL, "find memory");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        scan(txn, names[i], &index);
    double took = milliseconds() - began;
    BENCH_USE(index.sum);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    free(index.cells);
    if (index.names != realm->series)
        bench_fail("the bare scan found %llu series", (unsigned long long)index.names);
    return took;
}

/* ---- afterwards ---- */

void drop_runtime(const struct realm *realm)
{
    char link[400], folder[300] = "", path[600];
    snprintf(link, sizeof link, "%s/runtime", realm->path);
    DIR *files = readlink(link, folder, sizeof folder - 1) > 0 ? opendir(folder) : NULL;
    for (struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (files != NULL) {
        closedir(files);
        rmdir(folder);
    }
}
