/* SPDX-License-Identifier: MIT */
/*
 * decide: what becomes of a number that is reserved, pending or in doubt: settled, void, released; by its
 * holder, by whoever says its key or its reservation's name, or by an admin.
 *
 * Invariant: a number that was released and given to somebody else is never touched under its old key or name.
 * What a key or name had is kept for ever, and counts only while the number's record says the same.
 */
#include "daemon/ledger/hold.h"

#include "daemon/ended/ended.h"
#include "numbering/reason.h"

#include <string.h>

enum { RESOLVED_OF_PACKET = 4096 };

static const char *name_of(const struct dk_plan *plan, int32_t period)
{
    return dk_ended_name(&plan->series->record, period);
}

/* ---- what a verb makes of a number ---- */

docket_status dk_ledger_goal(struct dk_plan *plan, const struct dk_ledger_record *record, enum dk_verb verb, bool frees,
                             enum dk_state *to)
{
    const struct dk_series_record *series = &plan->series->record;
    struct dk_plan_period *period;
    int64_t accepted_ns = 0;
    docket_status status = dk_ledger_move((enum dk_state)record->state, verb,
                                          series->policy->release == DK_VOID_RELEASED, frees, to);
    if (status != DOCKET_OK || *to != DK_STATE_FREE)
        return status;
    status = dk_plan_period(plan, record->period, &period);
    if (status == DOCKET_OK)
        status = dk_ended_accepted(plan->daemon, &accepted_ns);
    if (status == DOCKET_OK && (record->first_ns <= accepted_ns || /* released, and given since, in what was lost? */
                                period->image.closed == DK_CLOSED_FOR_GOOD || series->retired_ns != 0 ||
                                record->number < period->image.interval_first))
        *to = DK_STATE_VOID; /* nobody may ever be given it: it would be a hole without a reason */
    return status;
}

static const char *why_void(const struct dk_plan *plan, enum dk_verb verb, const struct dk_said *said)
{
    if (verb != DK_VERB_RELEASE)
        return said->reason;
    return plan->series->record.policy->release == DK_VOID_RELEASED
               ? "released, and what is released in this series is void"
               : "released after its period was closed, its interval was over, its series was retired or an older store was "
                 "accepted";
}

docket_status dk_ledger_become(struct dk_plan *plan, const struct dk_ledger_record *record, enum dk_verb verb,
                               enum dk_state to, const struct dk_said *said)
{
    struct dk_ledger_record made = *record;
    made.state = (uint8_t)to;
    made.uid = said->uid;
    if (verb != DK_VERB_EXPIRE) /* then it stays the one of who held it */
        made.host = said->host;
    made.attempts += said->again;
    if (said->error[0] != 0)
        made.error = said->error;
    if (said->event_at != 0) {
        made.event = 0;
        made.event_at = said->event_at;
    }
    if (!dk_state_is_held(to)) {
        made.seat = -1;
        made.expires_ns = 0;
    }
    if (to == DK_STATE_VOID) {
        made.cause = verb == DK_VERB_VOID ? DK_CAUSE_VOIDED : DK_CAUSE_GIVEN_BACK;
        made.reason = why_void(plan, verb, said);
        if (verb != DK_VERB_VOID)
            made.key = ""; /* released: its key may get another number */
    }
    return dk_plan_put(plan, &made);
}

/* One number less is held. */
static void lessen_hold(struct dk_plan *plan, const struct dk_ledger_record *record)
{
    const struct dk_hold_record *is = dk_hold_of(plan->daemon, record);
    if (is == NULL)
        return;
    struct dk_hold_record hold = *is;
    hold.text = dk_plan_print(plan, "%s", is->text);
    hold.removed = hold.kind == DK_NAMED_PENDING || hold.left <= 1;
    hold.left--;
    dk_hold_put(plan, &hold);
}

/* ---- sentences ---- */

