/* SPDX-License-Identifier: MIT */
/*
 * chain: events as a chain. Each carries a SHA-256 of the hash of the one before it
 * and of what it says, so that one that is changed, dropped, added or put elsewhere
 * is found, and named. Who did it and why (uid, reason) are not hashed themselves,
 * but a digest of them with a random salt is: without the three the chain still
 * fits, and the digest tells nothing of them.
 *
 *   root      = SHA-256("docket audit 1" 0, store id 16)
 *   standing  = SHA-256("docket stood 1" 0, hash before 32, number 8, bytes 4, the record without its checksum)
 *   personal  = SHA-256("docket person 1" 0, salt 16, uid 4, reason)
 *   hash      = SHA-256("docket event 1" 0, hash before 32, number 8, time_ns 8, kind, text, tenant, series,
 *                       period 4, personal 32)
 *
 * Numbers are little-endian; a text is its length in one byte, then its bytes.
 * Standing: events of before the chain began (a store of an older schema; or a trail
 * that was broken, and accepted).
 *
 * What it does not see by itself: a trail that was written anew from some event on,
 * with all hashes. The witness sees that (dk_chain_judge), and whoever has a head
 * that was printed before.
 */
#include "base/spell.h"
#include "store/inside.h"
#include "store/sha.h"

#include <stdio.h>
#include <string.h>

static void hash_number(struct dk_sha *hash, uint64_t number, unsigned bytes)
{
    uint8_t little[8];
    for (unsigned at = 0; at < bytes; at++)
        little[at] = (uint8_t)(number >> 8 * at);
    dk_sha_add(hash, little, bytes);
}

static void hash_text(struct dk_sha *hash, const char *text)
{
    size_t bytes = strlen(text);
    hash_number(hash, bytes, 1);
    dk_sha_add(hash, (const uint8_t *)text, bytes);
}

/* name: with the zero at its end. */
static void begin(struct dk_sha *hash, const char *name)
{
    dk_sha_begin(hash);
    dk_sha_add(hash, (const uint8_t *)name, strlen(name) + 1);
}

/* ---- for others: this file alone knows sha.h ---- */

static struct dk_sha *context_of(struct dk_digest *digest)
{
    _Static_assert(sizeof(struct dk_sha) <= sizeof digest->room, "it has room");
    return (struct dk_sha *)(void *)digest->room;
}

void dk_digest_begin(struct dk_digest *digest, const char *name)
{
    begin(context_of(digest), name);
}

void dk_digest_begin_plain(struct dk_digest *digest)
{
    dk_sha_begin(context_of(digest));
}

void dk_digest_bytes(struct dk_digest *digest, const uint8_t *bytes, size_t count)
{
    dk_sha_add(context_of(digest), bytes, count);
}

void dk_digest_number(struct dk_digest *digest, uint64_t number)
{
    hash_number(context_of(digest), number, 8);
}

void dk_digest_string(struct dk_digest *digest, const char *text)
{
    size_t bytes = strlen(text);
    hash_number(context_of(digest), bytes, 4);
    dk_sha_add(context_of(digest), (const uint8_t *)text, bytes);
}

void dk_digest_end(struct dk_digest *digest, uint8_t hash[DK_DIGEST_BYTES])
{
    dk_sha_end(hash, context_of(digest));
}

void dk_chain_root(const uint8_t store_id[16], uint8_t hash[DK_DIGEST_BYTES])
{
    struct dk_sha made;
    begin(&made, "docket audit 1");
    dk_sha_add(&made, store_id, 16);
    dk_sha_end(hash, &made);
}

static void stand(uint64_t number, struct dk_slice value, uint8_t hash[DK_DIGEST_BYTES])
{
    struct dk_sha made;
    size_t bytes = value.size - DK_CHECKSUM_BYTES;
    begin(&made, "docket stood 1");
    dk_sha_add(&made, hash, DK_DIGEST_BYTES);
    hash_number(&made, number, 8);
    hash_number(&made, bytes, 4);
    dk_sha_add(&made, value.bytes, bytes);
    dk_sha_end(hash, &made);
}

static void personal_of(const struct dk_event *event, uint8_t digest[DK_DIGEST_BYTES])
{
    struct dk_sha made;
    begin(&made, "docket person 1");
    dk_sha_add(&made, event->link.salt, DK_SALT_BYTES);
    hash_number(&made, event->uid, 4);
    hash_text(&made, event->reason);
    dk_sha_end(digest, &made);
}

