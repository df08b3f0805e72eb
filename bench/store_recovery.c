/* SPDX-License-Identifier: MIT */
/* store_recovery: from the file to books and tables, beside a bare scan. See store_bench.h. */
#include "store_bench.h"

#include "base/hash.h"

#include "table/layout.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the bare limit: each record of each database read once, series and counters copied into a table, an index made ---- */

struct table {
    struct shared_board_slot *slots;
    uint64_t *index; /* hash of the name above, id below */
    size_t index_room;
    uint64_t series, counters, sum;
};

static void make_table(const struct bench *bench, struct table *table)
{
    size_t bytes = bench->series * sizeof *table->slots;
    int fd = memfd_create("bench_store", MFD_CLOEXEC);
    *table = (struct table){.index_room = 2};
    must_system(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "make a table");
    table->slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must_system(table->slots != MAP_FAILED, "map a table");
    close(fd);
    while (table->index_room < 2 * bench->series)
        table->index_room *= 2;
    table->index = calloc(table->index_room, sizeof *table->index);
    must_system(table->index != NULL, "find memory");
}

static void free_table(const struct bench *bench, struct table *table)
{
    munmap(table->slots, bench->series * sizeof *table->slots);
    free(table->index);
}

static void enter(struct table *table, const void *name, size_t bytes, uint64_t id)
{
    uint64_t hash = dk_hash(name, bytes, 0);
    size_t at = hash & (table->index_room - 1);
    while (table->index[at] != 0)
        at = (at + 1) & (table->index_room - 1);
    table->index[at] = (hash & ~UINT64_C(0xffffffff)) | id;
}

static void take_record(const struct bench *bench, struct table *table, unsigned kind, MDB_val key, MDB_val value)
{
    const uint8_t *bytes = value.mv_data;
    for (size_t at = 0; at < value.mv_size; at += 64)
        table->sum += bytes[at];
    uint64_t id = 0;
    if (kind == DK_KIND_SERIES && value.mv_size >= 8)
        memcpy(&id, value.mv_data, 8);
    else if (kind == DK_KIND_COUNTERS && key.mv_size >= 8)
        id = dk_key_number(key.mv_data, 8);
    if (id == 0 || id > bench->series)
        return;
    uint8_t *slot = (uint8_t *)&table->slots[id - 1];
    size_t room = sizeof *table->slots / 2, from = kind == DK_KIND_SERIES ? 0 : room;
    memcpy(slot + from, value.mv_data, value.mv_size < room ? value.mv_size : room);
    table->counters += kind == DK_KIND_COUNTERS;
    if (kind != DK_KIND_SERIES)
        return;
    enter(table, key.mv_data, key.mv_size, id);
    table->series++;
}

static void scan_database(const struct bench *bench, MDB_txn *txn, unsigned kind, struct table *table)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    must_lmdb(mdb_dbi_open(txn, dk_kind_name(kind), 0, &dbi));
    must_lmdb(mdb_cursor_open(txn, dbi, &cursor));
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        take_record(bench, table, kind, key, value);
    mdb_cursor_close(cursor);
}

/* The store is closed meanwhile. */
static double scan_bare(const struct bench *bench)
{
    char path[512];
    MDB_env *env;
    MDB_txn *txn;
    struct table table;
    snprintf(path, sizeof path, "%s/store", bench->realm);
    double began = seconds();
    must_lmdb(mdb_env_create(&env));
    must_lmdb(mdb_env_set_mapsize(env, (size_t)16 << 30));
    must_lmdb(mdb_env_set_maxdbs(env, DK_KIND_COUNT));
    must_lmdb(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600));
    must_lmdb(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    make_table(bench, &table);
    for (unsigned kind = 0; kind < DK_KIND_COUNT; kind++)
        scan_database(bench, txn, kind, &table);
    double took = seconds() - began;
    must_system(table.series == bench->series && table.counters == bench->series, "find all series in a bare scan");
    mdb_txn_abort(txn);
    mdb_env_close(env);
    free_table(bench, &table);
    return took;
}

/* Out of the page cache, as after a boot. */
static void make_cold(const struct bench *bench)
{
    char path[512];
    snprintf(path, sizeof path, "%s/store/data.mdb", bench->realm);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must_system(fd >= 0 && fdatasync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "drop the store's pages");
    close(fd);
}

/* ---- the store's part: opening, and each series and counter shown once ---- */

struct loading {
    const struct bench *bench;
    struct table *table;
};

static docket_status load_series(void *context, const struct dk_series_record *record)
{
    const struct loading *loading = context;
    char name[2 * DOCKET_NAME_MAX];
    int bytes = snprintf(name, sizeof name, "%s/%s", record->tenant, record->name);
    enter(loading->table, name, (size_t)bytes, record->id);
    loading->table->slots[record->id - 1].series_id = record->id;
    loading->table->series++;
    return DOCKET_OK;
}

