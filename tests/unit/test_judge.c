/* SPDX-License-Identifier: MIT */
/* links: base/status.c */
/* What a claimed place and its owner's cursor say together: every verdict. */
#include "table/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SALT = 0x5a17, LINE = 3, SIZE = 100 };

struct situation {
    const char *what;
    uint16_t claimed; /* lease number of the claim */
    uint16_t lease;   /* and of the cursor */
    uint32_t offset;
    bool stop;
    enum dk_verdict verdict;
    uint32_t handed_out;
};

static const struct situation situations[] = {
    {"the line has gone on", 5, 6, 0, false, DK_USED_UP, SIZE},
    {"the line has gone on by many", 5, 5 + 8192, 7, false, DK_USED_UP, SIZE},
    {"the line has gone on, and its next lease was given back", 5, 6, 9, true, DK_USED_UP, SIZE},
    {"the line has gone on to a larger block", 5, 6, SIZE + 1, false, DK_USED_UP, SIZE},
    {"the line has gone on across the wrap", 65535, 0, 1, false, DK_USED_UP, SIZE},
    {"the last number was handed out", 5, 5, SIZE, false, DK_USED_UP, SIZE},
    {"the last number was handed out, and the lease given back", 5, 5, SIZE, true, DK_USED_UP, SIZE},
    {"given back before any number", 5, 5, 0, true, DK_GIVEN_BACK, 0},
    {"given back behind some", 5, 5, 42, true, DK_GIVEN_BACK, 42},
    {"given back before the last number", 5, 5, SIZE - 1, true, DK_GIVEN_BACK, SIZE - 1},
    {"open, none handed out by this lease's own word", 5, 5, 0, false, DK_OPEN_LEASE, 0},
    {"open, some handed out", 5, 5, 42, false, DK_OPEN_LEASE, 42},
    {"open, one left", 5, 5, SIZE - 1, false, DK_OPEN_LEASE, SIZE - 1},
    {"claimed, its first word not yet published", 5, 4, SIZE, false, DK_OPEN_LEASE, 0},
    {"claimed, the last lease was given back", 5, 4, 3, true, DK_OPEN_LEASE, 0},
    {"claimed, the last lease was of a larger block", 5, 4, DK_CURSOR_OFFSET_MAX, false, DK_OPEN_LEASE, 0},
    {"claimed by a line that had no lease before", 1, 0, DK_CURSOR_OFFSET_MAX, false, DK_OPEN_LEASE, 0},
    {"claimed across the wrap", 0, 65535, SIZE, false, DK_OPEN_LEASE, 0},
    {"more handed out than the block has", 5, 5, SIZE + 1, false, DK_DAMAGED_CURSOR, SIZE},
    {"given back from behind the block's end", 5, 5, SIZE + 1, true, DK_DAMAGED_CURSOR, SIZE},
    {"the largest offset that a word has", 5, 5, DK_CURSOR_OFFSET_MAX, false, DK_DAMAGED_CURSOR, SIZE},
};

static enum dk_verdict judge(const struct situation *one, uint32_t *offset)
{
    struct dk_claim claim = {.state = DK_OWNED, .seat = 2, .line = LINE, .lease = one->claimed};
    uint64_t word = dk_cursor_pack(one->lease, one->offset, one->stop, SALT, LINE);
    return dk_judge(&claim, SIZE, word, SALT, offset);
}

static void each_situation_has_its_verdict_and_what_was_handed_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof situations / sizeof situations[0]; i++) {
        uint32_t offset = 12345;
        enum dk_verdict verdict = judge(&situations[i], &offset);
        if (verdict != situations[i].verdict)
            fail_msg("%s: verdict %d, wanted %d", situations[i].what, verdict, situations[i].verdict);
        if (verdict != DK_DAMAGED_CURSOR && offset != situations[i].handed_out)
            fail_msg("%s: %u handed out, wanted %u", situations[i].what, offset, situations[i].handed_out);
    }
}

static enum dk_verdict judge_word(uint64_t word, uint64_t salt, uint32_t line)
{
    uint32_t offset;
    struct dk_claim claim = {.state = DK_OWNED, .seat = 2, .line = line, .lease = 5};
    return dk_judge(&claim, SIZE, word, salt, &offset);
}

static void a_word_that_fails_its_check_is_damaged(void **state)
{
    uint64_t good = dk_cursor_pack(5, 42, false, SALT, LINE);
    (void)state;
    assert_int_equal(judge_word(good, SALT, LINE), DK_OPEN_LEASE);
    for (int bit = 0; bit < 64; bit++)
        assert_int_equal(judge_word(good ^ 1ull << bit, SALT, LINE), DK_DAMAGED_CURSOR);
    assert_int_equal(judge_word(0, SALT, LINE), DK_DAMAGED_CURSOR);
    assert_int_equal(judge_word(UINT64_MAX, SALT, LINE), DK_DAMAGED_CURSOR);
    assert_int_equal(judge_word(good, SALT + 1, LINE), DK_DAMAGED_CURSOR);
    assert_int_equal(judge_word(good, SALT, LINE + 1), DK_DAMAGED_CURSOR);
}

static void a_damaged_word_says_nothing_of_what_was_handed_out(void **state)
{
    uint32_t offset = 12345;
    struct dk_claim claim = {.state = DK_OWNED, .line = LINE, .lease = 5};
    (void)state;
    assert_int_equal(dk_judge(&claim, SIZE, 0, SALT, &offset), DK_DAMAGED_CURSOR);
    assert_int_equal(offset, 0);
}

static void the_largest_block_is_judged_by_its_last_number(void **state)
{
    uint32_t offset;
    struct dk_claim claim = {.state = DK_OWNED, .line = LINE, .lease = 5};
    uint64_t word = dk_cursor_pack(5, DK_CURSOR_OFFSET_MAX, false, SALT, LINE);
    (void)state;
    assert_int_equal(dk_judge(&claim, DK_CURSOR_OFFSET_MAX, word, SALT, &offset), DK_USED_UP);
    assert_int_equal(offset, DK_CURSOR_OFFSET_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_situation_has_its_verdict_and_what_was_handed_out),
        cmocka_unit_test(a_word_that_fails_its_check_is_damaged),
        cmocka_unit_test(a_damaged_word_says_nothing_of_what_was_handed_out),
        cmocka_unit_test(the_largest_block_is_judged_by_its_last_number),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
