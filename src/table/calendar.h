/* SPDX-License-Identifier: MIT */
/*
 * calendar: the days of a zone as instants, so that workers know the date
 * without knowing the zone. docketd writes, anyone reads.
 *
 *          find   zone   write
 *   find     -      -      -     retried while it is being written
 *   write    -      -      X     X: docketd's one thread
 */
#ifndef DK_TABLE_CALENDAR_H
#define DK_TABLE_CALENDAR_H

#include "table/desk.h"

#include <stdbool.h>

struct dk_calendar_day {
    int64_t start_s;   /* UTC, first second */
    uint32_t yyyymmdd;
};

/* A day, and when it ends: start_s of the next one. */
struct dk_calendar_found {
    int64_t from_s, until_s;
    uint32_t yyyymmdd;
};

/* NULL if the board has no such calendar. */
const struct shared_calendar *dk_calendar_at(const struct dk_desk *desk, uint32_t index);

/* The day that holds the instant. False: the calendar does not reach it, or it is
 * not whole (docketd died while it wrote: the next one writes it anew). The last
 * of its days has no end and is never found. */
bool dk_calendar_find(const struct shared_calendar *calendar, int64_t now_s, struct dk_calendar_found *found);
/* The day of a date: the first instant of it. False as above. */
bool dk_calendar_find_date(const struct shared_calendar *calendar, uint32_t yyyymmdd, struct dk_calendar_found *found);
/* Its zone's name; "" if it is not whole. */
void dk_calendar_zone(const struct shared_calendar *calendar, char zone[DK_CALENDAR_ZONE]);

/* docketd: count days (at most DK_CALENDAR_DAYS), ascending. A page that has a zone
 * is written with the same one. */
void dk_calendar_put(struct shared_calendar *calendar, const char *zone, uint64_t fingerprint,
                     const struct dk_calendar_day *days, uint32_t count);
/* docketd: the pages below count are written. Never fewer than before. */
void dk_calendar_publish(const struct dk_desk *desk, uint32_t count);

#endif
