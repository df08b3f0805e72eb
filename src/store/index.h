/* SPDX-License-Identifier: MIT */
/*
 * index: where in the journal the newest image of each journalled counter
 * lies, so that one counter is found without a walk. Memory only: it is built
 * from the journal when the store is opened. Knows nothing of LMDB.
 *
 * Who calls it holds the store's lock of the index; see journal.c.
 */
#ifndef DK_STORE_INDEX_H
#define DK_STORE_INDEX_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk_spot {
    uint64_t series_id; /* 0: empty */
    uint64_t commit_number;
    int32_t period;
    uint32_t part;
};

/* Zero it before use. Open addressing by series, at most half full. */
struct dk_index {
    struct dk_spot *spots;
    size_t room; /* a power of two, or 0 */
    size_t used;
};

/* Replaces what it knew of that counter. Statuses: OK, NO_MEMORY. */
docket_status dk_index_put(struct dk_index *index, const struct dk_spot *spot) DK_MUST_USE;
/* NULL: the counter is not in the journal. */
const struct dk_spot *dk_index_find(const struct dk_index *index, uint64_t series_id, int32_t period);
/* Forgets the counter if its newest image is the one at this very spot. */
void dk_index_drop(struct dk_index *index, const struct dk_spot *spot);
/* The spots of one series: up to most of them; how many there are. */
size_t dk_index_of_series(const struct dk_index *index, uint64_t series_id, struct dk_spot *spots, size_t most);
void dk_index_clear(struct dk_index *index);

#endif
