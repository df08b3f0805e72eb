/* SPDX-License-Identifier: MIT */
/* period: see period.h. */
#include "numbering/period.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, YEAR_FIRST = 1970, YEAR_LAST = 9999, MONTH_COUNT = 12 };

/* ---- UTC ---- */

static int64_t clamp(int64_t utc_s)
{
    int64_t last = (int64_t)dk_date_day(99991231) * DAY_S + DAY_S - 1;
    return utc_s < 0 ? 0 : utc_s > last ? last : utc_s;
}

static int64_t utc_day_start(const struct dk_zone *zone, uint32_t yyyymmdd)
{
    (void)zone;
    return (int64_t)dk_date_day(yyyymmdd) * DAY_S;
}

static uint32_t utc_date(const struct dk_zone *zone, int64_t utc_s)
{
    (void)zone;
    return dk_day_date((int32_t)(clamp(utc_s) / DAY_S));
}

const struct dk_zone dk_zone_utc = {.name = "UTC", .day_start = utc_day_start, .date = utc_date};

/* ---- spans ---- */

void dk_span_of_date(enum dk_restart restart, const struct dk_fiscal *fiscal, uint32_t date, struct dk_span *span)
{
    int32_t year = (int32_t)(date / 10000), month = (int32_t)(date / 100 % 100);
    (void)fiscal;
    switch (restart) {
    case DK_YEARLY:
        *span = (struct dk_span){year, (uint32_t)year * 10000 + 101, (uint32_t)year * 10000 + 1231};
        break;
    case DK_MONTHLY:
        *span = (struct dk_span){year * 100 + month, date / 100 * 100 + 1,
                                 date / 100 * 100 + dk_days_of_month(year, month)};
        break;
    case DK_DAILY:
        *span = (struct dk_span){(int32_t)date, date, date};
        break;
    default:
        *span = (struct dk_span){0, 0, 0};
        break;
    }
}

bool dk_span_of_label(enum dk_restart restart, const struct dk_fiscal *fiscal, int32_t label, struct dk_span *span)
{
    uint32_t date = label <= 0 ? DK_DATE_FIRST : (uint32_t)label;
    while (date < 1000000)
        date = date * 100 + 1;
    if (!dk_date_exists(date))
        return false;
    dk_span_of_date(restart, fiscal, date, span);
    return span->label == label;
}

static void edges(const struct dk_zone *zone, const struct dk_span *span, struct dk_period *period)
{
    *period = (struct dk_period){span->label, 0, INT64_MAX};
    if (span->first == 0)
        return;
    period->start_s = zone->day_start(zone, span->first);
    period->end_s = zone->day_start(zone, dk_date_add(span->last, 1));
}

void dk_period_at(const struct dk_policy *policy, const struct dk_zone *zone, int64_t utc_s, struct dk_period *period)
{
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, zone->date(zone, utc_s), &span);
    edges(zone, &span, period);
}

bool dk_period_of(const struct dk_policy *policy, const struct dk_zone *zone, int32_t label, struct dk_period *period)
{
    struct dk_span span;
    if (!dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, label, &span))
        return false;
    edges(zone, &span, period);
    return true;
}

/* ---- labels as text ---- */

void dk_period_text(int32_t label, char text[16])
{
    if (label == 0)
        text[0] = 0;
    else if (label > 0 && label <= YEAR_LAST)
        snprintf(text, 16, "%04d", label);
    else if (label > 0 && label <= YEAR_LAST * 100 + 99)
        snprintf(text, 16, "%04d-%02d", label / 100, label % 100);
    else if (label > 0 && label <= YEAR_LAST * 10000 + 9999)
        snprintf(text, 16, "%04d-%02d-%02d", label / 10000, label / 100 % 100, label % 100);
    else
        snprintf(text, 16, "%d", label); /* no such period; shown as it is */
}

/* Takes exactly count digits; false if they are not there. */
static bool take_digits(const char **text, int count, int *value)
{
    int taken = 0;
    for (int at = 0; at < count; at++, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        taken = taken * 10 + (**text - '0');
    }
    *value = taken;
    return true;
}

/* Takes a two-digit part that a dash precedes in the dashed spelling. */
static bool take_part(const char **text, bool dashed, int *value)
{
    if (dashed && *(*text)++ != '-')
        return false;
    return take_digits(text, 2, value);
}

bool dk_period_parse(const char *text, int32_t *label)
{
    int year = 0, month = 1, day = 1;
    if (!text[0]) {
        *label = 0;
        return true;
    }
    if (!take_digits(&text, 4, &year) || year < YEAR_FIRST)
        return false;
    int32_t made = year;
    bool dashed = *text == '-';
    if (*text) {
        if (!take_part(&text, dashed, &month) || month < 1 || month > MONTH_COUNT)
            return false;
        made = made * 100 + month;
    }
    if (*text) {
        if (!take_part(&text, dashed, &day) || day < 1 ||
            day > (int)dk_days_of_month(year, month))
            return false;
        made = made * 100 + day;
    }
    if (*text)
        return false;
    *label = made;
    return true;
}
