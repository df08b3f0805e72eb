/* SPDX-License-Identifier: MIT */
/*
 * admin_set: another policy for a series that exists.
 *
 * The window may change at any time. Order, restart, template and beginning only
 * while no number was ever handed out, since texts could collide with those that
 * are on documents; and while nobody sits at the desk, since handles keep what
 * they read. To know the first exactly the counters go off the board, as for an
 * advance (admin_series.c); then the images alone are the truth. One commit writes
 * record and images; then the slot is rewritten, and the series opened again.
 */
#include "daemon/errand.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static void put_setting(struct dk_errand *errand, const char *name, const char *before, const char *after,
                        const char *why_not)
{
    struct dk_setting_wire row = {0};
    if (strcmp(before, after) == 0)
        return;
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.before, sizeof row.before, "%s", before);
    snprintf(row.after, sizeof row.after, "%s", after);
    snprintf(row.why_not, sizeof row.why_not, "%s", why_not);
    errand->answer = dk_must_grow(errand->answer, errand->answer_bytes + sizeof row, 1);
    memcpy((char *)errand->answer + errand->answer_bytes, &row, sizeof row);
    errand->answer_bytes += sizeof row;
}

static const char *number_text(uint64_t number, char text[24])
{
    snprintf(text, 24, "%llu", (unsigned long long)number);
    return text;
}

/* Where the current counter begins, behind what the first number comes. */
static uint64_t start_after_of(const struct dk_errand *errand)
{
    const struct dk_series_book *series = errand->series;
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->period.label == errand->period)
            return series->bank[bank]->extent_first - 1;
    return 0;
}

static void put_settings(struct dk_errand *errand, const char *why_not)
{
    const struct dk_policy *before = errand->series->record.policy, *after = errand->record.policy;
    uint64_t start = start_after_of(errand);
    uint64_t wanted = errand->asked.flags & DK_ADMIN_START_AFTER ? errand->asked.start_after : start;
    char is[DK_SETTING_BYTES], will[DK_SETTING_BYTES];
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++) {
        dk_policy_get(before, at, is);
        dk_policy_get(after, at, will);
        put_setting(errand, settings[at].name, is, will, settings[at].when == DK_ANY_TIME ? "" : why_not);
    }
    char a[24], b[24];
    put_setting(errand, "start-after", number_text(start, a), number_text(wanted, b), why_not);
}

/* Only what may change at any time, or nothing at all? */
static bool is_light(const struct dk_errand *errand)
{
    const struct dk_policy *before = errand->series->record.policy, *after = errand->record.policy;
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    bool start = errand->asked.flags & DK_ADMIN_START_AFTER && errand->asked.start_after != start_after_of(errand);
    for (unsigned at = 0; !start && at < count; at++) {
        char is[DK_SETTING_BYTES], will[DK_SETTING_BYTES];
        dk_policy_get(before, at, is);
        dk_policy_get(after, at, will);
        if (settings[at].when != DK_ANY_TIME && strcmp(is, will) != 0)
            return false;
    }
    return !start;
}

/* ---- may it? ---- */

struct looking {
    const struct dk_errand *errand;
    char why_not[236];
};

/* Has a number of this counter been handed out, or may one have been? */
static docket_status look_at_counter(void *context, const struct dk_counter_image *image)
{
    struct looking *looking = context;
    const struct dk_errand *errand = looking->errand;
    struct dk_fate_list list = {0};
    char period[16];
    if (looking->why_not[0] != 0)
        return DOCKET_OK;
    dk_period_text(image->period, period);
    if (image->closed) {
        snprintf(looking->why_not, sizeof looking->why_not, "its period %s has been closed", period);
        return DOCKET_OK;
    }
    docket_status status = dk_fate_list(errand->daemon, errand->series, image->period, &list);
    for (size_t i = 0; status == DOCKET_OK && i < list.count && looking->why_not[0] == 0; i++)
        if (list.pieces[i].fate != DK_FATE_LAID && list.pieces[i].fate != DK_FATE_SPARE)
            snprintf(looking->why_not, sizeof looking->why_not,
                     "%llu%s%s is %s: texts of another policy could collide with it", (unsigned long long)list.pieces[i].first,
                     period[0] ? " of " : "", period, dk_fate_name(list.pieces[i].fate));
    free(list.pieces);
    return status;
}

