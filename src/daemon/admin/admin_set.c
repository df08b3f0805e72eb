/* SPDX-License-Identifier: MIT */
/*
 * admin_set: another policy for a series that exists. Forward only: what was given
 * keeps its text.
 *
 * Each setting says when it may change (policy.h). Any time: the record and the
 * slot, at once. From now on: the counters go off the board, and come back with
 * another form (set_off.c). From the next period on: the record keeps both
 * policies, and each period is opened with its own; at the edge the later one
 * replaces the other (set_next.c). At first: as from now on, and only while no
 * number was given and nobody sits at the desk.
 *
 * No policy is taken whose texts could be those of other numbers of the tenant
 * (shapes.c). All or nothing: one setting that may not change keeps all as they are.
 */
#include "daemon/admin/setting.h"

#include "daemon/ended/ended.h"
#include "daemon/series/shapes.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is asked ---- */

/* These hold for both banks of a slot at once. */
static const char *const not_from_next[] = {"at-end", "release", "ledger", "chronological"};

static bool waits_for_no_period(const char *name)
{
    for (size_t i = 0; i < sizeof not_from_next / sizeof not_from_next[0]; i++)
        if (strcmp(name, not_from_next[i]) == 0)
            return true;
    return false;
}

uint64_t dk_set_start_after(const struct dk_errand *errand)
{
    const struct dk_counter *counter = dk_series_counter(errand->series, errand->period);
    if (counter != NULL)
        return counter->extent_first - 1;
    uint64_t first = dk_is_tracked(errand->series)
                         ? dk_ended_first(errand->daemon, errand->series->record.id, errand->period)
                         : 0;
    return first > 0 ? first - 1 : 0;
}

static docket_status check_one(const struct dk_errand *errand, const struct dk_policy *policy,
                               struct dk_template *resolved)
{
    const struct dk_admin_request *asked = &errand->asked;
    docket_status status = dk_policy_check(policy, asked->tenant, asked->name, resolved);
    return status == DOCKET_OK ? dk_today_check(errand->daemon, policy) : status;
}

/* What changes at once changes for the pending policy too, where that says the same
 * as the one that it will replace. */
static docket_status take_along(struct dk_errand *errand, const struct dk_policy *wanted)
{
    const struct dk_series_record *record = &errand->series->record;
    struct dk_template resolved;
    struct dk_policy next;
    uint64_t rows = errand->set.rows & ~dk_policy_differ(record->policy, record->next);
    if (wanted->restart != record->policy->restart ||
        memcmp(&wanted->fiscal, &record->policy->fiscal, sizeof wanted->fiscal) != 0)
        return dk_fail(DOCKET_REFUSED, "%s/%s has a policy that waits for its next period, and with other periods that "
                                       "would be another one; take it back first (--from next with the settings that hold "
                                       "now); nothing was changed",
                       errand->asked.tenant, errand->asked.name);
    docket_status status = dk_policy_merge(record->next, wanted, rows, &next);
    if (status == DOCKET_OK)
        status = check_one(errand, &next, &resolved);
    if (status != DOCKET_OK)
        return dk_wrap(status, "the policy that %s/%s gets from its next period on would not be in order",
                       errand->asked.tenant, errand->asked.name);
    if (dk_policy_differ(&next, wanted) == 0) {
        errand->record.next = NULL;
        errand->record.next_from = 0;
    } else {
        errand->record.next = dk_policy_keep(&next);
    }
    return DOCKET_OK;
}

static docket_status plan_next(struct dk_errand *errand, const struct dk_policy *wanted)
{
    const struct dk_series_record *record = &errand->series->record;
    struct dk_period now, next;
    dk_period_now(errand->daemon, record->policy, &now);
    if (now.end_s == INT64_MAX)
        return dk_fail(DOCKET_REFUSED, "%s/%s never restarts, so there is no next period to wait for; set it from now on; "
                                       "nothing was changed",
                       errand->asked.tenant, errand->asked.name);
    dk_period_at_instant(record->policy, now.end_s, &next);
    errand->set.from = next.label;
    errand->record.next = errand->set.rows != 0 ? dk_policy_keep(wanted) : NULL;
    errand->record.next_from = errand->set.rows != 0 ? next.label : 0;
    return DOCKET_OK;
}

