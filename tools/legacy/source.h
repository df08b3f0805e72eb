/* SPDX-License-Identifier: MIT */
/*
 * source: the invoices of another system, row by row: from a CSV file or stdin, from SQLite, from PostgreSQL.
 *
 *     SOURCE      FILE.csv, - (CSV on stdin), sqlite:FILE, postgresql:CONNINFO, postgresql://...
 *     --columns   tenant=COL,number=COL,date=COL,id=COL,series=COL,state=COL: names, or positions from 1; what is
 *                 not said is found by the usual names (map.c), number must be there. tenant= (nothing) means
 *                 that there is no such column
 *     --tenant    where there is no column of tenants: the tenant of all rows. Else: only this tenant's rows
 *     --query     of a database: what gives the rows (default: all of the table invoices)
 *     --dates     how dates are written, as strptime(3) has it: %d.%m.%Y (default: as legacy_day() says)
 *     --delimiter of CSV (default: found out from the first line)
 *
 * Invariants
 *  1. Nothing is written to the source: SQLite is opened read-only, PostgreSQL in a read-only transaction.
 *  2. Memory does not grow with the number of rows.
 *  3. Texts are told as they stand there, byte for byte.
 *  4. A command that never opens a database needs no library of one (plugin.h).
 */
#ifndef DOCKET_TOOLS_LEGACY_SOURCE_H
#define DOCKET_TOOLS_LEGACY_SOURCE_H

#include "../cli.h"
#include "csv.h" /* struct span */

/* The options of a command that reads one. */
#define LEGACY_OPTIONS (BIT(OPT_MAP) | BIT(OPT_QUERY) | BIT(OPT_TENANT) | BIT(OPT_DELIMITER) | BIT(OPT_DATES))

struct legacy_source;

/* What has no column is of zero bytes. Texts live until the next call. */
struct legacy_row {
    struct span tenant, number, date, id, series, state;
    uint64_t line; /* of the file, or the row of the query's answer; from 1 */
};

enum { LEGACY_DIGEST_BYTES = 32 };

enum legacy_kind { LEGACY_CSV, LEGACY_SQLITE, LEGACY_POSTGRESQL };

/* CLI_DONE, or the exit code of what it has said. */
int legacy_open(const struct cli *cli, const char *source, struct legacy_source **opened);
/* 1: a row; 0: the end; -1: it has said why it cannot go on, and legacy_code() is the exit code. */
int legacy_next(struct legacy_source *source, struct legacy_row *row);
int legacy_code(const struct legacy_source *source);
/* NULL is fine. */
void legacy_close(struct legacy_source *source);

enum legacy_kind legacy_kind_of(const char *source);
/* The source as it may be printed and kept: without what connects to a server, if there may be a password in it. */
const char *legacy_shown(const char *source);
enum legacy_kind legacy_kind(const struct legacy_source *source);
/* Has the source such a column? */
bool legacy_has(const struct legacy_source *source, const char *what);
/* Its own name of the column that was taken for "number", "tenant" ...; NULL: there is none, or it has no name. */
const char *legacy_column(const struct legacy_source *source, const char *what);

/* The digest of the rows that legacy_next() tells, whatever their order: asked for before the first row (it costs
 * half a microsecond each), told at any time. It covers tenant, number, date, id, series and state, and how many rows
 * there were; not line numbers. It shows that data changed; it is no defence against who wants the same digest. */
void legacy_want_digest(struct legacy_source *source);
/* The row that was just told counts as if this were its number. */
void legacy_digest_as(struct legacy_source *source, const struct legacy_row *row, struct span number);
void legacy_digest(const struct legacy_source *source, uint8_t digest[LEGACY_DIGEST_BYTES]);
/* As digits of 0-9 and a-f. */
static inline void legacy_digest_text(const uint8_t digest[LEGACY_DIGEST_BYTES], char text[2 * LEGACY_DIGEST_BYTES + 1])
{
    for (size_t at = 0; at < LEGACY_DIGEST_BYTES; at++)
        snprintf(text + 2 * at, 3, "%02x", (unsigned)digest[at]);
}

/* Does this state say that the number is void? void, voided, cancelled, canceled, cancel, storno, storniert,
 * annulled, deleted: small and capital letters alike. All else, and no state, says that it is used. */
bool legacy_is_void(struct span state);

/* The day that the text begins with, as yyyymmdd: as --dates of the source that was opened last says, else 2026-11-24 or
 * 20261124; and behind it nothing, or what begins with a blank or T, as in 2026-11-24T10:00:00Z. 0: it does not begin so. */
uint32_t legacy_day(struct span date);

#endif
