/* SPDX-License-Identifier: MIT */
/* docket verify, docket events: the running store, read again. */
#include "deciding.h"
#include "offline.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- verify ---- */

#define VERIFY_TIMEOUT_NS (3600 * INT64_C(1000000000))

static docket_status verify(docket_realm *realm, void *context)
{
    return docket_admin_verify(realm, VERIFY_TIMEOUT_NS, context);
}

static int run_verify(struct cli *cli)
{
    uint64_t records = 0;
    if (cli->operand_count == 1) /* a backup: the store's own code reads it, and no realm is touched */
        return offline_run(cli, (const char *const[]){"verify", "--", cli->operands[0], NULL});
    int code = session_run(cli, verify, &records);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        printf("the store is sound: %" PRIu64 " records, their sum, and every page of its file\n", records);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:b, s:I}", "realm", output_string(cli->realm), "sound", 1,
                                                 "records", (json_int_t)records));
    return output_json(cli, object);
}

const struct cli_command command_verify = {
    .name = "verify",
    .examples = "$ docket verify\n",
    .operands = "[DIR]",
    .summary = "read the whole store, or a backup, and check it",
    .text = "Every record, the sum of all, every page of the file, the chain of events, and that each\n"
            "counter obeys the law of marks, while numbers go on. Exit code 4 if something is damaged. For\n"
            "root, docketd's user and the admins of docket.conf. DIR: a backup is read likewise, and compared\n"
            "with its manifest; whoever may read it may do that, and nothing is written.",
    .operands_max = 1,
    .options = BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .offline = "verify",
    .run = run_verify};

/* ---- events ---- */

struct telling {
    const struct cli *cli;
    struct docket_event_choice choice;
    json_t *array; /* with --json */
    uint64_t told, found;
};

static int tell(void *context, const struct docket_event *event)
{
    struct telling *telling = context;
    char time[OUTPUT_TIME_BYTES];
    telling->told++;
    output_time(event->time_ns / 1000000000, time);
    if (telling->array != NULL) {
        json_array_append_new(telling->array, json_pack("{s:I, s:I, s:s, s:I, s:o, s:o, s:o}", "number",
                                                        (json_int_t)event->number, "time_ns",
                                                        (json_int_t)event->time_ns, "time", time, "uid",
                                                        (json_int_t)event->uid, "kind", output_string(event->kind),
                                                        "text", output_string(event->text), "reason",
                                                        output_string(event->reason)));
        return 0;
    }
    printf("%6" PRIu64 "  %s  uid %-5" PRIu32 "  %-10s  %s%s%s\n", event->number, time, event->uid, event->kind,
           event->text, event->reason[0] != '\0' ? "; because: " : "", event->reason);
    return 0;
}

static docket_status events(docket_realm *realm, void *context)
{
    struct telling *telling = context;
    return docket_admin_events(realm, &telling->choice, &telling->found, tell, telling);
}

/* A day, or an instant; UTC. */
static int read_since(const struct cli *cli, int64_t *since_ns)
{
    const char *text = cli->values[OPT_SINCE];
    struct tm parts = {0};
    if (text == NULL)
        return CLI_DONE;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == NULL || *end != '\0') {
        memset(&parts, 0, sizeof parts);
        end = strptime(text, "%Y-%m-%d", &parts);
    }
    if (end == NULL || *end != '\0' || !cli_is_in_calendar(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--since wants 2026-11-24 or 2026-11-24T02:30:00Z, not '%.60s'", text);
    *since_ns = (int64_t)timegm(&parts) * 1000000000;
    return CLI_DONE;
}

static int run_events(struct cli *cli)
{
    uint64_t limit = 0;
    struct telling telling = {.cli = cli, .choice = {.kind = cli->values[OPT_KIND]}};
    int code = cli_number(cli, OPT_LIMIT, 1, 10000, &limit);
    if (code == CLI_DONE)
        code = read_since(cli, &telling.choice.since_ns);
    if (code != CLI_DONE)
        return code;
    telling.choice.limit = (uint32_t)limit;
    if (cli->json)
        telling.array = json_array();
    code = session_run(cli, events, &telling);
    if (code != CLI_DONE) {
        json_decref(telling.array);
        return code;
    }
    if (cli->json) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:I, s:o}", "realm", output_string(cli->realm), "found",
                                                     (json_int_t)telling.found, "events", telling.array));
        return output_json(cli, object);
    }
    if (telling.told == 0)
        printf("no such event\n");
    if (telling.found > telling.told)
        cli_note(cli, "the last %" PRIu64 " of %" PRIu64 "; --limit N tells more", telling.told, telling.found);
    return CLI_DONE;
}

const struct cli_command command_events = {
    .name = "events",
    .examples = "$ docket events\n"
                "$ docket events --kind void --since 2026-01-01 --limit 20\n",
    .operands = "",
    .summary = "what people and docketd did",
    .text = "Oldest first: number, time in UTC, who, what, why. Kinds: start, accept, series, recovery,\n"
            "quarantine, void, reconcile, advance, retire, set, close, drain, desk, clock, zone, give-back,\n"
            "migrate, refused.\n"
            "For root, docketd's user and the admins of docket.conf.",
    .options = BIT(OPT_SINCE) | BIT(OPT_KIND) | BIT(OPT_LIMIT) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) |
               BIT(OPT_QUIET),
    .offline = "events",
    .run = run_events};
