/* SPDX-License-Identifier: MIT */
/*
 * docket report: the statutory view, a row for each series and period.
 *
 * Of each row: total = net + void + unknown + held + spare, and first to last are
 * total numbers. What lies above the last one that was given is unused.
 */
#include "docket_inspect.h"
#include "fates.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum figure {
    TOTAL,
    NET,
    VOIDS,
    UNKNOWN,
    HELD, /* the next four together */
    RESERVED,
    PENDING,
    IN_DOUBT,
    OPEN,
    SPARE, /* what came back, or is laid, below the last one */
    UNUSED,
    FIGURES
};

static const struct figure_row {
    const char *name;    /* in CSV and JSON */
    const char *heading;
} figures[FIGURES] = {
    [TOTAL] = {"total", ">TOTAL"},          [NET] = {"net_issued", ">NET"},
    [VOIDS] = {"void", ">VOID"},            [UNKNOWN] = {"unknown", ">UNKNOWN"},
    [HELD] = {"held", ">HELD"},             [RESERVED] = {"reserved", "->RESERVED"},
    [PENDING] = {"pending", "->PENDING"},   [IN_DOUBT] = {"in_doubt", "->IN-DOUBT"},
    [OPEN] = {"open", "->OPEN"},            [SPARE] = {"spare", ">SPARE"},
    [UNUSED] = {"unused", ">UNUSED"},
};

enum { BEFORE = 5, BEHIND = 6, COLUMNS = BEFORE + FIGURES + BEHIND };
static const char *const before[BEFORE] = {"tenant", "series", "period", "from", "to"};
static const char *const behind[BEHIND] = {"state", "first_day", "last_day", "order", "documents", "profile"};
static const char *const heads_before[BEFORE] = {"-TENANT", "SERIES", "PERIOD", ">FROM", ">TO"};
static const char *const heads_behind[BEHIND] = {"STATE", "-FIRST-DAY", "-LAST-DAY", "-ORDER", "DOCUMENTS", "PROFILE"};

struct counted {
    uint64_t first, last; /* last below first: none was given */
    uint64_t figure[FIGURES];
    uint64_t spare, open; /* above the last one so far */
};

struct reporting {
    const struct cli *cli;
    struct fates_choice choice;
    uint32_t from_day, to_day; /* yyyymmdd */
    struct counted now;        /* of the counter that is being told */
    bool in_counter;
    uint64_t rows, passed_over;
    uint64_t sums[FIGURES];
    int64_t time_s;
    uint64_t head_number; /* of the audit trail's last event; 0: docketd did not say */
    char head[DOCKET_HASH_TEXT];
    struct progress progress;
    bool begun;
};

/* ---- figures ---- */

static void count(struct counted *now, const struct docket_fate_row *row)
{
    uint64_t numbers = row->last - row->first + 1;
    enum fates_class class = fates_class_of(row->fate);
    if (class == FATES_TO_COME) {
        *(strcmp(row->fate, "open") == 0 ? &now->open : &now->spare) += numbers;
        return;
    }
    now->last = row->last;
    now->figure[SPARE] += now->spare; /* below a given one: missing, and no more only unused */
    now->figure[OPEN] += now->open;
    now->spare = now->open = 0;
    now->figure[class == FATES_ISSUED                     ? NET
                : class == FATES_VOID                     ? VOIDS
                : class == FATES_UNKNOWN                  ? UNKNOWN
                : strcmp(row->fate, "reserved") == 0      ? RESERVED
                : strcmp(row->fate, "pending") == 0       ? PENDING
                                                          : IN_DOUBT] += numbers;
}

static void finish(struct counted *now)
{
    uint64_t *figure = now->figure;
    figure[HELD] = figure[RESERVED] + figure[PENDING] + figure[IN_DOUBT] + figure[OPEN];
    figure[TOTAL] = now->last + 1 - now->first;
    figure[UNUSED] = now->spare + now->open;
}

/* ---- rows ---- */

