/* SPDX-License-Identifier: MIT */
/*
 * postgresql: docket-source-postgresql.so; see ../plugin.h. Rows come by COPY, which is three times as fast as single
 * rows, inside a read-only transaction; dates as ISO 8601.
 */
#include "../plugin.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

struct connection {
    PGconn *server;
    char *sql; /* the query, without semicolons at its end */
    PGresult *described; /* its columns */
    bool copying;
    char *row; /* of libpq */
};

static int refuse(const struct connection *connection, char *error)
{
    const char *text = PQerrorMessage(connection->server);
    snprintf(error, PLUGIN_ERROR_BYTES, "%s", text);
    for (size_t end = strlen(error); end > 0 && error[end - 1] == '\n'; end--)
        error[end - 1] = '\0';
    for (char *at = error; *at != '\0'; at++)
        *at = *at == '\n' || *at == '\t' ? ' ' : *at; /* one sentence, one line */
    return -1;
}

static int no_memory(char *error)
{
    snprintf(error, PLUGIN_ERROR_BYTES, "no memory for PostgreSQL");
    return -1;
}

static void close_server(void *context)
{
    struct connection *connection = context;
    PQfreemem(connection->row);
    PQclear(connection->described);
    PQfinish(connection->server);
    free(connection->sql);
    free(connection);
}

static int command(struct connection *connection, const char *sql, char *error)
{
    PGresult *result = PQexec(connection->server, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : refuse(connection, error);
}

static void quiet(void *context, const char *message)
{
    (void)context, (void)message; /* notices are not ours to print */
}

static void *open_server(const char *where, bool writable, char *error)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        no_memory(error);
        return NULL;
    }
    connection->server = PQconnectdb(where);
    int failed = PQstatus(connection->server) != CONNECTION_OK ? refuse(connection, error) : 0;
    if (failed == 0) {
        PQsetNoticeProcessor(connection->server, quiet, NULL);
        failed = command(connection, "SET datestyle TO 'ISO, YMD'; SET client_encoding TO 'UTF8'", error);
    }
    if (failed == 0 && !writable)
        failed = command(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
    if (failed == 0)
        return connection;
    close_server(connection);
    return NULL;
}

static int query(void *context, const char *sql, char *error)
{
    struct connection *connection = context;
    free(connection->sql);
    PQclear(connection->described);
    connection->described = NULL;
    connection->sql = strdup(sql != NULL ? sql : "SELECT * FROM invoices");
    if (connection->sql == NULL)
        return no_memory(error);
    for (size_t end = strlen(connection->sql); end > 0 && strchr("; \t\r\n", connection->sql[end - 1]) != NULL; end--)
        connection->sql[end - 1] = '\0';
    PGresult *prepared = PQprepare(connection->server, "", connection->sql, 0, NULL);
    bool is_prepared = PQresultStatus(prepared) == PGRES_COMMAND_OK;
    PQclear(prepared);
    if (!is_prepared)
        return refuse(connection, error);
    connection->described = PQdescribePrepared(connection->server, "");
    if (PQresultStatus(connection->described) != PGRES_COMMAND_OK)
        return refuse(connection, error);
    if (PQnfields(connection->described) > 0)
        return 0;
    snprintf(error, PLUGIN_ERROR_BYTES, "the query gives no rows; a SELECT is wanted");
    return -1;
}

static size_t columns(void *context)
{
    const struct connection *connection = context;
    return (size_t)PQnfields(connection->described);
}

static const char *column(void *context, size_t at)
{
    const struct connection *connection = context;
    return PQfname(connection->described, (int)at);
}

/* ---- rows ---- */

