/* SPDX-License-Identifier: MIT */
/* links: base/status.c */
/* The word that says how far a lease is used: what passes its check, and what does not. */
#include "table/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* One word among 131072 passes a guard of 17 bits by chance; so many times that is
 * still no reason to complain. */
enum { CHANCE = 131072, LENIENCE = 3 };

static uint64_t seed;

static uint64_t any(void)
{
    seed += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static int take_seed(void **state)
{
    const char *wanted = getenv("SEED");
    (void)state;
    seed = wanted ? strtoull(wanted, NULL, 10) : 1;
    print_message("seed %llu\n", (unsigned long long)seed);
    return 0;
}

struct sample {
    uint64_t word;
    uint64_t salt;
    uint32_t line;
};

static struct sample any_sample(void)
{
    struct sample made = {.salt = any(), .line = (uint32_t)any() % DK_LINES_LIMIT};
    made.word = dk_cursor_pack((uint16_t)any(), (uint32_t)any() & DK_CURSOR_OFFSET_MAX, any() & 1, made.salt,
                               made.line);
    return made;
}

static bool passes(uint64_t word, uint64_t salt, uint32_t line)
{
    struct dk_cursor unused;
    return dk_cursor_unpack(word, salt, line, &unused);
}

/* ---- what passes ---- */

static void assert_comes_back(uint16_t lease, uint32_t offset, bool stop, uint64_t salt, uint32_t line)
{
    struct dk_cursor cursor = {0};
    uint64_t word = dk_cursor_pack(lease, offset, stop, salt, line);
    assert_true(dk_cursor_unpack(word, salt, line, &cursor));
    assert_int_equal(cursor.lease, lease);
    assert_int_equal(cursor.offset, offset);
    assert_int_equal(cursor.stop, stop);
}

static void a_packed_cursor_comes_back_whole(void **state)
{
    static const uint16_t leases[] = {0, 1, 0x7fff, 0x8000, 0xffff};
    static const uint32_t offsets[] = {0, 1, 9999, 1u << 18, DK_CURSOR_OFFSET_MAX - 1, DK_CURSOR_OFFSET_MAX};
    static const uint32_t lines[] = {0, 1, 1023, DK_LINES_LIMIT - 1};
    static const uint64_t salts[] = {0, 1, UINT64_MAX, 0x8000000000000000u};
    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (size_t o = 0; o < 6; o++)
            for (size_t l = 0; l < 4; l++)
                for (size_t s = 0; s < 4; s++)
                    for (int stop = 0; stop < 2; stop++)
                        assert_comes_back(leases[k], offsets[o], stop, salts[s], lines[l]);
}

static void any_packed_cursor_comes_back_whole(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++)
        assert_comes_back((uint16_t)any(), (uint32_t)any() & DK_CURSOR_OFFSET_MAX, any() & 1, any(),
                          (uint32_t)any() % DK_LINES_LIMIT);
}

static void a_line_without_a_lease_has_a_word_that_no_block_reaches(void **state)
{
    struct dk_cursor cursor = {0};
    (void)state;
    for (uint32_t line = 0; line < DK_LINES_LIMIT; line++) {
        assert_true(dk_cursor_unpack(dk_cursor_none(7, line), 7, line, &cursor));
        assert_int_equal(cursor.lease, 0);
        assert_int_equal(cursor.offset, DK_CURSOR_OFFSET_MAX);
        assert_false(cursor.stop);
    }
}

/* ---- what is refused ---- */

static void a_valid_word_with_one_bit_flipped_is_always_refused(void **state)
{
    unsigned passed = 0;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct sample sample = any_sample();
        for (int bit = 0; bit < 64; bit++)
            passed += passes(sample.word ^ 1ull << bit, sample.salt, sample.line);
    }
    assert_int_equal(passed, 0); /* of 12,800,000 */
}

static void a_valid_word_with_two_bits_flipped_is_refused_as_often_as_17_bits_can(void **state)
{
    uint64_t passed = 0, tried = 0;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct sample sample = any_sample();
        for (int high = 1; high < 64; high++)
            for (int low = 0; low < high; low++, tried++)
                passed += passes(sample.word ^ 1ull << high ^ 1ull << low, sample.salt, sample.line);
    }
    assert_true(passed <= tried / CHANCE * LENIENCE);
}

/* docketd reads zero where a seat's file was shortened or reset, and calls it
 * a word of nobody: were it valid, a whole block would count as untouched. */
