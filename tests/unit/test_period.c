/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/period.c */
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

static struct dk_policy policy_of(enum dk_restart restart, const char *fiscal)
{
    struct dk_policy policy = {.restart = (uint8_t)restart};
    assert_true(dk_fiscal_parse(fiscal, &policy.fiscal));
    return policy;
}

static void period_at(enum dk_restart restart, int64_t at, struct dk_period *period)
{
    struct dk_policy policy = policy_of(restart, "april");
    dk_period_at(&policy, &dk_zone_utc, at, period);
}

static uint32_t date_at(int64_t at)
{
    return dk_zone_utc.date(&dk_zone_utc, at);
}

static void assert_period(enum dk_restart restart, int64_t at, int32_t label, int64_t start,
                          int64_t end)
{
    struct dk_period period;
    period_at(restart, at, &period);
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
    } rows[] = {{2024, 29}, {2025, 28}, {2000, 29}, {2100, 28}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t start = utc(rows[at].year, 2, 1, 0, 0, 0);
        assert_period(DK_MONTHLY, start + 20 * DAY, rows[at].year * 100 + 2, start,
                      start + (int64_t)rows[at].days * DAY);
    }
    assert_period(DK_DAILY, utc(2024, 2, 29, 12, 0, 0), 20240229, utc(2024, 2, 29, 0, 0, 0),
                  utc(2024, 3, 1, 0, 0, 0));
    assert_int_equal(date_at(utc(2100, 2, 28, 23, 59, 59) + 1), 21000301);
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
    assert_int_equal(date_at(0), 19700101);
}

static void instants_before_1970_are_clamped(void **state)
{
    (void)state;
    assert_period(DK_YEARLY, -1, 1970, 0, 365 * (int64_t)DAY);
    assert_period(DK_MONTHLY, INT64_MIN, 197001, 0, 31 * (int64_t)DAY);
    assert_int_equal(date_at(INT64_MIN), 19700101);
}

static void the_last_day_is_2100_12_31_and_later_instants_are_clamped(void **state)
{
    (void)state;
    int64_t end = utc(2101, 1, 1, 0, 0, 0);
    assert_period(DK_YEARLY, end - 1, 2100, utc(2100, 1, 1, 0, 0, 0), end);
    assert_period(DK_DAILY, end - 1, 21001231, end - DAY, end);
    assert_period(DK_DAILY, end, 21001231, end - DAY, end);
    assert_period(DK_MONTHLY, INT64_MAX, 210012, utc(2100, 12, 1, 0, 0, 0), end);
}

static void every_day_until_2100_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = 0; day * DAY < utc(2101, 1, 1, 0, 0, 0); day++) {
        time_t instant = (time_t)(day * DAY + day % DAY);
        struct tm parts;
        gmtime_r(&instant, &parts);
        uint32_t wanted =
            (uint32_t)((parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday);
        if (date_at(instant) != wanted || dk_zone_utc.day_start(&dk_zone_utc, wanted) != day * DAY)
            fail_msg("day %lld: %u, not %u", (long long)day, date_at(instant), wanted);
    }
}

static void quarters_begin_in_january_april_july_and_october(void **state)
{
    (void)state;
    int64_t start = utc(2026, 10, 1, 0, 0, 0), end = utc(2027, 1, 1, 0, 0, 0);
    assert_period(DK_QUARTERLY, start, 20264, start, end);
    assert_period(DK_QUARTERLY, end - 1, 20264, start, end);
    assert_period(DK_QUARTERLY, end, 20271, end, utc(2027, 4, 1, 0, 0, 0));
    assert_period(DK_QUARTERLY, utc(2024, 6, 30, 23, 59, 59), 20242, utc(2024, 4, 1, 0, 0, 0), utc(2024, 7, 1, 0, 0, 0));
}

static void week_53_runs_over_the_new_year(void **state)
{
    (void)state;
    int64_t start = utc(2026, 12, 28, 0, 0, 0), end = utc(2027, 1, 4, 0, 0, 0);
    assert_period(DK_WEEKLY, start, 2026553, start, end);
    assert_period(DK_WEEKLY, utc(2027, 1, 1, 12, 0, 0), 2026553, start, end);
    assert_period(DK_WEEKLY, end, 2027501, end, end + 7 * DAY);
    assert_period(DK_WEEKLY, utc(2024, 12, 30, 0, 0, 0), 2025501, utc(2024, 12, 30, 0, 0, 0), utc(2025, 1, 6, 0, 0, 0));
}

