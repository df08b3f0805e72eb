/* SPDX-License-Identifier: MIT */
#include "database.h"
#include "plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct database {
    const struct cli *cli;
    const char *kind, *package; /* "SQLite", what to install */
    void *library, *connection;
    const struct plugin *plugin;
    int code;
};

static const struct kind {
    const char *name, *file, *package;
} kinds[] = {
    [LEGACY_SQLITE] = {"SQLite", "docket-source-sqlite.so", "libsqlite3-0"},
    [LEGACY_POSTGRESQL] = {"PostgreSQL", "docket-source-postgresql.so", "libpq5"},
};

static int say(struct database *database, docket_status status, const char *what, const char *error)
{
    database->code = cli_fail(database->cli, status, "%s%s: %s", database->kind, what, error);
    return -1;
}

/* ---- the plug-in ---- */

/* The folder of libdocket, which the command is linked with. */
static bool library_folder(char *folder, size_t size)
{
    Dl_info facts;
    if (dladdr((void *)(uintptr_t)docket_status_name, &facts) == 0 || facts.dli_fname == NULL)
        return false;
    char path[PATH_MAX];
    if (realpath(facts.dli_fname, path) == NULL)
        return false;
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return snprintf(folder, size, "%s", path) < (int)size;
}

static void *load(const char *folder, const char *file)
{
    static const char *const places[] = {"%s/%s", "%s/docket/%s"};
    for (int i = 0; i < 2; i++) {
        char path[PATH_MAX];
        int used = snprintf(path, sizeof path, places[i], folder, file);
        if (used > 0 && used < PATH_MAX && access(path, F_OK) == 0)
            return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return NULL;
}

static int find_plugin(struct database *database, const struct kind *kind)
{
    char folder[PATH_MAX - 64];
    const void *symbol = NULL;
    dlerror();
    if (library_folder(folder, sizeof folder))
        database->library = load(folder, kind->file);
    if (database->library == NULL) {
        const char *error = dlerror();
        if (error == NULL)
            return cli_fail(database->cli, DOCKET_SYSTEM,
                            "%s cannot be read here: %s is neither beside libdocket nor in docket/ beside it (%.200s); it is made "
                            "where the database's headers are installed, and then comes with make install; a CSV file can be read "
                            "without it",
                            kind->name, kind->file, folder);
        return cli_fail(database->cli, DOCKET_SYSTEM, "%s cannot be read here: %.300s; the package %s has its library", kind->name,
                        error, kind->package);
    }
    symbol = dlsym(database->library, PLUGIN_SYMBOL);
    database->plugin = symbol;
    if (symbol == NULL || database->plugin->version != PLUGIN_VERSION)
        return cli_fail(database->cli, DOCKET_BAD_LAYOUT, "%s is of another release of docket; install both of one", kind->file);
    return CLI_DONE;
}

/* ---- the connection ---- */

int database_open(const struct cli *cli, const char *source, bool writable, struct database **opened)
{
    char error[PLUGIN_ERROR_BYTES] = "";
    enum legacy_kind kind = legacy_kind_of(source);
    if (kind == LEGACY_CSV)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%.200s is no database: sqlite:FILE or postgresql:CONNINFO is wanted", source);
    struct database *database = calloc(1, sizeof *database);
    if (database == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for a database");
    *database = (struct database){.cli = cli, .kind = kinds[kind].name, .package = kinds[kind].package};
    int code = find_plugin(database, &kinds[kind]);
    const char *where = strchr(source, ':') + 1;
    if (strncmp(where, "//", 2) == 0)
        where = source; /* a URI as a whole */
    if (code == CLI_DONE && where[0] == '\0' && kind == LEGACY_SQLITE)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "sqlite: wants a file, as in sqlite:invoices.db");
    if (code == CLI_DONE && (database->connection = database->plugin->open(where, writable, error)) == NULL)
        code = cli_fail(cli, DOCKET_SYSTEM, kind == LEGACY_SQLITE ? "SQLite, opening the file: %s: %.200s" : "PostgreSQL, connecting: %s", error, where);
    if (code != CLI_DONE) {
        database_close(database);
        return code;
    }
    *opened = database;
    return CLI_DONE;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    if (database->connection != NULL)
        database->plugin->close(database->connection);
    /* The library stays: its own memory may be freed at exit only. */
    free(database);
}

int database_query(struct database *database, const char *sql)
{
    char error[PLUGIN_ERROR_BYTES] = "";
    if (database->plugin->query(database->connection, sql, error) == 0)
        return 0;
    return say(database, DOCKET_BAD_ARGUMENT, sql != NULL ? ", the query" : ", all rows of the table invoices (--query says which)",
               error);
}

size_t database_columns(struct database *database)
{
    return database->plugin->columns(database->connection);
}

const char *database_column(struct database *database, size_t at)
{
    const char *name = database->plugin->column(database->connection, at);
    return name != NULL ? name : "";
}

int database_next(struct database *database, const size_t *wanted, size_t count, struct span *cells)
{
    char error[PLUGIN_ERROR_BYTES] = "";
    int got = database->plugin->next(database->connection, wanted, count, cells, error);
    return got >= 0 ? got : say(database, DOCKET_SYSTEM, ", reading on", error);
}

int database_run(struct database *database, const char *sql, uint64_t *changed)
{
    char error[PLUGIN_ERROR_BYTES] = "";
    *changed = 0;
    return database->plugin->run(database->connection, sql, changed, error) == 0 ? 0 : say(database, DOCKET_SYSTEM, "", error);
}

int database_code(const struct database *database)
{
    return database->code;
}
