/* SPDX-License-Identifier: MIT */
/* source_database: a query's rows as a source. */
#include "database.h"
#include "inside.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct database *database;
    size_t wanted[MAP_COUNT];
    enum map_what what[MAP_COUNT];
    size_t count;
    uint64_t rows;
};

static void close_reader(struct reader *reader)
{
    database_close(reader->database);
    free(reader);
}

static int next_row(struct legacy_source *source, struct span cells[MAP_COUNT], uint64_t *line)
{
    struct reader *reader = source->reader;
    struct span found[MAP_COUNT];
    int got = database_next(reader->database, reader->wanted, reader->count, found);
    if (got < 0)
        source->code = database_code(reader->database);
    if (got != 1)
        return got;
    for (size_t at = 0; at < reader->count; at++)
        cells[reader->what[at]] = found[at];
    *line = ++reader->rows;
    return 1;
}

static int find_columns(struct legacy_source *source, struct reader *reader)
{
    size_t count = database_columns(reader->database);
    struct span *names = calloc(count > 0 ? count : 1, sizeof *names);
    if (names == NULL)
        return cli_fail(source->cli, DOCKET_NO_MEMORY, "no memory for the names of columns");
    for (size_t at = 0; at < count; at++) {
        const char *name = database_column(reader->database, at);
        names[at] = (struct span){name, strlen(name)};
    }
    int code = source_find_columns(source, names, count, true);
    free(names);
    for (int what = 0; code == CLI_DONE && what < MAP_COUNT; what++) {
        if (source->map.at[what] == MAP_NONE)
            continue;
        reader->what[reader->count] = (enum map_what)what;
        reader->wanted[reader->count++] = (size_t)source->map.at[what];
    }
    return code;
}

int source_open_database(struct legacy_source *source)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return cli_fail(source->cli, DOCKET_NO_MEMORY, "no memory to read %.40s", source->name);
    int code = database_open(source->cli, source->name, false, &reader->database);
    if (code == CLI_DONE && database_query(reader->database, source->cli->values[OPT_QUERY]) != 0)
        code = database_code(reader->database);
    source->reader = reader;
    source->next = next_row;
    source->close = close_reader;
    return code == CLI_DONE ? find_columns(source, reader) : code;
}