static docket_status say_decided(const struct dk_plan *plan, const struct dk_ledger_record *record,
                                 docket_status status)
{
    const char *name = name_of(plan, record->period);
    unsigned long long number = record->number;
    if (status == DOCKET_ALREADY_SETTLED)
        return dk_fail(status, "number %llu of %s is issued; if no document is to have it, void it, with a reason",
                       number, name);
    if (status == DOCKET_ALREADY_VOID)
        return dk_fail(status, "number %llu of %s is void (%s), and stays so", number, name, record->reason);
    if (status == DOCKET_ALREADY_RELEASED)
        return dk_fail(status, "number %llu of %s was released: it is free, and whoever asks next gets it", number,
                       name);
    return status;
}

static docket_status say_dropped(const struct dk_plan *plan, int32_t label, uint64_t number)
{
    return dk_fail(DOCKET_ALREADY_SETTLED, "number %llu of %s is issued; its record was exported and dropped, so nothing "
                                           "else becomes of it",
                   (unsigned long long)number, name_of(plan, label));
}

static docket_status stop_at(void *context, const struct dk_fate_record *record)
{
    uint64_t number = *(const uint64_t *)context;
    return record->range.first <= number && number <= record->range.last ? DOCKET_EXISTS : DOCKET_OK;
}

/* Had it a record, and was that dropped with those of its period? Not if it was passed over. */
static bool was_dropped(struct dk_plan *plan, int32_t label, uint64_t number)
{
    const struct dk_key_record *mark;
    if (dk_plan_find_key(plan, DK_NAMED_DROPPED, dk_plan_print(plan, "%d", (int)label), &mark) != DOCKET_OK ||
        mark == NULL || number < mark->ranges[0].first || number > mark->ranges[0].last)
        return false;
    return dk_store_each_range(plan->daemon->store, plan->book->series_id, label, stop_at, &number) == DOCKET_OK;
}

static docket_status say_unknown(struct dk_plan *plan, int32_t label, uint64_t number)
{
    struct dk_plan_period *period;
    if (dk_plan_period(plan, label, &period) == DOCKET_OK && period->found && number < period->image.next &&
        number >= period->image.extent_first) {
        if (was_dropped(plan, label, number))
            return say_dropped(plan, label, number);
        return dk_fail(DOCKET_NOT_HELD, "number %llu of %s has no record: it was handed out, or left out, before the "
                                        "series had a ledger, and nobody holds it",
                       (unsigned long long)number, name_of(plan, label));
    }
    return dk_fail(DOCKET_NOT_HELD, "number %llu of %s was never given to anybody", (unsigned long long)number,
                   name_of(plan, label));
}

static docket_status say_not_yours(const struct dk_plan *plan, const struct dk_ledger_record *record)
{
    const struct dk_hold_record *hold = dk_hold_of(plan->daemon, record);
    const char *name = name_of(plan, record->period);
    unsigned long long number = record->number;
    if (record->state == DK_STATE_ISSUED)
        return dk_fail(DOCKET_NOT_YOURS, "number %llu of %s is issued: to make it void say its key (or the name of its "
                                         "reservation), or be an admin",
                       number, name);
    if (record->state == DK_STATE_IN_DOUBT)
        return dk_fail(DOCKET_NOT_YOURS, "number %llu of %s is in doubt (%s): say its key or the name of its "
                                         "reservation, or let an admin decide with `docket resolve`",
                       number, name, record->error);
    return dk_fail(DOCKET_NOT_YOURS, "number %llu of %s is %s, held by %s (uid %u): say its key or the name of its "
                                     "reservation",
                   number, name, dk_state_name(record->state),
                   hold == NULL || hold->seat < 0 ? "nobody but its time" : "another process",
                   hold == NULL ? record->uid : hold->uid);
}

/* ---- which number ---- */

