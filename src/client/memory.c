/* SPDX-License-Identifier: MIT */
/* memory: the mapping, its lock, series, and what a test asks of them. Stands
 * where docketd would: it answers the same questions. */
#include "docket_memory.h"

#include "client/memory.h"

#include "base/hash.h"
#include "numbering/collide.h"
#include "numbering/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_BYTES ((size_t)64 << 20)
#define CLOCK_MAX 253402300799ll /* the last second of the year 9999 */

/* ---- the mapping and its lock ---- */

docket_status dk_memory_lock(struct memory *memory)
{
    int error = pthread_mutex_lock(&memory->lock);
    if (error == EDEADLK)
        return dk_fail(DOCKET_BUSY, "this thread is inside a call on the realm already (asked from a signal handler?)");
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&memory->lock);
        memory->damaged = memory->damaged || memory->editing;
    }
    if (error != 0)
        return dk_fail_errno(DOCKET_SYSTEM, error, "cannot lock the realm in memory");
    if (!memory->damaged)
        return DOCKET_OK;
    pthread_mutex_unlock(&memory->lock);
    return dk_fail(DOCKET_DAMAGED, "a process was killed while it changed this realm in memory; open a new one");
}

void dk_memory_unlock(struct memory *memory)
{
    pthread_mutex_unlock(&memory->lock);
}

void *dk_memory_alloc(struct memory *memory, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (MEMORY_BYTES - memory->used < bytes)
        return NULL;
    void *taken = (uint8_t *)memory + memory->used;
    memory->used += bytes;
    return taken;
}

docket_status dk_memory_full(void)
{
    return dk_fail(DOCKET_REALM_FULL, "the realm in memory is full; it has %zu MiB", MEMORY_BYTES >> 20);
}

static docket_status make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0)
        return dk_fail_errno(DOCKET_SYSTEM, error, "cannot make a lock");
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    error = pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error == 0 ? DOCKET_OK : dk_fail_errno(DOCKET_SYSTEM, error, "cannot make a lock");
}

static docket_status map_memory(struct memory **mapped)
{
    void *base = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot map %zu MiB for a realm in memory",
                             MEMORY_BYTES >> 20);
    struct memory *memory = base;
    docket_status status = make_lock(&memory->lock);
    if (status != DOCKET_OK) {
        munmap(base, MEMORY_BYTES);
        return status;
    }
    memory->used = (sizeof *memory + 15) & ~(size_t)15;
    memory->last_next = &memory->first;
    dk_store_relaxed(&memory->clock_s, (uint64_t)DOCKET_MEMORY_SYSTEM_CLOCK); /* relaxed: nobody else is here */
    dk_policy_default(&memory->policy);
    *mapped = memory;
    return DOCKET_OK;
}

void dk_memory_close(struct docket_realm *realm)
{
    munmap(realm->memory, MEMORY_BYTES);
    free(realm->memory_seat);
}

int64_t dk_memory_now_s(const struct docket_realm *realm)
{
    int64_t set_s = (int64_t)dk_load_relaxed(&realm->memory->clock_s); /* relaxed: a clock, no more */
    return set_s == DOCKET_MEMORY_SYSTEM_CLOCK ? dk_clock_wall_s() : set_s;
}

/* ---- series ---- */

static struct memory_series **bucket_of(struct memory *memory, const char *tenant, const char *name)
{
    uint64_t hash = dk_hash(tenant, strlen(tenant), dk_hash(name, strlen(name), 0));
    return &memory->bucket[hash % MEMORY_BUCKETS];
}

struct memory_series *dk_memory_find(struct memory *memory, const char *tenant, const char *name)
{
    struct memory_series *found = *bucket_of(memory, tenant, name);
    while (found != NULL && (strcmp(found->tenant, tenant) != 0 || strcmp(found->name, name) != 0))
        found = found->next_in_bucket;
    return found;
}

/* The realm's policy, and over it what a declaration says. */
static docket_status policy_of(const struct memory *memory, const struct dk_request *request, struct dk_policy *policy)
{
    char settings[DK_WIRE_SETTINGS], start[DOCKET_TEXT_MAX + 8];
    *policy = memory->policy;
    if (request->type != DK_ASK_DECLARE)
        return DOCKET_OK;
    memcpy(settings, request->settings, sizeof settings);
    (void)dk_start_cut(settings, DK_START_AFTER_LINE, start);
    return dk_policy_apply(policy, settings);
}

