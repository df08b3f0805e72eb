/* SPDX-License-Identifier: MIT */
/*
 * env: the LMDB environment. Always the default durable mode. MDB_NOTLS ties a
 * read transaction to itself instead of to its thread, so that a callback of
 * one walk may begin another.
 */
#include "store/checksum.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GIBIBYTE ((size_t)1 << 30)
#define MEBIBYTE ((size_t)1 << 20)

enum {
    MAP_GIBIBYTES = 16,
    PREALLOCATE_MEBIBYTES = 8,
    SMALLEST_MAP_PAGES = 32,
    NEARLY_FULL_BYTES = 1 << 16,
    RESERVE_BYTES = 1 << 19,
    FOLD_PAGES = 256,
    ROOM_PAGES_MAX = 8192, /* 32 MiB: more is not kept for any commit */
    LOCK_BYTES = 16384 /* twice what LMDB's 126 readers take */
};

/* LMDB calls a write that a full disk cut short EIO. */
static bool disk_is_full(const struct dk_store *store)
{
    struct statvfs facts;
    return fstatvfs(store->realm_fd, &facts) == 0 &&
           (uint64_t)facts.f_bavail * facts.f_frsize < NEARLY_FULL_BYTES;
}

docket_status dk_env_fail(const struct dk_store *store, int error, const char *doing)
{
    if (error == EIO && disk_is_full(store))
        error = ENOSPC;
    switch (error) {
    case MDB_MAP_FULL:
        return dk_fail(DOCKET_NO_SPACE,
                       "cannot %s: the store has grown to the %zu bytes that it may have; give some tenants a realm of "
                       "their own",
                       doing, store->map_bytes);
    case ENOSPC:
    case EDQUOT:
        return dk_fail(DOCKET_NO_SPACE,
                       "cannot %s: the disk under %s is full; make room and start docketd again",
                       doing, store->realm);
    case ENOMEM:
        return dk_fail(DOCKET_NO_MEMORY, "cannot %s: out of memory or address space", doing);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_VALSIZE:
        return dk_fail(DOCKET_DAMAGED,
                       "cannot %s: the store's file is damaged (%s); restore it from a backup",
                       doing, mdb_strerror(error));
    case MDB_VERSION_MISMATCH:
        return dk_fail(DOCKET_BAD_LAYOUT, "cannot %s: the store was written by another LMDB",
                       doing);
    default:
        return dk_fail(DOCKET_STORE_FAILED, "cannot %s: %s", doing, mdb_strerror(error));
    }
}

docket_status dk_env_check_version(int major, int minor, int patch)
{
    if (major == 0 && minor == 9 && patch >= 26 && patch <= 31)
        return dk_fail(
            DOCKET_STORE_FAILED,
            "LMDB %d.%d.%d destroys its shared mutex when it closes; use 0.9.24, 0.9.25, "
            "or 0.9.32 and later",
            major, minor, patch);
    return DOCKET_OK;
}

const char *dk_store_lmdb_version(void)
{
    static char version[32];
    int major, minor, patch;
    mdb_version(&major, &minor, &patch);
    snprintf(version, sizeof version, "%d.%d.%d", major, minor, patch);
    return version;
}

/* ---- opening ---- */

/* Blocks for the first commits, so that a full disk is an error now and not in
 * the middle of a day. Not every file system can (then it is no error). */
static docket_status preallocate(struct dk_store *store, int fd, size_t bytes)
{
    if (bytes == 0)
        bytes = PREALLOCATE_MEBIBYTES * MEBIBYTE;
    store->allocated = bytes;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0 || errno == EOPNOTSUPP)
        return DOCKET_OK;
    if (errno == ENOSPC || errno == EDQUOT)
        return dk_fail(DOCKET_NO_SPACE,
                       "the store wants %zu bytes of disk under %s, and they are "
                       "not there",
                       bytes, store->realm);
    return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot preallocate %zu bytes", bytes);
}

/* So many bytes beyond the last page in use surely have their blocks, and fit the map. */
static docket_status make_room(struct dk_store *store, size_t reserve, const char *what)
{
    MDB_envinfo info;
    MDB_stat tree;
    int fd;
    int error = mdb_env_info(store->env, &info);
    if (!error)
        error = mdb_env_stat(store->env, &tree);
    if (!error)
        error = mdb_env_get_fd(store->env, &fd);
    if (error)
        return dk_env_fail(store, error, "look at the store");
    size_t used = (info.me_last_pgno + 1) * tree.ms_psize;
    if (used + reserve > store->map_bytes)
        return dk_env_fail(store, MDB_MAP_FULL, what);
    if (used + reserve <= store->allocated)
        return DOCKET_OK;
    size_t wanted = used + 2 * reserve;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)store->allocated, (off_t)(wanted - store->allocated)) == 0 ||
        errno == EOPNOTSUPP) {
        store->allocated = wanted;
        return DOCKET_OK;
    }
    return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot %s: the disk under %s has no room for it beside what "
                         "the others need; make room", what, store->realm);
}

