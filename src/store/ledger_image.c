/* SPDX-License-Identifier: MIT */
/*
 * ledger_image: see ledger_image.h. A record of the ledger begins with a mask of what
 * stands in it: what is zero or empty does not. Texts end in a zero, so that they are shown
 * where they lie.
 */
#include "store/ledger_image.h"

#include "numbering/fate.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_FIXED_BYTES = 2 + 1 + 8 + 4 + 4, /* mask, state, first_ns, uid, attempts */
    RECORD_KEY_BYTES = 8 + 4 + 8
};

/* The mask, in the order in which the fields follow. */
enum {
    HAS_DATE = 1 << 0,
    HAS_LAST = 1 << 1, /* changed at another time than given */
    HAS_EXPIRY = 1 << 2,
    HAS_SEAT = 1 << 3,
    HAS_EVENT = 1 << 4,
    HAS_CAUSE = 1 << 5,
    TEXT_BIT = 6 /* the first text's */
};

struct text_row {
    size_t offset;
    size_t most; /* bytes */
};

#define TEXT(field, most)                              \
    {                                                  \
        offsetof(struct dk_ledger_record, field), most \
    }
static const struct text_row texts[] = {
    TEXT(text, DOCKET_TEXT_MAX - 1), TEXT(key, DK_KEY_MAX),    TEXT(hold, DK_KEY_MAX),  TEXT(trace, DK_TRACE_MAX),
    TEXT(metadata, DK_METADATA_MAX), TEXT(error, DK_NOTE_MAX), TEXT(host, DK_HOST_MAX), TEXT(reason, DK_NOTE_MAX),
};
enum { TEXT_COUNT = sizeof texts / sizeof texts[0], MASK_END = 1 << (TEXT_BIT + TEXT_COUNT) };

/* ---- what all have ---- */

static bool same_key(struct dk_slice key, const struct dk_key *wanted)
{
    return key.size == wanted->size && memcmp(key.bytes, wanted->bytes, key.size) == 0;
}

static const char *text_at(const struct dk_ledger_record *record, size_t row)
{
    const char *text;
    memcpy(&text, (const char *)record + texts[row].offset, sizeof text);
    return text;
}

static bool is_text(const char *text, size_t most)
{
    size_t length = text ? strnlen(text, most + 1) : 0;
    return length > 0 && length <= most;
}

/* The text up to its zero, shown where it lies. */
static const char *take_shown(struct dk_reader *reader, size_t most)
{
    const uint8_t *end = reader->odd ? NULL : memchr(reader->at, 0, reader->left);
    size_t length = end ? (size_t)(end - reader->at) : 0;
    if (length == 0 || length > most) {
        reader->odd = true;
        return "";
    }
    return (const char *)dk_take(reader, length + 1);
}

static uint8_t *put_shown(uint8_t *at, const char *text)
{
    size_t bytes = strlen(text) + 1;
    memcpy(at, text, bytes);
    return at + bytes;
}

/* The rest of a key as a text. False: none that fits. */
static bool copy_rest(struct dk_slice key, size_t from, char *text, size_t size)
{
    if (key.size <= from || key.size - from >= size || memchr(key.bytes + from, 0, key.size - from))
        return false;
    memcpy(text, key.bytes + from, key.size - from);
    text[key.size - from] = 0;
    return true;
}

/* ---- numbers ---- */

docket_status dk_image_key_of_ledger(uint64_t series_id, int32_t period, uint64_t number, struct dk_key *key)
{
    if (series_id == 0 || period < 0 || number == 0 || number > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "no number of a series can be %llu of period %d",
                       (unsigned long long)number, (int)period);
    dk_key_of_range(key, series_id, period, number);
    return DOCKET_OK;
}

static bool record_is_sound(const struct dk_ledger_record *record)
{
    return record->state < DK_STATE_COUNT && record->cause <= DK_CAUSE_LAST && record->first_ns >= 0 &&
           record->last_ns >= 0 && record->expires_ns >= 0 && record->seat >= -1;
}

