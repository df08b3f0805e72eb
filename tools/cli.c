/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option rows[OPT_IDS] = {
    [OPT_COUNT] = {"count", 'n', "N", "how many numbers, 1 to 10000 (default 1)"},
    [OPT_TIMEOUT] = {"timeout", 't', "SECONDS", "longest wait for a number (default 2; 0 never waits)"},
    [OPT_ACCOUNTED] = {"accounted", 0, NULL, "print a number when no power loss can make it unknown any more"},
    [OPT_DATE] = {"date", 0, "YYYY-MM-DD", "the document's date (default today)", NULL},
    [OPT_ALL] = {"all", 'a', NULL, "every series of the realm"},
    [OPT_ORDER] = {"order", 0, "ORDER", "strict (default), leased or gapless", "strict leased gapless"},
    [OPT_RESTART] = {"restart", 0, "WHEN", "never, yearly (default), fiscal, quarterly, monthly, weekly or daily",
                     "never yearly fiscal quarterly monthly weekly daily"},
    [OPT_FISCAL_YEAR] = {"fiscal-year", 0, "WHEN",
                         "month it begins with, such as april (default january); last-saturday-january: 52/53 weeks",
                         "january february march april may june july august september october november december"},
    [OPT_ZONE] = {"zone", 0, "ZONE", "where its days begin, such as Europe/Vienna (default UTC)"},
    [OPT_PREFIX] = {"prefix", 0, "TEXT", "what stands for {PREFIX} (default the series' name)"},
    [OPT_FIELDS] = {"fields", 0, "A=B...", "what stands for {FIELD:name}: 'branch=VIE till=03'"},
    [OPT_PROFILE] = {"profile", 0, "NAME", "a country's rules to check against; see docket profile list",
                     "none eu-vat in-gst de fr pt es it br-nfe mx uk us"},
    [OPT_DOCUMENTS] = {"documents", 0, "WHICH", "any (default), invoices, corrective or recipient-issued",
                       "any invoices corrective recipient-issued"},
    [OPT_AT_END] = {"at-end", 0, "WHAT", "when the width is used up: widen (default) or stop", "widen stop"},
    [OPT_RELEASE] = {"release", 0, "WHAT", "numbers that are given back: recycle (default) or void", "recycle void"},
    [OPT_LEDGER] = {"ledger", 0, "WHAT", "a record for each number: off (default) or on; gapless always", "off on"},
    [OPT_ON_EXPIRY] = {"on-expiry", 0, "WHAT", "numbers whose holder ended: in doubt (default) or free", "doubt free"},
    [OPT_CHRONOLOGICAL] = {"chronological", 0, "YES", "yes: no document date before the last one (default no)",
                           "yes no"},
    [OPT_LAST] = {"last", 0, "N", "last number of an authority's interval, or none"},
    [OPT_VALID_FROM] = {"valid-from", 0, "DATE", "first day of the interval, such as 2026-11-24, or none"},
    [OPT_VALID_TO] = {"valid-to", 0, "DATE", "last day of the interval, or none"},
    [OPT_WARN] = {"warn", 0, "PERCENT", "of interval or width, from which on status warns (default 90), or never"},
    [OPT_CLOSE_AFTER] = {"close-after", 0, "DAYS", "from a period's end until it closes (default never)"},
    [OPT_TEMPLATE] = {"template", 0, "TEXT", "such as {SERIES}-{YYYY}{MM}{DD}-{N:6}"},
    [OPT_WINDOW] = {"window", 0, "N", "most numbers that a power loss may make unknown, 16 to 10000; or benchmark"},
    [OPT_FROM] = {"from", 0, "WHEN", "now (default), or next: from the next period on", "now next"},
    [OPT_START_AFTER] = {"start-after", 0, "N", "begin behind N: a number, or another system's last document number"},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, "a line for each series too"},
    [OPT_PERIOD] = {"period", 0, "PERIOD", "2026, 2026-11, 2026-11-24 or never (default: all where it lists, else the current one)"},
    [OPT_REASON] = {"reason", 0, "TEXT", "why, for those who ask later; at most 200 bytes"},
    [OPT_ISSUED] = {"issued", 0, "FILE", "the evidence; - reads stdin"},
    [OPT_VOID_REST] = {"void-rest", 0, NULL, "every other unknown number of the period becomes void"},
    [OPT_TO] = {"to", 0, "N", "the next number is at least N"},
    [OPT_TICKET] = {"to", 0, "TICKET", "what import-state --prepare said in the new realm"},
    [OPT_PREPARE] = {"prepare", 0, NULL, "draw the ticket of a realm that a state is to come to"},
    [OPT_AFTER] = {"after", 0, "N", "the next number is above N"},
    [OPT_DESK] = {"desk", 0, "NAME", "this desk only"},
    [OPT_WAIT] = {"wait", 0, "SECONDS", "longest wait until nothing is out (default 0)"},
    [OPT_UNDO] = {"undo", 0, NULL, "seats and numbers are given again"},
    [OPT_SINCE] = {"since", 0, "TIME", "from then on: 2026-11-24 or 2026-11-24T02:30:00Z; log: local time, or 2h, 3d ago"},
    [OPT_KIND] = {"kind", 0, "KIND", "events of this kind only, such as void"},
    [OPT_LIMIT] = {"limit", 0, "N", "the last N at most (default 100)"},
    [OPT_TENANTS] = {"tenants", 0, "A,B", "the tenants that sit there"},
    [OPT_USER] = {"user", 0, "USER", "name or uid that may sit there"},
    [OPT_GROUP] = {"group", 0, "GROUP", "name or gid that may sit there"},
    [OPT_DRY_RUN] = {"dry-run", 0, NULL, "say what would change, and change nothing"},
    [OPT_YES] = {"yes", 0, NULL, "do not ask; needed where there is no terminal"},
    [OPT_FROM_DAY] = {"from", 0, "DAY", "periods that end on this day or later, such as 2026-01-01"},
    [OPT_TO_DAY] = {"to", 0, "DAY", "periods that begin on this day or before"},
    [OPT_STATE] = {"state", 0, "STATE", "numbers of this state only: free, reserved, pending, in-doubt, issued, void",
                   "free reserved pending in-doubt issued void"},
    [OPT_FROM_NUMBER] = {"from", 0, "N", "numbers from N on"},
    [OPT_CSV] = {"csv", 0, NULL, "comma-separated values (RFC 4180), with a line of headings"},
    [OPT_EXIT_CODE] = {"exit-code", 0, NULL, "exit with 1 if anything is listed"},
    [OPT_COLUMNS] = {"columns", 0, "A,B,...", "these columns of the table, in this order; a wrong name lists all"},
    [OPT_NO_HEADINGS] = {"no-headings", 0, NULL, "no line of headings above the table"},
    [OPT_INTERVAL] = {"interval", 'i', "SECONDS", "time between two looks, 0.1 to 3600 (default 1)"},
    [OPT_ONCE] = {"once", '1', NULL, "print once, also on a terminal"},
    [OPT_SORT] = {"sort", 0, "KEY", "rate (default), runway, laid, open or name"},
    [OPT_ROWS] = {"rows", 0, "N", "how many series, printed once; 1 to 200 (default 20)"},
    [OPT_KEY] = {"key", 0, "KEY", "what the number is for, such as an order's id; at most 128 bytes"},
    [OPT_KEYS] = {"keys", 0, "FILE", "many keys, one a line: KEY, or KEY, DATE and METADATA with tabs between; - reads stdin"},
    [OPT_TRACE] = {"trace", 0, "ID", "a trace id for the record, at most 64 of A-Z a-z 0-9 . _ : / + = -"},
    [OPT_METADATA] = {"metadata", 0, "JSON", "one JSON object for the record, at most 2048 bytes; @FILE reads it"},
    [OPT_PENDING] = {"pending", 0, NULL, "to be settled; wants --expires"},
    [OPT_SETTLED] = {"settled", 0, NULL, "issued at once, also in a gapless series"},
    [OPT_EXPIRES] = {"expires", 0, "TIME", "until it is in doubt unless settled: 90s, 15m, 12h, 30d; a number alone is seconds"},
    [OPT_NAME] = {"name", 0, "NAME", "the reservation's name; at most 128 bytes"},
    [OPT_TEXTS] = {"texts", 0, NULL, "the document numbers alone, one a line"},
    [OPT_SETTLE] = {"settle", 0, NULL, "they are issued: each is on a document"},
    [OPT_VOID] = {"void", 0, NULL, "they are void: never to be used"},
    [OPT_FREE] = {"release", 0, NULL, "they are free again, or void by the series' setting release"},
    [OPT_EVERY] = {"all", 0, NULL, "all that is in doubt: of every period, or of the one named"},
    [OPT_NOTE] = {"note", 0, "TEXT", "where it comes from; at most 200 bytes"},
    [OPT_MANIFEST] = {"manifest", 0, "FILE", "the export's manifest; its file lies beside it"},
    [OPT_REPLACE] = {"replace", 0, NULL, "a store that is there is kept beside, as store.replaced-TIME"},
    [OPT_FLOOR] = {"floor", 0, "T/S[/P]=N,...", "of these counters: the highest number that may have been given"},
    [OPT_FLOORS] = {"floors", 0, "FILE", "the same in lines: TENANT/SERIES[/PERIOD] N; - is stdin"},
    [OPT_SCAN] = {"scan", 0, "SOURCE", "invoices: FILE.csv, -, sqlite:FILE, postgresql:CONNINFO"},
    [OPT_SKIP] = {"skip", 0, "N", "every counter goes N numbers further; 0: nothing else can have been given"},
    [OPT_FROM_WITNESS] = {"from-witness", 0, NULL, "the marks that were noted beside the far witness"},
    [OPT_MAP] = {"columns", 0, "A=B,...", "tenant=COL,number=COL,date=COL,id=COL,series=COL,state=COL: names or positions from 1"},
    [OPT_QUERY] = {"query", 0, "SQL", "of a database: what gives the rows (default: all of the table invoices)"},
    [OPT_TENANT] = {"tenant", 0, "NAME", "rows of this tenant only; without a column of tenants: all rows are its"},
    [OPT_DELIMITER] = {"delimiter", 0, "C", "of CSV: one character, or tab (default: found out from the first line)"},
    [OPT_DATES] = {"dates", 0, "FORMAT", "how dates are written, as strptime(3) has it, such as %d.%m.%Y (default 2026-11-24 or 20261124)"},
    [OPT_HIGHEST] = {"highest", 0, NULL, "no findings, but a line TENANT/SERIES/PERIOD N for each counter: its highest number"},
    [OPT_LARGEST] = {"largest", 0, "N", "numbers above it are findings (default: those far above all others)"},
    [OPT_SERIES] = {"series", 0, "NAME", "with --template: the series' name (default INV)"},
    [OPT_TWICE] = {"twice", 0, NULL, "other texts of one number of a series and period are duplicates too"},
    [OPT_WITH] = {"with", 0, "WHAT", "numbers, or suffix (default: numbers where a text fits a series, else a suffix)", "numbers suffix"},
    [OPT_OUTPUT] = {"output", 'o', "FILE", "write it there, and never over a file (default stdout)"},
    [OPT_SQL] = {"sql", 0, NULL, "as a script of one transaction"},
    [OPT_RUN] = {"run", 0, NULL, "in the database of the source, in one transaction"},
    [OPT_TABLE] = {"table", 0, "NAME", "of --sql and --run: what is changed (default invoices)"},
    [OPT_DIALECT] = {"dialect", 0, "WHOSE", "of --sql: sqlite or postgresql (default that of the source)", "sqlite postgresql"},
    [OPT_ONE_SERIES] = {"series", 0, "NAME", "numbers of this series only; others are counted and left out"},
    [OPT_FROM_SOURCE] = {"from", 0, "SOURCE", "the evidence are invoices: FILE.csv, - (CSV), sqlite:FILE, postgresql:CONNINFO"},
    [OPT_ID_KEYS] = {"keys", 0, "id", "with a ledger: the source's ids become keys, which find their numbers from then on"},
    [OPT_SERVICE] = {"service", 0, NULL, "a number service's own tables: invoices and invoice_sequences"},
    [OPT_DECLARE] = {"declare", 0, NULL, "with --service: declare the series of its sequences that are not there"},
    [OPT_SEQUENCE_COLUMNS] = {"sequence-columns", 0, "A=B,...", "with --service: tenant=COL,series=COL,period=COL,month=COL,value=COL"},
    [OPT_SKIP_MISFITS] = {"skip-misfits", 0, NULL, "leave out rows that do not fit or have a number again; they are told"},
    [OPT_SKIP_CLASHES] = {"skip-clashes", 0, NULL, "leave out numbers that docket has otherwise; they are told"},
    [OPT_FOLLOW] = {"follow", 'f', NULL, "go on with what comes"},
    [OPT_REALM] = {"realm", 0, "DIR", "the realm (default $DOCKET_REALM, else ./.docket)"},
    [OPT_NO_START] = {"no-start", 0, NULL, "do not start docketd if none answers"},
    [OPT_JSON] = {"json", 0, NULL, "one JSON object on stdout; errors as JSON on stderr"},
    [OPT_QUIET] = {"quiet", 'q', NULL, "nothing on stderr but errors"},
    [OPT_HELP] = {"help", 'h', NULL, "this text"},
};

