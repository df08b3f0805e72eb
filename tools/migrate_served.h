/* SPDX-License-Identifier: MIT */
/*
 * migrate_served: what docket migrate tells of a realm whose docketd serves: its store
 * cannot be opened beside it, and need not be.
 */
#ifndef DOCKET_TOOLS_MIGRATE_SERVED_H
#define DOCKET_TOOLS_MIGRATE_SERVED_H

#include "cli.h"

/* Somebody holds the realm's lock. */
bool migrate_is_served(const struct cli *cli);
/* As the verbs of docketd --offline tell it, with `facts` null. Exit code 1: not at the head of this release. */
int migrate_served_current(const struct cli *cli);
int migrate_served_history(const struct cli *cli);

#endif
