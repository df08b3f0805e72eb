/* SPDX-License-Identifier: MIT */
/*
 * memory_take: numbers, blocks and looks of a realm in memory. Statuses and
 * sentences are those of take.c and block.c; nothing here waits.
 */
#include "client/memory.h"

#include "docket_memory.h"

#include <stdlib.h>

/* ---- periods ---- */

/* An ended counter has nothing laid, and is never opened again. */
static void end_counter(struct memory_counter *counter)
{
    counter->mark = counter->number;
    counter->ended = true;
}

static struct memory_counter *make_counter(struct memory *memory, struct memory_series *series,
                                           const struct dk_period *period)
{
    struct memory_counter **at = &series->counters, *counter = dk_memory_take(memory, sizeof *counter);
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
static void lay(struct memory_counter *counter, uint64_t position)
{
    if (position + DK_WINDOW_MIN / 2 < counter->mark)
        return;
    uint64_t left = DOCKET_NUMBER_MAX + 1 - position;
    counter->mark = position + (left < DK_WINDOW_MIN ? left : DK_WINDOW_MIN);
}

docket_status dk_memory_counter(struct memory *memory, struct memory_series *series, int64_t now_s,
                                struct memory_counter **counter)
{
    struct dk_period period;
    struct memory_counter *found = NULL;
    dk_period_at((enum dk_restart)series->policy.restart, now_s, &period);
    for (struct memory_counter *each = series->counters; each != NULL; each = each->next) {
        if (now_s >= each->period.end_s && !each->ended)
            end_counter(each);
        if (each->period.label == period.label)
            found = each;
    }
    if (found == NULL)
        found = make_counter(memory, series, &period);
    if (found == NULL)
        return dk_memory_full();
    if (found->ended)
        return DOCKET_PERIOD_NOT_OPEN;
    lay(found, found->number);
    *counter = found;
    return DOCKET_OK;
}

/* ---- runs ---- */

static struct memory_run *new_run(struct memory *memory)
{
    struct memory_run *run = memory->unused_runs;
    if (run == NULL)
        return dk_memory_take(memory, sizeof *run);
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
    for (struct memory_run *each = *list; each != NULL && each->next != NULL;) {
        struct memory_run *next = each->next;
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

/* Without a wait a leased series cannot be told from one whose numbers are on their way. */
static docket_status exhausted(const struct memory_series *series, const struct memory_counter *counter,
                               int64_t timeout_ns)
{
    if (series->policy.order == DK_STRICT)
        return DOCKET_EXHAUSTED;
    return timeout_ns != 0 && counter->number > DOCKET_NUMBER_MAX ? DOCKET_EXHAUSTED : DOCKET_TIMEOUT;
}

static docket_status take(struct memory *memory, const struct memory_series *series, struct memory_counter *counter,
                          uint32_t count, int64_t timeout_ns, uint64_t *first)
{
    if (series->policy.order == DK_LEASED && take_spare(memory, counter, count, first))
        return DOCKET_OK;
    if (DOCKET_NUMBER_MAX + 1 - counter->number < count)
        return exhausted(series, counter, timeout_ns);
    *first = counter->number;
    lay(counter, *first + count);
    counter->number = *first + count;
    return DOCKET_OK;
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

static docket_status say_failure(const struct docket_series *series, docket_status status, int64_t timeout_ns)
{
    if (status == DOCKET_BUSY)
        return dk_take_busy(series);
    dk_fail(status, "%s/%s: %s", series->tenant, series->name, docket_status_text(status));
    return dk_take_explain(series, status, timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns);
}

/* What every call on a series does first; on OK it holds the lock. */
static docket_status enter(docket_series *series, int64_t *now_s, struct memory_counter **counter)
{
    struct memory *memory = series->realm->memory;
    if (!dk_slow_enter())
        return dk_take_busy(series);
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK) {
        dk_slow_leave();
        return status;
    }
    *now_s = dk_memory_now_s(series->realm);
    status = dk_memory_counter(memory, series->memory, *now_s, counter);
    if (status != DOCKET_OK) {
        dk_memory_unlock(memory);
        dk_slow_leave();
    }
    return dk_take_explain(series, status, 0);
}

static void leave(docket_series *series)
{
    dk_memory_unlock(series->realm->memory);
    dk_slow_leave();
}

/* The next call is made to fail, before it looks at anything. */
static docket_status check_failing(docket_series *series, int64_t timeout_ns)
{
    struct memory *memory = series->realm->memory;
    docket_status status = DOCKET_OK;
    if (!dk_slow_enter())
        return dk_take_busy(series);
    docket_status locked = dk_memory_lock(memory);
    if (locked == DOCKET_OK) {
        if (!is_failing(&series->memory->failing, &status))
            (void)is_failing(&memory->failing, &status);
        dk_memory_unlock(memory);
    }
    dk_slow_leave();
    if (locked != DOCKET_OK)
        return locked;
    return status == DOCKET_OK ? status : say_failure(series, status, timeout_ns);
}

docket_status dk_memory_next(docket_series *series, int64_t timeout_ns, char *text, uint64_t *number, int32_t *period)
{
    struct memory *memory = series->realm->memory;
    struct memory_counter *counter;
    struct text_day day = {.rendered = {.width = 0}};
    uint64_t taken = 0;
    int64_t now_s;
    docket_status status = check_failing(series, timeout_ns);
    if (status == DOCKET_OK)
        status = enter(series, &now_s, &counter);
    if (status != DOCKET_OK)
        return status;
    if (text != NULL)
        status = dk_text_day(&day, series, NULL, now_s);
    if (status == DOCKET_OK)
        status = take(memory, series->memory, counter, 1, timeout_ns, &taken);
    int32_t label = counter->period.label;
    leave(series);
    if (status != DOCKET_OK)
        return dk_take_explain(series, status, timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns);
    if (text != NULL)
        dk_rendered_write(&day.rendered, taken, text);
    if (number != NULL)
        *number = taken;
    if (period != NULL)
        *period = label;
    return DOCKET_OK;
}

/* ---- blocks ---- */

/* A leased block's rest is told by its cursor, as at a real desk. */
static void begin_lease(struct docket_block *block, struct memory_run *run, struct seat *seat)
{
    block->lease = (struct lease){.seat = seat,
                                  .cursor = &run->cursor,
                                  .first = run->first,
                                  .size = block->count,
                                  .number = 1,
                                  .open = true};
    dk_lease_publish(&block->lease, 0);
}

static docket_status open_block(docket_series *series, int64_t timeout_ns, struct docket_block *block)
{
    struct memory *memory = series->realm->memory;
    struct memory_counter *counter;
    int64_t now_s;
    docket_status status = enter(series, &now_s, &counter);
    if (status != DOCKET_OK)
        return status;
    struct memory_run *run = new_run(memory); /* a strict one needs it to become void */
    status = run == NULL ? dk_memory_full() : DOCKET_OK;
    if (status == DOCKET_OK)
        status = take(memory, series->memory, counter, block->count, timeout_ns, &block->first);
    begin_edit(memory);
    if (status == DOCKET_OK) {
        run->first = block->first;
        run->last = block->first + block->count - 1;
        if (!series->strict) {
            begin_lease(block, run, series->realm->memory_seat);
            link_run(&counter->open, run);
        }
    } else if (run != NULL) {
        free_run(memory, run);
    }
    end_edit(memory);
    block->memory_run = run;
    block->memory_counter = counter;
    block->period = counter->period.label;
    block->from_s = counter->period.start_s;
    block->until_s = counter->period.end_s;
    leave(series);
    return dk_take_explain(series, status, timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns);
}

docket_status dk_memory_block_open(docket_series *series, uint32_t count, int64_t timeout_ns, docket_block **block)
{
    docket_status status = check_failing(series, timeout_ns);
    if (status != DOCKET_OK)
        return status;
    struct docket_block *made = dk_block_new();
    if (made == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a block");
    made->serial = series->serial;
    made->series = series;
    made->strict = series->strict;
    made->count = count;
    status = open_block(series, timeout_ns, made);
    if (status != DOCKET_OK) {
        dk_block_free(made);
        return status;
    }
    *block = made;
    return DOCKET_OK;
}

/* A strict block's end: free again if nobody took later, else void; handed out
 * once its period is over. */
static uint32_t give_back_strict(struct memory *memory, const struct docket_block *block, struct memory_run *run)
{
    struct memory_counter *counter = block->memory_counter;
    uint32_t left = block->count - block->taken, returned = 0;
    run->first = block->first + block->taken;
    if (left > 0 && !counter->ended && run->last + 1 == counter->number) {
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

docket_status dk_memory_look(docket_series *series, uint64_t *next, uint64_t *count, int32_t *period)
{
    struct memory_counter *counter;
    int64_t now_s;
    docket_status status = enter(series, &now_s, &counter);
    if (status != DOCKET_OK)
        return status;
    *next = counter->number;
    *count = counter->mark - counter->number;
    if (!series->strict && *count == 0)
        *next = 0;
    for (const struct memory_run *run = counter->spares; run != NULL; run = run->next)
        *count += run->last - run->first + 1;
    if (counter->spares != NULL)
        *next = counter->spares->first;
    *period = counter->period.label;
    leave(series);
    return *next != 0 ? DOCKET_OK : dk_take_explain(series, DOCKET_TIMEOUT, 0);
}
