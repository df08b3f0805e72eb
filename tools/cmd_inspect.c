/* SPDX-License-Identifier: MIT */
/*
 * docket inspect: all that the shared files say, desk by desk.
 */
#include "output.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>

/* One declaration for text and JSON. All are 64 bits wide here. */
static const struct figure {
    const char *name; /* JSON key */
    const char *text;
} figures[] = {{"seats_taken", "seats taken"},
               {"seats_max", "seats"},
               {"slots_used", "series slots used"},
               {"slots_ready", "series slots ready"},
               {"slots_max", "series slots"},
               {"rows_used", "rows of places used"},
               {"rows_ready", "rows of places ready"},
               {"rows_max", "rows of places"},
               {"waiting", "series waiting for supply"},
               {"board_bytes", "board, bytes of memory"},
               {"table_bytes", "table, bytes of memory"},
               {"commits", "commits"},
               {"commit_ns_last", "last commit, ns"},
               {"commit_ns_max", "slowest commit, ns"},
               {"blocks_laid", "blocks laid"},
               {"raises", "strict limits raised"},
               {"seats_reaped", "seats reaped"},
               {"tails_recovered", "tails recovered"},
               {"numbers_recovered", "numbers recovered"},
               {"numbers_given_back", "numbers given back"},
               {"quarantines", "quarantines"},
               {"evictions", "evictions"},
               {"numbers_out", "numbers handed out, open or laid"},
               {"past_waits", "waits of past processes"},
               {"past_wait_ns_total", "their waits together, ns"},
               {"past_wait_ns_max", "their longest wait, ns"},
               {"past_timeouts", "their time-outs"}};

enum { FIGURES = sizeof figures / sizeof figures[0] };

static void figures_of(const struct docket_view_desk *desk, uint64_t values[FIGURES])
{
    const uint64_t in_order[] = {desk->seats_taken,   desk->seats_max,       desk->slots_used,
                                 desk->slots_ready,   desk->slots_max,       desk->rows_used,
                                 desk->rows_ready,    desk->rows_max,        desk->waiting,
                                 desk->board_bytes,   desk->table_bytes,     desk->commits,
                                 desk->commit_ns_last, desk->commit_ns_max,  desk->blocks_laid,
                                 desk->raises,        desk->seats_reaped,    desk->tails_recovered,
                                 desk->numbers_recovered, desk->numbers_given_back, desk->quarantines,
                                 desk->evictions,     desk->numbers_out,     desk->past_waits,
                                 desk->past_wait_ns_total, desk->past_wait_ns_max, desk->past_timeouts};
    _Static_assert(sizeof in_order / sizeof in_order[0] == FIGURES, "one value for each figure");
    for (size_t i = 0; i < FIGURES; i++)
        values[i] = in_order[i];
}

/* ---- JSON ---- */

struct gathering {
    json_t *desks;   /* array, in order */
    json_t *by_name; /* desk name -> its object */
};

static int gather_desk(void *context, const struct docket_view_desk *desk)
{
    struct gathering *gathering = context;
    uint64_t values[FIGURES];
    json_t *object = json_pack("{s:s, s:{}, s:[], s:[]}", "desk", desk->name, "figures", "series", "seats");
    figures_of(desk, values);
    for (size_t i = 0; i < FIGURES; i++)
        json_object_set_new(json_object_get(object, "figures"), figures[i].name,
                            json_integer((json_int_t)values[i]));
    json_object_set(gathering->by_name, desk->name, object);
    json_array_append_new(gathering->desks, object);
    return 0;
}

static int gather_series(void *context, const struct docket_view_series *series)
{
    struct gathering *gathering = context;
    json_t *desk = json_object_get(gathering->by_name, series->desk);
    json_array_append_new(json_object_get(desk, "series"), viewing_series_json(series));
    return 0;
}

