/* SPDX-License-Identifier: MIT */
/*
 * seat: a process's place at a desk, and the proof that it lives.
 *
 * docketd opens the seat's file afresh, takes an OFD write lock on that
 * description, and sends it; the worker maps it and closes it. From then on
 * the lock lives exactly as long as the mapping, which the kernel drops when
 * the process ends or execs, whatever killed it. docketd proves death by
 * taking the lock on a description of its own. Nobody unlocks: a forked
 * child's unlock would free its parent's lock; closing and unmapping do.
 */
#ifndef DK_TABLE_SEAT_H
#define DK_TABLE_SEAT_H

#include "base/status.h"
#include "table/desk.h"

#include <stdbool.h>
#include <sys/types.h>

/* docketd: makes or resets seat-DESK-SEAT. *keep is docketd's own plain
 * description; *locked the fresh one with the lock on it, to be sent and
 * closed; *probe a read-only one with which the worker tests the lock.
 * BUSY: somebody holds the lock. */
docket_status dk_seat_make(int directory, const struct dk_geometry *geometry,
                           const struct dk_identity *identity, uint32_t seat, uint64_t salt, gid_t group,
                           bool group_set, int *keep, int *locked, int *probe) DK_MUST_USE;

/* docketd: opens an existing seat file. NO_REALM: it is gone. */
docket_status dk_seat_open(int directory, uint32_t desk, uint32_t seat, int *keep) DK_MUST_USE;

/* docketd: true if the owner is dead; the lock is then held by keep, until
 * keep is closed. */
bool dk_seat_take_lock(int keep);

/* docketd: true if somebody holds the lock, or nobody can tell. Takes nothing. */
bool dk_seat_is_held(int keep);

/* docketd: the cursor of one line; zero (which fails every check) if the file
 * is shorter or gone. False: it could not be read just now, which says nothing
 * of the cursor. */
bool dk_seat_cursor(int keep, uint32_t line, uint64_t *word) DK_MUST_USE;

/* docketd: when the line's lease was claimed (UTC); 0 if that cannot be read. What
 * its owner wrote: for display only. */
int64_t dk_seat_claimed_s(int keep, uint32_t line);

/* docketd: what the seat's process counted; zeros if that cannot be read. For display only. */
void dk_seat_figures(int keep, struct shared_seat_words *figures);

/* docketd, under the lock: makes the file speak of nobody. */
void dk_seat_reset(int keep, const struct dk_geometry *geometry);

/* Worker: maps the seat, closes both descriptors, sets MADV_DONTFORK, and sees
 * through probe that the lock outlived the descriptor.
 * NOT_TMPFS if it did not. */
docket_status dk_seat_map(int locked, int probe, const struct dk_identity *identity, uint32_t seat,
                          uint8_t **base, size_t *bytes) DK_MUST_USE;

static inline struct shared_line *dk_seat_line(uint8_t *base, uint32_t line)
{
    return (struct shared_line *)(void *)(base + dk_lines_at()) + line;
}

static inline struct shared_seat_words *dk_seat_words(uint8_t *base)
{
    return (struct shared_seat_words *)(void *)(base + dk_seat_words_at());
}

#endif
