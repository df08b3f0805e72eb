/* SPDX-License-Identifier: MIT */
/*
 * memory_take: numbers, blocks and looks of a realm in memory. Statuses and
 * sentences are those of take.c and block.c; nothing here waits.
 */
#include "client/memory.h"

#include "docket_memory.h"

#include <stdlib.h>

/* ---- periods ---- */

void dk_memory_counter_end(struct memory_counter *counter)
{
    counter->mark = counter->number;
    counter->ended = true;
}

struct memory_counter *dk_memory_counter_make(struct memory *memory, struct memory_series *series,
                                              const struct dk_period *period)
{
    struct memory_counter **at = &series->counters, *counter = dk_memory_alloc(memory, sizeof *counter);
    if (counter == NULL)
        return NULL;
    counter->period = *period;
    /* Behind start_after begins the series, not each of its periods. */
    counter->first = counter->number = series->counters == NULL ? series->start_after + 1 : 1;
    counter->mark = counter->number;
    while (*at != NULL && (*at)->period.label < period->label)
        at = &(*at)->next;
    counter->next = *at;
    *at = counter; /* one store: whole or not at all */
    return counter;
}

/* Half of the least window lies ready beyond position, as docketd has it for a
 * series that is hardly used. The mark first, as ever. */
static void lay(struct memory_counter *counter, uint64_t position, uint64_t last)
{
    if (position + DK_WINDOW_MIN / 2 < counter->mark)
        return;
    uint64_t left = last + 1 - position;
    counter->mark = position + (left < DK_WINDOW_MIN ? left : DK_WINDOW_MIN);
}

docket_status dk_memory_counter(struct memory *memory, struct memory_series *series, int64_t now_s,
                                struct memory_counter **counter)
{
    struct dk_period period;
    struct memory_counter *found = NULL;
    if (series->policy->restart != DK_NEVER && !dk_date_supported(dk_zone_utc.date(&dk_zone_utc, now_s)))
        return DOCKET_PERIOD_NOT_OPEN; /* no document may carry such a date */
    dk_period_at(series->policy, &dk_zone_utc, now_s, &period);
    for (struct memory_counter *each = series->counters; each != NULL; each = each->next) {
        if (now_s >= each->period.end_s && !each->ended)
            dk_memory_counter_end(each);
        if (each->period.label == period.label)
            found = each;
    }
    if (found == NULL)
        found = dk_memory_counter_make(memory, series, &period);
    if (found == NULL)
        return dk_memory_full();
    if (found->ended)
        return DOCKET_PERIOD_NOT_OPEN;
    lay(found, found->number, series->last);
    *counter = found;
    return DOCKET_OK;
}

/* ---- runs ---- */

static struct memory_run *new_run(struct memory *memory)
{
    struct memory_run *run = memory->unused_runs;
    if (run == NULL)
        return dk_memory_alloc(memory, sizeof *run);
    memory->unused_runs = run->next;
    return run;
}

static void free_run(struct memory *memory, struct memory_run *run)
{
    run->next = memory->unused_runs;
    memory->unused_runs = run;
}

static void link_run(struct memory_run **list, struct memory_run *run)
{
    while (*list != NULL && (*list)->first < run->first)
        list = &(*list)->next;
    run->next = *list;
    *list = run;
}

static void unlink_run(struct memory_run **list, const struct memory_run *run)
{
    while (*list != run)
        list = &(*list)->next;
    *list = run->next;
}

/* Neighbours become one run. */
static void add_spare(struct memory *memory, struct memory_run **list, struct memory_run *run)
{
    link_run(list, run);
    struct memory_run *each = *list;
    for (struct memory_run *next; (next = each->next) != NULL;) {
        if (each->last + 1 != next->first) {
            each = next;
            continue;
        }
        each->last = next->last;
        each->next = next->next;
        free_run(memory, next);
    }
}

/* ---- taking ---- */

