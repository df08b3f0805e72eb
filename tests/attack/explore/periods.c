/* SPDX-License-Identifier: MIT */
/* docketd's own periods, in UTC; the calendar of dates, which no number depends on, stands still. */
#include "daemon/daemon.h"

#include "../../../src/daemon/periods.c"

docket_status dk_calendars_open(struct dk_desk_book *desk)
{
    (void)desk;
    return DOCKET_OK;
}

docket_status dk_calendars_take(struct dk_desk_book *desk, const struct dk_zone *zone, uint16_t *index)
{
    (void)desk;
    (void)zone;
    *index = 0;
    return DOCKET_OK;
}

docket_status dk_calendars_assign(struct dk_desk_book *desk)
{
    (void)desk;
    return DOCKET_OK;
}

void dk_calendars_write(struct dk_desk_book *desk, int64_t now_s)
{
    (void)desk;
    (void)now_s;
}

void dk_calendars_check(struct dk_desk_book *desk, int64_t now_s)
{
    (void)desk;
    (void)now_s;
}

/* today.c and zones.c: the explorer's own clock, which nobody has to guard, and UTC. */
int64_t dk_now_s(struct dk_daemon *daemon)
{
    (void)daemon;
    return dk_clock_wall_s();
}

const struct dk_zone *dk_zone_of_policy(const struct dk_policy *policy)
{
    (void)policy;
    return &dk_zone_utc;
}

void dk_period_at_instant(const struct dk_policy *policy, int64_t utc_s, struct dk_period *period)
{
    dk_period_at(policy, &dk_zone_utc, utc_s, period);
}

void dk_period_now(struct dk_daemon *daemon, const struct dk_policy *policy, struct dk_period *period)
{
    dk_period_at_instant(policy, dk_now_s(daemon), period);
}

bool dk_zone_is_lost(const struct dk_zone *zone)
{
    (void)zone;
    return false;
}

bool dk_zones_look_again(void)
{
    return false;
}