enum { LONG_BASE = 256 }; /* getopt_long's answers: behind all letters */

static cli_options options_of(const struct cli_command *command)
{
    return command->options | BIT(OPT_HELP);
}

/* The two shapes that getopt_long wants, out of the one table. */
static void make_getopt(const struct cli_command *command, struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* a missing argument is told from an unknown option */
    for (int id = 0; id < OPT_IDS; id++) {
        if ((options_of(command) & BIT(id)) == 0)
            continue;
        *longs++ = (struct option){rows[id].name, rows[id].argument ? required_argument : no_argument, NULL,
                                   LONG_BASE + id};
        if (rows[id].letter != 0) {
            *shorts++ = rows[id].letter;
            if (rows[id].argument != NULL)
                *shorts++ = ':';
        }
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *shorts = '\0';
}

static int id_of(int answer)
{
    if (answer >= LONG_BASE)
        return answer - LONG_BASE;
    for (int id = 0; id < OPT_IDS; id++)
        if (rows[id].letter == answer)
            return id;
    return OPT_HELP;
}

static int refuse_option(const struct cli *cli, int answer, char **argv)
{
    char shown[64];
    if (optopt > 0 && optopt < LONG_BASE)
        snprintf(shown, sizeof shown, "-%c", optopt);
    else
        snprintf(shown, sizeof shown, "%s", argv[optind - 1]);
    if (answer == ':')
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s wants an argument; see docket help %s", shown,
                        cli->command->name);
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s has no option %s; see docket help %s", cli->command->name,
                    shown, cli->command->name);
}

