/* SPDX-License-Identifier: MIT */
/* shelf: see shelf.h. An array of blocks, each an array of entries: both small enough to be moved along. */
#include "store/shelf.h"

#include <stdlib.h>

struct dk_shelf_entry *dk_shelf_make(unsigned kind, struct dk_slice key)
{
    struct dk_shelf_entry *entry = malloc(sizeof *entry + key.size);
    if (!entry)
        return NULL;
    *entry = (struct dk_shelf_entry){.kind = (uint8_t)kind, .key_bytes = (uint8_t)key.size};
    memcpy(entry->key, key.bytes, key.size);
    return entry;
}

static int compare(const struct dk_shelf_entry *entry, unsigned kind, struct dk_slice key)
{
    if (entry->kind != kind)
        return entry->kind < kind ? -1 : 1;
    int order = memcmp(entry->key, key.bytes, entry->key_bytes < key.size ? entry->key_bytes : key.size);
    return order ? order : entry->key_bytes < key.size ? -1 : entry->key_bytes > key.size;
}

/* The block that has the key, if any has: the last one that does not begin above it. */
static size_t block_of(const struct dk_shelf *shelf, unsigned kind, struct dk_slice key)
{
    size_t low = 0, high = shelf->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (compare(shelf->blocks[middle]->entries[0], kind, key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first slot of the block that is not below the key. */
static size_t slot_of(const struct dk_shelf_block *block, unsigned kind, struct dk_slice key)
{
    size_t low = 0, high = block->used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(block->entries[middle], kind, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct dk_shelf_place dk_shelf_seek(const struct dk_shelf *shelf, unsigned kind, struct dk_slice key)
{
    struct dk_shelf_place place = {0};
    if (shelf->count == 0)
        return place;
    place.block = block_of(shelf, kind, key);
    place.slot = slot_of(shelf->blocks[place.block], kind, key);
    return place;
}

struct dk_shelf_entry *dk_shelf_next(const struct dk_shelf *shelf, struct dk_shelf_place *place)
{
    while (place->block < shelf->count && place->slot >= shelf->blocks[place->block]->used)
        *place = (struct dk_shelf_place){place->block + 1, 0};
    return place->block < shelf->count ? shelf->blocks[place->block]->entries[place->slot++] : NULL;
}

struct dk_shelf_entry *dk_shelf_find(const struct dk_shelf *shelf, unsigned kind, struct dk_slice key)
{
    struct dk_shelf_place place = dk_shelf_seek(shelf, kind, key);
    struct dk_shelf_entry *found = dk_shelf_next(shelf, &place);
    return found && compare(found, kind, key) == 0 ? found : NULL;
}

/* An empty block at this place. */
static docket_status add_block(struct dk_shelf *shelf, size_t at)
{
    if (shelf->count == shelf->room) {
        size_t room = shelf->room * 2 + 16;
        struct dk_shelf_block **grown = realloc(shelf->blocks, room * sizeof(struct dk_shelf_block *));
        if (!grown)
            return dk_fail(DOCKET_NO_MEMORY, "no memory for %zu entries of the ledger's log", room * DK_SHELF_BLOCK);
        shelf->blocks = grown;
        shelf->room = room;
    }
    struct dk_shelf_block *block = malloc(sizeof *block);
    if (!block)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for entries of the ledger's log");
    block->used = 0;
    memmove(shelf->blocks + at + 1, shelf->blocks + at, (shelf->count - at) * sizeof(struct dk_shelf_block *));
    shelf->blocks[at] = block;
    shelf->count++;
    return DOCKET_OK;
}

/* Room in a full block: its upper half moves, or nothing where all goes to its end, as keys that rise do. */
static docket_status split(struct dk_shelf *shelf, struct dk_shelf_place *place)
{
    docket_status status = add_block(shelf, place->block + 1);
    if (status != DOCKET_OK)
        return status;
    struct dk_shelf_block *full = shelf->blocks[place->block], *next = shelf->blocks[place->block + 1];
    size_t keeps = place->slot == full->used ? full->used : full->used / 2;
    next->used = full->used - keeps;
    memcpy(next->entries, full->entries + keeps, next->used * sizeof(struct dk_shelf_entry *));
    full->used = keeps;
    if (place->slot >= keeps)
        *place = (struct dk_shelf_place){place->block + 1, place->slot - keeps};
    return DOCKET_OK;
}

docket_status dk_shelf_put(struct dk_shelf *shelf, struct dk_shelf_entry *entry, struct dk_shelf_entry **old)
{
    docket_status status = shelf->count == 0 ? add_block(shelf, 0) : DOCKET_OK;
    *old = NULL;
    if (status != DOCKET_OK)
        return status;
    struct dk_shelf_place place = dk_shelf_seek(shelf, entry->kind, dk_shelf_key(entry));
    struct dk_shelf_block *block = shelf->blocks[place.block];
    if (place.slot < block->used && compare(block->entries[place.slot], entry->kind, dk_shelf_key(entry)) == 0) {
        *old = block->entries[place.slot];
        block->entries[place.slot] = entry;
        return DOCKET_OK;
    }
    if (block->used == DK_SHELF_BLOCK)
        status = split(shelf, &place);
    if (status != DOCKET_OK)
        return status;
    block = shelf->blocks[place.block];
    memmove(block->entries + place.slot + 1, block->entries + place.slot,
            (block->used - place.slot) * sizeof(struct dk_shelf_entry *));
    block->entries[place.slot] = entry;
    block->used++;
    shelf->entries++;
    return DOCKET_OK;
}

static void remove_block(struct dk_shelf *shelf, size_t at)
{
    free(shelf->blocks[at]);
    shelf->count--;
    memmove(shelf->blocks + at, shelf->blocks + at + 1, (shelf->count - at) * sizeof(struct dk_shelf_block *));
}

struct dk_shelf_entry *dk_shelf_take(struct dk_shelf *shelf, unsigned kind, struct dk_slice key)
{
    if (shelf->count == 0)
        return NULL;
    struct dk_shelf_place place = dk_shelf_seek(shelf, kind, key);
    struct dk_shelf_block *block = shelf->blocks[place.block];
    if (place.slot == block->used || compare(block->entries[place.slot], kind, key) != 0)
        return NULL;
    struct dk_shelf_entry *taken = block->entries[place.slot];
    block->used--;
    shelf->entries--;
    memmove(block->entries + place.slot, block->entries + place.slot + 1,
            (block->used - place.slot) * sizeof(struct dk_shelf_entry *));
    if (block->used == 0)
        remove_block(shelf, place.block);
    return taken;
}

void dk_shelf_clear(struct dk_shelf *shelf)
{
    for (size_t at = 0; at < shelf->count; at++) {
        for (size_t slot = 0; slot < shelf->blocks[at]->used; slot++)
            free(shelf->blocks[at]->entries[slot]);
        free(shelf->blocks[at]);
    }
    free(shelf->blocks);
    *shelf = (struct dk_shelf){0};
}
