/* SPDX-License-Identifier: MIT */
#include "service.h"

#include "database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MOST = 64, COLUMN_BYTES = 64, NUMBER_DIGITS_MOST = 15 };
enum { TENANT, SERIES, PERIOD, VALUE, MONTH, WHATS };

static const struct {
    const char *word;
    const char *const *names;
} whats[WHATS] = {
    {"tenant", (const char *const[]){"tenant_id", "tenant", "company_id", "organization_id", "org_id", "account_id", NULL}},
    {"series", (const char *const[]){"prefix", "series", "document_type", "type", "sequence_name", "name", "kind", NULL}},
    {"period", (const char *const[]){"period", "sequence_date", "date", "day", "year_month", "year", "fiscal_year", NULL}},
    {"value", (const char *const[]){"current_value", "last_value", "current_number", "last_number", "last_sequence",
                                    "current_sequence", "sequence", "counter", "value", "next_value", "next_number", NULL}},
    {"month", (const char *const[]){"month", NULL}}, /* beside a year */
};

/* ---- which columns there are ---- */

struct columns {
    char names[COLUMNS_MOST][COLUMN_BYTES];
    size_t count;
    size_t at[WHATS]; /* NONE: there is none */
};

#define NONE SIZE_MAX

static void list_columns(struct database *database, struct columns *columns)
{
    size_t count = database_columns(database);
    for (size_t i = 0; i < count && i < COLUMNS_MOST; i++)
        snprintf(columns->names[columns->count++], COLUMN_BYTES, "%s", database_column(database, i));
    for (int what = 0; what < WHATS; what++)
        columns->at[what] = NONE;
}

static bool find_column(const struct columns *columns, const char *name, size_t *at)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcasecmp(columns->names[i], name) != 0)
            continue;
        *at = i;
        return true;
    }
    return false;
}

/* --sequence-columns */
static int read_said(const struct cli *cli, struct columns *columns, bool said[WHATS])
{
    const char *at = cli->values[OPT_SEQUENCE_COLUMNS];
    while (at != NULL && *at != '\0') {
        size_t bytes = strcspn(at, ",");
        int what = 0;
        char name[COLUMN_BYTES] = "";
        while (what < WHATS && (strncmp(at, whats[what].word, strlen(whats[what].word)) != 0 ||
                                at[strlen(whats[what].word)] != '='))
            what++;
        size_t word = what < WHATS ? strlen(whats[what].word) + 1 : 0;
        if (what == WHATS || bytes - word >= COLUMN_BYTES)
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--sequence-columns wants tenant=COL,series=COL,period=COL,month=COL,value=COL; not "
                                                      "'%.*s'", (int)bytes, at);
        memcpy(name, at + word, bytes - word);
        said[what] = true;
        if (name[0] != '\0' && !find_column(columns, name, &columns->at[what]))
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "invoice_sequences has no column %s", name);
        at += bytes + (at[bytes] == ',');
    }
    return CLI_DONE;
}

static const char *name_of(const struct columns *columns, int what)
{
    return columns->at[what] == NONE ? "-" : columns->names[columns->at[what]];
}

static int find_columns(const struct cli *cli, struct columns *columns)
{
    bool said[WHATS] = {false};
    int code = read_said(cli, columns, said);
    for (int what = 0; code == CLI_DONE && what < WHATS; what++)
        for (const char *const *name = whats[what].names; !said[what] && *name != NULL; name++)
            if (find_column(columns, *name, &columns->at[what]))
                break;
    for (int what = SERIES; code == CLI_DONE && what <= VALUE; what += VALUE - SERIES)
        if (columns->at[what] == NONE)
            code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "no column of invoice_sequences looks like the %s; name it with "
                                                      "--sequence-columns %s=COLUMN", whats[what].word, whats[what].word);
    if (code == CLI_DONE && columns->at[TENANT] == NONE && !cli_given(cli, OPT_TENANT))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "no column of invoice_sequences looks like the tenant; name it with "
                                                  "--sequence-columns tenant=COLUMN, or give --tenant NAME");
    if (code == CLI_DONE)
        cli_note(cli, "invoice_sequences: tenant=%s, series=%s, period=%s%s%s, value=%s", name_of(columns, TENANT),
                 name_of(columns, SERIES), name_of(columns, PERIOD), columns->at[MONTH] != NONE ? ", month=" : "",
                 columns->at[MONTH] != NONE ? name_of(columns, MONTH) : "", name_of(columns, VALUE));
    return code;
}

