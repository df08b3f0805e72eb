/* SPDX-License-Identifier: MIT */
/* book: a series' turn. What waits becomes one plan, the plan a job; when it is durable those who asked hear. */
#include "daemon/ledger/ledger.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES_OF_ITEM = 3, ENTRIES_OF_MANY = 1024 }; /* record, key, hold; of a reservation, a guess */
enum { GATHER_MAX_NS = 2 * 1000 * 1000, WARM_NS = 100 * 1000 * 1000, PATIENCE_NS = 2 * 1000 * 1000 * 1000ll }; /* for a slot of its desk */

/* ---- books ---- */

/* A series that left memory and came back does not know of a book that stands still. */
static struct dk_ledger_book *find(const struct dk_daemon *daemon, uint64_t series_id)
{
    const struct dk_series_book *series = series_id < daemon->series_room ? daemon->series_by_id[series_id] : NULL;
    struct dk_ledger_book *book = series != NULL ? series->ledger : NULL;
    if (book != NULL)
        return book;
    book = daemon->ledger;
    while (book != NULL && book->series_id != series_id)
        book = book->next;
    return book;
}

struct dk_ledger_book *dk_ledger_book_of(struct dk_daemon *daemon, uint64_t series_id)
{
    struct dk_ledger_book *book = find(daemon, series_id);
    struct dk_series_book *series = dk_series_by_id(daemon, series_id);
    if (book == NULL) {
        book = dk_must_alloc(1, sizeof *book);
        *book = (struct dk_ledger_book){.next = daemon->ledger, .daemon = daemon, .series_id = series_id};
        book->asked_end = &book->asked;
        book->since_ns = dk_clock_monotonic_ns();
        daemon->ledger = book;
    }
    if (series != NULL)
        series->ledger = book;
    return book;
}

bool dk_ledger_concerns(const struct dk_series_book *series, bool waits)
{
    const struct dk_daemon *daemon = series->desk->daemon;
    const struct dk_ledger_book *book = find(daemon, series->record.id);
    if (book != NULL && (book->plan != NULL || (book->asked != NULL && !series->held)))
        return true; /* what is asked of a series that an admin holds waits for him */
    return !waits && ((book != NULL && book->asked != NULL) || dk_holds_has_live(daemon, series->record.id));
}

bool dk_ledger_is_written(const struct dk_series_book *series)
{
    const struct dk_ledger_book *book = find(series->desk->daemon, series->record.id);
    return book != NULL && book->plan != NULL;
}

bool dk_ledger_waits(const struct dk_daemon *daemon)
{
    for (const struct dk_ledger_book *book = daemon->ledger; book != NULL; book = book->next)
        if (book->plan != NULL || book->asked != NULL || book->durable_plan != NULL)
            return true;
    return false;
}

/* ---- answers ---- */

static void answer_all(struct dk_parcel *parcel, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    for (struct dk_parcel *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        dk_parcel_answer(parcel, status == DOCKET_OK ? status : dk_fail(status, "%s", sentence));
    }
}

/* The thread's last error is the sentence for each of them. */
static void refuse_all(struct dk_ledger_book *book, docket_status status)
{
    struct dk_parcel *asked = book->asked;
    book->asked = NULL;
    book->waiting = 0;
    book->asked_end = &book->asked;
    answer_all(asked, status);
}

/* The plan is durable, or had nothing to make so. */
static void finish(struct dk_ledger_book *book, struct dk_plan *plan)
{
    struct dk_parcel *given = book->given;
    book->given = NULL;
    book->crowd = book->waiting;
    for (const struct dk_parcel *parcel = given; parcel != NULL; parcel = parcel->next)
        book->crowd++;
    book->told_ns = dk_clock_monotonic_ns();
    book->durable = given;
    book->durable_plan = plan;
}

static void tell(struct dk_ledger_book *book)
{
    if (book->durable_plan == NULL)
        return;
    answer_all(book->durable, DOCKET_OK);
    dk_plan_end(book->durable_plan);
    book->durable = NULL;
    book->durable_plan = NULL;
}