/* A new series makes the file grow; the marks of the others, as a rule, do not,
 * but must not depend on it. So what they may need stays allocated. */
docket_status dk_store_make_room(struct dk_store *store)
{
    return make_room(store, RESERVE_BYTES, "make a new series");
}

/* Entries are appended, and up to four times as many folded, each on a page of its own at worst. */
docket_status dk_store_make_room_for(struct dk_store *store, size_t entries)
{
    size_t pages = 4 * entries + FOLD_PAGES;
    return make_room(store, RESERVE_BYTES + (pages < ROOM_PAGES_MAX ? pages : ROOM_PAGES_MAX) * 4096, "keep records");
}

/* LMDB reads through a map: pages beyond the end of a truncated file would be
 * SIGBUS. As zeros they are an error that it reports. */
static docket_status cover_pages(struct dk_store *store, int fd, const struct stat *facts)
{
    MDB_envinfo info;
    MDB_stat tree;
    int error = mdb_env_info(store->env, &info);
    if (!error)
        error = mdb_env_stat(store->env, &tree);
    if (error)
        return dk_env_fail(store, error, "look at the store");
    if (info.me_last_pgno >= info.me_mapsize / tree.ms_psize)
        return dk_fail(DOCKET_DAMAGED, "the store's file speaks of pages beyond its map");
    off_t wanted = (off_t)((info.me_last_pgno + 1) * tree.ms_psize);
    if (facts->st_size < wanted && ftruncate(fd, wanted) != 0)
        return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot grow the store's file");
    return DOCKET_OK;
}

static docket_status settle_file(struct dk_store *store, const struct dk_store_options *options)
{
    struct stat facts;
    int fd;
    int error = mdb_env_get_fd(store->env, &fd);
    if (error)
        return dk_env_fail(store, error, "find the store's descriptor");
    /* 0.9.24 opens it without; a program that docketd starts must not have it. */
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot settle the store's descriptor");
    docket_status status = dk_file_check(fd, "data.mdb", geteuid(), 0600);
    if (status == DOCKET_OK)
        status = cover_pages(store, fd, &facts);
    return status == DOCKET_OK ? preallocate(store, fd, options->preallocate_bytes) : status;
}

static docket_status open_databases(struct dk_store *store, bool create)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, create, &txn);
    if (status != DOCKET_OK)
        return status;
    int error = 0;
    for (unsigned kind = 0; !error && kind < DK_KIND_COUNT; kind++) {
        error = mdb_dbi_open(txn, dk_kind_name(kind), create ? MDB_CREATE : 0, &store->dbi[kind]);
        /* A store of an older schema: whether it is one its meta records say. */
        if (kind >= DK_KIND_TEXTS && error == MDB_NOTFOUND) {
            error = 0;
            break;
        }
        store->kinds = error ? 0 : kind + 1;
        if (error == MDB_NOTFOUND || error == MDB_INCOMPATIBLE)
            status =
                dk_fail(DOCKET_DAMAGED, "the store has no database \"%s\"", dk_kind_name(kind));
    }
    /* A read transaction is committed too: aborting it would close the handles. */
    if (error)
        mdb_txn_abort(txn);
    else
        error = mdb_txn_commit(txn);
    if (error && status == DOCKET_OK)
        status = dk_env_fail(store, error, "open the databases");
    return status;
}

/* LMDB takes a missing or empty data file for a new store, and trusts any other;
 * we do not. */
