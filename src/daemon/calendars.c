/* SPDX-License-Identifier: MIT */
/* calendars: the days of each zone in use, written to the boards ahead of time. */
#include "daemon/daemon.h"

#include "table/calendar.h"

void dk_calendars_write(struct dk_desk *map, int64_t now_s)
{
    struct dk_calendar_day days[DK_CALENDAR_DAYS];
    struct shared_calendar *calendar = dk_desk_calendar(map, 0);
    int64_t day_s = now_s - now_s % 86400 - 86400; /* yesterday, for callers whose clock read is a tick old */
    if (dk_load_relaxed(&calendar->version) % 2 == 0 && dk_load_relaxed(&calendar->count) == DK_CALENDAR_DAYS &&
        dk_load_relaxed(&calendar->days[0].start_s) == (uint64_t)day_s)
        return;
    for (uint32_t i = 0; i < DK_CALENDAR_DAYS; i++) {
        int64_t start_s = day_s + (int64_t)i * 86400;
        days[i] = (struct dk_calendar_day){.start_s = start_s, .yyyymmdd = dk_zone_utc.date(&dk_zone_utc, start_s)};
    }
    dk_calendar_put(calendar, "UTC", 0, days, DK_CALENDAR_DAYS);
    if (dk_load_relaxed(&dk_desk_words(map)->calendars_ready) == 0)
        dk_calendar_publish(map, 1);
}
