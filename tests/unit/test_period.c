/* SPDX-License-Identifier: MIT */
/* links: numbering/period.c */
/* Which period an instant belongs to, and where its edges are, in UTC. */
#include "numbering/period.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { DAY = 86400 };

/* The C library's calendar, as a second opinion. */
static int64_t utc(int year, int month, int day, int hour, int minute, int second)
{
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_sec = second};
    return (int64_t)timegm(&parts);
}

static void assert_period(enum dk_restart restart, int64_t at, int32_t label, int64_t start,
                          int64_t end)
{
    struct dk_period period;
    dk_period_at(restart, at, &period);
    assert_int_equal(period.label, label);
    assert_int_equal(period.start_s, start);
    assert_int_equal(period.end_s, end);
}

static void a_series_that_never_restarts_has_one_period_without_end(void **state)
{
    (void)state;
    assert_period(DK_NEVER, utc(2026, 11, 24, 0, 0, 0), 0, 0, INT64_MAX);
}

static void a_year_ends_with_the_last_second_of_december(void **state)
{
    (void)state;
    int64_t start = utc(2026, 1, 1, 0, 0, 0), end = utc(2027, 1, 1, 0, 0, 0);
    assert_period(DK_YEARLY, start, 2026, start, end);
    assert_period(DK_YEARLY, end - 1, 2026, start, end);
    assert_period(DK_YEARLY, end, 2027, end, utc(2028, 1, 1, 0, 0, 0));
    assert_period(DK_YEARLY, start - 1, 2025, utc(2025, 1, 1, 0, 0, 0), start);
}

static void february_has_29_days_in_leap_years_only(void **state)
{
    (void)state;
    const struct {
        int year, days;
    } rows[] = {{2024, 29}, {2025, 28}, {2000, 29}, {2100, 28}, {2400, 29}, {9999, 28}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t start = utc(rows[at].year, 2, 1, 0, 0, 0);
        assert_period(DK_MONTHLY, start + 20 * DAY, rows[at].year * 100 + 2, start,
                      start + (int64_t)rows[at].days * DAY);
    }
    assert_period(DK_DAILY, utc(2024, 2, 29, 12, 0, 0), 20240229, utc(2024, 2, 29, 0, 0, 0),
                  utc(2024, 3, 1, 0, 0, 0));
    assert_int_equal(dk_day_date(utc(2100, 2, 28, 23, 59, 59) + 1), 21000301);
}

static void december_is_followed_by_january_of_the_next_year(void **state)
{
    (void)state;
    assert_period(DK_MONTHLY, utc(2026, 12, 31, 23, 59, 59), 202612, utc(2026, 12, 1, 0, 0, 0),
                  utc(2027, 1, 1, 0, 0, 0));
    assert_period(DK_DAILY, utc(2026, 12, 31, 23, 59, 59), 20261231, utc(2026, 12, 31, 0, 0, 0),
                  utc(2027, 1, 1, 0, 0, 0));
}

static void the_first_instant_is_1970(void **state)
{
    (void)state;
    assert_period(DK_YEARLY, 0, 1970, 0, 365 * (int64_t)DAY);
    assert_period(DK_DAILY, 0, 19700101, 0, DAY);
    assert_int_equal(dk_day_date(0), 19700101);
}

static void instants_before_1970_are_clamped(void **state)
{
    (void)state;
    assert_period(DK_YEARLY, -1, 1970, 0, 365 * (int64_t)DAY);
    assert_period(DK_MONTHLY, INT64_MIN, 197001, 0, 31 * (int64_t)DAY);
    assert_int_equal(dk_day_start(-1), 0);
    assert_int_equal(dk_day_date(INT64_MIN), 19700101);
}

static void the_last_day_is_9999_12_31_and_later_instants_are_clamped(void **state)
{
    (void)state;
    int64_t end = utc(10000, 1, 1, 0, 0, 0);
    assert_period(DK_YEARLY, end - 1, 9999, utc(9999, 1, 1, 0, 0, 0), end);
    assert_period(DK_DAILY, end - 1, 99991231, end - DAY, end);
    assert_period(DK_DAILY, end, 99991231, end - DAY, end);
    assert_period(DK_MONTHLY, INT64_MAX, 999912, utc(9999, 12, 1, 0, 0, 0), end);
    assert_int_equal(dk_day_start(INT64_MAX), end - DAY);
}

static void every_day_until_9999_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = 0; day * DAY < utc(10000, 1, 1, 0, 0, 0); day++) {
        time_t instant = (time_t)(day * DAY + day % DAY);
        struct tm parts;
        gmtime_r(&instant, &parts);
        uint32_t wanted =
            (uint32_t)((parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday);
        if (dk_day_date(instant) != wanted || dk_day_start(instant) != day * DAY)
            fail_msg("day %lld: %u, not %u", (long long)day, dk_day_date(instant), wanted);
    }
}

