/* SPDX-License-Identifier: MIT */
/*
 * docket import: the numbers of another system enter docket's counters. The source is read and sorted first
 * (legacy/intake.h); only a source without repeats and misfits is sent (legacy/sending.h).
 */
#include "address.h"
#include "deciding.h"
#include "legacy/importing.h"
#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 10, CLASHES_SHOWN = 20 };
static const char *const headings[COLUMNS] = {"SERIES",   "PERIOD",   ">IMPORTED", ">VOID", ">ALREADY",
                                              ">BELOW",   ">UNNAMED", ">CLASHING", ">NEXT", "TEXT"};
static const struct output_heads heads = {headings, COLUMNS};

/* ---- the table ---- */

static void print_odd(const struct cli *cli, const struct intake *intake)
{
    for (unsigned i = 0; i < intake->odd_count; i++) {
        const struct intake_oddity *odd = &intake->odd[i];
        char other[48] = "";
        if (odd->other_line != 0)
            snprintf(other, sizeof other, " (line %" PRIu64 ")", odd->other_line);
        cli_note(cli, "line %" PRIu64 ": %s%s%s%s: %s%s", odd->line, odd->text, odd->id[0] != '\0' ? " (id " : "", odd->id,
                 odd->id[0] != '\0' ? ")" : "", odd->why, other);
    }
    if (intake->misfits + intake->repeats > intake->odd_count)
        cli_note(cli, "and %" PRIu64 " more", intake->misfits + intake->repeats - intake->odd_count);
}

static void print_clash(const struct sending_clash *clash)
{
    char time[OUTPUT_TIME_BYTES];
    printf("line %" PRIu64 ": %s%s%s%s%s%s is %s in the source; ", clash->line, clash->text,
           clash->id[0] != '\0' ? ", id " : "", clash->id, clash->date[0] != '\0' ? ", of " : "", clash->date,
           clash->date[0] != '\0' ? "," : "", clash->is_void ? "void" : "used");
    if (clash->by_key)
        printf("docket's key %s has number %" PRIu64, clash->key, clash->their_number);
    else
        printf("docket has number %" PRIu64 " as %s", clash->number, clash->fate);
    printf("%s%s%s", clash->cause[0] != '\0' ? " (" : "", clash->cause, clash->cause[0] != '\0' ? ")" : "");
    if (clash->their_text[0] != '\0')
        printf(", %s", clash->their_text);
    if (clash->key[0] != '\0' && !clash->by_key)
        printf(", key %s", clash->key);
    if (clash->trace[0] != '\0')
        printf(", trace %s", clash->trace);
    if (clash->time_ns != 0)
        printf(", since %s", output_time(clash->time_ns / 1000000000, time));
    if (clash->event != 0)
        printf(", event %" PRIu64, clash->event);
    printf("\n");
}

static void print_counter(struct output_table *table, const struct sent_counter *counter)
{
    char name[2 * DOCKET_NAME_MAX + 2], period[PERIOD_TEXT_BYTES], cells[7][24];
    const struct docket_import_found *found = &counter->found;
    const uint64_t numbers[7] = {found->imported, found->voided,   found->already, found->below,
                                 found->unnamed,  found->clashing, counter->next};
    for (int i = 0; i < 7; i++)
        snprintf(cells[i], sizeof cells[i], "%" PRIu64, numbers[i]);
    snprintf(name, sizeof name, "%s/%s", counter->tenant, counter->series);
    const char *const row[COLUMNS] = {name,
                                      address_period_text(counter->period, period),
                                      cells[0],
                                      cells[1],
                                      cells[2],
                                      cells[3],
                                      cells[4],
                                      cells[5],
                                      counter->next != 0 ? cells[6] : "-",
                                      counter->next_count > 0 ? counter->next_texts[0] : "-"};
    output_row(table, row);
}

static void print_left(const struct cli *cli, const struct sent_counter *counter)
{
    char period[PERIOD_TEXT_BYTES];
    char address[2 * DOCKET_NAME_MAX + PERIOD_TEXT_BYTES + 4];
    address_period_text(counter->period, period);
    snprintf(address, sizeof address, "%s/%s/%s ", counter->tenant, counter->series, period);
    if (counter->status != DOCKET_OK && strncmp(counter->sentence, address, strlen(address)) == 0)
        cli_note(cli, "%s", counter->sentence); /* it names the counter itself */
    else if (counter->status != DOCKET_OK)
        cli_note(cli, "%s/%s/%s: %s", counter->tenant, counter->series, period, counter->sentence);
    else if (counter->stopped_at != 0)
        cli_note(cli, "%s/%s/%s: from number %" PRIu64 " on nothing was imported; settle what clashes, or leave it out with "
                      "--skip-clashes, and import again",
                 counter->tenant, counter->series, period, counter->stopped_at);
}

