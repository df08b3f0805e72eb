/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c store/store.c numbering/fate.c daemon/clerk.c daemon/books.c */
/* libs: lmdb urcu-cds urcu-common pthread */
/* Spare numbers as ranges: against a map of single numbers. */
#include "daemon/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 600, STEPS = 20000 };

/* today.c's: the zone database is no part of these tests. */
const struct dk_zone *dk_zone_of_policy(const struct dk_policy *policy)
{
    (void)policy;
    return &dk_zone_utc;
}

static struct dk_range *ranges;
static size_t count;
static bool spare[NUMBERS + 2]; /* the model; 0 and NUMBERS + 1 stay false */
static uint64_t seed;

int64_t dk_now_s(struct dk_daemon *daemon)
{
    (void)daemon;
    return 0; /* nobody asks here */
}

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static int begin(void **state)
{
    const char *wanted = getenv("SEED");
    (void)state;
    seed = wanted ? strtoull(wanted, NULL, 10) : 20261124;
    ranges = NULL;
    count = 0;
    memset(spare, 0, sizeof spare);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(ranges);
    return 0;
}

/* The model's runs, one after the other, are the ranges: so they are
 * ascending, apart, merged and complete. */
static void assert_model(int step)
{
    size_t at = 0;
    for (uint64_t number = 1; number <= NUMBERS; number++) {
        if (!spare[number] || spare[number - 1])
            continue;
        uint64_t last = number;
        while (spare[last + 1])
            last++;
        if (at >= count || ranges[at].first != number || ranges[at].last != last)
            fail_msg("step %d: range %zu of %zu is not %llu-%llu", step, at, count, (unsigned long long)number,
                     (unsigned long long)last);
        at++;
    }
    if (at != count)
        fail_msg("step %d: %zu ranges, wanted %zu", step, count, at);
}

static void add(uint64_t first, uint64_t last)
{
    dk_ranges_add(&ranges, &count, first, last);
    for (uint64_t number = first; number <= last; number++)
        spare[number] = true;
}

static struct dk_range cut(size_t index, uint64_t most)
{
    struct dk_range before = ranges[index];
    struct dk_range got = dk_ranges_cut(ranges, &count, index, most);
    uint64_t size = before.last - before.first + 1;
    assert_int_equal(got.first, before.first);
    assert_int_equal(got.last - got.first + 1, size < most ? size : most);
    for (uint64_t number = got.first; number <= got.last; number++)
        spare[number] = false;
    return got;
}

static void random_adds_and_cuts_agree_with_a_map_of_numbers(void **state)
{
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int step = 0; step < STEPS; step++) {
        uint32_t full = (uint32_t)step / 2000 % 2; /* by turns few long ranges and many short ones */
        if (count > 0 && any(10) >= 4 + 2 * full) {
            cut(any((uint32_t)count), 1 + any(full ? 8 : 200));
        } else {
            uint64_t first = 1 + any(NUMBERS);
            uint64_t last = first + any(full ? 60 : 3);
            add(first, last > NUMBERS ? NUMBERS : last);
        }
        assert_model(step);
    }
}

static void adding_again_what_is_there_changes_nothing(void **state)
{
    (void)state;
    add(10, 20);
    add(12, 15);
    add(10, 20);
    add(10, 10);
    add(20, 20);
    assert_int_equal(count, 1);
    assert_model(0);
}

static void neighbours_become_one_and_strangers_do_not(void **state)
{
    (void)state;
    add(10, 19);
    add(30, 39);
    add(21, 28);
    assert_int_equal(count, 3);
    add(20, 20);
    assert_int_equal(count, 2);
    add(29, 29);
    assert_int_equal(count, 1);
    assert_model(0);
    add(9, 9);
    add(40, 40);
    assert_int_equal(count, 1);
    assert_model(1);
}

static void one_range_over_many_swallows_them(void **state)
{
    (void)state;
    for (uint64_t first = 2; first < 500; first += 4)
        add(first, first + 1);
    assert_int_equal(count, 125);
    add(5, 400);
    assert_model(0);
    add(1, NUMBERS);
    assert_int_equal(count, 1);
    assert_model(1);
}

static void a_cut_of_more_than_the_range_takes_it_whole(void **state)
{
    (void)state;
    add(1, 5);
    add(10, 14);
    add(20, 24);
    struct dk_range got = cut(1, UINT64_MAX);
    assert_true(got.first == 10 && got.last == 14);
    got = cut(1, 5);
    assert_true(got.first == 20 && got.last == 24);
    got = cut(0, 1);
    assert_true(got.first == 1 && got.last == 1);
    assert_int_equal(count, 1);
    assert_model(0);
}

static void the_largest_numbers_are_ranges_like_any_other(void **state)
{
    (void)state;
    dk_ranges_add(&ranges, &count, DOCKET_NUMBER_MAX - 4, DOCKET_NUMBER_MAX);
    dk_ranges_add(&ranges, &count, 1, DOCKET_NUMBER_MAX - 5);
    assert_int_equal(count, 1);
    struct dk_range got = dk_ranges_cut(ranges, &count, 0, DOCKET_NUMBER_MAX - 1);
    assert_int_equal(got.last, DOCKET_NUMBER_MAX - 1);
    assert_int_equal(ranges[0].first, DOCKET_NUMBER_MAX);
}

/* ---- the window ---- */

static uint32_t window_after(struct dk_counter *counter, uint64_t numbers, int64_t seconds)
{
    dk_counter_judge_window(counter, counter->looked_next + numbers, counter->looked_ns + seconds * 1000000000);
    return counter->window;
}