docket_status dk_plan_key(struct dk_plan *plan, const char *text, const struct dk_key_record **key,
                          const struct dk_ledger_record **record)
{
    const struct dk_series_record *series = &plan->series->record;
    *record = NULL;
    docket_status status = dk_plan_find_key(plan, DK_NAMED_KEY, text, key);
    if (status != DOCKET_OK)
        return status;
    if (*key == NULL)
        return dk_fail(DOCKET_NOT_HELD, "no number of %s/%s ever had this key", series->tenant, series->name);
    if ((*key)->range_count != 1)
        return dk_fail(DOCKET_DAMAGED, "a key of %s/%s names %u ranges of numbers", series->tenant, series->name,
                       (*key)->range_count);
    uint64_t number = (*key)->ranges[0].first;
    status = dk_plan_find(plan, (*key)->period, number, record);
    if (status != DOCKET_OK || (*record == NULL && (*key)->document[0] != 0))
        return status;
    if (*record == NULL && !was_dropped(plan, (*key)->period, number))
        return dk_fail(DOCKET_DAMAGED, "a key leads to number %llu of %s, which has no record", (unsigned long long)number,
                       name_of(plan, (*key)->period));
    if (*record != NULL && (*record)->state != DK_STATE_FREE && strcmp((*record)->key, text) == 0)
        return DOCKET_OK;
    return dk_fail(DOCKET_ALREADY_RELEASED, "the key had number %llu of %s, which was released: it has none now",
                   (unsigned long long)number, name_of(plan, (*key)->period));
}

docket_status dk_reservation_numbers(struct dk_plan *plan, const struct dk_key_record *reservation, unsigned states,
                                     const struct dk_ledger_record ***numbers, uint32_t *count)
{
    uint64_t room = 0;
    const struct dk_hold_record names = {
        .series_id = plan->book->series_id, .kind = DK_NAMED_RESERVATION, .text = reservation->text};
    *count = 0;
    if (dk_hold_find(plan->daemon, &names) == NULL)
        return DOCKET_OK; /* all of it is decided: nobody looks through ten thousand records */
    for (uint32_t r = 0; r < reservation->range_count; r++)
        room += reservation->ranges[r].last - reservation->ranges[r].first + 1;
    if (room > DOCKET_RESERVE_MAX)
        return dk_fail(DOCKET_DAMAGED, "a reservation of %s has %llu numbers", name_of(plan, reservation->period),
                       (unsigned long long)room);
    *numbers = dk_plan_alloc(plan, (size_t)room * sizeof **numbers);
    for (uint32_t r = 0; r < reservation->range_count; r++) {
        for (uint64_t number = reservation->ranges[r].first; number <= reservation->ranges[r].last; number++) {
            const struct dk_ledger_record *record;
            docket_status status = dk_plan_find(plan, reservation->period, number, &record);
            if (status != DOCKET_OK)
                return status;
            if (record != NULL && (states & 1u << record->state) && strcmp(record->hold, reservation->text) == 0)
                (*numbers)[(*count)++] = record;
        }
    }
    return DOCKET_OK;
}

static docket_status find_reservation(struct dk_plan *plan, const char *name, const struct dk_key_record **reservation)
{
    docket_status status = dk_key_check("reservation's name", name);
    if (status == DOCKET_OK)
        status = dk_plan_find_key(plan, DK_NAMED_RESERVATION, name, reservation);
    if (status != DOCKET_OK || *reservation != NULL)
        return status;
    return dk_fail(DOCKET_NOT_HELD, "%s/%s never had a reservation of this name", plan->series->record.tenant,
                   plan->series->record.name);
}

/* The number is of the reservation that is named, and still its own. */
static docket_status check_reservation(struct dk_plan *plan, const char *name, const struct dk_ledger_record *record)
{
    const struct dk_key_record *reservation;
    docket_status status = find_reservation(plan, name, &reservation);
    bool had = false;
    if (status != DOCKET_OK)
        return status;
    for (uint32_t r = 0; r < reservation->range_count && reservation->period == record->period; r++)
        had = had || (reservation->ranges[r].first <= record->number && record->number <= reservation->ranges[r].last);
    if (!had)
        return dk_fail(DOCKET_NOT_YOURS, "number %llu of %s is none of this reservation's",
                       (unsigned long long)record->number, name_of(plan, record->period));
    if (record->state != DK_STATE_FREE && strcmp(record->hold, name) == 0)
        return DOCKET_OK;
    return dk_fail(DOCKET_ALREADY_RELEASED, "number %llu of %s was released by this reservation, which does not have it "
                                            "any more",
                   (unsigned long long)record->number, name_of(plan, record->period));
}

