/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 300 };

/* The usual names, the likeliest first. Small and capital letters are alike, and so are blanks, - and _. */
static const struct {
    const char *word;
    const char *const *names;
} words[MAP_COUNT] = {
    [MAP_TENANT] = {"tenant", (const char *const[]){"tenant", "tenant_id", "tenant_name", "company", "company_id",
                                                    "organization", "organization_id", "organisation", "org_id",
                                                    "account_id", "mandant", NULL}},
    [MAP_NUMBER] = {"number", (const char *const[]){"number", "invoice_number", "invoice_no", "invoicenumber",
                                                    "document_number", "document_no", "doc_number", "doc_no",
                                                    "number_text", "no", "nr", NULL}},
    [MAP_DATE] = {"date", (const char *const[]){"date", "invoice_date", "document_date", "issue_date", "issued_at",
                                                "issued_on", "date_issued", "created_at", NULL}},
    [MAP_ID] = {"id", (const char *const[]){"id", "invoice_id", "document_id", "uuid", NULL}},
    [MAP_SERIES] = {"series", (const char *const[]){"series", "sequence", "sequence_name", NULL}},
    [MAP_STATE] = {"state", (const char *const[]){"state", "status", NULL}},
};

const char *map_word(enum map_what what)
{
    return words[what].word;
}

enum map_what map_what_of(const char *word, size_t bytes)
{
    int what = 0;
    while (what < MAP_COUNT && (strlen(words[what].word) != bytes || memcmp(words[what].word, word, bytes) != 0))
        what++;
    return (enum map_what)what;
}

/* ---- --columns ---- */

static int read_one(const struct cli *cli, const char *text, size_t bytes, struct map *map)
{
    const char *sign = memchr(text, '=', bytes);
    size_t word = sign != NULL ? (size_t)(sign - text) : bytes, name = sign != NULL ? bytes - word - 1 : 0;
    enum map_what what = map_what_of(text, word);
    if (sign == NULL || what == MAP_COUNT)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                        "--columns wants tenant=COL,number=COL,date=COL,id=COL,series=COL,state=COL, any of them, with names "
                        "or positions from 1; not '%.*s'", (int)bytes, text);
    if (map->said[what])
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns says %s twice", words[what].word);
    if (name >= MAP_NAME_BYTES)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns: a column's name of more than %d bytes", MAP_NAME_BYTES - 1);
    if (name == 0 && what == MAP_NUMBER)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns: number= wants a column; there is nothing to look at without one");
    map->said[what] = true;
    memcpy(map->wanted[what], sign + 1, name);
    map->wanted[what][name] = '\0';
    return CLI_DONE;
}

int map_read(const struct cli *cli, const char *columns, struct map *map)
{
    int code = CLI_DONE;
    *map = (struct map){.at = {MAP_NONE, MAP_NONE, MAP_NONE, MAP_NONE, MAP_NONE, MAP_NONE}};
    for (const char *at = columns; code == CLI_DONE && at != NULL;) {
        const char *comma = strchr(at, ',');
        code = read_one(cli, at, comma != NULL ? (size_t)(comma - at) : strlen(at), map);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return code;
}

/* Always a position, also where a column is called so. */
static bool is_position(const char *wanted)
{
    return wanted[0] >= '1' && wanted[0] <= '9' && wanted[strspn(wanted, "0123456789")] == '\0' && strlen(wanted) <= 4;
}

int map_number_position(const struct map *map)
{
    bool all = map->said[MAP_NUMBER];
    for (int what = 0; what < MAP_COUNT; what++)
        all = all && (!map->said[what] || map->wanted[what][0] == '\0' || is_position(map->wanted[what]));
    return all ? (int)strtoul(map->wanted[MAP_NUMBER], NULL, 10) - 1 : MAP_NONE;
}

/* ---- among names ---- */

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == ' ' || c == '-' ? '_' : c;
}

static bool is_alike(struct span name, const char *wanted)
{
    size_t at = 0;
    while (at < name.bytes && wanted[at] != '\0' && plain(name.text[at]) == plain(wanted[at]))
        at++;
    return at == name.bytes && wanted[at] == '\0';
}

static int find_name(const char *wanted, const struct span *names, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (is_alike(names[at], wanted))
            return (int)at;
    return MAP_NONE;
}

static const char *list(const struct span *names, size_t count, char text[NAMES_SHOWN])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t at = 0; at < count && used + 1 < NAMES_SHOWN; at++) {
        int put = snprintf(text + used, NAMES_SHOWN - used, "%s%.*s", at > 0 ? ", " : "",
                           (int)(names[at].bytes < 60 ? names[at].bytes : 60), names[at].text);
        used += put > 0 ? (size_t)put : 0;
    }
    return text;
}

static int find_said(const struct cli *cli, struct map *map, int what, const struct span *names, size_t count)
{
    char shown[NAMES_SHOWN];
    const char *wanted = map->wanted[what];
    if (wanted[0] == '\0')
        return CLI_DONE;
    if (!is_position(wanted))
        map->at[what] = find_name(wanted, names, count);
    else if (strtoul(wanted, NULL, 10) <= count)
        map->at[what] = (int)strtoul(wanted, NULL, 10) - 1;
    if (map->at[what] != MAP_NONE)
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns: there is no column %s=%s; there are: %s", words[what].word, wanted,
                    list(names, count, shown));
}

static int refuse_lack(const struct cli *cli, enum map_what what, const struct span *names, size_t count)
{
    char shown[NAMES_SHOWN];
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "no column looks like the %s; name it with --columns %s=COLUMN%s; there are: %s",
                    words[what].word, words[what].word,
                    what == MAP_TENANT ? ", or give --tenant NAME where all rows are of one" : "", list(names, count, shown));
}

int map_find(const struct cli *cli, struct map *map, const struct span *names, size_t count, bool are_names,
             bool tenant_given)
{
    for (int what = 0; what < MAP_COUNT; what++) {
        int code = map->said[what] ? find_said(cli, map, what, names, count) : CLI_DONE;
        if (code != CLI_DONE)
            return code;
        for (const char *const *name = words[what].names;
             are_names && !map->said[what] && map->at[what] == MAP_NONE && *name != NULL; name++)
            map->at[what] = find_name(*name, names, count);
    }
    if (map->at[MAP_NUMBER] == MAP_NONE)
        return refuse_lack(cli, MAP_NUMBER, names, count);
    if (map->at[MAP_TENANT] == MAP_NONE && !tenant_given)
        return refuse_lack(cli, MAP_TENANT, names, count);
    return CLI_DONE;
}
