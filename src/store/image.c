/* SPDX-License-Identifier: MIT */
/* image: see image.h. Series and their texts are in image_series.c. */
#include "store/image.h"

#include "numbering/date.h"

#include <stdlib.h>
#include <string.h>

enum {
    COUNTER_FIXED_BYTES = 6 * 8 + 4 * 4,
    PLACE_BYTES = 4 * 4 + 3 * 8,
    SPARE_BYTES = 2 * 8,
    RANGE_BYTES = 2 * 8 + 2 * 4
};

/* ---- helpers ---- */

docket_status dk_image_no_memory(void)
{
    return dk_fail(DOCKET_NO_MEMORY, "no memory for a record of the store");
}

/* Does the key found in the store spell the record that was decoded? */
static bool same_key(struct dk_slice key, const struct dk_key *wanted)
{
    return key.size == wanted->size && memcmp(key.bytes, wanted->bytes, key.size) == 0;
}

/* ---- ranges ---- */

static bool range_is_sound(const struct dk_fate_record *record)
{
    return record->series_id > 0 && record->period >= 0 && record->range.first > 0 &&
           record->range.first <= record->range.last && record->range.last <= DOCKET_NUMBER_MAX &&
           (record->fate == DK_FATE_VOID || record->fate == DK_FATE_UNKNOWN ||
            (record->fate == DK_FATE_HANDED_OUT &&
             (record->cause == DK_CAUSE_EVIDENCE || record->cause == DK_CAUSE_IMPORTED))) &&
           record->cause <= DK_CAUSE_LAST;
}

docket_status dk_image_encode_range(const struct dk_fate_record *record, struct dk_key *key,
                                    struct dk_buffer *value)
{
    if (!range_is_sound(record))
        return dk_fail(DOCKET_BAD_ARGUMENT, "a range must ascend and be void, unknown or handed out by a known "
                                            "cause");
    uint8_t *at = dk_buffer_reserve(value, RANGE_BYTES + (record->event != 0 ? 8 : 0));
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u64(at, record->range.last);
    at = dk_put_u64(at, (uint64_t)record->time_ns);
    at = dk_put_u32(at, record->fate);
    at = dk_put_u32(at, record->cause);
    if (record->event != 0)
        dk_put_u64(at, record->event);
    dk_key_of_range(key, record->series_id, record->period, record->range.first);
    return dk_record_seal(DK_KIND_RANGES, dk_key_slice(key), value);
}

docket_status dk_image_decode_range(struct dk_slice key, struct dk_slice value,
                                    struct dk_fate_record *record)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_RANGES, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    struct dk_fate_record made = {0};
    struct dk_reader reader = dk_reader_of(payload);
    made.range.last = dk_take_u64(&reader);
    made.time_ns = (int64_t)dk_take_u64(&reader);
    made.fate = dk_take_u32(&reader);
    made.cause = dk_take_u32(&reader);
    made.event = dk_take_tail(&reader);
    bool whole = dk_reader_done(&reader) && key.size == 8 + 4 + 8;
    if (whole) {
        made.series_id = dk_key_number(key.bytes, 8);
        made.period = (int32_t)dk_key_number(key.bytes + 8, 4);
        made.range.first = dk_key_number(key.bytes + 12, 8);
    }
    if (!whole || !range_is_sound(&made))
        return dk_record_damaged(DK_KIND_RANGES, key, "holds an impossible value");
    *record = made;
    return DOCKET_OK;
}

/* ---- events ---- */

/* What was erased is gone; and only a link says what an event is about. */
static bool link_is_sound(const struct dk_event *event)
{
    static const uint8_t no_salt[DK_SALT_BYTES];
    if (!event->link.there)
        return event->tenant[0] == 0 && event->period == 0 && !event->link.erased;
    return !event->link.erased || (event->uid == 0 && event->reason[0] == 0 &&
                                   memcmp(event->link.salt, no_salt, sizeof no_salt) == 0);
}

