/* SPDX-License-Identifier: MIT */
/*
 * dated: numbers under a document date that the caller gives, and texts read
 * back. A date whose period is on the board is taken there, as any number; one of
 * an older period is docketd's business: it takes the number and commits before it
 * answers.
 */
#include "client/inside.h"

#include "numbering/period.h"

#include <stdio.h>
#include <string.h>

struct dated {
    uint32_t date;
    size_t room; /* for the text; 0: none is wanted */
    uint64_t number;
    int32_t period;
    struct dk_rendered rendered;
};

static docket_status attempt_dated(struct hand *hand, int64_t now_s, void *context)
{
    struct dated *dated = context;
    docket_status status = dk_take_prepare_date(hand, now_s, dated->date);
    docket_status fits = dated->room == 0 || (status != DOCKET_OK && status != DK_OLDER)
                             ? DOCKET_OK
                             : dk_writing_fits(&hand->writing, hand->series, dated->room);
    if (status != DOCKET_OK || fits != DOCKET_OK)
        return fits != DOCKET_OK ? fits : status;
    if (dated->room > 0)
        dk_template_render(&hand->writing.template, hand->series->name, dated->date, &dated->rendered);
    dated->period = hand->period;
    return dk_take_number(hand, dated->date, &dated->number);
}

/* ---- an older period ---- */

/* How docketd says that the number is written; as the board's first bank has it if
 * it says nothing. */
static docket_status form_of(const struct hand *hand, const struct dk_reply *reply, size_t room, struct dk_template *template)
{
    struct dk_form form;
    memcpy(&form, reply->text, sizeof form);
    *template = hand->writing.template;
    bool usable = form.bytes == 0 ? hand->writing.bytes != 0 : dk_form_unpack(&form, template);
    size_t size = usable ? dk_template_size(template, hand->series->name, reply->salt) : 0;
    if (usable && size <= DOCKET_TEXT_MAX && size <= room) /* docketd looked too, before it gave the number */
        return DOCKET_OK;
    return dk_fail(DOCKET_DAMAGED, "number %llu of %s/%s was given, and docketd's template for it cannot be used",
                   (unsigned long long)reply->salt, hand->series->tenant, hand->series->name);
}

static docket_status ask_docketd(const struct hand *hand, int64_t until_ns, struct dated *dated)
{
    const struct docket_series *series = hand->series;
    struct dk_request request = {.type = DK_ASK_DATED, .first = dated->date, .count = (uint32_t)dated->room};
    struct dk_template template;
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    int64_t left_ns = until_ns - dk_clock_monotonic_ns();
    snprintf(request.tenant, sizeof request.tenant, "%s", series->tenant);
    snprintf(request.name, sizeof request.name, "%s", series->name);
    docket_status status = dk_reach_ask(series->realm, &request, left_ns > 0 ? left_ns : 0, &reply, fds);
    if (status != DOCKET_OK)
        return status;
    dk_wire_close(fds);
    if (reply.salt == 0 || reply.salt > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered with %llu, which is no number", (unsigned long long)reply.salt);
    if (dated->room > 0)
        status = form_of(hand, &reply, dated->room, &template);
    if (status != DOCKET_OK)
        return status;
    if (dated->room > 0)
        dk_template_render(&template, series->name, dated->date, &dated->rendered);
    dated->number = reply.salt;
    dated->period = (int32_t)reply.seat;
    return DOCKET_OK;
}

/* ---- the calls ---- */

static docket_status refuse_date(const struct docket_series *series, docket_status status, uint32_t date)
{
    char shown[11];
    dk_date_text(date, shown);
    if (status == DK_NOT_COME)
        return dk_fail(DOCKET_OUT_OF_ORDER, "%s/%s is chronological, and %s has not come: it would hold up every document "
                                            "until then; no number was taken",
                       series->tenant, series->name, shown);
    return dk_fail(DOCKET_PERIOD_NOT_OPEN, "%s lies in a period of %s/%s that has not come to the board: it does so two days "
                                           "before it begins",
                   shown, series->tenant, series->name);
}

static docket_status take_dated(struct hand *hand, int64_t timeout_ns, struct dated *dated)
{
    int64_t until_ns = dk_clock_monotonic_ns() + (timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns);
    docket_status status = dk_take_wait(hand, timeout_ns, attempt_dated, dated, 1);
    if (status == DK_AHEAD || status == DK_NOT_COME)
        return refuse_date(hand->series, status, dated->date);
    if (status != DK_OLDER)
        return status;
    if (!dk_slow_enter())
        return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked from a signal handler?)",
                       hand->series->tenant, hand->series->name);
    status = ask_docketd(hand, until_ns, dated);
    dk_slow_leave();
    return status;
}

static docket_status bad_date(uint32_t yyyymmdd)
{
    char shown[16];
    if (dk_date_exists(yyyymmdd)) {
        dk_date_text(yyyymmdd, shown);
        return dk_fail(DOCKET_BAD_DATE, "%s lies outside of the dates that documents can have, 2001-01-01 to 2099-12-31; no "
                                        "number was taken",
                       shown);
    }
    int32_t year = (int32_t)(yyyymmdd / 10000), month = (int32_t)(yyyymmdd / 100 % 100);
    if (year >= 1 && year <= 9999 && month >= 1 && month <= 12)
        return dk_fail(DOCKET_BAD_DATE, "%04d-%02d has no day %u: its days are 1 to %u; no number was taken", year, month,
                       yyyymmdd % 100, dk_days_of_month(year, month));
    return dk_fail(DOCKET_BAD_DATE, "%u is no date: dates are yyyymmdd, such as 20261124; no number was taken", yyyymmdd);
}

