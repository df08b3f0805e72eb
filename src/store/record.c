/* SPDX-License-Identifier: MIT */
/* record: see record.h. */
#include "store/record.h"

#include "base/check.h"
#include "store/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TEXT_BYTES = 2 * DK_KEY_BYTES + 1 };

static const char *const kind_names[DK_KIND_COUNT] = {
    [DK_KIND_META] = "meta",       [DK_KIND_SERIES] = "series", [DK_KIND_COUNTERS] = "counters",
    [DK_KIND_JOURNAL] = "journal", [DK_KIND_RANGES] = "ranges", [DK_KIND_EVENTS] = "events",
    [DK_KIND_TEXTS] = "texts",     [DK_KIND_LEDGERLOG] = "ledgerlog", [DK_KIND_LEDGER] = "ledger",
    [DK_KIND_KEYS] = "keys",       [DK_KIND_HOLDS] = "holds", [DK_KIND_ELSEWHERE] = "elsewhere",
};

const char *dk_kind_name(unsigned kind)
{
    return kind < DK_KIND_COUNT ? kind_names[kind] : "unknown";
}

/* ---- keys ---- */

static void key_add(struct dk_key *key, const void *bytes, size_t count)
{
    DK_CHECK(key->size + count <= sizeof key->bytes);
    memcpy(key->bytes + key->size, bytes, count);
    key->size += count;
}

static void key_add_number(struct dk_key *key, uint64_t number, unsigned bytes)
{
    uint8_t big[8];
    for (unsigned at = 0; at < bytes; at++)
        big[at] = (uint8_t)(number >> 8 * (bytes - 1 - at));
    key_add(key, big, bytes);
}

void dk_key_of_name(struct dk_key *key, const char *name)
{
    key->size = 0;
    key_add(key, name, strlen(name));
}

void dk_key_of_series(struct dk_key *key, const char *tenant, const char *series)
{
    key->size = 0;
    key_add(key, tenant, strlen(tenant) + 1);
    key_add(key, series, strlen(series));
}

void dk_key_of_counter(struct dk_key *key, uint64_t series_id, int32_t period)
{
    key->size = 0;
    key_add_number(key, series_id, 8);
    key_add_number(key, (uint32_t)period, 4);
}

void dk_key_of_range(struct dk_key *key, uint64_t series_id, int32_t period, uint64_t first)
{
    dk_key_of_counter(key, series_id, period);
    key_add_number(key, first, 8);
}

void dk_key_of_part(struct dk_key *key, uint64_t commit_number, uint32_t part)
{
    key->size = 0;
    key_add_number(key, commit_number, 8);
    key_add_number(key, part, 4);
}

void dk_key_of_event(struct dk_key *key, uint64_t number)
{
    key->size = 0;
    key_add_number(key, number, 8);
}

void dk_key_of_tenant(struct dk_key *key, const char *tenant)
{
    key->size = 0;
    key_add(key, tenant, strlen(tenant) + 1);
}

void dk_key_add_beginning(struct dk_key *key, const char *beginning, size_t bytes)
{
    key_add(key, beginning, bytes);
}

void dk_key_end_beginning(struct dk_key *key)
{
    key_add(key, "", 1);
}

void dk_key_add_text(struct dk_key *key, uint64_t series_id, uint32_t version)
{
    key_add_number(key, series_id, 8);
    key_add_number(key, version, 4);
}

void dk_key_of_named(struct dk_key *key, uint64_t series_id, uint8_t kind, const char *text)
{
    dk_key_of_event(key, series_id);
    key_add(key, &kind, 1);
    key_add(key, text, strlen(text));
}

void dk_key_of_pending(struct dk_key *key, uint64_t series_id, int32_t period, uint64_t number)
{
    dk_key_of_event(key, series_id);
    key_add(key, "p", 1);
    key_add_number(key, (uint32_t)period, 4);
    key_add_number(key, number, 8);
}

void dk_key_of_elsewhere(struct dk_key *key, const char *tenant, const char *text)
{
    dk_key_of_tenant(key, tenant);
    key_add(key, text, strlen(text));
}

uint64_t dk_key_number(const uint8_t *at, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned byte = 0; byte < bytes; byte++)
        number = number << 8 | at[byte];
    return number;
}

struct dk_slice dk_key_slice(const struct dk_key *key)
{
    return (struct dk_slice){key->bytes, key->size};
}

/* ---- buffers ---- */

uint8_t *dk_buffer_reserve(struct dk_buffer *buffer, size_t count)
{
    if (!buffer->bytes || count > buffer->room - buffer->used) {
        size_t room = buffer->room ? buffer->room : 512;
        while (room - buffer->used < count)
            room *= 2;
        uint8_t *grown = realloc(buffer->bytes, room);
        if (!grown)
            return NULL;
        buffer->bytes = grown;
        buffer->room = room;
    }
    uint8_t *at = buffer->bytes + buffer->used;
    buffer->used += count;
    return at;
}

