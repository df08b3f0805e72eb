/* SPDX-License-Identifier: MIT */
/*
 * docket top: rates, supply and runway, live; or once, as a table or as JSON.
 */
#include "top.h"

#include "address.h"
#include "output.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_DEFAULT_NS INT64_C(1000000000)
#define INTERVAL_MIN_NS INT64_C(100000000)
#define INTERVAL_MAX_NS (INT64_C(3600) * 1000000000)

enum { ROWS_DEFAULT = 20 };

enum { COLUMNS = 15 };
static const char *const headings[COLUMNS] = {"SERIES",  "-ORDER",  "PERIOD", ">RATE",    ">RUNWAY",
                                              ">NEXT",   ">LAID",   ">OPEN",  ">LEASES",  ">OLDEST",
                                              ">UNKNOWN", "->WINDOW", "-SETTING", "STATE", "-DESK"};
static const struct output_heads heads = {headings, COLUMNS};

/* ---- once, as a table ---- */

static void put_row(struct output_table *table, const struct top_row *row)
{
    char period[PERIOD_TEXT_BYTES], runway[VIEWING_TIME_BYTES], age[24] = "-", rate[32], figures[6][24], setting[16];
    const uint64_t values[6] = {row->period.next,   row->period.laid,        row->period.open,
                                row->period.leases, row->period.unknown_now, row->period.window_now};
    for (size_t i = 0; i < 6; i++)
        snprintf(figures[i], sizeof figures[i], "%" PRIu64, values[i]);
    snprintf(rate, sizeof rate, "%.1f/s", row->per_second);
    snprintf(setting, sizeof setting, "%" PRIu32, row->window);
    if (row->has_period && row->period.oldest_lease_age_s >= 0)
        snprintf(age, sizeof age, "%" PRId64, row->period.oldest_lease_age_s);
    const char *const cells[COLUMNS] = {row->name,
                                        row->order,
                                        row->has_period ? address_period_text(row->period.period, period) : "-",
                                        rate,
                                        row->has_ledger ? "-" : viewing_runway(row->period.laid, row->per_second, runway),
                                        row->period.next != 0 ? figures[0] : "-",
                                        figures[1],
                                        figures[2],
                                        figures[3],
                                        age,
                                        figures[4],
                                        figures[5],
                                        setting,
                                        row->quarantined   ? "quarantined"
                                        : row->has_ledger  ? "ledger"
                                        : !row->has_period ? "no period"
                                                           : "now",
                                        row->desk};
    output_row(table, cells);
    output_paint(table, 13, row->quarantined ? OUTPUT_RED : OUTPUT_PLAIN);
}

static void print_text(const struct cli *cli, const struct top *top)
{
    const struct top_sums *now = &top->sums, *before = &top->before;
    char waits[VIEWING_WAITS_BYTES];
    struct output_table *series = output_table_new(cli, &heads), *seats = output_table_new(cli, &viewing_seat_heads);
    viewing_print_realm(&top->realm);
    printf("commits   %.1f/s, last %.2f ms, slowest %.2f ms; %.1f blocks and %.1f limits laid a second\n",
           top_rate(top, now->commits, before->commits), (double)now->commit_ns_last / 1e6,
           (double)now->commit_ns_max / 1e6, top_rate(top, now->blocks_laid, before->blocks_laid),
           top_rate(top, now->raises, before->raises));
    printf("waits     %.1f/s; %s\n", top_rate(top, now->waits.waits, before->waits.waits),
           viewing_waits_text(&now->waits, waits));
    printf("seats     %" PRIu64 " of %" PRIu64 ", %" PRIu64 " leases open with %" PRIu64 " numbers\n",
           now->seats_taken, now->seats_max, now->leases, now->open);
    printf("series    %" PRIu64 ", %" PRIu64 " wait for supply, %" PRIu64 " quarantined; %.0f numbers a second, %" PRIu64
           " laid\n\n",
           now->series, now->waiting, now->quarantined, top->per_second, now->laid);
    for (size_t i = 0; i < top->row_count; i++)
        put_row(series, &top->rows[i]);
    for (size_t i = 0; i < top->seat_count; i++)
        viewing_seat_row(seats, &top->seats[i].seat);
    output_table_print(series);
    putchar('\n');
    output_table_print(seats);
}

