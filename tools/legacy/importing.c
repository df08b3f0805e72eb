/* SPDX-License-Identifier: MIT */
#include "importing.h"

#include "../session.h"

#include <string.h>

/* ---- which series ---- */

static docket_status ask(docket_realm *realm, void *context)
{
    struct importing *importing = context;
    docket_reader_close(importing->reader);
    importing->reader = NULL;
    docket_status status = docket_reader_open(&importing->reader);
    return status == DOCKET_OK
               ? docket_reader_add_realm(importing->reader, realm, importing->cli->values[OPT_TENANT], NULL)
               : status;
}

/* ---- reading ---- */

static int check_options(const struct cli *cli)
{
    const char *keys = cli->values[OPT_ID_KEYS];
    if (keys != NULL && strcmp(keys, "id") != 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--keys wants id: the column that --columns calls so; not '%.60s'", keys);
    static const enum cli_option_id of_service[] = {OPT_DECLARE, OPT_SEQUENCE_COLUMNS};
    for (size_t i = 0; i < sizeof of_service / sizeof of_service[0]; i++)
        if (cli_given(cli, of_service[i]) && !cli_given(cli, OPT_SERVICE))
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--%s goes with --service",
                            cli_option_of(cli->command, (int)of_service[i])->name);
    if (cli_given(cli, OPT_TEMPLATE) && !cli_given(cli, OPT_DECLARE))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--template goes with --declare; other series are read as they are declared");
    return CLI_DONE;
}

static int read_source(struct importing *importing)
{
    struct cli *cli = importing->cli;
    struct legacy_source *source;
    int code = legacy_open(cli, cli->operands[0], &source);
    if (code != CLI_DONE)
        return code;
    if (cli_given(cli, OPT_ID_KEYS) && !legacy_has(source, "id"))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--keys id: the source has no column of ids; name it with --columns id=COLUMN");
    if (code == CLI_DONE)
        code = intake_read(&importing->intake, source);
    legacy_close(source);
    return code;
}

/* The tables of a service: its series are there before its numbers are read. */
static int begin_service(struct importing *importing)
{
    struct cli *cli = importing->cli;
    int code = service_read(cli, &importing->service);
    if (code == CLI_DONE && cli_given(cli, OPT_DECLARE) && !cli_given(cli, OPT_DRY_RUN))
        code = session_run(cli, service_declare, &importing->service);
    return code;
}

int importing_read(struct importing *importing)
{
    struct cli *cli = importing->cli;
    bool is_service = cli_given(cli, OPT_SERVICE);
    int code = check_options(cli);
    if (code == CLI_DONE && is_service)
        code = begin_service(importing);
    if (code == CLI_DONE)
        code = session_run(cli, ask, importing);
    if (code == CLI_DONE && cli_given(cli, OPT_DECLARE) && cli_given(cli, OPT_DRY_RUN))
        code = service_teach(&importing->service, importing->reader);
    if (code != CLI_DONE)
        return code;
    importing->intake_is_open = true;
    code = intake_open(cli, importing->reader, &importing->intake);
    importing->intake.series = cli->values[OPT_ONE_SERIES];
    if (code == CLI_DONE)
        code = read_source(importing);
    if (code == CLI_DONE && !is_service)
        service_hint(cli);
    if (code == CLI_DONE && is_service)
        code = service_add_lasts(&importing->service, &importing->intake);
    if (code == CLI_DONE)
        code = intake_sort(&importing->intake);
    return code;
}

/* ---- sending ---- */

/* A path may have any bytes, and be long: its end tells more than its beginning. */
static void show_source(const char *source, char *shown, size_t size)
{
    size_t bytes = strlen(source), skipped = bytes < size ? 0 : bytes - (size - 1) + 3;
    if (skipped > 0)
        memcpy(shown, "...", 3);
    char *at = shown + (skipped > 0 ? 3 : 0);
    for (source += skipped; *source != '\0'; source++)
        *at++ = *source < ' ' || *source == 0x7f ? '?' : *source;
    *at = '\0';
}

int importing_send(struct importing *importing)
{
    struct cli *cli = importing->cli;
    const char *source = cli->operands[0];
    show_source(strcmp(source, "-") == 0 ? "stdin" : legacy_shown(source), importing->source, sizeof importing->source);
    importing->sending = (struct sending){.cli = cli,
                                          .intake = &importing->intake,
                                          .source = importing->source,
                                          .declares = cli_given(cli, OPT_DECLARE),
                                          .by_id = cli_given(cli, OPT_ID_KEYS)};
    importing->sending.flags = (cli_given(cli, OPT_DRY_RUN) ? DOCKET_DRY_RUN : 0u) |
                               (cli_given(cli, OPT_SKIP_CLASHES) ? DOCKET_SKIP_CLASHES : 0u);
    importing->sending_is_open = true;
    int code = sending_begin(&importing->sending);
    if (code == CLI_DONE)
        code = session_run(cli, sending_step, &importing->sending);
    return code == CLI_DONE && importing->sending.failed ? CLI_EXHAUSTED : code;
}

void importing_end(struct importing *importing)
{
    if (importing->sending_is_open)
        sending_end(&importing->sending);
    if (importing->intake_is_open)
        intake_close(&importing->intake);
    docket_reader_close(importing->reader);
    service_free(&importing->service);
}
