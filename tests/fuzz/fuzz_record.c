/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/fate store/record store/image store/image_series store/ledger_image store/ledger_part */
/*
 * Records of the store: bytes that decode encode to the same bytes, records
 * that encode decode to the same record, and a broken seal is always seen. The
 * input is sealed here, or no fuzzer would ever come behind the checksum.
 */
#include "fuzz.h"

#include "store/image.h"
#include "store/ledger_image.h"
#include "store/ledger_part.h"

enum { COUNTERS_MAX = 64 };

static struct dk_buffer seal(enum dk_kind kind, struct dk_slice key, struct draw draw)
{
    struct dk_buffer value = {0};
    uint8_t *at = dk_buffer_reserve(&value, draw.left);
    MUST(at != NULL);
    if (draw.left > 0)
        memcpy(at, draw.at, draw.left);
    MUST(dk_record_seal(kind, key, &value) == DOCKET_OK);
    return value;
}

/* An exact copy, so that a byte read behind it is seen. */
static struct dk_slice exact(const struct dk_buffer *value)
{
    uint8_t *copy = malloc(value->used);
    MUST(copy != NULL);
    memcpy(copy, value->bytes, value->used);
    return (struct dk_slice){copy, value->used};
}

static void same(const struct dk_key *key, const struct dk_buffer *made, struct dk_slice old_key, struct dk_slice old)
{
    MUST(key->size == old_key.size && memcmp(key->bytes, old_key.bytes, key->size) == 0);
    MUST(made->used == old.size && memcmp(made->bytes, old.bytes, old.size) == 0);
}

/* Settings may stand in any order, and be said twice: they are read into the same
 * record again, if not from the same bytes. */
static bool series_again(struct dk_slice key, struct dk_slice value)
{
    struct dk_series_record record, second;
    struct dk_buffer made = {0}, third = {0};
    struct dk_key spelled = {0};
    docket_status status = dk_image_decode_series(key, value, &record);
    MUST(status == DOCKET_OK || status == DOCKET_DAMAGED);
    if (status != DOCKET_OK)
        return false;
    MUST((record.next != NULL) == (record.next_from != 0));
    MUST(dk_image_encode_series(&record, &spelled, &made) == DOCKET_OK);
    struct dk_slice copy = {made.bytes, made.used};
    MUST(dk_image_decode_series(dk_key_slice(&spelled), copy, &second) == DOCKET_OK);
    MUST(record.id == second.id && record.policy == second.policy && record.next == second.next &&
         record.next_from == second.next_from && record.retired_ns == second.retired_ns);
    MUST(dk_image_encode_series(&second, &spelled, &third) == DOCKET_OK);
    same(&spelled, &third, key, copy);
    dk_buffer_free(&made);
    dk_buffer_free(&third);
    return true;
}

/* The ledger's, spelled again. */
static docket_status ledger_spelled(enum dk_kind kind, struct dk_slice key, struct dk_slice value, struct dk_key *spelled,
                                    struct dk_buffer *made)
{
    struct dk_ledger_record record;
    struct dk_key_read named = {0};
    struct dk_hold_read hold;
    struct dk_elsewhere_read elsewhere;
    docket_status status;
    if (kind == DK_KIND_LEDGER) {
        if ((status = dk_image_decode_ledger(key, value, &record)) == DOCKET_OK)
            MUST(dk_image_encode_ledger(&record, spelled, made) == DOCKET_OK);
    } else if (kind == DK_KIND_KEYS) {
        if ((status = dk_image_decode_key(key, value, &named)) == DOCKET_OK)
            MUST(dk_image_encode_key(&named.record, spelled, made) == DOCKET_OK);
        dk_image_free_key(&named);
    } else if (kind == DK_KIND_HOLDS) {
        if ((status = dk_image_decode_hold(key, value, &hold)) == DOCKET_OK)
            MUST(dk_image_encode_hold(&hold.record, spelled, made) == DOCKET_OK);
    } else {
        if ((status = dk_image_decode_elsewhere(key, value, &elsewhere)) == DOCKET_OK)
            MUST(dk_image_encode_elsewhere(&elsewhere.record, spelled, made) == DOCKET_OK);
    }
    return status;
}

