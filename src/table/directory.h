/* SPDX-License-Identifier: MIT */
/*
 * directory: from (tenant, series) to a slot. Open addressing; each growth step
 * of the desk has a part of its own, twice as many entries as slots, so growing
 * moves nothing. docketd inserts, anyone looks up; nothing is ever removed.
 *
 *             find   insert
 *   find        -      -      wait-free: bounded by the entries of a step
 *   insert      -      X      X: docketd's one thread
 */
#ifndef DK_TABLE_DIRECTORY_H
#define DK_TABLE_DIRECTORY_H

#include "table/desk.h"

#define DK_NO_SLOT UINT32_MAX

/* The slot of this very key (full compare), or DK_NO_SLOT. */
uint32_t dk_directory_find(const struct dk_desk *desk, const char *tenant, const char *name);

/* docketd: makes a slot findable. Its key is written, its generation set. */
void dk_directory_insert(struct dk_desk *desk, uint32_t slot);

#endif
