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
    pace = dk_pace_unpack(dk_pace_pack(DK_PACE_PER_MINUTE_MAX, 0, DK_PACE_NUMBERS_MAX));
    assert_true(pace.per_minute == DK_PACE_PER_MINUTE_MAX && pace.exposed == 0 && pace.window == DK_PACE_NUMBERS_MAX);
}

static void what_does_not_fit_is_shown_as_the_largest_and_harms_no_neighbour(void **state)
{
    (void)state;
    struct dk_pace pace = dk_pace_unpack(dk_pace_pack(UINT64_MAX, UINT64_MAX, UINT64_MAX));
    assert_true(pace.per_minute == DK_PACE_PER_MINUTE_MAX && pace.exposed == DK_PACE_NUMBERS_MAX &&
                pace.window == DK_PACE_NUMBERS_MAX);
    pace = dk_pace_unpack(dk_pace_pack(7, UINT64_MAX, 16));
    assert_true(pace.per_minute == 7 && pace.window == 16);
}

static void the_largest_window_of_all_fits(void **state)
{
    (void)state;
    assert_true(DK_PACE_NUMBERS_MAX >= DOCKET_WINDOW_BENCHMARK + DOCKET_BLOCK_MAX);
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
        cmocka_unit_test(the_largest_window_of_all_fits),
        cmocka_unit_test(a_word_of_a_build_that_knew_no_pace_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