static docket_status look(const struct dk_errand *errand, struct looking *looking)
{
    const struct dk_desk_book *desk = errand->series->desk;
    *looking = (struct looking){.errand = errand};
    dk_fate_wait(errand->daemon);
    docket_status status = dk_store_each_counter_of(errand->daemon->store, errand->series->record.id, look_at_counter,
                                                    looking);
    for (uint32_t seat = 0; seat < desk->seats_used && looking->why_not[0] == 0; seat++)
        if (desk->seats[seat].state != DK_SEAT_FREE)
            snprintf(looking->why_not, sizeof looking->why_not,
                     "pid %llu sits at desk %s and may hold the old policy: end it first",
                     (unsigned long long)dk_load_relaxed(&dk_desk_seat(&desk->map, seat)->pid), desk->rule.name);
    return status;
}

static docket_status wanted_policy(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_policy wanted = *errand->series->record.policy, *policy = &wanted;
    errand->record = errand->series->record;
    docket_status status = dk_policy_apply(policy, asked->settings);
    if (status != DOCKET_OK)
        return status;
    if (asked->flags & DK_ADMIN_START_AFTER && asked->start_after >= DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_POLICY, "start-after %llu leaves no number", (unsigned long long)asked->start_after);
    status = dk_policy_check(policy, asked->tenant, asked->name, NULL);
    if (status == DOCKET_OK)
        errand->record.policy = dk_policy_keep(policy);
    return status;
}

/* ---- the commits ---- */

static void set_event(const struct dk_errand *errand, struct dk_job *job)
{
    const struct dk_policy *policy = errand->record.policy;
    char start[40] = "";
    if (errand->asked.flags & DK_ADMIN_START_AFTER)
        snprintf(start, sizeof start, ", start after %llu", (unsigned long long)errand->asked.start_after);
    dk_errand_event(errand, job, "set", "%s/%s: %s, restarting %s, window %u%s, %s", errand->asked.tenant,
                    errand->asked.name, dk_order_name(policy->order), dk_restart_name(policy->restart),
                    policy->window, start, policy->template_text);
}

static void window_set(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    struct dk_series_book *series = errand->series;
    dk_job_free(job);
    series->record = errand->record;
    dk_series_rewrite(series); /* the window only */
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->window > series->record.policy->window)
            series->bank[bank]->window = series->record.policy->window;
    dk_errand_end(errand, DOCKET_OK);
}

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

static void policy_set(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    errand->series->record = errand->record;
    errand->series->newest = INT32_MAX; /* the commit made periods of another kind: each is looked for in the store */
    dk_series_rewrite(errand->series);
    finish(errand, DOCKET_OK);
}

struct resetting {
    struct dk_errand *errand;
    struct dk_job *job;
    int32_t label;    /* of the current period under the new policy */
    uint64_t first;   /* its first number */
    bool has_current;
};

/* Nobody took from it: it begins again, at its own beginning or the new one. */
static docket_status reset(void *context, const struct dk_counter_image *image)
{
    struct resetting *resetting = context;
    uint64_t first = image->period == resetting->label ? resetting->first : image->extent_first;
    dk_image_begin(dk_job_image(resetting->job), image->series_id, image->period, first - 1, image->incarnation);
    resetting->has_current = resetting->has_current || image->period == resetting->label;
    return DOCKET_OK;
}

static docket_status plan_policy(struct dk_errand *errand, struct dk_job *job, uint64_t start_after)
{
    struct dk_period now;
    dk_period_now(errand->daemon, errand->record.policy, &now);
    struct resetting resetting = {.errand = errand, .job = job, .label = now.label, .first = start_after + 1};
    docket_status status =
        dk_store_each_counter_of(errand->daemon->store, errand->record.id, reset, &resetting);
    if (status == DOCKET_OK && !resetting.has_current)
        dk_image_begin(dk_job_image(job), errand->record.id, now.label, start_after,
                       errand->series->desk->map.incarnation);
    dk_job_change(job, &errand->record);
    set_event(errand, job);
    return status;
}