static void print_report(const struct importing *importing)
{
    const struct sending *sending = &importing->sending;
    const struct cli *cli = importing->cli;
    bool dry = (sending->flags & DOCKET_DRY_RUN) != 0;
    struct output_table *table = output_table_new(cli, &heads);
    for (size_t i = 0; i < sending->clash_count && i < CLASHES_SHOWN; i++)
        print_clash(&sending->clashes[i]);
    if (sending->clashing > CLASHES_SHOWN)
        printf("and %" PRIu64 " more that clash (--json tells up to %d of them)\n", sending->clashing - CLASHES_SHOWN,
               SENDING_CLASHES_TOLD);
    for (size_t i = 0; i < sending->counter_count; i++)
        print_counter(table, &sending->counters[i]);
    output_table_print(table);
    if (sending->counter_count == 0)
        printf("no row of the source is left to import\n");
    for (size_t i = 0; i < sending->counter_count; i++)
        print_left(cli, &sending->counters[i]);
    for (size_t i = 0; dry && i < sending->counter_count; i++) {
        const struct sent_counter *counter = &sending->counters[i];
        if (!counter->is_current || counter->next_count == 0)
            continue;
        printf("the next ten of %s/%s would be\n", counter->tenant, counter->series);
        for (unsigned n = 0; n < counter->next_count; n++)
            printf("  %s\n", counter->next_texts[n]);
    }
    if (dry)
        printf("nothing was changed (--dry-run)\n");
}

/* ---- JSON ---- */

static json_t *odd_json(const struct intake *intake)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < intake->odd_count; i++) {
        const struct intake_oddity *odd = &intake->odd[i];
        json_array_append_new(array, json_pack("{s:I, s:o, s:o, s:s, s:I}", "line", (json_int_t)odd->line, "text",
                                               output_string(odd->text), "id", output_string(odd->id), "why", odd->why,
                                               "other_line", (json_int_t)odd->other_line));
    }
    return array;
}

static json_t *clashes_json(const struct sending *sending)
{
    char time[OUTPUT_TIME_BYTES];
    json_t *array = json_array();
    for (size_t i = 0; i < sending->clash_count; i++) {
        const struct sending_clash *clash = &sending->clashes[i];
        json_t *docket = json_pack("{s:s, s:s, s:I, s:i, s:s, s:s, s:s, s:o, s:I, s:b}", "fate", clash->fate, "cause",
                                   clash->cause, "number", (json_int_t)clash->their_number, "period", (int)clash->their_period,
                                   "text", clash->their_text, "key", clash->key, "trace", clash->trace, "since",
                                   clash->time_ns != 0 ? json_string(output_time(clash->time_ns / 1000000000, time))
                                                       : json_null(),
                                   "event", (json_int_t)clash->event, "by_key", clash->by_key);
        json_array_append_new(array, json_pack("{s:I, s:I, s:o, s:o, s:o, s:b, s:o}", "line", (json_int_t)clash->line,
                                               "number", (json_int_t)clash->number, "text", output_string(clash->text),
                                               "id", output_string(clash->id), "date", output_string(clash->date), "void",
                                               clash->is_void, "docket", docket));
    }
    return array;
}

static json_t *counter_json(const struct sent_counter *counter)
{
    char period[PERIOD_TEXT_BYTES];
    const struct docket_import_found *found = &counter->found;
    json_t *next = json_array();
    for (unsigned i = 0; i < counter->next_count; i++)
        json_array_append_new(next, json_string(counter->next_texts[i]));
    json_t *object = json_pack(
        "{s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:o}", "tenant", counter->tenant, "series",
        counter->series, "period", (int)counter->period, "label", address_period_text(counter->period, period), "rows",
        (json_int_t)counter->rows, "imported", (json_int_t)found->imported, "void", (json_int_t)found->voided, "already",
        (json_int_t)found->already, "below", (json_int_t)found->below, "unnamed", (json_int_t)found->unnamed, "clashing",
        (json_int_t)found->clashing, "changed", found->changed != 0, "next", (json_int_t)counter->next, "next_texts", next);
    if (counter->stopped_at != 0)
        json_object_set_new(object, "stopped_at", json_integer((json_int_t)counter->stopped_at));
    if (counter->status != DOCKET_OK) {
        json_object_set_new(object, "status", json_string(docket_status_name(counter->status)));
        json_object_set_new(object, "sentence", output_string(counter->sentence));
    }
    return object;
}

