/* SPDX-License-Identifier: MIT */
/*
 * record: how keys and values are spelled in bytes, and the checksum that ends
 * every value. Only files of src/store/ include this; it knows nothing of LMDB.
 *
 * Keys are big-endian, so that they sort by number; values are little-endian.
 */
#ifndef DK_STORE_RECORD_H
#define DK_STORE_RECORD_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The databases of a store. The numbers go into checksums: never renumber. */
enum dk_kind {
    DK_KIND_META = 0,
    DK_KIND_SERIES = 1,
    DK_KIND_COUNTERS = 2,
    DK_KIND_JOURNAL = 3,
    DK_KIND_RANGES = 4,
    DK_KIND_EVENTS = 5,
    DK_KIND_TEXTS = 6,     /* from schema 4 on */
    DK_KIND_LEDGERLOG = 7, /* this and what follows: from schema 5 on */
    DK_KIND_LEDGER = 8,
    DK_KIND_KEYS = 9,
    DK_KIND_HOLDS = 10,
    DK_KIND_ELSEWHERE = 11,
    DK_KIND_COUNT
};

/* Those that grow with what was ever given: a start does not read them. */
static inline bool dk_kind_is_folded_ledger(unsigned kind)
{
    return kind >= DK_KIND_LEDGER && kind <= DK_KIND_ELSEWHERE;
}

/* The longest are texts of elsewhere: tenant, 0, text. */
enum { DK_KEY_BYTES = DOCKET_NAME_MAX + 1 + DOCKET_TEXT_MAX, DK_CHECKSUM_BYTES = 8 };

struct dk_slice {
    const uint8_t *bytes;
    size_t size;
};

struct dk_key {
    uint8_t bytes[DK_KEY_BYTES];
    size_t size;
};

/* Grows as needed; zero it before use, dk_buffer_free() after. */
struct dk_buffer {
    uint8_t *bytes;
    size_t used;
    size_t room;
};

/* Reads a slice from its start; `odd` stays set once something did not fit. */
struct dk_reader {
    const uint8_t *at;
    size_t left;
    bool odd;
};

const char *dk_kind_name(unsigned kind);

void dk_key_of_name(struct dk_key *key, const char *name);
void dk_key_of_series(struct dk_key *key, const char *tenant, const char *series);
void dk_key_of_counter(struct dk_key *key, uint64_t series_id, int32_t period);
void dk_key_of_range(struct dk_key *key, uint64_t series_id, int32_t period, uint64_t first);
void dk_key_of_part(struct dk_key *key, uint64_t commit_number, uint32_t part);
void dk_key_of_event(struct dk_key *key, uint64_t number);
/* A key of texts grows from its left: tenant and 0, the beginning, 0 and the rest. */
void dk_key_of_tenant(struct dk_key *key, const char *tenant);
void dk_key_add_beginning(struct dk_key *key, const char *beginning, size_t bytes);
void dk_key_end_beginning(struct dk_key *key);
void dk_key_add_text(struct dk_key *key, uint64_t series_id, uint32_t version);
/* A key of keys and holds: series, kind, text; a pending number's has period and number in place of the text. */
void dk_key_of_named(struct dk_key *key, uint64_t series_id, uint8_t kind, const char *text);
void dk_key_of_pending(struct dk_key *key, uint64_t series_id, int32_t period, uint64_t number);
void dk_key_of_elsewhere(struct dk_key *key, const char *tenant, const char *text);
struct dk_slice dk_key_slice(const struct dk_key *key);

/* Room for count more bytes, counted as used; NULL if memory is short. The
 * pointer lives until the next call on the buffer. */
uint8_t *dk_buffer_reserve(struct dk_buffer *buffer, size_t count);
void dk_buffer_free(struct dk_buffer *buffer);

/* Appends the checksum. Statuses: OK, NO_MEMORY. */
docket_status dk_record_seal(enum dk_kind kind, struct dk_slice key,
                             struct dk_buffer *value) DK_MUST_USE;

/* Writes it behind so many bytes, where there is room for it; returns it. */
uint64_t dk_record_seal_at(enum dk_kind kind, struct dk_slice key, uint8_t *bytes, size_t size);

/* Checks it; payload gets the value without it. Statuses: OK, DAMAGED. */
docket_status dk_record_unseal(enum dk_kind kind, struct dk_slice key, struct dk_slice value,
                               struct dk_slice *payload) DK_MUST_USE;

/* DAMAGED, with the key and what is odd about the record. */
docket_status dk_record_damaged(enum dk_kind kind, struct dk_slice key, const char *what);

/* ---- little-endian fields; each put returns the byte after ---- */

static inline uint8_t *dk_put_u8(uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

static inline uint8_t *dk_put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++)
        at[byte] = (uint8_t)(value >> 8 * byte);
    return at + 4;
}

static inline uint8_t *dk_put_u64(uint8_t *at, uint64_t value)
{
    for (unsigned byte = 0; byte < 8; byte++)
        at[byte] = (uint8_t)(value >> 8 * byte);
    return at + 8;
}

/* One byte of length, then the bytes. */
uint8_t *dk_put_text(uint8_t *at, const char *text);

static inline struct dk_reader dk_reader_of(struct dk_slice slice)
{
    return (struct dk_reader){slice.bytes, slice.size, false};
}

/* The next count bytes, or NULL. */
static inline const uint8_t *dk_take(struct dk_reader *reader, size_t count)
{
    if (reader->odd || count > reader->left) {
        reader->odd = true;
        return NULL;
    }
    const uint8_t *taken = reader->at;
    reader->at += count;
    reader->left -= count;
    return taken;
}

uint8_t dk_take_u8(struct dk_reader *reader);
uint32_t dk_take_u32(struct dk_reader *reader);
uint64_t dk_take_u64(struct dk_reader *reader);
/* Into size bytes with a zero at the end; odd if it does not fit or holds one. */
void dk_take_text(struct dk_reader *reader, char *text, size_t size);

/* A field at the end of a record that stands only where it is not zero: records
 * of a schema that did not know it are spelled as ever. */
uint64_t dk_take_tail(struct dk_reader *reader);

/* A big-endian number of a key. */
uint64_t dk_key_number(const uint8_t *at, unsigned bytes);

/* Is the text ended within its field? */
static inline bool dk_ended(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

/* Everything was there, and nothing is left. */
static inline bool dk_reader_done(const struct dk_reader *reader)
{
    return !reader->odd && reader->left == 0;
}

#endif
