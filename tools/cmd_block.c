/* SPDX-License-Identifier: MIT */
/*
 * docket block: takes a contiguous block and prints its ends.
 */
#include "address.h"
#include "output.h"
#include "session.h"

#include <signal.h>
#include <stdio.h>

struct block {
    const struct address *address;
    int64_t timeout_ns;
    uint64_t wanted;
    uint64_t first, count; /* what was taken */
    int32_t period;
    char first_text[DOCKET_TEXT_MAX], last_text[DOCKET_TEXT_MAX];
};

/* Taken number by number, as the library writes texts only for numbers that it
 * gives; no call here waits. */
static docket_status empty_block(docket_block *opened, struct block *block)
{
    while (block->count < block->wanted) {
        uint64_t number = 0;
        docket_status status =
            docket_block_next_text(opened, block->last_text, sizeof block->last_text, &number);
        if (status != DOCKET_OK)
            return status;
        if (block->count++ == 0) {
            block->first = number;
            snprintf(block->first_text, sizeof block->first_text, "%s", block->last_text);
        }
    }
    return DOCKET_OK;
}

static docket_status take(docket_realm *realm, void *context)
{
    struct block *block = context;
    docket_series *series = NULL;
    docket_block *opened = NULL;
    docket_status status = docket_series_open(realm, block->address->tenant, block->address->series, &series);
    if (status == DOCKET_OK)
        status = docket_block_open(series, (uint32_t)block->wanted, block->timeout_ns, &opened);
    if (status == DOCKET_OK)
        status = docket_block_show(opened, NULL, NULL, &block->period);
    if (status == DOCKET_OK)
        status = empty_block(opened, block);
    if (status == DOCKET_OK)
        return docket_block_give_back(opened, NULL); /* nothing is left in it: frees it */
    (void)docket_block_give_back(opened, NULL); /* the failure before it is the one to tell */
    return status;
}

static int print_json(const struct cli *cli, const struct block *block)
{
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(
            object, json_pack("{s:o, s:s, s:s, s:i, s:I, s:I, s:I, s:s, s:s}", "realm", output_string(cli->realm),
                              "tenant", block->address->tenant, "series", block->address->series, "period",
                              (int)block->period, "first", (json_int_t)block->first, "last",
                              (json_int_t)(block->first + block->count - 1), "count", (json_int_t)block->count,
                              "first_text", block->first_text, "last_text", block->last_text));
    return output_json(cli, object);
}

static int run(struct cli *cli)
{
    struct address address;
    struct block block = {.address = &address, .timeout_ns = DOCKET_TIMEOUT_DEFAULT, .wanted = 1};
    int code = address_parse(cli, cli->operands[0], false, &address);
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_COUNT, 1, DOCKET_BLOCK_MAX, &block.wanted);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_TIMEOUT, &block.timeout_ns);
    if (code != CLI_DONE)
        return code;
    signal(SIGPIPE, SIG_IGN); /* or the block would be lost without a word */
    code = session_run(cli, take, &block);
    if (code != CLI_DONE)
        return code;
    if (cli->json)
        code = print_json(cli, &block);
    else
        printf("%s\n%s\n", block.first_text, block.last_text);
    if (code == CLI_DONE && fflush(stdout) != 0)
        code = cli_fail(cli, DOCKET_SYSTEM, "%s to %s were taken and could not be printed; they count as handed out",
                        block.first_text, block.last_text);
    return code;
}

const struct cli_command command_block = {
    .name = "block",
    .examples = "$ docket block acme/INV --count 500\n",
    .operands = "TENANT/SERIES",
    .summary = "take a block of numbers in one piece",
    .text = "Takes N numbers that follow each other and prints the first and the last\n"
            "document number, one a line. All of them count as handed out. Starts docketd\n"
            "for the realm if none answers.",
    .options = BIT(OPT_COUNT) | BIT(OPT_TIMEOUT) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
