/* SPDX-License-Identifier: MIT */
/* dated: who asks for a number of a date, and whether one may be given. */
#include "daemon/ended/ended.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- may it be given? ---- */

/* For a sentence: "acme/INV/2025" */
const char *dk_ended_name(const struct dk_series_record *record, int32_t label)
{
    static char text[2 * DOCKET_NAME_MAX + 32];
    char period[16];
    dk_period_text(label, period);
    snprintf(text, sizeof text, "%s/%s%s%s", record->tenant, record->name, period[0] ? "/" : "", period);
    return text;
}

docket_status dk_ended_check_series(const struct dk_series_book *series)
{
    const struct dk_series_record *record = &series->record;
    if (series->desk->daemon->stopping)
        return dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
    if (record->retired_ns != 0)
        return dk_fail(DOCKET_RETIRED, "%s/%s was retired: it gives no number any more, in any period", record->tenant,
                       record->name);
    if (series->quarantined)
        return dk_fail(DOCKET_QUARANTINED, "%s/%s is quarantined: its last position is not known well enough",
                       record->tenant, record->name);
    if (series->desk->draining)
        return dk_fail(DOCKET_TIMEOUT, "desk %s is drained: nothing is given", series->desk->rule.name);
    return DOCKET_OK;
}

static docket_status check_interval(const struct dk_series_book *series, uint32_t date)
{
    const struct dk_policy *policy = series->record.policy;
    char shown[11], bound[11];
    bool early = policy->valid_from != 0 && date < policy->valid_from;
    if (!early && (policy->valid_to == 0 || date <= policy->valid_to))
        return DOCKET_OK;
    dk_date_text(date, shown);
    dk_date_text(early ? policy->valid_from : policy->valid_to, bound);
    return dk_fail(DOCKET_INTERVAL_OVER, "the interval of %s/%s is valid %s %s, and the document's date is %s",
                   series->record.tenant, series->record.name, early ? "from" : "until", bound, shown);
}

static docket_status check_order(const struct dk_series_book *series, int32_t label,
                                 const struct dk_ended_facts *facts, uint32_t date, uint32_t today)
{
    char shown[11], last[16];
    if (!series->record.policy->chronological)
        return DOCKET_OK;
    dk_date_text(date, shown);
    if (facts->later >= 0) {
        dk_period_text(facts->later, last);
        return dk_fail(DOCKET_OUT_OF_ORDER, "%s/%s is chronological, and numbers of its period %s were given: %s lies "
                                            "before them",
                       series->record.tenant, series->record.name, last, shown);
    }
    if (facts->image.last_date > date) {
        dk_date_text(facts->image.last_date, last);
        return dk_fail(DOCKET_OUT_OF_ORDER, "%s is chronological, and its last number is of %s: %s lies before it",
                       dk_ended_name(&series->record, label), last, shown);
    }
    if (date > today)
        return dk_fail(DOCKET_OUT_OF_ORDER, "%s is chronological, and %s has not come: it would hold up every document "
                                            "until then",
                       dk_ended_name(&series->record, label), shown);
    return DOCKET_OK;
}

/* Does the date still lie in this period, and has it come? */
static docket_status check_date(const struct dk_series_book *series, int32_t label, uint32_t date, int32_t now)
{
    const struct dk_policy *policy = series->record.policy;
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, date, &span);
    if (span.label != label)
        return dk_fail(DOCKET_TIMEOUT, "the periods of %s/%s were changed meanwhile; ask again", series->record.tenant,
                       series->record.name);
    if (label > now)
        return dk_fail(DOCKET_PERIOD_NOT_OPEN, "%s has not begun", dk_ended_name(&series->record, label));
    return check_interval(series, date);
}

docket_status dk_ended_say_closed(const struct dk_series_book *series, int32_t label)
{
    return dk_fail(DOCKET_PERIOD_CLOSED, "%s was closed: it gives no number any more", dk_ended_name(&series->record, label));
}

docket_status dk_ended_check(const struct dk_series_book *series, int32_t label, const struct dk_ended_facts *facts,
                             uint32_t date, int64_t ahead_s)
{
    struct dk_period now;
    int64_t now_s = dk_now_s(series->desk->daemon);
    const struct dk_zone *zone = dk_zone_of_policy(series->record.policy);
    dk_period_at_instant(series->record.policy, now_s + ahead_s, &now);
    docket_status status = check_date(series, label, date, now.label);
    if (status == DOCKET_OK && (facts->image.closed == DK_CLOSED_FOR_GOOD || facts->image.closed == DK_CLOSING))
        status = dk_ended_say_closed(series, label);
    if (status == DOCKET_OK && now_s >= dk_closing_due_s(series->record.policy, label))
        status = dk_fail(DOCKET_PERIOD_CLOSED, "%s is closed by the series' policy, %u days after its end",
                         dk_ended_name(&series->record, label), series->record.policy->close_after);
    if (status == DOCKET_OK)
        status = check_order(series, label, facts, date, zone->date(zone, now_s));
    return status;
}

