/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/template.c */
/* How a document number is written, and what is refused with its position. */
#include "numbering/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dk_template parse(const char *text)
{
    struct dk_template parsed;
    if (dk_template_parse(text, &parsed) != DOCKET_OK)
        fail_msg("%s: %s", text, dk_error_text());
    return parsed;
}

static void assert_writes(const char *template_text, const char *series, uint32_t date,
                          uint64_t number, const char *wanted)
{
    struct dk_template parsed = parse(template_text);
    struct dk_rendered rendered;
    char text[DOCKET_TEXT_MAX];
    dk_template_render(&parsed, series, date, &rendered);
    size_t length = dk_rendered_write(&rendered, number, text);
    assert_string_equal(text, wanted);
    assert_int_equal(length, strlen(wanted));
    assert_true(length < dk_template_size(&parsed, series));
}

static void assert_fault_at(const char *text, unsigned position)
{
    struct dk_template parsed;
    char wanted[32];
    memset(&parsed, 0x5a, sizeof parsed);
    struct dk_template before = parsed;
    assert_int_equal(dk_template_parse(text, &parsed), DOCKET_BAD_POLICY);
    snprintf(wanted, sizeof wanted, "character %u", position);
    const char *found = strstr(dk_error_text(), wanted);
    if (!found || (found[strlen(wanted)] != ':' && found[strlen(wanted)] != ' '))
        fail_msg("\"%s\": wanted %s, got: %s", text, wanted, dk_error_text());
    assert_memory_equal(&parsed, &before, sizeof parsed); /* results only on success */
}

static void the_default_template_writes_series_date_and_six_digits(void **state)
{
    (void)state;
    assert_writes("{SERIES}-{YYYY}{MM}{DD}-{N:6}", "INV", 20261124, 1, "INV-20261124-000001");
}

static void a_number_longer_than_its_width_grows(void **state)
{
    (void)state;
    assert_writes("{N:3}", "INV", 20260101, 999, "999");
    assert_writes("{N:3}", "INV", 20260101, 1000, "1000");
    assert_writes("{N:6}", "INV", 20260101, DOCKET_NUMBER_MAX, "999999999999999");
}

static void a_number_without_a_width_has_no_zeros_before_it(void **state)
{
    (void)state;
    assert_writes("{N}", "INV", 20260101, 7, "7");
    assert_writes("{N}", "INV", 20260101, 0, "0");
    assert_writes("{N:15}", "INV", 20260101, 42, "000000000000042");
}

static void text_may_stand_on_both_sides_of_the_number(void **state)
{
    (void)state;
    assert_writes("A/{N:2}/{YY}-{DD}.{MM}_z", "INV", 20260307, 5, "A/05/26-07.03_z");
}

static void date_tokens_may_touch_each_other_and_digits(void **state)
{
    (void)state;
    assert_writes("9{YYYY}{MM}{DD}{YY}0-{N}", "X", 20261231, 3, "920261231260-3");
}

static void the_series_name_may_stand_anywhere_but_beside_the_number(void **state)
{
    (void)state;
    assert_writes("{N}-{SERIES}", "R2", 20260101, 12, "12-R2");
    assert_fault_at("{SERIES}{N}", 9);
    assert_fault_at("{N}{SERIES}", 4);
}

static void digits_beside_the_number_are_refused_with_their_position(void **state)
{
    (void)state;
    assert_fault_at("{YYYY}{N}", 7);
    assert_fault_at("A{N}{MM}", 5);
    assert_fault_at("INV1{N}", 5);
    assert_fault_at("{N}0", 4);
    assert_fault_at("{N:6}2-", 6);
}

static void a_letter_or_mark_is_enough_to_separate(void **state)
{
    (void)state;
    assert_writes("{YYYY}A{N}b{MM}", "X", 20260401, 11, "2026A11b04");
    assert_writes("1-{N}.2", "X", 20260401, 11, "1-11.2");
}

static void a_template_without_a_number_is_refused_at_its_end(void **state)
{
    (void)state;
    assert_fault_at("", 1);
    assert_fault_at("INV-{YYYY}", 11);
}

static void a_second_number_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_fault_at("{N}-{N}", 5);
    assert_fault_at("{N:3}-{N:4}", 7);
}