static void hash_of(const struct dk_event *event, const uint8_t before[DK_DIGEST_BYTES], uint8_t hash[DK_DIGEST_BYTES])
{
    struct dk_sha made;
    begin(&made, "docket event 1");
    dk_sha_add(&made, before, DK_DIGEST_BYTES);
    hash_number(&made, event->number, 8);
    hash_number(&made, (uint64_t)event->time_ns, 8);
    hash_text(&made, event->kind);
    hash_text(&made, event->text);
    hash_text(&made, event->tenant);
    hash_text(&made, event->series);
    hash_number(&made, (uint32_t)event->period, 4);
    dk_sha_add(&made, event->link.personal, DK_DIGEST_BYTES);
    dk_sha_end(hash, &made);
}

void dk_chain_link(struct dk_event *event, const uint8_t before[DK_DIGEST_BYTES])
{
    event->link.there = true;
    event->link.erased = false;
    dk_random(event->link.salt, sizeof event->link.salt);
    personal_of(event, event->link.personal);
    hash_of(event, before, event->link.hash);
}

/* ---- the walk ---- */

void dk_digest_text(const uint8_t digest[DK_DIGEST_BYTES], char text[2 * DK_DIGEST_BYTES + 1])
{
    dk_spell_hex(digest, DK_DIGEST_BYTES, text);
}

static void break_at(struct dk_audit *audit, uint64_t number, const char *what)
{
    audit->broken = number;
    snprintf(audit->what, sizeof audit->what, "%s", what);
}

static void break_digests(struct dk_audit *audit, uint64_t number, const char *what,
                          const uint8_t expected[DK_DIGEST_BYTES], const uint8_t found[DK_DIGEST_BYTES])
{
    break_at(audit, number, what);
    dk_digest_text(expected, audit->expected);
    dk_digest_text(found, audit->found);
}

void dk_chain_begin(struct dk_chain_walk *walk, const struct dk_meta *meta)
{
    *walk = (struct dk_chain_walk){.audit.trail = meta->trail};
    if (meta->schema_version < DK_CHAIN_SCHEMA)
        walk->audit.trail.begins = UINT64_MAX;
    walk->at.begins = walk->audit.trail.begins;
    dk_chain_root(meta->store_id, walk->at.hash);
}

static void step_link(struct dk_chain_walk *walk, const struct dk_event *event)
{
    uint8_t hash[DK_DIGEST_BYTES], personal[DK_DIGEST_BYTES];
    if (!event->link.there) {
        break_at(&walk->audit, event->number, "it is not linked to the one before it");
        return;
    }
    hash_of(event, walk->at.hash, hash);
    personal_of(event, personal);
    if (memcmp(hash, event->link.hash, sizeof hash) != 0)
        break_digests(&walk->audit, event->number, "its hash is not that of what it says and of the events before it",
                      hash, event->link.hash);
    else if (!event->link.erased && memcmp(personal, event->link.personal, sizeof personal) != 0)
        break_digests(&walk->audit, event->number, "who did it, or why, is not what was written then", event->link.personal,
                      personal);
    memcpy(walk->at.hash, event->link.hash, sizeof walk->at.hash);
}

void dk_chain_step(struct dk_chain_walk *walk, struct dk_slice value, const struct dk_event *event)
{
    struct dk_audit *audit = &walk->audit;
    if (audit->broken != 0)
        return;
    uint64_t number = ++walk->at.number;
    if (event->number != number) {
        break_at(audit, number, "it is not there");
        snprintf(audit->expected, sizeof audit->expected, "event %llu", (unsigned long long)number);
        snprintf(audit->found, sizeof audit->found, "event %llu", (unsigned long long)event->number);
    } else if (number < walk->at.begins) {
        stand(number, value, walk->at.hash);
    } else {
        step_link(walk, event);
    }
}

void dk_chain_end(struct dk_chain_walk *walk)
{
    struct dk_audit *audit = &walk->audit;
    const struct dk_trail *told = &audit->trail, *at = &walk->at;
    if (audit->broken != 0)
        return;
    if (told->begins == UINT64_MAX) { /* of an older schema: nothing was told */
        audit->trail = *at;
        audit->trail.begins = at->number + 1;
    } else if (at->number != told->number) {
        break_at(audit, (at->number < told->number ? at->number : told->number) + 1,
                 at->number < told->number ? "it is not there" : "the trail had ended before it");
        snprintf(audit->expected, sizeof audit->expected, "the last event to be %llu", (unsigned long long)told->number);
        snprintf(audit->found, sizeof audit->found, "%llu", (unsigned long long)at->number);
    } else if (memcmp(at->hash, told->hash, sizeof told->hash) != 0) {
        break_digests(audit, at->number, "it is not the last event that the store knew", told->hash, at->hash);
    }
}

