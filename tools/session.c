/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "docket_inspect.h"
#include "progress.h"
#include "start.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct attempt {
    const struct cli *cli;
    docket_status (*step)(docket_realm *realm, void *context);
    void *context;
};

static docket_status make(const struct attempt *attempt)
{
    docket_realm *realm = NULL;
    docket_status status = docket_realm_open(attempt->cli->realm, &realm);
    if (status != DOCKET_OK)
        return status;
    progress_tick_begin(attempt->cli, "waiting for docketd");
    status = attempt->step(realm, attempt->context);
    progress_tick_end();
    docket_realm_close(realm);
    return status;
}

static bool wants_docketd(docket_status status)
{
    return status == DOCKET_NO_REALM || status == DOCKET_UNREACHABLE;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* Ours came too late: another docketd holds the realm, and may still be
 * getting ready. */
static docket_status wait_for_the_other(const struct attempt *attempt, const struct starter *starter)
{
    docket_status status = make(attempt);
    while (wants_docketd(status) && start_in_time(starter)) {
        pause_ms(50);
        status = make(attempt);
    }
    return status;
}

static int start_and_go_on(const struct attempt *attempt, struct starter *starter, docket_status status)
{
    const struct cli *cli = attempt->cli;
    enum start_end end = START_OTHER;
    if (starter->waited) /* somebody else has just started one */
        status = make(attempt);
    if (!wants_docketd(status))
        return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
    /* Only where there is none at all: a realm that does not answer is never made anew. */
    starter->create = status == DOCKET_NO_REALM;
    int code = start_docketd(cli, starter, &end);
    if (code != CLI_DONE)
        return code;
    if (end == START_FAILED)
        return start_say_log(cli, starter);
    status = end == START_READY ? make(attempt) : wait_for_the_other(attempt, starter);
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

/* A service manager listens for docketd in the realm: it starts it, we do not. */
static bool has_activation(const char *realm)
{
    char path[PATH_MAX];
    struct stat facts;
    int used = snprintf(path, sizeof path, "%s/socket", realm);
    return used > 0 && used < PATH_MAX && lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

/* There only its owner may start another docketd, should nobody listen any more. */
static bool leave_it_to_the_manager(const struct cli *cli)
{
    struct stat facts;
    return has_activation(cli->realm) && stat(cli->realm, &facts) == 0 && facts.st_uid != geteuid();
}

/* The shared files say at once that nobody serves; the library would try for
 * seconds, since docketd may be on its way. Only asked where we would start one. */
static docket_status look_first(const struct cli *cli)
{
    docket_view *view = NULL;
    struct docket_view_realm realm;
    docket_status status = docket_view_open(cli->realm, &view);
    if (status == DOCKET_OK && docket_view_realm_show(view, &realm) == DOCKET_OK && realm.serving <= 0)
        status = DOCKET_UNREACHABLE;
    docket_view_close(view);
    if (wants_docketd(status) && has_activation(cli->realm))
        return DOCKET_OK; /* the library's own call starts docketd */
    return wants_docketd(status) ? status : DOCKET_OK; /* anything else is for the library to say */
}

int session_run(const struct cli *cli, docket_status (*step)(docket_realm *realm, void *context), void *context)
{
    const struct attempt attempt = {.cli = cli, .step = step, .context = context};
    docket_status status = cli_given(cli, OPT_NO_START) ? DOCKET_OK : look_first(cli);
    if (status == DOCKET_OK)
        status = make(&attempt);
    if (status == DOCKET_OK)
        return CLI_DONE;
    if (!wants_docketd(status) || cli_given(cli, OPT_NO_START) || leave_it_to_the_manager(cli))
        return cli_fail_status(cli, status);
    struct starter starter;
    int code = start_prepare(cli, &starter);
    if (code == CLI_DONE)
        code = start_and_go_on(&attempt, &starter, status);
    start_done(&starter);
    return code;
}
