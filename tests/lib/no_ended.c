/* SPDX-License-Identifier: MIT */
/*
 * no_ended: for test programs with docketd's turns in them, in which no admin asks
 * anything, nobody wants numbers of periods that have ended or waits for the store, and no series keeps a ledger.
 */
#include "daemon/ended/ended.h"

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

void dk_ended_begin(const struct dk_series_record *record, int32_t label, uint64_t incarnation,
                    struct dk_counter_image *image)
{
    (void)record, (void)label, (void)incarnation, (void)image;
}

uint64_t dk_ended_first(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    (void)daemon;
    (void)series_id;
    (void)label;
    return 0;
}

bool dk_ledger_concerns(const struct dk_series_book *series, bool waits)
{
    (void)series;
    (void)waits;
    return false;
}

void dk_ledger_seat_gone(struct dk_daemon *daemon, uint32_t desk, uint32_t seat, uint64_t salt)
{
    (void)daemon, (void)desk, (void)seat, (void)salt;
}

bool dk_accounted_plan(struct dk_counter *counter)
{
    (void)counter;
    return false;
}

void dk_accounted_committed(struct dk_counter *counter, const struct dk_counter_image *image, bool saw_all)
{
    (void)counter, (void)image, (void)saw_all;
}

void dk_accounted_refuse(struct dk_counter *counter, docket_status status, const char *why)
{
    (void)counter, (void)status, (void)why;
}
