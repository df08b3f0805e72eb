/* SPDX-License-Identifier: MIT */
/*
 * quick: numbers of a strict series by what stands in its handle.
 *
 * A hand is a thread's own, and cold when a program goes through many series. All that
 * a strict number needs of it (where the word and the board's bank lie, the epoch, the
 * base, the period's edges) stands beside the names in the process's map (struct dk_named), for all threads. Who has
 * taken a number by hand writes it there; who comes by name reads it, and if the word
 * says anything but "here is one" goes the way of the hand, which knows why, waits,
 * and moves on. So nothing is decided here.
 *
 * Invariants
 *  1. What is read is of one writing: the version is even, not 0, and the same behind
 *     as before (ORDER-20). One writer at a time: by compare-and-swap of the version.
 *  2. It is used only in the process that wrote it: the stamp is the live page's, which the
 *     kernel wipes in a child, and no two processes of a family have the same.
 *  3. What it leads to lives as long as the realm: seats leave with it.
 *  4. Whether the bank is still that of the epoch the take itself looks, behind its
 *     load of the word (slot.h, ORDER-16), as for a hand.
 *
 * A child that is forked while the version is odd finds it so for ever: its calls for that series
 * take the way of the hand.
 */
#ifndef DK_CLIENT_QUICK_H
#define DK_CLIENT_QUICK_H

#include "client/inside.h"
#include "table/slot.h"

#define DK_QUICK_EVER ((uint64_t)UINT32_MAX) /* span: from 0, until never */

/* The hand has just given a number: writes where it stands, unless that stands there. */
void dk_quick_write(struct docket_series *series, struct hand *hand);

/* Nobody has written: a leased series, or one that no number was taken of. */
static inline bool dk_quick_is_empty(const struct dk_named *named)
{
    return dk_load_relaxed(&named->version) == 0; /* relaxed: nothing is read behind it */
}

static inline void dk_quick_note_room(struct dk_named *named, const struct seat *seat, uint32_t slot, uint32_t left)
{
    uint32_t high = dk_load32_relaxed(&named->room_high); /* relaxed: a measure; whoever writes it last is right enough */
    if (left > high)
        dk_store32_release(&named->room_high, left);
    else if (left <= high / 2 && (left % 16 == 0 || left < 64)) /* as take.c does */
        dk_desk_want(&seat->map, slot);
}

static inline bool dk_quick_in_period(uint64_t span)
{
    if (span == DK_QUICK_EVER)
        return true;
    int64_t now_s = dk_clock_wall_s();
    return now_s >= (int64_t)(span >> 32) && now_s < (int64_t)(uint32_t)span;
}

/* False: nothing was taken; docket_next() says what there is to say. */
static inline bool dk_quick_take(const struct docket_realm *realm, struct dk_named *named, uint64_t *number, int32_t *period)
{
    const dk_word *live_stamp = &realm->live->stamp;
    uint64_t version = dk_load_acquire(&named->version); /* ORDER-20 */
    if (version == 0 || version % 2 != 0)
        return false;
    /* Each an acquire, so that the second look at the version stays behind them. ORDER-20 */
    uint64_t stamp = dk_load_acquire(&named->stamp), span = dk_load_acquire(&named->span);
    const struct seat *seat = (const struct seat *)(uintptr_t)dk_load_acquire(&named->seat);
    struct shared_table_bank *word = (struct shared_table_bank *)(uintptr_t)dk_load_acquire(&named->word);
    const struct shared_board_bank *board = (const struct shared_board_bank *)(uintptr_t)dk_load_acquire(&named->board);
    uint64_t epoch = dk_load_acquire(&named->epoch), base = dk_load_acquire(&named->base), taken;
    uint32_t label = dk_load32_acquire(&named->period), left;
    if (dk_load_relaxed(&named->version) != version || dk_load_relaxed(live_stamp) != stamp || !dk_quick_in_period(span))
        return false;
    const struct dk_strict_bank bank = {
        .word = &word->strict, .epoch = epoch, .current = &board->epoch, .base = base, .limit = &board->limit};
    if (dk_strict_take(&bank, 1, &taken, &left) != DK_TAKE_DONE)
        return false;
    if (dk_load_relaxed(live_stamp) != stamp)
        return false; /* a handler forked inside this call: the number is the parent's */
    dk_quick_note_room(named, seat, (uint32_t)(version >> 32), left);
    *number = taken;
    if (period != NULL)
        *period = (int32_t)label;
    return true;
}

#endif