static bool event_is_sound(const struct dk_event *event)
{
    return event->number > 0 && dk_ended(event->kind, sizeof event->kind) && event->kind[0] &&
           dk_ended(event->text, sizeof event->text) && dk_ended(event->reason, sizeof event->reason) &&
           dk_ended(event->tenant, sizeof event->tenant) && dk_ended(event->series, sizeof event->series) &&
           event->period >= 0 && (event->series[0] == 0 || event->tenant[0] != 0) && link_is_sound(event);
}

enum { LINK_BYTES = 1 + 2 + 4 + DK_SALT_BYTES + 2 * DK_DIGEST_BYTES };

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static void put_link(uint8_t *at, const struct dk_event *event)
{
    at = dk_put_text(at, event->reason);
    at = dk_put_u8(at, event->link.erased);
    at = dk_put_text(at, event->tenant);
    at = dk_put_text(at, event->series);
    at = dk_put_u32(at, (uint32_t)event->period);
    at = put_bytes(at, event->link.salt, DK_SALT_BYTES);
    at = put_bytes(at, event->link.personal, DK_DIGEST_BYTES);
    put_bytes(at, event->link.hash, DK_DIGEST_BYTES);
}

static void take_bytes(struct dk_reader *reader, void *bytes, size_t count)
{
    const uint8_t *at = dk_take(reader, count);
    if (at != NULL)
        memcpy(bytes, at, count);
}

static void take_link(struct dk_reader *reader, struct dk_event *event)
{
    uint8_t erased = dk_take_u8(reader);
    event->link.there = true;
    event->link.erased = erased == 1;
    dk_take_text(reader, event->tenant, sizeof event->tenant);
    dk_take_text(reader, event->series, sizeof event->series);
    event->period = (int32_t)dk_take_u32(reader);
    take_bytes(reader, event->link.salt, DK_SALT_BYTES);
    take_bytes(reader, event->link.personal, DK_DIGEST_BYTES);
    take_bytes(reader, event->link.hash, DK_DIGEST_BYTES);
    reader->odd = reader->odd || erased > 1;
}

docket_status dk_image_encode_event(const struct dk_event *event, struct dk_key *key,
                                    struct dk_buffer *value)
{
    if (!event_is_sound(event))
        return dk_fail(DOCKET_BAD_ARGUMENT, "an event without a kind, or with an unended text");
    size_t tail = event->reason[0] || event->link.there ? 1 + strlen(event->reason) : 0;
    if (event->link.there)
        tail += LINK_BYTES + strlen(event->tenant) + strlen(event->series);
    uint8_t *at = dk_buffer_reserve(value, 8 + 4 + 2 + strlen(event->kind) + strlen(event->text) + tail);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u64(at, (uint64_t)event->time_ns);
    at = dk_put_u32(at, event->uid);
    at = dk_put_text(at, event->kind);
    at = dk_put_text(at, event->text);
    if (event->link.there)
        put_link(at, event);
    else if (tail > 0)
        dk_put_text(at, event->reason);
    dk_key_of_event(key, event->number);
    return dk_record_seal(DK_KIND_EVENTS, dk_key_slice(key), value);
}

docket_status dk_image_decode_event(struct dk_slice key, struct dk_slice value,
                                    struct dk_event *event)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_EVENTS, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    struct dk_event made = {0};
    struct dk_reader reader = dk_reader_of(payload);
    made.time_ns = (int64_t)dk_take_u64(&reader);
    made.uid = dk_take_u32(&reader);
    dk_take_text(&reader, made.kind, sizeof made.kind);
    dk_take_text(&reader, made.text, sizeof made.text);
    if (!reader.odd && reader.left > 0) {
        dk_take_text(&reader, made.reason, sizeof made.reason);
        if (!reader.odd && reader.left > 0)
            take_link(&reader, &made);
        else
            reader.odd = reader.odd || made.reason[0] == 0;
    }
    if (key.size == 8)
        made.number = dk_key_number(key.bytes, 8);
    if (!dk_reader_done(&reader) || !event_is_sound(&made))
        return dk_record_damaged(DK_KIND_EVENTS, key, "holds an impossible value");
    *event = made;
    return DOCKET_OK;
}

