/* SPDX-License-Identifier: MIT */
/*
 * keeper: decides whose turn it is. A turn of a counter looks at its shared
 * words, plans, commits if the plan needs it, and applies: commit, lay, ring,
 * never another order. strict.c and leased.c do the work of a turn.
 */
#include "daemon/daemon.h"

#include "base/check.h"
#include "base/clock.h"
#include "table/doorbell.h"
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

/* The docketd before may have laid and not rung; adopt.c. */
static void wake_once(struct dk_counter *counter)
{
    if (counter->unwoken && counter->bank >= 0)
        dk_doorbell_announce(&dk_book_bank(counter)->supply);
    counter->unwoken = false;
}

static void run_one(struct dk_counter *counter)
{
    dk_keeper_forget(counter);
    wake_once(counter);
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

/*
 * After a burst a whole window would stay exposed until the series is used again. So
 * counters of which a power loss would cost more than a little are watched, in the
 * order in which they are looked at: those beyond what books may have each second,
 * and once nobody has used them for 4 s no more than that lies ahead; the others each
 * quarter of a minute, and after a minute in which no number was given a minute's
 * numbers are the least. Each step is one turn, one commit.
 */
#define EXPOSED_LITTLE (4 * DK_WINDOW_MIN)
static const struct {
    int64_t look_ns, quiet_ns;
    uint32_t most;
} watches[2] = {{DK_SECOND_NS, 4 * DK_SECOND_NS, DOCKET_WINDOW_MAX}, {15 * DK_SECOND_NS, 60 * DK_SECOND_NS, DK_WINDOW_MIN}};

void dk_keeper_unwatch(struct dk_counter *counter)
{
    if (counter->watched == DK_NOT_WATCHED)
        return;
    struct dk_watch *watch = &dk_daemon_of(counter)->watch[counter->watched - DK_WATCHED_OFTEN];
    if (counter->previous_watched != NULL)
        counter->previous_watched->next_watched = counter->next_watched;
    else
        watch->first = counter->next_watched;
    if (counter->next_watched != NULL)
        counter->next_watched->previous_watched = counter->previous_watched;
    else
        watch->last = counter->previous_watched;
    counter->watched = DK_NOT_WATCHED;
}

static void watch_until(struct dk_counter *counter, enum dk_watched watched, int64_t look_ns)
{
    struct dk_watch *watch = &dk_daemon_of(counter)->watch[watched - DK_WATCHED_OFTEN];
    counter->watched = watched;
    counter->look_ns = look_ns;
    counter->next_watched = NULL;
    counter->previous_watched = watch->last;
    if (watch->last != NULL)
        watch->last->next_watched = counter;
    else
        watch->first = counter;
    watch->last = counter;
}

static void watch(struct dk_counter *counter)
{
    enum dk_watched watched = counter->exposed > DOCKET_WINDOW_MAX ? DK_WATCHED_OFTEN : DK_WATCHED;
    if (counter->bank < 0 || counter->exposed <= EXPOSED_LITTLE || counter->watched == watched ||
        counter->watched == DK_WATCHED_OFTEN)
        return;
    dk_keeper_unwatch(counter);
    counter->moved_ns = dk_clock_monotonic_ns();
    watch_until(counter, watched, counter->moved_ns + watches[watched - DK_WATCHED_OFTEN].look_ns);
}

/* A number that changes when somebody uses it; relaxed: only compared. A lease's own numbers
 * are not seen here: a block is used up, and the next one claimed, in less than the quiet
 * time at the rate that made it so large. */
static uint64_t motion(const struct dk_counter *counter)
{
    uint64_t sum = 0;
    if (dk_is_strict(counter))
        return dk_load_relaxed(&dk_book_table_bank(counter)->strict) >> 18;
    for (uint32_t r = 0; r < counter->row_count; r++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            sum += dk_load_relaxed(dk_book_claim(counter->series->desk, counter->rows[r].row, i));
    return sum;
}

static bool has_moved(struct dk_counter *counter)
{
    uint64_t now = motion(counter);
    bool moved = counter->stirred || now != counter->moved_by;
    counter->stirred = false;
    counter->moved_by = now;
    return moved;
}

/* What the other period's window asks for: see lead_next_period(). */
static uint32_t least_of(const struct dk_counter *counter)
{
    uint32_t least = 0;
    for (int bank = 0; bank < DK_BANKS; bank++) {
        const struct dk_counter *other = counter->series->bank[bank];
        if (other != NULL && other->period.end_s <= counter->period.start_s && other->window > least)
            least = other->window;
    }
    return least;
}

static void look_at(struct dk_counter *counter, int64_t now_ns)
{
    enum dk_watched watched = counter->watched;
    const unsigned at = watched - DK_WATCHED_OFTEN;
    uint32_t most = watches[at].most > least_of(counter) ? watches[at].most : least_of(counter);
    dk_keeper_unwatch(counter);
    if (counter->bank < 0 || counter->exposed <= EXPOSED_LITTLE)
        return;
    if (has_moved(counter))
        counter->moved_ns = now_ns;
    if (now_ns - counter->moved_ns < watches[at].quiet_ns || counter->exposed <= most)
        watch_until(counter, counter->exposed > DOCKET_WINDOW_MAX ? DK_WATCHED_OFTEN : DK_WATCHED, now_ns + watches[at].look_ns);
    else
        dk_keeper_calm(counter, most);
}

void dk_keeper_calm_tick(struct dk_daemon *daemon, int64_t now_ns)
{
    for (size_t at = 0; at < 2; at++)
        while (daemon->watch[at].first != NULL && daemon->watch[at].first->look_ns <= now_ns)
            look_at(daemon->watch[at].first, now_ns);
}

void dk_keeper_calm(struct dk_counter *counter, uint32_t most)
{
    counter->calm_to = most;
    counter->stirred = false;
    dk_keeper_ask_later(counter);
}

bool dk_keeper_calms(struct dk_counter *counter, uint64_t position)
{
    uint32_t most = counter->calm_to;
    counter->calm_to = 0;
    if (most == 0)
        return false;
    if (counter->stirred || counter->exposed <= most) {
        watch(counter); /* somebody came */
        return false;
    }
    counter->window = counter->window < most ? counter->window : most;
    counter->per_minute = 0;
    counter->looked_ns = dk_clock_monotonic_ns();
    counter->looked_next = position;
    return true;
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
    watch(counter);
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
        if (series->bank[bank] != NULL) {
            series->bank[bank]->stirred = true;
            dk_keeper_ask(series->bank[bank]);
        }
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
    watch(counter);
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
