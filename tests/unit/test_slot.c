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
    struct dk_strict_bank bank = {.word = &word,
                                  .epoch = epoch,
                                  .current = dk_load_relaxed(&current) != 0 ? &current : &asked,
                                  .base = BASE,
                                  .limit = &limit};
    return dk_strict_take(&bank, count, first, left);
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

static void a_lowered_word_keeps_its_position_and_what_room_it_may(void **state)
{
    uint32_t room;
    (void)state;
    set_word(EPOCH, 12, 30, UINT64_MAX);
    assert_int_equal(dk_strict_lower(&word, 16, &room), 12);
    assert_int_equal(room, 16);
    assert_word(EPOCH, 12, 16);
    assert_int_equal(dk_strict_lower(&word, 17, &room), 12); /* it only falls */
    assert_int_equal(room, 16);
    assert_word(EPOCH, 12, 16);
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

/* ---- another series comes to the bank ---- */

static void the_boards_epoch_is_compared_whole(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    set_word(EPOCH, 0, 9, BASE + 9);
    dk_store_relaxed(&current, dk_epoch_make(78, EPOCH)); /* 64 assignments later: the same 6 bits */
    assert_int_equal(take(dk_epoch_make(77, EPOCH), 1, &first, &left), DK_TAKE_OTHER);
    assert_word(EPOCH, 0, 9);
    dk_store_relaxed(&current, 0x100000000ull << 6 | EPOCH); /* 2^32 assignments later */
    assert_int_equal(take(dk_epoch_make(0, EPOCH), 1, &first, &left), DK_TAKE_OTHER);
    assert_int_equal(take(dk_epoch_make(0x100000000ull, EPOCH), 1, &first, &left), DK_TAKE_DONE);
    dk_store_relaxed(&current, 0);
}

static void the_next_assignment_begins_above_all_that_next_ever_was(void **state)
{
    uint64_t first;
    uint32_t left;
    (void)state;
    dk_store_relaxed(&word, 0);
    assert_int_equal(dk_strict_start(&word), 0); /* never used */
    set_word(EPOCH, 10, DK_ROOM_MAX, UINT64_MAX);
    assert_int_equal(take(EPOCH, DK_ROOM_MAX, &first, &left), DK_TAKE_DONE);
    assert_true(dk_strict_untake(&word, EPOCH, BASE, first, DK_ROOM_MAX)); /* next falls as far as it ever can */
    (void)dk_strict_close(&word);
    assert_true(dk_strict_start(&word) > 10 + DK_ROOM_MAX);
    set_word(EPOCH, DK_NEXT_MAX / 2, 0, UINT64_MAX);
    assert_int_equal(dk_strict_start(&word), 0); /* it wraps */
}

enum { ASSIGNMENTS = 200000, EACH = 7, APART = 1 << 20, HOLDERS = 3, STUBBORN = 60000 };

/* What the board says of the bank; docketd's thread writes it. */
static dk_word bank_epoch, bank_base;
static dk_word of_assignment[ASSIGNMENTS + 1]; /* numbers taken of it */
static dk_word astray, assigned;

/* Numbers of assignment a are a * APART + 0, 1, 2 ... A holder asks again and
 * again for what it once read off the board, as a thread that slept would. */
static void *hold_on(void *context)
{
    (void)context;
    while (dk_load_acquire(&assigned) < ASSIGNMENTS) {
        uint64_t epoch = dk_load_acquire(&bank_epoch), base = dk_load_acquire(&bank_base), first;
        if (epoch == 0 || dk_load_acquire(&bank_epoch) != epoch)
            continue;
        struct dk_strict_bank bank = {
            .word = &word, .epoch = epoch, .current = &bank_epoch, .base = base, .limit = &limit};
        for (uint32_t left, refused = 0;;) {
            enum dk_take took = dk_strict_take(&bank, 1, &first, &left);
            /* Long enough for hundreds of assignments to go by. */
            if (took == DK_TAKE_OTHER && ++refused > STUBBORN)
                break;
            if (took != DK_TAKE_DONE && dk_load_acquire(&assigned) == ASSIGNMENTS)
                break;
            if (took != DK_TAKE_DONE)
                continue;
            uint64_t assignment = first / APART;
            if (assignment != epoch >> 6 || first % APART >= EACH)
                dk_add_relaxed(&astray, 1);
            else
                dk_add_relaxed(&of_assignment[assignment], 1);
        }
    }
    return NULL;
}

/* As docketd does: close, epoch 0, another base, open, epoch, raise. */
static void *assign_all(void *context)
{
    (void)context;
    for (uint64_t a = 1; a <= ASSIGNMENTS; a++) {
        uint64_t start = dk_strict_start(&word), next = a * APART;
        dk_store_release(&bank_epoch, 0);
        dk_store_release(&bank_base, next - start);
        dk_store_release(&limit, next);
        dk_strict_open(&word, (uint32_t)(a % DK_STRICT_EPOCHS), start);
        dk_store_release(&bank_epoch, a << 6 | a % DK_STRICT_EPOCHS);
        dk_store_release(&limit, next + EACH);
        dk_strict_raise(&word, EACH);
        for (int looks = 0; looks < 40 && dk_strict_unpack(dk_load_acquire(&word)).room > 0; looks++)
            ;
        uint64_t taken_now = dk_strict_close(&word) - start;
        dk_add_relaxed(&of_assignment[a], APART - taken_now); /* settles to APART when the holders have counted theirs */
        dk_store_release(&assigned, a);
    }
    return NULL;
}

static void who_holds_on_to_a_bank_takes_nothing_of_those_who_come_after(void **state)
{
    pthread_t holders[HOLDERS], docketd;
    (void)state;
    dk_store_relaxed(&word, 0);
    for (int i = 0; i < HOLDERS; i++)
        assert_int_equal(pthread_create(&holders[i], NULL, hold_on, NULL), 0);
    assert_int_equal(pthread_create(&docketd, NULL, assign_all, NULL), 0);
    pthread_join(docketd, NULL);
    for (int i = 0; i < HOLDERS; i++)
        pthread_join(holders[i], NULL);
    assert_int_equal(dk_load_relaxed(&astray), 0);
    for (uint64_t a = 1; a <= ASSIGNMENTS; a++)
        if (dk_load_relaxed(&of_assignment[a]) != APART)
            fail_msg("assignment %u: its word says %lld numbers more than its holders took", (unsigned)a,
                     (long long)(APART - dk_load_relaxed(&of_assignment[a])));
}

/* ---- with dates ---- */

static dk_word last_date;

static enum dk_take take_dated(uint32_t date, uint32_t count, uint64_t *first, uint32_t *left)
{
    dk_word asked = 0;
    dk_store_relaxed(&asked, EPOCH);
    struct dk_strict_bank bank = {.word = &word,
                                  .last_date = &last_date,
                                  .epoch = EPOCH,
                                  .current = &asked,
                                  .base = BASE,
                                  .limit = &limit};
    return dk_strict_take_dated(&bank, date, count, first, left);
}

static void no_number_has_an_earlier_date_than_the_one_before_it(void **state)
{
    (void)state;
    uint64_t first = 0;
    uint32_t left = 0;
    set_word(EPOCH, 0, 3, BASE + 3);
    dk_last_date_open(&last_date, EPOCH, 0);
    assert_int_equal(take_dated(20261124, 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(first, BASE);
    assert_int_equal(left, 2);
    assert_int_equal(take_dated(20261123, 1, &first, &left), DK_TAKE_OUT_OF_ORDER);
    assert_word(EPOCH, 1, 2);
    assert_int_equal(take_dated(20261124, 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(take_dated(20261125, 2, &first, &left), DK_TAKE_EMPTY);
    assert_int_equal(dk_last_date_of(dk_load_relaxed(&last_date), EPOCH), 20261124); /* what is refused moves nothing */
    assert_int_equal(take_dated(20261125, 1, &first, &left), DK_TAKE_DONE);
    assert_int_equal(dk_last_date_of(dk_load_relaxed(&last_date), EPOCH), 20261125);
}

static void a_date_of_another_assignment_gives_nothing(void **state)
{
    (void)state;
    uint64_t first = 0;
    uint32_t left = 0;
    set_word(EPOCH, 0, 3, BASE + 3);
    dk_last_date_open(&last_date, (uint64_t)EPOCH + 64, 20261124);
    assert_int_equal(take_dated(20261125, 1, &first, &left), DK_TAKE_OTHER);
    assert_word(EPOCH, 0, 3);
    assert_int_equal(dk_last_date_of(dk_load_relaxed(&last_date), (uint64_t)EPOCH + 64), 20261124);
    assert_int_equal(dk_last_date_of(dk_load_relaxed(&last_date), EPOCH), 0);
}

enum { DATED = 500000, A_DAY = 20 }; /* takes until the next day begins */

static uint32_t date_of[DATED];
static dk_word today;

/* Looks at the clock, sleeps a while, and takes under what it saw. */
static void *take_on_days(void *context)
{
    uint32_t seed = (uint32_t)(uintptr_t)context;
    for (;;) {
        uint64_t first;
        uint32_t left, date = (uint32_t)dk_load_relaxed(&today);
        for (volatile uint32_t idle = (seed = seed * 1664525 + 1013904223) >> 26; idle > 0; idle--)
            ;
        enum dk_take took = take_dated(date, 1, &first, &left);
        if (took == DK_TAKE_EMPTY)
            return NULL;
        if (took != DK_TAKE_DONE)
            continue;
        date_of[first - BASE] = date;
        if (first % A_DAY == 0)
            dk_add_relaxed(&today, 1);
    }
}

static void threads_take_dates_in_the_order_of_their_numbers(void **state)
{
    pthread_t takers[TAKERS];
    (void)state;
    for (uint32_t from = 0; from < DATED; from += DATED / 2) {
        set_word(EPOCH, from, DATED / 2, BASE + DATED);
        dk_last_date_open(&last_date, EPOCH, 0);
        dk_store_relaxed(&today, 1);
        for (uintptr_t i = 0; i < TAKERS; i++)
            assert_int_equal(pthread_create(&takers[i], NULL, take_on_days, (void *)(i + 1)), 0);
        for (int i = 0; i < TAKERS; i++)
            pthread_join(takers[i], NULL);
        for (uint32_t n = from + 1; n < from + DATED / 2; n++)
            if (date_of[n] < date_of[n - 1])
                fail_msg("number %u is of day %u, and the one before it of day %u", n, date_of[n], date_of[n - 1]);
        assert_true(date_of[from + DATED / 2 - 1] > date_of[from]);
    }
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
        cmocka_unit_test(a_lowered_word_keeps_its_position_and_what_room_it_may),
        cmocka_unit_test(a_raise_adds_room_and_nothing_else),
        cmocka_unit_test(a_raise_beyond_the_largest_room_does_not_run_into_next),
        cmocka_unit_test(a_closed_word_keeps_its_position_and_gives_nothing),
        cmocka_unit_test(an_opened_word_refuses_the_callers_of_its_last_period),
        cmocka_unit_test(the_last_numbers_taken_can_be_undone),
        cmocka_unit_test(numbers_that_are_not_the_last_stay_taken),
        cmocka_unit_test(an_undo_beyond_the_largest_room_is_refused),
        cmocka_unit_test(threads_take_each_number_once_while_the_limit_is_raised),
        cmocka_unit_test(the_boards_epoch_is_compared_whole),
        cmocka_unit_test(the_next_assignment_begins_above_all_that_next_ever_was),
        cmocka_unit_test(no_number_has_an_earlier_date_than_the_one_before_it),
        cmocka_unit_test(a_date_of_another_assignment_gives_nothing),
        cmocka_unit_test(threads_take_dates_in_the_order_of_their_numbers),
        cmocka_unit_test(who_holds_on_to_a_bank_takes_nothing_of_those_who_come_after),
    };
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
