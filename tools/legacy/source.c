/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* --dates; a command reads one source. */
static const char *dates_format;

static const char sqlite_word[] = "sqlite:", postgresql_word[] = "postgresql:", postgres_word[] = "postgres:";

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

enum legacy_kind legacy_kind_of(const char *source)
{
    if (begins(source, sqlite_word))
        return LEGACY_SQLITE;
    return begins(source, postgresql_word) || begins(source, postgres_word) ? LEGACY_POSTGRESQL : LEGACY_CSV;
}

const char *legacy_shown(const char *source)
{
    bool secret = strcasestr(source, "password") != NULL || strchr(source, '@') != NULL;
    return secret && legacy_kind_of(source) == LEGACY_POSTGRESQL ? "postgresql:..." : source;
}

enum legacy_kind legacy_kind(const struct legacy_source *source)
{
    return source->kind;
}

int legacy_code(const struct legacy_source *source)
{
    return source->code;
}

bool legacy_has(const struct legacy_source *source, const char *what)
{
    enum map_what column = map_what_of(what, strlen(what));
    return column != MAP_COUNT && source->map.at[column] != MAP_NONE;
}

const char *legacy_column(const struct legacy_source *source, const char *what)
{
    enum map_what column = map_what_of(what, strlen(what));
    return column != MAP_COUNT ? source->columns[column] : NULL;
}

int source_find_columns(struct legacy_source *source, const struct span *names, size_t count, bool are_names)
{
    int code = map_find(source->cli, &source->map, names, count, are_names, source->tenant.bytes > 0);
    for (int what = 0; are_names && code == CLI_DONE && what < MAP_COUNT; what++) {
        if (source->map.at[what] == MAP_NONE)
            continue;
        const struct span *name = &names[source->map.at[what]];
        source->columns[what] = strndup(name->text != NULL ? name->text : "", name->bytes);
        if (source->columns[what] == NULL)
            code = cli_fail(source->cli, DOCKET_NO_MEMORY, "no memory for the names of columns");
    }
    return code;
}

/* ---- opening ---- */

static int check_options(const struct cli *cli, const char *name)
{
    const char *delimiter = cli->values[OPT_DELIMITER];
    bool csv = legacy_kind_of(name) == LEGACY_CSV;
    if (cli_given(cli, OPT_QUERY) && csv)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--query is for databases, and %.200s is read as CSV", name);
    if (delimiter != NULL && !csv)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--delimiter is for CSV, and the source is a database");
    if (delimiter != NULL && strcmp(delimiter, "tab") != 0 && (strlen(delimiter) != 1 || strchr("\"\r\n", delimiter[0]) != NULL))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--delimiter wants one character, or tab; not '%.40s'", delimiter);
    if (cli_given(cli, OPT_DATES) && strchr(cli->values[OPT_DATES], '%') == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--dates wants what strptime(3) reads, such as %%d.%%m.%%Y or %%m/%%d/%%y, not '%.40s'",
                        cli->values[OPT_DATES]);
    if (cli_given(cli, OPT_TENANT) && cli->values[OPT_TENANT][0] == '\0')
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--tenant wants a name");
    return CLI_DONE;
}

