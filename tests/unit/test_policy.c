/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/policy.c */
/* What a series may be told, setting by setting and all together; which names are safe. */
#include "numbering/collide.h"
#include "numbering/policy.h"
#include "numbering/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_with.h"

static docket_status verdict(const struct dk_policy *policy)
{
    return dk_policy_check(policy, "acme", "INV", NULL);
}

static void assert_verdict(uint8_t restart, const char *template_text, docket_status wanted)
{
    struct dk_policy policy = policy_of(restart, template_text);
    docket_status status = verdict(&policy);
    if (status != wanted)
        fail_msg("%s with %s: %s, %s", template_text, dk_restart_name(restart), docket_status_name(status),
                 dk_error_text());
}

static void assert_refused(const char *lines, const char *because)
{
    struct dk_policy policy = policy_with(lines);
    if (verdict(&policy) != DOCKET_BAD_POLICY)
        fail_msg("passed: %s", lines);
    if (strstr(dk_error_text(), because) == NULL)
        fail_msg("%s: \"%s\" says nothing of \"%s\"", lines, dk_error_text(), because);
}

static void assert_good(const char *lines)
{
    struct dk_policy policy = policy_with(lines);
    if (verdict(&policy) != DOCKET_OK)
        fail_msg("%s: %s", lines, dk_error_text());
}

/* ---- the table ---- */

static void the_default_policy_is_strict_yearly_and_sound(void **state)
{
    (void)state;
    struct dk_policy policy;
    dk_policy_default(&policy);
    assert_int_equal(policy.order, DK_STRICT);
    assert_int_equal(policy.restart, DK_YEARLY);
    assert_int_equal(policy.window, DK_WINDOW_DEFAULT);
    assert_string_equal(policy.zone, "UTC");
    assert_string_equal(policy.template_text, DK_TEMPLATE_DEFAULT);
    assert_int_equal(verdict(&policy), DOCKET_OK);
}

static void the_table_says_the_default_of_each_setting(void **state)
{
    (void)state;
    struct dk_policy policy;
    char text[DK_SETTING_BYTES];
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    dk_policy_default(&policy);
    assert_true(count >= 20);
    for (unsigned at = 0; at < count; at++) {
        struct dk_policy read = policy;
        dk_policy_get(&policy, at, text);
        assert_string_equal(text, settings[at].fallback);
        if (settings[at].fallback[0] != 0 || strcmp(settings[at].name, "template") != 0)
            assert_int_equal(dk_policy_set(&read, settings[at].name, text), DOCKET_OK);
        assert_memory_equal(&read, &policy, sizeof policy);
        assert_true(settings[at].values[0] != 0 && settings[at].meaning[0] != 0);
    }
}

/* A value of each setting that is not its default. */
static const char *const others[][2] = {
    {"profile", "fr"},
    {"documents", "recipient-issued"},
    {"order", "leased"},
    {"restart", "fiscal"},
    {"fiscal-year", "april"},
    {"zone", "America/Argentina/ComodRivadavia"},
    {"template", "{SERIES}-{YYYY}-{N:7}"},
    {"prefix", "A/b-9._"},
    {"fields", "branch=VIE till=03"},
    {"at-end", "stop"},
    {"release", "void"},
    {"ledger", "on"},
    {"on-expiry", "free"},
    {"chronological", "yes"},
    {"last", "999999999999999"},
    {"valid-from", "2026-11-24"},
    {"valid-to", "2099-12-31"},
    {"warn", "75"},
    {"close-after", "0"},
    {"window", "benchmark"},
};

enum { OTHERS = sizeof others / sizeof others[0] };

static void what_a_setting_writes_it_reads(void **state)
{
    (void)state;
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    assert_int_equal(count, OTHERS); /* a new setting wants a row above */
    for (unsigned at = 0; at < count; at++) {
        struct dk_policy policy;
        char text[DK_SETTING_BYTES];
        unsigned other = 0;
        dk_policy_default(&policy);
        while (other < OTHERS && strcmp(others[other][0], settings[at].name) != 0)
            other++;
        assert_true(other < OTHERS);
        assert_int_equal(dk_policy_set(&policy, settings[at].name, others[other][1]), DOCKET_OK);
        dk_policy_get(&policy, at, text);
        assert_string_equal(text, others[other][1]);
        assert_string_not_equal(text, settings[at].fallback);
    }
}

