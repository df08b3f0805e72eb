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
/* "2026-11-24T03:30:50+01:00", where the reader sits ($TZ). */
const char *output_time_local(int64_t utc_s, char text[OUTPUT_TIME_BYTES]);
/* "2026-11-24" of yyyymmdd; and null in JSON where there is none. */
const char *output_day(uint32_t yyyymmdd, char text[OUTPUT_TIME_BYTES]);
json_t *output_day_json(uint32_t yyyymmdd);

/* ---- tables ----
 *
 * A heading may begin with '>', aligned right, or '-', shown only if --columns
 * asks for it, or both ("->"). All that a command's tables have can be asked
 * for; a table of which nothing is asked for is not printed.
 */
struct output_heads {
    const char *const *names;
    size_t count; /* at most OUTPUT_COLUMNS_MAX */
};
enum { OUTPUT_COLUMNS_MAX = 24 };

/* Before anything is opened: CLI_USAGE if --columns names what no table of the
 * command has. The sentence lists what there is. */
int output_check(const struct cli *cli, const struct output_heads *heads, size_t tables);

/* NULL without memory; the functions below then do nothing. */
struct output_table;
struct output_table *output_table_new(const struct cli *cli, const struct output_heads *heads);

/* A cell for each heading, in their order. */
void output_row(struct output_table *table, const char *const *cells);

/* Colours a cell of the last row, where colour is wanted: on a terminal, and
 * never with NO_COLOR or TERM=dumb. */
enum output_colour { OUTPUT_PLAIN, OUTPUT_GREEN, OUTPUT_YELLOW, OUTPUT_RED };
void output_paint(struct output_table *table, size_t column, enum output_colour colour);

/* Prints and frees; frees only. NULL is fine. An empty table prints nothing. */
void output_table_print(struct output_table *table);
void output_table_drop(struct output_table *table);

/* A table too long to be held: each row is printed at once, in columns of a
 * least width. widths: one for each heading. */
void output_stream_heads(const struct cli *cli, const struct output_heads *heads, const int *widths);
void output_stream_row(const struct cli *cli, const struct output_heads *heads, const int *widths,
                       const char *const *cells);

/* One record of comma-separated values (RFC 4180). */
void output_csv(const char *const *cells, size_t count);
/* --csv stands alone: CLI_USAGE with --json, --columns or --no-headings. */
int output_check_csv(const struct cli *cli);

/* The escape sequence that begins a colour on stdout, or "". OUTPUT_PLAIN ends it. */
const char *output_colour(enum output_colour colour);

#endif
