/* SPDX-License-Identifier: MIT */
/*
 * texts: what each series writes and ever wrote, so that a new one is compared
 * with those that could write the same. Entries follow the series in the same
 * transaction, and nobody has to remember them. An entry is never removed: a text
 * that was on a document stays taken.
 */
#include "store/inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "numbering/collide.h"

#include <string.h>

enum { PROGRESS = 200000 /* series of an older store between two lines of the log */ };

/* ---- the entry of one policy ---- */

/* BAD_ARGUMENT: a policy that nobody could have passed by dk_policy_check(). */
static docket_status text_of(const struct dk_series_record *record, const struct dk_policy *policy,
                             struct dk_text_record *text)
{
    struct dk_template template;
    docket_status status = dk_policy_template(policy, record->tenant, &template);
    if (status == DOCKET_OK && dk_template_size(&template, record->name, dk_policy_last(policy, &template)) > DOCKET_TEXT_MAX)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "they would be longer than %d characters", DOCKET_TEXT_MAX - 1);
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_BAD_ARGUMENT, "the texts of series %s of tenant %s", record->name, record->tenant);
    memset(text, 0, sizeof *text);
    memcpy(text->tenant, record->tenant, sizeof text->tenant);
    memcpy(text->series, record->name, sizeof text->series);
    text->series_id = record->id;
    text->restart = policy->restart;
    text->last = dk_policy_last(policy, &template);
    dk_form_pack(&template, &text->form);
    struct dk_shape shape = {&template, record->name, (enum dk_restart)policy->restart, text->last};
    dk_shape_mask(&shape, text->beginning, sizeof text->beginning);
    return DOCKET_OK;
}

/* Alike but for version and times. */
static bool same_texts(const struct dk_text_record *a, const struct dk_text_record *b)
{
    return a->restart == b->restart && a->last == b->last && memcmp(&a->form, &b->form, sizeof a->form) == 0 &&
           strcmp(a->beginning, b->beginning) == 0;
}

/* ---- the versions of one series and beginning ---- */

struct versions {
    const struct dk_text_record *wanted;
    uint32_t last;   /* highest version */
    uint32_t writes; /* the version that still writes the wanted texts; 0: none */
    struct dk_text_record found; /* that one */
};

static docket_status look_at_version(void *context, struct dk_slice key, struct dk_slice value)
{
    struct versions *versions = context;
    struct dk_text_record record;
    docket_status status = dk_image_decode_text(key, value, &record);
    if (status != DOCKET_OK)
        return status;
    if (record.version > versions->last)
        versions->last = record.version;
    if (record.until_ns == 0 && same_texts(&record, versions->wanted)) {
        versions->writes = record.version;
        versions->found = record;
    }
    return DOCKET_OK;
}

static docket_status find_versions(struct dk_store *store, MDB_txn *txn, const struct dk_text_record *wanted,
                                   struct versions *versions)
{
    struct dk_key from;
    *versions = (struct versions){.wanted = wanted};
    dk_key_of_tenant(&from, wanted->tenant);
    dk_key_add_beginning(&from, wanted->beginning, strlen(wanted->beginning));
    dk_key_end_beginning(&from);
    dk_key_add_text(&from, wanted->series_id, 0);
    return dk_env_walk(store, txn, DK_KIND_TEXTS, &from, from.size - 4, look_at_version, versions);
}

static docket_status put(struct dk_store *store, MDB_txn *txn, const struct dk_text_record *text)
{
    struct dk_key key;
    store->value.used = 0;
    docket_status status = dk_image_encode_text(text, &key, &store->value);
    return status == DOCKET_OK ? dk_env_put(store, txn, DK_KIND_TEXTS, &key, &store->value) : status;
}

/* From now on the series writes these texts, unless it does already. */
static docket_status begin(struct dk_store *store, MDB_txn *txn, struct dk_text_record *text, int64_t now_ns)
{
    struct versions versions;
    docket_status status = find_versions(store, txn, text, &versions);
    if (status != DOCKET_OK || versions.writes != 0)
        return status;
    text->version = versions.last + 1;
    text->from_ns = now_ns;
    return put(store, txn, text);
}

