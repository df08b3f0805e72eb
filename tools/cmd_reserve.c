/* SPDX-License-Identifier: MIT */
/* docket reserve: numbers set aside under a name. */
#include "output.h"
#include "session.h"
#include "tracked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    uint64_t first, last;
    char first_text[DOCKET_TEXT_MAX], last_text[DOCKET_TEXT_MAX];
};

struct reserving {
    const struct cli *cli;
    struct address address;
    struct docket_reserve asked;
    int64_t timeout_ns;
    uint64_t *numbers;
    struct docket_reserved held;
    bool partial;
    char (*texts)[DOCKET_TEXT_MAX]; /* of numbers; "": not known */
    uint32_t seen;                  /* numbers before it have their text */
    int code;
};

/* Records ascend, as our numbers do. */
static int keep_text(void *context, const struct docket_record *record)
{
    struct reserving *reserving = context;
    while (reserving->seen < reserving->held.count && reserving->numbers[reserving->seen] < record->number)
        reserving->seen++;
    if (reserving->seen < reserving->held.count && reserving->numbers[reserving->seen] == record->number)
        snprintf(reserving->texts[reserving->seen++], DOCKET_TEXT_MAX, "%s", record->text);
    return reserving->seen == reserving->held.count;
}

static docket_status reserve(docket_realm *realm, void *context)
{
    struct reserving *reserving = context;
    struct tracked tracked;
    docket_series *series = NULL;
    docket_status status = tracked_open(reserving->cli, realm, &reserving->address, &tracked, &series, &reserving->code);
    if (reserving->code != CLI_DONE)
        return DOCKET_OK;
    if (status == DOCKET_OK)
        status = docket_reserve(series, &reserving->asked, reserving->timeout_ns, reserving->numbers, &reserving->held);
    reserving->partial = status == DOCKET_PARTIAL;
    if ((status != DOCKET_OK && status != DOCKET_PARTIAL) || reserving->held.count == 0)
        return status;
    docket_status told = docket_records(series, reserving->held.period, reserving->numbers[0], NULL, keep_text, reserving);
    if (told != DOCKET_OK)
        cli_note(reserving->cli, "the numbers are reserved, and their texts could not be asked for: %s", docket_last_error());
    return DOCKET_OK;
}

/* ---- what is printed ---- */

/* The run of consecutive numbers that begins at `at`; where the next one begins. */
static uint32_t run_at(const struct reserving *reserving, uint32_t at, struct run *run)
{
    uint32_t end = at + 1;
    while (end < reserving->held.count && reserving->numbers[end] == reserving->numbers[end - 1] + 1)
        end++;
    run->first = reserving->numbers[at];
    run->last = reserving->numbers[end - 1];
    memcpy(run->first_text, reserving->texts[at], DOCKET_TEXT_MAX);
    memcpy(run->last_text, reserving->texts[end - 1], DOCKET_TEXT_MAX);
    return end;
}

static json_t *runs_json(const struct reserving *reserving)
{
    json_t *array = json_array();
    struct run run;
    for (uint32_t at = 0; at < reserving->held.count;) {
        at = run_at(reserving, at, &run);
        json_array_append_new(array, json_pack("{s:I, s:I, s:o, s:o}", "first", (json_int_t)run.first, "last",
                                               (json_int_t)run.last, "first_text", output_string(run.first_text),
                                               "last_text", output_string(run.last_text)));
    }
    return array;
}

static int print_json(const struct reserving *reserving)
{
    const struct cli *cli = reserving->cli;
    const struct docket_reserved *held = &reserving->held;
    char time[OUTPUT_TIME_BYTES];
    json_t *object = output_object();
    if (object == NULL)
        return output_json(cli, NULL);
    json_object_update_new(
        object, json_pack("{s:o, s:s, s:s, s:o, s:i, s:o, s:I, s:I, s:s, s:b, s:o}", "realm", output_string(cli->realm),
                          "tenant", reserving->address.tenant, "series", reserving->address.series, "name",
                          output_string(reserving->asked.name), "period", (int)held->period, "date",
                          output_day_json(held->date), "asked", (json_int_t)reserving->asked.count, "count",
                          (json_int_t)held->count, "expires", output_time(held->expires_ns / 1000000000, time), "again",
                          held->again, "ranges", runs_json(reserving)));
    if (cli_given(cli, OPT_TEXTS)) {
        json_t *texts = json_array();
        for (uint32_t i = 0; i < held->count; i++)
            json_array_append_new(texts, output_string(reserving->texts[i]));
        json_object_set_new(object, "texts", texts);
    }
    return output_json(cli, object);
}

