/* SPDX-License-Identifier: MIT */
/* docket audit verify, docket audit head: the chain that the events are. */
#include "docket_admin.h"
#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>

#define VERIFY_TIMEOUT_NS (3600 * INT64_C(1000000000))

/* ---- verify ---- */

static docket_status verify(docket_realm *realm, void *context)
{
    return docket_admin_audit_verify(realm, VERIFY_TIMEOUT_NS, context);
}

static int print_json(const struct cli *cli, const struct docket_audit *audit)
{
    json_t *object = output_object();
    if (object == NULL)
        return output_json(cli, object);
    json_object_update_new(object, json_pack("{s:o, s:b, s:I, s:I, s:s}", "realm", output_string(cli->realm), "whole",
                                             audit->broken == 0, "begins", (json_int_t)audit->begins, "head",
                                             (json_int_t)audit->head, "hash", audit->hash));
    if (audit->broken != 0)
        json_object_update_new(object, json_pack("{s:I, s:o, s:s, s:s}", "broken_at", (json_int_t)audit->broken, "what",
                                                 output_string(audit->what), "expected", audit->expected, "found",
                                                 audit->found));
    return output_json(cli, object);
}

static int run_verify(struct cli *cli)
{
    struct docket_audit audit = {0};
    int code = session_run(cli, verify, &audit);
    if (code != CLI_DONE) {
        if (cli->json && audit.broken != 0)
            print_json(cli, &audit);
        return code;
    }
    if (cli->json)
        return print_json(cli, &audit);
    printf("the audit trail is whole: %" PRIu64 " events, hash of the last one %s\n", audit.head, audit.hash);
    if (audit.begins > 1)
        printf("the chain begins with event %" PRIu64 "; those before it are hashed as they stood then\n", audit.begins);
    return CLI_DONE;
}

const struct cli_command command_audit_verify = {
    .name = "audit verify",
    .examples = "$ docket audit verify\n",
    .operands = "",
    .summary = "check the chain of events, from the first to the last",
    .text = "Each event carries a SHA-256 of what it says and of the event before it. One that was changed,\n"
            "dropped, added or put elsewhere is named: its number, what was expected, what was found; exit\n"
            "code 4. A trail that was written anew with all its hashes is another one: compare the hash with\n"
            "one that was noted before. docketd compares it with the witness's at each start.\n"
            "For root, docketd's user and the admins of docket.conf.",
    .options = BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .offline = "audit verify",
    .run = run_verify};

/* ---- head ---- */

static docket_status head(docket_realm *realm, void *context)
{
    struct docket_audit *audit = context;
    return docket_admin_audit_head(realm, &audit->head, audit->hash);
}

static int run_head(struct cli *cli)
{
    struct docket_audit audit = {0};
    int code = session_run(cli, head, &audit);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        printf("%" PRIu64 " %s\n", audit.head, audit.hash);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:I, s:s}", "realm", output_string(cli->realm), "head",
                                                 (json_int_t)audit.head, "hash", audit.hash));
    return output_json(cli, object);
}

const struct cli_command command_audit_head = {
    .name = "audit head",
    .examples = "$ docket audit head\n",
    .operands = "",
    .summary = "number and hash of the last event",
    .text = "To be noted elsewhere, in a report or a diary: whoever has it sees later, in docket log, whether\n"
            "the event of this number still has this hash.",
    .options = BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .offline = "audit head",
    .run = run_head};
