/* SPDX-License-Identifier: MIT */
/*
 * cursor: the word with which a worker says how far its lease is used.
 *
 *   lease number k 16 | offset 30 | STOP 1 | parity 1 | check 16      (high to low)
 *
 * The check bits bind the 47 above to the seat's salt and the line; the parity
 * bit makes the whole word odd. So a zeroed word and any single flipped bit are
 * always noticed, and other scribbles and foreign words but for one in 65536
 * (half of them by parity already); an older word of the same
 * sitting is not (it is listed as such in docs/ORDERING.md). docketd writes dk_cursor_none() into each line before it sends the
 * seat.
 *
 * k counts the leases of a line and wraps: it is compared as a serial number.
 * That is safe while no place of a line stays uncleared for 32768 of its later
 * leases: client/lease.c bounds how far a line goes on without docketd, which
 * clears what a line left behind in each turn of its counter.
 */
#ifndef DK_TABLE_CURSOR_H
#define DK_TABLE_CURSOR_H

#include "table/layout.h"

#include <stdbool.h>

_Static_assert(DK_ROWS_PER_COUNTER * DK_PLACES_PER_ROW < 16384, "lease numbers must not wrap unseen");

#define DK_CURSOR_OFFSET_MAX ((1u << 30) - 1)

struct dk_cursor {
    uint16_t lease;
    uint32_t offset;
    bool stop;
};

static inline uint16_t dk_cursor_check(uint64_t body, uint64_t salt, uint32_t line)
{
    uint64_t mixed = (body ^ salt ^ ((uint64_t)line << 32 | line)) * 0x9e3779b97f4a7c15ull;
    mixed = (mixed ^ mixed >> 32) * 0xbf58476d1ce4e5b9ull;
    return (uint16_t)(mixed >> 48);
}

static inline uint64_t dk_cursor_pack(uint16_t lease, uint32_t offset, bool stop, uint64_t salt,
                                      uint32_t line)
{
    uint64_t body = (uint64_t)lease << 48 | (uint64_t)offset << 18 | (uint64_t)stop << 17;
    uint64_t word = body | dk_cursor_check(body, salt, line);
    return word | (uint64_t)(__builtin_parityll(word) ^ 1) << 16;
}

/* The word of a line that has had no lease in this sitting. */
static inline uint64_t dk_cursor_none(uint64_t salt, uint32_t line)
{
    return dk_cursor_pack(0, DK_CURSOR_OFFSET_MAX, false, salt, line);
}

/* False if the word fails its check; *cursor is then untouched. */
static inline bool dk_cursor_unpack(uint64_t word, uint64_t salt, uint32_t line,
                                    struct dk_cursor *cursor)
{
    uint64_t body = word & ~(uint64_t)0x1ffff;
    if (__builtin_parityll(word) == 0 || dk_cursor_check(body, salt, line) != (uint16_t)word)
        return false;
    cursor->lease = (uint16_t)(word >> 48);
    cursor->offset = (uint32_t)(word >> 18) & DK_CURSOR_OFFSET_MAX;
    cursor->stop = (word >> 17 & 1) != 0;
    return true;
}

/* Serial-number order of lease numbers: negative if a was before b. */
static inline int dk_lease_compare(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

#endif
