/* SPDX-License-Identifier: MIT */
/* docket issue: a number for a business key, with its record. */
#include "issuing.h"
#include "session.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* It makes no series: a name that is mistyped would get one without a ledger, for ever. */
docket_status issuing_open(docket_realm *realm, struct issuing *issuing, docket_series **series)
{
    struct tracked tracked;
    docket_status status = tracked_open(issuing->cli, realm, &issuing->address, &tracked, series, &issuing->code);
    if (status == DOCKET_OK && tracked.gapless && issuing->asked.flags == 0)
        issuing->code = cli_fail(issuing->cli, DOCKET_BAD_ARGUMENT,
                                 "%s/%s is gapless: its numbers are pending until they are settled, and this command ends "
                                 "before that; say --pending --expires 15m and settle it later, or --settled",
                                 issuing->address.tenant, issuing->address.series);
    return status;
}

void issuing_put(json_t *object, const struct docket_number *got)
{
    json_object_set_new(object, "number", json_integer((json_int_t)got->number));
    json_object_set_new(object, "text", output_string(got->text));
    json_object_set_new(object, "period", json_integer(got->period));
    json_object_set_new(object, "date", output_day_json(got->date));
    json_object_set_new(object, "state", json_string(got->state));
    json_object_set_new(object, "again", json_boolean(got->again));
    json_object_set_new(object, "attempts", json_integer(got->attempts));
}

/* ---- one key ---- */

struct one {
    struct issuing issuing;
    struct docket_number got;
    docket_status status; /* of the issue itself */
};

static docket_status issue_one(docket_realm *realm, void *context)
{
    struct one *one = context;
    struct issuing *issuing = &one->issuing;
    docket_series *series = NULL;
    docket_status status = issuing_open(realm, issuing, &series);
    if (issuing->code != CLI_DONE)
        return DOCKET_OK;
    if (status == DOCKET_OK)
        status = one->status = docket_issue(series, &issuing->asked, issuing->timeout_ns, &one->got);
    return status;
}

static int print_one(const struct one *one)
{
    const struct cli *cli = one->issuing.cli;
    const struct address *address = &one->issuing.address;
    if (cli->json) {
        json_t *object = output_object();
        if (object != NULL) {
            json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:o}", "realm", output_string(cli->realm), "tenant",
                                                     address->tenant, "series", address->series, "key",
                                                     output_string(one->issuing.asked.key)));
            issuing_put(object, &one->got);
        }
        return output_json(cli, object);
    }
    printf("%s\n", one->got.text);
    if (fflush(stdout) != 0) /* run_one() says so */
        return CLI_DONE;
    if (one->got.again)
        cli_note(cli, "the key had it already; it is %s", one->got.state);
    else if (strcmp(one->got.state, "pending") == 0)
        cli_note(cli, "it is pending; settle it with docket settle %s/%s --key ...", address->tenant, address->series);
    return CLI_DONE;
}

static int run_one(struct issuing *issuing)
{
    struct one one = {.issuing = *issuing};
    int code = session_run(issuing->cli, issue_one, &one);
    code = one.issuing.code != CLI_DONE ? one.issuing.code : code;
    if (one.status == DOCKET_COLLISION) /* of numbers with others: the command is right, and may be given again */
        code = CLI_NO;
    if (code == CLI_DONE)
        code = print_one(&one);
    if (code == CLI_DONE && (fflush(stdout) != 0 || ferror(stdout)))
        code = cli_fail(issuing->cli, DOCKET_SYSTEM,
                        "%s was issued and could not be printed; the same key gives it again", one.got.text);
    return code;
}

/* ---- the command ---- */

static int take_flags(const struct cli *cli, struct docket_issue *asked)
{
    bool pending = cli_given(cli, OPT_PENDING), settled = cli_given(cli, OPT_SETTLED);
    int code = tracked_expires(cli, &asked->expires_s);
    if (code == CLI_DONE && pending && settled)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "a number is --pending or --settled, not both");
    if (code == CLI_DONE && settled && asked->expires_s != 0)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "what is --settled does not expire");
    if (code == CLI_DONE && pending && asked->expires_s == 0)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--pending wants --expires TIME: this command ends at once, so nobody "
                                                  "would hold the number");
    if (settled)
        asked->flags = DOCKET_SETTLED;
    else if (asked->expires_s != 0)
        asked->flags = DOCKET_PENDING | DOCKET_DETACHED;
    return code;
}

static int take_options(const struct cli *cli, struct issuing *issuing)
{
    int code = address_parse(cli, cli->operands[0], false, &issuing->address);
    if (code == CLI_DONE && cli_given(cli, OPT_KEY) == cli_given(cli, OPT_KEYS))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket issue wants --key KEY, or --keys FILE (- reads stdin)");
    if (code == CLI_DONE)
        code = take_flags(cli, &issuing->asked);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_TIMEOUT, &issuing->timeout_ns);
    if (code == CLI_DONE)
        code = cli_day(cli, OPT_DATE, &issuing->asked.date);
    if (code == CLI_DONE)
        code = tracked_metadata(cli, &issuing->asked.metadata, &issuing->owned);
    issuing->asked.key = cli->values[OPT_KEY];
    issuing->asked.trace = cli->values[OPT_TRACE];
    return code;
}

static int run(struct cli *cli)
{
    struct issuing issuing = {.cli = cli, .timeout_ns = DOCKET_TIMEOUT_DEFAULT};
    int code = take_options(cli, &issuing);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an answer, not a death */
    if (code == CLI_DONE && cli_given(cli, OPT_KEYS))
        code = issuing_many(&issuing, cli->values[OPT_KEYS]);
    else if (code == CLI_DONE)
        code = run_one(&issuing);
    free(issuing.owned);
    return code;
}

const struct cli_command command_issue = {
    .name = "issue",
    .examples = "$ docket series add acme/JOB --ledger on --template 'JOB-{N:4}' --restart never\n"
                "$ docket issue acme/JOB --key order-4711\n"
                "$ docket issue acme/JOB --key order-4711\n"
                "$ docket issue acme/JOB --key order-4712 --trace req-81 --metadata '{\"customer\": 17}' --json\n"
                "$ docket issue acme/JOB --key order-4713 --pending --expires 15m\n"
                "$ printf 'order-4714\\norder-4715\\t2026-11-24\\n' | docket issue acme/JOB --keys -\n",
    .operands = "TENANT/SERIES",
    .summary = "a number for a business key, for ever",
    .text = "Of a series with a ledger. Durable, with its record, when it is printed. The same key\n"
            "gives the same number again, from anywhere and at any time; with another date or other\n"
            "metadata it is refused. So a command that failed or was killed can always be repeated.\n"
            "A number is issued at once, or pending until docket settle: with --pending and a time,\n"
            "after which it is in doubt. Of a gapless series one of --pending and --settled is wanted.\n"
            "--keys prints a JSON object for each line, and ends with 1 if one of them was refused.\n"
            "Exit code 1 too if the key was asked for otherwise before, or its number is void.",
    .options = BIT(OPT_KEY) | BIT(OPT_KEYS) | BIT(OPT_DATE) | BIT(OPT_TRACE) | BIT(OPT_METADATA) | BIT(OPT_PENDING) |
               BIT(OPT_SETTLED) | BIT(OPT_EXPIRES) | BIT(OPT_TIMEOUT) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
