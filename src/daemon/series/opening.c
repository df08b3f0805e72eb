/* SPDX-License-Identifier: MIT */
/*
 * opening: who asks for a series by its names is told where it sits. One that
 * left the board comes back (load.c); one that does not exist is made, durable
 * before the answer.
 */
#include "daemon/door/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ended/ended.h"
#include "daemon/series/begin.h"
#include "daemon/series/policies.h"
#include "daemon/series/shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
    struct waiter *next;
    struct dk_connection *connection;
};

/* A series on its way into the store. */
struct creation {
    struct dk_series_record record; /* first: the index leads to it */
    struct dk_daemon *daemon;
    struct dk_period period;
    struct waiter *waiters;
};

static struct dk_reply reply_for(const struct dk_series_book *series)
{
    struct dk_reply reply = {0};
    if (series != NULL) {
        reply.desk = series->desk->index;
        reply.slot = series->slot;
        reply.incarnation = series->desk->map.incarnation;
    }
    return reply;
}

static void created(struct dk_job *job)
{
    struct creation *creation = job->context;
    struct dk_daemon *daemon = creation->daemon;
    struct dk_series_book *series = dk_series_book_new(daemon, &creation->record);
    docket_status status = dk_series_place(daemon, series);
    if (status == DOCKET_OK && !dk_is_tracked(series)) {
        dk_periods_publish(dk_counter_new(daemon, series, &creation->period, &job->images[0]), 0);
        dk_keeper_run(daemon); /* its first numbers are there before the answer */
    }
    if (status == DOCKET_OK) {
        dk_periods_look(daemon, series, dk_now_s(daemon));
    } else {
        dk_log(DK_LOG_ERROR, "%s/%s is in the store but not on its desk: %s", creation->record.tenant,
               creation->record.name, dk_error_text());
        dk_series_forget(daemon, series); /* its next call looks for a slot again */
    }
    dk_names_remove(&daemon->connections->coming, &creation->record);
    dk_series_desk(daemon, creation->record.tenant)->coming--;
    for (struct waiter *waiter = creation->waiters, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        struct dk_reply reply = reply_for(status == DOCKET_OK ? series : NULL);
        dk_serve_answer(waiter->connection, waiter->connection->asked, status, &reply, NULL, 0);
        free(waiter);
    }
    free(creation);
    dk_job_free(job);
}

static void wait_for(struct creation *creation, struct dk_connection *connection, uint32_t type)
{
    struct waiter *waiter = dk_must_alloc(1, sizeof *waiter);
    waiter->connection = connection;
    waiter->next = creation->waiters;
    creation->waiters = waiter;
    connection->asked = type;
}

/* A series as it is asked for: the tenant's default, and over it what a declaration says. */
struct wanted {
    struct dk_policy policy;
    struct dk_template resolved;
    char start[DOCKET_TEXT_MAX + 8]; /* its line, or "" */
    struct dk_begin begin;
    uint64_t last;
};

static docket_status want(const struct dk_daemon *daemon, const struct dk_request *request, struct wanted *wanted)
{
    char settings[DK_WIRE_SETTINGS];
    *wanted = (struct wanted){.policy = *dk_config_policy(&daemon->config, request->tenant)};
    memcpy(settings, request->settings, sizeof settings);
    if (request->type != DK_ASK_DECLARE)
        return DOCKET_OK;
    if (!dk_start_cut(settings, DK_START_AFTER_LINE, wanted->start))
        return dk_fail(DOCKET_BAD_ARGUMENT, "start-after is longer than any document number");
    return dk_policy_apply(&wanted->policy, settings);
}

static docket_status want_begin(struct dk_daemon *daemon, const struct dk_request *request, struct wanted *wanted)
{
    struct dk_begin_ask ask = {request->tenant, request->name, &wanted->policy, &wanted->resolved};
    docket_status status = dk_policy_check(&wanted->policy, request->tenant, request->name, &wanted->resolved);
    if (status == DOCKET_OK)
        status = dk_today_check(daemon, &wanted->policy);
    return status == DOCKET_OK ? dk_begin_read(daemon, &ask, wanted->start, request->start_after, &wanted->begin) : status;
}

