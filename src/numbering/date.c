/* SPDX-License-Identifier: MIT */
/* date: see date.h. Day 0 is 1970-01-01. */
#include "numbering/date.h"

#include <stdio.h>

enum { YEAR_ZERO = 1970, MONTHS = 12 };

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned dk_days_of_month(int32_t year, int32_t month)
{
    static const unsigned days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Leap days in the years 1 to year. */
static int32_t leap_days(int32_t year)
{
    return year / 4 - year / 100 + year / 400;
}

static int32_t year_start(int32_t year)
{
    return 365 * (year - YEAR_ZERO) + leap_days(year - 1) - leap_days(YEAR_ZERO - 1);
}

static int32_t day_of(int32_t year, int32_t month, int32_t day)
{
    int32_t number = year_start(year);
    for (int32_t before = 1; before < month; before++)
        number += (int32_t)dk_days_of_month(year, before);
    return number + day - 1;
}

static void split(uint32_t yyyymmdd, int32_t *year, int32_t *month, int32_t *day)
{
    *year = (int32_t)(yyyymmdd / 10000);
    *month = (int32_t)(yyyymmdd / 100 % 100);
    *day = (int32_t)(yyyymmdd % 100);
}

bool dk_date_exists(uint32_t yyyymmdd)
{
    int32_t year, month, day;
    split(yyyymmdd, &year, &month, &day);
    return year >= 1 && year <= 9999 && month >= 1 && month <= MONTHS && day >= 1 &&
           day <= (int32_t)dk_days_of_month(year, month);
}

bool dk_date_supported(uint32_t yyyymmdd)
{
    return yyyymmdd >= DK_DATE_FIRST && yyyymmdd <= DK_DATE_LAST && dk_date_exists(yyyymmdd);
}

int32_t dk_date_day(uint32_t yyyymmdd)
{
    int32_t year, month, day;
    split(yyyymmdd, &year, &month, &day);
    return day_of(year, month, day);
}

uint32_t dk_day_date(int32_t day)
{
    /* A quotient by the mean length of a year is off by one year at most. */
    int32_t year = (int32_t)(YEAR_ZERO + (int64_t)day * 400 / 146097);
    while (year_start(year) > day)
        year--;
    while (year_start(year + 1) <= day)
        year++;
    int32_t month = 1, left = day - year_start(year);
    while (left >= (int32_t)dk_days_of_month(year, month))
        left -= (int32_t)dk_days_of_month(year, month++);
    return (uint32_t)(year * 10000 + month * 100 + left + 1);
}

uint32_t dk_date_add(uint32_t yyyymmdd, int32_t days)
{
    return dk_day_date(dk_date_day(yyyymmdd) + days);
}

unsigned dk_date_weekday(uint32_t yyyymmdd)
{
    return (unsigned)((dk_date_day(yyyymmdd) % 7 + 10) % 7); /* day 0 was a Thursday */
}
