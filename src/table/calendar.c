/* SPDX-License-Identifier: MIT */
#include "table/calendar.h"

#include <string.h>

/* docketd writes a page in microseconds; more looks than this mean that it died
 * in the middle. */
#define LOOKS 1000

const struct shared_calendar *dk_calendar_at(const struct dk_desk *desk, uint32_t index)
{
    uint64_t ready = dk_load_acquire(&dk_desk_words(desk)->calendars_ready); /* ORDER-2 */
    return index < ready && index < DK_CALENDARS_MAX ? dk_desk_calendar(desk, index) : NULL;
}

/* Which day: by its date, or if that is 0 by an instant that it holds. */
struct sought {
    int64_t now_s;
    uint32_t yyyymmdd;
};

/* One look; false if docketd was writing. *found is zero if there is no such day. */
static bool look(const struct shared_calendar *calendar, const struct sought *sought, struct dk_calendar_found *found)
{
    uint64_t version = dk_load_acquire(&calendar->version); /* ORDER-3 */
    uint64_t count = dk_load_acquire(&calendar->count);
    memset(found, 0, sizeof *found);
    if ((version & 1) != 0 || count > DK_CALENDAR_DAYS)
        return false;
    for (uint64_t i = 0; i + 1 < count; i++) {
        int64_t from_s = (int64_t)dk_load_acquire(&calendar->days[i].start_s);
        int64_t until_s = (int64_t)dk_load_acquire(&calendar->days[i + 1].start_s);
        uint32_t date = (uint32_t)dk_load_acquire(&calendar->days[i].yyyymmdd);
        bool is = sought->yyyymmdd != 0 ? date == sought->yyyymmdd : sought->now_s >= from_s && sought->now_s < until_s;
        if (is) {
            *found = (struct dk_calendar_found){.from_s = from_s, .until_s = until_s, .yyyymmdd = date};
            break;
        }
    }
    return dk_load_acquire(&calendar->version) == version; /* ORDER-3 */
}

static bool find(const struct shared_calendar *calendar, const struct sought *sought, struct dk_calendar_found *found)
{
    for (int i = 0; i < LOOKS; i++)
        if (look(calendar, sought, found))
            return found->yyyymmdd != 0;
    return false;
}

bool dk_calendar_find(const struct shared_calendar *calendar, int64_t now_s, struct dk_calendar_found *found)
{
    return find(calendar, &(struct sought){.now_s = now_s}, found);
}

bool dk_calendar_find_date(const struct shared_calendar *calendar, uint32_t yyyymmdd, struct dk_calendar_found *found)
{
    return yyyymmdd != 0 && find(calendar, &(struct sought){.yyyymmdd = yyyymmdd}, found);
}

void dk_calendar_zone(const struct shared_calendar *calendar, char zone[DK_CALENDAR_ZONE])
{
    for (int tries = 0; tries < LOOKS; tries++) {
        uint64_t version = dk_load_acquire(&calendar->version); /* ORDER-3 */
        for (size_t i = 0; i < DK_CALENDAR_ZONE / 8; i++) {
            uint64_t word = dk_load_acquire(&calendar->zone[i]);
            memcpy(zone + i * sizeof word, &word, sizeof word);
        }
        if ((version & 1) == 0 && dk_load_acquire(&calendar->version) == version && /* ORDER-3 */
            memchr(zone, 0, DK_CALENDAR_ZONE) != NULL)
            return;
    }
    zone[0] = 0;
}

void dk_calendar_put(struct shared_calendar *calendar, const char *zone, uint64_t fingerprint,
                     const struct dk_calendar_day *days, uint32_t count)
{
    char name[DK_CALENDAR_ZONE] = "";
    memcpy(name, zone, strnlen(zone, sizeof name - 1));
    uint64_t version = dk_load_relaxed(&calendar->version); /* docketd wrote it itself */
    version += version & 1; /* one that died while writing left it odd */
    dk_store_release(&calendar->version, version + 1); /* ORDER-3 */
    for (size_t i = 0; i < DK_CALENDAR_ZONE / 8; i++) {
        uint64_t word;
        memcpy(&word, name + i * sizeof word, sizeof word);
        dk_store_release(&calendar->zone[i], word);
    }
    dk_store_release(&calendar->fingerprint, fingerprint);
    for (uint32_t i = 0; i < count && i < DK_CALENDAR_DAYS; i++) {
        dk_store_release(&calendar->days[i].start_s, (uint64_t)days[i].start_s);
        dk_store_release(&calendar->days[i].yyyymmdd, days[i].yyyymmdd);
    }
    dk_store_release(&calendar->count, count < DK_CALENDAR_DAYS ? count : DK_CALENDAR_DAYS);
    dk_store_release(&calendar->version, version + 2); /* ORDER-3 */
}

void dk_calendar_publish(const struct dk_desk *desk, uint32_t count)
{
    dk_store_release(&dk_desk_words(desk)->calendars_ready, count); /* ORDER-2: pages taken and written */
}
