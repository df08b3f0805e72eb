/* SPDX-License-Identifier: MIT */
/*
 * docket series add, list, show.
 */
#include "address.h"
#include "docket_admin.h"
#include "output.h"
#include "policy_options.h"
#include "progress.h"
#include "session.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- add ---- */

struct adding {
    const struct address *address;
    struct docket_policy policy;
};

static docket_status add(docket_realm *realm, void *context)
{
    const struct adding *adding = context;
    return docket_admin_series_add(realm, adding->address->tenant, adding->address->series, &adding->policy);
}

static int run_add(struct cli *cli)
{
    struct address address;
    uint64_t start_after = 0;
    int code = address_parse(cli, cli->operands[0], false, &address);
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_START_AFTER, 0, DOCKET_NUMBER_MAX - 1, &start_after);
    if (code != CLI_DONE)
        return code;
    struct adding adding = {.address = &address,
                            .policy = {.start_after = start_after}};
    code = policy_options(cli, &adding.policy);
    if (code != CLI_DONE)
        return code;
    code = session_run(cli, add, &adding);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        printf("%s/%s is declared\n", address.tenant, address.series);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b}", "realm", output_string(cli->realm), "tenant",
                                                 address.tenant, "series", address.series, "declared", 1));
    return output_json(cli, object);
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

/* ---- show ---- */

static void next_text(const struct docket_view_series *series, char text[DOCKET_TEXT_MAX])
{
    const struct docket_view_period *now = viewing_current(series);
    if (now == NULL || now->next == 0 || docket_view_text(series, now->next, text, DOCKET_TEXT_MAX) != DOCKET_OK)
        text[0] = '\0';
}

/* The window is one number with two readings; both stand here, as they are now. */
static void show_window(const struct docket_view_series *series)
{
    char runway[VIEWING_TIME_BYTES];
    const struct docket_view_period *now = viewing_current(series);
    uint64_t unknown_now = 0, open = 0;
    for (uint32_t i = 0; i < series->period_count; i++) {
        unknown_now += series->periods[i].unknown_now;
        open += series->periods[i].open;
    }
    printf("window    %" PRIu32 "%s\n", series->window,
           series->window > DOCKET_WINDOW_MAX ? " (benchmark): NOT FOR BOOKS" : "");
    printf("unknown   at most %" PRIu64 " now and %" PRIu32 " by the setting, should the power fail", unknown_now,
           series->window);
    if (open > 0)
        printf("; beside them %" PRIu64 " in open leases", open);
    if (now != NULL && now->rate_per_minute > 0)
        printf("\nrunway    %s should docketd stop: %" PRIu64 " laid, at the %" PRIu32 " a minute it saw\n",
               viewing_runway(now->laid, (double)now->rate_per_minute / 60, runway), now->laid, now->rate_per_minute);
    else
        printf("\nrunway    %" PRIu64 " laid should docketd stop; it has seen no rate yet\n", now != NULL ? now->laid : 0);
}

static void show_text(const struct cli *cli, const struct docket_view_series *series)
{
    char text[DOCKET_TEXT_MAX];
    struct output_table *table = output_table_new(cli, &viewing_series_heads);
    next_text(series, text);
    printf("series    %s/%s at %s%s\n", series->tenant, series->name, series->desk,
           series->quarantined ? ", QUARANTINED" : series->retired ? ", RETIRED" : "");
    printf("order     %s\nrestart   %s\ntemplate  %s\n", series->order, series->restart, series->template_text);
    show_window(series);
    printf("next      %s\n\n", text[0] != '\0' ? text : "nothing is laid");
    viewing_series_rows(table, series);
    output_table_print(table);
}

static int show_json(const struct cli *cli, const struct docket_view_series *series)
{
    char text[DOCKET_TEXT_MAX];
    json_t *object = output_object();
    next_text(series, text);
    if (object != NULL) {
        json_object_set_new(object, "realm", output_string(cli->realm));
        json_object_update_new(object, viewing_series_json(series));
        json_object_set_new(object, "next_text", json_string(text));
    }
    return output_json(cli, object);
}

static int run_show(struct cli *cli)
{
    struct address address;
    struct docket_view_series series;
    docket_view *view = NULL;
    int code = output_check(cli, &viewing_series_heads, 1);
    if (code == CLI_DONE)
        code = address_parse(cli, cli->operands[0], false, &address);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code != CLI_DONE)
        return code;
    docket_status status = docket_view_series_find(view, address.tenant, address.series, &series);
    if (status != DOCKET_OK)
        code = cli_fail_status(cli, status);
    else if (cli->json)
        code = show_json(cli, &series);
    else
        show_text(cli, &series);
    docket_view_close(view);
    return code;
}

const struct cli_command command_series_add = {
    .name = "series add",
    .examples = "$ docket series add acme/INV --restart monthly --template 'INV-{YYYY}{MM}-{N:5}'\n"
                "$ docket series add acme/ORD --order leased --window 5000\n"
                "$ docket series add acme/CRN --start-after 4711   # 4712 was the next one elsewhere\n",
    .operands = "TENANT/SERIES",
    .summary = "declare a series with its policy",
    .text = "Durable on return. Declaring the same again is fine; with other settings it is an\n"
            "honest no. What is not given is the tenant's default, else the realm's (docket.conf); a\n"
            "profile sets what its law asks for where that is not given. docket.conf(5) says each\n"
            "setting, docs/TEMPLATES.md the tokens: {SERIES} {YYYY} {MM} {DD} {FY:2025-26} {N:6} and\n"
            "so on. The window called benchmark (250000) is not for books. Starts docketd for the\n"
            "realm if none answers.",
    .options = POLICY_OPTIONS | BIT(OPT_START_AFTER) |
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

const struct cli_command command_series_show = {
    .name = "series show",
    .examples = "$ docket series add acme/INV\n"
                "$ docket series show acme/INV\n",
    .operands = "TENANT/SERIES",
    .summary = "one series: policy, periods, supply, window and runway",
    .text = "A window is one number with two readings: at most so many numbers become unknown\n"
            "when the power fails, beside the rest of each open lease; and at most so many are\n"
            "left to give when docketd stays away. docketd lays a minute at the seen rate ahead,\n"
            "at least 16, at most the window, and lays again when half of it is gone. Reads the\n"
            "shared files and works while docketd is dead.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_show};