static unsigned mask_of(const struct dk_ledger_record *record)
{
    unsigned mask = 0;
    mask |= record->date != 0 ? HAS_DATE : 0;
    mask |= record->last_ns != record->first_ns ? HAS_LAST : 0;
    mask |= record->expires_ns != 0 ? HAS_EXPIRY : 0;
    mask |= record->seat != -1 ? HAS_SEAT : 0;
    mask |= record->event != 0 ? HAS_EVENT : 0;
    mask |= record->cause != 0 ? HAS_CAUSE : 0;
    for (size_t row = 0; row < TEXT_COUNT; row++) {
        const char *text = text_at(record, row);
        mask |= text && text[0] ? 1u << (TEXT_BIT + row) : 0;
    }
    return mask;
}

/* 0: a text is too long. */
static size_t bytes_of(const struct dk_ledger_record *record, unsigned mask)
{
    size_t bytes = RECORD_FIXED_BYTES;
    bytes += mask & HAS_DATE ? 4 : 0;
    bytes += mask & HAS_LAST ? 8 : 0;
    bytes += mask & HAS_EXPIRY ? 8 : 0;
    bytes += mask & HAS_SEAT ? 4 : 0;
    bytes += mask & HAS_EVENT ? 8 : 0;
    bytes += mask & HAS_CAUSE ? 1 : 0;
    for (size_t row = 0; row < TEXT_COUNT; row++) {
        if (!(mask & 1u << (TEXT_BIT + row)))
            continue;
        if (!is_text(text_at(record, row), texts[row].most))
            return 0;
        bytes += strlen(text_at(record, row)) + 1;
    }
    return bytes;
}

static void put_record(uint8_t *at, const struct dk_ledger_record *record, unsigned mask)
{
    at = dk_put_u8(at, (uint8_t)mask);
    at = dk_put_u8(at, (uint8_t)(mask >> 8));
    at = dk_put_u8(at, record->state);
    at = dk_put_u64(at, (uint64_t)record->first_ns);
    at = dk_put_u32(at, record->uid);
    at = dk_put_u32(at, record->attempts);
    at = mask & HAS_DATE ? dk_put_u32(at, record->date) : at;
    at = mask & HAS_LAST ? dk_put_u64(at, (uint64_t)record->last_ns) : at;
    at = mask & HAS_EXPIRY ? dk_put_u64(at, (uint64_t)record->expires_ns) : at;
    at = mask & HAS_SEAT ? dk_put_u32(at, (uint32_t)record->seat) : at;
    at = mask & HAS_EVENT ? dk_put_u64(at, record->event) : at;
    at = mask & HAS_CAUSE ? dk_put_u8(at, record->cause) : at;
    for (size_t row = 0; row < TEXT_COUNT; row++)
        if (mask & 1u << (TEXT_BIT + row))
            at = put_shown(at, text_at(record, row));
}

docket_status dk_image_encode_ledger(const struct dk_ledger_record *record, struct dk_key *key, struct dk_buffer *value)
{
    docket_status status = dk_image_key_of_ledger(record->series_id, record->period, record->number, key);
    if (status != DOCKET_OK)
        return status;
    unsigned mask = mask_of(record);
    size_t bytes = record_is_sound(record) ? bytes_of(record, mask) : 0;
    if (bytes == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the record of number %llu has a state, a time or a text that cannot be",
                       (unsigned long long)record->number);
    uint8_t *at = dk_buffer_reserve(value, bytes);
    if (!at)
        return dk_image_no_memory();
    put_record(at, record, mask);
    return dk_record_seal(DK_KIND_LEDGER, dk_key_slice(key), value);
}

