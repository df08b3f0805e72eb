/* SPDX-License-Identifier: MIT */
/*
 * plugin: a database as docket-source-NAME.so gives it. Built beside libdocket, installed in LIBDIR/docket/,
 * opened when a source asks for it: the command itself needs no library of a database.
 *
 * A plug-in exports one table, `docket_source_plugin`. All calls of one connection come from one thread. Errors are
 * sentences in `error`, of at most PLUGIN_ERROR_BYTES with their zero.
 */
#ifndef DOCKET_TOOLS_LEGACY_PLUGIN_H
#define DOCKET_TOOLS_LEGACY_PLUGIN_H

#include "csv.h" /* struct span */

enum { PLUGIN_VERSION = 1, PLUGIN_ERROR_BYTES = 512, PLUGIN_CELLS_MAX = 16 };

#define PLUGIN_SYMBOL "docket_source_plugin"

struct plugin {
    uint32_t version;
    /* where: what stands behind "sqlite:" or "postgresql:", or a URI as a whole. writable: to run statements; else
     * the connection cannot change anything. NULL: error. */
    void *(*open)(const char *where, bool writable, char *error);
    /* Begins a query. NULL asks for the rows of the table invoices. Columns are numbered from 0. */
    int (*query)(void *connection, const char *sql, char *error); /* 0, or -1 */
    size_t (*columns)(void *connection);
    const char *(*column)(void *connection, size_t at); /* its name */
    /* The next row: the cells of these columns, as text; NULL text for NULL. 1, 0 at the end, -1. They live until
     * the next call. */
    int (*next)(void *connection, const size_t *wanted, size_t count, struct span *cells, char *error);
    /* Runs statements of a writable connection, and says how many rows the last one changed. 0, or -1. */
    int (*run)(void *connection, const char *sql, uint64_t *changed, char *error);
    void (*close)(void *connection);
};

#endif