static void an_unknown_token_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_fault_at("A-{HH}-{N}", 3);
    assert_fault_at("{}-{N}", 1);
    assert_fault_at("{n}", 1);
    assert_fault_at("{YYYY:4}-{N}", 1);
    assert_fault_at("{YYYYY}-{N}", 1);
    assert_fault_at("{ N}", 1);
}

static void an_unclosed_or_stray_brace_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_fault_at("A-{N", 3);
    assert_fault_at("A}-{N}", 2);
    assert_fault_at("{{N}", 1);
    assert_fault_at("{N}-{", 5);
}

static void a_width_outside_1_to_15_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_fault_at("{N:0}", 4);
    assert_fault_at("{N:16}", 4);
    assert_fault_at("{N:}", 4);
    assert_fault_at("{N:06}", 4);
    assert_fault_at("{N:x}", 4);
    assert_fault_at("{N:-1}", 4);
    assert_fault_at("AB-{N:100}", 7);
    assert_fault_at("{N:6:6}", 4);
}

static void a_character_outside_the_safe_set_is_refused_where_it_stands(void **state)
{
    (void)state;
    const char *bad = " !\"#$%&'()*+,:;<=>?@[\\]^`|~\t\n\x7f\x80\xff";
    for (const char *at = bad; *at; at++) {
        char text[] = {'A', '-', *at, '{', 'N', '}', 0};
        assert_fault_at(text, 3);
    }
}

static void a_template_of_64_characters_is_read_and_of_65_is_not(void **state)
{
    (void)state;
    char text[66];
    memset(text, 'A', sizeof text);
    memcpy(text + 61, "{N}", 4);
    struct dk_template parsed = parse(text);
    assert_int_equal(dk_template_size(&parsed, "X"), 61 + 15 + 1);
    memset(text, 'A', sizeof text);
    memcpy(text + 62, "{N}", 4);
    assert_fault_at(text, 65);
}

static void seventeen_pieces_are_one_too_many(void **state)
{
    (void)state;
    struct dk_template parsed =
        parse("{N}-{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}");
    assert_int_equal(parsed.count, 16);
    assert_fault_at("{N}-{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}{DD}x", 61);
}

static void a_template_knows_whether_it_shows_a_date(void **state)
{
    (void)state;
    assert_false(parse("{SERIES}-{N}").dated);
    assert_true(parse("{YY}-{N}").dated);
    assert_true(parse("{N}-{DD}").dated);
}

static void the_size_counts_fifteen_digits_and_the_zero(void **state)
{
    (void)state;
    struct dk_template parsed = parse("{SERIES}-{YYYY}{MM}{DD}-{N:6}");
    assert_int_equal(dk_template_size(&parsed, "INV"), 3 + 1 + 8 + 1 + 15 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_template_writes_series_date_and_six_digits),
        cmocka_unit_test(a_number_longer_than_its_width_grows),
        cmocka_unit_test(a_number_without_a_width_has_no_zeros_before_it),
        cmocka_unit_test(text_may_stand_on_both_sides_of_the_number),
        cmocka_unit_test(date_tokens_may_touch_each_other_and_digits),
        cmocka_unit_test(the_series_name_may_stand_anywhere_but_beside_the_number),
        cmocka_unit_test(digits_beside_the_number_are_refused_with_their_position),
        cmocka_unit_test(a_letter_or_mark_is_enough_to_separate),
        cmocka_unit_test(a_template_without_a_number_is_refused_at_its_end),
        cmocka_unit_test(a_second_number_is_refused_where_it_stands),
        cmocka_unit_test(an_unknown_token_is_refused_where_it_stands),
        cmocka_unit_test(an_unclosed_or_stray_brace_is_refused_where_it_stands),
        cmocka_unit_test(a_width_outside_1_to_15_is_refused_where_it_stands),
        cmocka_unit_test(a_character_outside_the_safe_set_is_refused_where_it_stands),
        cmocka_unit_test(a_template_of_64_characters_is_read_and_of_65_is_not),
        cmocka_unit_test(seventeen_pieces_are_one_too_many),
        cmocka_unit_test(a_template_knows_whether_it_shows_a_date),
        cmocka_unit_test(the_size_counts_fifteen_digits_and_the_zero),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
