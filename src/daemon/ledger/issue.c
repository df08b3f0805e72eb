/* SPDX-License-Identifier: MIT */
/* issue: a number for a key, or for no key; and what is asked about one. */
#include "daemon/ledger/ledger.h"

#include "base/hash.h"
#include "daemon/ended/ended.h"
#include "docket_ledger.h"

#include <string.h>

enum { TAKES_MAX = 3, FLAGS_MAX = DOCKET_PENDING | DOCKET_SETTLED | DOCKET_DETACHED };

/* ---- which period, which number ---- */

/* What this plan gave in later periods counts as what the store knows of them: chronological series look at it. */
static void look_for_later(const struct dk_plan *plan, struct dk_plan_period *period)
{
    for (const struct dk_plan_period *other = plan->periods; other != NULL; other = other->next) {
        if (!other->changed || other->image.last_date == 0 || other->image.period <= period->image.period)
            continue;
        period->later = other->image.period;
        period->checked = 0;
    }
}

static docket_status check_period(struct dk_plan *plan, struct dk_plan_period *period, uint32_t date)
{
    int32_t label = period->image.period;
    if (plan->series->record.policy->chronological)
        look_for_later(plan, period);
    if (period->checked == date)
        return DOCKET_OK; /* in this plan nothing came between but numbers of this date */
    const struct dk_ended_facts facts = {.image = period->image, .found = period->found, .later = period->later};
    docket_status status = dk_ended_check(plan->series, label, &facts, date, DK_PERIOD_AHEAD_S);
    if (status == DOCKET_OK && !period->found)
        status = dk_ended_check_unseen(plan->series, label);
    if (status == DOCKET_OK)
        period->checked = date;
    return status;
}

docket_status dk_plan_date(struct dk_plan *plan, uint32_t asked, uint32_t *date, struct dk_plan_period **period)
{
    const struct dk_policy *policy = plan->series->record.policy;
    struct dk_plan_period *found;
    struct dk_span span;
    docket_status status = dk_ended_check_series(plan->series);
    uint32_t day = asked != 0 ? asked : plan->today;
    if (status == DOCKET_OK && !dk_date_supported(day))
        status = asked != 0 ? dk_fail(DOCKET_BAD_DATE, "%u is no date from 2001-01-01 to 2099-12-31", asked)
                            : dk_fail(DOCKET_PERIOD_NOT_OPEN, "today is %u: the clock is outside 2001 to 2099", day);
    if (status != DOCKET_OK)
        return status;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, day, &span);
    status = dk_plan_period(plan, span.label, &found);
    if (status == DOCKET_OK)
        status = check_period(plan, found, day);
    if (status != DOCKET_OK)
        return status;
    *date = day;
    *period = found;
    return DOCKET_OK;
}

static void write_text(const struct dk_plan *plan, struct dk_plan_period *period, uint32_t date, uint64_t number,
                       char text[DOCKET_TEXT_MAX])
{
    if (period->rendered_date != date)
        dk_template_render(&period->template, plan->series->record.name, date, &period->rendered);
    period->rendered_date = date;
    dk_rendered_write(&period->rendered, number, text);
}

/* The number stays void, for its text is on a document of elsewhere. */
static docket_status void_elsewhere(struct dk_plan *plan, const struct dk_plan_period *period, uint32_t date,
                                    uint64_t number, const char *text, const char *note)
{
    const struct dk_ledger_record *before;
    docket_status status = dk_plan_find(plan, period->image.period, number, &before);
    struct dk_ledger_record record = {.period = period->image.period,
                                      .number = number,
                                      .state = DK_STATE_VOID,
                                      .date = date,
                                      .first_ns = before != NULL ? before->first_ns : 0,
                                      .seat = -1,
                                      .cause = DK_CAUSE_ELSEWHERE,
                                      .text = text,
                                      .reason = dk_plan_print(plan, "given elsewhere: %s", note)};
    return status == DOCKET_OK ? dk_plan_put(plan, &record) : status;
}

