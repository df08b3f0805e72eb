/* SPDX-License-Identifier: MIT */
/* links: base/status.c */
/* The board's word that says how far ahead of a bank is laid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "table/pace.h"

static void what_was_packed_comes_back(void **state)
{
    (void)state;
    struct dk_pace pace = dk_pace_unpack(dk_pace_pack(18097, 10000, 4096));
    assert_true(pace.per_minute == 18097 && pace.exposed == 10000 && pace.window == 4096);
    assert_true(dk_pace_pack(18097, 10000, 4096) == (18097ull << 36 | 10000ull << 18 | 4096)); /* as earlier builds read it */
    pace = dk_pace_unpack(dk_pace_pack((1u << 27) - 1, 0, (1u << 17) - 1));
    assert_true(pace.per_minute == (1u << 27) - 1 && pace.exposed == 0 && pace.window == (1u << 17) - 1);
}

static void a_large_value_is_told_no_smaller_and_to_a_thousandth(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(4000000000000); value += value / 7 + 1) {
        uint64_t window = value < UINT64_C(1) << 40 ? value : 0; /* 4095 by 2^31 fits 18 bits */
        struct dk_pace pace = dk_pace_unpack(dk_pace_pack(value, window, window));
        assert_true(pace.per_minute >= value && pace.per_minute - value <= value / 1000);
        assert_true(pace.exposed == pace.window);
        assert_true(pace.window >= window && pace.window - window <= window / 1000);
    }
}

static void what_does_not_fit_is_shown_as_the_largest_and_harms_no_neighbour(void **state)
{
    (void)state;
    struct dk_pace pace = dk_pace_unpack(dk_pace_pack(UINT64_MAX, UINT64_MAX, UINT64_MAX));
    assert_true(pace.per_minute == ((1ull << 22) - 1) << 31 && pace.exposed == 4095ull << 31 && pace.window == 4095ull << 31);
    pace = dk_pace_unpack(dk_pace_pack(7, UINT64_MAX, 16));
    assert_true(pace.per_minute == 7 && pace.window == 16);
    pace = dk_pace_unpack(dk_pace_pack(UINT64_MAX, 5, UINT64_MAX));
    assert_true(pace.exposed == 5);
}

static void the_largest_window_of_all_is_told_exactly(void **state)
{
    (void)state;
    assert_true(dk_pace_unpack(dk_pace_pack(0, 0, DOCKET_WINDOW_BENCHMARK)).window == DOCKET_WINDOW_BENCHMARK);
}

static void a_word_of_a_build_that_knew_no_pace_says_nothing(void **state)
{
    (void)state;
    struct dk_pace pace = dk_pace_unpack(0);
    assert_true(pace.per_minute == 0 && pace.exposed == 0 && pace.window == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(what_does_not_fit_is_shown_as_the_largest_and_harms_no_neighbour),
        cmocka_unit_test(the_largest_window_of_all_is_told_exactly),
        cmocka_unit_test(a_large_value_is_told_no_smaller_and_to_a_thousandth),
        cmocka_unit_test(a_word_of_a_build_that_knew_no_pace_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
