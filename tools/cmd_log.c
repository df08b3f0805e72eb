/* SPDX-License-Identifier: MIT */
/* docket log: the audit trail, to be read like a journal. */
#include "address.h"
#include "docket_admin.h"
#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 10000, NAME_BYTES = 40 };

struct telling {
    const struct cli *cli;
    struct docket_event_choice choice;
    bool follows;
    uint64_t last; /* number of the last event that was told */
    uint64_t told, found;
};

/* ---- one event ---- */

static const char *user_of(const struct docket_event *event, char name[NAME_BYTES])
{
    if (event->erased)
        return "(erased)";
    const struct passwd *found = getpwuid(event->uid);
    if (found != NULL)
        snprintf(name, NAME_BYTES, "%s", found->pw_name);
    else
        snprintf(name, NAME_BYTES, "uid %" PRIu32, event->uid);
    return name;
}

static const char *local_time(int64_t utc_s, char text[OUTPUT_TIME_BYTES])
{
    struct tm parts;
    time_t time = (time_t)utc_s;
    if (localtime_r(&time, &parts) == NULL || strftime(text, OUTPUT_TIME_BYTES, "%Y-%m-%d %H:%M:%S %z", &parts) == 0)
        snprintf(text, OUTPUT_TIME_BYTES, "%lld", (long long)utc_s);
    return text;
}

static void print_json(const struct docket_event *event, const char *user)
{
    char time[OUTPUT_TIME_BYTES];
    json_t *object = output_object();
    if (object == NULL)
        return;
    json_object_update_new(
        object, json_pack("{s:I, s:I, s:s, s:I, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:b, s:s}", "number",
                          (json_int_t)event->number, "time_ns", (json_int_t)event->time_ns, "time",
                          output_time(event->time_ns / 1000000000, time), "uid", (json_int_t)event->uid, "user",
                          output_string(user), "tenant", output_string(event->tenant), "series",
                          output_string(event->series), "period", (int)event->period, "kind", output_string(event->kind),
                          "text", output_string(event->text), "reason", output_string(event->reason), "erased",
                          (int)event->erased, "hash", event->hash));
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(object);
    putchar('\n');
}

static int tell(void *context, const struct docket_event *event)
{
    struct telling *telling = context;
    char time[OUTPUT_TIME_BYTES], name[NAME_BYTES];
    const char *user = user_of(event, name);
    telling->last = event->number;
    telling->told++;
    if (telling->cli->json)
        print_json(event, user);
    else
        printf("%s  %s  %s: %s%s%s\n", local_time(event->time_ns / 1000000000, time), user, event->kind, event->text,
               event->reason[0] != '\0' ? "; because: " : "", event->reason);
    return ferror(stdout) ? 1 : 0;
}

/* ---- all of them ---- */

static bool will_pass(docket_status status)
{
    return status == DOCKET_UNREACHABLE || status == DOCKET_TIMEOUT || status == DOCKET_BUSY;
}

/* What comes later is asked for by number, so nothing is told twice. */
static docket_status tell_all(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    docket_status status = docket_admin_events(realm, &telling->choice, &telling->found, tell, telling);
    telling->choice.limit = LIMIT_MAX;
    while (telling->follows && (status == DOCKET_OK || (telling->told > 0 && will_pass(status))) && !ferror(stdout)) {
        const struct timespec pause = {.tv_sec = 1};
        uint64_t found;
        fflush(stdout);
        nanosleep(&pause, NULL);
        telling->choice.from = telling->last + 1;
        status = docket_admin_events(realm, &telling->choice, &found, tell, telling);
    }
    return status;
}

/* ---- since when ---- */

static bool read_ago(const char *text, int64_t *since_s)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 6 || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[digits] != units[i].letter)
            continue;
        *since_s = (int64_t)time(NULL) - (int64_t)strtoull(text, NULL, 10) * units[i].seconds;
        return true;
    }
    return false;
}

/* Local time, unless it ends in Z. */
static bool read_instant(const char *text, int64_t *since_s)
{
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
                                          "%Y-%m-%d"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm parts = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &parts);
        if (end == NULL || *end != '\0' || !cli_is_in_calendar(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday))
            continue;
        parts.tm_isdst = -1;
        *since_s = i == 0 ? (int64_t)timegm(&parts) : (int64_t)mktime(&parts);
        return true;
    }
    return false;
}

static int read_since(const struct cli *cli, int64_t *since_ns)
{
    const char *text = cli->values[OPT_SINCE];
    int64_t since_s = 0;
    if (text == NULL)
        return CLI_DONE;
    if (!read_ago(text, &since_s) && !read_instant(text, &since_s))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                        "--since wants 2h, 3d, 2026-11-24 or 2026-11-24 14:30 (local time), not '%.60s'", text);
    *since_ns = since_s > 0 ? since_s * 1000000000 : 0;
    return CLI_DONE;
}

/* "acme", or "acme/INV". */
static int read_names(const struct cli *cli, struct address *address, struct docket_event_choice *choice)
{
    if (cli->operand_count == 0)
        return CLI_DONE;
    const char *text = cli->operands[0];
    if (strchr(text, '/') == NULL) {
        choice->tenant = text;
        return CLI_DONE;
    }
    int code = address_parse(cli, text, false, address);
    choice->tenant = address->tenant;
    choice->series = address->series;
    return code;
}

static int run(struct cli *cli)
{
    struct address address;
    uint64_t limit = cli_given(cli, OPT_SINCE) ? LIMIT_MAX : LIMIT_DEFAULT;
    struct telling telling = {.cli = cli, .choice = {.kind = cli->values[OPT_KIND]}, .follows = cli_given(cli, OPT_FOLLOW)};
    int code = cli_number(cli, OPT_LIMIT, 1, LIMIT_MAX, &limit);
    if (code == CLI_DONE)
        code = read_since(cli, &telling.choice.since_ns);
    if (code == CLI_DONE)
        code = read_names(cli, &address, &telling.choice);
    if (code != CLI_DONE)
        return code;
    telling.choice.limit = (uint32_t)limit;
    code = session_run(cli, tell_all, &telling);
    if (code == CLI_DONE && telling.told == 0)
        cli_note(cli, "no event%s%s%s%s%s", cli->operand_count > 0 ? " of " : "", cli->operand_count > 0 ? cli->operands[0] : "",
                 cli_given(cli, OPT_KIND) ? " of kind " : "", cli_given(cli, OPT_KIND) ? cli->values[OPT_KIND] : "",
                 cli_given(cli, OPT_SINCE) ? " since then" : "");
    else if (code == CLI_DONE && telling.found > telling.told)
        cli_note(cli, "the last %" PRIu64 " of %" PRIu64 "; --limit N tells more", telling.told, telling.found);
    return code;
}

const struct cli_command command_log = {
    .name = "log",
    .examples = "$ docket log\n"
                "$ docket log acme/INV --since 2h\n"
                "$ docket log acme --kind void --since 2026-01-01 --json\n",
    .operands = "[TENANT[/SERIES]]",
    .summary = "the audit trail, to be read like a journal",
    .text = "Newest last, in local time: when, who, what, to which series, why. All of the realm, of a tenant,\n"
            "or of one series; without --since the last 100. --json: an object in each line, with the event's\n"
            "hash. --follow goes on with what comes, until it is interrupted. Kinds as in docket events, which\n"
            "tells the same as a list in UTC. For root, docketd's user and the admins of docket.conf.",
    .options = BIT(OPT_SINCE) | BIT(OPT_KIND) | BIT(OPT_LIMIT) | BIT(OPT_FOLLOW) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_max = 1,
    .offline = NULL,
    .run = run};
