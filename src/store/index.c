/* SPDX-License-Identifier: MIT */
/* index: see index.h. */
#include "store/index.h"

#include "base/check.h"
#include "store/checksum.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_IDS = 1024, CHUNK_WORDS = CHUNK_IDS / 64, ROOM_FIRST = 64 };

/* Where an image lies. */
struct row {
    uint32_t serial;
    uint32_t offset;
    int32_t period;
    uint32_t more; /* spots that the series has beside this one */
};

struct dk_index_chunk {
    uint64_t bits[CHUNK_WORDS]; /* rows that are in use */
    uint32_t used;
    struct row rows[CHUNK_IDS];
};

struct dk_index_more {
    uint64_t series_id; /* 0: empty */
    struct row row;
};

static docket_status no_memory(size_t count)
{
    return dk_fail(DOCKET_NO_MEMORY, "no memory for the places of %zu counters in the journal", count);
}

/* ---- parts ---- */

static struct dk_index_part *part_of(const struct dk_index *index, uint32_t serial)
{
    return &index->parts[serial & (index->part_room - 1)];
}

static docket_status grow_parts(struct dk_index *index)
{
    uint32_t room = index->part_room ? index->part_room * 2 : ROOM_FIRST;
    struct dk_index_part *parts = calloc(room, sizeof *parts);
    if (!parts)
        return no_memory(room);
    for (uint32_t serial = index->first_part; serial != index->end_part; serial++)
        parts[serial & (room - 1)] = *part_of(index, serial);
    free(index->parts);
    index->parts = parts;
    index->part_room = room;
    return DOCKET_OK;
}

docket_status dk_index_add_part(struct dk_index *index, uint64_t commit_number, uint32_t part)
{
    if (index->end_part - index->first_part == index->part_room) {
        docket_status status = grow_parts(index);
        if (status != DOCKET_OK)
            return status;
    }
    *part_of(index, index->end_part++) = (struct dk_index_part){.commit_number = commit_number, .part = part};
    return DOCKET_OK;
}

const struct dk_index_part *dk_index_part_at(const struct dk_index *index, uint32_t at)
{
    return at < index->end_part - index->first_part ? part_of(index, index->first_part + at) : NULL;
}

void dk_index_drop_part(struct dk_index *index)
{
    const struct dk_index_part *part = part_of(index, index->first_part++);
    DK_CHECK(part->live == 0);
    index->images -= part->images;
}

/* ---- further periods of a series ---- */

static size_t home_of(uint64_t series_id, size_t room)
{
    return (size_t)dk_checksum_bytes(&series_id, sizeof series_id) & (room - 1);
}

/* The spot of the counter, or the empty one where it belongs. */
static struct dk_index_more *find_more(struct dk_index_more *more, size_t room, uint64_t series_id, int32_t period)
{
    size_t at = home_of(series_id, room);
    while (more[at].series_id != 0 && (more[at].series_id != series_id || more[at].row.period != period))
        at = (at + 1) & (room - 1);
    return &more[at];
}

static docket_status grow_more(struct dk_index *index)
{
    size_t room = index->more_room ? index->more_room * 2 : ROOM_FIRST;
    struct dk_index_more *more = calloc(room, sizeof *more);
    if (!more)
        return no_memory(room / 2);
    for (size_t at = 0; at < index->more_room; at++)
        if (index->more[at].series_id != 0)
            *find_more(more, room, index->more[at].series_id, index->more[at].row.period) = index->more[at];
    free(index->more);
    index->more = more;
    index->more_room = room;
    return DOCKET_OK;
}

/* What was pushed along by the removed one moves back, so that no probe ends too early. */
static void remove_more(struct dk_index *index, const struct dk_index_more *removed)
{
    size_t mask = index->more_room - 1, empty = (size_t)(removed - index->more);
    for (size_t at = (empty + 1) & mask; index->more[at].series_id != 0; at = (at + 1) & mask) {
        size_t home = home_of(index->more[at].series_id, index->more_room);
        if (((at - home) & mask) < ((at - empty) & mask))
            continue; /* its home lies behind the empty spot */
        index->more[empty] = index->more[at];
        empty = at;
    }
    index->more[empty].series_id = 0;
    index->more_used--;
}

/* ---- rows ---- */

