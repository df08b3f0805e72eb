/* SPDX-License-Identifier: MIT */
/* counters: the counters in memory, and the lists they stand in. */
#include "daemon/daemon.h"

#include "base/clock.h"

#include <stdlib.h>

/* ---- the list of all: who has no bank stands in front of those who have ---- */

static void link_first(struct dk_daemon *daemon, struct dk_counter *counter)
{
    counter->previous_of_all = NULL;
    counter->next_of_all = daemon->counters;
    if (daemon->counters != NULL)
        daemon->counters->previous_of_all = counter;
    else
        daemon->last_counter = counter;
    daemon->counters = counter;
}

static void link_last(struct dk_daemon *daemon, struct dk_counter *counter)
{
    counter->next_of_all = NULL;
    counter->previous_of_all = daemon->last_counter;
    if (daemon->last_counter != NULL)
        daemon->last_counter->next_of_all = counter;
    else
        daemon->counters = counter;
    daemon->last_counter = counter;
}

static void unlink_of_all(struct dk_daemon *daemon, struct dk_counter *counter)
{
    if (counter->previous_of_all != NULL)
        counter->previous_of_all->next_of_all = counter->next_of_all;
    else
        daemon->counters = counter->next_of_all;
    if (counter->next_of_all != NULL)
        counter->next_of_all->previous_of_all = counter->previous_of_all;
    else
        daemon->last_counter = counter->previous_of_all;
}

struct dk_counter *dk_counter_new(struct dk_daemon *daemon, struct dk_series_book *series,
                                  const struct dk_period *period, const struct dk_counter_image *image)
{
    struct dk_counter *counter = dk_must_alloc(1, sizeof *counter);
    counter->series = series;
    counter->period = *period;
    counter->bank = -1;
    counter->extent_first = image->extent_first;
    counter->extent_last = image->extent_last;
    counter->interval_first = image->interval_first;
    counter->base = image->next;
    counter->mark = image->mark;
    counter->next = image->next;
    counter->limit = image->next;
    counter->laid = image->next;
    counter->window = DK_WINDOW_MIN;
    counter->exposed = image->mark - image->next;
    for (uint32_t i = 0; i < image->place_count; i++)
        counter->exposed += image->places[i].size - image->places[i].offset; /* 0 where nothing lies */
    counter->looked_ns = dk_clock_monotonic_ns();
    counter->looked_next = image->next;
    counter->closed = dk_image_has_ended(image);
    counter->closing = counter->closing_said = image->closed == DK_CLOSING;
    counter->last_date = image->last_date;
    for (uint32_t i = 0; i < image->spare_count; i++)
        dk_ranges_add(&counter->spares, &counter->spare_count, image->spares[i].first, image->spares[i].last);
    counter->next_of_series = series->counters;
    series->counters = counter;
    if (period->label > series->newest)
        series->newest = period->label;
    link_first(daemon, counter);
    return counter;
}

void dk_counter_seat(struct dk_counter *counter, int bank)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    unlink_of_all(daemon, counter);
    counter->bank = bank;
    if (bank < 0)
        link_first(daemon, counter);
    else
        link_last(daemon, counter);
}

void dk_counter_leave(struct dk_counter *counter)
{
    dk_keeper_forget(counter);
    dk_keeper_unwatch(counter);
    unlink_of_all(dk_daemon_of(counter), counter);
    struct dk_counter **at = &counter->series->counters;
    while (*at != counter)
        at = &(*at)->next_of_series; /* a few at most */
    *at = counter->next_of_series;
    dk_accounted_refuse(counter, DOCKET_UNREACHABLE, "the counter has just left memory; ask again");
}

void dk_counter_free(struct dk_counter *counter)
{
    free(counter->rows);
    free(counter->spares);
    free(counter->said);
    free(counter);
}
