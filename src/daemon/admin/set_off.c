/* SPDX-License-Identifier: MIT */
/*
 * set_off: a policy is changed while the counters are off the board.
 *
 * To know exactly what was given, and so that nobody takes a number meanwhile, they
 * leave as for an advance (admin_series.c); then the images alone are the truth. One
 * commit writes record and images; then the slot is rewritten and the periods are
 * opened again, with another form under another epoch, which whoever takes the next
 * number reads. docketd's death before the commit: they come back as they were;
 * after it: the next start puts them on the board as the store says.
 *
 * A series that begins to keep a ledger leaves in this way and does not come back: the
 * same commit ends every image that is open, and its slot says LEDGER. Of one that
 * keeps a ledger nothing is on the board; its images are changed while no commit of the
 * ledger is in flight, and no plan is begun while the series is held.
 */
#include "daemon/admin/setting.h"

#include "table/doorbell.h"

#include <stdlib.h>
#include <string.h>

/* ---- may it? ---- */

struct looking {
    const struct dk_errand *errand;
    struct dk_set_looks *looks;
};

/* Has a number of this counter been handed out, or may one have been? */
static docket_status look_at_counter(void *context, const struct dk_counter_image *image)
{
    const struct looking *looking = context;
    const struct dk_errand *errand = looking->errand;
    char *why_not = looking->looks->not_at_first, period[16];
    const size_t size = sizeof looking->looks->not_at_first;
    struct dk_fate_list list = {0};
    if (why_not[0] != 0)
        return DOCKET_OK;
    dk_period_text(image->period, period);
    if (image->closed == DK_ENDED && image->next == image->extent_first && image->spare_count == 0)
        return DOCKET_OK; /* only where it begins was ever said of it */
    if (image->closed && !(dk_is_tracked(errand->series) && image->closed == DK_ENDED)) {
        snprintf(why_not, size, "its period %s has been closed", period);
        return DOCKET_OK;
    }
    docket_status status = dk_fate_list(errand->daemon, errand->series, image->period, &list);
    for (size_t i = 0; status == DOCKET_OK && i < list.count && why_not[0] == 0; i++)
        if (list.pieces[i].fate != DK_FATE_LAID && list.pieces[i].fate != DK_FATE_SPARE)
            snprintf(why_not, size, "%llu%s%s is %s, and this may change only before the first number",
                     (unsigned long long)list.pieces[i].first, period[0] ? " of " : "", period,
                     dk_fate_name(list.pieces[i].fate));
    free(list.pieces);
    return status;
}

static docket_status look_at_first(const struct dk_errand *errand, struct dk_set_looks *looks)
{
    const struct dk_desk_book *desk = errand->series->desk;
    struct looking looking = {errand, looks};
    docket_status status = dk_store_each_counter_of(errand->daemon->store, errand->series->record.id, look_at_counter,
                                                    &looking);
    for (uint32_t seat = 0; seat < desk->seats_used && looks->not_at_first[0] == 0; seat++)
        if (desk->seats[seat].state != DK_SEAT_FREE)
            snprintf(looks->not_at_first, sizeof looks->not_at_first,
                     "pid %llu sits at desk %s and may hold the old policy: end it first",
                     (unsigned long long)dk_load_relaxed(&dk_desk_seat(&desk->map, seat)->pid), desk->rule.name);
    return status;
}

/* Does the change concern this counter? One whose period has ended keeps what it has. */
static bool is_meant(const struct dk_errand *errand, const struct dk_counter *counter)
{
    return !counter->ended && (!errand->set.next || counter->period.label >= errand->set.from);
}

/* A lease gives numbers from a private copy: they would come with the old text behind
 * those with the new one. */