/* ---- one sequence ---- */

/* The first day of a period such as 2025-07-25, 2025-07, 202507, 2025; 0: none. restart: what such periods are. */
static bool read_period(struct span text, uint32_t *day, const char **restart)
{
    char digits[9] = "";
    size_t count = 0;
    *day = 0;
    *restart = "never";
    for (size_t at = 0; at < text.bytes && count < 8; at++) {
        if (text.text[at] >= '0' && text.text[at] <= '9')
            digits[count++] = text.text[at];
        else if (text.text[at] != '-' && text.text[at] != '/')
            break;
    }
    if (text.bytes == 0 || (count == 1 && digits[0] == '0'))
        return true; /* it has none */
    if (count != 4 && count != 6 && count != 8)
        return false;
    *restart = count == 8 ? "daily" : count == 6 ? "monthly" : "yearly";
    *day = (uint32_t)strtoul(digits, NULL, 10);
    *day = count == 4 ? *day * 10000 + 101 : count == 6 ? *day * 100 + 1 : *day;
    return cli_is_in_calendar((int)(*day / 10000), (int)(*day / 100 % 100), (int)(*day % 100));
}

/* As a series is named: without what parts it from what follows. */
static bool read_name(struct span text, char name[DOCKET_NAME_MAX + 1])
{
    while (text.bytes > 0 && strchr("-_/. ", text.text[text.bytes - 1]) != NULL)
        text.bytes--;
    if (text.bytes == 0 || text.bytes > DOCKET_NAME_MAX)
        return false;
    memcpy(name, text.text, text.bytes);
    name[text.bytes] = '\0';
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == text.bytes;
}

static bool read_value(struct span text, uint64_t *value)
{
    *value = 0;
    for (size_t at = 0; at < text.bytes; at++) {
        if (text.text[at] < '0' || text.text[at] > '9' || at == NUMBER_DIGITS_MOST)
            return false;
        *value = *value * 10 + (uint64_t)(text.text[at] - '0');
    }
    return text.bytes > 0;
}

static bool grow(void **rows, size_t *room, size_t count, size_t bytes)
{
    if (count < *room)
        return true;
    size_t wanted = *room * 2 + 64;
    void *grown = realloc(*rows, wanted * bytes);
    if (grown == NULL)
        return false;
    *rows = grown;
    *room = wanted;
    return true;
}

/* The finer one. */
static const char *finer(const char *a, const char *b)
{
    static const char *const order[] = {"daily", "monthly", "yearly", "never"};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(order[i], a) == 0 || strcmp(order[i], b) == 0)
            return order[i];
    return a;
}

/* A year in one column and its month in another. */
static struct span join_month(const struct span *cells, char text[8])
{
    const struct span *year = &cells[PERIOD], *month = &cells[MONTH];
    if (year->bytes != 4 || month->bytes == 0 || month->bytes > 2)
        return *year;
    memcpy(text, year->text, 4);
    text[4] = '-';
    text[5] = month->bytes == 1 ? '0' : month->text[0];
    text[6] = month->text[month->bytes - 1];
    return (struct span){text, 7};
}

/* SIZE_MAX: no memory. There are some thousands at most, and neighbours are of one. */
static size_t series_of(struct service *service, struct span tenant, const char *name, const char *restart)
{
    for (size_t i = service->series_count; i-- > 0;) {
        struct service_series *series = &service->series[i];
        if (strcmp(series->name, name) != 0 || strlen(series->tenant) != tenant.bytes ||
            memcmp(series->tenant, tenant.text, tenant.bytes) != 0)
            continue;
        series->restart = finer(series->restart, restart);
        return i;
    }
    if (!grow((void **)&service->series, &service->series_room, service->series_count, sizeof *service->series))
        return SIZE_MAX;
    struct service_series *made = &service->series[service->series_count];
    *made = (struct service_series){.restart = restart, .tenant = strndup(tenant.text, tenant.bytes), .name = strdup(name)};
    if (made->tenant == NULL || made->name == NULL) {
        free(made->tenant);
        free(made->name);
        return SIZE_MAX;
    }
    return service->series_count++;
}