static docket_status end(struct dk_store *store, MDB_txn *txn, const struct dk_text_record *text, int64_t now_ns)
{
    struct versions versions;
    docket_status status = find_versions(store, txn, text, &versions);
    if (status != DOCKET_OK || versions.writes == 0)
        return status;
    versions.found.until_ns = now_ns;
    return put(store, txn, &versions.found);
}

/* ---- what a commit does to a series ---- */

/* What a series writes now and what it is told to write next. */
struct written {
    struct dk_text_record texts[2];
    unsigned count;
};

static docket_status written_by(const struct dk_series_record *record, struct written *written)
{
    written->count = 0;
    if (record->retired_ns != 0)
        return DOCKET_OK;
    docket_status status = text_of(record, record->policy, &written->texts[written->count++]);
    if (status == DOCKET_OK && record->next != NULL)
        status = text_of(record, record->next, &written->texts[written->count++]);
    return status;
}

docket_status dk_texts_change(struct dk_store *store, MDB_txn *txn, const struct dk_series_record *before,
                              const struct dk_series_record *after)
{
    struct written old = {.count = 0}, new;
    int64_t now_ns = dk_clock_wall_ns();
    docket_status status = written_by(after, &new);
    if (status == DOCKET_OK && before != NULL)
        status = written_by(before, &old);
    for (unsigned at = 0; status == DOCKET_OK && at < old.count; at++) {
        bool goes_on = false;
        for (unsigned with = 0; with < new.count; with++)
            goes_on = goes_on || same_texts(&old.texts[at], &new.texts[with]);
        if (!goes_on)
            status = end(store, txn, &old.texts[at], now_ns);
    }
    for (unsigned at = 0; status == DOCKET_OK && at < new.count; at++)
        status = begin(store, txn, &new.texts[at], now_ns);
    return status;
}

/* ---- a store of an older schema ---- */

struct filling {
    struct dk_store *store;
    MDB_txn *txn;
    uint64_t done;
};

/* A retired series of an older store has its entry too: what it gave stays taken. */
static docket_status fill_one(void *context, struct dk_slice key, struct dk_slice value)
{
    struct filling *filling = context;
    struct dk_series_record record;
    struct dk_text_record text;
    struct dk_key at;
    bool added, same;
    docket_status status = dk_image_decode_series(key, value, &record);
    if (status == DOCKET_OK)
        status = text_of(&record, record.policy, &text);
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_DAMAGED, "a series of the schema before");
    text.version = 1;
    text.from_ns = record.created_ns;
    text.until_ns = record.retired_ns;
    filling->store->value.used = 0;
    status = dk_image_encode_text(&text, &at, &filling->store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(filling->store, filling->txn, DK_KIND_TEXTS, &at, &filling->store->value, &added, &same);
    if (status == DOCKET_OK && ++filling->done % PROGRESS == 0)
        dk_log(DK_LOG_NOTICE, "store: the texts of %llu series so far", (unsigned long long)filling->done);
    return status;
}

docket_status dk_texts_fill(struct dk_store *store, MDB_txn *txn)
{
    struct filling filling = {store, txn, 0};
    docket_status status = dk_env_make_database(store, txn, DK_KIND_TEXTS);
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_SERIES, NULL, 0, fill_one, &filling);
    return status;
}

/* ---- what a store of an older schema would not have ---- */

struct sifting {
    struct dk_store *store;
    MDB_txn *txn;
    docket_status (*each)(void *context, const struct dk_text_record *text);
    void *context;
};

/* The series that an entry is of: under the name that it had then, which it has for good. */
static docket_status find_series_of(const struct sifting *sifting, const struct dk_text_record *text,
                                    struct dk_series_record *record, bool *found)
{
    struct dk_key key;
    struct dk_slice value;
    dk_key_of_series(&key, text->tenant, text->series);
    docket_status status = dk_env_get(sifting->store, sifting->txn, DK_KIND_SERIES, &key, &value, found);
    return status == DOCKET_OK && *found ? dk_image_decode_series(dk_key_slice(&key), value, record) : status;
}

static docket_status sift(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct sifting *sifting = context;
    struct dk_series_record record;
    struct dk_text_record text, made;
    bool found = false;
    docket_status status = dk_image_decode_text(key, value, &text);
    if (status == DOCKET_OK)
        status = find_series_of(sifting, &text, &record, &found);
    if (status == DOCKET_OK && found)
        status = text_of(&record, record.policy, &made);
    if (status != DOCKET_OK)
        return status;
    bool again = found && text.series_id == record.id && same_texts(&text, &made) &&
                 (text.until_ns != 0) == (record.retired_ns != 0);
    return again ? DOCKET_OK : sifting->each(sifting->context, &text);
}

