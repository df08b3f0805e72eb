/* SPDX-License-Identifier: MIT */
/* left: what docket scan finds and a plan leaves alone, added up: a line for each kind, series and period. */
#ifndef DOCKET_TOOLS_LEGACY_LEFT_H
#define DOCKET_TOOLS_LEGACY_LEFT_H

#include "plan.h"
#include "scan.h"

struct left {
    struct left_sum *sums;
    size_t count, room;
};

/* Duplicates are the plan's own and not added. False without memory. */
bool left_add(struct left *left, struct arena *arena, const struct scan_finding *found);
/* In order, into the plan. False without memory. */
bool left_write(struct left *left, struct plan *plan);
void left_drop(struct left *left);

#endif