static bool take_spare(struct memory *memory, struct memory_counter *counter, uint32_t count, uint64_t *first)
{
    struct memory_run **at = &counter->spares;
    while (*at != NULL && (*at)->last - (*at)->first + 1 < count)
        at = &(*at)->next;
    struct memory_run *run = *at;
    if (run == NULL)
        return false;
    *first = run->first;
    if (run->last - run->first + 1 > count) {
        run->first += count;
        return true;
    }
    begin_edit(memory);
    *at = run->next;
    free_run(memory, run);
    end_edit(memory);
    return true;
}

docket_status dk_memory_take(struct hand *hand, uint32_t yyyymmdd, uint32_t count, uint64_t *first)
{
    struct memory_counter *counter = hand->memory_counter;
    if (hand->writing.chronological && yyyymmdd < counter->last_date)
        return DOCKET_OUT_OF_ORDER;
    if (!hand->strict && take_spare(hand->series->realm->memory, counter, count, first))
        return DOCKET_OK;
    uint64_t last = hand->series->memory->last;
    if (last + 1 - counter->number < count)
        return hand->strict ? DOCKET_EXHAUSTED : DOCKET_TIMEOUT;
    *first = counter->number;
    if (hand->writing.chronological)
        counter->last_date = yyyymmdd;
    lay(counter, *first + count, last);
    counter->number = *first + count;
    if (counter->ended)
        counter->mark = counter->number; /* nothing is laid in it */
    return DOCKET_OK;
}

/* As the edges of a bank are: those of the interval, where they are narrower. */
static void cut_to_interval(struct hand *hand)
{
    const struct dk_policy *policy = hand->series->memory->policy;
    int64_t from_s = policy->valid_from != 0 ? dk_zone_utc.day_start(&dk_zone_utc, policy->valid_from) : hand->from_s;
    int64_t until_s = policy->valid_to != 0 ? dk_zone_utc.day_start(&dk_zone_utc, dk_date_add(policy->valid_to, 1))
                                            : hand->until_s;
    if (from_s > hand->from_s)
        hand->from_s = from_s;
    if (until_s < hand->until_s)
        hand->until_s = until_s;
}

static docket_status stand(struct hand *hand, docket_status status, struct memory_counter *counter)
{
    if (status != DOCKET_OK)
        return status;
    hand->memory_counter = counter;
    hand->period = counter->period.label;
    hand->from_s = counter->period.start_s;
    hand->until_s = counter->period.end_s;
    cut_to_interval(hand);
    return DOCKET_OK;
}

docket_status dk_memory_prepare(struct hand *hand, int64_t now_s)
{
    struct memory_counter *counter = NULL;
    docket_status status = dk_memory_valid(hand->series->memory, dk_zone_utc.date(&dk_zone_utc, now_s));
    if (status == DOCKET_OK)
        status = dk_memory_counter(hand->series->realm->memory, hand->series->memory, now_s, &counter);
    return stand(hand, status, counter);
}

docket_status dk_memory_prepare_date(struct hand *hand, int64_t now_s, uint32_t yyyymmdd)
{
    struct memory_counter *counter = NULL;
    docket_status status =
        dk_memory_counter_of(hand->series->realm->memory, hand->series->memory, now_s, yyyymmdd, &counter);
    return stand(hand, status, counter);
}

/* True if the test wants this call to fail; its status. */
static bool is_failing(struct memory_failing *failing, docket_status *status)
{
    if (failing->calls == 0)
        return false;
    if (failing->calls != DOCKET_MEMORY_ALWAYS)
        failing->calls--;
    *status = failing->status;
    return true;
}

/* Where a real realm's call would have waited for more, in vain. */
static bool is_exhausted(const struct hand *hand, int64_t timeout_ns)
{
    return timeout_ns != 0 && hand->memory_counter->number > hand->series->memory->last;
}

docket_status dk_memory_attempt(struct hand *hand, int64_t timeout_ns,
                                docket_status (*attempt)(struct hand *, int64_t, void *), void *context)
{
    const struct docket_series *series = hand->series;
    struct memory *memory = series->realm->memory;
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK)
        return status;
    if (is_failing(&series->memory->failing, &status) || is_failing(&memory->failing, &status)) {
        dk_fail(status, "%s/%s: %s", series->tenant, series->name, docket_status_text(status));
    } else {
        status = attempt(hand, dk_memory_now_s(series->realm), context);
        if (status == DOCKET_TIMEOUT && is_exhausted(hand, timeout_ns))
            status = DOCKET_EXHAUSTED;
    }
    dk_memory_unlock(memory);
    return status;
}

