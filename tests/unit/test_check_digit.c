/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/check_digit.c */
/* Check digits against the examples of their own standards, and what they notice. */
#include "numbering/check_digit.h"
#include "numbering/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_check(unsigned kind, const char *text, const char *wanted)
{
    char digits[DK_CHECK_DIGITS_MAX + 1] = "";
    dk_check_digits_write(kind, text, strlen(text), digits);
    assert_int_equal(strlen(wanted), dk_check_digits_count(kind));
    if (strcmp(digits, wanted) != 0)
        fail_msg("%s: wanted %s, got %s", text, wanted, digits);
    assert_true(dk_check_digits_fit(kind, text, strlen(text), wanted));
}

static void luhn_gives_the_standards_digits(void **state)
{
    (void)state;
    assert_check(DK_LUHN, "7992739871", "3");      /* the usual worked example */
    assert_check(DK_LUHN, "411111111111111", "1"); /* a card issuer's test number */
    assert_check(DK_LUHN, "0", "0");
    assert_check(DK_LUHN, "", "0");
}

static void mod_11_10_gives_the_standards_digits(void **state)
{
    (void)state;
    assert_check(DK_MOD1110, "0794", "5"); /* ISO/IEC 7064 */
    assert_check(DK_MOD1110, "13669597", "6");   /* DE136695976, a German VAT number */
    assert_check(DK_MOD1110, "6943515153", "0"); /* 69435151530, a Croatian OIB */
}

static void mod_97_10_gives_the_standards_digits(void **state)
{
    (void)state;
    assert_check(DK_MOD97, "794", "44"); /* ISO/IEC 7064 */
    /* Of an IBAN: its check digits are those of the account, the country at the end. */
    assert_check(DK_MOD97, "WEST12345698765432GB", "82");
    assert_check(DK_MOD97, "370400440532013000DE", "89");
    /* ISO 11649: RF18 5390 0754 7034. */
    assert_check(DK_MOD97, "539007547034RF", "18");
}

static void swiss_gives_the_banks_digits(void **state)
{
    (void)state;
    assert_check(DK_SWISS, "21000000000313947143000901", "7"); /* the QR-bill's specification */
    assert_check(DK_SWISS, "01000162", "8");                   /* post account 01-162-8 */
    assert_check(DK_SWISS, "12000000000023447894321689", "9"); /* of the handbook of inpayment slips */
}

static void finnish_gives_the_banks_digits(void **state)
{
    (void)state;
    assert_check(DK_FINNISH, "123456", "1"); /* 1234561 */
    assert_check(DK_FINNISH, "1234", "4");
    assert_check(DK_FINNISH, "90", "3");
}

static void marks_and_letters_are_skipped_where_only_digits_count(void **state)
{
    (void)state;
    assert_check(DK_LUHN, "INV-7992/739.87_1", "3");
    assert_check(DK_MOD1110, "a0-794z", "5");
    assert_check(DK_SWISS, "21 00000 00003 13947 14300 0901", "7");
    assert_check(DK_FINNISH, "RF-123456", "1");
}

static void mod_97_10_counts_letters_and_skips_marks(void **state)
{
    (void)state;
    assert_check(DK_MOD97, "7-9/4._", "44");
    assert_check(DK_MOD97, "west1234-5698/765432gb", "82");
    char one[3] = "", other[3] = "";
    dk_check_digits_write(DK_MOD97, "A1", 2, one);
    dk_check_digits_write(DK_MOD97, "B1", 2, other);
    assert_string_not_equal(one, other);
}

static void mod_97_10_of_a_long_text_is_that_of_the_whole_number(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    memset(text, 'Z', sizeof text);
    unsigned rest = 0;
    for (size_t i = 0; i < sizeof text; i++)
        rest = (rest * 100 + 35) % 97;
    char wanted[8];
    char digits[3] = "";
    snprintf(wanted, sizeof wanted, "%02u", 98 - rest * 100 % 97);
    dk_check_digits_write(DK_MOD97, text, sizeof text, digits);
    assert_string_equal(digits, wanted);
}

static void a_single_wrong_digit_is_always_found(void **state)
{
    (void)state;
    for (unsigned kind = DK_LUHN; kind <= DK_FINNISH; kind++) {
        for (unsigned number = 0; number < 10000; number += 7) {
            char text[8], digits[3] = "";
            snprintf(text, sizeof text, "%04u", number);
            dk_check_digits_write(kind, text, 4, digits);
            for (unsigned at = 0; at < 4; at++) {
                char right = text[at];
                for (text[at] = '0'; text[at] <= '9'; text[at]++)
                    if (text[at] != right && dk_check_digits_fit(kind, text, 4, digits))
                        fail_msg("kind %u: %04u and %s have the same digits", kind, number, text);
                text[at] = right;
            }
        }
    }
}

/* docs/TEMPLATES.md says how many of a hundred pairs of unlike neighbours are missed. */
static void neighbours_that_changed_places_are_missed_as_seldom_as_is_said(void **state)
{
    (void)state;
    static const unsigned said[] = {[DK_LUHN] = 2, [DK_MOD97] = 0, [DK_MOD1110] = 2, [DK_SWISS] = 2, [DK_FINNISH] = 10};
    for (unsigned kind = DK_LUHN; kind <= DK_FINNISH; kind++) {
        unsigned missed = 0;
        for (unsigned number = 0; number < 10000; number++) {
            char text[8], digits[3] = "";
            snprintf(text, sizeof text, "%04u", number);
            dk_check_digits_write(kind, text, 4, digits);
            char first = text[1];
            text[1] = text[2];
            text[2] = first;
            missed += text[1] != text[2] && dk_check_digits_fit(kind, text, 4, digits);
        }
        assert_int_equal(missed, said[kind] * 100);
    }
}

static void what_is_no_kind_has_no_digits(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 256; kind++)
        assert_int_equal(dk_check_digits_count(kind),
                         kind == DK_MOD97 ? 2 : kind >= DK_LUHN && kind <= DK_FINNISH ? 1 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(luhn_gives_the_standards_digits),
        cmocka_unit_test(mod_11_10_gives_the_standards_digits),
        cmocka_unit_test(mod_97_10_gives_the_standards_digits),
        cmocka_unit_test(swiss_gives_the_banks_digits),
        cmocka_unit_test(finnish_gives_the_banks_digits),
        cmocka_unit_test(marks_and_letters_are_skipped_where_only_digits_count),
        cmocka_unit_test(mod_97_10_counts_letters_and_skips_marks),
        cmocka_unit_test(mod_97_10_of_a_long_text_is_that_of_the_whole_number),
        cmocka_unit_test(a_single_wrong_digit_is_always_found),
        cmocka_unit_test(neighbours_that_changed_places_are_missed_as_seldom_as_is_said),
        cmocka_unit_test(what_is_no_kind_has_no_digits),
    };
    return cmocka_run_group_tests_name("check_digit", tests, NULL, NULL);
}
