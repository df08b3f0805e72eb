/* SPDX-License-Identifier: MIT */
#include "daemon/books.h"

#include "base/clock.h"
#include "daemon/daemon.h"

#include <stdlib.h>
#include <string.h>

void dk_image_begin(struct dk_counter_image *image, uint64_t series_id, int32_t period, uint64_t start_after,
                    uint64_t incarnation)
{
    memset(image, 0, sizeof *image);
    image->series_id = series_id;
    image->period = period;
    image->extent_first = start_after + 1;
    image->extent_last = DOCKET_NUMBER_MAX;
    image->mark = image->next = image->extent_first;
    image->incarnation = incarnation;
}

uint32_t dk_day_within(const struct dk_series_record *record, int32_t label, int64_t utc_s)
{
    const struct dk_zone *zone = dk_zone_of_policy(record->policy);
    uint32_t today = zone->date(zone, utc_s);
    struct dk_span span;
    if (label == 0 ||
        !dk_span_of_label((enum dk_restart)record->policy->restart, &record->policy->fiscal, label, &span))
        return today;
    return today < span.first ? span.first : today > span.last ? span.last : today;
}

void dk_counter_image_frame(const struct dk_counter *counter, struct dk_counter_image *image)
{
    memset(image, 0, sizeof *image);
    image->series_id = counter->series->record.id;
    image->period = counter->period.label;
    image->closed = counter->closing ? DK_CLOSING : counter->closed ? DK_ENDED : DK_OPEN;
    image->last_date = counter->last_date;
    image->extent_first = counter->extent_first;
    image->extent_last = counter->extent_last;
    image->interval_first = counter->interval_first;
    image->mark = counter->mark;
    image->next = counter->next;
    image->incarnation = counter->series->desk->map.incarnation;
}

void dk_image_copy_spares(struct dk_counter_image *image, const struct dk_range *spares, size_t count)
{
    image->spare_count = (uint32_t)count;
    image->spares = dk_must_alloc(count, sizeof *image->spares);
    if (count > 0)
        memcpy(image->spares, spares, count * sizeof *image->spares);
}

void dk_ranges_add(struct dk_range **ranges, size_t *count, uint64_t first, uint64_t last)
{
    size_t at = 0;
    while (at < *count && (*ranges)[at].last + 1 < first)
        at++;
    struct dk_range added = {first, last};
    size_t merged = 0; /* how many existing ranges the new one touches */
    while (at + merged < *count && (*ranges)[at + merged].first <= added.last + 1) {
        if ((*ranges)[at + merged].first < added.first)
            added.first = (*ranges)[at + merged].first;
        if ((*ranges)[at + merged].last > added.last)
            added.last = (*ranges)[at + merged].last;
        merged++;
    }
    if (merged == 0)
        *ranges = dk_must_grow(*ranges, *count + 1, sizeof **ranges);
    size_t behind = *count - at - merged;
    if (behind > 0)
        memmove(&(*ranges)[at + 1], &(*ranges)[at + merged], behind * sizeof **ranges);
    (*ranges)[at] = added;
    *count = at + 1 + behind;
}

struct dk_range dk_ranges_cut(struct dk_range *ranges, size_t *count, size_t index, uint64_t most)
{
    struct dk_range whole = ranges[index];
    if (whole.last - whole.first + 1 > most) {
        ranges[index].first = whole.first + most;
        return (struct dk_range){whole.first, whole.first + most - 1};
    }
    memmove(&ranges[index], &ranges[index + 1], (*count - index - 1) * sizeof *ranges);
    (*count)--;
    return whole;
}

/*
 * A window is a minute of the seen rate, at least DK_WINDOW_MIN and at most the
 * policy's. It comes there in steps, fourfold up and by half down: so the first
 * calls of a series cost little after a power loss, however fast they were, and
 * one slow minute does not cost the runway.
 */
void dk_counter_judge_window(struct dk_counter *counter, uint64_t given, int64_t now_ns)
{
    if (counter->resumed) {
        counter->resumed = false; /* how long it took to come here says nothing about the rate */
        counter->looked_ns = now_ns;
        counter->looked_next = given;
        return;
    }
    int64_t elapsed_ns = now_ns - counter->looked_ns;
    if (elapsed_ns < 1)
        elapsed_ns = 1;
    uint64_t count = given > counter->looked_next ? given - counter->looked_next : 0;
    const double most_seen = 1e15; /* no counter has more numbers */
    double a_minute = (double)count * 60e9 / (double)elapsed_ns;
    counter->per_minute = a_minute < most_seen ? (uint64_t)(a_minute + 0.5) : (uint64_t)most_seen;
    uint64_t largest = counter->series->record.policy->window;
    uint64_t window = a_minute > (double)largest ? largest : (uint64_t)a_minute;
    if (window > (uint64_t)counter->window * 4)
        window = (uint64_t)counter->window * 4;
    if (window < counter->window / 2)
        window = counter->window / 2;
    if (window < DK_WINDOW_MIN)
        window = DK_WINDOW_MIN;
    counter->window = (uint32_t)(window > largest ? largest : window);
    counter->looked_ns = now_ns;
    counter->looked_next = given;
}

static uint32_t eighth(uint32_t window)
{
    return window / 8 > 0 ? window / 8 : 1;
}

uint32_t dk_block_most(const struct dk_policy *policy)
{
    return eighth(policy->window);
}

/*
 * An eighth of the window. Beyond what books may have, where a window is no more
 * than a moment's numbers: BLOCK_NS at the seen rate, at most an eighth, and so
 * many that FREE_BLOCKS of them hold the window.
 */
uint32_t dk_counter_block(const struct dk_counter *counter)
{
    const uint64_t block_ns = 4000000, least = DOCKET_WINDOW_MAX / 8;
    uint32_t most = eighth(counter->window);
    if (most <= least)
        return most;
    double at_rate = (double)counter->per_minute * (double)block_ns / 60e9;
    uint64_t block = counter->window / 32 > least ? counter->window / 32 : least;
    if (at_rate > (double)block)
        block = at_rate < (double)most ? (uint64_t)at_rate : most;
    return (uint32_t)block;
}
