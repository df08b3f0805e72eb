/* SPDX-License-Identifier: MIT */
/* block: a contiguous run of numbers, taken in one step, used at leisure. */
#include "client/inside.h"

#include "numbering/period.h"

#include <stdio.h>
#include <string.h>

struct wanted {
    struct docket_block *block;
    uint32_t count;
};

static struct dk_interval interval_of(const struct hand *hand)
{
    if (hand->series->memory != NULL)
        return dk_memory_interval(hand->series);
    const struct shared_board_slot *slot = dk_desk_slot(&hand->seat->map, hand->slot);
    struct dk_interval valid = dk_slot_interval(slot);
    return dk_load_acquire(&slot->generation) == hand->generation ? valid : (struct dk_interval){0, 0}; /* ORDER-16 */
}

static docket_status attempt_block(struct hand *hand, int64_t now_s, void *context)
{
    const struct wanted *wanted = context;
    struct docket_block *block = wanted->block;
    docket_status status = dk_take_prepare(hand, now_s);
    if (status != DOCKET_OK)
        return status;
    /* In a chronological series all of them have the date of this call. */
    if (hand->writing.chronological)
        status = dk_text_day(&hand->text, &hand->writing, hand->series, hand->seat, now_s);
    if (status != DOCKET_OK)
        return status;
    uint32_t date = hand->writing.chronological ? hand->text.yyyymmdd : 0;
    if (hand->series->memory != NULL)
        status = dk_memory_take_block(hand, date, wanted->count, block);
    else if (hand->strict)
        status = dk_take_strict(hand, date, wanted->count, &block->first);
    else
        status = dk_lease_claim(&block->lease, hand->seat, hand->slot, hand->board, hand->epoch, wanted->count);
    if (status != DOCKET_OK)
        return status;
    if (hand->series->memory == NULL)
        dk_desk_want(&hand->seat->map, hand->slot); /* a whole block is gone at once */
    block->seat = hand->seat;
    block->incarnation = hand->seat->map.incarnation;
    block->slot = hand->slot;
    block->period = hand->period;
    block->from_s = hand->from_s;
    block->until_s = hand->until_s;
    block->writing = hand->writing;
    block->valid = interval_of(hand);
    block->date = date;
    block->count = wanted->count;
    if (!hand->strict)
        block->first = block->lease.first;
    return DOCKET_OK;
}

docket_status docket_block_open(docket_series *series, uint32_t count, int64_t timeout_ns, docket_block **block)
{
    struct hand *hand;
    if (series == NULL || block == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_block_open wants a series, a place for the block and a timeout of "
                                            "-1 or more");
    /* No more may lie ahead than the window, which bounds what a power loss costs. */
    uint32_t most = series->window < DOCKET_BLOCK_MAX ? series->window : DOCKET_BLOCK_MAX;
    if (count == 0 || count > most)
        return dk_fail(DOCKET_BAD_COUNT, "a block of %s/%s has 1 to %u numbers, not %u", series->tenant, series->name,
                       most, count);
    docket_status status = dk_hand_enter(series, timeout_ns, &hand);
    if (status != DOCKET_OK)
        return status;
    struct wanted wanted = {.block = dk_block_new(), .count = count};
    if (wanted.block == NULL) {
        (void)dk_hand_leave(hand);
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a block");
    }
    wanted.block->series = series;
    wanted.block->strict = series->strict;
    wanted.block->serial = series->serial;
    status = dk_take_wait(hand, timeout_ns, attempt_block, &wanted, count);
    (void)dk_hand_leave(hand);
    if (status != DOCKET_OK) {
        dk_lease_give_back(&wanted.block->lease, hand->slot); /* a line it may have taken */
        dk_block_free(wanted.block);
        return status == DK_TRACKED ? dk_say_tracked(series, "docket_block_open()") : status;
    }
    *block = wanted.block;
    return DOCKET_OK;
}

static docket_status check(const struct docket_block *block)
{
    if (block == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "there is no block");
    if (block->serial == 0)
        return dk_fail(DOCKET_FOREIGN_BLOCK, "this block belongs to the process that opened it, not to its child");
    return DOCKET_OK;
}

docket_status docket_block_show(const docket_block *block, uint64_t *first, uint32_t *left, int32_t *period)
{
    docket_status status = check(block);
    if (status != DOCKET_OK)
        return status;
    if (first != NULL)
        *first = block->first;
    if (left != NULL)
        *left = block->count - block->taken;
    if (period != NULL)
        *period = block->period;
    return DOCKET_OK;
}

/* Published before the numbers are returned, as with any lease. */
static docket_status take_inside(docket_block *block, uint32_t count, uint64_t *first)
{
    if (count == 0 || block->count - block->taken < count)
        return dk_fail(DOCKET_BLOCK_EMPTY, "all %u numbers of the block have been taken", block->count);
    uint32_t taken = block->taken;
    if (!block->strict)
        (void)dk_lease_take(&block->lease, count);
    block->taken = taken + count;
    *first = block->first + taken;
    return DOCKET_OK;
}