static void judge_rows(struct dk_errand *errand)
{
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    errand->set.when = DK_ANY_TIME;
    for (unsigned at = 0; at < count; at++)
        if (errand->set.rows >> at & 1 && settings[at].when > errand->set.when)
            errand->set.when = settings[at].when;
    if (errand->set.start)
        errand->set.when = DK_AT_FIRST;
}

/* A record that is not kept any more would let a retry get another number. */
static docket_status check_ledger_stays(const struct dk_errand *errand, const struct dk_policy *wanted)
{
    const struct dk_series_record *record = &errand->series->record;
    if (wanted->ledger || (!record->policy->ledger && (record->next == NULL || !record->next->ledger)))
        return DOCKET_OK;
    return dk_fail(DOCKET_REFUSED, "%s/%s keeps its ledger: the keys that have a number must find it for ever, so "
                                   "ledger=on is never taken back; declare another series; nothing was changed",
                   errand->asked.tenant, errand->asked.name);
}

/* A text says behind which number the current counter begins, or one whose period has ended. */
static docket_status begin_behind(struct dk_errand *errand, const struct dk_policy *wanted)
{
    struct dk_admin_request *asked = &errand->asked;
    struct dk_begin_ask ask = {asked->tenant, asked->name, wanted, &errand->set.template};
    docket_status status = dk_begin_read(errand->daemon, &ask, errand->start, 0, &errand->begin);
    if (status != DOCKET_OK || errand->begin.past)
        return status;
    asked->start_after = errand->begin.after;
    asked->flags |= DK_ADMIN_START_AFTER;
    return DOCKET_OK;
}

/* The policy that is asked for, in order by itself. */
static docket_status wanted_policy(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_policy wanted = *errand->series->record.policy;
    errand->record = errand->series->record;
    if (asked->flags & DK_ADMIN_START_AFTER && asked->start_after >= DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_POLICY, "start-after %llu leaves no number", (unsigned long long)asked->start_after);
    docket_status status = dk_errand_cut_start(errand, DK_START_AFTER_LINE);
    if (status == DOCKET_OK)
        status = dk_policy_apply(&wanted, asked->settings);
    if (status == DOCKET_OK)
        status = check_one(errand, &wanted, &errand->set.template);
    if (status == DOCKET_OK && errand->start[0] != 0)
        status = begin_behind(errand, &wanted);
    if (status == DOCKET_OK)
        status = check_ledger_stays(errand, &wanted);
    if (status != DOCKET_OK)
        return status;
    errand->set.policy = dk_policy_keep(&wanted);
    errand->set.rows = dk_policy_differ(errand->record.policy, &wanted);
    errand->set.next = asked->flags & DK_ADMIN_FROM_NEXT;
    errand->set.start = asked->flags & DK_ADMIN_START_AFTER && asked->start_after != dk_set_start_after(errand);
    judge_rows(errand);
    if (errand->set.next)
        return plan_next(errand, &wanted);
    errand->record.policy = errand->set.policy;
    return errand->record.next != NULL ? take_along(errand, &wanted) : DOCKET_OK;
}

static docket_status check_shape(const struct dk_errand *errand, const struct dk_policy *policy,
                                 const struct dk_template *resolved)
{
    struct dk_shape_ask ask = {errand->asked.tenant, errand->asked.name, errand->record.id, policy, resolved};
    return dk_shapes_check(errand->daemon, &ask);
}

static docket_status check_shapes(const struct dk_errand *errand)
{
    const struct dk_policy *next = errand->record.next;
    struct dk_template resolved;
    if (errand->set.when == DK_ANY_TIME)
        return DOCKET_OK;
    docket_status status = check_shape(errand, errand->set.policy, &errand->set.template);
    if (status != DOCKET_OK || next == NULL || next == errand->set.policy)
        return status;
    status = dk_policy_template(next, errand->asked.tenant, &resolved);
    return status == DOCKET_OK ? check_shape(errand, next, &resolved) : status;
}

