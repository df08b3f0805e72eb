/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c numbering/fate.c store/env.c daemon/clerk.c daemon/recovery/floors.c */
/* libs: lmdb urcu-cds urcu-common */
/* floors: how far an accepted store's counters move, by whoever says so. */
#include "store_fixture.h"

#include "daemon/recovery/floors.h"

static struct dk_floors floors;

static int begin(void **state)
{
    (void)state;
    floors = (struct dk_floors){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    dk_floors_free(&floors);
    return 0;
}

static void say(uint64_t id, int32_t period, uint64_t number, bool covers)
{
    dk_floors_add(&floors, &(struct dk_floor){.series_id = id, .period = period, .number = number, .source = DK_FLOOR_HAND,
                                              .covers = covers});
}

/* The mark that the counter would have; 0: nobody vouches for it. */
static uint64_t mark_of(uint64_t id, int32_t period, uint64_t mark, uint64_t last)
{
    struct dk_counter_image image = {.series_id = id, .period = period, .extent_first = 1, .extent_last = last, .mark = mark,
                                     .next = mark};
    struct dk_move move;
    bool covered = dk_floors_judge(&floors, &image, &move);
    return covered ? mark + move.advance : 0;
}

static void a_counter_goes_on_above_the_highest_floor_and_never_below_its_mark(void **state)
{
    (void)state;
    say(3, 2026, 50, true);
    say(1, 2026, 100, true);
    say(1, 2026, 400, true);
    say(1, 2026, 300, true);
    say(1, 2025, 9, true);
    dk_floors_ready(&floors);
    assert_int_equal(floors.count, 3);
    assert_int_equal(mark_of(1, 2026, 81, DOCKET_NUMBER_MAX), 401);
    assert_int_equal(mark_of(1, 2025, 81, DOCKET_NUMBER_MAX), 81);
    assert_int_equal(mark_of(1, 2025, 9, DOCKET_NUMBER_MAX), 10);
    assert_int_equal(mark_of(3, 2026, 51, DOCKET_NUMBER_MAX), 51);
}

static void a_counter_without_a_floor_is_vouched_for_by_nobody(void **state)
{
    (void)state;
    say(1, 2026, 100, true);
    say(2, 2026, 100, false); /* live files of a docketd that was not the last one */
    dk_floors_ready(&floors);
    assert_int_equal(mark_of(1, 2027, 5, DOCKET_NUMBER_MAX), 0);
    assert_int_equal(mark_of(7, 2026, 5, DOCKET_NUMBER_MAX), 0);
    assert_int_equal(mark_of(2, 2026, 5, DOCKET_NUMBER_MAX), 0);
    floors.skip_given = true;
    assert_int_equal(mark_of(7, 2026, 5, DOCKET_NUMBER_MAX), 5);
    assert_int_equal(mark_of(2, 2026, 5, DOCKET_NUMBER_MAX), 101); /* it counts all the same */
    floors.skip = 10;
    assert_int_equal(mark_of(7, 2026, 5, DOCKET_NUMBER_MAX), 15);
    assert_int_equal(mark_of(1, 2026, 5, DOCKET_NUMBER_MAX), 111);
}

/* Its last number was raised after the copy was made. */
static void a_floor_beyond_the_extent_counts_whole(void **state)
{
    (void)state;
    say(1, 2026, 1500, true);
    say(2, 2026, DOCKET_NUMBER_MAX, true);
    dk_floors_ready(&floors);
    assert_int_equal(mark_of(1, 2026, 5, 1000), 1501);
    assert_int_equal(mark_of(1, 2026, 1001, 1000), 1501);
    floors.skip_given = true;
    floors.skip = DOCKET_NUMBER_MAX / 2;
    assert_int_equal(mark_of(1, 2026, 5, 1000), 1501 + DOCKET_NUMBER_MAX / 2);
    assert_int_equal(mark_of(2, 2026, 5, 1000), DOCKET_NUMBER_MAX + 1);
    assert_int_equal(mark_of(3, 2026, 5, 1000), 1001); /* going ahead ends with the extent */
}

static void of_two_floors_one_that_covers_is_enough(void **state)
{
    (void)state;
    say(1, 2026, 500, false);
    say(1, 2026, 100, true);
    dk_floors_ready(&floors);
    assert_int_equal(mark_of(1, 2026, 5, DOCKET_NUMBER_MAX), 501);
}

static void no_mark_goes_beyond_its_extent(void **state)
{
    (void)state;
    say(1, 2026, 100, true);
    floors.skip_given = true;
    floors.skip = DOCKET_NUMBER_MAX / 2;
    dk_floors_ready(&floors);
    assert_int_equal(mark_of(1, 2026, 5, 120), 121);
    assert_int_equal(mark_of(1, 2026, 121, 120), 121); /* used up */
    assert_int_equal(mark_of(2, 2026, 5, 120), 121);
}

static void what_was_spare_stays_so_only_if_nothing_was_given(void **state)
{
    (void)state;
    struct dk_counter_image image = {.series_id = 1, .period = 2026, .extent_first = 1, .extent_last = 1000, .mark = 50, .next = 50};
    struct dk_move move;
    floors.skip_given = true;
    assert_true(dk_floors_judge(&floors, &image, &move));
    assert_false(move.spares);
    floors.skip = 1;
    assert_true(dk_floors_judge(&floors, &image, &move));
    assert_true(move.spares);
    floors.skip = 0;
    say(1, 2026, 3, true); /* below the mark: spares may have been given all the same */
    dk_floors_ready(&floors);
    assert_true(dk_floors_judge(&floors, &image, &move));
    assert_true(move.spares);
    assert_int_equal(move.advance, 0);
}

static void series_that_the_store_has_never_heard_of_are_kept_once_with_the_highest(void **state)
{
    (void)state;
    struct dk_floor_new made = {.tenant = "acme", .name = "NEW", .period = 2026, .number = 7};
    dk_floors_add_new(&floors, &made);
    made.number = 5;
    dk_floors_add_new(&floors, &made);
    made.number = 9;
    dk_floors_add_new(&floors, &made);
    made.period = 2025;
    dk_floors_add_new(&floors, &made);
    assert_int_equal(floors.new_count, 2);
    assert_int_equal(floors.news[0].number, 9);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_counter_goes_on_above_the_highest_floor_and_never_below_its_mark),
        CASE(a_counter_without_a_floor_is_vouched_for_by_nobody),
        CASE(a_floor_beyond_the_extent_counts_whole),
        CASE(of_two_floors_one_that_covers_is_enough),
        CASE(no_mark_goes_beyond_its_extent),
        CASE(what_was_spare_stays_so_only_if_nothing_was_given),
        CASE(series_that_the_store_has_never_heard_of_are_kept_once_with_the_highest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
