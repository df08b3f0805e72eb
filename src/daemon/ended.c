/* SPDX-License-Identifier: MIT */
/* ended: numbers of periods that have ended, one durable commit for all who wait. */
#include "daemon/ended.h"

#include "base/clock.h"
#include "daemon/recovery.h"
#include "table/slot.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries ---- */

static struct dk_ended *find(const struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    struct dk_ended *ended = daemon->ended;
    while (ended != NULL && (ended->series_id != series_id || ended->label != label))
        ended = ended->next; /* as many as are asked for at once */
    return ended;
}

struct dk_ended *dk_ended_entry(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    struct dk_ended *ended = find(daemon, series_id, label);
    if (ended != NULL)
        return ended;
    ended = dk_must_alloc(1, sizeof *ended);
    *ended = (struct dk_ended){.next = daemon->ended, .daemon = daemon, .series_id = series_id, .label = label};
    daemon->ended = ended;
    return ended;
}

bool dk_ended_is_free(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    const struct dk_ended *ended = find(daemon, series_id, label);
    return ended == NULL || (!ended->busy && !ended->held && ended->given == NULL);
}

bool dk_ended_concerns(const struct dk_series_book *series, int32_t label)
{
    const struct dk_ended *ended = series->desk->daemon->ended;
    while (ended != NULL && (ended->series_id != series->record.id || (label >= 0 && ended->label != label)))
        ended = ended->next;
    return ended != NULL;
}

/* ---- what is known ---- */

static bool gave_any(const struct dk_counter *counter)
{
    uint64_t position = counter->next;
    if (counter->bank >= 0 && dk_is_strict(counter)) {
        uint64_t word = dk_load_acquire(&dk_book_table_bank(counter)->strict); /* ORDER-8 */
        if (counter->base + dk_strict_unpack(word).next > position)
            position = counter->base + dk_strict_unpack(word).next; /* a scribble refuses; it gives nothing */
    }
    return position > counter->extent_first;
}

struct looking {
    int32_t label;
    struct dk_ended_facts *facts;
};

static docket_status look_at_image(void *context, const struct dk_counter_image *image)
{
    const struct looking *looking = context;
    struct dk_ended_facts *facts = looking->facts;
    if (image->period > looking->label && image->next > image->extent_first)
        facts->later = image->period;
    if (image->period != looking->label)
        return DOCKET_OK;
    facts->found = true;
    facts->image = *image;
    facts->image.places = NULL;
    facts->image.place_count = 0;
    dk_image_copy_spares(&facts->image, image->spares, image->spare_count);
    return DOCKET_OK;
}

docket_status dk_ended_look(struct dk_daemon *daemon, uint64_t series_id, int32_t label, struct dk_ended_facts *facts)
{
    struct looking looking = {.label = label, .facts = facts};
    const struct dk_series_book *series = dk_series_by_id(daemon, series_id);
    *facts = (struct dk_ended_facts){.later = -1};
    docket_status status = dk_store_each_counter_of(daemon->store, series_id, look_at_image, &looking);
    for (const struct dk_counter *counter = series == NULL ? NULL : series->counters; counter != NULL;
         counter = counter->next_of_series)
        if (counter->period.label > label && gave_any(counter))
            facts->later = counter->period.label;
    return status;
}

void dk_ended_begin(const struct dk_series_record *record, int32_t label, uint64_t incarnation,
                    struct dk_counter_image *image)
{
    dk_image_begin(image, record->id, label, 0, incarnation);
    image->closed = DK_ENDED;
}

/* ---- may it be given? ---- */

/* For a sentence: "acme/INV/2025" */
static const char *name_of(const struct dk_series_book *series, int32_t label)
{
    static char text[2 * DOCKET_NAME_MAX + 32];
    char period[16];
    dk_period_text(label, period);
    snprintf(text, sizeof text, "%s/%s%s%s", series->record.tenant, series->record.name, period[0] ? "/" : "", period);
    return text;
}

static docket_status check_series(const struct dk_series_book *series)
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