/* An older store was accepted: what had been given of a period that it has never
 * heard of cannot be known. */
struct accepting {
    int64_t time_ns;
};

static docket_status look_for_accept(void *context, const struct dk_event *event)
{
    struct accepting *accepting = context;
    if (strcmp(event->kind, "accept") == 0)
        accepting->time_ns = event->time_ns;
    return DOCKET_OK;
}

docket_status dk_ended_accepted(struct dk_daemon *daemon, int64_t *time_ns)
{
    struct accepting accepting = {0};
    docket_status status = DOCKET_OK;
    if (!daemon->accept_known)
        status = dk_store_each_event(daemon->store, 1, look_for_accept, &accepting);
    if (status == DOCKET_OK && !daemon->accept_known) {
        daemon->accepted_ns = accepting.time_ns;
        daemon->accept_known = true;
    }
    *time_ns = daemon->accepted_ns;
    return status;
}

docket_status dk_ended_check_unseen(const struct dk_series_book *series, int32_t label)
{
    int64_t accepted_ns;
    docket_status status = dk_ended_accepted(series->desk->daemon, &accepted_ns);
    if (status != DOCKET_OK)
        return status;
    struct dk_period period = {.start_s = INT64_MIN};
    if (accepted_ns <= series->record.created_ns ||
        (dk_period_of(series->record.policy, dk_zone_of_policy(series->record.policy), label, &period) &&
         period.start_s - DK_PERIOD_AHEAD_S > accepted_ns / DK_SECOND_NS))
        return DOCKET_OK; /* its first number could only be given later */
    return dk_fail(DOCKET_PERIOD_CLOSED,
                   "the store was accepted though it was older than what it had given, and it knows of no number of %s: "
                   "what was given of it cannot be told, so that nothing is",
                   dk_ended_name(&series->record, label));
}

/* ---- asking ---- */

static docket_status check_request(struct dk_connection *connection, const struct dk_request *request)
{
    docket_status status = dk_serve_check_names(connection, request->tenant, request->name);
    if (status == DOCKET_OK && (request->first > UINT32_MAX || !dk_date_supported((uint32_t)request->first)))
        status = dk_fail(DOCKET_BAD_DATE, "%llu is no date from 2001-01-01 to 2099-12-31",
                         (unsigned long long)request->first);
    if (status == DOCKET_OK && connection->daemon->stopping)
        status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
    return status;
}

/* The series, in memory. True: it waits for a slot, and is heard again. */
static bool bring(struct dk_connection *connection, const struct dk_request *request, struct dk_desk_book *desk,
                  struct dk_series_book **series, docket_status *status)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_series_record record;
    bool found;
    *series = dk_series_find(daemon, request->tenant, request->name);
    if (*series != NULL) {
        dk_evict_cancel(*series);
        return false;
    }
    *status = dk_store_find_series(daemon->store, request->tenant, request->name, &record, &found);
    if (*status == DOCKET_OK && !found)
        *status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", request->tenant, request->name);
    if (*status == DOCKET_OK && record.retired_ns != 0)
        *status = dk_fail(DOCKET_RETIRED, "%s/%s was retired: it gives no number any more, in any period",
                          request->tenant, request->name);
    if (*status != DOCKET_OK)
        return false;
    if (dk_serve_make_room(connection, request, desk, status))
        return true;
    if (*status == DOCKET_OK)
        *status = dk_series_load(daemon, &record, series);
    return false;
}

bool dk_serve_dated(struct dk_connection *connection, const struct dk_request *request, docket_status *status)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_desk_book *desk = dk_series_desk(daemon, request->tenant);
    struct dk_series_book *series = NULL;
    *status = check_request(connection, request);
    if (*status != DOCKET_OK)
        return false;
    if (bring(connection, request, desk, &series, status))
        return true;
    if (*status == DOCKET_OK && dk_is_tracked(series))
        *status = dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps a ledger: docket_issue() gives its numbers, of any date; no "
                                              "number was taken",
                          request->tenant, request->name);
    if (*status != DOCKET_OK)
        return false;
    const struct dk_policy *policy = series->record.policy;
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, (uint32_t)request->first, &span);
    struct dk_asking *asking = dk_must_alloc(1, sizeof *asking);
    *asking = (struct dk_asking){
        .connection = connection, .date = (uint32_t)request->first, .room = request->count};
    struct dk_asking **at = &dk_ended_entry(daemon, series->record.id, span.label)->asked;
    while (*at != NULL)
        at = &(*at)->next;
    *at = asking;
    connection->asked = DK_ASK_DATED;
    return true;
}
