/* SPDX-License-Identifier: MIT */
/* store_marks: commits of many marks, and their fold. See store_bench.h. */
#include "store_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_A_ROW = 8, LARGEST_RAW = 32 << 20 };

const char in_order[] = "in order", in_no_order[] = "in no order";

/* What the store's cell of this round wrote, for the bare one behind it. */
static struct {
    size_t bytes[IN_A_ROW];
    uint64_t folded;
    double longest;
} last;

/* ---- the raw limit: one write over blocks that are there, and fdatasync ---- */

static double write_raw(size_t bytes)
{
    static int fd = -1;
    static uint8_t *filling;
    if (fd < 0) {
        char path[512];
        snprintf(path, sizeof path, "%s/raw", bench_folder);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        filling = malloc(LARGEST_RAW);
        must_system(fd >= 0 && filling != NULL, "make the raw file");
        for (size_t at = 0; at < LARGEST_RAW; at++)
            filling[at] = (uint8_t)(at * 2654435761u >> 24);
        must_system(pwrite(fd, filling, LARGEST_RAW, 0) == LARGEST_RAW && fsync(fd) == 0, "write the raw file");
    }
    must_system(bytes <= LARGEST_RAW, "write so much");
    double began = milliseconds();
    must_system(pwrite(fd, filling, bytes, 0) == (ssize_t)bytes && fdatasync(fd) == 0, "write the raw file");
    return milliseconds() - began;
}

/* All values that the last commit has in the journal, with their checksums. */
static size_t journal_bytes_of_last(const struct realm *read)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct dk_key from;
    size_t bytes = 0;
    dk_key_of_part(&from, read->store->meta.commit, 0);
    MDB_val key = {from.size, from.bytes}, value;
    must(dk_env_begin(read->store, false, &txn));
    must_lmdb(mdb_cursor_open(txn, read->store->dbi[DK_KIND_JOURNAL], &cursor));
    for (int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); !error;
         error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        bytes += value.mv_size;
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return bytes;
}

double drain(struct realm *drained, double *longest)
{
    double took = 0;
    *longest = 0;
    while (drained->store->index.images > 0) {
        uint64_t before = drained->store->index.images + drained->store->index.used;
        double one = commit_nothing(drained);
        if (drained->store->index.images + drained->store->index.used == before)
            continue;
        took += one;
        *longest = one > *longest ? one : *longest;
    }
    return took;
}

/* The next commit is not one that folds by its number. */
static void step_over_fold(struct realm *stepped)
{
    while ((stepped->store->meta.commit + 1) % DK_JOURNAL_LENGTH == 0)
        commit_nothing(stepped);
}

static uint64_t count_of(const struct bench_cell *cell)
{
    const struct marks *marks = cell->context;
    uint64_t count = marks->share ? realm.series / marks->share : marks->at_most;
    return count < realm.series ? count : realm.series;
}

double measure_marks(struct bench_cell *cell)
{
    double unused;
    uint64_t count = count_of(cell), stride = realm.series / count;
    open_realm(&realm);
    drain(&realm, &unused);
    step_over_fold(&realm);
    double took = commit_marks(&realm, (uint64_t)(bench_round() + 1) % stride, stride, count);
    last.bytes[0] = journal_bytes_of_last(&realm);
    return took;
}

double measure_raw(struct bench_cell *cell)
{
    (void)cell;
    return write_raw(last.bytes[0]);
}

double measure_many(struct bench_cell *cell)
{
    double took = 0;
    uint64_t count = count_of(cell), stride = realm.series / count;
    open_realm(&realm);
    for (unsigned at = 0; at < IN_A_ROW; at++) {
        took += commit_marks(&realm, at % stride, stride, count);
        last.bytes[at] = journal_bytes_of_last(&realm);
    }
    return took / IN_A_ROW;
}

double measure_many_raw(struct bench_cell *cell)
{
    double took = 0;
    (void)cell;
    for (unsigned at = 0; at < IN_A_ROW; at++)
        took += write_raw(last.bytes[at]);
    return took / IN_A_ROW;
}

/* ---- the fold, beside LMDB's own write of the same records ---- */

struct bare {
    MDB_env *env;
    MDB_dbi dbi;
};