/* What the mask says, in its order. */
static void take_record(struct dk_reader *reader, struct dk_ledger_record *record)
{
    unsigned mask = dk_take_u8(reader);
    mask |= (unsigned)dk_take_u8(reader) << 8;
    record->state = dk_take_u8(reader);
    record->first_ns = (int64_t)dk_take_u64(reader);
    record->uid = dk_take_u32(reader);
    record->attempts = dk_take_u32(reader);
    record->date = mask & HAS_DATE ? dk_take_u32(reader) : 0;
    record->last_ns = mask & HAS_LAST ? (int64_t)dk_take_u64(reader) : record->first_ns;
    record->expires_ns = mask & HAS_EXPIRY ? (int64_t)dk_take_u64(reader) : 0;
    record->seat = mask & HAS_SEAT ? (int32_t)dk_take_u32(reader) : -1;
    record->event = mask & HAS_EVENT ? dk_take_u64(reader) : 0;
    record->cause = mask & HAS_CAUSE ? dk_take_u8(reader) : 0;
    for (size_t row = 0; row < TEXT_COUNT; row++) {
        const char *text = mask & 1u << (TEXT_BIT + row) ? take_shown(reader, texts[row].most) : "";
        memcpy((char *)record + texts[row].offset, &text, sizeof text);
    }
    /* A record has one spelling. */
    if (!reader->odd && (mask >= MASK_END || mask != mask_of(record)))
        reader->odd = true;
}

