/* SPDX-License-Identifier: MIT */
/*
 * bench_ledger: what a number at record speed costs: a record each, synced before the
 * call returns. One cell a run; bench/ledger.sh runs them in turn, beside their peers.
 *
 *   bench_ledger callers REALM SERIES P SECONDS        P processes, one request on its way each
 *   bench_ledger batch REALM SERIES P N SECONDS        P processes with N keys a call each
 *   bench_ledger paced REALM SERIES P RATE SECONDS PID P processes, RATE calls a second in all; PID: docketd's
 *   bench_ledger lmdb FOLDER SECONDS                   one record a commit, in LMDB's default durable mode
 *   bench_ledger log STORE                             parts of the ledger's log that are not folded
 *
 * Prints one line: figures by name. After the clock has stopped it fails unless every number
 * that was given was given once.
 */
#include "docket_ledger.h"

#include <inttypes.h>
#include <lmdb.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

enum { CALLERS_MAX = 512, BATCH_MAX = 4096, LATENCIES_MAX = 1 << 20, NUMBERS_MAX = 1 << 27 };

struct shared {
    _Atomic int ready;
    _Atomic int go;
    _Atomic int bad;
    uint64_t given[CALLERS_MAX];
    _Atomic uint32_t latency_count;
    uint32_t latency_us[LATENCIES_MAX];
    _Atomic uint64_t seen[NUMBERS_MAX / 64]; /* a bit for each number; pages come as they are used */
};

static struct shared *shared;
static const char *realm_name, *series_name;
static uint64_t run; /* of this process: keys of two runs differ */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_ledger: %s: %s\n", what, docket_last_error());
    atomic_store(&shared->bad, 1);
}

static void note(uint64_t number)
{
    if (number >= NUMBERS_MAX ||
        (atomic_fetch_or(&shared->seen[number / 64], 1ull << number % 64) >> number % 64 & 1) != 0)
        fail("a number was given twice, or is too large to be noted");
}

static docket_series *open_series(void)
{
    docket_realm *realm;
    docket_series *series = NULL;
    if (docket_realm_open(realm_name, &realm) != DOCKET_OK ||
        docket_series_open(realm, "bench", series_name, &series) != DOCKET_OK)
        fail("open");
    return series;
}

/* One caller's work until the time is over. */
struct work {
    int caller;
    uint32_t batch;
    int64_t pause_ns; /* between the beginnings of two calls; 0: none */
    int64_t seconds;
};

static void issue(docket_series *series, const struct work *work, uint64_t *made)
{
    static char keys[BATCH_MAX][48];
    static struct docket_issue asked[BATCH_MAX];
    static struct docket_number got[BATCH_MAX];
    static docket_status statuses[BATCH_MAX];
    for (uint32_t i = 0; i < work->batch; i++) {
        snprintf(keys[i], sizeof keys[i], "order-%" PRIu64 "-%03d-%08" PRIu64, run, work->caller, (*made)++);
        asked[i] = (struct docket_issue){.key = keys[i], .flags = DOCKET_SETTLED};
    }
    docket_status status = work->batch == 1 ? (statuses[0] = docket_issue(series, asked, 20 * SECOND_NS, got))
                                            : docket_issue_many(series, asked, work->batch, 20 * SECOND_NS, got, statuses);
    for (uint32_t i = 0; status == DOCKET_OK && i < work->batch; i++) {
        if (statuses[i] != DOCKET_OK)
            fail("issue");
        else
            note(got[i].number);
    }
    if (status != DOCKET_OK)
        fail("issue");
}

static void call(const struct work *work)
{
    docket_series *series = open_series();
    uint64_t made = 0;
    if (series == NULL)
        return;
    atomic_fetch_add(&shared->ready, 1);
    while (!atomic_load(&shared->go))
        sched_yield();
    int64_t begun_ns = now_ns(), until_ns = begun_ns + work->seconds * SECOND_NS;
    int64_t next_ns = begun_ns + work->pause_ns * work->caller / 64; /* not all at once */
    while (now_ns() < until_ns && !atomic_load(&shared->bad)) {
        if (work->pause_ns > 0) {
            struct timespec at = {.tv_sec = next_ns / SECOND_NS, .tv_nsec = next_ns % SECOND_NS};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
            next_ns += work->pause_ns;
        }
        int64_t before_ns = now_ns();
        issue(series, work, &made);
        uint32_t at = atomic_fetch_add(&shared->latency_count, 1);
        if (at < LATENCIES_MAX)
            shared->latency_us[at] = (uint32_t)((now_ns() - before_ns) / 1000);
    }
    shared->given[work->caller] = made;
}

static int compare(const void *left, const void *right)
{
    uint32_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return (a > b) - (a < b);
}

