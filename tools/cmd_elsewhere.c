/* SPDX-License-Identifier: MIT */
/* docket elsewhere: document numbers that were given by hand, or by another system. */
#include "output.h"
#include "picking.h"
#include "progress.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What became of one text. */
struct told {
    docket_status status;
    char *sentence; /* of one that failed */
};

struct telling {
    const struct cli *cli;
    struct address address;
    struct picking picking;
    struct told *told;
    size_t count, failed;
    int code;
};

static docket_status tell(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    struct tracked tracked;
    struct progress progress;
    docket_series *series = NULL;
    docket_status status = tracked_open(telling->cli, realm, &telling->address, &tracked, &series, &telling->code);
    if (telling->code != CLI_DONE)
        return DOCKET_OK;
    progress_tick_end(); /* from here on numbers are counted */
    progress_begin(&progress, telling->cli, "taken down");
    while (status == DOCKET_OK && telling->count < telling->picking.count) {
        struct told *told = &telling->told[telling->count];
        told->status = docket_elsewhere(series, telling->picking.which[telling->count].text,
                                        telling->cli->values[OPT_NOTE], DOCKET_TIMEOUT_DEFAULT, NULL);
        bool of_text = told->status == DOCKET_COLLISION || told->status == DOCKET_BAD_ARGUMENT;
        if (told->status != DOCKET_OK && !of_text)
            status = told->status; /* it will be the same for all others */
        if (of_text)
            told->sentence = strdup(docket_last_error());
        telling->failed += of_text;
        telling->count += status == DOCKET_OK;
        progress_step(&progress);
    }
    progress_end(&progress);
    return status;
}

static const char *sentence_of(const struct told *told)
{
    if (told->status == DOCKET_OK)
        return "taken";
    return told->sentence != NULL && told->sentence[0] != '\0' ? told->sentence : docket_status_text(told->status);
}

static int print_json(const struct telling *telling)
{
    json_t *object = output_object(), *items = json_array();
    for (size_t i = 0; i < telling->count; i++)
        json_array_append_new(items, json_pack("{s:o, s:s, s:b, s:o}", "text", output_string(telling->picking.which[i].text),
                                               "status", docket_status_name(telling->told[i].status), "well",
                                               telling->told[i].status == DOCKET_OK, "message",
                                               output_string(sentence_of(&telling->told[i]))));
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:I, s:I, s:o}", "realm", output_string(telling->cli->realm),
                                                 "tenant", telling->address.tenant, "series", telling->address.series,
                                                 "done", (json_int_t)(telling->count - telling->failed), "failed",
                                                 (json_int_t)telling->failed, "items", items));
    else
        json_decref(items);
    return output_json(telling->cli, object);
}

static int print(const struct telling *telling)
{
    const struct cli *cli = telling->cli;
    int code = CLI_DONE;
    if (cli->json)
        code = print_json(telling);
    for (size_t i = 0; !cli->json && i < telling->count; i++)
        if (telling->picking.count > 1 || telling->failed == 0)
            printf("%s  %s%s\n", telling->picking.which[i].text, telling->told[i].status == DOCKET_OK ? "" : "NO: ",
                   sentence_of(&telling->told[i]));
    if (code != CLI_DONE || telling->failed == 0)
        return code;
    size_t at = 0;
    while (telling->told[at].status == DOCKET_OK)
        at++;
    if (telling->picking.count == 1)
        return cli_no(cli, telling->told[at].status, "%s", sentence_of(&telling->told[at]));
    return cli_no(cli, telling->told[at].status, "%zu of %zu were not taken down; the first is %s", telling->failed,
                  telling->count, telling->picking.which[at].text);
}

static int run(struct cli *cli)
{
    struct telling telling = {.cli = cli};
    int code = address_parse(cli, cli->operands[0], false, &telling.address);
    if (code == CLI_DONE && !cli_given(cli, OPT_NOTE))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket elsewhere wants --note TEXT: where the numbers come from");
    if (code == CLI_DONE)
        code = tracked_words(cli, OPT_NOTE);
    if (code == CLI_DONE)
        code = picking_take_texts(cli, 1, &telling.picking);
    if (code == CLI_DONE && (telling.told = calloc(telling.picking.count + 1, sizeof *telling.told)) == NULL)
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for so many numbers");
    if (code == CLI_DONE) {
        code = session_run(cli, tell, &telling);
        code = telling.code != CLI_DONE ? telling.code : code;
        if (code != CLI_DONE && telling.count > 0)
            cli_note(cli, "%zu of %zu were looked at before that; the same command may be given again", telling.count,
                     telling.picking.count);
        int printed = code == CLI_DONE || telling.count > 0 ? print(&telling) : CLI_DONE;
        code = code == CLI_DONE ? printed : code;
    }
    for (size_t i = 0; telling.told != NULL && i < telling.picking.count; i++)
        free(telling.told[i].sentence);
    free(telling.told);
    picking_free(&telling.picking);
    return code;
}

const struct cli_command command_elsewhere = {
    .name = "elsewhere",
    .examples = "$ docket series add acme/JOB --ledger on --template 'JOB-{N:4}' --restart never\n"
                "$ docket elsewhere acme/JOB JOB-0002 --note 'by hand, on the fair'\n"
                "$ docket issue acme/JOB --key order-4711\n"
                "$ docket issue acme/JOB --key order-4712\n",
    .operands = "TENANT/SERIES TEXT|-...",
    .summary = "a document number was given elsewhere",
    .text = "By hand, or by another system: no series of the tenant that keeps a ledger gives a number\n"
            "of this text any more, small and capital letters alike. - reads one a line from stdin. The\n"
            "same again is no failure. Exit code 1 if a number of the tenant's own has one of the texts:\n"
            "the sentence says which. Any series with a ledger will do: it names the tenant. For\n"
            "whoever may sit at its desk; an event says who it was.",
    .options = BIT(OPT_NOTE) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 2,
    .operands_max = CLI_OPERANDS_ANY,
    .run = run};
