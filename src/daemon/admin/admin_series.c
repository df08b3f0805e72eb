/* SPDX-License-Identifier: MIT */
/*
 * admin_series: a series is retired; a counter moves forward.
 *
 * Retire: the record, durable; then the slot says so, the words are closed and
 * free blocks taken back by turns, as at a period's end; then the answer.
 * docketd's death in between: the next start does the rest.
 *
 * Advance: the counter goes off the board as one does that a clock set back has
 * left ahead of its time; with its exact position durable, and nothing of it out,
 * its image alone is the truth. That is changed in one commit, and the counter
 * put on the board anew. docketd's death in between: the next start puts it on
 * the board as the image stands, before the change or after it.
 */
#include "daemon/admin/errand.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ended/ended.h"

#include <stdlib.h>
#include <string.h>

/* ---- retire ---- */

static bool all_settled(const struct dk_errand *errand)
{
    for (const struct dk_counter *counter = errand->series->counters; counter != NULL; counter = counter->next_of_series)
        if (!counter->settled && !errand->series->quarantined)
            return false;
    return true;
}

static void retire_on(struct dk_errand *errand)
{
    if (all_settled(errand))
        dk_errand_end(errand, DOCKET_OK);
}

static void retired(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    errand->series->held = false;
    errand->series->record = errand->record;
    dk_series_retire_now(errand->series);
    errand->go_on = retire_on; /* with the turns of its counters */
}

/* What is free of a ledger by now, nobody will ever have: each hole has its cause. */
static docket_status void_free(void *context, const struct dk_counter_image *image)
{
    struct dk_job *job = context;
    if (image->spare_count == 0 || image->closed == DK_CLOSED_FOR_GOOD)
        return DOCKET_OK;
    struct dk_counter_image *made = dk_job_image(job);
    *made = *image;
    made->places = NULL; /* it has none: nothing of it was ever on the board */
    made->place_count = 0;
    dk_image_copy_spares(made, image->spares, image->spare_count);
    dk_errand_skip(job, made, made->next, DK_CAUSE_CLOSED);
    return DOCKET_OK;
}

static void retire_now(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    struct dk_job *job = dk_job_new(retired, errand);
    errand->record = series->record;
    errand->record.retired_ns = dk_clock_wall_ns();
    dk_job_change(job, &errand->record);
    dk_errand_event(errand, job, "retire", "%s/%s gives no number any more", errand->asked.tenant, errand->asked.name);
    docket_status status = DOCKET_OK;
    if (dk_is_tracked(series))
        status = dk_store_each_counter_of(errand->daemon->store, series->record.id, void_free, job);
    if (status == DOCKET_OK) {
        dk_errand_post(errand, job);
        return;
    }
    dk_job_free(job);
    series->held = false;
    dk_errand_end(errand, status);
}

/* Its images are changed while no commit of the ledger is in flight. */
static void retire_tracked(struct dk_errand *errand)
{
    if (!dk_ledger_is_written(errand->series))
        retire_now(errand);
}

docket_status dk_errand_retire(struct dk_errand *errand)
{
    struct dk_series_book *series;
    docket_status status = dk_errand_series(errand, &series);
    if (status != DOCKET_OK)
        return status;
    if (series->record.retired_ns != 0)
        return dk_fail(DOCKET_RETIRED, "%s/%s is retired already", errand->asked.tenant, errand->asked.name);
    if (errand->asked.flags & DK_ADMIN_DRY_RUN)
        return DOCKET_OK;
    if (series->publishing || series->held)
        return dk_fail(DOCKET_BUSY, "%s/%s is being changed; ask again", errand->asked.tenant, errand->asked.name);
    errand->series = series;
    if (!dk_is_tracked(series)) {
        retire_now(errand);
        return DOCKET_OK;
    }
    series->held = true;
    errand->waits = true;
    errand->go_on = retire_tracked;
    return DOCKET_OK;
}

/* ---- advance ---- */

