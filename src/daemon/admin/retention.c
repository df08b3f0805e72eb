/* SPDX-License-Identifier: MIT */
/*
 * retention: the records of a period that is closed for good are looked over, so that they can be
 * exported, and those of its issued numbers are dropped.
 *
 * Only they are: what is void, free or passed over keeps its record, for it is what gap reports are about. An
 * issued number without a record is "handed out", as one of before the ledger. Its key keeps period, number,
 * date, digest and document: asked again it says the same.
 *
 * In pieces, one commit each; between two of them the series' plans have their turn. The first one writes the
 * period's mark and the event. Killed between two, docketd leaves fewer records and the mark, with which the
 * same request goes on. A record that changed after it was exported stays: no plan can slip between.
 */
#include "daemon/ended/ended.h"

#include "base/log.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1000, HEX = 64 };

/* A walk ends early. */
#define PIECE_IS_FULL DOCKET_TIMEOUT

struct dk_retention {
    struct dk_retention_wire found;
    bool marked;      /* the period has its mark: it is being dropped */
    uint64_t at;      /* the next piece begins here */
    uint64_t dropped;
    /* One piece. */
    struct dk_range run; /* of the mark */
    char label[16];
    size_t count, key_count;
    struct dk_ledger_record records[PIECE];
    struct dk_key_record keys[PIECE + 1];
    struct dk_range numbers[PIECE];
    char names[PIECE][DK_KEY_MAX + 1];
    char documents[PIECE][DOCKET_TEXT_MAX];
};

/* ---- looking over, in a thread ---- */

struct looking {
    struct dk_retention_wire *found;
    struct dk_digest digest;
};

static docket_status add_record(void *context, const struct dk_ledger_record *record)
{
    struct looking *looking = context;
    struct dk_retention_wire *found = looking->found;
    const uint64_t numbers[] = {record->number,
                                record->state,
                                record->cause,
                                record->date,
                                (uint64_t)record->first_ns,
                                (uint64_t)record->last_ns,
                                record->uid,
                                record->attempts,
                                record->event};
    const char *const texts[] = {record->text,     record->key,   record->hold, record->trace,
                                 record->metadata, record->error, record->host, record->reason};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        dk_digest_number(&looking->digest, numbers[i]);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        dk_digest_string(&looking->digest, texts[i]);
    found->records++;
    found->issued += record->state == DK_STATE_ISSUED;
    found->voided += record->state == DK_STATE_VOID;
    found->free += record->state == DK_STATE_FREE;
    found->undecided += dk_state_is_held(record->state);
    found->first = found->first == 0 ? record->number : found->first;
    found->last = record->number;
    if (record->last_ns > found->latest_ns)
        found->latest_ns = record->last_ns;
    return DOCKET_OK;
}

static void *look_over(void *context)
{
    struct dk_errand *errand = context;
    struct dk_retention_wire *found = &errand->retention->found;
    struct looking looking = {.found = found};
    uint8_t hash[DK_DIGEST_BYTES];
    dk_digest_begin(&looking.digest, "docket records 1");
    dk_aside_outcome(errand, dk_ledger_each(errand->daemon->store, errand->retention_series, errand->period, 1, add_record,
                                            &looking));
    dk_digest_end(&looking.digest, hash);
    dk_digest_text(hash, found->digest);
    return NULL;
}

static void tell(struct dk_errand *errand)
{
    struct dk_retention_wire *row = dk_must_alloc(1, sizeof *row);
    *row = errand->retention->found;
    errand->answer = row;
    errand->answer_bytes = sizeof *row;
    errand->figure = errand->retention->dropped;
    dk_errand_end(errand, DOCKET_OK);
}

/* ---- a piece ---- */

static docket_status take(void *context, const struct dk_ledger_record *record)
{
    struct dk_errand *errand = context;
    struct dk_retention *retention = errand->retention;
    if (record->state != DK_STATE_ISSUED || record->last_ns > errand->asked.since_ns)
        return DOCKET_OK;
    if (retention->count == PIECE)
        return PIECE_IS_FULL;
    size_t at = retention->count++;
    retention->records[at] = (struct dk_ledger_record){
        .series_id = record->series_id, .period = record->period, .number = record->number, .removed = true};
    snprintf(retention->names[at], sizeof retention->names[at], "%s", record->key);
    snprintf(retention->documents[at], sizeof retention->documents[at], "%s", record->text);
    return DOCKET_OK;
}