/* In order by itself, and no text of it is another number's of the tenant. */
static docket_status check_new(struct dk_daemon *daemon, const struct dk_request *request, struct wanted *wanted)
{
    const struct dk_policy *policy = &wanted->policy;
    struct dk_shape_ask ask = {request->tenant, request->name, 0, policy, &wanted->resolved};
    docket_status status = want_begin(daemon, request, wanted);
    if (status != DOCKET_OK)
        return status;
    wanted->last = dk_policy_last(policy, &wanted->resolved);
    status = dk_shapes_check(daemon, &ask);
    if (status != DOCKET_OK || policy->ledger || policy->order == DK_GAPLESS)
        return status;
    uint64_t behind = wanted->begin.past ? 0 : wanted->begin.after; /* its periods begin at 1, but for that one */
    return dk_ledger_check_new(daemon, request->tenant, request->name, &wanted->resolved, behind, wanted->last);
}

/* Events of a series' other settings, those that are not docket's own default: a line
 * for as many as fit. */
static void tell_settings(struct dk_job *job, uint32_t uid, const struct dk_request *request,
                          const struct dk_policy *policy)
{
    enum { ROOM = 160 };
    char lines[DK_SETTINGS_BYTES], text[ROOM + DK_SETTING_BYTES] = "";
    struct dk_policy said; /* in the event of its making */
    dk_policy_default(&said);
    said.order = policy->order;
    said.restart = policy->restart;
    memcpy(said.template_text, policy->template_text, sizeof said.template_text);
    if (!dk_policy_lines(policy, &said, lines, sizeof lines))
        return;
    size_t used = 0;
    for (char *at = lines, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        int bytes = snprintf(text + used, sizeof text - used, "%s%.*s", used > 0 ? " " : "", (int)(end - at), at);
        used += bytes > 0 ? (size_t)bytes : 0;
        if (end[1] != 0 && used + strcspn(end + 1, "\n") < ROOM)
            continue;
        dk_job_event(job, "series", uid, "%s/%s made with %s", request->tenant, request->name, text);
        dk_job_about(job, request->tenant, request->name, 0);
        used = 0;
    }
}

/* Its current counter, and the one of a period that has ended and begins behind another system's last number. */
static void begin_counters(struct dk_job *job, const struct creation *creation, const struct wanted *wanted,
                           uint64_t incarnation)
{
    const struct dk_begin *begin = &wanted->begin;
    const struct dk_series_record *record = &creation->record;
    struct dk_counter_image *image = dk_job_image(job);
    dk_image_begin(image, record->id, creation->period.label, begin->past ? 0 : begin->after, incarnation);
    image->extent_last = wanted->last;
    uint64_t room = wanted->policy.ledger ? 0 : image->extent_last + 1 - image->next;
    image->mark = image->next + (room < DK_WINDOW_MIN ? room : DK_WINDOW_MIN); /* no second commit for the first call */
    image->closed = wanted->policy.ledger ? DK_ENDED : DK_OPEN; /* nothing of one that is tracked comes to the board */
    if (!begin->past)
        return;
    image = dk_job_image(job);
    dk_image_begin(image, record->id, begin->period, begin->after, incarnation);
    image->extent_last = wanted->last;
    image->closed = DK_ENDED;
}

static void tell_made(struct dk_job *job, const struct dk_connection *connection, const struct dk_request *request,
                      const struct creation *creation, const struct wanted *wanted)
{
    char after[40];
    const struct dk_policy *policy = &wanted->policy;
    dk_job_event(job, "series", connection->uid, "%s/%s made at desk %s: %s, restarting %s, %s, start after %s",
                 request->tenant, request->name, creation->record.desk, dk_order_name(policy->order),
                 dk_restart_name(policy->restart), policy->template_text, dk_begin_text(&wanted->begin, after));
    dk_job_about(job, request->tenant, request->name, 0);
    if (wanted->begin.text) {
        dk_job_event(job, "series", connection->uid, "%s/%s: the last number of the system before was %.80s", request->tenant,
                     request->name, wanted->start);
        dk_job_about(job, request->tenant, request->name, wanted->begin.period);
    }
    tell_settings(job, connection->uid, request, policy);
}

