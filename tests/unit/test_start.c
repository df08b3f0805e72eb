/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/policy.c numbering/start.c numbering/start_remedy.c */
/* The last number of another system: read, or refused with where it differs and which template would write it. */
#include "numbering/start.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_with.h"

enum { TODAY = 20261126 };

static docket_status read_start(const char *lines, const char *text, struct dk_start *found)
{
    struct dk_policy policy = policy_with(lines);
    struct dk_template resolved;
    struct dk_start_ask ask = {"acme", "INV", &policy, &resolved, text, TODAY};
    memset(found, 0x5a, sizeof *found);
    if (dk_policy_check(&policy, "acme", "INV", &resolved) != DOCKET_OK)
        fail_msg("%s: %s", lines, dk_error_text());
    return dk_start_read(&ask, found);
}

static void assert_start(const char *lines, const char *text, uint64_t number, int32_t period)
{
    struct dk_start found;
    if (read_start(lines, text, &found) != DOCKET_OK)
        fail_msg("%s with %s: %s", text, lines, dk_error_text());
    if (found.number != number || found.period != period)
        fail_msg("%s with %s is %llu of %d", text, lines, (unsigned long long)found.number, found.period);
}

static void assert_says(const char *lines, const char *text, docket_status wanted, const char *words)
{
    struct dk_start found, before;
    memset(&before, 0x5a, sizeof before);
    docket_status status = read_start(lines, text, &found);
    if (status != wanted || strstr(dk_error_text(), words) == NULL)
        fail_msg("%s with %s: %s, \"%s\"", text, lines, docket_status_name(status), dk_error_text());
    assert_memory_equal(&found, &before, sizeof found);
}

#define YEARLY "template={SERIES}-{YYYY}-{N:6}\n"

static void a_document_number_is_a_number_of_its_period(void **state)
{
    (void)state;
    assert_start(YEARLY, "INV-2025-004711", 4711, 2025);
    assert_start(YEARLY, "INV-2026-1000000", 1000000, 2026);
    assert_start("template=R{YY}{MM}-{N:4}\nrestart=monthly\n", "R2611-0042", 42, 202611);
    assert_start("template=R{YYYY}{MM}{DD}{N:3}\nrestart=daily\n", "R20251231999", 999, 20251231);
    assert_start("template=R{YYYY}Q{Q}-{N}\nrestart=quarterly\n", "R2025Q4-7", 7, 20254);
    assert_start("template=R{GGGG}W{WW}-{N}\nrestart=weekly\n", "R2026W53-7", 7, 2026553);
    assert_start("template={FY:2025-26}/{N:5}\nrestart=fiscal\nfiscal-year=april\n", "2025-26/00099", 99, 20252026);
    assert_start("template={FY:26}/{N:5}\nrestart=fiscal\nfiscal-year=april\n", "26/00099", 99, 20252026);
    assert_start("template=R-{N}\nrestart=never\n", "R-17", 17, 0);
    assert_start("template=R{YYYY}-{N}\nrestart=never\n", "R2099-17", 17, 0);
}

static void a_plain_number_is_one_of_any_period(void **state)
{
    (void)state;
    assert_start(YEARLY, "4711", 4711, -1);
    assert_start(YEARLY, "0", 0, -1);
    assert_start(YEARLY, "number=4711", 4711, -1);
    assert_start(YEARLY, "text=INV-2025-000001", 1, 2025);
    assert_start("template={N:6}\nrestart=never\n", "004711", 4711, 0);
    assert_says(YEARLY, "999999999999999", DOCKET_BAD_ARGUMENT, "leaves no number");
    assert_says(YEARLY, "12345678901234567890", DOCKET_NOT_OF_SERIES, "no document number");
}

static void what_can_be_both_is_asked_for(void **state)
{
    (void)state;
    assert_says("template={YYYY}{N:6}\n", "2025004711", DOCKET_BAD_ARGUMENT, "number=2025004711 or text=2025004711");
    assert_start("template={YYYY}{N:6}\n", "number=2025004711", 2025004711, -1);
    assert_start("template={YYYY}{N:6}\n", "text=2025004711", 4711, 2025);
    assert_start("template={YYYY}{N:6}\n", "4711", 4711, -1);
}

static void where_it_differs_is_said(void **state)
{
    (void)state;
    assert_says(YEARLY, "inv-2025-004711", DOCKET_NOT_OF_SERIES, "has 'inv' where the series writes 'INV'");
    assert_says(YEARLY, "INV/2025/004711", DOCKET_NOT_OF_SERIES, "at character 4 '/' stands where the series writes '-'");
    assert_says(YEARLY, "INV-2025-4711", DOCKET_NOT_OF_SERIES, "has 4 digits, and {N:6} writes at least 6");
    assert_says(YEARLY, "INV-25-004711", DOCKET_NOT_OF_SERIES, "at character 5 '25-0' stands where {YYYY} writes 4 digits");
    assert_says(YEARLY, "INV-2025-", DOCKET_NOT_OF_SERIES, "at character 10 it ends where the series writes its number");
    assert_says(YEARLY, "INV", DOCKET_NOT_OF_SERIES, "at character 4 it ends where the series writes '-'");
    assert_says(YEARLY, "INV-2025-0004711", DOCKET_NOT_OF_SERIES, "its number '0004711' is none that {N:6} writes");
    assert_says(YEARLY, "INV-2025-004711-A", DOCKET_NOT_OF_SERIES, "goes on with '-A'");
    assert_says(YEARLY, "INV-1999-000001", DOCKET_NOT_OF_SERIES, "a date that there is not from 2001 to 2099");
    assert_says("template=R{YYYY}{MM}{DD}-{N}\n", "R20250230-1", DOCKET_NOT_OF_SERIES, "a date that there is not");
    assert_says("template=R{YYYY}-{N:4}-{LUHN}\n", "R2025-0017-1", DOCKET_NOT_OF_SERIES, "where {LUHN} writes '9'");
}

