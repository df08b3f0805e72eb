/* SPDX-License-Identifier: MIT */
/*
 * docket series add, list.
 */
#include "address.h"
#include "coming.h"
#include "docket_admin.h"
#include "output.h"
#include "policy_options.h"
#include "progress.h"
#include "session.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* ---- add ---- */

struct adding {
    const struct address *address;
    struct docket_policy policy;
    struct coming coming;
};

static docket_status add(docket_realm *realm, void *context)
{
    struct adding *adding = context;
    bool dry = cli_given(adding->coming.cli, OPT_DRY_RUN);
    docket_status status = DOCKET_OK;
    if (dry || adding->policy.start_after_text != NULL)
        status = coming_ask(realm, &adding->coming);
    if (dry || status != DOCKET_OK)
        return status;
    return docket_admin_series_add(realm, adding->address->tenant, adding->address->series, &adding->policy);
}

static int end_add(const struct cli *cli, const struct adding *adding)
{
    const struct address *address = adding->address;
    bool dry = cli_given(cli, OPT_DRY_RUN);
    if (!cli->json) {
        printf("%s/%s %s\n", address->tenant, address->series,
               dry ? "is not declared; it could be (--dry-run)" : "is declared");
        coming_print_read(&adding->coming);
        if (dry || adding->coming.read)
            coming_print(&adding->coming);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL) {
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b}", "realm", output_string(cli->realm), "tenant",
                                                 address->tenant, "series", address->series, "declared", !dry));
        if (dry || adding->coming.read)
            json_object_set(object, "next", adding->coming.array);
        if (adding->coming.read)
            json_object_set_new(object, "start_after", coming_read_json(&adding->coming));
    }
    return output_json(cli, object);
}

static int run_add(struct cli *cli)
{
    char lines[COMING_LINES][DOCKET_TEXT_MAX];
    struct address address;
    int code = address_parse(cli, cli->operands[0], false, &address);
    if (code == CLI_DONE && cli_given(cli, OPT_START_AFTER))
        code = coming_check(cli, "--start-after", cli->values[OPT_START_AFTER]);
    if (code != CLI_DONE)
        return code;
    struct adding adding = {.address = &address, .policy = {.start_after_text = cli->values[OPT_START_AFTER]}};
    code = policy_options(cli, &adding.policy);
    if (code != CLI_DONE)
        return code;
    adding.coming = (struct coming){.cli = cli,
                                    .address = &address,
                                    .policy = &adding.policy,
                                    .declared = true,
                                    .array = cli->json ? json_array() : NULL,
                                    .lines = lines};
    code = session_run(cli, add, &adding);
    if (code == CLI_DONE)
        policy_warn(cli);
    if (code == CLI_DONE)
        code = end_add(cli, &adding);
    json_decref(adding.coming.array);
    return code;
}

/* ---- list ---- */

struct listing {
    json_t *series; /* or */
    struct output_table *table;
    uint64_t count;
    struct progress progress;
};

enum { LIST_COLUMNS = 6 };

static int list_one(void *context, const struct docket_view_series *series)
{
    struct listing *listing = context;
    char name[2 * DOCKET_NAME_MAX + 2], window[16];
    listing->count++;
    progress_step(&listing->progress);
    if (listing->series != NULL) {
        json_array_append_new(listing->series, viewing_series_json(series));
        return 0;
    }
    snprintf(name, sizeof name, "%s/%s", series->tenant, series->name);
    snprintf(window, sizeof window, "%" PRIu32, series->window);
    const char *const cells[LIST_COLUMNS] = {name,   series->order,         series->restart,
                                             window, series->template_text, series->desk};
    output_row(listing->table, cells);
    return 0;
}

static int print_list(const struct cli *cli, const struct listing *listing)
{
    if (!cli->json) {
        if (listing->count == 0)
            printf("no series is at a desk\n");
        output_table_print(listing->table);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL) {
        json_object_set_new(object, "realm", output_string(cli->realm));
        json_object_set_new(object, "series", listing->series);
    }
    return output_json(cli, object);
}

static int run_list(struct cli *cli)
{
    static const char *const headings[LIST_COLUMNS] = {"SERIES", "ORDER", "RESTART", ">WINDOW", "TEMPLATE", "DESK"};
    const struct output_heads heads = {headings, LIST_COLUMNS};
    docket_view *view = NULL;
    struct listing listing = {0};
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code != CLI_DONE)
        return code;
    if (cli->json)
        listing.series = json_array();
    else
        listing.table = output_table_new(cli, &heads);
    progress_begin(&listing.progress, cli, "series read");
    docket_status status = docket_view_each_series(view, list_one, &listing);
    progress_end(&listing.progress);
    if (status == DOCKET_OK) {
        code = print_list(cli, &listing);
    } else {
        code = cli_fail_status(cli, status);
        json_decref(listing.series);
        output_table_drop(listing.table);
    }
    docket_view_close(view);
    return code;
}

const struct cli_command command_series_add = {
    .name = "series add",
    .examples = "$ docket series add acme/INV --restart monthly --template 'INV-{YYYY}{MM}-{N:5}'\n"
                "$ docket series add acme/ORD --order leased --window 5000\n"
                "$ docket series add acme/CRN --start-after 4711   # 4712 was the next one elsewhere\n"
                "$ docket series add acme/OUT --template 'OUT-{YYYY}-{N:6}' --start-after OUT-2025-004711 --dry-run\n"
                "$ docket series add acme/JOB --order gapless --template 'JOB-{YYYY}-{N:4}'\n",
    .operands = "TENANT/SERIES",
    .summary = "declare a series with its policy",
    .text = "Durable on return. Declaring the same again is fine; with other settings it is an\n"
            "honest no. What is not given is the tenant's default, else the realm's (docket.conf); a\n"
            "profile sets what its law asks for where that is not given. docket.conf(5) says each\n"
            "setting, docs/TEMPLATES.md the tokens: {SERIES} {YYYY} {MM} {DD} {FY:2025-26} {N:6} and\n"
            "so on. A gapless series, or one with --ledger on, keeps a record of each number; see\n"
            "docket-issue(1) and docs/LEDGER.md. The window called benchmark (16777216) is not for\n"
            "books. A series whose document numbers could be those of another one of the tenant is\n"
            "refused, with an example. --start-after takes the last number of the system that you come\n"
            "from, as it stands on its document: it is read by the series' template, and where it does\n"
            "not fit, the sentence says where, and which template would. A number of a year (month ...)\n"
            "that is over is for documents dated back into it; the current one begins by itself. Digits\n"
            "alone are a number; what can be both is asked for as number=2511 or text=2511. --dry-run\n"
            "checks all of it, shows the next ten numbers and declares nothing. Starts docketd for the realm if none answers.",
    .options = POLICY_OPTIONS | BIT(OPT_START_AFTER) | BIT(OPT_DRY_RUN) |
               BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_add};

const struct cli_command command_series_list = {
    .name = "series list",
    .examples = "$ docket series add acme/INV\n"
                "$ docket series list\n",
    .operands = "",
    .summary = "the series at the realm's desks",
    .text = "Reads the shared files and works while docketd is dead.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run_list};
