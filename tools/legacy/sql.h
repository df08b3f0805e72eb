/* SPDX-License-Identifier: MIT */
/*
 * sql: the renumbering as SQL. A script is all or nothing also where its runner goes on after an error, as sqlite3 and
 * psql do: what changes a row needs a table that a roll-back takes away.
 */
#ifndef DOCKET_TOOLS_LEGACY_SQL_H
#define DOCKET_TOOLS_LEGACY_SQL_H

#include "plan.h"

enum sql_dialect { SQL_SQLITE, SQL_POSTGRESQL };

struct sql_table {
    enum sql_dialect dialect;
    const char *name;   /* of the table; a dot parts a schema from it */
    const char *id, *number;
    const char *tenant; /* NULL: it has no such column */
};

/* A script of one transaction over the rows that get a new number and have not done[] it. */
void sql_script(FILE *to, const struct sql_table *table, const struct plan *plan, const uint8_t *done, uint64_t count);

/* Single statements, without a semicolon. */
void sql_begin(FILE *to, const struct sql_table *table);
void sql_lock(FILE *to, const struct sql_table *table); /* nothing where begin has locked */
void sql_update(FILE *to, const struct sql_table *table, const struct plan_row *row);
/* One row with one number: how many have this id and the new number. */
void sql_count_new(FILE *to, const struct sql_table *table, const struct plan_row *row);

#endif