static docket_status look_at_leases(const struct dk_errand *errand, struct dk_set_looks *looks)
{
    const struct dk_desk_book *desk = errand->series->desk;
    docket_status status = DOCKET_OK;
    for (const struct dk_counter *counter = errand->series->counters; status == DOCKET_OK && counter != NULL;
         counter = counter->next_of_series) {
        struct dk_fate_list list = {0};
        if (dk_is_strict(counter) || !is_meant(errand, counter))
            continue;
        status = dk_fate_list(errand->daemon, errand->series, counter->period.label, &list);
        for (size_t i = 0; status == DOCKET_OK && i < list.count && looks->not_now[0] == 0; i++) {
            const struct dk_fate_piece *piece = &list.pieces[i];
            if (piece->fate != DK_FATE_OPEN)
                continue;
            uint64_t pid = piece->seat >= 0 && (uint32_t)piece->seat < desk->seats_used
                               ? dk_load_relaxed(&dk_desk_seat(&desk->map, (uint32_t)piece->seat)->pid)
                               : 0;
            snprintf(looks->not_now, sizeof looks->not_now,
                     "pid %llu holds a lease of %llu to %llu: end it, or wait until it has used them up; `docket inspect` "
                     "lists all leases",
                     (unsigned long long)pid, (unsigned long long)piece->first, (unsigned long long)piece->last);
        }
        free(list.pieces);
    }
    return status;
}

/* ---- intervals ---- */

/* Is the old interval of this counter at its end, by numbers or by the calendar? */
static bool interval_over(const struct dk_errand *errand, uint64_t next, bool spares)
{
    const struct dk_policy *before = errand->series->record.policy;
    const struct dk_zone *zone = dk_zone_of_policy(before);
    if (before->last == 0)
        return false;
    if (next > before->last && !spares)
        return true;
    return before->valid_to != 0 && zone->date(zone, dk_now_s(errand->daemon)) > before->valid_to;
}

/* Numbers that could still be given from the current counter. */
static docket_status look_at_interval(const struct dk_errand *errand, struct dk_set_looks *looks)
{
    struct dk_fate_list list = {0};
    uint64_t next = 0, free_ones = 0;
    if (!errand->set.start || errand->series->record.policy->last == 0)
        return DOCKET_OK;
    docket_status status = dk_fate_list(errand->daemon, errand->series, errand->period, &list);
    for (size_t i = 0; status == DOCKET_OK && i < list.count; i++)
        free_ones += list.pieces[i].fate == DK_FATE_LAID || list.pieces[i].fate == DK_FATE_SPARE ||
                     list.pieces[i].fate == DK_FATE_OPEN;
    next = list.mark;
    free(list.pieces);
    looks->interval_over = status == DOCKET_OK && interval_over(errand, next, free_ones > 0);
    if (looks->interval_over && errand->asked.start_after + 1 < next && free_ones == 0)
        snprintf(looks->not_now, sizeof looks->not_now,
                 "the new interval must begin above everything given: at %llu or later", (unsigned long long)next);
    return status;
}

docket_status dk_set_look(const struct dk_errand *errand, struct dk_set_looks *looks)
{
    dk_fate_wait(errand->daemon);
    docket_status status = look_at_first(errand, looks);
    if (status == DOCKET_OK)
        status = look_at_interval(errand, looks);
    return status == DOCKET_OK && looks->not_now[0] == 0 ? look_at_leases(errand, looks) : status;
}

/* ---- the commit ---- */

static void finish(struct dk_errand *errand, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    errand->series->desk->held = false;
    dk_errand_let_go(errand);
    if (status != DOCKET_OK)
        dk_fail(status, "%s", sentence);
    dk_errand_end(errand, status);
}

/* Who waits for supply hears at once that there will be none. */
static void wake(const struct dk_series_book *series)
{
    struct shared_board_slot *slot = dk_desk_slot(&series->desk->map, series->slot);
    for (int bank = 0; bank < DK_BANKS; bank++)
        dk_doorbell_announce(&slot->bank[bank].supply);
}

static void policy_set(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    dk_set_in_place(errand);
    if (errand->set.when == DK_AT_FIRST)
        errand->series->newest = INT32_MAX; /* periods of another kind: each is looked for in the store */
    dk_series_rewrite(errand->series);
    if (dk_is_tracked(errand->series))
        wake(errand->series);
    finish(errand, DOCKET_OK);
}

struct planning {
    struct dk_errand *errand;
    struct dk_job *job;
    int32_t label;    /* of the current period under the new policy */
    uint64_t first;   /* its first number, of a counter that begins anew */
    bool has_current;
    bool anew;        /* nobody took from any: they begin again */
    bool ordered;     /* the series becomes chronological */
    bool leaves;      /* the series begins to keep a ledger */
    int32_t now;      /* label of the current period under the old policy */
};