static struct row *row_of(const struct dk_index *index, uint64_t series_id)
{
    size_t at = (size_t)(series_id / CHUNK_IDS), within = (size_t)(series_id % CHUNK_IDS);
    struct dk_index_chunk *chunk = at < index->chunk_room ? index->chunks[at] : NULL;
    return chunk && chunk->bits[within / 64] >> within % 64 & 1 ? &chunk->rows[within] : NULL;
}

static docket_status grow_chunks(struct dk_index *index, size_t wanted)
{
    size_t room = index->chunk_room ? index->chunk_room : ROOM_FIRST;
    while (room <= wanted)
        room *= 2;
    struct dk_index_chunk **chunks = realloc(index->chunks, room * sizeof(struct dk_index_chunk *));
    if (!chunks)
        return no_memory(room * CHUNK_IDS);
    for (size_t at = index->chunk_room; at < room; at++)
        chunks[at] = NULL;
    index->chunks = chunks;
    index->chunk_room = room;
    return DOCKET_OK;
}

static docket_status add_row(struct dk_index *index, uint64_t series_id, const struct row *row)
{
    size_t at = (size_t)(series_id / CHUNK_IDS), within = (size_t)(series_id % CHUNK_IDS);
    docket_status status = at < index->chunk_room ? DOCKET_OK : grow_chunks(index, at);
    if (status != DOCKET_OK)
        return status;
    if (!index->chunks[at])
        index->chunks[at] = calloc(1, sizeof *index->chunks[at]);
    struct dk_index_chunk *chunk = index->chunks[at];
    if (!chunk)
        return no_memory(CHUNK_IDS);
    chunk->bits[within / 64] |= UINT64_C(1) << within % 64;
    chunk->used++;
    chunk->rows[within] = *row;
    return DOCKET_OK;
}

static void drop_row(struct dk_index *index, uint64_t series_id)
{
    size_t at = (size_t)(series_id / CHUNK_IDS), within = (size_t)(series_id % CHUNK_IDS);
    struct dk_index_chunk *chunk = index->chunks[at];
    chunk->bits[within / 64] &= ~(UINT64_C(1) << within % 64);
    chunk->used--;
}

void dk_index_prefetch(const struct dk_index *index, uint64_t series_id)
{
    size_t at = (size_t)(series_id / CHUNK_IDS), within = (size_t)(series_id % CHUNK_IDS);
    if (at < index->chunk_room && index->chunks[at])
        __builtin_prefetch(&index->chunks[at]->rows[within], 1);
}

/* The counter's row, wherever it is; first: the series' own one, NULL if it has none. */
static struct row *find_row(const struct dk_index *index, struct row *first, uint64_t series_id, int32_t period)
{
    if (!first || first->period == period)
        return first;
    struct dk_index_more *found =
        first->more > 0 ? find_more(index->more, index->more_room, series_id, period) : NULL;
    return found && found->series_id != 0 ? &found->row : NULL;
}

static docket_status add_more(struct dk_index *index, struct row *first, uint64_t series_id, const struct row *row)
{
    docket_status status = index->more_used * 2 >= index->more_room ? grow_more(index) : DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    *find_more(index->more, index->more_room, series_id, row->period) = (struct dk_index_more){series_id, *row};
    index->more_used++;
    first->more++;
    return DOCKET_OK;
}

docket_status dk_index_put(struct dk_index *index, uint64_t series_id, int32_t period, uint32_t offset)
{
    uint32_t serial = index->end_part - 1;
    struct row *first = row_of(index, series_id), *found = find_row(index, first, series_id, period);
    struct row row = {.serial = serial, .offset = offset, .period = period};
    docket_status status = DOCKET_OK;
    if (found) {
        part_of(index, found->serial)->live--;
        found->serial = serial;
        found->offset = offset;
    } else {
        status = first ? add_more(index, first, series_id, &row) : add_row(index, series_id, &row);
        index->used += status == DOCKET_OK;
    }
    part_of(index, serial)->images++;
    part_of(index, serial)->live += status == DOCKET_OK;
    index->images++;
    return status;
}

static struct dk_spot spot_of(const struct dk_index *index, uint64_t series_id, const struct row *row)
{
    const struct dk_index_part *part = part_of(index, row->serial);
    return (struct dk_spot){.series_id = series_id,
                            .commit_number = part->commit_number,
                            .period = row->period,
                            .part = part->part,
                            .offset = row->offset,
                            .serial = row->serial};
}

