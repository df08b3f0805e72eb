/* SPDX-License-Identifier: MIT */
/* map: which column of a source is the number, the tenant, the date ... */
#ifndef DOCKET_TOOLS_LEGACY_MAP_H
#define DOCKET_TOOLS_LEGACY_MAP_H

#include "../cli.h"
#include "csv.h"

enum map_what { MAP_TENANT, MAP_NUMBER, MAP_DATE, MAP_ID, MAP_SERIES, MAP_STATE, MAP_COUNT };

enum { MAP_NAME_BYTES = 128, MAP_NONE = -1 };

struct map {
    bool said[MAP_COUNT];                   /* by --columns */
    char wanted[MAP_COUNT][MAP_NAME_BYTES]; /* what it said: a name, a position, or nothing */
    int at[MAP_COUNT];                      /* the column, from 0; MAP_NONE */
};

/* "number", "tenant" ... */
const char *map_word(enum map_what what);
/* MAP_COUNT: there is no such word. */
enum map_what map_what_of(const char *word, size_t bytes);

/* Reads --columns (NULL: nothing said). CLI_DONE, or it has said why. */
int map_read(const struct cli *cli, const char *columns, struct map *map);
/* Where the number is, from 0, if every column that was said is a position: then a source needs no names. Else MAP_NONE. */
int map_number_position(const struct map *map);
/* Finds the columns among these names. are_names: false of a line that is a row already; then what was said are positions.
 * tenant_given: a source without a column of tenants will do. */
int map_find(const struct cli *cli, struct map *map, const struct span *names, size_t count, bool are_names,
             bool tenant_given);

#endif
