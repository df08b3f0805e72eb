/* SPDX-License-Identifier: MIT */
/*
 * closing: a period that has ended is closed for good, by an admin or so many days
 * after its end by policy. Its image says so, in one commit with its event; from
 * then on nobody writes it, and whoever asks for a number of it hears PERIOD_CLOSED.
 * Its numbers can still be declared void and reconciled: that is about documents.
 *
 * With leases out it is closing: nothing is given of it by docketd from then on,
 * its image says so, and the commit that writes the last lease back closes it.
 */
#include "daemon/ended/ended.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/recovery/recovery.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WALK_EVERY_S 86400

/* Of what a walk has found, so many in a tick; and the most that one finds: a million
 * series have their years' ends on one day. The next walk finds the others. */
enum { CLOSE_PER_TICK = 64, FOUND_MOST = 65536 };

#define WALK_AGAIN_S 60

/* ---- by image ---- */

/* What is free of a ledger by now, nobody will ever have: each hole has its cause. The job's first event is its own. */
static void void_free(struct dk_job *job, struct dk_counter_image *image)
{
    for (uint32_t i = 0; i < image->spare_count; i++) {
        struct dk_fate_record record = {.series_id = image->series_id,
                                        .period = image->period,
                                        .fate = DK_FATE_VOID,
                                        .cause = DK_CAUSE_CLOSED,
                                        .range = image->spares[i],
                                        .time_ns = dk_clock_wall_ns(),
                                        .event_at = 1};
        dk_job_range(job, &record);
    }
    image->spare_count = 0;
}

/* The image as it will stand; *image's spares are the job's. False: there is
 * nothing to do (any more). */
static docket_status plan(struct dk_daemon *daemon, const struct dk_series_record *record, int32_t label,
                          uint64_t incarnation, struct dk_job *job, bool *needed)
{
    struct dk_ended_facts facts;
    docket_status status = dk_ended_look(daemon, record->id, label, &facts);
    *needed = status == DOCKET_OK && facts.image.closed != DK_CLOSED_FOR_GOOD;
    if (!*needed) {
        free(facts.image.spares);
        return status;
    }
    if (!facts.found)
        dk_ended_begin(record, label, incarnation, &facts.image);
    struct dk_counter_image *image = dk_job_image(job);
    *image = facts.image;
    image->mark = image->next;
    image->closed = DK_CLOSED_FOR_GOOD;
    if (record->policy->ledger)
        void_free(job, image);
    return DOCKET_OK;
}

/* ---- an admin closes it ---- */

static void closed(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    dk_ended_entry(errand->daemon, errand->series->record.id, errand->period)->held = false;
    errand->figure = 1;
    dk_errand_end(errand, DOCKET_OK);
}

/* Nothing of the counter is in memory. */
static void close_image(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    struct dk_job *job = dk_job_new(closed, errand);
    bool needed;
    docket_status status = plan(errand->daemon, &series->record, errand->period, series->desk->map.incarnation, job,
                                &needed);
    if (!needed) {
        dk_job_free(job);
        errand->figure = 1; /* it is closed already */
        dk_errand_end(errand, status);
        return;
    }
    dk_ended_entry(errand->daemon, series->record.id, errand->period)->held = true;
    if (errand->period > series->newest)
        series->newest = errand->period; /* no clock opens it again */
    dk_errand_event(errand, job, "close", "%s is closed: it gives no number any more", dk_errand_name(errand));
    dk_errand_post(errand, job);
}

static void say(struct dk_counter *counter, uint32_t uid, const char *reason, const char *text)
{
    counter->said = dk_must_alloc(1, sizeof *counter->said);
    counter->said->uid = uid;
    snprintf(counter->said->kind, sizeof counter->said->kind, "close");
    snprintf(counter->said->text, sizeof counter->said->text, "%s", text);
    snprintf(counter->said->reason, sizeof counter->said->reason, "%s", reason);
}