/* Its periods are looked after again. */
void dk_errand_let_go(struct dk_errand *errand)
{
    errand->series->held = false;
    dk_periods_look(errand->daemon, errand->series, dk_now_s(errand->daemon));
    dk_keeper_run(errand->daemon);
}

static void give_up(struct dk_errand *errand, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text()); /* letting go may say something else */
    dk_errand_let_go(errand);
    if (status != DOCKET_OK)
        dk_fail(status, "%s", sentence);
    dk_errand_end(errand, status);
}

static void advanced(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    give_up(errand, DOCKET_OK);
}

static void skip(struct dk_job *job, const struct dk_counter_image *image, uint64_t first, uint64_t end,
                 enum dk_cause cause)
{
    struct dk_fate_record record = {.series_id = image->series_id,
                                    .period = image->period,
                                    .fate = DK_FATE_VOID,
                                    .cause = cause,
                                    .range = {first, end - 1},
                                    .time_ns = dk_clock_wall_ns(),
                                    .event_at = 1};
    if (first >= end)
        return;
    if (job->range_count > 0 && job->ranges[job->range_count - 1].range.last + 1 == first)
        job->ranges[job->range_count - 1].range.last = end - 1; /* neighbours are one */
    else
        dk_job_range(job, &record);
}

/* Spares below the new position go, in order; one that reaches over it is cut. */
void dk_errand_skip(struct dk_job *job, struct dk_counter_image *image, uint64_t to, enum dk_cause cause)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < image->spare_count; i++) {
        struct dk_range spare = image->spares[i];
        if (spare.first < to)
            skip(job, image, spare.first, spare.last < to ? spare.last + 1 : to, cause);
        if (spare.last >= to)
            image->spares[kept++] = (struct dk_range){spare.first > to ? spare.first : to, spare.last};
    }
    image->spare_count = kept;
    skip(job, image, image->next, to, cause);
    if (to > image->next)
        image->next = image->mark = to;
}

static void tell_skipped(struct dk_errand *errand, const struct dk_job *job)
{
    for (size_t i = 0; i < job->range_count; i++) {
        const struct dk_range *range = &job->ranges[i].range;
        struct dk_change_wire row = {.first = range->first,
                                     .last = range->last,
                                     .period = errand->period,
                                     .before = DK_FATE_SPARE,
                                     .after = DK_FATE_VOID,
                                     .cause = DK_CAUSE_ADVANCED};
        errand->figure += range->last - range->first + 1;
        dk_errand_row(errand, &row);
    }
}

static docket_status copy_image(void *context, const struct dk_counter_image *image)
{
    struct dk_counter_image *copy = context;
    if (image->period != copy->period)
        return DOCKET_OK;
    *copy = *image;
    copy->places = NULL;
    dk_image_copy_spares(copy, image->spares, image->spare_count);
    return DOCKET_OK;
}

/* By the clock; then its image is all there is of it, once its leases are back. */
static bool has_ended(const struct dk_errand *errand)
{
    struct dk_period now;
    dk_period_now(errand->daemon, errand->series->record.policy, &now);
    return errand->period < now.label;
}

/* As it stands with nothing of it in memory. Of a tracked series: by its image always, also
 * where no number of it was ever given. */
static bool is_off_board(const struct dk_errand *errand, struct dk_counter_image *image)
{
    const struct dk_series_book *series = errand->series;
    if (!dk_is_tracked(series) && has_ended(errand))
        return image->series_id != 0 && image->closed == DK_ENDED && image->mark == image->next;
    if (!dk_is_tracked(series))
        return image->series_id != 0 && !image->closed && image->place_count == 0 && image->mark == image->next;
    if (image->series_id == 0)
        dk_ended_begin(&series->record, errand->period, series->desk->map.incarnation, image);
    return image->closed == DK_ENDED;
}

