/* SPDX-License-Identifier: MIT */
/*
 * seen: a set of counters, so that a walk from newest to oldest takes each
 * counter once. Memory: 16 bytes a counter, at most three quarters full.
 */
#ifndef DK_STORE_SEEN_H
#define DK_STORE_SEEN_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk_seen_row;

/* Zero it before use, dk_seen_free() after. */
struct dk_seen {
    struct dk_seen_row *rows;
    size_t room; /* a power of two, or 0 */
    size_t used;
};

/* *added tells whether it was new. series_id is not 0. Statuses: OK, NO_MEMORY. */
docket_status dk_seen_add(struct dk_seen *seen, uint64_t series_id, int32_t period,
                          bool *added) DK_MUST_USE;
bool dk_seen_has(const struct dk_seen *seen, uint64_t series_id, int32_t period);
void dk_seen_free(struct dk_seen *seen);

#endif