/* COPY (SELECT "a", "b" FROM (query) AS rows) TO STDOUT */
static char *copy_of(const struct connection *connection, const size_t *wanted, size_t count)
{
    size_t room = strlen(connection->sql) + 128 + count * (2 * NAME_BYTES + 8), used;
    char *sql = malloc(room);
    if (sql == NULL)
        return NULL;
    used = (size_t)snprintf(sql, room, "COPY (SELECT ");
    for (size_t at = 0; at < count; at++) {
        char *name = PQescapeIdentifier(connection->server, PQfname(connection->described, (int)wanted[at]),
                                        strlen(PQfname(connection->described, (int)wanted[at])));
        if (name == NULL || used + strlen(name) + 4 > room) {
            PQfreemem(name);
            free(sql);
            return NULL;
        }
        used += (size_t)snprintf(sql + used, room - used, "%s%s", at > 0 ? ", " : "", name);
        PQfreemem(name);
    }
    snprintf(sql + used, room - used, " FROM (%s\n) AS docket_rows) TO STDOUT", connection->sql);
    return sql;
}

static int begin(struct connection *connection, const size_t *wanted, size_t count, char *error)
{
    char *sql = copy_of(connection, wanted, count);
    if (sql == NULL)
        return no_memory(error);
    PGresult *result = PQexec(connection->server, sql);
    bool copies = PQresultStatus(result) == PGRES_COPY_OUT;
    PQclear(result);
    free(sql);
    if (!copies)
        return refuse(connection, error);
    connection->copying = true;
    return 0;
}

static char *unescape_one(char *to, const char **from)
{
    static const char letters[] = "bfnrtv", meanings[] = "\b\f\n\r\t\v";
    char c = *++*from;
    const char *letter = strchr(letters, c);
    if (c == '\0') /* no server ends a line so; then there is nothing behind it */
        return to;
    *to++ = letter != NULL ? meanings[letter - letters] : c;
    ++*from;
    return to;
}

/* One line of COPY's text: cells between tabs; \N is NULL, other escapes are letters. It is undone where it stands. */
static bool split(char *line, size_t count, struct span *cells)
{
    const char *from = line;
    char *to = line;
    for (size_t at = 0; at < count; at++) {
        char *begins = to;
        bool is_null = from[0] == '\\' && from[1] == 'N' && (from[2] == '\t' || from[2] == '\n');
        if (is_null)
            from += 2;
        while (*from != '\t' && *from != '\n' && *from != '\0') {
            if (*from == '\\')
                to = unescape_one(to, &from);
            else
                *to++ = *from++;
        }
        cells[at] = (struct span){is_null ? NULL : begins, (size_t)(to - begins)};
        if ((*from == '\t') != (at + 1 < count))
            return false;
        from++;
        *to++ = '\0'; /* behind it nothing is left to be read */
    }
    return true;
}

static int end(struct connection *connection, char *error)
{
    int outcome = 0;
    PGresult *result;
    connection->copying = false;
    while ((result = PQgetResult(connection->server)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && outcome == 0)
            outcome = refuse(connection, error);
        PQclear(result);
    }
    return outcome;
}

static int next(void *context, const size_t *wanted, size_t count, struct span *cells, char *error)
{
    struct connection *connection = context;
    if (!connection->copying && begin(connection, wanted, count, error) != 0)
        return -1;
    PQfreemem(connection->row);
    connection->row = NULL;
    int got = PQgetCopyData(connection->server, &connection->row, 0);
    if (got == -1)
        return end(connection, error);
    if (got < 0)
        return refuse(connection, error);
    if (split(connection->row, count, cells))
        return 1;
    snprintf(error, PLUGIN_ERROR_BYTES, "a row that does not have %zu columns", count);
    return -1;
}

static int run(void *context, const char *sql, uint64_t *changed, char *error)
{
    struct connection *connection = context;
    PGresult *result = PQexec(connection->server, sql);
    ExecStatusType status = PQresultStatus(result);
    *changed = status == PGRES_COMMAND_OK ? strtoull(PQcmdTuples(result), NULL, 10) : 0;
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : refuse(connection, error);
}

__attribute__((visibility("default"))) extern const struct plugin docket_source_plugin;
const struct plugin docket_source_plugin = {
    PLUGIN_VERSION, open_server, query, columns, column, next, run, close_server,
};
