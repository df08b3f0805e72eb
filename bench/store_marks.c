/* SPDX-License-Identifier: MIT */
/* store_marks: commits of many marks, and their fold. See store_bench.h. */
#include "store_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the raw limit: one write into blocks that are there, and fdatasync ---- */

struct raw {
    int fd;
    uint8_t *bytes;
    size_t room;
};

static void open_raw(const struct bench *bench, struct raw *raw, size_t room)
{
    char path[512];
    snprintf(path, sizeof path, "%s/raw", bench->folder);
    raw->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    raw->room = room;
    raw->bytes = malloc(room);
    must_system(raw->fd >= 0 && raw->bytes, "make the raw file");
    for (size_t at = 0; at < room; at++)
        raw->bytes[at] = (uint8_t)(at * 2654435761u >> 24);
    must_system(pwrite(raw->fd, raw->bytes, room, 0) == (ssize_t)room && fsync(raw->fd) == 0, "write the raw file");
}

static double write_raw(const struct raw *raw, size_t bytes)
{
    double began = seconds();
    must_system(pwrite(raw->fd, raw->bytes, bytes, 0) == (ssize_t)bytes && fdatasync(raw->fd) == 0, "write the raw file");
    return seconds() - began;
}

static void close_raw(struct raw *raw)
{
    close(raw->fd);
    free(raw->bytes);
}

/* ---- what the store wrote ---- */

/* The bytes of all values that the last commit has in the journal, with their checksums. */
static size_t journal_bytes_of_last(const struct bench *bench)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct dk_key from;
    size_t bytes = 0;
    dk_key_of_part(&from, bench->store->meta.commit, 0);
    MDB_val key = {from.size, from.bytes}, value;
    must(dk_env_begin(bench->store, false, &txn));
    must_lmdb(mdb_cursor_open(txn, bench->store->dbi[DK_KIND_JOURNAL], &cursor));
    for (int error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); !error;
         error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        bytes += value.mv_size;
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return bytes;
}

/* Until the journal is empty. Only commits that fold count; *longest is the longest of them. */
static double drain(struct bench *bench, double *longest)
{
    double took = 0;
    *longest = 0;
    while (bench->store->journal_images > 0) {
        uint64_t before = bench->store->journal_images;
        double one = commit_nothing(bench);
        if (bench->store->journal_images == before)
            continue;
        took += one;
        *longest = one > *longest ? one : *longest;
    }
    return took;
}

/* The next commit is not one that folds by its number. */
static void step_over_fold(struct bench *bench)
{
    while ((bench->store->meta.commit + 1) % DK_JOURNAL_LENGTH == 0)
        commit_nothing(bench);
}

/* ---- one commit ---- */

static void run_marks_of(struct bench *bench, const struct raw *raw, uint64_t count, double asked)
{
    struct cell cell = {0};
    char what[96];
    double longest;
    size_t bytes = 0;
    uint64_t stride = bench->series / count;
    for (unsigned round = 0; round < bench->rounds; round++) {
        drain(bench, &longest);
        step_over_fold(bench);
        double ours = commit_marks(bench, round % stride, stride, count);
        bytes = journal_bytes_of_last(bench);
        add_round(&cell, ours, write_raw(raw, bytes));
    }
    snprintf(what, sizeof what, "commit of %llu marks, %zu bytes; raw write + fdatasync", (unsigned long long)count, bytes);
    show(bench, what, &cell, asked);
}

/* One after the other, each with what it folds of those before. */
static void run_sustained(struct bench *bench, const struct raw *raw, uint64_t count)
{
    struct cell cell = {0};
    char what[96];
    uint64_t stride = bench->series / count, longest_journal = 0;
    double longest = 0, sum = 0, sum_bare = 0;
    for (unsigned round = 0; round < 24; round++) {
        double ours = commit_marks(bench, round % stride, stride, count);
        double bare = write_raw(raw, journal_bytes_of_last(bench));
        if (bench->store->journal_images > longest_journal)
            longest_journal = bench->store->journal_images;
        longest = ours > longest ? ours : longest;
        sum += ours;
        sum_bare += bare;
        add_round(&cell, ours, bare);
    }
    snprintf(what, sizeof what, "24 commits of %llu, with their folds", (unsigned long long)count);
    show(bench, what, &cell, 0);
    if (!bench->json)
        printf("    mean %.2f ms, raw %.2f ms (%.2f); longest %.2f ms; at most %llu images in the journal\n", sum / 24 * 1e3,
               sum_bare / 24 * 1e3, sum / sum_bare, longest * 1e3, (unsigned long long)longest_journal);
}

void run_marks(struct bench *bench)
{
    struct raw raw;
    uint64_t most = bench->series / 10;
    double unused;
    open_raw(bench, &raw, most * 80 + 65536);
    run_marks_of(bench, &raw, 100, 0);
    if (most > 10000)
        run_marks_of(bench, &raw, 10000, 0);
    run_marks_of(bench, &raw, most, 2.5);
    run_sustained(bench, &raw, most);
    drain(bench, &unused);
    close_raw(&raw);
    verify(bench, "commits of many marks");
}

/* ---- the fold, beside LMDB's own write of the same records, sorted, in one transaction ---- */

struct bare {
    MDB_env *env;
    MDB_dbi dbi;
};

