/* SPDX-License-Identifier: MIT */
/*
 * shelf: what the ledger's log says last of each key, in the order of the keys: so that one
 * is found, a stretch is walked, and the fold goes along the keys of the databases. Memory
 * only: it is built from the log when the store is opened. Knows nothing of LMDB.
 *
 * Who calls it holds the store's lock of the index; the committing thread, which alone
 * changes it, may look without.
 */
#ifndef DK_STORE_SHELF_H
#define DK_STORE_SHELF_H

#include "store/record.h"

/* Of malloc(); the shelf's, once it was put. */
struct dk_shelf_entry {
    uint64_t part;   /* which of the log's parts since this opening it lies in */
    uint32_t offset; /* in the part's value */
    uint8_t kind;    /* enum dk_kind */
    uint8_t key_bytes;
    uint8_t key[];
};

enum { DK_SHELF_BLOCK = 128 };
struct dk_shelf_block {
    size_t used;
    struct dk_shelf_entry *entries[DK_SHELF_BLOCK];
};

/* Zero it before use. Ascending by kind and key; no block is empty. */
struct dk_shelf {
    struct dk_shelf_block **blocks;
    size_t count, room; /* of blocks */
    size_t entries;
};

/* A place on the shelf: it lives until the shelf is changed. */
struct dk_shelf_place {
    size_t block, slot;
};

/* NULL: no memory. */
struct dk_shelf_entry *dk_shelf_make(unsigned kind, struct dk_slice key);
/* The entry of this very key, or NULL. */
struct dk_shelf_entry *dk_shelf_find(const struct dk_shelf *shelf, unsigned kind, struct dk_slice key);
/* Where the first entry lies that is not below this key. */
struct dk_shelf_place dk_shelf_seek(const struct dk_shelf *shelf, unsigned kind, struct dk_slice key);
/* The entry there, and on to the next place; NULL at the end. */
struct dk_shelf_entry *dk_shelf_next(const struct dk_shelf *shelf, struct dk_shelf_place *place);
/* *old, which the caller frees, is what it replaces; NULL: nothing. Statuses: OK, NO_MEMORY. */
docket_status dk_shelf_put(struct dk_shelf *shelf, struct dk_shelf_entry *entry, struct dk_shelf_entry **old) DK_MUST_USE;
/* Takes the entry of this key off, for the caller to free; NULL: there is none. */
struct dk_shelf_entry *dk_shelf_take(struct dk_shelf *shelf, unsigned kind, struct dk_slice key);
/* Frees all entries. */
void dk_shelf_clear(struct dk_shelf *shelf);

static inline struct dk_slice dk_shelf_key(const struct dk_shelf_entry *entry)
{
    return (struct dk_slice){entry->key, entry->key_bytes};
}

#endif
