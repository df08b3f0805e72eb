/* SPDX-License-Identifier: MIT */
/*
 * slot: the one word of a strict counter.
 *
 *   epoch 6 | next 40 | room 18      (high to low)
 *
 * The number that the next caller gets is base + next; room is how many may
 * be taken before docketd raises the limit. A take is one compare-and-swap of
 * the whole word, so a ticket is judged inside its word: by room, and by the
 * epoch, which says which period of the bank it belongs to. Nothing outside
 * the word can turn a taken number into a lost one. The board's limit is
 * looked at *before* the swap, so that a scribbled word cannot give numbers
 * above the durable mark.
 *
 * A slot may be given to another series, and a bank to another period, while a
 * caller sleeps anywhere in here. It never takes a number of what it did not
 * ask for: the board's epoch is compared, whole, between the load of the word
 * and the swap, and no value of the word ever comes back, since `next` goes on
 * from one assignment to the next (dk_strict_start()). So a swap that succeeds
 * found the very word that was the asked-for assignment's (ORDER-16).
 *
 *              take   raise  close  open
 *   take        -      -      -      -        each is one CAS on the word;
 *   raise       -      X      X      X        X: docketd's one thread
 * take is lock-free (a failed CAS means another caller took a number), raise,
 * close and untake are too. next + room changes only by raise and close,
 * both docketd's (take and untake keep the sum): docketd compares it with its own books and
 * quarantines a counter whose word says otherwise.
 */
#ifndef DK_TABLE_SLOT_H
#define DK_TABLE_SLOT_H

#include "table/layout.h"

#include <stdbool.h>

#define DK_ROOM_MAX ((1u << 18) - 1)
#define DK_NEXT_MAX ((1ull << 40) - 1)
#define DK_STRICT_EPOCHS 64u

struct dk_strict {
    uint32_t epoch; /* 0 to 63 */
    uint64_t next;
    uint32_t room;
};

enum dk_take {
    DK_TAKE_DONE,
    DK_TAKE_EMPTY,     /* fewer than count in room */
    DK_TAKE_OTHER,     /* the word belongs to another period: look at the board again */
    DK_TAKE_OVER_LIMIT /* the word says more than the board allows: scribbled, or a raise under way */
};

static inline uint64_t dk_strict_pack(uint32_t epoch, uint64_t next, uint32_t room)
{
    return (uint64_t)(epoch % DK_STRICT_EPOCHS) << 58 | next << 18 | room;
}

static inline struct dk_strict dk_strict_unpack(uint64_t word)
{
    return (struct dk_strict){.epoch = (uint32_t)(word >> 58),
                              .next = word >> 18 & DK_NEXT_MAX,
                              .room = (uint32_t)word & DK_ROOM_MAX};
}

/*
 * Worker: takes count numbers in one piece. epoch and base were read from the
 * board; current and limit are the board's words of the bank. *first is written
 * on DONE; *left is the room behind the take (on EMPTY: the room there is).
 */
static inline enum dk_take dk_strict_take(dk_word *word, uint64_t epoch, const dk_word *current,
                                          uint64_t base, const dk_word *limit, uint32_t count,
                                          uint64_t *first, uint32_t *left)
{
    uint64_t seen = dk_load_acquire(word); /* ORDER-8: the raise, and the limit behind it */
    for (;;) {
        struct dk_strict now = dk_strict_unpack(seen);
        /* After the load of the word, before the swap. ORDER-16 */
        if (now.epoch != epoch % DK_STRICT_EPOCHS || dk_load_acquire(current) != epoch)
            return DK_TAKE_OTHER;
        if (now.room < count) {
            *left = now.room;
            return DK_TAKE_EMPTY;
        }
        /* Relaxed: carried by ORDER-8; an older limit only refuses. */
        if (base + now.next + count > dk_load_relaxed(limit))
            return DK_TAKE_OVER_LIMIT;
        uint64_t wanted = dk_strict_pack(now.epoch, now.next + count, now.room - count);
        if (dk_cas_acq_rel(word, &seen, wanted)) { /* ORDER-8 */
            *first = base + now.next;
            *left = now.room - count;
            return DK_TAKE_DONE;
        }
    }
}

/* docketd: undoes the last count numbers of a take, if nobody took after them.
 * Only after a commit that lets the durable position fall back to first: else a
 * power loss would find numbers handed out that were given back. So a worker
 * asks for it by message, and next falls by docketd's hand only. */
bool dk_strict_untake(dk_word *word, uint64_t epoch, uint64_t base, uint64_t first, uint32_t count);

/* docketd: adds to room, after the mark is committed and the limit stored. */
void dk_strict_raise(dk_word *word, uint32_t more);

/* docketd: takes the room away; the position stays in the word, and is returned. */
uint64_t dk_strict_close(dk_word *word);

/* docketd: where `next` of the bank's next assignment begins: above all that it
 * has ever been. It wraps after 2^39 numbers or two million assignments. */
uint64_t dk_strict_start(const dk_word *word);

/* docketd: a bank that stands closed gets its next period. */
void dk_strict_open(dk_word *word, uint32_t epoch, uint64_t next);

#endif
