/* SPDX-License-Identifier: MIT */
/*
 * docket records: what the ledger says of numbers, one by one. Rows are printed as they
 * come: a ledger may have millions of them.
 */
#include "address.h"
#include "docket_admin.h"
#include "docket_ledger.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 21 };
static const char *const fields[FIELDS] = {"period", "number", "text",     "state",   "date",  "key",   "hold",
                                           "first",  "last",   "expires",  "uid",     "host",  "seat",  "attempts",
                                           "error",  "trace",  "metadata", "reason",  "event", "label", "last_ns"};
static const char *const headings[FIELDS] = {"PERIOD", ">NUMBER",  "TEXT",     "STATE",     "-DATE",     "KEY",
                                             "-HOLD",  "-FIRST",   "LAST",     "-EXPIRES",  ">UID",      "-HOST",
                                             "->SEAT", "->ATTEMPTS", "-ERROR", "-TRACE",    "-METADATA", "-REASON",
                                             "->EVENT", "-LABEL",  "->LAST-NS"};
static const int widths[FIELDS] = {10, 12, 24, 8, 10, 20, 20, 20, 20, 20, 6, 16, 4, 8, 16, 20, 30, 30, 7, 8, 20};
static const struct output_heads heads = {headings, FIELDS};

struct telling {
    const struct cli *cli;
    struct address address;
    uint64_t from;
    uint64_t told;
    struct progress progress;
};

struct texts {
    char period[PERIOD_TEXT_BYTES], number[24], date[OUTPUT_TIME_BYTES], first[OUTPUT_TIME_BYTES], last[OUTPUT_TIME_BYTES];
    char expires[OUTPUT_TIME_BYTES], uid[24], seat[16], attempts[16], event[24], label[16], last_ns[24];
};

static const char *when(int64_t time_ns, char text[OUTPUT_TIME_BYTES])
{
    text[0] = '\0';
    return time_ns == 0 ? text : output_time(time_ns / 1000000000, text);
}

/* Each field's text, in the order of fields[]; "" where there is none. */
static void write_cells(const struct docket_record *record, struct texts *texts, const char *cells[FIELDS])
{
    *texts = (struct texts){.period = ""};
    snprintf(texts->number, sizeof texts->number, "%" PRIu64, record->number);
    snprintf(texts->label, sizeof texts->label, "%" PRId32, record->period);
    snprintf(texts->uid, sizeof texts->uid, "%" PRIu32, record->uid);
    snprintf(texts->attempts, sizeof texts->attempts, "%" PRIu32, record->attempts);
    snprintf(texts->last_ns, sizeof texts->last_ns, "%" PRId64, record->last_ns);
    if (record->date != 0)
        output_day(record->date, texts->date);
    if (record->seat >= 0)
        snprintf(texts->seat, sizeof texts->seat, "%" PRId32, record->seat);
    if (record->event != 0)
        snprintf(texts->event, sizeof texts->event, "%" PRIu64, record->event);
    const char *const made[FIELDS] = {address_period_text(record->period, texts->period),
                                      texts->number,
                                      record->text,
                                      record->state,
                                      texts->date,
                                      record->key,
                                      record->hold,
                                      when(record->first_ns, texts->first),
                                      when(record->last_ns, texts->last),
                                      when(record->expires_ns, texts->expires),
                                      texts->uid,
                                      record->host,
                                      texts->seat,
                                      texts->attempts,
                                      record->error,
                                      record->trace,
                                      record->metadata,
                                      record->reason,
                                      texts->event,
                                      texts->label,
                                      texts->last_ns};
    memcpy(cells, made, sizeof made);
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? output_string(text) : json_null();
}

static json_t *number_or_null(bool is_there, int64_t number)
{
    return is_there ? json_integer((json_int_t)number) : json_null();
}

/* Of an issuer's metadata the JSON, not its text. */
static json_t *metadata_of(const char *text)
{
    json_t *read = text[0] != '\0' ? json_loads(text, 0, NULL) : json_null();
    return read != NULL ? read : output_string(text);
}

static void put_json(const struct telling *telling, const struct docket_record *record)
{
    char period[PERIOD_TEXT_BYTES], first[OUTPUT_TIME_BYTES], last[OUTPUT_TIME_BYTES], expires[OUTPUT_TIME_BYTES];
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:i, s:s, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema_version",
        CLI_SCHEMA_VERSION, "tenant", telling->address.tenant, "series", telling->address.series, "period",
        (int)record->period, "label", address_period_text(record->period, period), "number",
        (json_int_t)record->number, "text", output_string(record->text), "state", record->state, "date",
        output_day_json(record->date), "key", text_or_null(record->key), "hold", text_or_null(record->hold), "first",
        text_or_null(when(record->first_ns, first)), "first_ns", number_or_null(record->first_ns != 0, record->first_ns),
        "last", text_or_null(when(record->last_ns, last)), "last_ns",
        number_or_null(record->last_ns != 0, record->last_ns), "expires", text_or_null(when(record->expires_ns, expires)));
    json_t *rest = json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "uid", (json_int_t)record->uid, "host",
                             text_or_null(record->host), "seat", number_or_null(record->seat >= 0, record->seat),
                             "attempts", (json_int_t)record->attempts, "error", text_or_null(record->error), "trace",
                             text_or_null(record->trace), "metadata", metadata_of(record->metadata), "reason",
                             text_or_null(record->reason), "event",
                             number_or_null(record->event != 0, (int64_t)record->event));
    if (object == NULL || rest == NULL || json_object_update(object, rest) != 0)
        output_lacks_memory();
    else
        json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(rest);
    json_decref(object);
}