void dk_buffer_free(struct dk_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct dk_buffer){0};
}

/* ---- seals ---- */

uint64_t dk_record_seal_at(enum dk_kind kind, struct dk_slice key, uint8_t *bytes, size_t size)
{
    uint64_t checksum = dk_checksum_value(kind, key.bytes, key.size, bytes, size);
    dk_put_u64(bytes + size, checksum);
    return checksum;
}

docket_status dk_record_seal(enum dk_kind kind, struct dk_slice key, struct dk_buffer *value)
{
    uint8_t *end = dk_buffer_reserve(value, DK_CHECKSUM_BYTES);
    if (!end)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to write a %s record", dk_kind_name(kind));
    size_t size = (size_t)(end - value->bytes);
    dk_record_seal_at(kind, key, value->bytes, size);
    return DOCKET_OK;
}

docket_status dk_record_unseal(enum dk_kind kind, struct dk_slice key, struct dk_slice value,
                               struct dk_slice *payload)
{
    if (value.size < DK_CHECKSUM_BYTES)
        return dk_record_damaged(kind, key, "is too short");
    size_t size = value.size - DK_CHECKSUM_BYTES;
    struct dk_reader reader = {value.bytes + size, DK_CHECKSUM_BYTES, false};
    uint64_t sum = dk_checksum_value(kind, key.bytes, key.size, value.bytes, size);
    if (dk_take_u64(&reader) != sum)
        return dk_record_damaged(kind, key, "fails its checksum");
    *payload = (struct dk_slice){value.bytes, size};
    return DOCKET_OK;
}

/* So many bytes of the key are numbers; names follow. */
static size_t numbers_of(enum dk_kind kind, struct dk_slice key)
{
    switch (kind) {
    case DK_KIND_META:
    case DK_KIND_SERIES:
    case DK_KIND_TEXTS:
    case DK_KIND_ELSEWHERE: return 0;
    case DK_KIND_KEYS: return 8;
    case DK_KIND_HOLDS: return key.size > 8 && key.bytes[8] == 'r' ? 8 : key.size;
    default: return key.size;
    }
}

/* Names as names, numbers as hexadecimal digits. */
static void spell_key(enum dk_kind kind, struct dk_slice key, char text[KEY_TEXT_BYTES])
{
    size_t numbers = numbers_of(kind, key), length = 0;
    for (size_t at = 0; at < key.size && at < DK_KEY_BYTES; at++) {
        uint8_t byte = key.bytes[at];
        bool named = at == numbers && numbers > 0; /* a kind, as a letter */
        if (named)
            text[length++] = '/';
        if (at < numbers)
            length += (size_t)snprintf(text + length, 3, "%02x", (unsigned)byte);
        else if (byte == 0)
            text[length++] = '/';
        else
            text[length++] = byte > ' ' && byte < 127 ? (char)byte : '?';
        if (named)
            text[length++] = '/';
    }
    text[length] = 0;
}

docket_status dk_record_damaged(enum dk_kind kind, struct dk_slice key, const char *what)
{
    char text[KEY_TEXT_BYTES];
    spell_key(kind, key, text);
    return dk_fail(DOCKET_DAMAGED,
                   "the %s record %s %s; keep the store as it is and ask for help; an older copy may be "
                   "served only with docketd --accept-store N",
                   dk_kind_name(kind), text, what);
}

/* ---- fields ---- */

uint8_t *dk_put_text(uint8_t *at, const char *text)
{
    size_t length = strlen(text);
    DK_CHECK(length <= UINT8_MAX);
    *at++ = (uint8_t)length;
    memcpy(at, text, length);
    return at + length;
}

uint8_t dk_take_u8(struct dk_reader *reader)
{
    const uint8_t *at = dk_take(reader, 1);
    return at ? *at : 0;
}

uint32_t dk_take_u32(struct dk_reader *reader)
{
    const uint8_t *at = dk_take(reader, 4);
    uint32_t value = 0;
    for (unsigned byte = 0; at && byte < 4; byte++)
        value |= (uint32_t)at[byte] << 8 * byte;
    return value;
}

uint64_t dk_take_u64(struct dk_reader *reader)
{
    const uint8_t *at = dk_take(reader, 8);
    uint64_t value = 0;
    for (unsigned byte = 0; at && byte < 8; byte++)
        value |= (uint64_t)at[byte] << 8 * byte;
    return value;
}

void dk_take_text(struct dk_reader *reader, char *text, size_t size)
{
    size_t length = dk_take_u8(reader);
    const uint8_t *at = dk_take(reader, length);
    text[0] = 0;
    if (!at)
        return;
    if (length >= size || memchr(at, 0, length)) {
        reader->odd = true;
        return;
    }
    memcpy(text, at, length);
    text[length] = 0;
}

uint64_t dk_take_tail(struct dk_reader *reader)
{
    if (reader->odd || reader->left == 0)
        return 0;
    uint64_t value = dk_take_u64(reader);
    reader->odd = reader->odd || value == 0;
    return value;
}