static void a_value_that_is_none_changes_nothing_and_the_sentence_says_what_there_is(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"order", "Strict"},        {"order", ""},
        {"restart", "hourly"},      {"restart", "Yearly"},
        {"profile", "FR"},          {"documents", "all"},
        {"fiscal-year", "smarch"},  {"fiscal-year", ""},
        {"zone", ""},               {"zone", "/etc/passwd"},
        {"zone", "../UTC"},         {"zone", "Europe//Vienna"},
        {"zone", "Europe/"},        {"zone", "Europe/.x"},
        {"zone", "A234567890123456789012345678901234567890"},
        {"template", ""},           {"template", "{N}2345678901234567890123456789012345678901234567890123456789012345"},
        {"prefix", "a b"},          {"prefix", "{N}"},
        {"prefix", "A23456789012345678901234567890123"},
        {"fields", "branch"},       {"fields", "branch="},
        {"fields", "=VIE"},         {"fields", "branch=VIE "},
        {"fields", "a=1  b=2"},     {"fields", "a=1 a=2"},
        {"fields", "A=1"},          {"fields", "a={N}"},
        {"at-end", "wrap"},         {"release", "keep"},
        {"ledger", "yes"},          {"ledger", ""},
        {"on-expiry", "void"},      {"on-expiry", "Free"},
        {"chronological", "1"},     {"last", "0"},
        {"last", "1000000000000000"}, {"last", "01"},
        {"last", "+1"},             {"last", "-1"},
        {"last", "18446744073709551617"},
        {"valid-from", "2026-02-29"}, {"valid-from", "2000-12-31"},
        {"valid-to", "2100-01-01"}, {"valid-to", "today"},
        {"warn", "100"},            {"warn", "0"},
        {"close-after", "3661"},    {"close-after", "soon"},
        {"window", "15"},           {"window", "10001"},
        {"window", "250000"},       {"window", ""},
    };
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        struct dk_policy policy, before;
        dk_policy_default(&policy);
        before = policy;
        if (dk_policy_set(&policy, bad[at][0], bad[at][1]) != DOCKET_BAD_POLICY)
            fail_msg("%s took \"%s\"", bad[at][0], bad[at][1]);
        assert_memory_equal(&policy, &before, sizeof policy);
        assert_non_null(strstr(dk_error_text(), bad[at][0]));
        assert_non_null(strstr(dk_error_text(), "it can be: "));
    }
}

static void a_setting_that_is_none_is_refused_with_those_that_are(void **state)
{
    (void)state;
    struct dk_policy policy;
    dk_policy_default(&policy);
    assert_int_equal(dk_policy_set(&policy, "colour\x1b[31m", "red"), DOCKET_BAD_POLICY);
    assert_non_null(strstr(dk_error_text(), "no setting colour?[31m"));
    assert_non_null(strstr(dk_error_text(), "fiscal-year"));
    assert_int_equal(dk_policy_set(&policy, "orde", "strict"), DOCKET_BAD_POLICY);
    assert_int_equal(dk_policy_set(&policy, "", ""), DOCKET_BAD_POLICY);
}

/* ---- lines ---- */

static void lines_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    struct dk_policy policy, before;
    char long_line[DK_SETTINGS_BYTES + 20];
    static const char *const bad[] = {
        "order=leased\nwindow=3\n", "order=leased", "order\n", "\n", "=\n", "order=leased\n\n", "window=500\ncolour=red\n",
        "a-name-that-is-longer-than-any-setting-has=1\n"};
    dk_policy_default(&policy);
    before = policy;
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        if (dk_policy_apply(&policy, bad[at]) != DOCKET_BAD_POLICY)
            fail_msg("\"%s\" passed", bad[at]);
        assert_memory_equal(&policy, &before, sizeof policy);
    }
    memset(long_line, 'A', sizeof long_line);
    memcpy(long_line, "prefix=", 7);
    memcpy(long_line + sizeof long_line - 2, "\n", 2);
    assert_int_equal(dk_policy_apply(&policy, long_line), DOCKET_BAD_POLICY);
    assert_int_equal(dk_policy_apply(&policy, ""), DOCKET_OK);
    assert_memory_equal(&policy, &before, sizeof policy);
    assert_int_equal(dk_policy_apply(&policy, "order=leased\nwindow=500\nfields=a=1 b=2\n"), DOCKET_OK);
    assert_int_equal(policy.order, DK_LEASED);
    assert_int_equal(policy.window, 500);
    assert_string_equal(policy.fields, "a=1 b=2");
}

