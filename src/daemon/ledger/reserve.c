/* SPDX-License-Identifier: MIT */
/*
 * reserve: numbers set aside under a name, which has them for ever: whoever says it again is told the same ones.
 */
#include "daemon/ledger/hold.h"

#include "base/hash.h"
#include "base/log.h"
#include "daemon/ended/ended.h"

#include <string.h>

enum { COLLISIONS_MAX = 1000 }; /* texts of elsewhere that one reservation steps over, three at a time */

/* What a name was asked with, beside the date. */
static uint64_t digest_of(const struct dk_record_item *item)
{
    return dk_hash(&item->count, sizeof item->count, 0);
}

static docket_status check(const struct dk_record_item *item)
{
    docket_status status = dk_key_check("reservation's name", item->hold);
    if (status == DOCKET_OK && item->trace[0] != 0)
        status = dk_trace_check(item->trace);
    if (status != DOCKET_OK)
        return status;
    if (item->count < 1 || item->count > DOCKET_RESERVE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%u numbers are asked for, and a reservation has 1 to %u", item->count,
                       DOCKET_RESERVE_MAX);
    if (item->expires_s < 1 || item->expires_s > DOCKET_HOLD_S_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "expires_s is %u, and a reservation lasts 1 to %u seconds", item->expires_s,
                       DOCKET_HOLD_S_MAX);
    if (item->flags & ~(unsigned)DOCKET_DETACHED)
        return dk_fail(DOCKET_BAD_ARGUMENT, "flags %u are not known for a reservation", item->flags);
    return DOCKET_OK;
}

/* ---- a name that is known ---- */

/* *count, because wishes and grants may differ. */
static void tell_ranges(struct dk_plan *plan, const struct dk_key_record *key, struct dk_record_answer *answer,
                        uint32_t *count)
{
    struct dk_record_run *runs = dk_plan_alloc(plan, key->range_count * sizeof *runs);
    *count = 0;
    for (uint32_t r = 0; r < key->range_count; r++) {
        runs[r] = (struct dk_record_run){key->ranges[r].first, key->ranges[r].last};
        *count += (uint32_t)(runs[r].last - runs[r].first + 1);
    }
    answer->runs = runs;
    answer->run_count = key->range_count;
    answer->period = key->period;
    answer->date = key->date;
    answer->expires_ns = key->expires_ns;
    answer->state = DK_STATE_RESERVED;
    answer->number = *count;
}

static docket_status say_partial(const struct dk_plan *plan, int32_t period, uint32_t count, uint32_t asked)
{
    return dk_fail(DOCKET_PARTIAL, "%u of %u numbers of %s were granted: there are no more", count, asked,
                   dk_ended_name(&plan->series->record, period));
}

/* A repeat is told in the first number's record, as long as that is this reservation's. */
static docket_status count_attempt(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_key_record *key)
{
    const struct dk_ledger_record *record;
    docket_status status = dk_plan_find(plan, key->period, key->ranges[0].first, &record);
    if (status != DOCKET_OK || record == NULL || record->state != DK_STATE_RESERVED ||
        strcmp(record->hold, key->text) != 0)
        return status;
    struct dk_ledger_record made = *record;
    made.attempts++;
    made.error = parcel->head.error;
    return dk_plan_put(plan, &made);
}

static docket_status again(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                           const struct dk_key_record *key, struct dk_record_answer *answer)
{
    uint32_t count;
    tell_ranges(plan, key, answer, &count);
    answer->again = 1;
    if (key->digest != digest_of(item) || (item->date != 0 && item->date != key->date))
        return dk_fail(DOCKET_KEY_DIFFERS, "the reservation of this name has %u numbers of %s, asked for with another "
                                           "count or date; nothing was changed",
                       count, dk_ended_name(&plan->series->record, key->period));
    docket_status status = parcel->head.attempt > 1 ? count_attempt(plan, parcel, key) : DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    return count == item->count ? DOCKET_OK : say_partial(plan, key->period, count, item->count);
}

/* ---- a new one ---- */

struct granting {
    struct dk_plan *plan;
    const struct dk_parcel *parcel;
    const struct dk_record_item *item;
    struct dk_plan_period *period;
    struct dk_hold_record hold;
    struct dk_range *ranges;
    uint32_t date, range_count, count;
};

