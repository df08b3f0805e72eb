/* SPDX-License-Identifier: MIT */
#include "daemon/clerk.h"

#include "base/atomics.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct dk_clerk {
    struct dk_store *store;
    struct dk_queue work;
    struct dk_queue finished;
    int work_fd;
    int finished_fd;
    pthread_t thread;
    dk_word stopping;
    size_t pending;              /* the loop's own count */
    dk_word commits;
    dk_word commit_number;
    dk_word commit_ns_last;
    dk_word commit_ns_max;
    pthread_mutex_t last_lock; /* held for the next one */
    struct dk_durable last;
    uint64_t told; /* the loop's own */
    void (*durable)(void *context, const struct dk_durable *last);
    void *context;
};

/* What one transaction writes: pointers into the jobs' own records. */
struct batch {
    struct dk_job **jobs;
    size_t job_count, job_room;
    const struct dk_series_record **series;
    const struct dk_series_record **changed;
    const struct dk_counter_image **images;
    struct dk_fate_record *removed;
    struct dk_fate_record *ranges;
    struct dk_event *events;
    struct dk_desk_note *desks;
    struct dk_ledger_record *records; /* of the ledger, as the next three */
    struct dk_key_record *keys;
    struct dk_hold_record *holds;
    struct dk_elsewhere_record *elsewhere;
    struct dk_change change;
};

void *dk_must_alloc(size_t count, size_t bytes)
{
    void *made = calloc(count ? count : 1, bytes ? bytes : 1);
    if (made == NULL) {
        dk_log(DK_LOG_ERROR, "out of memory for %zu x %zu bytes; ending so that a restart can begin clean", count,
               bytes);
        _exit(70);
    }
    return made;
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *grown = realloc(old, (count ? count : 1) * bytes);
    if (grown == NULL) {
        dk_log(DK_LOG_ERROR, "out of memory for %zu x %zu bytes; ending so that a restart can begin clean", count,
               bytes);
        _exit(70);
    }
    return grown;
}

struct dk_job *dk_job_new(void (*done)(struct dk_job *job), void *context)
{
    struct dk_job *job = dk_must_alloc(1, sizeof *job);
    job->done = done;
    job->context = context;
    return job;
}

struct dk_counter_image *dk_job_image(struct dk_job *job)
{
    job->images = dk_must_grow(job->images, job->image_count + 1, sizeof *job->images);
    struct dk_counter_image *image = &job->images[job->image_count++];
    memset(image, 0, sizeof *image);
    return image;
}

void dk_job_range(struct dk_job *job, const struct dk_fate_record *range)
{
    job->ranges = dk_must_grow(job->ranges, job->range_count + 1, sizeof *job->ranges);
    job->ranges[job->range_count++] = *range;
}

void dk_job_remove(struct dk_job *job, const struct dk_fate_record *range)
{
    job->removed = dk_must_grow(job->removed, job->removed_count + 1, sizeof *job->removed);
    job->removed[job->removed_count++] = *range;
}

void dk_job_change(struct dk_job *job, const struct dk_series_record *record)
{
    job->changed = dk_must_alloc(1, sizeof *job->changed);
    *job->changed = *record;
}

void dk_job_reason(struct dk_job *job, const char *reason)
{
    struct dk_event *event = &job->events[job->event_count - 1];
    snprintf(event->reason, sizeof event->reason, "%s", reason);
}

void dk_job_about(struct dk_job *job, const char *tenant, const char *series, int32_t period)
{
    struct dk_event *event = &job->events[job->event_count - 1];
    snprintf(event->tenant, sizeof event->tenant, "%s", tenant);
    snprintf(event->series, sizeof event->series, "%s", series);
    event->period = period > 0 ? period : 0;
}

void dk_job_event(struct dk_job *job, const char *kind, uint32_t uid, const char *format, ...)
{
    job->events = dk_must_grow(job->events, job->event_count + 1, sizeof *job->events);
    struct dk_event *event = &job->events[job->event_count++];
    memset(event, 0, sizeof *event);
    event->time_ns = dk_clock_wall_ns();
    event->uid = uid;
    snprintf(event->kind, sizeof event->kind, "%s", kind);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(event->text, sizeof event->text, format, arguments);
    va_end(arguments);
}