static void print_lines(const struct reserving *reserving)
{
    const struct docket_reserved *held = &reserving->held;
    char period[PERIOD_TEXT_BYTES], until[48];
    struct run run;
    if (cli_given(reserving->cli, OPT_TEXTS)) {
        for (uint32_t i = 0; i < held->count; i++)
            printf("%s\n", reserving->texts[i]);
        return;
    }
    printf("%s/%s/%s  %" PRIu32 " reserved as %s, %s\n", reserving->address.tenant, reserving->address.series,
           address_period_text(held->period, period), held->count, reserving->asked.name,
           tracked_until(held->expires_ns, until));
    for (uint32_t at = 0; at < held->count;) {
        at = run_at(reserving, at, &run);
        if (run.first == run.last)
            printf("  %" PRIu64 "  %s\n", run.first, run.first_text);
        else
            printf("  %" PRIu64 " - %" PRIu64 "  %s - %s\n", run.first, run.last, run.first_text, run.last_text);
    }
}

static int print(const struct reserving *reserving)
{
    const struct cli *cli = reserving->cli;
    int code = CLI_DONE;
    if (cli->json)
        code = print_json(reserving);
    else
        print_lines(reserving);
    fflush(stdout);
    if (reserving->held.again)
        cli_note(cli, "the name had them already; docket records shows which are still held");
    if (reserving->partial)
        return cli_fail(cli, DOCKET_PARTIAL, "%" PRIu32 " of the %" PRIu32 " were granted: they are the last ones of the "
                                             "counter or its interval", reserving->held.count, reserving->asked.count);
    return code;
}

/* ---- the command ---- */

static int take_options(const struct cli *cli, struct reserving *reserving)
{
    struct docket_reserve *asked = &reserving->asked;
    uint64_t count = 1;
    int code = address_parse(cli, cli->operands[0], false, &reserving->address);
    if (code == CLI_DONE && (!cli_given(cli, OPT_NAME) || !cli_given(cli, OPT_EXPIRES)))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket reserve wants --name NAME and --expires TIME");
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_COUNT, 1, DOCKET_RESERVE_MAX, &count);
    if (code == CLI_DONE)
        code = tracked_expires(cli, &asked->expires_s);
    if (code == CLI_DONE)
        code = cli_day(cli, OPT_DATE, &asked->date);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_TIMEOUT, &reserving->timeout_ns);
    asked->count = (uint32_t)count;
    asked->name = cli->values[OPT_NAME];
    asked->trace = cli->values[OPT_TRACE];
    asked->flags = DOCKET_DETACHED; /* this command ends at once */
    return code;
}

static int run(struct cli *cli)
{
    struct reserving reserving = {.cli = cli, .timeout_ns = DOCKET_TIMEOUT_DEFAULT};
    int code = take_options(cli, &reserving);
    if (code != CLI_DONE)
        return code;
    reserving.numbers = calloc(reserving.asked.count, sizeof *reserving.numbers);
    reserving.texts = calloc(reserving.asked.count, sizeof *reserving.texts);
    if (reserving.numbers == NULL || reserving.texts == NULL)
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for %" PRIu32 " numbers", reserving.asked.count);
    if (code == CLI_DONE)
        code = session_run(cli, reserve, &reserving);
    code = reserving.code != CLI_DONE ? reserving.code : code;
    if (code == CLI_DONE)
        code = print(&reserving);
    free(reserving.numbers);
    free(reserving.texts);
    return code;
}

const struct cli_command command_reserve = {
    .name = "reserve",
    .examples = "$ docket series add acme/JOB --ledger on --template 'JOB-{N:4}' --restart never\n"
                "$ docket reserve acme/JOB --name monday --count 10 --expires 12h\n"
                "$ docket reserve acme/JOB --name monday --count 10 --expires 12h --texts\n",
    .operands = "TENANT/SERIES",
    .summary = "set numbers aside under a name",
    .text = "Of a series with a ledger: the lowest free numbers, not always one after the other. They\n"
            "are held by nobody but their name, so whoever says the name settles, voids or releases\n"
            "them; what is not decided when the time is over is in doubt. The same name with the same\n"
            "count tells the same numbers again. --date: the documents' date, which decides the period.\n"
            "Fewer, with exit code 5, are granted only where the numbers end.",
    .options = BIT(OPT_NAME) | BIT(OPT_COUNT) | BIT(OPT_EXPIRES) | BIT(OPT_DATE) | BIT(OPT_TRACE) | BIT(OPT_TEXTS) |
               BIT(OPT_TIMEOUT) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
