/* SPDX-License-Identifier: MIT */
/*
 * tamper: changes events of a store that nobody serves, as somebody would who knows
 * its format: checksums, their sum and the file's heads fit afterwards, and the
 * commit number is the same, so that only the chain can tell. Everything is static:
 * for tests/unit/test_chain.c and tests/process/tamper.c.
 */
#ifndef DK_TESTS_TAMPER_H
#define DK_TESTS_TAMPER_H

#include "base/check.h"
#include "store/inside.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TAMPER_BYTES = 2048 };

struct tamper {
    struct dk_store store;
    MDB_txn *txn;
};

static inline void tamper_must(docket_status status)
{
    if (status != DOCKET_OK)
        fprintf(stderr, "tamper: %s\n", dk_error_text());
    DK_CHECK(status == DOCKET_OK);
}

static inline void tamper_begin(struct tamper *tamper, const char *folder_name)
{
    struct dk_store_options how = {.realm = folder_name, .map_bytes = (size_t)1 << 30};
    *tamper = (struct tamper){.store = {.realm_fd = -1, .lock_fd = -1, .witness_fd = -1, .far = {.fd = -1, .lock_fd = -1, .host_lock_fd = -1}, .ahead_max_ns = -1}};
    struct dk_store *its = &tamper->store;
    snprintf(its->realm, sizeof its->realm, "%s", folder_name);
    its->realm_fd = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pthread_mutex_init(&its->index_lock, NULL);
    pthread_mutex_init(&its->time_lock, NULL);
    tamper_must(dk_env_open(its, &how, DK_STORE_FOLDER, false));
    tamper_must(dk_env_begin(its, false, &tamper->txn));
    tamper_must(dk_meta_read(its, tamper->txn, &its->meta));
    mdb_txn_abort(tamper->txn);
    its->trail = its->meta.trail;
    its->time = its->meta.time;
    tamper_must(dk_env_begin(its, true, &tamper->txn));
}

/* As whoever forges a store would: it is no commit of docketd's, and the digest that runs along those is as it was. */
static inline void tamper_keep_run(struct tamper *tamper)
{
    struct dk_store *its = &tamper->store;
    struct dk_key key;
    its->value.used = 0;
    dk_key_of_name(&key, "run");
    memcpy(dk_buffer_reserve(&its->value, DK_DIGEST_BYTES), its->meta.run, DK_DIGEST_BYTES);
    tamper_must(dk_record_seal(DK_KIND_META, dk_key_slice(&key), &its->value));
    tamper_must(dk_env_put(its, tamper->txn, DK_KIND_META, &key, &its->value));
    its->value.used = 0;
    dk_key_of_name(&key, "sum");
    dk_put_u64(dk_buffer_reserve(&its->value, 8), its->sum);
    tamper_must(dk_record_seal(DK_KIND_META, dk_key_slice(&key), &its->value));
    tamper_must(dk_env_put_sum(its, tamper->txn, &key, &its->value));
}

/* Commits, unless it is to be as if nothing had been done. */
static inline void tamper_end(struct tamper *tamper, bool commit)
{
    struct dk_store *its = &tamper->store;
    if (commit) {
        tamper_must(dk_meta_write_end(its, tamper->txn, its->meta.commit));
        tamper_keep_run(tamper);
        DK_CHECK(dk_env_commit(its, tamper->txn) == 0);
    } else {
        mdb_txn_abort(tamper->txn);
    }
    dk_env_close(its);
    dk_buffer_free(&its->value);
    close(its->realm_fd);
}

/* The event's record without its checksum; its size, 0: there is none. */
static inline size_t tamper_read(struct tamper *tamper, uint64_t number, uint8_t bytes[TAMPER_BYTES])
{
    struct dk_key key;
    struct dk_slice value;
    bool found;
    dk_key_of_event(&key, number);
    tamper_must(dk_env_get(&tamper->store, tamper->txn, DK_KIND_EVENTS, &key, &value, &found));
    if (!found)
        return 0;
    DK_CHECK(value.size <= TAMPER_BYTES);
    memcpy(bytes, value.bytes, value.size);
    return value.size - DK_CHECKSUM_BYTES;
}

/* Puts it, with a checksum that fits; of size 0: removes it. */
static inline void tamper_write(struct tamper *tamper, uint64_t number, const uint8_t *bytes, size_t size)
{
    struct dk_key key;
    struct dk_buffer *value = &tamper->store.value;
    dk_key_of_event(&key, number);
    if (size == 0) {
        tamper_must(dk_env_remove(&tamper->store, tamper->txn, DK_KIND_EVENTS, &key));
        return;
    }
    value->used = 0;
    memcpy(dk_buffer_reserve(value, size), bytes, size);
    tamper_must(dk_record_seal(DK_KIND_EVENTS, dk_key_slice(&key), value));
    tamper_must(dk_env_put(&tamper->store, tamper->txn, DK_KIND_EVENTS, &key, value));
}

static inline void tamper_decode(struct tamper *tamper, uint64_t number, struct dk_event *event)
{
    struct dk_key key;
    struct dk_slice value;
    bool found;
    dk_key_of_event(&key, number);
    tamper_must(dk_env_get(&tamper->store, tamper->txn, DK_KIND_EVENTS, &key, &value, &found));
    DK_CHECK(found);
    tamper_must(dk_image_decode_event(dk_key_slice(&key), value, event));
}

/* Replaces an event's text, and links it and all after it anew, to the end: a trail
 * that fits in itself. */
static inline void tamper_relink(struct tamper *tamper, uint64_t from, const char *text)
{
    struct dk_store *its = &tamper->store;
    struct dk_event event;
    uint64_t last = its->meta.trail.number;
    if (from > its->meta.trail.begins) {
        tamper_decode(tamper, from - 1, &event);
        memcpy(its->trail.hash, event.link.hash, sizeof event.link.hash);
    } else {
        dk_chain_root(its->meta.store_id, its->trail.hash); /* of a trail that nothing stands before */
    }
    for (uint64_t number = from; number <= last; number++) {
        tamper_decode(tamper, number, &event);
        if (number == from)
            snprintf(event.text, sizeof event.text, "%s", text);
        tamper_write(tamper, number, NULL, 0);
        tamper_must(dk_commit_event(its, tamper->txn, &event, number));
    }
    its->meta.trail = its->trail;
    tamper_must(dk_meta_write(its, tamper->txn, &its->meta));
}

#endif
