/* SPDX-License-Identifier: MIT */
/* stubs: what reserve.c, decide.c and holds.c will be. Branch holds takes out what it brings. */
#include "daemon/ledger/ledger.h"

docket_status dk_ledger_reserve(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                struct dk_record_answer *answer)
{
    (void)plan, (void)parcel, (void)item, (void)answer;
    return dk_fail(DOCKET_PROTOCOL, "reservations are not made yet");
}

docket_status dk_ledger_decide(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                               struct dk_record_answer *answer)
{
    (void)plan, (void)parcel, (void)item, (void)answer;
    return dk_fail(DOCKET_PROTOCOL, "nothing is decided yet");
}

docket_status dk_ledger_decide_all(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                   struct dk_record_answer *answer)
{
    (void)plan, (void)parcel, (void)item, (void)answer;
    return dk_fail(DOCKET_PROTOCOL, "nothing is decided yet");
}

docket_status dk_holds_load(struct dk_daemon *daemon)
{
    (void)daemon;
    return DOCKET_OK;
}

void dk_holds_free(struct dk_daemon *daemon)
{
    (void)daemon;
}

docket_status dk_hold_begin(const struct dk_plan *plan, const struct dk_parcel *parcel, uint32_t flags, uint32_t expires_s,
                            struct dk_hold_record *hold)
{
    (void)flags;
    *hold = (struct dk_hold_record){.series_id = plan->book->series_id,
                                    .text = "",
                                    .expires_ns = expires_s == 0 ? 0 : plan->now_ns + expires_s * 1000000000ll,
                                    .uid = parcel->connection->uid,
                                    .seat = -1};
    return DOCKET_OK;
}

void dk_hold_put(struct dk_plan *plan, const struct dk_hold_record *hold)
{
    dk_plan_put_hold(plan, hold);
}

const struct dk_hold_record *dk_hold_of(const struct dk_daemon *daemon, const struct dk_ledger_record *record)
{
    (void)daemon, (void)record;
    return NULL;
}

bool dk_holds_has_live(const struct dk_daemon *daemon, uint64_t series_id)
{
    (void)daemon, (void)series_id;
    return false;
}

bool dk_holds_are_due(const struct dk_daemon *daemon, uint64_t series_id)
{
    (void)daemon, (void)series_id;
    return false;
}

docket_status dk_holds_plan(struct dk_plan *plan)
{
    (void)plan;
    return DOCKET_OK;
}

void dk_holds_tick(struct dk_daemon *daemon)
{
    (void)daemon;
}

void dk_ledger_seat_gone(struct dk_daemon *daemon, uint32_t desk, uint32_t seat, uint64_t salt)
{
    (void)daemon, (void)desk, (void)seat, (void)salt;
}
