/* SPDX-License-Identifier: MIT */
/*
 * import: an admin brings numbers that another system gave.
 *
 * First a look at the counter as it stands: what is there already, what clashes. Only if there is something to write
 * does the counter leave the board, as for an advance (admin_series.c), so that its position is exact; then the look is
 * taken again, and one commit writes all. A period that has ended, or was never seen, is changed by its image, as a close
 * is; one that keeps a ledger while no commit of the ledger is in flight. docketd's death before the commit: the counter
 * comes back as it was; after it: as the commit says.
 */
#include "daemon/admin/import.h"

#include "base/clock.h"
#include "daemon/ended/ended.h"
#include "daemon/recovery/recovery.h"
#include "numbering/reason.h"

#include <stdlib.h>
#include <string.h>

enum { SOURCE_SHOWN = 80 };

void dk_import_free(struct dk_import *import)
{
    if (import == NULL)
        return;
    dk_ledger_import_end(import);
    free(import->rows);
    free(import->list.pieces);
    free(import->gifts);
    free(import->clashes);
    free(import);
}

/* ---- the look ---- */

static docket_status look(struct dk_errand *errand)
{
    struct dk_import *import = errand->import;
    free(import->list.pieces);
    docket_status status = dk_fate_list_part(errand->daemon, errand->series, errand->period, import->from,
                                             import->highest, &import->list);
    if (status == DOCKET_OK && import->tracked)
        status = dk_ledger_import_begin(import);
    return status == DOCKET_OK ? dk_import_sweep(import) : status;
}

static void put_answer(struct dk_errand *errand)
{
    const struct dk_import *import = errand->import;
    dk_errand_answer(errand, &import->said, sizeof import->said);
    dk_errand_answer(errand, import->clashes, import->said.clashes * sizeof *import->clashes);
}

/* ---- may it? ---- */

static docket_status check_period(const struct dk_errand *errand)
{
    const struct dk_policy *policy = dk_series_policy(&errand->series->record, errand->asked.period);
    struct dk_period now, next;
    struct dk_span span;
    if (errand->asked.period < 0 ||
        !dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, errand->asked.period, &span))
        return dk_fail(DOCKET_REFUSED, "%s/%s restarts %s and has no such period as %d; nothing was changed",
                       errand->asked.tenant, errand->asked.name, dk_restart_name(policy->restart), errand->asked.period);
    int64_t now_s = dk_now_s(errand->daemon);
    dk_period_at_instant(policy, now_s, &now);
    if (errand->period <= now.label)
        return DOCKET_OK;
    dk_period_at_instant(policy, now.end_s, &next);
    if (now.end_s != INT64_MAX && now_s >= now.end_s - DK_PERIOD_AHEAD_S && errand->period == next.label)
        return DOCKET_OK;
    return dk_fail(DOCKET_PERIOD_NOT_OPEN, "%s has not begun: no number of it was given by anybody, and none is imported; "
                                           "nothing was changed",
                   dk_errand_name(errand));
}

static docket_status check_counter(const struct dk_errand *errand, const struct dk_ended_facts *facts)
{
    const struct dk_series_record *record = &errand->series->record;
    struct dk_period now;
    if (facts->found && (facts->image.closed == DK_CLOSED_FOR_GOOD || facts->image.closed == DK_CLOSING))
        return dk_fail(DOCKET_PERIOD_CLOSED, "%s is closed: its numbers are what they are, and none is imported; nothing was "
                                             "changed",
                       dk_errand_name(errand));
    dk_period_now(errand->daemon, record->policy, &now);
    return facts->found || errand->period >= now.label ? DOCKET_OK
                                                       : dk_ended_check_unseen(errand->series, errand->period);
}