static int take_sequence(struct service *service, const struct span *cells, uint64_t line, bool is_next)
{
    char name[DOCKET_NAME_MAX + 1], month[8];
    const char *restart, *only = service->cli->values[OPT_TENANT];
    struct service_sequence sequence = {.line = line};
    struct span tenant = cells[TENANT];
    if (tenant.bytes == 0 && only != NULL)
        tenant = (struct span){only, strlen(only)};
    if (only != NULL && (strlen(only) != tenant.bytes || memcmp(only, tenant.text, tenant.bytes) != 0))
        return CLI_DONE;
    if (!read_name(cells[SERIES], name) || !read_value(cells[VALUE], &sequence.value) ||
        !read_period(join_month(cells, month), &sequence.day, &restart) || tenant.bytes == 0) {
        service->skipped++;
        cli_note(service->cli, "row %" PRIu64 " of invoice_sequences has no tenant, series, period or value that can be read; it "
                               "is left out", line);
        return CLI_DONE;
    }
    if (is_next && sequence.value > 0)
        sequence.value--;
    size_t at = series_of(service, tenant, name, restart);
    sequence.series = (uint32_t)at;
    if (at == SIZE_MAX || !grow((void **)&service->sequences, &service->sequence_room, service->sequence_count,
                                sizeof *service->sequences))
        return cli_fail(service->cli, DOCKET_NO_MEMORY, "no memory for so many sequences");
    service->sequences[service->sequence_count++] = sequence;
    return CLI_DONE;
}

static int read_sequences(struct service *service, struct database *database)
{
    struct columns columns = {.count = 0};
    struct span cells[WHATS];
    size_t wanted[WHATS];
    uint64_t line = 0;
    int got;
    if (database_query(database, "SELECT * FROM invoice_sequences") != 0)
        return database_code(database);
    list_columns(database, &columns);
    int code = find_columns(service->cli, &columns);
    for (int what = 0; what < WHATS; what++)
        wanted[what] = columns.at[what] == NONE ? columns.at[VALUE] : columns.at[what];
    bool is_next = code == CLI_DONE && strncasecmp(name_of(&columns, VALUE), "next", 4) == 0;
    while (code == CLI_DONE && (got = database_next(database, wanted, WHATS, cells)) != 0) {
        if (got < 0)
            return database_code(database);
        for (int what = 0; what < WHATS; what++)
            if (columns.at[what] == NONE)
                cells[what] = (struct span){"", 0};
        code = take_sequence(service, cells, ++line, is_next);
    }
    return code;
}

/* ---- what its numbers look like ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits before the last one, as a date. NULL: it is none, and stays as it is. */
static const char *date_token(const char *digits, size_t count)
{
    char text[9] = "";
    if (count != 4 && count != 6 && count != 8)
        return NULL;
    memcpy(text, digits, count);
    int value = atoi(text), year = count == 4 ? value : count == 6 ? value / 100 : value / 10000;
    int month = count == 4 ? 1 : count == 6 ? value % 100 : value / 100 % 100, day = count == 8 ? value % 100 : 1;
    if (year < 2001 || !cli_is_in_calendar(year, month, day))
        return NULL;
    return count == 4 ? "{YYYY}" : count == 6 ? "{YYYY}{MM}" : "{YYYY}{MM}{DD}";
}

static bool add(char *to, size_t size, size_t *used, const char *text, size_t bytes)
{
    if (*used + bytes >= size)
        return false;
    memcpy(to + *used, text, bytes);
    *used += bytes;
    to[*used] = '\0';
    return true;
}

