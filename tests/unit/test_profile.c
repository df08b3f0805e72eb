/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/profile.c */
/* What each country's profile refuses, why, and that what it proposes fits. */
#include "numbering/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy_with.h"

static void assert_good(const char *series, const char *lines)
{
    struct dk_policy policy = policy_with(lines);
    if (dk_policy_check(&policy, "acme", series, NULL) != DOCKET_OK)
        fail_msg("%s: %s", lines, dk_error_text());
}

/* Refused, and the sentence has each word of because (separated by |). */
static void assert_refused(const char *series, const char *lines, const char *because)
{
    struct dk_policy policy = policy_with(lines);
    char words[256], *rest = words;
    snprintf(words, sizeof words, "%s", because);
    if (dk_policy_check(&policy, "acme", series, NULL) != DOCKET_BAD_POLICY)
        fail_msg("passed: %s", lines);
    for (char *word; (word = strsep(&rest, "|")) != NULL;)
        if (strstr(dk_error_text(), word) == NULL)
            fail_msg("%s: \"%s\" says nothing of \"%s\"", lines, dk_error_text(), word);
}

static void every_profile_has_a_name_a_title_and_a_source(void **state)
{
    (void)state;
    unsigned count = 0;
    for (const struct dk_profile *profile; (profile = dk_profile(count)) != NULL; count++) {
        uint8_t read = 99;
        assert_true(dk_profile_parse(profile->name, &read));
        assert_int_equal(read, count);
        assert_true(profile->title[0] != 0);
        assert_true((profile->source[0] != 0 && profile->asks[0] != 0) == (count != 0));
    }
    assert_int_equal(count, 12);
    assert_string_equal(dk_profile(0)->name, "none");
}

static void the_setting_names_every_profile(void **state)
{
    (void)state;
    unsigned count, at = 0;
    const struct dk_setting *settings = dk_settings(&count);
    while (strcmp(settings[at].name, "profile") != 0)
        at++;
    for (unsigned profile = 0; dk_profile(profile) != NULL; profile++)
        assert_non_null(strstr(settings[at].values, dk_profile(profile)->name));
}

static void a_profile_by_its_name_alone_works_where_the_law_leaves_the_text_free(void **state)
{
    (void)state;
    static const char *const alone[] = {"none", "eu-vat", "de", "fr", "pt", "it", "mx", "uk", "us"};
    char line[40];
    for (size_t at = 0; at < sizeof alone / sizeof alone[0]; at++) {
        snprintf(line, sizeof line, "profile=%s\n", alone[at]);
        assert_good("INV", line);
    }
}

static void india_refuses_19_characters_and_says_what_has_16(void **state)
{
    (void)state;
    assert_refused("GST", "profile=in-gst\n",
                   "profile in-gst|CGST Rules 2017, rule 46(b)|GST-20250725-999999|19 characters|16 are allowed|what would fit|"
                   "{SERIES}-{YY}{MM}{DD}-{N:5} (GST-250725-00001)");
}

static void india_takes_the_shapes_that_fit(void **state)
{
    (void)state;
    assert_good("INV", "profile=in-gst\ntemplate={SERIES}-{YY}{MM}{DD}-{N:5}\n");
    assert_good("INV", "profile=in-gst\ntemplate={FY:25-26}/{SERIES}/{N:6}\n");
    assert_good("INV", "profile=in-gst\ntemplate={SERIES}{FY:2526}-{N:8}\n");
    assert_refused("INV", "profile=in-gst\ntemplate={SERIES}{FY:2526}-{N:9}\n", "17 characters");
}

static void india_counts_the_largest_number_not_the_first(void **state)
{
    (void)state;
    assert_refused("GST", "profile=in-gst\ntemplate={SERIES}{FY:2526}-{N:6}\nat-end=widen\n",
                   "GST2526-|23 characters|what would fit: at-end=stop (GST2526-000001)");
    assert_good("GST", "profile=in-gst\ntemplate={SERIES}{FY:2526}-{N:6}\nat-end=widen\nlast=99999999\n");
}

static void india_takes_letters_digits_dash_and_slash_only(void **state)
{
    (void)state;
    assert_refused("INV", "profile=in-gst\ntemplate={SERIES}_{FY:2526}-{N:5}\n", "\"_\"|{SERIES}{FY:2526}-{N:6}");
    assert_refused("a.b", "profile=in-gst\ntemplate={SERIES}-{FY:2526}-{N:5}\n", "\".\"");
}