/* How an open image stands under the new policy: with a ledger nothing of it comes to the board. */
static uint32_t begins_as(const struct dk_errand *errand)
{
    return errand->record.policy->ledger ? DK_ENDED : DK_OPEN;
}

/* May numbers of it be given under the policy from now on, as those of the current period? */
static bool goes_on(const struct planning *planning, const struct dk_counter_image *image)
{
    if (dk_is_tracked(planning->errand->series))
        return image->closed == DK_ENDED && image->period >= planning->now;
    return !image->closed;
}

/* Nobody took from it: it begins again, at its own beginning or the new one. */
static void begin_anew(struct planning *planning, const struct dk_counter_image *image)
{
    uint64_t first = image->period == planning->label ? planning->first : image->extent_first;
    struct dk_counter_image *begun = dk_job_image(planning->job);
    dk_image_begin(begun, image->series_id, image->period, first - 1, image->incarnation);
    begun->extent_last = dk_record_last(&planning->errand->record, image->period);
    begun->closed = begins_as(planning->errand);
    planning->has_current = planning->has_current || image->period == planning->label;
}

/* Another interval begins above all that was given; what the old one had left is void. */
static docket_status begin_interval(struct planning *planning, struct dk_counter_image *image)
{
    struct dk_errand *errand = planning->errand;
    uint64_t first = errand->asked.start_after + 1;
    if (!interval_over(errand, image->next, image->spare_count > 0))
        return dk_set_refused(errand, "the interval has numbers left; another one begins when it has ended");
    if (first < image->next)
        return dk_set_refused(errand, "the new interval must begin above everything that was given");
    dk_errand_skip(planning->job, image, first, DK_CAUSE_INTERVAL);
    image->interval_first = first;
    return DOCKET_OK;
}

/* Nothing of the counter is out, nor in memory: its image, to be changed. */
static struct dk_counter_image *copy_of(struct planning *planning, const struct dk_counter_image *image)
{
    struct dk_counter_image *changed = dk_job_image(planning->job);
    *changed = *image;
    changed->places = NULL;
    dk_image_copy_spares(changed, image->spares, image->spare_count);
    return changed;
}

/* What was given of it while the series was not chronological had any date up to
 * now: no earlier one may follow, in periods that have ended neither. */
static bool is_dated(const struct planning *planning, const struct dk_counter_image *image)
{
    return planning->ordered && image->next > image->extent_first && image->closed != DK_CLOSED_FOR_GOOD;
}

static void date_now(const struct planning *planning, struct dk_counter_image *image)
{
    uint32_t date = dk_day_within(&planning->errand->record, image->period, dk_now_s(planning->errand->daemon));
    if (date > image->last_date)
        image->last_date = date;
}

/* It goes on with another end. */
static docket_status go_on_with(void *context, const struct dk_counter_image *image)
{
    struct planning *planning = context;
    struct dk_errand *errand = planning->errand;
    bool dated = is_dated(planning, image);
    bool open = goes_on(planning, image);
    if (!open && dated)
        date_now(planning, copy_of(planning, image));
    if (!open || (errand->set.next && image->period < errand->set.from))
        return DOCKET_OK;
    if (planning->anew) {
        begin_anew(planning, image);
        return DOCKET_OK;
    }
    planning->has_current = planning->has_current || image->period == planning->label;
    uint64_t last = dk_record_last(&errand->record, image->period);
    bool interval = errand->set.start && image->period == planning->label;
    if (last == image->extent_last && !interval && !dated && !planning->leaves)
        return DOCKET_OK;
    if (image->place_count > 0 || image->mark != image->next)
        return dk_fail(DOCKET_BUSY, "%s was changed meanwhile; nothing was changed by this; ask again",
                       dk_errand_name(errand));
    struct dk_counter_image *changed = copy_of(planning, image);
    if (dated)
        date_now(planning, changed);
    docket_status status = interval ? begin_interval(planning, changed) : DOCKET_OK;
    uint64_t first = changed->interval_first != 0 ? changed->interval_first : changed->extent_first;
    if (status == DOCKET_OK && (last < changed->next - 1 || last < first))
        status = dk_fail(DOCKET_REFUSED, "%s/%s keeps its policy: it has come to %llu, and its last number would be %llu; "
                                         "nothing was changed",
                         errand->asked.tenant, errand->asked.name, (unsigned long long)changed->next - 1,
                         (unsigned long long)last);
    changed->extent_last = last;
    changed->closed = begins_as(errand);
    return status;
}

