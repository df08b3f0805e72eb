/* SPDX-License-Identifier: MIT */
/*
 * many: numbers of one series into an array: one look at the clock, and one step
 * for as many as there are.
 *
 * Invariants
 *  1. The numbers of a step are handed out by one store or one swap, before the
 *     first of them is in the array: a kill costs the numbers of this call at most.
 *  2. All of them are of the period of the first.
 *  3. What was taken stays taken: a failure behind it is told as PARTIAL.
 *
 * A step of a strict series is one compare-and-swap for as many as its room has, of
 * a leased one a publication of its own lease's cursor. Where nothing is left the call
 * waits, as that for one number does (take.c).
 */
#include "client/inside.h"

#include "table/slot.h"

#include <string.h>

enum { TRIES = 4 };

struct many {
    uint64_t *numbers;
    uint32_t count, got;
    int32_t period; /* of all of them, once there is one */
};

static void put(struct many *many, uint64_t first, uint32_t count)
{
    uint64_t *to = &many->numbers[many->got];
    for (uint32_t i = 0; i < count; i++)
        to[i] = first + i;
    many->got += count;
}

/* One at a time: what lies there lies in lists, and spares come first. */
static docket_status take_in_memory(struct hand *hand, uint32_t yyyymmdd, struct many *many)
{
    uint64_t number;
    docket_status status = dk_memory_take(hand, yyyymmdd, 1, &number);
    if (status == DOCKET_OK)
        put(many, number, 1);
    return status;
}

/* Others may take of the room that was seen: then it is looked at again, and at last
 * one number asked for, whose status is the counter's. */
static docket_status take_strict(struct hand *hand, uint32_t yyyymmdd, struct many *many)
{
    for (int try = 1;; try++) {
        uint64_t first;
        uint32_t left = many->count - many->got;
        uint32_t room = dk_strict_unpack(dk_load_acquire(&hand->table->strict)).room; /* ORDER-8 */
        uint32_t count = room < left ? room : left;
        if (count == 0 || try == TRIES)
            count = 1;
        docket_status status = dk_take_strict(hand, yyyymmdd, count, &first);
        if (status == DOCKET_OK)
            put(many, first, count);
        if (status == DOCKET_OK || count == 1 || hand->bank < 0)
            return status;
    }
}

static docket_status take_leased(struct hand *hand, struct many *many)
{
    struct lease *lease = &hand->lease;
    docket_status status = dk_take_lease_open(hand);
    if (status != DOCKET_OK)
        return status;
    uint32_t wanted = many->count - many->got, left = dk_lease_left(lease);
    uint32_t count = left < wanted ? left : wanted;
    put(many, dk_lease_take(lease, count), count); /* killed here: all of them count as handed out */
    return DOCKET_OK;
}

static docket_status step(struct hand *hand, uint32_t yyyymmdd, struct many *many)
{
    if (hand->series->memory != NULL)
        return take_in_memory(hand, yyyymmdd, many);
    return hand->strict ? take_strict(hand, yyyymmdd, many) : take_leased(hand, many);
}

static docket_status steps(struct hand *hand, uint32_t yyyymmdd, struct many *many)
{
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && many->got < many->count)
        status = step(hand, yyyymmdd, many);
    return status;
}

static docket_status attempt_many(struct hand *hand, int64_t now_s, void *context)
{
    struct many *many = context;
    docket_status status = dk_take_prepare(hand, now_s);
    if (status == DOCKET_OK && many->got > 0 && hand->period != many->period)
        return dk_fail(DOCKET_PARTIAL, "the period of the first of them is over");
    if (status == DOCKET_OK && hand->writing.chronological)
        status = dk_text_day(&hand->text, &hand->writing, hand->series, hand->seat, now_s);
    if (status != DOCKET_OK)
        return status;
    many->period = hand->period;
    return steps(hand, hand->text.yyyymmdd, many);
}

/* What lies ready where the hand stands, with nothing prepared: all that most calls need. */
static void take_at_once(struct hand *hand, struct many *many)
{
    int64_t now_s = hand->timed ? dk_clock_wall_s() : hand->from_s;
    if (!dk_hand_in_period(hand, now_s))
        return;
    many->period = hand->period;
    if (hand->quick)
        (void)take_strict(hand, 0, many);
    else if (!hand->strict && dk_lease_left(&hand->lease) > 0 && !dk_hand_is_retired(hand))
        (void)take_leased(hand, many);
}

static docket_status take_many(struct hand *hand, int64_t timeout_ns, struct many *many)
{
    const struct docket_series *series = hand->series;
    take_at_once(hand, many);
    if (many->got == many->count)
        return DOCKET_OK;
    /* A wish is for one piece: a block that large, of a leased series, which may be more than there is. */
    uint32_t left = many->count - many->got, most = hand->strict ? series->window : 1;
    docket_status status = dk_take_wait(hand, timeout_ns, attempt_many, many, left < most ? left : most);
    if (status == DOCKET_OK || many->got == 0)
        return status;
    if (status == DK_TRACKED)
        status = dk_say_tracked(series, "docket_next_many()");
    return dk_wrap(DOCKET_PARTIAL, "%u of %u numbers of %s/%s were taken", many->got, many->count, series->tenant,
                   series->name);
}

/* As of one number: a fork inside this call, from a signal handler, leaves the
 * numbers to the parent, and the child begins anew. */
static docket_status next_many(docket_series *series, int64_t timeout_ns, struct many *many)
{
    for (;;) {
        struct hand *hand;
        many->got = 0;
        docket_status status = dk_hand_enter(series, timeout_ns, &hand);
        if (status != DOCKET_OK)
            return status;
        status = take_many(hand, timeout_ns, many);
        if (dk_hand_leave(hand) || (status != DOCKET_OK && status != DOCKET_PARTIAL))
            return status;
    }
}

docket_status docket_next_many(docket_series *series, int64_t timeout_ns, uint64_t *numbers, uint32_t count, uint32_t *got,
                               int32_t *period)
{
    if (series == NULL || numbers == NULL || got == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_many wants a series, an array, a place for how many it got and a "
                                            "timeout of -1 or more");
    *got = 0;
    if (count == 0 || count > DOCKET_BLOCK_MAX)
        return dk_fail(DOCKET_BAD_COUNT, "docket_next_many takes 1 to %u numbers of %s/%s in one call, not %u",
                       DOCKET_BLOCK_MAX, series->tenant, series->name, count);
    struct many many = {.numbers = numbers, .count = count};
    docket_status status = next_many(series, timeout_ns, &many);
    if (status == DK_TRACKED)
        return dk_say_tracked(series, "docket_next_many()");
    if (status != DOCKET_OK && status != DOCKET_PARTIAL)
        return status;
    *got = many.got;
    if (period != NULL)
        *period = many.period;
    return status;
}