/* It has no zone database, and no ledger: only docketd has those. */
static docket_status check_policy(const struct dk_policy *policy, const char *tenant, const char *name,
                                  struct dk_template *resolved)
{
    docket_status status = dk_policy_check(policy, tenant, name, resolved);
    if (status == DOCKET_OK && strcmp(policy->zone, "UTC") != 0)
        status = dk_fail(DOCKET_BAD_POLICY, "zone %s: a realm in memory knows UTC only; this needs a real realm",
                         policy->zone);
    if (status == DOCKET_OK && policy->ledger)
        status = dk_fail(DOCKET_BAD_POLICY, "a realm in memory keeps no ledger: leave out %s there; this needs a real "
                                            "realm",
                         policy->order == DK_GAPLESS ? "order=gapless" : "ledger=on");
    return status;
}

static const struct dk_policy *keep_policy(struct memory *memory, const struct dk_policy *policy)
{
    for (const struct memory_policy *kept = memory->policies; kept != NULL; kept = kept->next)
        if (dk_policy_same(&kept->policy, policy))
            return &kept->policy;
    struct memory_policy *kept = dk_memory_alloc(memory, sizeof *kept);
    if (kept == NULL)
        return NULL;
    kept->policy = *policy;
    kept->next = memory->policies;
    memory->policies = kept; /* one store: whole or not at all */
    return &kept->policy;
}

/* What a series would be, before anything is kept of it. */
struct draft {
    struct memory_series series;
    struct dk_policy policy;
    uint64_t start_after;
    char beginning[DOCKET_TEXT_MAX];
};

/* Behind which number the current period begins: docketd takes one that has ended too. */
static docket_status read_start(const struct dk_request *request, const struct dk_template *resolved, int64_t now_s,
                                struct draft *draft)
{
    char settings[DK_WIRE_SETTINGS], text[DOCKET_TEXT_MAX + 8];
    struct dk_period now;
    struct dk_start start;
    uint32_t today = dk_zone_utc.date(&dk_zone_utc, now_s);
    struct dk_start_ask ask = {request->tenant, request->name, &draft->policy, resolved, text,
                               dk_date_supported(today) ? today : DK_DATE_FIRST};
    memcpy(settings, request->settings, sizeof settings);
    start = (struct dk_start){.number = request->start_after, .period = -1};
    docket_status status = DOCKET_OK;
    if (dk_start_cut(settings, DK_START_AFTER_LINE, text) && text[0] != 0)
        status = dk_start_read(&ask, &start);
    if (status != DOCKET_OK)
        return status;
    dk_period_at(&draft->policy, &dk_zone_utc, now_s, &now);
    if (start.period >= 0 && start.period != now.label)
        return dk_fail(DOCKET_REFUSED, "'%.70s' is no number of the current period, and a realm in memory begins no other one; "
                                       "this needs a real realm",
                       text);
    draft->start_after = start.number;
    return dk_start_left(&ask, &start, dk_policy_last(&draft->policy, resolved));
}

static docket_status draw_series(const struct memory *memory, const struct dk_request *request, int64_t now_s,
                                 struct draft *draft)
{
    struct memory_series *series = &draft->series;
    struct dk_template resolved;
    docket_status status = policy_of(memory, request, &draft->policy);
    if (status == DOCKET_OK)
        status = check_policy(&draft->policy, request->tenant, request->name, &resolved);
    if (status == DOCKET_OK)
        status = read_start(request, &resolved, now_s, draft);
    if (status != DOCKET_OK)
        return status;
    *series = (struct memory_series){.policy = &draft->policy,
                                     .beginning = draft->beginning,
                                     .start_after = draft->start_after,
                                     .last = dk_policy_last(&draft->policy, &resolved)};
    memcpy(series->tenant, request->tenant, sizeof series->tenant); /* both were checked, and end with zeros */
    memcpy(series->name, request->name, sizeof series->name);
    struct dk_shape shape = {&resolved, series->name, (enum dk_restart)draft->policy.restart, series->last};
    dk_shape_beginning(&shape, draft->beginning, sizeof draft->beginning);
    return dk_memory_shape_check(memory, series, &resolved);
}

