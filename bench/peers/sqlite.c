/* SPDX-License-Identifier: MIT */
/*
 * sqlite: a counter as one row, UPDATE ... RETURNING in a transaction of its own,
 * write-ahead log. FULL syncs each commit; NORMAL only at checkpoints, so that a power
 * loss takes back the last commits.
 */
#include "peer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct sqlite_worker {
    sqlite3 *database;
    sqlite3_stmt *update;
};

static bool complain(sqlite3 *database, const char *what)
{
    return peer_complain("SQLite, %s: %s", what, sqlite3_errmsg(database));
}

static bool run(sqlite3 *database, const char *text)
{
    return sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK || complain(database, text);
}

static bool open_database(const struct peer *peer, sqlite3 **database)
{
    char folder[256], path[300];
    if (!peer_folder(peer, folder, sizeof folder))
        return false;
    snprintf(path, sizeof path, "%s/counter.db", folder);
    if (sqlite3_open(path, database) != SQLITE_OK)
        return complain(*database, path);
    sqlite3_busy_timeout(*database, 20000);
    return run(*database, "pragma journal_mode = wal") &&
           run(*database, peer->durable ? "pragma synchronous = full" : "pragma synchronous = normal");
}

static bool sqlite_create(const struct peer *peer)
{
    sqlite3 *database;
    bool good = open_database(peer, &database) &&
                run(database, "create table counters (name text primary key, last integer not null) without rowid") &&
                run(database, "insert into counters values ('INV', 0)");
    sqlite3_close(database);
    return good;
}

static void *sqlite_open(const struct peer *peer, unsigned worker)
{
    struct sqlite_worker *self = calloc(1, sizeof *self);
    (void)worker;
    if (self == NULL || !open_database(peer, &self->database))
        return NULL;
    if (sqlite3_prepare_v2(self->database, "update counters set last = last + 1 where name = 'INV' returning last", -1,
                           &self->update, NULL) != SQLITE_OK) {
        complain(self->database, "preparing the update");
        return NULL;
    }
    return self;
}

static bool sqlite_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct sqlite_worker *self = worker;
    for (unsigned i = 0; i < count; i++) {
        if (sqlite3_step(self->update) != SQLITE_ROW)
            return complain(self->database, "updating the row");
        numbers[i] = (uint64_t)sqlite3_column_int64(self->update, 0);
        /* The step behind the last row commits. */
        if (sqlite3_step(self->update) != SQLITE_DONE || sqlite3_reset(self->update) != SQLITE_OK)
            return complain(self->database, "committing");
    }
    return true;
}

static void sqlite_close(void *worker)
{
    struct sqlite_worker *self = worker;
    sqlite3_finalize(self->update);
    sqlite3_close(self->database);
    free(self);
}

static bool sqlite_stand(const struct peer *peer, uint64_t *given)
{
    sqlite3 *database;
    sqlite3_stmt *statement = NULL;
    bool good = open_database(peer, &database) &&
                ((sqlite3_prepare_v2(database, "select last from counters", -1, &statement, NULL) == SQLITE_OK &&
                  sqlite3_step(statement) == SQLITE_ROW) ||
                 complain(database, "reading the row"));
    if (good)
        *given = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return good;
}

const struct peer_ways peer_sqlite_ways = {sqlite_create, sqlite_open, sqlite_take, sqlite_close, sqlite_stand};
