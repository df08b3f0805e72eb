/* SPDX-License-Identifier: MIT */
/*
 * due: holds that end by themselves: their time has run out, or their holder has ended, which its seat's lock
 * proves and nothing else. Each is due until a plan of its series ends it, with one event: its numbers are in
 * doubt from then on, or free where the series opted in.
 */
#include "daemon/ledger/hold.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ended/ended.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBERS_OF_PLAN = DOCKET_RESERVE_MAX, HOLDS_OF_PLAN = 1024 };
enum { ENTRIES_OF_HOLD = 3 }; /* hold, event, key */
#define SAY_EVERY_NS (60 * DK_SECOND_NS)
#define AGAIN_NS (5 * DK_SECOND_NS)

static const char *const reasons[] = {
    [DK_DUE_EXPIRED] = "expired",
    [DK_DUE_ENDED] = "its holder ended",
    [DK_DUE_SEAT_LOST] = "its holder's seat was lost",
};

/* ---- seats ---- */

void dk_ledger_seat_gone(struct dk_daemon *daemon, uint32_t desk, uint32_t seat, uint64_t salt)
{
    struct dk_holds *holds = daemon->holds;
    if (holds == NULL || desk >= daemon->desk_count || seat >= daemon->desks[desk].map.geometry.seats_max)
        return;
    for (struct dk_link *link = holds->seats[desk][seat], *next; link != NULL; link = next) {
        struct dk_hold *hold = DK_OF_LINK(struct dk_hold, of_seat, link);
        next = link->next;
        if (hold->record.salt != salt)
            continue;
        if (hold->record.in_doubt)
            dk_hold_unseat(hold);
        else
            dk_hold_mark(holds, hold, DK_DUE_ENDED);
    }
}

/* At the start: does its holder sit where it sat? One whose desk's files were built anew within a boot may live. */
static enum dk_due fate_of_holder(const struct dk_daemon *daemon, const struct dk_hold_record *hold)
{
    const struct dk_desk_book *desk = hold->desk < daemon->desk_count ? &daemon->desks[hold->desk] : NULL;
    if (hold->seat < 0)
        return DK_NOT_DUE;
    if (memcmp(hold->boot_id, daemon->boot_id, sizeof daemon->boot_id) != 0)
        return DK_DUE_ENDED;
    if (desk == NULL || desk->map.incarnation != hold->incarnation ||
        (uint32_t)hold->seat >= desk->map.geometry.seats_max)
        return DK_DUE_SEAT_LOST;
    const struct dk_seat_book *seat = &desk->seats[hold->seat];
    if (seat->state == DK_SEAT_FREE || seat->salt != hold->salt)
        return DK_DUE_ENDED; /* its lock was taken, and docketd died before that was told here */
    return seat->state == DK_SEAT_LOST ? DK_DUE_SEAT_LOST : DK_NOT_DUE; /* the first probe tells */
}

/* ---- the start ---- */

static docket_status load_one(void *context, const struct dk_hold_record *record)
{
    struct dk_daemon *daemon = context;
    enum dk_due due = fate_of_holder(daemon, record);
    struct dk_hold *hold = dk_hold_keep(daemon, record);
    if (due != DK_NOT_DUE && record->in_doubt)
        dk_hold_unseat(hold);
    else if (due != DK_NOT_DUE)
        dk_hold_mark(daemon->holds, hold, due);
    return DOCKET_OK;
}

static docket_status note_away(void *context, const struct dk_series_record *record)
{
    struct dk_daemon *daemon = context;
    struct dk_holds_series *series = dk_holds_find_series(daemon, record->id);
    if (series == NULL || dk_series_by_id(daemon, record->id) != NULL)
        return DOCKET_OK;
    series->away = dk_must_alloc(1, sizeof *series->away);
    *series->away = *record;
    return DOCKET_OK;
}

static bool some_are_away(const struct dk_daemon *daemon)
{
    const struct dk_holds *holds = daemon->holds;
    for (size_t i = 0; i < holds->series_room; i++)
        for (const struct dk_holds_series *series = holds->series[i]; series != NULL; series = series->next)
            if (series->live > 0 && (series->id >= daemon->series_room || daemon->series_by_id[series->id] == NULL))
                return true;
    return false;
}

docket_status dk_holds_load(struct dk_daemon *daemon)
{
    (void)dk_holds_of(daemon);
    docket_status status = dk_ledger_each_hold(daemon->store, load_one, daemon);
    if (status == DOCKET_OK && some_are_away(daemon))
        status = dk_store_each_series(daemon->store, note_away, daemon);
    return status == DOCKET_OK ? status : dk_wrap(status, "cannot read who holds numbers");
}

/* ---- the tick ---- */