docket_status dk_plan_take(struct dk_plan *plan, struct dk_plan_period *period, uint32_t date, uint64_t *number,
                           char text[DOCKET_TEXT_MAX])
{
    const struct dk_series_record *series = &plan->series->record;
    for (int tries = 0; tries < TAKES_MAX; tries++) {
        uint64_t lowest = dk_plan_lowest(period);
        const char *note;
        if (lowest == 0)
            return dk_fail(DOCKET_EXHAUSTED, "%s has given its last number, %llu",
                           dk_ended_name(series, period->image.period), (unsigned long long)period->last);
        write_text(plan, period, date, lowest, text);
        docket_status status = dk_plan_note_of(plan, text, &note);
        if (status == DOCKET_OK && note != NULL)
            status = void_elsewhere(plan, period, date, lowest, text, note);
        if (status != DOCKET_OK)
            return status;
        dk_plan_spend_lowest(period);
        if (series->policy->chronological && date > period->image.last_date)
            period->image.last_date = date;
        if (note == NULL) {
            *number = lowest;
            return DOCKET_OK;
        }
    }
    return dk_fail(DOCKET_COLLISION, "%d numbers of %s in turn have texts that were given elsewhere, the last of them %s; "
                                     "they are void, and the same call goes on behind them",
                   TAKES_MAX, dk_ended_name(series, period->image.period), text);
}

/* ---- what is asked for ---- */

/* As it is asked for, beside its date: two calls with one key must have the same. */
static uint64_t digest_of(const struct dk_record_item *item, bool settled)
{
    return dk_hash(item->metadata, strlen(item->metadata), settled ? 2 : 1);
}

static bool is_settled(const struct dk_plan *plan, const struct dk_record_item *item)
{
    if (item->flags & (DOCKET_PENDING | DOCKET_SETTLED))
        return (item->flags & DOCKET_SETTLED) != 0;
    return plan->series->record.policy->order != DK_GAPLESS;
}

