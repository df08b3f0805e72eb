/* SPDX-License-Identifier: MIT */
/* docket resolve: an admin decides about numbers in doubt. */
#include "deciding.h"
#include "output.h"
#include "picking.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number in doubt that was meant, as its record has it. */
struct doubt {
    uint64_t number;
    int32_t period;
    char *line;   /* for people; NULL with --json */
    json_t *json;
};

struct resolving {
    const struct cli *cli;
    struct address address;
    enum docket_verb verb; /* 0: none was said, only to look */
    bool all;
    struct picking picking;
    bool *found;           /* of each that was picked */
    struct doubt *doubts;
    size_t count, room;
    uint64_t done;
    bool only_look;
    int code;
};

/* ---- what is in doubt ---- */

static bool is_meant(struct resolving *resolving, const struct docket_record *record)
{
    bool meant = resolving->all;
    for (size_t i = 0; i < resolving->picking.count; i++) {
        const struct docket_which *which = &resolving->picking.which[i];
        bool same = which->number != 0 ? which->number == record->number && which->period == record->period
                                       : strcmp(which->text, record->text) == 0;
        resolving->found[i] = resolving->found[i] || same;
        meant = meant || same;
    }
    return meant;
}

static char *line_of(const struct docket_record *record)
{
    char period[PERIOD_TEXT_BYTES], time[OUTPUT_TIME_BYTES], *line = NULL;
    bool by_name = record->hold[0] != '\0';
    const char *name = by_name ? record->hold : record->key;
    if (asprintf(&line, "  %s  %" PRIu64 " of %s, in doubt since %s%s%s%s, uid %u%s%s%s%s", record->text, record->number,
                 address_period_text(record->period, period), output_time(record->last_ns / 1000000000, time),
                 record->error[0] != '\0' ? " (" : "", record->error, record->error[0] != '\0' ? ")" : "", record->uid,
                 record->host[0] != '\0' ? " on " : "", record->host,
                 name[0] == '\0' ? "" : by_name ? ", reserved as " : ", key ", name) < 0)
        return NULL;
    return line;
}

static json_t *json_of(const struct docket_record *record)
{
    char time[OUTPUT_TIME_BYTES];
    return json_pack("{s:I, s:o, s:i, s:o, s:o, s:I, s:o, s:s, s:o}", "number", (json_int_t)record->number, "text",
                     output_string(record->text), "period", (int)record->period, "key", output_string(record->key), "hold",
                     output_string(record->hold), "uid", (json_int_t)record->uid, "host", output_string(record->host),
                     "since", output_time(record->last_ns / 1000000000, time), "cause", output_string(record->error));
}

static int keep(void *context, const struct docket_record *record)
{
    struct resolving *resolving = context;
    if (!is_meant(resolving, record))
        return 0;
    if (resolving->count == resolving->room) {
        size_t room = resolving->room > 0 ? resolving->room * 2 : 64;
        struct doubt *more = realloc(resolving->doubts, room * sizeof *more);
        if (more == NULL) {
            resolving->code = cli_fail(resolving->cli, DOCKET_NO_MEMORY, "no memory for so many numbers in doubt");
            return 1;
        }
        resolving->doubts = more;
        resolving->room = room;
    }
    bool json = resolving->cli->json;
    resolving->doubts[resolving->count++] = (struct doubt){.number = record->number,
                                                           .period = record->period,
                                                           .line = json ? NULL : line_of(record),
                                                           .json = json ? json_of(record) : NULL};
    return 0;
}

static void forget(struct resolving *resolving)
{
    for (size_t i = 0; i < resolving->count; i++) {
        free(resolving->doubts[i].line);
        json_decref(resolving->doubts[i].json);
    }
    resolving->count = 0;
}

