/* SPDX-License-Identifier: MIT */
/* docket period list, docket period close. */
#include "deciding.h"
#include "progress.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *holder_json(const struct docket_holder *holder)
{
    return json_pack("{s:s, s:i, s:I, s:i, s:I, s:I}", "desk", holder->desk, "seat", (int)holder->seat, "pid",
                     (json_int_t)holder->pid, "uid", (int)holder->uid, "leases", (json_int_t)holder->leases, "numbers",
                     (json_int_t)holder->numbers);
}

/* ---- list ---- */

enum { COLUMNS = 10 };
static const char *const headings[COLUMNS] = {"PERIOD", "STATE", "FIRST",  "LAST",       "BEGINS",
                                              "ENDS",   ">GIVEN", ">MARK", "LAST-DATE", "-HOLDERS"};
static const struct output_heads heads = {headings, COLUMNS};

struct listing {
    const struct cli *cli;
    struct address address;
    json_t *array;
    struct output_table *table;
    uint64_t count;
};

static const char *day_text(uint32_t yyyymmdd, char text[OUTPUT_TIME_BYTES])
{
    return yyyymmdd == 0 ? "-" : output_day(yyyymmdd, text);
}

static void put_json(struct listing *listing, const struct docket_period *period)
{
    char label[PERIOD_TEXT_BYTES], begins[OUTPUT_TIME_BYTES], ends[OUTPUT_TIME_BYTES];
    json_t *holders = json_array();
    bool edged = period->end_s != INT64_MAX;
    for (uint32_t i = 0; i < period->holders_told; i++)
        json_array_append_new(holders, holder_json(&period->holders[i]));
    json_array_append_new(
        listing->array,
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:i, s:o}", "period", (int)period->period,
                  "label", address_period_text(period->period, label), "state", period->state, "first_day",
                  output_day_json(period->first), "last_day", output_day_json(period->last), "begins",
                  edged ? json_string(output_time(period->start_s, begins)) : json_null(), "ends",
                  edged ? json_string(output_time(period->end_s, ends)) : json_null(), "first_number",
                  (json_int_t)period->first_number, "given", (json_int_t)period->given, "mark",
                  (json_int_t)period->mark, "last_date", output_day_json(period->last_date), "holder_count",
                  (int)period->holder_count, "holders", holders));
}

static int take_period(void *context, const struct docket_period *period)
{
    struct listing *listing = context;
    char label[PERIOD_TEXT_BYTES], begins[OUTPUT_TIME_BYTES], ends[OUTPUT_TIME_BYTES], first[OUTPUT_TIME_BYTES];
    char last[OUTPUT_TIME_BYTES], date[OUTPUT_TIME_BYTES];
    char given[24], mark[24], holders[64] = "-";
    bool edged = period->end_s != INT64_MAX;
    listing->count++;
    if (listing->array != NULL) {
        put_json(listing, period);
        return 0;
    }
    snprintf(given, sizeof given, "%" PRIu64, period->given);
    snprintf(mark, sizeof mark, "%" PRIu64, period->mark);
    if (period->holder_count > 0)
        snprintf(holders, sizeof holders, "%" PRIu32 " (pid %" PRId64 "%s)", period->holder_count,
                 period->holders_told > 0 ? period->holders[0].pid : 0, period->holder_count > 1 ? " ..." : "");
    const char *const cells[COLUMNS] = {address_period_text(period->period, label),
                                        period->state,
                                        day_text(period->first, first),
                                        day_text(period->last, last),
                                        edged ? output_time(period->start_s, begins) : "-",
                                        edged ? output_time(period->end_s, ends) : "-",
                                        given,
                                        mark,
                                        day_text(period->last_date, date),
                                        holders};
    output_row(listing->table, cells);
    return 0;
}

static docket_status list(docket_realm *realm, void *context)
{
    struct listing *listing = context;
    json_decref(listing->array);
    output_table_drop(listing->table);
    listing->array = listing->cli->json ? json_array() : NULL;
    listing->table = listing->cli->json ? NULL : output_table_new(listing->cli, &heads);
    listing->count = 0;
    return docket_admin_period_list(realm, listing->address.tenant, listing->address.series, take_period, listing);
}

static int run_list(struct cli *cli)
{
    struct listing listing = {.cli = cli};
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = address_parse(cli, cli->operands[0], false, &listing.address);
    if (code == CLI_DONE)
        code = session_run(cli, list, &listing);
    if (code != CLI_DONE) {
        json_decref(listing.array);
        output_table_drop(listing.table);
        return code;
    }
    if (!cli->json) {
        output_table_print(listing.table);
        if (listing.count == 0)
            printf("%s/%s has no period yet\n", listing.address.tenant, listing.address.series);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:o}", "realm", output_string(cli->realm), "tenant",
                                                 listing.address.tenant, "series", listing.address.series, "periods",
                                                 listing.array));
    return output_json(cli, object);
}