/* ---- the answer ---- */

void dk_set_row(struct dk_errand *errand, const char *name, const char *before, const char *after, const char *why_not)
{
    struct dk_setting_wire row = {0};
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.before, sizeof row.before, "%s", before);
    snprintf(row.after, sizeof row.after, "%s", after);
    snprintf(row.why_not, sizeof row.why_not, "%s", why_not);
    errand->answer = dk_must_grow(errand->answer, errand->answer_bytes + sizeof row, 1);
    memcpy((char *)errand->answer + errand->answer_bytes, &row, sizeof row);
    errand->answer_bytes += sizeof row;
}

const char *dk_set_why_not(const struct dk_errand *errand, const struct dk_setting *setting,
                           const struct dk_set_looks *looks)
{
    enum dk_when when = setting != NULL ? setting->when : DK_AT_FIRST; /* NULL: where the counter begins */
    if (errand->set.next && setting == NULL)
        return "each period begins at 1; a beginning is set from now on";
    if (errand->set.next && when == DK_AT_FIRST)
        return "it may change only before the first number, never with a period";
    if (errand->set.next && waits_for_no_period(setting->name))
        return "it holds for all periods of a series at once: set it from now on";
    if (errand->set.next)
        return "";
    if (when == DK_AT_FIRST)
        return setting == NULL && looks->interval_over ? looks->not_now : looks->not_at_first;
    return when == DK_FROM_NOW_ON ? looks->not_now : "";
}

/* The first that may not; "" if all may. */
static const char *put_rows(struct dk_errand *errand, const struct dk_set_looks *looks)
{
    char before[DK_SETTING_BYTES], after[DK_SETTING_BYTES];
    const char *first = "";
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at <= count; at++) {
        const struct dk_setting *setting = at < count ? &settings[at] : NULL;
        if (setting != NULL ? !(errand->set.rows >> at & 1) : !errand->set.start)
            continue;
        if (setting != NULL) {
            dk_policy_get(errand->series->record.policy, at, before);
            dk_policy_get(errand->set.policy, at, after);
        } else {
            snprintf(before, sizeof before, "%llu", (unsigned long long)dk_set_start_after(errand));
            snprintf(after, sizeof after, "%llu", (unsigned long long)errand->asked.start_after);
        }
        const char *why_not = dk_set_why_not(errand, setting, looks);
        dk_set_row(errand, setting != NULL ? setting->name : "start-after", before, after, why_not);
        first = first[0] != 0 ? first : why_not;
    }
    return first;
}

docket_status dk_set_refused(const struct dk_errand *errand, const char *why_not)
{
    return dk_fail(DOCKET_REFUSED, "%s/%s keeps its policy: %s; nothing was changed", errand->asked.tenant,
                   errand->asked.name, why_not);
}

/* ---- events ---- */

static void one_event(const struct dk_errand *errand, struct dk_job *job, const char *name, const char *before,
                      const char *after)
{
    char when[40] = "from now on", period[16];
    if (errand->set.next) {
        dk_period_text(errand->set.from, period);
        snprintf(when, sizeof when, "from %s on", period);
    }
    const char *of = errand->asked.tenant, *series = errand->asked.name;
    if (strlen(of) + strlen(series) + strlen(name) + strlen(before) + strlen(after) < 200) {
        dk_errand_event(errand, job, "set", "%s/%s: %s %s -> %s, %s", of, series, name, before[0] ? before : "\"\"",
                        after[0] ? after : "\"\"", when);
        return;
    }
    dk_errand_event(errand, job, "set", "%s/%s: %s was %s", of, series, name, before); /* it has room for one */
    dk_errand_event(errand, job, "set", "%s/%s: %s is %s, %s", of, series, name, after, when);
}

void dk_set_events(const struct dk_errand *errand, struct dk_job *job)
{
    const struct dk_setting_wire *rows = errand->answer;
    for (size_t i = 0; i < errand->answer_bytes / sizeof *rows; i++)
        one_event(errand, job, rows[i].name, rows[i].before, rows[i].after);
    if (errand->set.next && errand->set.rows == 0)
        dk_errand_event(errand, job, "set", "%s/%s: what was set from its next period on is not any more",
                        errand->asked.tenant, errand->asked.name);
}