static void a_shorter_value_leaves_nothing_of_a_longer_one(void **state)
{
    (void)state;
    struct dk_policy once = policy_with("template={YYYY}-{N}\nzone=Asia/Tokyo\nprefix=A\nfields=a=1\n");
    struct dk_policy twice = policy_with("template={SERIES}-{YYYY}{MM}{DD}-{N:10}\nzone=America/Argentina/Ushuaia\n"
                                  "prefix=LONGER\nfields=a=1 b=2 c=3\n");
    assert_int_equal(dk_policy_apply(&twice, "template={YYYY}-{N}\nzone=Asia/Tokyo\nprefix=A\nfields=a=1\n"), DOCKET_OK);
    assert_memory_equal(&once, &twice, sizeof once);
}

static void lines_that_were_written_give_the_same_policy(void **state)
{
    (void)state;
    srand(5);
    for (int round = 0; round < 20000; round++) {
        struct dk_policy base, policy, read;
        char lines[DK_SETTINGS_BYTES];
        dk_policy_default(&base);
        for (unsigned at = 0; at < OTHERS; at++)
            if (rand() % 2 && rand() % 2)
                assert_int_equal(dk_policy_set(&base, others[at][0], others[at][1]), DOCKET_OK);
        dk_policy_default(&policy);
        for (unsigned at = 0; at < OTHERS; at++)
            if (rand() % 2)
                assert_int_equal(dk_policy_set(&policy, others[at][0], others[at][1]), DOCKET_OK);
        if (rand() % 4 == 0)
            assert_int_equal(dk_policy_set(&policy, "release", "recycle"), DOCKET_OK); /* against its profile */
        if (rand() % 4 == 0)
            assert_int_equal(dk_policy_set(&policy, "order", "gapless"), DOCKET_OK);
        if (rand() % 4 == 0)
            assert_int_equal(dk_policy_set(&base, "order", "gapless"), DOCKET_OK);
        if (rand() % 4 == 0)
            assert_int_equal(dk_policy_set(&policy, "ledger", "off"), DOCKET_OK); /* against its order */
        assert_true(dk_policy_lines(&policy, &base, lines, sizeof lines));
        read = base;
        assert_int_equal(dk_policy_apply(&read, lines), DOCKET_OK);
        if (memcmp(&read, &policy, sizeof read) != 0)
            fail_msg("another policy came of:\n%s", lines);
    }
}

static void the_longest_lines_fit(void **state)
{
    (void)state;
    struct dk_policy base, policy = policy_with("order=strict\n");
    char lines[DK_SETTINGS_BYTES], small[8];
    dk_policy_default(&base);
    policy.restart = DK_QUARTERLY;
    policy.profile = 8; /* br-nfe */
    policy.documents = DK_RECIPIENT_ISSUED;
    policy.order = DK_LEASED;
    policy.fiscal = (struct dk_fiscal){DK_FISCAL_NEAREST, 8, 2};
    policy.release = DK_VOID_RELEASED;
    policy.ledger = 1;
    policy.on_expiry = DK_EXPIRY_FREE;
    policy.chronological = 1;
    policy.at_end = DK_STOP;
    policy.last = DOCKET_NUMBER_MAX;
    policy.valid_from = policy.valid_to = DK_DATE_LAST;
    policy.warn = 0;
    policy.close_after = 3660;
    policy.window = DOCKET_WINDOW_BENCHMARK;
    memset(policy.template_text, 'T', sizeof policy.template_text - 1);
    memset(policy.zone, 'Z', sizeof policy.zone - 1);
    memset(policy.prefix, 'P', sizeof policy.prefix - 1);
    memset(policy.fields, 'f', sizeof policy.fields - 1);
    policy.fields[1] = '=';
    assert_true(dk_policy_lines(&policy, &base, lines, sizeof lines));
    assert_true(strlen(lines) < sizeof lines - 64); /* a setting more fits, too */
    assert_false(dk_policy_lines(&policy, &base, small, sizeof small));
    assert_false(dk_policy_lines(&policy, &base, small, 0));
    assert_true(dk_policy_lines(&base, &base, small, 1));
    assert_string_equal(small, "");
}

