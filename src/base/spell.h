/* SPDX-License-Identifier: MIT */
/* spell: bytes and instants as people and files have them. */
#ifndef DK_BASE_SPELL_H
#define DK_BASE_SPELL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Two digits of 0-9 and a-f for each byte, and a zero: text has room for 2 * count + 1. */
static inline void dk_spell_hex(const uint8_t *bytes, size_t count, char *text)
{
    for (size_t at = 0; at < count; at++)
        snprintf(text + 2 * at, 3, "%02x", (unsigned)bytes[at]);
}

enum { DK_SPELL_UTC_BYTES = 32 };

/* "2026-11-24T02:30:50Z"; "?" of what no calendar has. */
static inline void dk_spell_utc(int64_t seconds, char text[DK_SPELL_UTC_BYTES])
{
    time_t instant = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&instant, &parts) == NULL || strftime(text, DK_SPELL_UTC_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(text, DK_SPELL_UTC_BYTES, "?");
}

#endif
