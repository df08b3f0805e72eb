/* SPDX-License-Identifier: MIT */
/*
 * worker: a thread that takes numbers, logs each before the next call, tries
 * again on statuses that are retryable, and stops with a sentence on others.
 */
#include "worker.h"
#include "../lib/worklog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a thread has open for one target. */
struct holding {
    struct worklog log;
    docket_series *series;
    docket_block *block;
    uint32_t taken; /* of the block */
};

static bool stopped(const struct hand *hand)
{
    return atomic_load_explicit(&hand->worker->stop, memory_order_relaxed);
}

static bool fail(struct hand *hand, const struct target *target, const char *what,
                 const char *reason)
{
    snprintf(hand->failure, sizeof hand->failure, "%s of %s/%s: %s", what, target->tenant,
             target->name, reason);
    atomic_store(&hand->worker->stop, true);
    return false;
}

static void pause_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* True if the call may be tried again, after a pause if docket did not wait. */
static bool again(struct hand *hand, const struct target *target, const char *what,
                  docket_status status)
{
    if (!docket_status_retryable(status)) {
        char reason[400];
        snprintf(reason, sizeof reason, "%s: %.360s", docket_status_name(status),
                 docket_last_error());
        return fail(hand, target, what, reason);
    }
    hand->retries[(unsigned)status % STATUSES]++;
    if (status != DOCKET_TIMEOUT)
        pause_ms(5);
    return !stopped(hand);
}

/* A dated call that docketd's death, or the end of its patience, left without an
 * answer may have taken a number. */
static bool excuse_unanswered(struct hand *hand, const struct target *target, struct holding *work, docket_status status)
{
    if (hand->worker->settings.date == 0 || (status != DOCKET_UNREACHABLE && status != DOCKET_TIMEOUT))
        return true;
    if (strstr(docket_last_error(), "before it answered") == NULL && strstr(docket_last_error(), "not answer") == NULL)
        return true;
    int error = worklog_excuse(&work->log, 1);
    return error == 0 || fail(hand, target, "log", strerror(error));
}

/* Opens the series, trying again while docketd is away. */
static bool open_series(struct hand *hand, const struct target *target, struct holding *work)
{
    docket_status status;
    do {
        status = docket_series_open(hand->worker->realm, target->tenant, target->name,
                                    &work->series);
        if (status == DOCKET_OK)
            return true;
    } while (again(hand, target, "series_open", status));
    return false;
}

/* The text that the default template gives, for the date of this second: in UTC,
 * or in the zone that TZ names (lib.sh takes away the user's own), as the C library
 * has it. */
static void expected_text(const struct target *target, uint64_t number, time_t now, char *text)
{
    static __thread time_t minute;
    static __thread char date[16];
    if (!date[0] || now / 60 != minute) {
        struct tm calendar;
        if (getenv("TZ") != NULL)
            localtime_r(&now, &calendar);
        else
            gmtime_r(&now, &calendar);
        strftime(date, sizeof date, "%Y%m%d", &calendar);
        minute = now / 60;
    }
    snprintf(text, DOCKET_TEXT_MAX, "%s-%s-%06llu", target->name, date,
             (unsigned long long)number);
}

static bool check_text(struct hand *hand, const struct target *target, const char *text,
                       uint64_t number, time_t before)
{
    char right[DOCKET_TEXT_MAX];
    uint32_t dated = hand->worker->settings.date;
    if (dated != 0) {
        snprintf(right, sizeof right, "%s-%08u-%06llu", target->name, dated, (unsigned long long)number);
        if (strcmp(text, right) == 0)
            return true;
    }
    expected_text(target, number, before, right);
    if (strcmp(text, right) == 0)
        return true;
    expected_text(target, number, time(NULL), right); /* midnight may have passed */
    if (strcmp(text, right) == 0)
        return true;
    char reason[400];
    snprintf(reason, sizeof reason, "text is \"%.127s\", not \"%.127s\"", text, right);
    return fail(hand, target, "next_text", reason);
}

static void count_number(struct hand *hand, const struct target *target, uint64_t number,
                         const char *text)
{
    hand->numbers++;
    if (hand->worker->settings.each)
        return;
    struct tally *tally = &hand->tallies[target - hand->worker->targets];
    if (!tally->numbers || number < tally->lowest) {
        tally->lowest = number;
        snprintf(tally->first, sizeof tally->first, "%s", text);
    }
    if (number > tally->highest) {
        tally->highest = number;
        snprintf(tally->last, sizeof tally->last, "%s", text);
    }
    tally->numbers++;
}