/* ---- counters ---- */

static bool places_are_sound(const struct dk_counter_image *image)
{
    for (uint32_t at = 0; at < image->place_count; at++) {
        const struct dk_place_record *place = &image->places[at];
        bool recorded = place->size > 0;
        if (place->spare > 1 || (recorded && place->offset > place->size) ||
            (recorded && place->seq <= place->closed_seq))
            return false;
    }
    return true;
}

static bool counter_is_sound(const struct dk_counter_image *image)
{
    if (image->series_id == 0 || image->period < 0 || image->closed > DK_CLOSING ||
        (image->last_date != 0 && !dk_date_exists(image->last_date)) ||
        (image->interval_first != 0 &&
         (image->interval_first < image->extent_first || image->interval_first > image->extent_last)) ||
        image->next > image->mark || image->place_count > DK_IMAGE_LIST_MAX ||
        image->spare_count > DK_IMAGE_LIST_MAX || !places_are_sound(image))
        return false;
    for (uint32_t at = 0; at < image->spare_count; at++) {
        if (image->spares[at].first > image->spares[at].last)
            return false;
    }
    return true;
}

static uint8_t *put_place(uint8_t *at, const struct dk_place_record *place)
{
    at = dk_put_u32(at, place->place);
    at = dk_put_u32(at, place->size);
    at = dk_put_u64(at, place->closed_seq);
    at = dk_put_u64(at, place->seq);
    at = dk_put_u64(at, place->first);
    at = dk_put_u32(at, place->offset);
    return dk_put_u32(at, place->spare);
}

enum { DATE_BYTES = 4, INTERVAL_BYTES = 8 };

/* What stands behind the lists: nothing, the date, or the date and where the interval
 * begins. */
static size_t tail_bytes(const struct dk_counter_image *image)
{
    return image->interval_first != 0 ? DATE_BYTES + INTERVAL_BYTES : image->last_date != 0 ? DATE_BYTES : 0;
}

static size_t counter_bytes(const struct dk_counter_image *image)
{
    return COUNTER_FIXED_BYTES + (size_t)image->place_count * PLACE_BYTES +
           (size_t)image->spare_count * SPARE_BYTES + tail_bytes(image);
}

/* The counter's payload, without a checksum. */
static uint8_t *put_counter(uint8_t *at, const struct dk_counter_image *image)
{
    at = dk_put_u64(at, image->series_id);
    at = dk_put_u32(at, (uint32_t)image->period);
    at = dk_put_u32(at, image->closed);
    at = dk_put_u64(at, image->extent_first);
    at = dk_put_u64(at, image->extent_last);
    at = dk_put_u64(at, image->mark);
    at = dk_put_u64(at, image->next);
    at = dk_put_u64(at, image->incarnation);
    at = dk_put_u32(at, image->place_count);
    at = dk_put_u32(at, image->spare_count);
    for (uint32_t place = 0; place < image->place_count; place++)
        at = put_place(at, &image->places[place]);
    for (uint32_t spare = 0; spare < image->spare_count; spare++) {
        at = dk_put_u64(at, image->spares[spare].first);
        at = dk_put_u64(at, image->spares[spare].last);
    }
    if (tail_bytes(image) > 0)
        at = dk_put_u32(at, image->last_date);
    if (image->interval_first != 0)
        at = dk_put_u64(at, image->interval_first);
    return at;
}

docket_status dk_image_check_counter(const struct dk_counter_image *image)
{
    if (counter_is_sound(image))
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_ARGUMENT,
                   "the image of counter %llu, period %d breaks the law (next <= mark, recorded "
                   "blocks newer than closed ones, spares ascending)",
                   (unsigned long long)image->series_id, image->period);
}