static docket_status plan(struct dk_errand *errand, struct dk_job *job, const struct dk_set_looks *looks)
{
    const struct dk_policy *before = errand->series->record.policy;
    struct dk_period now, was;
    dk_period_now(errand->daemon, errand->record.policy, &now);
    dk_period_now(errand->daemon, before, &was);
    struct planning planning = {.errand = errand,
                                .job = job,
                                .label = now.label,
                                .first = errand->figure + 1,
                                .anew = errand->set.when == DK_AT_FIRST && looks->not_at_first[0] == 0,
                                .ordered = errand->record.policy->chronological && !before->chronological,
                                .leaves = errand->record.policy->ledger && !before->ledger,
                                .now = was.label};
    dk_set_events(errand, job); /* the first one: what becomes void names it */
    docket_status status = dk_store_each_counter_of(errand->daemon->store, errand->record.id, go_on_with, &planning);
    if (status == DOCKET_OK && (planning.anew || errand->set.start) && !planning.has_current) {
        struct dk_counter_image *image = dk_job_image(job);
        dk_image_begin(image, errand->record.id, now.label, errand->figure, errand->series->desk->map.incarnation);
        image->extent_last = dk_record_last(&errand->record, now.label);
        image->closed = begins_as(errand);
    }
    dk_job_change(job, &errand->record);
    return status;
}

/* ---- off the board ---- */

/* Then nothing of it may stay in memory: its last word would overwrite the ledger's. */
static bool begins_ledger(const struct dk_errand *errand)
{
    return errand->record.policy->ledger && !dk_is_tracked(errand->series);
}

/* True while something is on its way; *status: what stays will stay. */
static bool is_leaving(struct dk_errand *errand, docket_status *status)
{
    for (struct dk_counter *counter = errand->series->counters; counter != NULL; counter = counter->next_of_series) {
        if (counter->bank < 0 && !is_meant(errand, counter) && !begins_ledger(errand))
            continue; /* it waits for its leases, and gives nothing that is not out */
        if (counter->bank >= 0 && errand->set.next && counter->period.label < errand->set.from)
            continue;
        if (!dk_errand_leases_out(counter))
            return true;
        *status = dk_fail(DOCKET_BUSY, "leases of %s/%s are open; nothing was changed", errand->asked.tenant,
                          errand->asked.name);
    }
    return false;
}

static void set_on(struct dk_errand *errand)
{
    struct dk_set_looks looks = {0};
    docket_status status = DOCKET_OK;
    if (!errand->series->quarantined && (is_leaving(errand, &status) || dk_ended_is_written(errand->series) ||
                                        dk_ledger_is_written(errand->series)))
        return;
    if (errand->series->quarantined)
        status = dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand));
    if (status == DOCKET_OK) {
        dk_fate_wait(errand->daemon);
        status = look_at_first(errand, &looks);
    }
    bool first = errand->set.when == DK_AT_FIRST && !errand->set.interval;
    if (status == DOCKET_OK && first && looks.not_at_first[0] != 0)
        status = dk_set_refused(errand, looks.not_at_first);
    struct dk_job *job = status == DOCKET_OK ? dk_job_new(policy_set, errand) : NULL;
    if (status == DOCKET_OK)
        status = plan(errand, job, &looks);
    if (status == DOCKET_OK) {
        errand->figure = 0;
        dk_errand_post(errand, job);
        return;
    }
    if (job != NULL)
        dk_job_free(job);
    finish(errand, status);
}

docket_status dk_set_off(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    if (series->publishing)
        return dk_fail(DOCKET_BUSY, "a period of %s/%s is being opened; ask again", errand->asked.tenant,
                       errand->asked.name);
    errand->figure = errand->set.start ? errand->asked.start_after : dk_set_start_after(errand);
    series->held = true;
    series->desk->held = errand->set.when == DK_AT_FIRST && !errand->set.interval;
    errand->waits = true;
    errand->go_on = set_on;
    for (int bank = 0; bank < DK_BANKS; bank++) {
        struct dk_counter *counter = series->bank[bank];
        if (counter == NULL || !is_meant(errand, counter))
            continue;
        counter->ahead = true;
        counter->settled = false;
        dk_keeper_ask(counter);
    }
    return DOCKET_OK;
}
