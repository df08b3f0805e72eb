/* SPDX-License-Identifier: MIT */
/*
 * 0004_texts: what each series writes, so that two never write the same; settings of a
 * series and the policy that is to come; periods that are closed for good; the last
 * date given; where an authority's interval begins; the trusted time.
 *
 * Up makes an entry of `texts` for each series: its policy of today is the only one it
 * ever had. Down throws them away, if each is the one that up would make again.
 */
#include "store/migrations/migrations.h"

#include "numbering/period.h"

static docket_status up(struct dk_step *step)
{
    return dk_texts_fill(step->store, step->txn);
}

static docket_status down(struct dk_step *step)
{
    docket_status status = dk_step_drop(step, DK_KIND_TEXTS);
    return status == DOCKET_OK ? dk_step_remove_meta(step, "time") : status;
}

/* ---- what schema 3 cannot hold ---- */

/* Schema 3 had these four settings; the others were as they are by default. */
static docket_status look_at_settings(struct dk_step *step, const struct dk_series_record *record)
{
    char lines[DK_SETTINGS_BYTES];
    struct dk_policy base;
    const struct dk_policy *policy = record->policy;
    dk_policy_default(&base);
    base.window = policy->window;
    base.order = policy->order;
    base.restart = policy->restart;
    memcpy(base.template_text, policy->template_text, sizeof base.template_text);
    if (memcmp(policy, &base, sizeof base) == 0)
        return DOCKET_OK;
    if (!dk_policy_lines(policy, &base, lines, sizeof lines))
        return dk_fail(DOCKET_DAMAGED, "the settings of %s/%s cannot be written", record->tenant, record->name);
    lines[strcspn(lines, "\n")] = 0;
    dk_step_loses(step, "series with settings", "%s/%s %s", record->tenant, record->name, lines);
    return DOCKET_OK;
}

static docket_status look_at_series(struct dk_step *step, const struct dk_series_record *record)
{
    if (record->next != NULL)
        dk_step_loses(step, "series with settings that are to come", "%s/%s from %d on", record->tenant, record->name,
                      (int)record->next_from);
    return look_at_settings(step, record);
}

static docket_status look_at_counter(struct dk_step *step, const struct dk_counter_image *image)
{
    char period[16];
    dk_period_text(image->period, period);
    if (image->closed > DK_ENDED)
        dk_step_loses(step, "counter|s closed for good, or closing", "%s %s", dk_step_name(step, image->series_id), period);
    if (image->last_date != 0)
        dk_step_loses(step, "counter|s with a last date given", "%s %s on %u", dk_step_name(step, image->series_id), period,
                      (unsigned)image->last_date);
    if (image->interval_first != 0)
        dk_step_loses(step, "counter|s in a later interval", "%s %s from %llu on", dk_step_name(step, image->series_id), period,
                      (unsigned long long)image->interval_first);
    return DOCKET_OK;
}

static docket_status look_at_range(struct dk_step *step, const struct dk_fate_record *record)
{
    if (record->cause > DK_CAUSE_EVIDENCE)
        dk_step_loses(step, "range|s of numbers with a cause", "%s %llu-%llu %s", dk_step_name(step, record->series_id),
                      (unsigned long long)record->range.first, (unsigned long long)record->range.last,
                      dk_cause_name(record->cause));
    return DOCKET_OK;
}

static docket_status look_at_text(void *context, const struct dk_text_record *text)
{
    struct dk_step *step = context;
    dk_step_loses(step, "text|s of before", "%s/%s %s...", text->tenant, text->series,
                  text->beginning);
    return DOCKET_OK;
}

static docket_status loses(struct dk_step *step)
{
    docket_status status = dk_step_each_series(step, look_at_series);
    if (status == DOCKET_OK)
        status = dk_step_each_counter(step, look_at_counter);
    if (status == DOCKET_OK)
        status = dk_step_each_range(step, look_at_range);
    if (status == DOCKET_OK && step->store->kinds > DK_KIND_TEXTS)
        status = dk_texts_of_before(step->store, step->txn, look_at_text, step);
    return status;
}

const struct dk_migration dk_migration_0004_texts = {
    .id = "0004_texts",
    .schema = 4,
    .brings = "settings of a series, what it writes and wrote, periods closed for good, intervals, the trusted time",
    .leaves = "since when a series writes what it writes (since it was made, afterwards); the time that was trusted",
    .up = up,
    .down = down,
    .loses = loses};
