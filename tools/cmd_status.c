/* SPDX-License-Identifier: MIT */
/*
 * docket status: is docketd there, and how long would the supply last.
 */
#include "output.h"
#include "refusal.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>

/* More series than this are not summed up unless asked for: status stays quick. */
#define SUMMED_MAX 10000u

struct totals {
    bool summed; /* what follows of series is known */
    uint64_t series, quarantined, laid, open, leases, without_period;
    uint64_t nearly_used, validity_ends;
    char one_used[2 * DOCKET_NAME_MAX + 2], one_ends[2 * DOCKET_NAME_MAX + 2];
    uint64_t seats_taken, seats_max, waiting;
    uint64_t seats_reaped, tails_recovered, numbers_recovered; /* since the desks were built */
    struct viewing_waits waits;
    struct output_table *table; /* NULL: not asked for */
    json_t *list;                 /* likewise */
};

static int add_desk(void *context, const struct docket_view_desk *desk)
{
    struct totals *totals = context;
    totals->seats_taken += desk->seats_taken;
    totals->seats_max += desk->seats_max;
    totals->waiting += desk->waiting;
    totals->series += desk->slots_used;
    totals->seats_reaped += desk->seats_reaped;
    totals->tails_recovered += desk->tails_recovered;
    totals->numbers_recovered += desk->numbers_recovered;
    viewing_waits_desk(&totals->waits, desk);
    return 0;
}

static int add_seat(void *context, const struct docket_view_seat *seat)
{
    struct totals *totals = context;
    viewing_waits_seat(&totals->waits, seat);
    return 0;
}

/* Supply is what can be taken now: the next period's does not count yet. */
static int add_series(void *context, const struct docket_view_series *series)
{
    struct totals *totals = context;
    const struct docket_view_period *now = viewing_current(series);
    totals->quarantined += series->quarantined != 0;
    totals->without_period += now == NULL && !series->tracked;
    if (viewing_nearly_used(series) && totals->nearly_used++ == 0)
        snprintf(totals->one_used, sizeof totals->one_used, "%s/%s", series->tenant, series->name);
    if (viewing_validity_ends(series) && totals->validity_ends++ == 0)
        snprintf(totals->one_ends, sizeof totals->one_ends, "%s/%s", series->tenant, series->name);
    if (now != NULL) {
        totals->laid += now->laid;
        totals->open += now->open;
        totals->leases += now->leases;
    }
    for (uint32_t i = 0; i < series->period_count; i++)
        viewing_waits_less(&totals->waits, series->periods[i].laid + series->periods[i].open);
    if (totals->table != NULL)
        viewing_series_rows(totals->table, series);
    if (totals->list != NULL)
        json_array_append_new(totals->list, viewing_series_json(series));
    return 0;
}

/* null: not summed up. */
static json_t *sum(const struct totals *totals, uint64_t figure)
{
    return totals->summed ? json_integer((json_int_t)figure) : json_null();
}

static int print_json(const struct cli *cli, const struct docket_view_realm *realm, const struct totals *totals)
{
    json_t *object = output_object();
    if (object == NULL)
        return output_json(cli, NULL);
    viewing_realm_json(object, realm);
    json_object_set_new(
        object, "figures",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "desks",
                  (json_int_t)realm->desk_count, "desks_left_out", (json_int_t)realm->desks_left_out,
                  "seats_taken", (json_int_t)totals->seats_taken, "seats_max", (json_int_t)totals->seats_max,
                  "series", (json_int_t)totals->series, "quarantined", sum(totals, totals->quarantined),
                  "without_period", sum(totals, totals->without_period), "laid", sum(totals, totals->laid), "open",
                  sum(totals, totals->open), "leases", sum(totals, totals->leases), "waiting",
                  (json_int_t)totals->waiting, "seats_reaped", (json_int_t)totals->seats_reaped, "tails_recovered",
                  (json_int_t)totals->tails_recovered, "numbers_recovered", (json_int_t)totals->numbers_recovered));
    json_object_set_new(object, "numbers", json_pack("{s:o, s:o}", "nearly_used", sum(totals, totals->nearly_used),
                                                     "validity_ends", sum(totals, totals->validity_ends)));
    json_object_set_new(object, "waits", totals->summed ? viewing_waits_json(&totals->waits) : json_null());
    json_object_set_new(object, "refused", realm->serving > 0 ? json_null() : refusal_json(cli->realm));
    if (totals->list != NULL)
        json_object_set(object, "series", totals->list);
    return output_json(cli, object);
}

