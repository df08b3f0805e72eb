/* SPDX-License-Identifier: MIT */
/* serve_clerk: see serve_clerk.h. */
#include "serve_clerk.h"

#include "base/log.h"
#include "daemon/series/policies.h"
#include "fuzz.h"
#include "serve_ledger.h"
#include "store/image.h"

#include <stdarg.h>

enum { KEPT_MAX = 4096 };

struct dk_clerk {
    struct dk_job *waiting[KEPT_MAX];
    size_t waiting_count;
    uint64_t commit_number;
};

static struct dk_clerk clerk;
static struct dk_series_record series[KEPT_MAX];
static struct dk_counter_image counters[KEPT_MAX];
static struct dk_fate_record ranges[KEPT_MAX];
static size_t series_count, counter_count, range_count;

/* Nobody scribbles here: whatever docketd calls an error is one of its own. */
void dk_log(enum dk_level level, const char *format, ...)
{
    va_list arguments;
    if (level > DK_LOG_ERROR)
        return;
    va_start(arguments, format);
    vdprintf(2, format, arguments);
    va_end(arguments);
    MUST(level > DK_LOG_ERROR);
}

/* ---- the store ---- */

static void copy_image(struct dk_counter_image *to, const struct dk_counter_image *from)
{
    *to = *from;
    to->places = dk_must_alloc(from->place_count, sizeof *to->places);
    to->spares = dk_must_alloc(from->spare_count, sizeof *to->spares);
    if (from->place_count > 0)
        memcpy(to->places, from->places, from->place_count * sizeof *to->places);
    if (from->spare_count > 0)
        memcpy(to->spares, from->spares, from->spare_count * sizeof *to->spares);
}

static void keep_image(const struct dk_counter_image *image)
{
    struct dk_buffer value = {0};
    struct dk_key key;
    size_t at = 0;
    MUST(dk_image_encode_counter(image, &key, &value) == DOCKET_OK);
    dk_buffer_free(&value);
    while (at < counter_count && (counters[at].series_id != image->series_id || counters[at].period != image->period))
        at++;
    MUST(at < KEPT_MAX && image->mark <= image->extent_last + 1 && image->next >= image->extent_first);
    if (at < counter_count) {
        /* A mark falls only to what was laid, when a counter goes off the board; and to
         * its beginning, when nothing was ever taken from it. */
        MUST(image->mark >= counters[at].mark || image->mark == image->next);
        MUST(image->extent_first == counters[at].extent_first || image->next == image->extent_first);
        dk_image_free_counter(&counters[at]);
    } else {
        counter_count++;
    }
    copy_image(&counters[at], image);
}

static void keep_series(const struct dk_series_record *record)
{
    struct dk_buffer value = {0};
    struct dk_key key;
    MUST(dk_image_encode_series(record, &key, &value) == DOCKET_OK);
    MUST(dk_policy_check(record->policy, record->tenant, record->name, NULL) == DOCKET_OK);
    MUST(dk_name_check("tenant", record->tenant) == DOCKET_OK && dk_name_check("series", record->name) == DOCKET_OK);
    dk_buffer_free(&value);
    for (size_t i = 0; i < series_count; i++) {
        MUST(strcmp(series[i].tenant, record->tenant) != 0 || strcmp(series[i].name, record->name) != 0);
        MUST(series[i].id < record->id);
    }
    MUST(series_count < KEPT_MAX);
    series[series_count++] = *record;
}

static void keep_range(const struct dk_fate_record *record)
{
    struct dk_buffer value = {0};
    struct dk_key key;
    MUST(dk_image_encode_range(record, &key, &value) == DOCKET_OK);
    dk_buffer_free(&value);
    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].series_id == record->series_id && ranges[i].period == record->period)
            MUST(ranges[i].range.last < record->range.first || record->range.last < ranges[i].range.first);
    MUST(range_count < KEPT_MAX);
    ranges[range_count++] = *record;
}

/* What is taken away was there, exactly so. */
static void drop_range(const struct dk_fate_record *record)
{
    size_t at = 0;
    while (at < range_count && (ranges[at].series_id != record->series_id || ranges[at].period != record->period ||
                                ranges[at].range.first != record->range.first))
        at++;
    MUST(at < range_count && ranges[at].range.last == record->range.last && ranges[at].fate == record->fate &&
         ranges[at].cause == record->cause && ranges[at].event == record->event);
    ranges[at] = ranges[--range_count];
}

static void change_series(const struct dk_series_record *record)
{
    size_t at = 0;
    while (at < series_count && series[at].id != record->id)
        at++;
    MUST(at < series_count && strcmp(series[at].tenant, record->tenant) == 0 &&
         strcmp(series[at].name, record->name) == 0 && strcmp(series[at].desk, record->desk) == 0);
    MUST(dk_policy_check(record->policy, record->tenant, record->name, NULL) == DOCKET_OK && series[at].retired_ns == 0);
    series[at] = *record;
}