/* ---- once, as JSON ---- */

static json_t *row_json(const struct top_row *row)
{
    size_t tenant = strcspn(row->name, "/"); /* no name has one in it */
    json_t *runway = row->per_second > 0 && !row->has_ledger ? json_real((double)row->period.laid / row->per_second) : json_null();
    return json_pack("{s:s%, s:s, s:s, s:s, s:i, s:f, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "tenant",
                     row->name, tenant, "series", row->name + tenant + 1, "desk", row->desk, "order", row->order, "period", (int)row->period.period, "rate_per_s",
                     row->per_second, "runway_s", runway, "next", (json_int_t)row->period.next, "laid",
                     (json_int_t)row->period.laid, "open", (json_int_t)row->period.open, "leases",
                     (json_int_t)row->period.leases, "oldest_lease_age_s",
                     (json_int_t)(row->has_period ? row->period.oldest_lease_age_s : -1), "unknown_now",
                     (json_int_t)row->period.unknown_now, "window_now", (json_int_t)row->period.window_now, "window",
                     (json_int_t)row->window, "quarantined", row->quarantined);
}

static json_t *figures_json(const struct top *top)
{
    const struct top_sums *now = &top->sums, *before = &top->before;
    json_t *figures = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I}", "series", (json_int_t)now->series, "quarantined",
        (json_int_t)now->quarantined, "laid", (json_int_t)now->laid, "open", (json_int_t)now->open, "leases",
        (json_int_t)now->leases, "numbers_per_s", top->per_second, "seats_taken", (json_int_t)now->seats_taken,
        "seats_max", (json_int_t)now->seats_max, "waiting", (json_int_t)now->waiting, "commit_ns_last",
        (json_int_t)now->commit_ns_last, "commit_ns_max", (json_int_t)now->commit_ns_max);
    json_object_update_new(
        figures, json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I}", "commits_per_s",
                           top_rate(top, now->commits, before->commits), "blocks_laid_per_s",
                           top_rate(top, now->blocks_laid, before->blocks_laid), "raises_per_s",
                           top_rate(top, now->raises, before->raises), "claims_per_s",
                           top_rate(top, now->claims, before->claims), "waits_per_s",
                           top_rate(top, now->waits.waits, before->waits.waits), "timeouts_per_s",
                           top_rate(top, now->waits.timeouts, before->waits.timeouts), "wait_ns_max", (json_int_t)now->waits.ns_max,
                           "oldest_lease_age_s", (json_int_t)now->oldest_lease_age_s));
    return figures;
}

static int print_json(const struct cli *cli, const struct top *top)
{
    json_t *object = output_object(), *series = json_array(), *seats = json_array();
    for (size_t i = 0; i < top->row_count; i++)
        json_array_append_new(series, row_json(&top->rows[i]));
    for (size_t i = 0; i < top->seat_count; i++) {
        json_t *seat = viewing_seat_json(&top->seats[i].seat);
        json_object_set_new(seat, "desk", json_string(top->seats[i].desk));
        json_array_append_new(seats, seat);
    }
    if (object != NULL) {
        viewing_realm_json(object, &top->realm);
        json_object_update_new(object, json_pack("{s:f, s:s, s:o}", "interval_s", top->took_s, "sort",
                                                 top_sort_name(top->sort), "figures", figures_json(top)));
        json_object_set_new(object, "waits", viewing_waits_json(&top->sums.waits));
        json_object_set(object, "series", series);
        json_object_set(object, "seats", seats);
    }
    json_decref(series);
    json_decref(seats);
    return output_json(cli, object);
}

