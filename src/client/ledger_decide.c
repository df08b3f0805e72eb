/* SPDX-License-Identifier: MIT */
/* ledger_decide: reservations, what becomes of numbers that are held, and texts of elsewhere. */
#include "client/ledger.h"

#include "numbering/date.h"
#include "numbering/reason.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)DOCKET_SETTLE == (int)DK_VERB_SETTLE && (int)DOCKET_VOID == (int)DK_VERB_VOID &&
                   (int)DOCKET_RELEASE == (int)DK_VERB_RELEASE,
               "verbs go as they are");

static docket_status say(docket_status told, const struct dk_record_answer *answer)
{
    if (told == DOCKET_OK)
        return told;
    return dk_fail(told, "%s", answer->sentence[0] != 0 ? answer->sentence : docket_status_text(told));
}

/* ---- one item, one answer ---- */

struct single {
    struct dk_record_item item;
    uint8_t asked; /* enum dk_asked */
    docket_status told;
    /* Of an answer that is OK or tells of numbers all the same. */
    docket_status (*keep)(void *to, const struct dk_record_answer *answer);
    void *to;
};

static void fill_single(const struct dk_ask *ask, size_t index, struct dk_record_item *item)
{
    const struct single *single = ask->context;
    (void)index;
    *item = single->item;
}

static docket_status hear_single(struct dk_ask *ask, size_t index, const struct dk_record_answer *answer, bool sent_before)
{
    struct single *single = ask->context;
    (void)index;
    (void)sent_before;
    single->told = say((docket_status)answer->status, answer);
    return single->keep == NULL ? DOCKET_OK : single->keep(single->to, answer);
}

static docket_status ask_single(struct dk_ask *ask, struct single *single)
{
    ask->count = 1;
    ask->asked = &single->asked;
    ask->context = single;
    ask->fill = fill_single;
    ask->hear = hear_single;
    docket_status status = dk_ask(ask);
    return status == DOCKET_OK ? single->told : status;
}

/* ---- reservations ---- */

struct reserving {
    uint64_t *numbers;
    uint32_t room;
    struct docket_reserved *held;
};

static docket_status keep_reserved(void *to, const struct dk_record_answer *answer)
{
    struct reserving *reserving = to;
    docket_status told = (docket_status)answer->status;
    uint32_t count = 0;
    if (told != DOCKET_OK && told != DOCKET_PARTIAL && told != DOCKET_KEY_DIFFERS)
        return DOCKET_OK;
    bool listed = told != DOCKET_KEY_DIFFERS;
    for (uint32_t run = 0; run < answer->run_count; run++) {
        if (answer->runs[run].last - answer->runs[run].first >= DOCKET_RESERVE_MAX)
            return dk_fail(DOCKET_PROTOCOL, "docketd answered with a run that is longer than any reservation");
        for (uint64_t number = answer->runs[run].first; number <= answer->runs[run].last; number++, count++) {
            if (listed && count == reserving->room)
                return dk_fail(DOCKET_PROTOCOL, "docketd answered with more numbers than were asked for");
            if (listed)
                reserving->numbers[count] = number;
        }
    }
    *reserving->held = (struct docket_reserved){.period = answer->period,
                                                .date = answer->date,
                                                .count = count,
                                                .expires_ns = answer->expires_ns,
                                                .again = answer->again != 0};
    return DOCKET_OK;
}