/* A leased counter off the board, with leases out: who holds them. */
static void close_later(struct dk_errand *errand, struct dk_counter *counter)
{
    char text[sizeof counter->said->text];
    uint32_t count;
    if (counter->closing && counter->closing_said) {
        struct dk_holder_wire *holders = dk_holders_of(errand->series->desk, counter, &count);
        dk_errand_answer(errand, holders, count * sizeof *holders);
        free(holders);
        dk_errand_end(errand, DOCKET_OK);
        return;
    }
    if (!counter->closing) {
        snprintf(text, sizeof text, "%s gives no number any more, and is closed when its leases are back",
                 dk_errand_name(errand));
        say(counter, errand->connection->uid, errand->asked.reason, text);
    }
    counter->closing = true;
    dk_keeper_ask(counter);
}

static void close_on(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    struct dk_counter *counter = dk_series_counter(series, errand->period);
    if (series->quarantined)
        dk_errand_end(errand, dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand)));
    else if (errand->daemon->stopping)
        dk_errand_end(errand, dk_fail(DOCKET_UNREACHABLE, "docketd is stopping"));
    else if (series->publishing || !dk_ended_is_free(errand->daemon, series->record.id, errand->period))
        return;
    else if (counter == NULL)
        close_image(errand);
    else if (!counter->ended)
        dk_ended_end(counter);
    else if (dk_is_strict(counter) || counter->bank >= 0 || !counter->settled || counter->busy)
        dk_keeper_ask(counter); /* on its way off the board */
    else
        close_later(errand, counter);
}

docket_status dk_errand_close(struct dk_errand *errand)
{
    struct dk_span span;
    struct dk_period now;
    docket_status status = dk_errand_find(errand);
    if (status != DOCKET_OK)
        return status;
    const struct dk_policy *policy = errand->series->record.policy;
    if (errand->asked.period <= 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "say which period of %s/%s is to be closed", errand->asked.tenant,
                       errand->asked.name);
    if (!dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, errand->period, &span))
        return dk_fail(DOCKET_REFUSED, "%s/%s restarts %s and has no such period as %d; nothing was changed",
                       errand->asked.tenant, errand->asked.name, dk_restart_name(policy->restart), errand->period);
    dk_period_now(errand->daemon, policy, &now);
    if (errand->period >= now.label)
        return dk_fail(DOCKET_REFUSED, "%s has not ended: only a period that is over can be closed; nothing was changed",
                       dk_errand_name(errand));
    if (errand->series->desk->draining)
        return dk_fail(DOCKET_BUSY, "desk %s is drained: its periods do not move", errand->series->desk->rule.name);
    errand->waits = true;
    errand->go_on = close_on;
    return DOCKET_OK;
}

/* ---- the policy closes it ---- */

int64_t dk_closing_due_s(const struct dk_policy *policy, int32_t label)
{
    struct dk_span span;
    if (policy->close_after == DK_CLOSE_NEVER || label == 0 ||
        !dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, label, &span))
        return INT64_MAX;
    const struct dk_zone *zone = dk_zone_of_policy(policy);
    return zone->day_start(zone, dk_date_add(span.last, (int32_t)policy->close_after + 1));
}

static void closed_by_policy(struct dk_job *job)
{
    struct dk_ended *ended = job->context;
    dk_job_free(job);
    ended->held = false;
}

/* False: not just now. */
static bool close_by_policy(struct dk_daemon *daemon, const struct dk_series_record *record, int32_t label,
                            uint64_t incarnation)
{
    if (!dk_ended_is_free(daemon, record->id, label))
        return false;
    struct dk_ended *ended = dk_ended_entry(daemon, record->id, label);
    struct dk_job *job = dk_job_new(closed_by_policy, ended);
    bool needed;
    docket_status status = plan(daemon, record, label, incarnation, job, &needed);
    if (status != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "cannot close %s: %s", dk_ended_name(record, label), dk_error_text());
    if (!needed) {
        dk_job_free(job);
        return true;
    }
    dk_job_event(job, "close", 0, "%s is closed by policy, %u days after its end", dk_ended_name(record, label),
                 record->policy->close_after);
    dk_job_about(job, record->tenant, record->name, label);
    ended->held = true;
    dk_clerk_post(daemon->clerk, job);
    return true;
}

