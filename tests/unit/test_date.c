/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/date.c */
/* Days, weeks and fiscal years: the C library is the second opinion, and for 52/53-week years what companies printed. */
#include "numbering/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct dk_fiscal january = {0}, april = {DK_FISCAL_MONTH, 3, 0}, december = {DK_FISCAL_MONTH, 11, 0};

static struct dk_fiscal rule(const char *text)
{
    struct dk_fiscal fiscal;
    if (!dk_fiscal_parse(text, &fiscal))
        fail_msg("\"%s\" was refused", text);
    return fiscal;
}

/* What strftime says of a day. */
static int told(int32_t day, const char *format)
{
    time_t instant = (time_t)day * 86400 + 43200;
    struct tm parts;
    char text[16];
    gmtime_r(&instant, &parts);
    assert_true(strftime(text, sizeof text, format, &parts) > 0);
    return (int)strtol(text, NULL, 10);
}

static void every_day_from_1970_to_2101_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int32_t day = 0; day < 48000; day++) {
        uint32_t date = dk_day_date(day);
        struct dk_shown shown;
        dk_date_show(date, &january, &shown);
        bool same = shown.year == told(day, "%Y") && shown.month == told(day, "%m") && shown.day == told(day, "%d") &&
                    shown.year_day == told(day, "%j") && shown.week_year == told(day, "%G") &&
                    shown.week == told(day, "%V") && shown.quarter == (shown.month + 2) / 3 &&
                    (int)dk_date_weekday(date) + 1 == told(day, "%u") && shown.fiscal_first == shown.year &&
                    shown.fiscal_last == shown.year && dk_date_exists(date) && dk_date_day(date) == day;
        if (!same)
            fail_msg("day %d: %u", day, date);
    }
}

static void day_numbers_and_dates_are_inverse_until_9999(void **state)
{
    (void)state;
    for (int32_t day = dk_date_day(10101); day <= dk_date_day(99991231); day++)
        if (dk_date_day(dk_day_date(day)) != day)
            fail_msg("day %d: %u", day, dk_day_date(day));
    assert_int_equal(dk_date_day(19700101), 0);
    assert_int_equal(dk_date_add(20240228, 1), 20240229);
    assert_int_equal(dk_date_add(20250228, 1), 20250301);
    assert_int_equal(dk_date_add(20260101, -1), 20251231);
    assert_int_equal(dk_date_weekday(20010101), 0);
}

static void only_dates_of_the_calendar_exist_and_only_two_digit_years_are_supported(void **state)
{
    (void)state;
    const uint32_t none[] = {0, 101, 20260000, 20260100, 20260001, 20261301, 20260229, 21000229, 20261131, 20260132, 99991232,
                             100000101, UINT32_MAX};
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++)
        if (dk_date_exists(none[at]) || dk_date_supported(none[at]))
            fail_msg("%u", none[at]);
    assert_true(dk_date_exists(10101) && !dk_date_supported(10101));
    assert_true(dk_date_exists(20000229) && !dk_date_supported(20001231));
    assert_true(dk_date_supported(20010101) && dk_date_supported(20991231));
    assert_false(dk_date_supported(21000101));
}

static void week_53_belongs_to_the_year_of_its_thursday(void **state)
{
    (void)state;
    const struct {
        uint32_t date;
        int32_t year, week;
    } rows[] = {{20201231, 2020, 53}, {20210103, 2020, 53}, {20210104, 2021, 1}, {20261231, 2026, 53}, {20270101, 2026, 53},
                {20270104, 2027, 1},  {20241229, 2024, 52}, {20241230, 2025, 1}, {20991231, 2099, 53}, {20010101, 2001, 1},
                {21000103, 2099, 53}, {20180101, 2018, 1}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        struct dk_shown shown;
        dk_date_show(rows[at].date, &january, &shown);
        assert_int_equal(shown.week_year, rows[at].year);
        assert_int_equal(shown.week, rows[at].week);
    }
}

static void assert_fiscal(const struct dk_fiscal *fiscal, uint32_t date, uint32_t first, uint32_t last, int32_t first_year,
                          int32_t last_year)
{
    struct dk_shown shown;
    uint32_t begins, ends;
    dk_fiscal_year(date, fiscal, &begins, &ends);
    dk_date_show(date, fiscal, &shown);
    if (begins != first || ends != last || shown.fiscal_first != first_year || shown.fiscal_last != last_year)
        fail_msg("%u: %u to %u, %d-%d", date, begins, ends, shown.fiscal_first, shown.fiscal_last);
}

