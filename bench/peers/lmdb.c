/* SPDX-License-Identifier: MIT */
/* lmdb: a counter as one key of LMDB alone: a write transaction reads it and writes it back. */
#include "peer.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

static const char counter_key[] = "acme/INV/2026/----------";

struct lmdb_worker {
    MDB_env *env;
    MDB_dbi dbi;
};

static bool failed(int error, const char *what)
{
    return error == 0 || peer_complain("LMDB, %s: %s", what, mdb_strerror(error));
}

static bool read_number(MDB_txn *txn, MDB_dbi dbi, uint64_t *number)
{
    MDB_val key = {sizeof counter_key, (void *)(uintptr_t)counter_key}, value;
    int error = mdb_get(txn, dbi, &key, &value);
    *number = 0;
    if (error == 0)
        memcpy(number, value.mv_data, sizeof *number);
    return error == MDB_NOTFOUND || failed(error, "reading the counter");
}

static bool open_env(const struct peer *peer, struct lmdb_worker *self)
{
    char folder[256];
    MDB_txn *txn;
    int error = peer_folder(peer, folder, sizeof folder) ? mdb_env_create(&self->env) : ENOMEM;
    if (error == 0)
        error = mdb_env_open(self->env, folder, peer->durable ? 0 : MDB_NOSYNC, 0600);
    if (error == 0)
        error = mdb_txn_begin(self->env, NULL, 0, &txn);
    if (error == 0)
        error = mdb_dbi_open(txn, NULL, 0, &self->dbi);
    if (error == 0)
        error = mdb_txn_commit(txn);
    return failed(error, folder);
}

/* No key is a counter of 0. */
static bool lmdb_create(const struct peer *peer)
{
    (void)peer;
    return true;
}

static void *lmdb_open(const struct peer *peer, unsigned worker)
{
    struct lmdb_worker *self = calloc(1, sizeof *self);
    (void)worker;
    return self != NULL && open_env(peer, self) ? self : NULL;
}

static bool lmdb_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct lmdb_worker *self = worker;
    for (unsigned i = 0; i < count; i++) {
        MDB_txn *txn;
        uint64_t number;
        MDB_val key = {sizeof counter_key, (void *)(uintptr_t)counter_key}, value = {sizeof number, &number};
        if (!failed(mdb_txn_begin(self->env, NULL, 0, &txn), "beginning a transaction") ||
            !read_number(txn, self->dbi, &number))
            return false;
        number++;
        if (!failed(mdb_put(txn, self->dbi, &key, &value, 0), "writing the counter") ||
            !failed(mdb_txn_commit(txn), "committing"))
            return false;
        numbers[i] = number;
    }
    return true;
}

static void lmdb_close(void *worker)
{
    struct lmdb_worker *self = worker;
    mdb_env_close(self->env);
    free(self);
}

static bool lmdb_stand(const struct peer *peer, uint64_t *given)
{
    struct lmdb_worker self = {0};
    MDB_txn *txn;
    if (!open_env(peer, &self) || !failed(mdb_txn_begin(self.env, NULL, MDB_RDONLY, &txn), "beginning to read"))
        return false;
    bool good = read_number(txn, self.dbi, given);
    mdb_txn_abort(txn);
    mdb_env_close(self.env);
    return good;
}

const struct peer_ways peer_lmdb_ways = {lmdb_create, lmdb_open, lmdb_take, lmdb_close, lmdb_stand};