static int take_operands(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = cli->command;
    int count = argc - optind;
    if (count > command->operands_max)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s does not know what to do with '%s'; see docket help %s",
                        command->name, argv[optind + command->operands_max], command->name);
    if (count < command->operands_min)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s wants %s; see docket help %s", command->name,
                        command->operands, command->name);
    cli->operands = (const char *const *)argv + optind;
    cli->operand_count = count;
    return CLI_DONE;
}

static int find_realm(struct cli *cli)
{
    const char *from_environment = getenv("DOCKET_REALM");
    cli->realm = "./.docket";
    if (from_environment != NULL && from_environment[0] != '\0')
        cli->realm = from_environment;
    if (cli_given(cli, OPT_REALM))
        cli->realm = cli->values[OPT_REALM];
    if (cli->realm[0] == '\0')
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--realm wants the path of a directory");
    return CLI_DONE;
}

bool cli_asks_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

/* Keys are what JSON has; a shape that depends on an option would break its readers. */
static int check_table(const struct cli *cli)
{
    if (cli->json && (cli_given(cli, OPT_COLUMNS) || cli_given(cli, OPT_NO_HEADINGS)))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                        "--columns and --no-headings are of the table; --json always has every key");
    return CLI_DONE;
}

/* "-1" as an operand, of a command that says so: with a blank before it no getopt takes it for an option. */
static void shield_steps(const struct cli_command *command, int argc, char **argv)
{
    static char shielded[16];
    bool takes = strcmp(command->operands, "TARGET") == 0 || strcmp(command->operands, "[TARGET]") == 0;
    for (int i = 1; takes && i < argc; i++) {
        size_t digits = argv[i][0] == '-' ? strspn(argv[i] + 1, "0123456789") : 0;
        if (digits == 0 || digits > 9 || argv[i][1 + digits] != '\0')
            continue;
        snprintf(shielded, sizeof shielded, " %s", argv[i]);
        argv[i] = shielded;
        return;
    }
}

int cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
    struct option longs[OPT_IDS + 1];
    char shorts[2 * OPT_IDS + 2];
    int answer;
    *cli = (struct cli){.command = command, .json = cli_asks_json(argc, argv)};
    make_getopt(command, longs, shorts);
    shield_steps(command, argc, argv);
    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (answer == '?' || answer == ':')
            return refuse_option(cli, answer, argv);
        cli->values[id_of(answer)] = optarg != NULL ? optarg : "";
    }
    if (cli_given(cli, OPT_HELP))
        return CLI_DONE;
    cli->json = cli_given(cli, OPT_JSON);
    cli->quiet = cli_given(cli, OPT_QUIET);
    int code = take_operands(cli, argc, argv);
    if (code == CLI_DONE)
        code = check_table(cli);
    return code == CLI_DONE ? find_realm(cli) : code;
}

bool cli_given(const struct cli *cli, enum cli_option_id id)
{
    return cli->values[id] != NULL;
}

int cli_number(const struct cli *cli, enum cli_option_id id, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *text = cli->values[id];
    if (text == NULL)
        return CLI_DONE;
    errno = 0;
    uint64_t parsed = strtoull(text, NULL, 10);
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0 || parsed < min || parsed > max)
        return cli_fail(cli, id == OPT_COUNT ? DOCKET_BAD_COUNT : DOCKET_BAD_ARGUMENT,
                        "--%s wants a number from %llu to %llu, not '%s'", rows[id].name, (unsigned long long)min,
                        (unsigned long long)max, text);
    *value = parsed;
    return CLI_DONE;
}