static void a_fiscal_year_begins_on_the_first_of_its_month(void **state)
{
    (void)state;
    assert_fiscal(&january, 20260704, 20260101, 20261231, 2026, 2026);
    assert_fiscal(&april, 20260331, 20250401, 20260331, 2025, 2026);
    assert_fiscal(&april, 20260401, 20260401, 20270331, 2026, 2027);
    assert_fiscal(&april, 20000331, 19990401, 20000331, 1999, 2000);
    assert_fiscal(&december, 20261130, 20251201, 20261130, 2025, 2026);
    assert_fiscal(&december, 20261201, 20261201, 20271130, 2026, 2027);
    struct dk_fiscal march = rule("march");
    assert_fiscal(&march, 20240229, 20230301, 20240229, 2023, 2024); /* the leap day is the last one */
    assert_fiscal(&march, 20250228, 20240301, 20250228, 2024, 2025);
}

static void years_of_52_and_53_weeks_end_when_companies_said_they_did(void **state)
{
    (void)state;
    struct dk_fiscal september = rule("last-saturday-september");
    assert_fiscal(&september, 20220924, 20210926, 20220924, 2021, 2022);
    assert_fiscal(&september, 20220925, 20220925, 20230930, 2022, 2023); /* 53 weeks */
    assert_fiscal(&september, 20231001, 20231001, 20240928, 2023, 2024);
    struct dk_fiscal july = rule("last-saturday-july");
    assert_fiscal(&july, 20230729, 20220731, 20230729, 2022, 2023);
    assert_fiscal(&july, 20240727, 20230730, 20240727, 2023, 2024);
    struct dk_fiscal retail = rule("nearest-saturday-january");
    assert_fiscal(&retail, 20230128, 20220130, 20230128, 2022, 2023);
    assert_fiscal(&retail, 20240203, 20230129, 20240203, 2023, 2024); /* 53 weeks, ends in February */
    assert_fiscal(&retail, 20240204, 20240204, 20250201, 2024, 2025);
}

static void a_year_that_ends_near_december_31_is_one_calendar_year_whichever_day_it_ends_on(void **state)
{
    (void)state;
    struct dk_fiscal nearest = rule("nearest-saturday-december");
    assert_fiscal(&nearest, 20150103, 20131229, 20150103, 2014, 2014); /* ends in January of 2015 */
    assert_fiscal(&nearest, 20150104, 20150104, 20160102, 2015, 2015);
    assert_fiscal(&nearest, 20210102, 20191229, 20210102, 2020, 2020);
    struct dk_fiscal last = rule("last-friday-december");
    assert_fiscal(&last, 20261226, 20261226, 20271231, 2027, 2027); /* begins in December of 2026 */
    assert_true(dk_fiscal_is_calendar(&nearest) && dk_fiscal_is_calendar(&last) && dk_fiscal_is_calendar(&january));
    assert_false(dk_fiscal_is_calendar(&april) || dk_fiscal_is_calendar(&december));
}

/* All rules: the years are runs of whole days without a hole, of 365 or 366 days or of 52 or 53 whole weeks, and end as
 * the rule's words say. */
static void fiscal_years_of_every_rule_follow_each_other_without_a_hole(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < DK_FISCAL_RULE_COUNT * 12u * 7u; kind++) {
        struct dk_fiscal fiscal = {(uint8_t)(kind / 84), (uint8_t)(kind / 7 % 12), (uint8_t)(kind % 7)};
        if (fiscal.rule == DK_FISCAL_MONTH)
            fiscal.weekday = 0;
        uint32_t first = 20000101, last = 0, next = 20000101;
        int32_t number = 0;
        while (next < 21010101) {
            struct dk_shown shown, at_end;
            dk_fiscal_year(next, &fiscal, &first, &last);
            dk_date_show(next, &fiscal, &shown);
            dk_date_show(last, &fiscal, &at_end);
            int32_t days = dk_date_day(last) - dk_date_day(first) + 1;
            bool good = (number == 0 || first == next) && shown.fiscal_last == at_end.fiscal_last &&
                        (number == 0 || shown.fiscal_last == number + 1) &&
                        shown.fiscal_first == shown.fiscal_last - (dk_fiscal_is_calendar(&fiscal) ? 0 : 1);
            if (fiscal.rule == DK_FISCAL_MONTH)
                good = good && (days == 365 || days == 366) && first % 10000 == (fiscal.month + 1u) * 100 + 1;
            else
                good = good && (days == 364 || days == 371) && dk_date_weekday(last) == fiscal.weekday;
            if (fiscal.rule == DK_FISCAL_LAST)
                good = good && last / 100 % 100 == fiscal.month + 1u && dk_date_add(last, 7) / 100 != last / 100;
            if (fiscal.rule == DK_FISCAL_NEAREST) {
                uint32_t month = (uint32_t)shown.fiscal_last * 100 + fiscal.month + 1;
                uint32_t end = month * 100 + dk_days_of_month(shown.fiscal_last, fiscal.month + 1);
                good = good && abs(dk_date_day(end) - dk_date_day(last)) <= 3;
            }
            if (!good)
                fail_msg("rule %u month %u weekday %u: %u to %u", fiscal.rule, fiscal.month, fiscal.weekday, first, last);
            number = shown.fiscal_last;
            next = dk_date_add(last, 1);
        }
    }
}

