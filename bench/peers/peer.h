/* SPDX-License-Identifier: MIT */
/*
 * peer: what people use instead of docket, each as a few plain functions. One file a kind;
 * table.c lists all that is measured, bench_peers.c hands it to the harness and checks what
 * was given.
 *
 * - A worker opens, takes, and closes. It is pinned to its processor when it opens.
 * - The counter of a peer begins at 0 when the bench begins and goes on from run to run:
 *   what stand() tells at the end is what all workers together were given.
 * - What fails is said with peer_complain(), once, and ends the bench: there is no figure
 *   of a peer that failed.
 */
#ifndef BENCH_PEERS_PEER_H
#define BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the peer's server runs: a factor of five, so it is pinned and said. */
enum peer_server {
    PEER_NO_SERVER,
    PEER_SAME, /* on the processor of the worker that it serves (of the first, if it serves all) */
    PEER_OTHER /* on the next one */
};

enum peer_form {
    PEER_PLAIN,
    PEER_LEASED,
    PEER_LEASED_YEARLY,
    PEER_STRICT,
    PEER_ISSUED,
    PEER_FILE_LOCKED,
    PEER_FILE_SYNCED,
    PEER_FILE_UNLOCKED,
    PEER_PG_NEXTVAL,
    PEER_PG_UPDATE
};

struct peer {
    const char *group; /* what ONLY= names: "bdb" */
    const char *name;  /* for people, without server and processes */
    const struct peer_ways *ways; /* NULL: its library was not here when the bench was built */
    unsigned processes;
    bool durable;      /* a number that was given is not given again after a power loss */
    enum peer_server server;
    unsigned cache;    /* numbers that a worker takes ahead and loses at its end; 0 and 1: none */
    unsigned pipeline; /* requests on their way at a time; 0 and 1: one */
    enum peer_form form;
    bool threaded;     /* the handle may be shared by threads */
    unsigned at;       /* place in the table: its folder, its counter's name */
};

struct peer_ways {
    /* In the parent, before the first run: its counter, at 0. */
    bool (*create)(const struct peer *peer);
    /* In the worker, before the clock; NULL: it failed, and the worker ends with all it has. */
    void *(*open)(const struct peer *peer, unsigned worker);
    /* In the worker, under the clock: count numbers, exactly. */
    bool (*take)(void *self, uint64_t *numbers, unsigned count);
    /* In the worker, after the clock. */
    void (*close)(void *self);
    /* In the parent, after the last run: how many numbers the counter says it has given. */
    bool (*stand)(const struct peer *peer, uint64_t *given);
};

extern const struct peer_ways peer_docket_ways, peer_word_ways, peer_file_ways, peer_lmdb_ways, peer_sqlite_ways, peer_bdb_ways,
    peer_pg_ways, peer_redis_ways;

/* All of them, and how many. */
extern struct peer peers[];
extern const unsigned peer_count;

/* What failed, on what, and why. Returns false. */
__attribute__((format(printf, 1, 2))) bool peer_complain(const char *form, ...);

/* A folder of the peer's own below the bench's, made with mode 700 if it is not there. */
bool peer_folder(const struct peer *peer, char *path, size_t size);

/* What bench/peers.sh set in the environment; NULL and a complaint if it did not. */
const char *peer_setting(const char *name);

/* Puts every thread of a server's process where the peer says: called by the worker that it serves. */
bool peer_pin_server(const struct peer *peer, long pid);

#endif
