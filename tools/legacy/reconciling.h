/* SPDX-License-Identifier: MIT */
/*
 * reconciling: the rows of a source as evidence for the unknown numbers of one counter. Rows of other counters, and of
 * numbers that are not unknown, are counted and left out; so however long the source is, what is sent are ranges of unknown
 * numbers only. A period that is named, else the current one.
 */
#ifndef DOCKET_TOOLS_LEGACY_RECONCILING_H
#define DOCKET_TOOLS_LEGACY_RECONCILING_H

#include "../deciding.h"
#include "source.h"

/* An exit code. changes: begun by the caller, and ended by it. */
int reconciling_run(const struct cli *cli, const struct docket_counter_name *name, struct deciding_changes *changes);

#endif