static void a_profile_sets_what_it_asks_for_unless_that_is_said(void **state)
{
    (void)state;
    struct dk_policy policy = policy_with("profile=fr\n");
    assert_int_equal(policy.chronological, 1);
    assert_int_equal(policy.release, DK_VOID_RELEASED);
    policy = policy_with("chronological=no\nprofile=fr\n"); /* wherever it stands */
    assert_int_equal(policy.chronological, 0);
    policy = policy_with("profile=in-gst\n");
    assert_int_equal(policy.restart, DK_FISCAL);
    assert_int_equal(policy.fiscal.month, 3);
    assert_int_equal(policy.at_end, DK_STOP);
    policy = policy_with("restart=monthly\nprofile=in-gst\n");
    assert_int_equal(policy.restart, DK_MONTHLY);
    policy = policy_with("profile=none\n");
    struct dk_policy plain;
    dk_policy_default(&plain);
    assert_memory_equal(&policy, &plain, sizeof plain);
}

static void a_gapless_series_keeps_a_ledger_whatever_the_order_of_the_lines(void **state)
{
    (void)state;
    struct dk_policy policy = policy_with("order=gapless\n");
    assert_int_equal(policy.ledger, 1);
    assert_int_equal(verdict(&policy), DOCKET_OK);
    policy = policy_with("ledger=off\norder=gapless\n");
    assert_int_equal(policy.ledger, 0); /* heard, and refused */
    assert_refused("ledger=off\norder=gapless\n", "order=gapless always keeps a ledger");
    assert_refused("order=gapless\nledger=off\n", "order=gapless always keeps a ledger");
    assert_good("ledger=on\norder=gapless\n");
    policy = policy_with("order=gapless\n");
    assert_int_equal(dk_policy_apply(&policy, "order=strict\n"), DOCKET_OK);
    assert_int_equal(policy.ledger, 1); /* once on, it stays on until somebody says off */
    policy = policy_with("");
    assert_int_equal(policy.ledger, 0);
}

/* ---- together ---- */

static void a_ledger_wants_numbers_that_docketd_gives(void **state)
{
    (void)state;
    assert_good("ledger=on\n");
    assert_good("ledger=on\nrelease=void\nchronological=yes\n");
    assert_refused("ledger=on\nchronological=yes\n", "release=void");
    assert_refused("ledger=on\nrelease=void\non-expiry=free\nchronological=yes\n", "on-expiry=doubt");
    assert_good("order=gapless\nrelease=void\n");
    assert_good("order=gapless\nprofile=in-gst\ntemplate={SERIES}{FY:2526}-{N:6}\n"); /* consecutive */
    assert_refused("ledger=on\norder=leased\n", "use order=strict or order=gapless, or say ledger=off");
    assert_refused("order=gapless\nchronological=yes\n", "chronological=yes wants order=strict");
    assert_refused("order=gapless\nprofile=fr\n", "chronological=yes wants order=strict");
}

static void expiry_frees_numbers_only_where_no_law_minds(void **state)
{
    (void)state;
    assert_good("ledger=on\non-expiry=free\n");
    assert_good("order=gapless\non-expiry=free\nprofile=none\n");
    assert_refused("on-expiry=free\n", "say ledger=on too");
    for (unsigned at = 1; dk_profile(at) != NULL; at++) {
        char lines[DK_SETTINGS_BYTES];
        struct dk_policy policy = policy_with("ledger=on\n");
        struct dk_template resolved;
        assert_int_equal(dk_policy_check(&policy, "acme", "INV", &resolved), DOCKET_OK);
        policy.profile = (uint8_t)at;
        dk_profile_apply(&policy);
        policy.on_expiry = DK_EXPIRY_FREE;
        assert_int_equal(dk_profile_check(&policy, "acme", "INV", &resolved), DOCKET_BAD_POLICY);
        assert_non_null(strstr(dk_error_text(), "two documents have it; on-expiry=doubt would fit"));
        snprintf(lines, sizeof lines, "profile=%s\nledger=on\non-expiry=free\n", dk_profile(at)->name);
        policy = policy_with(lines);
        assert_int_equal(verdict(&policy), DOCKET_BAD_POLICY);
    }
}

