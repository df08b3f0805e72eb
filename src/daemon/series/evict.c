/* SPDX-License-Identifier: MIT */
/*
 * evict: series that nobody uses leave the board, so that it holds those that
 * are used and not all that ever were. The store keeps them; the next call
 * brings them back (load.c).
 *
 * A series leaves in this order, none of it ever changed: its counters are put
 * off (settled: what is laid is taken back, the exact position is durable),
 * their banks are cleared, the slot's generation is 0, its directory entry
 * goes, and docketd forgets it. Killed anywhere in it, the next docketd finds
 * it on the board at rest, or a slot of nobody.
 *
 * Who is idle is told by a hand that goes round over the slots, a few in each
 * tick: a series whose shared words have not moved since the hand came by has
 * been quiet. It leaves after evict_after_s; or at once, when slots run out, if
 * it was quiet for a whole round.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "table/directory.h"
#include "table/doorbell.h"

enum {
    LOOKS_PER_TICK = 4096,
    LOOKS_FOR_ROOM = 8192,
    LEAVE_FOR_ROOM = 64,
    LEAVING_MOST = 4096,   /* on their way out at once */
    ROUNDS = 4,            /* of the hand in evict_after_s */
    LOW_PART = 64,         /* fewer than so much of the slots free: some leave early */
    LOW_MOST = 1024,
    PAST_MS = 1000         /* most that a tick makes up for */
};

/* A number that changes when somebody uses the series. */
static uint64_t motion(const struct dk_series_book *series)
{
    struct dk_desk_book *desk = series->desk;
    uint64_t sum = 0;
    for (const struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series) {
        if (counter->bank < 0)
            continue;
        if (dk_is_strict(counter)) /* relaxed: only compared */
            sum += dk_load_relaxed(&dk_book_table_bank(counter)->strict) >> 18;
        for (uint32_t r = 0; r < counter->row_count; r++)
            for (int i = 0; i < DK_PLACES_PER_ROW; i++)
                sum += dk_load_relaxed(dk_book_claim(desk, counter->rows[r].row, i)); /* relaxed: only compared */
    }
    return sum;
}

/* A lease that is out, or was not yet cleared. */
static bool has_lease(const struct dk_counter *counter)
{
    struct dk_desk_book *desk = counter->series->desk;
    for (uint32_t r = 0; r < counter->row_count; r++) {
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            uint64_t word = dk_load_relaxed(dk_book_claim(desk, counter->rows[r].row, i)); /* relaxed: settling looks again */
            if (word >> 62 == DK_OWNED)
                return true;
        }
    }
    return false;
}

bool dk_evict_may(const struct dk_series_book *series)
{
    if (series->quarantined || series->publishing || series->evicting || series->held ||
        series->desk->daemon->stopping || dk_admin_concerns(series) || dk_ended_concerns(series, -1) ||
        (dk_is_tracked(series) && dk_ledger_concerns(series, false)))
        return false;
    for (const struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series)
        if (counter->busy || counter->bank < 0 || counter->ended || counter->ahead || counter->queued == DK_QUEUED ||
            counter->give_backs != NULL || has_lease(counter))
            return false;
    return true;
}

void dk_evict_begin(struct dk_series_book *series)
{
    series->evicting = true;
    series->desk->leaving++;
    if (series->counters == NULL) {
        dk_evict_finish(series);
        return;
    }
    for (struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series) {
        counter->ahead = true; /* off the board as it stands, not ended */
        counter->settled = false;
        dk_keeper_ask_later(counter);
    }
}

void dk_evict_finish(struct dk_series_book *series)
{
    struct dk_desk_book *desk = series->desk;
    struct shared_board_words *words = dk_desk_words(&desk->map);
    struct shared_board_slot *slot = dk_desk_slot(&desk->map, series->slot);
    dk_store_release(&slot->generation, 0); /* its banks' epochs are 0 already: ORDER-16 */
    dk_directory_remove(&desk->map, series->slot);
    desk->series[series->slot] = NULL;
    dk_slots_put_free(desk, series->slot);
    dk_store_release(&words->evictions, dk_load_relaxed(&words->evictions) + 1); /* docketd wrote it itself */
    desk->leaving--;
    for (int bank = 0; bank < DK_BANKS; bank++)
        dk_doorbell_announce(&slot->bank[bank].supply); /* whoever came too late looks again, and asks */
    dk_series_forget(desk->daemon, series);
}

