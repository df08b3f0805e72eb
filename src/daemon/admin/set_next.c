/* SPDX-License-Identifier: MIT */
/*
 * set_next: the policy that was set for a later period replaces the other one when
 * that period has begun. Nothing depends on when this happens: each period was opened
 * with its own (dk_series_policy()), by a docketd that may be dead at the edge.
 */
#include "daemon/series/policies.h"

#include "daemon/daemon.h"

#include <stdlib.h>

struct turning {
    struct dk_series_book *series;
    struct dk_series_record record;
};

static void turned(struct dk_job *job)
{
    struct turning *turning = job->context;
    struct dk_series_book *series = turning->series;
    series->publishing = false;
    series->record = turning->record;
    if (!series->quarantined)
        dk_series_rewrite(series); /* only what may change under workers */
    dk_edges_set(series->desk->daemon, series, 0);
    free(turning);
    dk_job_free(job);
}

bool dk_policy_turn(struct dk_daemon *daemon, struct dk_series_book *series, int32_t current)
{
    char period[16];
    if (series->record.next == NULL || current < series->record.next_from)
        return true;
    if (series->publishing || dk_admin_concerns(series))
        return false;
    struct turning *turning = dk_must_alloc(1, sizeof *turning);
    *turning = (struct turning){.series = series, .record = series->record};
    turning->record.policy = series->record.next;
    turning->record.next = NULL;
    turning->record.next_from = 0;
    struct dk_job *job = dk_job_new(turned, turning);
    dk_job_change(job, &turning->record);
    dk_period_text(series->record.next_from, period);
    dk_job_event(job, "set", 0, "%s/%s: what was set from %s on holds", series->record.tenant, series->record.name,
                 period);
    dk_job_about(job, series->record.tenant, series->record.name, 0);
    series->publishing = true; /* nothing of it is opened, nor changed by an admin, until it is durable */
    dk_clerk_post(daemon->clerk, job);
    return false;
}
