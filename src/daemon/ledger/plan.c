/* SPDX-License-Identifier: MIT */
/*
 * plan: what a commit will change of one series, laid over what the store says: a later item
 * sees what an earlier one has planned. Records, keys, holds and texts of elsewhere are found by
 * one table of hashes, whether they were read or changed; periods stand in a list, for there are
 * one or two. Everything lives in chunks that go with the plan.
 */
#include "daemon/ledger/ledger.h"

#include "base/clock.h"
#include "base/hash.h"
#include "daemon/days/zones.h"
#include "daemon/ended/ended.h"
#include "daemon/series/policies.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 << 10, BUCKETS_FIRST = 256 };

struct chunk {
    struct chunk *next;
    size_t used, room;
    _Alignas(16) uint8_t bytes[];
};

enum kind { RECORD, KEY, HOLD, ELSEWHERE, KINDS };

/* Something that was read or changed. what: NULL if it was looked for and is not there. */
struct thing {
    struct thing *next;         /* in its bucket */
    struct thing *next_changed; /* of its kind, in the order of the first change */
    uint64_t hash;
    enum kind kind;
    bool changed;
    uint8_t named;    /* of a key or hold: enum DK_NAMED_... */
    int32_t period;   /* of a record or hold */
    uint64_t number;
    const char *text; /* of a key, hold or text of elsewhere */
    const void *what; /* struct dk_ledger_record, ... as it stands now */
};

struct dk_plan_inside {
    struct chunk *chunks;
    struct thing **buckets;
    size_t bucket_count, thing_count;
    struct thing *changed[KINDS], **changed_end[KINDS];
    size_t changed_count[KINDS];
};

/* ---- memory ---- */

void *dk_plan_alloc(struct dk_plan *plan, size_t bytes)
{
    struct dk_plan_inside *inside = plan->inside;
    struct chunk *chunk = inside->chunks;
    bytes = (bytes + 15) & ~(size_t)15;
    if (chunk == NULL || chunk->room - chunk->used < bytes) {
        size_t room = bytes > CHUNK_BYTES / 4 ? bytes : CHUNK_BYTES;
        chunk = dk_must_grow(NULL, 1, sizeof *chunk + room);
        chunk->used = 0;
        chunk->room = room;
        if (room == bytes && inside->chunks != NULL) { /* a large one: the open chunk stays open */
            chunk->next = inside->chunks->next;
            inside->chunks->next = chunk;
        } else {
            chunk->next = inside->chunks;
            inside->chunks = chunk;
        }
    }
    void *made = chunk->bytes + chunk->used;
    chunk->used += bytes;
    memset(made, 0, bytes);
    return made;
}

static const char *keep_text(struct dk_plan *plan, const char *text)
{
    if (text == NULL || text[0] == 0)
        return "";
    size_t size = strlen(text) + 1;
    return memcpy(dk_plan_alloc(plan, size), text, size);
}

