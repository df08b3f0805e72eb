/* SPDX-License-Identifier: MIT */
/* database: a database by its plug-in, for who reads rows (source_database.c) or changes them (fix apply --run). */
#ifndef DOCKET_TOOLS_LEGACY_DATABASE_H
#define DOCKET_TOOLS_LEGACY_DATABASE_H

#include "source.h"

struct database;

/* source: "sqlite:FILE", "postgresql:CONNINFO". The plug-in is looked for beside libdocket (as it is built), then in docket/
 * beside it (as it is installed). CLI_DONE, or the exit code of what it has said. */
int database_open(const struct cli *cli, const char *source, bool writable, struct database **opened);
/* NULL is fine. What was begun and not committed is rolled back. */
void database_close(struct database *database);

/* A query: NULL asks for all of the table invoices. 0, or -1: it has said why. */
int database_query(struct database *database, const char *sql);
size_t database_columns(struct database *database);
const char *database_column(struct database *database, size_t at);
/* 1: the cells of these columns (at most 16), NULL text for NULL; they live until the next call. 0: the end. -1: it has said
 * why. */
int database_next(struct database *database, const size_t *wanted, size_t count, struct span *cells);
/* Statements of a writable database; *changed: rows that the last one changed. 0, or -1: it has said why. */
int database_run(struct database *database, const char *sql, uint64_t *changed);
/* The exit code of what was said last. */
int database_code(const struct database *database);

#endif
