/* SPDX-License-Identifier: MIT */
/* inside: what the files that read one kind of source share with source.c. Nobody else includes it. */
#ifndef DOCKET_TOOLS_LEGACY_INSIDE_H
#define DOCKET_TOOLS_LEGACY_INSIDE_H

#include "map.h"
#include "source.h"

struct reader; /* of one kind */

struct legacy_source {
    const struct cli *cli;
    const char *name; /* as it was said */
    enum legacy_kind kind;
    struct map map;
    struct span tenant; /* of --tenant; no bytes: none was given */
    char *columns[MAP_COUNT]; /* their names in the source; NULL */
    struct reader *reader;
    /* Cells by enum map_what; 1, 0 at the end, -1 when it has said why. */
    int (*next)(struct legacy_source *source, struct span cells[MAP_COUNT], uint64_t *line);
    void (*close)(struct reader *reader);
    int code;
    bool digests;
    uint64_t rows, sum[4]; /* of the rows' digests, modulo 2^256; words from the least on */
};

/* Finds the columns and keeps what they are called; are_names: as map_find() has it. */
int source_find_columns(struct legacy_source *source, const struct span *names, size_t count, bool are_names);

int source_open_csv(struct legacy_source *source);
int source_open_database(struct legacy_source *source);

#endif
