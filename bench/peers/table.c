/* SPDX-License-Identifier: MIT */
/* table: every peer that is measured, and docket in the same rounds; docs/decisions/0029 says why these. */
#include "peer.h"

#include "peers_have.h" /* made by the Makefile: the libraries that are here */

#ifdef PEERS_BDB
#define BDB_WAYS &peer_bdb_ways
#else
#define BDB_WAYS NULL
#endif
#ifdef PEERS_PG
#define PG_WAYS &peer_pg_ways
#else
#define PG_WAYS NULL
#endif
#ifdef PEERS_REDIS
#define REDIS_WAYS &peer_redis_ways
#else
#define REDIS_WAYS NULL
#endif
#ifdef PEERS_SQLITE
#define SQLITE_WAYS &peer_sqlite_ways
#else
#define SQLITE_WAYS NULL
#endif

#define DOCKET(what, processes_, form_) \
    {.group = "docket", .name = "docket, " what, .ways = &peer_docket_ways, .processes = processes_, .durable = true, .form = form_}
#define MUTEX(processes_) \
    {.group = "locks", .name = "robust mutex in shared memory", .ways = &peer_word_ways, .processes = processes_}
#define FLOCK(what, processes_, durable_, form_)                                                                        \
    {.group = "locks", .name = "file under flock" what, .ways = &peer_file_ways, .processes = processes_,                \
     .durable = durable_, .form = form_}
#define LMDB(what, processes_, durable_) \
    {.group = "lmdb", .name = "LMDB transaction, " what, .ways = &peer_lmdb_ways, .processes = processes_, .durable = durable_}
#define SQLITE(what, processes_, durable_) \
    {.group = "sqlite", .name = "SQLite WAL, synchronous " what, .ways = SQLITE_WAYS, .processes = processes_, .durable = durable_}
#define BDB(what, processes_, durable_, cache_)                                                                          \
    {.group = "bdb", .name = "Berkeley DB, " what, .ways = BDB_WAYS, .processes = processes_,                    \
     .durable = durable_, .cache = cache_}
#define BDB_THREAD(what, processes_, durable_, cache_)                                                                   \
    {.group = "bdb", .name = "Berkeley DB, " what " THREAD", .ways = BDB_WAYS, .processes = processes_,      \
     .durable = durable_, .cache = cache_, .threaded = true}
#define NEXTVAL(what, processes_, server_, cache_, pipeline_)                                                            \
    {.group = "pg", .name = "PostgreSQL nextval, " what, .ways = PG_WAYS, .processes = processes_, .durable = true,       \
     .server = server_, .cache = cache_, .pipeline = pipeline_, .form = PEER_PG_NEXTVAL}
#define UPDATE(what, processes_, durable_)                                                                               \
    {.group = "pg", .name = "PostgreSQL UPDATE, " what, .ways = PG_WAYS, .processes = processes_,               \
     .durable = durable_, .server = PEER_SAME, .form = PEER_PG_UPDATE}
#define REDIS(what, processes_, durable_, server_, pipeline_)                                                            \
    {.group = "redis", .name = "Redis INCR, " what, .ways = REDIS_WAYS, .processes = processes_, .durable = durable_,     \
     .server = server_, .pipeline = pipeline_}

struct peer peers[] = {
    DOCKET("leased, never restarting", 1, PEER_LEASED),
    DOCKET("leased, never restarting", 2, PEER_LEASED),
    DOCKET("leased, restarting yearly", 1, PEER_LEASED_YEARLY),
    DOCKET("leased, restarting yearly", 2, PEER_LEASED_YEARLY),
    DOCKET("strict, never restarting", 1, PEER_STRICT),
    DOCKET("strict, never restarting", 2, PEER_STRICT),
    DOCKET("a ledger: a record each", 1, PEER_ISSUED),

    MUTEX(1),
    MUTEX(2),
    FLOCK("", 1, false, PEER_FILE_LOCKED),
    FLOCK("", 2, false, PEER_FILE_LOCKED),
    FLOCK(", fdatasync", 1, true, PEER_FILE_SYNCED),
    FLOCK(", fdatasync", 2, true, PEER_FILE_SYNCED),

    LMDB("synced", 1, true),
    LMDB("synced", 2, true),
    LMDB("NOSYNC", 1, false),
    LMDB("NOSYNC", 2, false),

    SQLITE("FULL", 1, true),
    SQLITE("FULL", 2, true),
    SQLITE("NORMAL", 1, false),
    SQLITE("NORMAL", 2, false),

    BDB("no cache synced", 1, true, 0),
    BDB("no cache synced", 2, true, 0),
    BDB("no cache NOSYNC", 1, false, 0),
    BDB("no cache NOSYNC", 2, false, 0),
    BDB("cache 100 synced", 1, true, 100),
    BDB("cache 100 synced", 2, true, 100),
    BDB("cache 100 NOSYNC", 1, false, 100),
    BDB("cache 100 NOSYNC", 2, false, 100),
    BDB("cache 1000 synced", 1, true, 1000),
    BDB("cache 1000 synced", 2, true, 1000),
    BDB("cache 1000 NOSYNC", 1, false, 1000),
    BDB("cache 1000 NOSYNC", 2, false, 1000),
    BDB_THREAD("cache 1000 synced", 1, true, 1000),
    BDB_THREAD("cache 1000 NOSYNC", 1, false, 1000),
    BDB_THREAD("cache 1000 NOSYNC", 2, false, 1000),

    NEXTVAL("cache 1", 1, PEER_SAME, 1, 1),
    NEXTVAL("cache 1", 2, PEER_SAME, 1, 1),
    NEXTVAL("cache 1", 1, PEER_OTHER, 1, 1),
    NEXTVAL("cache 100", 1, PEER_SAME, 100, 1),
    NEXTVAL("cache 100", 2, PEER_SAME, 100, 1),
    NEXTVAL("cache 100", 1, PEER_OTHER, 100, 1),
    NEXTVAL("cache 1, 100 at once", 1, PEER_SAME, 1, 100),
    NEXTVAL("cache 100, 100 at once", 1, PEER_SAME, 100, 100),
    UPDATE("synced", 1, true),
    UPDATE("synced", 2, true),
    UPDATE("commit not synced", 1, false),
    UPDATE("commit not synced", 2, false),

    REDIS("everysec", 1, false, PEER_SAME, 1),
    REDIS("everysec", 2, false, PEER_SAME, 1),
    REDIS("everysec", 1, false, PEER_OTHER, 1),
    REDIS("everysec, 100 at once", 1, false, PEER_SAME, 100),
    REDIS("always", 1, true, PEER_SAME, 1),
    REDIS("always", 2, true, PEER_SAME, 1),
    REDIS("always", 1, true, PEER_OTHER, 1),
    REDIS("always, 100 at once", 1, true, PEER_SAME, 100),

    /* Nobody locks: the bench must find its numbers wrong. Only where ONLY= names it. */
    {.group = "broken", .name = "file without a lock", .ways = &peer_file_ways, .processes = 2, .form = PEER_FILE_UNLOCKED},
};

const unsigned peer_count = sizeof peers / sizeof peers[0];
