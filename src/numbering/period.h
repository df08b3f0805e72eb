/* SPDX-License-Identifier: MIT */
/*
 * period: which period an instant belongs to, and where its edges are. UTC
 * only for now; the edges are instants, so that a time zone changes this file
 * and nothing that stands on it.
 */
#ifndef DK_NUMBERING_PERIOD_H
#define DK_NUMBERING_PERIOD_H

#include "base/status.h"
#include "numbering/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct dk_period {
    int32_t label;   /* 0 never, 2026, 202611, 20261124 */
    int64_t start_s; /* UTC, first second */
    int64_t end_s;   /* UTC, first second after it; INT64_MAX for never */
};

/* Instants from 1970-01-01 to 9999-12-31; anything outside is clamped. */
void dk_period_at(enum dk_restart restart, int64_t utc_s, struct dk_period *period);

/* First second of the UTC day that holds utc_s, and its date as yyyymmdd. */
int64_t dk_day_start(int64_t utc_s);
uint32_t dk_day_date(int64_t utc_s);

/* First and last day of a labelled period as yyyymmdd; 0 for never. */
uint32_t dk_period_first_date(int32_t label);
uint32_t dk_period_last_date(int32_t label);

/* "" for never, "2026", "2026-11", "2026-11-24"; buffer of 16 bytes. */
void dk_period_text(int32_t label, char text[16]);

/* Accepts 2026, 202611, 2026-11, 20261124, 2026-11-24 and "" (never). False if
 * no such period exists. */
bool dk_period_parse(const char *text, int32_t *label);

#endif
