/* SPDX-License-Identifier: MIT */
/*
 * bdb: a Berkeley DB sequence in a transactional environment that processes share. With
 * a cache each handle takes so many numbers ahead in one transaction and gives them out
 * of its memory; what is left of them when it closes is lost. Synced, that transaction
 * is on the disk before its first number is given; with DB_TXN_NOSYNC it is not, and a
 * power loss gives numbers again. A handle with DB_THREAD locks a mutex for each number.
 */
#include "peer.h"

#include <db.h>
#include <stdlib.h>
#include <string.h>

struct bdb_worker {
    DB_ENV *env;
    DB *database;
    DB_SEQUENCE *sequence;
    uint32_t flags;
};

static bool failed(int error, const char *what)
{
    return error == 0 || peer_complain("Berkeley DB, %s: %s", what, db_strerror(error));
}

static bool open_env(const struct peer *peer, DB_ENV **env, uint32_t flags)
{
    char folder[256];
    if (!peer_folder(peer, folder, sizeof folder) || !failed(db_env_create(env, 0), "an environment"))
        return false;
    /* Two workers that write one page can lock each other out: one of them is told, and tries again. */
    int error = (*env)->set_lk_detect(*env, DB_LOCK_DEFAULT);
    if (error == 0)
        error = (*env)->log_set_config(*env, DB_LOG_AUTO_REMOVE, 1);
    if (error == 0)
        error = (*env)->open(*env, folder, DB_INIT_MPOOL | DB_INIT_LOG | DB_INIT_LOCK | DB_INIT_TXN | DB_CREATE | flags, 0600);
    return failed(error, folder);
}

static bool open_sequence(const struct peer *peer, struct bdb_worker *self, unsigned cache)
{
    DBT key = {.data = (void *)(uintptr_t)"acme/INV", .size = 8};
    uint32_t threaded = peer->threaded ? DB_THREAD : 0;
    if (!open_env(peer, &self->env, threaded))
        return false;
    int error = db_create(&self->database, self->env, 0);
    if (error == 0)
        error = self->database->open(self->database, NULL, "counters", NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT | threaded, 0600);
    if (error == 0)
        error = db_sequence_create(&self->sequence, self->database, 0);
    if (error == 0)
        error = self->sequence->initial_value(self->sequence, 1);
    if (error == 0 && cache > 1)
        error = self->sequence->set_cachesize(self->sequence, (int32_t)cache);
    if (error == 0)
        error = self->sequence->open(self->sequence, NULL, &key, DB_CREATE | threaded);
    self->flags = peer->durable ? 0 : DB_TXN_NOSYNC;
    return failed(error, "opening the sequence");
}

/* What the log holds is in the database behind a checkpoint: the files of the log can go. */
static void close_sequence(struct bdb_worker *self)
{
    self->sequence->close(self->sequence, 0);
    self->database->close(self->database, 0);
    self->env->txn_checkpoint(self->env, 0, 0, 0);
    self->env->log_archive(self->env, NULL, DB_ARCH_REMOVE);
    self->env->close(self->env, 0);
}

static bool bdb_create(const struct peer *peer)
{
    struct bdb_worker self = {0};
    if (!open_sequence(peer, &self, 0))
        return false;
    close_sequence(&self);
    return true;
}

static void *bdb_open(const struct peer *peer, unsigned worker)
{
    struct bdb_worker *self = calloc(1, sizeof *self);
    (void)worker;
    return self != NULL && open_sequence(peer, self, peer->cache) ? self : NULL;
}

static bool bdb_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct bdb_worker *self = worker;
    for (unsigned i = 0; i < count; i++) {
        db_seq_t number;
        int error;
        do
            error = self->sequence->get(self->sequence, NULL, 1, &number, self->flags);
        while (error == DB_LOCK_DEADLOCK);
        if (error != 0)
            return failed(error, "the sequence's next number");
        numbers[i] = (uint64_t)number;
    }
    return true;
}

static void bdb_close(void *worker)
{
    close_sequence(worker);
    free(worker);
}

static bool bdb_stand(const struct peer *peer, uint64_t *given)
{
    struct bdb_worker self = {0};
    DB_SEQUENCE_STAT *facts;
    if (!open_sequence(peer, &self, 0) ||
        !failed(self.sequence->stat(self.sequence, &facts, 0), "asking the sequence for its value"))
        return false;
    *given = (uint64_t)facts->st_current - 1;
    free(facts);
    close_sequence(&self);
    return true;
}

const struct peer_ways peer_bdb_ways = {bdb_create, bdb_open, bdb_take, bdb_close, bdb_stand};
