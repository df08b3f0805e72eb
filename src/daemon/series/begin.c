/* SPDX-License-Identifier: MIT */
#include "daemon/series/begin.h"

#include <stdio.h>
#include <string.h>

const char *dk_begin_text(const struct dk_begin *begin, char text[40])
{
    char period[16] = "";
    if (begin->text)
        dk_period_text(begin->period, period);
    snprintf(text, 40, "%llu%s%s", (unsigned long long)begin->after, period[0] ? " of " : "", period);
    return text;
}

static docket_status say_future(const struct dk_begin_ask *ask, const char *value, const struct dk_begin *begin)
{
    char period[16], now[16];
    dk_period_text(begin->period, period);
    dk_period_text(begin->current, now);
    return dk_fail(DOCKET_REFUSED,
                   "'%.70s' is number %llu of %s, which has not begun in the zone %s: it is %s there, and nobody can have "
                   "given it; nothing was changed",
                   value, (unsigned long long)begin->after, period, ask->policy->zone, now);
}

docket_status dk_begin_read(struct dk_daemon *daemon, const struct dk_begin_ask *ask, const char *value, uint64_t after,
                            struct dk_begin *begin)
{
    struct dk_start start = {.number = after, .period = -1};
    struct dk_period now;
    docket_status status = DOCKET_OK;
    dk_period_now(daemon, ask->policy, &now);
    if (value[0] != 0) {
        const struct dk_zone *zone = dk_zone_of_policy(ask->policy);
        uint32_t today = zone->date(zone, dk_now_s(daemon));
        struct dk_start_ask read = {ask->tenant, ask->name, ask->policy, ask->resolved, value,
                                    dk_date_supported(today) ? today : DK_DATE_FIRST};
        status = dk_start_read(&read, &start);
    }
    if (status != DOCKET_OK)
        return status;
    *begin = (struct dk_begin){.given = value[0] != 0 || after != 0,
                               .text = start.period >= 0,
                               .date = start.date,
                               .after = start.number,
                               .period = start.period >= 0 ? start.period : now.label,
                               .current = now.label};
    begin->past = begin->period < now.label;
    uint64_t last = dk_policy_last(ask->policy, ask->resolved);
    if (begin->period > now.label)
        return say_future(ask, value, begin);
    struct dk_start_ask asked = {ask->tenant, ask->name, ask->policy, ask->resolved, value, 0};
    return dk_start_left(&asked, &start, last);
}
