/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/record.c store/image.c store/image_series.c store/seen.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/index.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c store/store.c numbering/fate.c numbering/policy.c numbering/template.c numbering/reason.c daemon/clerk.c daemon/admin/evidence.c daemon/admin/cut.c */
/* libs: lmdb urcu-cds urcu-common pthread */
/* What an admin says: reasons, evidence, and what it does to recorded ranges. */
#include "daemon/admin/errand.h"
#include "numbering/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_with.h"

/* ---- reasons ---- */

static void a_reason_is_printable_utf8_of_1_to_200_bytes(void **state)
{
    (void)state;
    char longest[DK_REASON_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[DK_REASON_MAX + 1] = 0;
    assert_int_equal(dk_reason_check(longest), DOCKET_BAD_ARGUMENT);
    longest[DK_REASON_MAX] = 0;
    assert_int_equal(dk_reason_check(longest), DOCKET_OK);
    static const char *const good[] = {"x", "M\xc3\xbcller cancelled", "\xe8\xab\x8b\xe6\xb1\x82", "\xf0\x9f\xa7\xbe", "a b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(dk_reason_check(good[i]), DOCKET_OK);
    static const char *const bad[] = {
        "",                     /* empty */
        "  ",                   /* blank */
        "a\nb", "a\tb", "a\x1b[2J", "a\x7f", "a\xc2\x85", /* controls */
        "a\xff", "a\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", /* no UTF-8 */
        "a\xe2\x80\xae" "b", "a\xe2\x81\xa6" "b", "\xef\xbb\xbf" "x", /* turned, or invisible */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (dk_reason_check(bad[i]) != DOCKET_BAD_ARGUMENT)
            fail_msg("reason %zu was taken", i);
    assert_int_equal(dk_reason_check(NULL), DOCKET_BAD_ARGUMENT);
}

/* ---- evidence ---- */

/* "1:17-17 2:..." of lines, or the sentence of the refusal. */
static const char *evidence_by(const struct dk_policy *policy, const struct dk_policy *next, int32_t period, const char *text)
{
    static char said[512];
    struct dk_series_record record = {.id = 1, .tenant = "acme", .name = "INV", .policy = policy, .next = next};
    struct dk_evidence *found = NULL;
    size_t count = 0, used = 0;
    if (dk_evidence_read(&record, period, text, strlen(text), &found, &count) != DOCKET_OK) {
        snprintf(said, sizeof said, "%s", dk_error_text());
        return said;
    }
    said[0] = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(said + used, sizeof said - used, "%u:%llu-%llu ", found[i].line,
                                 (unsigned long long)found[i].first, (unsigned long long)found[i].last);
    free(found);
    return said;
}

static const char *evidence_of(const char *template, int32_t period, const char *text)
{
    struct dk_policy policy = policy_of(period == 0 ? DK_NEVER : DK_YEARLY, template);
    return evidence_by(&policy, NULL, period, text);
}

static void evidence_is_numbers_ranges_and_texts_in_any_order(void **state)
{
    (void)state;
    static const char dated[] = "{SERIES}-{YYYY}{MM}{DD}-{N:6}";
    assert_string_equal(evidence_of(dated, 2026, ""), "");
    assert_string_equal(evidence_of(dated, 2026, "\n\n# none\n  \n"), "");
    assert_string_equal(evidence_of(dated, 2026, "9\n 3 - 5 \r\nINV-20260101-000007\n1..2"), "4:1-2 2:3-5 3:7-7 1:9-9 ");
    assert_string_equal(evidence_of(dated, 2026, "999999999999999"), "1:999999999999999-999999999999999 ");
}

static void evidence_says_which_line_is_wrong_and_why(void **state)
{
    (void)state;
    static const char dated[] = "{SERIES}-{YYYY}{MM}{DD}-{N:6}";
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"1\nx\n", "line 2, \"x\": it is no number"},
        {"0\n", "line 1"},
        {"1000000000000000\n", "line 1"},
        {"5-4\n", "line 1"},
        {"1-\n", "line 1"},
        {"-1\n", "line 1"},
        {"1.2\n", "line 1"},
        {"INV-20250101-000007\n", "line 1, \"INV-20250101-000007\": it is a document number of another period"},
        {"4\n1-5\n", "line 2 names 4, as line 1 did"},
        {"7\n7\n", "line 2 names 7, as line 1 did"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strstr(evidence_of(dated, 2026, cases[i].text), cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].text, evidence_of(dated, 2026, cases[i].text));
}

static void a_line_that_has_two_meanings_is_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(evidence_of("{YYYY}-{N}", 2026, "2026-3000"), "write a range as 17..20"));
    assert_string_equal(evidence_of("{YYYY}-{N}", 2026, "2026..3000"), "1:2026-3000 ");
    assert_string_equal(evidence_of("{YYYY}-{N}", 2026, "2026-17"), "1:17-17 ");
    assert_string_equal(evidence_of("{N:6}", 0, "000017"), "1:17-17 ");
    assert_non_null(strstr(evidence_of("{YY}..{N}", 2026, "26..30"), "line by line"));
}

static void digits_alone_are_taken_if_number_and_document_number_are_the_same(void **state)
{
    (void)state;
    static const char digits[] = "{YYYY}{N:6}";
    assert_string_equal(evidence_of(digits, 2026, "17"), "1:17-17 ");
    assert_string_equal(evidence_of(digits, 2026, "2026000017..2026000017"), "1:2026000017-2026000017 ");
    assert_non_null(strstr(evidence_of(digits, 2026, "2026000017"), "as in 17..17"));
    assert_non_null(strstr(evidence_of(digits, 2026, "2025000017"), "as in 17..17"));
    assert_string_equal(evidence_of("{N:6}{LUHN}", 0, "17"), "1:17-17 ");
    assert_non_null(strstr(evidence_of("{N:6}{LUHN}", 0, "0000174"), "as in 17..17"));
    /* Beyond the largest number it is a document number and nothing else. */
    assert_string_equal(evidence_of("{YYYY}{MM}{DD}{N:8}", 2026, "2026112400000017"), "1:17-17 ");
}