struct looking {
    struct dk_daemon *daemon;
    struct dk_series_book *series;
    int64_t now_s;
    int64_t next_s;
    struct due {
        int32_t label;
    } *due;
    size_t due_count;
};

static void meet(struct looking *looking, int64_t when_s)
{
    if (when_s < looking->next_s)
        looking->next_s = when_s;
}

static docket_status look_at_image(void *context, const struct dk_counter_image *image)
{
    struct looking *looking = context;
    int64_t when_s = dk_closing_due_s(looking->series->record.policy, image->period);
    if (image->closed == DK_CLOSED_FOR_GOOD || image->closed == DK_CLOSING)
        return DOCKET_OK;
    if (when_s > looking->now_s || !dk_image_has_ended(image)) {
        meet(looking, when_s > looking->now_s ? when_s : looking->now_s + 1); /* it is on its way off the board */
        return DOCKET_OK;
    }
    looking->due = dk_must_grow(looking->due, looking->due_count + 1, sizeof *looking->due);
    looking->due[looking->due_count++].label = image->period;
    return DOCKET_OK;
}

/* Those whose leases are out are closing from now on. */
static void look_at_counters(struct looking *looking)
{
    char text[sizeof((struct dk_event *)0)->text];
    const struct dk_series_record *record = &looking->series->record;
    for (struct dk_counter *counter = looking->series->counters; counter != NULL; counter = counter->next_of_series) {
        if (!counter->ended || !counter->settled || counter->bank >= 0 || counter->closing || dk_is_strict(counter) ||
            dk_closing_due_s(record->policy, counter->period.label) > looking->now_s)
            continue;
        snprintf(text, sizeof text, "%s gives no number any more, and is closed by policy when its leases are back",
                 dk_ended_name(record, counter->period.label));
        say(counter, 0, "", text);
        counter->closing = true;
        dk_keeper_ask(counter);
    }
}

int64_t dk_closing_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    struct looking looking = {.daemon = daemon, .series = series, .now_s = now_s, .next_s = INT64_MAX};
    if (series->record.policy->close_after == DK_CLOSE_NEVER || series->quarantined || series->evicting ||
        daemon->stopping)
        return INT64_MAX;
    if (now_s < series->next_close_s)
        return series->next_close_s;
    if (series->held || series->publishing)
        return now_s + 1;
    look_at_counters(&looking);
    if (dk_store_each_counter_of(daemon->store, series->record.id, look_at_image, &looking) != DOCKET_OK) {
        dk_log(DK_LOG_ERROR, "cannot look for periods of %s/%s to close: %s", series->record.tenant,
               series->record.name, dk_error_text());
        looking.due_count = 0;
        meet(&looking, now_s + 60);
    }
    for (size_t i = 0; i < looking.due_count; i++)
        if (dk_series_counter(series, looking.due[i].label) != NULL ||
            !close_by_policy(daemon, &series->record, looking.due[i].label, series->desk->map.incarnation))
            meet(&looking, now_s + 1);
    free(looking.due);
    series->next_close_s = looking.next_s;
    return looking.next_s;
}

/* ---- series that are not in memory: a slow walk, in a thread of its own ---- */

struct found {
    int32_t label;
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
};

struct dk_closing_walk {
    struct dk_store *store;
    uint32_t today; /* and a day more: the loop looks again, in the series' zone */
    pthread_t thread;
    bool joined;
    bool full; /* there are more */
    const struct dk_series_record *record;
    struct found *found;
    size_t count, at;
};

