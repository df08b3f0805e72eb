/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/slot.c */
/* libs: pthread */
/* The one word of a strict counter: each operation at its bounds, and all of them at once. */
#include "table/slot.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EPOCH = 5, BASE = 1000 };

static dk_word word;
static dk_word limit;
static dk_word current; /* the board's epoch; 0: whatever is asked for */

static void set_word(uint32_t epoch, uint64_t next, uint32_t room, uint64_t board_limit)
{
    dk_store_relaxed(&word, dk_strict_pack(epoch, next, room));
    dk_store_relaxed(&limit, board_limit);
}

static void assert_word(uint32_t epoch, uint64_t next, uint32_t room)
{
    struct dk_strict now = dk_strict_unpack(dk_load_relaxed(&word));
    assert_int_equal(now.epoch, epoch);
    assert_int_equal(now.next, next);
    assert_int_equal(now.room, room);
}

static enum dk_take take(uint64_t epoch, uint32_t count, uint64_t *first, uint32_t *left)
{
    dk_word asked = 0;
    dk_store_relaxed(&asked, epoch);
    return dk_strict_take(&word, epoch, dk_load_relaxed(&current) != 0 ? &current : &asked, BASE, &limit, count, first,
                          left);
}

/* ---- the word ---- */

static void a_packed_word_comes_back_whole(void **state)
{
    static const uint64_t nexts[] = {0, 1, 1ull << 39, DK_NEXT_MAX};
    static const uint32_t rooms[] = {0, 1, DK_ROOM_MAX};
    (void)state;
    for (uint32_t epoch = 0; epoch < DK_STRICT_EPOCHS; epoch++)
        for (int n = 0; n < 4; n++)
            for (int r = 0; r < 3; r++) {
                dk_store_relaxed(&word, dk_strict_pack(epoch, nexts[n], rooms[r]));
                assert_word(epoch, nexts[n], rooms[r]);
            }
}

static void an_epoch_is_told_by_its_count_of_64(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    set_word(64 + EPOCH, 0, 10, UINT64_MAX);
    assert_word(EPOCH, 0, 10);
    assert_int_equal(take(dk_epoch_make(77, EPOCH), 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(take(dk_epoch_make(77, 64 + EPOCH), 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(take(dk_epoch_make(77, EPOCH + 1), 1, &first, &left), DK_TAKE_OTHER);
}

/* ---- take ---- */

static void a_take_moves_next_and_room_by_its_count(void **state)
{
    uint64_t first = 0;
    uint32_t left = 0;
    (void)state;
    set_word(EPOCH, 7, 100, UINT64_MAX);
    assert_int_equal(take(EPOCH, 30, &first, &left), DK_TAKE_DONE);
    assert_int_equal(first, BASE + 7);
    assert_int_equal(left, 70);
    assert_word(EPOCH, 37, 70);
}

static void all_the_room_can_be_taken_and_not_one_more(void **state)
{
    uint64_t first = 99;
    uint32_t left = 99;
    (void)state;
    set_word(EPOCH, 0, 3, UINT64_MAX);
    assert_int_equal(take(EPOCH, 4, &first, &left), DK_TAKE_EMPTY);
    assert_int_equal(left, 3);
    assert_int_equal(first, 99);
    assert_word(EPOCH, 0, 3);
    assert_int_equal(take(EPOCH, 3, &first, &left), DK_TAKE_DONE);
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_EMPTY);
    assert_int_equal(left, 0);
    assert_word(EPOCH, 3, 0);
}

static void a_word_of_another_period_gives_nothing(void **state)
{
    uint64_t first = 99;
    uint32_t left = 99;
    (void)state;
    for (uint32_t epoch = 0; epoch < DK_STRICT_EPOCHS; epoch++) {
        set_word(epoch, 0, 10, UINT64_MAX);
        assert_int_equal(take(EPOCH, 1, &first, &left), epoch == EPOCH ? DK_TAKE_DONE : DK_TAKE_OTHER);
        assert_word(epoch, epoch == EPOCH, epoch == EPOCH ? 9 : 10);
    }
}

static void no_number_at_or_above_the_boards_limit_is_given(void **state)
{
    uint64_t first = 99;
    uint32_t left = 99;
    (void)state;
    set_word(EPOCH, 0, 10, BASE + 5); /* a scribbled room */
    assert_int_equal(take(EPOCH, 6, &first, &left), DK_TAKE_OVER_LIMIT);
    assert_word(EPOCH, 0, 10);
    assert_int_equal(take(EPOCH, 5, &first, &left), DK_TAKE_DONE);
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_OVER_LIMIT);
    set_word(EPOCH, 3, 10, 0); /* quarantined */
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_OVER_LIMIT);
    assert_word(EPOCH, 3, 10);
}

static void next_counts_to_40_bits(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    set_word(EPOCH, DK_NEXT_MAX - 2, 10, BASE + DK_NEXT_MAX);
    assert_int_equal(take(EPOCH, 2, &first, &left), DK_TAKE_DONE);
    assert_int_equal(first, BASE + DK_NEXT_MAX - 2);
    assert_word(EPOCH, DK_NEXT_MAX, 8);
    /* The board's limit, not the word, keeps next from running over. */
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_OVER_LIMIT);
    assert_word(EPOCH, DK_NEXT_MAX, 8);
}

