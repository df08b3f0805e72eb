/* SPDX-License-Identifier: MIT */
/*
 * cursor: the word with which a worker says how far its lease is used.
 *
 *   body   guard 17 | lease number k 16 | STOP 1 | offset 30      (high to low)
 *   word   body * seal, modulo 2^64
 *
 * The seal is odd and belongs to a seat's salt and one of its lines; whoever
 * knows both multiplies by its inverse, the key, and has the body back, whose
 * guard must then be DK_CURSOR_GUARD. So a line's words differ by one seal from
 * number to number, and a number costs one multiplication.
 *
 * What the guard notices: the zero word, always (its body is 0); any single
 * flipped bit, always: it adds or takes away key << i, and the key is made such
 * that in any 17 of its bits that follow each other there is a 1 and a 0, so the
 * guard changes whatever is carried into it; another scribble, a word of another
 * line or sitting, or a word put together from halves of two, but for one in 131072. An older word
 * of the same sitting it does not notice (docs/ORDERING.md lists that). docketd
 * writes dk_cursor_none() into each line before it sends the seat.
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

enum { DK_CURSOR_LEASE_AT = 31, DK_CURSOR_GUARD_AT = 47 };
#define DK_CURSOR_GUARD 0x15a5aull /* not 0 */

/* Bits of each key: at 15|16, 31|32 and 47|48 a 1 below a 0, and odd. */
#define DK_CURSOR_KEY_ONES (1ull | 1ull << 15 | 1ull << 31 | 1ull << 47)
#define DK_CURSOR_KEY_ZEROS (1ull << 16 | 1ull << 32 | 1ull << 48)

static inline uint64_t dk_cursor_key(uint64_t salt, uint32_t line)
{
    uint64_t mixed = (salt ^ ((uint64_t)line << 32 | line)) * 0x9e3779b97f4a7c15ull;
    mixed = (mixed ^ mixed >> 32) * 0xbf58476d1ce4e5b9ull;
    mixed ^= mixed >> 29;
    return (mixed | DK_CURSOR_KEY_ONES) & ~DK_CURSOR_KEY_ZEROS;
}

/* The inverse of the key, by Newton's iteration: each step doubles the bits that are right. */
static inline uint64_t dk_cursor_seal(uint64_t salt, uint32_t line)
{
    uint64_t key = dk_cursor_key(salt, line), seal = key * 3 ^ 2; /* 5 bits */
    for (int bits = 5; bits < 64; bits *= 2)
        seal *= 2 - key * seal;
    return seal;
}

static inline uint64_t dk_cursor_body(uint16_t lease, uint32_t offset, bool stop)
{
    return DK_CURSOR_GUARD << DK_CURSOR_GUARD_AT | (uint64_t)lease << DK_CURSOR_LEASE_AT | (uint64_t)stop << 30 | offset;
}

static inline uint64_t dk_cursor_pack(uint16_t lease, uint32_t offset, bool stop, uint64_t salt,
                                      uint32_t line)
{
    return dk_cursor_body(lease, offset, stop) * dk_cursor_seal(salt, line);
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
    uint64_t body = word * dk_cursor_key(salt, line);
    if (body >> DK_CURSOR_GUARD_AT != DK_CURSOR_GUARD)
        return false;
    cursor->lease = (uint16_t)(body >> DK_CURSOR_LEASE_AT);
    cursor->offset = (uint32_t)body & DK_CURSOR_OFFSET_MAX;
    cursor->stop = (body >> 30 & 1) != 0;
    return true;
}

/* Serial-number order of lease numbers: negative if a was before b. */
static inline int dk_lease_compare(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

#endif
