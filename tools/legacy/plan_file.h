/* SPDX-License-Identifier: MIT */
/* plan_file: a plan to a file and back. */
#ifndef DOCKET_TOOLS_LEGACY_PLAN_FILE_H
#define DOCKET_TOOLS_LEGACY_PLAN_FILE_H

#include "../cli.h"
#include "plan.h"

/* Never over a plan that is there: somebody may have edited it. What a crash leaves of it is cut off, and
 * plan_file_read() refuses that. CLI_DONE, or it has said why. */
int plan_file_write(const struct cli *cli, const struct plan *plan, const char *name);

/* name: "-" is stdin. plan is zero. CLI_DONE, or it has said why, with the line. */
int plan_file_read(const struct cli *cli, const char *name, struct plan *plan);

#endif
