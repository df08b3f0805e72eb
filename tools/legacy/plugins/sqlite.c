/* SPDX-License-Identifier: MIT */
/* sqlite: docket-source-sqlite.so; see ../plugin.h. */
#include "../plugin.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 5000 };

struct connection {
    sqlite3 *database;
    sqlite3_stmt *statement;
};

static int refuse(const struct connection *connection, char *error)
{
    snprintf(error, PLUGIN_ERROR_BYTES, "%s", sqlite3_errmsg(connection->database));
    return -1;
}

static void close_database(void *context)
{
    struct connection *connection = context;
    sqlite3_finalize(connection->statement);
    sqlite3_close(connection->database);
    free(connection);
}

static void *open_database(const char *where, bool writable, char *error)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        snprintf(error, PLUGIN_ERROR_BYTES, "no memory for SQLite");
        return NULL;
    }
    /* Never made anew. A URI (file:...) is SQLite's own. */
    int flags = (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(where, &connection->database, flags, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(connection->database, BUSY_MS);
        /* Views and triggers of a file that somebody sent call nothing that has an effect. */
        sqlite3_db_config(connection->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        return connection;
    }
    if (connection->database == NULL)
        snprintf(error, PLUGIN_ERROR_BYTES, "no memory for SQLite");
    else
        refuse(connection, error);
    close_database(connection);
    return NULL;
}

static int query(void *context, const char *sql, char *error)
{
    struct connection *connection = context;
    const char *rest = "";
    sqlite3_finalize(connection->statement);
    connection->statement = NULL;
    if (sqlite3_prepare_v2(connection->database, sql != NULL ? sql : "SELECT * FROM invoices", -1, &connection->statement, &rest) !=
        SQLITE_OK)
        return refuse(connection, error);
    if (connection->statement == NULL || sqlite3_column_count(connection->statement) == 0) {
        snprintf(error, PLUGIN_ERROR_BYTES, "the query gives no rows; a SELECT is wanted");
        return -1;
    }
    if (rest[strspn(rest, " \t\r\n;")] != '\0') {
        snprintf(error, PLUGIN_ERROR_BYTES, "more than one statement; one SELECT is wanted");
        return -1;
    }
    return 0;
}

static size_t columns(void *context)
{
    const struct connection *connection = context;
    return (size_t)sqlite3_column_count(connection->statement);
}

static const char *column(void *context, size_t at)
{
    const struct connection *connection = context;
    return sqlite3_column_name(connection->statement, (int)at);
}

static int next(void *context, const size_t *wanted, size_t count, struct span *cells, char *error)
{
    struct connection *connection = context;
    int got = sqlite3_step(connection->statement);
    if (got == SQLITE_DONE)
        return 0;
    if (got != SQLITE_ROW)
        return refuse(connection, error);
    for (size_t at = 0; at < count; at++) {
        const unsigned char *text = sqlite3_column_text(connection->statement, (int)wanted[at]);
        int bytes = sqlite3_column_bytes(connection->statement, (int)wanted[at]);
        if (text == NULL && sqlite3_errcode(connection->database) == SQLITE_NOMEM)
            return refuse(connection, error);
        cells[at] = (struct span){(const char *)text, text != NULL ? (size_t)bytes : 0};
    }
    return 1;
}

static int run(void *context, const char *sql, uint64_t *changed, char *error)
{
    struct connection *connection = context;
    if (sqlite3_exec(connection->database, sql, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(connection, error);
    *changed = (uint64_t)sqlite3_changes64(connection->database);
    return 0;
}

__attribute__((visibility("default"))) extern const struct plugin docket_source_plugin;
const struct plugin docket_source_plugin = {
    PLUGIN_VERSION, open_database, query, columns, column, next, run, close_database,
};