static void a_window_follows_the_rate_within_the_policys(void **state)
{
    struct dk_policy policy = {.window = 10000};
    struct dk_series_book series = {.record.policy = &policy};
    struct dk_counter counter = {.series = &series, .window = DK_WINDOW_MIN, .looked_next = 1};
    (void)state;
    assert_int_equal(window_after(&counter, 1, 60), DK_WINDOW_MIN); /* slow: the least */
    assert_int_equal(window_after(&counter, 1000000, 1), 4 * DK_WINDOW_MIN); /* fourfold at a time */
    for (int i = 0; i < 10; i++)
        window_after(&counter, 1000000, 1);
    assert_int_equal(counter.window, 10000);
    assert_int_equal(window_after(&counter, 0, 60), 5000); /* half at a time */
    for (int i = 0; i < 20; i++)
        window_after(&counter, 0, 60);
    assert_int_equal(counter.window, DK_WINDOW_MIN);
    assert_int_equal(window_after(&counter, 40, 60), 40);
}

static void a_block_is_an_eighth_and_beyond_windows_for_books_some_milliseconds(void **state)
{
    (void)state;
    struct dk_policy policy = {.window = DOCKET_WINDOW_BENCHMARK};
    struct dk_series_book series = {.record.policy = &policy};
    struct dk_counter counter = {.series = &series, .window = DK_WINDOW_MIN};
    assert_int_equal(dk_counter_block(&counter), 2);
    counter.window = 7;
    assert_int_equal(dk_counter_block(&counter), 1); /* never none */
    counter.window = DOCKET_WINDOW_MAX;
    counter.per_minute = 1;
    assert_int_equal(dk_counter_block(&counter), DOCKET_WINDOW_MAX / 8);
    counter.window = 8000000;
    assert_int_equal(dk_counter_block(&counter), 250000); /* slow: as many as may lie free hold the window */
    counter.per_minute = 60ull * 125000000;
    assert_int_equal(dk_counter_block(&counter), 500000); /* 4 ms */
    counter.per_minute = UINT64_C(1) << 50;
    assert_int_equal(dk_counter_block(&counter), 1000000); /* an eighth at most ... */
    counter.window = DOCKET_WINDOW_BENCHMARK;
    assert_int_equal(dk_counter_block(&counter), dk_block_most(&policy)); /* ... which series show tells */
    assert_true(dk_block_most(&policy) == 2097152);
}

static void a_steady_rate_makes_a_window_of_exactly_its_minute(void **state)
{
    (void)state;
    struct dk_policy policy = {.window = 10000};
    struct dk_series_book series = {.record.policy = &policy};
    struct dk_counter counter = {.series = &series, .window = DK_WINDOW_MIN, .looked_next = 1};
    for (int i = 0; i < 6; i++)
        window_after(&counter, 50, 1);
    assert_int_equal(counter.window, 3000);
    assert_true(counter.per_minute == 3000);
    for (int i = 0; i < 9; i++)
        window_after(&counter, 7, 30);
    assert_int_equal(counter.window, DK_WINDOW_MIN); /* 14 a minute */
    assert_true(counter.per_minute == 14);
    policy.window = 1000;
    for (int i = 0; i < 6; i++)
        window_after(&counter, 1000000, 1);
    assert_int_equal(counter.window, 1000);
    assert_true(counter.per_minute == 60000000); /* the rate is not cut */
}

static void a_window_of_the_docketd_before_is_kept_until_a_rate_was_seen_again(void **state)
{
    (void)state;
    struct dk_policy policy = {.window = 10000};
    struct dk_series_book series = {.record.policy = &policy};
    struct dk_counter counter = {.series = &series, .window = 3000, .per_minute = 3000, .resumed = true};
    assert_int_equal(window_after(&counter, 5, 0), 3000);
    assert_true(counter.per_minute == 3000);
    assert_int_equal(window_after(&counter, 1500, 30), 3000);
    assert_int_equal(window_after(&counter, 0, 30), 1500);
}

static void a_window_survives_a_clock_that_stands_and_a_count_that_fell(void **state)
{
    struct dk_policy policy = {.window = 10000};
    struct dk_series_book series = {.record.policy = &policy};
    struct dk_counter counter = {.series = &series, .window = 100, .looked_next = 5000};
    (void)state;
    dk_counter_judge_window(&counter, 4000, counter.looked_ns); /* a block came back */
    assert_int_equal(counter.window, 50);
    assert_int_equal(counter.looked_next, 4000);
    dk_counter_judge_window(&counter, 4001, counter.looked_ns - 5);
    assert_int_equal(counter.window, 200);
}

#define WITH_RANGES(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RANGES(random_adds_and_cuts_agree_with_a_map_of_numbers),
        WITH_RANGES(adding_again_what_is_there_changes_nothing),
        WITH_RANGES(neighbours_become_one_and_strangers_do_not),
        WITH_RANGES(one_range_over_many_swallows_them),
        WITH_RANGES(a_cut_of_more_than_the_range_takes_it_whole),
        WITH_RANGES(the_largest_numbers_are_ranges_like_any_other),
        cmocka_unit_test(a_window_follows_the_rate_within_the_policys),
        cmocka_unit_test(a_steady_rate_makes_a_window_of_exactly_its_minute),
        cmocka_unit_test(a_block_is_an_eighth_and_beyond_windows_for_books_some_milliseconds),
        cmocka_unit_test(a_window_of_the_docketd_before_is_kept_until_a_rate_was_seen_again),
        cmocka_unit_test(a_window_survives_a_clock_that_stands_and_a_count_that_fell),
    };
    return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
