/* SPDX-License-Identifier: MIT */
/* store: clerk and store in memory. A commit is one step: before it nothing is
 * durable, behind it all of it. */
#include "world.h"

#include "daemon/daemon.h"
#include "env.h"

#include <stdio.h>
#include <string.h>

/* ---- jobs: as daemon/clerk.c keeps them ---- */

void *dk_must_alloc(size_t count, size_t bytes)
{
    return ex_alloc((count ? count : 1) * (bytes ? bytes : 1));
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    return ex_grow(old, (count ? count : 1) * bytes);
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

void dk_job_reason(struct dk_job *job, const char *reason)
{
    (void)job;
    (void)reason;
}

void dk_job_about(struct dk_job *job, const char *tenant, const char *series, int32_t period)
{
    (void)job;
    (void)tenant;
    (void)series;
    (void)period;
}

void dk_job_event(struct dk_job *job, const char *kind, uint32_t uid, const char *format, ...)
{
    (void)job;
    (void)kind;
    (void)uid;
    (void)format;
}

void dk_job_free(struct dk_job *job)
{
    (void)job;
}

/* ---- the store ---- */

static void keep_image(const struct dk_counter_image *image)
{
    struct ex_store *store = &world->store;
    struct ex_image *kept = NULL;
    for (uint32_t i = 0; i < store->counter_count; i++)
        if (store->counters[i].image.period == image->period)
            kept = &store->counters[i];
    if (kept == NULL && store->counter_count < EX_IMAGES)
        kept = &store->counters[store->counter_count++];
    if (kept == NULL || image->place_count > EX_PLACES || image->spare_count > EX_SPARES) {
        fprintf(stderr, "explore: the store is too small for this configuration\n");
        abort();
    }
    if (image->next > image->mark || image->mark > image->extent_last + 1)
        ex_fault(EX_OTHER, "an image breaks the law: next %llu, mark %llu", (unsigned long long)image->next,
                 (unsigned long long)image->mark);
    kept->image = *image;
    if (image->place_count > 0)
        memcpy(kept->places, image->places, image->place_count * sizeof *image->places);
    if (image->spare_count > 0)
        memcpy(kept->spares, image->spares, image->spare_count * sizeof *image->spares);
    kept->image.places = kept->places;
    kept->image.spares = kept->spares;
}

static void commit(const struct dk_job *job)
{
    struct ex_store *store = &world->store;
    for (size_t i = 0; i < job->image_count; i++)
        keep_image(&job->images[i]);
    for (size_t i = 0; i < job->range_count; i++) {
        if (store->range_count == EX_RANGES)
            abort();
        store->ranges[store->range_count++] = job->ranges[i];
    }
    store->commits++;
}

void dk_clerk_post(struct dk_clerk *clerk, struct dk_job *job)
{
    (void)clerk;
    ex_pseudo(PSEUDO_POSTED, EX_READ | EX_WRITE);
    job->node.node.next = NULL;
    if (world->posted == NULL)
        world->posted = job;
    else
        world->posted_last->node.node.next = &job->node.node;
    world->posted_last = job;
    world->pending++;
}

static struct dk_job *next_of(const struct dk_job *job)
{
    return (struct dk_job *)(void *)job->node.node.next; /* node is its first member */
}

static void write_posted(void)
{
    struct dk_job *jobs = world->posted, *last = world->posted_last;
    world->posted = NULL;
    ex_pseudo(PSEUDO_STORE, EX_WRITE);
    for (const struct dk_job *job = jobs; job != NULL; job = next_of(job))
        commit(job);
    ex_pseudo(PSEUDO_FINISHED, EX_READ | EX_WRITE);
    if (world->finished == NULL)
        world->finished = jobs;
    else
        world->finished_last->node.node.next = &jobs->node.node;
    world->finished_last = last;
}

static bool is_posted(void *nothing)
{
    (void)nothing;
    return world->posted != NULL;
}

void ex_clerk_run(void *nothing)
{
    for (;;) {
        ex_block(is_posted, nothing);
        write_posted();
    }
}

size_t dk_clerk_collect(struct dk_clerk *clerk)
{
    size_t count = 0;
    (void)clerk;
    if (!ex_exploring && world->posted != NULL)
        write_posted();
    ex_pseudo(PSEUDO_FINISHED, EX_READ | EX_WRITE);
    struct dk_job *job = world->finished;
    world->finished = NULL;
    while (job != NULL) {
        struct dk_job *next = next_of(job);
        world->pending--;
        count++;
        job->done(job);
        job = next;
    }
    return count;
}

size_t dk_clerk_pending(const struct dk_clerk *clerk)
{
    (void)clerk;
    return world->pending;
}

struct dk_clerk_statistics dk_clerk_show(struct dk_clerk *clerk)
{
    (void)clerk;
    return (struct dk_clerk_statistics){.commits = world->store.commits, .commit_number = world->store.commits};
}

docket_status dk_store_each_series(struct dk_store *store,
                                   docket_status (*each)(void *context, const struct dk_series_record *record),
                                   void *context)
{
    (void)store;
    docket_status status = each(context, &world->series);
    bool other_is_durable = false;
    for (uint32_t i = 0; i < world->store.counter_count; i++)
        other_is_durable = other_is_durable || world->store.counters[i].image.series_id != world->series.id;
    return status == DOCKET_OK && other_is_durable ? each(context, &world->other) : status;
}

docket_status dk_store_desk_incarnation(struct dk_store *store, uint32_t index, uint64_t *incarnation, bool *found)
{
    (void)store;
    (void)index;
    *incarnation = 0;
    *found = false; /* its images say it */
    return DOCKET_OK;
}

docket_status dk_store_each_counter(struct dk_store *store,
                                    docket_status (*each)(void *context, const struct dk_counter_image *image),
                                    void *context)
{
    docket_status status = DOCKET_OK;
    (void)store;
    for (uint32_t i = 0; i < world->store.counter_count && status == DOCKET_OK; i++)
        status = each(context, &world->store.counters[i].image);
    return status;
}

docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context, const struct dk_counter_image *image),
                                       void *context)
{
    docket_status status = DOCKET_OK;
    (void)store;
    for (uint32_t i = 0; i < world->store.counter_count && status == DOCKET_OK; i++)
        if (world->store.counters[i].image.series_id == series_id)
            status = each(context, &world->store.counters[i].image);
    return status;
}

docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context, const struct dk_fate_record *record),
                                  void *context)
{
    docket_status status = DOCKET_OK;
    (void)store;
    (void)series_id;
    for (uint32_t i = 0; i < world->store.range_count && status == DOCKET_OK; i++)
        if (world->store.ranges[i].period == period)
            status = each(context, &world->store.ranges[i]);
    return status;
}

/* The explorer's clock is trusted. */
int64_t dk_store_trusted_now_ns(struct dk_store *store, bool *carried)
{
    (void)store;
    *carried = true;
    return world->now_s * DK_SECOND_NS;
}