docket_status dk_image_encode_counter(const struct dk_counter_image *image, struct dk_key *key,
                                      struct dk_buffer *value)
{
    docket_status status = dk_image_check_counter(image);
    if (status != DOCKET_OK)
        return status;
    uint8_t *at = dk_buffer_reserve(value, counter_bytes(image));
    if (!at)
        return dk_image_no_memory();
    put_counter(at, image);
    dk_key_of_counter(key, image->series_id, image->period);
    return dk_record_seal(DK_KIND_COUNTERS, dk_key_slice(key), value);
}

static void take_place(struct dk_reader *reader, struct dk_place_record *place)
{
    place->place = dk_take_u32(reader);
    place->size = dk_take_u32(reader);
    place->closed_seq = dk_take_u64(reader);
    place->seq = dk_take_u64(reader);
    place->first = dk_take_u64(reader);
    place->offset = dk_take_u32(reader);
    place->spare = dk_take_u32(reader);
}

static docket_status take_lists(struct dk_reader *reader, struct dk_counter_image *image)
{
    if (image->place_count > 0) {
        image->places = calloc(image->place_count, sizeof *image->places);
        if (!image->places)
            return dk_image_no_memory();
    }
    if (image->spare_count > 0) {
        image->spares = calloc(image->spare_count, sizeof *image->spares);
        if (!image->spares)
            return dk_image_no_memory();
    }
    for (uint32_t at = 0; at < image->place_count; at++)
        take_place(reader, &image->places[at]);
    for (uint32_t at = 0; at < image->spare_count; at++) {
        image->spares[at].first = dk_take_u64(reader);
        image->spares[at].last = dk_take_u64(reader);
    }
    return DOCKET_OK;
}

/* kind and key: of the record that holds this payload, for the sentence. */
static docket_status read_counter(enum dk_kind kind, struct dk_slice key, struct dk_slice payload,
                                  struct dk_counter_image *image)
{
    struct dk_counter_image made = {0};
    struct dk_reader reader = dk_reader_of(payload);
    made.series_id = dk_take_u64(&reader);
    made.period = (int32_t)dk_take_u32(&reader);
    made.closed = dk_take_u32(&reader);
    made.extent_first = dk_take_u64(&reader);
    made.extent_last = dk_take_u64(&reader);
    made.mark = dk_take_u64(&reader);
    made.next = dk_take_u64(&reader);
    made.incarnation = dk_take_u64(&reader);
    made.place_count = dk_take_u32(&reader);
    made.spare_count = dk_take_u32(&reader);
    /* The lists are allocated only once they are known to be there. */
    if (reader.odd || made.place_count > DK_IMAGE_LIST_MAX ||
        made.spare_count > DK_IMAGE_LIST_MAX ||
        (payload.size != counter_bytes(&made) && payload.size != counter_bytes(&made) + DATE_BYTES &&
         payload.size != counter_bytes(&made) + DATE_BYTES + INTERVAL_BYTES))
        return dk_record_damaged(kind, key, "has another length than its lists");
    docket_status status = take_lists(&reader, &made);
    if (status == DOCKET_OK && reader.left > 0) {
        made.last_date = dk_take_u32(&reader);
        made.interval_first = reader.left > 0 ? dk_take_u64(&reader) : 0;
        reader.odd = reader.odd || payload.size != counter_bytes(&made); /* what is zero is not written */
    }
    if (status == DOCKET_OK && (!dk_reader_done(&reader) || !counter_is_sound(&made)))
        status = dk_record_damaged(kind, key, "holds an impossible value");
    if (status == DOCKET_OK)
        *image = made;
    else
        dk_image_free_counter(&made);
    return status;
}

docket_status dk_image_decode_counter(struct dk_slice key, struct dk_slice value,
                                      struct dk_counter_image *image)
{
    struct dk_slice payload;
    struct dk_counter_image made;
    docket_status status = dk_record_unseal(DK_KIND_COUNTERS, key, value, &payload);
    if (status == DOCKET_OK)
        status = read_counter(DK_KIND_COUNTERS, key, payload, &made);
    if (status != DOCKET_OK)
        return status;
    struct dk_key wanted;
    dk_key_of_counter(&wanted, made.series_id, made.period);
    if (!same_key(key, &wanted)) {
        dk_image_free_counter(&made);
        return dk_record_damaged(DK_KIND_COUNTERS, key, "speaks of another counter");
    }
    *image = made;
    return DOCKET_OK;
}

