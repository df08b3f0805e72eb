/* SPDX-License-Identifier: MIT */
/* links: */
/*
 * Cursors, claim words, strict words: what is packed is unpacked, a flipped bit
 * of a cursor is always seen, and the verdict about any two words stays within
 * the block. A line's true history is judged as it was.
 */
#include "fuzz.h"

#include "table/judge.h"
#include "table/slot.h"

static void look_at_cursor(uint64_t word, uint64_t salt, uint32_t line)
{
    struct dk_cursor cursor;
    for (uint32_t bit = 0; bit <= 64; bit++) {
        uint64_t seen = bit < 64 ? word ^ 1ull << bit : word;
        if (dk_cursor_unpack(seen, salt, line, &cursor))
            MUST(dk_cursor_pack(cursor.lease, cursor.offset, cursor.stop, salt, line) == seen);
    }
    MUST(!dk_cursor_unpack(0, salt, line, &cursor));
}

static void pack_cursor(uint16_t lease, uint32_t offset, bool stop, uint64_t salt, uint32_t line)
{
    struct dk_cursor cursor = {0};
    uint64_t word = dk_cursor_pack(lease, offset, stop, salt, line);
    MUST(dk_cursor_unpack(word, salt, line, &cursor));
    MUST(cursor.lease == lease && cursor.offset == offset && cursor.stop == stop);
    for (uint32_t bit = 0; bit < 64; bit++)
        MUST(!dk_cursor_unpack(word ^ 1ull << bit, salt, line, &cursor));
}

static void look_at_claim(uint64_t word)
{
    struct dk_claim claim = dk_claim_unpack(word);
    uint64_t again = claim.state == DK_OWNED ? dk_claim_pack_owned(claim.seat, claim.line, claim.lease, claim.seq)
                                             : dk_claim_pack(claim.state, claim.seq);
    MUST(again == word && claim.seat < 4096 && claim.line < 65536);
}

static void look_at_strict(uint64_t word, uint64_t base, uint64_t limit_value, uint32_t count)
{
    struct dk_strict now = dk_strict_unpack(word);
    MUST(dk_strict_pack(now.epoch, now.next, now.room) == word);
    if (limit_value > base + DK_NEXT_MAX) /* what docketd keeps to, or next would run into the epoch */
        limit_value = base + DK_NEXT_MAX;
    dk_word shared, limit, current;
    dk_store_relaxed(&shared, word);
    dk_store_relaxed(&limit, limit_value);
    dk_store_relaxed(&current, now.epoch);
    uint64_t first = 0;
    uint32_t left = 0;
    struct dk_strict_bank bank = {
        .word = &shared, .epoch = now.epoch, .current = &current, .base = base, .limit = &limit};
    enum dk_take took = dk_strict_take(&bank, count, &first, &left);
    struct dk_strict after = dk_strict_unpack(dk_load_relaxed(&shared));
    if (took != DK_TAKE_DONE) {
        MUST(dk_load_relaxed(&shared) == word);
        return;
    }
    MUST(first == base + now.next && first + count <= limit_value && left == now.room - count);
    MUST(after.epoch == now.epoch && after.room == left);
    MUST(after.next + after.room == now.next + now.room);
}

static void look_at_verdict(const struct dk_claim *claim, uint32_t size, uint64_t word, uint64_t salt)
{
    struct dk_cursor cursor;
    uint32_t offset = 77;
    enum dk_verdict verdict = dk_judge(claim, size, word, salt, &offset);
    bool whole = dk_cursor_unpack(word, salt, claim->line, &cursor);
    MUST(whole || verdict == DK_DAMAGED_CURSOR);
    MUST(offset <= size && (verdict != DK_USED_UP || offset == size));
    if (verdict == DK_GIVEN_BACK)
        MUST(cursor.stop && cursor.lease == claim->lease && cursor.offset == offset && offset < size);
    if (verdict == DK_OPEN_LEASE && offset > 0)
        MUST(!cursor.stop && cursor.lease == claim->lease && cursor.offset == offset);
    if (verdict == DK_DAMAGED_CURSOR && whole)
        MUST(cursor.lease == claim->lease && cursor.offset > size);
}

/* A line takes lease after lease; the one under judgement began at some point. */
static void live(struct draw *draw, uint64_t salt)
{
    uint32_t line = (uint32_t)draw_number(draw, 2), size = 1 + (uint32_t)draw_number(draw, 2) % 10000;
    uint16_t lease = (uint16_t)draw_number(draw, 2);
    uint64_t word = dk_cursor_none(salt, line);
    if (lease != 0) /* the lease before: somewhere in it */
        word = dk_cursor_pack((uint16_t)(lease - 1), (uint32_t)draw_number(draw, 2), draw_number(draw, 1) & 1, salt, line);
    struct dk_claim claim = {.state = DK_OWNED, .line = line, .lease = lease};
    uint32_t offset = 0, told = 77;
    if (lease != 0)
        MUST(dk_judge(&claim, size, word, salt, &told) == DK_OPEN_LEASE && told == 0);
    while (draw->left > 0 && offset < size) {
        uint32_t step = 1 + (uint32_t)draw_number(draw, 2) % size;
        bool stop = (draw_number(draw, 1) & 7) == 7;
        offset = offset + step > size ? size : offset + step;
        word = dk_cursor_pack(lease, offset, stop, salt, line);
        enum dk_verdict verdict = dk_judge(&claim, size, word, salt, &told);
        MUST(told == offset);
        MUST(verdict == (offset == size ? DK_USED_UP : stop ? DK_GIVEN_BACK : DK_OPEN_LEASE));
    }
    word = dk_cursor_pack((uint16_t)(lease + 1 + draw_number(draw, 2) % 32766), 0, false, salt, line);
    MUST(dk_judge(&claim, size, word, salt, &told) == DK_USED_UP && told == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    uint64_t salt = draw_number(&draw, 8), word = draw_number(&draw, 8), other = draw_number(&draw, 8);
    uint32_t line = (uint32_t)draw_number(&draw, 2);
    look_at_cursor(word, salt, line);
    look_at_claim(other);
    pack_cursor((uint16_t)other, (uint32_t)(other >> 16) & DK_CURSOR_OFFSET_MAX, other >> 63, salt, line);
    look_at_strict(other, draw_number(&draw, 6), draw_number(&draw, 7), 1 + (uint32_t)draw_number(&draw, 2));
    struct dk_claim claim = dk_claim_unpack(other);
    uint32_t block = (uint32_t)draw_number(&draw, 2);
    look_at_verdict(&claim, block, word, salt);
    look_at_verdict(&claim, block,
                    dk_cursor_pack((uint16_t)(claim.lease + draw_number(&draw, 1) - 2),
                                   (uint32_t)draw_number(&draw, 2), word & 1, salt, claim.line),
                    salt);
    live(&draw, salt);
    return 0;
}