static void a_fiscal_year_from_april_carries_both_its_years(void **state)
{
    (void)state;
    int64_t start = utc(2026, 4, 1, 0, 0, 0), end = utc(2027, 4, 1, 0, 0, 0);
    assert_period(DK_FISCAL, start, 20262027, start, end);
    assert_period(DK_FISCAL, end - 1, 20262027, start, end);
    assert_period(DK_FISCAL, start - 1, 20252026, utc(2025, 4, 1, 0, 0, 0), start);
}

static void assert_fiscal(const char *rule, uint32_t date, int32_t label, uint32_t first, uint32_t last)
{
    struct dk_policy policy = policy_of(DK_FISCAL, rule);
    struct dk_span span;
    dk_span_of_date(DK_FISCAL, &policy.fiscal, date, &span);
    if (span.label != label || span.first != first || span.last != last)
        fail_msg("%s %u: %d, %u to %u", rule, date, span.label, span.first, span.last);
}

static void a_fiscal_year_that_is_a_calendar_year_by_its_numbers_has_a_year_as_label(void **state)
{
    (void)state;
    assert_fiscal("january", 20261231, 2026, 20260101, 20261231);
    assert_fiscal("nearest-saturday-december", 20150103, 2014, 20131229, 20150103);
    assert_fiscal("nearest-saturday-january", 20240203, 20232024, 20230129, 20240203);
    assert_fiscal("december", 20261201, 20262027, 20261201, 20271130);
}

static void assert_same(const struct dk_period *one, const struct dk_period *other)
{
    assert_int_equal(one->label, other->label);
    assert_int_equal(one->start_s, other->start_s);
    assert_int_equal(one->end_s, other->end_s);
}

/* Of every restart, and of a fiscal year by each rule. */
static void each_period_begins_where_the_one_before_it_ends(void **state)
{
    (void)state;
    const struct {
        enum dk_restart restart;
        const char *fiscal;
    } rows[] = {{DK_YEARLY, "january"}, {DK_MONTHLY, "january"}, {DK_DAILY, "january"}, {DK_QUARTERLY, "january"},
                {DK_WEEKLY, "january"}, {DK_FISCAL, "january"}, {DK_FISCAL, "april"}, {DK_FISCAL, "december"},
                {DK_FISCAL, "last-saturday-january"}, {DK_FISCAL, "last-friday-december"},
                {DK_FISCAL, "nearest-saturday-december"}, {DK_FISCAL, "nearest-monday-february"}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct dk_policy policy = policy_of(rows[row].restart, rows[row].fiscal);
        struct dk_period period, other;
        dk_period_at(&policy, &dk_zone_utc, utc(1972, 1, 5, 0, 0, 0), &period);
        while (period.start_s < utc(2099, 6, 1, 0, 0, 0)) {
            dk_period_at(&policy, &dk_zone_utc, period.end_s - 1, &other);
            assert_same(&other, &period);
            assert_true(dk_period_of(&policy, &dk_zone_utc, period.label, &other));
            assert_same(&other, &period);
            dk_period_at(&policy, &dk_zone_utc, period.end_s, &other);
            assert_int_equal(other.start_s, period.end_s);
            assert_true(other.label > period.label);
            period = other;
        }
    }
}