bool service_template_of(const char *name, const char *text, size_t bytes, char *template_text, size_t size)
{
    size_t at = 0, used = 0, last = bytes;
    char number[16];
    while (last > 0 && is_digit(text[last - 1]))
        last--;
    if (last == bytes || bytes - last > NUMBER_DIGITS_MOST || memchr(text, '{', bytes) != NULL ||
        memchr(text, '}', bytes) != NULL)
        return false;
    size_t named = strlen(name);
    if (bytes > named && memcmp(text, name, named) == 0) {
        add(template_text, size, &used, "{SERIES}", 8);
        at = named;
    }
    while (at < last) {
        size_t run = at;
        while (run < last && is_digit(text[run]))
            run++;
        const char *token = run > at ? date_token(text + at, run - at) : NULL;
        if (run == at)
            run++;
        if (!(token != NULL ? add(template_text, size, &used, token, strlen(token))
                            : add(template_text, size, &used, text + at, run - at)))
            return false;
        at = run;
    }
    int length = snprintf(number, sizeof number, "{N:%zu}", bytes - last);
    return add(template_text, size, &used, number, (size_t)length);
}

static bool begins(const struct service_series *series, const struct legacy_row *row)
{
    size_t bytes = strlen(series->name);
    return !series->has_sample && row->number.bytes > bytes && memcmp(row->number.text, series->name, bytes) == 0 &&
           row->tenant.bytes == strlen(series->tenant) && memcmp(row->tenant.text, series->tenant, row->tenant.bytes) == 0;
}

/* The first invoice of each series, as far as it begins with its name. */
static int read_samples(struct service *service)
{
    struct legacy_source *source;
    struct legacy_row row;
    size_t missing = service->series_count;
    int got = 1, code = legacy_open(service->cli, service->cli->operands[0], &source);
    if (code != CLI_DONE)
        return code;
    while (missing > 0 && (got = legacy_next(source, &row)) == 1)
        for (size_t i = 0; i < service->series_count; i++) {
            struct service_series *series = &service->series[i];
            if (!begins(series, &row))
                continue;
            series->has_sample = true;
            missing--;
            if (!service_template_of(series->name, row.number.text, row.number.bytes, series->template_text,
                                     sizeof series->template_text))
                series->template_text[0] = '\0';
            break;
        }
    code = got < 0 ? legacy_code(source) : CLI_DONE;
    legacy_close(source);
    return code;
}

int service_read(const struct cli *cli, struct service *service)
{
    struct database *database;
    *service = (struct service){.cli = cli};
    if (legacy_kind_of(cli->operands[0]) == LEGACY_CSV)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--service reads a database: sqlite:FILE or postgresql:CONNINFO");
    int code = database_open(cli, cli->operands[0], false, &database);
    if (code != CLI_DONE)
        return code;
    code = read_sequences(service, database);
    database_close(database);
    if (code == CLI_DONE && cli_given(cli, OPT_DECLARE) && !cli_given(cli, OPT_TEMPLATE))
        code = read_samples(service);
    return code;
}

void service_hint(const struct cli *cli)
{
    struct database *database;
    struct span cell;
    const size_t first = 0;
    enum legacy_kind kind = legacy_kind_of(cli->operands[0]);
    if (kind == LEGACY_CSV || cli_given(cli, OPT_QUERY) || database_open(cli, cli->operands[0], false, &database) != CLI_DONE)
        return;
    if (database_query(database, kind == LEGACY_SQLITE
                                     ? "SELECT name FROM sqlite_master WHERE name = 'invoice_sequences'"
                                     : "SELECT table_name FROM information_schema.tables WHERE table_name = "
                                       "'invoice_sequences'") == 0 &&
        database_next(database, &first, 1, &cell) == 1)
        cli_note(cli, "the database has a table invoice_sequences too: with --service its counters go on above its values, also "
                      "where no invoice has them");
    database_close(database);
}

/* ---- the series ---- */

