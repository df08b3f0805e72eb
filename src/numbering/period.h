/* SPDX-License-Identifier: MIT */
/*
 * period: which period a date belongs to, and where its edges are. A period is
 * part of a counter's key; nothing is ever reset.
 *
 * Labels, which the store keeps and never change their meaning:
 *   0 never   2026 year   20261 quarter   202611 month   2026553 week (500 + week, ISO 8601)
 *   20261124 day   20252026 fiscal year (the years it begins and ends in; no date has such a month)
 * A fiscal year that is a calendar year by its numbers (dk_fiscal_is_calendar())
 * has a year's label.
 */
#ifndef DK_NUMBERING_PERIOD_H
#define DK_NUMBERING_PERIOD_H

#include "numbering/date.h"
#include "numbering/policy.h"
#include "numbering/zone.h"

#include <stdbool.h>
#include <stdint.h>

/* A period is opened so long before it begins. */
#define DK_PERIOD_AHEAD_S (2 * 86400)

/* A period as dates: both inclusive; 0 and 0 for never. */
struct dk_span {
    int32_t label;
    uint32_t first, last;
};

/* A period as instants. */
struct dk_period {
    int32_t label;
    int64_t start_s; /* UTC, first second */
    int64_t end_s;   /* UTC, first second after it; INT64_MAX for never */
};

/* The period that holds a date; the date must exist. */
void dk_span_of_date(enum dk_restart restart, const struct dk_fiscal *fiscal, uint32_t yyyymmdd, struct dk_span *span);
/* The period of a label; false if there is no such period under this rule. */
bool dk_span_of_label(enum dk_restart restart, const struct dk_fiscal *fiscal, int32_t label, struct dk_span *span);

/* The period of an instant, by the policy's restart and fiscal year in this zone. */
void dk_period_at(const struct dk_policy *policy, const struct dk_zone *zone, int64_t utc_s, struct dk_period *period);
/* The edges of a labelled period; false as above. */
bool dk_period_of(const struct dk_policy *policy, const struct dk_zone *zone, int32_t label, struct dk_period *period);

/* "" for never, "2026", "2026-Q1", "2026-11", "2026-W53", "2026-11-24",
 * "2025-2026"; what is no label is shown as it is. */
void dk_period_text(int32_t label, char text[16]);

/* Accepts what dk_period_text() writes, and labels that are digits. False if no
 * such period exists under any rule. */
bool dk_period_parse(const char *text, int32_t *label);

#endif
