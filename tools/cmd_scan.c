/* SPDX-License-Identifier: MIT */
/*
 * docket scan: what is wrong with the numbers of another system's invoices (legacy/scan.h has the rules). Findings are
 * printed as they are found, and nothing is kept of them.
 */
#include "address.h"
#include "legacy/scan.h"
#include "output.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 10 };
static const char *const headings[COLUMNS] = {"FINDING", "TENANT", "SERIES", "PERIOD", "NUMBER",
                                              ">LINE",   "ID",     "DATE",   ">OTHER", "WHY"};
static const int widths[COLUMNS] = {9, 10, 8, 10, 20, 9, 10, 10, 9, 10};
static const struct output_heads heads = {headings, COLUMNS};

enum { FIELDS = 18 };
static const char *const fields[FIELDS] = {"finding", "tenant", "series", "period", "label",      "first",    "last",       "count",      "text",
                                           "line",    "id",     "date",   "other_text", "other_line", "other_id", "other_date", "why", "source"};

enum { COUNTER_COLUMNS = 9 };
static const char *const counter_headings[COUNTER_COLUMNS] = {"SERIES", "PERIOD", ">ROWS", ">NUMBERS", ">LOWEST",
                                                              ">HIGHEST", ">PLAUSIBLE", "FROM", "TO"};
static const struct output_heads counter_heads = {counter_headings, COUNTER_COLUMNS};

enum { TEXT_BYTES = 4200, SHORT_BYTES = 1100 };

struct telling {
    const struct cli *cli;
    const char *source;
    bool begun, no_memory, has_dates;
    uint64_t told;
    struct scan_counter *counters; /* with --verbose */
    size_t counter_count, counter_room;
};

/* What each way of writing a finding needs. */
struct texts {
    char period[PERIOD_TEXT_BYTES], label[16], first[24], last[24], count[24];
    char text[TEXT_BYTES], line[24], id[SHORT_BYTES], date[300];
    char other_text[TEXT_BYTES], other_line[24], other_id[SHORT_BYTES], other_date[300];
};

static void copy(char *to, size_t size, struct span text)
{
    size_t bytes = text.bytes < size ? text.bytes : size - 1;
    if (bytes > 0)
        memcpy(to, text.text, bytes);
    to[bytes] = '\0';
    for (size_t at = 0; at < bytes; at++)
        to[at] = to[at] == '\0' ? '?' : to[at];
}

static void write_texts(const struct scan_finding *finding, struct texts *texts)
{
    texts->period[0] = texts->label[0] = texts->first[0] = texts->last[0] = texts->count[0] = '\0';
    texts->line[0] = texts->other_line[0] = '\0';
    if (finding->series != NULL) {
        address_period_text(finding->period, texts->period);
        snprintf(texts->label, sizeof texts->label, "%" PRId32, finding->period);
        snprintf(texts->first, sizeof texts->first, "%" PRIu64, finding->first);
        snprintf(texts->last, sizeof texts->last, "%" PRIu64, finding->last);
        snprintf(texts->count, sizeof texts->count, "%" PRIu64, finding->last - finding->first + 1);
    }
    if (finding->row.line != 0)
        snprintf(texts->line, sizeof texts->line, "%" PRIu64, finding->row.line);
    if (finding->other.line != 0)
        snprintf(texts->other_line, sizeof texts->other_line, "%" PRIu64, finding->other.line);
    copy(texts->text, sizeof texts->text, finding->row.number);
    copy(texts->id, sizeof texts->id, finding->row.id);
    copy(texts->date, sizeof texts->date, finding->row.date);
    copy(texts->other_text, sizeof texts->other_text, finding->other.number);
    copy(texts->other_id, sizeof texts->other_id, finding->other.id);
    copy(texts->other_date, sizeof texts->other_date, finding->other.date);
}

/* ---- one finding ---- */

/* What a file says must not move a terminal's cursor. */
static const char *tame(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return text[0] != '\0' ? text : "-";
}

static void put_columns(const struct telling *telling, const struct scan_finding *finding, struct texts *texts)
{
    char number[64], tenant[260];
    snprintf(tenant, sizeof tenant, "%s", finding->tenant);
    if (finding->kind == SCAN_GAP)
        snprintf(number, sizeof number, "%s%s%s", texts->first, finding->first != finding->last ? "-" : "",
                 finding->first != finding->last ? texts->last : "");
    const char *const cells[COLUMNS] = {scan_kind_name(finding->kind),
                                        tame(tenant),
                                        finding->series != NULL ? finding->series : "-",
                                        texts->period[0] != '\0' ? texts->period : "-",
                                        finding->kind == SCAN_GAP ? number : tame(texts->text),
                                        texts->line[0] != '\0' ? texts->line : "-",
                                        tame(texts->id),
                                        tame(texts->date),
                                        texts->other_line[0] != '\0' ? texts->other_line : "-",
                                        finding->why};
    output_stream_row(telling->cli, &heads, widths, cells);
}