/* Against the series; closed periods are asked only for what would change them. */
static docket_status check_rows(struct dk_errand *errand, const struct dk_ended_facts *facts)
{
    const struct dk_series_record *record = &errand->series->record;
    const struct dk_zone *zone = dk_zone_of_policy(record->policy);
    uint64_t last = dk_record_last(record, errand->period);
    if (facts->found && facts->image.extent_last < last)
        last = facts->image.extent_last;
    return dk_import_check(errand->import, last,
                           record->policy->chronological ? zone->date(zone, dk_now_s(errand->daemon)) : 0);
}

static docket_status first_look(struct dk_errand *errand)
{
    struct dk_ended_facts facts;
    docket_status status = dk_ended_look(errand->daemon, errand->series->record.id, errand->period, &facts);
    if (status == DOCKET_OK)
        status = check_rows(errand, &facts);
    if (status == DOCKET_OK)
        status = look(errand);
    if (status == DOCKET_OK && dk_import_goes(errand->import))
        status = check_counter(errand, &facts);
    free(facts.image.spares);
    return status;
}

/* ---- the commit ---- */

/* What held the counter is undone; then the answer. */
static void finish(struct dk_errand *errand, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text()); /* letting go may say something else */
    if (errand->series->held)
        dk_errand_let_go(errand);
    if (status != DOCKET_OK)
        dk_fail(status, "%s", sentence);
    dk_errand_end(errand, status);
}