static void committed(struct dk_job *job)
{
    struct dk_plan *plan = job->context;
    struct dk_ledger_book *book = plan->book;
    const struct dk_series_book *series = dk_series_by_id(book->daemon, book->series_id);
    book->plan = NULL;
    for (size_t i = 0; series != NULL && i < job->image_count; i++)
        dk_tracked_given(series, &job->images[i]);
    book->took_ns = dk_clock_monotonic_ns() - book->posted_ns;
    finish(book, plan);
    dk_job_free(job);
}

/* ---- the plan ---- */

typedef docket_status (*planner)(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                 struct dk_record_answer *answer);

static const planner planners[DK_RECORD_TYPES] = {
    [DK_RECORD_ISSUE] = dk_ledger_issue,           [DK_RECORD_RESERVE] = dk_ledger_reserve,
    [DK_RECORD_DECIDE] = dk_ledger_decide,         [DK_RECORD_DECIDE_ALL] = dk_ledger_decide_all,
    [DK_RECORD_ELSEWHERE] = dk_ledger_elsewhere,   [DK_RECORD_LOOK] = dk_ledger_look,
};

static void plan_parcel(struct dk_plan *plan, struct dk_parcel *parcel)
{
    struct dk_record_reader reader = {0};
    struct dk_record_item item;
    parcel->answers = dk_plan_alloc(plan, parcel->head.count * sizeof *parcel->answers);
    dk_record_read(&reader, &parcel->head, parcel->bytes);
    for (uint32_t i = 0; i < parcel->head.count && dk_record_next(&reader, &item); i++) {
        struct dk_record_answer *answer = &parcel->answers[i];
        answer->text = answer->sentence = "";
        docket_status status = planners[parcel->head.type](plan, parcel, &item, answer);
        answer->status = (uint32_t)status;
        if (status != DOCKET_OK)
            answer->sentence = dk_plan_print(plan, "%s", dk_error_text());
    }
    dk_record_reader_end(&reader);
}

static void plan_asked(struct dk_ledger_book *book, struct dk_plan *plan)
{
    struct dk_parcel **last = &book->given;
    uint32_t items = 0;
    while (book->asked != NULL && (items == 0 || (items + book->asked->head.count <= DK_LEDGER_PLAN_ITEMS &&
                                                  dk_plan_size(plan) < DK_LEDGER_PLAN_THINGS))) {
        struct dk_parcel *parcel = book->asked;
        book->asked = parcel->next;
        parcel->next = NULL;
        items += parcel->head.count;
        book->waiting--;
        plan_parcel(plan, parcel);
        *last = parcel;
        last = &parcel->next;
    }
    if (book->asked == NULL)
        book->asked_end = &book->asked;
}