/* By text: the text must be the one that the number was given with, whatever the template is by now. */
static docket_status read_text(struct dk_plan *plan, const char *text, const struct dk_ledger_record **record)
{
    int32_t label;
    uint64_t number;
    docket_status status = dk_plan_read_text(plan, text, &label, &number);
    if (status == DOCKET_OK)
        status = dk_plan_find(plan, label, number, record);
    if (status == DOCKET_OK && *record == NULL)
        return say_unknown(plan, label, number);
    if (status != DOCKET_OK || strcmp((*record)->text, text) == 0)
        return status;
    return dk_fail(DOCKET_NOT_OF_SERIES, "the text reads as number %llu of %s, which was given as %s",
                   (unsigned long long)number, name_of(plan, label), (*record)->text);
}

/* The record, and if what was said shows that the caller may (*proved). */
static docket_status find(struct dk_plan *plan, const struct dk_record_item *item,
                          const struct dk_ledger_record **record, bool *proved)
{
    const struct dk_key_record *key = NULL;
    docket_status status = DOCKET_OK;
    *record = NULL;
    *proved = false;
    if (item->key[0] != 0) {
        status = dk_key_check("key", item->key);
        if (status == DOCKET_OK)
            status = dk_plan_key(plan, item->key, &key, record);
        if (status == DOCKET_OK && *record == NULL)
            status = say_dropped(plan, key->period, key->ranges[0].first);
        *proved = status == DOCKET_OK;
    } else if (item->text[0] != 0) {
        status = read_text(plan, item->text, record);
    } else if (item->number == 0) {
        status = dk_fail(DOCKET_BAD_ARGUMENT, "which number? Say its key, its text, or its period and number");
    } else {
        status = dk_plan_find(plan, item->period, item->number, record);
        if (status == DOCKET_OK && *record == NULL)
            status = say_unknown(plan, item->period, item->number);
    }
    if (status == DOCKET_OK && item->hold[0] != 0) {
        status = check_reservation(plan, item->hold, *record);
        *proved = status == DOCKET_OK;
    }
    return status;
}

/* ---- who may ---- */

static docket_status check_admin(const struct dk_plan *plan, const struct dk_parcel *parcel)
{
    const struct dk_series_record *series = &plan->series->record;
    return dk_admin_check(parcel->connection, "decide about numbers in doubt", series->tenant, series->name);
}

static docket_status check_may(const struct dk_plan *plan, const struct dk_parcel *parcel,
                               const struct dk_ledger_record *record, bool proved)
{
    bool resolves = (parcel->head.flags & DK_RECORD_RESOLVE) != 0; /* by an admin: it was checked */
    if (record->state == DK_STATE_ISSUED) /* void is wanted */
        return proved || resolves || dk_is_admin(parcel->connection) ? DOCKET_OK : say_not_yours(plan, record);
    if (resolves && record->state != DK_STATE_IN_DOUBT)
        return dk_fail(DOCKET_NOT_YOURS, "number %llu of %s is %s: somebody still decides about it, and only what is in "
                                         "doubt is resolved",
                       (unsigned long long)record->number, name_of(plan, record->period), dk_state_name(record->state));
    if (proved || resolves || dk_hold_is_senders(dk_hold_of(plan->daemon, record), parcel))
        return DOCKET_OK;
    return say_not_yours(plan, record);
}

/* The verb, and why. */
static docket_status check_packet(const struct dk_plan *plan, const struct dk_parcel *parcel,
                                  const struct dk_record_item *item)
{
    const struct dk_record_head *head = &parcel->head;
    bool resolves = (head->flags & DK_RECORD_RESOLVE) != 0;
    if (head->verb != DK_VERB_SETTLE && head->verb != DK_VERB_VOID && head->verb != DK_VERB_RELEASE)
        return dk_fail(DOCKET_BAD_ARGUMENT, "verb %u is none of settle, void and release", head->verb);
    docket_status status = resolves ? check_admin(plan, parcel) : DOCKET_OK;
    if (status == DOCKET_OK && (resolves || head->verb == DK_VERB_VOID))
        status = dk_reason_check(item->reason);
    return status;
}

/* ---- one number ---- */

static struct dk_said said_by(const struct dk_parcel *parcel, const struct dk_record_item *item)
{
    bool again = parcel->head.attempt > 1;
    return (struct dk_said){.uid = parcel->connection->uid,
                            .host = parcel->head.host,
                            .error = again ? parcel->head.error : "",
                            .reason = item->reason,
                            .again = again};
}

