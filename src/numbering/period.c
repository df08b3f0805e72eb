/* SPDX-License-Identifier: MIT */
/*
 * period: see period.h. The proleptic Gregorian calendar in UTC, from day 0
 * (1970-01-01) to 9999-12-31, with no call into the C library's time zones.
 */
#include "numbering/period.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, YEAR_FIRST = 1970, YEAR_LAST = 9999, MONTH_COUNT = 12 };

struct date {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[MONTH_COUNT] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Leap days in the years 1 to year. */
static int64_t leap_days(int64_t year)
{
    return year / 4 - year / 100 + year / 400;
}

/* Day number of the first day of a year; YEAR_LAST + 1 is fine. */
static int64_t year_start(int year)
{
    return (int64_t)365 * (year - YEAR_FIRST) + leap_days(year - 1) - leap_days(YEAR_FIRST - 1);
}

/* Day number of the first day of a month; month 13 is the next January. */
static int64_t month_start(int year, int month)
{
    int64_t day = year_start(year);
    for (int before = 1; before < month; before++)
        day += days_of_month(year, before);
    return day;
}

static int64_t clamp(int64_t utc_s)
{
    int64_t last = year_start(YEAR_LAST + 1) * DAY_S - 1;
    if (utc_s < 0)
        return 0;
    return utc_s > last ? last : utc_s;
}

static struct date date_of(int64_t day)
{
    /* A quotient by the mean length of a year is off by one year at most. */
    struct date date = {(int)(YEAR_FIRST + day * 400 / 146097), 1, 1};
    if (year_start(date.year) > day)
        date.year--;
    else if (year_start(date.year + 1) <= day)
        date.year++;
    int left = (int)(day - year_start(date.year));
    while (left >= days_of_month(date.year, date.month))
        left -= days_of_month(date.year, date.month++);
    date.day = left + 1;
    return date;
}

static int32_t date_label(struct date date)
{
    return date.year * 10000 + date.month * 100 + date.day;
}

static void set_period(struct dk_period *period, int32_t label, int64_t first_day, int64_t end_day)
{
    period->label = label;
    period->start_s = first_day * DAY_S;
    period->end_s = end_day * DAY_S;
}

void dk_period_at(enum dk_restart restart, int64_t utc_s, struct dk_period *period)
{
    int64_t day = clamp(utc_s) / DAY_S;
    struct date date = date_of(day);
    switch (restart) {
    case DK_YEARLY:
        set_period(period, date.year, year_start(date.year), year_start(date.year + 1));
        break;
    case DK_MONTHLY:
        set_period(period, date.year * 100 + date.month, month_start(date.year, date.month),
                   month_start(date.year, date.month + 1));
        break;
    case DK_DAILY:
        set_period(period, date_label(date), day, day + 1);
        break;
    default:
        set_period(period, 0, 0, 0);
        period->end_s = INT64_MAX;
        break;
    }
}

int64_t dk_day_start(int64_t utc_s)
{
    utc_s = clamp(utc_s);
    return utc_s - utc_s % DAY_S;
}

uint32_t dk_day_date(int64_t utc_s)
{
    return (uint32_t)date_label(date_of(clamp(utc_s) / DAY_S));
}

uint32_t dk_period_first_date(int32_t label)
{
    if (label >= YEAR_FIRST * 10000)
        return (uint32_t)label;
    if (label >= YEAR_FIRST * 100)
        return (uint32_t)label * 100 + 1;
    return label >= YEAR_FIRST ? (uint32_t)label * 10000 + 101 : 0;
}

uint32_t dk_period_last_date(int32_t label)
{
    if (label >= YEAR_FIRST * 10000)
        return (uint32_t)label;
    if (label >= YEAR_FIRST * 100)
        return (uint32_t)(label * 100 + days_of_month(label / 100, label % 100));
    return label >= YEAR_FIRST ? (uint32_t)label * 10000 + 1231 : 0;
}

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
    struct date date = {0, 1, 1};
    if (!text[0]) {
        *label = 0;
        return true;
    }
    if (!take_digits(&text, 4, &date.year) || date.year < YEAR_FIRST)
        return false;
    int32_t made = date.year;
    bool dashed = *text == '-';
    if (*text) {
        if (!take_part(&text, dashed, &date.month) || date.month < 1 || date.month > MONTH_COUNT)
            return false;
        made = made * 100 + date.month;
    }
    if (*text) {
        if (!take_part(&text, dashed, &date.day) || date.day < 1 ||
            date.day > days_of_month(date.year, date.month))
            return false;
        made = made * 100 + date.day;
    }
    if (*text)
        return false;
    *label = made;
    return true;
}