static docket_status next_dated(docket_series *series, int64_t timeout_ns, struct dated *dated)
{
    if (!dk_date_supported(dated->date))
        return bad_date(dated->date);
    for (;;) {
        struct hand *hand;
        docket_status status = dk_hand_enter(series, timeout_ns, &hand);
        if (status != DOCKET_OK)
            return status;
        status = take_dated(hand, timeout_ns, dated);
        if (dk_hand_leave(hand) || status != DOCKET_OK)
            return status;
    }
}

docket_status docket_next_dated(docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, uint64_t *number,
                                int32_t *period)
{
    struct dated dated = {.date = yyyymmdd};
    if (series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_dated wants a series, a place for the number and a timeout of -1 "
                                            "or more");
    docket_status status = next_dated(series, timeout_ns, &dated);
    if (status == DK_TRACKED)
        return dk_ledger_next(series, yyyymmdd, timeout_ns, NULL, 0, number, period);
    if (status != DOCKET_OK)
        return status;
    *number = dated.number;
    if (period != NULL)
        *period = dated.period;
    return DOCKET_OK;
}

docket_status docket_next_text_dated(docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, char *text,
                                     size_t size, uint64_t *number, int32_t *period)
{
    struct dated dated = {.date = yyyymmdd, .room = size < DOCKET_TEXT_MAX ? size : DOCKET_TEXT_MAX};
    if (series == NULL || text == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_text_dated wants a series, a buffer and a timeout of -1 or more");
    if (size == 0)
        return dk_fail(DOCKET_BUFFER_TOO_SMALL, "the buffer has no room at all; no number was taken");
    docket_status status = next_dated(series, timeout_ns, &dated);
    if (status == DK_TRACKED)
        return dk_ledger_next(series, yyyymmdd, timeout_ns, text, size, number, period);
    if (status != DOCKET_OK)
        return status;
    dk_rendered_write(&dated.rendered, dated.number, text);
    if (number != NULL)
        *number = dated.number;
    if (period != NULL)
        *period = dated.period;
    return DOCKET_OK;
}

/* ---- reading back ---- */

struct sought {
    const char *text;
    uint64_t number;
    int32_t period;
    bool seen; /* some form was looked at */
    bool found;
};

static void read_by(const struct writing *writing, const struct docket_series *series, struct sought *sought)
{
    struct dk_read_text read;
    struct dk_span span = {0, 0, 0};
    if (sought->found || writing->bytes == 0)
        return;
    sought->seen = true;
    if (!dk_template_read(&writing->template, series->name, sought->text, strlen(sought->text), &read) ||
        (series->restart != DK_NEVER && read.date == 0))
        return;
    if (series->restart != DK_NEVER)
        dk_span_of_date(series->restart, &writing->template.fiscal, read.date, &span);
    sought->number = read.number;
    sought->period = span.label;
    sought->found = true;
}

static docket_status attempt_read(struct hand *hand, int64_t now_s, void *context)
{
    struct sought *sought = context;
    docket_status status = dk_take_prepare(hand, now_s); /* a series that left the board comes back */
    if (status == DK_MOVED)
        return status;
    const struct shared_board_slot *slot = dk_desk_slot(&hand->seat->map, hand->slot);
    for (int bank = 0; bank < DK_BANKS; bank++) {
        struct writing writing;
        uint64_t epoch = dk_load_acquire(&slot->bank[bank].epoch); /* ORDER-4 */
        if (epoch != 0 && dk_writing_read(&writing, hand->series, slot, bank, epoch))
            read_by(&writing, hand->series, sought);
    }
    if (dk_load_acquire(&slot->generation) != hand->generation) { /* ORDER-16 */
        sought->seen = sought->found = false;
        return DK_MOVED;
    }
    if (sought->seen || status != DOCKET_OK)
        return sought->seen ? DOCKET_OK : status;
    return dk_writing_fits(&hand->writing, hand->series, DOCKET_TEXT_MAX);
}

docket_status docket_text_read(docket_series *series, const char *text, uint64_t *number, int32_t *period)
{
    struct sought sought = {.text = text};
    struct hand *hand;
    if (series == NULL || text == NULL || number == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_text_read wants a series, a text and a place for the number");
    docket_status status = DOCKET_OK;
    if (series->memory != NULL) {
        read_by(&series->writing, series, &sought);
    } else {
        status = dk_hand_enter(series, DK_TIMEOUT_NS, &hand);
        if (status != DOCKET_OK)
            return status;
        status = dk_take_wait(hand, DK_TIMEOUT_NS, attempt_read, &sought, 1);
        (void)dk_hand_leave(hand);
    }
    if (status == DK_TRACKED)
        return dk_ledger_text_read(series, text, number, period);
    if (status != DOCKET_OK)
        return status;
    if (!sought.found)
        return dk_fail(DOCKET_NOT_OF_SERIES, "a text of %zu bytes that is no document number of %s/%s as it writes them now",
                       strlen(text), series->tenant, series->name);
    *number = sought.number;
    if (period != NULL)
        *period = sought.period;
    return DOCKET_OK;
}
