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
 * A chronological series gives no number an earlier date than that of the number
 * before it. Beside the word stands last_date:
 *
 *   serial of the bank's epoch 32 | yyyymmdd 32
 *
 * A dated take loads the word, then raises last_date to its own date (a later one
 * refuses it), then swaps the word as it was loaded. Who took a lower number had
 * raised last_date before the swap; our swap succeeds only if no swap came since
 * our load; so we saw that date or a later one, and ours is not before it
 * (ORDER-17). The serial keeps a sleeper of another assignment away. A number that
 * is taken back (untake) leaves its date behind: later ones may be refused for it,
 * none comes too early.
 *
 *              take   raise  close  open
 *   take        -      -      -      -        each is one CAS on the word;
 *   raise       -      X      X      X        X: docketd's one thread
 * A take that was not first steps aside for some 200 ns before it looks again: meanwhile
 * the other takes some dozens of numbers out of its own cache, where two that go on at once
 * would hand the line to and fro for each (measured: decision 0035).
 *
 * take is lock-free (a failed CAS means another caller took a number, or raised the
 * date: that is bounded by the days there are), raise,
 * close and untake are too. next + room changes only by raise and close,
 * both docketd's (take and untake keep the sum): docketd compares it with its own books and
 * quarantines a counter whose word says otherwise.
 */
#ifndef DK_TABLE_SLOT_H
#define DK_TABLE_SLOT_H

#include "base/pause.h"
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
    DK_TAKE_OVER_LIMIT, /* the word says more than the board allows: scribbled, or a raise under way */
    DK_TAKE_OUT_OF_ORDER /* a number with a later date was taken before */
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

static inline uint64_t dk_last_date_pack(uint64_t epoch, uint32_t yyyymmdd)
{
    return (uint64_t)dk_epoch_serial(epoch) << 32 | yyyymmdd;
}

/* The date in a word of this assignment of the bank; 0: none yet, or the word is another's. */
static inline uint32_t dk_last_date_of(uint64_t word, uint64_t epoch)
{
    return word >> 32 == dk_epoch_serial(epoch) ? (uint32_t)word : 0;
}

/* A bank, as a worker read it off the board; current and limit are its words there. */
struct dk_strict_bank {
    dk_word *word;
    dk_word *last_date; /* chronological series only */
    uint64_t epoch;
    const dk_word *current;
    uint64_t base;
    const dk_word *limit;
};

/* May count numbers be taken from the word as it was seen? DONE if so. */
static inline enum dk_take dk_strict_judge(const struct dk_strict_bank *bank, struct dk_strict now, uint32_t count,
                                           uint32_t *left)
{
    /* After the load of the word, before the swap. ORDER-16 */
    if (now.epoch != bank->epoch % DK_STRICT_EPOCHS || dk_load_acquire(bank->current) != bank->epoch)
        return DK_TAKE_OTHER;
    *left = now.room;
    if (now.room < count)
        return DK_TAKE_EMPTY;
    /* Relaxed: carried by ORDER-8; an older limit only refuses. */
    if (bank->base + now.next + count > dk_load_relaxed(bank->limit))
        return DK_TAKE_OVER_LIMIT;
    *left = now.room - count;
    return DK_TAKE_DONE;
}

static inline uint64_t dk_strict_taken(struct dk_strict now, uint32_t count)
{
    return dk_strict_pack(now.epoch, now.next + count, now.room - count);
}

/*
 * Worker: takes count numbers in one piece. *first is written on DONE; *left is the
 * room behind the take (on EMPTY: the room there is).
 */
static inline enum dk_take dk_strict_take(const struct dk_strict_bank *bank, uint32_t count, uint64_t *first,
                                          uint32_t *left)
{
    for (;; dk_step_aside()) {
        uint64_t seen = dk_load_acquire(bank->word); /* ORDER-8: the raise, and the limit behind it */
        struct dk_strict now = dk_strict_unpack(seen);
        enum dk_take may = dk_strict_judge(bank, now, count, left);
        if (may != DK_TAKE_DONE)
            return may;
        if (dk_cas_acq_rel(bank->word, &seen, dk_strict_taken(now, count))) { /* ORDER-8 */
            *first = bank->base + now.next;
            return DK_TAKE_DONE;
        }
    }
}

/* last_date is the date, or becomes it. OUT_OF_ORDER: it is a later one. */
static inline enum dk_take dk_last_date_raise(dk_word *last_date, uint64_t epoch, uint32_t yyyymmdd)
{
    uint64_t seen = dk_load_acquire(last_date); /* behind the load of the strict word. ORDER-17 */
    for (;;) {
        if (seen >> 32 != dk_epoch_serial(epoch))
            return DK_TAKE_OTHER;
        if ((uint32_t)seen >= yyyymmdd)
            return (uint32_t)seen == yyyymmdd ? DK_TAKE_DONE : DK_TAKE_OUT_OF_ORDER;
        if (dk_cas_acq_rel(last_date, &seen, dk_last_date_pack(epoch, yyyymmdd))) /* before the strict word's swap. ORDER-17 */
            return DK_TAKE_DONE;
    }
}

/* The same for a number that has a date, in a chronological series. Nothing is
 * taken, and last_date is not moved, where there is no room. */
static inline enum dk_take dk_strict_take_dated(const struct dk_strict_bank *bank, uint32_t yyyymmdd, uint32_t count,
                                                uint64_t *first, uint32_t *left)
{
    uint64_t seen = dk_load_acquire(bank->word); /* ORDER-8, and before last_date: ORDER-17 */
    for (;;) {
        struct dk_strict now = dk_strict_unpack(seen);
        enum dk_take may = dk_strict_judge(bank, now, count, left);
        if (may == DK_TAKE_DONE)
            may = dk_last_date_raise(bank->last_date, bank->epoch, yyyymmdd);
        if (may != DK_TAKE_DONE)
            return may;
        if (dk_cas_acq_rel(bank->word, &seen, dk_strict_taken(now, count))) { /* ORDER-8, ORDER-17 */
            *first = bank->base + now.next;
            return DK_TAKE_DONE;
        }
    }
}

/* docketd: a bank's assignment begins, its epoch not yet on the board. */
static inline void dk_last_date_open(dk_word *last_date, uint64_t epoch, uint32_t yyyymmdd)
{
    dk_store_release(last_date, dk_last_date_pack(epoch, yyyymmdd)); /* seen behind the epoch. ORDER-17 */
}

/* docketd: undoes the last count numbers of a take, if nobody took after them.
 * Only after a commit that lets the durable position fall back to first: else a
 * power loss would find numbers handed out that were given back. So a worker
 * asks for it by message, and next falls by docketd's hand only. */
bool dk_strict_untake(dk_word *word, uint64_t epoch, uint64_t base, uint64_t first, uint32_t count);

/* docketd: adds to room, after the mark is committed and the limit stored. */
void dk_strict_raise(dk_word *word, uint32_t more);

/* docketd: takes of the room what is more than most; *room is left. The position stays in
 * the word, and is returned. close: takes all of it. */
uint64_t dk_strict_lower(dk_word *word, uint32_t most, uint32_t *room);
uint64_t dk_strict_close(dk_word *word);

/* docketd: where `next` of the bank's next assignment begins: above all that it
 * has ever been. It wraps after 2^39 numbers or two million assignments. */
uint64_t dk_strict_start(const dk_word *word);

/* docketd: a bank that stands closed gets its next period. */
void dk_strict_open(dk_word *word, uint32_t epoch, uint64_t next);

#endif