void dk_job_free(struct dk_job *job)
{
    for (size_t i = 0; i < job->image_count; i++) {
        free(job->images[i].places);
        free(job->images[i].spares);
    }
    free(job->images);
    free(job->removed);
    free(job->ranges);
    free(job->events);
    free(job->changed);
    free(job->series);
    free(job);
}

/* A ring that is lost would leave jobs lying that callers wait for. */
static void ring(int fd)
{
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0) {
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN)
            return; /* the counter is full: it was rung */
        dk_log(DK_LOG_ERROR, "loop and committer cannot wake each other (errno %d); ending so that a restart can begin "
                             "clean", errno);
        _exit(1);
    }
}

static void await_ring(int fd)
{
    uint64_t rings;
    while (read(fd, &rings, sizeof rings) < 0) {
        if (errno == EINTR)
            continue;
        dk_log(DK_LOG_ERROR, "the committer cannot be woken (errno %d); ending so that a restart can begin clean",
               errno);
        _exit(1);
    }
}

static void take_all(struct dk_clerk *clerk, struct batch *batch)
{
    struct dk_queue_node *node;
    batch->job_count = 0;
    while ((node = dk_queue_take(&clerk->work)) != NULL) {
        if (batch->job_count == batch->job_room) {
            batch->job_room = batch->job_room * 2 + 16;
            batch->jobs = dk_must_grow(batch->jobs, batch->job_room, sizeof(struct dk_job *));
        }
        batch->jobs[batch->job_count++] = (struct dk_job *)(void *)node; /* node is its first member */
    }
}

static void make_room(struct batch *batch)
{
    size_t series = 0, changed = 0, images = 0, removed = 0, ranges = 0, events = 0, desks = 0;
    for (size_t i = 0; i < batch->job_count; i++) {
        series += batch->jobs[i]->series != NULL;
        desks += batch->jobs[i]->desk_set;
        changed += batch->jobs[i]->changed != NULL;
        images += batch->jobs[i]->image_count;
        removed += batch->jobs[i]->removed_count;
        ranges += batch->jobs[i]->range_count;
        events += batch->jobs[i]->event_count;
    }
    batch->series = dk_must_grow(batch->series, series, sizeof *batch->series);
    batch->changed = dk_must_grow(batch->changed, changed, sizeof *batch->changed);
    batch->images = dk_must_grow(batch->images, images, sizeof *batch->images);
    batch->removed = dk_must_grow(batch->removed, removed, sizeof *batch->removed);
    batch->ranges = dk_must_grow(batch->ranges, ranges, sizeof *batch->ranges);
    batch->events = dk_must_grow(batch->events, events, sizeof *batch->events);
    batch->desks = dk_must_grow(batch->desks, desks, sizeof *batch->desks);
}

static void make_ledger_room(struct batch *batch)
{
    size_t records = 0, keys = 0, holds = 0, elsewhere = 0;
    for (size_t i = 0; i < batch->job_count; i++) {
        records += batch->jobs[i]->ledger.record_count;
        keys += batch->jobs[i]->ledger.key_count;
        holds += batch->jobs[i]->ledger.hold_count;
        elsewhere += batch->jobs[i]->ledger.elsewhere_count;
    }
    batch->records = dk_must_grow(batch->records, records, sizeof *batch->records);
    batch->keys = dk_must_grow(batch->keys, keys, sizeof *batch->keys);
    batch->holds = dk_must_grow(batch->holds, holds, sizeof *batch->holds);
    batch->elsewhere = dk_must_grow(batch->elsewhere, elsewhere, sizeof *batch->elsewhere);
}