docket_status dk_env_check_pages(const struct dk_store *store, const char *folder, uint64_t ledger_pages,
                                 const dk_word *stop)
{
    char path[DK_PATH_BYTES];
    struct stat facts;
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    if (fstatat(store->realm_fd, path, &facts, AT_SYMLINK_NOFOLLOW) != 0 || facts.st_size == 0)
        return dk_fail(DOCKET_DAMAGED, "%s is missing or empty; restore it from a backup", path);
    int fd = openat(store->realm_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open %s", path);
    docket_status status = dk_pages_check(fd, path, ledger_pages, stop);
    close(fd);
    return status;
}

/* LMDB writes its lock file through a map: a page that a full disk has no block
 * for would be SIGBUS. Closed before LMDB opens it. */
static docket_status preallocate_lock(const struct dk_store *store, const char *folder)
{
    char path[DK_PATH_BYTES];
    snprintf(path, sizeof path, "%s/lock.mdb", folder);
    int fd = openat(store->realm_fd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int error = fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOCK_BYTES) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error == 0 || error == EOPNOTSUPP)
        return DOCKET_OK;
    return dk_fail_errno(dk_status_of_errno(error), error, "cannot make %s/%s", store->realm, path);
}

static docket_status open_env(struct dk_store *store, const char *folder)
{
    char path[DK_PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s/%s", store->realm, folder);
    if (length < 0 || (size_t)length >= sizeof path)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the realm's name is too long");
    int error = mdb_env_create(&store->env);
    if (!error)
        error = mdb_env_set_mapsize(store->env, store->map_bytes);
    if (!error)
        error = mdb_env_set_maxdbs(store->env, DK_KIND_COUNT);
    if (!error)
        error = mdb_env_open(store->env, path, MDB_NOTLS, 0600);
    return error ? dk_env_fail(store, error, "open the store") : DOCKET_OK;
}

docket_status dk_env_open(struct dk_store *store, const struct dk_store_options *options,
                          const char *folder, bool create)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t wanted = options->map_bytes ? options->map_bytes : MAP_GIBIBYTES * GIBIBYTE;
    if (wanted < SMALLEST_MAP_PAGES * page)
        wanted = SMALLEST_MAP_PAGES * page;
    store->map_bytes = wanted - wanted % page;

    int major, minor, patch;
    mdb_version(&major, &minor, &patch);
    docket_status status = dk_env_check_version(major, minor, patch);
    if (status == DOCKET_OK && !create)
        status = dk_env_check_pages(store, folder, store->ledger_pages, NULL);
    if (status == DOCKET_OK)
        status = preallocate_lock(store, folder);
    if (status == DOCKET_OK)
        status = open_env(store, folder);
    if (status == DOCKET_OK)
        status = settle_file(store, options);
    if (status == DOCKET_OK)
        status = open_databases(store, create);
    return status;
}

docket_status dk_env_open_copy(struct dk_store *store, const char *path)
{
    struct stat facts;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open %s", path);
    docket_status status = dk_pages_check(fd, path, UINT64_MAX, NULL);
    int error = fstat(fd, &facts) != 0 ? errno : mdb_env_create(&store->env);
    close(fd);
    if (status != DOCKET_OK)
        return status;
    store->map_bytes = (size_t)facts.st_size + MEBIBYTE;
    if (!error)
        error = mdb_env_set_mapsize(store->env, store->map_bytes);
    if (!error)
        error = mdb_env_set_maxdbs(store->env, DK_KIND_COUNT);
    if (!error)
        error = mdb_env_open(store->env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600);
    return error ? dk_env_fail(store, error, "open the copy") : open_databases(store, false);
}

docket_status dk_env_make_database(struct dk_store *store, MDB_txn *txn, enum dk_kind kind)
{
    int error = mdb_dbi_open(txn, dk_kind_name(kind), MDB_CREATE, &store->dbi[kind]);
    return error ? dk_env_fail(store, error, "make a database") : DOCKET_OK;
}

void dk_env_close(struct dk_store *store)
{
    if (store->env)
        mdb_env_close(store->env);
    store->env = NULL;
}

/* ---- records ---- */

docket_status dk_env_begin(struct dk_store *store, bool write, MDB_txn **txn)
{
    int error = mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, txn);
    if (write) {
        store->sum = store->meta.sum;
        store->ledger_sum = store->meta.ledger_sum;
    }
    return error ? dk_env_fail(store, error, "begin a transaction") : DOCKET_OK;
}

size_t dk_env_commits(const struct dk_store *store)
{
    MDB_envinfo info;
    return mdb_env_info(store->env, &info) == 0 ? info.me_last_txnid : 0;
}

static MDB_val key_of(const struct dk_key *key)
{
    union {
        const uint8_t *read;
        void *write;
    } bytes = {key->bytes}; /* LMDB's type is not const; it does not write here */
    return (MDB_val){key->size, bytes.write};
}

static struct dk_slice slice_of(MDB_val value)
{
    return (struct dk_slice){value.mv_data, value.mv_size};
}