static int gather_seat(void *context, const struct docket_view_seat *seat)
{
    struct gathering *gathering = context;
    json_t *desk = json_object_get(gathering->by_name, seat->desk);
    json_array_append_new(json_object_get(desk, "seats"), viewing_seat_json(seat));
    return 0;
}

static docket_status print_json(const struct cli *cli, docket_view *view, int *code)
{
    struct docket_view_realm realm;
    struct gathering gathering = {.desks = json_array(), .by_name = json_object()};
    json_t *object = output_object();
    docket_status status = docket_view_realm_show(view, &realm);
    if (status == DOCKET_OK)
        status = docket_view_each_desk(view, gather_desk, &gathering);
    if (status == DOCKET_OK)
        status = docket_view_each_series(view, gather_series, &gathering);
    if (status == DOCKET_OK)
        status = docket_view_each_seat(view, gather_seat, &gathering);
    if (status == DOCKET_OK) {
        viewing_realm_json(object, &realm);
        json_object_set(object, "desks", gathering.desks);
        *code = output_json(cli, object);
    } else {
        json_decref(object);
    }
    json_decref(gathering.desks);
    json_decref(gathering.by_name);
    return status;
}

/* ---- text ---- */

static int print_desk(void *context, const struct docket_view_desk *desk)
{
    uint64_t values[FIGURES];
    (void)context;
    figures_of(desk, values);
    printf("\n%s\n", desk->name);
    for (size_t i = 0; i < FIGURES; i++)
        printf("  %-26s %" PRIu64 "\n", figures[i].text, values[i]);
    return 0;
}

static int add_series(void *context, const struct docket_view_series *series)
{
    viewing_series_rows(context, series);
    return 0;
}

static int add_seat(void *context, const struct docket_view_seat *seat)
{
    viewing_seat_row(context, seat);
    return 0;
}

static docket_status print_tables(const struct cli *cli, docket_view *view)
{
    struct output_table *series = output_table_new(cli, &viewing_series_desk_heads);
    struct output_table *seats = output_table_new(cli, &viewing_seat_heads);
    docket_status status = docket_view_each_series(view, add_series, series);
    if (status == DOCKET_OK)
        status = docket_view_each_seat(view, add_seat, seats);
    if (status != DOCKET_OK) {
        output_table_drop(series);
        output_table_drop(seats);
        return status;
    }
    putchar('\n');
    output_table_print(series);
    putchar('\n');
    output_table_print(seats);
    return DOCKET_OK;
}

static docket_status print_text(const struct cli *cli, docket_view *view)
{
    struct docket_view_realm realm;
    docket_status status = docket_view_realm_show(view, &realm);
    if (status != DOCKET_OK)
        return status;
    viewing_print_realm(&realm);
    printf("runtime   %s\nstore     %s\n", realm.runtime, realm.store_id);
    status = docket_view_each_desk(view, print_desk, NULL);
    return status == DOCKET_OK ? print_tables(cli, view) : status;
}

static int run(struct cli *cli)
{
    const struct output_heads tables[] = {viewing_series_desk_heads, viewing_seat_heads};
    docket_view *view = NULL;
    int code = output_check(cli, tables, 2);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code != CLI_DONE)
        return code;
    docket_status status = cli->json ? print_json(cli, view, &code) : print_text(cli, view);
    docket_view_close(view);
    return status == DOCKET_OK ? code : cli_fail_status(cli, status);
}

const struct cli_command command_inspect = {
    .name = "inspect",
    .examples = "$ docket next acme/INV\n"
                "$ docket inspect\n",
    .operands = "",
    .summary = "everything that the shared files say",
    .text = "Per desk: sizes, figures since it was built, every series with its periods, every\n"
            "seat with its leases (OLDEST: age of its oldest open lease in seconds). Reads the\n"
            "shared files only and works while docketd is dead. A snapshot word by word:\n"
            "workers go on meanwhile. --columns takes names of both tables.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