static docket_status decide_one(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                const struct dk_ledger_record *record)
{
    enum dk_verb verb = (enum dk_verb)parcel->head.verb;
    bool resolves = (parcel->head.flags & DK_RECORD_RESOLVE) != 0;
    struct dk_said said = said_by(parcel, item);
    enum dk_state to;
    docket_status status = dk_ledger_goal(plan, record, verb, false, &to);
    if (status != DOCKET_OK)
        return status;
    if (resolves || verb == DK_VERB_VOID)
        said.event_at = dk_plan_event(plan, resolves ? "resolve" : "void", said.uid, item->reason,
                                      "number %llu of %s was %s and is %s", (unsigned long long)record->number,
                                      name_of(plan, record->period), dk_state_name(record->state), dk_state_name(to));
    lessen_hold(plan, record);
    return dk_ledger_become(plan, record, verb, to, &said);
}

docket_status dk_ledger_decide(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                               struct dk_record_answer *answer)
{
    const struct dk_ledger_record *record;
    bool proved;
    enum dk_state to;
    docket_status status = check_packet(plan, parcel, item);
    if (status == DOCKET_OK)
        status = find(plan, item, &record, &proved);
    if (status != DOCKET_OK)
        return status;
    dk_ledger_tell(plan, record, answer);
    status = dk_ledger_goal(plan, record, (enum dk_verb)parcel->head.verb, false, &to);
    if (status != DOCKET_OK)
        return say_decided(plan, record, status);
    status = check_may(plan, parcel, record, proved);
    if (status == DOCKET_OK)
        status = decide_one(plan, parcel, item, record);
    if (status == DOCKET_OK)
        status = dk_plan_find(plan, record->period, record->number, &record);
    if (status == DOCKET_OK)
        dk_ledger_tell(plan, record, answer);
    return status;
}

/* ---- many ---- */

/* Numbers of one hold. */
struct share {
    struct share *next;
    struct dk_hold_record hold;
    const struct dk_ledger_record **numbers;
    uint32_t count;
};

static docket_status decide_share(struct dk_plan *plan, const struct share *share, enum dk_verb verb,
                                  const struct dk_said *said)
{
    docket_status status = DOCKET_OK;
    for (uint32_t i = 0; i < share->count && status == DOCKET_OK; i++) {
        enum dk_state to;
        status = dk_ledger_goal(plan, share->numbers[i], verb, false, &to);
        if (status == DOCKET_OK)
            status = dk_ledger_become(plan, share->numbers[i], verb, to, said);
    }
    if (status != DOCKET_OK)
        return status;
    struct dk_hold_record hold = share->hold;
    hold.removed = true;
    dk_hold_put(plan, &hold);
    return DOCKET_OK;
}

static const char *outcome_of(const struct dk_plan *plan, uint32_t verb)
{
    if (verb == DK_VERB_RELEASE)
        return plan->series->record.policy->release == DK_VOID_RELEASED ? "void, as what is released there" : "released";
    return verb == DK_VERB_SETTLE ? "settled" : "void";
}

static docket_status decide_reservation(struct dk_plan *plan, const struct dk_parcel *parcel,
                                        const struct dk_record_item *item, struct dk_record_answer *answer)
{
    const struct dk_key_record *reservation;
    struct share share = {.hold = {.kind = DK_NAMED_RESERVATION}};
    docket_status status = find_reservation(plan, item->hold, &reservation);
    if (status == DOCKET_OK)
        status = dk_reservation_numbers(plan, reservation, 1u << DK_STATE_RESERVED | 1u << DK_STATE_IN_DOUBT,
                                        &share.numbers, &share.count);
    if (status != DOCKET_OK)
        return status;
    answer->period = reservation->period;
    answer->date = reservation->date;
    answer->expires_ns = reservation->expires_ns;
    answer->number = share.count;
    if (share.count == 0)
        return DOCKET_OK;
    struct dk_said said = said_by(parcel, item);
    share.hold.text = reservation->text;
    share.hold.period = reservation->period;
    if (parcel->head.verb == DK_VERB_VOID)
        said.event_at = dk_plan_event(plan, "void", said.uid, item->reason,
                                      "%u numbers of a reservation of %s, %llu the first of them, are void",
                                      share.count, name_of(plan, reservation->period),
                                      (unsigned long long)share.numbers[0]->number);
    return decide_share(plan, &share, (enum dk_verb)parcel->head.verb, &said);
}