static docket_status take(struct granting *granting, uint64_t *number, char text[DOCKET_TEXT_MAX])
{
    docket_status status = DOCKET_COLLISION;
    for (int tries = 0; tries < COLLISIONS_MAX && status == DOCKET_COLLISION; tries++)
        status = dk_plan_take(granting->plan, granting->period, granting->date, number, text);
    return status;
}

static docket_status put_record(const struct granting *granting, uint64_t number, const char *text)
{
    const struct dk_record_head *head = &granting->parcel->head;
    bool repeated = head->attempt > 1;
    struct dk_ledger_record record = {.period = granting->period->image.period,
                                      .number = number,
                                      .state = DK_STATE_RESERVED,
                                      .date = granting->date,
                                      .expires_ns = granting->hold.expires_ns,
                                      .uid = granting->hold.uid,
                                      .seat = granting->hold.seat,
                                      .attempts = repeated ? head->attempt : 1,
                                      .text = text,
                                      .key = "",
                                      .hold = granting->item->hold,
                                      .trace = granting->item->trace,
                                      .metadata = "",
                                      .error = repeated ? head->error : "",
                                      .host = head->host,
                                      .reason = ""};
    return dk_plan_put(granting->plan, &record);
}

static void add_number(struct granting *granting, uint64_t number)
{
    struct dk_range *last = granting->range_count > 0 ? &granting->ranges[granting->range_count - 1] : NULL;
    granting->count++;
    if (last != NULL && last->last + 1 == number)
        last->last = number;
    else
        granting->ranges[granting->range_count++] = (struct dk_range){number, number};
}

/* As many as there are. What was taken is granted whatever comes then: it is never half a reservation. */
static docket_status take_all(struct granting *granting)
{
    docket_status status = DOCKET_OK;
    while (granting->count < granting->item->count && status == DOCKET_OK) {
        char text[DOCKET_TEXT_MAX];
        uint64_t number = 0;
        status = take(granting, &number, text);
        if (status == DOCKET_OK)
            status = put_record(granting, number, text);
        if (status == DOCKET_OK)
            add_number(granting, number);
    }
    if (granting->count == 0 || status == DOCKET_OK)
        return status;
    if (status != DOCKET_EXHAUSTED)
        dk_log(DK_LOG_ERROR, "a reservation of %s got %u of %u numbers: %s",
               dk_ended_name(&granting->plan->series->record, granting->period->image.period), granting->count,
               granting->item->count, dk_error_text());
    return DOCKET_OK;
}

static docket_status grant(struct granting *granting, struct dk_record_answer *answer)
{
    struct dk_plan *plan = granting->plan;
    granting->ranges = dk_plan_alloc(plan, granting->item->count * sizeof *granting->ranges);
    docket_status status = take_all(granting);
    if (status != DOCKET_OK)
        return status;
    struct dk_key_record key = {.kind = DK_NAMED_RESERVATION,
                                .text = granting->item->hold,
                                .period = granting->period->image.period,
                                .date = granting->date,
                                .digest = digest_of(granting->item),
                                .expires_ns = granting->hold.expires_ns,
                                .ranges = granting->ranges,
                                .range_count = granting->range_count};
    granting->hold.kind = DK_NAMED_RESERVATION;
    granting->hold.text = granting->item->hold;
    granting->hold.period = key.period;
    granting->hold.left = granting->count;
    dk_plan_put_key(plan, &key);
    dk_hold_put(plan, &granting->hold);
    uint32_t count;
    tell_ranges(plan, &key, answer, &count);
    answer->attempts = granting->parcel->head.attempt > 1 ? granting->parcel->head.attempt : 1;
    return count == granting->item->count ? DOCKET_OK : say_partial(plan, key.period, count, granting->item->count);
}

docket_status dk_ledger_reserve(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                struct dk_record_answer *answer)
{
    struct granting granting = {.plan = plan, .parcel = parcel, .item = item};
    const struct dk_key_record *key = NULL;
    docket_status status = check(item);
    if (status == DOCKET_OK)
        status = dk_plan_find_key(plan, DK_NAMED_RESERVATION, item->hold, &key);
    if (status == DOCKET_OK && key != NULL)
        return again(plan, parcel, item, key, answer);
    if (status == DOCKET_OK)
        status = dk_hold_begin(plan, parcel, item->flags, item->expires_s, &granting.hold);
    if (status == DOCKET_OK)
        status = dk_plan_date(plan, item->date, &granting.date, &granting.period);
    return status == DOCKET_OK ? grant(&granting, answer) : status;
}
