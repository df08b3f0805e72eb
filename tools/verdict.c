/* SPDX-License-Identifier: MIT */
#include "verdict.h"
#include "output.h"
#include "progress.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 4096 }; /* decisions of one call */

static const struct {
    const char *done, *already;
    docket_status well; /* it was so before: the same decision again */
} words[] = {
    [DOCKET_SETTLE] = {"settled", "settled already", DOCKET_ALREADY_SETTLED},
    [DOCKET_VOID] = {"void", "void already", DOCKET_ALREADY_VOID},
    [DOCKET_RELEASE] = {"released", "released already", DOCKET_ALREADY_RELEASED},
};

bool verdict_is_well(enum docket_verb verb, docket_status status)
{
    return status == DOCKET_OK || status == words[verb].well;
}

int verdict_take(struct verdict *verdict, int first)
{
    const struct cli *cli = verdict->cli;
    verdict->timeout_ns = DOCKET_TIMEOUT_DEFAULT;
    int code = cli_seconds(cli, OPT_TIMEOUT, &verdict->timeout_ns);
    if (code == CLI_DONE)
        code = tracked_words(cli, OPT_REASON);
    if (code == CLI_DONE)
        code = picking_take(cli, first, &verdict->picking);
    if (code != CLI_DONE)
        return code;
    verdict->statuses = calloc(verdict->picking.count + 1, sizeof *verdict->statuses);
    return verdict->statuses != NULL ? CLI_DONE : cli_fail(cli, DOCKET_NO_MEMORY, "no memory for so many numbers");
}

void verdict_drop(struct verdict *verdict)
{
    picking_free(&verdict->picking);
    free(verdict->statuses);
    verdict->statuses = NULL;
}

/* May be called twice, should docketd have been started meanwhile: it goes on where it was. */
static docket_status decide(docket_realm *realm, void *context)
{
    struct verdict *verdict = context;
    struct picking *picking = &verdict->picking;
    struct tracked tracked;
    docket_series *series = NULL;
    struct progress progress;
    docket_status status = tracked_open(verdict->cli, realm, &verdict->address, &tracked, &series, &verdict->code);
    if (verdict->code != CLI_DONE)
        return DOCKET_OK;
    if (status == DOCKET_OK && picking->whole)
        return docket_decide_reserved(series, verdict->verb, picking->name, verdict->reason, verdict->timeout_ns,
                                      &verdict->of_name);
    if (status == DOCKET_OK)
        status = picking_period(picking, realm, &verdict->address);
    progress_tick_end(); /* from here on numbers are counted */
    progress_begin(&progress, verdict->cli, "decided");
    while (status == DOCKET_OK && verdict->decided < picking->count) {
        size_t left = picking->count - verdict->decided, count = left < AT_ONCE ? left : AT_ONCE;
        status = docket_decide(series, verdict->verb, picking->which + verdict->decided, count, verdict->reason,
                               verdict->timeout_ns, verdict->statuses + verdict->decided);
        if (status == DOCKET_OK && count == 1)
            snprintf(verdict->sentence, sizeof verdict->sentence, "%s", docket_last_error());
        for (size_t i = 0; status == DOCKET_OK && i < count; i++)
            progress_step(&progress);
        verdict->decided += status == DOCKET_OK ? count : 0;
    }
    progress_end(&progress);
    return status;
}

/* ---- what became of it ---- */

static const char *outcome(const struct verdict *verdict, docket_status status)
{
    if (status == DOCKET_OK)
        return words[verdict->verb].done;
    return verdict_is_well(verdict->verb, status) ? words[verdict->verb].already : docket_status_text(status);
}

static void count_them(const struct verdict *verdict, size_t *well, size_t *already)
{
    *well = *already = 0;
    for (size_t i = 0; i < verdict->decided; i++) {
        bool is_well = verdict_is_well(verdict->verb, verdict->statuses[i]);
        *well += is_well;
        *already += is_well && verdict->statuses[i] != DOCKET_OK;
    }
}