const struct cli_command command_period_list = {
    .name = "period list",
    .examples = "$ docket next acme/INV\n"
                "$ docket period list acme/INV\n",
    .operands = "TENANT/SERIES",
    .summary = "the periods of a series, and how far each has come",
    .text = "First and last day, edges in UTC, state, numbers given (with those that became void or\n"
            "unknown later), mark, the latest date of a chronological series, and who holds leases.\n"
            "next: not begun; open: current; ended: numbers at record speed, for documents dated back;\n"
            "closing: nothing is given anew, leases are out; closed: for good. For root, docketd's user\n"
            "and the admins of docket.conf.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_list};

/* ---- close ---- */

struct closing {
    const struct cli *cli;
    struct docket_counter_name name;
    json_t *array;
    uint64_t holders;
    int is_closed;
};

static int take_holder(void *context, const struct docket_holder *holder)
{
    struct closing *closing = context;
    closing->holders++;
    if (closing->array != NULL)
        json_array_append_new(closing->array, holder_json(holder));
    return 0;
}

static int say_holder(void *context, const struct docket_holder *holder)
{
    (void)context;
    printf("pid %" PRId64 " (uid %" PRIu32 ", desk %s, seat %" PRIu32 ") holds %" PRIu64 " leases with %" PRIu64
           " numbers\n",
           holder->pid, holder->uid, holder->desk, holder->seat, holder->leases, holder->numbers);
    return take_holder(context, holder);
}

static docket_status close_it(docket_realm *realm, void *context)
{
    struct closing *closing = context;
    const struct cli *cli = closing->cli;
    int64_t wait_ns = 0;
    int code = cli_seconds(cli, OPT_WAIT, &wait_ns); /* checked before */
    (void)code;
    for (int64_t until_ns = progress_now_ns() + wait_ns;;) {
        json_decref(closing->array);
        closing->array = cli->json ? json_array() : NULL;
        closing->holders = 0;
        bool last = progress_now_ns() >= until_ns;
        docket_status status = docket_admin_period_close(realm, &closing->name, cli->values[OPT_REASON],
                                                         &closing->is_closed,
                                                         last && !cli->json ? say_holder : take_holder, closing);
        if (status != DOCKET_OK || closing->is_closed || last)
            return status;
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
    }
}

static int end_close(const struct cli *cli, struct closing *closing)
{
    char label[PERIOD_TEXT_BYTES];
    address_period_text(closing->name.period, label);
    if (cli->json) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:i, s:s, s:s, s:o}", "realm",
                                                     output_string(cli->realm), "tenant", closing->name.tenant,
                                                     "series", closing->name.series, "period",
                                                     (int)closing->name.period, "label", label, "state",
                                                     closing->is_closed ? "closed" : "closing", "holders",
                                                     closing->array));
        int code = output_json(cli, object);
        return code == CLI_DONE && !closing->is_closed ? CLI_NO : code;
    }
    if (!closing->is_closed)
        return cli_no(cli, DOCKET_BUSY, "%s/%s/%s is closing: docketd closes it when %" PRIu64 " processes have given "
                                        "their leases back or ended; --wait SECONDS waits for it",
                      closing->name.tenant, closing->name.series, label, closing->holders);
    printf("%s/%s/%s is closed\n", closing->name.tenant, closing->name.series, label);
    return CLI_DONE;
}

static int run_close(struct cli *cli)
{
    struct address address;
    struct closing closing = {.cli = cli};
    int64_t wait_ns = 0;
    int32_t period = ADDRESS_NO_PERIOD;
    int code = deciding_address(cli, &address, &closing.name);
    if (code == CLI_DONE && cli->operand_count == 2)
        code = address_period(cli, cli->operands[1], &period);
    if (code == CLI_DONE && period != ADDRESS_NO_PERIOD && address.period != ADDRESS_NO_PERIOD)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "name the period once");
    if (code == CLI_DONE && period != ADDRESS_NO_PERIOD)
        closing.name.period = period;
    if (code == CLI_DONE && closing.name.period <= 0)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket period close wants the period, such as 2025 or 2026-11");
    if (code == CLI_DONE)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_WAIT, &wait_ns);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "close period %s of %s for good",
                                period != ADDRESS_NO_PERIOD ? cli->operands[1] : "that was named", cli->operands[0]);
    if (code == CLI_DONE)
        code = session_run(cli, close_it, &closing);
    if (code == CLI_DONE)
        return end_close(cli, &closing);
    json_decref(closing.array);
    return code;
}

const struct cli_command command_period_close = {
    .name = "period close",
    .examples = "$ docket next acme/INV\n"
                "$ docket period close acme/INV 2025 --yes --reason 'the books of 2025 are closed'\n",
    .operands = "TENANT/SERIES PERIOD",
    .summary = "no number of a period that is over is given any more",
    .text = "Durable on return, with the reason, and not to be undone: who asks for a number of it hears\n"
            "PERIOD_CLOSED. Its numbers can still be declared void, and reconciled. A period that is\n"
            "current or to come is refused. While leases of it are out it is closing, and that is an\n"
            "honest no which says who holds them; docketd closes it when they are back. For root,\n"
            "docketd's user and the admins of docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_REASON) | BIT(OPT_WAIT) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 2,
    .run = run_close};