static void open_bare(const struct bench *bench, struct bare *bare, const char *name)
{
    char path[512];
    MDB_txn *txn;
    snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    must_system(mkdir(path, 0700) == 0 || errno == EEXIST, "make a folder");
    must_lmdb(mdb_env_create(&bare->env));
    must_lmdb(mdb_env_set_mapsize(bare->env, (size_t)4 << 30));
    must_lmdb(mdb_env_open(bare->env, path, 0, 0600));
    must_lmdb(mdb_txn_begin(bare->env, NULL, 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, 0, &bare->dbi));
    must_lmdb(mdb_txn_commit(txn));
}

/* Records as the store folds them, made beforehand: 12 bytes of key, 72 of value. */
struct packed {
    uint8_t key[12], value[72];
};

static struct packed *pack_all(const struct bench *bench)
{
    struct packed *all = malloc(bench->series * sizeof *all);
    struct dk_buffer value = {0};
    must_system(all != NULL, "find memory");
    for (uint64_t at = 0; at < bench->series; at++) {
        struct dk_key key;
        value.used = 0;
        must(dk_image_encode_counter(&bench->images[at], &key, &value));
        must_system(key.size == sizeof all->key && value.used == sizeof all->value, "pack a record of another size");
        memcpy(all[at].key, key.bytes, key.size);
        memcpy(all[at].value, value.bytes, value.used);
    }
    dk_buffer_free(&value);
    return all;
}

static double write_bare(const struct bare *bare, struct packed *all, uint64_t count, unsigned flags)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    double began = seconds();
    must_lmdb(mdb_txn_begin(bare->env, NULL, 0, &txn));
    must_lmdb(mdb_cursor_open(txn, bare->dbi, &cursor));
    for (uint64_t at = 0; at < count; at++) {
        MDB_val key = {sizeof all->key, all[at].key}, value = {sizeof all->value, all[at].value};
        must_lmdb(mdb_cursor_put(cursor, &key, &value, flags));
    }
    mdb_cursor_close(cursor);
    must_lmdb(mdb_txn_commit(txn));
    return seconds() - began;
}

static uint64_t coprime_to(uint64_t series)
{
    uint64_t stride = series / 2 + series / 8 + 1;
    for (;; stride++) {
        uint64_t a = stride, b = series;
        while (b != 0) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return stride;
    }
}

/* All counters dirty, by commits of 65,536 as a start writes them, or by calls in no order; then the fold. The bare write is
 * scaled to as many records as were still to be folded. */
static void run_fold_of(struct bench *bench, const struct bare *bare, const char *what, uint64_t stride, unsigned rounds,
                        double asked)
{
    struct cell cell = {0};
    double longest = 0, one;
    char text[96];
    for (unsigned round = 0; round < rounds; round++) {
        drain(bench, &one);
        step_over_fold(bench);
        double dirtied = commit_marks(bench, 0, stride, bench->series);
        uint64_t waiting = bench->store->journal_images;
        double ours = drain(bench, &one);
        struct packed *all = pack_all(bench);
        double took = write_bare(bare, all, bench->series, 0) * (double)waiting / (double)bench->series;
        free(all);
        longest = one > longest ? one : longest;
        add_round(&cell, ours, took);
        if (!bench->json && round == 0)
            printf("    made dirty in %.1f ms, %llu to fold\n", dirtied * 1e3, (unsigned long long)waiting);
    }
    snprintf(text, sizeof text, "fold of %llu marks, %s", (unsigned long long)bench->series, what);
    show(bench, text, &cell, asked);
    if (!bench->json)
        printf("    longest commit of a fold: %.2f ms\n", longest * 1e3);
}

/* A store that never folded: the counters' database is empty. */
static void run_first_fold(struct bench *bench)
{
    struct cell cell = {0};
    struct bench fresh = *bench;
    char text[96];
    double longest;
    for (unsigned round = 0; round < 3; round++) {
        struct bare bare;
        char name[32];
        snprintf(name, sizeof name, "bare-%u", round);
        snprintf(fresh.realm, sizeof fresh.realm, "%s/fresh-%u", fresh.folder, round);
        open_bare(bench, &bare, name);
        open_store(&fresh);
        commit_marks(&fresh, 0, 1, fresh.series);
        uint64_t waiting = fresh.store->journal_images;
        double ours = drain(&fresh, &longest);
        struct packed *all = pack_all(&fresh);
        double took = write_bare(&bare, all, fresh.series, MDB_APPEND) * (double)waiting / (double)fresh.series;
        free(all);
        add_round(&cell, ours, took);
        verify(&fresh, "the first fold");
        close_store(&fresh, true);
        mdb_env_close(bare.env);
    }
    bench->failed |= fresh.failed;
    /* The realm itself still has what was last committed to it. */
    commit_marks(bench, 0, 1, bench->series);
    snprintf(text, sizeof text, "fold of %llu marks, fresh; LMDB, MDB_APPEND", (unsigned long long)bench->series);
    show(bench, text, &cell, 2.0);
}

void run_fold(struct bench *bench)
{
    struct bare bare;
    run_first_fold(bench);
    open_bare(bench, &bare, "bare");
    struct packed *all = pack_all(bench);
    write_bare(&bare, all, bench->series, MDB_APPEND);
    write_bare(&bare, all, bench->series, 0);
    free(all);
    run_fold_of(bench, &bare, "over old ones, in order; LMDB, sorted", 1, 4, 2.0);
    run_fold_of(bench, &bare, "over old ones, in no order; LMDB, sorted", coprime_to(bench->series), 3, 0);
    mdb_env_close(bare.env);
    verify(bench, "folds");
}
