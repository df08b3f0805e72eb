/* SPDX-License-Identifier: MIT */
/*
 * place: where a block lies, and the claim word that says whose it is.
 *
 *   tag 2 | EMPTY, FREE, TAKEN: seq 62 | OWNED: seat 12, line 16, lease 16, low 18 of seq
 *
 * EMPTY  nothing lies here; docketd may rewrite the board's place
 * FREE   laid: any worker may claim it
 * OWNED  claimed by a line of a seat, as that line's lease number `lease`
 * TAKEN  docketd is taking it back
 *
 *            claim   lay    clear  take back
 *   claim      -      -       -       -        one CAS from FREE
 *   lay        -      X       X       X        one CAS from EMPTY; X: docketd's one thread
 *   clear      -      X       X       X        one CAS from OWNED or TAKEN to EMPTY
 *   take back  -      X       X       X        one CAS from FREE to TAKEN
 *
 * seq counts the blocks of a place and never restarts within a desk's
 * incarnation, so (place, seq) is a block id that never recurs, and the FREE
 * word, the only one a claim expects, never recurs either: no ABA. A worker
 * reads the board's place before its CAS: the board is rewritten only after
 * the word has left FREE, so a success proves what was read. Before the CAS
 * nothing has happened; after it the block and its lease can be read off the
 * word.
 */
#ifndef DK_TABLE_PLACE_H
#define DK_TABLE_PLACE_H

#include "table/layout.h"

#include <stdbool.h>

enum dk_claim_state { DK_EMPTY = 0, DK_FREE = 1, DK_OWNED = 2, DK_TAKEN = 3 };

#define DK_SEQ_MASK ((1ull << 62) - 1)
#define DK_SEQ_LOW_MASK ((1u << 18) - 1)

struct dk_claim {
    enum dk_claim_state state;
    uint64_t seq; /* OWNED: low 18 bits only */
    uint32_t seat;
    uint32_t line;
    uint16_t lease;
};

/* What lies in a place, read from the board. */
struct dk_laid {
    uint64_t seq;
    uint64_t first;
    uint32_t size;
    uint32_t serial; /* of the bank's epoch it was laid under */
};

static inline uint64_t dk_claim_pack(enum dk_claim_state state, uint64_t seq)
{
    return (uint64_t)state << 62 | (seq & DK_SEQ_MASK);
}

static inline uint64_t dk_claim_pack_owned(uint32_t seat, uint32_t line, uint16_t lease, uint64_t seq)
{
    return (uint64_t)DK_OWNED << 62 | (uint64_t)(seat & 0xfff) << 50 | (uint64_t)(line & 0xffff) << 34 |
           (uint64_t)lease << 18 | (seq & DK_SEQ_LOW_MASK);
}

static inline struct dk_claim dk_claim_unpack(uint64_t word)
{
    struct dk_claim claim = {.state = (enum dk_claim_state)(word >> 62), .seq = word & DK_SEQ_MASK};
    if (claim.state == DK_OWNED) {
        claim.seat = (uint32_t)(word >> 50) & 0xfff;
        claim.line = (uint32_t)(word >> 34) & 0xffff;
        claim.lease = (uint16_t)(word >> 18);
        claim.seq = word & DK_SEQ_LOW_MASK;
    }
    return claim;
}

/* The board's place as it stands; a mix of two blocks has a seq that no FREE
 * word shows any more, or fails the claim's CAS. */
static inline struct dk_laid dk_place_read(const struct shared_board_place *place)
{
    struct dk_laid laid;
    laid.seq = dk_load_relaxed(&place->seq); /* relaxed: carried by the claim word's acquire, ORDER-9 */
    laid.first = dk_load_relaxed(&place->first);
    uint64_t size_epoch = dk_load_relaxed(&place->size_epoch);
    laid.size = (uint32_t)(size_epoch >> 32);
    laid.serial = (uint32_t)size_epoch;
    return laid;
}

/*
 * Worker: claims the block in a place for (seat, line, lease) if it is FREE,
 * was laid under this epoch (serial) of its bank, and holds at least size_min numbers.
 * One CAS. *laid is written on success.
 */
static inline bool dk_place_claim(dk_word *claim, const struct shared_board_place *place,
                                  uint32_t serial, uint32_t size_min, uint32_t seat, uint32_t line,
                                  uint16_t lease, struct dk_laid *laid)
{
    uint64_t seen = dk_load_acquire(claim); /* ORDER-9: the board's place and the mark behind it */
    if (seen >> 62 != DK_FREE)
        return false;
    struct dk_laid read = dk_place_read(place);
    if (read.seq != (seen & DK_SEQ_MASK) || read.serial != serial || read.size < size_min)
        return false;
    if (!dk_cas_acq_rel(claim, &seen, dk_claim_pack_owned(seat, line, lease, read.seq))) /* ORDER-10 */
        return false;
    *laid = read;
    return true;
}

/* docketd: lays a block into a place whose word is EMPTY. Two halves, so that
 * a restart can finish the second one. The mark is committed before the first. */
void dk_place_write(struct shared_board_place *place, const struct dk_laid *laid);
bool dk_place_lay(dk_word *claim, uint64_t seq);

/* docketd: FREE -> TAKEN. False if a worker was first; *seen is then its word. */
bool dk_place_take_back(dk_word *claim, uint64_t seq, uint64_t *seen);

/* docketd: word (OWNED or TAKEN, as judged) -> EMPTY with the full seq. */
bool dk_place_clear(dk_word *claim, uint64_t word, uint64_t seq);

#endif