static docket_status check_reserve(const struct docket_reserve *asked)
{
    docket_status status = dk_key_check("reservation's name", asked->name);
    if (status == DOCKET_OK && asked->trace != NULL)
        status = dk_trace_check(asked->trace);
    if (status != DOCKET_OK)
        return status;
    if (asked->count == 0 || asked->count > DOCKET_RESERVE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a reservation has 1 to %u numbers, not %u", DOCKET_RESERVE_MAX, asked->count);
    if (asked->expires_s == 0 || asked->expires_s > DOCKET_HOLD_S_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a reservation lasts 1 to %u seconds, not %u", DOCKET_HOLD_S_MAX,
                       asked->expires_s);
    if ((asked->flags & ~(unsigned)DOCKET_DETACHED) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "flags 0x%x: a reservation knows DOCKET_DETACHED only", asked->flags);
    if (asked->date != 0 && !dk_date_supported(asked->date))
        return dk_fail(DOCKET_BAD_DATE, "%u is no date of a document: dates are yyyymmdd, 20010101 to 20991231",
                       asked->date);
    return DOCKET_OK;
}

docket_status docket_reserve(docket_series *series, const struct docket_reserve *asked, int64_t timeout_ns, uint64_t *numbers,
                             struct docket_reserved *held)
{
    if (series == NULL || asked == NULL || numbers == NULL || held == NULL || asked->name == NULL ||
        timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reserve wants a series, what is asked for with its name, places for "
                                            "numbers and what is held, and a timeout of -1 or more");
    docket_status status = check_reserve(asked);
    if (status != DOCKET_OK)
        return status;
    struct reserving reserving = {numbers, asked->count, held};
    struct single single = {.item = {.flags = asked->flags,
                                     .date = asked->date,
                                     .count = asked->count,
                                     .expires_s = asked->expires_s,
                                     .period = -1,
                                     .hold = asked->name,
                                     .trace = asked->trace},
                            .keep = keep_reserved,
                            .to = &reserving};
    struct dk_ask ask = {.series = series,
                         .type = DK_RECORD_RESERVE,
                         .seated = (asked->flags & DOCKET_DETACHED) == 0,
                         .timeout_ns = timeout_ns};
    return ask_single(&ask, &single);
}

/* ---- decisions ---- */

/* An admin says a reason for everything. */
static docket_status check_verb(enum docket_verb verb, bool is_admin, const char *reason)
{
    if (verb < DOCKET_SETTLE || verb > DOCKET_RELEASE)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%d is no decision: numbers are settled, voided or released", (int)verb);
    if (verb == DOCKET_VOID || is_admin)
        return dk_reason_check(reason);
    return reason == NULL ? DOCKET_OK
                          : dk_fail(DOCKET_BAD_ARGUMENT, "a reason is said of numbers that become void, and no others");
}

static docket_status check_which(const struct docket_which *which)
{
    if ((which->key != NULL) + (which->text != NULL) + (which->number != 0) != 1)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a number is named by its key, or its text, or its period and number");
    if (which->key != NULL)
        return dk_key_check("key", which->key);
    if (which->text != NULL && (which->text[0] == 0 || strnlen(which->text, DOCKET_TEXT_MAX) == DOCKET_TEXT_MAX))
        return dk_fail(DOCKET_BAD_ARGUMENT, "a document number has 1 to %d bytes", DOCKET_TEXT_MAX - 1);
    if (which->number > DOCKET_NUMBER_MAX || (which->number != 0 && which->period < 0))
        return dk_fail(DOCKET_BAD_ARGUMENT, "there is no number %llu of period %d", (unsigned long long)which->number,
                       which->period);
    return which->hold == NULL ? DOCKET_OK : dk_key_check("reservation's name", which->hold);
}

struct deciding {
    const struct docket_which *which;
    const uint64_t *numbers; /* docket_resolve(): of this period */
    int32_t period;
    const char *reason;
    docket_status *statuses;
};

static void fill_decide(const struct dk_ask *ask, size_t index, struct dk_record_item *item)
{
    const struct deciding *deciding = ask->context;
    item->reason = deciding->reason;
    if (deciding->numbers != NULL) {
        item->period = deciding->period;
        item->number = deciding->numbers[index];
        return;
    }
    const struct docket_which *which = &deciding->which[index];
    item->key = which->key;
    item->text = which->text;
    item->hold = which->hold;
    item->number = which->number;
    item->period = which->number != 0 ? which->period : -1;
}

/* It stands as it was wanted, and a try of this very call that nobody answered was sent: that was it. */
static bool was_ours(uint32_t verb, docket_status told, bool sent_before)
{
    return sent_before && ((verb == DK_VERB_SETTLE && told == DOCKET_ALREADY_SETTLED) ||
                           (verb == DK_VERB_VOID && told == DOCKET_ALREADY_VOID) ||
                           (verb == DK_VERB_RELEASE && told == DOCKET_ALREADY_RELEASED));
}

static docket_status hear_decide(struct dk_ask *ask, size_t index, const struct dk_record_answer *answer, bool sent_before)
{
    const struct deciding *deciding = ask->context;
    docket_status told = (docket_status)answer->status;
    if (was_ours(ask->verb, told, sent_before))
        told = DOCKET_OK;
    deciding->statuses[index] = say(told, answer);
    return DOCKET_OK;
}

/* Is the caller to be known by what it holds? Whoever says key or reservation may decide anyway. */
static bool wants_seat(const struct docket_which *which, size_t count)
{
    for (size_t i = 0; which != NULL && i < count; i++)
        if (which[i].key == NULL && which[i].hold == NULL)
            return true;
    return false;
}

static docket_status decide(docket_series *series, enum docket_verb verb, uint32_t flags, size_t count, int64_t timeout_ns,
                            struct deciding *deciding, uint8_t *states)
{
    struct dk_ask ask = {.series = series,
                         .type = DK_RECORD_DECIDE,
                         .verb = verb,
                         .flags = flags,
                         .seated = wants_seat(deciding->which, count),
                         .timeout_ns = timeout_ns,
                         .count = count,
                         .asked = states,
                         .context = deciding,
                         .fill = fill_decide,
                         .hear = hear_decide};
    return dk_ask(&ask);
}

docket_status docket_decide(docket_series *series, enum docket_verb verb, const struct docket_which *which, size_t count,
                            const char *reason, int64_t timeout_ns, docket_status *statuses)
{
    if (series == NULL || which == NULL || statuses == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_decide wants a series, numbers, a place for their statuses and a timeout "
                                            "of -1 or more");
    docket_status status = check_verb(verb, false, reason);
    if (status != DOCKET_OK || count == 0)
        return status;
    uint8_t one = DK_ASKED_NOT, *states = count == 1 ? &one : calloc(count, 1);
    if (states == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to decide about %zu numbers", count);
    for (size_t i = 0; i < count; i++) {
        statuses[i] = check_which(&which[i]);
        if (statuses[i] != DOCKET_OK)
            states[i] = DK_ASKED_DONE;
    }
    struct deciding deciding = {.which = which, .reason = reason, .statuses = statuses};
    status = decide(series, verb, 0, count, timeout_ns, &deciding, states);
    if (states != &one)
        free(states);
    return status;
}

static docket_status decide_one(docket_series *series, const struct docket_which *which, int64_t timeout_ns)
{
    docket_status told;
    docket_status status = docket_decide(series, DOCKET_SETTLE, which, 1, NULL, timeout_ns, &told);
    return status == DOCKET_OK ? told : status;
}

docket_status docket_settle(docket_series *series, const char *key, int64_t timeout_ns)
{
    if (key == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_settle wants a key");
    return decide_one(series, &(struct docket_which){.key = key}, timeout_ns);
}

docket_status docket_settle_text(docket_series *series, const char *text, int64_t timeout_ns)
{
    if (text == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_settle_text wants a document number");
    return decide_one(series, &(struct docket_which){.text = text}, timeout_ns);
}

/* ---- all of a reservation, all in doubt ---- */

static docket_status keep_count(void *to, const struct dk_record_answer *answer)
{
    if (answer->status == DOCKET_OK)
        *(uint64_t *)to = answer->number;
    return DOCKET_OK;
}

docket_status docket_decide_reserved(docket_series *series, enum docket_verb verb, const char *name, const char *reason,
                                     int64_t timeout_ns, uint32_t *done)
{
    uint64_t decided = 0;
    if (series == NULL || name == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_decide_reserved wants a series, a reservation's name and a timeout of -1 "
                                            "or more");
    docket_status status = check_verb(verb, false, reason);
    if (status == DOCKET_OK)
        status = dk_key_check("reservation's name", name);
    if (status != DOCKET_OK)
        return status;
    struct single single = {.item = {.hold = name, .reason = reason, .period = -1}, .keep = keep_count, .to = &decided};
    struct dk_ask ask = {
        .series = series, .type = DK_RECORD_DECIDE_ALL, .verb = verb, .timeout_ns = timeout_ns};
    status = ask_single(&ask, &single);
    if (status == DOCKET_OK && done != NULL)
        *done = (uint32_t)decided;
    return status;
}

/* docketd decides about so many of them in one commit: until there are none left. */
static docket_status resolve_all(docket_series *series, enum docket_verb verb, int32_t period, const char *reason,
                                 int64_t timeout_ns, uint64_t *done)
{
    for (;;) {
        uint64_t decided = 0;
        struct single single = {.item = {.period = period, .reason = reason}, .keep = keep_count, .to = &decided};
        struct dk_ask ask = {.series = series,
                             .type = DK_RECORD_DECIDE_ALL,
                             .verb = verb,
                             .flags = DK_RECORD_RESOLVE,
                             .timeout_ns = timeout_ns};
        docket_status status = ask_single(&ask, &single);
        *done += decided;
        if (status != DOCKET_OK || decided == 0)
            return status;
    }
}

static docket_status resolve_each(docket_series *series, enum docket_verb verb, struct deciding *deciding, size_t count,
                                  int64_t timeout_ns, uint64_t *done)
{
    uint8_t *states = calloc(count, 1);
    deciding->statuses = calloc(count, sizeof *deciding->statuses);
    docket_status status = states == NULL || deciding->statuses == NULL
                               ? dk_fail(DOCKET_NO_MEMORY, "no memory to resolve %zu numbers", count)
                               : decide(series, verb, DK_RECORD_RESOLVE, count, timeout_ns, deciding, states);
    for (size_t i = 0; status == DOCKET_OK && i < count; i++)
        *done += deciding->statuses[i] == DOCKET_OK;
    for (size_t i = 0; status == DOCKET_OK && i < count; i++)
        status = deciding->statuses[i];
    free(states);
    free(deciding->statuses);
    return status;
}

docket_status docket_resolve(docket_series *series, enum docket_verb verb, int32_t period, const uint64_t *numbers,
                             size_t count, const char *reason, int64_t timeout_ns, uint64_t *done)
{
    uint64_t decided = 0;
    if (series == NULL || (numbers == NULL && count > 0) || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_resolve wants a series, numbers if it counts some, and a timeout of -1 or "
                                            "more");
    docket_status status = check_verb(verb, true, reason);
    if (status == DOCKET_OK && (period < DOCKET_EVERY_PERIOD || (period < 0 && count > 0)))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%d is no period that numbers are of", period);
    for (size_t i = 0; status == DOCKET_OK && i < count; i++)
        if (numbers[i] == 0 || numbers[i] > DOCKET_NUMBER_MAX)
            status = dk_fail(DOCKET_BAD_ARGUMENT, "there is no number %llu", (unsigned long long)numbers[i]);
    if (status != DOCKET_OK)
        return status;
    struct deciding deciding = {.numbers = numbers, .period = period, .reason = reason};
    status = count == 0 ? resolve_all(series, verb, period, reason, timeout_ns, &decided)
                        : resolve_each(series, verb, &deciding, count, timeout_ns, &decided);
    if (done != NULL)
        *done = decided;
    return status;
}

/* ---- elsewhere ---- */

static docket_status keep_clash(void *to, const struct dk_record_answer *answer)
{
    return answer->status != DOCKET_COLLISION || answer->number == 0 ? DOCKET_OK : dk_number_of(answer, to);
}

docket_status docket_elsewhere(docket_series *series, const char *text, const char *note, int64_t timeout_ns,
                               struct docket_number *got)
{
    if (series == NULL || text == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_elsewhere wants a series, a document number and a timeout of -1 or more");
    docket_status status = dk_reason_check(note);
    if (status == DOCKET_OK)
        status = dk_printable_check("document number", text);
    if (status == DOCKET_OK && (text[0] == 0 || strlen(text) >= DOCKET_TEXT_MAX))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "a document number has 1 to %d bytes", DOCKET_TEXT_MAX - 1);
    if (status != DOCKET_OK)
        return status;
    struct docket_number clash = {0};
    struct single single = {
        .item = {.period = -1, .text = text, .reason = note}, .keep = keep_clash, .to = got != NULL ? got : &clash};
    struct dk_ask ask = {.series = series, .type = DK_RECORD_ELSEWHERE, .timeout_ns = timeout_ns};
    return ask_single(&ask, &single);
}
