/* SPDX-License-Identifier: MIT */
/* links: base/status.c store/index.c */
/* The index of the journal, beside a model that knows all there is. */
#include "store/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SERIES = 3000, PERIODS = 4, TURNS = 200000 };

static struct known {
    bool there;
    uint32_t part, offset;
} model[SERIES + 1][PERIODS];
static struct dk_index index_;
static uint32_t dice = 1;

static uint32_t roll(uint32_t below)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % below;
}

static void put(uint64_t id, int32_t period, uint32_t part, uint32_t offset)
{
    assert_int_equal(dk_index_put(&index_, id, period, offset), DOCKET_OK);
    model[id][period] = (struct known){true, part, offset};
}

static size_t count_of(uint64_t id)
{
    size_t count = 0;
    for (int32_t period = 0; period < PERIODS; period++)
        count += model[id][period].there;
    return count;
}

static void assert_agrees(void)
{
    static struct dk_spot spots[SERIES * PERIODS];
    uint64_t next, id = 0;
    size_t all = 0;
    for (uint64_t from = 0; all == 0 || from != 0; from = next) {
        size_t count = dk_index_gather(&index_, from, spots, 100, &next);
        for (size_t at = 0; at < count; at++) {
            const struct dk_spot *spot = &spots[at];
            const struct known *known = &model[spot->series_id][spot->period];
            assert_true(spot->series_id >= id); /* in order */
            assert_true(at == 0 || spot->series_id > spots[at - 1].series_id || spot->period > spots[at - 1].period);
            assert_true(known->there && known->part == spot->part && known->offset == spot->offset);
            id = spot->series_id;
        }
        all += count;
        if (count == 0)
            break;
    }
    assert_int_equal(all, index_.used);
    for (uint64_t series = 1; series <= SERIES; series++)
        assert_int_equal(dk_index_of_series(&index_, series, spots, PERIODS), count_of(series));
}

static void it_says_of_each_counter_where_it_was_put_last(void **state)
{
    (void)state;
    uint32_t part = 0;
    assert_int_equal(dk_index_add_part(&index_, 1, part), DOCKET_OK);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        uint64_t id = 1 + (roll(10) ? roll(SERIES) : roll(8));
        int32_t period = roll(8) ? 0 : (int32_t)roll(PERIODS);
        struct dk_spot spot;
        if (roll(100) == 0) {
            part++;
            assert_int_equal(dk_index_add_part(&index_, part, part), DOCKET_OK);
        }
        bool found = dk_index_find(&index_, id, period, &spot);
        assert_int_equal(found, model[id][period].there);
        if (found && roll(2)) {
            spot.offset++;
            dk_index_drop(&index_, &spot); /* of another image: nothing happens */
            spot.offset--;
            dk_index_drop(&index_, &spot);
            model[id][period].there = false;
        } else {
            put(id, period, part, turn);
        }
        while (dk_index_part_at(&index_, 1) && dk_index_part_at(&index_, 0)->live == 0)
            dk_index_drop_part(&index_);
        if (turn % 20000 == 0)
            assert_agrees();
    }
    dk_index_empty(&index_);
    memset(model, 0, sizeof model);
    assert_int_equal(index_.images, 0);
    assert_agrees();
    assert_int_equal(dk_index_add_part(&index_, 9, 9), DOCKET_OK);
    put(7, 0, 9, 3);
    assert_agrees();
    dk_index_free(&index_);
}

static void a_part_counts_the_images_that_are_still_the_newest(void **state)
{
    (void)state;
    memset(model, 0, sizeof model);
    assert_int_equal(dk_index_add_part(&index_, 1, 0), DOCKET_OK);
    put(1, 0, 0, 0);
    put(2, 0, 0, 1);
    assert_int_equal(dk_index_part_at(&index_, 0)->live, 2);
    assert_int_equal(dk_index_add_part(&index_, 2, 0), DOCKET_OK);
    put(1, 0, 0, 0);
    assert_int_equal(dk_index_part_at(&index_, 0)->live, 1);
    assert_int_equal(dk_index_part_at(&index_, 1)->live, 1);
    struct dk_spot spot;
    assert_true(dk_index_find(&index_, 2, 0, &spot));
    dk_index_drop(&index_, &spot);
    assert_int_equal(dk_index_part_at(&index_, 0)->live, 0);
    assert_int_equal(index_.images, 3);
    dk_index_drop_part(&index_);
    assert_int_equal(index_.images, 1);
    assert_null(dk_index_part_at(&index_, 1));
    dk_index_free(&index_);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_of_each_counter_where_it_was_put_last),
        cmocka_unit_test(a_part_counts_the_images_that_are_still_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
