/* SPDX-License-Identifier: MIT */
/* docket void, docket reconcile: what became of numbers, as people know it. */
#include "deciding.h"
#include "legacy/reconciling.h"
#include "session.h"
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- void, of a series without a ledger ---- */

struct voiding {
    const struct cli *cli;
    struct docket_counter_name name;
    uint64_t first, last;
    struct deciding_changes changes;
    bool has_ledger; /* it is decided number by number */
};

static docket_status void_them(docket_realm *realm, void *context)
{
    struct voiding *voiding = context;
    const struct address *address = voiding->changes.address;
    struct tracked tracked;
    bool keeps = tracked_ask(realm, address, &tracked) == DOCKET_OK && tracked.has_ledger;
    docket_status status = docket_admin_void(realm, &voiding->name, voiding->first, voiding->last,
                                             voiding->cli->values[OPT_REASON], deciding_flags(voiding->cli),
                                             deciding_change, &voiding->changes);
    /* What was given before it kept a ledger has no record, and is an admin's to declare void as ever. */
    voiding->has_ledger = keeps && (status == DOCKET_NOT_TRACKED || status == DOCKET_NOT_PERMITTED);
    return voiding->has_ledger ? DOCKET_OK : status;
}

/* ---- void, of one with a ledger: whatever names a number ---- */

static int void_tracked(struct verdict *verdict)
{
    int code = verdict->statuses == NULL ? verdict_take(verdict, 1) : CLI_DONE;
    if (code != CLI_DONE) {
        verdict_drop(verdict);
        return code;
    }
    if (cli_given(verdict->cli, OPT_DRY_RUN)) {
        verdict_drop(verdict);
        return cli_fail(verdict->cli, DOCKET_BAD_ARGUMENT,
                        "--dry-run is not for series with a ledger: docket records shows the state of their numbers");
    }
    return verdict_run(verdict);
}

/* Does the line name what only a ledger knows? Anything but one number, or a range of them, be it upside down. */
static bool names_more(const struct cli *cli)
{
    return cli_given(cli, OPT_KEY) || cli_given(cli, OPT_NAME) || cli->operand_count != 2 ||
           !picking_is_range(cli->operands[1]);
}

static int confirm_void(const struct cli *cli)
{
    const char *series = cli->operands[0], *key = cli->values[OPT_KEY], *name = cli->values[OPT_NAME];
    if (key != NULL)
        return deciding_confirm(cli, "void the number that key %.128s of %s has for good", key, series);
    if (cli->operand_count == 1)
        return deciding_confirm(cli, "void all that is held of reservation %.128s of %s for good", name != NULL ? name : "",
                                series);
    if (cli->operand_count == 2)
        return deciding_confirm(cli, "void %s %.100s for good", series, cli->operands[1]);
    return deciding_confirm(cli, "void %d numbers of %s for good", cli->operand_count - 1, series);
}

static int run_void(struct cli *cli)
{
    struct verdict verdict = {.cli = cli, .verb = DOCKET_VOID, .reason = cli->values[OPT_REASON]};
    struct voiding voiding = {.cli = cli};
    bool more = names_more(cli);
    int code = deciding_address(cli, &verdict.address, &voiding.name);
    if (code == CLI_DONE && !more)
        code = deciding_range(cli, cli->operands[1], &voiding.first, &voiding.last);
    if (code == CLI_DONE && more)
        code = verdict_take(&verdict, 1);
    if (code == CLI_DONE)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = confirm_void(cli);
    if (code == CLI_DONE && more)
        return void_tracked(&verdict);
    if (code == CLI_DONE) {
        deciding_begin(&voiding.changes, cli, &verdict.address);
        code = session_run(cli, void_them, &voiding);
        if (code == CLI_DONE && voiding.has_ledger) {
            json_decref(voiding.changes.array);
            return void_tracked(&verdict);
        }
        code = deciding_end(&voiding.changes, code);
    }
    verdict_drop(&verdict);
    return code;
}

const struct cli_command command_void = {
    .name = "void",
    .examples = "$ docket next acme/INV -n 5\n"
                "$ docket void acme/INV 3-4 --yes --reason 'cancelled by the customer'\n"
                "$ docket series add acme/JOB --ledger on --template 'JOB-{N:4}' --restart never\n"
                "$ docket issue acme/JOB --key order-4711\n"
                "$ docket void acme/JOB --key order-4711 --yes --reason 'cancelled by the customer'\n",
    .operands = "TENANT/SERIES[/PERIOD] [N[-M]|TEXT|-]...",
    .summary = "declare numbers void that were handed out",
    .text = "Durable on return, with the reason, and not to be undone. Asks on a terminal; --yes\n"
            "elsewhere.\n"
            "A range of numbers: those that are laid, open, spare, unknown or were never handed out are\n"
            "refused, and nothing changes. For root, docketd's user and the admins of docket.conf.\n"
            "Of a series with a ledger: numbers that you hold, by --key, document number, number, lines\n"
            "of stdin (-), or with their reservation's --name (alone: all that is still held of it). An\n"
            "issued one by its key, or by an admin. What is printed: as docket settle has it.",
    .options = BIT(OPT_KEY) | BIT(OPT_NAME) | BIT(OPT_PERIOD) | BIT(OPT_REASON) | BIT(OPT_TIMEOUT) | BIT(OPT_DRY_RUN) |
               BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = CLI_OPERANDS_ANY,
    .offline = "void",
    .run = run_void};

