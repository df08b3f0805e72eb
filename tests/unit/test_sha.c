/* SPDX-License-Identifier: MIT */
/* links: store/sha.c */
/* libs: md */
/* SHA-256, by the processor and by libmd. */
#include "store/sha.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void text_of(const uint8_t digest[32], char text[65])
{
    for (int at = 0; at < 32; at++)
        snprintf(text + 2 * at, 3, "%02x", (unsigned)digest[at]);
}

static void assert_hash(const char *bytes, size_t count, const char *wanted)
{
    struct dk_sha sha;
    uint8_t digest[32];
    char text[65];
    dk_sha_begin(&sha);
    dk_sha_add(&sha, (const uint8_t *)bytes, count);
    dk_sha_end(digest, &sha);
    text_of(digest, text);
    assert_string_equal(text, wanted);
}

static void the_examples_of_the_standard_come_out(void **state)
{
    (void)state;
    static char million[1000000];
    memset(million, 'a', sizeof million);
    assert_hash("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_hash(million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static uint32_t dice = 1;

static uint8_t roll(void)
{
    dice = dice * 1664525u + 1013904223u;
    return (uint8_t)(dice >> 24);
}

static void processor_and_libmd_agree_on_every_block(void **state)
{
    (void)state;
    uint32_t plain[8], quick[8];
    uint8_t block[64];
    for (unsigned turn = 0; turn < 20000; turn++) {
        for (unsigned at = 0; at < 8; at++)
            plain[at] = quick[at] = (uint32_t)roll() << 24 | (uint32_t)roll() << 16 | (uint32_t)roll() << 8 | roll();
        for (unsigned at = 0; at < 64; at++)
            block[at] = roll();
        if (!dk_sha_block_quick(quick, block))
            skip(); /* this processor has no instructions for it */
        dk_sha_block_plain(plain, block);
        assert_memory_equal(plain, quick, sizeof plain);
    }
}

static void pieces_of_any_length_make_the_same_hash(void **state)
{
    (void)state;
    uint8_t bytes[300], whole[32], pieces[32];
    for (size_t at = 0; at < sizeof bytes; at++)
        bytes[at] = roll();
    for (size_t count = 0; count < sizeof bytes; count++) {
        struct dk_sha sha;
        dk_sha_begin(&sha);
        dk_sha_add(&sha, bytes, count);
        dk_sha_end(whole, &sha);
        dk_sha_begin(&sha);
        for (size_t at = 0; at < count;) {
            size_t piece = 1 + roll() % 97u;
            piece = piece < count - at ? piece : count - at;
            dk_sha_add(&sha, bytes + at, piece);
            at += piece;
        }
        dk_sha_end(pieces, &sha);
        assert_memory_equal(whole, pieces, sizeof whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(processor_and_libmd_agree_on_every_block),
        cmocka_unit_test(pieces_of_any_length_make_the_same_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
