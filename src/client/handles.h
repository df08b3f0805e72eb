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
 * Invariants
 *  1. An entry, once written, never changes; a published table is never freed
 *     before dk_handles_free().
 *  2. At most half of a table's entries are in use, so each search ends.
 *  3. Any moment is a sound state: a child that is forked while another thread
 *     adds finds the handle or does not.
 *
 * It owns the handles in it. It does not know how one is made.
 */
#ifndef DK_CLIENT_HANDLES_H
#define DK_CLIENT_HANDLES_H

#include "base/atomics.h"
#include "base/status.h"

#include <stddef.h>

struct docket_series;

struct dk_handles {
    dk_word newest; /* ORDER-18: address of the newest struct handle_table, 0 none */
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

/* REALM_FULL with a sentence if no handle more may be made. */
docket_status dk_handles_check_room(const struct dk_handles *handles, const struct dk_key *key) DK_MUST_USE;

/* Under the realm's lock: adds made, or finds that the same series is there
 * already. *kept is the one that counts; made stays the caller's if it is
 * another, or on a failure. NO_MEMORY, REALM_FULL. */
docket_status dk_handles_add(struct dk_handles *handles, struct docket_series *made,
                             struct docket_series **kept) DK_MUST_USE;

/* Frees tables and handles. Nobody may search any more. */
void dk_handles_free(struct dk_handles *handles);

#endif