static void shown_dates_must_tell_the_periods_apart(void **state)
{
    (void)state;
    assert_verdict(DK_YEARLY, "{YYYY}-{N}", DOCKET_OK);
    assert_verdict(DK_YEARLY, "{YY}-{N}", DOCKET_OK); /* docket's dates are of one century */
    assert_verdict(DK_YEARLY, "{SERIES}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_YEARLY, "{MM}{DD}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_MONTHLY, "{YYYY}{MM}-{N}", DOCKET_OK);
    assert_verdict(DK_MONTHLY, "{MM}-{N}-{YYYY}", DOCKET_OK);
    assert_verdict(DK_MONTHLY, "{YYYY}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_MONTHLY, "{YYYY}{DD}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_DAILY, "{YYYY}{MM}{DD}-{N}", DOCKET_OK);
    assert_verdict(DK_DAILY, "{YYYY}{MM}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_DAILY, "{YYYY}{DD}-{N}", DOCKET_BAD_POLICY);
    assert_verdict(DK_NEVER, "{N}", DOCKET_OK);
    assert_verdict(DK_NEVER, "{DD}-{N}", DOCKET_OK);
}

static void the_sentence_has_the_two_numbers_that_collide(void **state)
{
    (void)state;
    struct dk_policy policy = policy_of(DK_YEARLY, "{SERIES}-{N:6}");
    assert_int_equal(verdict(&policy), DOCKET_BAD_POLICY);
    assert_non_null(strstr(dk_error_text(), "INV-"));
    assert_non_null(strstr(dk_error_text(), " of period 20"));
    assert_non_null(strstr(dk_error_text(), "restart=yearly"));
}

static void a_template_that_does_not_parse_is_refused(void **state)
{
    (void)state;
    assert_verdict(DK_NEVER, "{N", DOCKET_BAD_POLICY);
    assert_verdict(DK_NEVER, "", DOCKET_BAD_POLICY);
}

static void a_document_number_of_127_characters_fits_and_of_128_does_not(void **state)
{
    (void)state;
    char series[DOCKET_NAME_MAX + 1] = {0};
    struct dk_policy policy = policy_of(DK_NEVER, "{SERIES}{SERIES}--{N}");
    memset(series, 'S', 55); /* 2 * 55 + 2 + 15 = 127 */
    assert_int_equal(dk_policy_check(&policy, "acme", series, NULL), DOCKET_OK);
    policy = policy_of(DK_NEVER, "{SERIES}{SERIES}---{N}");
    assert_int_equal(dk_policy_check(&policy, "acme", series, NULL), DOCKET_BAD_POLICY);
    assert_non_null(strstr(dk_error_text(), "128 characters; the limit is 127"));
    assert_int_equal(dk_policy_set(&policy, "last", "99999"), DOCKET_OK); /* workers do not know of it */
    assert_int_equal(dk_policy_check(&policy, "acme", series, NULL), DOCKET_BAD_POLICY);
    assert_int_equal(dk_policy_set(&policy, "template", "{SERIES}{SERIES}---{N:5}"), DOCKET_OK);
    assert_int_equal(dk_policy_check(&policy, "acme", series, NULL), DOCKET_BAD_POLICY);
    assert_int_equal(dk_policy_set(&policy, "at-end", "stop"), DOCKET_OK); /* it never gets so long */
    assert_int_equal(dk_policy_check(&policy, "acme", series, NULL), DOCKET_OK);
}

static void chronological_and_void_want_strict(void **state)
{
    (void)state;
    assert_good("chronological=yes\n");
    assert_good("release=void\n");
    assert_good("order=leased\n");
    assert_refused("chronological=yes\norder=leased\n", "chronological=yes wants order=strict");
    assert_refused("release=void\norder=leased\n", "release=void wants order=strict");
}

static void an_interval_has_a_day_and_its_numbers_have_room(void **state)
{
    (void)state;
    assert_good("valid-from=2026-01-01\nvalid-to=2026-01-01\n");
    assert_refused("valid-from=2026-01-02\nvalid-to=2026-01-01\n", "from 2026-01-02 to 2026-01-01");
    assert_good("last=999999\nat-end=stop\n");
    assert_refused("last=1000000\nat-end=stop\n", "ends {SERIES}-{YYYY}{MM}{DD}-{N:6} at 999999");
    assert_good("last=1000000\n");
    assert_refused("template={SERIES}-{YYYY}-{N}\nat-end=stop\n", "a width of 1");
    assert_good("template={SERIES}-{YYYY}-{N}\nat-end=stop\nlast=5\n");
}

static void two_fiscal_years_are_shown_only_if_there_are_two(void **state)
{
    (void)state;
    assert_good("template={FY:2025-26}-{N}\nrestart=fiscal\nfiscal-year=april\n");
    assert_refused("template={FY:2025-26}-{N}\nrestart=fiscal\n", "shows two years");
    assert_good("template={FY:2025}-{N}\nrestart=fiscal\n");
}

static void the_last_number_is_the_least_of_its_bounds(void **state)
{
    (void)state;
    struct dk_template resolved;
    struct dk_policy policy = policy_with("at-end=widen\n");
    assert_int_equal(dk_policy_check(&policy, "acme", "INV", &resolved), DOCKET_OK);
    assert_true(dk_policy_last(&policy, &resolved) == DOCKET_NUMBER_MAX);
    policy.last = 5000000;
    assert_true(dk_policy_last(&policy, &resolved) == 5000000);
    policy.at_end = DK_STOP;
    assert_true(dk_policy_last(&policy, &resolved) == 999999);
    policy.last = 10;
    assert_true(dk_policy_last(&policy, &resolved) == 10);
}

static void what_no_table_could_have_read_is_refused(void **state)
{
    (void)state;
    struct dk_policy good, policy;
    dk_policy_default(&good);
#define TRY(change)                                                                                                    \
    do {                                                                                                               \
        policy = good;                                                                                                 \
        change;                                                                                                        \
        if (verdict(&policy) != DOCKET_BAD_POLICY)                                                                     \
            fail_msg("passed: " #change);                                                                              \
    } while (0)
    TRY(policy.order = DK_ORDER_COUNT);
    TRY(policy.restart = 255);
    TRY(policy.at_end = 2);
    TRY(policy.release = 2);
    TRY(policy.ledger = 2);
    TRY(policy.on_expiry = 2);
    TRY(policy.profile = 200);
    TRY(policy.chronological = 2);
    TRY(policy.documents = 4);
    TRY(policy.warn = 100);
    TRY(policy.fiscal.rule = DK_FISCAL_RULE_COUNT);
    TRY(policy.fiscal.month = 12);
    TRY(policy.fiscal.weekday = 1);
    TRY(policy.close_after = 3661);
    TRY(policy.last = DOCKET_NUMBER_MAX + 1);
    TRY(policy.valid_from = 20260230);
    TRY(policy.valid_to = 99991231);
    TRY(memset(policy.template_text, 'A', sizeof policy.template_text));
    TRY(memset(policy.prefix, 'A', sizeof policy.prefix));
    TRY(memset(policy.zone, 'A', sizeof policy.zone));
    TRY(memset(policy.fields, 'A', sizeof policy.fields));
    TRY(policy.zone[0] = 0);
    TRY(policy.prefix[0] = '{');
#undef TRY
}

static void a_window_that_is_neither_for_books_nor_the_benchmarks_is_refused(void **state)
{
    (void)state;
    const uint32_t good[] = {DK_WINDOW_MIN, 9999, DK_WINDOW_DEFAULT, DOCKET_WINDOW_MAX, DK_WINDOW_SMALL, DOCKET_WINDOW_BENCHMARK};
    const uint32_t bad[] = {0, DK_WINDOW_MIN - 1, DOCKET_WINDOW_MAX + 1, DK_WINDOW_SMALL - 1, DK_WINDOW_SMALL + 1, DOCKET_WINDOW_BENCHMARK - 1,
                            DOCKET_WINDOW_BENCHMARK + 1, UINT32_MAX};
    struct dk_policy policy;
    dk_policy_default(&policy);
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++) {
        policy.window = good[at];
        assert_int_equal(verdict(&policy), DOCKET_OK);
    }
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        policy.window = bad[at];
        assert_int_equal(verdict(&policy), DOCKET_BAD_POLICY);
    }
}

