/* SPDX-License-Identifier: MIT */
/*
 * date: days of the calendar, as yyyymmdd and as day numbers, and everything
 * that a document number can show of a day. Pure arithmetic in the proleptic
 * Gregorian calendar; no clock, no zone.
 *
 * docket's dates run from 2001-01-01 to 2099-12-31: within them two digits name
 * a year (and a fiscal year, and a year of weeks) once, so that a template with
 * {YY} repeats no text.
 */
#ifndef DK_NUMBERING_DATE_H
#define DK_NUMBERING_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DK_DATE_FIRST 20010101u
#define DK_DATE_LAST 20991231u

enum dk_fiscal_rule {
    DK_FISCAL_MONTH = 0,   /* begins on the first day of `month` */
    DK_FISCAL_LAST = 1,    /* 52 or 53 weeks: ends on the last `weekday` of `month` */
    DK_FISCAL_NEAREST = 2, /* 52 or 53 weeks: ends on the `weekday` nearest to the last day of `month` */
    DK_FISCAL_RULE_COUNT
};

/* How a fiscal year lies in the calendar. All zero is {DK_FISCAL_MONTH, January}. */
struct dk_fiscal {
    uint8_t rule;
    uint8_t month;   /* 0 (January) to 11 */
    uint8_t weekday; /* 0 (Monday) to 6; with DK_FISCAL_MONTH 0 */
};

/* Everything that a template can show of one day. */
struct dk_shown {
    int32_t year, month, day;        /* 2026, 1 to 12, 1 to 31 */
    int32_t quarter;                 /* of the calendar year, 1 to 4 */
    int32_t year_day;                /* 1 to 366 */
    int32_t week_year, week;         /* ISO 8601: 1 to 53, and the year that the week belongs to */
    int32_t fiscal_first, fiscal_last; /* calendar years in which the fiscal year begins and ends; of a 52/53-week
                                          year by the end of its `month`, so that a year that ends in December has
                                          one year, whichever day it ends on */
};

/* Does the calendar have it? Any year from 1 to 9999. */
bool dk_date_exists(uint32_t yyyymmdd);
/* It exists, and lies from DK_DATE_FIRST to DK_DATE_LAST. */
bool dk_date_supported(uint32_t yyyymmdd);

/* Days since 1970-01-01 (below 0 before); the date must exist. And back: days
 * from year 1 to 9999. */
int32_t dk_date_day(uint32_t yyyymmdd);
uint32_t dk_day_date(int32_t day);
/* The date so many days later (days may be below 0). */
uint32_t dk_date_add(uint32_t yyyymmdd, int32_t days);
/* 0 Monday to 6 Sunday. */
unsigned dk_date_weekday(uint32_t yyyymmdd);
unsigned dk_days_of_month(int32_t year, int32_t month);

/* What a template shows of the date; it must exist. */
void dk_date_show(uint32_t yyyymmdd, const struct dk_fiscal *fiscal, struct dk_shown *shown);

/* First and last day of the fiscal year that holds the date. */
void dk_fiscal_year(uint32_t yyyymmdd, const struct dk_fiscal *fiscal, uint32_t *first, uint32_t *last);
/* Does the fiscal year lie in one calendar year by its numbers (fiscal_first ==
 * fiscal_last for every date)? */
bool dk_fiscal_is_calendar(const struct dk_fiscal *fiscal);

/* "2026-11-24" or "20261124" to yyyymmdd. False: not written so, or no such date;
 * *date is not written then. */
bool dk_date_parse(const char *text, uint32_t *yyyymmdd);
/* "2026-11-24"; 11 bytes. */
void dk_date_text(uint32_t yyyymmdd, char text[11]);

/* "january" to "december" or their number from 1 ("04", "4"); "last-saturday-january",
 * "nearest-saturday-january" (also the first three letters of day and month). */
bool dk_fiscal_parse(const char *text, struct dk_fiscal *fiscal);
void dk_fiscal_text(const struct dk_fiscal *fiscal, char text[32]);

#endif