static void open_bare(struct bare *bare, const char *name)
{
    char path[512];
    MDB_txn *txn;
    snprintf(path, sizeof path, "%s/%s", bench_folder, name);
    must_system(mkdir(path, 0700) == 0 || errno == EEXIST, "make a folder");
    must_lmdb(mdb_env_create(&bare->env));
    must_lmdb(mdb_env_set_mapsize(bare->env, (size_t)4 << 30));
    must_lmdb(mdb_env_open(bare->env, path, 0, 0600));
    must_lmdb(mdb_txn_begin(bare->env, NULL, 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, 0, &bare->dbi));
    must_lmdb(mdb_txn_commit(txn));
}

/* Records as the store folds them, made beforehand. */
struct packed {
    uint8_t key[12], value[72];
};

static struct packed *pack_all(const struct realm *packed)
{
    struct packed *all = malloc(packed->series * sizeof *all);
    struct dk_buffer value = {0};
    must_system(all != NULL, "find memory");
    for (uint64_t at = 0; at < packed->series; at++) {
        struct dk_key key;
        value.used = 0;
        must(dk_image_encode_counter(&packed->images[at], &key, &value));
        if (key.size != sizeof all->key || value.used != sizeof all->value)
            bench_fail("a record has another size: %zu and %zu bytes", key.size, value.used);
        memcpy(all[at].key, key.bytes, key.size);
        memcpy(all[at].value, value.bytes, value.used);
    }
    dk_buffer_free(&value);
    return all;
}

static double write_bare(const struct bare *bare, const struct realm *written, unsigned flags)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct packed *all = pack_all(written);
    double began = milliseconds();
    must_lmdb(mdb_txn_begin(bare->env, NULL, 0, &txn));
    must_lmdb(mdb_cursor_open(txn, bare->dbi, &cursor));
    for (uint64_t at = 0; at < written->series; at++) {
        MDB_val key = {sizeof all->key, all[at].key}, value = {sizeof all->value, all[at].value};
        must_lmdb(mdb_cursor_put(cursor, &key, &value, flags));
    }
    mdb_cursor_close(cursor);
    must_lmdb(mdb_txn_commit(txn));
    double took = milliseconds() - began;
    free(all);
    return took;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Each series once, far from the one before. */
static uint64_t leap_of(uint64_t series)
{
    uint64_t leap = series / 2 + series / 8 + 1;
    while (common_divisor(leap, series) != 1)
        leap++;
    return leap;
}

/* All are dirty; what their own commit folded already is not timed, and so scaled up. */
static double fold_all(struct realm *folded, uint64_t stride)
{
    commit_marks(folded, 0, stride, folded->series);
    last.folded = folded->store->index.used;
    return drain(folded, &last.longest) * (double)folded->series / (double)last.folded;
}

double measure_fold(struct bench_cell *cell)
{
    double unused;
    open_realm(&realm);
    drain(&realm, &unused);
    step_over_fold(&realm);
    return fold_all(&realm, cell->context == in_order ? 1 : leap_of(realm.series));
}

double measure_fold_step(struct bench_cell *cell)
{
    (void)cell;
    return last.longest;
}

double measure_fold_bare(struct bench_cell *cell)
{
    static struct bare bare;
    (void)cell;
    if (bare.env == NULL) {
        open_bare(&bare, "bare");
        write_bare(&bare, &realm, MDB_APPEND);
        write_bare(&bare, &realm, 0);
    }
    return write_bare(&bare, &realm, 0);
}

/* ---- into empty ones ---- */

static struct realm fresh;

static void remove_folder(const char *path)
{
    char file[512];
    static const char *const names[] = {"data.mdb", "lock.mdb", "store/data.mdb", "store/lock.mdb", "docketd.lock",
                                        "witness", "witness.spare", "store"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        snprintf(file, sizeof file, "%s/%s", path, names[at]);
        remove(file);
    }
    must_system(remove(path) == 0, "remove a folder");
}

double measure_first_fold(struct bench_cell *cell)
{
    (void)cell;
    alloc_realm(&fresh, "fresh", realm.series);
    open_realm(&fresh);
    double took = fold_all(&fresh, 1);
    if (!realm_holds(&fresh))
        bench_fail("the first fold lost marks");
    close_realm(&fresh);
    remove_folder(fresh.path);
    return took;
}

double measure_first_fold_bare(struct bench_cell *cell)
{
    struct bare bare;
    char path[400];
    (void)cell;
    open_bare(&bare, "bare_fresh");
    double took = write_bare(&bare, &fresh, MDB_APPEND);
    mdb_env_close(bare.env);
    free_realm(&fresh);
    snprintf(path, sizeof path, "%s/bare_fresh", bench_folder);
    remove_folder(path);
    return took;
}
