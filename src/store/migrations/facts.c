/* SPDX-License-Identifier: MIT */
/*
 * facts: see facts.h. A record is hashed as its database spells it, without its
 * checksum: what a schema brings stands in it only where it says something. A
 * migration that spells records anew has to have them hashed here as they were before.
 */
#include "store/migrations/facts.h"

#include "store/inside.h"

#include <string.h>

enum { DESK_PREFIX_BYTES = 5 };

struct adding {
    struct dk_facts *facts;
    enum dk_kind kind; /* that is walked */
    uint64_t counts[DK_KIND_COUNT];
    uint8_t sums[DK_KIND_COUNT][DK_DIGEST_BYTES]; /* little-endian */
    struct dk_buffer value;
};

static void add_up(uint8_t sum[DK_DIGEST_BYTES], const uint8_t hash[DK_DIGEST_BYTES])
{
    unsigned carry = 0;
    for (unsigned at = 0; at < DK_DIGEST_BYTES; at++) {
        carry += (unsigned)sum[at] + hash[at];
        sum[at] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void add(struct adding *adding, enum dk_kind kind, struct dk_slice key, struct dk_slice payload)
{
    struct dk_digest digest;
    uint8_t hash[DK_DIGEST_BYTES];
    dk_digest_begin(&digest, "docket fact 1");
    dk_digest_number(&digest, kind);
    dk_digest_number(&digest, key.size);
    dk_digest_bytes(&digest, key.bytes, key.size);
    dk_digest_bytes(&digest, payload.bytes, payload.size);
    dk_digest_end(&digest, hash);
    add_up(adding->sums[kind], hash);
    adding->counts[kind]++;
}

static docket_status add_record(void *context, struct dk_slice key, struct dk_slice value)
{
    struct adding *adding = context;
    struct dk_slice payload;
    docket_status status = dk_record_unseal(adding->kind, key, value, &payload);
    if (status == DOCKET_OK)
        add(adding, adding->kind, key, payload);
    return status;
}

/* Of meta only which files each desk was built with. */
static docket_status add_desk(void *context, struct dk_slice key, struct dk_slice value)
{
    if (key.size <= DESK_PREFIX_BYTES || memcmp(key.bytes, "desk-", DESK_PREFIX_BYTES) != 0)
        return DOCKET_OK;
    return add_record(context, key, value);
}

static docket_status add_counter(void *context, const struct dk_counter_image *image)
{
    struct adding *adding = context;
    struct dk_key key;
    adding->value.used = 0;
    docket_status status = dk_image_encode_counter(image, &key, &adding->value);
    if (status == DOCKET_OK)
        add(adding, DK_KIND_COUNTERS, dk_key_slice(&key),
            (struct dk_slice){adding->value.bytes, adding->value.used - DK_CHECKSUM_BYTES});
    return status;
}

/* What it says, without link and what the link carries. */
static docket_status add_event(void *context, struct dk_slice key, struct dk_slice value)
{
    struct adding *adding = context;
    struct dk_event event;
    struct dk_slice payload;
    struct dk_key unused;
    docket_status status = dk_image_decode_event(key, value, &event);
    if (status != DOCKET_OK || strcmp(event.kind, DK_MIGRATE_KIND) == 0)
        return status;
    event.link = (struct dk_event_link){0};
    event.tenant[0] = event.series[0] = 0;
    event.period = 0;
    adding->value.used = 0;
    status = dk_image_encode_event(&event, &unused, &adding->value);
    if (status == DOCKET_OK) {
        payload = (struct dk_slice){adding->value.bytes, adding->value.used - DK_CHECKSUM_BYTES};
        add(adding, DK_KIND_EVENTS, key, payload);
    }
    return status;
}

static docket_status add_ledger(struct dk_store *store, MDB_txn *txn, struct adding *adding)
{
    struct dk_log_view view;
    docket_status status = dk_view_of(store, txn, &view);
    for (unsigned kind = DK_KIND_LEDGER; status == DOCKET_OK && kind <= DK_KIND_ELSEWHERE; kind++) {
        adding->kind = (enum dk_kind)kind;
        status = dk_view_walk(&view, adding->kind, NULL, 0, add_record, adding);
    }
    view.txn = NULL;
    dk_view_end(&view);
    return status;
}

static void conclude(const struct dk_store *store, struct adding *adding)
{
    struct dk_digest digest;
    struct dk_facts *facts = adding->facts;
    *facts = (struct dk_facts){.series = adding->counts[DK_KIND_SERIES],
                               .counters = adding->counts[DK_KIND_COUNTERS],
                               .ranges = adding->counts[DK_KIND_RANGES],
                               .events = adding->counts[DK_KIND_EVENTS]};
    for (unsigned kind = DK_KIND_LEDGER; kind <= DK_KIND_ELSEWHERE; kind++)
        facts->records += adding->counts[kind];
    dk_digest_begin(&digest, "docket facts 1");
    dk_digest_bytes(&digest, store->meta.store_id, sizeof store->meta.store_id);
    for (unsigned kind = 0; kind < DK_KIND_COUNT; kind++) {
        dk_digest_number(&digest, adding->counts[kind]);
        dk_digest_bytes(&digest, adding->sums[kind], DK_DIGEST_BYTES);
    }
    dk_digest_end(&digest, facts->digest);
}

docket_status dk_facts_read(struct dk_store *store, MDB_txn *txn, uint64_t schema, struct dk_facts *facts)
{
    struct adding adding = {.facts = facts, .kind = DK_KIND_META};
    docket_status status = dk_env_walk(store, txn, DK_KIND_META, NULL, 0, add_desk, &adding);
    adding.kind = DK_KIND_SERIES;
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_SERIES, NULL, 0, add_record, &adding);
    if (status == DOCKET_OK)
        status = dk_walk_counters(store, txn, add_counter, &adding);
    adding.kind = DK_KIND_RANGES;
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_RANGES, NULL, 0, add_record, &adding);
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_EVENTS, NULL, 0, add_event, &adding);
    if (status == DOCKET_OK && schema >= DK_LEDGER_SCHEMA)
        status = add_ledger(store, txn, &adding);
    if (status == DOCKET_OK)
        conclude(store, &adding);
    dk_buffer_free(&adding.value);
    return status;
}
