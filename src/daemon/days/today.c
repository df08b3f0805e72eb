/* SPDX-License-Identifier: MIT */
/* today: which zone, date and period it is, for everything that docketd decides by a clock. */
#include "daemon/daemon.h"

#include "daemon/days/zones.h"

const struct dk_zone *dk_zone_of_policy(const struct dk_policy *policy)
{
    return dk_zone_of(policy->zone);
}

docket_status dk_today_check(struct dk_daemon *daemon, const struct dk_policy *policy)
{
    const struct dk_zone *zone;
    docket_status status = dk_zone_find(policy->zone, &zone);
    if (status != DOCKET_OK)
        return status;
    uint32_t today = zone->date(zone, dk_now_s(daemon));
    if (policy->restart == DK_NEVER)
        return DOCKET_OK; /* it needs no clock; only a text with a date does */
    if (daemon->clock_held_s != 0)
        return dk_fail(DOCKET_PERIOD_NOT_OPEN, "this machine's clock is far ahead of the store's last commit, and docketd does "
                                               "not follow it: set the clock, or `docket clock accept`");
    if (dk_date_supported(today))
        return DOCKET_OK;
    return dk_fail(DOCKET_PERIOD_NOT_OPEN, "this machine's clock says %u, and docket's dates run from %u to %u: set the clock",
                   today, DK_DATE_FIRST, DK_DATE_LAST);
}

void dk_period_at_instant(const struct dk_policy *policy, int64_t utc_s, struct dk_period *period)
{
    dk_period_at(policy, dk_zone_of(policy->zone), utc_s, period);
}

void dk_period_now(struct dk_daemon *daemon, const struct dk_policy *policy, struct dk_period *period)
{
    dk_period_at_instant(policy, dk_now_s(daemon), period);
}