static docket_status load_counter(void *context, const struct dk_counter_image *image)
{
    const struct loading *loading = context;
    uint8_t *slot = (uint8_t *)&loading->table->slots[image->series_id - 1];
    memcpy(slot + sizeof *loading->table->slots / 2, image, sizeof *image);
    loading->table->counters++;
    return DOCKET_OK;
}

/* From a closed store to a filled table. */
static double load_store(struct bench *bench)
{
    struct table table;
    struct loading loading = {bench, &table};
    double began = seconds();
    open_store(bench);
    double opened = seconds();
    make_table(bench, &table);
    must(dk_store_each_series(bench->store, load_series, &loading));
    must(dk_store_each_counter(bench->store, load_counter, &loading));
    double took = seconds() - began;
    if (getenv("PARTS"))
        printf("    opened in %.1f ms, loaded in %.1f\n", (opened - began) * 1e3, (took - (opened - began)) * 1e3);
    must_system(table.series == bench->series && table.counters == bench->series, "load all series");
    free_table(bench, &table);
    close_store(bench, true);
    return took;
}

/* ---- docketd, until it serves ---- */

static int listen_for_ready(const struct bench *bench, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "%.80s/ready", bench->folder);
    unlink(address->sun_path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must_system(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)address, sizeof *address) == 0, "hear of READY=1");
    struct timeval patience = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static double start_docketd(struct bench *bench, bool on_board)
{
    struct sockaddr_un address;
    char path[512], said[64];
    snprintf(path, sizeof path, "%s/docket.conf", bench->realm);
    FILE *config = fopen(path, "w");
    must_system(config != NULL, "write docket.conf");
    fprintf(config, "[realm]\nevict_after_s = %d\n", on_board ? 0 : 86400);
    fclose(config);
    int fd = listen_for_ready(bench, &address);
    double began = seconds();
    pid_t child = fork();
    must_system(child >= 0, "fork");
    if (child == 0) {
        snprintf(path, sizeof path, "%s/docketd.log", bench->folder);
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(log, 2);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        execl(bench->docketd, bench->docketd, "--realm", bench->realm, (char *)NULL);
        _exit(127);
    }
    bool ready = recv(fd, said, sizeof said, 0) > 0;
    double took = seconds() - began;
    int outcome = 0;
    kill(child, SIGTERM);
    waitpid(child, &outcome, 0);
    close(fd);
    must_system(ready && WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0, "start and stop docketd (see docketd.log)");
    return took;
}

/* So that the desk is built anew. */
static void lose_runtime(const struct bench *bench)
{
    char command[700];
    snprintf(command, sizeof command, "d=$(readlink -f %s/runtime) && rm -rf \"${d:?}\"/*", bench->realm);
    must_system(system(command) == 0, "remove the runtime files"); /* NOLINT: a bench's own folder */
}

static void run_docketd(struct bench *bench, const char *what, bool cold, bool on_board, unsigned rounds, double asked)
{
    struct cell cell = {0};
    for (unsigned round = 0; round <= rounds; round++) {
        if (round > 0 || on_board)
            lose_runtime(bench);
        if (cold)
            make_cold(bench);
        double bare = scan_bare(bench);
        if (cold)
            make_cold(bench);
        double ours = start_docketd(bench, on_board);
        if (round > 0) /* the first one makes the runtime's folder */
            add_round(&cell, ours, bare);
    }
    show(bench, what, &cell, asked);
}

static void run_load(struct bench *bench, const char *what, bool cold, double asked)
{
    struct cell cell = {0};
    for (unsigned round = 0; round < 4; round++) {
        if (cold)
            make_cold(bench);
        double bare = scan_bare(bench);
        if (cold)
            make_cold(bench);
        add_round(&cell, load_store(bench), bare);
    }
    show(bench, what, &cell, asked);
}

void run_recovery(struct bench *bench)
{
    close_store(bench, true);
    run_load(bench, "store opened, all series and counters read; scan + fill, warm", false, 1.5);
    run_load(bench, "the same, cold", true, 1.5);
    if (bench->docketd != NULL) {
        run_docketd(bench, "docketd, desk built anew, until READY=1; scan + fill, warm", false, false, 3, 1.5);
        run_docketd(bench, "the same, cold", true, false, 3, 1.5);
        run_docketd(bench, "docketd, all on the board (evict_after_s = 0), warm", false, true, 3, 1.5);
    }
    open_store(bench);
    verify(bench, "recovery");
}