static bool keep(struct hand *hand, const struct target *target, struct holding *work,
                 uint64_t number, int32_t period, enum worklog_kind kind)
{
    int error = worklog_add(&work->log, number, period, kind);
    return error == 0 || fail(hand, target, "log", strerror(error));
}

static bool take_next(struct hand *hand, const struct target *target, struct holding *work)
{
    const struct settings *settings = &hand->worker->settings;
    bool with_text = settings->mode == MODE_TEXT;
    char text[DOCKET_TEXT_MAX] = "";
    uint64_t number = 0;
    int32_t period = 0;
    docket_status status;
    time_t before;

    do {
        before = with_text ? time(NULL) : 0;
        if (settings->date != 0)
            status = with_text ? docket_next_text_dated(work->series, settings->date, settings->timeout_ns, text,
                                                        sizeof text, &number, &period)
                               : docket_next_dated(work->series, settings->date, settings->timeout_ns, &number, &period);
        else
            status = with_text ? docket_next_text(work->series, settings->timeout_ns, text, sizeof text,
                                              &number, &period)
                           : docket_next(work->series, settings->timeout_ns, &number, &period);
        if (status == DOCKET_OK) {
            if (!keep(hand, target, work, number, period, WORKLOG_NEXT))
                return false;
            count_number(hand, target, number, text);
            return !with_text || check_text(hand, target, text, number, before);
        }
        if (!excuse_unanswered(hand, target, work, status))
            return false;
    } while (again(hand, target, with_text ? "next_text" : "next", status));
    return false;
}

/* Gives back the block's rest, if any. What is neither taken nor given back
 * (a strict series whose docketd is away) is excused in the log. */
static bool drop_block(struct hand *hand, const struct target *target, struct holding *work)
{
    uint32_t left = 0;
    uint32_t returned = 0;
    if (!work->block)
        return true;
    docket_status status = docket_block_show(work->block, NULL, &left, NULL);
    if (status != DOCKET_OK)
        return again(hand, target, "block_show", status);
    status = docket_block_give_back(work->block, &returned);
    work->block = NULL;
    work->taken = 0;
    hand->returned += returned;
    if (status == DOCKET_OK)
        return true;
    int error = worklog_excuse(&work->log, left);
    if (error)
        return fail(hand, target, "log", strerror(error));
    (void)again(hand, target, "block_give_back", status);
    return hand->failure[0] == 0;
}

static bool open_block(struct hand *hand, const struct target *target, struct holding *work)
{
    const struct settings *settings = &hand->worker->settings;
    docket_status status;
    do {
        status = docket_block_open(work->series, settings->block, settings->timeout_ns,
                                   &work->block);
        if (status == DOCKET_OK) {
            hand->blocks++;
            work->taken = 0;
            return true;
        }
    } while (again(hand, target, "block_open", status));
    return false;
}

static bool take_from_block(struct hand *hand, const struct target *target, struct holding *work)
{
    const struct settings *settings = &hand->worker->settings;
    uint64_t number = 0;
    int32_t period = 0;

    if (!work->block && !open_block(hand, target, work))
        return false;
    docket_status status = docket_block_show(work->block, NULL, NULL, &period);
    if (status == DOCKET_OK)
        status = docket_block_next(work->block, &number);
    if (status != DOCKET_OK)
        return again(hand, target, "block_next", status);
    if (!keep(hand, target, work, number, period, WORKLOG_BLOCK))
        return false;
    count_number(hand, target, number, "");
    work->taken++;
    if (work->taken == settings->block || work->taken == settings->take)
        return drop_block(hand, target, work);
    return true;
}

/* All of a call are logged before the next one; some of them are no failure. */
static bool take_many(struct hand *hand, const struct target *target, struct holding *work)
{
    const struct settings *settings = &hand->worker->settings;
    uint64_t numbers[DOCKET_BLOCK_MAX];
    uint32_t got = 0;
    int32_t period = 0;
    docket_status status;
    do {
        status = docket_next_many(work->series, settings->timeout_ns, numbers, settings->block, &got, &period);
        for (uint32_t i = 0; i < got; i++) {
            if (!keep(hand, target, work, numbers[i], period, WORKLOG_NEXT))
                return false;
            count_number(hand, target, numbers[i], "");
        }
    } while (status != DOCKET_OK && status != DOCKET_PARTIAL && again(hand, target, "next_many", status));
    return status == DOCKET_OK || status == DOCKET_PARTIAL;
}

