/* SPDX-License-Identifier: MIT */
/* serve_ledger: the store's ledger in memory, for fuzz_serve. See serve_ledger.h. */
#include "serve_ledger.h"

#include "base/status.h"
#include "fuzz.h"
#include "store/ledger_image.h"
#include "store/store.h"

enum { THINGS_MAX = 8192 };

static struct dk_ledger_record records[THINGS_MAX];
static struct dk_key_record keys[THINGS_MAX];
static struct dk_hold_record holds[THINGS_MAX];
static struct dk_elsewhere_record texts[THINGS_MAX];
static size_t record_count, key_count, hold_count, text_count;

/* Freed by the leak checker's standards: every copy is reachable until the end. */
static const char *copy(const char *text)
{
    char *made = strdup(text);
    MUST(made != NULL);
    return made;
}

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

/* ---- records ---- */

static void free_record(struct dk_ledger_record *record)
{
    drop(record->text), drop(record->key), drop(record->hold), drop(record->trace), drop(record->metadata);
    drop(record->error), drop(record->host), drop(record->reason);
}

static void copy_record(struct dk_ledger_record *to, const struct dk_ledger_record *from)
{
    *to = *from;
    to->text = copy(from->text), to->key = copy(from->key), to->hold = copy(from->hold), to->trace = copy(from->trace);
    to->metadata = copy(from->metadata), to->error = copy(from->error), to->host = copy(from->host);
    to->reason = copy(from->reason);
    if (from->event_at != 0)
        to->event = 7;
    to->event_at = 0;
}

static void keep_record(const struct dk_ledger_record *record)
{
    struct dk_buffer value = {0};
    struct dk_key key;
    size_t at = 0;
    MUST(record->removed || dk_image_encode_ledger(record, &key, &value) == DOCKET_OK);
    dk_buffer_free(&value);
    while (at < record_count && (records[at].series_id != record->series_id || records[at].period != record->period ||
                                 records[at].number != record->number))
        at++;
    MUST(at < THINGS_MAX);
    if (at < record_count) {
        MUST(records[at].state != DK_STATE_VOID); /* void is the end */
        MUST(!record->removed || records[at].state == DK_STATE_ISSUED);
        free_record(&records[at]);
        if (record->removed) {
            records[at] = records[--record_count];
            return;
        }
    } else {
        record_count++;
    }
    copy_record(&records[at], record);
}

/* No two numbers of a series have one key, or one text. */
static void check_record(const struct dk_ledger_record *record)
{
    for (size_t i = 0; i < record_count && record->state != DK_STATE_FREE; i++) {
        const struct dk_ledger_record *other = &records[i];
        if (other->series_id != record->series_id || other->state == DK_STATE_FREE ||
            (other->period == record->period && other->number == record->number))
            continue;
        MUST(record->key[0] == 0 || strcmp(other->key, record->key) != 0);
        MUST(record->text[0] == 0 || strcmp(other->text, record->text) != 0);
    }
}

docket_status dk_ledger_find(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t number,
                             dk_each_ledger each, void *context, bool *found)
{
    (void)store;
    *found = false;
    for (size_t i = 0; i < record_count; i++) {
        if (records[i].series_id != series_id || records[i].period != period || records[i].number != number)
            continue;
        *found = true;
        return each(context, &records[i]);
    }
    return DOCKET_OK;
}

docket_status dk_ledger_each(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t from,
                             dk_each_ledger each, void *context)
{
    (void)store;
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK) { /* ascending */
        const struct dk_ledger_record *next = NULL;
        for (size_t i = 0; i < record_count; i++)
            if (records[i].series_id == series_id && records[i].period == period && records[i].number >= from &&
                (next == NULL || records[i].number < next->number))
                next = &records[i];
        if (next == NULL)
            break;
        from = next->number + 1;
        status = each(context, next);
    }
    return status;
}

/* ---- keys, holds, texts of elsewhere ---- */

static void keep_key(const struct dk_key_record *key)
{
    size_t at = 0;
    while (at < key_count && (keys[at].series_id != key->series_id || keys[at].kind != key->kind ||
                              strcmp(keys[at].text, key->text) != 0))
        at++;
    MUST(at < THINGS_MAX && key->range_count >= 1);
    if (at < key_count)
        drop(keys[at].text), drop(keys[at].document), free((void *)(uintptr_t)keys[at].ranges);
    else
        key_count++;
    struct dk_range *ranges = calloc(key->range_count, sizeof *ranges);
    MUST(ranges != NULL);
    for (uint32_t i = 0; i < key->range_count; i++) {
        ranges[i] = key->ranges[i];
        MUST(ranges[i].first <= ranges[i].last && (i == 0 || ranges[i - 1].last < ranges[i].first));
    }
    keys[at] = *key;
    keys[at].text = copy(key->text);
    keys[at].document = copy(key->document != NULL ? key->document : "");
    keys[at].ranges = ranges;
}