/* Into the mapping, linked to nothing yet. NULL: the realm is full. */
static struct memory_series *keep_series(struct memory *memory, const struct draft *draft)
{
    size_t bytes = strlen(draft->beginning) + 1;
    const struct dk_policy *policy = keep_policy(memory, &draft->policy);
    struct memory_series *series = dk_memory_alloc(memory, sizeof *series);
    char *beginning = dk_memory_alloc(memory, bytes);
    if (policy == NULL || series == NULL || beginning == NULL)
        return NULL;
    *series = draft->series;
    series->policy = policy;
    series->beginning = memcpy(beginning, draft->beginning, bytes);
    return series;
}

static docket_status make_series(struct memory *memory, const struct dk_request *request, int64_t now_s,
                                 struct memory_series **made)
{
    struct draft draft;
    struct memory_counter *counter;
    docket_status status = draw_series(memory, request, now_s, &draft);
    if (status != DOCKET_OK)
        return status;
    struct memory_series *series = keep_series(memory, &draft);
    if (series == NULL)
        return dk_memory_full();
    status = dk_memory_counter(memory, series, now_s, &counter);
    if (status != DOCKET_OK)
        return status;
    struct memory_series **bucket = bucket_of(memory, series->tenant, series->name);
    begin_edit(memory);
    series->next_in_bucket = *bucket;
    *bucket = series;
    *memory->last_next = series;
    memory->last_next = &series->next_of_all;
    dk_memory_shape_add(memory, series);
    end_edit(memory);
    *made = series;
    return DOCKET_OK;
}

static bool names_start(const struct dk_request *request)
{
    char settings[DK_WIRE_SETTINGS], text[DOCKET_TEXT_MAX + 8];
    memcpy(settings, request->settings, sizeof settings);
    return request->start_after != 0 || (dk_start_cut(settings, DK_START_AFTER_LINE, text) && text[0] != 0);
}

static docket_status compare(const struct memory *memory, const struct dk_request *request, int64_t now_s,
                             const struct memory_series *series)
{
    struct draft wanted;
    struct dk_template resolved;
    docket_status status = policy_of(memory, request, &wanted.policy);
    wanted.start_after = 0;
    if (status == DOCKET_OK && names_start(request)) {
        status = check_policy(&wanted.policy, request->tenant, request->name, &resolved);
        if (status == DOCKET_OK)
            status = read_start(request, &resolved, now_s, &wanted);
    }
    if (status != DOCKET_OK)
        return status;
    if (wanted.start_after != 0 && wanted.start_after != series->start_after)
        return dk_fail(DOCKET_EXISTS, "%s/%s exists and begins at %llu, not behind %llu; docket series advance moves it "
                                      "forward; nothing was changed",
                       request->tenant, request->name, (unsigned long long)series->start_after + 1,
                       (unsigned long long)wanted.start_after);
    return dk_policy_compare(series->policy, &wanted.policy, request->tenant, request->name);
}

/* Under the lock: what docketd does with OPEN and DECLARE. */
static docket_status reach_series(struct docket_realm *realm, const struct dk_request *request,
                                  struct memory_series **series)
{
    struct memory *memory = realm->memory;
    *series = dk_memory_find(memory, request->tenant, request->name);
    if (*series != NULL)
        return request->type == DK_ASK_DECLARE ? compare(memory, request, dk_memory_now_s(realm), *series) : DOCKET_OK;
    if (memory->declared_only && request->type == DK_ASK_OPEN)
        return dk_fail(DOCKET_NO_SERIES,
                       "%s/%s is not declared and this realm makes none on first use; `docket series add %s/%s` "
                       "declares it",
                       request->tenant, request->name, request->tenant, request->name);
    return make_series(memory, request, dk_memory_now_s(realm), series);
}

docket_status dk_memory_bind(struct docket_series *series)
{
    struct memory *memory = series->realm->memory;
    struct dk_request request = {.type = DK_ASK_OPEN};
    struct memory_series *found;
    snprintf(request.tenant, sizeof request.tenant, "%s", series->tenant);
    snprintf(request.name, sizeof request.name, "%s", series->name);
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK)
        return status;
    status = reach_series(series->realm, &request, &found);
    dk_memory_unlock(memory);
    if (status != DOCKET_OK)
        return status;
    series->memory = found;
    const struct dk_policy *policy = found->policy; /* never changes */
    struct dk_template resolved;
    status = dk_policy_check(policy, found->tenant, found->name, &resolved);
    if (status != DOCKET_OK)
        return status;
    series->strict = policy->order == DK_STRICT;
    series->restart = (enum dk_restart)policy->restart;
    series->window = policy->window;
    series->described = true;
    dk_writing_set(&series->writing, series, &resolved, (uint8_t)((policy->at_end == DK_STOP ? DK_FLAG_STOPS : 0) |
                             (policy->chronological ? DK_FLAG_CHRONOLOGICAL : 0)),
                   0);
    return DOCKET_OK;
}