/* ---- kept policies ---- */

static void equal_policies_are_kept_once(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    static const struct dk_policy *kept[MANY];
    struct dk_policy policy;
    dk_policy_default(&policy);
    for (unsigned at = 0; at < MANY; at++) {
        policy.window = 16 + at;
        kept[at] = dk_policy_keep(&policy);
        assert_true(dk_policy_same(kept[at], &policy));
    }
    for (unsigned at = 0; at < MANY; at++) {
        struct dk_policy dirty;
        memset(&dirty, 0xa5, sizeof dirty); /* what stands between and behind the settings is nobody's */
        dirty.order = policy.order;
        dirty.restart = policy.restart;
        dirty.at_end = policy.at_end;
        dirty.release = policy.release;
        dirty.profile = policy.profile;
        dirty.chronological = policy.chronological;
        dirty.documents = policy.documents;
        dirty.ledger = policy.ledger;
        dirty.on_expiry = policy.on_expiry;
        dirty.warn = policy.warn;
        dirty.fiscal = policy.fiscal;
        dirty.close_after = policy.close_after;
        dirty.window = 16 + at;
        dirty.valid_from = policy.valid_from;
        dirty.valid_to = policy.valid_to;
        dirty.last = policy.last;
        strcpy(dirty.template_text, policy.template_text);
        strcpy(dirty.prefix, policy.prefix);
        strcpy(dirty.fields, policy.fields);
        strcpy(dirty.zone, policy.zone);
        assert_ptr_equal(dk_policy_keep(&dirty), kept[at]);
    }
    for (unsigned at = 1; at < MANY; at++)
        assert_ptr_not_equal(kept[at], kept[at - 1]);
}

