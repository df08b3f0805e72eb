/* SPDX-License-Identifier: MIT */
/*
 * tzif: what a file of the zone database says (RFC 8536), as a list of steps from
 * November 1969 to March 2101. Pure: bytes in, steps out; nothing of the bytes is
 * believed unchecked. The library that we looked at (docs/decisions/0015) has Irish
 * winters two hours wrong from 2038 on, so we read the files ourselves.
 */
#ifndef DK_DAEMON_TZIF_H
#define DK_DAEMON_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From this instant on clocks are so far ahead of UTC. */
struct dk_step {
    int64_t from_s;
    int32_t offset_s; /* less than DK_OFFSET_MAX_S either way; never that of the step before */
};

/* The first step has no beginning: its from_s says nothing. */
enum { DK_STEPS_MAX = 1024 }; /* Gaza, the busiest, has some 340 */

struct dk_steps {
    size_t count;
    struct dk_step steps[DK_STEPS_MAX];
};

#define DK_OFFSET_MAX_S (26 * 3600)

/* False: it is damaged, of version 1, or counts leap seconds. */
bool dk_tzif_read(const uint8_t *bytes, size_t count, struct dk_steps *steps);

#endif