static void put_csv(const struct telling *telling, const struct scan_finding *finding, const struct texts *texts)
{
    const char *const cells[FIELDS] = {scan_kind_name(finding->kind),
                                       finding->tenant,
                                       finding->series != NULL ? finding->series : "",
                                       texts->period,
                                       texts->label,
                                       texts->first,
                                       texts->last,
                                       texts->count,
                                       texts->text,
                                       texts->line,
                                       texts->id,
                                       texts->date,
                                       texts->other_text,
                                       texts->other_line,
                                       texts->other_id,
                                       texts->other_date,
                                       finding->why,
                                       telling->source};
    output_csv(cells, FIELDS);
}

static json_t *row_json(const struct scan_row *row, const char *text, const char *id, const char *date)
{
    if (row->line == 0)
        return json_null();
    return json_pack("{s:I, s:o, s:o, s:o}", "line", (json_int_t)row->line, "text", output_string(text), "id",
                     row->id.bytes > 0 ? output_string(id) : json_null(), "date",
                     row->date.bytes > 0 ? output_string(date) : json_null());
}

static void put_json(struct telling *telling, const struct scan_finding *finding, const struct texts *texts)
{
    bool known = finding->series != NULL;
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "finding", scan_kind_name(finding->kind), "tenant",
        output_string(finding->tenant), "series", known ? json_string(finding->series) : json_null(), "period",
        known ? json_integer(finding->period) : json_null(), "label", known ? json_string(texts->period) : json_null(), "first",
        known ? json_integer((json_int_t)finding->first) : json_null(), "last",
        known ? json_integer((json_int_t)finding->last) : json_null(), "row",
        row_json(&finding->row, texts->text, texts->id, texts->date), "other",
        row_json(&finding->other, texts->other_text, texts->other_id, texts->other_date), "why", finding->why);
    fputs(telling->told == 1 ? "\n" : ",\n", stdout);
    if (object == NULL)
        output_lacks_memory();
    else
        json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
}