/* ---- names ---- */

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
        cmocka_unit_test(the_table_says_the_default_of_each_setting),
        cmocka_unit_test(what_a_setting_writes_it_reads),
        cmocka_unit_test(a_value_that_is_none_changes_nothing_and_the_sentence_says_what_there_is),
        cmocka_unit_test(a_setting_that_is_none_is_refused_with_those_that_are),
        cmocka_unit_test(lines_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_shorter_value_leaves_nothing_of_a_longer_one),
        cmocka_unit_test(lines_that_were_written_give_the_same_policy),
        cmocka_unit_test(the_longest_lines_fit),
        cmocka_unit_test(a_profile_sets_what_it_asks_for_unless_that_is_said),
        cmocka_unit_test(a_gapless_series_keeps_a_ledger_whatever_the_order_of_the_lines),
        cmocka_unit_test(a_ledger_wants_numbers_that_docketd_gives),
        cmocka_unit_test(expiry_frees_numbers_only_where_no_law_minds),
        cmocka_unit_test(shown_dates_must_tell_the_periods_apart),
        cmocka_unit_test(the_sentence_has_the_two_numbers_that_collide),
        cmocka_unit_test(a_template_that_does_not_parse_is_refused),
        cmocka_unit_test(a_document_number_of_127_characters_fits_and_of_128_does_not),
        cmocka_unit_test(chronological_and_void_want_strict),
        cmocka_unit_test(an_interval_has_a_day_and_its_numbers_have_room),
        cmocka_unit_test(two_fiscal_years_are_shown_only_if_there_are_two),
        cmocka_unit_test(the_last_number_is_the_least_of_its_bounds),
        cmocka_unit_test(what_no_table_could_have_read_is_refused),
        cmocka_unit_test(a_window_that_is_neither_for_books_nor_the_benchmarks_is_refused),
        cmocka_unit_test(equal_policies_are_kept_once),
        cmocka_unit_test(orders_and_restarts_are_read_as_they_are_written),
        cmocka_unit_test(safe_names_pass),
        cmocka_unit_test(unsafe_names_are_refused),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
