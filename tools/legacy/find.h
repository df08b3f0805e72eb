/* SPDX-License-Identifier: MIT */
/* find: a plan out of a source. */
#ifndef DOCKET_TOOLS_LEGACY_FIND_H
#define DOCKET_TOOLS_LEGACY_FIND_H

#include "known.h"
#include "plan.h"

/* Stdin can be read once: reads it into a file without a name that stands in for it, if it is none itself. Before
 * find_plan() of "-". CLI_DONE, or it has said why. */
int find_keep_stdin(const struct cli *cli);

/* Reads the source twice, and decides. plan is zero but for `with`; largest: numbers above it are not the highest of
 * their series; 0: all count. CLI_DONE, or it has said why. The plan is the caller's, whatever the answer. */
int find_plan(const struct cli *cli, const char *source, struct known *known, uint64_t largest, struct plan *plan);

#endif