static void say_away(struct dk_holds_series *series, const char *why)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    if (series->said_ns != 0 && now_ns - series->said_ns < SAY_EVERY_NS)
        return;
    series->said_ns = now_ns;
    dk_log(DK_LOG_ERROR, "series %llu has numbers whose time ran out or whose holder ended, and cannot come back to its "
                         "desk yet: %s",
           (unsigned long long)series->id, why);
}

/* In memory, so that it can have a plan: now, or by a later tick. */
static bool bring_back(struct dk_daemon *daemon, struct dk_holds_series *series)
{
    struct dk_series_book *book = dk_series_by_id(daemon, series->id);
    if (book != NULL) {
        dk_evict_cancel(book);
        return true;
    }
    if (series->away == NULL) {
        say_away(series, "it is not known which one it is; the next start of docketd will");
        return false;
    }
    struct dk_desk_book *desk = dk_series_desk(daemon, series->away->tenant);
    docket_status status = dk_slots_make_room(desk);
    bool full = status == DOCKET_REALM_FULL || status == DOCKET_NO_SPACE;
    if (status == DOCKET_OK)
        status = dk_series_load(daemon, series->away, &book);
    if (status == DOCKET_OK || (full && dk_evict_for_room(desk)))
        return status == DOCKET_OK;
    say_away(series, dk_error_text());
    return false;
}

int64_t dk_ledger_until_ns(const struct dk_daemon *daemon, int64_t wall_ns)
{
    const struct dk_holds *holds = daemon->holds;
    int64_t until_ns = INT64_MAX;
    if (holds == NULL)
        return until_ns;
    if (holds->waiting != NULL)
        return 0;
    if (holds->by_boot.count > 0)
        until_ns = holds->by_boot.all[0]->due_at - dk_clock_boot_ns();
    if (holds->by_wall.count > 0 && holds->by_wall.all[0]->due_at - wall_ns < until_ns)
        until_ns = holds->by_wall.all[0]->due_at - wall_ns;
    return until_ns;
}

void dk_holds_tick(struct dk_daemon *daemon)
{
    struct dk_holds *holds = daemon->holds;
    int64_t boot_ns = dk_clock_boot_ns();
    if (holds == NULL || daemon->stopping)
        return;
    for (struct dk_hold *hold; (hold = dk_hold_take_first(&holds->by_boot, boot_ns)) != NULL;)
        dk_hold_mark(holds, hold, DK_DUE_EXPIRED);
    int64_t wall_ns = holds->by_wall.count > 0 ? dk_now_s(daemon) * DK_SECOND_NS : 0;
    for (struct dk_hold *hold; (hold = dk_hold_take_first(&holds->by_wall, wall_ns)) != NULL;)
        dk_hold_mark(holds, hold, DK_DUE_EXPIRED);
    for (struct dk_link *link = holds->waiting; link != NULL; link = link->next) {
        struct dk_holds_series *series = DK_OF_LINK(struct dk_holds_series, waits, link);
        if (bring_back(daemon, series))
            (void)dk_ledger_book_of(daemon, series->id);
    }
}

/* ---- the plan ---- */

/* One number in `numbers` of a pending hold; none if it is decided. */
static docket_status pending_number(struct dk_plan *plan, const struct dk_hold_record *hold,
                                    const struct dk_ledger_record ***numbers, uint32_t *count)
{
    const struct dk_ledger_record *record;
    docket_status status = dk_plan_find(plan, hold->period, hold->number, &record);
    *count = 0;
    if (status != DOCKET_OK || record == NULL || record->state != DK_STATE_PENDING)
        return status;
    *numbers = dk_plan_alloc(plan, sizeof **numbers);
    (*numbers)[0] = record;
    *count = 1;
    return DOCKET_OK;
}

static docket_status numbers_of(struct dk_plan *plan, const struct dk_hold_record *hold,
                                const struct dk_ledger_record ***numbers, uint32_t *count)
{
    const struct dk_key_record *reservation;
    *count = 0;
    if (hold->kind == DK_NAMED_PENDING)
        return pending_number(plan, hold, numbers, count);
    docket_status status = dk_plan_find_key(plan, DK_NAMED_RESERVATION, hold->text, &reservation);
    if (status != DOCKET_OK || reservation == NULL)
        return status;
    return dk_reservation_numbers(plan, reservation, 1u << DK_STATE_RESERVED, numbers, count);
}

