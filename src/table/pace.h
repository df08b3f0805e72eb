/* SPDX-License-Identifier: MIT */
/*
 * pace: how far docketd lays ahead of a bank, and why. One word of the board,
 * written by docketd, shown by tools; nothing is decided by it but where a
 * docketd that adopts the desk begins.
 *
 *   numbers a minute 28 | exposed 18 | window 18      (high to low)
 *
 * exposed: what a power loss would make unknown by the durable image, beside
 * open leases: [position, mark), and leased blocks that lie free. Values that do not fit are shown as the largest.
 */
#ifndef DK_TABLE_PACE_H
#define DK_TABLE_PACE_H

#include "table/layout.h"

#define DK_PACE_PER_MINUTE_MAX ((1u << 28) - 1)
#define DK_PACE_NUMBERS_MAX ((1u << 18) - 1)

struct dk_pace {
    uint32_t per_minute;
    uint32_t exposed;
    uint32_t window;
};

static inline uint64_t dk_pace_pack(uint64_t per_minute, uint64_t exposed, uint64_t window)
{
    per_minute = per_minute < DK_PACE_PER_MINUTE_MAX ? per_minute : DK_PACE_PER_MINUTE_MAX;
    exposed = exposed < DK_PACE_NUMBERS_MAX ? exposed : DK_PACE_NUMBERS_MAX;
    window = window < DK_PACE_NUMBERS_MAX ? window : DK_PACE_NUMBERS_MAX;
    return per_minute << 36 | exposed << 18 | window;
}

static inline struct dk_pace dk_pace_unpack(uint64_t word)
{
    return (struct dk_pace){.per_minute = (uint32_t)(word >> 36),
                            .exposed = (uint32_t)(word >> 18) & DK_PACE_NUMBERS_MAX,
                            .window = (uint32_t)word & DK_PACE_NUMBERS_MAX};
}

#endif
