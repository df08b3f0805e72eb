/* SPDX-License-Identifier: MIT */
/*
 * keeper: decides whose turn it is. A turn of a counter looks at its shared
 * words, plans, commits if the plan needs it, and applies: commit, lay, ring,
 * never another order. strict.c and leased.c do the work of a turn.
 */
#include "daemon/daemon.h"

#include "base/check.h"
#include "base/clock.h"
#include "table/pace.h"

/* A batch of turns that nobody waits for: one commit each, so that all of a
 * million counters at once (a start, a year's end) hold nobody up. A stop has
 * nobody to hold up, and little time. */
enum { LATER_TURNS = 2048, LATER_TURNS_STOPPING = 32768, LATER_PENDING = 1024 };

/* Flags are looked for again after so much (one LASTS-th) of the time that what lies
 * ready lasts, at least a millisecond and at most a tick: many series that are each
 * used a little share a commit. */
enum { LASTS = 16, LOOK_AGAIN_MS = 100 };

static void append(struct dk_counter *counter, enum dk_queued queue)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    struct dk_counter **first = queue == DK_QUEUED ? &daemon->turn_first : &daemon->later_first;
    struct dk_counter **last = queue == DK_QUEUED ? &daemon->turn_last : &daemon->later_last;
    counter->queued = queue;
    counter->next_in_turn = NULL;
    counter->previous_in_turn = *last;
    if (*last != NULL)
        (*last)->next_in_turn = counter;
    else
        *first = counter;
    *last = counter;
}

void dk_keeper_forget(struct dk_counter *counter)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    if (counter->queued == DK_NOT_QUEUED)
        return;
    struct dk_counter **first = counter->queued == DK_QUEUED ? &daemon->turn_first : &daemon->later_first;
    struct dk_counter **last = counter->queued == DK_QUEUED ? &daemon->turn_last : &daemon->later_last;
    if (counter->previous_in_turn != NULL)
        counter->previous_in_turn->next_in_turn = counter->next_in_turn;
    else
        *first = counter->next_in_turn;
    if (counter->next_in_turn != NULL)
        counter->next_in_turn->previous_in_turn = counter->previous_in_turn;
    else
        *last = counter->previous_in_turn;
    counter->queued = DK_NOT_QUEUED;
}

/* True if it may be queued. */
static bool may_wait(struct dk_counter *counter)
{
    if (counter->busy)
        counter->again = true;
    return !counter->busy && !counter->closed && !counter->series->quarantined;
}

void dk_keeper_ask(struct dk_counter *counter)
{
    if (!may_wait(counter) || counter->queued == DK_QUEUED)
        return;
    dk_keeper_forget(counter);
    append(counter, DK_QUEUED);
}

void dk_keeper_ask_later(struct dk_counter *counter)
{
    if (may_wait(counter) && counter->queued == DK_NOT_QUEUED)
        append(counter, DK_QUEUED_LATER);
}

static void run_one(struct dk_counter *counter)
{
    dk_keeper_forget(counter);
    if (counter->busy) { /* an admin's commit came in between */
        counter->again = true;
        return;
    }
    if (dk_is_strict(counter))
        dk_strict_turn(counter);
    else
        dk_leased_turn(counter);
}

bool dk_keeper_goes_on(const struct dk_daemon *daemon)
{
    return daemon->later_first != NULL && dk_clerk_pending(daemon->clerk) < LATER_PENDING;
}

void dk_keeper_run(struct dk_daemon *daemon)
{
    while (daemon->turn_first != NULL)
        run_one(daemon->turn_first);
    uint32_t left = !dk_keeper_goes_on(daemon) ? 0 : daemon->stopping ? LATER_TURNS_STOPPING : LATER_TURNS;
    while (left-- > 0 && daemon->later_first != NULL)
        run_one(daemon->later_first);
}

void dk_keeper_post(struct dk_counter *counter, struct dk_job *job)
{
    DK_CHECK(!counter->busy);
    counter->busy = true;
    dk_clerk_post(dk_daemon_of(counter)->clerk, job);
}

/* For tools, and for the docketd that adopts the desk. */
static void show_pace(struct dk_counter *counter)
{
    uint64_t word = dk_pace_pack(counter->per_minute, counter->exposed, counter->window);
    const struct dk_series_book *series = counter->series;
    if (counter->bank < 0 || word == counter->shown_pace)
        return;
    /* Relaxed: a figure of its own. */
    dk_store_relaxed(&dk_desk_slot(&series->desk->map, series->slot)->pace[counter->bank], word);
    counter->shown_pace = word;
}