static bool again(enum dk_kind kind, struct dk_slice key, struct dk_slice value)
{
    struct dk_buffer made = {0};
    struct dk_key spelled = {0};
    docket_status status = DOCKET_OK;
    if (kind == DK_KIND_SERIES)
        return series_again(key, value);
    if (dk_kind_is_folded_ledger(kind)) {
        status = ledger_spelled(kind, key, value, &spelled, &made);
    } else if (kind == DK_KIND_TEXTS) {
        struct dk_text_record record;
        if ((status = dk_image_decode_text(key, value, &record)) == DOCKET_OK)
            MUST(dk_image_encode_text(&record, &spelled, &made) == DOCKET_OK);
    } else if (kind == DK_KIND_RANGES) {
        struct dk_fate_record record;
        if ((status = dk_image_decode_range(key, value, &record)) == DOCKET_OK)
            MUST(dk_image_encode_range(&record, &spelled, &made) == DOCKET_OK);
    } else if (kind == DK_KIND_EVENTS) {
        struct dk_event record;
        if ((status = dk_image_decode_event(key, value, &record)) == DOCKET_OK)
            MUST(dk_image_encode_event(&record, &spelled, &made) == DOCKET_OK);
    } else {
        struct dk_counter_image image;
        if ((status = dk_image_decode_counter(key, value, &image)) == DOCKET_OK) {
            MUST(image.next <= image.mark && image.period >= 0);
            MUST(dk_image_encode_counter(&image, &spelled, &made) == DOCKET_OK);
            dk_image_free_counter(&image);
        }
    }
    MUST(status == DOCKET_OK || status == DOCKET_DAMAGED);
    if (status == DOCKET_OK)
        same(&spelled, &made, key, value);
    dk_buffer_free(&made);
    return status == DOCKET_OK;
}

static bool part_again(struct dk_slice key, struct dk_slice value)
{
    struct dk_part_reader part;
    struct dk_buffer made = {0};
    struct dk_key spelled = {0};
    docket_status status = dk_image_open_part(key, value, &part);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status != DOCKET_OK || !more)
            break;
        MUST(dk_image_add_to_part(&image, &made) == DOCKET_OK);
        dk_image_free_counter(&image);
    }
    MUST(status == DOCKET_OK || status == DOCKET_DAMAGED);
    if (status == DOCKET_OK) {
        uint32_t number = 0;
        for (int i = 8; i < 12; i++)
            number = number << 8 | key.bytes[i];
        MUST(dk_image_seal_part(part.commit_number, number, &spelled, &made) == DOCKET_OK);
        same(&spelled, &made, key, value);
    }
    dk_buffer_free(&made);
    return status == DOCKET_OK;
}

/* A part of the ledger's log: each entry is found where it was met, and all of them make the part again. */
static bool log_again(struct dk_slice key, struct dk_slice value)
{
    struct dk_log_reader reader;
    struct dk_buffer made = {0};
    struct dk_key spelled = {0};
    docket_status status = dk_log_open(key, value, &reader);
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_log_entry entry, found;
        uint32_t offset;
        status = dk_log_next(&reader, &entry, &more);
        if (status != DOCKET_OK || !more)
            break;
        MUST(dk_log_at(key, value, entry.offset, &found) == DOCKET_OK);
        MUST(found.kind == entry.kind && found.key.bytes == entry.key.bytes && found.value.bytes == entry.value.bytes);
        docket_status sound = dk_log_check(&entry);
        MUST(sound == DOCKET_OK || sound == DOCKET_DAMAGED);
        MUST(dk_log_add(entry.kind, entry.key, entry.value, &made, &offset) == DOCKET_OK && offset == entry.offset);
    }
    MUST(status == DOCKET_OK || status == DOCKET_DAMAGED);
    if (status == DOCKET_OK) {
        MUST(dk_log_seal(reader.commit_number, reader.number, &spelled, &made) == DOCKET_OK);
        same(&spelled, &made, key, value);
    }
    dk_buffer_free(&made);
    return status == DOCKET_OK;
}

static bool read_again(enum dk_kind kind, struct dk_slice key, struct dk_slice value)
{
    if (kind == DK_KIND_LEDGERLOG)
        return log_again(key, value);
    return kind == DK_KIND_JOURNAL ? part_again(key, value) : again(kind, key, value);
}

/* The place lists of an image that the input names: encoder and decoder agree
 * about what is sound. */