/* ---- blocks ---- */

/* A leased block's rest is told by its cursor, as at a real desk. */
static void begin_lease(struct docket_block *block, struct memory_run *run, uint32_t count, struct seat *seat)
{
    block->lease = (struct lease){.seat = seat, .cursor = &run->cursor, .seal = dk_cursor_seal(seat->salt, 0), .number = 1};
    dk_lease_begin(&block->lease, run->first, count);
    dk_store_release(&run->cursor, dk_cursor_pack(1, 0, false, seat->salt, 0)); /* ORDER-7 */
}

docket_status dk_memory_take_block(struct hand *hand, uint32_t yyyymmdd, uint32_t count, struct docket_block *block)
{
    struct memory *memory = hand->series->realm->memory;
    struct memory_run *run = new_run(memory); /* a strict one needs it to become void */
    if (run == NULL)
        return dk_memory_full();
    docket_status status = dk_memory_take(hand, yyyymmdd, count, &run->first);
    begin_edit(memory);
    if (status == DOCKET_OK) {
        run->last = run->first + count - 1;
        block->first = run->first;
        block->memory_run = run;
        block->memory_counter = hand->memory_counter;
        if (!hand->strict) {
            begin_lease(block, run, count, hand->seat);
            link_run(&hand->memory_counter->open, run);
        }
    } else {
        free_run(memory, run);
    }
    end_edit(memory);
    return status;
}

/* A strict block's end: free again if nobody took later, and the series gives again
 * what comes back; else void; handed out
 * once its period is over. */
static uint32_t give_back_strict(struct memory *memory, const struct docket_block *block, struct memory_run *run)
{
    struct memory_counter *counter = block->memory_counter;
    uint32_t left = block->count - block->taken, returned = 0;
    run->first = block->first + block->taken;
    bool again = block->series->memory->policy->release == DK_RECYCLE;
    if (left > 0 && !counter->ended && again && run->last + 1 == counter->number) {
        counter->number = run->first;
        returned = left;
    } else if (left > 0 && !counter->ended) {
        run->time_ns = dk_memory_now_s(block->series->realm) * DK_SECOND_NS;
        link_run(&counter->voids, run);
        return 0;
    }
    free_run(memory, run);
    return returned;
}

static uint32_t give_back_leased(struct memory *memory, const struct docket_block *block, struct memory_run *run)
{
    struct memory_counter *counter = block->memory_counter;
    uint32_t left = block->count - block->taken;
    unlink_run(&counter->open, run);
    run->first = block->first + block->taken;
    if (left > 0)
        add_spare(memory, &counter->spares, run);
    else
        free_run(memory, run);
    return left;
}

docket_status dk_memory_give_back(struct docket_block *block, uint32_t *returned)
{
    struct memory *memory = block->series->realm->memory;
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK)
        return status;
    begin_edit(memory);
    *returned = block->strict ? give_back_strict(memory, block, block->memory_run)
                              : give_back_leased(memory, block, block->memory_run);
    end_edit(memory);
    dk_memory_unlock(memory);
    return DOCKET_OK;
}

/* ---- looking ---- */

docket_status dk_memory_look(struct hand *hand, uint64_t *next, uint64_t *count)
{
    struct memory *memory = hand->series->realm->memory;
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK)
        return status;
    status = dk_memory_prepare(hand, dk_memory_now_s(hand->series->realm));
    if (status == DOCKET_OK) {
        const struct memory_counter *counter = hand->memory_counter;
        *count = counter->mark - counter->number;
        *next = hand->strict || *count > 0 ? counter->number : 0;
        for (const struct memory_run *run = counter->spares; run != NULL; run = run->next)
            *count += run->last - run->first + 1;
        if (counter->spares != NULL)
            *next = counter->spares->first;
        status = *next != 0 ? DOCKET_OK : DOCKET_TIMEOUT;
    }
    dk_memory_unlock(memory);
    return status;
}
