/* SPDX-License-Identifier: MIT */
/* docket export-state, import-state: a realm's state goes to another host, once. */
#include "deciding.h"
#include "offline.h"

static int run_export(struct cli *cli)
{
    const char *words[8] = {"export-state", "--to", cli->values[OPT_TICKET]};
    size_t count = 3;
    if (!cli_given(cli, OPT_TICKET))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket export-state wants --to TICKET: docket import-state --prepare in the "
                                                  "new realm says it");
    if (cli_given(cli, OPT_REASON)) {
        words[count++] = "--reason";
        words[count++] = cli->values[OPT_REASON];
    }
    words[count++] = "--"; /* the folder may begin with a dash */
    words[count] = cli->operands[0];
    int code = deciding_confirm(cli, "move %s away: it will give no number any more, ever", cli->realm);
    return code == CLI_DONE ? offline_run(cli, words) : code;
}

static int run_import(struct cli *cli)
{
    bool prepare = cli_given(cli, OPT_PREPARE);
    if (prepare == (cli->operand_count > 0))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket import-state wants either the folder that export-state made, or "
                                                  "--prepare");
    const char *words[4] = {"import-state", prepare ? "--prepare" : "--", prepare ? NULL : cli->operands[0]};
    return offline_run(cli, words);
}

const struct cli_command command_export_state = {
    .name = "export-state",
    .examples = NULL,
    .operands = "DIR",
    .summary = "move a stopped realm away, for good",
    .text = "First docket import-state --prepare in the new realm, which says a ticket; docket drain --wait\n"
            "here, and a stop of docketd in order. Then the store gets a fence, for good, with an event, and\n"
            "only then is it copied into DIR, as docket backup does. From then on docketd refuses here (exit\n"
            "code 4), also with --accept-store. After a crash the same command goes on. Refused while a\n"
            "lease is out, or a number is pending in the hands of a process. docket.conf does not go along.\n"
            "Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_TICKET) | BIT(OPT_REASON) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .offline = "export-state DIR",
    .run = run_export};

const struct cli_command command_import_state = {
    .name = "import-state",
    .examples = NULL,
    .operands = "[DIR]",
    .summary = "bring a moved state into the realm that waits for it",
    .text = "With --prepare: makes the realm, draws its ticket and prints it; nothing else begins there any\n"
            "more. With DIR, which docket export-state --to that ticket made: reads it whole, puts it in place\n"
            "in a new generation, and the ticket is used up. docketd then goes on with exactly the next\n"
            "numbers: nothing is lost, nothing twice, nothing unknown. After a crash the same command goes on.\n"
            "Exit code 4: DIR is damaged, or this host knows a later past of the store.",
    .options = BIT(OPT_PREPARE) | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 0,
    .operands_max = 1,
    .offline = "import-state DIR",
    .run = run_import};
