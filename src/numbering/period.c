/* SPDX-License-Identifier: MIT */
/* period: see period.h. */
#include "numbering/period.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, YEAR_FIRST = 1970, YEAR_LAST = 9999, MONTH_COUNT = 12, WEEK_BASE = 500, WEEK_COUNT = 53 };

/* ---- UTC ---- */

static int64_t clamp(int64_t utc_s)
{
    int64_t last = (int64_t)dk_date_day(21001231) * DAY_S + DAY_S - 1;
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

static void span_of_quarter(int32_t year, int32_t month, struct dk_span *span)
{
    int32_t quarter = (month - 1) / 3 + 1, last = quarter * 3;
    *span = (struct dk_span){year * 10 + quarter, (uint32_t)(year * 10000 + (last - 2) * 100 + 1),
                             (uint32_t)(year * 10000 + last * 100) + dk_days_of_month(year, last)};
}

static void span_of_week(uint32_t date, struct dk_span *span)
{
    const struct dk_fiscal none = {0};
    struct dk_shown shown;
    dk_date_show(date, &none, &shown);
    uint32_t monday = dk_date_add(date, -(int32_t)dk_date_weekday(date));
    *span = (struct dk_span){shown.week_year * 1000 + WEEK_BASE + shown.week, monday, dk_date_add(monday, 6)};
}

static void span_of_fiscal_year(uint32_t date, const struct dk_fiscal *fiscal, struct dk_span *span)
{
    struct dk_shown shown;
    dk_date_show(date, fiscal, &shown);
    span->label = dk_fiscal_is_calendar(fiscal) ? shown.fiscal_last : shown.fiscal_first * 10000 + shown.fiscal_last;
    dk_fiscal_year(date, fiscal, &span->first, &span->last);
}

void dk_span_of_date(enum dk_restart restart, const struct dk_fiscal *fiscal, uint32_t date, struct dk_span *span)
{
    int32_t year = (int32_t)(date / 10000), month = (int32_t)(date / 100 % 100);
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
    case DK_FISCAL:
        span_of_fiscal_year(date, fiscal, span);
        break;
    case DK_QUARTERLY:
        span_of_quarter(year, month, span);
        break;
    case DK_WEEKLY:
        span_of_week(date, span);
        break;
    default:
        *span = (struct dk_span){0, 0, 0};
        break;
    }
}

static uint32_t date_in_quarter(uint32_t label)
{
    uint32_t year = label / 10, quarter = label % 10;
    return year > YEAR_LAST || quarter < 1 || quarter > 4 ? 0 : year * 10000 + (quarter * 3 - 2) * 100 + 1;
}

static uint32_t date_in_week(uint32_t label)
{
    uint32_t year = label / 1000, week = label % 1000 - WEEK_BASE;
    if (year < 1 || year > YEAR_LAST || week < 1 || week > WEEK_COUNT)
        return 0;
    return dk_date_add(year * 10000 + 104, (int32_t)(week - 1) * 7); /* January 4 lies in week 1 */
}

/* Every fiscal year holds the first of January of the year that it ends in; one
 * that is a calendar year by its numbers the first of July. */
static uint32_t date_in_fiscal_year(const struct dk_fiscal *fiscal, uint32_t label)
{
    if (!dk_fiscal_is_calendar(fiscal))
        return label % 10000 * 10000 + 101;
    return label > YEAR_LAST ? 0 : label * 10000 + 701;
}

/* A date that the period of this label holds; anything, or no date at all, if
 * there is no such period. */
static uint32_t date_within(enum dk_restart restart, const struct dk_fiscal *fiscal, uint32_t label)
{
    switch (restart) {
    case DK_YEARLY:
        return label > YEAR_LAST ? 0 : label * 10000 + 101;
    case DK_MONTHLY:
        return label > YEAR_LAST * 100 + 99 ? 0 : label * 100 + 1;
    case DK_DAILY:
        return label;
    case DK_FISCAL:
        return date_in_fiscal_year(fiscal, label);
    case DK_QUARTERLY:
        return date_in_quarter(label);
    case DK_WEEKLY:
        return date_in_week(label);
    default:
        return DK_DATE_FIRST;
    }
}

bool dk_span_of_label(enum dk_restart restart, const struct dk_fiscal *fiscal, int32_t label, struct dk_span *span)
{
    uint32_t date = label < 0 ? 0 : date_within(restart, fiscal, (uint32_t)label);
    struct dk_span found;
    if (!dk_date_exists(date))
        return false;
    dk_span_of_date(restart, fiscal, date, &found);
    if (found.label != label)
        return false;
    *span = found;
    return true;
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

static bool is_fiscal(int32_t label)
{
    return label % 10000 == label / 10000 + 1;
}

/* Is it a period under some rule? 0 is not asked for. */
static bool exists(int32_t label)
{
    const struct dk_fiscal none = {0};
    struct dk_span span;
    if (label > YEAR_LAST * 10000 + 9999 || label < YEAR_FIRST)
        return false;
    if (label <= YEAR_LAST)
        return true;
    if (label <= YEAR_LAST * 10 + 9)
        return label / 10 >= YEAR_FIRST && dk_span_of_label(DK_QUARTERLY, &none, label, &span);
    if (label <= YEAR_LAST * 100 + 99)
        return label / 100 >= YEAR_FIRST && dk_span_of_label(DK_MONTHLY, &none, label, &span);
    if (label <= YEAR_LAST * 1000 + 999)
        return label / 1000 >= YEAR_FIRST && dk_span_of_label(DK_WEEKLY, &none, label, &span);
    return label / 10000 >= YEAR_FIRST && (is_fiscal(label) || dk_date_exists((uint32_t)label));
}

void dk_period_text(int32_t label, char text[16])
{
    if (label == 0)
        text[0] = 0;
    else if (!exists(label) || label <= YEAR_LAST)
        snprintf(text, 16, "%d", label);
    else if (label <= YEAR_LAST * 10 + 9)
        snprintf(text, 16, "%04d-Q%d", label / 10, label % 10);
    else if (label <= YEAR_LAST * 100 + 99)
        snprintf(text, 16, "%04d-%02d", label / 100, label % 100);
    else if (label <= YEAR_LAST * 1000 + 999)
        snprintf(text, 16, "%04d-W%02d", label / 1000, label % 1000 - WEEK_BASE);
    else if (is_fiscal(label))
        snprintf(text, 16, "%04d-%04d", label / 10000, label % 10000);
    else
        snprintf(text, 16, "%04d-%02d-%02d", label / 10000, label / 100 % 100, label % 100);
}

/* Reads the digits only; W stands for a week's 5. Of fewer than 16 bytes. */
static int64_t take_digits(const char *text, bool *plain)
{
    int64_t value = 0;
    *plain = true;
    for (; *text; text++) {
        bool digit = *text >= '0' && *text <= '9';
        *plain = *plain && digit;
        if (digit || *text == 'W')
            value = value * 10 + (digit ? *text - '0' : WEEK_BASE / 100);
    }
    return value;
}

bool dk_period_parse(const char *text, int32_t *label)
{
    char written[16];
    bool plain;
    if (!text[0]) {
        *label = 0;
        return true;
    }
    if (text[0] == '0' || strlen(text) >= sizeof written)
        return false;
    int64_t read = take_digits(text, &plain);
    if (read > INT32_MAX || !exists((int32_t)read))
        return false;
    dk_period_text((int32_t)read, written);
    if (!plain && strcmp(text, written) != 0) /* beside digits there is one spelling */
        return false;
    *label = (int32_t)read;
    return true;
}