static int take_record(void *context, const struct docket_record *record)
{
    struct telling *telling = context;
    const struct cli *cli = telling->cli;
    const char *cells[FIELDS];
    struct texts texts;
    progress_tick_end(); /* the wait is over */
    progress_step(&telling->progress);
    telling->told++;
    if (cli->json) {
        put_json(telling, record);
        return ferror(stdout) != 0;
    }
    write_cells(record, &texts, cells);
    if (cli_given(cli, OPT_CSV)) {
        if (telling->told == 1)
            output_csv(fields, FIELDS);
        output_csv(cells, FIELDS);
        return ferror(stdout) != 0;
    }
    if (telling->told == 1)
        output_stream_heads(cli, &heads, widths);
    for (int i = 0; i < FIELDS; i++)
        if (cells[i][0] == '\0')
            cells[i] = "-";
    output_stream_row(cli, &heads, widths, cells);
    return ferror(stdout) != 0; /* the reader went away; cli_finish() says so */
}

/* What the shell splits may be written with a hyphen. */
static const char *state_of(const struct cli *cli)
{
    const char *state = cli->values[OPT_STATE];
    return state != NULL && strcmp(state, "in-doubt") == 0 ? "in doubt" : state;
}

static int ignore(void *context, const struct docket_series_facts *facts)
{
    (void)context, (void)facts;
    return 0;
}

static docket_status tell(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    const struct cli *cli = telling->cli;
    const struct docket_counter_name name = {telling->address.tenant, telling->address.series, ADDRESS_NO_PERIOD};
    docket_series *series;
    /* A handle alone would make a series that is not there. */
    docket_status status = docket_admin_series_show(realm, &name, ignore, NULL);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, telling->address.tenant, telling->address.series, &series);
    if (status != DOCKET_OK)
        return status;
    status = cli_given(cli, OPT_KEY)
                 ? docket_record_of_key(series, cli->values[OPT_KEY], take_record, telling)
                 : docket_records(series, telling->address.period, telling->from, state_of(cli), take_record,
                                  telling);
    /* Rows are out already: beginning again would tell them twice. */
    return status == DOCKET_UNREACHABLE && telling->told > 0 ? DOCKET_PROTOCOL : status;
}

static int read_options(struct cli *cli, struct telling *telling)
{
    int32_t period = ADDRESS_NO_PERIOD;
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = output_check_csv(cli);
    if (code == CLI_DONE)
        code = address_parse(cli, cli->operands[0], true, &telling->address);
    if (code == CLI_DONE && cli_given(cli, OPT_PERIOD))
        code = address_period(cli, cli->values[OPT_PERIOD], &period);
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_FROM_NUMBER, 1, DOCKET_NUMBER_MAX, &telling->from);
    if (code != CLI_DONE)
        return code;
    if (period != ADDRESS_NO_PERIOD && telling->address.period != ADDRESS_NO_PERIOD && period != telling->address.period)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--period names another period than '%.160s'", cli->operands[0]);
    if (period != ADDRESS_NO_PERIOD)
        telling->address.period = period;
    if (cli_given(cli, OPT_KEY) && (cli_given(cli, OPT_STATE) || cli_given(cli, OPT_FROM_NUMBER) ||
                                    telling->address.period != ADDRESS_NO_PERIOD))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "a key has one number, in one period: leave --state, --from and the "
                                                  "period away");
    return CLI_DONE;
}

static int run(struct cli *cli)
{
    struct telling telling = {.cli = cli};
    int code = read_options(cli, &telling);
    if (code != CLI_DONE)
        return code;
    progress_begin(&telling.progress, cli, isatty(STDOUT_FILENO) == 1 ? NULL : "records told");
    code = session_run(cli, tell, &telling);
    progress_end(&telling.progress);
    if (code != CLI_DONE || telling.told > 0 || cli->json)
        return code;
    if (cli_given(cli, OPT_CSV))
        output_csv(fields, FIELDS);
    else
        printf("no such record\n");
    return code;
}

const struct cli_command command_records = {
    .name = "records",
    .examples = "$ docket series add acme/CRN --order gapless\n"
                "$ docket issue acme/CRN --key order-4711 --settled\n"
                "$ docket records acme/CRN\n"
                "$ docket records acme/CRN --key order-4711 --json\n",
    .operands = "TENANT/SERIES[/PERIOD]",
    .summary = "what the ledger says of each number",
    .text = "Of a series with a ledger: each number that was ever given, with its document number,\n"
            "state, key, times and who; --columns, --csv and --json have all of it. --state chooses\n"
            "those that are free, reserved, pending, in doubt, issued or void. Rows come as they are\n"
            "read, ascending by period and number. --json writes one object a line. Numbers that were\n"
            "given before the ledger was kept have no record; docket fate lists them too.",
    .options = BIT(OPT_PERIOD) | BIT(OPT_STATE) | BIT(OPT_KEY) | BIT(OPT_FROM_NUMBER) | BIT(OPT_CSV) | CLI_TABLE |
               BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