static docket_status check_order(const struct dk_series_book *series, const struct dk_ended *ended,
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
                       name_of(series, ended->label), last, shown);
    }
    if (date > today)
        return dk_fail(DOCKET_OUT_OF_ORDER, "%s is chronological, and %s has not come: it would hold up every document "
                                            "until then",
                       name_of(series, ended->label), shown);
    return DOCKET_OK;
}

/* Does the date still lie in this period, and has it come? */
static docket_status check_date(const struct dk_series_book *series, const struct dk_ended *ended, uint32_t date,
                                int32_t now)
{
    const struct dk_policy *policy = series->record.policy;
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, date, &span);
    if (span.label != ended->label)
        return dk_fail(DOCKET_TIMEOUT, "the periods of %s/%s were changed meanwhile; ask again", series->record.tenant,
                       series->record.name);
    if (ended->label > now)
        return dk_fail(DOCKET_PERIOD_NOT_OPEN, "%s has not begun", name_of(series, ended->label));
    return check_interval(series, date);
}

static docket_status say_closed(const struct dk_series_book *series, int32_t label)
{
    return dk_fail(DOCKET_PERIOD_CLOSED, "%s was closed: it gives no number any more", name_of(series, label));
}

/* ---- answers ---- */

static void answer(struct dk_ended *ended, struct dk_asking *take, docket_status status)
{
    struct dk_reply reply = {.salt = take->number, .seat = (uint32_t)ended->label};
    struct dk_daemon *daemon = ended->daemon;
    reply.store_id[0] = daemon->facts.store_id[0];
    reply.store_id[1] = daemon->facts.store_id[1];
    reply.generation = daemon->facts.generation;
    if (status != DOCKET_OK)
        reply.salt = 0;
    dk_serve_answer(take->connection, DK_ASK_DATED, status, &reply, NULL, 0);
    free(take);
}

/* The thread's last error is the sentence for each of them. */
static void refuse_all(struct dk_ended *ended, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    while (ended->asked != NULL) {
        struct dk_asking *take = ended->asked;
        ended->asked = take->next;
        answer(ended, take, dk_fail(status, "%s", sentence));
    }
}

static void answer_given(struct dk_ended *ended, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    while (ended->given != NULL) {
        struct dk_asking *take = ended->given;
        ended->given = take->next;
        answer(ended, take, status == DOCKET_OK ? status : dk_fail(status, "%s", sentence));
    }
}

/* ---- giving ---- */

/* What numbers are taken from: spares, lowest first, then those never laid. */
struct source {
    struct dk_range *spares;
    size_t *spare_count;
    uint64_t *next;
    uint64_t last;
};

static uint64_t take_one(const struct source *source)
{
    if (*source->spare_count > 0)
        return dk_ranges_cut(source->spares, source->spare_count, 0, 1).first;
    return *source->next <= source->last ? (*source->next)++ : 0;
}

static docket_status check_take(const struct dk_series_book *series, const struct dk_ended *ended,
                                const struct dk_ended_facts *facts, uint32_t date)
{
    struct dk_period now;
    int64_t now_s = dk_clock_wall_s();
    dk_period_at(series->record.policy, &dk_zone_utc, now_s, &now);
    docket_status status = check_date(series, ended, date, now.label);
    if (status == DOCKET_OK && (facts->image.closed == DK_CLOSED_FOR_GOOD || facts->image.closed == DK_CLOSING))
        status = say_closed(series, ended->label);
    if (status == DOCKET_OK)
        status = check_order(series, ended, facts, date, dk_zone_utc.date(&dk_zone_utc, now_s));
    return status;
}

/* Moves those who get a number from `asked` to `given`; the others hear why not. */
static bool give(struct dk_ended *ended, const struct dk_series_book *series, struct dk_ended_facts *facts,
                 const struct source *source)
{
    struct dk_asking **last = &ended->given;
    while (ended->asked != NULL) {
        struct dk_asking *take = ended->asked;
        ended->asked = take->next;
        take->next = NULL;
        docket_status status = check_take(series, ended, facts, take->date);
        if (status == DOCKET_OK && take->connection->gone)
            status = DOCKET_UNREACHABLE; /* nobody hears it: no number is spent */
        if (status == DOCKET_OK && (take->number = take_one(source)) == 0)
            status = dk_fail(DOCKET_EXHAUSTED, "%s has given its last number, %llu", name_of(series, ended->label),
                             (unsigned long long)source->last);
        if (status != DOCKET_OK) {
            answer(ended, take, status);
            continue;
        }
        if (series->record.policy->chronological && take->date > facts->image.last_date)
            facts->image.last_date = take->date;
        *last = take;
        last = &take->next;
    }
    return ended->given != NULL;
}