static void imported(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    if (errand->import->tracked)
        dk_ledger_import_done(errand->import, job);
    dk_job_free(job);
    if (!errand->series->held)
        dk_ended_entry(errand->daemon, errand->series->record.id, errand->period)->held = false;
    errand->import->said.changed = 1;
    put_answer(errand);
    finish(errand, DOCKET_OK);
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

/* The image with nothing of it in memory; one that was never seen is begun. */
static docket_status take_image(const struct dk_errand *errand, struct dk_counter_image *image)
{
    const struct dk_series_record *record = &errand->series->record;
    struct dk_period now;
    *image = (struct dk_counter_image){.period = errand->period};
    docket_status status = dk_store_each_counter_of(errand->daemon->store, record->id, copy_image, image);
    if (status != DOCKET_OK)
        return status;
    dk_period_now(errand->daemon, record->policy, &now);
    if (image->series_id == 0) {
        dk_ended_begin(record, errand->period, errand->series->desk->map.incarnation, image);
        image->closed = errand->period < now.label ? DK_ENDED : DK_OPEN;
        return DOCKET_OK;
    }
    if (image->place_count == 0 && image->mark == image->next && image->closed <= DK_ENDED)
        return DOCKET_OK;
    return dk_fail(DOCKET_BUSY, "%s was changed meanwhile; nothing was changed by this; ask again", dk_errand_name(errand));
}

/* What fits an event, without half a character at its end. */
static int shown_bytes(const char *source)
{
    size_t bytes = strnlen(source, SOURCE_SHOWN);
    while (bytes > 0 && source[bytes] != 0 && ((unsigned char)source[bytes] & 0xc0) == 0x80)
        bytes--;
    return (int)bytes;
}

static void add_event(struct dk_errand *errand, struct dk_job *job)
{
    const char *source = errand->asked.settings[0] != 0 ? errand->asked.settings : "another system";
    const struct dk_import_answer *said = &errand->import->said;
    dk_errand_event(errand, job, "import", "%s: up to %llu, from %.*s: %llu handed out, %llu void, %llu that neither has",
                    dk_errand_name(errand), (unsigned long long)said->highest, shown_bytes(source), source,
                    (unsigned long long)said->imported, (unsigned long long)said->voided,
                    (unsigned long long)said->unnamed);
}

static void date_image(const struct dk_errand *errand, struct dk_counter_image *image)
{
    const struct dk_series_record *record = &errand->series->record;
    uint32_t date = dk_import_last_date(errand->import, dk_day_within(record, errand->period, dk_now_s(errand->daemon)));
    if (record->policy->chronological && date > image->last_date)
        image->last_date = date;
}

static docket_status plan_ranges(struct dk_errand *errand, struct dk_job **made)
{
    struct dk_counter_image image;
    docket_status status = take_image(errand, &image);
    if (status != DOCKET_OK) {
        free(image.spares);
        return status;
    }
    struct dk_job *job = dk_job_new(imported, errand);
    add_event(errand, job);
    dk_import_ranges(errand->import, job);
    dk_import_image(errand->import, &image);
    date_image(errand, &image);
    *dk_job_image(job) = image;
    *made = job;
    return DOCKET_OK;
}

static docket_status plan_records(struct dk_errand *errand, struct dk_job **made)
{
    struct dk_import *import = errand->import;
    docket_status status = dk_ledger_import_plan(import, errand->connection->uid, made);
    if (status != DOCKET_OK)
        return status;
    struct dk_job *job = *made;
    add_event(errand, job);
    dk_import_ranges(import, job);
    date_image(errand, &job->images[0]);
    job->done = imported;
    job->context = errand;
    return DOCKET_OK;
}

/* Nothing of the counter is in memory, nor out. */
static void apply(struct dk_errand *errand)
{
    struct dk_import *import = errand->import;
    struct dk_job *job = NULL;
    docket_status status = look(errand);
    bool goes = status == DOCKET_OK && dk_import_goes(import);
    if (goes)
        status = dk_store_make_room_for(errand->daemon->store, 3 * import->gift_count + 16);
    if (status == DOCKET_OK && goes)
        status = import->tracked ? plan_records(errand, &job) : plan_ranges(errand, &job);
    if (status != DOCKET_OK || !goes) {
        if (status == DOCKET_OK)
            put_answer(errand);
        finish(errand, status);
        return;
    }
    if (!errand->series->held)
        dk_ended_entry(errand->daemon, errand->series->record.id, errand->period)->held = true;
    if (errand->period > errand->series->newest)
        errand->series->newest = errand->period; /* the store knows it from now on */
    dk_errand_post(errand, job);
}

/* ---- of a counter that stands above ---- */

static void imported_light(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    struct dk_counter *counter = errand->counter;
    dk_job_free(job);
    errand->import->said.changed = 1;
    put_answer(errand);
    dk_errand_end(errand, DOCKET_OK);
    if (counter != NULL)
        dk_keeper_done(counter);
}

/* Only records of ranges change, as for a void (admin_fates.c): the look is of this moment, with no commit in flight. */
static docket_status apply_light(struct dk_errand *errand)
{
    docket_status status = dk_store_make_room_for(errand->daemon->store, 3 * errand->import->gift_count + 16);
    if (status != DOCKET_OK)
        return status;
    struct dk_job *job = dk_job_new(imported_light, errand);
    errand->counter = dk_series_counter(errand->series, errand->period);
    add_event(errand, job);
    dk_import_ranges(errand->import, job);
    dk_errand_post(errand, job);
    return DOCKET_OK;
}

/* ---- the way there ---- */

static docket_status leases_out(const struct dk_errand *errand)
{
    return dk_fail(DOCKET_REFUSED, "leases of %s are open, so that what is given of it is not known to the number; end the "
                                "processes that `docket inspect` lists, or wait until they have used them up; nothing was "
                                "changed",
                   dk_errand_name(errand));
}

/* True: the errand is over. */
static bool is_cut_short(struct dk_errand *errand)
{
    if (errand->series->quarantined)
        finish(errand, dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile; nothing was changed",
                               dk_errand_name(errand)));
    else if (errand->daemon->stopping)
        finish(errand, dk_fail(DOCKET_UNREACHABLE, "docketd is stopping; nothing was changed"));
    else
        return false;
    return true;
}

/* Current or next, or with a ledger: the series is held. */
static void import_on(struct dk_errand *errand)
{
    struct dk_counter *counter = dk_series_counter(errand->series, errand->period);
    if (is_cut_short(errand))
        return;
    if (counter != NULL && dk_errand_leases_out(counter)) {
        finish(errand, leases_out(errand));
        return;
    }
    if (counter != NULL || dk_ledger_is_written(errand->series) || dk_ended_is_written(errand->series))
        return; /* on its way off the board, or into the store */
    apply(errand);
}