static docket_status keep_key(void *context, const struct dk_key_record *key)
{
    struct dk_retention *retention = context;
    struct dk_key_record *kept = &retention->keys[retention->key_count++];
    *kept = *key;
    retention->numbers[retention->key_count - 1] = key->ranges[0];
    return DOCKET_OK;
}

/* The number's key learns its document. */
static docket_status give_document(struct dk_errand *errand, size_t at)
{
    struct dk_retention *retention = errand->retention;
    const char *name = retention->names[at];
    bool found = false;
    docket_status status = dk_ledger_find_key(errand->daemon->store, errand->series->record.id, DK_NAMED_KEY, name,
                                              keep_key, retention, &found);
    if (status != DOCKET_OK)
        return status;
    size_t kept = retention->key_count - 1;
    if (!found || retention->keys[kept].period != errand->period ||
        retention->numbers[kept].first != retention->records[at].number)
        return dk_fail(DOCKET_DAMAGED, "number %llu of %s has a key that leads elsewhere; nothing more is dropped",
                       (unsigned long long)retention->records[at].number, dk_errand_name(errand));
    retention->keys[kept].text = name;
    retention->keys[kept].ranges = &retention->numbers[kept];
    retention->keys[kept].document = retention->documents[at];
    return DOCKET_OK;
}

static docket_status collect(struct dk_errand *errand)
{
    struct dk_retention *retention = errand->retention;
    retention->count = retention->key_count = 0;
    docket_status status = dk_ledger_each(errand->daemon->store, errand->series->record.id, errand->period, retention->at,
                                          take, errand);
    if (status == PIECE_IS_FULL)
        status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < retention->count; at++)
        if (retention->names[at][0] != 0)
            status = give_document(errand, at);
    return status;
}

/* In the first piece: the period's mark, and the event. */
static void put_mark(struct dk_errand *errand, struct dk_job *job)
{
    struct dk_retention *retention = errand->retention;
    char beginning[17];
    snprintf(beginning, sizeof beginning, "%.16s", errand->asked.desk);
    retention->run = (struct dk_range){retention->found.first, retention->found.last};
    retention->keys[retention->key_count++] = (struct dk_key_record){.series_id = errand->series->record.id,
                                                                    .kind = DK_NAMED_DROPPED,
                                                                    .text = retention->label,
                                                                    .period = errand->period,
                                                                    .digest = strtoull(beginning, NULL, 16),
                                                                    .ranges = &retention->run,
                                                                    .range_count = 1};
    dk_errand_event(errand, job, "retention", "%s: exported with SHA-256 %.64s; the records of %llu issued numbers are "
                                              "dropped",
                    dk_errand_name(errand), errand->asked.user, (unsigned long long)retention->found.issued);
    dk_log(DK_LOG_NOTICE, "uid %u: %s", job->events[0].uid, job->events[0].text);
    retention->marked = true;
}

static void step(struct dk_errand *errand);

static void dropped(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    struct dk_retention *retention = errand->retention;
    dk_job_free(job);
    retention->dropped += retention->count;
    errand->series->held = false; /* its plans, if some wait, are next */
    errand->go_on = step;
}

/* No plan of the series is begun while it is held, and the one that is in flight ends first. */
static void step(struct dk_errand *errand)
{
    struct dk_retention *retention = errand->retention;
    struct dk_series_book *series = errand->series;
    docket_status status = DOCKET_OK;
    if (series->publishing)
        return;
    series->held = true;
    if (dk_ledger_is_written(series))
        return;
    if (errand->daemon->stopping)
        status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping; asked again, it goes on with what is left");
    if (status == DOCKET_OK)
        status = collect(errand);
    if (status != DOCKET_OK || retention->count == 0) {
        series->held = false;
        errand->go_on = NULL;
        if (status == DOCKET_OK)
            tell(errand);
        else
            dk_errand_end(errand, status);
        return;
    }
    struct dk_job *job = dk_job_new(dropped, errand);
    retention->at = retention->records[retention->count - 1].number + 1;
    if (!retention->marked)
        put_mark(errand, job);
    job->ledger = (struct dk_ledger_change){.records = retention->records,
                                            .record_count = retention->count,
                                            .keys = retention->keys,
                                            .key_count = retention->key_count};
    errand->waits = true;
    errand->go_on = NULL;
    dk_clerk_post(errand->daemon->clerk, job);
}