const char *dk_plan_print(struct dk_plan *plan, const char *format, ...)
{
    char text[DK_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return keep_text(plan, text);
}

/* ---- things ---- */

static uint64_t hash_of(const struct thing *sought)
{
    uint64_t words[3] = {(uint64_t)sought->kind << 40 | (uint64_t)sought->named << 32 | (uint32_t)sought->period,
                         sought->number, 0};
    if (sought->text[0] != 0)
        words[2] = dk_hash(sought->text, strlen(sought->text), 0);
    return dk_hash(words, sizeof words, 0);
}

static void widen(struct dk_plan *plan)
{
    struct dk_plan_inside *inside = plan->inside;
    size_t count = inside->bucket_count == 0 ? BUCKETS_FIRST : inside->bucket_count * 4;
    struct thing **buckets = dk_plan_alloc(plan, count * sizeof(struct thing *));
    for (size_t i = 0; i < inside->bucket_count; i++) {
        for (struct thing *thing = inside->buckets[i], *next; thing != NULL; thing = next) {
            next = thing->next;
            thing->next = buckets[thing->hash & (count - 1)];
            buckets[thing->hash & (count - 1)] = thing;
        }
    }
    inside->buckets = buckets;
    inside->bucket_count = count;
}

/* The thing of these names; made, with nothing in it, if there is none (*made). */
static struct thing *thing_of(struct dk_plan *plan, const struct thing *names, bool *made)
{
    struct dk_plan_inside *inside = plan->inside;
    uint64_t hash = hash_of(names);
    if (inside->thing_count >= inside->bucket_count)
        widen(plan);
    struct thing *thing = inside->buckets[hash & (inside->bucket_count - 1)];
    while (thing != NULL && (thing->hash != hash || thing->kind != names->kind || thing->named != names->named ||
                             thing->period != names->period || thing->number != names->number ||
                             strcmp(thing->text, names->text) != 0))
        thing = thing->next;
    *made = thing == NULL;
    if (thing != NULL)
        return thing;
    thing = dk_plan_alloc(plan, sizeof *thing);
    *thing = *names;
    thing->hash = hash;
    thing->text = keep_text(plan, names->text);
    thing->next = inside->buckets[hash & (inside->bucket_count - 1)];
    inside->buckets[hash & (inside->bucket_count - 1)] = thing;
    inside->thing_count++;
    return thing;
}

static void change(struct dk_plan *plan, struct thing *thing, const void *what)
{
    struct dk_plan_inside *inside = plan->inside;
    thing->what = what;
    if (thing->changed)
        return;
    thing->changed = true;
    *inside->changed_end[thing->kind] = thing;
    inside->changed_end[thing->kind] = &thing->next_changed;
    inside->changed_count[thing->kind]++;
}

/* ---- records ---- */

struct reading {
    struct dk_plan *plan;
    struct thing *thing;
};

static struct dk_ledger_record *copy_record(struct dk_plan *plan, const struct dk_ledger_record *record)
{
    struct dk_ledger_record *copy = dk_plan_alloc(plan, sizeof *copy);
    *copy = *record;
    copy->text = keep_text(plan, record->text);
    copy->key = keep_text(plan, record->key);
    copy->hold = keep_text(plan, record->hold);
    copy->trace = keep_text(plan, record->trace);
    copy->metadata = keep_text(plan, record->metadata);
    copy->error = keep_text(plan, record->error);
    copy->host = keep_text(plan, record->host);
    copy->reason = keep_text(plan, record->reason);
    return copy;
}

static docket_status read_record(void *context, const struct dk_ledger_record *record)
{
    const struct reading *reading = context;
    reading->thing->what = copy_record(reading->plan, record);
    return DOCKET_OK;
}

/* The store surely has no record of it: the period had not come so far when the plan began. */
static bool is_fresh(const struct dk_plan *plan, int32_t label, uint64_t number)
{
    const struct dk_plan_period *period = plan->periods;
    while (period != NULL && period->image.period != label)
        period = period->next;
    return period != NULL && number >= period->fresh_from;
}

docket_status dk_plan_find(struct dk_plan *plan, int32_t label, uint64_t number, const struct dk_ledger_record **record)
{
    struct thing names = {.kind = RECORD, .period = label, .number = number, .text = ""};
    bool made, found;
    struct thing *thing = thing_of(plan, &names, &made);
    struct reading reading = {.plan = plan, .thing = thing};
    docket_status status = !made || is_fresh(plan, label, number)
                               ? DOCKET_OK
                               : dk_ledger_find(plan->daemon->store, plan->book->series_id, label, number, read_record,
                                                &reading, &found);
    *record = thing->what;
    return status;
}

docket_status dk_plan_put(struct dk_plan *plan, const struct dk_ledger_record *record)
{
    struct thing names = {.kind = RECORD, .period = record->period, .number = record->number, .text = ""};
    struct dk_plan_period *period;
    bool made;
    docket_status status = record->state != DK_STATE_FREE ? DOCKET_OK : dk_plan_period(plan, record->period, &period);
    if (status != DOCKET_OK)
        return status;
    struct dk_ledger_record *copy = copy_record(plan, record);
    copy->series_id = plan->book->series_id;
    copy->last_ns = plan->now_ns;
    if (copy->first_ns == 0)
        copy->first_ns = plan->now_ns;
    if (record->state == DK_STATE_FREE)
        dk_plan_spare(period, record->number);
    change(plan, thing_of(plan, &names, &made), copy);
    return DOCKET_OK;
}

/* ---- keys, holds, texts of elsewhere ---- */

static struct dk_key_record *copy_key(struct dk_plan *plan, const struct dk_key_record *key)
{
    struct dk_key_record *copy = dk_plan_alloc(plan, sizeof *copy);
    *copy = *key;
    copy->text = keep_text(plan, key->text);
    copy->document = keep_text(plan, key->document);
    if (key->range_count > 0)
        copy->ranges = memcpy(dk_plan_alloc(plan, key->range_count * sizeof *key->ranges), key->ranges,
                              key->range_count * sizeof *key->ranges);
    return copy;
}

static docket_status read_key(void *context, const struct dk_key_record *key)
{
    const struct reading *reading = context;
    reading->thing->what = copy_key(reading->plan, key);
    return DOCKET_OK;
}

docket_status dk_plan_find_key(struct dk_plan *plan, uint8_t kind, const char *text, const struct dk_key_record **key)
{
    struct thing names = {.kind = KEY, .named = kind, .text = text};
    bool made, found;
    struct thing *thing = thing_of(plan, &names, &made);
    struct reading reading = {.plan = plan, .thing = thing};
    docket_status status = !made ? DOCKET_OK
                                 : dk_ledger_find_key(plan->daemon->store, plan->book->series_id, kind, text, read_key,
                                                      &reading, &found);
    const struct dk_key_record *is = thing->what;
    *key = is == NULL || is->removed ? NULL : is;
    return status;
}

void dk_plan_put_key(struct dk_plan *plan, const struct dk_key_record *key)
{
    struct thing names = {.kind = KEY, .named = key->kind, .text = key->text};
    struct dk_key_record *copy = copy_key(plan, key);
    bool made;
    copy->series_id = plan->book->series_id;
    change(plan, thing_of(plan, &names, &made), copy);
}

void dk_plan_put_hold(struct dk_plan *plan, const struct dk_hold_record *hold)
{
    struct thing names = {
        .kind = HOLD, .named = hold->kind, .period = hold->period, .number = hold->number, .text = hold->text};
    struct dk_hold_record *copy = dk_plan_alloc(plan, sizeof *copy);
    bool made;
    struct thing *thing;
    if (hold->kind == DK_NAMED_RESERVATION) { /* its name is enough */
        names.period = 0;
        names.number = 0;
    }
    thing = thing_of(plan, &names, &made);
    *copy = *hold;
    copy->series_id = plan->book->series_id;
    copy->text = thing->text;
    change(plan, thing, copy);
}

void dk_plan_put_elsewhere(struct dk_plan *plan, const struct dk_elsewhere_record *record)
{
    struct thing names = {.kind = ELSEWHERE, .text = record->text};
    struct dk_elsewhere_record *copy = dk_plan_alloc(plan, sizeof *copy);
    bool made;
    struct thing *thing = thing_of(plan, &names, &made);
    *copy = *record;
    copy->tenant = keep_text(plan, record->tenant);
    copy->text = thing->text;
    copy->note = keep_text(plan, record->note);
    change(plan, thing, copy);
}

const struct dk_elsewhere_record *dk_plan_elsewhere(const struct dk_plan *plan, const char *text)
{
    struct thing names = {.kind = ELSEWHERE, .text = text};
    const struct dk_plan_inside *inside = plan->inside;
    if (inside->changed_count[ELSEWHERE] == 0)
        return NULL;
    uint64_t hash = hash_of(&names);
    const struct thing *thing = inside->buckets[hash & (inside->bucket_count - 1)];
    while (thing != NULL && (thing->kind != ELSEWHERE || strcmp(thing->text, text) != 0))
        thing = thing->next;
    return thing == NULL ? NULL : thing->what;
}

/* ---- periods ---- */

static void free_period(struct dk_plan_period *period)
{
    free(period->image.spares);
}

/* As the store has it, or begun. */
static docket_status look_at_period(struct dk_plan *plan, struct dk_plan_period *period, int32_t label)
{
    const struct dk_series_record *record = &plan->series->record;
    struct dk_ended_facts facts;
    docket_status status = dk_ended_look(plan->daemon, plan->book->series_id, label, &facts);
    if (status == DOCKET_OK && !facts.found)
        dk_ended_begin(record, label, plan->series->desk->map.incarnation, &facts.image);
    if (status == DOCKET_OK && facts.found && facts.image.closed == DK_OPEN)
        status = dk_fail(DOCKET_TIMEOUT, "%s is on its way off the board; ask again", dk_ended_name(record, label));
    period->image = facts.image;
    period->found = facts.found;
    period->later = facts.later;
    if (status != DOCKET_OK) {
        free_period(period);
        return status;
    }
    period->spare_room = period->image.spare_count;
    period->fresh_from = period->image.next;
    period->last = dk_record_last(record, label);
    if (period->last > period->image.extent_last)
        period->last = period->image.extent_last;
    if (!dk_series_form(record, label, &period->form) || !dk_form_unpack(&period->form, &period->template)) {
        free_period(period);
        return dk_fail(DOCKET_DAMAGED, "the template of %s cannot be read", dk_ended_name(record, label));
    }
    return DOCKET_OK;
}

docket_status dk_plan_period(struct dk_plan *plan, int32_t label, struct dk_plan_period **period)
{
    struct dk_plan_period **at = &plan->periods;
    while (*at != NULL && (*at)->image.period != label)
        at = &(*at)->next;
    if (*at == NULL) {
        struct dk_plan_period *made = dk_plan_alloc(plan, sizeof *made);
        docket_status status = look_at_period(plan, made, label);
        if (status != DOCKET_OK)
            return status;
        *at = made;
    }
    *period = *at;
    return DOCKET_OK;
}

/* Spares ascend; those before spare_from are taken. A search and one move, for there may be thousands. */
void dk_plan_spare(struct dk_plan_period *period, uint64_t number)
{
    struct dk_counter_image *image = &period->image;
    uint32_t low = period->spare_from, high = image->spare_count;
    period->changed = true;
    if (image->spare_count == period->spare_room) { /* one more may come */
        period->spare_room = period->spare_room * 2 + 16;
        image->spares = dk_must_grow(image->spares, period->spare_room, sizeof *image->spares);
    }
    while (low < high) { /* the first range that ends at or behind number - 1 */
        uint32_t middle = low + (high - low) / 2;
        if (image->spares[middle].last + 1 < number)
            low = middle + 1;
        else
            high = middle;
    }
    struct dk_range *at = image->spares + low;
    uint32_t behind = image->spare_count - low;
    if (behind > 0 && at->first <= number && number <= at->last)
        return;
    if (behind > 0 && at->last + 1 == number) {
        at->last = number;
        if (behind > 1 && at[1].first == number + 1) {
            at->last = at[1].last;
            memmove(at + 1, at + 2, (behind - 2) * sizeof *at);
            image->spare_count--;
        }
        return;
    }
    if (behind > 0 && at->first == number + 1) {
        at->first = number;
        return;
    }
    memmove(at + 1, at, behind * sizeof *at);
    *at = (struct dk_range){number, number};
    image->spare_count++;
}

uint64_t dk_plan_lowest(const struct dk_plan_period *period)
{
    const struct dk_counter_image *image = &period->image;
    uint64_t next = period->spare_from < image->spare_count ? image->spares[period->spare_from].first : image->next;
    return next <= period->last ? next : 0;
}

void dk_plan_spend_lowest(struct dk_plan_period *period)
{
    struct dk_counter_image *image = &period->image;
    period->changed = true;
    if (period->spare_from == image->spare_count)
        image->next++;
    else if (image->spares[period->spare_from].first == image->spares[period->spare_from].last)
        period->spare_from++;
    else
        image->spares[period->spare_from].first++;
}

/* ---- begin, job, end ---- */

uint32_t dk_plan_event(struct dk_plan *plan, const char *kind, uint32_t uid, const char *reason, const char *format, ...)
{
    char text[sizeof((struct dk_event *)NULL)->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dk_job_event(plan->job, kind, uid, "%s", text);
    dk_job_about(plan->job, plan->series->record.tenant, plan->series->record.name, 0);
    if (reason != NULL)
        dk_job_reason(plan->job, reason);
    dk_job_about(plan->job, plan->series->record.tenant, plan->series->record.name, 0);
    return (uint32_t)plan->job->event_count;
}

size_t dk_plan_size(const struct dk_plan *plan)
{
    return plan->inside->thing_count;
}

struct dk_plan *dk_plan_begin(struct dk_ledger_book *book, struct dk_series_book *series)
{
    struct dk_plan *plan = dk_must_alloc(1, sizeof *plan);
    plan->daemon = book->daemon;
    plan->book = book;
    plan->series = series;
    plan->inside = dk_must_alloc(1, sizeof *plan->inside);
    for (int kind = 0; kind < KINDS; kind++)
        plan->inside->changed_end[kind] = &plan->inside->changed[kind];
    plan->job = dk_job_new(dk_job_free, plan);
    const struct dk_zone *zone = dk_zone_of_policy(series->record.policy);
    int64_t now_s = dk_now_s(plan->daemon);
    plan->now_ns = dk_clock_wall_ns();
    if (plan->now_ns / DK_SECOND_NS - now_s > 1 || now_s - plan->now_ns / DK_SECOND_NS > 1)
        plan->now_ns = now_s * DK_SECOND_NS; /* a clock that is not followed */
    plan->today = zone->date(zone, now_s);
    return plan;
}

/* The changed ones of a kind, one behind the other; each of so many bytes. */
static const void *gather(struct dk_plan *plan, enum kind kind, size_t bytes, size_t *count)
{
    const struct dk_plan_inside *inside = plan->inside;
    *count = inside->changed_count[kind];
    if (*count == 0)
        return NULL;
    uint8_t *all = dk_plan_alloc(plan, *count * bytes), *at = all;
    for (const struct thing *thing = inside->changed[kind]; thing != NULL; thing = thing->next_changed, at += bytes)
        memcpy(at, thing->what, bytes);
    return all;
}

static void give_image(struct dk_plan *plan, struct dk_plan_period *period)
{
    struct dk_counter_image *image = dk_job_image(plan->job);
    uint32_t taken = period->spare_from;
    *image = period->image; /* its spares are the job's now */
    image->spare_count -= taken;
    if (taken > 0)
        memmove(image->spares, image->spares + taken, image->spare_count * sizeof *image->spares);
    image->mark = image->next;
    period->image.spares = NULL;
    period->image.spare_count = period->spare_from = 0;
    if (image->period > plan->series->newest)
        plan->series->newest = image->period;
}

struct dk_job *dk_plan_job(struct dk_plan *plan, void (*done)(struct dk_job *job))
{
    struct dk_job *job = plan->job;
    struct dk_ledger_change *ledger = &job->ledger;
    for (struct dk_plan_period *period = plan->periods; period != NULL; period = period->next)
        if (period->changed)
            give_image(plan, period);
    ledger->records = gather(plan, RECORD, sizeof *ledger->records, &ledger->record_count);
    ledger->keys = gather(plan, KEY, sizeof *ledger->keys, &ledger->key_count);
    ledger->holds = gather(plan, HOLD, sizeof *ledger->holds, &ledger->hold_count);
    ledger->elsewhere = gather(plan, ELSEWHERE, sizeof *ledger->elsewhere, &ledger->elsewhere_count);
    if (job->image_count + job->event_count + ledger->record_count + ledger->key_count + ledger->hold_count +
            ledger->elsewhere_count == 0)
        return NULL;
    job->done = done;
    plan->job = NULL; /* the clerk's, and done()'s */
    return job;
}

void dk_plan_end(struct dk_plan *plan)
{
    for (struct dk_plan_period *period = plan->periods; period != NULL; period = period->next)
        free_period(period);
    for (struct chunk *chunk = plan->inside->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    if (plan->job != NULL)
        dk_job_free(plan->job);
    free(plan->inside);
    free(plan);
}
