/* SPDX-License-Identifier: MIT */
/*
 * docket gaps: each number or range that is missing between those that were given,
 * and why. What is to come above the last one that was given is no gap: it is held
 * back until a given one follows, and forgotten at the counter's end.
 */
#include "fates.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COLUMNS = 12 };
static const char *const headings[COLUMNS] = {"SERIES", "PERIOD",   ">FIRST", ">LAST", ">COUNT", "FATE",
                                              "CAUSE",  "RECORDED", "-LOCAL", "WHO",   "->EVENT", "REASON"};
static const int widths[COLUMNS] = {20, 10, 15, 15, 12, 8, 18, 20, 25, 10, 7, 10};
static const struct output_heads heads = {headings, COLUMNS};

enum { FIELDS = 17 };
static const char *const fields[FIELDS] = {"tenant",   "series",     "period", "label", "first", "last",
                                           "count",    "fate",       "cause",  "time_ns", "time_utc",
                                           "time_local", "who",      "uid",    "seat",  "event", "reason"};

struct telling {
    const struct cli *cli;
    struct fates_choice choice;
    struct docket_fate_row *held; /* of the counter that is being told; their texts are static */
    size_t held_count, held_room;
    uint64_t ranges, numbers;
    bool begun; /* something is out */
    bool no_memory;
    struct progress progress;
};

/* What each way of writing a gap needs. */
struct texts {
    char period[PERIOD_TEXT_BYTES], utc[OUTPUT_TIME_BYTES], local[OUTPUT_TIME_BYTES], who[FATES_WHO_BYTES];
    char label[16], first[24], last[24], count[24], time_ns[24], uid[24], seat[16], event[24];
    char name[2 * DOCKET_NAME_MAX + 2];
};

