/* SPDX-License-Identifier: MIT */
/*
 * copy: the store as one file, of one commit, while commits go on. LMDB copies what
 * a read transaction of its own shows, compacted, into a pipe; we hash what comes out
 * and write it to the caller's descriptor, which may be as slow as it likes: the
 * committer waits for the copy's first bytes only.
 *
 * The copy's facts are of exactly the commit that it shows: LMDB's lock of writers is
 * held until its transaction and ours have begun, so that nothing comes between them.
 *
 * A reader keeps the pages of its commit: the store's file grows while a copy is made.
 */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, LOOK_MS = 100 };

struct copy {
    struct dk_store *store;
    MDB_txn *hold; /* keeps others from committing; NULL: not any more */
    MDB_txn *txn;  /* shows the same commit as the copy */
    int out, from, into; /* ends of the pipe */
    const dk_word *stop;
    struct dk_copy_facts *facts;
    struct dk_digest digest;
    uint8_t *piece;
    pthread_t thread;
    int error; /* of that thread, once it was joined */
};

static void *feed(void *context)
{
    struct copy *copy = context;
    copy->error = mdb_env_copyfd2(copy->store->env, copy->into, MDB_CP_COMPACT);
    close(copy->into); /* the reader sees the end */
    return NULL;
}

static void let_go(struct copy *copy)
{
    if (copy->hold)
        mdb_txn_abort(copy->hold);
    copy->hold = NULL;
}

static docket_status write_piece(struct copy *copy, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        ssize_t put = write(copy->out, copy->piece + at, bytes - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return dk_fail_errno(dk_status_of_errno(put == 0 ? ENOSPC : errno), put == 0 ? ENOSPC : errno,
                                 "cannot write the backup after %llu bytes", (unsigned long long)copy->facts->bytes);
        at += (size_t)put;
        copy->facts->bytes += (uint64_t)put;
    }
    dk_digest_bytes(&copy->digest, copy->piece, bytes);
    return DOCKET_OK;
}

/* What LMDB copies, piece by piece. With its first byte its transaction has begun. */
static docket_status drain(struct copy *copy)
{
    for (;;) {
        struct pollfd ready = {.fd = copy->from, .events = POLLIN};
        if (copy->stop && dk_load_relaxed(copy->stop) != 0) /* Relaxed: only itself */
            return dk_fail(DOCKET_UNREACHABLE, "the backup was broken off");
        if (poll(&ready, 1, LOOK_MS) == 0)
            continue;
        ssize_t got = read(copy->from, copy->piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        let_go(copy);
        if (got < 0)
            return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot read what is copied");
        if (got == 0)
            return DOCKET_OK;
        docket_status status = write_piece(copy, (size_t)got);
        if (status != DOCKET_OK)
            return status;
    }
}

static docket_status count_one(void *context, const struct dk_counter_image *image)
{
    (void)image;
    (*(uint64_t *)context)++;
    return DOCKET_OK;
}

docket_status dk_copy_facts_of(struct dk_store *store, MDB_txn *txn, struct dk_copy_facts *facts)
{
    struct dk_meta meta;
    MDB_stat tree = {0};
    docket_status status = dk_meta_read(store, txn, &meta);
    if (status != DOCKET_OK)
        return status;
    memcpy(facts->store_id, meta.store_id, sizeof facts->store_id);
    memcpy(facts->run, meta.run, sizeof facts->run);
    facts->schema = meta.schema_version;
    facts->generation = meta.generation;
    facts->commit = meta.commit;
    facts->trail = meta.trail;
    facts->counters = 0;
    int error = mdb_stat(txn, store->dbi[DK_KIND_SERIES], &tree);
    facts->series = tree.ms_entries;
    return error ? dk_env_fail(store, error, "count the series")
                 : dk_walk_counters(store, txn, count_one, &facts->counters);
}

/* Both transactions, with nobody committing in between. */
static docket_status begin(struct copy *copy)
{
    int ends[2];
    copy->piece = malloc(PIECE_BYTES);
    if (!copy->piece)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a piece of the backup");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make a pipe for the backup");
    copy->from = ends[0];
    copy->into = ends[1];
    (void)fcntl(copy->from, F_SETPIPE_SZ, PIECE_BYTES); /* quicker; not every process may */
    int error = mdb_txn_begin(copy->store->env, NULL, 0, &copy->hold);
    if (!error)
        error = mdb_txn_begin(copy->store->env, NULL, MDB_RDONLY, &copy->txn);
    if (error)
        return dk_env_fail(copy->store, error, "begin a copy");
    error = pthread_create(&copy->thread, NULL, feed, copy);
    if (error)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot start a thread to copy the store");
    return DOCKET_OK;
}

static docket_status run(struct copy *copy)
{
    docket_status status = drain(copy);
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", status == DOCKET_OK ? "" : dk_error_text());
    let_go(copy);
    close(copy->from); /* a copy that is not over ends with it */
    copy->from = -1;
    pthread_join(copy->thread, NULL);
    if (status != DOCKET_OK)
        return dk_fail(status, "%s", sentence);
    if (copy->error == MDB_INCOMPATIBLE)
        return dk_fail(DOCKET_DAMAGED, "the store's file has pages that belong to nothing, so that it cannot be copied; "
                                       "`docket verify` looks for more");
    if (copy->error)
        return dk_env_fail(copy->store, copy->error, "copy the store");
    dk_digest_end(&copy->digest, copy->facts->sha256);
    return dk_copy_facts_of(copy->store, copy->txn, copy->facts);
}

docket_status dk_store_copy(struct dk_store *store, int out, const dk_word *stop, struct dk_copy_facts *facts)
{
    struct copy copy = {.store = store, .out = out, .from = -1, .into = -1, .stop = stop, .facts = facts};
    *facts = (struct dk_copy_facts){0};
    dk_digest_begin_plain(&copy.digest);
    docket_status status = dk_commit_check_alive(store);
    if (status == DOCKET_OK)
        status = begin(&copy);
    bool begun = status == DOCKET_OK;
    if (begun)
        status = run(&copy);
    let_go(&copy);
    if (copy.txn)
        mdb_txn_abort(copy.txn);
    if (!begun && copy.from >= 0) {
        close(copy.from);
        close(copy.into);
    }
    free(copy.piece);
    return status;
}
