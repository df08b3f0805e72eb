/* SPDX-License-Identifier: MIT */
/* text: the day that documents carry now, from the board's calendar. */
#include "client/inside.h"

#include "numbering/period.h"

/* One look at the calendar; false if docketd was writing it. */
static bool find_day(const struct shared_calendar *calendar, int64_t now_s, struct text_day *day, uint32_t *date)
{
    uint64_t version = dk_load_acquire(&calendar->version); /* ORDER-3 */
    uint64_t count = dk_load_acquire(&calendar->count);
    if ((version & 1) != 0 || count > DK_CALENDAR_DAYS)
        return false;
    *date = 0;
    for (uint64_t i = 0; i + 1 < count; i++) {
        int64_t from_s = (int64_t)dk_load_acquire(&calendar->days[i].start_s);
        int64_t until_s = (int64_t)dk_load_acquire(&calendar->days[i + 1].start_s);
        if (now_s >= from_s && now_s < until_s) {
            day->from_s = from_s;
            day->until_s = until_s;
            *date = (uint32_t)dk_load_acquire(&calendar->days[i].yyyymmdd);
            break;
        }
    }
    return dk_load_acquire(&calendar->version) == version; /* ORDER-3 */
}

docket_status dk_text_day(struct text_day *text, const struct docket_series *series, const struct seat *seat,
                          int64_t now_s)
{
    uint32_t date = 0;
    if (text->rendered.width != 0 && now_s >= text->from_s && now_s < text->until_s)
        return DOCKET_OK;
    if (!series->template.dated) {
        text->from_s = INT64_MIN;
        text->until_s = INT64_MAX;
    } else if (series->memory != NULL) {
        text->from_s = now_s - now_s % 86400;
        text->until_s = text->from_s + 86400;
        date = dk_zone_utc.date(&dk_zone_utc, now_s);
    } else {
        bool whole = false;
        for (int tries = 0; tries < 1000 && !whole; tries++)
            whole = find_day(dk_desk_calendar(&seat->map), now_s, text, &date);
        if (!whole || date == 0)
            return dk_fail(DOCKET_PERIOD_NOT_OPEN,
                           "the board's calendar has no day for this clock; docketd publishes %d days ahead: start it, "
                           "or set the clock",
                           DK_CALENDAR_DAYS - 2);
    }
    dk_template_render(&series->template, series->name, date, &text->rendered);
    return DOCKET_OK;
}
