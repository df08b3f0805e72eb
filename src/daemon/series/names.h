/* SPDX-License-Identifier: MIT */
/*
 * names: docketd's private index from (tenant, series) to a record that it
 * holds. The directory on the board is for workers; docketd never asks it.
 *
 * One thread, the loop, reads and writes it. A record stays where it is and
 * keeps its names while it is in the index.
 */
#ifndef DK_DAEMON_NAMES_H
#define DK_DAEMON_NAMES_H

#include "store/store.h"

struct dk_name_cell {
    uint64_t hash;
    struct dk_series_record *record; /* NULL: empty */
};

/* Zero is an empty index. Open addressing, at most half full, never shrinks. */
struct dk_names {
    struct dk_name_cell *cells;
    size_t room; /* a power of two, or 0 */
    size_t used;
};

/* The record of this very key, or NULL. */
struct dk_series_record *dk_names_find(const struct dk_names *names, const char *tenant, const char *name);
/* Its key is not in the index yet. */
void dk_names_add(struct dk_names *names, struct dk_series_record *record);
/* Room for so many in all, at once. */
void dk_names_reserve(struct dk_names *names, size_t count);
/* Nothing happens if it is not there. */
void dk_names_remove(struct dk_names *names, const struct dk_series_record *record);
void dk_names_free(struct dk_names *names);

#endif
