/* SPDX-License-Identifier: MIT */
/*
 * docket next: takes numbers one by one and prints each when it is ours.
 */
#include "address.h"
#include "docket_inspect.h"
#include "docket_ledger.h"
#include "output.h"
#include "progress.h"
#include "session.h"

#include "docket_ledger.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct taking {
    const struct cli *cli;
    const struct address *address;
    int64_t timeout_ns;
    uint32_t date; /* of the documents; 0: today */
    uint64_t wanted, taken;
    json_t *numbers; /* NULL: lines */
    char first[DOCKET_TEXT_MAX], last[DOCKET_TEXT_MAX];
    char lost[DOCKET_TEXT_MAX]; /* taken, and not printed */
    char unaccounted[DOCKET_TEXT_MAX]; /* likewise: the wait for it failed */
};

/* A line is flushed before the next number is taken: when the reader goes away
 * at most one number is lost, and we can say which. */
static bool hand_over(struct taking *taking, const char *text, uint64_t number, int32_t period)
{
    if (taking->numbers != NULL)
        return json_array_append_new(taking->numbers, json_pack("{s:I, s:s, s:i}", "number", (json_int_t)number,
                                                                "text", text, "period", (int)period)) == 0;
    return printf("%s\n", text) > 0 && fflush(stdout) == 0;
}

/* As the shared files say, once the series is at its desk. */
static bool is_gapless(const struct taking *taking)
{
    docket_view *view = NULL;
    struct docket_view_series facts;
    bool gapless = docket_view_open(taking->cli->realm, &view) == DOCKET_OK &&
                   docket_view_series_find(view, taking->address->tenant, taking->address->series, &facts) == DOCKET_OK &&
                   strcmp(facts.order, "gapless") == 0;
    docket_view_close(view);
    return gapless;
}

/* A gapless series gives pending numbers, to be settled by who holds them; this command ends at once, so
 * what it prints is issued. */
static docket_status take_one(const struct taking *taking, docket_series *series, bool gapless, char text[DOCKET_TEXT_MAX],
                              uint64_t *number, int32_t *period)
{
    const struct docket_issue asked = {.date = taking->date, .flags = DOCKET_SETTLED};
    struct docket_number got;
    if (taking->date != 0 && !gapless)
        return docket_next_text_dated(series, taking->date, taking->timeout_ns, text, DOCKET_TEXT_MAX, number, period);
    if (!gapless)
        return docket_next_text(series, taking->timeout_ns, text, DOCKET_TEXT_MAX, number, period);
    docket_status status = docket_issue(series, &asked, taking->timeout_ns, &got);
    if (status != DOCKET_OK)
        return status;
    memcpy(text, got.text, DOCKET_TEXT_MAX);
    *number = got.number;
    *period = got.period;
    return DOCKET_OK;
}

static docket_status take(docket_realm *realm, void *context)
{
    struct taking *taking = context;
    docket_series *series = NULL;
    docket_status status = docket_series_open(realm, taking->address->tenant, taking->address->series, &series);
    bool gapless = status == DOCKET_OK && is_gapless(taking);
    while (status == DOCKET_OK && taking->taken < taking->wanted) {
        char text[DOCKET_TEXT_MAX];
        uint64_t number = 0;
        int32_t period = 0;
        status = take_one(taking, series, gapless, text, &number, &period);
        if (status == DOCKET_OK && cli_given(taking->cli, OPT_ACCOUNTED)) {
            status = docket_wait_accounted(series, period, number, taking->timeout_ns);
            if (status != DOCKET_OK) /* it was taken all the same */
                snprintf(taking->unaccounted, sizeof taking->unaccounted, "%s", text);
        }
        if (status != DOCKET_OK)
            break;
        progress_tick_end(); /* the wait is over */
        if (taking->taken++ == 0)
            snprintf(taking->first, sizeof taking->first, "%s", text);
        snprintf(taking->last, sizeof taking->last, "%s", text);
        if (!hand_over(taking, text, number, period)) {
            snprintf(taking->lost, sizeof taking->lost, "%s", text);
            break;
        }
    }
    return status;
}

static int print_json(const struct taking *taking)
{
    json_t *object = output_object();
    if (object == NULL || json_object_set_new(object, "realm", output_string(taking->cli->realm)) != 0 ||
        json_object_set_new(object, "tenant", json_string(taking->address->tenant)) != 0 ||
        json_object_set_new(object, "series", json_string(taking->address->series)) != 0 ||
        json_object_set(object, "numbers", taking->numbers) != 0) {
        json_decref(object);
        object = NULL;
    }
    return output_json(taking->cli, object);
}

static int run(struct cli *cli)
{
    struct address address;
    struct taking taking = {.cli = cli, .address = &address, .timeout_ns = DOCKET_TIMEOUT_DEFAULT, .wanted = 1};
    int code = address_parse(cli, cli->operands[0], false, &address);
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_COUNT, 1, DOCKET_BLOCK_MAX, &taking.wanted);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_TIMEOUT, &taking.timeout_ns);
    if (code == CLI_DONE)
        code = cli_day(cli, OPT_DATE, &taking.date);
    if (code != CLI_DONE)
        return code;
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an answer, not a death: see hand_over() */
    if (cli->json && (taking.numbers = json_array()) == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the JSON");
    code = session_run(cli, take, &taking);
    if (taking.unaccounted[0] != '\0')
        fprintf(stderr, "docket next: %s was taken, counts as handed out, and is not printed: the wait for it failed\n",
                taking.unaccounted);
    if (cli->json) {
        int printed = code == CLI_DONE || taking.taken > 0 ? print_json(&taking) : CLI_DONE;
        json_decref(taking.numbers);
        code = code == CLI_DONE ? printed : code;
        if (code == CLI_DONE && fflush(stdout) != 0)
            code = cli_fail(cli, DOCKET_SYSTEM,
                            "%s to %s were taken and could not be printed; they count as handed out", taking.first,
                            taking.last);
    }
    if (code == CLI_DONE && taking.lost[0] != '\0')
        return cli_fail(cli, DOCKET_SYSTEM, "%s was taken and could not be printed; it counts as handed out",
                        taking.lost);
    return code;
}

const struct cli_command command_next = {
    .name = "next",
    .examples = "$ docket next acme/INV\n"
                "$ docket next acme/INV -n 3\n"
                "$ docket next acme/INV --timeout 10 --json\n"
                "$ docket next acme/INV --date 2025-12-30\n"
                "$ docket next acme/INV --accounted\n",
    .operands = "TENANT/SERIES",
    .summary = "take the next document number",
    .text = "Prints document numbers, one a line, each after it was taken: it is durable and\n"
            "never given again. A series that does not exist is created with the realm's\n"
            "default policy. Starts docketd for the realm if none answers.\n"
            "In a strict series numbers come in call order across the host. --date: the document's\n"
            "date, shown and deciding the period; of a period that has ended docketd takes the number,\n"
            "until it is closed (docket period close). A series with a ledger gives its lowest free\n"
            "number, issued; a try whose answer is lost has used one up, so better say docket issue.\n"
            "--accounted: waits for the disk before it prints, so that after a power loss `docket fate`\n"
            "says of the number that it was handed out, and not that it is unknown; a number whose wait\n"
            "fails is not printed, and counts as handed out.",
    .options = BIT(OPT_COUNT) | BIT(OPT_TIMEOUT) | BIT(OPT_DATE) | BIT(OPT_ACCOUNTED) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
