/* SPDX-License-Identifier: MIT */
/*
 * pause: how long the loop may sleep. While something goes on it looks at everything
 * ten times a second; when nothing does it sleeps until somebody rings, sends or
 * commits, until the next thing that the clock brings, or for the heartbeat, twice a
 * second. docs/decisions/0032 has what wakes it, and why.
 *
 * What is left out here costs time, not truth: the loop comes by twice a second anyway.
 */
#include "daemon/door/serve.h"

#include "base/clock.h"
#include "table/desk.h"

enum { POLL_MS = 1, TICK_MS = 100, HEARTBEAT_MS = 500, LINGER_MS = 1000 };

/* Something is under way that only a tick, or a turn of the loop, brings on. */
static bool goes_on(const struct dk_daemon *daemon)
{
    if (daemon->stopping || daemon->errands != NULL || daemon->ended != NULL || daemon->ledger != NULL ||
        daemon->connections->parked != NULL || daemon->closing_walk != NULL || daemon->turn_first != NULL ||
        daemon->later_first != NULL || dk_clerk_pending(daemon->clerk) > 0)
        return true;
    for (uint32_t d = 0; d < daemon->desk_count; d++) {
        const struct dk_desk_book *desk = &daemon->desks[d];
        if (desk->leaving > 0 || desk->reaping > 0 || desk->damaged || dk_evict_is_short(desk))
            return true;
    }
    return false;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until what the clock brings next: an edge of some period, the day of a calendar, a hold that ends. */
static int64_t until_due_ns(const struct dk_daemon *daemon)
{
    int64_t edge_s = least(daemon->next_edge_s, daemon->next_calendar_s);
    int64_t until_ns = INT64_MAX, wall_ns = dk_clock_wall_ns();
    if (edge_s < INT64_MAX / DK_SECOND_NS)
        until_ns = edge_s * DK_SECOND_NS - wall_ns;
    return least(until_ns, dk_ledger_until_ns(daemon, wall_ns));
}

void dk_pause_stir(struct dk_daemon *daemon)
{
    daemon->stirred_ns = dk_clock_monotonic_ns();
}

/* When the next tick is, monotonic. */
static int64_t next_tick_ns(struct dk_daemon *daemon, int64_t now_ns)
{
    int64_t tick_ns = daemon->ticked_ns + TICK_MS * DK_MILLISECOND_NS;
    if (goes_on(daemon))
        daemon->stirred_ns = now_ns;
    if (now_ns - daemon->stirred_ns < LINGER_MS * DK_MILLISECOND_NS)
        return tick_ns;
    int64_t due_ns = until_due_ns(daemon);
    int64_t beat_ns = daemon->ticked_ns + HEARTBEAT_MS * DK_MILLISECOND_NS;
    if (due_ns >= beat_ns - now_ns)
        return beat_ns;
    return now_ns + due_ns > tick_ns ? now_ns + due_ns : tick_ns;
}

bool dk_pause_is_tick(struct dk_daemon *daemon)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    if (daemon->ticked_ns != 0 && now_ns < daemon->ticked_ns + TICK_MS * DK_MILLISECOND_NS)
        return false;
    daemon->ticked_ns = now_ns;
    return true;
}

int64_t dk_pause_ns(struct dk_daemon *daemon)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    int64_t left_ns = next_tick_ns(daemon, now_ns) - now_ns;
    if (dk_keeper_goes_on(daemon) || left_ns < 0)
        return 0;
    if (daemon->poll_soon)
        left_ns = least(left_ns, POLL_MS * DK_MILLISECOND_NS);
    return least(left_ns, dk_keeper_look_in_ns(daemon, now_ns));
}