docket_status dk_audit_broken(const struct dk_audit *audit)
{
    return dk_fail(DOCKET_DAMAGED, "the audit trail is broken at event %llu: %s%s%s%s%s", (unsigned long long)audit->broken,
                   audit->what, audit->expected[0] ? "; expected " : "", audit->expected,
                   audit->found[0] ? ", found " : "", audit->found);
}

/* ---- of a store ---- */

struct walking {
    struct dk_chain_walk walk;
    bool stands; /* every event is taken as it stands */
};

/* A record that cannot be read is a break too, and has its number. */
static docket_status visit(void *context, struct dk_slice key, struct dk_slice value)
{
    struct walking *walking = context;
    struct dk_event event = {0};
    struct dk_chain_walk *walk = &walking->walk;
    docket_status status = dk_image_decode_event(key, value, &event);
    if (status == DOCKET_DAMAGED && !walking->stands && walk->audit.broken == 0) {
        break_at(&walk->audit, key.size == 8 ? dk_key_number(key.bytes, 8) : walk->at.number + 1,
                 "its record cannot be read: it fails its checksum, or holds an impossible value");
        return DOCKET_OK;
    }
    if (status == DOCKET_OK)
        dk_chain_step(walk, value, &event);
    return walking->stands ? status : DOCKET_OK;
}

docket_status dk_chain_stand(struct dk_store *store, MDB_txn *txn, const uint8_t store_id[16], struct dk_trail *trail)
{
    struct walking walking = {.stands = true};
    walking.walk.at.begins = UINT64_MAX;
    dk_chain_root(store_id, walking.walk.at.hash);
    docket_status status = dk_env_walk(store, txn, DK_KIND_EVENTS, NULL, 0, visit, &walking);
    if (status == DOCKET_OK && walking.walk.audit.broken != 0)
        status = dk_audit_broken(&walking.walk.audit);
    *trail = walking.walk.at;
    trail->begins = trail->number + 1;
    return status;
}

docket_status dk_store_audit(struct dk_store *store, struct dk_audit *audit)
{
    struct walking walking = {0};
    struct dk_meta meta;
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_read(store, txn, &meta);
    if (status == DOCKET_OK) {
        dk_chain_begin(&walking.walk, &meta);
        status = dk_env_walk(store, txn, DK_KIND_EVENTS, NULL, 0, visit, &walking);
    }
    mdb_txn_abort(txn);
    if (status != DOCKET_OK)
        return status;
    dk_chain_end(&walking.walk);
    *audit = walking.walk.audit;
    return DOCKET_OK;
}

docket_status dk_store_trail(struct dk_store *store, struct dk_trail *trail)
{
    struct dk_meta meta;
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_read(store, txn, &meta);
    mdb_txn_abort(txn);
    if (status == DOCKET_OK)
        *trail = meta.trail;
    return status;
}

/* ---- the witness's word on it ---- */

static docket_status rewritten(const struct dk_witness *witness, const char *what, const uint8_t *found)
{
    char expected[2 * DK_DIGEST_BYTES + 1], other[2 * DK_DIGEST_BYTES + 1] = "";
    dk_digest_text(witness->head, expected);
    if (found != NULL)
        dk_digest_text(found, other);
    return dk_fail(DOCKET_STORE_REWOUND,
                   "the audit trail was rewritten: event %llu, which the witness saw with hash %s, %s%s. Put the right store "
                   "back; or, if this one is meant, start docketd --accept-store N, which an event will tell",
                   (unsigned long long)witness->event, expected, what, other);
}

docket_status dk_chain_judge(struct dk_store *store, MDB_txn *txn, const struct dk_trail *trail,
                             const struct dk_witness *witness)
{
    struct dk_key key;
    struct dk_slice value;
    struct dk_event event;
    bool found = false;
    if (witness->event == 0)
        return DOCKET_OK;
    dk_key_of_event(&key, witness->event);
    docket_status status = dk_env_get(store, txn, DK_KIND_EVENTS, &key, &value, &found);
    if (status == DOCKET_OK && found)
        status = dk_image_decode_event(dk_key_slice(&key), value, &event);
    if (status != DOCKET_OK)
        return status;
    if (!found)
        return rewritten(witness, "is not there", NULL);
    if (witness->event < trail->begins || !event.link.there)
        return rewritten(witness, "is not in the chain", NULL);
    if (memcmp(event.link.hash, witness->head, sizeof witness->head) != 0)
        return rewritten(witness, "has the hash ", event.link.hash);
    if (witness->phase == DK_WITNESS_CLEAN && trail->number != witness->event)
        return rewritten(witness, "was the last one, and is not", NULL);
    return DOCKET_OK;
}