/* ---- where docketd would answer ---- */

docket_status dk_memory_answer(struct docket_realm *realm, const struct dk_request *request, int fds[DK_WIRE_FDS])
{
    struct memory *memory = realm->memory;
    struct memory_series *series;
    for (int i = 0; i < DK_WIRE_FDS; i++)
        fds[i] = -1;
    if (request->type != DK_ASK_DECLARE && request->type != DK_ASK_FATE)
        return dk_fail(DOCKET_UNREACHABLE, "a realm in memory has no docketd; this needs a real realm");
    docket_status status = dk_memory_lock(memory);
    if (status != DOCKET_OK)
        return status;
    if (request->type == DK_ASK_DECLARE)
        status = reach_series(realm, request, &series);
    else
        status = dk_memory_fate(memory, request, &fds[0]);
    dk_memory_unlock(memory);
    return status;
}

/* ---- docket_memory.h ---- */

static docket_status apply_options(struct memory *memory, const struct docket_memory_options *options)
{
    struct dk_request request = {.type = DK_ASK_DECLARE};
    memory->declared_only = options->declared != 0;
    docket_status status = dk_policy_fill(request.settings, options->policy);
    if (status == DOCKET_OK)
        status = dk_policy_apply(&memory->policy, request.settings);
    return status == DOCKET_OK ? check_policy(&memory->policy, "T", "S", NULL) : status;
}

docket_status docket_realm_open_memory(const struct docket_memory_options *options, docket_realm **realm)
{
    if (realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_realm_open_memory wants a place for the realm");
    struct docket_realm *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a realm");
    snprintf(made->directory, sizeof made->directory, "(in memory)");
    docket_status status = map_memory(&made->memory);
    if (status == DOCKET_OK && options != NULL)
        status = apply_options(made->memory, options);
    if (status == DOCKET_OK && ((made->live = dk_wiped_page()) == NULL ||
                                (made->memory_seat = calloc(1, sizeof *made->memory_seat)) == NULL))
        status = dk_fail(DOCKET_NO_MEMORY, "no memory that is wiped on fork; docket needs Linux 4.14 or later");
    if (status != DOCKET_OK) {
        if (made->live != NULL)
            munmap(made->live, DK_PAGE);
        if (made->memory != NULL)
            dk_memory_close(made);
        free(made);
        return status;
    }
    *realm = made;
    return DOCKET_OK;
}

docket_status docket_memory_set_clock(docket_realm *realm, int64_t utc_s)
{
    if (realm == NULL || realm->memory == NULL || utc_s < DOCKET_MEMORY_SYSTEM_CLOCK || utc_s > CLOCK_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_memory_set_clock wants a realm in memory and a second of the years "
                                            "1970 to 9999");
    dk_store_relaxed(&realm->memory->clock_s, (uint64_t)utc_s); /* relaxed: a clock, no more */
    return DOCKET_OK;
}

docket_status docket_memory_fail(docket_realm *realm, const char *tenant, const char *series, docket_status status,
                                 uint32_t calls)
{
    if (realm == NULL || realm->memory == NULL || (tenant == NULL) != (series == NULL) ||
        strcmp(docket_status_name(status), "DOCKET_UNKNOWN_STATUS") == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_memory_fail wants a realm in memory, both names or none, and a "
                                            "status");
    struct memory_failing wanted = {.status = status, .calls = status == DOCKET_OK ? 0 : calls};
    struct docket_series *found = NULL;
    docket_status done = tenant == NULL ? DOCKET_OK : docket_series_open(realm, tenant, series, &found);
    if (done == DOCKET_OK)
        done = dk_memory_lock(realm->memory);
    if (done != DOCKET_OK)
        return done;
    if (found != NULL)
        found->memory->failing = wanted;
    else
        realm->memory->failing = wanted;
    dk_memory_unlock(realm->memory);
    return DOCKET_OK;
}
