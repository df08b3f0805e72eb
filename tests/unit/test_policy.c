/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/policy.c numbering/template.c */
/* What a series may be told at its creation, and which names are safe. */
#include "numbering/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dk_policy policy_of(uint8_t restart, const char *template_text)
{
    struct dk_policy policy;
    dk_policy_default(&policy);
    policy.restart = restart;
    memset(policy.template_text, 0, sizeof policy.template_text);
    snprintf(policy.template_text, sizeof policy.template_text, "%s", template_text);
    return policy;
}

static void assert_verdict(uint8_t restart, const char *template_text, docket_status wanted)
{
    struct dk_policy policy = policy_of(restart, template_text);
    docket_status status = dk_policy_check(&policy, "INV");
    if (status != wanted)
        fail_msg("%s with %s: %s", template_text, dk_restart_name(restart),
                 docket_status_name(status));
}

static void the_default_policy_is_strict_yearly_and_sound(void **state)
{
    (void)state;
    struct dk_policy policy;
    dk_policy_default(&policy);
    assert_int_equal(policy.order, DK_STRICT);
    assert_int_equal(policy.restart, DK_YEARLY);
    assert_int_equal(policy.window, DK_WINDOW_DEFAULT);
    assert_string_equal(policy.template_text, DK_TEMPLATE_DEFAULT);
    assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_OK);
}

static void a_yearly_series_must_show_the_year_in_four_digits(void **state)
{
    (void)state;
    assert_verdict(DK_YEARLY, "{YYYY}-{N}", DOCKET_OK);
    assert_verdict(DK_YEARLY, "{YY}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_YEARLY, "{SERIES}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_YEARLY, "{MM}{DD}-{N}", DOCKET_BAD_POLICY);
}

static void a_monthly_series_must_show_year_and_month(void **state)
{
    (void)state;
    assert_verdict(DK_MONTHLY, "{YYYY}{MM}-{N}", DOCKET_OK);
    assert_verdict(DK_MONTHLY, "{MM}-{N}-{YYYY}", DOCKET_OK);
    assert_verdict(DK_MONTHLY, "{YYYY}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_MONTHLY, "{YY}{MM}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_MONTHLY, "{YYYY}{DD}-{N}", DOCKET_BAD_POLICY);
}

static void a_daily_series_must_show_year_month_and_day(void **state)
{
    (void)state;
    assert_verdict(DK_DAILY, "{YYYY}{MM}{DD}-{N}", DOCKET_OK);
    assert_verdict(DK_DAILY, "{YYYY}{MM}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_DAILY, "{YYYY}{DD}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_DAILY, "{YY}{MM}{DD}-{N}", DOCKET_BAD_POLICY);
}

static void a_series_that_never_restarts_may_show_any_date_or_none(void **state)
{
    (void)state;
    assert_verdict(DK_NEVER, "{N}", DOCKET_OK);
    assert_verdict(DK_NEVER, "{DD}-{N}", DOCKET_OK);
}

static void a_template_that_does_not_parse_is_refused(void **state)
{
    (void)state;
    assert_verdict(DK_NEVER, "{N", DOCKET_BAD_POLICY);
    assert_verdict(DK_NEVER, "{YYYY}{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_NEVER, "", DOCKET_BAD_POLICY);
}

static void a_template_without_an_end_is_refused(void **state)
{
    (void)state;
    struct dk_policy policy = policy_of(DK_NEVER, "{N}");
    memset(policy.template_text, 'A', sizeof policy.template_text);
    assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_BAD_POLICY);
}

static void a_document_number_of_127_characters_fits_and_of_128_does_not(void **state)
{
    (void)state;
    char series[DOCKET_NAME_MAX + 1] = {0};
    struct dk_policy policy = policy_of(DK_NEVER, "{SERIES}{SERIES}-{N}");
    memset(series, 'S', 55); /* 2 * 55 + 1 + 15 = 126 */
    assert_int_equal(dk_policy_check(&policy, series), DOCKET_OK);
    policy = policy_of(DK_NEVER, "{SERIES}{SERIES}--{N}");
    assert_int_equal(dk_policy_check(&policy, series), DOCKET_OK);
    policy = policy_of(DK_NEVER, "{SERIES}{SERIES}---{N}");
    assert_int_equal(dk_policy_check(&policy, series), DOCKET_BAD_POLICY);
    assert_non_null(strstr(dk_error_text(), "128 characters; the limit is 127"));
}

