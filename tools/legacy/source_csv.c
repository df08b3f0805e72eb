/* SPDX-License-Identifier: MIT */
/* source_csv: a CSV file, or stdin, as a source. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    struct csv csv;
    int fd;
    bool held; /* the first record was read, and is a row */
};

static void close_csv(struct reader *reader)
{
    csv_close(&reader->csv);
    if (reader->fd > STDIN_FILENO)
        close(reader->fd);
    free(reader);
}

static int fail(struct legacy_source *source)
{
    source->code = cli_fail(source->cli, DOCKET_BAD_ARGUMENT, "%.200s, %s",
                            strcmp(source->name, "-") == 0 ? "stdin" : source->name, source->reader->csv.error);
    return -1;
}

static int next_csv(struct legacy_source *source, struct span cells[MAP_COUNT], uint64_t *line)
{
    struct csv *csv = &source->reader->csv;
    int got = source->reader->held ? 1 : csv_next(csv);
    source->reader->held = false;
    if (got != 1)
        return got == 0 ? 0 : fail(source);
    for (int what = 0; what < MAP_COUNT; what++)
        if (source->map.at[what] != MAP_NONE)
            cells[what] = csv->cells[source->map.at[what]];
    *line = csv->line;
    return 1;
}

static int open_file(struct legacy_source *source, int *fd)
{
    struct stat facts;
    *fd = STDIN_FILENO;
    if (strcmp(source->name, "-") == 0)
        return CLI_DONE;
    *fd = open(source->name, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cli_fail(source->cli, DOCKET_SYSTEM, "cannot read %.200s: %s", source->name, strerror(errno));
    if (fstat(*fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        close(*fd);
        return cli_fail(source->cli, DOCKET_BAD_ARGUMENT, "%.200s is a directory; a CSV file is wanted", source->name);
    }
    return CLI_DONE;
}

/* A number has a digit: where the columns are positions and the first line has none there, it is a line of names. */
static bool is_heading(const struct legacy_source *source)
{
    int at = map_number_position(&source->map);
    const struct csv *csv = &source->reader->csv;
    if (at == MAP_NONE || (size_t)at >= csv->count)
        return true; /* names are wanted; or there is no such column, which is said then */
    const struct span *cell = &csv->cells[at];
    for (size_t i = 0; i < cell->bytes; i++)
        if (cell->text[i] >= '0' && cell->text[i] <= '9')
            return false;
    return true;
}

static int find_columns(struct legacy_source *source)
{
    struct reader *reader = source->reader;
    int got = csv_next(&reader->csv);
    if (got < 0)
        return fail(source), source->code;
    if (got == 0)
        return cli_fail(source->cli, DOCKET_BAD_ARGUMENT,
                        "%.200s is empty; its first line should name the columns, such as tenant,number,date,id", source->name);
    reader->held = !is_heading(source);
    return source_find_columns(source, reader->csv.cells, reader->csv.count, !reader->held);
}

int source_open_csv(struct legacy_source *source)
{
    const char *delimiter = source->cli->values[OPT_DELIMITER];
    int fd, code = open_file(source, &fd);
    if (code != CLI_DONE)
        return code;
    struct reader *reader = malloc(sizeof *reader);
    if (reader == NULL || !csv_open(&reader->csv, fd, delimiter == NULL ? '\0' : delimiter[1] == '\0' ? delimiter[0] : '\t')) {
        free(reader);
        if (fd > STDIN_FILENO)
            close(fd);
        return cli_fail(source->cli, DOCKET_NO_MEMORY, "no memory to read %.200s", source->name);
    }
    reader->fd = fd;
    reader->held = false;
    source->reader = reader;
    source->next = next_csv;
    source->close = close_csv;
    return find_columns(source);
}