static void india_keeps_periods_within_its_fiscal_year(void **state)
{
    (void)state;
    const char *template_line = "template={SERIES}{YY}{MM}{DD}-{N:5}\n";
    char lines[160];
    snprintf(lines, sizeof lines, "profile=in-gst\n%srestart=yearly\n", template_line);
    assert_refused("INV", lines, "restart=yearly is not one of its periods|restart=fiscal would fit");
    snprintf(lines, sizeof lines, "profile=in-gst\n%srestart=weekly\n", template_line);
    assert_refused("INV", lines, "restart=weekly");
    snprintf(lines, sizeof lines, "profile=in-gst\n%sfiscal-year=july\n", template_line);
    assert_refused("INV", lines, "fiscal-year=july|fiscal-year=april");
    snprintf(lines, sizeof lines, "profile=in-gst\n%srestart=monthly\n", template_line);
    assert_good("INV", lines);
}

static void consecutive_and_chronological_rules_refuse_what_gives_numbers_late(void **state)
{
    (void)state;
    static const char *const strict[] = {"fr", "pt", "es", "br-nfe"};
    char lines[160];
    for (size_t at = 0; at < sizeof strict / sizeof strict[0]; at++) {
        snprintf(lines, sizeof lines, "profile=%s\nrelease=recycle\norder=leased\nchronological=no\n", strict[at]);
        assert_refused("INV", lines, "order=leased|order=strict would fit");
        snprintf(lines, sizeof lines, "profile=%s\nrelease=recycle\n", strict[at]);
        assert_refused("INV", lines, "release=recycle|release=void would fit");
    }
    assert_refused("INV", "profile=fr\nchronological=no\n", "242 nonies A|chronological=yes would fit");
    assert_refused("INV", "profile=pt\nchronological=no\n", "28/2019|chronological=yes would fit");
}

static void consecutive_laws_take_gapless_series_and_chronological_ones_do_not(void **state)
{
    (void)state;
    assert_good("INV", "profile=es\ndocuments=invoices\norder=gapless\n");
    assert_good("NFE", "profile=br-nfe\ntemplate={N:9}\norder=gapless\n");
    assert_good("INV", "profile=de\norder=gapless\n");
    assert_good("INV", "profile=fr\nledger=on\n");
    assert_refused("INV", "profile=fr\norder=gapless\nchronological=no\n", "order=gapless|order=strict would fit");
    assert_refused("INV", "profile=pt\norder=gapless\nchronological=no\n", "order=gapless|order=strict would fit");
}

static void no_law_lets_a_number_that_was_perhaps_printed_be_given_again(void **state)
{
    (void)state;
    assert_refused("INV", "profile=de\nledger=on\non-expiry=free\n", "sec. 14|two documents|on-expiry=doubt would fit");
    assert_refused("INV", "profile=us\norder=gapless\non-expiry=free\n", "on-expiry=doubt would fit");
    assert_good("INV", "profile=none\norder=gapless\non-expiry=free\n");
}

static void laws_without_an_order_take_leased_series(void **state)
{
    (void)state;
    assert_good("INV", "profile=de\norder=leased\n");
    assert_good("INV", "profile=eu-vat\norder=leased\n");
    assert_good("INV", "profile=uk\norder=leased\n");
}

static void spain_wants_to_know_which_documents(void **state)
{
    (void)state;
    assert_refused("INV", "profile=es\n", "RD 1619/2012|documents=invoices would fit|documents=corrective");
    assert_good("INV", "profile=es\ndocuments=invoices\n");
    assert_good("REC", "profile=es\ndocuments=corrective\n");
    assert_good("REC", "profile=es\ndocuments=recipient-issued\n");
}

static void italy_restarts_yearly_or_never(void **state)
{
    (void)state;
    assert_good("INV", "profile=it\nrestart=never\n");
    assert_refused("INV", "profile=it\nrestart=monthly\n", "restart=monthly|restart=yearly would fit|never, yearly");
}

static void brazil_has_nine_digits_and_an_end(void **state)
{
    (void)state;
    assert_refused("NFE", "profile=br-nfe\n", "exactly 9 digits|SINIEF|{SERIES}-{N:9} (NFE-000000001)|{N:9} (000000001)");
    assert_good("NFE", "profile=br-nfe\ntemplate={N:9}\n");
    struct dk_policy policy = policy_with("profile=br-nfe\ntemplate={N:9}\n");
    struct dk_template resolved;
    assert_int_equal(dk_policy_check(&policy, "acme", "NFE", &resolved), DOCKET_OK);
    assert_true(dk_policy_last(&policy, &resolved) == 999999999);
    assert_refused("NFE", "profile=br-nfe\ntemplate={N:9}\nat-end=widen\n", "the largest is 999999999|at-end=stop");
    assert_refused("NFE", "profile=br-nfe\ntemplate={YYYY}-{N:9}\nrestart=yearly\n", "restart=yearly|restart=never would fit");
    assert_refused("NFE", "profile=br-nfe\ntemplate={N36:9}\n", "exactly 9 digits");
}