/* ---- at once ---- */

void dk_set_in_place(struct dk_errand *errand)
{
    struct dk_series_book *series = errand->series;
    series->record = errand->record;
    series->next_close_s = 0; /* it may close sooner */
    errand->daemon->closes = errand->daemon->closes || series->record.policy->close_after != DK_CLOSE_NEVER;
    dk_edges_set(errand->daemon, series, 0);
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->window > series->record.policy->window)
            series->bank[bank]->window = series->record.policy->window;
}

static void set_at_once(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    dk_set_in_place(errand);
    dk_series_rewrite(errand->series); /* only what may change under workers */
    if (errand->set.next)
        dk_errand_let_go(errand);
    dk_errand_end(errand, DOCKET_OK);
}

static void set_light(struct dk_errand *errand)
{
    struct dk_job *job = dk_job_new(set_at_once, errand);
    dk_job_change(job, &errand->record);
    dk_set_events(errand, job);
    if (errand->set.next)
        errand->series->held = true; /* no period is opened meanwhile by the record as it was */
    dk_errand_post(errand, job);
}

/* Nothing of what it is about is on the board. */
static bool is_light(const struct dk_errand *errand)
{
    if (!errand->set.next)
        return errand->set.when == DK_ANY_TIME;
    for (const struct dk_counter *counter = errand->series->counters; counter != NULL;
         counter = counter->next_of_series)
        if (counter->period.label >= errand->set.from)
            return false;
    return !errand->series->publishing;
}

static bool changes_nothing(const struct dk_errand *errand)
{
    const struct dk_series_record *record = &errand->series->record;
    return errand->set.rows == 0 && !errand->set.start && (!errand->set.next || record->next == NULL);
}

/* Seats whose owners had ended have been cleared. */
static docket_status begin(struct dk_errand *errand)
{
    struct dk_set_looks looks = {0};
    docket_status status = DOCKET_OK;
    if (errand->set.when != DK_ANY_TIME)
        status = dk_set_look(errand, &looks);
    if (status != DOCKET_OK)
        return status;
    errand->set.interval = errand->set.start && looks.interval_over && looks.not_at_first[0] != 0;
    const char *why_not = put_rows(errand, &looks);
    errand->waits = false;
    if (errand->asked.flags & DK_ADMIN_DRY_RUN || changes_nothing(errand))
        return DOCKET_OK;
    if (why_not[0] != 0)
        return dk_set_refused(errand, why_not);
    status = dk_store_make_room(errand->daemon->store); /* for what it writes from now on */
    if (status != DOCKET_OK)
        return status;
    if (!is_light(errand))
        return dk_set_off(errand);
    set_light(errand);
    return DOCKET_OK;
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
                               : begin(errand);
    if (status != DOCKET_OK || !errand->waits)
        dk_errand_end(errand, status);
}

docket_status dk_errand_set(struct dk_errand *errand)
{
    docket_status status = dk_errand_find(errand);
    if (status == DOCKET_OK && errand->series->record.retired_ns != 0)
        status = dk_fail(DOCKET_RETIRED, "%s/%s is retired", errand->asked.tenant, errand->asked.name);
    if (status == DOCKET_OK && errand->series->publishing)
        status = dk_fail(DOCKET_BUSY, "%s/%s is being changed; ask again", errand->asked.tenant, errand->asked.name);
    if (status == DOCKET_OK)
        status = wanted_policy(errand);
    if (status == DOCKET_OK)
        status = check_shapes(errand);
    if (status != DOCKET_OK)
        return status;
    if (errand->begin.past)
        return dk_set_past(errand);
    if (errand->set.when == DK_ANY_TIME)
        return begin(errand);
    dk_reaper_tick(errand->daemon, true); /* who has just ended does not sit there */
    errand->waits = true;
    errand->go_on = wait_for_reaper;
    return DOCKET_OK;
}
