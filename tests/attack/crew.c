/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "../lib/worklog.h"
#include "docket.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct worker {
    const struct crew *crew;
    struct post *post;
    unsigned number;
    uint64_t dice;
    docket_realm *realm;
    docket_series *series[TARGETS_MAX];
    docket_block *block[TARGETS_MAX];
    struct worklog log[TARGETS_MAX];
    bool logging[TARGETS_MAX];
};

static volatile sig_atomic_t told_to_stop;

static void stop(int number)
{
    (void)number;
    told_to_stop = 1;
}

uint64_t crew_random(uint64_t *state)
{
    uint64_t value = (*state += 0x9e3779b97f4a7c15ull);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

/* The real one: the wall clocks may be a test's own, this one is not. */
uint64_t crew_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void log_id(const struct crew *crew, unsigned post, char id[128])
{
    snprintf(id, 128, "%s-%u", crew->id, post);
}

int crew_begin_logs(const struct crew *crew)
{
    for (unsigned p = 0; p < crew->posts; p++) {
        for (unsigned t = 0; t < crew->target_count; t++) {
            struct worklog log;
            char id[128];
            log_id(crew, p, id);
            int error = worklog_open(&log, crew->logs, id, crew->targets[t].tenant,
                                     crew->targets[t].name, 1, 1);
            if (error)
                return error;
            worklog_drop(&log);
        }
    }
    return 0;
}

int crew_end_logs(const struct crew *crew, uint64_t (*owed)[TARGETS_MAX])
{
    for (unsigned p = 0; p < crew->posts; p++) {
        for (unsigned t = 0; t < crew->target_count; t++) {
            struct worklog log;
            char id[128];
            log_id(crew, p, id);
            int error = worklog_resume(&log, crew->logs, id, crew->targets[t].tenant,
                                       crew->targets[t].name);
            if (!error && owed[p][t])
                error = worklog_excuse(&log, (uint32_t)owed[p][t]);
            if (!error)
                error = worklog_close(&log);
            if (error)
                return error;
        }
    }
    return 0;
}

static _Noreturn void give_up(struct worker *worker, const char *what, const char *why)
{
    snprintf(worker->post->failure, sizeof worker->post->failure, "%s: %.400s", what, why);
    _exit(1);
}

static void owe(struct worker *worker, unsigned target, int64_t count)
{
    _Atomic uint32_t *owed = &worker->post->owed[target];
    uint32_t now = atomic_load_explicit(owed, memory_order_relaxed);
    atomic_store_explicit(owed, (uint32_t)(now + count), memory_order_seq_cst);
}

static void enter(struct worker *worker)
{
    atomic_store(&worker->post->call_since, crew_now_ns());
}

/* True if the call succeeded. A status that may pass is counted. */
static bool leave(struct worker *worker, docket_status status, const char *what)
{
    atomic_store(&worker->post->call_since, 0);
    if (status == DOCKET_OK)
        return true;
    if (!docket_status_retryable(status) && status != DOCKET_SEATS_EXHAUSTED &&
        status != DOCKET_NO_SPACE && status != DOCKET_STORE_FAILED) {
        char why[500];
        snprintf(why, sizeof why, "%s: %.360s", docket_status_name(status), docket_last_error());
        give_up(worker, what, why);
    }
    atomic_fetch_add_explicit(&worker->post->refused, 1, memory_order_relaxed);
    struct timespec pause = {0, 1000000 + (long)(crew_random(&worker->dice) % 4000000)};
    nanosleep(&pause, NULL);
    return false;
}

static void keep_highest(struct worker *worker, unsigned target, uint64_t number, int32_t period)
{
    _Atomic uint64_t *highest = &worker->crew->ground->highest[target];
    uint64_t mine = (uint64_t)(uint32_t)period << PERIOD_SHIFT | number;
    uint64_t seen = atomic_load(highest);
    while (mine > seen && !atomic_compare_exchange_weak(highest, &seen, mine))
        ;
}

/* Logged first, then no longer owed: killed between, one number is excused that is logged. */
static void keep(struct worker *worker, unsigned target, uint64_t number, int32_t period,
                 enum worklog_kind kind)
{
    struct worklog *log = &worker->log[target];
    if (!worker->logging[target]) {
        const struct target *at = &worker->crew->targets[target];
        char id[128];
        log_id(worker->crew, worker->number, id);
        int error = worklog_resume(log, worker->crew->logs, id, at->tenant, at->name);
        if (error)
            give_up(worker, "log", strerror(error));
        worker->logging[target] = true;
    }
    int error = worklog_add(log, number, period, kind);
    if (error)
        give_up(worker, "log", strerror(error));
    owe(worker, target, -1);
    keep_highest(worker, target, number, period);
    atomic_fetch_add_explicit(&worker->post->numbers, 1, memory_order_relaxed);
}

static int64_t any_timeout(struct worker *worker)
{
    static const int64_t timeouts[] = {0, 5000000, 50000000, 500000000};
    return timeouts[crew_random(&worker->dice) % 4];
}

static bool has_series(struct worker *worker, unsigned target)
{
    const struct target *at = &worker->crew->targets[target];
    if (worker->series[target])
        return true;
    enter(worker);
    docket_status status =
        docket_series_open(worker->realm, at->tenant, at->name, &worker->series[target]);
    return leave(worker, status, "series_open");
}

static void take_next(struct worker *worker, unsigned target, bool with_text)
{
    char text[DOCKET_TEXT_MAX];
    uint64_t number = 0;
    int32_t period = 0;
    int64_t timeout = any_timeout(worker);
    owe(worker, target, 1);
    enter(worker);
    docket_status status =
        with_text ? docket_next_text(worker->series[target], timeout, text, sizeof text, &number, &period)
                  : docket_next(worker->series[target], timeout, &number, &period);
    if (status != DOCKET_OK)
        owe(worker, target, -1); /* a refused call takes no number */
    if (leave(worker, status, with_text ? "next_text" : "next"))
        keep(worker, target, number, period, WORKLOG_NEXT);
}

/* What is taken is owed before the call, whichever way it ends. */
static void take_many(struct worker *worker, unsigned target)
{
    uint64_t numbers[8];
    uint32_t count = 1 + (uint32_t)(crew_random(&worker->dice) % 8), got = 0;
    int32_t period = 0;
    int64_t timeout = any_timeout(worker);
    owe(worker, target, count);
    enter(worker);
    docket_status status = docket_next_many(worker->series[target], timeout, numbers, count, &got, &period);
    owe(worker, target, -(int64_t)(count - got));
    (void)leave(worker, status == DOCKET_PARTIAL ? DOCKET_OK : status, "next_many");
    for (uint32_t i = 0; i < got; i++)
        keep(worker, target, numbers[i], period, WORKLOG_NEXT);
}

static bool open_block(struct worker *worker, unsigned target)
{
    bool strict = worker->crew->targets[target].strict;
    /* Small where all of it counts as handed out: the excuse stays small. */
    uint32_t most = strict && worker->crew->block > 8 ? 8 : worker->crew->block;
    uint32_t count = 1 + (uint32_t)(crew_random(&worker->dice) % most);
    if (strict)
        owe(worker, target, count); /* the whole block counts as handed out at the call */
    enter(worker);
    docket_status status = docket_block_open(worker->series[target], count, any_timeout(worker),
                                             &worker->block[target]);
    if (status != DOCKET_OK && strict)
        owe(worker, target, -(int64_t)count);
    return leave(worker, status, "block_open");
}

static void take_rest(struct worker *worker, unsigned target, uint32_t left, int32_t period)
{
    uint64_t first = 0;
    uint32_t count = 0;
    if (!worker->crew->targets[target].strict)
        owe(worker, target, left);
    docket_status status = docket_block_take_all(worker->block[target], &first, &count);
    if (status != DOCKET_OK || count != left)
        give_up(worker, "take_all", docket_status_name(status));
    for (uint32_t i = 0; i < count; i++)
        keep(worker, target, first + i, period, WORKLOG_BLOCK);
}

static void take_some(struct worker *worker, unsigned target, uint32_t count, int32_t period)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (!worker->crew->targets[target].strict)
            owe(worker, target, 1);
        docket_status status = docket_block_next(worker->block[target], &number);
        if (status != DOCKET_OK)
            give_up(worker, "block_next", docket_status_name(status));
        keep(worker, target, number, period, WORKLOG_BLOCK);
    }
}

