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

/* Ids of series that were met: a bit each, since they are numbered from 1; those far off in a set. Zero it before use. */
struct dk_ids {
    uint64_t *bits;
    uint64_t room; /* ids */
    struct dk_seen far;
};
docket_status dk_ids_add(struct dk_ids *ids, uint64_t id, bool *added) DK_MUST_USE;
bool dk_ids_have(const struct dk_ids *ids, uint64_t id);
void dk_ids_free(struct dk_ids *ids);

#endif