void dk_image_free_counter(struct dk_counter_image *image)
{
    free(image->places);
    free(image->spares);
    image->places = NULL;
    image->spares = NULL;
}

/* ---- journal parts: (size, counter) after each other ---- */

size_t dk_image_bytes_in_part(const struct dk_counter_image *image)
{
    return 4 + counter_bytes(image);
}

uint8_t *dk_image_put_in_part(uint8_t *at, const struct dk_counter_image *image)
{
    return put_counter(dk_put_u32(at, (uint32_t)counter_bytes(image)), image);
}

docket_status dk_image_add_to_part(const struct dk_counter_image *image, struct dk_buffer *part)
{
    docket_status status = dk_image_check_counter(image);
    if (status != DOCKET_OK)
        return status;
    uint8_t *at = dk_buffer_reserve(part, dk_image_bytes_in_part(image));
    if (!at)
        return dk_image_no_memory();
    dk_image_put_in_part(at, image);
    return DOCKET_OK;
}

docket_status dk_image_seal_part(uint64_t commit_number, uint32_t number, struct dk_key *key,
                                 struct dk_buffer *part)
{
    dk_key_of_part(key, commit_number, number);
    return dk_record_seal(DK_KIND_JOURNAL, dk_key_slice(key), part);
}

docket_status dk_image_open_part(struct dk_slice key, struct dk_slice value,
                                 struct dk_part_reader *part)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_JOURNAL, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    if (key.size != 8 + 4 || payload.size == 0)
        return dk_record_damaged(DK_KIND_JOURNAL, key, "has an impossible key or is empty");
    part->key = key;
    part->payload = payload;
    part->reader = dk_reader_of(payload);
    part->commit_number = dk_key_number(key.bytes, 8);
    part->number = (uint32_t)dk_key_number(key.bytes + 8, 4);
    return DOCKET_OK;
}

void dk_image_seek_in_part(struct dk_part_reader *part, uint32_t offset)
{
    part->reader = dk_reader_of(part->payload);
    (void)dk_take(&part->reader, offset);
}

/* The payload of the next one; empty at the end of the part. */
static docket_status next_payload(struct dk_part_reader *part, struct dk_slice *payload)
{
    *payload = (struct dk_slice){0};
    if (!part->reader.odd && part->reader.left == 0)
        return DOCKET_OK;
    uint32_t size = dk_take_u32(&part->reader);
    const uint8_t *bytes = dk_take(&part->reader, size);
    if (part->reader.odd || size < COUNTER_FIXED_BYTES)
        return dk_record_damaged(DK_KIND_JOURNAL, part->key, "ends within a counter");
    *payload = (struct dk_slice){bytes, size};
    return DOCKET_OK;
}

docket_status dk_image_next_raw_in_part(struct dk_part_reader *part, struct dk_raw_counter *raw, bool *more)
{
    raw->offset = (uint32_t)(part->payload.size - part->reader.left);
    docket_status status = next_payload(part, &raw->payload);
    *more = status == DOCKET_OK && raw->payload.size > 0;
    if (!*more)
        return status;
    struct dk_reader reader = dk_reader_of(raw->payload);
    raw->series_id = dk_take_u64(&reader);
    raw->period = (int32_t)dk_take_u32(&reader);
    if (raw->series_id == 0 || raw->period < 0)
        return dk_record_damaged(DK_KIND_JOURNAL, part->key, "holds an impossible value");
    return DOCKET_OK;
}

docket_status dk_image_next_in_part(struct dk_part_reader *part, struct dk_counter_image *image,
                                    bool *more)
{
    struct dk_slice payload;
    docket_status status = next_payload(part, &payload);
    *more = status == DOCKET_OK && payload.size > 0;
    return *more ? read_counter(DK_KIND_JOURNAL, part->key, payload, image) : status;
}
