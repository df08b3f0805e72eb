/* SPDX-License-Identifier: MIT */
/*
 * calendars: the days of each zone in use, written to the boards ahead of time, so
 * that workers know the date without knowing the zone. A page belongs to its zone
 * as long as the desk lives. A zone that the database does not have any more keeps
 * the days that its page has.
 */
#include "daemon/daemon.h"

#include "base/log.h"
#include "daemon/days/zones.h"
#include "table/calendar.h"

#include <string.h>

/* From yesterday on, for callers whose clock read is a tick old; of the dates that
 * documents may carry, and the first instant after the last of them. 0: today is
 * none of them. */
static uint32_t make_days(const struct dk_zone *zone, int64_t now_s, struct dk_calendar_day days[DK_CALENDAR_DAYS])
{
    uint32_t today = zone->date(zone, now_s), count = 0;
    if (!dk_date_supported(today))
        return 0;
    int32_t last = dk_date_day(DK_DATE_LAST) + 1;
    int32_t day = dk_date_day(today) - (today > DK_DATE_FIRST ? 1 : 0);
    for (; count < DK_CALENDAR_DAYS && day <= last; count++, day++) {
        uint32_t date = dk_day_date(day);
        days[count] = (struct dk_calendar_day){.start_s = zone->day_start(zone, date), .yyyymmdd = date};
    }
    return count;
}

static void write_page(struct dk_desk_book *desk, uint32_t index, int64_t now_s)
{
    struct dk_calendar_day days[DK_CALENDAR_DAYS];
    const struct dk_zone *zone = desk->zones[index];
    struct shared_calendar *page = dk_desk_calendar(&desk->map, index);
    uint64_t fingerprint = dk_zone_fingerprint(zone);
    bool whole = dk_load_relaxed(&page->version) % 2 == 0 && dk_load_relaxed(&page->version) != 0;
    if (whole && dk_zone_is_lost(zone))
        return;
    uint32_t count = dk_zone_is_lost(zone) ? 0 : make_days(zone, now_s, days);
    bool stands = whole && dk_load_relaxed(&page->count) == count && dk_load_relaxed(&page->fingerprint) == fingerprint &&
                  (count == 0 || dk_load_relaxed(&page->days[0].start_s) == (uint64_t)days[0].start_s);
    if (!stands)
        dk_calendar_put(page, zone->name, fingerprint, days, count);
}

void dk_calendars_write(struct dk_desk_book *desk, int64_t now_s)
{
    for (uint32_t index = 0; index < desk->zone_count; index++)
        write_page(desk, index, now_s);
}

docket_status dk_calendars_take(struct dk_desk_book *desk, const struct dk_zone *zone, uint16_t *index)
{
    for (uint32_t at = 0; at < desk->zone_count; at++) {
        if (desk->zones[at] == zone) {
            *index = (uint16_t)at;
            return DOCKET_OK;
        }
    }
    uint32_t at = desk->zone_count;
    docket_status status = at == 0 ? DOCKET_OK : dk_desk_take_calendar(&desk->map, desk->daemon->runtime_fd, at);
    if (status != DOCKET_OK)
        return dk_wrap(status, "desk %s cannot have a calendar for zone %s", desk->rule.name, zone->name);
    desk->zones[desk->zone_count++] = zone;
    write_page(desk, at, dk_now_s(desk->daemon));
    dk_calendar_publish(&desk->map, desk->zone_count);
    *index = (uint16_t)at;
    return DOCKET_OK;
}

/* docketd's own words: the same name each time that the page is written, so also
 * where one died while it wrote. */
static void page_name(const struct shared_calendar *page, char name[DK_CALENDAR_ZONE])
{
    for (size_t at = 0; at < DK_CALENDAR_ZONE / 8; at++) {
        uint64_t word = dk_load_relaxed(&page->zone[at]);
        memcpy(name + at * sizeof word, &word, sizeof word);
    }
    name[DK_CALENDAR_ZONE - 1] = 0;
}

/* The zone's rules are not those that the page was written by. */
static bool rules_changed(const struct shared_calendar *page, const struct dk_zone *zone)
{
    uint64_t before = dk_load_relaxed(&page->fingerprint);
    return before != 0 && !dk_zone_is_lost(zone) && before != dk_zone_fingerprint(zone);
}

docket_status dk_calendars_open(struct dk_desk_book *desk)
{
    char name[DK_CALENDAR_ZONE];
    uint16_t utc;
    uint64_t ready = dk_load_relaxed(&dk_desk_words(&desk->map)->calendars_ready);
    if (desk->zones == NULL)
        desk->zones = dk_must_alloc(DK_CALENDARS_MAX, sizeof *desk->zones);
    desk->zone_count = 0;
    if (ready == 0)
        return dk_calendars_take(desk, &dk_zone_utc, &utc);
    if (ready > DK_CALENDARS_MAX)
        return dk_fail(DOCKET_DAMAGED, "the board of desk %s has %llu calendars; stop its workers, remove %s, and start "
                                       "again",
                       desk->rule.name, (unsigned long long)ready, desk->daemon->runtime);
    for (uint32_t index = 0; index < ready; index++) {
        const struct shared_calendar *page = dk_desk_calendar(&desk->map, index);
        page_name(page, name);
        const struct dk_zone *zone = index == 0 ? &dk_zone_utc : dk_zone_of(name);
        desk->zones[desk->zone_count++] = zone;
        if (!rules_changed(page, zone))
            continue;
        dk_log(DK_LOG_WARNING, "the rules of zone %s have changed: periods of its series that this moves are put on the "
                               "board anew",
               zone->name);
        struct dk_job *job = dk_job_new(dk_job_free, NULL);
        dk_job_event(job, "zone", 0, "the rules of zone %s have changed; desk %s goes by the new ones", zone->name,
                     desk->rule.name);
        dk_clerk_post(desk->daemon->clerk, job);
    }
    return DOCKET_OK;
}

docket_status dk_calendars_assign(struct dk_desk_book *desk)
{
    docket_status status = DOCKET_OK;
    for (uint32_t slot = 0; slot < desk->slots_used && status == DOCKET_OK; slot++)
        if (desk->series[slot] != NULL)
            status = dk_calendars_take(desk, dk_zone_of_policy(desk->series[slot]->record.policy),
                                       &desk->series[slot]->calendar);
    return status;
}

void dk_calendars_check(struct dk_desk_book *desk, int64_t now_s)
{
    for (uint32_t index = 0; index < desk->zone_count; index++)
        if (dk_zone_is_stale(desk->zones[index], now_s))
            dk_log(DK_LOG_WARNING, "the zone database has other rules for %s now; docketd takes them at its next start",
                   desk->zones[index]->name);
}