/* ---- reconcile ---- */

struct settling {
    const struct cli *cli;
    struct docket_counter_name name;
    char *evidence;
    size_t bytes;
    struct deciding_changes changes;
};

static docket_status settle(docket_realm *realm, void *context)
{
    struct settling *settling = context;
    return docket_admin_reconcile(realm, &settling->name, settling->evidence, settling->bytes,
                                  settling->cli->values[OPT_REASON], deciding_flags(settling->cli), deciding_change,
                                  &settling->changes);
}

/* A byte more than is allowed is read, so that too much is told from enough. */
static int read_evidence(const struct cli *cli, struct settling *settling)
{
    const char *path = cli->values[OPT_ISSUED];
    bool from_stdin = strcmp(path, "-") == 0;
    int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    settling->evidence = malloc(DOCKET_EVIDENCE_MAX + 1);
    if (settling->evidence == NULL) {
        if (fd >= 0 && !from_stdin)
            close(fd);
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the evidence");
    }
    while (got > 0 && settling->bytes <= DOCKET_EVIDENCE_MAX) {
        got = read(fd, settling->evidence + settling->bytes, DOCKET_EVIDENCE_MAX + 1 - settling->bytes);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            settling->bytes += (size_t)got;
    }
    int error = errno;
    if (fd >= 0 && !from_stdin)
        close(fd);
    if (got < 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot read the evidence %.200s: %s", path, strerror(error));
    if (settling->bytes > DOCKET_EVIDENCE_MAX)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "the evidence %.200s has more than %u bytes; split it", path,
                        DOCKET_EVIDENCE_MAX);
    return CLI_DONE;
}

/* How a source is read says nothing of --issued. */
static int check_source(const struct cli *cli)
{
    static const enum cli_option_id of_source[] = {OPT_MAP, OPT_QUERY, OPT_TENANT, OPT_DELIMITER, OPT_DATES};
    for (size_t i = 0; i < sizeof of_source / sizeof of_source[0]; i++)
        if (cli_given(cli, of_source[i]) && !cli_given(cli, OPT_FROM_SOURCE))
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--%s goes with --from",
                            cli_option_of(cli->command, (int)of_source[i])->name);
    return CLI_DONE;
}

static int run_reconcile(struct cli *cli)
{
    struct address address;
    struct settling settling = {.cli = cli};
    bool void_rest = cli_given(cli, OPT_VOID_REST), from_source = cli_given(cli, OPT_FROM_SOURCE);
    int code = deciding_address(cli, &address, &settling.name);
    if (code == CLI_DONE && from_source == cli_given(cli, OPT_ISSUED))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket reconcile wants --issued FILE, or - for stdin; or --from SOURCE, of "
                                                  "invoices; one of them");
    if (code == CLI_DONE)
        code = check_source(cli);
    if (code == CLI_DONE && from_source && !cli_given(cli, OPT_TENANT))
        cli->values[OPT_TENANT] = address.tenant; /* where there is no column of tenants */
    if (code == CLI_DONE && void_rest)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "settle unknown numbers of %s%s", cli->operands[0],
                                void_rest ? ", and void all others of the period" : "");
    if (code == CLI_DONE && !from_source)
        code = read_evidence(cli, &settling);
    if (code == CLI_DONE) {
        deciding_begin(&settling.changes, cli, &address);
        code = deciding_end(&settling.changes, from_source ? reconciling_run(cli, &settling.name, &settling.changes)
                                                           : session_run(cli, settle, &settling));
    }
    free(settling.evidence);
    return code;
}

const struct cli_command command_reconcile = {
    .name = "reconcile",
    .examples = "$ docket next acme/INV\n"
                "$ docket reconcile acme/INV --issued /dev/null --dry-run\n"
                "$ docket reconcile acme/INV --issued - --void-rest --yes --reason 'the books are closed' </dev/null\n",
    .operands = "TENANT/SERIES[/PERIOD]",
    .summary = "settle unknown numbers by evidence",
    .text = "Each line of the evidence is a number, a range (17-20 or 17..20) or a document number of\n"
            "the series; empty lines and lines that begin with # are left out. They become handed\n"
            "out. A line that names anything but unknown numbers of the period changes nothing at\n"
            "all. With --from the evidence are the rows of another system's invoices, as docket scan reads\n"
            "them: those of the period that name unknown numbers; all others are counted and left out,\n"
            "and there is no limit to them. --void-rest makes every other unknown number of the period void. For root,\n"
            "docketd's user and the admins of docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = LEGACY_OPTIONS | BIT(OPT_FROM_SOURCE) | BIT(OPT_PERIOD) | BIT(OPT_ISSUED) | BIT(OPT_VOID_REST) | BIT(OPT_REASON) | BIT(OPT_DRY_RUN) |
               BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .offline = "reconcile",
    .run = run_reconcile};