static void texts_are_read_by_the_series_fiscal_year_and_names(void **state)
{
    (void)state;
    struct dk_policy policy = policy_of(DK_FISCAL, "{PREFIX}/{FY:25-26}/{FIELD:branch}{N:4}");
    policy.fiscal.month = 3;
    memcpy(policy.prefix, "RE", 3);
    memcpy(policy.fields, "branch=V", 9);
    assert_string_equal(evidence_by(&policy, NULL, 20252026, "RE/25-26/V0017\nRE/25-26/V12345"), "1:17-17 2:12345-12345 ");
    assert_non_null(strstr(evidence_by(&policy, NULL, 20252026, "RE/24-25/V0017"), "of another period"));
    assert_non_null(strstr(evidence_by(&policy, NULL, 20252026, "RE/25-26/W0017"), "no document number of this series"));
    policy = policy_of(DK_WEEKLY, "{GGGG}W{WW}-{N}");
    assert_string_equal(evidence_by(&policy, NULL, 2026553, "2026W53-4"), "1:4-4 ");
}

static void texts_of_the_next_policy_are_read_too(void **state)
{
    (void)state;
    struct dk_policy policy = policy_of(DK_YEARLY, "A{YYYY}-{N:4}"), next = policy_of(DK_YEARLY, "B{YYYY}-{N:4}");
    assert_string_equal(evidence_by(&policy, &next, 2026, "A2026-0017\nB2026-0018"), "1:17-17 2:18-18 ");
    assert_non_null(strstr(evidence_by(&policy, &next, 2026, "A2026-0017\nB2027-0018"), "line 2, \"B2027-0018\": it is a document number of another"));
    policy = policy_of(DK_YEARLY, "A{YYYY}{N:4}");
    next = policy_of(DK_YEARLY, "A{YY}{N:4}"); /* the collision proof would refuse it */
    assert_non_null(strstr(evidence_by(&policy, &next, 2026, "A20261234"), "1:1234"));
    next = policy_of(DK_YEARLY, "A20{YY}1{N:3}");
    assert_non_null(strstr(evidence_by(&policy, &next, 2026, "A20261234"), "two templates of the series"));
}

/* ---- records that are cut ---- */

enum { NUMBERS = 64 };

static void paint(const struct dk_fate_record *record, uint8_t *fates)
{
    for (uint64_t n = record->range.first; n <= record->range.last; n++) {
        assert_int_equal(fates[n], 0); /* no number has two records */
        fates[n] = (uint8_t)record->fate;
    }
}

/* Against a map of single numbers: each set of cuts, with and without new fates. */
static void what_is_cut_gets_its_fate_and_the_rest_keeps_its_own(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int turn = 0; turn < 4000; turn++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = seed >> 20;
        struct dk_fate_record old = {.series_id = 1, .fate = DK_FATE_UNKNOWN, .cause = 1, .range = {1 + bits % 8, 20 + bits % 23}};
        struct dk_fate_record cut = {.series_id = 1, .fate = DK_FATE_HANDED_OUT, .cause = DK_CAUSE_EVIDENCE};
        struct dk_fate_record rest = {.series_id = 1, .fate = DK_FATE_VOID, .cause = DK_CAUSE_VOIDED};
        struct dk_range cuts[NUMBERS];
        uint8_t wanted[NUMBERS] = {0}, fates[NUMBERS] = {0};
        size_t count = 0;
        bool with_cut = turn & 1, with_rest = turn & 2;
        for (uint64_t n = old.range.first; n <= old.range.last; n++)
            wanted[n] = with_rest ? DK_FATE_VOID : DK_FATE_UNKNOWN;
        for (uint64_t n = old.range.first; n <= old.range.last; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (seed >> 62 != 0)
                continue;
            wanted[n] = with_cut ? DK_FATE_HANDED_OUT : 0;
            if (count > 0 && cuts[count - 1].last + 1 == n)
                cuts[count - 1].last = n;
            else
                cuts[count++] = (struct dk_range){n, n};
        }
        struct dk_job *job = dk_job_new(NULL, NULL);
        dk_fates_cut(job, &old, cuts, count, with_cut ? &cut : NULL, with_rest ? &rest : NULL);
        assert_int_equal(job->removed_count, 1);
        assert_memory_equal(job->removed, &old, sizeof old);
        for (size_t i = 0; i < job->range_count; i++)
            paint(&job->ranges[i], fates);
        assert_memory_equal(fates, wanted, sizeof fates);
        dk_job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_printable_utf8_of_1_to_200_bytes),
        cmocka_unit_test(evidence_is_numbers_ranges_and_texts_in_any_order),
        cmocka_unit_test(evidence_says_which_line_is_wrong_and_why),
        cmocka_unit_test(a_line_that_has_two_meanings_is_refused),
        cmocka_unit_test(digits_alone_are_taken_if_number_and_document_number_are_the_same),
        cmocka_unit_test(texts_are_read_by_the_series_fiscal_year_and_names),
        cmocka_unit_test(texts_of_the_next_policy_are_read_too),
        cmocka_unit_test(what_is_cut_gets_its_fate_and_the_rest_keeps_its_own),
    };
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
