/* SPDX-License-Identifier: MIT */
/*
 * index: where in the journal the newest image of each journalled counter
 * lies, so that one counter is found without a walk, and a fold goes along the
 * counters in order. Beside it the journal's parts, oldest first, and how many
 * images of each are still the newest ones of their counters. Memory only: it
 * is built from the journal when the store is opened. Knows nothing of LMDB.
 *
 * A row of 16 bytes for each series, in chunks of 1024 that are made when the
 * first of theirs is in the journal, and stay; further periods of a series go
 * into a table of their own. Ids are dense: series are numbered from 1.
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
    uint64_t series_id;
    uint64_t commit_number;
    int32_t period;
    uint32_t part;
    uint32_t offset; /* in the part, of the image's size */
    uint32_t serial; /* of the part: counts from the index's first one, and wraps */
};

struct dk_index_part {
    uint64_t commit_number;
    uint32_t part;
    uint32_t images;
    uint32_t live; /* of them, the newest of their counters */
};

struct dk_index_chunk;
struct dk_index_more;

/* Zero it before use. */
struct dk_index {
    struct dk_index_chunk **chunks; /* NULL: nothing of these series is in the journal */
    size_t chunk_room;
    struct dk_index_more *more; /* open addressing by series, at most half full */
    size_t more_room, more_used;
    struct dk_index_part *parts; /* a ring */
    uint32_t part_room;          /* a power of two, or 0 */
    uint32_t first_part, end_part; /* serials */
    size_t used;     /* counters */
    uint64_t images; /* in all parts */
};

/* A part behind all others. Statuses: OK, NO_MEMORY. */
docket_status dk_index_add_part(struct dk_index *index, uint64_t commit_number, uint32_t part) DK_MUST_USE;
/* The counter's newest image is at this offset of the last part. Statuses: OK, NO_MEMORY. */
docket_status dk_index_put(struct dk_index *index, uint64_t series_id, int32_t period, uint32_t offset) DK_MUST_USE;
/* This series is about to be put. */
void dk_index_prefetch(const struct dk_index *index, uint64_t series_id);
/* False: the counter is not in the journal. */
bool dk_index_find(const struct dk_index *index, uint64_t series_id, int32_t period, struct dk_spot *spot);
/* Forgets the counter if its newest image is the one at this very spot. */
void dk_index_drop(struct dk_index *index, const struct dk_spot *spot);
/* The spots of one series: up to most of them; how many there are. */
size_t dk_index_of_series(const struct dk_index *index, uint64_t series_id, struct dk_spot *spots, size_t most);
/* Up to most spots of series from `from` on, ascending by series and period; how many, and in *next the series to
 * go on with (0: there are none behind). Nothing is left out of a series unless it has more than most. */
size_t dk_index_gather(const struct dk_index *index, uint64_t from, struct dk_spot *spots, size_t most, uint64_t *next);
/* The part, oldest first from 0; NULL: there are not so many. */
const struct dk_index_part *dk_index_part_at(const struct dk_index *index, uint32_t at);
/* The oldest part is gone. It has no live image. */
void dk_index_drop_part(struct dk_index *index);
/* Nothing is in the journal any more. */
void dk_index_empty(struct dk_index *index);
void dk_index_free(struct dk_index *index);

#endif
