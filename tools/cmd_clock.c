/* SPDX-License-Identifier: MIT */
/* docket clock accept. */
#include "deciding.h"
#include "session.h"

#include <stdio.h>

struct accepting {
    const struct cli *cli;
    int was_held;
};

static docket_status accept_clock(docket_realm *realm, void *context)
{
    struct accepting *accepting = context;
    return docket_admin_clock_accept(realm, accepting->cli->values[OPT_REASON], &accepting->was_held);
}

static int run_clock_accept(struct cli *cli)
{
    struct accepting accepting = {.cli = cli};
    int code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "take this machine's clock as right: periods that are over by it end for good");
    if (code == CLI_DONE)
        code = session_run(cli, accept_clock, &accepting);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        if (!cli->quiet)
            printf(accepting.was_held ? "docketd follows the clock again\n" : "docketd followed the clock already\n");
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:b, s:b}", "realm", output_string(cli->realm), "accepted", 1,
                                                 "was_held", accepting.was_held));
    return output_json(cli, object);
}

const struct cli_command command_clock_accept = {
    .name = "clock accept",
    .examples = "$ docket clock accept --yes --reason 'switched off since summer; the clock was looked at'\n",
    .operands = "",
    .summary = "the machine's clock is right, though it is far ahead",
    .text = "docketd does not follow a clock that is far ahead of the store's last commit (a day; after a\n"
            "boot, clock_guard_days of docket.conf): it could end this year's periods for good. status\n"
            "and doctor say so. If the clock is wrong, set it, and all goes on; if it is right, say so\n"
            "with this. An event keeps the reason. For root, docketd's user and the admins of\n"
            "docket.conf. Asks on a terminal; --yes elsewhere. See also docketd --accept-clock.",
    .options = BIT(OPT_REASON) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run_clock_accept};