struct texts {
    char period[PERIOD_TEXT_BYTES], first_day[OUTPUT_TIME_BYTES], last_day[OUTPUT_TIME_BYTES];
    char first[24], last[24], figure[FIGURES][24];
    char name[2 * DOCKET_NAME_MAX + 2];
};

static void write_texts(const struct counted *now, const struct docket_fate_row *row, struct texts *texts)
{
    *texts = (struct texts){.period = ""};
    address_period_text(row->period, texts->period);
    snprintf(texts->name, sizeof texts->name, "%s/%s", row->tenant, row->series);
    if (row->period_first != 0) {
        output_day(row->period_first, texts->first_day);
        output_day(row->period_last, texts->last_day);
    }
    if (now->figure[TOTAL] > 0) {
        snprintf(texts->first, sizeof texts->first, "%" PRIu64, now->first);
        snprintf(texts->last, sizeof texts->last, "%" PRIu64, now->last);
    }
    for (int i = 0; i < FIGURES; i++)
        snprintf(texts->figure[i], sizeof texts->figure[i], "%" PRIu64, now->figure[i]);
}

static void all_cells(const struct docket_fate_row *row, const struct texts *texts, const char *cells[COLUMNS])
{
    const char *const first[BEFORE] = {row->tenant, row->series, texts->period, texts->first, texts->last};
    const char *const last[BEHIND] = {row->period_state, texts->first_day, texts->last_day,
                                      row->order,        row->documents,   row->profile};
    memcpy(cells, first, sizeof first);
    for (int i = 0; i < FIGURES; i++)
        cells[BEFORE + i] = texts->figure[i];
    memcpy(cells + BEFORE + FIGURES, last, sizeof last);
}

static void all_names(const char *names[COLUMNS], bool headings)
{
    memcpy(names, headings ? heads_before : before, sizeof before);
    for (int i = 0; i < FIGURES; i++)
        names[BEFORE + i] = headings ? figures[i].heading : figures[i].name;
    memcpy(names + BEFORE + FIGURES, headings ? heads_behind : behind, sizeof behind);
}

static void choose_widths(int widths[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++)
        widths[i] = i < BEFORE - 2 ? 10 : i < BEFORE + FIGURES ? 8 : 10;
    widths[1] = 20;
}

static void put_headings(const struct cli *cli)
{
    const char *names[COLUMNS];
    int widths[COLUMNS];
    const struct output_heads heads = {names, COLUMNS};
    all_names(names, true);
    choose_widths(widths);
    output_stream_heads(cli, &heads, widths);
}

static void put_columns(const struct cli *cli, const struct docket_fate_row *row, const struct texts *texts)
{
    const char *names[COLUMNS], *cells[COLUMNS];
    int widths[COLUMNS];
    const struct output_heads heads = {names, COLUMNS};
    all_names(names, true);
    choose_widths(widths);
    all_cells(row, texts, cells);
    cells[1] = texts->name;
    for (int i = 0; i < COLUMNS; i++)
        if (cells[i][0] == '\0')
            cells[i] = "-";
    output_stream_row(cli, &heads, widths, cells);
}

static void put_json(const struct counted *now, const struct docket_fate_row *row, const struct texts *texts,
                     bool is_first)
{
    bool some = now->figure[TOTAL] > 0;
    json_t *object = json_pack("{s:s, s:s, s:i, s:s, s:o, s:o}", "tenant", row->tenant, "series", row->series, "period",
                               (int)row->period, "label", texts->period, "from",
                               some ? json_integer((json_int_t)now->first) : json_null(), "to",
                               some ? json_integer((json_int_t)now->last) : json_null());
    for (int i = 0; i < FIGURES; i++)
        json_object_set_new(object, figures[i].name, json_integer((json_int_t)now->figure[i]));
    json_t *rest = json_pack("{s:s, s:o, s:o, s:s, s:b, s:s, s:s}", "state", row->period_state, "first_day",
                             output_day_json(row->period_first), "last_day", output_day_json(row->period_last), "order",
                             row->order, "ledger", (int)row->tracked, "documents", row->documents, "profile",
                             row->profile);
    fputs(is_first ? "\n" : ",\n", stdout);
    if (object == NULL || rest == NULL || json_object_update(object, rest) != 0)
        output_lacks_memory();
    else
        json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(rest);
    json_decref(object);
}