docket_status dk_image_decode_ledger(struct dk_slice key, struct dk_slice value, struct dk_ledger_record *record)
{
    struct dk_slice payload;
    struct dk_key spelled;
    struct dk_ledger_record made = {0};
    docket_status status = dk_record_unseal(DK_KIND_LEDGER, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    if (key.size != RECORD_KEY_BYTES)
        return dk_record_damaged(DK_KIND_LEDGER, key, "has an impossible key");
    made.series_id = dk_key_number(key.bytes, 8);
    made.period = (int32_t)(uint32_t)dk_key_number(key.bytes + 8, 4);
    made.number = dk_key_number(key.bytes + 12, 8);
    if (dk_image_key_of_ledger(made.series_id, made.period, made.number, &spelled) != DOCKET_OK)
        return dk_record_damaged(DK_KIND_LEDGER, key, "has an impossible key");
    struct dk_reader reader = dk_reader_of(payload);
    take_record(&reader, &made);
    if (!dk_reader_done(&reader) || !record_is_sound(&made))
        return dk_record_damaged(DK_KIND_LEDGER, key, "holds an impossible value");
    *record = made;
    return DOCKET_OK;
}

/* ---- keys, and names of reservations ---- */

docket_status dk_image_key_of_key(uint64_t series_id, uint8_t kind, const char *text, struct dk_key *key)
{
    if (series_id == 0 || (kind != DK_NAMED_KEY && kind != DK_NAMED_RESERVATION && kind != DK_NAMED_DROPPED) ||
        !is_text(text, DK_KEY_MAX))
        return dk_fail(DOCKET_BAD_ARGUMENT, "no key, or reservation's name, of a series can be so");
    dk_key_of_named(key, series_id, kind, text);
    return DOCKET_OK;
}

static bool ranges_are_sound(const struct dk_key_record *record)
{
    const struct dk_range *ranges = record->ranges;
    bool one = record->range_count == 1 && ranges[0].first == ranges[0].last;
    if (record->range_count == 0 || record->range_count > DK_RESERVED_MAX || (record->kind == DK_NAMED_KEY && !one))
        return false;
    for (uint32_t at = 0; at < record->range_count; at++)
        if (ranges[at].first == 0 || ranges[at].first > ranges[at].last || ranges[at].last > DOCKET_NUMBER_MAX ||
            (at > 0 && ranges[at].first <= ranges[at - 1].last))
            return false;
    return true;
}

static bool has_document(const struct dk_key_record *record)
{
    return record->document != NULL && record->document[0] != 0;
}

static bool key_is_sound(const struct dk_key_record *record)
{
    if (has_document(record) && (record->kind != DK_NAMED_KEY || !is_text(record->document, DOCKET_TEXT_MAX - 1)))
        return false;
    return record->period >= 0 && record->expires_ns >= 0 &&
           (record->kind == DK_NAMED_RESERVATION || record->expires_ns == 0) && ranges_are_sound(record);
}

/* A key has one number; a reservation its time and its ranges. */
docket_status dk_image_encode_key(const struct dk_key_record *record, struct dk_key *key, struct dk_buffer *value)
{
    docket_status status = dk_image_key_of_key(record->series_id, record->kind, record->text, key);
    if (status != DOCKET_OK)
        return status;
    if (!key_is_sound(record))
        return dk_fail(DOCKET_BAD_ARGUMENT, "what %s has cannot be", record->text);
    bool one = record->kind == DK_NAMED_KEY;
    size_t tail = has_document(record) ? 1 + strlen(record->document) : 0;
    uint8_t *at = dk_buffer_reserve(value, 4 + 4 + 8 + (one ? 8 + tail : 8 + (size_t)record->range_count * 16));
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u32(at, (uint32_t)record->period);
    at = dk_put_u32(at, record->date);
    at = dk_put_u64(at, record->digest);
    at = dk_put_u64(at, one ? record->ranges[0].first : (uint64_t)record->expires_ns);
    for (uint32_t range = 0; !one && range < record->range_count; range++) {
        at = dk_put_u64(at, record->ranges[range].first);
        at = dk_put_u64(at, record->ranges[range].last);
    }
    if (tail > 0)
        dk_put_text(at, record->document);
    return dk_record_seal(DK_KIND_KEYS, dk_key_slice(key), value);
}

void dk_image_free_key(struct dk_key_read *read)
{
    free(read->many);
    read->many = NULL;
}

static docket_status take_ranges(struct dk_reader *reader, struct dk_key_read *read)
{
    size_t count = reader->left / 16;
    if (count > DK_RESERVED_MAX || reader->left % 16 != 0)
        reader->odd = true;
    if (reader->odd)
        return DOCKET_OK;
    read->many = calloc(count + 1, sizeof *read->many);
    if (!read->many)
        return dk_image_no_memory();
    for (size_t at = 0; at < count; at++) {
        read->many[at].first = dk_take_u64(reader);
        read->many[at].last = dk_take_u64(reader);
    }
    read->record.ranges = read->many;
    read->record.range_count = (uint32_t)count;
    return DOCKET_OK;
}

static docket_status take_key(struct dk_reader *reader, struct dk_key_read *read)
{
    struct dk_key_record *record = &read->record;
    record->period = (int32_t)dk_take_u32(reader);
    record->date = dk_take_u32(reader);
    record->digest = dk_take_u64(reader);
    read->document[0] = 0;
    record->document = read->document;
    if (record->kind != DK_NAMED_KEY) {
        record->expires_ns = (int64_t)dk_take_u64(reader);
        return take_ranges(reader, read);
    }
    read->one.first = read->one.last = dk_take_u64(reader);
    record->ranges = &read->one;
    record->range_count = 1;
    if (!reader->odd && reader->left > 0) {
        dk_take_text(reader, read->document, sizeof read->document);
        reader->odd = reader->odd || read->document[0] == 0;
    }
    return DOCKET_OK;
}

docket_status dk_image_decode_key(struct dk_slice key, struct dk_slice value, struct dk_key_read *read)
{
    struct dk_slice payload;
    struct dk_key spelled;
    docket_status status = dk_record_unseal(DK_KIND_KEYS, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    if (!copy_rest(key, 9, read->text, sizeof read->text))
        return dk_record_damaged(DK_KIND_KEYS, key, "has an impossible key");
    read->record.series_id = dk_key_number(key.bytes, 8);
    read->record.kind = key.bytes[8];
    read->record.text = read->text;
    if (dk_image_key_of_key(read->record.series_id, read->record.kind, read->text, &spelled) != DOCKET_OK)
        return dk_record_damaged(DK_KIND_KEYS, key, "has an impossible key");
    struct dk_reader reader = dk_reader_of(payload);
    status = take_key(&reader, read);
    if (status == DOCKET_OK && (!dk_reader_done(&reader) || !key_is_sound(&read->record)))
        status = dk_record_damaged(DK_KIND_KEYS, key, "holds an impossible value");
    if (status != DOCKET_OK)
        dk_image_free_key(read);
    return status;
}

/* ---- holds ---- */

docket_status dk_image_key_of_hold(const struct dk_hold_record *record, struct dk_key *key)
{
    bool pending = record->kind == DK_NAMED_PENDING, reserved = record->kind == DK_NAMED_RESERVATION;
    bool named = is_text(record->text, DK_KEY_MAX), numbered = record->number > 0 && record->number <= DOCKET_NUMBER_MAX;
    bool bare = !record->text || !record->text[0];
    if (record->series_id == 0 || record->period < 0 || (!pending && !reserved) || (pending && !(numbered && bare)) ||
        (reserved && (!named || record->number != 0)))
        return dk_fail(DOCKET_BAD_ARGUMENT, "nothing of a series can be held so");
    if (pending)
        dk_key_of_pending(key, record->series_id, record->period, record->number);
    else
        dk_key_of_named(key, record->series_id, record->kind, record->text);
    return DOCKET_OK;
}

static bool hold_is_sound(const struct dk_hold_record *record)
{
    return record->expires_ns >= 0 && record->expires_boot_ns >= 0 && record->seat >= -1 &&
           !(record->in_doubt && record->expires_ns != 0);
}

docket_status dk_image_encode_hold(const struct dk_hold_record *record, struct dk_key *key, struct dk_buffer *value)
{
    docket_status status = dk_image_key_of_hold(record, key);
    if (status != DOCKET_OK)
        return status;
    if (!hold_is_sound(record))
        return dk_fail(DOCKET_BAD_ARGUMENT, "a hold has a time or a seat that cannot be");
    uint8_t *at = dk_buffer_reserve(value, 6 * 4 + 4 * 8 + 16);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u32(at, (uint32_t)record->period);
    at = dk_put_u32(at, record->left);
    at = dk_put_u32(at, record->uid);
    at = dk_put_u32(at, (uint32_t)record->seat);
    at = dk_put_u32(at, record->desk);
    at = dk_put_u64(at, record->salt);
    at = dk_put_u64(at, (uint64_t)record->expires_ns);
    at = dk_put_u64(at, (uint64_t)record->expires_boot_ns);
    at = dk_put_u64(at, record->incarnation);
    at = dk_put_u32(at, record->in_doubt ? 1 : 0);
    memcpy(at, record->boot_id, 16);
    return dk_record_seal(DK_KIND_HOLDS, dk_key_slice(key), value);
}

static void take_hold(struct dk_reader *reader, struct dk_hold_record *record)
{
    record->period = (int32_t)dk_take_u32(reader);
    record->left = dk_take_u32(reader);
    record->uid = dk_take_u32(reader);
    record->seat = (int32_t)dk_take_u32(reader);
    record->desk = dk_take_u32(reader);
    record->salt = dk_take_u64(reader);
    record->expires_ns = (int64_t)dk_take_u64(reader);
    record->expires_boot_ns = (int64_t)dk_take_u64(reader);
    record->incarnation = dk_take_u64(reader);
    uint32_t in_doubt = dk_take_u32(reader);
    record->in_doubt = in_doubt == 1;
    if (in_doubt > 1)
        record->seat = -2; /* none that is sound */
    const uint8_t *boot = dk_take(reader, 16);
    if (boot)
        memcpy(record->boot_id, boot, 16);
}

docket_status dk_image_decode_hold(struct dk_slice key, struct dk_slice value, struct dk_hold_read *read)
{
    struct dk_slice payload;
    struct dk_key spelled;
    docket_status status = dk_record_unseal(DK_KIND_HOLDS, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    struct dk_reader reader = dk_reader_of(payload);
    struct dk_hold_record made = {.text = read->text};
    read->text[0] = 0;
    take_hold(&reader, &made);
    if (!dk_reader_done(&reader) || !hold_is_sound(&made))
        return dk_record_damaged(DK_KIND_HOLDS, key, "holds an impossible value");
    made.series_id = key.size > 9 ? dk_key_number(key.bytes, 8) : 0;
    made.kind = key.size > 9 ? key.bytes[8] : 0;
    if (made.kind == DK_NAMED_PENDING && key.size == 9 + 4 + 8)
        made.number = dk_key_number(key.bytes + 9 + 4, 8);
    else if (made.kind == DK_NAMED_RESERVATION && !copy_rest(key, 9, read->text, sizeof read->text))
        made.kind = 0;
    if (dk_image_key_of_hold(&made, &spelled) != DOCKET_OK || !same_key(key, &spelled))
        return dk_record_damaged(DK_KIND_HOLDS, key, "has an impossible key");
    read->record = made;
    return DOCKET_OK;
}

/* ---- texts of elsewhere ---- */

docket_status dk_image_key_of_elsewhere(const char *tenant, const char *text, struct dk_key *key)
{
    bool right = is_text(tenant, DOCKET_NAME_MAX) && is_text(text, DOCKET_TEXT_MAX - 1);
    for (const char *at = text; right && *at; at++)
        right = *at < 'a' || *at > 'z';
    if (!right)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a text of elsewhere is in capitals, at most %d bytes, of a tenant",
                       DOCKET_TEXT_MAX - 1);
    dk_key_of_elsewhere(key, tenant, text);
    return DOCKET_OK;
}

docket_status dk_image_encode_elsewhere(const struct dk_elsewhere_record *record, struct dk_key *key,
                                        struct dk_buffer *value)
{
    docket_status status = dk_image_key_of_elsewhere(record->tenant, record->text, key);
    if (status != DOCKET_OK)
        return status;
    if (!is_text(record->note, DK_NOTE_MAX) || record->time_ns < 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the note of %s is 1 to %d bytes", record->text, DK_NOTE_MAX);
    uint8_t *at = dk_buffer_reserve(value, 8 + 4 + strlen(record->note) + 1);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u64(at, (uint64_t)record->time_ns);
    at = dk_put_u32(at, record->uid);
    put_shown(at, record->note);
    return dk_record_seal(DK_KIND_ELSEWHERE, dk_key_slice(key), value);
}

docket_status dk_image_decode_elsewhere(struct dk_slice key, struct dk_slice value, struct dk_elsewhere_read *read)
{
    struct dk_slice payload;
    struct dk_key spelled;
    docket_status status = dk_record_unseal(DK_KIND_ELSEWHERE, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    const uint8_t *zero = key.size > 0 ? memchr(key.bytes, 0, key.size) : NULL;
    size_t tenant = zero ? (size_t)(zero - key.bytes) : sizeof read->tenant;
    if (tenant >= sizeof read->tenant || !copy_rest(key, tenant + 1, read->text, sizeof read->text))
        return dk_record_damaged(DK_KIND_ELSEWHERE, key, "has an impossible key");
    memcpy(read->tenant, key.bytes, tenant + 1);
    if (dk_image_key_of_elsewhere(read->tenant, read->text, &spelled) != DOCKET_OK)
        return dk_record_damaged(DK_KIND_ELSEWHERE, key, "has an impossible key");
    struct dk_reader reader = dk_reader_of(payload);
    read->record = (struct dk_elsewhere_record){.tenant = read->tenant, .text = read->text};
    read->record.time_ns = (int64_t)dk_take_u64(&reader);
    read->record.uid = dk_take_u32(&reader);
    read->record.note = take_shown(&reader, DK_NOTE_MAX);
    if (!dk_reader_done(&reader) || read->record.time_ns < 0)
        return dk_record_damaged(DK_KIND_ELSEWHERE, key, "holds an impossible value");
    return DOCKET_OK;
}