/* ---- a leased counter whose leases are still out: in its own turn ---- */

bool dk_ended_plan(struct dk_counter *counter, struct dk_range **spares, size_t *spare_count, uint64_t *next)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    struct dk_ended *ended = find(daemon, counter->series->record.id, counter->period.label);
    struct dk_ended_facts facts = {.later = -1};
    struct source source = {
        .spares = *spares, .spare_count = spare_count, .next = next, .last = counter->extent_last};
    if (ended == NULL || ended->asked == NULL || ended->given != NULL || counter->series->held ||
        check_series(counter->series) != DOCKET_OK)
        return false;
    return give(ended, counter->series, &facts, &source);
}

void dk_ended_given(struct dk_counter *counter)
{
    struct dk_ended *ended = find(dk_daemon_of(counter), counter->series->record.id, counter->period.label);
    if (ended == NULL || ended->busy || ended->given == NULL)
        return;
    answer_given(ended, counter->series->quarantined
                            ? dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile",
                                      name_of(counter->series, ended->label))
                            : DOCKET_OK);
}

/* ---- all others: by their image ---- */

static void committed(struct dk_job *job)
{
    struct dk_ended *ended = job->context;
    dk_job_free(job);
    ended->busy = false;
    answer_given(ended, DOCKET_OK);
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

static docket_status check_unseen(const struct dk_series_book *series, const struct dk_ended *ended)
{
    struct dk_daemon *daemon = ended->daemon;
    struct accepting accepting = {0};
    docket_status status = DOCKET_OK;
    if (!daemon->accept_known)
        status = dk_store_each_event(daemon->store, 1, look_for_accept, &accepting);
    if (status != DOCKET_OK)
        return status;
    if (!daemon->accept_known)
        daemon->accepted_ns = accepting.time_ns;
    daemon->accept_known = true;
    if (daemon->accepted_ns <= series->record.created_ns)
        return DOCKET_OK;
    return dk_fail(DOCKET_PERIOD_CLOSED,
                   "the store was accepted though it was older than what it had given, and it knows of no number of %s: "
                   "what was given of it cannot be told, so that nothing is",
                   name_of(series, ended->label));
}

/* The image to change: OK and *wait false, or why not, or it is not its time yet. */
static docket_status prepare(struct dk_ended *ended, struct dk_series_book *series, struct dk_ended_facts *facts,
                             bool *wait)
{
    struct dk_period now;
    dk_period_at(series->record.policy, &dk_zone_utc, dk_clock_wall_s(), &now);
    if (ended->label > now.label)
        return DOCKET_OK; /* each hears it by check_date() */
    if (facts->found && dk_image_has_ended(&facts->image))
        return DOCKET_OK;
    if (ended->label == now.label)
        return dk_fail(DOCKET_TIMEOUT, "%s is the current period: it is on the board, or about to be; ask again",
                       name_of(series, ended->label));
    if (!facts->found) {
        docket_status status = check_unseen(series, ended);
        dk_ended_begin(&series->record, ended->label, series->desk->map.incarnation, &facts->image);
        return status;
    }
    /* It was ahead of a clock that was set back, and its time has passed since:
     * it ends by its own turn. */
    *wait = true;
    dk_load_counter(ended->daemon, series, &facts->image);
    return DOCKET_OK;
}

static void give_by_image(struct dk_ended *ended, struct dk_series_book *series)
{
    struct dk_ended_facts facts;
    bool wait = false;
    docket_status status = dk_ended_look(ended->daemon, ended->series_id, ended->label, &facts);
    if (status == DOCKET_OK)
        status = prepare(ended, series, &facts, &wait);
    size_t spare_count = facts.image.spare_count;
    struct source source = {.spares = facts.image.spares,
                            .spare_count = &spare_count,
                            .next = &facts.image.next,
                            .last = facts.image.extent_last};
    if (status != DOCKET_OK)
        refuse_all(ended, status);
    if (status != DOCKET_OK || wait || !give(ended, series, &facts, &source)) {
        free(facts.image.spares);
        return;
    }
    struct dk_job *job = dk_job_new(committed, ended);
    struct dk_counter_image *image = dk_job_image(job);
    *image = facts.image; /* its spares are the job's now */
    image->spare_count = (uint32_t)spare_count;
    image->mark = image->next;
    if (ended->label > series->newest)
        series->newest = ended->label; /* no clock opens it again */
    ended->busy = true;
    dk_clerk_post(ended->daemon->clerk, job);
}

/* ---- turns ---- */

static void turn(struct dk_ended *ended)
{
    struct dk_series_book *series = dk_series_by_id(ended->daemon, ended->series_id);
    if (ended->asked == NULL || ended->busy || ended->held || ended->given != NULL)
        return;
    if (series == NULL) { /* it stays in memory while it stands here */
        refuse_all(ended, dk_fail(DOCKET_UNREACHABLE, "the series left the board"));
        return;
    }
    docket_status status = check_series(series);
    if (status != DOCKET_OK) {
        refuse_all(ended, status);
        return;
    }
    if (series->held || series->publishing)
        return;
    struct dk_counter *counter = dk_series_counter(series, ended->label);
    if (counter == NULL) {
        give_by_image(ended, series);
        return;
    }
    if (counter->closing) {
        refuse_all(ended, say_closed(series, ended->label));
        return;
    }
    if (counter->ended) {
        dk_keeper_ask(counter); /* its last word, or numbers beside its leases */
        return;
    }
    struct dk_period now;
    dk_period_at(series->record.policy, &dk_zone_utc, dk_clock_wall_s(), &now);
    if (ended->label < now.label) { /* it ends now */
        if (counter->bank >= 0) {
            dk_periods_look(ended->daemon, series, dk_clock_wall_s());
        } else if (!counter->busy) {
            counter->ahead = counter->settled = false;
            counter->ended = true;
            dk_keeper_ask(counter);
        }
        return;
    }
    refuse_all(ended, dk_fail(DOCKET_TIMEOUT, "%s is on the board: its numbers are there; ask again",
                              name_of(series, ended->label)));
}

void dk_ended_turn(struct dk_daemon *daemon)
{
    for (struct dk_ended *ended = daemon->ended, *next; ended != NULL; ended = next) {
        next = ended->next; /* a turn makes no entry and frees none */
        turn(ended);
    }
    for (struct dk_ended **at = &daemon->ended; *at != NULL;) {
        struct dk_ended *ended = *at;
        if (ended->asked != NULL || ended->given != NULL || ended->busy || ended->held) {
            at = &ended->next;
            continue;
        }
        *at = ended->next;
        free(ended);
    }
}

/* ---- asking ---- */

static docket_status check_request(struct dk_connection *connection, const struct dk_request *request,
                                   const struct dk_desk_book *desk)
{
    docket_status status = dk_name_check("tenant", request->tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", request->name);
    if (status == DOCKET_OK)
        status = dk_serve_check_desk(connection, desk);
    if (status == DOCKET_OK && (request->first > UINT32_MAX || !dk_date_supported((uint32_t)request->first)))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%llu is no date from 2001-01-01 to 2099-12-31",
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
    *status = check_request(connection, request, desk);
    if (*status != DOCKET_OK)
        return false;
    if (bring(connection, request, desk, &series, status))
        return true;
    if (*status != DOCKET_OK)
        return false;
    const struct dk_policy *policy = series->record.policy;
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, (uint32_t)request->first, &span);
    struct dk_asking *take = dk_must_alloc(1, sizeof *take);
    *take = (struct dk_asking){.connection = connection, .date = (uint32_t)request->first};
    struct dk_asking **at = &dk_ended_entry(daemon, series->record.id, span.label)->asked;
    while (*at != NULL)
        at = &(*at)->next;
    *at = take;
    connection->asked = DK_ASK_DATED;
    return true;
}