int legacy_open(const struct cli *cli, const char *name, struct legacy_source **opened)
{
    int code = check_options(cli, name);
    struct legacy_source *source = code == CLI_DONE ? calloc(1, sizeof *source) : NULL;
    if (code != CLI_DONE)
        return code;
    if (source == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory to read %.200s", name);
    dates_format = cli->values[OPT_DATES];
    *source = (struct legacy_source){.cli = cli, .name = name, .kind = legacy_kind_of(name)};
    if (cli_given(cli, OPT_TENANT))
        source->tenant = (struct span){cli->values[OPT_TENANT], strlen(cli->values[OPT_TENANT])};
    code = map_read(cli, cli->values[OPT_MAP], &source->map);
    if (code == CLI_DONE)
        code = source->kind == LEGACY_CSV ? source_open_csv(source) : source_open_database(source);
    if (code != CLI_DONE) {
        legacy_close(source);
        return code;
    }
    *opened = source;
    return CLI_DONE;
}

void legacy_close(struct legacy_source *source)
{
    if (source == NULL)
        return;
    if (source->reader != NULL)
        source->close(source->reader);
    for (int what = 0; what < MAP_COUNT; what++)
        free(source->columns[what]);
    free(source);
}

/* ---- rows ---- */

static void put_cell(SHA2_CTX *context, const struct span *cell)
{
    uint64_t bytes = cell->bytes;
    SHA256Update(context, (const uint8_t *)&bytes, sizeof bytes); /* so that ab,c is not a,bc */
    if (cell->bytes > 0)
        SHA256Update(context, (const uint8_t *)cell->text, cell->bytes);
}

static void digest_words(const struct span cells[MAP_COUNT], uint64_t words[4])
{
    SHA2_CTX context;
    SHA256Init(&context);
    for (int what = 0; what < MAP_COUNT; what++)
        put_cell(&context, &cells[what]);
    SHA256Final((uint8_t *)words, &context);
}

static void add_row(struct legacy_source *source, const struct span cells[MAP_COUNT])
{
    uint64_t words[4];
    uint64_t carry = 0;
    digest_words(cells, words);
    for (int i = 0; i < 4; i++) {
        uint64_t with = words[i] + carry; /* 0 when it runs over, and then the word itself does not */
        source->sum[i] += with;
        carry = (uint64_t)(with < carry) | (uint64_t)(source->sum[i] < with);
    }
}

static void take_row_away(struct legacy_source *source, const struct span cells[MAP_COUNT])
{
    uint64_t words[4];
    uint64_t borrow = 0;
    digest_words(cells, words);
    for (int i = 0; i < 4; i++) {
        uint64_t with = words[i] + borrow, before = source->sum[i];
        source->sum[i] -= with;
        borrow = (uint64_t)(with < borrow) | (uint64_t)(before < with);
    }
}

void legacy_digest_as(struct legacy_source *source, const struct legacy_row *row, struct span number)
{
    struct span cells[MAP_COUNT] = {[MAP_TENANT] = row->tenant, [MAP_NUMBER] = row->number, [MAP_DATE] = row->date,
                                    [MAP_ID] = row->id,         [MAP_SERIES] = row->series, [MAP_STATE] = row->state};
    take_row_away(source, cells);
    cells[MAP_NUMBER] = number;
    add_row(source, cells);
}

int legacy_next(struct legacy_source *source, struct legacy_row *row)
{
    struct span cells[MAP_COUNT] = {{NULL, 0}};
    uint64_t line = 0;
    bool has_tenants = source->map.at[MAP_TENANT] != MAP_NONE;
    int got;
    while ((got = source->next(source, cells, &line)) == 1)
        if (!has_tenants || source->tenant.bytes == 0 ||
            (cells[MAP_TENANT].bytes == source->tenant.bytes &&
             memcmp(cells[MAP_TENANT].text, source->tenant.text, source->tenant.bytes) == 0))
            break;
    if (got != 1)
        return got;
    if (!has_tenants)
        cells[MAP_TENANT] = source->tenant;
    source->rows++;
    if (source->digests)
        add_row(source, cells);
    *row = (struct legacy_row){cells[MAP_TENANT], cells[MAP_NUMBER], cells[MAP_DATE], cells[MAP_ID],
                               cells[MAP_SERIES], cells[MAP_STATE], line};
    return 1;
}

void legacy_want_digest(struct legacy_source *source)
{
    source->digests = true;
}

void legacy_digest(const struct legacy_source *source, uint8_t digest[LEGACY_DIGEST_BYTES])
{
    static const char domain[] = "docket rows 1";
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)domain, sizeof domain);
    SHA256Update(&context, (const uint8_t *)&source->rows, sizeof source->rows);
    SHA256Update(&context, (const uint8_t *)source->sum, sizeof source->sum);
    SHA256Final(digest, &context);
}

/* ---- what cells mean ---- */

bool legacy_is_void(struct span state)
{
    static const char *const words[] = {"void",   "voided",    "cancelled", "canceled", "cancel",
                                        "storno", "storniert", "annulled",  "deleted"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (state.bytes == strlen(words[i]) && strncasecmp(state.text, words[i], state.bytes) == 0)
            return true;
    return false;
}

static bool read_digits(const char *text, size_t count, uint32_t *value)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (uint32_t)(text[i] - '0');
    }
    return true;
}

/* As --dates says. */
static uint32_t formatted_day(struct span date)
{
    char text[64];
    struct tm parts = {0};
    if (date.bytes == 0 || date.bytes >= sizeof text)
        return 0;
    memcpy(text, date.text, date.bytes);
    text[date.bytes] = '\0';
    const char *end = strptime(text, dates_format, &parts);
    int year = parts.tm_year + 1900, month = parts.tm_mon + 1;
    if (end == NULL || (*end != '\0' && *end != ' ' && *end != 'T') || year < 1 || year > 9999 ||
        !cli_is_in_calendar(year, month, parts.tm_mday))
        return 0;
    return (uint32_t)(year * 10000 + month * 100 + parts.tm_mday);
}

uint32_t legacy_day(struct span date)
{
    if (dates_format != NULL)
        return formatted_day(date);
    uint32_t day = 0;
    size_t dashes = date.bytes >= 10 && date.text[4] == '-' && date.text[7] == '-' ? 1 : 0, bytes = 8 + 2 * dashes;
    if (date.bytes < bytes || !read_digits(date.text, 4, &day) || !read_digits(date.text + 4 + dashes, 2, &day) ||
        !read_digits(date.text + 6 + 2 * dashes, 2, &day))
        return 0;
    if (date.bytes > bytes && date.text[bytes] != ' ' && date.text[bytes] != 'T')
        return 0;
    return cli_is_in_calendar((int)(day / 10000), (int)(day / 100 % 100), (int)(day % 100)) ? day : 0;
}