/* What is in doubt of a hold. */
static docket_status share_of(struct dk_plan *plan, const struct dk_hold *hold, struct share **made)
{
    struct share *share = dk_plan_alloc(plan, sizeof *share);
    const struct dk_key_record *reservation;
    const struct dk_ledger_record *record;
    share->hold = hold->record;
    share->hold.text = dk_plan_print(plan, "%s", hold->record.text);
    *made = share;
    if (hold->record.kind == DK_NAMED_RESERVATION) {
        docket_status status = dk_plan_find_key(plan, DK_NAMED_RESERVATION, hold->record.text, &reservation);
        return status != DOCKET_OK || reservation == NULL
                   ? status
                   : dk_reservation_numbers(plan, reservation, 1u << DK_STATE_IN_DOUBT, &share->numbers, &share->count);
    }
    docket_status status = dk_plan_find(plan, hold->record.period, hold->record.number, &record);
    if (status != DOCKET_OK || record == NULL || record->state != DK_STATE_IN_DOUBT)
        return status;
    share->numbers = dk_plan_alloc(plan, sizeof *share->numbers);
    share->numbers[0] = record;
    share->count = 1;
    return DOCKET_OK;
}

/* So many as one packet decides; the asker asks again until there is none. */
static docket_status gather_doubt(struct dk_plan *plan, int32_t period, struct share **shares, uint64_t *count)
{
    const struct dk_holds_series *series = dk_holds_find_series(plan->daemon, plan->book->series_id);
    const struct dk_link *link = series == NULL ? NULL : series->holds;
    *shares = NULL;
    *count = 0;
    for (; link != NULL && *count < RESOLVED_OF_PACKET; link = link->next) {
        const struct dk_hold *hold = DK_OF_LINK(const struct dk_hold, of_series, link);
        struct share *share;
        if (!hold->record.in_doubt || (period >= 0 && hold->record.period != period))
            continue;
        docket_status status = share_of(plan, hold, &share);
        if (status != DOCKET_OK)
            return status;
        if (share->count == 0)
            continue;
        share->next = *shares;
        *shares = share;
        *count += share->count;
    }
    return DOCKET_OK;
}

static docket_status resolve_all(struct dk_plan *plan, const struct dk_parcel *parcel,
                                 const struct dk_record_item *item, struct dk_record_answer *answer)
{
    struct share *shares;
    docket_status status = gather_doubt(plan, item->period, &shares, &answer->number);
    answer->period = item->period;
    if (status != DOCKET_OK || answer->number == 0)
        return status;
    struct dk_said said = said_by(parcel, item);
    said.event_at = dk_plan_event(plan, "resolve", said.uid, item->reason, "%llu numbers in doubt of %s%s are %s",
                                  (unsigned long long)answer->number,
                                  item->period < 0 ? "every period of " : "", name_of(plan, item->period < 0 ? 0 : item->period),
                                  outcome_of(plan, parcel->head.verb));
    for (const struct share *share = shares; share != NULL && status == DOCKET_OK; share = share->next)
        status = decide_share(plan, share, (enum dk_verb)parcel->head.verb, &said);
    return status;
}

docket_status dk_ledger_decide_all(struct dk_plan *plan, const struct dk_parcel *parcel,
                                   const struct dk_record_item *item, struct dk_record_answer *answer)
{
    docket_status status = check_packet(plan, parcel, item);
    if (status != DOCKET_OK)
        return status;
    if (item->hold[0] != 0)
        return decide_reservation(plan, parcel, item, answer);
    if (parcel->head.flags & DK_RECORD_RESOLVE)
        return resolve_all(plan, parcel, item, answer);
    return dk_fail(DOCKET_BAD_ARGUMENT, "which reservation? Its name is missing");
}