docket_status dk_texts_of_before(struct dk_store *store, MDB_txn *txn,
                                 docket_status (*each)(void *context, const struct dk_text_record *text), void *context)
{
    struct sifting sifting = {store, txn, each, context};
    return dk_env_walk(store, txn, DK_KIND_TEXTS, NULL, 0, sift, &sifting);
}

/* ---- reading ---- */

/* What one beginning may have where another has `byte`: the least that is above
 * `above`; 0: nothing. */
static uint8_t alike_above(uint8_t byte, uint8_t above)
{
    bool digit = byte >= '0' && byte <= '9';
    if ((digit || byte == DK_ANY_DIGIT) && above < DK_ANY_DIGIT)
        return DK_ANY_DIGIT;
    if (byte == DK_ANY_DIGIT)
        return above < '0' ? '0' : above < '9' ? (uint8_t)(above + 1) : 0;
    return above < byte ? byte : 0;
}

static bool alike(uint8_t a, uint8_t b)
{
    return alike_above(a, (uint8_t)(b - 1)) == b;
}

struct text_walk {
    docket_status (*each)(void *context, const struct dk_text_record *record);
    void *context;
    size_t tenant; /* bytes of the key before the beginning */
    const char *ours;
    size_t length;
};

/* The entry's beginning and ours part at `at`: none that is alike has the entry's
 * bytes up to there; the next one has a greater byte there or before. False: there
 * is none. */
static bool leap(const struct text_walk *walk, struct dk_slice key, size_t at, struct dk_key *next)
{
    const uint8_t *theirs = key.bytes + walk->tenant;
    for (at++; at-- > 0;) {
        uint8_t byte = alike_above((uint8_t)walk->ours[at], theirs[at]);
        if (byte == 0)
            continue;
        memcpy(next->bytes, key.bytes, walk->tenant + at);
        next->bytes[walk->tenant + at] = byte;
        next->size = walk->tenant + at + 1;
        return true;
    }
    return false;
}

/* Past the tenant's last entry. */
static void leave(const struct text_walk *walk, struct dk_slice key, struct dk_key *next)
{
    memcpy(next->bytes, key.bytes, walk->tenant);
    next->bytes[walk->tenant - 1] = 1; /* it was the zero that ends the tenant's name */
    next->size = walk->tenant;
}

static docket_status visit_text(void *context, struct dk_slice key, struct dk_slice value, struct dk_key *next,
                                bool *hop)
{
    const struct text_walk *walk = context;
    struct dk_text_record record;
    docket_status status = dk_image_decode_text(key, value, &record);
    if (status != DOCKET_OK)
        return status;
    const uint8_t *theirs = key.bytes + walk->tenant;
    size_t at = 0;
    while (at < walk->length && theirs[at] != 0 && alike((uint8_t)walk->ours[at], theirs[at]))
        at++;
    if (at == walk->length || theirs[at] == 0)
        return walk->each(walk->context, &record);
    *hop = true;
    if (!leap(walk, key, at, next))
        leave(walk, key, next);
    return DOCKET_OK;
}

static docket_status visit_any(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct text_walk *walk = context;
    struct dk_text_record record;
    docket_status status = dk_image_decode_text(key, value, &record);
    return status == DOCKET_OK ? walk->each(walk->context, &record) : status;
}

docket_status dk_store_each_text(struct dk_store *store, const char *tenant, const char *beginning,
                                 docket_status (*each)(void *context, const struct dk_text_record *record),
                                 void *context)
{
    struct text_walk walk = {each, context, tenant != NULL ? strlen(tenant) + 1 : 0, beginning,
                             strnlen(beginning, DK_BEGINNING_BYTES - 1)};
    struct dk_key from;
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    if (tenant != NULL) {
        dk_key_of_tenant(&from, tenant);
        status = dk_env_hop(store, txn, DK_KIND_TEXTS, &from, from.size, visit_text, &walk);
    } else {
        status = dk_env_walk(store, txn, DK_KIND_TEXTS, NULL, 0, visit_any, &walk);
    }
    mdb_txn_abort(txn);
    return status;
}
