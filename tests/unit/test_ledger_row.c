/* SPDX-License-Identifier: MIT */
/* links: wire/ledger_row.c */
/* ledger_row: what is written is read again, and of bytes that were cut or changed nothing is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/ledger_row.h"

static struct dk_ledger_row a_row(unsigned seed)
{
    static const char *const texts[] = {"INV-2026-000001", "", "order-4711", "{\"a\":1}", "late", "host-1", "r", "x/y"};
    struct dk_ledger_row row = {.kind = (uint8_t)(seed % 3),
                                .state = (uint8_t)(seed % 6),
                                .cause = (uint8_t)(seed % 12),
                                .period = (int32_t)seed - 2,
                                .first = seed,
                                .last = seed + seed % 5,
                                .first_ns = -5,
                                .last_ns = (int64_t)seed << 40,
                                .expires_ns = 7,
                                .event = seed,
                                .date = 20261126,
                                .uid = seed,
                                .attempts = 3,
                                .seat = -1};
    for (unsigned i = 0; i < DK_ROW_TEXTS; i++)
        row.text[i] = texts[(seed + i) % 8];
    return row;
}

static size_t write_rows(unsigned count, char **bytes)
{
    size_t size = 0, said = 0;
    FILE *out = open_memstream(bytes, &size);
    for (unsigned seed = 1; seed <= count; seed++) {
        struct dk_ledger_row row = a_row(seed);
        said += dk_ledger_row_put(out, &row);
    }
    fclose(out);
    assert_int_equal(size, said);
    return size;
}

static void rows_that_were_written_are_read_again(void **state)
{
    char *bytes;
    struct dk_ledger_rows rows = {.left = write_rows(20, &bytes)};
    struct dk_ledger_row row;
    unsigned seed = 0;
    (void)state;
    rows.bytes = (const uint8_t *)bytes;
    while (dk_ledger_row_next(&rows, &row)) {
        struct dk_ledger_row wanted = a_row(++seed);
        assert_int_equal(row.kind, wanted.kind);
        assert_int_equal(row.state, wanted.state);
        assert_int_equal(row.cause, wanted.cause);
        assert_int_equal(row.period, wanted.period);
        assert_int_equal(row.first, wanted.first);
        assert_int_equal(row.last, wanted.last);
        assert_int_equal(row.last_ns, wanted.last_ns);
        assert_int_equal(row.event, wanted.event);
        assert_int_equal(row.uid, wanted.uid);
        assert_int_equal(row.seat, wanted.seat);
        for (int i = 0; i < DK_ROW_TEXTS; i++)
            assert_string_equal(row.text[i], wanted.text[i]);
    }
    assert_int_equal(seed, 20);
    assert_int_equal(rows.left, 0);
    free(bytes);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
    static char longest[DK_ROW_TEXT_MAX + 100];
    char *bytes;
    size_t size = 0;
    struct dk_ledger_row row = a_row(1), read;
    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    row.text[DK_ROW_METADATA] = longest;
    FILE *out = open_memstream(&bytes, &size);
    dk_ledger_row_put(out, &row);
    fclose(out);
    struct dk_ledger_rows rows = {(const uint8_t *)bytes, size};
    assert_true(dk_ledger_row_next(&rows, &read));
    assert_int_equal(strlen(read.text[DK_ROW_METADATA]), DK_ROW_TEXT_MAX);
    assert_string_equal(read.text[DK_ROW_REASON], row.text[DK_ROW_REASON]);
    free(bytes);
}

/* Each cut and each changed byte: no byte behind the end is looked at (memory of its own, for the sanitizers),
 * and texts end where they say. */
static void rows_that_were_cut_or_changed_are_no_rows(void **state)
{
    char *bytes;
    size_t size = write_rows(2, &bytes);
    (void)state;
    for (size_t left = 0; left < size; left++) {
        uint8_t *cut = malloc(left + 1);
        memcpy(cut, bytes, left);
        struct dk_ledger_rows rows = {cut, left};
        struct dk_ledger_row row;
        unsigned read = 0;
        while (dk_ledger_row_next(&rows, &row))
            read++;
        assert_true(read < 2);
        free(cut);
    }
    for (size_t at = 0; at < size; at++) {
        for (unsigned change = 1; change < 256; change += 37) {
            uint8_t *changed = malloc(size);
            memcpy(changed, bytes, size);
            changed[at] = (uint8_t)(changed[at] ^ change);
            struct dk_ledger_rows rows = {changed, size};
            struct dk_ledger_row row;
            while (dk_ledger_row_next(&rows, &row)) {
                assert_true(row.kind <= DK_ROW_END && row.first <= row.last);
                for (int i = 0; i < DK_ROW_TEXTS; i++)
                    assert_int_equal(strlen(row.text[i]), row.bytes[i]);
            }
            free(changed);
        }
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_were_written_are_read_again),
        cmocka_unit_test(a_text_that_is_too_long_is_cut),
        cmocka_unit_test(rows_that_were_cut_or_changed_are_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