/* A plan's arrays, one behind the other; their texts stay where they are. */
static void gather_ledger(const struct dk_job *job, size_t events_before, struct batch *batch,
                          struct dk_ledger_change *change)
{
    const struct dk_ledger_change *ledger = &job->ledger;
    for (size_t n = 0; n < ledger->record_count; n++) {
        struct dk_ledger_record *record = &batch->records[change->record_count++];
        *record = ledger->records[n];
        if (record->event_at != 0)
            record->event_at += (uint32_t)events_before;
    }
    for (size_t n = 0; n < ledger->key_count; n++)
        batch->keys[change->key_count++] = ledger->keys[n];
    for (size_t n = 0; n < ledger->hold_count; n++)
        batch->holds[change->hold_count++] = ledger->holds[n];
    for (size_t n = 0; n < ledger->elsewhere_count; n++)
        batch->elsewhere[change->elsewhere_count++] = ledger->elsewhere[n];
}

/* A job counts its own events; the batch counts all. */
static void gather_ranges(const struct dk_job *job, size_t events_before, struct batch *batch, struct dk_change *change)
{
    for (size_t n = 0; n < job->removed_count; n++)
        batch->removed[change->removed_count++] = job->removed[n];
    for (size_t n = 0; n < job->range_count; n++) {
        struct dk_fate_record *range = &batch->ranges[change->range_count++];
        *range = job->ranges[n];
        if (range->event_at != 0)
            range->event_at += (uint32_t)events_before;
    }
}

static void gather(struct batch *batch)
{
    make_room(batch);
    make_ledger_room(batch);
    struct dk_change change = {.series = batch->series,
                               .changed = batch->changed,
                               .counters = batch->images,
                               .removed = batch->removed,
                               .ranges = batch->ranges,
                               .events = batch->events,
                               .desks = batch->desks,
                               .ledger = {.records = batch->records,
                                          .keys = batch->keys,
                                          .holds = batch->holds,
                                          .elsewhere = batch->elsewhere}};
    for (size_t i = 0; i < batch->job_count; i++) {
        const struct dk_job *job = batch->jobs[i];
        if (job->series != NULL)
            batch->series[change.series_count++] = job->series;
        if (job->changed != NULL)
            batch->changed[change.changed_count++] = job->changed;
        if (job->desk_set)
            batch->desks[change.desk_count++] = job->desk;
        if (job->fence != NULL)
            change.fence = job->fence;
        for (size_t n = 0; n < job->image_count; n++)
            batch->images[change.counter_count++] = &job->images[n];
        gather_ranges(job, change.event_count, batch, &change);
        gather_ledger(job, change.event_count, batch, &change.ledger);
        for (size_t n = 0; n < job->event_count; n++)
            batch->events[change.event_count++] = job->events[n];
    }
    batch->change = change;
}

static void commit(struct dk_clerk *clerk, struct batch *batch)
{
    uint64_t number = 0;
    gather(batch);
    int64_t began_ns = dk_clock_monotonic_ns();
    if (dk_store_commit(clerk->store, &batch->change, &number) != DOCKET_OK) {
        /* What reached the disk is unknown, and the page cache may lie about it:
         * nobody may build on it. The next start reads and writes anew. */
        dk_log(DK_LOG_ERROR, "a commit failed and docketd ends: %s", dk_error_text());
        _exit(74);
    }
    uint64_t took_ns = (uint64_t)(dk_clock_monotonic_ns() - began_ns);
    /* Relaxed: statistics; the jobs' queue carries what matters. */
    dk_count_relaxed(&clerk->commits, 1);
    dk_store_relaxed(&clerk->commit_number, number);
    dk_store_relaxed(&clerk->commit_ns_last, took_ns);
    if (took_ns > dk_load_relaxed(&clerk->commit_ns_max))
        dk_store_relaxed(&clerk->commit_ns_max, took_ns);
    pthread_mutex_lock(&clerk->last_lock);
    dk_store_seen(clerk->store, &clerk->last.commit, clerk->last.run);
    pthread_mutex_unlock(&clerk->last_lock);
    for (size_t i = 0; i < batch->job_count; i++) {
        batch->jobs[i]->commit_number = number;
        dk_queue_put(&clerk->finished, &batch->jobs[i]->node);
    }
    ring(clerk->finished_fd);
}