/* The JSON's beginning, or a line of headings. */
static void begin(struct telling *telling)
{
    const struct cli *cli = telling->cli;
    if (telling->begun)
        return;
    telling->begun = true;
    if (cli->json) {
        json_t *source = output_string(telling->source);
        printf("{\"schema_version\":%d,\"source\":", CLI_SCHEMA_VERSION);
        json_dumpf(source, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        json_decref(source);
        fputs(",\"findings\":[", stdout);
    } else if (cli_given(cli, OPT_CSV)) {
        output_csv(fields, FIELDS);
    } else if (telling->told > 0) {
        output_stream_heads(cli, &heads, widths);
    }
}

static int take_finding(void *context, const struct scan_finding *finding)
{
    static struct texts texts;
    struct telling *telling = context;
    write_texts(finding, &texts);
    telling->told++;
    begin(telling);
    if (telling->cli->json)
        put_json(telling, finding, &texts);
    else if (cli_given(telling->cli, OPT_CSV))
        put_csv(telling, finding, &texts);
    else
        put_columns(telling, finding, &texts);
    return ferror(stdout) != 0; /* the reader went away; cli_finish() says so */
}

/* ---- counters ---- */

/* Tenants' and series' names live as long as the scan: they are copied. */
static int take_counter(void *context, const struct scan_counter *counter)
{
    struct telling *telling = context;
    if (telling->counter_count == telling->counter_room) {
        size_t room = telling->counter_room * 2 + 64;
        struct scan_counter *grown = realloc(telling->counters, room * sizeof *grown);
        if (grown == NULL)
            return telling->no_memory = true;
        telling->counters = grown;
        telling->counter_room = room;
    }
    struct scan_counter *kept = &telling->counters[telling->counter_count];
    *kept = *counter;
    kept->tenant = strdup(counter->tenant);
    kept->series = strdup(counter->series);
    telling->counter_count++;
    telling->no_memory = kept->tenant == NULL || kept->series == NULL;
    return telling->no_memory;
}

static void drop_counters(struct telling *telling)
{
    for (size_t i = 0; i < telling->counter_count; i++) {
        free((void *)(uintptr_t)telling->counters[i].tenant);
        free((void *)(uintptr_t)telling->counters[i].series);
    }
    free(telling->counters);
}

static void print_counters(const struct telling *telling)
{
    struct output_table *table = output_table_new(telling->cli, &counter_heads);
    for (size_t i = 0; i < telling->counter_count; i++) {
        const struct scan_counter *counter = &telling->counters[i];
        char name[400], period[PERIOD_TEXT_BYTES], figures[5][24], from[OUTPUT_TIME_BYTES], to[OUTPUT_TIME_BYTES];
        const uint64_t values[5] = {counter->rows, counter->numbers, counter->lowest, counter->highest, counter->plausible};
        snprintf(name, sizeof name, "%.255s/%s", counter->tenant, counter->series);
        for (int at = 0; at < 5; at++)
            snprintf(figures[at], sizeof figures[at], "%" PRIu64, values[at]);
        const char *const cells[COUNTER_COLUMNS] = {
            tame(name), address_period_text(counter->period, period), figures[0], figures[1], figures[2], figures[3],
            counter->plausible != 0 ? figures[4] : "-",
            counter->first_day == SCAN_NO_DAY ? "-" : output_day((uint32_t)counter->first_day, from),
            counter->last_day == SCAN_NO_DAY ? "-" : output_day((uint32_t)counter->last_day, to)};
        output_row(table, cells);
    }
    output_table_print(table);
}

static void dump_counters(const struct telling *telling)
{
    fputs(",\"counters\":[", stdout);
    for (size_t i = 0; i < telling->counter_count; i++) {
        const struct scan_counter *counter = &telling->counters[i];
        char period[PERIOD_TEXT_BYTES];
        json_t *object = json_pack(
            "{s:o, s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "tenant", output_string(counter->tenant), "series",
            counter->series, "period", (int)counter->period, "label", address_period_text(counter->period, period), "rows",
            (json_int_t)counter->rows, "numbers", (json_int_t)counter->numbers, "lowest", (json_int_t)counter->lowest, "highest",
            (json_int_t)counter->highest, "plausible",
            counter->plausible != 0 ? json_integer((json_int_t)counter->plausible) : json_null(), "from",
            counter->first_day == SCAN_NO_DAY ? json_null() : output_day_json((uint32_t)counter->first_day), "to",
            counter->last_day == SCAN_NO_DAY ? json_null() : output_day_json((uint32_t)counter->last_day));
        fputs(i == 0 ? "\n" : ",\n", stdout);
        if (object == NULL)
            output_lacks_memory();
        else
            json_dumpf(object, stdout, JSON_COMPACT);
        json_decref(object);
    }
    fputs(telling->counter_count > 0 ? "\n]" : "]", stdout);
}

/* What was begun is whole JSON also then; stderr and the exit code say why it ends. */
static int cut_off(const struct telling *telling, int code)
{
    if (telling->cli->json && telling->begun)
        fputs("\n],\"cut_off\":true}\n", stdout);
    return code;
}

/* ---- the highest numbers, as docket accept --floors reads them ---- */

static void begin_highest(struct telling *telling)
{
    if (!telling->begun)
        printf("{\"schema_version\":%d,\"counters\":[", CLI_SCHEMA_VERSION);
    telling->begun = true;
}

/* A floor that is too high costs numbers, one that is too low gives some twice: what is far above all others counts, and is
 * told, unless --largest says that it does not. */
static int take_highest(void *context, const struct scan_counter *counter)
{
    struct telling *telling = context;
    char period[PERIOD_TEXT_BYTES] = "";
    bool capped = cli_given(telling->cli, OPT_LARGEST);
    uint64_t highest = capped ? counter->plausible : counter->highest;
    if (counter->period != 0)
        address_period_text(counter->period, period);
    telling->told += highest != 0;
    if (telling->cli->json)
        begin_highest(telling);
    if (highest != 0 && telling->cli->json)
        printf("%s{\"tenant\":\"%s\",\"series\":\"%s\",\"period\":\"%s\",\"highest\":%" PRIu64 ",\"numbers\":%" PRIu64 "}",
               telling->told == 1 ? "\n" : ",\n", counter->tenant, counter->series, period, highest, counter->numbers);
    else if (highest != 0)
        printf("%s/%s%s%s %" PRIu64 "\n", counter->tenant, counter->series, period[0] != '\0' ? "/" : "", period, highest);
    if (!capped && counter->plausible != counter->highest)
        cli_note(telling->cli, "%s/%s%s%s: %" PRIu64 " is far above the others, which end at %" PRIu64 "; --largest leaves it out",
                 counter->tenant, counter->series, period[0] != '\0' ? "/" : "", period, counter->highest, counter->plausible);
    return ferror(stdout) != 0;
}

/* Names that are none of docket's are of no series of its, and would not be whole in a line. */
static int take_named(void *context, const struct scan_counter *counter)
{
    struct telling *telling = context;
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t bytes = strlen(counter->tenant);
    if (bytes >= 1 && bytes <= DOCKET_NAME_MAX && strspn(counter->tenant, safe) == bytes && strchr("._-", counter->tenant[0]) == NULL)
        return take_highest(context, counter);
    cli_note(telling->cli, "a tenant with a name that docket does not take is left out: %.64s", counter->tenant);
    return 0;
}

static int tell_highest(struct telling *telling, struct legacy_source *source, struct scan_options *options)
{
    const struct cli *cli = telling->cli;
    struct scan_totals totals;
    options->only_counters = true;
    options->finding = NULL;
    options->counter = take_named;
    int code = scan_run(cli, source, options, &totals);
    if (code != CLI_DONE)
        return cut_off(telling, code);
    if (cli->json)
        begin_highest(telling);
    if (cli->json)
        printf("%s],\"rows\":%" PRIu64 ",\"fitting\":%" PRIu64 "}\n", telling->told > 0 ? "\n" : "", totals.rows, totals.fitting);
    if (totals.fitting + totals.unnumbered < totals.rows)
        cli_note(cli, "%" PRIu64 " rows have a number of no series, and are in no line; docket scan without --highest lists them",
                 totals.rows - totals.fitting - totals.unnumbered);
    return CLI_DONE;
}

/* ---- all ---- */

static void dump_end(const struct telling *telling, const struct scan_totals *totals)
{
    fputs(telling->told > 0 ? "\n]" : "]", stdout);
    if (cli_given(telling->cli, OPT_VERBOSE))
        dump_counters(telling);
    printf(",\"rows\":%" PRIu64 ",\"unnumbered\":%" PRIu64 ",\"undated\":%" PRIu64 ",\"fitting\":%" PRIu64 ",\"tenants\":%" PRIu64
           ",\"counter_count\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"found\":{",
           totals->rows, totals->unnumbered, totals->undated, totals->fitting, totals->tenants, totals->counters, totals->missing);
    for (int kind = 0; kind < SCAN_KINDS; kind++)
        printf("%s\"%s\":%" PRIu64, kind > 0 ? "," : "", scan_kind_name((enum scan_kind)kind), totals->found[kind]);
    printf("},\"all\":%" PRIu64 "}\n", totals->all);
}

/* "12 rows of 1 tenant in 2 counters; 3 duplicate, 1 gap". */
static void summarize(const struct scan_totals *totals, char *text, size_t size)
{
    size_t used = 0;
    int put = snprintf(text, size, "%" PRIu64 " row%s of %" PRIu64 " tenant%s in %" PRIu64 " counter%s", totals->rows,
                       totals->rows == 1 ? "" : "s", totals->tenants, totals->tenants == 1 ? "" : "s", totals->counters,
                       totals->counters == 1 ? "" : "s");
    used += put > 0 ? (size_t)put : 0;
    if (totals->unnumbered > 0) {
        put = snprintf(text + used, size - used, ", %" PRIu64 " of them without a number", totals->unnumbered);
        used += put > 0 ? (size_t)put : 0;
    }
    if (totals->undated > 0 && totals->undated < totals->rows) {
        put = snprintf(text + used, size - used, ", %" PRIu64 " without a date that can be read", totals->undated);
        used += put > 0 ? (size_t)put : 0;
    }
    put = snprintf(text + used, size - used, totals->all == 0 ? "; nothing was found" : "; found: ");
    used += put > 0 ? (size_t)put : 0;
    for (int kind = 0, any = 0; kind < SCAN_KINDS && used < size; kind++) {
        if (totals->found[kind] == 0)
            continue;
        put = snprintf(text + used, size - used, "%s%" PRIu64 " %s", any++ ? ", " : "", totals->found[kind],
                       scan_kind_name((enum scan_kind)kind));
        used += put > 0 ? (size_t)put : 0;
        if (kind == SCAN_GAP) {
            put = snprintf(text + used, size - used, " (%" PRIu64 " number%s)", totals->missing,
                           totals->missing == 1 ? "" : "s");
            used += put > 0 ? (size_t)put : 0;
        }
    }
}

static int end(struct telling *telling, const struct scan_totals *totals)
{
    const struct cli *cli = telling->cli;
    char summary[512];
    if (telling->no_memory)
        return cut_off(telling, cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the counters; what was printed is not whole"));
    begin(telling);
    summarize(totals, summary, sizeof summary);
    if (cli->json) {
        dump_end(telling, totals);
    } else if (cli_given(cli, OPT_CSV)) {
        cli_note(cli, "%s", summary);
    } else {
        if (cli_given(cli, OPT_VERBOSE))
            print_counters(telling);
        printf("%s\n", summary);
    }
    if (telling->has_dates && totals->rows > 0 && totals->undated == totals->rows)
        cli_note(cli, "no date of a row can be read, so what is out of date order was not looked for; --dates says how dates are "
                      "written, such as --dates %%d.%%m.%%Y");
    return totals->all > 0 ? CLI_NO : CLI_DONE;
}

static int scan(const struct cli *cli, docket_reader *reader, struct legacy_source *source)
{
    struct telling telling = {.cli = cli, .source = legacy_shown(cli->operands[0]), .has_dates = legacy_has(source, "date")};
    struct scan_options options = {.reader = reader, .finding = take_finding, .context = &telling};
    struct scan_totals totals;
    int code = cli_number(cli, OPT_LARGEST, 1, DOCKET_NUMBER_MAX, &options.largest);
    if (cli_given(cli, OPT_VERBOSE))
        options.counter = take_counter;
    if (code == CLI_DONE && cli_given(cli, OPT_HIGHEST))
        return tell_highest(&telling, source, &options);
    if (code == CLI_DONE)
        code = scan_run(cli, source, &options, &totals);
    if (code != CLI_DONE)
        code = cut_off(&telling, code);
    else if (!ferror(stdout)) /* else it was cut off, and cli_finish() says so */
        code = end(&telling, &totals);
    drop_counters(&telling);
    return code;
}

static int run(struct cli *cli)
{
    docket_reader *reader = NULL;
    struct legacy_source *source = NULL;
    int code = output_check_csv(cli);
    if (code == CLI_DONE && cli_given(cli, OPT_CSV) && cli_given(cli, OPT_VERBOSE))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--verbose is not for --csv, which has one table; --json has both");
    if (code == CLI_DONE && cli_given(cli, OPT_HIGHEST) && (cli_given(cli, OPT_CSV) || cli_given(cli, OPT_VERBOSE)))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--highest has lines of its own, or --json");
    if (code == CLI_DONE)
        code = scan_open_reader(cli, &reader);
    if (code == CLI_DONE)
        code = legacy_open(cli, cli->operands[0], &source);
    if (code == CLI_DONE)
        code = scan(cli, reader, source);
    legacy_close(source);
    docket_reader_close(reader);
    return code;
}

const struct cli_command command_scan = {
    .name = "scan",
    .examples = "$ printf 'tenant,number,date,id\\nacme,INV-2025-0001,2025-01-01,1\\nacme,INV-2025-0002,2025-01-02,2\\n' > old.csv\n"
                "$ docket scan old.csv --template 'INV-{YYYY}-{N:4}' --restart yearly --verbose\n"
                "$ docket series add acme/INV --template 'INV-{YYYY}-{N:4}'\n"
                "$ docket scan old.csv --json > findings.json\n",
    .operands = "SOURCE",
    .summary = "what is wrong with another system's numbers",
    .text = "Reads invoices (tenant, number, date, id) from FILE.csv, from CSV on stdin (-), from\n"
            "sqlite:FILE or from postgresql:CONNINFO, and changes nothing. Findings:\n"
            "  duplicate  the number of an older row of the tenant, byte for byte\n"
            "  folded     likewise, but for small and capital letters\n"
            "  twice      another text of a number of a series and period that an older row has\n"
            "  misfit     a text that no series of the tenant writes, or that two do\n"
            "  gap        numbers that are missing between the lowest and the highest one\n"
            "  disorder   an earlier date than the number before it\n"
            "  largest    above --largest, or above the series' last, or far above all others\n"
            "Series are the realm's (docketd is started where none answers), under every policy\n"
            "that they ever had; with --template they are one of each tenant, and no docketd is\n"
            "asked. With --verbose a line for each series and period too: rows, lowest, highest.\n"
            "--highest prints only the highest number of each, as docket accept --floors reads it.\n"
            "Memory does not grow with the rows: what does not fit is sorted in $TMPDIR (else /tmp),\n"
            "about 120 bytes a row, unlinked. Exits with 1 if anything was found. See docket-import(1).",
    .options = LEGACY_OPTIONS | SCAN_SERIES_OPTIONS | BIT(OPT_LARGEST) | BIT(OPT_HIGHEST) | BIT(OPT_VERBOSE) | BIT(OPT_CSV) |
               BIT(OPT_NO_HEADINGS) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
