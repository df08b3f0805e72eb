/* SPDX-License-Identifier: MIT */
/* output: JSON objects and aligned tables on stdout. */
#ifndef DOCKET_TOOLS_OUTPUT_H
#define DOCKET_TOOLS_OUTPUT_H

#include "cli.h"

/* Before anything else; and whether all that was put out found its memory. */
void output_begin(void);
bool output_is_whole(void);

/* {"schema_version":1}, or NULL without memory; output_json() takes it over. */
json_t *output_object(void);
int output_json(const struct cli *cli, json_t *object);

/* Text that may not be UTF-8, such as a path: as it is, or with ? in it. */
json_t *output_string(const char *text);

/* "2026-11-24T02:30:50Z". */
enum { OUTPUT_TIME_BYTES = 40 };
const char *output_time(int64_t utc_s, char text[OUTPUT_TIME_BYTES]);

/* A table; a heading that begins with '>' is aligned right. */
struct libscols_table;
struct libscols_table *output_table(const char *const *headings, size_t count);
void output_row(struct libscols_table *table, const char *const *cells, size_t count);
/* Prints and frees; frees only. NULL is fine. */
void output_table_print(struct libscols_table *table);
void output_table_drop(struct libscols_table *table);

#endif
