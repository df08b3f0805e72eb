/* SPDX-License-Identifier: MIT */
/*
 * loop: docketd's one thread of decisions. Each turn: hear what came, finish
 * what is durable, sweep the want bits, run the counters' turns. While flags come
 * of series that would use up what lies there before the next tick it looks again
 * in time (keeper.c); else it sleeps until a bell, a message or that tick.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, STOP_S = 10 };

static void hear(int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count); /* nonblocking: only quietens the descriptor */
    (void)got;
}

static void take_signal(struct dk_daemon *daemon)
{
    struct signalfd_siginfo facts;
    if (read(daemon->signal_fd, &facts, sizeof facts) != (ssize_t)sizeof facts)
        return;
    if (!daemon->stopping)
        dk_log(DK_LOG_NOTICE, "stopping in order");
    daemon->stopping = true;
}

static void dispatch(struct dk_daemon *daemon, const struct epoll_event *event)
{
    void *token = event->data.ptr;
    if (token == &daemon->listen_fd || token == &daemon->given_fd)
        dk_serve_accept(daemon);
    else if (token == &daemon->clerk_fd)
        dk_clerk_collect(daemon->clerk);
    else if (token == &daemon->bell_fd)
        hear(daemon->bell_fd);
    else if (token == &daemon->signal_fd)
        take_signal(daemon);
    else
        dk_serve_event(daemon, token, event->events);
}

static void show(struct dk_daemon *daemon)
{
    struct dk_clerk_statistics clerk = dk_clerk_show(daemon->clerk);
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        struct shared_board_words *words = dk_desk_words(&daemon->desks[i].map);
        /* Relaxed: display. */
        dk_store_relaxed(&words->heartbeat_ns, (uint64_t)dk_clock_boot_ns());
        dk_store_relaxed(&words->clock_held_s, (uint64_t)daemon->clock_held_s);
        dk_store_relaxed(&words->commits, clerk.commits);
        dk_store_relaxed(&words->commit_number, clerk.commit_number);
        dk_store_relaxed(&words->commit_ns_last, clerk.commit_ns_last);
        dk_store_relaxed(&words->commit_ns_max, clerk.commit_ns_max);
    }
}

static void quarantine_damaged(struct dk_daemon *daemon)
{
    for (uint32_t d = 0; d < daemon->desk_count; d++) {
        struct dk_desk_book *desk = &daemon->desks[d];
        if (!desk->damaged)
            continue;
        for (uint32_t slot = 0; slot < desk->slots_used; slot++)
            if (desk->series[slot] != NULL)
                dk_series_quarantine(desk->series[slot], "the desk's file was truncated");
    }
}

static bool anyone_seated(const struct dk_daemon *daemon)
{
    for (uint32_t d = 0; d < daemon->desk_count; d++)
        for (uint32_t seat = 0; seat < daemon->desks[d].seats_used; seat++)
            if (daemon->desks[d].seats[seat].state != DK_SEAT_FREE)
                return true;
    return false;
}

static void look_idle(struct dk_daemon *daemon)
{
    int64_t quiet_ns = dk_clock_monotonic_ns() - daemon->heard_ns;
    if (daemon->config.idle_exit_s == 0 || quiet_ns < (int64_t)daemon->config.idle_exit_s * DK_SECOND_NS)
        return;
    if (anyone_seated(daemon) || dk_serve_count(daemon) > 0) {
        daemon->heard_ns = dk_clock_monotonic_ns();
        return;
    }
    dk_log(DK_LOG_NOTICE, "nobody has been here for %u s", daemon->config.idle_exit_s);
    daemon->stopping = true;
}

static void tick(struct dk_daemon *daemon)
{
    static int64_t next_detached_ns;
    if (dk_clock_monotonic_ns() >= next_detached_ns) {
        next_detached_ns = dk_clock_monotonic_ns() + DK_SECOND_NS;
        dk_keeper_ask_detached(daemon);
    }
    show(daemon);
    dk_reaper_tick(daemon, true);
    dk_ledger_tick(daemon);
    dk_periods_sweep(daemon);
    dk_closing_tick(daemon, dk_now_s(daemon));
    dk_clockguard_tick(daemon);
    dk_evict_tick(daemon);
    dk_keeper_calm_tick(daemon, dk_clock_monotonic_ns());
    quarantine_damaged(daemon);
    look_idle(daemon);
}

/* epoll_wait() counts milliseconds; less than one is waited for with poll's clock. */
static int wait_for(const struct dk_daemon *daemon, int64_t left_ns, struct epoll_event events[EVENTS_MAX])
{
    struct pollfd all = {.fd = daemon->epoll_fd, .events = POLLIN};
    struct timespec soon = {.tv_nsec = left_ns};
    bool whole = left_ns >= DK_MILLISECOND_NS;
    if (left_ns > 0 && !whole)
        ppoll(&all, 1, &soon, NULL);
    return epoll_wait(daemon->epoll_fd, events, EVENTS_MAX, whole ? (int)((left_ns + DK_MILLISECOND_NS - 1) / DK_MILLISECOND_NS) : 0);
}

static void turn(struct dk_daemon *daemon)
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for(daemon, dk_pause_ns(daemon), events);
    daemon->poll_soon = false; /* what follows says it anew */
    for (int i = 0; i < count; i++)
        dispatch(daemon, &events[i]);
    if (dk_keeper_sweep(daemon) || count > 0)
        dk_pause_stir(daemon);
    if (dk_pause_is_tick(daemon))
        tick(daemon);
    dk_serve_parked(daemon);
    dk_ended_turn(daemon);
    dk_ledger_turn(daemon);
    dk_keeper_run(daemon);
    dk_admin_turn(daemon);
    dk_serve_bury(daemon);
}

static bool all_settled(const struct dk_daemon *daemon)
{
    if (dk_clerk_pending(daemon->clerk) > 0 || dk_ledger_waits(daemon) || daemon->turn_first != NULL || daemon->later_first != NULL)
        return false;
    for (const struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (!counter->settled && !counter->series->quarantined)
            return false;
    return true;
}

/* Free blocks are taken back and exact positions journalled; leases stay with
 * their owners, who are met again at the next start. */
static void stop(struct dk_daemon *daemon)
{
    int64_t until_ns = dk_clock_monotonic_ns() + STOP_S * DK_SECOND_NS;
    dk_notify("STOPPING=1");
    dk_serve_stop(daemon);
    for (struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        dk_keeper_ask_later(counter);
    dk_keeper_run(daemon);
    while (!all_settled(daemon) && dk_clock_monotonic_ns() < until_ns)
        turn(daemon);
    dk_ledger_stop(daemon);
    dk_admin_stop(daemon);
    dk_closing_stop(daemon);
    show(daemon);
    for (uint32_t i = 0; i < daemon->desk_count; i++)
        dk_store_release(&dk_desk_words(&daemon->desks[i].map)->serving, 0);
}

docket_status dk_loop_run(struct dk_daemon *daemon)
{
    void *const tokens[] = {&daemon->clerk_fd, &daemon->bell_fd, &daemon->signal_fd};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = tokens[i]};
        if (epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, *(int *)tokens[i], &event) != 0)
            return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot watch docketd's own descriptors");
    }
    docket_status status = dk_ledger_start(daemon);
    if (status != DOCKET_OK)
        return status;
    daemon->heard_ns = dk_clock_monotonic_ns();
    while (!daemon->stopping)
        turn(daemon);
    stop(daemon);
    return DOCKET_OK;
}
