/* SPDX-License-Identifier: MIT */
/* viewing: what the commands that only look have in common. */
#ifndef DOCKET_TOOLS_VIEWING_H
#define DOCKET_TOOLS_VIEWING_H

#include "cli.h"
#include "docket_inspect.h"

/* CLI_DONE, or an exit code when it has said why. */
int viewing_open(const struct cli *cli, docket_view **view);

/* The period in which the clock stands, or NULL. */
const struct docket_view_period *viewing_current(const struct docket_view_series *series);

/* "serving", "stopped", "dead". */
const char *viewing_state(const struct docket_view_realm *realm);

/* "docketd   serving, pid ..." and "realm  ..." */
void viewing_print_realm(const struct docket_view_realm *realm);

/* Adds realm, runtime, store_id, generation, commit_number and docketd. */
void viewing_realm_json(json_t *object, const struct docket_view_realm *realm);

json_t *viewing_series_json(const struct docket_view_series *series);

/* A table with a row for each period of a series. */
struct libscols_table *viewing_series_table(bool with_desk);
void viewing_series_rows(struct libscols_table *table, bool with_desk, const struct docket_view_series *series);

#endif
