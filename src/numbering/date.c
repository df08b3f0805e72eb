/* SPDX-License-Identifier: MIT */
/* date: see date.h. Day 0 is 1970-01-01. */
#include "numbering/date.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

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

static unsigned weekday_of(int32_t number)
{
    return (unsigned)((number % 7 + 10) % 7); /* day 0 was a Thursday */
}

unsigned dk_date_weekday(uint32_t yyyymmdd)
{
    return weekday_of(dk_date_day(yyyymmdd));
}

/* ---- fiscal years: each is known by the calendar year in which its last month ends ---- */

/* 1 to 12. */
static int32_t last_month(const struct dk_fiscal *fiscal)
{
    if (fiscal->rule != DK_FISCAL_MONTH)
        return fiscal->month + 1;
    return fiscal->month == 0 ? MONTHS : fiscal->month;
}

/* Day number of the last day of the fiscal year whose last month ends in `year`. */
static int32_t fiscal_end(int32_t year, const struct dk_fiscal *fiscal)
{
    int32_t month = last_month(fiscal);
    int32_t end = day_of(year, month, (int32_t)dk_days_of_month(year, month));
    if (fiscal->rule == DK_FISCAL_MONTH)
        return end;
    int32_t past = (int32_t)((weekday_of(end) + 7u - fiscal->weekday) % 7u); /* days since that weekday */
    if (fiscal->rule == DK_FISCAL_NEAREST && past > 3)
        past -= 7; /* the next one is nearer */
    return end - past;
}

/* The calendar year in which the last month of the date's fiscal year ends. */
static int32_t nominal_end(uint32_t yyyymmdd, const struct dk_fiscal *fiscal)
{
    int32_t number = dk_date_day(yyyymmdd), year = (int32_t)(yyyymmdd / 10000) - 1;
    while (fiscal_end(year, fiscal) < number)
        year++; /* at most twice: an end may lie in the first days of the next year */
    return year;
}

void dk_fiscal_year(uint32_t yyyymmdd, const struct dk_fiscal *fiscal, uint32_t *first, uint32_t *last)
{
    int32_t year = nominal_end(yyyymmdd, fiscal);
    *first = dk_day_date(fiscal_end(year - 1, fiscal) + 1);
    *last = dk_day_date(fiscal_end(year, fiscal));
}

bool dk_fiscal_is_calendar(const struct dk_fiscal *fiscal)
{
    return last_month(fiscal) == MONTHS;
}

/* ---- weeks, and what a template shows ---- */

enum { THURSDAY = 3, WEEK = 7 };

/* A week belongs to the year that its Thursday lies in (ISO 8601). */
static void show_week(int32_t number, struct dk_shown *shown)
{
    int32_t thursday = number - (int32_t)weekday_of(number) + THURSDAY;
    shown->week_year = (int32_t)(dk_day_date(thursday) / 10000);
    shown->week = (thursday - year_start(shown->week_year)) / WEEK + 1;
}

void dk_date_show(uint32_t yyyymmdd, const struct dk_fiscal *fiscal, struct dk_shown *shown)
{
    int32_t number = dk_date_day(yyyymmdd), last = nominal_end(yyyymmdd, fiscal);
    split(yyyymmdd, &shown->year, &shown->month, &shown->day);
    shown->quarter = (shown->month - 1) / 3 + 1;
    shown->year_day = number - year_start(shown->year) + 1;
    show_week(number, shown);
    shown->fiscal_last = last;
    shown->fiscal_first = last_month(fiscal) == MONTHS ? last : last - 1;
}

/* ---- as text ---- */

static bool take_digits(const char **text, int count, uint32_t *value)
{
    for (int at = 0; at < count; at++, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (uint32_t)(**text - '0');
    }
    return true;
}

bool dk_date_parse(const char *text, uint32_t *yyyymmdd)
{
    uint32_t date = 0;
    if (!take_digits(&text, 4, &date))
        return false;
    bool dashed = *text == '-';
    for (int part = 0; part < 2; part++) {
        if (dashed && *text++ != '-')
            return false;
        if (!take_digits(&text, 2, &date))
            return false;
    }
    if (*text || !dk_date_exists(date))
        return false;
    *yyyymmdd = date;
    return true;
}

void dk_date_text(uint32_t yyyymmdd, char text[11])
{
    snprintf(text, 11, "%04u-%02u-%02u", yyyymmdd / 10000 % 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);
}

static const char *const month_names[] = {"january", "february", "march",     "april",   "may",      "june",
                                          "july",    "august",   "september", "october", "november", "december"};
static const char *const weekday_names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* A whole name, or its first three letters; small and capital letters are the same. */
static bool find_name(const char *word, size_t bytes, const char *const *names, int count, uint8_t *found)
{
    for (int at = 0; at < count; at++) {
        if ((bytes == 3 || bytes == strlen(names[at])) && strncasecmp(word, names[at], bytes) == 0) {
            *found = (uint8_t)at;
            return true;
        }
    }
    return false;
}

static bool find_month(const char *text, uint8_t *month)
{
    if (text[0] < '0' || text[0] > '9')
        return find_name(text, strlen(text), month_names, MONTHS, month);
    uint32_t number = 0;
    int digits = text[1] ? 2 : 1;
    if (!take_digits(&text, digits, &number) || *text || number < 1 || number > MONTHS)
        return false;
    *month = (uint8_t)(number - 1);
    return true;
}

bool dk_fiscal_parse(const char *text, struct dk_fiscal *fiscal)
{
    struct dk_fiscal read = {.rule = DK_FISCAL_MONTH};
    if (strncasecmp(text, "last-", 5) == 0)
        read.rule = DK_FISCAL_LAST;
    else if (strncasecmp(text, "nearest-", 8) == 0)
        read.rule = DK_FISCAL_NEAREST;
    if (read.rule != DK_FISCAL_MONTH) {
        const char *day = strchr(text, '-') + 1, *dash = strchr(day, '-');
        if (!dash || !find_name(day, (size_t)(dash - day), weekday_names, 7, &read.weekday))
            return false;
        text = dash + 1;
    }
    if (!find_month(text, &read.month))
        return false;
    *fiscal = read;
    return true;
}

void dk_fiscal_text(const struct dk_fiscal *fiscal, char text[32])
{
    const char *month = month_names[fiscal->month % MONTHS];
    if (fiscal->rule == DK_FISCAL_MONTH)
        snprintf(text, 32, "%s", month);
    else
        snprintf(text, 32, "%s-%s-%s", fiscal->rule == DK_FISCAL_LAST ? "last" : "nearest",
                 weekday_names[fiscal->weekday % 7], month);
}
