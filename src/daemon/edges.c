/* SPDX-License-Identifier: MIT */
/*
 * edges: which series must be looked at next because its periods move: a heap
 * by time. A million series cost nothing until their time comes.
 */
#include "daemon/daemon.h"

static void seat(struct dk_daemon *daemon, size_t at, struct dk_series_book *series)
{
    daemon->edges[at] = series;
    series->edge_at = at + 1;
}

static void rise(struct dk_daemon *daemon, size_t at, struct dk_series_book *series)
{
    for (size_t above; at > 0; at = above) {
        above = (at - 1) / 2;
        if (daemon->edges[above]->next_edge_s <= series->next_edge_s)
            break;
        seat(daemon, at, daemon->edges[above]);
    }
    seat(daemon, at, series);
}

static void sink(struct dk_daemon *daemon, size_t at, struct dk_series_book *series)
{
    for (size_t below; (below = 2 * at + 1) < daemon->edge_count; at = below) {
        if (below + 1 < daemon->edge_count &&
            daemon->edges[below + 1]->next_edge_s < daemon->edges[below]->next_edge_s)
            below++;
        if (series->next_edge_s <= daemon->edges[below]->next_edge_s)
            break;
        seat(daemon, at, daemon->edges[below]);
    }
    seat(daemon, at, series);
}

static void take_out(struct dk_daemon *daemon, struct dk_series_book *series)
{
    size_t at = series->edge_at - 1;
    struct dk_series_book *last = daemon->edges[--daemon->edge_count];
    series->edge_at = 0;
    if (last == series)
        return;
    if (at > 0 && last->next_edge_s < daemon->edges[(at - 1) / 2]->next_edge_s)
        rise(daemon, at, last);
    else
        sink(daemon, at, last);
}

static void put_in(struct dk_daemon *daemon, struct dk_series_book *series)
{
    if (daemon->edge_count == daemon->edge_room) {
        daemon->edge_room = daemon->edge_room * 2 + 64;
        daemon->edges = dk_must_grow(daemon->edges, daemon->edge_room, sizeof(struct dk_series_book *));
    }
    rise(daemon, daemon->edge_count++, series);
}

void dk_edges_set(struct dk_daemon *daemon, struct dk_series_book *series, int64_t when_s)
{
    if (series->edge_at != 0)
        take_out(daemon, series);
    series->next_edge_s = when_s;
    if (when_s != INT64_MAX)
        put_in(daemon, series);
    daemon->next_edge_s = daemon->edge_count > 0 ? daemon->edges[0]->next_edge_s : INT64_MAX;
}

struct dk_series_book *dk_edges_due(const struct dk_daemon *daemon, int64_t now_s)
{
    return daemon->edge_count > 0 && daemon->edges[0]->next_edge_s <= now_s ? daemon->edges[0] : NULL;
}

void dk_edges_all_due(struct dk_daemon *daemon)
{
    for (size_t i = 0; i < daemon->edge_count; i++)
        daemon->edges[i]->next_edge_s = 0; /* all alike is a heap too */
    if (daemon->edge_count > 0)
        daemon->next_edge_s = 0;
}