static docket_status begin_creation(struct dk_connection *connection, const struct dk_request *request,
                                    struct dk_desk_book *desk)
{
    struct dk_daemon *daemon = connection->daemon;
    struct wanted wanted;
    docket_status status = want(daemon, request, &wanted);
    if (status == DOCKET_OK)
        status = check_new(daemon, request, &wanted);
    if (status == DOCKET_OK)
        status = dk_store_make_room(daemon->store);
    if (status != DOCKET_OK)
        return status;
    struct creation *creation = dk_must_alloc(1, sizeof *creation);
    creation->daemon = daemon;
    creation->record = (struct dk_series_record){.id = daemon->connections->next_series++,
                                                 .policy = dk_policy_keep(&wanted.policy),
                                                 .created_ns = dk_clock_wall_ns(),
                                                 .uid = connection->uid};
    memcpy(creation->record.tenant, request->tenant, sizeof creation->record.tenant);
    memcpy(creation->record.name, request->name, sizeof creation->record.name);
    snprintf(creation->record.desk, sizeof creation->record.desk, "%s", desk->rule.name);
    dk_period_now(daemon, &wanted.policy, &creation->period);
    struct dk_job *job = dk_job_new(created, creation);
    job->series = dk_must_alloc(1, sizeof *job->series);
    *job->series = creation->record;
    begin_counters(job, creation, &wanted, desk->map.incarnation);
    tell_made(job, connection, request, creation, &wanted);
    dk_names_add(&daemon->connections->coming, &creation->record);
    desk->coming++;
    wait_for(creation, connection, request->type);
    dk_clerk_post(daemon->clerk, job);
    return DOCKET_OK;
}

/* Where its current counter begins; 0: not known just now. */
static uint64_t first_of(struct dk_daemon *daemon, const struct dk_series_book *series)
{
    const struct dk_counter *counter = series->bank[0] != NULL ? series->bank[0] : series->bank[1];
    struct dk_period now;
    if (!dk_is_tracked(series))
        return counter != NULL ? counter->extent_first : 0;
    dk_period_now(daemon, series->record.policy, &now);
    return dk_ended_first(daemon, series->record.id, now.label);
}

/* Does it begin where the declaration says? Where its counter begins just now is not always known. */
static docket_status compare_begin(struct dk_daemon *daemon, const struct dk_request *request,
                                   const struct dk_series_book *series, const struct wanted *wanted)
{
    char after[40], period[16];
    const struct dk_begin *begin = &wanted->begin;
    uint64_t first = begin->past ? dk_ended_first(daemon, series->record.id, begin->period) : first_of(daemon, series);
    dk_begin_text(begin, after);
    dk_period_text(begin->period, period);
    if (first == begin->after + 1 || (first == 0 && !begin->past))
        return DOCKET_OK;
    if (first == 0)
        return dk_fail(DOCKET_EXISTS, "%s/%s exists, and where its period %s begins was not set: docket series set %s/%s "
                                      "--start-after %.70s sets it; nothing was changed",
                       request->tenant, request->name, period, request->tenant, request->name, wanted->start);
    return dk_fail(DOCKET_EXISTS, "%s/%s exists and begins at %llu, not behind %s; docket series advance moves it forward; "
                                  "nothing was changed",
                   request->tenant, request->name, (unsigned long long)first, after);
}

docket_status dk_opening_compare(struct dk_daemon *daemon, const struct dk_request *request,
                                 const struct dk_series_book *series)
{
    struct wanted wanted;
    docket_status status = want(daemon, request, &wanted);
    if (status == DOCKET_OK && (wanted.start[0] != 0 || request->start_after != 0)) {
        status = want_begin(daemon, request, &wanted);
        if (status == DOCKET_OK)
            status = compare_begin(daemon, request, series, &wanted);
    }
    return status == DOCKET_OK
               ? dk_policy_compare(series->record.policy, &wanted.policy, request->tenant, request->name)
               : status;
}

static docket_status compare_declared(const struct dk_connection *connection, const struct dk_request *request,
                                      const struct dk_series_book *series)
{
    return request->type == DK_ASK_DECLARE ? dk_opening_compare(connection->daemon, request, series) : DOCKET_OK;
}