static void a_label_of_another_rule_is_no_period(void **state)
{
    (void)state;
    const struct {
        enum dk_restart restart;
        int32_t label;
    } rows[] = {{DK_NEVER, 2026},        {DK_YEARLY, 0},          {DK_YEARLY, -2026},     {DK_YEARLY, 10000},   {DK_YEARLY, 202611},
                {DK_MONTHLY, 202613},    {DK_MONTHLY, 202600},    {DK_MONTHLY, 2026},     {DK_DAILY, 20260229}, {DK_DAILY, 202611},
                {DK_QUARTERLY, 20260},   {DK_QUARTERLY, 20265},   {DK_QUARTERLY, 202611}, {DK_WEEKLY, 2025553}, {DK_WEEKLY, 2026500},
                {DK_WEEKLY, 2026554},    {DK_WEEKLY, 2026453},    {DK_FISCAL, 2026},      {DK_FISCAL, 20262026},
                {DK_FISCAL, 20262028},   {DK_FISCAL, 20270101},   {DK_FISCAL, INT32_MAX}, {DK_FISCAL, INT32_MIN},
                {DK_WEEKLY, INT32_MAX},  {DK_DAILY, INT32_MAX},   {DK_MONTHLY, INT32_MAX}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        struct dk_policy policy = policy_of(rows[at].restart, "april");
        struct dk_span span = {77, 77, 77};
        if (dk_span_of_label(rows[at].restart, &policy.fiscal, rows[at].label, &span) || span.label != 77)
            fail_msg("restart %d: %d is %u to %u", rows[at].restart, rows[at].label, span.first, span.last);
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
    dk_period_text(20264, text);
    assert_string_equal(text, "2026-Q4");
    dk_period_text(2026553, text);
    assert_string_equal(text, "2026-W53");
    dk_period_text(2027501, text);
    assert_string_equal(text, "2027-W01");
    dk_period_text(20262027, text);
    assert_string_equal(text, "2026-2027");
    dk_period_text(2025553, text); /* that year has 52 weeks */
    assert_string_equal(text, "2025553");
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
                {"20001231", 20001231},
                {"2026-Q1", 20261},
                {"20261", 20261},
                {"2026-W53", 2026553},
                {"2026553", 2026553},
                {"2027-W01", 2027501},
                {"2025-2026", 20252026},
                {"20252026", 20252026}};
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
        "1969",       "0",          "26",          "20265",     "2026-",
        "2026-Q0",    "2026-Q5",    "2026Q1",      "2026-q1",   "2026-1Q",   "2026-W00",   "2025-W53",   "2026-W5",
        "2026W53",    "2026-w53",   "2026-553",    "2026-2028", "2026-2026", "WWWWWWWWWW", "Q",          "02026",
        "00002026",   "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",   "2026-11-24-", "99999999", "99991000000000",
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
    for (int restart = DK_NEVER; restart < DK_RESTART_COUNT; restart++) {
        for (int64_t at = utc(1971, 2, 5, 0, 0, 0); at < utc(2101, 1, 1, 0, 0, 0); at += 5 * (int64_t)DAY + 13) {
            struct dk_period period;
            char text[16];
            int32_t label = -1;
            period_at((enum dk_restart)restart, at, &period);
            dk_period_text(period.label, text);
            if (!dk_period_parse(text, &label) || label != period.label)
                fail_msg("%d is \"%s\", is %d", period.label, text, label);
        }
    }
}

static void labels_of_different_rules_never_meet(void **state)
{
    (void)state;
    for (int64_t at = utc(1971, 1, 5, 0, 0, 0); at < utc(2101, 1, 1, 0, 0, 0); at += DAY) {
        struct dk_period periods[DK_RESTART_COUNT];
        char text[16];
        for (int restart = DK_YEARLY; restart < DK_RESTART_COUNT; restart++) {
            period_at((enum dk_restart)restart, at, &periods[restart]);
            dk_period_text(periods[restart].label, text);
            size_t bytes = restart == DK_YEARLY      ? 4
                           : restart == DK_QUARTERLY ? 7
                           : restart == DK_MONTHLY   ? 7
                           : restart == DK_WEEKLY    ? 8
                           : restart == DK_FISCAL    ? 9
                                                     : 10;
            if (strlen(text) != bytes)
                fail_msg("restart %d: \"%s\"", restart, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_that_never_restarts_has_one_period_without_end),
        cmocka_unit_test(a_year_ends_with_the_last_second_of_december),
        cmocka_unit_test(february_has_29_days_in_leap_years_only),
        cmocka_unit_test(december_is_followed_by_january_of_the_next_year),
        cmocka_unit_test(the_first_instant_is_1970),
        cmocka_unit_test(instants_before_1970_are_clamped),
        cmocka_unit_test(the_last_day_is_2100_12_31_and_later_instants_are_clamped),
        cmocka_unit_test(every_day_until_2100_agrees_with_the_c_library),
        cmocka_unit_test(quarters_begin_in_january_april_july_and_october),
        cmocka_unit_test(week_53_runs_over_the_new_year),
        cmocka_unit_test(a_fiscal_year_from_april_carries_both_its_years),
        cmocka_unit_test(a_fiscal_year_that_is_a_calendar_year_by_its_numbers_has_a_year_as_label),
        cmocka_unit_test(each_period_begins_where_the_one_before_it_ends),
        cmocka_unit_test(a_label_of_another_rule_is_no_period),
        cmocka_unit_test(a_period_is_written_with_dashes),
        cmocka_unit_test(a_period_is_read_with_and_without_dashes),
        cmocka_unit_test(what_is_no_period_is_refused_and_leaves_the_label),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(labels_of_different_rules_never_meet),
    };
    return cmocka_run_group_tests_name("period", tests, NULL, NULL);
}
