/* SPDX-License-Identifier: MIT */
/*
 * table: the tables of output.h. libsmartcols aligns them, and makes what must
 * not reach a terminal harmless.
 */
#include "output.h"
#include "table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct output_table {
    struct libscols_table *table;
    struct libscols_line *line; /* the last row */
    struct table_choice choice;
};

/* ---- which columns ---- */

static const char *name_of(const char *heading)
{
    return heading + strspn(heading, ">-");
}

static bool has_flag(const char *heading, char flag)
{
    return memchr(heading, flag, (size_t)(name_of(heading) - heading)) != NULL;
}

static bool find(const struct output_heads *heads, const char *name, size_t bytes, size_t *at)
{
    for (size_t i = 0; i < heads->count; i++) {
        const char *known = name_of(heads->names[i]);
        if (strlen(known) == bytes && strncasecmp(known, name, bytes) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* The name behind this one and its comma. */
static const char *behind(const char *name)
{
    name += strcspn(name, ",");
    return *name == ',' ? name + 1 : NULL;
}

void table_choose(const struct cli *cli, const struct output_heads *heads, struct table_choice *choice)
{
    *choice = (struct table_choice){.count = 0};
    if (!cli_given(cli, OPT_COLUMNS)) {
        for (size_t i = 0; i < heads->count; i++)
            if (!has_flag(heads->names[i], '-'))
                choice->at[choice->count++] = i;
        return;
    }
    for (const char *name = cli->values[OPT_COLUMNS]; name != NULL; name = behind(name)) {
        size_t at;
        if (find(heads, name, strcspn(name, ","), &at) && choice->count < OUTPUT_COLUMNS_MAX)
            choice->at[choice->count++] = at;
    }
}

static int refuse(const struct cli *cli, const struct output_heads *heads, size_t tables, const char *name,
                  size_t bytes)
{
    char known[512];
    size_t used = 0;
    known[0] = '\0';
    for (size_t t = 0; t < tables; t++) {
        for (size_t i = 0; i < heads[t].count; i++) {
            size_t at, before = 0;
            const char *one = name_of(heads[t].names[i]);
            while (before < t && !find(&heads[before], one, strlen(one), &at))
                before++;
            if (before < t)
                continue; /* a table before this one has it too */
            int put = snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? "," : "", one);
            used = put > 0 && (size_t)put < sizeof known - used ? used + (size_t)put : used;
        }
    }
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s has no column '%.*s'; there are %s", cli->command->name,
                    bytes > 40 ? 40 : (int)bytes, name, known);
}

int output_check(const struct cli *cli, const struct output_heads *heads, size_t tables)
{
    size_t count = 0;
    for (const char *name = cli->values[OPT_COLUMNS]; name != NULL; name = behind(name)) {
        size_t at, table = 0;
        size_t bytes = strcspn(name, ",");
        while (table < tables && !find(&heads[table], name, bytes, &at))
            table++;
        if (table == tables)
            return refuse(cli, heads, tables, name, bytes);
        if (++count > OUTPUT_COLUMNS_MAX)
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns takes at most %d names", OUTPUT_COLUMNS_MAX);
    }
    return CLI_DONE;
}

/* ---- colour ---- */

static bool colour_wanted(void)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

static const char *const sequences[] = {
    [OUTPUT_PLAIN] = "\033[0m", [OUTPUT_GREEN] = "\033[32m", [OUTPUT_YELLOW] = "\033[33m", [OUTPUT_RED] = "\033[31m"};

const char *output_colour(enum output_colour colour)
{
    return colour_wanted() ? sequences[colour] : "";
}

/* ---- a table that is held ---- */

struct output_table *output_table_new(const struct cli *cli, const struct output_heads *heads)
{
    struct output_table *made = calloc(1, sizeof *made);
    if (made != NULL)
        made->table = scols_new_table();
    if (made == NULL || made->table == NULL) {
        output_lacks_memory();
        free(made);
        return NULL;
    }
    table_choose(cli, heads, &made->choice);
    for (size_t i = 0; i < made->choice.count; i++) {
        const char *heading = heads->names[made->choice.at[i]];
        if (scols_table_new_column(made->table, name_of(heading), 0, has_flag(heading, '>') ? SCOLS_FL_RIGHT : 0) ==
            NULL)
            output_lacks_memory();
    }
    scols_table_enable_colors(made->table, colour_wanted());
    scols_table_enable_noheadings(made->table, cli_given(cli, OPT_NO_HEADINGS));
    return made;
}

void output_row(struct output_table *table, const char *const *cells)
{
    if (table == NULL || table->choice.count == 0)
        return;
    table->line = scols_table_new_line(table->table, NULL);
    if (table->line == NULL)
        output_lacks_memory();
    for (size_t i = 0; table->line != NULL && i < table->choice.count; i++)
        if (scols_line_set_data(table->line, i, cells[table->choice.at[i]]) != 0)
            output_lacks_memory();
}

void output_paint(struct output_table *table, size_t column, enum output_colour colour)
{
    if (table == NULL || table->line == NULL || colour == OUTPUT_PLAIN || !colour_wanted())
        return;
    for (size_t i = 0; i < table->choice.count; i++) {
        struct libscols_cell *cell = scols_line_get_cell(table->line, i);
        if (table->choice.at[i] == column && cell != NULL && scols_cell_set_color(cell, sequences[colour]) != 0)
            output_lacks_memory();
    }
}

void output_table_print(struct output_table *table)
{
    if (table == NULL)
        return;
    scols_table_set_stream(table->table, stdout);
    if (!scols_table_is_empty(table->table) && scols_print_table(table->table) != 0)
        output_lacks_memory();
    output_table_drop(table);
}

void output_table_drop(struct output_table *table)
{
    if (table != NULL)
        scols_unref_table(table->table);
    free(table);
}

/* ---- a table that is not held ---- */

/* Bytes beyond one for a character: printf() counts bytes. */
static int extra_bytes(const char *text)
{
    int extra = 0;
    for (; *text != '\0'; text++)
        extra += ((unsigned char)*text & 0xc0) == 0x80;
    return extra;
}

static void put_cell(const char *heading, int width, const char *text, bool last)
{
    if (has_flag(heading, '>'))
        printf("%*s", width, text);
    else if (last)
        fputs(text, stdout);
    else
        printf("%-*s", width + extra_bytes(text), text);
    fputs(last ? "\n" : " ", stdout);
}

void output_stream_heads(const struct cli *cli, const struct output_heads *heads, const int *widths)
{
    struct table_choice choice;
    if (cli_given(cli, OPT_NO_HEADINGS))
        return;
    table_choose(cli, heads, &choice);
    for (size_t i = 0; i < choice.count; i++) {
        const char *heading = heads->names[choice.at[i]];
        put_cell(heading, widths[choice.at[i]], name_of(heading), i + 1 == choice.count);
    }
}

void output_stream_row(const struct cli *cli, const struct output_heads *heads, const int *widths,
                       const char *const *cells)
{
    struct table_choice choice;
    table_choose(cli, heads, &choice);
    for (size_t i = 0; i < choice.count; i++) {
        size_t at = choice.at[i];
        put_cell(heads->names[at], widths[at], cells[at], i + 1 == choice.count);
    }
}