static void a_template_that_writes_it_is_offered(void **state)
{
    (void)state;
    assert_says("", "INV-2025-004711", DOCKET_NOT_OF_SERIES,
                "with --template 'INV-{YYYY}-{N:6}' it is number 4711 of 2025");
    assert_says("", "INV-2025-11-0042", DOCKET_NOT_OF_SERIES, "--template 'INV-{YYYY}-{MM}-{N:4}' it is number 42 of 2025");
    assert_says("", "RE20251130-7", DOCKET_NOT_OF_SERIES, "--template 'RE{YYYY}{MM}{DD}-{N:1}' it is number 7 of 2025");
    assert_says("", "25/00815", DOCKET_NOT_OF_SERIES, "--template '{YY}/{N:5}' it is number 815 of 2025");
    assert_says("", "INV2025004711", DOCKET_NOT_OF_SERIES, "--template 'INV{YYYY}{N:6}' it is number 4711 of 2025");
    assert_says("", "INV-004711", DOCKET_NOT_OF_SERIES, "--template 'INV-{N:6}' --restart never it is number 4711");
    assert_says(YEARLY, "INV-2025-4711", DOCKET_NOT_OF_SERIES, "--template '{SERIES}-{YYYY}-{N:4}' it is number 4711");
    assert_says("restart=fiscal\nfiscal-year=april\ntemplate={FY:2025-26}-{N}\n", "GST/2025-26/0012", DOCKET_NOT_OF_SERIES,
                "--template 'GST/{FY:2025-26}/{N:4}' it is number 12 of 2025-2026");
    assert_says("", "no digits", DOCKET_NOT_OF_SERIES, "its number 1 would be INV-20261126-000001 today");
    assert_says("", "A#7", DOCKET_NOT_OF_SERIES, "its number 1 would be");
}

/* Whatever is offered writes the text. */
static void what_is_offered_reads_the_text(void **state)
{
    (void)state;
    static const char pieces[][8] = {"2025", "25", "11", "30", "-", "/", "INV", "0", "7", "2026", "W", "Q4", "00042", "999"};
    uint32_t seed = 1;
    unsigned offered = 0;
    for (unsigned round = 0; round < 3000; round++) {
        char text[80] = "", remedy[DK_START_BYTES], template[DK_START_BYTES], *end;
        struct dk_policy policy = policy_with(round % 2 ? YEARLY : "restart=never\ntemplate=X{N}\n");
        struct dk_template resolved;
        struct dk_read_text read;
        struct dk_start found;
        for (unsigned count = 1 + round % 6; count > 0; count--) {
            seed = seed * 1664525u + 1013904223u;
            strcat(text, pieces[(seed >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        assert_int_equal(dk_policy_check(&policy, "acme", "INV", &resolved), DOCKET_OK);
        struct dk_start_ask ask = {"acme", "INV", &policy, &resolved, text, TODAY};
        if (!dk_start_remedy(&ask, remedy, &found))
            continue;
        offered++;
        assert_non_null(strchr(remedy, '\''));
        snprintf(template, sizeof template, "%s", strchr(remedy, '\'') + 1);
        end = strchr(template, '\'');
        assert_non_null(end);
        *end = 0;
        if (strstr(end + 1, "--restart ") != NULL)
            assert_true(dk_restart_parse(strstr(end + 1, "--restart ") + 10, &policy.restart));
        assert_int_equal(dk_policy_set(&policy, "template", template), DOCKET_OK);
        assert_int_equal(dk_policy_check(&policy, "acme", "INV", &resolved), DOCKET_OK);
        assert_true(dk_template_read(&resolved, "INV", text, strlen(text), &read));
        assert_int_equal(read.number, found.number);
    }
    assert_in_range(offered, 500, 3000);
}

static void its_line_is_taken_out_of_the_settings(void **state)
{
    (void)state;
    char settings[DK_SETTINGS_BYTES] = "window=500\n", value[DOCKET_TEXT_MAX + 8];
    assert_int_equal(dk_start_add_line(settings, DK_START_AFTER_LINE, "INV-2025-004711"), DOCKET_OK);
    assert_int_equal(dk_policy_add_line(settings, "restart", "never"), DOCKET_OK);
    assert_true(dk_start_cut(settings, DK_START_AFTER_LINE, value));
    assert_string_equal(value, "INV-2025-004711");
    assert_string_equal(settings, "window=500\nrestart=never\n");
    assert_true(dk_start_cut(settings, DK_START_AFTER_LINE, value));
    assert_string_equal(value, "");
    assert_int_equal(dk_start_add_line(settings, DK_START_AFTER_LINE, "a\nwindow=16"), DOCKET_BAD_ARGUMENT);
    assert_int_equal(dk_start_add_line(settings, DK_START_AFTER_LINE, ""), DOCKET_BAD_ARGUMENT);
    assert_string_equal(settings, "window=500\nrestart=never\n");
    snprintf(settings, sizeof settings, "start-after=%0200d\nwindow=16", 0);
    assert_false(dk_start_cut(settings, DK_START_AFTER_LINE, value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_number_is_a_number_of_its_period),
        cmocka_unit_test(a_plain_number_is_one_of_any_period),
        cmocka_unit_test(what_can_be_both_is_asked_for),
        cmocka_unit_test(where_it_differs_is_said),
        cmocka_unit_test(a_template_that_writes_it_is_offered),
        cmocka_unit_test(what_is_offered_reads_the_text),
        cmocka_unit_test(its_line_is_taken_out_of_the_settings),
    };
    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
