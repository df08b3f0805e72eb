/* SPDX-License-Identifier: MIT */
/*
 * handles: from (tenant, series) to the handle, for the threads of one process.
 *
 * A handle lives until its realm is closed, so a table only ever gains
 * entries. Whoever reads needs no lock, no turn of a grace period and no
 * registration of its thread: one acquire load leads to a table, one to an
 * entry. A table that is half full is followed by one of twice the room, which
 * is complete before it is published; older ones stay for those who still look
 * there, and miss at most what came later (they then ask again under the lock).
 *
 *            find   add
 *   find       -      -     wait-free: bounded by the room of the table
 *   add        -      X     X: under the realm's lock
 *
 * An entry has 32 bits of the hash beside the address, so that a look among many
 * goes to the one it wants and to no other; and a hint at where the series
 * stands at its desk, so that those lines come while the other ones do. A hint
 * is only ever prefetched: a wrong one costs time.
 *
 * What an entry leads to is not the handle but the two lines of it that a call by name
 * looks at (struct dk_named), side by side in memory of their own. That memory is never
 * unmapped, and each says itself whose it is (`listed`, ORDER-19), so a thread may remember one
 * beyond its realm's life: it looks at `listed` before it believes anything else of it (named.c).
 *
 * Invariants
 *  1. An entry, once written, never changes (but for its hint); a published table is never
 *     freed before dk_handles_free().
 *  2. At most half of a table's entries are in use, so each search ends.
 *  3. Any moment is a sound state: a child that is forked while another thread
 *     adds finds the handle or does not.
 *  4. What a handle is known by (names, key, hash) stands in it before it is
 *     listed, and does not change until it is no longer.
 *
 * It owns the handles in it. It does not know how one is made.
 */
#ifndef DK_CLIENT_HANDLES_H
#define DK_CLIENT_HANDLES_H

#include "base/atomics.h"
#include "base/status.h"

#include <stddef.h>

struct docket_series;
struct named_chunk;

enum { DK_KEY_BYTES = 38 };

/* What a call by name looks at: who it is; and, of a strict series, where it stands (quick.h). */
struct dk_named {
    _Alignas(64) dk_word listed; /* ORDER-19: address of the realm in whose map it is, + 1 if the names do not fit into key; 0 none */
    struct docket_series *series;
    dk_word32 period;    /* goes with what stands below */
    dk_word32 room_high; /* most room seen, to tell when half is gone; any thread writes it */
    uint8_t tenant_bytes, name_bytes;
    char key[DK_KEY_BYTES]; /* tenant and name, each with its zero, if they fit */
    dk_word version; /* ORDER-20: slot 32 | count 32, odd while it is written; 0 nothing stands here yet */
    dk_word stamp;   /* of the live page whose process may use it */
    dk_word seat;    /* address of struct seat */
    dk_word word;    /* address of the table's bank */
    dk_word board;   /* address of the board's bank */
    dk_word epoch;
    dk_word base;
    dk_word span;    /* of the period, UTC seconds: from 32 | until 32; DK_QUICK_EVER knows no clock */
};

struct dk_handles {
    dk_word newest; /* ORDER-18: address of the newest struct handle_table, 0 none */
    dk_word hint_board, hint_table; /* addresses of the first slots of the desk that was met last: prefetched, no more */
    struct named_chunk *chunks;     /* the newest first; under the realm's lock */
    uint32_t count; /* handles made, and perhaps one that is being added; under the realm's lock */
    uint32_t most;  /* 0: DOCKET_HANDLES_MAX */
};

/* What a search goes by. False if a name is longer than any name may be. */
struct dk_key {
    const char *tenant, *name;
    size_t tenant_bytes, name_bytes;
    uint64_t hash;
};
bool dk_key_make(struct dk_key *key, const char *tenant, const char *name) DK_MUST_USE;

/* The handle, or NULL. Any thread, any time, also in a signal handler. */
struct docket_series *dk_handles_find(const struct dk_handles *handles, const struct dk_key *key);
struct dk_named *dk_handles_find_named(const struct dk_handles *handles, const struct dk_key *key);

/* REALM_FULL with a sentence if no handle more may be made. */
docket_status dk_handles_check_room(const struct dk_handles *handles, const struct dk_key *key) DK_MUST_USE;

/* Under the realm's lock: adds made, or finds that the same series is there
 * already. *kept is the one that counts; made stays the caller's if it is
 * another, or on a failure. NO_MEMORY, REALM_FULL. */
docket_status dk_handles_add(struct dk_handles *handles, struct docket_series *made,
                             struct docket_series **kept) DK_MUST_USE;

/* Any thread: where the series stands, for those who look for it. */
struct shared_board_slot;
struct shared_table_slot;
void dk_handles_hint(struct dk_handles *handles, const struct docket_series *series,
                     const struct shared_board_slot *boards, const struct shared_table_slot *tables, uint32_t slot,
                     int bank);

/* Frees tables and handles. Nobody may search any more. */
void dk_handles_free(struct dk_handles *handles);

#endif