static struct docket_policy policy_of(const struct service *service, const struct service_series *series)
{
    const char *said = service->cli->values[OPT_TEMPLATE];
    return (struct docket_policy){.restart = series->restart,
                                  .template_text = said != NULL                     ? said
                                                   : series->template_text[0] != '\0' ? series->template_text
                                                                                     : NULL,
                                  .ledger = cli_given(service->cli, OPT_ID_KEYS) ? "on" : NULL};
}

docket_status service_declare(docket_realm *realm, void *context)
{
    struct service *service = context;
    for (; service->declared < service->series_count; service->declared++) {
        const struct service_series *series = &service->series[service->declared];
        const struct docket_policy policy = policy_of(service, series);
        docket_status status = docket_admin_series_add(realm, series->tenant, series->name, &policy);
        if (status == DOCKET_OK)
            cli_note(service->cli, "%s/%s: restarts %s, %s", series->tenant, series->name, series->restart,
                     policy.template_text != NULL ? policy.template_text : "docket's own template");
        if (status == DOCKET_EXISTS)
            cli_note(service->cli, "%s/%s is declared already, otherwise than --declare would do it, and stays as it is",
                     series->tenant, series->name);
        if (status != DOCKET_OK && status != DOCKET_EXISTS)
            return status; /* its sentence names the series */
    }
    return DOCKET_OK;
}

int service_teach(const struct service *service, docket_reader *reader)
{
    for (size_t i = 0; i < service->series_count; i++) {
        const struct service_series *series = &service->series[i];
        const struct docket_policy policy = policy_of(service, series);
        char text[DOCKET_TEXT_MAX];
        docket_status status = docket_reader_write(reader, series->tenant, series->name, 20260101, 1, text);
        if (status != DOCKET_NO_SERIES) {
            cli_note(service->cli, "%s/%s is declared already, and stays as it is", series->tenant, series->name);
            continue;
        }
        status = docket_reader_add(reader, series->tenant, series->name, &policy);
        if (status != DOCKET_OK)
            return cli_fail_status(service->cli, status);
        cli_note(service->cli, "%s/%s would be declared: restarts %s, %s", series->tenant, series->name,
                 series->restart, policy.template_text != NULL ? policy.template_text : "docket's own template");
    }
    return CLI_DONE;
}

/* ---- their values ---- */

static int add_last(const struct service *service, struct intake *intake, const struct service_sequence *sequence)
{
    const struct service_series *series = &service->series[sequence->series];
    uint32_t day = sequence->day != 0 ? sequence->day : 20010101;
    char text[DOCKET_TEXT_MAX];
    int32_t period;
    docket_status status = docket_reader_period(intake->reader, series->tenant, series->name, day, &period);
    if (status == DOCKET_OK && sequence->day == 0 && period != 0)
        status = DOCKET_BAD_DATE; /* the series restarts, and the sequence says no period */
    if (status == DOCKET_OK)
        status = docket_reader_write(intake->reader, series->tenant, series->name, day, sequence->value, text);
    if (status == DOCKET_OK)
        return intake_add_last(intake, series->tenant, series->name, period, sequence->value, sequence->line);
    cli_note(service->cli, "row %" PRIu64 " of invoice_sequences, %s/%s with value %" PRIu64 ", is left out: %s", sequence->line,
             series->tenant, series->name, sequence->value,
             status == DOCKET_NO_SERIES   ? "there is no such series; --declare makes it"
             : status == DOCKET_BAD_COUNT ? "the value is above the largest number of the series"
                                          : "its period is none of the series");
    intake->misfits++;
    return CLI_DONE;
}

int service_add_lasts(const struct service *service, struct intake *intake)
{
    int code = CLI_DONE;
    for (size_t i = 0; code == CLI_DONE && i < service->sequence_count; i++) {
        const struct service_sequence *sequence = &service->sequences[i];
        const char *only = intake->series;
        if (sequence->value > 0 && (only == NULL || strcmp(only, service->series[sequence->series].name) == 0))
            code = add_last(service, intake, sequence);
    }
    return code;
}

void service_free(struct service *service)
{
    for (size_t i = 0; i < service->series_count; i++) {
        free(service->series[i].tenant);
        free(service->series[i].name);
    }
    free(service->series);
    free(service->sequences);
}