static int print_json(const struct importing *importing)
{
    const struct intake *intake = &importing->intake;
    json_t *object = output_object(), *counters = json_array();
    for (size_t i = 0; i < importing->sending.counter_count; i++)
        json_array_append_new(counters, counter_json(&importing->sending.counters[i]));
    if (object != NULL)
        json_object_update_new(
            object,
            json_pack("{s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:o}", "realm",
                      output_string(importing->cli->realm), "source", output_string(importing->sending.source), "dry_run",
                      (importing->sending.flags & DOCKET_DRY_RUN) != 0, "rows", (json_int_t)intake->rows, "unnumbered",
                      (json_int_t)intake->unnumbered, "misfits", (json_int_t)intake->misfits, "repeats",
                      (json_int_t)intake->repeats, "clashing", (json_int_t)importing->sending.clashing, "odd", odd_json(intake),
                      "clashes", clashes_json(&importing->sending), "unkeyed", (json_int_t)importing->sending.unkeyed,
                      "counters", counters));
    return output_json(importing->cli, object);
}

/* ---- the command ---- */

static int exit_code(const struct importing *importing)
{
    const struct sending *sending = &importing->sending;
    for (size_t i = 0; i < sending->counter_count; i++)
        if (sending->counters[i].status != DOCKET_OK)
            return cli_exit_of(sending->counters[i].status);
    return sending->clashing > 0 && !(sending->flags & DOCKET_SKIP_CLASHES) ? CLI_NO : CLI_DONE;
}

static int refuse_odd(const struct importing *importing)
{
    const struct intake *intake = &importing->intake;
    return cli_no(importing->cli, DOCKET_REFUSED,
                  "%" PRIu64 " of %" PRIu64 " rows do not fit and %" PRIu64 " have a number that another row has; nothing was "
                  "imported. docket scan lists all of them, docket fix renumbers; --skip-misfits leaves them out%s",
                  intake->misfits, intake->rows, intake->repeats,
                  intake->misfits == intake->rows ? ". Declare their series first: docket series add --template" : "");
}

static int run_import(struct cli *cli)
{
    struct importing importing = {.cli = cli};
    const struct intake *intake = &importing.intake;
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = importing_read(&importing);
    bool odd = code == CLI_DONE && intake->misfits + intake->repeats > 0;
    if (odd)
        print_odd(cli, intake);
    if (odd && !cli_given(cli, OPT_SKIP_MISFITS))
        code = refuse_odd(&importing);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "import %" PRIu64 " numbers into %u counters of realm %.200s", intake->fitting,
                                intake->names.counter_count, cli->realm);
    if (code == CLI_DONE)
        code = importing_send(&importing);
    if (code == CLI_DONE && cli->json)
        code = print_json(&importing);
    else if (code == CLI_DONE)
        print_report(&importing);
    if (code == CLI_DONE)
        code = exit_code(&importing);
    importing_end(&importing);
    return code;
}

const struct cli_command command_import = {
    .name = "import",
    .examples = "$ docket series add acme/INV\n"
                "$ printf 'tenant,number,date,id\\nacme,INV-20260105-004711,2026-01-05,33\\n' | docket import - --dry-run\n"
                "$ printf 'tenant,number,date,id\\nacme,INV-20260105-004711,2026-01-05,33\\n' | docket import - --yes\n",
    .operands = "SOURCE",
    .summary = "take over the numbers of another system",
    .text = "SOURCE is FILE.csv, - (CSV on stdin), sqlite:FILE or postgresql:CONNINFO, as for docket scan.\n"
            "Each document number becomes used, or void where its state says so, in the series and\n"
            "period that its text belongs to; with a ledger as a record. The next number of each counter\n"
            "rises above the highest; what lies below it and neither docket nor the source has becomes\n"
            "void. A number that docket itself gave clashes: both sides are told, and nothing of its\n"
            "chunk (at most 4096 rows) is changed. Importing the same again changes nothing, so an import\n"
            "that was cut off is begun anew. A source with repeats or misfits is refused: docket scan\n"
            "lists them. docketd goes on serving. For admins; asks on a terminal, --yes elsewhere.",
    .options = LEGACY_OPTIONS | BIT(OPT_NO_HEADINGS) | BIT(OPT_ONE_SERIES) | BIT(OPT_ID_KEYS) | BIT(OPT_SERVICE) |
               BIT(OPT_DECLARE) | BIT(OPT_SEQUENCE_COLUMNS) | BIT(OPT_TEMPLATE) | BIT(OPT_SKIP_MISFITS) | BIT(OPT_SKIP_CLASHES) | BIT(OPT_DRY_RUN) | BIT(OPT_YES) |
               BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_import};