static void begin(struct reporting *reporting)
{
    const struct cli *cli = reporting->cli;
    const char *names[COLUMNS];
    progress_tick_end(); /* the wait is over */
    if (reporting->begun)
        return;
    reporting->begun = true;
    if (cli->json) {
        json_t *realm = output_string(cli->realm);
        printf("{\"schema_version\":%d,\"realm\":", CLI_SCHEMA_VERSION);
        json_dumpf(realm, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
        json_decref(realm);
        fputs(",\"rows\":[", stdout);
    } else if (cli_given(cli, OPT_CSV)) {
        all_names(names, false);
        output_csv(names, COLUMNS);
    } else if (reporting->rows > 0) {
        put_headings(cli);
    }
}

static void put_row(struct reporting *reporting, const struct docket_fate_row *row)
{
    struct texts texts;
    const char *cells[COLUMNS];
    finish(&reporting->now);
    write_texts(&reporting->now, row, &texts);
    reporting->rows++;
    for (int i = 0; i < FIGURES; i++)
        reporting->sums[i] += reporting->now.figure[i];
    begin(reporting);
    if (reporting->cli->json) {
        put_json(&reporting->now, row, &texts, reporting->rows == 1);
    } else if (cli_given(reporting->cli, OPT_CSV)) {
        all_cells(row, &texts, cells);
        output_csv(cells, COLUMNS);
    } else {
        put_columns(reporting->cli, row, &texts);
    }
}

/* A series that never restarts has no days: it is told whatever days are asked for. */
static bool is_asked_for(const struct reporting *reporting, const struct docket_fate_row *row)
{
    return row->period_first == 0 || (row->period_last >= reporting->from_day &&
                                      (reporting->to_day == 0 || row->period_first <= reporting->to_day));
}

static int take_row(void *context, const struct docket_fate_row *row)
{
    struct reporting *reporting = context;
    progress_step(&reporting->progress);
    if (!reporting->in_counter)
        reporting->now = (struct counted){.first = row->first, .last = row->first - 1};
    reporting->in_counter = row->counter_ends == 0;
    count(&reporting->now, row);
    if (reporting->in_counter)
        return 0;
    if (is_asked_for(reporting, row))
        put_row(reporting, row);
    else
        reporting->passed_over++;
    return ferror(stdout) != 0; /* the reader went away; cli_finish() says so */
}

static docket_status tell(docket_realm *realm, void *context)
{
    struct reporting *reporting = context;
    reporting->in_counter = false;
    reporting->time_s = (int64_t)time(NULL);
    docket_status status = fates_each(realm, &reporting->choice, take_row, reporting);
    if (status == DOCKET_OK)
        status = docket_admin_audit_head(realm, &reporting->head_number, reporting->head);
    /* Rows are out already: beginning again would tell them twice. */
    return status == DOCKET_UNREACHABLE && reporting->begun ? DOCKET_PROTOCOL : status;
}

/* ---- the last line: when, of what ---- */

static void store_of(const struct cli *cli, char store_id[64])
{
    docket_view *view = NULL;
    struct docket_view_realm realm;
    store_id[0] = '\0';
    if (docket_view_open(cli->realm, &view) == DOCKET_OK && docket_view_realm_show(view, &realm) == DOCKET_OK)
        snprintf(store_id, 64, "%s", realm.store_id);
    docket_view_close(view);
}

static void end_json(const struct reporting *reporting, const char *store_id)
{
    char utc[OUTPUT_TIME_BYTES], local[OUTPUT_TIME_BYTES];
    json_t *sums = json_object();
    for (int i = 0; i < FIGURES; i++)
        json_object_set_new(sums, figures[i].name, json_integer((json_int_t)reporting->sums[i]));
    json_t *object = json_pack("{s:o, s:s, s:s, s:o, s:{s:I, s:s}}", "sums", sums, "time_utc",
                               output_time(reporting->time_s, utc), "time_local",
                               output_time_local(reporting->time_s, local), "store_id",
                               store_id[0] != '\0' ? json_string(store_id) : json_null(), "audit_head", "event",
                               (json_int_t)reporting->head_number, "hash", reporting->head);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text == NULL)
        output_lacks_memory();
    else
        printf("%s],%s\n", reporting->rows > 0 ? "\n" : "", text + 1); /* its members, and the brace that ends all */
    free(text);
    json_decref(object);
}

