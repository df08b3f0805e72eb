/* SPDX-License-Identifier: MIT */
/*
 * pace: how far docketd lays ahead of a bank, and why. One word of the board,
 * written by docketd, shown by tools. Only hints come of it: where a docketd that
 * adopts the desk begins, and when a worker that claims a block flags docketd.
 *
 *   numbers a minute 28 | exposed 18 | window 18      (high to low)
 *
 * exposed: what a power loss would make unknown by the durable image, beside
 * open leases: [position, mark), and leased blocks that lie free.
 *
 * A value below half of its field's range stands as it is. A larger one has the
 * field's high bit, below that an exponent of 5 bits, and a mantissa, rounded up:
 * a build that does not know that shows a large number.
 */
#ifndef DK_TABLE_PACE_H
#define DK_TABLE_PACE_H

#include "table/layout.h"

enum { DK_PACE_RATE_BITS = 28, DK_PACE_NUMBERS_BITS = 18, DK_PACE_EXPONENT_BITS = 5 };

struct dk_pace {
    uint64_t per_minute;
    uint64_t exposed;
    uint64_t window;
};

static inline uint64_t dk_pace_field(uint64_t value, unsigned bits)
{
    const uint64_t flag = 1ull << (bits - 1), most = (1ull << (bits - 1 - DK_PACE_EXPONENT_BITS)) - 1;
    unsigned exponent = 0;
    if (value < flag)
        return value;
    for (; value > most && exponent < (1u << DK_PACE_EXPONENT_BITS) - 1; exponent++)
        value = value / 2 + (value & 1);
    return flag | (uint64_t)exponent << (bits - 1 - DK_PACE_EXPONENT_BITS) | (value < most ? value : most);
}

static inline uint64_t dk_pace_value(uint64_t field, unsigned bits)
{
    const uint64_t flag = 1ull << (bits - 1), most = (1ull << (bits - 1 - DK_PACE_EXPONENT_BITS)) - 1;
    field &= 2 * flag - 1;
    return field < flag ? field : (field & most) << ((field - flag) >> (bits - 1 - DK_PACE_EXPONENT_BITS));
}

static inline uint64_t dk_pace_pack(uint64_t per_minute, uint64_t exposed, uint64_t window)
{
    return dk_pace_field(per_minute, DK_PACE_RATE_BITS) << 2 * DK_PACE_NUMBERS_BITS |
           dk_pace_field(exposed, DK_PACE_NUMBERS_BITS) << DK_PACE_NUMBERS_BITS |
           dk_pace_field(window, DK_PACE_NUMBERS_BITS);
}

static inline struct dk_pace dk_pace_unpack(uint64_t word)
{
    return (struct dk_pace){.per_minute = dk_pace_value(word >> 2 * DK_PACE_NUMBERS_BITS, DK_PACE_RATE_BITS),
                            .exposed = dk_pace_value(word >> DK_PACE_NUMBERS_BITS, DK_PACE_NUMBERS_BITS),
                            .window = dk_pace_value(word, DK_PACE_NUMBERS_BITS)};
}

#endif