/* ---- run ---- */

static int run_once(const struct cli *cli, struct top *top, int64_t interval_ns)
{
    top_look(top);
    if (top->readable) {
        nanosleep(&(struct timespec){.tv_sec = interval_ns / 1000000000, .tv_nsec = interval_ns % 1000000000}, NULL);
        top_look(top);
    }
    /* docketd may have built the desk anew just between the two. */
    if (!top->readable && top->status == DOCKET_UNREACHABLE)
        top_look(top);
    if (!top->readable)
        return cli_fail(cli, top->status, "%s", top->error);
    if (top->short_of_memory)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for %" PRIu64 " series", top->sums.series);
    if (cli->json)
        return print_json(cli, top);
    print_text(cli, top);
    return CLI_DONE;
}

static int check_options(const struct cli *cli, int64_t *interval_ns, uint64_t *rows, enum top_sort *sort)
{
    const struct output_heads tables[] = {heads, viewing_seat_heads};
    int code = output_check(cli, tables, 2);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_INTERVAL, interval_ns);
    if (code == CLI_DONE && (*interval_ns < INTERVAL_MIN_NS || *interval_ns > INTERVAL_MAX_NS))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--interval wants 0.1 to 3600 seconds");
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_ROWS, 1, TOP_ROWS_MAX, rows);
    if (code == CLI_DONE && cli_given(cli, OPT_SORT) && !top_sort_parse(cli->values[OPT_SORT], sort))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "there is no order '%.40s'; use rate, runway, laid, open or name",
                        cli->values[OPT_SORT]);
    return code;
}

static int run(struct cli *cli)
{
    static struct top top;
    int64_t interval_ns = INTERVAL_DEFAULT_NS;
    uint64_t rows = ROWS_DEFAULT;
    enum top_sort sort = TOP_BY_RATE;
    int code = check_options(cli, &interval_ns, &rows, &sort);
    if (code != CLI_DONE)
        return code;
    bool live = !cli->json && !cli_given(cli, OPT_ONCE) && !cli_given(cli, OPT_COLUMNS) &&
                isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    top_begin(&top, cli->realm, sort, (size_t)rows);
    if (live) {
        docket_view *view = NULL; /* a realm that is not there is said at once; a docketd that is not is waited for */
        docket_status status = docket_view_open(cli->realm, &view);
        docket_view_close(view);
        if (status != DOCKET_OK && status != DOCKET_UNREACHABLE)
            code = cli_fail_status(cli, status);
        else
            live = top_screen_run(&top, interval_ns);
    }
    if (code == CLI_DONE && !live)
        code = run_once(cli, &top, interval_ns);
    top_end(&top);
    return code;
}

const struct cli_command command_top = {
    .name = "top",
    .examples = "$ docket next acme/INV\n"
                "$ docket top --once\n"
                "$ docket top --columns SERIES,RATE,RUNWAY --sort runway --interval 0.2\n"
                "$ docket top --json --interval 0.2\n",
    .operands = "",
    .summary = "live: rates, supply, runway, seats, commits and waits",
    .text = "The busiest series: numbers a second since the last look, what is laid, and RUNWAY:\n"
            "how long that lasts at this rate should docketd stop; UNKNOWN: most numbers that a\n"
            "power loss would make unknown now, beside open leases; OLDEST: age of the oldest\n"
            "open lease in seconds. Then the seats that hold most. Keys: q quit, r w l o n order\n"
            "by rate, runway, laid, open, name; s seats, + - interval, space looks now. Without\n"
            "a terminal, or with --once, --json or --columns: two looks, printed once. Reads the\n"
            "shared files only, says so when docketd is dead, and goes on. With very many series\n"
            "it looks less often, so that it takes a tenth of a core at most.",
    .options = BIT(OPT_INTERVAL) | BIT(OPT_ONCE) | BIT(OPT_SORT) | BIT(OPT_ROWS) | CLI_TABLE | BIT(OPT_REALM) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
