/* SPDX-License-Identifier: MIT */
/* index: see index.h. */
#include "store/index.h"

#include "store/checksum.h"

#include <stdlib.h>

enum { ROOM_FIRST = 64 };

static size_t home_of(uint64_t series_id, size_t room)
{
    return (size_t)dk_checksum_bytes(&series_id, sizeof series_id) & (room - 1);
}

/* The spot of the counter, or the empty one where it belongs. */
static struct dk_spot *find(struct dk_spot *spots, size_t room, uint64_t series_id, int32_t period)
{
    size_t at = home_of(series_id, room);
    while (spots[at].series_id != 0 && (spots[at].series_id != series_id || spots[at].period != period))
        at = (at + 1) & (room - 1);
    return &spots[at];
}

static docket_status grow(struct dk_index *index)
{
    size_t room = index->room ? index->room * 2 : ROOM_FIRST;
    struct dk_spot *spots = calloc(room, sizeof *spots);
    if (!spots)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for the places of %zu counters in the journal", room / 2);
    for (size_t at = 0; at < index->room; at++)
        if (index->spots[at].series_id != 0)
            *find(spots, room, index->spots[at].series_id, index->spots[at].period) = index->spots[at];
    free(index->spots);
    index->spots = spots;
    index->room = room;
    return DOCKET_OK;
}

docket_status dk_index_put(struct dk_index *index, const struct dk_spot *spot)
{
    if (index->used * 2 >= index->room) {
        docket_status status = grow(index);
        if (status != DOCKET_OK)
            return status;
    }
    struct dk_spot *found = find(index->spots, index->room, spot->series_id, spot->period);
    index->used += found->series_id == 0;
    *found = *spot;
    return DOCKET_OK;
}

const struct dk_spot *dk_index_find(const struct dk_index *index, uint64_t series_id, int32_t period)
{
    if (index->room == 0)
        return NULL;
    const struct dk_spot *found = find(index->spots, index->room, series_id, period);
    return found->series_id != 0 ? found : NULL;
}

/* What was pushed along by the dropped spot moves back, so that no probe ends
 * too early. */
void dk_index_drop(struct dk_index *index, const struct dk_spot *spot)
{
    if (index->room == 0)
        return;
    struct dk_spot *found = find(index->spots, index->room, spot->series_id, spot->period);
    if (found->series_id == 0 || found->commit_number != spot->commit_number || found->part != spot->part)
        return;
    size_t mask = index->room - 1, empty = (size_t)(found - index->spots);
    for (size_t at = (empty + 1) & mask; index->spots[at].series_id != 0; at = (at + 1) & mask) {
        size_t home = home_of(index->spots[at].series_id, index->room);
        if (((at - home) & mask) < ((at - empty) & mask))
            continue; /* its home lies behind the empty spot */
        index->spots[empty] = index->spots[at];
        empty = at;
    }
    index->spots[empty].series_id = 0;
    index->used--;
}

size_t dk_index_of_series(const struct dk_index *index, uint64_t series_id, struct dk_spot *spots, size_t most)
{
    size_t count = 0;
    if (index->room == 0)
        return 0;
    for (size_t at = home_of(series_id, index->room); index->spots[at].series_id != 0; at = (at + 1) & (index->room - 1))
        if (index->spots[at].series_id == series_id && count++ < most)
            spots[count - 1] = index->spots[at];
    return count;
}

void dk_index_clear(struct dk_index *index)
{
    free(index->spots);
    *index = (struct dk_index){0};
}