/* May be called twice, should docketd have been started meanwhile. */
static docket_status look(docket_realm *realm, void *context)
{
    struct resolving *resolving = context;
    struct tracked tracked;
    docket_series *series = NULL;
    docket_status status = tracked_open(resolving->cli, realm, &resolving->address, &tracked, &series, &resolving->code);
    if (resolving->code != CLI_DONE)
        return DOCKET_OK;
    forget(resolving);
    if (status == DOCKET_OK)
        status = picking_period(&resolving->picking, realm, &resolving->address);
    if (status == DOCKET_OK)
        status = docket_records(series, resolving->address.period, 1, "in doubt", keep, resolving);
    return status;
}

/* ---- the decision ---- */

/* So many in one call that it is done well within its time. */
enum { AT_ONCE = 10000 };

/* Calls for one period each: their numbers lie together, as the records came. */
static docket_status decide(docket_realm *realm, void *context)
{
    struct resolving *resolving = context;
    docket_series *series = NULL;
    docket_status status = docket_series_open(realm, resolving->address.tenant, resolving->address.series, &series);
    uint64_t *numbers = calloc(resolving->count + 1, sizeof *numbers);
    if (numbers == NULL)
        resolving->code = cli_fail(resolving->cli, DOCKET_NO_MEMORY, "no memory for so many numbers");
    for (size_t at = 0; numbers != NULL && status == DOCKET_OK && at < resolving->count;) {
        size_t count = 0;
        uint64_t done = 0;
        int32_t period = resolving->doubts[at].period;
        for (; at < resolving->count && count < AT_ONCE && resolving->doubts[at].period == period; at++)
            numbers[count++] = resolving->doubts[at].number;
        status = docket_resolve(series, resolving->verb, period, numbers, count, resolving->cli->values[OPT_REASON],
                                DOCKET_TIMEOUT_DEFAULT, &done);
        resolving->done += done;
    }
    free(numbers);
    return status;
}

static const char *verb_name(enum docket_verb verb)
{
    return verb == DOCKET_SETTLE ? "settle" : verb == DOCKET_VOID ? "void" : "release";
}

/* A text or number that nobody has to decide about: nothing is decided then. */
static int check_found(const struct resolving *resolving)
{
    char label[PICKING_LABEL_BYTES];
    for (size_t i = 0; i < resolving->picking.count; i++)
        if (!resolving->found[i])
            return cli_no(resolving->cli, DOCKET_NOT_HELD,
                          "%s is not in doubt, so nothing was decided; docket resolve %s --all --dry-run shows what is",
                          picking_label(&resolving->picking.which[i], label), resolving->cli->operands[0]);
    return CLI_DONE;
}

static int print(const struct resolving *resolving)
{
    const struct cli *cli = resolving->cli;
    if (!cli->json) {
        for (size_t i = 0; resolving->only_look && i < resolving->count; i++)
            printf("%s\n", resolving->doubts[i].line != NULL ? resolving->doubts[i].line : "");
        if (resolving->count == 0)
            printf("nothing is in doubt\n");
        else if (resolving->only_look)
            printf("%zu in doubt; nothing was changed (--dry-run)\n", resolving->count);
        else
            printf("%s/%s  %" PRIu64 " in doubt: %s\n", resolving->address.tenant, resolving->address.series, resolving->done,
                   resolving->verb == DOCKET_SETTLE ? "settled" : resolving->verb == DOCKET_VOID ? "void" : "released");
        return CLI_DONE;
    }
    json_t *object = output_object(), *numbers = json_array();
    for (size_t i = 0; i < resolving->count; i++)
        json_array_append(numbers, resolving->doubts[i].json);
    if (object == NULL)
        json_decref(numbers);
    else
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b, s:o, s:I, s:o}", "realm", output_string(cli->realm),
                                                 "tenant", resolving->address.tenant, "series", resolving->address.series,
                                                 "dry_run", resolving->only_look, "verb",
                                                 resolving->verb != 0 ? json_string(verb_name(resolving->verb)) : json_null(),
                                                 "done", (json_int_t)resolving->done, "numbers", numbers));
    return output_json(cli, object);
}