/* A strict block's end stays owed when docketd did not answer, or may have
 * been about to stop, or when its period may have closed: it may stay handed out. */
static void give_back(struct worker *worker, unsigned target, uint32_t left)
{
    const struct target *at = &worker->crew->targets[target];
    uint32_t returned = 0;
    enter(worker);
    docket_status status = docket_block_give_back(worker->block[target], &returned);
    worker->block[target] = NULL;
    if (at->strict && status == DOCKET_OK && (returned == left || (!at->periodic && !worker->crew->stops)))
        owe(worker, target, -(int64_t)left);
    if (status == DOCKET_UNREACHABLE)
        atomic_fetch_add_explicit(&worker->post->unanswered, 1, memory_order_relaxed);
    (void)leave(worker, status, "block_give_back");
}

/* A block is opened, used in pieces over several turns, and given back or used up. */
static void use_block(struct worker *worker, unsigned target)
{
    uint32_t left = 0;
    int32_t period = 0;
    if (!worker->block[target] && !open_block(worker, target))
        return;
    docket_status status = docket_block_show(worker->block[target], NULL, &left, &period);
    if (status != DOCKET_OK)
        give_up(worker, "block_show", docket_status_name(status));
    uint64_t what = crew_random(&worker->dice) % 8;
    if (left && what == 0) {
        take_rest(worker, target, left, period);
        left = 0;
    } else if (left) {
        uint32_t some = (uint32_t)(crew_random(&worker->dice) % (left + 1));
        take_some(worker, target, some, period);
        left -= some;
    }
    if (!left || what < 4)
        give_back(worker, target, left);
}

