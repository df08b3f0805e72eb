/* SPDX-License-Identifier: MIT */
#include "known.h"

#include "../session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known_series {
    char name[2 * DOCKET_NAME_MAX + 2]; /* TENANT/SERIES */
    size_t longest;
    int32_t *periods; /* in which docket has given numbers */
    size_t count;
    bool failed; /* no memory for a period */
};

/* ---- opening ---- */

static size_t longest_of(const char *profile)
{
    struct docket_profile row;
    for (unsigned at = 0; docket_admin_profile(at, &row) == DOCKET_OK; at++)
        if (strcmp(row.name, profile) == 0)
            return row.longest;
    return 0;
}

static int add_template(struct known *known)
{
    const struct cli *cli = known->cli;
    struct docket_policy policy = {0};
    int code = policy_options(cli, &policy);
    if (code != CLI_DONE)
        return code;
    known->option_longest = policy.profile != NULL ? longest_of(policy.profile) : 0;
    docket_status status = docket_reader_add(known->reader, NULL, cli_given(cli, OPT_SERIES) ? cli->values[OPT_SERIES] : "INV",
                                             &policy);
    known->has_series = status == DOCKET_OK;
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

static docket_status add_realm(docket_realm *realm, void *context)
{
    struct known *known = context;
    return docket_reader_add_realm(known->reader, realm, known->cli->values[OPT_TENANT], &known->policies);
}

static bool has_realm(const struct cli *cli)
{
    docket_realm *realm = NULL;
    docket_status status = docket_realm_open(cli->realm, &realm);
    docket_realm_close(realm);
    return status != DOCKET_NO_REALM; /* what else is wrong with it is said when it is used */
}

int known_open(const struct cli *cli, bool quiet, struct known *known)
{
    *known = (struct known){.cli = cli};
    docket_status status = docket_reader_open(&known->reader);
    if (status != DOCKET_OK)
        return cli_fail_status(cli, status);
    if (cli_given(cli, OPT_TEMPLATE))
        return add_template(known);
    if (cli_given(cli, OPT_REALM) || has_realm(cli)) {
        known->of_realm = true;
        int code = session_run(cli, add_realm, known);
        known->has_series = known->policies > 0;
        return code;
    }
    if (!quiet)
        cli_note(cli, "there is no realm at %s and no --template: no text fits a series, and duplicates get suffixes", cli->realm);
    return CLI_DONE;
}

void known_close(struct known *known)
{
    for (size_t i = 0; i < known->count; i++)
        free(known->series[i].periods);
    free(known->series);
    docket_reader_close(known->reader);
    *known = (struct known){0};
}

/* ---- what docket has given ---- */

static int keep_period(void *context, const struct docket_period *period)
{
    struct known_series *series = context;
    if (period->given == 0 && period->holder_count == 0)
        return 0;
    int32_t *more = realloc(series->periods, (series->count + 1) * sizeof *more);
    if (more == NULL) {
        series->failed = true;
        return 1;
    }
    series->periods = more;
    series->periods[series->count++] = period->period;
    return 0;
}

static int keep_longest(void *context, const struct docket_series_facts *facts)
{
    struct known_series *series = context;
    series->longest = facts->profile != NULL ? longest_of(facts->profile) : 0;
    return 0;
}

static const struct known_series *find(struct known *known, const char *tenant, const char *series)
{
    size_t bytes = strlen(tenant);
    for (size_t turn = 0; turn < known->count; turn++) {
        size_t at = (known->last + turn) % known->count;
        const struct known_series *found = &known->series[at];
        if (strncmp(found->name, tenant, bytes) != 0 || found->name[bytes] != '/' || strcmp(found->name + bytes + 1, series) != 0)
            continue;
        known->last = at;
        return found;
    }
    return NULL;
}

/* Called once more after a docketd was started. */
static docket_status ask(docket_realm *realm, void *context)
{
    struct known_series *asked = context;
    char tenant[DOCKET_NAME_MAX + 1];
    const char *slash = strchr(asked->name, '/');
    snprintf(tenant, sizeof tenant, "%.*s", (int)(slash - asked->name), asked->name);
    docket_status status = docket_admin_series_show(
        realm, &(struct docket_counter_name){.tenant = tenant, .series = slash + 1, .period = -1}, keep_longest, asked);
    asked->count = 0;
    if (status == DOCKET_OK)
        status = docket_admin_period_list(realm, tenant, slash + 1, keep_period, asked);
    return status == DOCKET_OK && asked->failed ? DOCKET_NO_MEMORY : status;
}

int known_ask(struct known *known, const char *name)
{
    char tenant[DOCKET_NAME_MAX + 1];
    const char *slash = strchr(name, '/');
    snprintf(tenant, sizeof tenant, "%.*s", (int)(slash - name), name);
    if (!known->of_realm || find(known, tenant, slash + 1) != NULL)
        return CLI_DONE;
    struct known_series *more = realloc(known->series, (known->count + 1) * sizeof *more);
    if (more == NULL)
        return cli_fail(known->cli, DOCKET_NO_MEMORY, "no memory to know %s", name);
    known->series = more;
    more += known->count;
    *more = (struct known_series){0};
    snprintf(more->name, sizeof more->name, "%s", name);
    int code = session_run(known->cli, ask, more);
    if (code == CLI_DONE)
        known->count++;
    else
        free(more->periods);
    return code;
}

bool known_gives(struct known *known, const char *tenant, const char *series, int32_t period)
{
    const struct known_series *found = find(known, tenant, series);
    for (size_t i = 0; found != NULL && i < found->count; i++)
        if (found->periods[i] == period)
            return true;
    return false;
}

size_t known_longest(struct known *known, const char *tenant, const char *series)
{
    const struct known_series *found = find(known, tenant, series);
    return found != NULL && found->longest != 0 ? found->longest : known->option_longest;
}
