/* SPDX-License-Identifier: MIT */
#include "fate.h"

#include "docket_admin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct range {
    uint64_t first, last;
};

struct account {
    uint64_t handed_out, open;
    struct range *ranges;
    size_t count, room;
};

static int add_row(void *context, const struct docket_fate_row *row)
{
    struct account *account = context;
    account->open += strcmp(row->fate, "open") == 0;
    if (strcmp(row->fate, "handed out") != 0)
        return 0;
    account->handed_out += row->last - row->first + 1;
    if (account->count == account->room) {
        account->room = account->room > 0 ? account->room * 2 : 256;
        account->ranges = realloc(account->ranges, account->room * sizeof *account->ranges);
        if (account->ranges == NULL)
            bench_fail("no memory");
    }
    account->ranges[account->count++] = (struct range){row->first, row->last};
    return 0;
}

/* Both are in order. A series that restarts has one period here; two would only be stricter. */
static bool all_inside(const struct account *account, const struct bench_got *got, uint64_t *outside)
{
    size_t at = 0;
    for (size_t i = 0; i < got->kept_count; i++) {
        while (at < account->count && account->ranges[at].last < got->kept[i])
            at++;
        if (at == account->count || account->ranges[at].first > got->kept[i]) {
            *outside = got->kept[i];
            return false;
        }
    }
    return true;
}

bool bench_fate_agrees(docket_realm *realm, const char *tenant, const char *series, const struct bench_got *got)
{
    struct account account = {0};
    for (int tries = 0; tries < 50; tries++) { /* the keeper clears up behind the last of them */
        account.handed_out = account.open = 0;
        account.count = 0;
        if (docket_admin_fate(realm, tenant, series, -1, add_row, &account) != DOCKET_OK) {
            bench_say("%s/%s: %s", tenant, series != NULL ? series : "*", docket_last_error());
            free(account.ranges);
            return false;
        }
        if (account.handed_out == got->numbers && account.open == 0)
            break;
        usleep(20000);
    }
    uint64_t outside = 0;
    bool right = account.handed_out == got->numbers;
    if (!right)
        bench_say("%s/%s: counted %llu numbers, and docket handed out %llu", tenant, series != NULL ? series : "*",
                  (unsigned long long)got->numbers, (unsigned long long)account.handed_out);
    else if (series != NULL && !all_inside(&account, got, &outside)) {
        bench_say("%s/%s: got number %llu, which docket never handed out", tenant, series, (unsigned long long)outside);
        right = false;
    }
    free(account.ranges);
    return right;
}

docket_series *bench_series(docket_realm *realm, const char *tenant, const char *name, const struct docket_policy *policy)
{
    docket_series *series = NULL;
    if (docket_admin_series_add(realm, tenant, name, policy) != DOCKET_OK ||
        docket_series_open(realm, tenant, name, &series) != DOCKET_OK)
        bench_fail("%s/%s: %s", tenant, name, docket_last_error());
    return series;
}