static void write_texts(const struct docket_fate_row *row, struct texts *texts)
{
    *texts = (struct texts){.period = ""};
    address_period_text(row->period, texts->period);
    snprintf(texts->name, sizeof texts->name, "%s/%s", row->tenant, row->series);
    snprintf(texts->label, sizeof texts->label, "%" PRId32, row->period);
    snprintf(texts->first, sizeof texts->first, "%" PRIu64, row->first);
    snprintf(texts->last, sizeof texts->last, "%" PRIu64, row->last);
    snprintf(texts->count, sizeof texts->count, "%" PRIu64, row->last - row->first + 1);
    fates_who(row, texts->who);
    if (row->time_ns != 0) {
        snprintf(texts->time_ns, sizeof texts->time_ns, "%" PRId64, row->time_ns);
        output_time(row->time_ns / 1000000000, texts->utc);
        output_time_local(row->time_ns / 1000000000, texts->local);
    }
    if (row->uid >= 0)
        snprintf(texts->uid, sizeof texts->uid, "%" PRId64, row->uid);
    if (row->seat >= 0)
        snprintf(texts->seat, sizeof texts->seat, "%" PRId32, row->seat);
    if (row->event != 0)
        snprintf(texts->event, sizeof texts->event, "%" PRIu64, row->event);
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static void put_columns(const struct cli *cli, const struct docket_fate_row *row, const struct texts *texts)
{
    const char *const cells[COLUMNS] = {texts->name,
                                        texts->period,
                                        texts->first,
                                        texts->last,
                                        texts->count,
                                        row->fate,
                                        or_dash(row->cause),
                                        or_dash(texts->utc),
                                        or_dash(texts->local),
                                        texts->who,
                                        or_dash(texts->event),
                                        or_dash(row->reason)};
    output_stream_row(cli, &heads, widths, cells);
}

static void put_csv(const struct docket_fate_row *row, const struct texts *texts)
{
    const char *const cells[FIELDS] = {row->tenant, row->series,  texts->period, texts->label, texts->first, texts->last,
                                       texts->count, row->fate,   row->cause,    texts->time_ns, texts->utc,
                                       texts->local, texts->who,  texts->uid,    texts->seat,  texts->event, row->reason};
    output_csv(cells, FIELDS);
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *number_or_null(bool is_there, int64_t number)
{
    return is_there ? json_integer((json_int_t)number) : json_null();
}

static void put_json(const struct docket_fate_row *row, const struct texts *texts, bool is_first)
{
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "tenant",
                  row->tenant, "series", row->series, "period", (int)row->period, "label", texts->period, "first",
                  (json_int_t)row->first, "last", (json_int_t)row->last, "count",
                  (json_int_t)(row->last - row->first + 1), "fate", row->fate, "cause", row->cause, "time_ns",
                  number_or_null(row->time_ns != 0, row->time_ns), "time_utc", text_or_null(texts->utc), "time_local",
                  text_or_null(texts->local), "who", texts->who, "uid", number_or_null(row->uid >= 0, row->uid),
                  "seat", number_or_null(row->seat >= 0, row->seat), "event",
                  number_or_null(row->event != 0, (int64_t)row->event), "reason", output_string(row->reason));
    fputs(is_first ? "\n" : ",\n", stdout);
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
    progress_tick_end(); /* the wait is over */
    if (telling->begun)
        return;
    telling->begun = true;
    if (cli->json) {
        json_t *realm = output_string(cli->realm);
        printf("{\"schema_version\":%d,\"realm\":", CLI_SCHEMA_VERSION);
        json_dumpf(realm, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        json_decref(realm);
        fputs(",\"gaps\":[", stdout);
    } else if (cli_given(cli, OPT_CSV)) {
        output_csv(fields, FIELDS);
    } else if (telling->ranges > 0) {
        output_stream_heads(cli, &heads, widths);
    }
}

static void put_gap(struct telling *telling, const struct docket_fate_row *row)
{
    struct texts texts;
    write_texts(row, &texts);
    telling->ranges++;
    telling->numbers += row->last - row->first + 1;
    progress_step(&telling->progress);
    begin(telling);
    if (telling->cli->json)
        put_json(row, &texts, telling->ranges == 1);
    else if (cli_given(telling->cli, OPT_CSV))
        put_csv(row, &texts);
    else
        put_columns(telling->cli, row, &texts);
}

static bool hold_back(struct telling *telling, const struct docket_fate_row *row)
{
    if (telling->held_count == telling->held_room) {
        size_t room = telling->held_room * 2 + 16;
        struct docket_fate_row *grown = realloc(telling->held, room * sizeof *grown);
        telling->no_memory = telling->no_memory || grown == NULL;
        if (grown == NULL)
            return false;
        telling->held = grown;
        telling->held_room = room;
    }
    telling->held[telling->held_count] = *row;
    telling->held[telling->held_count++].reason = ""; /* of what is to come there is none */
    return true;
}

static int take_row(void *context, const struct docket_fate_row *row)
{
    struct telling *telling = context;
    enum fates_class class = fates_class_of(row->fate);
    if (class == FATES_TO_COME) {
        if (!hold_back(telling, row))
            return 1;
    } else {
        for (size_t i = 0; i < telling->held_count; i++) {
            struct docket_fate_row held = telling->held[i];
            held.tenant = row->tenant; /* of the same counter; the held ones have gone */
            held.series = row->series;
            put_gap(telling, &held);
        }
        telling->held_count = 0;
        if (class != FATES_ISSUED)
            put_gap(telling, row);
    }
    if (row->counter_ends)
        telling->held_count = 0;
    return ferror(stdout) != 0; /* the reader went away; cli_finish() says so */
}

static docket_status tell(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    docket_status status = fates_each(realm, &telling->choice, take_row, telling);
    /* Rows are out already: beginning again would tell them twice. */
    if (status == DOCKET_UNREACHABLE && telling->begun)
        return DOCKET_PROTOCOL;
    telling->held_count = 0;
    return status;
}

static int end(struct telling *telling)
{
    const struct cli *cli = telling->cli;
    if (telling->no_memory)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the ranges of one counter; what was printed is not whole");
    begin(telling);
    if (cli->json)
        printf("%s],\"ranges\":%" PRIu64 ",\"numbers\":%" PRIu64 "}\n", telling->ranges > 0 ? "\n" : "",
               telling->ranges, telling->numbers);
    else if (telling->ranges == 0 && !cli_given(cli, OPT_CSV))
        printf("no number is missing\n");
    return telling->ranges > 0 && cli_given(cli, OPT_EXIT_CODE) ? CLI_NO : CLI_DONE;
}

static int run(struct cli *cli)
{
    struct telling telling = {.cli = cli};
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = output_check_csv(cli);
    if (code == CLI_DONE)
        code = fates_choose(cli, &telling.choice);
    if (code != CLI_DONE)
        return code;
    progress_begin(&telling.progress, cli, isatty(STDOUT_FILENO) == 1 ? NULL : "gaps told");
    code = session_run(cli, tell, &telling);
    progress_end(&telling.progress);
    if (code == CLI_DONE)
        code = end(&telling);
    free(telling.held);
    return code;
}

const struct cli_command command_gaps = {
    .name = "gaps",
    .examples = "$ docket next acme/INV -n 5\n"
                "$ docket void acme/INV 3-4 --yes --reason 'cancelled by the customer'\n"
                "$ docket gaps acme/INV\n"
                "$ docket gaps acme --csv\n",
    .operands = "[TENANT[/SERIES[/PERIOD]]]",
    .summary = "each missing number, with cause, time and who",
    .text = "Numbers and ranges that were not handed out (not issued, of a series with a ledger),\n"
            "below the last one that was: void, unknown, spare or free (came back, and may still be\n"
            "given), open (in a live lease), reserved, pending, in doubt. Void and unknown ones are\n"
            "listed above it too, since they will never be given. What is laid, open or spare above\n"
            "it is not missing, but unused. Who: the uid of the event that says why, or of whoever\n"
            "asked for a tracked number last; docketd, where it decided alone; the seat of a lease.\n"
            "Times are UTC; --columns, --csv and --json have them in the reader's zone ($TZ) too.\n"
            "Exits with 0, gaps or not; with --exit-code with 1 if there is one.",
    .options = BIT(OPT_PERIOD) | BIT(OPT_CSV) | BIT(OPT_EXIT_CODE) | CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 0,
    .operands_max = 1,
    .run = run};
