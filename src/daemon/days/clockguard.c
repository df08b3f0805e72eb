/* SPDX-License-Identifier: MIT */
/*
 * clockguard: the instant by which docketd decides. As a rule it is the wall clock.
 * One that is far ahead of the time that the store vouches for (store.h: of the last
 * commit, carried on within a boot) would end periods for good and open others that
 * are years away, so docketd does not follow it: it goes by the trusted time, until
 * the clock is back or somebody who may says that it is right. Workers read their own
 * clock: they find no period for it, and get no number of a wrong year.
 *
 * Within a boot a day is far: the time since the last commit is known by another
 * clock. Across boots clock_guard_days is: a machine may have been switched off.
 */
#include "daemon/admin/errand.h"

#include "base/clock.h"
#include "base/log.h"

#include <unistd.h>

#define DAY_S 86400
#define SAY_EVERY_NS (10 * DK_SECOND_NS)

/* "2026-11-26 04:05:06 UTC" */
static const char *instant_text(int64_t utc_s, char text[40])
{
    char date[11];
    int64_t of_day_s = (utc_s % DAY_S + DAY_S) % DAY_S;
    dk_date_text(dk_zone_utc.date(&dk_zone_utc, utc_s), date);
    snprintf(text, 40, "%s %02d:%02d:%02d UTC", date, (int)(of_day_s / 3600), (int)(of_day_s / 60 % 60),
             (int)(of_day_s % 60));
    return text;
}

/* A clock that goes to and fro is no reason to fill the log. */
static bool may_say(struct dk_daemon *daemon)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    daemon->clock_said = daemon->clock_said_ns == 0 || now_ns - daemon->clock_said_ns > SAY_EVERY_NS;
    if (daemon->clock_said)
        daemon->clock_said_ns = now_ns;
    return daemon->clock_said;
}

static void hold(struct dk_daemon *daemon, int64_t wall_s, int64_t trusted_s, bool carried)
{
    char wall[40], trusted[40];
    if (daemon->clock_held_s == 0 && may_say(daemon))
        dk_log(DK_LOG_ERROR, "this machine's clock says %s, and by the store's last commit it is %s%s: no period ends or "
                             "begins by that clock. Set it; or if it is right, `docket clock accept --reason TEXT` (or "
                             "start docketd with --accept-clock)",
               instant_text(wall_s, wall), carried ? "" : "at least ", instant_text(trusted_s, trusted));
    daemon->clock_held_s = trusted_s; /* loop.c shows it on the boards */
}

static void let_go(struct dk_daemon *daemon)
{
    if (daemon->clock_held_s != 0 && daemon->clock_said)
        dk_log(DK_LOG_NOTICE, "this machine's clock is followed again");
    daemon->clock_held_s = 0;
}

int64_t dk_now_s(struct dk_daemon *daemon)
{
    bool carried;
    int64_t wall_s = dk_clock_wall_s();
    if (daemon->config.clock_guard_days == 0 || daemon->clock_accepted)
        return wall_s;
    int64_t trusted_s = dk_store_trusted_now_ns(daemon->store, &carried) / DK_SECOND_NS;
    int64_t far_s = carried ? DAY_S : (int64_t)daemon->config.clock_guard_days * DAY_S;
    if (far_s != daemon->clock_far_s) {
        daemon->clock_far_s = far_s;
        dk_store_trust_wall(daemon->store, far_s * DK_SECOND_NS);
    }
    if (trusted_s == 0 || wall_s - trusted_s <= far_s) {
        let_go(daemon);
        return wall_s;
    }
    hold(daemon, wall_s, trusted_s, carried);
    return trusted_s;
}

/* ---- the time is written down at least once a day ---- */

void dk_clockguard_tick(struct dk_daemon *daemon)
{
    bool carried;
    int64_t boot_s = dk_clock_boot_ns() / DK_SECOND_NS;
    if (boot_s < daemon->next_time_s || daemon->clock_held_s != 0 || daemon->stopping)
        return;
    /* At the start too, where only another boot has a time: this one's is worth more than the next commit's. */
    bool due = daemon->next_time_s != 0 || (dk_store_trusted_now_ns(daemon->store, &carried) != 0 && !carried);
    daemon->next_time_s = boot_s + DAY_S;
    if (due)
        dk_clerk_post(daemon->clerk, dk_job_new(dk_job_free, NULL));
}

/* ---- somebody says that the clock is right ---- */

static void put_event(struct dk_daemon *daemon, struct dk_job *job, uint32_t uid, const char *reason)
{
    bool carried;
    char wall[40], trusted[40];
    int64_t trusted_s = dk_store_trusted_now_ns(daemon->store, &carried) / DK_SECOND_NS;
    dk_job_event(job, "clock", uid, "the clock is taken as right: %s; by the store's last commit it was %s%s",
                 instant_text(dk_clock_wall_s(), wall), carried ? "" : "at least ", instant_text(trusted_s, trusted));
    dk_job_reason(job, reason);
}

static void accepted(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    (void)dk_now_s(errand->daemon);
    dk_edges_all_due(errand->daemon);
    errand->daemon->next_calendar_s = 0;
    dk_errand_end(errand, DOCKET_OK);
}

docket_status dk_errand_clock(struct dk_errand *errand)
{
    (void)dk_now_s(errand->daemon);
    errand->figure = errand->daemon->clock_held_s != 0;
    if (errand->asked.flags & DK_ADMIN_DRY_RUN)
        return DOCKET_OK;
    struct dk_job *job = dk_job_new(accepted, errand);
    put_event(errand->daemon, job, errand->connection->uid, errand->asked.reason);
    dk_store_accept_wall(errand->daemon->store);
    dk_errand_post(errand, job);
    return DOCKET_OK;
}

static void accepted_at_start(struct dk_job *job)
{
    struct dk_daemon *daemon = job->context;
    daemon->clock_accepted = false; /* from now on the store vouches for it */
    dk_job_free(job);
}

void dk_clockguard_accept(struct dk_daemon *daemon)
{
    struct dk_job *job = dk_job_new(accepted_at_start, daemon);
    daemon->clock_accepted = true;
    put_event(daemon, job, (uint32_t)geteuid(), "docketd --accept-clock");
    dk_store_accept_wall(daemon->store);
    dk_clerk_post(daemon->clerk, job);
}