/* The series, in memory. NULL: those who asked wait for a slot, or have heard why there is none. */
static struct dk_series_book *bring(struct dk_ledger_book *book)
{
    struct dk_daemon *daemon = book->daemon;
    struct dk_series_book *series = dk_series_by_id(daemon, book->series_id);
    struct dk_series_record record;
    bool found = false;
    if (series != NULL) {
        dk_evict_cancel(series);
        series->quiet_since_s = dk_clock_monotonic_ns() / DK_SECOND_NS; /* no word of the board tells that it is used */
        return series;
    }
    if (book->asked == NULL)
        return NULL;
    const struct dk_record_head *head = &book->asked->head;
    struct dk_desk_book *desk = dk_series_desk(daemon, head->tenant);
    docket_status status = dk_store_find_series(daemon->store, head->tenant, head->name, &record, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", head->tenant, head->name);
    if (status == DOCKET_OK) {
        status = dk_slots_make_room(desk);
        if ((status == DOCKET_REALM_FULL || status == DOCKET_NO_SPACE) && dk_evict_for_room(desk) &&
            dk_clock_monotonic_ns() - book->since_ns < PATIENCE_NS)
            return NULL;
    }
    if (status == DOCKET_OK)
        status = dk_series_load(daemon, &record, &series);
    if (status != DOCKET_OK) {
        refuse_all(book, status);
        return NULL;
    }
    series->ledger = book;
    return series;
}

/* Those who were just answered come back in a moment, and share the commit with those who wait already: else callers
 * fall into two halves that take turns, and each commit carries one of them. For half a commit's time at most. */
static bool gathers(struct dk_ledger_book *book)
{
    int64_t most_ns = book->took_ns / 2 < GATHER_MAX_NS ? book->took_ns / 2 : GATHER_MAX_NS;
    if (book->waiting >= book->crowd || dk_clock_monotonic_ns() - book->told_ns >= most_ns)
        return false;
    book->daemon->poll_soon = true;
    return true;
}

/* The disk has room for what may come of it, or those who ask hear that it has not. Who only looks needs none. */
static bool has_room(struct dk_ledger_book *book)
{
    size_t entries = 0;
    for (const struct dk_parcel *parcel = book->asked; parcel != NULL; parcel = parcel->next) {
        bool many = parcel->head.type == DK_RECORD_RESERVE || parcel->head.type == DK_RECORD_DECIDE_ALL;
        if (parcel->head.type != DK_RECORD_LOOK)
            entries += many ? ENTRIES_OF_MANY : ENTRIES_OF_ITEM * (size_t)parcel->head.count;
    }
    docket_status status = entries > 0 ? dk_store_make_room_for(book->daemon->store, entries) : DOCKET_OK;
    if (status != DOCKET_OK)
        refuse_all(book, status);
    return status == DOCKET_OK;
}

static void turn(struct dk_ledger_book *book)
{
    struct dk_daemon *daemon = book->daemon;
    if (book->plan != NULL || (book->asked == NULL && !dk_holds_are_due(daemon, book->series_id)))
        return;
    if (daemon->stopping) {
        refuse_all(book, dk_fail(DOCKET_UNREACHABLE, "docketd is stopping"));
        return;
    }
    struct dk_series_book *series = bring(book);
    if (series == NULL || series->held || series->publishing || dk_ended_is_written(series) || gathers(book))
        return;
    if (!has_room(book))
        return;
    struct dk_plan *plan = dk_plan_begin(book, series);
    plan_asked(book, plan); /* what was sent counts before what ended behind it */
    dk_holds_plan(plan);
    struct dk_job *job = dk_plan_job(plan, committed);
    if (job == NULL) {
        tell(book);
        finish(book, plan); /* nothing changes: they hear what stands */
        return;
    }
    book->plan = plan;
    book->posted_ns = dk_clock_monotonic_ns();
    dk_clerk_post(daemon->clerk, job);
}

/* Its callers may be about to come back. */
static bool is_warm(const struct dk_ledger_book *book)
{
    return book->crowd > 1 && dk_clock_monotonic_ns() - book->told_ns < WARM_NS && !book->daemon->stopping;
}

void dk_ledger_turn(struct dk_daemon *daemon)
{
    for (struct dk_ledger_book **at = &daemon->ledger; *at != NULL;) {
        struct dk_ledger_book *book = *at;
        turn(book); /* makes no book and frees none */
        tell(book);
        if (book->plan != NULL || book->asked != NULL || dk_holds_are_due(daemon, book->series_id) || is_warm(book)) {
            at = &book->next;
            continue;
        }
        struct dk_series_book *series = dk_series_by_id(daemon, book->series_id);
        if (series != NULL)
            series->ledger = NULL;
        *at = book->next;
        free(book);
    }
}

void dk_ledger_tick(struct dk_daemon *daemon)
{
    dk_holds_tick(daemon);
}

/* ---- start and stop ---- */

docket_status dk_ledger_start(struct dk_daemon *daemon)
{
    return dk_holds_load(daemon);
}

void dk_ledger_stop(struct dk_daemon *daemon)
{
    for (struct dk_ledger_book *book = daemon->ledger, *next; book != NULL; book = next) {
        next = book->next;
        tell(book);
        if (book->plan != NULL)
            continue; /* its commit never came back: docketd ends with it */
        refuse_all(book, dk_fail(DOCKET_UNREACHABLE, "docketd is stopping"));
        struct dk_series_book *series = dk_series_by_id(daemon, book->series_id);
        if (series != NULL)
            series->ledger = NULL;
        free(book);
    }
    daemon->ledger = NULL;
    dk_holds_free(daemon);
}
