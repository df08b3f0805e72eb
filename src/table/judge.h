/* SPDX-License-Identifier: MIT */
/*
 * judge: what a claimed place and its owner's cursor say together. Both are
 * words that another process wrote; the verdict is about copies.
 *
 *   cursor lease after the claim's           used up: the line has gone on
 *   same lease, offset == size               used up
 *   same lease, STOP                         given back from offset
 *   same lease                               open: offset handed out
 *   cursor lease before the claim's          open: nothing taken
 *   check fails, or offset > size            damaged
 *
 * "Used up" is stable: the cursor only goes on from there. "Given back" is
 * stable until docketd clears the place, since the line waits for that.
 */
#ifndef DK_TABLE_JUDGE_H
#define DK_TABLE_JUDGE_H

#include "table/cursor.h"
#include "table/place.h"

enum dk_verdict { DK_USED_UP, DK_GIVEN_BACK, DK_OPEN_LEASE, DK_DAMAGED_CURSOR };

static inline enum dk_verdict dk_judge(const struct dk_claim *claim, uint32_t size, uint64_t cursor_word,
                                       uint64_t salt, uint32_t *offset)
{
    struct dk_cursor cursor;
    *offset = 0;
    if (!dk_cursor_unpack(cursor_word, salt, claim->line, &cursor))
        return DK_DAMAGED_CURSOR;
    int order = dk_lease_compare(cursor.lease, claim->lease);
    if (order < 0)
        return DK_OPEN_LEASE;
    *offset = size;
    if (order > 0)
        return DK_USED_UP;
    if (cursor.offset > size)
        return DK_DAMAGED_CURSOR;
    *offset = cursor.offset;
    if (cursor.offset == size)
        return DK_USED_UP;
    return cursor.stop ? DK_GIVEN_BACK : DK_OPEN_LEASE;
}

#endif
