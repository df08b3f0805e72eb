/* SPDX-License-Identifier: MIT */
/* ledger: numbers that are issued, by key, without one, and many at once. */
#include "client/ledger.h"

#include "numbering/date.h"

#include <stdlib.h>
#include <string.h>

enum { ISSUE_FLAGS = DOCKET_PENDING | DOCKET_SETTLED | DOCKET_DETACHED };

docket_status dk_number_of(const struct dk_record_answer *answer, struct docket_number *number)
{
    size_t length = strlen(answer->text);
    if (answer->number == 0 || answer->number > DOCKET_NUMBER_MAX || answer->state >= DK_STATE_COUNT ||
        length >= sizeof number->text)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered with number %llu in state %u and a text of %zu bytes, which is no "
                                        "number",
                       (unsigned long long)answer->number, answer->state, length);
    memset(number, 0, sizeof *number);
    number->number = answer->number;
    number->period = answer->period;
    number->date = answer->date;
    number->state = dk_state_name(answer->state);
    number->again = answer->again != 0;
    number->attempts = answer->attempts;
    memcpy(number->text, answer->text, length);
    return DOCKET_OK;
}

/* ---- what may be asked ---- */

static docket_status check_flags(const struct docket_issue *asked)
{
    unsigned flags = asked->flags;
    if ((flags & ~(unsigned)ISSUE_FLAGS) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "flags 0x%x: this library knows DOCKET_PENDING, DOCKET_SETTLED and "
                                            "DOCKET_DETACHED",
                       flags);
    if ((flags & DOCKET_SETTLED) != 0 && (flags & (DOCKET_PENDING | DOCKET_DETACHED)) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a number that is settled at once is neither pending nor held by anybody");
    if ((flags & DOCKET_DETACHED) != 0 && asked->expires_s == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "nobody holds a number that is detached: it wants a time, expires_s");
    if (asked->expires_s > DOCKET_HOLD_S_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a number is held for at most %u seconds, not %u", DOCKET_HOLD_S_MAX,
                       asked->expires_s);
    return DOCKET_OK;
}

static docket_status check_issue(const struct docket_issue *asked)
{
    docket_status status = check_flags(asked);
    if (status == DOCKET_OK && asked->key != NULL)
        status = dk_key_check("key", asked->key);
    if (status == DOCKET_OK && asked->trace != NULL)
        status = dk_trace_check(asked->trace);
    if (status == DOCKET_OK && asked->metadata != NULL && strnlen(asked->metadata, DK_METADATA_MAX + 1) > DK_METADATA_MAX)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "metadata has more than %d bytes", DK_METADATA_MAX);
    if (status == DOCKET_OK && asked->date != 0 && !dk_date_supported(asked->date))
        status = dk_fail(DOCKET_BAD_DATE, "%u is no date of a document: dates are yyyymmdd, 20010101 to 20991231",
                         asked->date);
    return status;
}

/* ---- asking ---- */

struct issuing {
    const struct docket_issue *asked;
    struct docket_number *got;
    docket_status *statuses;
    uint32_t room; /* for the text, of an issue without key; 0: DOCKET_TEXT_MAX */
};

static void fill_issue(const struct dk_ask *ask, size_t index, struct dk_record_item *item)
{
    const struct issuing *issuing = ask->context;
    const struct docket_issue *asked = &issuing->asked[index];
    item->flags = asked->flags;
    item->date = asked->date;
    item->expires_s = asked->expires_s;
    item->count = issuing->room;
    item->key = asked->key;
    item->trace = asked->trace;
    item->metadata = asked->metadata;
}

static bool has_key(const struct dk_ask *ask, size_t index)
{
    const struct issuing *issuing = ask->context;
    return issuing->asked[index].key != NULL;
}

/* A failure that tells of a number, too. */
static bool tells_number(docket_status status)
{
    return status == DOCKET_KEY_DIFFERS || status == DOCKET_KEY_VOID;
}

static docket_status hear_issue(struct dk_ask *ask, size_t index, const struct dk_record_answer *answer, bool sent_before)
{
    struct issuing *issuing = ask->context;
    docket_status told = (docket_status)answer->status, status = DOCKET_OK;
    (void)sent_before;
    if (told == DOCKET_OK || (tells_number(told) && answer->number != 0))
        status = dk_number_of(answer, &issuing->got[index]);
    if (status != DOCKET_OK)
        return status;
    if (told != DOCKET_OK)
        dk_fail(told, "%s", answer->sentence[0] != 0 ? answer->sentence : docket_status_text(told));
    issuing->statuses[index] = told;
    return DOCKET_OK;
}

/* Is somebody to hold what is asked for? */
static bool wants_seat(const struct docket_issue *asked, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((asked[i].flags & (DOCKET_SETTLED | DOCKET_DETACHED)) == 0)
            return true;
    return false;
}

static bool all_have_keys(const struct docket_issue *asked, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (asked[i].key == NULL)
            return false;
    return true;
}