static double cpu_seconds(long pid)
{
    char path[64], text[1024] = "";
    unsigned long long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
        sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel);
    fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static int run_callers(int callers, const struct work *work, long docketd)
{
    for (int i = 0; i < callers; i++) {
        if (fork() == 0) {
            struct work own = *work;
            own.caller = i;
            call(&own);
            _exit(0);
        }
    }
    while (atomic_load(&shared->ready) < callers && !atomic_load(&shared->bad))
        usleep(1000);
    double cpu = cpu_seconds(docketd);
    int64_t begun_ns = now_ns();
    atomic_store(&shared->go, 1);
    while (wait(NULL) > 0)
        ;
    double took = (double)(now_ns() - begun_ns) / SECOND_NS;
    uint64_t given = 0, noted = 0;
    for (int i = 0; i < callers; i++)
        given += shared->given[i];
    for (size_t i = 0; i < NUMBERS_MAX / 64; i++)
        noted += (uint64_t)__builtin_popcountll(shared->seen[i]);
    uint32_t count = atomic_load(&shared->latency_count);
    if (count > LATENCIES_MAX)
        count = LATENCIES_MAX;
    if (atomic_load(&shared->bad) || given == 0 || given != noted || count == 0) {
        fprintf(stderr, "bench_ledger: %" PRIu64 " numbers given, %" PRIu64 " different ones\n", given, noted);
        return 1;
    }
    qsort(shared->latency_us, count, sizeof shared->latency_us[0], compare);
    printf("rate %.0f numbers %" PRIu64 " p50_us %u p99_us %u p999_us %u max_us %u cpu_percent %.1f\n", (double)given / took,
           given, shared->latency_us[count / 2], shared->latency_us[(uint64_t)count * 99 / 100],
           shared->latency_us[(uint64_t)count * 999 / 1000], shared->latency_us[count - 1],
           100 * (cpu_seconds(docketd) - cpu) / took);
    return 0;
}

/* ---- LMDB by itself ---- */

static int bare_lmdb(const char *folder, int64_t seconds)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    uint64_t commits = 0;
    char record[180] = "a record of about the size of ours";
    if (mdb_env_create(&env) || mdb_env_set_mapsize(env, 1ull << 32) || mdb_env_open(env, folder, 0, 0600))
        return 1;
    int64_t begun_ns = now_ns();
    while (now_ns() < begun_ns + seconds * SECOND_NS) {
        uint64_t number = __builtin_bswap64(++commits);
        MDB_val key = {sizeof number, &number}, value = {sizeof record, record};
        if (mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi) || mdb_put(txn, dbi, &key, &value, 0) ||
            mdb_txn_commit(txn))
            return 1;
    }
    printf("rate %.0f numbers %" PRIu64 "\n", (double)commits / ((double)(now_ns() - begun_ns) / SECOND_NS), commits);
    mdb_env_close(env);
    return 0;
}

static int log_parts(const char *folder)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_stat facts;
    if (mdb_env_create(&env) || mdb_env_set_maxdbs(env, 32) || mdb_env_open(env, folder, MDB_RDONLY, 0600) ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || mdb_dbi_open(txn, "ledgerlog", 0, &dbi) || mdb_stat(txn, dbi, &facts))
        return 1;
    printf("parts %zu bytes %zu\n", facts.ms_entries,
           (facts.ms_leaf_pages + facts.ms_branch_pages + facts.ms_overflow_pages) * (size_t)facts.ms_psize);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return 0;
}

static long figure(char **argv, int argc, int at)
{
    return at < argc ? strtol(argv[at], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
    struct work work = {.batch = 1};
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "lmdb") == 0)
        return bare_lmdb(argv[2], figure(argv, argc, 3));
    if (strcmp(argv[1], "log") == 0)
        return log_parts(argv[2]);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED || argc < 6)
        return 2;
    realm_name = argv[2];
    series_name = argv[3];
    run = (uint64_t)now_ns();
    int callers = (int)figure(argv, argc, 4);
    if (callers < 1 || callers > CALLERS_MAX)
        return 2;
    if (strcmp(argv[1], "batch") == 0) {
        work.batch = (uint32_t)figure(argv, argc, 5);
        work.seconds = figure(argv, argc, 6);
        return work.batch < 1 || work.batch > BATCH_MAX ? 2 : run_callers(callers, &work, 0);
    }
    if (strcmp(argv[1], "paced") == 0) {
        work.pause_ns = SECOND_NS * callers / figure(argv, argc, 5);
        work.seconds = figure(argv, argc, 6);
        return run_callers(callers, &work, figure(argv, argc, 7));
    }
    work.seconds = figure(argv, argc, 5);
    return run_callers(callers, &work, figure(argv, argc, 6));
}