/* The templates that a sentence proposes: each stands before " (", behind ": " or ", ". */
static unsigned each_proposal(const char *series, const struct dk_policy *refused, const char *sentence)
{
    unsigned count = 0;
    char templates[512], *at = strstr(sentence, "what would fit: ");
    if (at == NULL)
        return 0;
    snprintf(templates, sizeof templates, "%s, ", at + strlen("what would fit: "));
    for (at = templates; *at != 0; count++) {
        char *open = strstr(at, " ("), *close = open != NULL ? strstr(open, "), ") : NULL;
        if (close == NULL)
            break;
        struct dk_policy tried = *refused;
        *open = 0;
        if (strncmp(at, "at-end=", 7) == 0)
            assert_int_equal(dk_policy_set(&tried, "at-end", at + 7), DOCKET_OK);
        else
            assert_int_equal(dk_policy_set(&tried, "template", at), DOCKET_OK);
        if (strstr(close, "with at-end=stop") != NULL)
            assert_int_equal(dk_policy_set(&tried, "at-end", "stop"), DOCKET_OK);
        if (dk_policy_check(&tried, "acme", series, NULL) != DOCKET_OK)
            fail_msg("%s was proposed, and is refused: %s", at, dk_error_text());
        at = close + strlen("), ");
        if (strncmp(at, "with at-end=stop", 16) == 0)
            at += strlen(at);
    }
    return count;
}

static void what_is_proposed_fits(void **state)
{
    (void)state;
    static const char *const restarts[] = {"never", "fiscal", "quarterly", "monthly", "daily"};
    static const char *const templates[] = {
        "{SERIES}-{YYYY}{MM}{DD}-{N:6}", "GST-{YYYY}{MM}{DD}-{N:6}",     "INVOICE/{YYYY}/{MM}/{DD}/{N:6}",
        "{PREFIX}.{YYYY}.{MM}.{DD}.{N}", "{YYYY}{MM}{DD}{SERIES}-{N:9}", "{TENANT}_{SERIES}_{YYYY}{MM}{DD}_{N:12}",
        "A_VERY_LONG_BEGINNING-{YYYY}{MM}{DD}-{N:6}"};
    unsigned proposed = 0;
    for (size_t restart = 0; restart < sizeof restarts / sizeof restarts[0]; restart++) {
        for (size_t at = 0; at < sizeof templates / sizeof templates[0]; at++) {
            for (int widen = 0; widen < 2; widen++) {
                char lines[256], sentence[1100];
                snprintf(lines, sizeof lines, "profile=in-gst\nrestart=%s\nprefix=PX\n%stemplate=%s\n", restarts[restart],
                         widen ? "at-end=widen\n" : "", templates[at]);
                struct dk_policy policy = policy_with(lines);
                if (dk_policy_check(&policy, "acme", "GST", NULL) == DOCKET_OK)
                    continue;
                snprintf(sentence, sizeof sentence, "%s", dk_error_text());
                if (strncmp(sentence, "profile ", 8) != 0)
                    continue;
                assert_true(strlen(sentence) < 512); /* docketd's answer has room for it */
                unsigned fit = each_proposal("GST", &policy, sentence);
                if (fit == 0)
                    fail_msg("nothing proposed: %s", sentence);
                proposed += fit;
            }
        }
    }
    assert_true(proposed > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_has_a_name_a_title_and_a_source),
        cmocka_unit_test(the_setting_names_every_profile),
        cmocka_unit_test(a_profile_by_its_name_alone_works_where_the_law_leaves_the_text_free),
        cmocka_unit_test(india_refuses_19_characters_and_says_what_has_16),
        cmocka_unit_test(india_takes_the_shapes_that_fit),
        cmocka_unit_test(india_counts_the_largest_number_not_the_first),
        cmocka_unit_test(india_takes_letters_digits_dash_and_slash_only),
        cmocka_unit_test(india_keeps_periods_within_its_fiscal_year),
        cmocka_unit_test(consecutive_and_chronological_rules_refuse_what_gives_numbers_late),
        cmocka_unit_test(consecutive_laws_take_gapless_series_and_chronological_ones_do_not),
        cmocka_unit_test(no_law_lets_a_number_that_was_perhaps_printed_be_given_again),
        cmocka_unit_test(laws_without_an_order_take_leased_series),
        cmocka_unit_test(spain_wants_to_know_which_documents),
        cmocka_unit_test(italy_restarts_yearly_or_never),
        cmocka_unit_test(brazil_has_nine_digits_and_an_end),
        cmocka_unit_test(what_is_proposed_fits),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
