/* SPDX-License-Identifier: MIT */
/*
 * docket seat list: who sits where, and what they hold.
 */
#include "output.h"
#include "viewing.h"

#include <stdio.h>

struct listing {
    json_t *seats; /* or */
    struct output_table *table;
    uint64_t count;
};

static int list_one(void *context, const struct docket_view_seat *seat)
{
    struct listing *listing = context;
    listing->count++;
    if (listing->seats != NULL) {
        json_t *object = viewing_seat_json(seat);
        json_object_set_new(object, "desk", json_string(seat->desk));
        json_array_append_new(listing->seats, object);
    } else {
        viewing_seat_row(listing->table, seat);
    }
    return 0;
}

static int print_json(const struct cli *cli, const struct listing *listing)
{
    json_t *object = output_object();
    if (object != NULL) {
        json_object_set_new(object, "realm", output_string(cli->realm));
        json_object_set(object, "seats", listing->seats);
    }
    return output_json(cli, object);
}

static int list(const struct cli *cli, docket_view *view)
{
    struct listing listing = {0};
    if (cli->json)
        listing.seats = json_array();
    else
        listing.table = output_table_new(cli, &viewing_seat_heads);
    docket_status status = docket_view_each_seat(view, list_one, &listing);
    int code = CLI_DONE;
    if (status != DOCKET_OK) {
        code = cli_fail_status(cli, status);
    } else if (cli->json) {
        code = print_json(cli, &listing);
    } else {
        if (listing.count == 0)
            printf("nobody sits at a desk\n");
        output_table_print(listing.table);
        listing.table = NULL;
    }
    json_decref(listing.seats);
    output_table_drop(listing.table);
    return code;
}

static int run(struct cli *cli)
{
    docket_view *view = NULL;
    int code = output_check(cli, &viewing_seat_heads, 1);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code == CLI_DONE)
        code = list(cli, view);
    docket_view_close(view);
    return code;
}

const struct cli_command command_seat_list = {
    .name = "seat list",
    .examples = "$ docket seat list\n"
                "$ docket seat list --columns PID,LIFE,LEASES,WORST_WAIT\n",
    .operands = "",
    .summary = "the processes at the realm's desks, and what they hold",
    .text = "A line for each seat that is taken. LIFE: alive if a process holds the seat's lock;\n"
            "gone if none does, until docketd gives the seat's numbers back (at once, if it is\n"
            "serving). OLDEST: age of its oldest open lease in seconds. More columns: STATE,\n"
            "WORST_WAIT. PID is for display: nothing is decided by it. Reads the shared files\n"
            "only and works while docketd is dead.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