/* A period before: as a close goes (closing.c). */
static void import_ended_on(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    struct dk_counter *counter = dk_series_counter(series, errand->period);
    struct dk_ended_facts facts;
    if (is_cut_short(errand) || series->publishing || series->held ||
        !dk_ended_is_free(errand->daemon, series->record.id, errand->period))
        return;
    if (counter != NULL && !counter->ended) {
        dk_ended_end(counter);
        return;
    }
    if (counter != NULL && (dk_is_strict(counter) || counter->bank >= 0 || !counter->settled || counter->busy)) {
        dk_keeper_ask(counter); /* on its way off the board */
        return;
    }
    if (counter != NULL) {
        finish(errand, leases_out(errand));
        return;
    }
    docket_status status = dk_ended_look(errand->daemon, series->record.id, errand->period, &facts);
    bool open = status == DOCKET_OK && facts.found && facts.image.closed == DK_OPEN;
    if (open) /* its time has passed since it left the board: it ends by its own turn */
        dk_load_counter(errand->daemon, series, &facts.image);
    free(facts.image.spares);
    if (status != DOCKET_OK)
        finish(errand, status);
    else if (!open)
        apply(errand);
}

static void begin(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    struct dk_counter *counter = dk_series_on_board(series, errand->period);
    struct dk_period now;
    dk_period_now(errand->daemon, series->record.policy, &now);
    errand->waits = true;
    if (errand->period < now.label && !errand->import->tracked) {
        errand->go_on = import_ended_on;
        return;
    }
    series->held = true;
    errand->go_on = import_on;
    if (counter == NULL)
        return;
    counter->ahead = true;
    counter->settled = false;
    dk_keeper_ask(counter);
}

static docket_status check_series(const struct dk_errand *errand)
{
    const struct dk_series_book *series = errand->series;
    if (series->record.retired_ns != 0)
        return dk_fail(DOCKET_RETIRED, "%s/%s is retired", errand->asked.tenant, errand->asked.name);
    if (series->desk->draining)
        return dk_fail(DOCKET_BUSY, "desk %s is drained: its counters do not move", series->desk->rule.name);
    if (series->publishing || series->held)
        return dk_fail(DOCKET_BUSY, "%s/%s is being changed; ask again", errand->asked.tenant, errand->asked.name);
    return DOCKET_OK;
}

docket_status dk_errand_import(struct dk_errand *errand)
{
    struct dk_import *import = dk_must_alloc(1, sizeof *import);
    errand->import = import;
    import->daemon = errand->daemon;
    docket_status status = dk_import_read(errand, import);
    if (status == DOCKET_OK && errand->asked.settings[0] != 0)
        status = dk_printable_check("source", errand->asked.settings);
    if (status == DOCKET_OK)
        status = dk_errand_find(errand);
    if (status == DOCKET_OK)
        status = check_series(errand);
    if (status == DOCKET_OK)
        status = check_period(errand);
    if (status != DOCKET_OK)
        return status;
    import->series = errand->series;
    import->period = errand->period;
    import->skip = (errand->asked.flags & DK_ADMIN_SKIP) != 0;
    import->dry = (errand->asked.flags & DK_ADMIN_DRY_RUN) != 0;
    import->tracked = dk_is_tracked(errand->series);
    import->judge = import->tracked ? dk_ledger_import_judge : NULL;
    status = first_look(errand);
    if (status != DOCKET_OK)
        return status;
    if (errand->asked.flags & DK_ADMIN_DRY_RUN || !dk_import_goes(import))
        put_answer(errand);
    else if (dk_import_is_light(import))
        status = apply_light(errand);
    else
        begin(errand);
    dk_ledger_import_end(import); /* the commit begins with what the store then says */
    return status;
}