static void a_date_is_read_in_its_two_spellings_only(void **state)
{
    (void)state;
    uint32_t date = 77;
    char text[11];
    assert_true(dk_date_parse("2026-11-24", &date) && date == 20261124);
    assert_true(dk_date_parse("20240229", &date) && date == 20240229);
    dk_date_text(20240229, text);
    assert_string_equal(text, "2024-02-29");
    date = 77;
    const char *const none[] = {"",           "2026",        "2026-11",   "2026-02-29", "2026-1124",   "202611-24", "2026-11-24 ",
                                "2026-11-2",  " 2026-11-24", "+2026-1-1", "2026/11/24", "26-11-24",    "2026-00-10", "20261324",
                                "2026-11-31", "2026112",     "202611245", "-",          "0000-01-01", "２０２６-11-24"};
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++)
        if (dk_date_parse(none[at], &date) || date != 77)
            fail_msg("\"%s\" was read as %u", none[at], date);
}

static void a_fiscal_rule_is_read_and_written(void **state)
{
    (void)state;
    const struct {
        const char *text, *written;
        struct dk_fiscal fiscal;
    } rows[] = {{"january", "january", {0, 0, 0}},
                {"1", "january", {0, 0, 0}},
                {"04", "april", {0, 3, 0}},
                {"apr", "april", {0, 3, 0}},
                {"December", "december", {0, 11, 0}},
                {"12", "december", {0, 11, 0}},
                {"last-saturday-january", "last-saturday-january", {1, 0, 5}},
                {"last-sat-jan", "last-saturday-january", {1, 0, 5}},
                {"nearest-wednesday-september", "nearest-wednesday-september", {2, 8, 2}},
                {"nearest-sun-12", "nearest-sunday-december", {2, 11, 6}}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        struct dk_fiscal fiscal = rule(rows[at].text);
        char text[32];
        dk_fiscal_text(&fiscal, text);
        assert_string_equal(text, rows[at].written);
        assert_memory_equal(&fiscal, &rows[at].fiscal, sizeof fiscal);
    }
    const char *const none[] = {"",     "0",         "13",       "1x",      "004", "ja",          "janu",   "last",
                                "last-", "last-january", "last-saturday", "last-saturday-", "first-monday-may", "nearest--may",
                                "last-saturday-january-", "april ", "-4", "last-caturday-may"};
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++) {
        struct dk_fiscal fiscal = {9, 9, 9};
        if (dk_fiscal_parse(none[at], &fiscal) || fiscal.rule != 9)
            fail_msg("\"%s\" was read", none[at]);
    }
    for (unsigned kind = 0; kind < DK_FISCAL_RULE_COUNT * 84u; kind++) { /* every rule comes back, within its bytes */
        struct dk_fiscal fiscal = {(uint8_t)(kind / 84), (uint8_t)(kind / 7 % 12), (uint8_t)(kind < 84 ? 0 : kind % 7)}, again;
        char text[32];
        dk_fiscal_text(&fiscal, text);
        again = rule(text);
        assert_memory_equal(&fiscal, &again, sizeof fiscal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_1970_to_2101_agrees_with_the_c_library),
        cmocka_unit_test(day_numbers_and_dates_are_inverse_until_9999),
        cmocka_unit_test(only_dates_of_the_calendar_exist_and_only_two_digit_years_are_supported),
        cmocka_unit_test(week_53_belongs_to_the_year_of_its_thursday),
        cmocka_unit_test(a_fiscal_year_begins_on_the_first_of_its_month),
        cmocka_unit_test(years_of_52_and_53_weeks_end_when_companies_said_they_did),
        cmocka_unit_test(a_year_that_ends_near_december_31_is_one_calendar_year_whichever_day_it_ends_on),
        cmocka_unit_test(fiscal_years_of_every_rule_follow_each_other_without_a_hole),
        cmocka_unit_test(a_date_is_read_in_its_two_spellings_only),
        cmocka_unit_test(a_fiscal_rule_is_read_and_written),
    };
    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
