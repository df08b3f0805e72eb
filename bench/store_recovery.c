/* SPDX-License-Identifier: MIT */
/* store_recovery: from the file to books and tables, beside a bare scan. See store_bench.h. */
#include "store_bench.h"

#include "base/hash.h"
#include "table/layout.h"

#include <dirent.h>
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

const char warm[] = "warm", cold[] = "cold", on_board[] = "on the board";

/* ---- the bare limit: each record of each database read once, series and counters copied into a table, an index made ---- */

struct table {
    struct shared_board_slot *slots;
    uint64_t *index; /* hash of the name above, id below */
    size_t index_room;
    uint64_t series, counters, sum;
};

static void make_table(struct table *table)
{
    size_t bytes = realm.series * sizeof *table->slots;
    int fd = memfd_create("bench_store", MFD_CLOEXEC);
    *table = (struct table){.index_room = 2};
    must_system(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "make a table");
    table->slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must_system(table->slots != MAP_FAILED, "map a table");
    close(fd);
    while (table->index_room < 2 * realm.series)
        table->index_room *= 2;
    table->index = calloc(table->index_room, sizeof *table->index);
    must_system(table->index != NULL, "find memory");
}

static void free_table(struct table *table)
{
    munmap(table->slots, realm.series * sizeof *table->slots);
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

static void take_record(struct table *table, unsigned kind, MDB_val key, MDB_val value)
{
    const uint8_t *bytes = value.mv_data;
    for (size_t at = 0; at < value.mv_size; at += 64)
        table->sum += bytes[at];
    uint64_t id = 0;
    if (kind == DK_KIND_SERIES && value.mv_size >= 8)
        memcpy(&id, value.mv_data, 8);
    else if (kind == DK_KIND_COUNTERS && key.mv_size >= 8)
        id = dk_key_number(key.mv_data, 8);
    if (id == 0 || id > realm.series)
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

static void scan_database(MDB_txn *txn, unsigned kind, struct table *table)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    must_lmdb(mdb_dbi_open(txn, dk_kind_name(kind), 0, &dbi));
    must_lmdb(mdb_cursor_open(txn, dbi, &cursor));
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        take_record(table, kind, key, value);
    mdb_cursor_close(cursor);
}

/* The store is closed meanwhile. */
static double scan_bare(void)
{
    char path[512];
    MDB_env *env;
    MDB_txn *txn;
    struct table table;
    snprintf(path, sizeof path, "%s/store", realm.path);
    double began = milliseconds();
    must_lmdb(mdb_env_create(&env));
    must_lmdb(mdb_env_set_mapsize(env, (size_t)16 << 30));
    must_lmdb(mdb_env_set_maxdbs(env, DK_KIND_COUNT));
    must_lmdb(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600));
    must_lmdb(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    make_table(&table);
    for (unsigned kind = 0; kind < DK_KIND_COUNT; kind++)
        scan_database(txn, kind, &table);
    double took = milliseconds() - began;
    if (table.series != realm.series || table.counters != realm.series)
        bench_fail("the bare scan found %llu series and %llu counters", (unsigned long long)table.series,
                   (unsigned long long)table.counters);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    free_table(&table);
    return took;
}

/* Out of the page cache, as after a boot. */
static void make_cold(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/store/data.mdb", realm.path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must_system(fd >= 0 && fdatasync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "drop the store's pages");
    close(fd);
}

/* ---- the store's part: opening, and each series and counter shown once ---- */

static docket_status load_series(void *context, const struct dk_series_record *record)
{
    struct table *table = context;
    char name[2 * DOCKET_NAME_MAX];
    size_t tenant = strlen(record->tenant) + 1, series = strlen(record->name);
    memcpy(name, record->tenant, tenant);
    memcpy(name + tenant, record->name, series);
    enter(table, name, tenant + series, record->id);
    table->slots[record->id - 1].series_id = record->id;
    table->series++;
    return DOCKET_OK;
}

static docket_status load_counter(void *context, const struct dk_counter_image *image)
{
    struct table *table = context;
    uint8_t *slot = (uint8_t *)&table->slots[image->series_id - 1];
    memcpy(slot + sizeof *table->slots / 2, image, sizeof *image);
    table->counters++;
    return DOCKET_OK;
}

/* From a closed store to a filled table. */
static double load_store(void)
{
    struct table table;
    double began = milliseconds();
    open_realm(&realm);
    make_table(&table);
    must(dk_store_each_series(realm.store, load_series, &table));
    must(dk_store_each_counter(realm.store, load_counter, &table));
    double took = milliseconds() - began;
    if (table.series != realm.series || table.counters != realm.series)
        bench_fail("not all series and counters were loaded");
    free_table(&table);
    close_realm(&realm);
    return took;
}

/* ---- docketd, until it serves ---- */

static int listen_for_ready(struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "%.80s/ready", bench_folder);
    unlink(address->sun_path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must_system(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)address, sizeof *address) == 0, "hear of READY=1");
    struct timeval patience = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void write_config(bool all_on_board)
{
    char path[512];
    snprintf(path, sizeof path, "%s/docket.conf", realm.path);
    FILE *config = fopen(path, "w");
    must_system(config != NULL, "write docket.conf");
    fprintf(config, "[realm]\nevict_after_s = %d\n", all_on_board ? 0 : 86400);
    must_system(fclose(config) == 0, "write docket.conf");
}

static void run_docketd(const char *ready)
{
    char path[512];
    snprintf(path, sizeof path, "%s/docketd.log", bench_folder);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, 2);
    setenv("NOTIFY_SOCKET", ready, 1);
    execl(bench_docketd, bench_docketd, "--realm", realm.path, (char *)NULL);
    _exit(127);
}

static double start_docketd(bool all_on_board)
{
    struct sockaddr_un address;
    char said[64];
    write_config(all_on_board);
    int fd = listen_for_ready(&address);
    double began = milliseconds();
    pid_t child = fork();
    must_system(child >= 0, "fork");
    if (child == 0)
        run_docketd(address.sun_path);
    bench_own_process(child);
    bool ready = recv(fd, said, sizeof said, 0) > 0;
    double took = milliseconds() - began;
    int outcome = 0;
    kill(child, SIGTERM);
    waitpid(child, &outcome, 0);
    close(fd);
    if (!ready || !WIFEXITED(outcome) || WEXITSTATUS(outcome) != 0)
        bench_fail("docketd did not start and stop in order; see %s/docketd.log", bench_folder);
    return took;
}

/* So that the desk is built anew: as after a boot. */
void lose_runtime(bool folder_too)
{
    char link[512], folder[DK_PATH_BYTES];
    snprintf(link, sizeof link, "%s/runtime", realm.path);
    ssize_t bytes = readlink(link, folder, sizeof folder - 1);
    if (bytes < 0)
        return; /* docketd was not there yet */
    folder[bytes] = 0;
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries != NULL)
        closedir(entries);
    if (folder_too)
        rmdir(folder);
}

static void prepare(const struct bench_cell *cell)
{
    double unused;
    if (realm.store != NULL) { /* of what the bare scan finds nothing is in the journal */
        drain(&realm, &unused);
        close_realm(&realm);
    }
    if (cell->context == cold)
        make_cold();
}

double measure_scan(struct bench_cell *cell)
{
    prepare(cell);
    return scan_bare();
}

double measure_load(struct bench_cell *cell)
{
    prepare(cell);
    return load_store();
}

double measure_start(struct bench_cell *cell)
{
    lose_runtime(false);
    prepare(cell);
    return start_docketd(cell->context == on_board);
}