/* ---- may it ---- */

static docket_status compare(const struct dk_errand *errand)
{
    const struct dk_retention_wire *found = &errand->retention->found;
    const char *name = dk_errand_name(errand);
    if (found->undecided > 0)
        return dk_fail(DOCKET_REFUSED, "%llu numbers of %s are reserved, pending or in doubt: decide about them first "
                                       "(docket gaps, docket resolve), then export anew",
                       (unsigned long long)found->undecided, name);
    if (found->records != errand->asked.first || strcmp(found->digest, errand->asked.desk) != 0)
        return dk_fail(DOCKET_REFUSED, "the records of %s are not those that were exported: there are %llu, with digest "
                                       "%.16s..., and the manifest has %llu, with %.16s...; export it anew",
                       name, (unsigned long long)found->records, found->digest, (unsigned long long)errand->asked.first,
                       errand->asked.desk);
    if (found->issued == 0)
        return dk_fail(DOCKET_REFUSED, "%s has no records of issued numbers: there is nothing to drop", name);
    return DOCKET_OK;
}

static void decide(struct dk_errand *errand)
{
    docket_status status = compare(errand);
    if (status != DOCKET_OK) {
        dk_errand_end(errand, status);
        return;
    }
    errand->go_on = step;
    step(errand);
}

static docket_status keep_mark(void *context, const struct dk_key_record *mark)
{
    *(uint64_t *)context = mark->digest;
    return DOCKET_OK;
}

static docket_status check_period(struct dk_errand *errand)
{
    struct dk_series_record *series = &errand->series->record;
    struct dk_ended_facts facts;
    if (errand->asked.period < 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "which period?");
    if (!series->policy->ledger)
        return dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps no ledger: there are no records, only the ranges that `docket fate` "
                                           "tells, and they stay",
                       series->tenant, series->name);
    docket_status status = dk_ended_look(errand->daemon, series->id, errand->period, &facts);
    if (status != DOCKET_OK)
        return status;
    free(facts.image.spares);
    if (!facts.found || facts.image.closed != DK_CLOSED_FOR_GOOD)
        return dk_fail(DOCKET_REFUSED, "%s is not closed for good: its records can still change (docket period close)",
                       dk_errand_name(errand));
    return DOCKET_OK;
}

static bool is_hash(const char *text)
{
    return strlen(text) == HEX && strspn(text, "0123456789abcdef") == HEX;
}

docket_status dk_errand_retention(struct dk_errand *errand)
{
    bool looks = (errand->asked.flags & DK_ADMIN_DRY_RUN) != 0;
    uint64_t mark = 0;
    if (!looks && (!is_hash(errand->asked.desk) || !is_hash(errand->asked.user)))
        return dk_fail(DOCKET_BAD_ARGUMENT, "dropping wants the digests of an export's manifest");
    docket_status status = dk_errand_find(errand);
    if (status == DOCKET_OK)
        status = check_period(errand);
    if (status != DOCKET_OK)
        return status;
    struct dk_retention *retention = errand->retention = dk_must_alloc(1, sizeof *retention);
    errand->retention_series = errand->series->record.id;
    retention->at = 1;
    snprintf(retention->label, sizeof retention->label, "%d", (int)errand->period);
    memcpy(retention->found.store_id, errand->daemon->facts.store_id, sizeof retention->found.store_id);
    status = dk_ledger_find_key(errand->daemon->store, errand->series->record.id, DK_NAMED_DROPPED, retention->label,
                                keep_mark, &mark, &retention->marked);
    retention->found.dropping = retention->marked;
    if (status != DOCKET_OK || looks || !retention->marked) {
        errand->then = looks ? tell : decide;
        return status == DOCKET_OK ? dk_aside_begin(errand, look_over) : status;
    }
    char beginning[17];
    snprintf(beginning, sizeof beginning, "%.16s", errand->asked.desk);
    if (strtoull(beginning, NULL, 16) != mark)
        return dk_fail(DOCKET_REFUSED, "the records of %s were dropped already, with another manifest (docket log --kind "
                                       "retention)",
                       dk_errand_name(errand));
    errand->waits = true;
    errand->go_on = step; /* what is left of it */
    return DOCKET_OK;
}
