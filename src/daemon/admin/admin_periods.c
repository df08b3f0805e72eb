/* SPDX-License-Identifier: MIT */
/* admin_periods: the periods of a series that there have been, are, and will be next. */
#include "daemon/ended/ended.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Off the board from its first day: the calendar tells. */
static enum dk_period_state state_of_tracked(const struct dk_counter_image *image, int32_t now)
{
    if (image->closed == DK_CLOSED_FOR_GOOD)
        return DK_PERIOD_CLOSED;
    return image->period < now ? DK_PERIOD_ENDED : image->period > now ? DK_PERIOD_NEXT : DK_PERIOD_OPEN;
}

enum dk_period_state dk_period_state_of(bool tracked, const struct dk_counter *counter,
                                        const struct dk_counter_image *image, int32_t now)
{
    if (tracked)
        return state_of_tracked(image, now);
    if (counter != NULL && !counter->closed)
        return counter->closing                       ? DK_PERIOD_CLOSING
               : counter->ended                       ? DK_PERIOD_ENDED
               : counter->period.label > now          ? DK_PERIOD_NEXT
                                                      : DK_PERIOD_OPEN;
    if (image->closed == DK_CLOSED_FOR_GOOD)
        return DK_PERIOD_CLOSED;
    if (image->closed == DK_CLOSING)
        return DK_PERIOD_CLOSING;
    return image->closed == DK_ENDED || image->period < now ? DK_PERIOD_ENDED
           : image->period > now                            ? DK_PERIOD_NEXT
                                                            : DK_PERIOD_OPEN;
}

/* Of a counter in memory, by its words; of another one by its image. */
static docket_status count_given(struct dk_errand *errand, const struct dk_counter *counter,
                                 const struct dk_counter_image *image, struct dk_period_wire *row)
{
    struct dk_fate_list list = {0};
    row->mark = image->mark;
    if (counter == NULL) {
        row->given = image->next - image->extent_first;
        for (uint32_t i = 0; i < image->spare_count; i++)
            row->given -= image->spares[i].last - image->spares[i].first + 1;
        return DOCKET_OK;
    }
    docket_status status = dk_fate_list(errand->daemon, errand->series, image->period, &list);
    for (size_t i = 0; status == DOCKET_OK && i < list.count; i++)
        if (list.pieces[i].fate != DK_FATE_LAID && list.pieces[i].fate != DK_FATE_OPEN &&
            list.pieces[i].fate != DK_FATE_SPARE)
            row->given += list.pieces[i].last - list.pieces[i].first + 1;
    if (status == DOCKET_OK && list.found)
        row->mark = list.mark;
    free(list.pieces);
    return status;
}

static void put_lease_holders(const struct dk_counter *counter, struct dk_period_wire *row)
{
    if (counter == NULL || dk_is_strict(counter))
        return;
    struct dk_holder_wire *holders = dk_holders_of(counter->series->desk, counter, &row->holder_count);
    for (uint32_t i = 0; i < row->holder_count && i < DK_PERIOD_HOLDERS; i++)
        row->holders[i] = holders[i];
    free(holders);
}

static docket_status put_row(void *context, const struct dk_counter_image *image)
{
    struct dk_errand *errand = context;
    const struct dk_series_book *series = errand->series;
    const struct dk_policy *policy = series->record.policy;
    struct dk_period_wire row = {.period = image->period, .extent_first = image->extent_first, .end_s = INT64_MAX};
    const struct dk_counter *counter = dk_series_counter(series, image->period);
    struct dk_period period, now;
    struct dk_span span;
    if (dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, image->period, &span)) {
        row.first = span.first;
        row.last = span.last;
    }
    if (image->period != 0 && dk_period_of(policy, dk_zone_of_policy(policy), image->period, &period)) {
        row.start_s = period.start_s;
        row.end_s = period.end_s;
    }
    dk_period_now(errand->daemon, policy, &now);
    row.state = dk_period_state_of(dk_is_tracked(series), counter, image, now.label);
    row.last_date = counter != NULL && counter->last_date > image->last_date ? counter->last_date : image->last_date;
    put_lease_holders(counter, &row);
    docket_status status = count_given(errand, counter, image, &row);
    if (status == DOCKET_OK)
        dk_errand_answer(errand, &row, sizeof row);
    return status;
}

/* One that is tracked has an image of a period once something was asked of it: the current one is
 * shown all the same. */
static docket_status put_current(struct dk_errand *errand)
{
    const struct dk_series_book *series = errand->series;
    const struct dk_period_wire *rows = errand->answer;
    struct dk_counter_image image;
    struct dk_period now;
    dk_period_now(errand->daemon, series->record.policy, &now);
    for (size_t i = 0; i < errand->answer_bytes / sizeof *rows; i++)
        if (rows[i].period == now.label)
            return DOCKET_OK;
    dk_ended_begin(&series->record, now.label, series->desk->map.incarnation, &image);
    return put_row(errand, &image);
}

static int compare_rows(const void *left, const void *right)
{
    const struct dk_period_wire *a = left, *b = right;
    return a->period < b->period ? -1 : a->period > b->period;
}

docket_status dk_errand_periods(struct dk_errand *errand)
{
    docket_status status = dk_errand_find(errand);
    if (status != DOCKET_OK)
        return status;
    dk_fate_wait(errand->daemon); /* books and store speak of one moment */
    status = dk_store_each_counter_of(errand->daemon->store, errand->series->record.id, put_row, errand);
    if (status == DOCKET_OK && dk_is_tracked(errand->series) && errand->series->record.retired_ns == 0)
        status = put_current(errand);
    size_t count = errand->answer_bytes / sizeof(struct dk_period_wire);
    if (count > 1) /* the journal's come last */
        qsort(errand->answer, count, sizeof(struct dk_period_wire), compare_rows);
    return status;
}