/* ---- raise, close, open ---- */

static void a_raise_adds_room_and_nothing_else(void **state)
{
    (void)state;
    set_word(EPOCH, 7, 3, 0);
    dk_strict_raise(&word, 97);
    assert_word(EPOCH, 7, 100);
    dk_strict_raise(&word, DK_ROOM_MAX - 100);
    assert_word(EPOCH, 7, DK_ROOM_MAX);
}

static void a_raise_beyond_the_largest_room_does_not_run_into_next(void **state)
{
    (void)state;
    set_word(EPOCH, 7, DK_ROOM_MAX, 0);
    dk_strict_raise(&word, 1);
    assert_word(EPOCH, 7, DK_ROOM_MAX);
    set_word(EPOCH, 7, 1, 0);
    dk_strict_raise(&word, 1u << 20);
    assert_word(EPOCH, 7, DK_ROOM_MAX);
}

static void a_closed_word_keeps_its_position_and_gives_nothing(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    set_word(EPOCH, 12, 30, UINT64_MAX);
    assert_int_equal(dk_strict_close(&word), 12);
    assert_word(EPOCH, 12, 0);
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_EMPTY);
    assert_int_equal(dk_strict_close(&word), 12);
}

static void an_opened_word_refuses_the_callers_of_its_last_period(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    set_word(EPOCH, 12, 0, UINT64_MAX);
    dk_strict_open(&word, EPOCH + 1, 3);
    assert_word(EPOCH + 1, 3, 0);
    dk_strict_raise(&word, 10);
    assert_int_equal(take(EPOCH, 1, &first, &left), DK_TAKE_OTHER);
    assert_int_equal(take(EPOCH + 1, 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(first, BASE + 3);
    dk_strict_open(&word, 64 + EPOCH, 0);
    assert_word(EPOCH, 0, 0);
}

/* ---- untake ---- */

static void the_last_numbers_taken_can_be_undone(void **state)
{
    (void)state;
    set_word(EPOCH, 50, 10, 0);
    assert_true(dk_strict_untake(&word, EPOCH, BASE, BASE + 30, 20));
    assert_word(EPOCH, 30, 30);
    assert_true(dk_strict_untake(&word, EPOCH, BASE, BASE, 30));
    assert_word(EPOCH, 0, 60);
}

struct undo {
    const char *why;
    uint64_t epoch, first;
    uint32_t count;
};

static void numbers_that_are_not_the_last_stay_taken(void **state)
{
    static const struct undo undos[] = {
        {"somebody took after them", EPOCH, BASE + 30, 19}, {"they were not taken yet", EPOCH, BASE + 30, 21},
        {"they lie far below", EPOCH, BASE, 10},            {"they lie far above", EPOCH, BASE + 50, 1},
        {"another period", EPOCH + 1, BASE + 30, 20},       {"they begin below the base", EPOCH, BASE - 5, 55},
        {"they begin far below the base", EPOCH, 1, BASE + 49},
    };
    (void)state;
    for (size_t i = 0; i < sizeof undos / sizeof undos[0]; i++) {
        set_word(EPOCH, 50, 10, 0);
        if (dk_strict_untake(&word, undos[i].epoch, BASE, undos[i].first, undos[i].count))
            fail_msg("undone, although %s; next is now %llu", undos[i].why,
                     (unsigned long long)dk_strict_unpack(dk_load_relaxed(&word)).next);
        assert_word(EPOCH, 50, 10);
    }
}

static void an_undo_beyond_the_largest_room_is_refused(void **state)
{
    (void)state;
    set_word(EPOCH, 50, DK_ROOM_MAX - 19, 0);
    assert_false(dk_strict_untake(&word, EPOCH, BASE, BASE + 30, 20));
    assert_word(EPOCH, 50, DK_ROOM_MAX - 19);
    assert_true(dk_strict_untake(&word, EPOCH, BASE, BASE + 31, 19));
    assert_word(EPOCH, 31, DK_ROOM_MAX);
}

/* ---- all at once ---- */

enum { TAKERS = 4, NUMBERS = 200000, STEP = 1000 };

static uint8_t given[NUMBERS];
static dk_word taken;
static dk_word above; /* numbers that were given at or above the limit */

static void *take_all(void *context)
{
    uint32_t seed = (uint32_t)(uintptr_t)context;
    while (dk_load_relaxed(&taken) < NUMBERS) {
        uint64_t first;
        uint32_t left, count = 1 + (seed = seed * 1664525 + 1013904223) % 7;
        if (take(EPOCH, count, &first, &left) != DK_TAKE_DONE && (count = 1, take(EPOCH, 1, &first, &left)) != DK_TAKE_DONE)
            continue;
        if (first - BASE + count > NUMBERS || first + count > dk_load_acquire(&limit)) {
            dk_add_relaxed(&above, count);
            break;
        }
        for (uint32_t i = 0; i < count; i++) /* one byte a number: a second giving shows as 2 */
            __atomic_fetch_add(&given[first - BASE + i], 1, __ATOMIC_RELAXED);
        dk_add_relaxed(&taken, count);
    }
    return NULL;
}

static void *raise_all(void *context)
{
    (void)context;
    for (uint64_t raised = 0; raised < NUMBERS;) {
        if (dk_strict_unpack(dk_load_acquire(&word)).room > STEP / 2)
            continue;
        raised += STEP;
        dk_store_release(&limit, BASE + raised); /* before the word, as docketd does */
        dk_strict_raise(&word, STEP);
    }
    return NULL;
}

static void threads_take_each_number_once_while_the_limit_is_raised(void **state)
{
    pthread_t takers[TAKERS], raiser;
    (void)state;
    memset(given, 0, sizeof given);
    set_word(EPOCH, 0, 0, BASE);
    for (uintptr_t i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_create(&takers[i], NULL, take_all, (void *)(i + 1)), 0);
    assert_int_equal(pthread_create(&raiser, NULL, raise_all, NULL), 0);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(takers[i], NULL);
    pthread_join(raiser, NULL);
    assert_int_equal(dk_load_relaxed(&above), 0);
    for (int i = 0; i < NUMBERS; i++)
        if (given[i] != 1)
            fail_msg("number %d was given %d times", BASE + i, given[i]);
    assert_word(EPOCH, NUMBERS, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_word_comes_back_whole),
        cmocka_unit_test(an_epoch_is_told_by_its_count_of_64),
        cmocka_unit_test(a_take_moves_next_and_room_by_its_count),
        cmocka_unit_test(all_the_room_can_be_taken_and_not_one_more),
        cmocka_unit_test(a_word_of_another_period_gives_nothing),
        cmocka_unit_test(no_number_at_or_above_the_boards_limit_is_given),
        cmocka_unit_test(next_counts_to_40_bits),
        cmocka_unit_test(a_raise_adds_room_and_nothing_else),
        cmocka_unit_test(a_raise_beyond_the_largest_room_does_not_run_into_next),
        cmocka_unit_test(a_closed_word_keeps_its_position_and_gives_nothing),
        cmocka_unit_test(an_opened_word_refuses_the_callers_of_its_last_period),
        cmocka_unit_test(the_last_numbers_taken_can_be_undone),
        cmocka_unit_test(numbers_that_are_not_the_last_stay_taken),
        cmocka_unit_test(an_undo_beyond_the_largest_room_is_refused),
        cmocka_unit_test(threads_take_each_number_once_while_the_limit_is_raised),
    };
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