static void set_on(struct dk_errand *errand)
{
    struct looking looking;
    docket_status status = DOCKET_OK;
    for (struct dk_counter *counter = errand->series->counters; counter != NULL; counter = counter->next_of_series) {
        if (errand->series->quarantined)
            continue;
        if (!dk_errand_leases_out(counter))
            return; /* on its way off the board */
        status = dk_fail(DOCKET_BUSY, "leases of %s/%s are open; nothing was changed", errand->asked.tenant,
                         errand->asked.name);
    }
    if (status == DOCKET_OK)
        status = look(errand, &looking);
    if (status == DOCKET_OK && errand->series->quarantined)
        status = dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand));
    if (status == DOCKET_OK && looking.why_not[0] != 0)
        status = dk_fail(DOCKET_REFUSED, "%s/%s keeps its policy but for the window: %s; nothing was changed",
                         errand->asked.tenant, errand->asked.name, looking.why_not);
    struct dk_job *job = status == DOCKET_OK ? dk_job_new(policy_set, errand) : NULL;
    if (status == DOCKET_OK)
        status = plan_policy(errand, job, errand->figure);
    if (status == DOCKET_OK) {
        errand->figure = 0;
        dk_errand_post(errand, job);
        return;
    }
    if (job != NULL)
        dk_job_free(job);
    finish(errand, status);
}

static docket_status hold(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    if (series->publishing)
        return dk_fail(DOCKET_BUSY, "a period of %s/%s is being opened; ask again", errand->asked.tenant,
                       errand->asked.name);
    errand->figure =
        errand->asked.flags & DK_ADMIN_START_AFTER ? errand->asked.start_after : start_after_of(errand);
    series->held = series->desk->held = true;
    errand->waits = true;
    errand->go_on = set_on;
    for (int bank = 0; bank < DK_BANKS; bank++) {
        if (series->bank[bank] == NULL)
            continue;
        series->bank[bank]->ahead = true;
        series->bank[bank]->settled = false;
        dk_keeper_ask(series->bank[bank]);
    }
    return DOCKET_OK;
}

static void set_light(struct dk_errand *errand)
{
    struct dk_job *job = dk_job_new(window_set, errand);
    dk_job_change(job, &errand->record);
    set_event(errand, job);
    dk_errand_post(errand, job);
}

/* Seats whose owners had ended have been cleared. */
static docket_status begin_heavy(struct dk_errand *errand)
{
    struct looking looking;
    docket_status status = look(errand, &looking);
    if (status != DOCKET_OK)
        return status;
    put_settings(errand, looking.why_not);
    errand->waits = false;
    if (errand->asked.flags & DK_ADMIN_DRY_RUN)
        return DOCKET_OK;
    if (looking.why_not[0] != 0)
        return dk_fail(DOCKET_REFUSED, "%s/%s keeps its policy but for the window: %s; nothing was changed",
                       errand->asked.tenant, errand->asked.name, looking.why_not);
    return hold(errand);
}

static void wait_for_reaper(struct dk_errand *errand)
{
    const struct dk_desk_book *desk = errand->series->desk;
    for (uint32_t seat = 0; seat < desk->seats_used; seat++)
        if (desk->seats[seat].state == DK_SEAT_REAPING)
            return;
    errand->go_on = NULL;
    docket_status status = errand->series->quarantined
                               ? dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand))
                               : begin_heavy(errand);
    if (status != DOCKET_OK || !errand->waits)
        dk_errand_end(errand, status);
}

docket_status dk_errand_set(struct dk_errand *errand)
{
    docket_status status = dk_errand_find(errand);
    if (status == DOCKET_OK && errand->series->record.retired_ns != 0)
        status = dk_fail(DOCKET_RETIRED, "%s/%s is retired", errand->asked.tenant, errand->asked.name);
    if (status == DOCKET_OK)
        status = wanted_policy(errand);
    if (status != DOCKET_OK)
        return status;
    if (!is_light(errand)) {
        dk_reaper_tick(errand->daemon, true); /* who has just ended does not sit there */
        errand->waits = true;
        errand->go_on = wait_for_reaper;
        return DOCKET_OK;
    }
    put_settings(errand, "");
    if (!(errand->asked.flags & DK_ADMIN_DRY_RUN) && errand->answer_bytes > 0)
        set_light(errand);
    return DOCKET_OK;
}
