/* SPDX-License-Identifier: MIT */
/* docket settle, docket release: what becomes of numbers that are reserved, pending or in doubt. */
#include "deciding.h"
#include "verdict.h"

#define OPTIONS                                                                                                        \
    (BIT(OPT_KEY) | BIT(OPT_NAME) | BIT(OPT_PERIOD) | BIT(OPT_TIMEOUT) | BIT(OPT_REALM) | BIT(OPT_NO_START) |          \
     BIT(OPT_JSON) | BIT(OPT_QUIET))

static int run_verb(struct cli *cli, enum docket_verb verb)
{
    struct verdict verdict = {.cli = cli, .verb = verb};
    struct docket_counter_name name;
    int code = deciding_address(cli, &verdict.address, &name);
    if (code == CLI_DONE)
        code = verdict_take(&verdict, 1);
    if (code == CLI_DONE)
        return verdict_run(&verdict);
    verdict_drop(&verdict);
    return code;
}

static int run_settle(struct cli *cli)
{
    return run_verb(cli, DOCKET_SETTLE);
}

static int run_release(struct cli *cli)
{
    return run_verb(cli, DOCKET_RELEASE);
}

const struct cli_command command_settle = {
    .name = "settle",
    .examples = "$ docket series add acme/JOB --order gapless --template 'JOB-{N:4}' --restart never\n"
                "$ docket issue acme/JOB --key order-4711 --pending --expires 15m\n"
                "$ docket settle acme/JOB --key order-4711\n"
                "$ docket reserve acme/JOB --name monday --count 3 --expires 12h\n"
                "$ docket settle acme/JOB --name monday JOB-0002 JOB-0003\n"
                "$ docket settle acme/JOB --name monday\n",
    .operands = "TENANT/SERIES[/PERIOD] [TEXT|N[..M]|-]...",
    .summary = "numbers are issued: each is on a document",
    .text = "Which: the one of --key; document numbers, or numbers of the period (17, 17..20); - reads\n"
            "one a line from stdin; with --name alone all that is still held of a reservation. Numbers\n"
            "of a reservation want its --name beside them: it shows that you may.\n"
            "Durable on return. A line for each says what became of it; one that is settled already is\n"
            "no failure, so the same command may be given again. Exit code 1 if any could not be\n"
            "settled. A late one is settled if nobody else has the number.",
    .options = OPTIONS,
    .operands_min = 1,
    .operands_max = CLI_OPERANDS_ANY,
    .run = run_settle};

const struct cli_command command_release = {
    .name = "release",
    .examples = "$ docket series add acme/JOB --order gapless --template 'JOB-{N:4}' --restart never\n"
                "$ docket issue acme/JOB --key order-4711 --pending --expires 15m\n"
                "$ docket release acme/JOB --key order-4711\n"
                "$ docket reserve acme/JOB --name monday --count 10 --expires 12h\n"
                "$ docket release acme/JOB --name monday JOB-0007 JOB-0008\n"
                "$ docket release acme/JOB --name monday\n",
    .operands = "TENANT/SERIES[/PERIOD] [TEXT|N[..M]|-]...",
    .summary = "numbers are not needed: free again",
    .text = "They are given to the next who asks; in a series with the setting release=void they are\n"
            "void instead. Only for numbers that are on no document. A key whose number is released\n"
            "gets another one when it is asked for again.\n"
            "Which, and what is printed: as docket settle has it.",
    .options = OPTIONS,
    .operands_min = 1,
    .operands_max = CLI_OPERANDS_ANY,
    .run = run_release};
