/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/period.c */
/*
 * Every date from 2001 to 2099 under every restart and every fiscal year there
 * is, against a calendar that is walked day by day and knows no formula: what a
 * day shows, which days are in one period, that periods tile the calendar, that
 * their labels rise, and that a label leads back to its period.
 */
#include "numbering/period.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the walked calendar: two years more at each end ---- */

enum { YEAR_FROM = 1999, YEAR_TO = 2101, DAYS = 38000 };

struct day {
    uint32_t date;
    int32_t year, month, day, weekday, year_day, quarter, week_year, week;
    int32_t label, first, last; /* of the period that is being looked at; indexes of days */
};

static struct day days[DAYS];
static int32_t day_count;

static bool leap(int32_t year)
{
    return year == 2000 || (year % 4 == 0 && year != 2100);
}

static int32_t month_days(int32_t year, int32_t month)
{
    if (month == 2)
        return leap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Week 1 has the fourth of January, and weeks begin on Mondays. */
static void number_weeks(void)
{
    int32_t week = 0, week_year = 0;
    for (int32_t at = 0; at < day_count; at++) {
        if (days[at].weekday == 0) {
            week++;
            for (int32_t ahead = at; ahead < at + 7 && ahead < day_count; ahead++) {
                if (days[ahead].month == 1 && days[ahead].day == 4) {
                    week = 1;
                    week_year = days[ahead].year;
                }
            }
        }
        days[at].week = week;
        days[at].week_year = week_year;
    }
}

static int walk(void **state)
{
    (void)state;
    int32_t weekday = 4; /* 1999-01-01 was a Friday */
    for (int32_t year = YEAR_FROM; year <= YEAR_TO; year++) {
        int32_t year_day = 0;
        for (int32_t month = 1; month <= 12; month++) {
            for (int32_t day = 1; day <= month_days(year, month); day++) {
                days[day_count++] = (struct day){.date = (uint32_t)(year * 10000 + month * 100 + day),
                                                 .year = year,
                                                 .month = month,
                                                 .day = day,
                                                 .weekday = weekday,
                                                 .year_day = ++year_day,
                                                 .quarter = month <= 3   ? 1
                                                            : month <= 6 ? 2
                                                            : month <= 9 ? 3
                                                                         : 4};
                weekday = weekday == 6 ? 0 : weekday + 1;
            }
        }
    }
    number_weeks();
    return 0;
}

static int32_t index_of(int32_t year, int32_t month, int32_t day)
{
    for (int32_t at = (year - YEAR_FROM) * 365; at < day_count; at++)
        if (days[at].year == year && days[at].month == month && days[at].day == day)
            return at;
    fail_msg("no day %d-%d-%d", year, month, day);
    return 0;
}

static bool supported(const struct day *day)
{
    return day->year >= 2001 && day->year <= 2099;
}

/* first and last of each run of equal labels */
static void find_edges(void)
{
    for (int32_t at = 0; at < day_count; at++)
        days[at].first = at > 0 && days[at - 1].label == days[at].label ? days[at - 1].first : at;
    for (int32_t at = day_count; at-- > 0;)
        days[at].last = at + 1 < day_count && days[at + 1].label == days[at].label ? days[at + 1].last : at;
}

/* ---- what must be ---- */

static void check_period(enum dk_restart restart, const struct dk_fiscal *fiscal, int32_t at)
{
    const struct day *day = &days[at];
    struct dk_span span, back;
    dk_span_of_date(restart, fiscal, day->date, &span);
    if (span.label != day->label || span.first != days[day->first].date || span.last != days[day->last].date)
        fail_msg("%s, fiscal %d %d %d: %u is in %d from %u to %u, not in %d from %u to %u", dk_restart_name(restart),
                 fiscal->rule, fiscal->month, fiscal->weekday, day->date, span.label, span.first, span.last, day->label,
                 days[day->first].date, days[day->last].date);
    if (day->first != at && day->date != DK_DATE_FIRST)
        return; /* the label once for each period */
    if (!dk_span_of_label(restart, fiscal, day->label, &back) || memcmp(&back, &span, sizeof span) != 0)
        fail_msg("%s, fiscal %d %d %d: label %d does not lead back to %u", dk_restart_name(restart), fiscal->rule,
                 fiscal->month, fiscal->weekday, day->label, span.first);
    char text[16];
    int32_t read = -1;
    dk_period_text(day->label, text);
    if (!dk_period_parse(text, &read) || read != day->label)
        fail_msg("%d is written %s and read as %d", day->label, text, read);
}

static void check_all(enum dk_restart restart, const struct dk_fiscal *fiscal)
{
    int32_t first = index_of(2001, 1, 1), last = index_of(2099, 12, 31), before = 0;
    find_edges();
    for (int32_t at = first; at <= last; at++) {
        check_period(restart, fiscal, at);
        if (days[at].label < before)
            fail_msg("%s: label %d comes after %d", dk_restart_name(restart), days[at].label, before);
        before = days[at].label;
    }
}

/* ---- fiscal years ---- */

/* The index of the last day of the fiscal year that ends with (or near) the month
 * before the first one, or by the rule's month, of that year. */
static int32_t end_of(const struct dk_fiscal *fiscal, int32_t year)
{
    static const int32_t nearest[] = {0, -1, 1, -2, 2, -3, 3};
    int32_t month = fiscal->rule == DK_FISCAL_MONTH ? (fiscal->month == 0 ? 12 : fiscal->month) : fiscal->month + 1;
    int32_t end = index_of(year, month, month_days(year, month));
    if (fiscal->rule == DK_FISCAL_MONTH)
        return end;
    for (int32_t turn = 0; turn < 7; turn++) {
        int32_t at = end + (fiscal->rule == DK_FISCAL_LAST ? -turn : nearest[turn]);
        if (days[at].weekday == fiscal->weekday)
            return at;
    }
    fail_msg("no end");
    return 0;
}

static void check_fiscal(const struct dk_fiscal *fiscal)
{
    bool one_year = fiscal->rule == DK_FISCAL_MONTH ? fiscal->month == 0 : fiscal->month == 11;
    int32_t from = 0;
    assert_true(dk_fiscal_is_calendar(fiscal) == one_year);
    for (int32_t year = YEAR_FROM; year < YEAR_TO; year++) {
        int32_t end = end_of(fiscal, year), length = end - from + 1;
        for (int32_t at = from; at <= end; at++) {
            struct dk_shown shown;
            uint32_t first, last;
            days[at].label = one_year ? year : (year - 1) * 10000 + year;
            if (!supported(&days[at]))
                continue;
            dk_date_show(days[at].date, fiscal, &shown);
            dk_fiscal_year(days[at].date, fiscal, &first, &last);
            if (shown.fiscal_last != year || shown.fiscal_first != (one_year ? year : year - 1) ||
                first != days[from].date || last != days[end].date)
                fail_msg("fiscal %d %d %d: %u shows %d to %d", fiscal->rule, fiscal->month, fiscal->weekday,
                         days[at].date, shown.fiscal_first, shown.fiscal_last);
        }
        if (from > 0)
            assert_true(fiscal->rule == DK_FISCAL_MONTH ? length == 365 || length == 366 : length == 364 || length == 371);
        from = end + 1;
    }
    for (int32_t at = from; at < day_count; at++)
        days[at].label = one_year ? 2101 : 21002101;
    check_all(DK_FISCAL, fiscal);
}

static void all_fiscal_years_hold_the_days_that_a_walk_finds(void **state)
{
    (void)state;
    for (uint8_t month = 0; month < 12; month++) {
        check_fiscal(&(struct dk_fiscal){DK_FISCAL_MONTH, month, 0});
        for (uint8_t weekday = 0; weekday < 7; weekday++) {
            check_fiscal(&(struct dk_fiscal){DK_FISCAL_LAST, month, weekday});
            check_fiscal(&(struct dk_fiscal){DK_FISCAL_NEAREST, month, weekday});
        }
    }
}

/* ---- the calendar's own periods ---- */

static int32_t wanted_label(enum dk_restart restart, const struct day *day)
{
    switch (restart) {
    case DK_YEARLY:
        return day->year;
    case DK_QUARTERLY:
        return day->year * 10 + day->quarter;
    case DK_MONTHLY:
        return day->year * 100 + day->month;
    case DK_WEEKLY:
        return day->week_year * 1000 + 500 + day->week;
    default:
        return (int32_t)day->date;
    }
}

static void years_quarters_months_weeks_and_days_tile_the_calendar(void **state)
{
    (void)state;
    static const enum dk_restart restarts[] = {DK_YEARLY, DK_QUARTERLY, DK_MONTHLY, DK_WEEKLY, DK_DAILY};
    const struct dk_fiscal any = {DK_FISCAL_NEAREST, 6, 3}; /* must not matter */
    for (size_t row = 0; row < sizeof restarts / sizeof restarts[0]; row++) {
        for (int32_t at = 0; at < day_count; at++)
            days[at].label = wanted_label(restarts[row], &days[at]);
        check_all(restarts[row], &any);
    }
}

static void a_day_shows_what_a_walk_finds(void **state)
{
    (void)state;
    const struct dk_fiscal any = {DK_FISCAL_MONTH, 3, 0};
    for (int32_t at = 0; at < day_count; at++) {
        const struct day *day = &days[at];
        struct dk_shown shown;
        if (!supported(day))
            continue;
        dk_date_show(day->date, &any, &shown);
        if (shown.year != day->year || shown.month != day->month || shown.day != day->day ||
            shown.quarter != day->quarter || shown.year_day != day->year_day || shown.week_year != day->week_year ||
            shown.week != day->week || dk_date_weekday(day->date) != (unsigned)day->weekday)
            fail_msg("%u shows %d-%d-%d, quarter %d, day %d, week %d of %d", day->date, shown.year, shown.month, shown.day,
                     shown.quarter, shown.year_day, shown.week, shown.week_year);
        assert_true(at == 0 || dk_date_add(days[at - 1].date, 1) == day->date);
    }
}

static void no_number_between_is_a_label(void **state)
{
    (void)state; /* of all numbers up to 21002100, a label is only what some supported day has, or days around them */
    static const enum dk_restart restarts[] = {DK_YEARLY, DK_QUARTERLY, DK_MONTHLY, DK_WEEKLY, DK_DAILY};
    const struct dk_fiscal none = {0};
    for (size_t row = 0; row < sizeof restarts / sizeof restarts[0]; row++) {
        int32_t at = index_of(2001, 1, 8), end = index_of(2099, 12, 27); /* whole weeks; others begin before or end after */
        int32_t from = wanted_label(restarts[row], &days[at]), to = wanted_label(restarts[row], &days[end]);
        for (int32_t label = from; label <= to; label++) {
            struct dk_span span;
            while (wanted_label(restarts[row], &days[at]) < label)
                at++;
            if (dk_span_of_label(restarts[row], &none, label, &span) != (wanted_label(restarts[row], &days[at]) == label))
                fail_msg("%s: label %d", dk_restart_name(restarts[row]), label);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_shows_what_a_walk_finds),
        cmocka_unit_test(years_quarters_months_weeks_and_days_tile_the_calendar),
        cmocka_unit_test(no_number_between_is_a_label),
        cmocka_unit_test(all_fiscal_years_hold_the_days_that_a_walk_finds),
    };
    return cmocka_run_group_tests(tests, walk, NULL);
}