docket_status dk_store_copy(struct dk_store *store, int out, const dk_word *stop, struct dk_copy_facts *facts)
{
    (void)store;
    (void)out;
    (void)stop;
    *facts = (struct dk_copy_facts){0};
    return DOCKET_OK;
}

docket_status dk_store_verify(struct dk_store *store, uint64_t *records)
{
    (void)store;
    *records = 1;
    return DOCKET_OK;
}

docket_status dk_store_audit(struct dk_store *store, struct dk_audit *audit)
{
    (void)store;
    *audit = (struct dk_audit){.trail = {.begins = 1, .number = 2}};
    return DOCKET_OK;
}

docket_status dk_store_trail(struct dk_store *store, struct dk_trail *trail)
{
    (void)store;
    *trail = (struct dk_trail){.begins = 1, .number = 2};
    return DOCKET_OK;
}

void dk_digest_text(const uint8_t digest[DK_DIGEST_BYTES], char text[2 * DK_DIGEST_BYTES + 1])
{
    (void)digest;
    text[0] = 0;
}

void dk_digest_begin(struct dk_digest *digest, const char *name)
{
    (void)name;
    digest->room[0] = 0;
}

void dk_digest_begin_plain(struct dk_digest *digest)
{
    digest->room[0] = 0;
}

void dk_digest_bytes(struct dk_digest *digest, const uint8_t *bytes, size_t count)
{
    digest->room[0] = (uint8_t)(digest->room[0] * 31u + (count > 0 ? bytes[0] : 0));
}

void dk_digest_number(struct dk_digest *digest, uint64_t number)
{
    digest->room[0] = (uint8_t)(digest->room[0] * 31u + (uint8_t)number);
}

void dk_digest_string(struct dk_digest *digest, const char *text)
{
    dk_digest_number(digest, strlen(text));
}

void dk_digest_end(struct dk_digest *digest, uint8_t hash[DK_DIGEST_BYTES])
{
    memset(hash, digest->room[0], DK_DIGEST_BYTES);
}

docket_status dk_store_each_event(struct dk_store *store, uint64_t from,
                                  docket_status (*each)(void *context, const struct dk_event *event), void *context)
{
    struct dk_event event = {.number = from, .kind = "void"};
    (void)store;
    return each(context, &event);
}

docket_status dk_store_make_room_for(struct dk_store *store, size_t entries)
{
    (void)store;
    (void)entries;
    return DOCKET_OK;
}

docket_status dk_store_make_room(struct dk_store *store)
{
    (void)store;
    return DOCKET_OK;
}

docket_status dk_store_each_series(struct dk_store *store,
                                   docket_status (*each)(void *context, const struct dk_series_record *record),
                                   void *context)
{
    (void)store;
    docket_status status = DOCKET_OK;
    for (size_t i = 0; status == DOCKET_OK && i < series_count; i++)
        status = each(context, &series[i]);
    return status;
}

docket_status dk_store_find_series(struct dk_store *store, const char *tenant, const char *name,
                                   struct dk_series_record *record, bool *found)
{
    (void)store;
    *found = false;
    for (size_t i = 0; i < series_count && !*found; i++) {
        *found = strcmp(series[i].tenant, tenant) == 0 && strcmp(series[i].name, name) == 0;
        if (*found)
            *record = series[i];
    }
    return DOCKET_OK;
}

/* The clock is right. */
int64_t dk_store_trusted_now_ns(struct dk_store *store, bool *carried)
{
    (void)store;
    *carried = true;
    return 0;
}

void dk_store_trust_wall(struct dk_store *store, int64_t ahead_ns)
{
    (void)store, (void)ahead_ns;
}

void dk_store_accept_wall(struct dk_store *store)
{
    (void)store;
}

/* Every series' texts, also those that cannot be alike: more than the store shows. */
docket_status dk_store_each_text(struct dk_store *store, const char *tenant, const char *beginning,
                                 docket_status (*each)(void *context, const struct dk_text_record *record),
                                 void *context)
{
    (void)store, (void)beginning;
    docket_status status = DOCKET_OK;
    for (size_t i = 0; status == DOCKET_OK && i < 2 * series_count; i++) {
        const struct dk_series_record *one = &series[i / 2];
        const struct dk_policy *policy = i % 2 ? one->next : one->policy;
        struct dk_text_record text = {.series_id = one->id, .version = 1};
        struct dk_template template;
        if (policy == NULL || (tenant != NULL && strcmp(one->tenant, tenant) != 0))
            continue;
        MUST(dk_policy_template(policy, one->tenant, &template) == DOCKET_OK);
        memcpy(text.tenant, one->tenant, sizeof text.tenant);
        memcpy(text.series, one->name, sizeof text.series);
        text.restart = policy->restart;
        text.last = dk_policy_last(policy, &template);
        dk_form_pack(&template, &text.form);
        status = each(context, &text);
    }
    return status;
}

docket_status dk_store_desk_incarnation(struct dk_store *store, uint32_t index, uint64_t *incarnation, bool *found)
{
    (void)store, (void)index;
    *incarnation = 0;
    *found = false; /* its images say it */
    return DOCKET_OK;
}

docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context, const struct dk_counter_image *image),
                                       void *context)
{
    (void)store;
    docket_status status = DOCKET_OK;
    for (size_t i = 0; status == DOCKET_OK && i < counter_count; i++)
        if (series_id == 0 || counters[i].series_id == series_id)
            status = each(context, &counters[i]);
    return status;
}

docket_status dk_store_each_counter(struct dk_store *store,
                                    docket_status (*each)(void *context, const struct dk_counter_image *image),
                                    void *context)
{
    return dk_store_each_counter_of(store, 0, each, context);
}

docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context, const struct dk_fate_record *record),
                                  void *context)
{
    (void)store;
    uint64_t from = 0;
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK) { /* ascending */
        const struct dk_fate_record *next = NULL;
        for (size_t i = 0; i < range_count; i++)
            if (ranges[i].series_id == series_id && ranges[i].period == period && ranges[i].range.first >= from &&
                (next == NULL || ranges[i].range.first < next->range.first))
                next = &ranges[i];
        if (next == NULL)
            break;
        from = next->range.last + 1;
        status = each(context, next);
    }
    return status;
}

struct part {
    docket_status (*each)(void *context, const struct dk_fate_record *record);
    void *context;
    uint64_t low, high;
};

static docket_status keep_part(void *context, const struct dk_fate_record *record)
{
    const struct part *part = context;
    bool inside = record->range.last >= part->low && record->range.first <= part->high;
    return inside ? part->each(part->context, record) : DOCKET_OK;
}

docket_status dk_store_each_range_of(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t low,
                                     uint64_t high,
                                     docket_status (*each)(void *context, const struct dk_fate_record *record),
                                     void *context)
{
    struct part part = {each, context, low, high};
    return dk_store_each_range(store, series_id, period, keep_part, &part);
}

/* ---- the clerk ---- */

struct dk_clerk *serve_clerk_begin(void)
{
    memset(&clerk, 0, sizeof clerk);
    return &clerk;
}

void serve_clerk_end(void)
{
    MUST(clerk.waiting_count == 0);
    for (size_t i = 0; i < counter_count; i++) {
        serve_ledger_check(&counters[i]);
        dk_image_free_counter(&counters[i]);
    }
    serve_ledger_end();
    series_count = counter_count = range_count = 0;
}

void *dk_must_alloc(size_t count, size_t bytes)
{
    void *made = calloc(count ? count : 1, bytes ? bytes : 1);
    MUST(made != NULL);
    return made;
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *grown = realloc(old, (count ? count : 1) * bytes);
    MUST(grown != NULL);
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
    memset(&job->images[job->image_count], 0, sizeof *job->images);
    return &job->images[job->image_count++];
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
    (void)job;
    MUST(strlen(reason) <= DK_REASON_BYTES);
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
    job->events = dk_must_grow(job->events, job->event_count + 1, sizeof *job->events);
    memset(&job->events[job->event_count], 0, sizeof *job->events);
    job->events[job->event_count++].uid = uid;
    MUST(kind[0] != 0 && strcmp(kind, "quarantine") != 0 && format[0] != 0);
}

void dk_job_free(struct dk_job *job)
{
    for (size_t i = 0; i < job->image_count; i++)
        dk_image_free_counter(&job->images[i]);
    free(job->images);
    free(job->removed);
    free(job->ranges);
    free(job->changed);
    free(job->series);
    free(job->events);
    free(job);
}

void dk_clerk_post(struct dk_clerk *to, struct dk_job *job)
{
    MUST(to->waiting_count < KEPT_MAX);
    to->waiting[to->waiting_count++] = job;
}

/* One after the other in the order of posting, as the committer does. */
size_t dk_clerk_collect(struct dk_clerk *from)
{
    size_t count = from->waiting_count;
    for (size_t i = 0; i < count; i++) {
        struct dk_job *job = from->waiting[i];
        if (job->series != NULL)
            keep_series(job->series);
        for (size_t n = 0; n < job->image_count; n++)
            keep_image(&job->images[n]);
        if (job->changed != NULL)
            change_series(job->changed);
        serve_ledger_keep(&job->ledger);
        for (size_t n = 0; n < job->removed_count; n++)
            drop_range(&job->removed[n]);
        for (size_t n = 0; n < job->range_count; n++) {
            if (job->ranges[n].event_at != 0)
                job->ranges[n].event = 7;
            keep_range(&job->ranges[n]);
        }
    }
    struct dk_job *jobs[KEPT_MAX];
    memcpy(jobs, from->waiting, count * sizeof(struct dk_job *));
    from->waiting_count = 0;
    from->commit_number++;
    for (size_t i = 0; i < count; i++) {
        jobs[i]->commit_number = from->commit_number;
        jobs[i]->done(jobs[i]);
    }
    return count;
}

size_t dk_clerk_pending(const struct dk_clerk *of)
{
    return of->waiting_count;
}

struct dk_clerk_statistics dk_clerk_show(struct dk_clerk *of)
{
    return (struct dk_clerk_statistics){.commit_number = of->commit_number};
}