static void a_window_that_is_neither_for_books_nor_the_benchmarks_is_refused(void **state)
{
    (void)state;
    const uint32_t good[] = {DK_WINDOW_MIN, 9999, DK_WINDOW_DEFAULT, DOCKET_WINDOW_MAX, DOCKET_WINDOW_BENCHMARK};
    const uint32_t bad[] = {0, DK_WINDOW_MIN - 1, DOCKET_WINDOW_MAX + 1, DOCKET_WINDOW_BENCHMARK - 1,
                            DOCKET_WINDOW_BENCHMARK + 1, UINT32_MAX};
    struct dk_policy policy;
    dk_policy_default(&policy);
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++) {
        policy.window = good[at];
        assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_OK);
    }
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        policy.window = bad[at];
        assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_BAD_POLICY);
    }
}

static void an_unknown_order_or_restart_is_refused(void **state)
{
    (void)state;
    struct dk_policy policy;
    dk_policy_default(&policy);
    policy.order = DK_ORDER_COUNT;
    assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_BAD_POLICY);
    dk_policy_default(&policy);
    policy.restart = 255;
    assert_int_equal(dk_policy_check(&policy, "INV"), DOCKET_BAD_POLICY);
}

static void orders_and_restarts_are_read_as_they_are_written(void **state)
{
    (void)state;
    for (unsigned order = 0; order < DK_ORDER_COUNT; order++) {
        uint8_t read = 99;
        assert_true(dk_order_parse(dk_order_name(order), &read));
        assert_int_equal(read, order);
    }
    for (unsigned restart = 0; restart < DK_RESTART_COUNT; restart++) {
        uint8_t read = 99;
        assert_true(dk_restart_parse(dk_restart_name(restart), &read));
        assert_int_equal(read, restart);
    }
}

static void unknown_words_for_order_and_restart_are_refused(void **state)
{
    (void)state;
    uint8_t read = 99;
    assert_false(dk_order_parse("Strict", &read));
    assert_false(dk_order_parse("", &read));
    assert_false(dk_restart_parse("weekly", &read));
    assert_int_equal(read, 99);
    assert_string_equal(dk_order_name(7), "unknown");
    assert_string_equal(dk_restart_name(7), "unknown");
}

static void safe_names_pass(void **state)
{
    (void)state;
    char longest[DOCKET_NAME_MAX + 1] = {0};
    memset(longest, 'a', DOCKET_NAME_MAX);
    const char *const names[] = {"a", "Z", "0", "INV", "acme.de", "A_b-c.9", longest};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        assert_int_equal(dk_name_check("series", names[at]), DOCKET_OK);
}

static void unsafe_names_are_refused(void **state)
{
    (void)state;
    char long_name[DOCKET_NAME_MAX + 2] = {0};
    memset(long_name, 'a', DOCKET_NAME_MAX + 1);
    const char *const names[] = {"",    ".",     "..",  "-a",     "_a",          ".a",
                                 "a b", "a/b",   "a\n", "a:b",    "caf\xc3\xa9", "a{N}",
                                 "a%s", "a\x7f", "a*",  long_name};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        if (dk_name_check("tenant", names[at]) != DOCKET_BAD_NAME)
            fail_msg("\"%s\" passed", names[at]);
        assert_non_null(strstr(dk_error_text(), "tenant"));
    }
    assert_int_equal(dk_name_check("tenant", NULL), DOCKET_BAD_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_policy_is_strict_yearly_and_sound),
        cmocka_unit_test(a_yearly_series_must_show_the_year_in_four_digits),
        cmocka_unit_test(a_monthly_series_must_show_year_and_month),
        cmocka_unit_test(a_daily_series_must_show_year_month_and_day),
        cmocka_unit_test(a_series_that_never_restarts_may_show_any_date_or_none),
        cmocka_unit_test(a_template_that_does_not_parse_is_refused),
        cmocka_unit_test(a_template_without_an_end_is_refused),
        cmocka_unit_test(a_document_number_of_127_characters_fits_and_of_128_does_not),
        cmocka_unit_test(a_window_that_is_neither_for_books_nor_the_benchmarks_is_refused),
        cmocka_unit_test(an_unknown_order_or_restart_is_refused),
        cmocka_unit_test(orders_and_restarts_are_read_as_they_are_written),
        cmocka_unit_test(unknown_words_for_order_and_restart_are_refused),
        cmocka_unit_test(safe_names_pass),
        cmocka_unit_test(unsafe_names_are_refused),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