/* Nothing of the counter is in memory, nor out: its image, changed. */
static docket_status plan_advance(struct dk_errand *errand, struct dk_job *job)
{
    struct dk_counter_image *image = dk_job_image(job);
    uint64_t to = errand->asked.first;
    image->period = errand->period;
    docket_status status =
        dk_store_each_counter_of(errand->daemon->store, errand->series->record.id, copy_image, image);
    if (status != DOCKET_OK)
        return status;
    if (image->closed == DK_CLOSED_FOR_GOOD || image->closed == DK_CLOSING)
        return dk_ended_say_closed(errand->series, errand->period);
    if (image->series_id == 0 && has_ended(errand))
        return dk_fail(DOCKET_REFUSED, "no number of %s was ever given, so there is nothing to move: docket series set "
                                       "--start-after with a document number of it sets where it begins; nothing was changed",
                       dk_errand_name(errand));
    if (!is_off_board(errand, image))
        return dk_fail(DOCKET_BUSY, "%s was changed meanwhile; nothing was changed by this; ask again",
                       dk_errand_name(errand));
    uint64_t lowest = image->spare_count > 0 ? image->spares[0].first : image->next;
    if (to < lowest)
        return dk_fail(DOCKET_REFUSED, "the next number of %s is %llu already, and a counter never goes back; nothing was "
                                       "changed",
                       dk_errand_name(errand), (unsigned long long)lowest);
    dk_errand_skip(job, image, to, DK_CAUSE_ADVANCED);
    tell_skipped(errand, job);
    return DOCKET_OK;
}

/* A leased counter that is off the board, with leases out: they are given by who
 * holds them, so the next number would be below what was asked for. */
static docket_status leases_out(const struct dk_errand *errand)
{
    return dk_fail(DOCKET_REFUSED, "leases of %s are open, and their numbers below %llu would still be given; end the "
                                "processes that `docket inspect` lists, or wait until they have used them up; nothing "
                                "was changed",
                   dk_errand_name(errand), (unsigned long long)errand->asked.first);
}

bool dk_errand_leases_out(struct dk_counter *counter)
{
    if (dk_is_strict(counter) || !counter->settled || counter->busy || counter->bank >= 0)
        return false; /* on its way */
    for (uint32_t r = 0; r < counter->row_count; r++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            if (counter->rows[r].place[i].live)
                return true;
    dk_keeper_ask(counter); /* its last turn */
    return false;
}

static void advance_on(struct dk_errand *errand)
{
    struct dk_counter *counter = dk_series_counter(errand->series, errand->period);
    if (errand->series->quarantined) {
        give_up(errand, dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand)));
        return;
    }
    if (counter != NULL && dk_errand_leases_out(counter)) {
        give_up(errand, leases_out(errand));
        return;
    }
    if (counter != NULL && has_ended(errand)) {
        if (counter->ended)
            dk_keeper_ask(counter);
        else
            dk_ended_end(counter);
        return;
    }
    if (counter != NULL || dk_ledger_is_written(errand->series) ||
        !dk_ended_is_free(errand->daemon, errand->series->record.id, errand->period))
        return; /* on its way off the board, or into the store */
    struct dk_job *job = dk_job_new(advanced, errand);
    docket_status status = plan_advance(errand, job);
    if (status != DOCKET_OK || errand->row_count == 0 || errand->asked.flags & DK_ADMIN_DRY_RUN) {
        dk_job_free(job);
        give_up(errand, status);
        return;
    }
    dk_errand_event(errand, job, "advance", "%s: the next number is %llu; %llu numbers are skipped",
                    dk_errand_name(errand), (unsigned long long)errand->asked.first,
                    (unsigned long long)errand->figure);
    dk_errand_post(errand, job);
}

static docket_status check_advance(struct dk_errand *errand)
{
    struct dk_fate_list list = {0};
    docket_status status = dk_fate_list(errand->daemon, errand->series, errand->period, &list);
    for (size_t i = 0; status == DOCKET_OK && i < list.count; i++)
        if (list.pieces[i].fate == DK_FATE_OPEN)
            status = leases_out(errand);
    free(list.pieces);
    return status;
}

