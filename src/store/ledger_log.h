/* SPDX-License-Identifier: MIT */
/*
 * ledger_log: what commits say of tracked numbers, appended to `ledgerlog` and folded into
 * the databases ledger, keys, holds and elsewhere by later commits. Only inside.h includes this.
 *
 * Invariants
 *  1. What the log says of a key counts; of two entries the newer. The shelf has the newest
 *     of each key that is not folded. It follows the durable commit, under the index's lock, and a
 *     reader's transaction begins under that lock: it sees what the shelf speaks of, or later folds of it.
 *  2. Parts are removed from the oldest on, each when none of its entries is on the shelf, as
 *     the last durable commit left it. So what stays is the end of the log, and built anew from it the
 *     shelf says of no key less than what was folded.
 *  3. The fold goes along the keys and begins again at their end: each page of a database is
 *     written once for many entries. How much a commit folds grows with what waits.
 */
#ifndef DK_STORE_LEDGER_LOG_H
#define DK_STORE_LEDGER_LOG_H

#include "base/atomics.h"
#include "store/ledger.h"
#include "store/ledger_part.h"
#include "store/shelf.h"

#include <lmdb.h>

/* A part in the log. */
struct dk_log_part {
    uint64_t commit_number;
    uint32_t number;
    uint32_t live; /* of its entries, on the shelf */
};

struct dk_log_entries {
    struct dk_shelf_entry **all;
    size_t count, room;
};

/* Zero it, but for `wait`, before use. */
struct dk_ledger_log {
    size_t wait;            /* about so many entries wait to be folded */
    dk_word backlog;        /* shelf.entries, for other threads */
    dk_word has_elsewhere;  /* 1: there may be texts of elsewhere */
    /* Under the index's lock. */
    struct dk_shelf shelf;
    struct dk_log_part *parts; /* number n of this opening lies at n & (part_room - 1) */
    uint64_t part_first, part_end;
    size_t part_room;
    /* The committing thread's. */
    struct dk_buffer part;        /* being filled */
    struct dk_log_entries noted;  /* of this commit: appended; they become the shelf's ... */
    uint32_t parts_noted;         /* ... in so many parts ... */
    struct dk_log_entries folded; /* ... and folded: still on the shelf ... */
    uint64_t parts_gone;          /* ... and so many of the oldest parts removed */
    uint64_t owed;                /* entries to fold, times wait */
    unsigned hand_kind;           /* the fold goes on here */
    struct dk_key hand;
};

struct dk_store;

/* Of the commit `number`; and what later commits owe to earlier ones. */
docket_status dk_ledger_append(struct dk_store *store, MDB_txn *txn, uint64_t number,
                               const struct dk_ledger_change *change) DK_MUST_USE;
docket_status dk_ledger_fold(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
/* The commit is durable (or never was): the shelf follows, or forgets what it was told. */
docket_status dk_ledger_committed(struct dk_store *store) DK_MUST_USE;
void dk_ledger_aborted(struct dk_store *store);

/* Makes the databases of a store of an older schema. */
docket_status dk_ledger_make(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
/* At open: the shelf of what the log holds. */
docket_status dk_ledger_open(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
void dk_ledger_free(struct dk_store *store);

/* ledger_log.c: an entry into the part that is being filled. An empty value removes the key. */
docket_status dk_log_note(struct dk_store *store, MDB_txn *txn, uint64_t number, enum dk_kind kind,
                          struct dk_slice key, struct dk_slice value) DK_MUST_USE;
docket_status dk_log_put_part(struct dk_store *store, MDB_txn *txn, uint64_t number) DK_MUST_USE;
/* What the log has at the entry of the shelf. Called by the committing thread, or under the index's lock. */
docket_status dk_log_read(struct dk_store *store, MDB_txn *txn, const struct dk_shelf_entry *at,
                          struct dk_log_entry *entry) DK_MUST_USE;

/* ---- ledger_view.c: log and databases of one moment ---- */

struct dk_log_spot {
    uint64_t commit_number;
    uint32_t part, offset;
    uint8_t kind;
    struct dk_log_entry entry; /* what lies there, once it was read: key.bytes NULL before */
};
struct dk_log_view {
    struct dk_store *store;
    MDB_txn *txn;
    struct dk_log_spot *spots; /* ascending by kind and key */
    size_t count;
};
/* Of the keys of this kind that begin with from's first prefix_bytes, from `from` on; from NULL: of all kinds. */
docket_status dk_view_begin(struct dk_store *store, enum dk_kind kind, const struct dk_key *from, size_t prefix_bytes,
                            struct dk_log_view *view) DK_MUST_USE;
void dk_view_end(struct dk_log_view *view);
/* Of all kinds, in a transaction that is somebody's already and that appended nothing: view->txn is theirs again, and
 * NULL, before dk_view_end(). */
docket_status dk_view_of(struct dk_store *store, MDB_txn *txn, struct dk_log_view *view) DK_MUST_USE;
typedef docket_status (*dk_log_visit)(void *context, struct dk_slice key, struct dk_slice value);
/* All that it shows, ascending; from and prefix_bytes as above, or narrower. */
docket_status dk_view_walk(struct dk_log_view *view, enum dk_kind kind, const struct dk_key *from,
                           size_t prefix_bytes, dk_log_visit visit, void *context) DK_MUST_USE;
docket_status dk_view_find(struct dk_log_view *view, enum dk_kind kind, struct dk_slice key, struct dk_slice *value,
                           bool *found) DK_MUST_USE;
/* One key, in a transaction of its own: visit is called if it is found. */
docket_status dk_view_find_one(struct dk_store *store, enum dk_kind kind, const struct dk_key *key, dk_log_visit visit,
                               void *context, bool *found) DK_MUST_USE;

/* ---- ledger_verify.c ---- */

/* What belongs together: keys and records, holds and records. */
docket_status dk_ledger_verify(struct dk_store *store, struct dk_log_view *view) DK_MUST_USE;

#endif
