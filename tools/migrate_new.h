/* SPDX-License-Identifier: MIT */
/* migrate_new: the file of the next migration, in a source tree of docket's. */
#ifndef DOCKET_TOOLS_MIGRATE_NEW_H
#define DOCKET_TOOLS_MIGRATE_NEW_H

#include "cli.h"

/* name: "invoices", a-z, 0-9 and _. Returns an exit code; all is said. */
int migrate_new(const struct cli *cli, const char *name);

#endif