void dk_evict_cancel(struct dk_series_book *series)
{
    if (!series->evicting)
        return;
    series->evicting = false;
    series->desk->leaving--;
    series->wanted = true;
    series->quiet_since_s = dk_clock_monotonic_ns() / DK_SECOND_NS;
    for (struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series)
        if (counter->bank >= 0 && !counter->busy && !counter->settled)
            counter->ahead = false; /* its turn to leave had not come */
    dk_edges_set(series->desk->daemon, series, 0); /* those that had gone come back */
}

/* Nobody has used it, and a block lies with it that may be used up: a turn tells,
 * and clears it for the hand's next round. */
static void clear_up(struct dk_series_book *series)
{
    for (struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series)
        if (counter->bank >= 0 && has_lease(counter))
            dk_keeper_ask_later(counter);
}

/* The hand is at this series: true if it may go. */
static bool is_quiet(struct dk_series_book *series, int64_t now_s, bool early)
{
    uint64_t moved = motion(series);
    if (moved != series->motion) {
        series->motion = moved;
        series->quiet_since_s = now_s;
        return false;
    }
    uint32_t after_s = series->desk->daemon->config.evict_after_s;
    return early || now_s - series->quiet_since_s >= (int64_t)after_s;
}

/* Moves the hand over so many slots; how many series begin to leave. */
static uint32_t go_round(struct dk_desk_book *desk, uint32_t looks, uint32_t most, bool early)
{
    int64_t now_s = dk_clock_monotonic_ns() / DK_SECOND_NS;
    uint32_t begun = 0;
    for (; looks > 0 && begun < most && desk->slots_used > 0 && desk->leaving < LEAVING_MOST; looks--) {
        if (desk->hand >= desk->slots_used)
            desk->hand = 0;
        struct dk_series_book *series = desk->series[desk->hand++];
        if (series == NULL || !is_quiet(series, now_s, early))
            continue;
        if (!dk_evict_may(series)) {
            clear_up(series);
            continue;
        }
        dk_evict_begin(series);
        begun++;
    }
    return begun;
}

/* Slots that can still be had. */
static uint32_t slots_left(const struct dk_desk_book *desk)
{
    uint32_t taken = desk->slots_used - desk->free_count + desk->coming;
    return taken < desk->map.geometry.slots_max ? desk->map.geometry.slots_max - taken : 0;
}

bool dk_evict_for_room(struct dk_desk_book *desk)
{
    if (desk->daemon->config.evict_after_s == 0 || desk->slots_used == 0)
        return false;
    uint32_t looks = desk->slots_used < LOOKS_FOR_ROOM ? desk->slots_used : LOOKS_FOR_ROOM;
    /* Twice: the first time the hand may only learn who moves. */
    for (int round = 0; round < 2 && desk->leaving == 0; round++)
        go_round(desk, looks, LEAVE_FOR_ROOM, true);
    return true; /* where nobody may leave just now, somebody may soon */
}

/* Fewer than these: some leave early. */
static uint32_t low_of(const struct dk_desk_book *desk)
{
    uint32_t low = desk->map.geometry.slots_max / LOW_PART;
    return low < LOW_MOST ? low : LOW_MOST;
}

bool dk_evict_is_short(const struct dk_desk_book *desk)
{
    return desk->daemon->config.evict_after_s != 0 && slots_left(desk) + desk->leaving < low_of(desk);
}

/* So many looks have come due since the last tick: ROUNDS over all slots in evict_after_s. */
static uint32_t looks_due(struct dk_desk_book *desk, int64_t now_ns)
{
    int64_t past_ms = desk->looked_ns == 0 ? 0 : (now_ns - desk->looked_ns) / DK_MILLISECOND_NS;
    uint64_t a_look = (uint64_t)desk->daemon->config.evict_after_s * 1000;
    if (desk->looked_ns == 0 || past_ms > 0)
        desk->looked_ns = now_ns;
    desk->look_credit += (uint64_t)(past_ms < PAST_MS ? past_ms : PAST_MS) * desk->slots_used * ROUNDS;
    uint64_t looks = desk->look_credit / a_look;
    desk->look_credit %= a_look;
    return looks < LOOKS_PER_TICK ? (uint32_t)looks : LOOKS_PER_TICK;
}

void dk_evict_tick(struct dk_daemon *daemon)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    uint32_t after_s = daemon->config.evict_after_s;
    if (after_s == 0 || daemon->stopping)
        return;
    for (uint32_t d = 0; d < daemon->desk_count; d++) {
        struct dk_desk_book *desk = &daemon->desks[d];
        uint32_t looks = looks_due(desk, now_ns);
        if (dk_evict_is_short(desk))
            go_round(desk, LOOKS_PER_TICK, low_of(desk) - slots_left(desk) - desk->leaving, true);
        else
            go_round(desk, looks, LOOKS_PER_TICK, false);
    }
}
