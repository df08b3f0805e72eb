/* SPDX-License-Identifier: MIT */
/* docket profile list: which countries' rules a series can be checked against. */
#include "docket_admin.h"
#include "output.h"

#include <stdio.h>

enum { COLUMNS = 4 };

static const char *const headings[COLUMNS] = {"PROFILE", "TITLE", "ASKS", "SOURCE"};
static const struct output_heads heads = {headings, COLUMNS};

static json_t *profile_json(const struct docket_profile *profile)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:b}", "profile", profile->name, "title", profile->title,
                     "source", profile->source, "asks", profile->asks, "longest", (json_int_t)profile->longest, "digits",
                     (json_int_t)profile->digits, "last", (json_int_t)profile->last, "chronological",
                     profile->chronological, "consecutive", profile->consecutive);
}

static int run(struct cli *cli)
{
    struct docket_profile profile;
    int code = output_check(cli, &heads, 1);
    if (code != CLI_DONE)
        return code;
    if (cli->json) {
        json_t *object = output_object(), *array = json_array();
        for (unsigned at = 0; docket_admin_profile(at, &profile) == DOCKET_OK; at++)
            json_array_append_new(array, profile_json(&profile));
        if (object != NULL)
            json_object_set(object, "profiles", array);
        json_decref(array);
        return output_json(cli, object);
    }
    struct output_table *table = output_table_new(cli, &heads);
    for (unsigned at = 0; docket_admin_profile(at, &profile) == DOCKET_OK; at++) {
        const char *const cells[COLUMNS] = {profile.name, profile.title, profile.asks[0] != '\0' ? profile.asks : "-",
                                            profile.source[0] != '\0' ? profile.source : "-"};
        output_row(table, cells);
    }
    output_table_print(table);
    return CLI_DONE;
}

const struct cli_command command_profile_list = {
    .name = "profile list",
    .examples = "$ docket profile list\n"
                "$ docket profile list --columns PROFILE,SOURCE\n",
    .operands = "",
    .summary = "the countries' rules that a series can be checked against",
    .text = "Facts to check settings against, not advice: docs/PROFILES.md has where each comes\n"
            "from, and what is not checked. `docket series add --profile NAME` refuses what the\n"
            "rules refuse, with the rule and what would fit. Needs no realm.",
    .options = CLI_TABLE | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
