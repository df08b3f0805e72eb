/* SPDX-License-Identifier: MIT */
/* links: ../tools/legacy/sorter.c */
/* Records in order, in memory and in parts. */
#include "../../tools/legacy/sorter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int compare(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    for (int i = 0; i < 3; i++)
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    return 0;
}

/* A few shapes of input: random, of few values, ascending, descending, all alike. */
static void fill(struct sorted *records, size_t count, unsigned shape)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t r = (uint64_t)rand() << 31 ^ (uint64_t)rand();
        const struct sorted shapes[5] = {{{r, r >> 7, i}}, {{r % 3, r % 5, r % 7}}, {{i, i, i}}, {{count - i, 0, i}}, {{1, 2, 3}}};
        records[i] = shapes[shape];
    }
}

static void check(size_t count, size_t room, unsigned shape)
{
    struct sorted *records = malloc((count + 1) * sizeof *records), one;
    struct sorter *sorter = sorter_open(room);
    assert_true(records != NULL && sorter != NULL);
    fill(records, count, shape);
    for (size_t i = 0; i < count; i++)
        assert_true(sorter_add(sorter, &records[i]));
    qsort(records, count, sizeof *records, compare);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sorter_next(sorter, &one), 1);
        assert_memory_equal(&one, &records[i], sizeof one);
    }
    assert_int_equal(sorter_next(sorter, &one), 0);
    assert_int_equal(sorter_next(sorter, &one), 0);
    sorter_close(sorter);
    free(records);
}

static void records_come_in_order_whatever_their_number_and_the_room(void **state)
{
    (void)state;
    srand(7);
    static const size_t counts[] = {0, 1, 2, 23, 24, 25, 100, 4096, 5000, 30011};
    static const size_t rooms[] = {16, 1000, 5000, 100000};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++)
            for (unsigned shape = 0; shape < 5; shape++)
                if (counts[c] / rooms[r] < 400)
                    check(counts[c], rooms[r], shape);
    check(250011, 100000, 0); /* parts that are read in more than one piece */
}

static void a_folder_that_is_not_there_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct sorted record = {{1, 2, 3}};
    assert_int_equal(setenv("TMPDIR", "/no/such/folder", 1), 0);
    struct sorter *sorter = sorter_open(1);
    assert_true(sorter_add(sorter, &record));
    assert_false(sorter_add(sorter, &record));
    assert_non_null(strstr(sorter_error(sorter), "/no/such/folder"));
    sorter_close(sorter);
    unsetenv("TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_in_order_whatever_their_number_and_the_room),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests_name("sorter", tests, NULL, NULL);
}