/* Names are the users': they are not told in an event, which is kept for ever. */
static uint32_t tell(struct dk_plan *plan, const struct dk_hold_record *hold, const struct dk_ledger_record *first,
                     uint32_t count, enum dk_state to, enum dk_due due)
{
    const char *outcome = to == DK_STATE_IN_DOUBT ? "in doubt"
                          : to == DK_STATE_FREE   ? "free again, by on-expiry = free"
                                                  : "void, by on-expiry = free and release = void";
    const char *name = dk_ended_name(&plan->series->record, first->period);
    if (hold->kind == DK_NAMED_PENDING)
        return dk_plan_event(plan, "expiry", hold->uid, "", "number %llu of %s is %s: %s before it was settled",
                             (unsigned long long)first->number, name, outcome, reasons[due]);
    return dk_plan_event(plan, "expiry", hold->uid, "",
                         "%u reserved numbers of %s, %llu the first of them, are %s: the reservation %s", count, name,
                         (unsigned long long)first->number, outcome,
                         due == DK_DUE_EXPIRED ? "expired" : due == DK_DUE_ENDED ? "lost its holder, which ended"
                                                                                 : "lost its holder's seat");
}

/* What its numbers become, and with them the hold; *made counts them. */
static docket_status end_hold(struct dk_plan *plan, const struct dk_hold *ending, uint32_t *made)
{
    struct dk_hold_record hold = ending->record;
    const struct dk_ledger_record **numbers = NULL;
    enum dk_due due = ending->due;
    enum dk_state to = DK_STATE_IN_DOUBT;
    uint32_t count;
    hold.text = dk_plan_print(plan, "%s", hold.text);
    bool frees = plan->series->record.policy->on_expiry == DK_EXPIRY_FREE && due != DK_DUE_SEAT_LOST;
    int64_t accepted_ns = 0;
    docket_status status = numbers_of(plan, &hold, &numbers, &count);
    if (status == DOCKET_OK && frees && count > 0)
        status = dk_ended_accepted(plan->daemon, &accepted_ns);
    if (status == DOCKET_OK && frees && count > 0 && numbers[0]->first_ns <= accepted_ns)
        frees = false; /* what became of it in the store that was lost nobody knows */
    if (status == DOCKET_OK && count > 0)
        status = dk_ledger_goal(plan, numbers[0], DK_VERB_EXPIRE, frees, &to);
    if (status != DOCKET_OK)
        return status;
    struct dk_said said = {.uid = hold.uid, .host = "", .error = reasons[due], .reason = reasons[due]};
    if (count > 0)
        said.event_at = tell(plan, &hold, numbers[0], count, to, due);
    for (uint32_t i = 0; i < count && status == DOCKET_OK; i++)
        status = dk_ledger_become(plan, numbers[i], DK_VERB_EXPIRE, to, &said);
    if (status != DOCKET_OK)
        return status;
    hold.removed = count == 0 || to != DK_STATE_IN_DOUBT;
    hold.in_doubt = true;
    hold.left = count;
    hold.expires_ns = hold.expires_boot_ns = 0;
    if (due != DK_DUE_EXPIRED)
        hold.seat = -1; /* else its holder may still decide, late */
    dk_hold_put(plan, &hold);
    *made = count;
    return DOCKET_OK;
}

/* Nothing of it is in the plan: what is read is read first. */
static void put_off(struct dk_plan *plan, struct dk_hold *hold)
{
    dk_log(DK_LOG_ERROR, "numbers of %s whose time ran out or whose holder ended stay as they are for now: %s",
           dk_ended_name(&plan->series->record, hold->record.period), dk_error_text());
    dk_hold_put_off(plan->daemon->holds, hold, dk_clock_boot_ns() + AGAIN_NS);
}

/* A commit that finds no room ends docketd: what nobody waits for waits for room instead, and stays due. */
static bool has_room(struct dk_plan *plan, const struct dk_hold *hold)
{
    size_t entries = dk_plan_size(plan) + hold->record.left + ENTRIES_OF_HOLD;
    struct dk_holds_series *series = hold->series;
    int64_t now_ns = dk_clock_monotonic_ns();
    if (dk_store_make_room_for(plan->daemon->store, entries) == DOCKET_OK)
        return true;
    if (series->said_ns == 0 || now_ns - series->said_ns >= SAY_EVERY_NS) {
        series->said_ns = now_ns;
        dk_log(DK_LOG_ERROR, "numbers of %s whose time ran out or whose holder ended stay as they are until there is room: %s",
               dk_ended_name(&plan->series->record, hold->record.period), dk_error_text());
    }
    return false;
}

void dk_holds_plan(struct dk_plan *plan)
{
    uint32_t numbers = 0;
    for (uint32_t holds = 0; holds < HOLDS_OF_PLAN && numbers < NUMBERS_OF_PLAN; holds++) {
        const struct dk_holds_series *series = dk_holds_find_series(plan->daemon, plan->book->series_id);
        uint32_t made = 0;
        if (series == NULL || series->due == NULL)
            return;
        struct dk_hold *hold = DK_OF_LINK(struct dk_hold, of_due, series->due);
        if (!has_room(plan, hold))
            return;
        if (end_hold(plan, hold, &made) != DOCKET_OK)
            put_off(plan, hold);
        numbers += made;
    }
}