bool dk_index_find(const struct dk_index *index, uint64_t series_id, int32_t period, struct dk_spot *spot)
{
    const struct row *found = find_row(index, row_of(index, series_id), series_id, period);
    if (found)
        *spot = spot_of(index, series_id, found);
    return found != NULL;
}

/* Any one of the further spots becomes the series' first. */
static void move_up(struct dk_index *index, struct row *first, uint64_t series_id)
{
    uint32_t more = first->more - 1;
    size_t at = home_of(series_id, index->more_room);
    while (index->more[at].series_id != series_id)
        at = (at + 1) & (index->more_room - 1);
    *first = index->more[at].row;
    first->more = more;
    remove_more(index, &index->more[at]);
}

void dk_index_drop(struct dk_index *index, const struct dk_spot *spot)
{
    struct row *first = row_of(index, spot->series_id);
    const struct row *found = find_row(index, first, spot->series_id, spot->period);
    if (!found || found->serial != spot->serial || found->offset != spot->offset)
        return;
    part_of(index, found->serial)->live--;
    index->used--;
    if (found != first) {
        remove_more(index, find_more(index->more, index->more_room, spot->series_id, spot->period));
        first->more--;
    } else if (first->more > 0) {
        move_up(index, first, spot->series_id);
    } else {
        drop_row(index, spot->series_id);
    }
}

size_t dk_index_of_series(const struct dk_index *index, uint64_t series_id, struct dk_spot *spots, size_t most)
{
    const struct row *first = row_of(index, series_id);
    size_t count = 0;
    if (!first)
        return 0;
    if (count++ < most)
        spots[0] = spot_of(index, series_id, first);
    if (first->more == 0)
        return count;
    for (size_t at = home_of(series_id, index->more_room); index->more[at].series_id != 0;
         at = (at + 1) & (index->more_room - 1))
        if (index->more[at].series_id == series_id && count++ < most)
            spots[count - 1] = spot_of(index, series_id, &index->more[at].row);
    return count;
}

/* ---- in order ---- */

/* The next series from `from` on that is in the journal; 0: none. */
static uint64_t next_series(const struct dk_index *index, uint64_t from)
{
    size_t within = (size_t)(from % CHUNK_IDS);
    for (size_t at = (size_t)(from / CHUNK_IDS); at < index->chunk_room; at++, within = 0) {
        const struct dk_index_chunk *chunk = index->chunks[at];
        for (size_t word = within / 64; chunk && chunk->used > 0 && word < CHUNK_WORDS; word++) {
            uint64_t bits = chunk->bits[word];
            if (word == within / 64)
                bits &= ~UINT64_C(0) << within % 64;
            if (bits != 0)
                return (uint64_t)at * CHUNK_IDS + word * 64 + (unsigned)__builtin_ctzll(bits);
        }
    }
    return 0;
}

static int by_period(const void *left, const void *right)
{
    const struct dk_spot *a = left, *b = right;
    return a->period < b->period ? -1 : a->period > b->period;
}

size_t dk_index_gather(const struct dk_index *index, uint64_t from, struct dk_spot *spots, size_t most, uint64_t *next)
{
    size_t count = 0;
    uint64_t id = next_series(index, from);
    while (id != 0 && count < most) {
        size_t there = dk_index_of_series(index, id, spots + count, most - count);
        if (there > most - count && count > 0)
            break; /* the next time */
        there = there < most - count ? there : most - count;
        if (there > 1)
            qsort(spots + count, there, sizeof *spots, by_period);
        count += there;
        id = next_series(index, id + 1);
    }
    *next = id;
    return count;
}

void dk_index_empty(struct dk_index *index)
{
    for (size_t at = 0; at < index->chunk_room; at++) {
        struct dk_index_chunk *chunk = index->chunks[at];
        if (!chunk || chunk->used == 0)
            continue;
        memset(chunk->bits, 0, sizeof chunk->bits);
        chunk->used = 0;
    }
    if (index->more_used > 0)
        memset(index->more, 0, index->more_room * sizeof *index->more);
    index->more_used = index->used = 0;
    index->images = 0;
    index->first_part = index->end_part;
}

void dk_index_free(struct dk_index *index)
{
    for (size_t at = 0; at < index->chunk_room; at++)
        free(index->chunks[at]);
    free(index->chunks);
    free(index->more);
    free(index->parts);
    *index = (struct dk_index){0};
}
