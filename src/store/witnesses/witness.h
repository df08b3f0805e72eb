/* SPDX-License-Identifier: MIT */
/*
 * witness: a small file outside the store that says how far the store has
 * come, so that a store that was restored, copied or rewound is noticed. Only
 * files of src/store/ include this.
 *
 * It says a commit number that no commit has passed: before the commit that
 * would pass it, the witness is written DK_WITNESS_LAG commits ahead. So the
 * store may be up to LAG + 1 commits behind it and no more; and it must be of
 * the witness's generation exactly, which finds every copy that was taken
 * before the last start, however few commits ago.
 *
 * It also says the audit trail's last event and its hash, as they were on the disk
 * when it was written: a trail without that event was rewritten (chain.c judges).
 * Without them it is spelled as version 1, which knew none.
 *
 * Since version 3 it says who writes it, a token that each opening draws and the
 * store records in its generation's first commit, and which commit was durable when it
 * was written, with the running digest of it. No store that is below that commit, of
 * another token, or that has another digest at that very commit went on from there.
 *
 * Three of them may be kept (witnesses.c): the near one beside the store, the far one
 * in a folder of this host, and one that a command keeps. Each is judged by itself.
 *
 * What one cannot see: a copy of the same generation, taken by a running
 * docketd, put back within LAG commits, after a stop that was not clean; and
 * a copy of store and witness put back together.
 *
 * The file is text, written under a temporary name, synced and renamed: a
 * crash leaves the old one or the new one, whole, on any file system, and a
 * person can read it. It costs two syncs every LAG commits, and room for one
 * file on a full disk.
 */
#ifndef DK_STORE_WITNESS_H
#define DK_STORE_WITNESS_H

#include "store/guard.h"

#include <stdbool.h>
#include <stdint.h>

enum dk_witness_phase {
    DK_WITNESS_OPENING = 0, /* the first commit of this generation may or may not be there */
    DK_WITNESS_RUNNING = 1, /* it is there */
    DK_WITNESS_CLEAN = 2,   /* stopped in order at exactly this commit */
    DK_WITNESS_PHASE_COUNT
};

struct dk_witness {
    uint8_t store_id[16];
    uint64_t generation;
    uint64_t start;  /* commit number before this generation's first commit */
    uint64_t commit; /* no commit has passed it */
    uint32_t phase;  /* enum dk_witness_phase */
    uint64_t event;  /* the last event of the audit trail when this was written; 0: not known */
    uint8_t head[32]; /* its hash */
    uint8_t token[16]; /* of the opening that wrote it; zeros: not known, as all that follows */
    uint64_t seen;     /* the last durable commit when this was written */
    uint8_t run[32];   /* the running digest of it; zeros: not known */
};

enum { DK_WITNESS_BYTES = 512 }; /* of its text, with the zero */

enum dk_witness_find { DK_WITNESS_ABSENT, DK_WITNESS_DAMAGED, DK_WITNESS_FOUND };

/* *witness is written when it is found. A witness that cannot be read, or
 * fails its checksum, is DK_WITNESS_DAMAGED; a status but OK is for an
 * operating system that refuses. */
docket_status dk_witness_read(int directory, const char *name, struct dk_witness *witness,
                              enum dk_witness_find *found) DK_MUST_USE;

/* Durable on return. Statuses: OK, NO_SPACE, STORE_FAILED. */
docket_status dk_witness_write(int directory, const char *name,
                               const struct dk_witness *witness) DK_MUST_USE;

/* The text of one; its length. False: it is not one that we would have written. */
size_t dk_witness_spell(const struct dk_witness *witness, char text[DK_WITNESS_BYTES]);
bool dk_witness_parse(const char *text, struct dk_witness *witness) DK_MUST_USE;

/* STORE_REWOUND unless a store that stands so is one that the witness vouches for; called: "far witness". */
docket_status dk_witness_judge(const struct dk_witness *witness, const char *called,
                               const struct dk_standing *standing) DK_MUST_USE;

/* "opening", "running", "clean" */
const char *dk_witness_phase_name(uint32_t phase);

#endif
