/* SPDX-License-Identifier: MIT */
/*
 * clerk: the commit queue and its one committer thread.
 *
 * The loop posts jobs; the committer takes all that wait, writes them in one
 * LMDB transaction, and hands them back; the loop then runs each job's done().
 * So every caller that waits shares one sync. done() runs only after its job
 * is durable: a failed commit ends the process before anything else happens.
 */
#ifndef DK_DAEMON_CLERK_H
#define DK_DAEMON_CLERK_H

#include "daemon/queue.h"
#include "store/store.h"

struct dk_clerk;

/* Owned by the clerk from post to done; done() frees it with dk_job_free(). */
struct dk_job {
    struct dk_queue_node node;
    struct dk_series_record *series;  /* 0 or 1, new */
    struct dk_series_record *changed; /* 0 or 1 */
    struct dk_counter_image *images;
    size_t image_count;
    struct dk_fate_record *removed;
    size_t removed_count;
    struct dk_fate_record *ranges; /* event_at counts this job's events from 1 */
    size_t range_count;
    struct dk_event *events;
    size_t event_count;
    bool desk_set;
    struct dk_desk_note desk;
    const struct dk_fence *fence; /* NULL: it stays as it is; else lives until done() */
    struct dk_ledger_change ledger; /* arrays and texts are a plan's, until done() */
    void (*done)(struct dk_job *job);
    void *context;
    uint64_t commit_number;
};

struct dk_clerk_statistics {
    uint64_t commits;
    uint64_t commit_number;
    uint64_t commit_ns_last;
    uint64_t commit_ns_max;
};

/* *event_fd becomes readable when dk_clerk_collect() has something to do. */
docket_status dk_clerk_start(struct dk_store *store, uint64_t commit_number, struct dk_clerk **clerk,
                             int *event_fd) DK_MUST_USE;
/* Waits until every posted job is durable, and ends the thread. */
void dk_clerk_stop(struct dk_clerk *clerk);

/* done: dk_job_free, where nothing waits for the commit. */
struct dk_job *dk_job_new(void (*done)(struct dk_job *job), void *context);
/* Room for one more image, deep: places and spares are owned by the job. */
struct dk_counter_image *dk_job_image(struct dk_job *job);
void dk_job_range(struct dk_job *job, const struct dk_fate_record *range);
/* A record that this commit takes away, exactly as it was read. */
void dk_job_remove(struct dk_job *job, const struct dk_fate_record *range);
/* The series as it will stand. */
void dk_job_change(struct dk_job *job, const struct dk_series_record *record);
void dk_job_event(struct dk_job *job, const char *kind, uint32_t uid, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What the event added last is about; period: a label, 0 none. */
void dk_job_about(struct dk_job *job, const char *tenant, const char *series, int32_t period);
/* Why: of the event added last. */
void dk_job_reason(struct dk_job *job, const char *reason);
void dk_job_free(struct dk_job *job);

void dk_clerk_post(struct dk_clerk *clerk, struct dk_job *job);
/* Runs done() of every durable job; returns how many. */
size_t dk_clerk_collect(struct dk_clerk *clerk);
/* Jobs posted and not yet collected. */
size_t dk_clerk_pending(const struct dk_clerk *clerk);
/* What the last commit that dk_clerk_collect() has heard of was; told there, before any done() runs. */
struct dk_durable {
    uint64_t commit;
    uint8_t run[32];
};
void dk_clerk_watch(struct dk_clerk *clerk, void (*durable)(void *context, const struct dk_durable *last), void *context);
struct dk_clerk_statistics dk_clerk_show(struct dk_clerk *clerk);

/* Memory that cannot be had ends the daemon: half a plan is worse than a restart. */
void *dk_must_alloc(size_t count, size_t bytes);
void *dk_must_grow(void *old, size_t count, size_t bytes);

#endif