int cli_window(const struct cli *cli, uint64_t *window)
{
    enum { LEAST = 16 };
    const char *text = cli->values[OPT_WINDOW];
    if (text == NULL)
        return CLI_DONE;
    if (strcmp(text, "benchmark") == 0 || strcmp(text, "benchmark-250000") == 0) {
        *window = text[strlen("benchmark")] == '\0' ? DOCKET_WINDOW_BENCHMARK : 250000;
        cli_note(cli, "a series with the window called %s is not for books: a power loss may make %llu of its "
                      "numbers unknown",
                 text, (unsigned long long)*window);
        return CLI_DONE;
    }
    errno = 0;
    uint64_t parsed = strtoull(text, NULL, 10);
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0 || parsed < LEAST ||
        parsed > DOCKET_WINDOW_MAX)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--window wants a number from %d to %u, or benchmark, not '%s'", LEAST,
                        DOCKET_WINDOW_MAX, text);
    *window = parsed;
    return CLI_DONE;
}

int cli_seconds(const struct cli *cli, enum cli_option_id id, int64_t *timeout_ns)
{
    const double seconds_max = 86400;
    const char *text = cli->values[id];
    if (text == NULL)
        return CLI_DONE;
    char *end = NULL;
    double seconds = strtod(text, &end);
    if (text[strspn(text, "0123456789.")] != '\0' || end == text || *end != '\0' || seconds > seconds_max)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--%s wants seconds from 0 to 86400, such as 0.5, not '%s'",
                        rows[id].name, text);
    *timeout_ns = (int64_t)(seconds * 1e9);
    return CLI_DONE;
}

bool cli_is_in_calendar(int year, int month, int day)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

bool cli_is_day(const char *text, uint32_t *day)
{
    const char *const shapes[] = {"dddd-dd-dd", "dddddddd"};
    for (size_t shape = 0; shape < 2; shape++) {
        size_t at = 0;
        bool fits = true;
        for (*day = 0; fits && shapes[shape][at] != '\0'; at++) {
            bool digit = text[at] >= '0' && text[at] <= '9';
            fits = shapes[shape][at] == 'd' ? digit : text[at] == '-';
            if (digit)
                *day = *day * 10 + (uint32_t)(text[at] - '0');
        }
        if (fits && text[at] == '\0')
            return cli_is_in_calendar((int)(*day / 10000), (int)(*day / 100 % 100), (int)(*day % 100));
    }
    return false;
}

int cli_day(const struct cli *cli, enum cli_option_id id, uint32_t *day)
{
    const char *text = cli->values[id];
    if (text == NULL || cli_is_day(text, day))
        return CLI_DONE;
    int year = (int)(*day / 10000), month = (int)(*day / 100 % 100), last = 31;
    if (*day % 100 <= 31 && cli_is_in_calendar(year, month, 1)) { /* of the right shape, and behind its month's end */
        while (!cli_is_in_calendar(year, month, last))
            last--;
        return cli_fail(cli, DOCKET_BAD_DATE, "--%s: %04d-%02d has no day %u: its days are 1 to %d", rows[id].name, year, month,
                        *day % 100, last);
    }
    return cli_fail(cli, DOCKET_BAD_DATE, "--%s wants a day of the calendar, such as 2026-11-24, not '%.40s'", rows[id].name, text);
}

const struct cli_option *cli_option_of(const struct cli_command *command, int id)
{
    return id >= 0 && id < OPT_IDS && (options_of(command) & BIT(id)) != 0 ? &rows[id] : NULL;
}

void cli_print_options(const struct cli_command *command)
{
    for (int id = 0; id < OPT_IDS; id++) {
        char shown[48];
        if ((options_of(command) & BIT(id)) == 0)
            continue;
        snprintf(shown, sizeof shown, "%c%c%c --%s%s%s", rows[id].letter ? '-' : ' ',
                 rows[id].letter ? rows[id].letter : ' ', rows[id].letter ? ',' : ' ', rows[id].name,
                 rows[id].argument ? " " : "", rows[id].argument ? rows[id].argument : "");
        printf("  %-24s %s\n", shown, rows[id].text);
    }
}

int cli_finish(const struct cli *cli, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (code != CLI_DONE && (code != CLI_NO || cli_has_said())) /* said already, most likely with the number that was lost */
        return code;
    return cli_fail(cli, DOCKET_SYSTEM, "cannot write to stdout");
}
