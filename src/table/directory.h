/* SPDX-License-Identifier: MIT */
/*
 * directory: from (tenant, series) to a slot. Open addressing; each growth step
 * of the desk has a part of its own, twice as many entries as slots, so growing
 * moves nothing. docketd inserts and removes, anyone looks up. What is found is
 * there, since whole keys are compared; what is being moved may be missed, and
 * who misses it asks docketd.
 *
 *             find   insert  remove
 *   find        -      -       -      wait-free: bounded by the entries of a step
 *   insert      -      X       X      X: docketd's one thread
 *   remove      -      X       X
 */
#ifndef DK_TABLE_DIRECTORY_H
#define DK_TABLE_DIRECTORY_H

#include "table/desk.h"

#include <stdbool.h>

#define DK_NO_SLOT UINT32_MAX

/* The slot of this very key (full compare), or DK_NO_SLOT. */
uint32_t dk_directory_find(const struct dk_desk *desk, const char *tenant, const char *name);

/* Likewise; *generation is the slot's while it had this key. */
uint32_t dk_directory_look(const struct dk_desk *desk, const char *tenant, const char *name, uint64_t *generation);

/* True if this slot has this very key, at *generation. */
bool dk_directory_is(const struct dk_desk *desk, uint32_t slot, const char *tenant, const char *name,
                     uint64_t *generation);

/* docketd: makes a slot findable. Its key is written, its generation set. */
void dk_directory_insert(struct dk_desk *desk, uint32_t slot);

/* docketd: the slot's generation is 0, its key still stands. */
void dk_directory_remove(struct dk_desk *desk, uint32_t slot);

/* docketd, before it serves: drops what a docketd left that was killed in a removal. */
void dk_directory_tidy(struct dk_desk *desk, uint32_t slots_used);

#endif