uint64_t dk_env_checksum_of(struct dk_slice value)
{
    if (value.size < DK_CHECKSUM_BYTES)
        return 0;
    struct dk_reader reader = {value.bytes + value.size - DK_CHECKSUM_BYTES, DK_CHECKSUM_BYTES, false};
    return dk_take_u64(&reader);
}

docket_status dk_env_put_sum(struct dk_store *store, MDB_txn *txn, const struct dk_key *key,
                             const struct dk_buffer *value)
{
    MDB_val name = key_of(key), data = {value->used, value->bytes};
    int error = mdb_put(txn, store->dbi[DK_KIND_META], &name, &data, 0);
    return error ? dk_env_fail(store, error, "write a record") : DOCKET_OK;
}

uint64_t *dk_env_sum_of(struct dk_store *store, enum dk_kind kind)
{
    return dk_kind_is_folded_ledger(kind) ? &store->ledger_sum : &store->sum;
}

docket_status dk_env_put(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, const struct dk_buffer *value)
{
    MDB_val name = key_of(key), data;
    int error = mdb_get(txn, store->dbi[kind], &name, &data);
    if (!error)
        *dk_env_sum_of(store, kind) -= dk_env_checksum_of(slice_of(data));
    data = (MDB_val){value->used, value->bytes};
    if (!error || error == MDB_NOTFOUND)
        error = mdb_put(txn, store->dbi[kind], &name, &data, 0);
    *dk_env_sum_of(store, kind) += dk_env_checksum_of((struct dk_slice){value->bytes, value->used});
    return error ? dk_env_fail(store, error, "write a record") : DOCKET_OK;
}

docket_status dk_env_reserve(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, const struct dk_key *key, size_t size,
                             uint8_t **bytes)
{
    MDB_val name = key_of(key), data = {size, NULL};
    int error = mdb_put(txn, store->dbi[kind], &name, &data, MDB_RESERVE | MDB_NOOVERWRITE);
    if (error == MDB_KEYEXIST)
        return dk_record_damaged(kind, dk_key_slice(key), "stands where a new one belongs");
    *bytes = data.mv_data;
    return error ? dk_env_fail(store, error, "write a record") : DOCKET_OK;
}

docket_status dk_env_get(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, struct dk_slice *value, bool *found)
{
    MDB_val name = key_of(key), data;
    int error = mdb_get(txn, store->dbi[kind], &name, &data);
    if (error && error != MDB_NOTFOUND)
        return dk_env_fail(store, error, "read a record");
    *found = !error;
    if (!error)
        *value = slice_of(data);
    return DOCKET_OK;
}

docket_status dk_env_add(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, const struct dk_buffer *value, bool *added,
                         bool *same)
{
    MDB_val name = key_of(key), data = {value->used, value->bytes};
    int error = mdb_put(txn, store->dbi[kind], &name, &data, MDB_NOOVERWRITE);
    if (error && error != MDB_KEYEXIST)
        return dk_env_fail(store, error, "write a record");
    *added = !error;
    if (*added)
        *dk_env_sum_of(store, kind) += dk_env_checksum_of((struct dk_slice){value->bytes, value->used});
    /* On KEYEXIST data shows what lies there. */
    *same = !error ||
            (data.mv_size == value->used && memcmp(data.mv_data, value->bytes, value->used) == 0);
    return DOCKET_OK;
}

docket_status dk_env_walk(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                          const struct dk_key *from, size_t prefix_bytes, dk_visit visit,
                          void *context)
{
    MDB_cursor *cursor;
    MDB_val key = {0}, value = {0};
    int error = mdb_cursor_open(txn, store->dbi[kind], &cursor);
    if (error)
        return dk_env_fail(store, error, "walk the store");
    if (from)
        key = key_of(from);
    docket_status status = DOCKET_OK;
    error = mdb_cursor_get(cursor, &key, &value, from ? MDB_SET_RANGE : MDB_FIRST);
    while (!error && status == DOCKET_OK) {
        if (from &&
            (key.mv_size < prefix_bytes || memcmp(key.mv_data, from->bytes, prefix_bytes) != 0))
            break;
        status = visit(context, slice_of(key), slice_of(value));
        if (status == DOCKET_OK)
            error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (error && error != MDB_NOTFOUND)
        status = dk_env_fail(store, error, "walk the store");
    mdb_cursor_close(cursor);
    return status;
}

docket_status dk_env_hop(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, const struct dk_key *from,
                         size_t prefix_bytes, dk_hopper visit, void *context)
{
    MDB_cursor *cursor;
    MDB_val key = key_of(from), value = {0};
    docket_status status = DOCKET_OK;
    int error = mdb_cursor_open(txn, store->dbi[kind], &cursor);
    if (error)
        return dk_env_fail(store, error, "walk the store");
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error && key.mv_size >= prefix_bytes && memcmp(key.mv_data, from->bytes, prefix_bytes) == 0) {
        struct dk_key next;
        bool hop = false;
        status = visit(context, slice_of(key), slice_of(value), &next, &hop);
        if (status != DOCKET_OK)
            break;
        if (hop)
            key = key_of(&next);
        error = mdb_cursor_get(cursor, &key, &value, hop ? MDB_SET_RANGE : MDB_NEXT);
    }
    if (error && error != MDB_NOTFOUND)
        status = dk_env_fail(store, error, "walk the store");
    mdb_cursor_close(cursor);
    return status;
}

