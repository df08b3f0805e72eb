/* SPDX-License-Identifier: MIT */
/* seen: see seen.h. Open addressing, linear probing, never shrinks. */
#include "store/seen.h"

#include "store/checksum.h"

#include <stdlib.h>
#include <string.h>

struct dk_seen_row {
    uint64_t series_id; /* 0: empty */
    int64_t period;
};

/* The row of the counter, or the empty row where it belongs. */
static struct dk_seen_row *find(struct dk_seen_row *rows, size_t room, uint64_t series_id,
                                int64_t period)
{
    struct dk_seen_row wanted = {series_id, period};
    size_t at = (size_t)dk_checksum_bytes(&wanted, sizeof wanted) & (room - 1);
    while (rows[at].series_id != 0 &&
           (rows[at].series_id != series_id || rows[at].period != period))
        at = (at + 1) & (room - 1);
    return &rows[at];
}

static docket_status grow(struct dk_seen *seen)
{
    size_t room = seen->room ? seen->room * 2 : 64;
    struct dk_seen_row *rows = calloc(room, sizeof *rows);
    if (!rows)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to remember %zu counters", room);
    for (size_t at = 0; at < seen->room; at++) {
        const struct dk_seen_row *row = &seen->rows[at];
        if (row->series_id != 0)
            *find(rows, room, row->series_id, row->period) = *row;
    }
    free(seen->rows);
    seen->rows = rows;
    seen->room = room;
    return DOCKET_OK;
}

docket_status dk_seen_add(struct dk_seen *seen, uint64_t series_id, int32_t period, bool *added)
{
    if (seen->used >= seen->room / 4 * 3) {
        docket_status status = grow(seen);
        if (status != DOCKET_OK)
            return status;
    }
    struct dk_seen_row *row = find(seen->rows, seen->room, series_id, period);
    *added = row->series_id == 0;
    if (*added) {
        *row = (struct dk_seen_row){series_id, period};
        seen->used++;
    }
    return DOCKET_OK;
}

bool dk_seen_has(const struct dk_seen *seen, uint64_t series_id, int32_t period)
{
    return seen->room > 0 && find(seen->rows, seen->room, series_id, period)->series_id != 0;
}

void dk_seen_free(struct dk_seen *seen)
{
    free(seen->rows);
    *seen = (struct dk_seen){0};
}

/* ---- ids ---- */

#define FAR_ID (UINT64_C(1) << 30)

static docket_status ids_grow(struct dk_ids *ids, uint64_t id)
{
    uint64_t room = ids->room ? ids->room : 4096;
    while (room <= id)
        room *= 2;
    uint64_t *bits = realloc(ids->bits, (size_t)(room / 8));
    if (!bits)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to remember %llu series", (unsigned long long)room);
    memset(bits + ids->room / 64, 0, (size_t)(room - ids->room) / 8);
    ids->bits = bits;
    ids->room = room;
    return DOCKET_OK;
}

docket_status dk_ids_add(struct dk_ids *ids, uint64_t id, bool *added)
{
    if (id >= FAR_ID)
        return dk_seen_add(&ids->far, id, 0, added);
    docket_status status = id < ids->room ? DOCKET_OK : ids_grow(ids, id);
    if (status != DOCKET_OK)
        return status;
    *added = !(ids->bits[id / 64] >> id % 64 & 1);
    ids->bits[id / 64] |= UINT64_C(1) << id % 64;
    return DOCKET_OK;
}

bool dk_ids_have(const struct dk_ids *ids, uint64_t id)
{
    if (id >= FAR_ID)
        return dk_seen_has(&ids->far, id, 0);
    return id < ids->room && (ids->bits[id / 64] >> id % 64 & 1);
}

void dk_ids_free(struct dk_ids *ids)
{
    free(ids->bits);
    dk_seen_free(&ids->far);
}
