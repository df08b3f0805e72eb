/* SPDX-License-Identifier: MIT */
/*
 * text: how a period's numbers are written, and the day that documents carry
 * now, from the board's calendar.
 */
#include "client/inside.h"

#include "numbering/period.h"

/* A form that this library cannot use leaves the numbers as they are; only their
 * texts are refused. */
void dk_writing_set(struct writing *writing, struct docket_series *series, const struct dk_template *resolved,
                    uint8_t flags, uint16_t calendar)
{
    uint64_t widest = dk_template_widest(resolved);
    size_t bytes = dk_template_size(resolved, series->name, flags & DK_FLAG_STOPS ? widest : DOCKET_NUMBER_MAX);
    *writing = (struct writing){.calendar = calendar, .chronological = (flags & DK_FLAG_CHRONOLOGICAL) != 0};
    if (bytes > DOCKET_TEXT_MAX)
        return;
    writing->template = *resolved;
    writing->bytes = (uint16_t)bytes;
    if (dk_load_relaxed(&series->text_bytes) < bytes) /* relaxed: a figure to ask for; threads may write it in any order */
        dk_store_relaxed(&series->text_bytes, bytes);
}

bool dk_writing_read(struct writing *writing, struct docket_series *series, const struct shared_board_slot *slot,
                     int bank, uint64_t epoch)
{
    struct dk_form form;
    struct dk_template template;
    dk_slot_read_form(slot, bank, &form);
    struct dk_slot_settings settings = dk_slot_settings(slot, bank);
    if (dk_load_acquire(&slot->bank[bank].epoch) != epoch) /* ORDER-4 */
        return false;
    *writing = (struct writing){.calendar = settings.calendar,
                                .chronological = (settings.flags & DK_FLAG_CHRONOLOGICAL) != 0};
    if (dk_form_unpack(&form, &template))
        dk_writing_set(writing, series, &template, settings.flags, settings.calendar);
    return true;
}

docket_status dk_writing_fits(const struct writing *writing, const struct docket_series *series, size_t size)
{
    if (writing->bytes == 0)
        return dk_fail(DOCKET_DAMAGED, "the board's template of %s/%s cannot be used; no number was taken", series->tenant,
                       series->name);
    if (size < writing->bytes)
        return dk_fail(DOCKET_BUFFER_TOO_SMALL,
                       "the buffer has %zu bytes and the longest text of %s/%s needs %u; no number was taken", size,
                       series->tenant, series->name, writing->bytes);
    return DOCKET_OK;
}

bool dk_text_today(const struct writing *writing, const struct docket_series *series, const struct seat *seat,
                   int64_t now_s, struct dk_calendar_found *found)
{
    if (series->memory != NULL) {
        found->yyyymmdd = dk_zone_utc.date(&dk_zone_utc, now_s);
        found->from_s = dk_zone_utc.day_start(&dk_zone_utc, found->yyyymmdd);
        found->until_s = found->from_s + 86400;
        return true;
    }
    const struct shared_calendar *calendar = dk_calendar_at(&seat->map, writing->calendar);
    return calendar != NULL && dk_calendar_find(calendar, now_s, found);
}

docket_status dk_text_day(struct text_day *text, const struct writing *writing, const struct docket_series *series,
                          const struct seat *seat, int64_t now_s)
{
    struct dk_calendar_found day = {.from_s = INT64_MIN, .until_s = INT64_MAX};
    if (text->rendered.width != 0 && now_s >= text->from_s && now_s < text->until_s)
        return DOCKET_OK;
    bool asks = writing->template.dated || writing->chronological;
    if (asks && !dk_text_today(writing, series, seat, now_s, &day))
        return dk_fail(DOCKET_PERIOD_NOT_OPEN,
                       "the board's calendar has no day for this clock; docketd publishes %d days ahead: start it, "
                       "or set the clock",
                       DK_CALENDAR_DAYS - 2);
    text->from_s = day.from_s;
    text->until_s = day.until_s;
    text->yyyymmdd = asks ? day.yyyymmdd : 0;
    text->written.hundreds = 0;
    dk_template_render(&writing->template, series->name, day.yyyymmdd, &text->rendered);
    return DOCKET_OK;
}
