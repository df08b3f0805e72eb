/* SPDX-License-Identifier: MIT */
/*
 * no_ended: for test programs with docketd's turns in them, in which no admin asks
 * anything and nobody wants numbers of periods that have ended.
 */
#include "daemon/daemon.h"

bool dk_admin_concerns(const struct dk_series_book *series)
{
    (void)series;
    return false;
}

bool dk_ended_concerns(const struct dk_series_book *series, int32_t label)
{
    (void)series;
    (void)label;
    return false;
}

bool dk_ended_plan(struct dk_counter *counter, struct dk_range **spares, size_t *spare_count, uint64_t *next)
{
    (void)counter;
    (void)spares;
    (void)spare_count;
    (void)next;
    return false;
}

void dk_ended_given(struct dk_counter *counter)
{
    (void)counter;
}

int64_t dk_closing_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    (void)daemon;
    (void)series;
    (void)now_s;
    return INT64_MAX;
}
