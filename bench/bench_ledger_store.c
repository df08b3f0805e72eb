/* SPDX-License-Identifier: MIT */
/*
 * bench_ledger_store: what the ledger costs in the store, without docketd: durable commits of
 * records with their keys, beside a bare LMDB that puts one record of the same size with
 * each commit.
 *
 *     bench_ledger_store FOLDER [RECORDS] [rising|random|fill]
 *
 * FOLDER is made, and stays. RECORDS (1000000): how many are there for the last figures.
 * Business keys are rising (order-000000000017) or random (32 hexadecimal digits). fill: only
 * makes them, rising, and measures nothing.
 */
#include "base/clock.h"
#include "store/inside.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { LARGEST = 4096, SECONDS = 4, VALUE_BYTES = 110 };

static struct {
    const char *folder;
    bool random;
    struct dk_store *store;
    uint64_t next; /* number */
    uint64_t dice;
    struct dk_ledger_record records[LARGEST];
    struct dk_key_record keys[LARGEST];
    struct dk_range ranges[LARGEST];
    char texts[LARGEST][2][40];
} bench = {.next = 1, .dice = 1};

static void must(docket_status status)
{
    if (status == DOCKET_OK)
        return;
    fprintf(stderr, "bench_ledger_store: %s\n", dk_error_text());
    exit(1);
}

static void must_lmdb(int error)
{
    if (error == 0)
        return;
    fprintf(stderr, "bench_ledger_store: %s\n", mdb_strerror(error));
    exit(1);
}