void dk_keeper_adopt_pace(struct dk_counter *counter)
{
    const struct dk_series_book *series = counter->series;
    uint64_t word = dk_load_relaxed(&dk_desk_slot(&series->desk->map, series->slot)->pace[counter->bank]); /* docketd's own */
    struct dk_pace pace = dk_pace_unpack(word);
    uint32_t largest = series->record.policy->window;
    counter->shown_pace = word;
    counter->per_minute = pace.per_minute;
    counter->resumed = true;
    if (pace.window > counter->window)
        counter->window = pace.window;
    if (counter->window > largest)
        counter->window = largest;
}

void dk_keeper_done(struct dk_counter *counter)
{
    counter->busy = false;
    show_pace(counter);
    if (counter->again) {
        counter->again = false;
        dk_keeper_ask(counter);
    }
}

void dk_keeper_ask_detached(struct dk_daemon *daemon)
{
    for (struct dk_counter *counter = daemon->counters; counter != NULL && counter->bank < 0;
         counter = counter->next_of_all)
        dk_keeper_ask_later(counter);
}

/* A flag says that half of the window is gone. How long the other half lasts at the rate
 * that was seen last, and a part of that is soon enough to look again. */
static int look_again_ms(const struct dk_counter *counter)
{
    uint64_t lasts_ms = counter->per_minute == 0 ? 0 : (uint64_t)counter->window / 2 * 60000 / counter->per_minute;
    return lasts_ms < LASTS ? 1 : lasts_ms > (uint64_t)LASTS * LOOK_AGAIN_MS ? LOOK_AGAIN_MS : (int)(lasts_ms / LASTS);
}

/* In how many ms to look again. */
static int ask_slot(struct dk_desk_book *desk, uint32_t slot)
{
    struct dk_series_book *series = slot < desk->slots_used ? desk->series[slot] : NULL;
    int soonest_ms = LOOK_AGAIN_MS;
    if (series == NULL)
        return soonest_ms; /* a bit that no series owns: scribbled, or a slot still being made */
    dk_evict_cancel(series); /* somebody wants it */
    for (int bank = 0; bank < DK_BANKS; bank++) {
        if (series->bank[bank] == NULL)
            continue;
        dk_keeper_ask(series->bank[bank]);
        int again_ms = look_again_ms(series->bank[bank]);
        soonest_ms = again_ms < soonest_ms ? again_ms : soonest_ms;
    }
    return soonest_ms;
}

static int sweep_desk(struct dk_desk_book *desk)
{
    int soonest_ms = 0;
    dk_word *summary = dk_table_want_summary(&desk->map);
    dk_word *bits = dk_table_want_bits(&desk->map);
    size_t words = dk_want_words(&desk->map.geometry);
    for (size_t s = 0; s < dk_want_summary_words(&desk->map.geometry); s++) {
        if (dk_load_relaxed(&summary[s]) == 0) /* relaxed: only a hint to look */
            continue;
        /* Summary first, then bits: a bit set in between sets the summary again. */
        uint64_t marked = dk_exchange_acquire(&summary[s], 0); /* ORDER-12 */
        for (; marked != 0; marked &= marked - 1) {
            size_t word = s * 64 + (size_t)__builtin_ctzll(marked);
            if (word >= words)
                continue;
            uint64_t wanted = dk_exchange_acquire(&bits[word], 0); /* ORDER-12 */
            for (; wanted != 0; wanted &= wanted - 1) {
                int again_ms = ask_slot(desk, (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(wanted));
                soonest_ms = soonest_ms == 0 || again_ms < soonest_ms ? again_ms : soonest_ms;
            }
        }
    }
    return soonest_ms;
}

int dk_keeper_sweep(struct dk_daemon *daemon)
{
    int soonest_ms = 0;
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        int again_ms = sweep_desk(&daemon->desks[i]);
        if (again_ms > 0 && (soonest_ms == 0 || again_ms < soonest_ms))
            soonest_ms = again_ms;
    }
    return soonest_ms;
}

/* The period that comes next has the same supply lying ready as this one, so
 * that its first minutes do without docketd as well as any other. */
static void lead_next_period(struct dk_counter *counter)
{
    for (int bank = 0; bank < DK_BANKS; bank++) {
        struct dk_counter *other = counter->series->bank[bank];
        if (other == NULL || other->period.start_s < counter->period.end_s || other->window >= counter->window)
            continue;
        other->window = counter->window;
        dk_keeper_ask(other);
    }
}

void dk_keeper_judge_window(struct dk_counter *counter, uint64_t given, int64_t now_ns)
{
    if (counter->period.start_s > dk_now_s(dk_daemon_of(counter)))
        return; /* not begun: its window follows the current period's */
    dk_counter_judge_window(counter, given, now_ns);
    show_pace(counter);
    lead_next_period(counter);
}
