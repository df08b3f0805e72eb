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

/* Looks at the want bits beside the ticks: not nearer together, nor farther. */
enum { LOOK_LEAST_NS = 100000, LOOK_MOST_NS = 100000000 };

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
        counter->window = pace.window < largest ? (uint32_t)pace.window : largest;
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

static void ask_slot(struct dk_desk_book *desk, uint32_t slot)
{
    struct dk_series_book *series = slot < desk->slots_used ? desk->series[slot] : NULL;
    if (series == NULL)
        return; /* a bit that no series owns: scribbled, or a slot still being made */
    dk_evict_cancel(series); /* somebody wants it */
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL)
            dk_keeper_ask(series->bank[bank]);
}

static bool sweep_desk(struct dk_desk_book *desk)
{
    bool found = false;
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
                ask_slot(desk, (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(wanted));
                found = true;
            }
        }
    }
    return found;
}

bool dk_keeper_sweep(struct dk_daemon *daemon)
{
    bool found = false;
    for (uint32_t i = 0; i < daemon->desk_count; i++)
        found = sweep_desk(&daemon->desks[i]) || found;
    if (found) {
        daemon->flagged_ns = dk_clock_monotonic_ns();
        daemon->look_gap_ns *= 2; /* the turns say anew how soon; a series that has none now keeps half a say */
    }
    return found;
}

/* A claim sets a bit and wakes nobody. So docketd looks by itself while what lies
 * there would be gone before the next tick: four times in that time. A series of
 * unknown rate is looked at once more, soon. */
void dk_keeper_expect(struct dk_counter *counter, uint64_t left)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    if (counter->per_minute == 0) {
        daemon->poll_soon = true;
        return;
    }
    double gap_ns = (double)left * 60e9 / (double)counter->per_minute / 4;
    if (gap_ns >= LOOK_MOST_NS || counter->bank < 0)
        return;
    int64_t gap = gap_ns > LOOK_LEAST_NS ? (int64_t)gap_ns : LOOK_LEAST_NS;
    if (daemon->look_gap_ns == 0 || gap < daemon->look_gap_ns)
        daemon->look_gap_ns = gap;
}

/* The longer no bit has come, the longer until the next look, and at last none. */
int64_t dk_keeper_look_in_ns(struct dk_daemon *daemon, int64_t now_ns)
{
    int64_t silence_ns = (now_ns - daemon->flagged_ns) / 2;
    if (daemon->look_gap_ns == 0)
        return INT64_MAX;
    if (daemon->look_gap_ns >= LOOK_MOST_NS || silence_ns >= LOOK_MOST_NS) {
        daemon->look_gap_ns = 0;
        return INT64_MAX;
    }
    return silence_ns > daemon->look_gap_ns ? silence_ns : daemon->look_gap_ns;
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