static docket_status drop_from_sum(void *context, struct dk_slice key, struct dk_slice value)
{
    uint64_t *sum = context;
    (void)key;
    *sum -= dk_env_checksum_of(value);
    return DOCKET_OK;
}

docket_status dk_env_remove(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, const struct dk_key *key)
{
    MDB_val name = key_of(key), data;
    int error = mdb_get(txn, store->dbi[kind], &name, &data);
    if (error == MDB_NOTFOUND)
        return DOCKET_OK;
    uint64_t checksum = error ? 0 : dk_env_checksum_of(slice_of(data));
    if (!error)
        error = mdb_del(txn, store->dbi[kind], &name, NULL);
    *dk_env_sum_of(store, kind) -= checksum;
    return error ? dk_env_fail(store, error, "remove a record") : DOCKET_OK;
}

docket_status dk_env_remove_exact(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                                  const struct dk_key *key, const struct dk_buffer *value,
                                  bool *was_there)
{
    struct dk_slice found = {0};
    docket_status status = dk_env_get(store, txn, kind, key, &found, was_there);
    if (status != DOCKET_OK || !*was_there)
        return status;
    *was_there = found.size == value->used && memcmp(found.bytes, value->bytes, value->used) == 0;
    return *was_there ? dk_env_remove(store, txn, kind, key) : DOCKET_OK;
}

docket_status dk_env_empty(struct dk_store *store, MDB_txn *txn, enum dk_kind kind)
{
    docket_status status = dk_env_walk(store, txn, kind, NULL, 0, drop_from_sum, dk_env_sum_of(store, kind));
    if (status != DOCKET_OK)
        return status;
    int error = mdb_drop(txn, store->dbi[kind], 0);
    return error ? dk_env_fail(store, error, "empty a database") : DOCKET_OK;
}

/* A head is LMDB's own record of what is in force: roots, last page, its commit
 * number. It lies at the start of page 0 or 1. Reads one of the two; or, with
 * put, writes it. 0, or an errno. */
static int move_head(struct dk_store *store, unsigned which, uint8_t bytes[DK_HEAD_BYTES], bool put)
{
    MDB_stat tree;
    int fd;
    int error = mdb_env_stat(store->env, &tree);
    if (!error)
        error = mdb_env_get_fd(store->env, &fd);
    if (error)
        return error;
    off_t at = (off_t)which * tree.ms_psize;
    ssize_t moved = put ? pwrite(fd, bytes, DK_HEAD_BYTES, at) : pread(fd, bytes, DK_HEAD_BYTES, at);
    return moved == DK_HEAD_BYTES ? 0 : EIO;
}

int dk_env_commit(struct dk_store *store, MDB_txn *txn)
{
    uint8_t head[DK_HEAD_BYTES];
    unsigned which = mdb_txn_id(txn) & 1;
    int unread = move_head(store, which, head, false);
    int error = mdb_txn_commit(txn);
    /* Where its head could not be written LMDB leaves a mixture of the old one
     * and the new one there, which the next start would take for damage. Nothing
     * is synced: what is in force does not depend on it. */
    if (error && !unread)
        (void)move_head(store, which, head, true);
    return error;
}

docket_status dk_env_head(struct dk_store *store, unsigned which, uint64_t *hash)
{
    uint8_t bytes[DK_HEAD_BYTES];
    int error = move_head(store, which, bytes, false);
    if (error)
        return dk_env_fail(store, error, "read the head of the store's file");
    *hash = dk_checksum_bytes(bytes, sizeof bytes);
    return DOCKET_OK;
}