static docket_status keep_due(void *context, const struct dk_counter_image *image)
{
    struct dk_closing_walk *walk = context;
    const struct dk_policy *policy = walk->record->policy;
    struct dk_span span;
    if (image->closed != DK_ENDED || image->period == 0 ||
        !dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, image->period, &span) ||
        dk_date_add(span.last, (int32_t)policy->close_after) >= walk->today)
        return DOCKET_OK;
    walk->full = walk->count == FOUND_MOST;
    if (walk->full)
        return DOCKET_OK;
    if ((walk->count & (walk->count + 1)) == 0)
        walk->found = dk_must_grow(walk->found, walk->count * 2 + 1, sizeof *walk->found);
    struct found *found = &walk->found[walk->count++];
    found->label = image->period;
    memcpy(found->tenant, walk->record->tenant, sizeof found->tenant);
    memcpy(found->name, walk->record->name, sizeof found->name);
    return DOCKET_OK;
}

static docket_status look_at_series(void *context, const struct dk_series_record *record)
{
    struct dk_closing_walk *walk = context;
    if (record->policy->close_after == DK_CLOSE_NEVER)
        return DOCKET_OK;
    walk->record = record;
    return dk_store_each_counter_of(walk->store, record->id, keep_due, walk);
}

static void *go_through(void *context)
{
    struct dk_closing_walk *walk = context;
    if (dk_store_each_series(walk->store, look_at_series, walk) != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "cannot look for periods to close: %s", dk_error_text());
    return NULL;
}

static void begin_walk(struct dk_daemon *daemon, int64_t now_s)
{
    struct dk_closing_walk *walk = dk_must_alloc(1, sizeof *walk);
    walk->store = daemon->store;
    walk->today = dk_date_add(dk_zone_utc.date(&dk_zone_utc, now_s), 1);
    if (pthread_create(&walk->thread, NULL, go_through, walk) != 0) {
        free(walk); /* in an hour */
        daemon->next_closing_s += 3600 - WALK_EVERY_S;
        return;
    }
    daemon->closing_walk = walk;
}

static void close_found(struct dk_daemon *daemon, const struct found *found, int64_t now_s)
{
    struct dk_series_book *series = dk_series_find(daemon, found->tenant, found->name);
    struct dk_series_record record;
    bool known = false;
    if (series != NULL) { /* it looks by itself */
        series->next_close_s = 0;
        dk_edges_set(daemon, series, 0);
        return;
    }
    if (dk_store_find_series(daemon->store, found->tenant, found->name, &record, &known) != DOCKET_OK || !known ||
        dk_closing_due_s(record.policy, found->label) > now_s)
        return;
    (void)close_by_policy(daemon, &record, found->label,
                          dk_series_desk(daemon, found->tenant)->map.incarnation); /* else tomorrow */
}

void dk_closing_tick(struct dk_daemon *daemon, int64_t now_s)
{
    struct dk_closing_walk *walk = daemon->closing_walk;
    int64_t clock_s = dk_clock_monotonic_ns() / DK_SECOND_NS;
    if (walk == NULL && daemon->closes && !daemon->stopping && clock_s >= daemon->next_closing_s) {
        daemon->next_closing_s = clock_s + WALK_EVERY_S;
        begin_walk(daemon, now_s);
        return;
    }
    if (walk == NULL || (!walk->joined && pthread_tryjoin_np(walk->thread, NULL) != 0))
        return;
    walk->joined = true;
    for (int i = 0; i < CLOSE_PER_TICK && walk->at < walk->count && !daemon->stopping; i++)
        close_found(daemon, &walk->found[walk->at++], now_s);
    if (walk->at < walk->count && !daemon->stopping)
        return;
    daemon->closing_walk = NULL;
    if (walk->full)
        daemon->next_closing_s = clock_s + WALK_AGAIN_S;
    free(walk->found);
    free(walk);
}

void dk_closing_stop(struct dk_daemon *daemon)
{
    struct dk_closing_walk *walk = daemon->closing_walk;
    if (walk == NULL)
        return;
    if (!walk->joined)
        pthread_join(walk->thread, NULL);
    daemon->closing_walk = NULL;
    free(walk->found);
    free(walk);
}