/* It is in memory: on the board, perhaps on its way off it. */
static void answer_where(struct dk_connection *connection, const struct dk_request *request,
                         struct dk_series_book *series, docket_status *status, struct dk_reply *reply)
{
    dk_evict_cancel(series);
    *status = compare_declared(connection, request, series);
    *reply = reply_for(series);
}

static docket_status say_retired(const struct dk_request *request)
{
    return dk_fail(DOCKET_RETIRED, "%s/%s was retired: it gives no number any more, and its name is used up",
                   request->tenant, request->name);
}

/* One that keeps a ledger can be reached for ever: what is held of it is still to be decided, and its keys and
 * records to be read. Its slot says that it gives no number. */
static bool stays_reachable(const struct dk_request *request, const struct dk_series_record *record)
{
    return request->type == DK_ASK_OPEN && record->policy->ledger;
}

/* May this series come to the board? record: NULL, it is new. */
static docket_status check_coming(const struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                  const struct dk_request *request, const struct dk_series_record *record)
{
    if (record != NULL && record->retired_ns != 0 && !stays_reachable(request, record))
        return say_retired(request);
    if (desk->draining)
        return dk_fail(DOCKET_TIMEOUT, "desk %s is drained: nothing new begins there", desk->rule.name);
    if (record == NULL && dk_admin_moves(daemon, request->tenant))
        return dk_fail(DOCKET_NOT_PERMITTED,
                       "tenant %s moves to a desk of its own when docketd starts again: no series is made for it until "
                       "then",
                       request->tenant);
    return DOCKET_OK;
}

/* It is in the store, or it is new. True: answered later. */
static bool bring_series(struct dk_connection *connection, const struct dk_request *request, struct dk_desk_book *desk,
                         docket_status *status, struct dk_reply *reply)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_series_record record;
    struct dk_series_book *series;
    bool found;
    *status = dk_store_find_series(daemon->store, request->tenant, request->name, &record, &found);
    if (*status == DOCKET_OK && !found && daemon->config.declared_only && request->type == DK_ASK_OPEN)
        *status = dk_fail(DOCKET_NO_SERIES,
                          "%s/%s is not declared and this realm makes none on first use; `docket series add %s/%s` "
                          "declares it",
                          request->tenant, request->name, request->tenant, request->name);
    if (*status == DOCKET_OK)
        *status = check_coming(daemon, desk, request, found ? &record : NULL);
    if (*status != DOCKET_OK)
        return false;
    if (dk_serve_make_room(connection, request, desk, status))
        return true;
    if (*status == DOCKET_OK && found)
        *status = dk_series_load(daemon, &record, &series);
    if (*status == DOCKET_OK && found) {
        answer_where(connection, request, series, status, reply);
        return false;
    }
    if (*status == DOCKET_OK)
        *status = begin_creation(connection, request, desk);
    return *status == DOCKET_OK;
}

/* True: answered later, when its commit is durable or there is room. */
bool dk_serve_open(struct dk_connection *connection, const struct dk_request *request, docket_status *status,
                        struct dk_reply *reply)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_desk_book *desk = dk_series_desk(daemon, request->tenant);
    *status = dk_name_check("tenant", request->tenant);
    if (*status == DOCKET_OK)
        *status = dk_name_check("series", request->name);
    if (*status == DOCKET_OK)
        *status = dk_serve_check_desk(connection, desk);
    if (*status != DOCKET_OK)
        return false;
    struct dk_series_book *series = dk_series_find(daemon, request->tenant, request->name);
    if (series != NULL && series->record.retired_ns != 0 && !stays_reachable(request, &series->record)) {
        *status = say_retired(request);
        return false;
    }
    if (series != NULL) {
        answer_where(connection, request, series, status, reply);
        return false;
    }
    struct creation *creation =
        (struct creation *)(void *)dk_names_find(&daemon->connections->coming, request->tenant, request->name);
    if (creation != NULL) {
        wait_for(creation, connection, request->type);
        return true;
    }
    if (daemon->stopping) {
        *status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
        return false;
    }
    return bring_series(connection, request, desk, status, reply);
}
