/* SPDX-License-Identifier: MIT */
/*
 * load: a series that is in the store and not in memory comes back to the
 * board: its record, its counters as their last images say, a slot.
 */
#include "daemon/recovery/recovery.h"

#include "base/clock.h"

#include <string.h>

/* The current and the next period go on the board; a past one only waits to be closed. */
void dk_load_counter(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_counter_image *image)
{
    struct dk_period now, period;
    if (dk_is_tracked(series))
        return; /* by its image only */
    dk_period_now(daemon, series->record.policy, &now);
    period = now;
    if (image->period > now.label && now.end_s != INT64_MAX)
        dk_period_at_instant(series->record.policy, now.end_s, &period);
    bool over = image->period < now.label || series->record.retired_ns != 0 || image->closed == DK_CLOSING;
    if (over)
        period = (struct dk_period){.label = image->period};
    if (period.label != image->period)
        return; /* a period of a clock that ran ahead: left in the store until its time */
    if (!over && dk_periods_too_late(daemon, series, image->period))
        return;
    int bank = 0;
    while (!over && bank < DK_BANKS && series->bank[bank] != NULL)
        bank++;
    if (bank == DK_BANKS)
        return; /* the clock moved between two images: left in the store until its time. Never a counter without a bank */
    struct dk_counter *counter = dk_counter_new(daemon, series, &period, image);
    if (over) {
        counter->ended = true;
        dk_keeper_ask_later(counter);
        return;
    }
    dk_periods_publish(counter, bank);
}

struct finding {
    struct dk_series_book *series;
    struct dk_images images;
};

static docket_status find_image(void *context, const struct dk_counter_image *image)
{
    struct finding *finding = context;
    if (image->period > finding->series->newest)
        finding->series->newest = image->period; /* closed ones too: none of them is opened again */
    return dk_images_keep(&finding->images, image);
}

docket_status dk_series_load(struct dk_daemon *daemon, const struct dk_series_record *record,
                             struct dk_series_book **loaded)
{
    struct dk_series_book *series = dk_series_book_new(daemon, record);
    struct finding finding = {.series = series};
    series->desk = dk_series_desk(daemon, record->tenant);
    docket_status status = dk_store_each_counter_of(daemon->store, record->id, find_image, &finding);
    if (status == DOCKET_OK)
        status = dk_series_place(daemon, series);
    if (status != DOCKET_OK) {
        dk_images_free(&finding.images);
        dk_series_forget(daemon, series);
        return dk_wrap(status, "%s/%s cannot come back to its desk", record->tenant, record->name);
    }
    for (size_t i = 0; i < finding.images.count; i++)
        dk_load_counter(daemon, series, &finding.images.all[i]);
    dk_images_free(&finding.images);
    dk_periods_look(daemon, series, dk_now_s(daemon));
    *loaded = series;
    return DOCKET_OK;
}