static void build_counter(struct draw *draw)
{
    struct dk_place_record places[COUNTERS_MAX] = {{0}};
    struct dk_range spares[COUNTERS_MAX] = {{0}};
    struct dk_counter_image image = {.places = places, .spares = spares}, read;
    struct dk_buffer value = {0}, second = {0};
    struct dk_key key = {0}, key_again = {0};
    image.series_id = draw_number(draw, 2);
    image.period = (int32_t)draw_number(draw, 4);
    image.closed = (uint32_t)draw_number(draw, 1) % 4;
    image.last_date = (uint32_t)draw_number(draw, 1) % 3 == 0 ? 20240200 + (uint32_t)draw_number(draw, 1) % 32 : 0;
    image.extent_first = draw_number(draw, 8);
    image.extent_last = draw_number(draw, 8);
    image.interval_first = draw_number(draw, 1) % 4 == 0 ? image.extent_first + draw_number(draw, 1) : 0;
    image.mark = draw_number(draw, 7);
    image.next = image.mark - (draw_number(draw, 1) & 0x7f);
    image.incarnation = draw_number(draw, 8);
    image.place_count = (uint32_t)draw_number(draw, 1) % COUNTERS_MAX;
    image.spare_count = (uint32_t)draw_number(draw, 1) % COUNTERS_MAX;
    for (uint32_t i = 0; i < image.place_count; i++) {
        places[i] = (struct dk_place_record){.place = (uint32_t)draw_number(draw, 4),
                                             .size = (uint32_t)draw_number(draw, 2),
                                             .closed_seq = draw_number(draw, 1),
                                             .seq = draw_number(draw, 1),
                                             .first = draw_number(draw, 8),
                                             .offset = (uint32_t)draw_number(draw, 2),
                                             .spare = (uint32_t)draw_number(draw, 1) % 3};
    }
    for (uint32_t i = 0; i < image.spare_count; i++) {
        spares[i].first = draw_number(draw, 4);
        spares[i].last = draw_number(draw, 4);
    }
    docket_status status = dk_image_encode_counter(&image, &key, &value);
    MUST(status == DOCKET_OK || status == DOCKET_BAD_ARGUMENT);
    if (status == DOCKET_OK) {
        struct dk_slice copy = exact(&value);
        MUST(dk_image_decode_counter(dk_key_slice(&key), copy, &read) == DOCKET_OK);
        MUST(read.series_id == image.series_id && read.period == image.period && read.mark == image.mark &&
             read.next == image.next && read.closed == image.closed && read.last_date == image.last_date &&
             read.interval_first == image.interval_first &&
             read.place_count == image.place_count &&
             read.spare_count == image.spare_count);
        MUST(memcmp(read.places ? read.places : places, places, image.place_count * sizeof *places) == 0);
        MUST(memcmp(read.spares ? read.spares : spares, spares, image.spare_count * sizeof *spares) == 0);
        MUST(dk_image_encode_counter(&read, &key_again, &second) == DOCKET_OK);
        same(&key_again, &second, dk_key_slice(&key), copy);
        dk_image_free_counter(&read);
        free((void *)(uintptr_t)copy.bytes);
    }
    dk_buffer_free(&value);
    dk_buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const enum dk_kind kinds[] = {DK_KIND_SERIES, DK_KIND_COUNTERS, DK_KIND_JOURNAL, DK_KIND_RANGES,
                                         DK_KIND_EVENTS, DK_KIND_TEXTS};
    struct draw draw = {bytes, size};
    uint64_t choice = draw_number(&draw, 1);
    if (choice < 0x80 && choice % 8 == 7) {
        build_counter(&draw);
        return 0;
    }
    enum dk_kind kind = choice < 0x80 ? kinds[choice % 8 % 6] : (enum dk_kind)(DK_KIND_LEDGERLOG + choice % 5);
    uint64_t flip = draw_number(&draw, 2);
    uint8_t key_bytes[DK_KEY_BYTES];
    size_t key_size = (size_t)draw_number(&draw, 1) % sizeof key_bytes;
    key_size = key_size > draw.left ? draw.left : key_size;
    draw_bytes(&draw, key_bytes, key_size);
    struct dk_slice key = {key_bytes, key_size};
    struct dk_buffer value = seal(kind, key, draw);
    struct dk_slice copy = exact(&value);
    bool good = read_again(kind, key, copy);
    (void)good;
    /* One flipped bit of value or seal, and it is refused. */
    uint8_t *writable = (uint8_t *)(uintptr_t)copy.bytes;
    writable[flip / 8 % copy.size] ^= (uint8_t)(1u << flip % 8);
    MUST(!read_again(kind, key, copy));
    free(writable);
    dk_buffer_free(&value);
    return 0;
}