docket_status dk_ledger_find_key(struct dk_store *store, uint64_t series_id, uint8_t kind, const char *text,
                                 dk_each_key each, void *context, bool *found)
{
    (void)store;
    *found = false;
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].series_id != series_id || keys[i].kind != kind || strcmp(keys[i].text, text) != 0 || keys[i].removed)
            continue;
        *found = true;
        return each(context, &keys[i]);
    }
    return DOCKET_OK;
}

static void keep_hold(const struct dk_hold_record *hold)
{
    size_t at = 0;
    while (at < hold_count && (holds[at].series_id != hold->series_id || holds[at].kind != hold->kind ||
                               strcmp(holds[at].text, hold->text) != 0 || holds[at].period != hold->period ||
                               holds[at].number != hold->number))
        at++;
    MUST(at < THINGS_MAX);
    if (at < hold_count)
        drop(holds[at].text);
    else
        hold_count++;
    holds[at] = *hold;
    holds[at].text = copy(hold->text);
}

docket_status dk_ledger_each_hold(struct dk_store *store, dk_each_hold each, void *context)
{
    (void)store;
    docket_status status = DOCKET_OK;
    for (size_t i = 0; status == DOCKET_OK && i < hold_count; i++)
        if (!holds[i].removed)
            status = each(context, &holds[i]);
    return status;
}

static void keep_text(const struct dk_elsewhere_record *text)
{
    MUST(text_count < THINGS_MAX && text->text[0] != 0 && text->note[0] != 0);
    for (size_t i = 0; i < text_count; i++)
        MUST(strcmp(texts[i].tenant, text->tenant) != 0 || strcmp(texts[i].text, text->text) != 0);
    texts[text_count] = *text;
    texts[text_count].tenant = copy(text->tenant);
    texts[text_count].text = copy(text->text);
    texts[text_count++].note = copy(text->note);
}

docket_status dk_ledger_find_elsewhere(struct dk_store *store, const char *tenant, const char *text,
                                       dk_each_elsewhere each, void *context, bool *found)
{
    (void)store;
    *found = false;
    for (size_t i = 0; i < text_count; i++) {
        if (strcmp(texts[i].tenant, tenant) != 0 || strcmp(texts[i].text, text) != 0)
            continue;
        *found = true;
        return each(context, &texts[i]);
    }
    return DOCKET_OK;
}

docket_status dk_ledger_each_elsewhere(struct dk_store *store, const char *tenant, const char *beginning,
                                       dk_each_elsewhere each, void *context)
{
    (void)store, (void)tenant, (void)beginning, (void)each, (void)context;
    return DOCKET_OK;
}

bool dk_ledger_has_elsewhere(const struct dk_store *store)
{
    (void)store;
    return text_count > 0;
}

/* ---- commits ---- */

void serve_ledger_keep(const struct dk_ledger_change *change)
{
    for (size_t i = 0; i < change->record_count; i++)
        keep_record(&change->records[i]);
    for (size_t i = 0; i < change->record_count; i++)
        check_record(&change->records[i]);
    for (size_t i = 0; i < change->key_count; i++)
        keep_key(&change->keys[i]);
    for (size_t i = 0; i < change->hold_count; i++)
        keep_hold(&change->holds[i]);
    for (size_t i = 0; i < change->elsewhere_count; i++)
        keep_text(&change->elsewhere[i]);
}

static bool is_spare(const struct dk_counter_image *image, uint64_t number)
{
    for (uint32_t i = 0; i < image->spare_count; i++)
        if (image->spares[i].first <= number && number <= image->spares[i].last)
            return true;
    return false;
}

/* What has a record that is not free is given, and what is free by its counter has none. */
void serve_ledger_check(const struct dk_counter_image *image)
{
    for (size_t i = 0; i < record_count; i++) {
        const struct dk_ledger_record *record = &records[i];
        if (record->series_id != image->series_id || record->period != image->period)
            continue;
        MUST(record->number >= image->extent_first && record->number < image->next);
        MUST(record->state == DK_STATE_FREE || !is_spare(image, record->number));
    }
    for (size_t i = 0; i < hold_count; i++)
        MUST(holds[i].removed || holds[i].left > 0);
}

void serve_ledger_end(void)
{
    for (size_t i = 0; i < record_count; i++)
        free_record(&records[i]);
    for (size_t i = 0; i < key_count; i++)
        drop(keys[i].text), drop(keys[i].document), free((void *)(uintptr_t)keys[i].ranges);
    for (size_t i = 0; i < hold_count; i++)
        drop(holds[i].text);
    for (size_t i = 0; i < text_count; i++)
        drop(texts[i].tenant), drop(texts[i].text), drop(texts[i].note);
    record_count = key_count = hold_count = text_count = 0;
}