static void *work(void *context)
{
    struct dk_clerk *clerk = context;
    struct batch batch = {0};
    for (;;) {
        await_ring(clerk->work_fd);
        /* Read before the queue is emptied: what was posted before stop is in it. */
        uint64_t stopping = dk_load_acquire(&clerk->stopping);
        take_all(clerk, &batch);
        if (batch.job_count > 0)
            commit(clerk, &batch);
        if (stopping)
            break;
    }
    free(batch.jobs);
    free(batch.series);
    free(batch.changed);
    free(batch.images);
    free(batch.removed);
    free(batch.ranges);
    free(batch.events);
    free(batch.desks);
    free(batch.records);
    free(batch.keys);
    free(batch.holds);
    free(batch.elsewhere);
    return NULL;
}

docket_status dk_clerk_start(struct dk_store *store, uint64_t commit_number, struct dk_clerk **clerk, int *event_fd)
{
    struct dk_clerk *made = dk_must_alloc(1, sizeof *made);
    made->store = store;
    dk_store_relaxed(&made->commit_number, commit_number);
    pthread_mutex_init(&made->last_lock, NULL);
    dk_queue_init(&made->work);
    dk_queue_init(&made->finished);
    made->work_fd = eventfd(0, EFD_CLOEXEC);
    made->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = made->work_fd < 0 || made->finished_fd < 0 ? errno : pthread_create(&made->thread, NULL, work, made);
    if (error != 0) {
        free(made);
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot start the committer");
    }
    *clerk = made;
    *event_fd = made->finished_fd;
    return DOCKET_OK;
}

void dk_clerk_stop(struct dk_clerk *clerk)
{
    dk_store_release(&clerk->stopping, 1);
    ring(clerk->work_fd);
    pthread_join(clerk->thread, NULL);
    dk_clerk_collect(clerk);
    close(clerk->work_fd);
    close(clerk->finished_fd);
    free(clerk);
}

void dk_clerk_watch(struct dk_clerk *clerk, void (*durable)(void *context, const struct dk_durable *last), void *context)
{
    clerk->durable = durable;
    clerk->context = context;
}

/* Before what a commit allows is done. */
static void tell_durable(struct dk_clerk *clerk)
{
    if (clerk->durable == NULL)
        return;
    pthread_mutex_lock(&clerk->last_lock);
    struct dk_durable last = clerk->last;
    pthread_mutex_unlock(&clerk->last_lock);
    clerk->told = last.commit;
    clerk->durable(clerk->context, &last);
}

void dk_clerk_post(struct dk_clerk *clerk, struct dk_job *job)
{
    clerk->pending++;
    dk_queue_put(&clerk->work, &job->node);
    ring(clerk->work_fd);
}

size_t dk_clerk_collect(struct dk_clerk *clerk)
{
    uint64_t rings;
    size_t count = 0;
    struct dk_queue_node *node;
    ssize_t got = read(clerk->finished_fd, &rings, sizeof rings); /* nonblocking: only quietens the descriptor */
    (void)got;
    while ((node = dk_queue_take(&clerk->finished)) != NULL) {
        struct dk_job *job = (struct dk_job *)(void *)node;
        if (job->commit_number > clerk->told)
            tell_durable(clerk);
        clerk->pending--;
        count++;
        job->done(job);
    }
    return count;
}

size_t dk_clerk_pending(const struct dk_clerk *clerk)
{
    return clerk->pending;
}

struct dk_clerk_statistics dk_clerk_show(struct dk_clerk *clerk)
{
    return (struct dk_clerk_statistics){.commits = dk_load_relaxed(&clerk->commits),
                                        .commit_number = dk_load_relaxed(&clerk->commit_number),
                                        .commit_ns_last = dk_load_relaxed(&clerk->commit_ns_last),
                                        .commit_ns_max = dk_load_relaxed(&clerk->commit_ns_max)};
}
