/* SPDX-License-Identifier: MIT */
#include "sql.h"

#include <inttypes.h>
#include <string.h>

/* ---- words ---- */

static void put_part(FILE *to, const char *name, size_t bytes)
{
    fputc('"', to);
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] == '"')
            fputc('"', to);
        fputc(name[i], to);
    }
    fputc('"', to);
}

static void put_name(FILE *to, const char *name)
{
    put_part(to, name, strlen(name));
}

static void put_table(FILE *to, const struct sql_table *table)
{
    const char *at = table->name;
    for (const char *dot; (dot = strchr(at, '.')) != NULL; at = dot + 1) {
        put_part(to, at, (size_t)(dot - at));
        fputc('.', to);
    }
    put_name(to, at);
}

/* PostgreSQL reads a backslash by a setting, unless E says how. */
static void put_text(FILE *to, const struct sql_table *table, const char *text)
{
    bool slashes = table->dialect == SQL_POSTGRESQL && strchr(text, '\\') != NULL;
    fputs(slashes ? "E'" : "'", to);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || (slashes && *text == '\\'))
            fputc(*text, to);
        fputc(*text, to);
    }
    fputc('\'', to);
}

static void put_equal(FILE *to, const struct sql_table *table, const char *name, const char *text)
{
    put_name(to, name);
    fputs(" = ", to);
    put_text(to, table, text);
}

/* The letters A to Z only: what else is a capital depends on a database's locale. */
static void put_folded(FILE *to, const struct sql_table *table, const char *text)
{
    char folded[4096];
    size_t used = 0;
    for (; *text != '\0' && used < sizeof folded - 1; text++)
        folded[used++] = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
    folded[used] = '\0';
    put_text(to, table, folded);
}

/* ---- statements ---- */

static void put_which(FILE *to, const struct sql_table *table, const struct plan_row *row, const char *number)
{
    fputs(" WHERE ", to);
    put_equal(to, table, table->id, row->id);
    if (table->tenant != NULL) {
        fputs(" AND ", to);
        put_equal(to, table, table->tenant, row->tenant);
    }
    fputs(" AND ", to);
    put_equal(to, table, table->number, number);
}

void sql_begin(FILE *to, const struct sql_table *table)
{
    fputs(table->dialect == SQL_SQLITE ? "BEGIN IMMEDIATE" : "BEGIN", to);
}

void sql_lock(FILE *to, const struct sql_table *table)
{
    if (table->dialect != SQL_POSTGRESQL)
        return;
    fputs("LOCK TABLE ", to);
    put_table(to, table);
    fputs(" IN SHARE ROW EXCLUSIVE MODE", to);
}

void sql_update(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    fputs("UPDATE ", to);
    put_table(to, table);
    fputs(" SET ", to);
    put_equal(to, table, table->number, row->new_number);
    put_which(to, table, row, row->number);
}

void sql_count_new(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    fputs("SELECT count(*) FROM ", to);
    put_table(to, table);
    put_which(to, table, row, row->new_number);
}

/* ---- scripts ---- */

static bool is_meant(const struct plan *plan, const uint8_t *done, size_t at)
{
    return plan->rows[at].what == PLAN_RENUMBER && !done[at];
}

/* One row more in docket_fix, if the row has its new number now; else the check fails, the transaction is rolled back
 * with that table, and each statement behind it fails for lack of it. */
static void put_sqlite_row(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    sql_update(to, table, row);
    fputs(" AND EXISTS (SELECT 1 FROM temp.docket_fix);\nINSERT OR ROLLBACK INTO temp.docket_fix SELECT count(*), ", to);
    put_text(to, table, row->tenant);
    fputs(", ", to);
    put_folded(to, table, row->new_number);
    fputs(" FROM ", to);
    put_table(to, table);
    put_which(to, table, row, row->new_number);
    fputs(";\n", to);
}

static void put_sqlite(FILE *to, const struct sql_table *table, const struct plan *plan, const uint8_t *done, uint64_t count)
{
    fputs("BEGIN;\nCREATE TEMP TABLE docket_fix (ok INTEGER NOT NULL CHECK (ok = 1), tenant TEXT, folded TEXT);\n"
          "INSERT INTO temp.docket_fix VALUES (1, NULL, NULL);\n", to);
    for (size_t i = 0; i < plan->count; i++)
        if (is_meant(plan, done, i))
            put_sqlite_row(to, table, &plan->rows[i]);
    fputs("CREATE INDEX temp.docket_fix_folded ON docket_fix (folded, tenant);\n"
          "INSERT OR ROLLBACK INTO temp.docket_fix SELECT count(*) = ", to);
    fprintf(to, "%" PRIu64 ", NULL, NULL FROM temp.docket_fix AS fixed, ", count);
    put_table(to, table);
    fputs(" AS had WHERE fixed.folded = lower(had.", to);
    put_name(to, table->number);
    fputs(")", to);
    if (table->tenant != NULL) {
        fputs(" AND fixed.tenant = had.", to);
        put_name(to, table->tenant);
    }
    fputs(";\nDROP TABLE temp.docket_fix;\nCOMMIT;\n", to);
}

static void put_postgresql_row(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    fputs("WITH changed AS (", to);
    sql_update(to, table, row);
    fputs(" RETURNING 1) INSERT INTO docket_fix SELECT count(*), ", to);
    put_text(to, table, row->tenant);
    fputs(", ", to);
    put_folded(to, table, row->new_number);
    fputs(" FROM changed;\n", to);
}

/* An error ends PostgreSQL's transaction: its COMMIT is a roll-back then. */
static void put_postgresql(FILE *to, const struct sql_table *table, const struct plan *plan, const uint8_t *done, uint64_t count)
{
    fputs("SET client_encoding TO 'UTF8';\nBEGIN;\n", to); /* in another one a text's bytes could end it early */
    sql_lock(to, table);
    fputs(";\nCREATE TEMPORARY TABLE docket_fix (ok bigint CHECK (ok = 1), tenant text, folded text) ON COMMIT DROP;\n", to);
    for (size_t i = 0; i < plan->count; i++)
        if (is_meant(plan, done, i))
            put_postgresql_row(to, table, &plan->rows[i]);
    fputs("ANALYZE docket_fix;\nINSERT INTO docket_fix SELECT CASE WHEN count(*) = ", to);
    fprintf(to, "%" PRIu64 " THEN 1 ELSE 0 END FROM docket_fix AS fixed, ", count);
    put_table(to, table);
    fputs(" AS had WHERE fixed.folded = lower(had.", to);
    put_name(to, table->number);
    fputs("::text COLLATE \"C\")", to);
    if (table->tenant != NULL) {
        fputs(" AND fixed.tenant = had.", to);
        put_name(to, table->tenant);
        fputs("::text", to);
    }
    fputs(";\nCOMMIT;\n", to);
}

void sql_script(FILE *to, const struct sql_table *table, const struct plan *plan, const uint8_t *done, uint64_t count)
{
    fprintf(to, "-- docket fix apply: %" PRIu64 " %s a new number, all or none.\n", count, count == 1 ? "row gets" : "rows get");
    if (count == 0)
        fputs("-- Each has it already: there is nothing to do.\n", to);
    else if (table->dialect == SQL_SQLITE)
        put_sqlite(to, table, plan, done, count);
    else
        put_postgresql(to, table, plan, done, count);
}