static void turn(struct worker *worker)
{
    unsigned target = (unsigned)(crew_random(&worker->dice) % worker->crew->target_count);
    uint64_t what = crew_random(&worker->dice) % 16;
    if (!has_series(worker, target))
        return;
    if (what < 7)
        take_next(worker, target, false);
    else if (what < 8)
        take_many(worker, target);
    else if (what < 10)
        take_next(worker, target, true);
    else if (what < 15 || !worker->block[target])
        use_block(worker, target);
    else {
        uint64_t count;
        (void)docket_supply(worker->series[target], &count);
    }
}

/* In order: every block back, every lease back. */
static void go_home(struct worker *worker)
{
    for (unsigned t = 0; t < worker->crew->target_count; t++) {
        uint32_t left = 0;
        if (worker->block[t] && docket_block_show(worker->block[t], NULL, &left, NULL) == DOCKET_OK)
            give_back(worker, t, left);
    }
    docket_realm_close(worker->realm);
}

_Noreturn void crew_work(const struct crew *crew, unsigned post, uint64_t seed)
{
    static struct worker worker;
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    worker = (struct worker){.crew = crew, .post = &crew->ground->posts[post], .number = post, .dice = seed};
    enter(&worker);
    docket_status status = docket_realm_open(crew->realm, &worker.realm);
    if (!leave(&worker, status, "realm_open"))
        give_up(&worker, "realm_open", docket_last_error());
    uint64_t due = crew_now_ns();
    while (!told_to_stop) {
        turn(&worker);
        /* Bursts, then a rest: the rate holds over time, the moments are any. */
        due += 1000000000u / crew->rate;
        uint64_t now = crew_now_ns();
        if (due > now + 2000000u) {
            struct timespec rest = {0, (long)((due - now) % 999999999u)};
            nanosleep(&rest, NULL);
        } else if (now > due + 100000000u) {
            due = now; /* lost time is not caught up */
        }
    }
    go_home(&worker);
    _exit(0);
}
