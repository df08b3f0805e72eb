/* SPDX-License-Identifier: MIT */
/*
 * memory: a realm in memory, for users' own tests (docket_memory.h). Included
 * by memory*.c only; what the rest of the library calls stands in inside.h.
 *
 * All of it lies in one shared anonymous mapping that is never moved, so that
 * forked children go on with their parent's counters: the promise "once" holds
 * for them too, and a lock that another thread held at the fork is given free
 * by that thread, in the parent.
 *
 * Invariants
 *  1. Everything is read and written under `lock`, but for clock_s and the
 *     cursor of an open block.
 *  2. Where a change takes more than one store, it stands between begin_edit()
 *     and end_edit(): a process that is killed there leaves `editing`, and the
 *     realm refuses from then on. Killed elsewhere it costs the numbers of its call.
 *  3. Runs of a list come in ascending order and do not meet.
 *  4. Nothing is ever given back to the mapping but runs, to their own list.
 */
#ifndef DK_CLIENT_MEMORY_H
#define DK_CLIENT_MEMORY_H

#include "client/inside.h"

#include "numbering/fate.h"
#include "numbering/period.h"

enum { MEMORY_BUCKETS = 4096 };

/* A run of numbers: spare, void, or in an open block. */
struct memory_run {
    struct memory_run *next;
    uint64_t first, last;
    int64_t time_ns; /* void: since when */
    dk_word cursor;  /* open block: cursor.h; stored by its owner */
};

/* One period of a series. */
struct memory_counter {
    struct memory_counter *next; /* later periods follow */
    struct dk_period period;
    uint64_t first;  /* of the extent */
    uint64_t number; /* next that nobody has had */
    uint64_t mark;
    struct memory_run *spares, *voids, *open;
    uint32_t last_date; /* chronological: latest date given, yyyymmdd; 0 none */
    bool ended;
};

/* What docket_memory_fail() asked for. */
struct memory_failing {
    docket_status status;
    uint32_t calls;
};

struct memory_series {
    struct memory_series *next_in_bucket, *next_of_all;
    struct memory_series *left, *right; /* memory_shapes.c */
    struct memory_counter *counters;
    const struct dk_policy *policy; /* in the mapping; series with equal ones share it */
    const char *beginning;          /* of its texts, in capitals; in the mapping */
    uint64_t start_after;
    uint64_t last; /* number of each of its periods */
    struct memory_failing failing;
    char tenant[DOCKET_NAME_MAX + 1];
    char name[DOCKET_NAME_MAX + 1];
};

struct memory_policy {
    struct memory_policy *next;
    struct dk_policy policy;
};

struct memory {
    pthread_mutex_t lock; /* robust, shared by processes, knows its owner */
    bool editing, damaged;
    bool declared_only;
    struct dk_policy policy; /* of series made at first use */
    dk_word clock_s;         /* int64 as uint64; -1: the system's */
    size_t used;             /* bytes of the mapping, this structure included */
    struct memory_run *unused_runs;
    struct memory_failing failing; /* every series */
    struct memory_series *bucket[MEMORY_BUCKETS];
    struct memory_series *shapes; /* the tree of memory_shapes.c */
    struct memory_policy *policies; /* of series */
    struct memory_series *first;
    struct memory_series **last_next; /* where the next series goes */
};

/* memory.c */
docket_status dk_memory_lock(struct memory *memory) DK_MUST_USE;
void dk_memory_unlock(struct memory *memory);
void *dk_memory_alloc(struct memory *memory, size_t bytes); /* zeroed; NULL: it is full */
struct memory_series *dk_memory_find(struct memory *memory, const char *tenant, const char *name);
docket_status dk_memory_full(void);

static inline void begin_edit(struct memory *memory)
{
    memory->editing = true;
    dk_compiler_barrier(); /* a kill, not another processor, is what would see half */
}

static inline void end_edit(struct memory *memory)
{
    dk_compiler_barrier();
    memory->editing = false;
}

/* memory_take.c: the counter of the period of now_s, made if it is the first
 * call in it. PERIOD_NOT_OPEN, REALM_FULL. */
docket_status dk_memory_counter(struct memory *memory, struct memory_series *series, int64_t now_s,
                                struct memory_counter **counter) DK_MUST_USE;

/* memory_dated.c: the counter of the period that holds the date. Also AHEAD,
 * INTERVAL_OVER. */
docket_status dk_memory_counter_of(struct memory *memory, struct memory_series *series, int64_t now_s,
                                   uint32_t yyyymmdd, struct memory_counter **counter) DK_MUST_USE;
/* INTERVAL_OVER outside an authority's interval. */
docket_status dk_memory_valid(const struct memory_series *series, uint32_t yyyymmdd) DK_MUST_USE;
/* memory_take.c: an ended counter has nothing laid, and is never opened again. */
void dk_memory_counter_end(struct memory_counter *counter);
/* A counter of this period; NULL: the realm is full. */
struct memory_counter *dk_memory_counter_make(struct memory *memory, struct memory_series *series,
                                              const struct dk_period *period);

/* memory_shapes.c: COLLISION if a number of the series, whose template this is, could
 * have the text of another series' of its tenant. */
docket_status dk_memory_shape_check(const struct memory *memory, const struct memory_series *series,
                                    const struct dk_template *resolved) DK_MUST_USE;
/* It is asked about from now on; within an edit. */
void dk_memory_shape_add(struct memory *memory, struct memory_series *series);

/* memory_fate.c: rows as docketd sends them, in a memory file. */
docket_status dk_memory_fate(struct memory *memory, const struct dk_request *request, int *fd) DK_MUST_USE;

#endif