/* Of this process, user and system. */
static double busy(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double seconds(void)
{
    return (double)dk_clock_monotonic_ns() / 1e9;
}

/* ---- bare LMDB ---- */

static MDB_env *bare;

static void open_bare(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/bare", bench.folder);
    mkdir(path, 0700);
    must_lmdb(mdb_env_create(&bare));
    must_lmdb(mdb_env_set_mapsize(bare, (size_t)1 << 30));
    must_lmdb(mdb_env_open(bare, path, 0, 0600));
}

static void commit_bare(void)
{
    static uint64_t number;
    static char value[VALUE_BYTES];
    MDB_txn *txn;
    MDB_dbi dbi;
    uint64_t key = __builtin_bswap64(++number);
    MDB_val name = {8, &key}, data = {sizeof value, value};
    must_lmdb(mdb_txn_begin(bare, NULL, 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, 0, &dbi));
    must_lmdb(mdb_put(txn, dbi, &name, &data, 0));
    must_lmdb(mdb_txn_commit(txn));
}

/* ---- the store ---- */

static double open_store(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", bench.folder, name);
    struct dk_store_options options = {.realm = path, .create = true};
    struct dk_store_facts facts;
    double begin = seconds();
    must(dk_store_open(&options, &bench.store, &facts));
    return seconds() - begin;
}

static uint64_t roll(void)
{
    bench.dice = bench.dice * 6364136223846793005u + 1442695040888963407u;
    return bench.dice;
}

static void spell(unsigned at)
{
    uint64_t number = bench.next++;
    char *key = bench.texts[at][1];
    snprintf(bench.texts[at][0], sizeof bench.texts[at][0], "INV-2026-%08llu", (unsigned long long)number);
    if (bench.random)
        snprintf(key, sizeof bench.texts[at][1], "%016llx%016llx", (unsigned long long)roll(), (unsigned long long)roll());
    else
        snprintf(key, sizeof bench.texts[at][1], "order-%012llu", (unsigned long long)number);
    int64_t now_ns = dk_clock_wall_ns();
    bench.records[at] = (struct dk_ledger_record){
        .series_id = 1, .period = 2026, .number = number, .state = DK_STATE_ISSUED, .date = 20261126, .first_ns = now_ns,
        .last_ns = now_ns, .uid = 1000, .seat = 17, .attempts = 1, .text = bench.texts[at][0], .key = key, .hold = "",
        .trace = "", .metadata = "", .error = "", .host = "shop-1", .reason = ""};
    bench.ranges[at] = (struct dk_range){number, number};
    bench.keys[at] = (struct dk_key_record){.series_id = 1, .kind = DK_NAMED_KEY, .text = key, .period = 2026,
                                            .date = 20261126, .digest = number, .ranges = &bench.ranges[at], .range_count = 1};
}

static void commit(unsigned count)
{
    struct dk_change change = {
        .ledger = {.records = bench.records, .record_count = count, .keys = bench.keys, .key_count = count}};
    uint64_t number;
    for (unsigned at = 0; at < count; at++)
        spell(at);
    must(dk_store_commit(bench.store, &change, &number));
}

static int by_time(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* Commits of so many records, for some seconds; in turn with commits of the bare LMDB, so that both meet the same
 * disk and the same neighbours. Records by the second of the store's own time. */
static void run(unsigned count)
{
    static double took[1 << 18], took_bare[1 << 18];
    size_t commits = 0, most = sizeof took / sizeof took[0];
    uint64_t before = dk_ledger_backlog(bench.store);
    double sum = 0, sum_bare = 0, begin = seconds();
    for (; seconds() - begin < 2 * SECONDS && commits < most; commits++) {
        double was = seconds();
        commit(count);
        double between = seconds();
        commit_bare();
        took[commits] = between - was;
        took_bare[commits] = seconds() - between;
        sum += took[commits];
        sum_bare += took_bare[commits];
    }
    qsort(took, commits, sizeof took[0], by_time);
    qsort(took_bare, commits, sizeof took_bare[0], by_time);
    double rate = (double)commits / sum;
    printf("%5u records a commit: %7.0f records/s, %5.0f commits/s, bare LMDB %5.0f; ms median %5.2f (bare %5.2f, times %4.2f), "
           "99 %% %6.2f (%6.2f), at most %6.2f (%6.2f); waiting %llu, then %llu\n",
           count, rate * count, rate, (double)commits / sum_bare, took[commits / 2] * 1e3, took_bare[commits / 2] * 1e3,
           took[commits / 2] / took_bare[commits / 2], took[commits * 99 / 100] * 1e3, took_bare[commits * 99 / 100] * 1e3,
           took[commits - 1] * 1e3, took_bare[commits - 1] * 1e3, (unsigned long long)before,
           (unsigned long long)dk_ledger_backlog(bench.store));
    fflush(stdout);
}

static void fill(uint64_t records)
{
    double begin = seconds(), began_busy = busy();
    uint64_t from = bench.next;
    while (bench.next <= records)
        commit(LARGEST);
    if (bench.next > from)
        printf("filled to %llu records: %.0f records/s, %.1f microseconds of a processor each\n",
               (unsigned long long)(bench.next - 1), (double)(bench.next - from) / (seconds() - begin),
               (busy() - began_busy) * 1e6 / (double)(bench.next - from));
}

static void tell_size(void)
{
    MDB_envinfo info;
    MDB_stat tree;
    MDB_txn *txn;
    static const enum dk_kind kinds[] = {DK_KIND_LEDGER, DK_KIND_KEYS, DK_KIND_LEDGERLOG};
    double records = (double)(bench.next - 1);
    must_lmdb(mdb_env_info(bench.store->env, &info));
    must_lmdb(mdb_txn_begin(bench.store->env, NULL, MDB_RDONLY, &txn));
    for (unsigned at = 0; at < 3; at++) {
        must_lmdb(mdb_stat(txn, bench.store->dbi[kinds[at]], &tree));
        size_t pages = tree.ms_branch_pages + tree.ms_leaf_pages + tree.ms_overflow_pages;
        printf("%s: %.1f bytes a record in %zu pages\n", dk_kind_name(kinds[at]), (double)(pages * tree.ms_psize) / records,
               pages);
    }
    mdb_txn_abort(txn);
    printf("file: %.1f bytes a record\n", (double)((info.me_last_pgno + 1) * tree.ms_psize) / records);
}

/* Commits in turn with those of a store that has few records. */
static void compare(struct dk_store *many, struct dk_store *few, unsigned count, unsigned commits)
{
    double sum_many = 0, sum_few = 0;
    for (unsigned at = 0; at < commits; at++) {
        double was = seconds();
        bench.store = few;
        commit(count);
        double between = seconds();
        bench.store = many;
        commit(count);
        sum_few += between - was;
        sum_many += seconds() - between;
    }
    printf("%5u records a commit, in turn: %7.0f records/s with many, %7.0f with few: %.2f\n", count,
           count * commits / sum_many, count * commits / sum_few, sum_few / sum_many);
    fflush(stdout);
}

static void compare_all(void)
{
    struct dk_store *many = bench.store;
    open_store("few");
    struct dk_store *few = bench.store;
    for (unsigned at = 0; at < 10; at++)
        commit(LARGEST); /* so that it folds, too */
    compare(many, few, LARGEST, 40);
    compare(many, few, 256, 400);
    compare(many, few, 32, 1000);
    compare(many, few, 1, 1000);
    must(dk_store_close(few, true));
    bench.store = many;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "bench_ledger_store FOLDER [RECORDS] [rising|random|fill]\n");
        return 2;
    }
    bench.folder = argv[1];
    uint64_t records = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    bench.random = argc > 3 && strcmp(argv[3], "random") == 0;
    mkdir(bench.folder, 0700);
    open_bare();
    open_store("realm");
    if (argc > 3 && strcmp(argv[3], "fill") == 0) {
        fill(records);
        must(dk_store_close(bench.store, true));
        return 0;
    }
    fill(10000);
    run(1);
    run(32);
    run(256);
    run(LARGEST);
    fill(records);
    run(1);
    run(32);
    run(256);
    run(LARGEST);
    tell_size();
    compare_all();
    must(dk_store_close(bench.store, true));
    printf("opened in %.3f s\n", open_store("realm"));
    uint64_t checked = 0;
    double begin = seconds();
    must(dk_store_verify(bench.store, &checked));
    printf("verified %llu records in %.1f s\n", (unsigned long long)checked, seconds() - begin);
    must(dk_store_close(bench.store, true));
    return 0;
}
