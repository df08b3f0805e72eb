/* SPDX-License-Identifier: MIT */
/*
 * docket fate: what became of every number below the mark. Rows are printed
 * as they come: a counter may have millions of them.
 */
#include "address.h"
#include "docket_admin.h"
#include "output.h"
#include "progress.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct telling {
    const struct cli *cli;
    const struct address *address; /* NULL: all */
    uint64_t counters;
    bool begun;      /* something is out: rows, or the JSON's head */
    bool in_counter; /* a counter's head is out, its last row is not */
    struct progress progress;
};

/* ---- JSON: this shape is fixed, other programs judge us by it ---- */

/* Writes a string with its quotes. */
static void put_string(const char *text)
{
    json_t *string = output_string(text);
    json_dumpf(string, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(string);
}

static void begin_json(struct telling *telling)
{
    if (telling->begun)
        return;
    printf("{\"schema_version\":%d,\"realm\":", CLI_SCHEMA_VERSION);
    put_string(telling->cli->realm);
    printf(",\"counters\":[");
    telling->begun = true;
}

static void begin_counter_json(const struct telling *telling, const struct docket_fate_row *row)
{
    printf("%s\n{\"tenant\":", telling->counters > 1 ? "," : "");
    put_string(row->tenant);
    printf(",\"series\":");
    put_string(row->series);
    printf(",\"order\":");
    put_string(row->order);
    printf(",\"ledger\":%s", row->tracked ? "true" : "false");
    printf(",\"period\":%" PRId32 ",\"mark\":%" PRIu64 ",\"first\":%" PRIu64 ",\"ranges\":[", row->period, row->mark,
           row->first);
}

static void put_row_json(const struct docket_fate_row *row, bool is_first)
{
    printf("%s{\"first\":%" PRIu64 ",\"last\":%" PRIu64 ",\"fate\":", is_first ? "" : ",", row->first, row->last);
    put_string(row->fate);
    printf(",\"cause\":");
    put_string(row->cause);
    printf(",\"seat\":%" PRId32 ",\"time_ns\":%" PRId64, row->seat, row->time_ns);
    if (row->event != 0)
        printf(",\"event\":%" PRIu64, row->event);
    if (row->event != 0 || row->reason[0] != '\0') {
        printf(",\"reason\":");
        put_string(row->reason);
    }
    putchar('}');
}

/* ---- text ---- */

static void begin_counter_text(const struct telling *telling, const struct docket_fate_row *row)
{
    char period[PERIOD_TEXT_BYTES];
    printf("%s%s/%s/%s  %s, mark %" PRIu64 "\n", telling->counters > 1 ? "\n" : "", row->tenant, row->series,
           address_period_text(row->period, period), row->order, row->mark);
}

static void put_row_text(const struct docket_fate_row *row)
{
    char time[OUTPUT_TIME_BYTES];
    printf("  %15" PRIu64 " - %-15" PRIu64 " %12" PRIu64 "  %s", row->first, row->last, row->last - row->first + 1,
           row->fate);
    if (row->cause[0] != '\0')
        printf(" (%s)", row->cause);
    if (row->seat >= 0)
        printf(", seat %" PRId32, row->seat);
    if (row->time_ns != 0)
        printf(", recorded %s", output_time(row->time_ns / 1000000000, time));
    if (row->event != 0)
        printf(", event %" PRIu64 "%s%s", row->event, row->reason[0] != '\0' ? ": " : "", row->reason);
    putchar('\n');
}

/* ---- columns, if --columns asks for them ---- */

enum { COLUMNS = 9 };
static const char *const headings[COLUMNS] = {"SERIES", "PERIOD", ">FIRST", ">LAST", ">COUNT",
                                              "FATE",   "CAUSE",  ">SEAT",  "RECORDED"};
static const int widths[COLUMNS] = {20, 10, 15, 15, 12, 10, 18, 4, 20};
static const struct output_heads heads = {headings, COLUMNS};

static void put_row_columns(const struct cli *cli, const struct docket_fate_row *row)
{
    char name[2 * DOCKET_NAME_MAX + 2], period[PERIOD_TEXT_BYTES], time[OUTPUT_TIME_BYTES], figures[3][24], seat[16];
    const uint64_t values[3] = {row->first, row->last, row->last - row->first + 1};
    snprintf(name, sizeof name, "%s/%s", row->tenant, row->series);
    for (size_t i = 0; i < 3; i++)
        snprintf(figures[i], sizeof figures[i], "%" PRIu64, values[i]);
    snprintf(seat, sizeof seat, "%" PRId32, row->seat);
    const char *const cells[COLUMNS] = {name,
                                        address_period_text(row->period, period),
                                        figures[0],
                                        figures[1],
                                        figures[2],
                                        row->fate,
                                        row->cause[0] != '\0' ? row->cause : "-",
                                        row->seat >= 0 ? seat : "-",
                                        row->time_ns != 0 ? output_time(row->time_ns / 1000000000, time) : "-"};
    output_stream_row(cli, &heads, widths, cells);
}

static int put_row(void *context, const struct docket_fate_row *row)
{
    struct telling *telling = context;
    bool is_first = !telling->in_counter;
    progress_tick_end(); /* the wait is over */
    telling->counters += is_first;
    telling->in_counter = row->counter_ends == 0;
    progress_step(&telling->progress);
    if (cli_given(telling->cli, OPT_COLUMNS)) {
        if (!telling->begun)
            output_stream_heads(telling->cli, &heads, widths);
        put_row_columns(telling->cli, row);
    } else if (telling->cli->json) {
        begin_json(telling);
        if (is_first)
            begin_counter_json(telling, row);
        put_row_json(row, is_first);
        if (!telling->in_counter)
            printf("]}");
    } else {
        if (is_first)
            begin_counter_text(telling, row);
        put_row_text(row);
    }
    telling->begun = true;
    return ferror(stdout) != 0; /* the reader went away; cli_finish() says so */
}

static docket_status tell(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    const struct address *address = telling->address;
    docket_status status =
        docket_admin_fate(realm, address ? address->tenant : NULL, address ? address->series : NULL,
                          address ? address->period : ADDRESS_NO_PERIOD, put_row, telling);
    /* Rows are out already: beginning again would tell them twice. */
    if (status == DOCKET_UNREACHABLE && telling->begun)
        return DOCKET_PROTOCOL;
    return status;
}

static int run(struct cli *cli)
{
    struct address address;
    struct telling telling = {.cli = cli};
    bool all = cli_given(cli, OPT_ALL);
    if (all == (cli->operand_count == 1))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket fate wants either TENANT/SERIES[/PERIOD] or --all");
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE && !all)
        code = address_parse(cli, cli->operands[0], true, &address);
    if (code == CLI_DONE && cli_given(cli, OPT_NO_HEADINGS) && !cli_given(cli, OPT_COLUMNS))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--no-headings is of the table that --columns makes");
    if (code != CLI_DONE)
        return code;
    telling.address = all ? NULL : &address;
    progress_begin(&telling.progress, cli, isatty(STDOUT_FILENO) == 1 ? NULL : "ranges told");
    code = session_run(cli, tell, &telling);
    progress_end(&telling.progress);
    if (code == CLI_DONE && cli->json) {
        begin_json(&telling);
        printf("%s]}\n", telling.counters > 0 ? "\n" : "");
    } else if (code == CLI_DONE && telling.counters == 0) {
        printf("no number below a mark\n");
    }
    return code;
}

const struct cli_command command_fate = {
    .name = "fate",
    .examples = "$ docket next acme/INV\n"
                "$ docket fate acme/INV\n"
                "$ docket fate --all --json\n",
    .operands = "TENANT/SERIES[/PERIOD]",
    .summary = "what became of every number below the mark",
    .text = "Ranges in order, nothing left out: laid (claimable), open (in a live lease),\n"
            "handed out, spare (came back, will be laid again), void (never to be used),\n"
            "unknown (perhaps on a document; never given again), with the cause where there is\n"
            "one. Of a series with a ledger: issued, free, reserved, pending, in doubt, void, unknown;\n"
            "and handed out, if it was given before the ledger was kept. --columns makes one table of\n"
            "all counters. Asks docketd, and starts it for the realm if none answers.",
    .options = BIT(OPT_ALL) | CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 0,
    .operands_max = 1,
    .run = run};