/* On the board, or (tracked) where it would be. */
static bool may_advance(const struct dk_errand *errand, const struct dk_counter *counter)
{
    const struct dk_series_book *series = errand->series;
    const struct dk_policy *policy = series->record.policy;
    struct dk_period now, next;
    struct dk_span span;
    if (has_ended(errand) && !errand->begin.text)
        return false; /* a number of what is over is meant only where the document says so */
    if (has_ended(errand))
        return !series->publishing && dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, errand->period, &span);
    if (!dk_is_tracked(series))
        return counter != NULL && !counter->ended && !series->publishing;
    int64_t now_s = dk_now_s(errand->daemon);
    dk_period_at_instant(series->record.policy, now_s, &now);
    if (errand->period == now.label || now.end_s == INT64_MAX || now_s < now.end_s - DK_PERIOD_AHEAD_S)
        return errand->period == now.label && !series->publishing;
    dk_period_at_instant(series->record.policy, now.end_s, &next);
    return errand->period == next.label && !series->publishing;
}

/* A text says to where: behind a document number, or to one; and of which period. */
static docket_status read_text(struct dk_errand *errand)
{
    struct dk_admin_request *asked = &errand->asked;
    struct dk_template resolved;
    struct dk_begin_ask ask = {asked->tenant, asked->name, errand->series->record.policy, &resolved};
    char period[16];
    bool at = false;
    docket_status status = dk_errand_cut_start(errand, DK_START_AFTER_LINE);
    if (status == DOCKET_OK && errand->start[0] == 0) {
        at = true;
        status = dk_errand_cut_start(errand, DK_START_AT_LINE);
    }
    if (status != DOCKET_OK || errand->start[0] == 0)
        return status;
    status = dk_policy_template(ask.policy, asked->tenant, &resolved);
    if (status == DOCKET_OK)
        status = dk_begin_read(errand->daemon, &ask, errand->start, 0, &errand->begin);
    if (status != DOCKET_OK)
        return status;
    dk_period_text(errand->begin.period, period);
    if (errand->begin.text && asked->period >= 0 && asked->period != errand->begin.period)
        return dk_fail(DOCKET_REFUSED, "'%.70s' is of the period %s, and another one was named: %s; nothing was changed",
                       errand->start, period, dk_errand_name(errand));
    if (errand->begin.text)
        errand->period = errand->begin.period;
    asked->first = errand->begin.after + (at ? 0 : 1);
    return DOCKET_OK;
}

docket_status dk_errand_advance(struct dk_errand *errand)
{
    docket_status status = dk_errand_find(errand);
    if (status != DOCKET_OK)
        return status;
    if (errand->series->record.retired_ns != 0)
        return dk_fail(DOCKET_RETIRED, "%s/%s is retired", errand->asked.tenant, errand->asked.name);
    status = read_text(errand);
    if (status != DOCKET_OK)
        return status;
    if (errand->asked.first < 1 || errand->asked.first > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%llu is no number", (unsigned long long)errand->asked.first);
    status = check_advance(errand);
    struct dk_counter *counter = dk_series_on_board(errand->series, errand->period);
    if (status == DOCKET_OK && !may_advance(errand, counter))
        status = dk_fail(DOCKET_REFUSED, "%s is not open: only the current period, and the next one within two days of "
                                         "its beginning, can be advanced; one that has ended, behind a document number "
                                         "of it",
                         dk_errand_name(errand));
    if (status != DOCKET_OK)
        return status;
    errand->series->held = true;
    errand->waits = true;
    errand->go_on = advance_on;
    if (counter == NULL || has_ended(errand))
        return DOCKET_OK; /* tracked, or ended: when no commit of it is in flight */
    counter->ahead = true;
    counter->settled = false;
    dk_keeper_ask(counter);
    return DOCKET_OK;
}