static docket_status issue(docket_series *series, int64_t timeout_ns, size_t count, struct issuing *issuing, uint8_t *asked)
{
    struct dk_ask ask = {.series = series,
                         .type = DK_RECORD_ISSUE,
                         .seated = wants_seat(issuing->asked, count),
                         .timeout_ns = timeout_ns,
                         .count = count,
                         .asked = asked,
                         .context = issuing,
                         .fill = fill_issue,
                         .is_safe = all_have_keys(issuing->asked, count) ? NULL : has_key,
                         .hear = hear_issue};
    return dk_ask(&ask);
}

docket_status docket_issue(docket_series *series, const struct docket_issue *asked, int64_t timeout_ns,
                           struct docket_number *got)
{
    docket_status told = DOCKET_OK;
    uint8_t state = DK_ASKED_NOT;
    if (series == NULL || asked == NULL || got == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_issue wants a series, what is asked for, a place for the number and a "
                                            "timeout of -1 or more");
    docket_status status = check_issue(asked);
    if (status != DOCKET_OK)
        return status;
    struct issuing issuing = {.asked = asked, .got = got, .statuses = &told};
    status = issue(series, timeout_ns, 1, &issuing, &state);
    return status == DOCKET_OK ? told : status;
}

docket_status docket_issue_many(docket_series *series, const struct docket_issue *asked, size_t count, int64_t timeout_ns,
                                struct docket_number *got, docket_status *statuses)
{
    if (series == NULL || asked == NULL || got == NULL || statuses == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_issue_many wants a series, what is asked for, places for numbers and "
                                            "statuses and a timeout of -1 or more");
    if (count == 0)
        return DOCKET_OK;
    uint8_t *states = calloc(count, 1);
    if (states == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to ask for %zu numbers", count);
    for (size_t i = 0; i < count; i++) {
        statuses[i] = check_issue(&asked[i]);
        if (statuses[i] != DOCKET_OK)
            states[i] = DK_ASKED_DONE;
    }
    struct issuing issuing = {.asked = asked, .got = got, .statuses = statuses};
    docket_status status = issue(series, timeout_ns, count, &issuing, states);
    free(states);
    return status;
}

docket_status dk_ledger_next(struct docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, char *text, size_t room,
                             uint64_t *number, int32_t *period)
{
    const struct docket_issue asked = {.date = yyyymmdd};
    struct docket_number got;
    docket_status told = DOCKET_OK;
    uint8_t state = DK_ASKED_NOT;
    struct issuing issuing = {.asked = &asked, .got = &got, .statuses = &told};
    issuing.room = room < DOCKET_TEXT_MAX ? (uint32_t)room : 0;
    docket_status status = issue(series, timeout_ns, 1, &issuing, &state);
    if (status != DOCKET_OK || told != DOCKET_OK)
        return status != DOCKET_OK ? status : told;
    if (room > 0 && strlen(got.text) >= room)
        return dk_fail(DOCKET_BUFFER_TOO_SMALL, "%s was given, and its text does not fit into %zu bytes", got.text, room);
    if (room > 0)
        memcpy(text, got.text, strlen(got.text) + 1);
    if (number != NULL)
        *number = got.number;
    if (period != NULL)
        *period = got.period;
    return DOCKET_OK;
}

/* ---- a text read back ---- */

struct reading_text {
    const char *text;
    uint64_t number;
    int32_t period;
    docket_status told;
};

static void fill_text(const struct dk_ask *ask, size_t index, struct dk_record_item *item)
{
    const struct reading_text *reading = ask->context;
    (void)index;
    item->text = reading->text;
}

/* That nobody was given the number is no fault of its text. */
static docket_status hear_text(struct dk_ask *ask, size_t index, const struct dk_record_answer *answer, bool sent_before)
{
    struct reading_text *reading = ask->context;
    (void)index, (void)sent_before;
    reading->told = (docket_status)answer->status;
    reading->number = answer->number;
    reading->period = answer->period;
    if (reading->told == DOCKET_NOT_HELD && answer->number != 0)
        reading->told = DOCKET_OK;
    if (reading->told != DOCKET_OK) {
        dk_fail(reading->told, "%s", answer->sentence[0] != 0 ? answer->sentence : docket_status_text(reading->told));
        return DOCKET_OK;
    }
    return reading->number >= 1 && reading->number <= DOCKET_NUMBER_MAX
               ? DOCKET_OK
               : dk_fail(DOCKET_PROTOCOL, "docketd answered with %llu, which is no number",
                         (unsigned long long)reading->number);
}

docket_status dk_ledger_text_read(struct docket_series *series, const char *text, uint64_t *number, int32_t *period)
{
    struct reading_text reading = {.text = text};
    uint8_t state = DK_ASKED_NOT;
    if (strnlen(text, DOCKET_TEXT_MAX) == DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_NOT_OF_SERIES, "a text of more than %d bytes is no document number", DOCKET_TEXT_MAX - 1);
    struct dk_ask ask = {.series = series,
                         .type = DK_RECORD_LOOK,
                         .timeout_ns = DOCKET_TIMEOUT_DEFAULT,
                         .count = 1,
                         .asked = &state,
                         .context = &reading,
                         .fill = fill_text,
                         .hear = hear_text};
    docket_status status = dk_ask(&ask);
    if (status != DOCKET_OK || reading.told != DOCKET_OK)
        return status != DOCKET_OK ? status : reading.told;
    *number = reading.number;
    if (period != NULL)
        *period = reading.period;
    return DOCKET_OK;
}