static bool take_one(struct hand *hand, const struct target *target, struct holding *work)
{
    if (hand->worker->settings.mode == MODE_MANY)
        return take_many(hand, target, work);
    return hand->worker->settings.mode == MODE_BLOCK ? take_from_block(hand, target, work)
                                                     : take_next(hand, target, work);
}

/* When the thread began, or went on after it had been stopped. */
struct pace {
    uint64_t start_ns, start_count;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Sleeps until `count` numbers fit the rate; looks every hundredth second.
 * Lost time is not caught up, so that a stopped worker goes on as it was. */
static void keep_rate(const struct settings *settings, struct pace *pace, uint64_t count)
{
    uint64_t burst = settings->rate / 100 ? settings->rate / 100 : 1;
    if (!settings->rate || count % burst)
        return;
    uint64_t due_ns = pace->start_ns + (uint64_t)((double)(count - pace->start_count) * 1e9 /
                                                  (double)settings->rate);
    uint64_t now = now_ns();
    if (now > due_ns + 200000000u)
        *pace = (struct pace){now, count};
    struct timespec due = {(time_t)(due_ns / 1000000000u), (long)(due_ns % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static bool begin_log(struct hand *hand, const struct target *target, struct holding *work,
                      uint64_t records)
{
    const struct settings *settings = &hand->worker->settings;
    char id[128];
    snprintf(id, sizeof id, "%s-%u", settings->id, hand->index);
    int error = worklog_open(&work->log, settings->logs, id, target->tenant, target->name,
                             settings->step, records);
    return error == 0 || fail(hand, target, "log", strerror(error));
}

/* The rest of a block is taken, not left: a strict one would stay handed out. */
static void end_work(struct hand *hand, const struct target *target, struct holding *work)
{
    while (work->block && !hand->worker->settings.take && !hand->failure[0])
        if (!take_from_block(hand, target, work))
            break;
    (void)drop_block(hand, target, work);
    if (work->log.fd < 0)
        return;
    int error = worklog_close(&work->log);
    if (error && !hand->failure[0])
        (void)fail(hand, target, "log", strerror(error));
}

/* Numbers from all targets in turn. */
static void run_targets(struct hand *hand)
{
    struct worker *worker = hand->worker;
    const struct settings *settings = &worker->settings;
    unsigned targets = worker->target_count;
    struct holding *work = calloc(targets, sizeof *work);
    struct pace pace = {now_ns(), 0};
    bool good = work != NULL;

    for (unsigned i = 0; good && i < targets; i++)
        work[i].log.fd = -1;
    for (unsigned i = 0; good && i < targets; i++)
        good = begin_log(hand, &worker->targets[i], &work[i], settings->count / targets + 1) &&
               open_series(hand, &worker->targets[i], &work[i]);
    for (uint64_t i = 0; good && !stopped(hand) && (!settings->count || i < settings->count); i++) {
        unsigned at = (unsigned)(i % targets);
        good = take_one(hand, &worker->targets[at], &work[at]);
        keep_rate(settings, &pace, i + 1);
    }
    for (unsigned i = 0; work && i < targets; i++)
        end_work(hand, &worker->targets[i], &work[i]);
    free(work);
}

/* --each: the series NAME000001, NAME000002, ... one after the other, `count`
 * numbers of each, its log opened and closed around it. */
static void run_each(struct hand *hand)
{
    const struct settings *settings = &hand->worker->settings;
    const struct target *family = &hand->worker->targets[0];
    bool good = true;
    for (uint64_t i = 1; good && i <= settings->each && !stopped(hand); i++) {
        struct holding work = {.log.fd = -1};
        struct target target = *family;
        snprintf(target.name, sizeof target.name, "%.50s%06llu", family->name,
                 (unsigned long long)i);
        good = begin_log(hand, &target, &work, settings->count) &&
               open_series(hand, &target, &work);
        for (uint64_t n = 0; good && n < settings->count; n++)
            good = take_one(hand, &target, &work);
        end_work(hand, &target, &work);
    }
}

void *hand_run(void *argument)
{
    struct hand *hand = argument;
    if (hand->worker->settings.each)
        run_each(hand);
    else
        run_targets(hand);
    atomic_fetch_sub(&hand->worker->running, 1);
    return NULL;
}
