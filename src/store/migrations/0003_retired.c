/* SPDX-License-Identifier: MIT */
/*
 * 0003_retired: series that are retired, why an admin did something, the event that
 * explains a range, and ranges handed out by evidence.
 *
 * All of it are fields that stand only where they say something: a record that says
 * nothing of it is spelled the same before and after, and nothing has to be moved.
 */
#include "store/migrations/migrations.h"

static docket_status up(struct dk_step *step)
{
    (void)step;
    return DOCKET_OK;
}

static docket_status down(struct dk_step *step)
{
    (void)step;
    return DOCKET_OK;
}

/* Schema 2 had four restarts, and templates of nothing but these. */
static bool template_is_plain(const struct dk_policy *policy)
{
    static const char *const tokens[] = {"{SERIES}", "{YYYY}", "{YY}", "{MM}", "{DD}", "{N}"};
    for (const char *at = policy->template_text; (at = strchr(at, '{')) != NULL; at++) {
        bool known = strncmp(at, "{N:", 3) == 0;
        for (size_t token = 0; token < sizeof tokens / sizeof tokens[0]; token++)
            known = known || strncmp(at, tokens[token], strlen(tokens[token])) == 0;
        if (!known)
            return false;
    }
    return true;
}

static docket_status look_at_series(struct dk_step *step, const struct dk_series_record *record)
{
    if (record->retired_ns != 0)
        dk_step_loses(step, "retired series", "%s/%s", record->tenant, record->name);
    if (record->policy->restart > DK_DAILY)
        dk_step_loses(step, "series with a restart", "%s/%s restart=%s", record->tenant, record->name,
                      dk_restart_name(record->policy->restart));
    if (!template_is_plain(record->policy))
        dk_step_loses(step, "series with a template", "%s/%s template=%s", record->tenant, record->name,
                      record->policy->template_text);
    return DOCKET_OK;
}

static docket_status look_at_range(struct dk_step *step, const struct dk_fate_record *record)
{
    if (record->event != 0 || record->cause > DK_CAUSE_FRAGMENT || record->fate == DK_FATE_HANDED_OUT)
        dk_step_loses(step, "range|s of numbers with a reason", "%s %llu-%llu %s", dk_step_name(step, record->series_id),
                      (unsigned long long)record->range.first, (unsigned long long)record->range.last,
                      dk_cause_name(record->cause));
    return DOCKET_OK;
}

static docket_status look_at_event(struct dk_step *step, const struct dk_event *event)
{
    if (event->reason[0] != 0)
        dk_step_loses(step, "event|s with a reason", "%llu %s", (unsigned long long)event->number, event->kind);
    return DOCKET_OK;
}

static docket_status loses(struct dk_step *step)
{
    docket_status status = dk_step_each_series(step, look_at_series);
    if (status == DOCKET_OK)
        status = dk_step_each_range(step, look_at_range);
    return status == DOCKET_OK ? dk_step_each_event(step, look_at_event) : status;
}

const struct dk_migration dk_migration_0003_retired = {
    .id = "0003_retired",
    .schema = 3,
    .brings = "retired series, reasons, the event of a range, ranges handed out by evidence",
    .leaves = "nothing",
    .up = up,
    .down = down,
    .loses = loses};
