/* SPDX-License-Identifier: MIT */
#include "daemon/series/names.h"

#include "base/hash.h"
#include "daemon/clerk.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

static uint64_t hash_of(const char *tenant, const char *name)
{
    size_t name_bytes = strlen(name);
    return dk_hash(tenant, strlen(tenant), dk_hash(name, name_bytes, name_bytes));
}

/* The cell of the key, or the empty one where it belongs. */
static struct dk_name_cell *find_cell(const struct dk_names *names, uint64_t hash, const char *tenant,
                                      const char *name)
{
    size_t at = (size_t)hash & (names->room - 1);
    for (;; at = (at + 1) & (names->room - 1)) {
        struct dk_name_cell *cell = &names->cells[at];
        if (cell->record == NULL || (cell->hash == hash && strcmp(cell->record->tenant, tenant) == 0 &&
                                     strcmp(cell->record->name, name) == 0))
            return cell;
    }
}

struct dk_series_record *dk_names_find(const struct dk_names *names, const char *tenant, const char *name)
{
    return names->room == 0 ? NULL : find_cell(names, hash_of(tenant, name), tenant, name)->record;
}

static void grow(struct dk_names *names, size_t room)
{
    struct dk_names grown = {.room = room, .used = names->used};
    grown.cells = dk_must_alloc(grown.room, sizeof *grown.cells);
    for (size_t i = 0; i < names->room; i++) {
        const struct dk_name_cell *cell = &names->cells[i];
        if (cell->record != NULL)
            *find_cell(&grown, cell->hash, cell->record->tenant, cell->record->name) = *cell;
    }
    free(names->cells);
    *names = grown;
}

void dk_names_reserve(struct dk_names *names, size_t count)
{
    size_t room = names->room == 0 ? ROOM_FIRST : names->room;
    while (room <= count * 2)
        room *= 2;
    if (room > names->room)
        grow(names, room);
}

void dk_names_add(struct dk_names *names, struct dk_series_record *record)
{
    if (names->used * 2 >= names->room)
        grow(names, names->room == 0 ? ROOM_FIRST : names->room * 2);
    uint64_t hash = hash_of(record->tenant, record->name);
    struct dk_name_cell *cell = find_cell(names, hash, record->tenant, record->name);
    names->used += cell->record == NULL;
    *cell = (struct dk_name_cell){.hash = hash, .record = record};
}

/* What was pushed along by the removed cell moves back, so that no probe ends
 * too early. */
void dk_names_remove(struct dk_names *names, const struct dk_series_record *record)
{
    if (names->room == 0)
        return;
    struct dk_name_cell *hole = find_cell(names, hash_of(record->tenant, record->name), record->tenant, record->name);
    if (hole->record != record)
        return;
    size_t mask = names->room - 1, empty = (size_t)(hole - names->cells);
    for (size_t at = (empty + 1) & mask; names->cells[at].record != NULL; at = (at + 1) & mask) {
        size_t home = (size_t)names->cells[at].hash & mask;
        if (((at - home) & mask) < ((at - empty) & mask))
            continue; /* its home lies behind the hole */
        names->cells[empty] = names->cells[at];
        empty = at;
    }
    names->cells[empty].record = NULL;
    names->used--;
}

void dk_names_free(struct dk_names *names)
{
    free(names->cells);
    *names = (struct dk_names){0};
}