static void print_text(const struct cli *cli, const struct docket_view_realm *realm, struct totals *totals)
{
    char waits[VIEWING_WAITS_BYTES];
    viewing_print_realm(realm);
    refusal_print(cli->realm, realm->serving > 0);
    printf("seats     %" PRIu64 " of %" PRIu64 " taken\n", totals->seats_taken, totals->seats_max);
    printf("series    %" PRIu64, totals->series);
    if (totals->quarantined != 0)
        printf(", %" PRIu64 " QUARANTINED", totals->quarantined);
    if (totals->without_period != 0)
        printf(", %" PRIu64 " without the current period", totals->without_period);
    if (totals->summed)
        printf("\nsupply    %" PRIu64 " laid, %" PRIu64 " left in %" PRIu64 " open leases\n", totals->laid,
               totals->open, totals->leases);
    else
        printf("\nsupply    not summed up over so many series; --verbose does\n");
    if (totals->summed)
        printf("waits     %s\n", viewing_waits_text(&totals->waits, waits));
    if (totals->nearly_used != 0)
        printf("numbers   %" PRIu64 " series have come to their WARNING LEVEL; %s is one (docket series show)\n",
               totals->nearly_used, totals->one_used);
    if (totals->validity_ends != 0)
        printf("validity  of %" PRIu64 " series ENDS within %d days; %s is one\n", totals->validity_ends,
               VIEWING_ENDS_DAYS, totals->one_ends);
    if (totals->seats_reaped != 0)
        printf("recovered %" PRIu64 " dead seats, %" PRIu64 " tails, %" PRIu64 " numbers\n", totals->seats_reaped,
               totals->tails_recovered, totals->numbers_recovered);
    if (totals->waiting != 0)
        printf("waiting   %" PRIu64 " series asked for supply\n", totals->waiting);
    else
        printf("waiting   nothing\n");
    if (totals->table != NULL && totals->series != 0) {
        putchar('\n');
        output_table_print(totals->table);
        totals->table = NULL;
    }
}

static int show(const struct cli *cli, docket_view *view)
{
    struct docket_view_realm realm;
    struct totals totals = {0};
    if (cli_given(cli, OPT_VERBOSE) && cli->json)
        totals.list = json_array();
    else if (cli_given(cli, OPT_VERBOSE))
        totals.table = output_table_new(cli, &viewing_series_heads);
    docket_status status = docket_view_realm_show(view, &realm);
    if (status == DOCKET_OK)
        status = docket_view_each_desk(view, add_desk, &totals);
    totals.summed = totals.series <= SUMMED_MAX || cli_given(cli, OPT_VERBOSE);
    if (status == DOCKET_OK && totals.summed)
        status = docket_view_each_series(view, add_series, &totals);
    if (status == DOCKET_OK && totals.summed)
        status = docket_view_each_seat(view, add_seat, &totals);
    int code = CLI_DONE;
    if (status != DOCKET_OK)
        code = cli_fail_status(cli, status);
    else if (cli->json)
        code = print_json(cli, &realm, &totals);
    else
        print_text(cli, &realm, &totals);
    output_table_drop(totals.table);
    json_decref(totals.list);
    return code == CLI_DONE && realm.serving <= 0 ? CLI_NO : code;
}

static int run(struct cli *cli)
{
    docket_view *view = NULL;
    int code = output_check(cli, &viewing_series_heads, 1);
    if (code == CLI_DONE && cli_given(cli, OPT_COLUMNS) && !cli_given(cli, OPT_VERBOSE))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--columns is of the table that --verbose shows");
    static struct refusal refusal;
    if (code == CLI_DONE && docket_view_open(cli->realm, &view) != DOCKET_OK && refusal_read(cli->realm, &refusal))
        return cli_fail(cli, refusal.status, "docketd does not serve %s: %s", cli->realm, refusal.sentence);
    if (code == CLI_DONE && view == NULL)
        code = viewing_open(cli, &view);
    if (code == CLI_DONE)
        code = show(cli, view);
    docket_view_close(view);
    return code;
}

const struct cli_command command_status = {
    .name = "status",
    .examples = "$ docket next acme/INV\n"
                "$ docket status\n"
                "$ docket status --verbose\n",
    .operands = "",
    .summary = "is docketd serving, and how much supply is left",
    .text = "Reads the shared files: asks docketd nothing and works while it is dead. docketd\n"
            "is serving, stopped (in order) or dead (no heartbeat for 2 s). Supply counts the\n"
            "current period: laid is for anybody, open is left in somebody's lease. Waits: calls that did\n"
            "not find their number laid, of all numbers since the desks were built. Says when a series has\n"
            "used as much of its interval or width as its setting warn says, or when its validity\n"
            "ends within 14 days.\n"
            "Exit code 1 if docketd is not serving, 3 if it has not run since the machine\n"
            "started.",
    .options = BIT(OPT_VERBOSE) | CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