static json_t *item_json(const struct verdict *verdict, size_t at)
{
    const struct docket_which *which = &verdict->picking.which[at];
    docket_status status = verdict->statuses[at];
    json_t *item = json_object();
    if (which->number != 0) {
        json_object_set_new(item, "number", json_integer((json_int_t)which->number));
        json_object_set_new(item, "period", json_integer(which->period));
    } else {
        json_object_set_new(item, which->key != NULL ? "key" : "text",
                            output_string(which->key != NULL ? which->key : which->text));
    }
    json_object_set_new(item, "status", json_string(docket_status_name(status)));
    json_object_set_new(item, "well", json_boolean(verdict_is_well(verdict->verb, status)));
    json_object_set_new(item, "message", json_string(outcome(verdict, status)));
    return item;
}

static int print_json(const struct verdict *verdict, size_t well, size_t already)
{
    const struct picking *picking = &verdict->picking;
    json_t *object = output_object(), *items = json_array();
    for (size_t i = 0; i < verdict->decided; i++)
        json_array_append_new(items, item_json(verdict, i));
    size_t done = picking->whole ? verdict->of_name : well - already;
    if (object != NULL)
        json_object_update_new(
            object, json_pack("{s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "realm", output_string(verdict->cli->realm),
                              "tenant", verdict->address.tenant, "series", verdict->address.series, "command",
                              verdict->cli->command->name, "name",
                              picking->name != NULL ? output_string(picking->name) : json_null(), "done",
                              (json_int_t)done, "already", (json_int_t)already, "failed",
                              (json_int_t)(verdict->decided - well), "items", items));
    else
        json_decref(items);
    return output_json(verdict->cli, object);
}

static void print_lines(const struct verdict *verdict)
{
    char label[PICKING_LABEL_BYTES];
    if (verdict->picking.whole) {
        printf("%s: %" PRIu32 " %s\n", verdict->picking.name, verdict->of_name, words[verdict->verb].done);
        return;
    }
    for (size_t i = 0; i < verdict->decided; i++) {
        bool well = verdict_is_well(verdict->verb, verdict->statuses[i]);
        if (verdict->picking.count > 1 || well)
            printf("%s  %s%s\n", picking_label(&verdict->picking.which[i], label), well ? "" : "NO: ",
                   outcome(verdict, verdict->statuses[i]));
    }
}

/* The first that failed says what kind of failure it is. */
static int say_failed(const struct verdict *verdict, size_t well)
{
    char label[PICKING_LABEL_BYTES];
    size_t at = 0, failed = verdict->decided - well;
    while (verdict_is_well(verdict->verb, verdict->statuses[at]))
        at++;
    docket_status status = verdict->statuses[at];
    picking_label(&verdict->picking.which[at], label);
    if (verdict->picking.count == 1 && verdict->sentence[0] != '\0')
        return cli_no(verdict->cli, status, "%s", verdict->sentence);
    if (failed == 1)
        return cli_no(verdict->cli, status, "%s is not %s: %s", label, words[verdict->verb].done, outcome(verdict, status));
    return cli_no(verdict->cli, status, "%zu of %zu are not %s; the first is %s: %s", failed, verdict->decided,
                  words[verdict->verb].done, label, outcome(verdict, status));
}

int verdict_run(struct verdict *verdict)
{
    size_t well, already;
    int code = session_run(verdict->cli, decide, verdict);
    if (verdict->code != CLI_DONE)
        code = verdict->code;
    count_them(verdict, &well, &already);
    if (code != CLI_DONE && verdict->decided > 0)
        cli_note(verdict->cli, "%zu of %zu were decided before that; the same command may be given again",
                 verdict->decided, verdict->picking.count);
    if (code == CLI_DONE || verdict->decided > 0) {
        int printed = CLI_DONE;
        if (verdict->cli->json)
            printed = print_json(verdict, well, already);
        else
            print_lines(verdict);
        code = code == CLI_DONE ? printed : code;
    }
    if (code == CLI_DONE && well < verdict->decided)
        code = say_failed(verdict, well);
    verdict_drop(verdict);
    return code;
}