static void the_zero_word_is_refused_whatever_salt_and_line(void **state)
{
    unsigned passed = 0;
    (void)state;
    for (int round = 0; round < 4 * 1000 * 1000; round++)
        passed += passes(0, any(), (uint32_t)any() % DK_LINES_LIMIT);
    assert_int_equal(passed, 0);
}

static void the_zero_word_is_refused_without_a_salt(void **state)
{
    (void)state;
    for (uint32_t line = 0; line < DK_LINES_LIMIT; line++)
        if (passes(0, 0, line))
            fail_msg("zero is a valid cursor of line %u with salt 0", line);
}

static void a_word_of_another_sitting_is_refused_as_often_as_17_bits_can(void **state)
{
    uint64_t passed = 0, near = 0, tried = 4 * 1000 * 1000;
    (void)state;
    for (uint64_t round = 0; round < tried; round++) {
        struct sample sample = any_sample();
        passed += passes(sample.word, any(), sample.line);
        near += passes(sample.word, sample.salt ^ 1ull << round % 64, sample.line);
    }
    assert_true(passed <= tried / CHANCE * LENIENCE);
    assert_true(near <= tried / CHANCE * LENIENCE); /* of a salt that differs in one bit */
}

static void a_word_of_another_line_is_refused_as_often_as_17_bits_can(void **state)
{
    uint64_t passed = 0, tried = 0;
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct sample sample = any_sample();
        for (uint32_t line = 0; line < DK_LINES_LIMIT; line++, tried++)
            passed += line != sample.line && passes(sample.word, sample.salt, line);
    }
    assert_true(passed <= tried / CHANCE * LENIENCE);
}

static void a_refused_word_leaves_the_result_alone(void **state)
{
    struct dk_cursor cursor = {.lease = 77, .offset = 78, .stop = true};
    struct sample sample = any_sample();
    (void)state;
    assert_false(dk_cursor_unpack(sample.word ^ 1ull << 40, sample.salt, sample.line, &cursor));
    assert_int_equal(cursor.lease, 77);
    assert_int_equal(cursor.offset, 78);
    assert_true(cursor.stop);
}

/* ---- the order of lease numbers ---- */

static void a_later_lease_is_later_across_the_wrap(void **state)
{
    (void)state;
    for (uint32_t from = 0; from < 65536; from += 251) {
        for (uint32_t ahead = 1; ahead < 32768; ahead = ahead * 3 / 2 + 1) {
            uint16_t later = (uint16_t)(from + ahead);
            assert_true(dk_lease_compare(later, (uint16_t)from) > 0);
            assert_true(dk_lease_compare((uint16_t)from, later) < 0);
        }
        assert_int_equal(dk_lease_compare((uint16_t)from, (uint16_t)from), 0);
    }
    assert_true(dk_lease_compare(0, 0xffff) > 0);
    assert_true(dk_lease_compare(0xffff, 0) < 0);
    assert_true(dk_lease_compare(0x7fff, 0) > 0);
}

static void as_many_leases_as_a_counter_has_places_stay_in_order(void **state)
{
    (void)state;
    for (uint32_t from = 0; from < 65536; from++)
        assert_true(dk_lease_compare((uint16_t)(from + DK_ROWS_PER_COUNTER * DK_PLACES_PER_ROW), (uint16_t)from) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_cursor_comes_back_whole),
        cmocka_unit_test(any_packed_cursor_comes_back_whole),
        cmocka_unit_test(a_line_without_a_lease_has_a_word_that_no_block_reaches),
        cmocka_unit_test(a_valid_word_with_one_bit_flipped_is_always_refused),
        cmocka_unit_test(a_valid_word_with_two_bits_flipped_is_refused_as_often_as_17_bits_can),
        cmocka_unit_test(the_zero_word_is_refused_whatever_salt_and_line),
        cmocka_unit_test(the_zero_word_is_refused_without_a_salt),
        cmocka_unit_test(a_word_of_another_sitting_is_refused_as_often_as_17_bits_can),
        cmocka_unit_test(a_word_of_another_line_is_refused_as_often_as_17_bits_can),
        cmocka_unit_test(a_refused_word_leaves_the_result_alone),
        cmocka_unit_test(a_later_lease_is_later_across_the_wrap),
        cmocka_unit_test(as_many_leases_as_a_counter_has_places_stay_in_order),
    };
    return cmocka_run_group_tests_name("cursor", tests, take_seed, NULL);
}