static int resolve(struct resolving *resolving)
{
    const struct cli *cli = resolving->cli;
    int code = session_run(cli, look, resolving);
    code = resolving->code != CLI_DONE ? resolving->code : code;
    if (code == CLI_DONE)
        code = check_found(resolving);
    if (code == CLI_DONE && resolving->count > 0 && !resolving->only_look) {
        code = deciding_confirm(cli, "%s %zu numbers in doubt of %s", verb_name(resolving->verb), resolving->count,
                                cli->operands[0]);
        if (code == CLI_DONE)
            code = session_run(cli, decide, resolving);
        code = resolving->code != CLI_DONE ? resolving->code : code;
        if (code != CLI_DONE && resolving->done > 0)
            cli_note(cli, "%" PRIu64 " were decided before that", resolving->done);
    }
    return code == CLI_DONE ? print(resolving) : code;
}

/* ---- the command ---- */

static int take_options(const struct cli *cli, struct resolving *resolving)
{
    struct docket_counter_name name;
    int verbs = cli_given(cli, OPT_SETTLE) + cli_given(cli, OPT_VOID) + cli_given(cli, OPT_FREE);
    int code = deciding_address(cli, &resolving->address, &name);
    resolving->only_look = cli_given(cli, OPT_DRY_RUN);
    resolving->all = cli_given(cli, OPT_EVERY);
    if (cli_given(cli, OPT_SETTLE))
        resolving->verb = DOCKET_SETTLE;
    else if (verbs > 0)
        resolving->verb = cli_given(cli, OPT_VOID) ? DOCKET_VOID : DOCKET_RELEASE;
    if (code == CLI_DONE && (verbs > 1 || (verbs == 0 && !resolving->only_look)))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket resolve wants one of --settle, --void and --release; --dry-run "
                                                  "alone shows what is in doubt");
    if (code == CLI_DONE && resolving->all == (cli->operand_count > 1))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket resolve wants document numbers, or --all");
    if (code == CLI_DONE && !resolving->only_look)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = tracked_words(cli, OPT_REASON);
    if (code == CLI_DONE && !resolving->all)
        code = picking_take(cli, 1, &resolving->picking);
    if (code == CLI_DONE && (resolving->found = calloc(resolving->picking.count + 1, sizeof(bool))) == NULL)
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for so many numbers");
    return code;
}

static int run(struct cli *cli)
{
    struct resolving resolving = {.cli = cli};
    int code = take_options(cli, &resolving);
    if (code == CLI_DONE)
        code = resolve(&resolving);
    forget(&resolving);
    free(resolving.doubts);
    free(resolving.found);
    picking_free(&resolving.picking);
    return code;
}

const struct cli_command command_resolve = {
    .name = "resolve",
    .examples = "$ docket series add acme/JOB --order gapless --template 'JOB-{N:4}' --restart never\n"
                "$ docket issue acme/JOB --key order-4711 --pending --expires 1s\n"
                "$ sleep 3\n"
                "$ docket resolve acme/JOB --all --dry-run\n"
                "$ docket resolve acme/JOB --settle JOB-0001 --yes --reason 'found on the invoice of 24 November'\n",
    .operands = "TENANT/SERIES[/PERIOD] [TEXT|N[..M]|-]...",
    .summary = "decide about numbers in doubt",
    .text = "Numbers whose holder ended, or whose time ran out, before anybody said what became of them.\n"
            "--settle: they are on a document. --void: never to be used. --release: on no document, free\n"
            "again. By document number, by number of the period, or --all of every period (or of the\n"
            "one named). One that is not in doubt, and nothing is decided. The reason is kept with an\n"
            "event. --dry-run shows what is in doubt. For root, docketd's user and the admins of\n"
            "docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_SETTLE) | BIT(OPT_VOID) | BIT(OPT_FREE) | BIT(OPT_EVERY) | BIT(OPT_PERIOD) | BIT(OPT_REASON) |
               BIT(OPT_DRY_RUN) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = CLI_OPERANDS_ANY,
    .run = run};
