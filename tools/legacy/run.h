/* SPDX-License-Identifier: MIT */
/*
 * run: a renumbering carried out in the old system's database, in one transaction. A kill or a lost connection at any
 * point leaves all rows with their old numbers or all with their new ones: the database rolls back what was not
 * committed.
 */
#ifndef DOCKET_TOOLS_LEGACY_RUN_H
#define DOCKET_TOOLS_LEGACY_RUN_H

#include "../cli.h"
#include "database.h"
#include "sql.h"

struct run {
    const struct cli *cli;
    struct database *database;
    const struct sql_table *table;
};

/* Connects, begins a transaction, and keeps others from writing to the table until its end. CLI_DONE, or it has said
 * why. */
int run_begin(const struct cli *cli, const char *source, const struct sql_table *table, struct run *run);
/* Changes the rows that are not done, commits if each statement changed one row, and reads them back. CLI_DONE, or it
 * has said why; then nothing was changed, unless it says otherwise. */
int run_change(struct run *run, const struct plan *plan, const uint8_t *done);
/* Rolls back what was not committed. */
void run_end(struct run *run);

#endif