static docket_status take(docket_block *block, uint32_t count, uint64_t *first)
{
    docket_status status = check(block);
    if (status != DOCKET_OK)
        return status;
    if (block->busy)
        return dk_fail(DOCKET_BUSY, "this block is in use (asked from a signal handler?)");
    block->busy = 1;
    dk_compiler_barrier(); /* for a handler of this very thread */
    uint64_t taken = 0;
    status = take_inside(block, count, &taken);
    dk_compiler_barrier();
    if (block->serial == 0)
        return dk_fail(DOCKET_FOREIGN_BLOCK, "a signal handler forked inside this call: the block is the parent's");
    block->busy = 0;
    if (status == DOCKET_OK)
        *first = taken;
    return status;
}

docket_status docket_block_next(docket_block *block, uint64_t *number)
{
    if (number == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_block_next wants a place for the number");
    return take(block, 1, number);
}

/* The days of the block's period, and of those the ones in which its interval is valid. */
static bool days_of(const struct docket_block *block, uint32_t *first, uint32_t *last)
{
    const struct docket_series *series = block->series;
    struct dk_span span = {0, DK_DATE_FIRST, DK_DATE_LAST};
    if (series->restart != DK_NEVER &&
        !dk_span_of_label(series->restart, &block->writing.template.fiscal, block->period, &span))
        return false;
    *first = block->valid.valid_from > span.first ? block->valid.valid_from : span.first;
    *last = block->valid.valid_to != 0 && block->valid.valid_to < span.last ? block->valid.valid_to : span.last;
    return true;
}

/* Outside of its period the text has that period's last day, or its first: any
 * other date would be another period's text, with this one's number on it. The
 * label says which day; the board's calendar may not reach so far. */
static docket_status prepare_text(struct docket_block *block)
{
    const struct docket_series *series = block->series;
    struct text_day *text = &block->text;
    int64_t now_s = series->memory != NULL ? dk_memory_now_s(series->realm) : dk_clock_wall_s();
    const struct writing *writing = &block->writing;
    uint32_t first, last;
    if (block->date != 0) {
        if (text->rendered.width == 0)
            dk_template_render(&writing->template, series->name, block->date, &text->rendered);
        return DOCKET_OK;
    }
    if (now_s >= block->from_s && now_s < block->until_s)
        return dk_text_day(text, writing, series, block->seat, now_s);
    if (!days_of(block, &first, &last))
        return dk_fail(DOCKET_DAMAGED, "the block's period %d is none of %s/%s", block->period, series->tenant, series->name);
    dk_template_render(&writing->template, series->name, now_s < block->from_s ? first : last, &text->rendered);
    text->from_s = text->until_s = 0; /* of no instant: the next call looks again */
    return DOCKET_OK;
}

docket_status docket_block_next_text(docket_block *block, char *text, size_t size, uint64_t *number)
{
    uint64_t taken;
    docket_status status = check(block);
    if (status != DOCKET_OK)
        return status;
    if (text == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_block_next_text wants a buffer; no number was taken");
    status = dk_writing_fits(&block->writing, block->series, size);
    if (status == DOCKET_OK)
        status = prepare_text(block);
    if (status == DOCKET_OK)
        status = take(block, 1, &taken);
    if (status != DOCKET_OK)
        return status;
    dk_rendered_write(&block->text.rendered, taken, text);
    if (number != NULL)
        *number = taken;
    return DOCKET_OK;
}

docket_status docket_block_take_all(docket_block *block, uint64_t *first, uint32_t *count)
{
    if (first == NULL || count == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_block_take_all wants places for first and count");
    docket_status status = check(block);
    if (status != DOCKET_OK)
        return status;
    uint32_t left = block->count - block->taken;
    status = take(block, left, first);
    if (status == DOCKET_OK)
        *count = left;
    return status;
}

/* The end of a strict block: docketd decides, since it must journal first. */
static docket_status ask_back(const docket_block *block, uint32_t *returned)
{
    struct dk_request request = {.type = DK_ASK_GIVE_BACK,
                                 .desk = block->seat->map.index,
                                 .slot = block->slot,
                                 .period = block->period,
                                 .first = block->first + block->taken,
                                 .count = block->count - block->taken,
                                 .incarnation = block->incarnation};
    /* By its names: the slot may be another series' by now. */
    snprintf(request.tenant, sizeof request.tenant, "%s", block->series->tenant);
    snprintf(request.name, sizeof request.name, "%s", block->series->name);
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    docket_status status = dk_reach_ask(block->series->realm, &request, DK_TIMEOUT_NS, &reply, fds);
    if (status == DOCKET_OK)
        *returned = reply.returned;
    return status;
}

docket_status docket_block_give_back(docket_block *block, uint32_t *returned)
{
    uint32_t back = 0;
    if (block == NULL)
        return DOCKET_OK;
    docket_status status = check(block);
    if (status != DOCKET_OK)
        return status; /* the child's copy was wiped with the rest: nothing to free */
    if (block->memory_run != NULL) {
        status = dk_memory_give_back(block, &back);
    } else if (!block->strict) {
        back = block->count - block->taken;
        dk_lease_give_back(&block->lease, block->slot);
    } else if (block->taken < block->count) {
        status = ask_back(block, &back);
    }
    dk_block_free(block);
    if (returned != NULL)
        *returned = back;
    return status;
}
