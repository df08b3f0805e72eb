/* SPDX-License-Identifier: MIT */
#include "client/quick.h"

/* Of this process's live page: made when the first of its threads wants it. */
static uint64_t stamp_of(struct live *live)
{
    uint64_t stamp = dk_load_relaxed(&live->stamp); /* relaxed: only compared */
    if (stamp != 0)
        return stamp;
    uint64_t made = dk_serial_next(); /* a child counts on from its parent's: never the same again */
    return dk_cas_acq_rel(&live->stamp, &stamp, made) ? made : stamp; /* ORDER-20: whichever thread is first */
}

/* The period's edges in 32 bits each: the years that docket knows end before 2106. False: not so. */
static bool span_of(const struct hand *hand, uint64_t *span)
{
    if (!hand->timed) {
        *span = DK_QUICK_EVER;
        return true;
    }
    uint64_t from = hand->from_s < 0 ? 0 : (uint64_t)hand->from_s, until = (uint64_t)hand->until_s;
    if (hand->until_s <= 0 || from > UINT32_MAX)
        return false;
    if (until >= UINT32_MAX)
        until = UINT32_MAX - 1; /* of an interval without an end: the hand takes over there */
    *span = from << 32 | until;
    return true;
}

/* The hand's standing as one, though a signal handler may come and move the hand. */
static bool copy_hand(struct hand *hand, struct hand *copy)
{
    if (hand->gate == DK_GATE_BUSY)
        return false;
    hand->gate = DK_GATE_BUSY;
    dk_compiler_barrier(); /* for a handler of this very thread */
    copy->quick = hand->quick;
    copy->bank = hand->bank;
    copy->timed = hand->timed;
    copy->from_s = hand->from_s;
    copy->until_s = hand->until_s;
    copy->period = hand->period;
    copy->epoch = hand->epoch;
    copy->base = hand->base;
    copy->board = hand->board;
    copy->table = hand->table;
    copy->slot = hand->slot;
    copy->seat = hand->seat;
    return dk_hand_leave(hand) && copy->quick && copy->bank >= 0;
}

static void write_down(struct dk_named *named, const struct hand *hand, uint64_t stamp, uint64_t span)
{
    uint64_t version = dk_load_acquire(&named->version); /* ORDER-20 */
    if (version % 2 != 0 || !dk_cas_acq_rel(&named->version, &version, version + 1)) /* ORDER-20 */
        return; /* another thread is at it, or a handler interrupted one */
    /* Each a release, so that none is seen before the odd version. ORDER-20 */
    dk_store_release(&named->stamp, stamp);
    dk_store_release(&named->seat, (uint64_t)(uintptr_t)hand->seat);
    dk_store_release(&named->word, (uint64_t)(uintptr_t)hand->table);
    dk_store_release(&named->board, (uint64_t)(uintptr_t)hand->board);
    dk_store_release(&named->epoch, hand->epoch);
    dk_store_release(&named->base, hand->base);
    dk_store_release(&named->span, span);
    dk_store32_release(&named->period, (uint32_t)hand->period);
    dk_store32_release(&named->room_high, 0);
    dk_store_release(&named->version, (uint64_t)hand->slot << 32 | (uint32_t)(version + 2)); /* ORDER-20 */
}

void dk_quick_write(struct docket_series *series, struct hand *hand)
{
    struct hand copy;
    uint64_t span;
    struct dk_named *named = series->named;
    if (!copy_hand(hand, &copy) || !span_of(&copy, &span))
        return;
    uint64_t stamp = stamp_of(series->realm->live);
    /* Relaxed: if it is being written just now, it will stand there. */
    if (dk_load_relaxed(&named->stamp) == stamp && dk_load_relaxed(&named->epoch) == copy.epoch &&
        dk_load_relaxed(&named->seat) == (uint64_t)(uintptr_t)copy.seat)
        return;
    write_down(named, &copy, stamp, span);
    const struct dk_desk *map = &copy.seat->map;
    dk_handles_hint(&series->realm->handles, series, dk_desk_slot(map, 0), dk_table_slot(map, 0), copy.slot, copy.bank);
}