static docket_status check_flags(const struct dk_record_item *item, bool settled)
{
    if ((item->flags & ~(unsigned)FLAGS_MAX) != 0 ||
        (item->flags & (DOCKET_PENDING | DOCKET_SETTLED)) == (DOCKET_PENDING | DOCKET_SETTLED))
        return dk_fail(DOCKET_BAD_ARGUMENT, "flags 0x%x: pending or settled, and detached, are what an issue knows",
                       item->flags);
    if (item->expires_s > DOCKET_HOLD_S_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%u s is longer than a number is held: at most %u s", item->expires_s,
                       DOCKET_HOLD_S_MAX);
    if (!settled && item->flags & DOCKET_DETACHED && item->expires_s == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a number that nobody holds wants a time at which it is in doubt");
    return DOCKET_OK;
}

static docket_status check_item(const struct dk_record_item *item, bool settled)
{
    docket_status status = check_flags(item, settled);
    if (status == DOCKET_OK && item->key[0] != 0)
        status = dk_key_check("key", item->key);
    if (status == DOCKET_OK && item->trace[0] != 0)
        status = dk_trace_check(item->trace);
    if (status == DOCKET_OK && item->metadata[0] != 0)
        status = dk_metadata_check(item->metadata);
    return status;
}

void dk_ledger_tell(struct dk_plan *plan, const struct dk_ledger_record *record, struct dk_record_answer *answer)
{
    (void)plan;
    answer->date = record->date;
    answer->period = record->period;
    answer->state = record->state;
    answer->attempts = record->attempts;
    answer->number = record->number;
    answer->expires_ns = record->expires_ns;
    answer->text = record->text;
}

/* Who holds it is a hold of its own, named by period and number. */
static docket_status hold(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                          struct dk_hold_record *held)
{
    docket_status status = dk_hold_begin(plan, parcel, item->flags, item->expires_s, held);
    held->series_id = plan->book->series_id;
    held->kind = DK_NAMED_PENDING;
    held->text = "";
    held->left = 1;
    return status;
}

/* ---- a key that is known ---- */

/* What another system asked with is not known: a key that was imported has no digest, and may have no date. */
static bool differs(const struct dk_record_item *item, bool settled, const struct dk_key_record *key)
{
    return (item->date != 0 && key->date != 0 && item->date != key->date) ||
           (key->digest != 0 && digest_of(item, settled) != key->digest);
}

static docket_status say_differs(const struct dk_record_item *item, bool settled, const struct dk_key_record *key,
                                 const struct dk_ledger_record *record)
{
    char shown[11], asked[11];
    dk_date_text(key->date, shown);
    if (item->date != 0 && item->date != key->date) {
        dk_date_text(item->date, asked);
        return dk_fail(DOCKET_KEY_DIFFERS, "key %s has %s of %s, and it is asked for with the date %s", item->key,
                       record->text, shown, asked);
    }
    if (digest_of(item, !settled) == key->digest)
        return dk_fail(DOCKET_KEY_DIFFERS, "key %s has %s, which was asked for as %s, and is asked for as %s", item->key,
                       record->text, settled ? "pending" : "settled", settled ? "settled" : "pending");
    return dk_fail(DOCKET_KEY_DIFFERS, "key %s has %s, which was asked for with other metadata%s", item->key, record->text,
                   item->metadata[0] == '\0' ? " (none is given)" : "");
}

/* One in doubt is the caller's again; a repeat is counted. Else nothing changes. */
static docket_status again(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                           const struct dk_ledger_record *record, const struct dk_ledger_record **now)
{
    struct dk_ledger_record changed = *record;
    struct dk_hold_record held;
    bool back = record->state == DK_STATE_IN_DOUBT;
    *now = record;
    if (!back && parcel->head.attempt <= 1)
        return DOCKET_OK;
    docket_status status = back ? hold(plan, parcel, item, &held) : DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    changed.event_at = 0;
    changed.attempts = parcel->head.attempt > record->attempts + 1 ? parcel->head.attempt : record->attempts + 1;
    if (parcel->head.attempt > 1)
        changed.error = parcel->head.error;
    if (back) {
        changed.state = DK_STATE_PENDING;
        changed.uid = parcel->connection->uid;
        changed.host = parcel->head.host;
        changed.seat = held.seat;
        changed.expires_ns = held.expires_ns;
        held.period = record->period;
        held.number = record->number;
    }
    status = dk_plan_put(plan, &changed);
    if (status == DOCKET_OK && back)
        dk_hold_put(plan, &held);
    if (status == DOCKET_OK)
        status = dk_plan_find(plan, record->period, record->number, now);
    return status;
}

/* Its record was exported and dropped: the key has all that a repeat is told. */
static void tell_dropped(const struct dk_key_record *key, struct dk_record_answer *answer)
{
    answer->date = key->date;
    answer->period = key->period;
    answer->state = DK_STATE_ISSUED;
    answer->attempts = 1;
    answer->number = key->ranges[0].first;
    answer->text = key->document;
}

static docket_status repeat_dropped(const struct dk_plan *plan, const struct dk_record_item *item,
                                    const struct dk_key_record *key, struct dk_record_answer *answer)
{
    const struct dk_ledger_record issued = {.state = DK_STATE_ISSUED, .text = key->document};
    tell_dropped(key, answer);
    answer->again = 1;
    if (differs(item, is_settled(plan, item), key))
        return say_differs(item, is_settled(plan, item), key, &issued);
    return DOCKET_OK;
}

static docket_status repeat(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                            const struct dk_key_record *key, const struct dk_ledger_record *record,
                            struct dk_record_answer *answer)
{
    docket_status status;
    if (record == NULL && key->document[0] != 0)
        return repeat_dropped(plan, item, key, answer);
    if (record == NULL)
        return dk_fail(DOCKET_DAMAGED, "key %s of %s/%s leads to a number that has no record", item->key,
                       plan->series->record.tenant, plan->series->record.name);
    dk_ledger_tell(plan, record, answer);
    answer->again = 1;
    bool settled = is_settled(plan, item);
    if (record->state == DK_STATE_VOID)
        return dk_fail(DOCKET_KEY_VOID, "key %s has %s, which is void: %s", item->key, record->text,
                       record->reason[0] != 0 ? record->reason : "no reason was given");
    if (differs(item, settled, key))
        return say_differs(item, settled, key, record);
    status = again(plan, parcel, item, record, &record);
    if (status == DOCKET_OK)
        dk_ledger_tell(plan, record, answer);
    return status;
}

/* ---- a new number ---- */

static docket_status put_new(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                             struct dk_ledger_record *record)
{
    const struct dk_ledger_record *before; /* it was held, and came back */
    docket_status status = dk_plan_find(plan, record->period, record->number, &before);
    if (status != DOCKET_OK)
        return status;
    if (before != NULL && before->state != DK_STATE_FREE)
        return dk_fail(DOCKET_DAMAGED, "%s is free by its counter and %s by its record", record->text,
                       dk_state_name(before->state));
    record->uid = parcel->connection->uid;
    record->host = parcel->head.host;
    record->attempts = parcel->head.attempt > 1 ? parcel->head.attempt : 1;
    record->error = parcel->head.attempt > 1 ? parcel->head.error : "";
    record->key = item->key;
    record->trace = item->trace;
    record->metadata = item->metadata;
    return dk_plan_put(plan, record);
}

/* Of docket_next_text(), before a number is spent. */
static docket_status check_room(const struct dk_plan *plan, const struct dk_plan_period *period, uint32_t room)
{
    uint64_t lowest = room == 0 ? 0 : dk_plan_lowest(period);
    size_t size = lowest == 0 ? 0 : dk_template_size(&period->template, plan->series->record.name, lowest);
    if (size <= room)
        return DOCKET_OK;
    return dk_fail(DOCKET_BUFFER_TOO_SMALL, "number %llu of %s has a text of %zu bytes, and there is room for %u; no number "
                                            "was taken",
                   (unsigned long long)lowest, dk_ended_name(&plan->series->record, period->image.period), size, room);
}

static docket_status give(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                          bool settled, struct dk_record_answer *answer)
{
    char text[DOCKET_TEXT_MAX];
    struct dk_plan_period *period;
    struct dk_hold_record held = {.seat = -1};
    struct dk_ledger_record record = {.state = settled ? DK_STATE_ISSUED : DK_STATE_PENDING, .text = text};
    const struct dk_ledger_record *made;
    docket_status status = settled ? DOCKET_OK : hold(plan, parcel, item, &held);
    if (status == DOCKET_OK)
        status = dk_plan_date(plan, item->date, &record.date, &period);
    if (status == DOCKET_OK)
        status = check_room(plan, period, item->count);
    if (status == DOCKET_OK)
        status = dk_plan_take(plan, period, record.date, &record.number, text);
    if (status != DOCKET_OK)
        return status;
    record.period = held.period = period->image.period;
    held.number = record.number;
    record.seat = held.seat;
    record.expires_ns = held.expires_ns;
    status = put_new(plan, parcel, item, &record);
    if (status != DOCKET_OK)
        return status;
    if (!settled)
        dk_hold_put(plan, &held);
    if (item->key[0] != 0) {
        const struct dk_range range = {record.number, record.number};
        const struct dk_key_record key = {.kind = DK_NAMED_KEY,
                                          .text = item->key,
                                          .period = record.period,
                                          .date = record.date,
                                          .digest = digest_of(item, settled),
                                          .ranges = &range,
                                          .range_count = 1};
        dk_plan_put_key(plan, &key);
    }
    status = dk_plan_find(plan, record.period, record.number, &made);
    if (status == DOCKET_OK)
        dk_ledger_tell(plan, made, answer);
    return status;
}

docket_status dk_ledger_issue(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                              struct dk_record_answer *answer)
{
    const struct dk_key_record *key = NULL;
    const struct dk_ledger_record *record = NULL;
    bool settled = is_settled(plan, item);
    docket_status status = check_item(item, settled);
    if (status != DOCKET_OK)
        return status;
    if (item->key[0] != 0) /* a new one, as a rule: no sentence is made for it */
        status = dk_plan_find_key(plan, DK_NAMED_KEY, item->key, &key);
    if (status == DOCKET_OK && key != NULL)
        status = dk_plan_key(plan, item->key, &key, &record);
    if (status != DOCKET_OK && status != DOCKET_NOT_HELD && status != DOCKET_ALREADY_RELEASED)
        return status;
    if (status == DOCKET_OK && key != NULL)
        return repeat(plan, parcel, item, key, record, answer);
    if (item->key[0] == 0 && parcel->connection->gone)
        return dk_fail(DOCKET_UNREACHABLE, "the caller has gone, and nobody would hear of the number");
    return give(plan, parcel, item, settled, answer);
}

/* ---- a look ---- */

docket_status dk_ledger_look(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                             struct dk_record_answer *answer)
{
    const struct dk_key_record *key;
    const struct dk_ledger_record *record = NULL;
    int32_t label = item->period;
    uint64_t number = item->number;
    docket_status status = DOCKET_OK;
    (void)parcel;
    if (item->key[0] != 0) {
        status = dk_plan_key(plan, item->key, &key, &record);
        if (status == DOCKET_OK && record == NULL && key->document[0] != 0)
            tell_dropped(key, answer);
        if (status != DOCKET_OK || (record == NULL && key->document[0] != 0))
            return status;
        label = key->period;
        number = key->ranges[0].first;
    } else if (item->text[0] != 0) {
        status = dk_plan_read_text(plan, item->text, &label, &number);
        if (status == DOCKET_OK) { /* what it reads as, also where nobody was given the number */
            answer->period = label;
            answer->number = number;
        }
    }
    if (status == DOCKET_OK)
        status = dk_plan_find(plan, label, number, &record);
    if (status == DOCKET_OK && record == NULL)
        status = dk_fail(DOCKET_NOT_HELD, "nobody was given number %llu of %s", (unsigned long long)number,
                         dk_ended_name(&plan->series->record, label));
    if (status == DOCKET_OK)
        dk_ledger_tell(plan, record, answer);
    return status;
}