static void each_period_begins_where_the_one_before_it_ends(void **state)
{
    (void)state;
    for (int restart = DK_YEARLY; restart <= DK_DAILY; restart++) {
        struct dk_period period, next;
        int64_t at = 0;
        for (int step = 0; step < 3000; step++, at = period.end_s) {
            dk_period_at((enum dk_restart)restart, at, &period);
            assert_int_equal(period.start_s, at);
            dk_period_at((enum dk_restart)restart, period.end_s - 1, &next);
            assert_int_equal(next.label, period.label);
            dk_period_at((enum dk_restart)restart, period.end_s, &next);
            assert_true(next.label > period.label);
        }
    }
}

static void a_period_is_written_with_dashes(void **state)
{
    (void)state;
    char text[16];
    dk_period_text(0, text);
    assert_string_equal(text, "");
    dk_period_text(2026, text);
    assert_string_equal(text, "2026");
    dk_period_text(202611, text);
    assert_string_equal(text, "2026-11");
    dk_period_text(20261124, text);
    assert_string_equal(text, "2026-11-24");
    dk_period_text(99991231, text);
    assert_string_equal(text, "9999-12-31");
    dk_period_text(INT32_MIN, text); /* no such period, and no overflow either */
    assert_string_equal(text, "-2147483648");
}

static void a_period_is_read_with_and_without_dashes(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int32_t label;
    } rows[] = {{"", 0},
                {"1970", 1970},
                {"2026", 2026},
                {"9999", 9999},
                {"202611", 202611},
                {"2026-11", 202611},
                {"20261124", 20261124},
                {"2026-11-24", 20261124},
                {"2024-02-29", 20240229},
                {"20001231", 20001231}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int32_t label = -1;
        if (!dk_period_parse(rows[at].text, &label) || label != rows[at].label)
            fail_msg("\"%s\" gave %d", rows[at].text, label);
    }
}

static void what_is_no_period_is_refused_and_leaves_the_label(void **state)
{
    (void)state;
    const char *const rows[] = {
        "1969",       "0",          "26",          "20261",     "2026-",
        "2026-1",     "2026-13",    "2026-00",     "202613",    "2026-02-29",
        "2100-02-29", "2026-11-31", "20261100",    "2026-1124", "202611-24",
        "2026-11-2",  "2026-11-",   "2026-11-24x", " 2026",     "2026 ",
        "+2026",      "10000",      "2026/11",     "-2026",     "２０２６"};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int32_t label = 77;
        if (dk_period_parse(rows[at], &label) || label != 77)
            fail_msg("\"%s\" was read as %d", rows[at], label);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (int restart = DK_NEVER; restart <= DK_DAILY; restart++) {
        for (int64_t at = 0; at < utc(10000, 1, 1, 0, 0, 0); at += 977 * (int64_t)DAY + 13) {
            struct dk_period period;
            char text[16];
            int32_t label = -1;
            dk_period_at((enum dk_restart)restart, at, &period);
            dk_period_text(period.label, text);
            assert_true(dk_period_parse(text, &label));
            assert_int_equal(label, period.label);
        }
    }
}

static void a_label_says_its_first_and_last_day(void **state)
{
    (void)state;
    assert_int_equal(dk_period_first_date(2028), 20280101);
    assert_int_equal(dk_period_last_date(2028), 20281231);
    assert_int_equal(dk_period_first_date(202802), 20280201);
    assert_int_equal(dk_period_last_date(202802), 20280229);
    assert_int_equal(dk_period_last_date(202702), 20270228);
    assert_int_equal(dk_period_last_date(202612), 20261231);
    assert_int_equal(dk_period_first_date(20261124), 20261124);
    assert_int_equal(dk_period_last_date(20261124), 20261124);
    assert_int_equal(dk_period_first_date(0), 0);
    assert_int_equal(dk_period_last_date(0), 0);
    for (int64_t at = 0; at < utc(2101, 1, 1, 0, 0, 0); at += 9 * DAY) {
        for (enum dk_restart restart = DK_YEARLY; restart <= DK_DAILY; restart++) {
            struct dk_period period;
            dk_period_at(restart, at, &period);
            assert_int_equal(dk_period_first_date(period.label), dk_day_date(period.start_s));
            assert_int_equal(dk_period_last_date(period.label), dk_day_date(period.end_s - 1));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_says_its_first_and_last_day),
        cmocka_unit_test(a_series_that_never_restarts_has_one_period_without_end),
        cmocka_unit_test(a_year_ends_with_the_last_second_of_december),
        cmocka_unit_test(february_has_29_days_in_leap_years_only),
        cmocka_unit_test(december_is_followed_by_january_of_the_next_year),
        cmocka_unit_test(the_first_instant_is_1970),
        cmocka_unit_test(instants_before_1970_are_clamped),
        cmocka_unit_test(the_last_day_is_9999_12_31_and_later_instants_are_clamped),
        cmocka_unit_test(every_day_until_9999_agrees_with_the_c_library),
        cmocka_unit_test(each_period_begins_where_the_one_before_it_ends),
        cmocka_unit_test(a_period_is_written_with_dashes),
        cmocka_unit_test(a_period_is_read_with_and_without_dashes),
        cmocka_unit_test(what_is_no_period_is_refused_and_leaves_the_label),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests_name("period", tests, NULL, NULL);
}