static void end(struct reporting *reporting)
{
    const struct cli *cli = reporting->cli;
    char store_id[64], utc[OUTPUT_TIME_BYTES], local[OUTPUT_TIME_BYTES];
    store_of(cli, store_id);
    begin(reporting);
    if (cli->json) {
        end_json(reporting, store_id);
        return;
    }
    if (reporting->rows == 0 && !cli_given(cli, OPT_CSV))
        printf("no number was ever laid%s\n", reporting->passed_over > 0 ? " in these days" : "");
    /* Who asks for rows alone gets rows alone. */
    fprintf(cli_given(cli, OPT_CSV) || cli_given(cli, OPT_NO_HEADINGS) ? stderr : stdout, "as of %s (%s), realm %s, store %s, event %" PRIu64 " of the audit trail has %s\n",
            output_time(reporting->time_s, utc), output_time_local(reporting->time_s, local), cli->realm,
            store_id[0] != '\0' ? store_id : "not to be seen from here", reporting->head_number, reporting->head);
}

static int run(struct cli *cli)
{
    struct reporting reporting = {.cli = cli};
    const char *names[COLUMNS];
    const struct output_heads heads = {names, COLUMNS};
    all_names(names, true);
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = output_check_csv(cli);
    if (code == CLI_DONE)
        code = fates_choose(cli, &reporting.choice);
    if (code == CLI_DONE)
        code = cli_day(cli, OPT_FROM_DAY, &reporting.from_day);
    if (code == CLI_DONE)
        code = cli_day(cli, OPT_TO_DAY, &reporting.to_day);
    if (code == CLI_DONE && reporting.to_day != 0 && reporting.to_day < reporting.from_day)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--to is a day before --from");
    if (code != CLI_DONE)
        return code;
    progress_begin(&reporting.progress, cli, isatty(STDOUT_FILENO) == 1 ? NULL : "ranges looked at");
    code = session_run(cli, tell, &reporting);
    progress_end(&reporting.progress);
    if (code == CLI_DONE)
        end(&reporting);
    return code;
}

const struct cli_command command_report = {
    .name = "report",
    .examples = "$ docket next acme/INV -n 5\n"
                "$ docket report\n"
                "$ docket report acme/INV --from 2026-01-01 --to 2026-12-31 --csv\n",
    .operands = "[TENANT[/SERIES[/PERIOD]]]",
    .summary = "numbers of each series and period, as a tax office asks for them",
    .text = "From the counter's first number to the last one that was given, or can never be given\n"
            "any more: how many (TOTAL), and of them NET issued (handed out), VOID, UNKNOWN, HELD\n"
            "(open in a lease, reserved, pending, in doubt) and SPARE (came back, and not given\n"
            "again yet): TOTAL is the sum of these five. UNUSED: above the last one, laid ahead and\n"
            "not given. State of the period, and what the series says of its documents and profile.\n"
            "--from and --to choose periods that have a day between them, those two included; series\n"
            "that never restart are always told. The last line says when, of which store, and how the\n"
            "audit trail's last event hashes (docket audit verify); with --csv or --no-headings it\n"
            "goes to stderr. docket gaps lists what is missing.",
    .options = BIT(OPT_PERIOD) | BIT(OPT_FROM_DAY) | BIT(OPT_TO_DAY) | BIT(OPT_CSV) | CLI_TABLE | BIT(OPT_REALM) |
               BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 0,
    .operands_max = 1,
    .run = run};
