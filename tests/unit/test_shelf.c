/* SPDX-License-Identifier: MIT */
/* links: base/status.c store/record.c store/shelf.c */
/* The shelf: entries in order, found, walked and taken, against a table of all keys there can be. */
#include "store/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KINDS = 3, KEYS = 2000 };

static struct dk_shelf shelf;
static bool there[KINDS][KEYS];
static uint32_t says[KINDS][KEYS];

/* Keys of one to three bytes: some begin others. */
static struct dk_slice key_of(unsigned which, uint8_t bytes[3])
{
    bytes[0] = (uint8_t)(1 + which / 400);
    bytes[1] = (uint8_t)(1 + which / 20 % 20);
    bytes[2] = (uint8_t)(1 + which % 20);
    return (struct dk_slice){bytes, which % 400 == 0 ? 1 : which % 20 == 0 ? 2 : 3};
}

static void put(unsigned kind, unsigned which, uint32_t says_now)
{
    uint8_t bytes[3];
    struct dk_shelf_entry *made = dk_shelf_make(kind, key_of(which, bytes)), *old;
    made->offset = says_now;
    assert_int_equal(dk_shelf_put(&shelf, made, &old), DOCKET_OK);
    assert_int_equal(old != NULL, there[kind][which]);
    assert_true(!old || old->offset == says[kind][which]);
    free(old);
    there[kind][which] = true;
    says[kind][which] = says_now;
}

static void take(unsigned kind, unsigned which)
{
    uint8_t bytes[3];
    struct dk_shelf_entry *taken = dk_shelf_take(&shelf, kind, key_of(which, bytes));
    assert_int_equal(taken != NULL, there[kind][which]);
    free(taken);
    there[kind][which] = false;
}

/* From this key on all that are there, in order, and no other. */
static void walk_from(unsigned kind, unsigned which)
{
    uint8_t bytes[3];
    struct dk_shelf_place place = dk_shelf_seek(&shelf, kind, key_of(which, bytes));
    for (; kind < KINDS; kind++, which = 0)
        for (; which < KEYS; which++) {
            if (!there[kind][which])
                continue;
            const struct dk_shelf_entry *entry = dk_shelf_next(&shelf, &place);
            struct dk_slice key = key_of(which, bytes);
            assert_non_null(entry);
            assert_int_equal(entry->kind, kind);
            assert_int_equal(entry->key_bytes, key.size);
            assert_memory_equal(entry->key, key.bytes, key.size);
            assert_int_equal(entry->offset, says[kind][which]);
        }
    assert_null(dk_shelf_next(&shelf, &place));
}

static int clear(void **state)
{
    (void)state;
    dk_shelf_clear(&shelf);
    memset(there, 0, sizeof there);
    return 0;
}

static void an_empty_shelf_has_nothing(void **state)
{
    (void)state;
    uint8_t bytes[3];
    assert_null(dk_shelf_find(&shelf, 1, key_of(7, bytes)));
    assert_null(dk_shelf_take(&shelf, 1, key_of(7, bytes)));
    walk_from(0, 0);
}

static void keys_that_rise_fill_their_blocks(void **state)
{
    (void)state;
    for (unsigned which = 0; which < KEYS; which++)
        put(1, which, which);
    assert_int_equal(shelf.count, (KEYS + DK_SHELF_BLOCK - 1) / DK_SHELF_BLOCK);
    walk_from(0, 0);
    for (unsigned which = KEYS; which-- > 0;)
        take(1, which);
    assert_int_equal(shelf.count, 0);
    assert_int_equal(shelf.entries, 0);
}

static void whatever_is_put_and_taken_the_rest_stays_in_order(void **state)
{
    (void)state;
    uint64_t dice = 3;
    for (unsigned round = 0; round < 60000; round++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        unsigned kind = (unsigned)(dice >> 40) % KINDS, which = (unsigned)(dice >> 20) % KEYS;
        /* For a time more come than go, then more go. */
        if ((dice >> 50) % 4 < (round / 15000 % 2 ? 1u : 3u))
            put(kind, which, round);
        else
            take(kind, which);
        if (round % 997 == 0)
            walk_from(kind, which);
    }
    size_t count = 0;
    for (unsigned at = 0; at < KINDS * KEYS; at++)
        count += there[at / KEYS][at % KEYS];
    assert_int_equal(shelf.entries, count);
    walk_from(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_shelf_has_nothing, clear),
        cmocka_unit_test_teardown(keys_that_rise_fill_their_blocks, clear),
        cmocka_unit_test_teardown(whatever_is_put_and_taken_the_rest_stays_in_order, clear),
    };
    return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
