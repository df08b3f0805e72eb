/* SPDX-License-Identifier: MIT */
/*
 * zone: which date it is, and when a day begins. What stands behind it is the
 * business of who makes it (src/daemon/days/zones.c knows the zone database); here is
 * UTC, for who has none.
 *
 * A day begins once: at the first instant whose local date is that date or a
 * later one. So dates never go back, though a clock that is put back over
 * midnight shows the evening twice; and a day that a zone left out has no instant
 * of its own.
 */
#ifndef DK_NUMBERING_ZONE_H
#define DK_NUMBERING_ZONE_H

#include <stdint.h>

enum { DK_ZONE_BYTES = 40 }; /* longest name with its zero: "America/Argentina/ComodRivadavia" has 32 letters */

struct dk_zone {
    char name[DK_ZONE_BYTES];
    /* First instant (UTC, seconds since 1970) of the date, yyyymmdd of 1970 to 2100. */
    int64_t (*day_start)(const struct dk_zone *zone, uint32_t yyyymmdd);
    /* The date of an instant: the last day that began at or before it. Instants
     * from 1970 to 2100; others are clamped. */
    uint32_t (*date)(const struct dk_zone *zone, int64_t utc_s);
    const void *own; /* of who made it */
};

extern const struct dk_zone dk_zone_utc;

#endif
