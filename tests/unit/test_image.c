/* SPDX-License-Identifier: MIT */
/* links: base/status.c store/record.c store/image.c store/image_series.c store/seen.c numbering/policy.c */
/* Each record of the store as bytes and back: what is written is read, and of
 * anything else nothing is accepted. */
#include "store/image.h"

#include "store/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef docket_status (*decode)(struct dk_slice key, struct dk_slice value);

static docket_status decode_series(struct dk_slice key, struct dk_slice value)
{
    struct dk_series_record record;
    return dk_image_decode_series(key, value, &record);
}

static docket_status decode_range(struct dk_slice key, struct dk_slice value)
{
    struct dk_fate_record record;
    return dk_image_decode_range(key, value, &record);
}

static docket_status decode_event(struct dk_slice key, struct dk_slice value)
{
    struct dk_event event;
    return dk_image_decode_event(key, value, &event);
}

static docket_status decode_counter(struct dk_slice key, struct dk_slice value)
{
    struct dk_counter_image image;
    docket_status status = dk_image_decode_counter(key, value, &image);
    if (status == DOCKET_OK)
        dk_image_free_counter(&image);
    return status;
}

static docket_status decode_part(struct dk_slice key, struct dk_slice value)
{
    struct dk_part_reader part;
    bool more = true;
    docket_status status = dk_image_open_part(key, value, &part);
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status == DOCKET_OK && more)
            dk_image_free_counter(&image);
    }
    return status;
}

static docket_status decode_text(struct dk_slice key, struct dk_slice value)
{
    struct dk_text_record record;
    return dk_image_decode_text(key, value, &record);
}

/* ---- examples ---- */

static struct dk_series_record a_series(void)
{
    struct dk_series_record record = {.id = 7, .created_ns = 1764000000123456789, .uid = 1000};
    struct dk_policy policy;
    dk_policy_default(&policy);
    policy.order = DK_LEASED;
    policy.restart = DK_DAILY;
    policy.window = 4711;
    record.policy = dk_policy_keep(&policy);
    strcpy(record.tenant, "acme");
    strcpy(record.name, "INV");
    strcpy(record.desk, "office");
    return record;
}

static struct dk_text_record a_text(void)
{
    struct dk_text_record text = {.series_id = 7, .version = 2, .restart = DK_YEARLY, .last = 999999, .from_ns = 5};
    struct dk_template template;
    struct dk_texts names = {"acme", "", ""};
    assert_int_equal(dk_template_parse("A-{YYYY}-{N:6}", &template), DOCKET_OK);
    assert_int_equal(dk_template_resolve(&template, &names, &template.fiscal, &template), DOCKET_OK);
    dk_form_pack(&template, &text.form);
    strcpy(text.tenant, "acme");
    strcpy(text.series, "INV");
    strcpy(text.beginning, "A-");
    return text;
}

static struct dk_fate_record a_range(void)
{
    return (struct dk_fate_record){.series_id = 7,
                                   .period = 2026,
                                   .fate = DK_FATE_UNKNOWN,
                                   .cause = DK_CAUSE_POWER_LOSS,
                                   .range = {101, 200},
                                   .time_ns = -5};
}

static struct dk_event an_event(void)
{
    return (struct dk_event){
        .number = 3, .time_ns = 99, .kind = "reap", .uid = 0, .text = "a seat's process ended"};
}

static struct dk_place_record places[2] = {
    {.place = 9, .size = 100, .closed_seq = 4, .seq = 5, .first = 1001, .offset = 17, .spare = 1},
    {.place = 10, .closed_seq = 8, .seq = 8}};
static struct dk_range spares[3] = {{1, 5}, {9, 9}, {20, 80}};

static struct dk_counter_image a_counter(void)
{
    return (struct dk_counter_image){.series_id = 7,
                                     .period = 20261124,
                                     .closed = 1,
                                     .extent_first = 1,
                                     .extent_last = DOCKET_NUMBER_MAX,
                                     .mark = 2001,
                                     .next = 1101,
                                     .incarnation = 42,
                                     .place_count = 2,
                                     .spare_count = 3,
                                     .places = places,
                                     .spares = spares};
}

/* One sealed record of each kind. */
struct sample {
    const char *name;
    decode decode;
    struct dk_key key;
    struct dk_buffer value;
};

enum { SAMPLES = 6 };
static struct sample samples[SAMPLES];

static int make_samples(void **state)
{
    (void)state;
    struct dk_series_record series = a_series();
    struct dk_fate_record range = a_range();
    struct dk_event event = an_event();
    struct dk_counter_image counter = a_counter(), second = a_counter();
    second.period = 2026;
    memset(samples, 0, sizeof samples);
    for (int at = 0; at < SAMPLES; at++)
        samples[at].decode = (const decode[]){decode_series, decode_range, decode_event,
                                              decode_counter, decode_part, decode_text}[at];
    docket_status status = dk_image_encode_series(&series, &samples[0].key, &samples[0].value);
    assert_int_equal(status, DOCKET_OK);
    status = dk_image_encode_range(&range, &samples[1].key, &samples[1].value);
    assert_int_equal(status, DOCKET_OK);
    status = dk_image_encode_event(&event, &samples[2].key, &samples[2].value);
    assert_int_equal(status, DOCKET_OK);
    status = dk_image_encode_counter(&counter, &samples[3].key, &samples[3].value);
    assert_int_equal(status, DOCKET_OK);
    struct dk_text_record text = a_text();
    assert_int_equal(dk_image_encode_text(&text, &samples[5].key, &samples[5].value), DOCKET_OK);
    assert_int_equal(dk_image_add_to_part(&counter, &samples[4].value), DOCKET_OK);
    assert_int_equal(dk_image_add_to_part(&second, &samples[4].value), DOCKET_OK);
    return dk_image_seal_part(77, 0, &samples[4].key, &samples[4].value);
}

static int free_samples(void **state)
{
    (void)state;
    for (int at = 0; at < SAMPLES; at++)
        dk_buffer_free(&samples[at].value);
    return 0;
}

/* A copy of exactly this size: reading beyond it is seen by a sanitizer. */
static docket_status decode_copy(const struct sample *sample, struct dk_slice key, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, sample->value.bytes, size);
    docket_status status = sample->decode(key, (struct dk_slice){copy, size});
    free(copy);
    return status;
}

/* ---- what is written is read ---- */

static void a_series_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct dk_series_record record, wanted = a_series();
    struct dk_slice value = {samples[0].value.bytes, samples[0].value.used};
    assert_int_equal(dk_image_decode_series(dk_key_slice(&samples[0].key), value, &record),
                     DOCKET_OK);
    assert_int_equal(record.id, wanted.id);
    assert_string_equal(record.tenant, "acme");
    assert_string_equal(record.name, "INV");
    assert_string_equal(record.desk, "office");
    assert_true(record.created_ns == wanted.created_ns);
    assert_int_equal(record.uid, 1000);
    assert_ptr_equal(record.policy, wanted.policy);
    assert_null(record.next);
    assert_true(record.next_from == 0 && record.retired_ns == 0);
}

static void a_range_and_an_event_are_read_as_they_were_written(void **state)
{
    (void)state;
    struct dk_fate_record range, wanted_range = a_range();
    struct dk_event event, wanted_event = an_event();
    struct dk_slice value = {samples[1].value.bytes, samples[1].value.used};
    assert_int_equal(dk_image_decode_range(dk_key_slice(&samples[1].key), value, &range),
                     DOCKET_OK);
    assert_int_equal(range.series_id, wanted_range.series_id);
    assert_int_equal(range.period, wanted_range.period);
    assert_int_equal(range.fate, wanted_range.fate);
    assert_int_equal(range.cause, wanted_range.cause);
    assert_memory_equal(&range.range, &wanted_range.range, sizeof range.range);
    assert_int_equal(range.time_ns, wanted_range.time_ns);
    value = (struct dk_slice){samples[2].value.bytes, samples[2].value.used};
    assert_int_equal(dk_image_decode_event(dk_key_slice(&samples[2].key), value, &event),
                     DOCKET_OK);
    assert_int_equal(event.number, wanted_event.number);
    assert_int_equal(event.time_ns, wanted_event.time_ns);
    assert_string_equal(event.kind, wanted_event.kind);
    assert_string_equal(event.text, wanted_event.text);
}

static void assert_same_counter(const struct dk_counter_image *image,
                                const struct dk_counter_image *wanted)
{
    assert_int_equal(image->series_id, wanted->series_id);
    assert_int_equal(image->period, wanted->period);
    assert_int_equal(image->closed, wanted->closed);
    assert_int_equal(image->last_date, wanted->last_date);
    assert_int_equal(image->interval_first, wanted->interval_first);
    assert_int_equal(image->extent_first, wanted->extent_first);
    assert_int_equal(image->extent_last, wanted->extent_last);
    assert_int_equal(image->mark, wanted->mark);
    assert_int_equal(image->next, wanted->next);
    assert_int_equal(image->incarnation, wanted->incarnation);
    assert_int_equal(image->place_count, wanted->place_count);
    assert_int_equal(image->spare_count, wanted->spare_count);
    assert_memory_equal(image->places, wanted->places, sizeof places);
    assert_memory_equal(image->spares, wanted->spares, sizeof spares);
}

static void a_counter_is_read_with_its_places_and_spares(void **state)
{
    (void)state;
    struct dk_counter_image image, wanted = a_counter();
    struct dk_slice value = {samples[3].value.bytes, samples[3].value.used};
    assert_int_equal(dk_image_decode_counter(dk_key_slice(&samples[3].key), value, &image),
                     DOCKET_OK);
    assert_same_counter(&image, &wanted);
    dk_image_free_counter(&image);
}

static void a_journal_part_is_read_counter_by_counter(void **state)
{
    (void)state;
    struct dk_counter_image image, wanted = a_counter();
    struct dk_slice value = {samples[4].value.bytes, samples[4].value.used};
    struct dk_part_reader part;
    bool more = false;
    assert_int_equal(dk_image_open_part(dk_key_slice(&samples[4].key), value, &part), DOCKET_OK);
    assert_int_equal(part.commit_number, 77);
    assert_int_equal(dk_image_next_in_part(&part, &image, &more), DOCKET_OK);
    assert_true(more);
    assert_same_counter(&image, &wanted);
    dk_image_free_counter(&image);
    assert_int_equal(dk_image_next_in_part(&part, &image, &more), DOCKET_OK);
    assert_true(more);
    wanted.period = 2026;
    assert_same_counter(&image, &wanted);
    dk_image_free_counter(&image);
    assert_int_equal(dk_image_next_in_part(&part, &image, &more), DOCKET_OK);
    assert_false(more);
}

/* ---- anything else is refused ---- */

static void every_flipped_bit_of_every_value_is_refused_as_damaged(void **state)
{
    (void)state;
    for (int at = 0; at < SAMPLES; at++) {
        struct sample *sample = &samples[at];
        struct dk_slice key = dk_key_slice(&sample->key);
        for (size_t bit = 0; bit < 8 * sample->value.used; bit++) {
            sample->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            docket_status status = decode_copy(sample, key, sample->value.used);
            sample->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (status != DOCKET_DAMAGED)
                fail_msg("sample %d, bit %zu: %s", at, bit, docket_status_name(status));
        }
        assert_int_equal(decode_copy(sample, key, sample->value.used), DOCKET_OK);
    }
}

static void every_flipped_bit_of_every_key_is_refused_as_damaged(void **state)
{
    (void)state;
    for (int at = 0; at < SAMPLES; at++) {
        struct sample *sample = &samples[at];
        for (size_t bit = 0; bit < 8 * sample->key.size; bit++) {
            struct dk_key key = sample->key;
            key.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(decode_copy(sample, dk_key_slice(&key), sample->value.used),
                             DOCKET_DAMAGED);
        }
    }
}

static void every_value_cut_short_is_refused_as_damaged(void **state)
{
    (void)state;
    for (int at = 0; at < SAMPLES; at++) {
        for (size_t size = 0; size < samples[at].value.used; size++)
            assert_int_equal(decode_copy(&samples[at], dk_key_slice(&samples[at].key), size),
                             DOCKET_DAMAGED);
    }
}

/* The checksum is right, so that the checks behind it are what refuses. */
static void every_payload_cut_short_and_sealed_anew_is_refused_as_damaged(void **state)
{
    (void)state;
    const enum dk_kind kinds[] = {DK_KIND_SERIES, DK_KIND_RANGES, DK_KIND_EVENTS, DK_KIND_COUNTERS,
                                  DK_KIND_JOURNAL, DK_KIND_TEXTS};
    for (int at = 0; at < SAMPLES; at++) {
        struct sample *sample = &samples[at];
        struct dk_slice key = dk_key_slice(&sample->key);
        size_t whole = sample->value.used - DK_CHECKSUM_BYTES;
        size_t first = decode_part == sample->decode ? 4 + (whole - 8) / 2 : whole;
        for (size_t size = 0; size < whole; size++) {
            if (size == first)
                continue; /* a part that ends after its first counter is whole */
            struct dk_buffer cut = {0};
            uint8_t *bytes = dk_buffer_reserve(&cut, size);
            memcpy(bytes, sample->value.bytes, size);
            assert_int_equal(dk_record_seal(kinds[at], key, &cut), DOCKET_OK);
            docket_status status = sample->decode(key, (struct dk_slice){cut.bytes, cut.used});
            dk_buffer_free(&cut);
            if (status != DOCKET_DAMAGED)
                fail_msg("sample %d, %zu of %zu: %s", at, size, whole, docket_status_name(status));
        }
    }
}

static void every_payload_with_a_byte_too_much_is_refused_as_damaged(void **state)
{
    (void)state;
    const enum dk_kind kinds[] = {DK_KIND_SERIES, DK_KIND_RANGES, DK_KIND_EVENTS, DK_KIND_COUNTERS,
                                  DK_KIND_JOURNAL, DK_KIND_TEXTS};
    for (int at = 0; at < SAMPLES; at++) {
        struct sample *sample = &samples[at];
        struct dk_slice key = dk_key_slice(&sample->key);
        sample->value.used -= DK_CHECKSUM_BYTES;
        *dk_buffer_reserve(&sample->value, 1) = 0;
        assert_int_equal(dk_record_seal(kinds[at], key, &sample->value), DOCKET_OK);
        assert_int_equal(decode_copy(sample, key, sample->value.used), DOCKET_DAMAGED);
    }
}

/* Whatever the payload says: a status, and no reading beyond its end. */
static void every_byte_set_to_every_value_and_sealed_anew_is_answered(void **state)
{
    (void)state;
    struct sample *sample = &samples[3];
    struct dk_slice key = dk_key_slice(&sample->key);
    unsigned accepted = 0;
    size_t whole = sample->value.used - DK_CHECKSUM_BYTES;
    for (size_t at = 0; at < whole; at++) {
        uint8_t before = sample->value.bytes[at];
        for (unsigned value = 0; value < 256; value++) {
            sample->value.bytes[at] = (uint8_t)value;
            sample->value.used = whole;
            assert_int_equal(dk_record_seal(DK_KIND_COUNTERS, key, &sample->value), DOCKET_OK);
            docket_status status = decode_copy(sample, key, sample->value.used);
            assert_true(status == DOCKET_OK || status == DOCKET_DAMAGED);
            accepted += status == DOCKET_OK;
        }
        sample->value.bytes[at] = before;
    }
    assert_true(accepted > 0);
}

static void a_sound_value_under_another_key_is_refused_as_damaged(void **state)
{
    (void)state;
    struct dk_key other;
    dk_key_of_counter(&other, 8, 20261124);
    assert_int_equal(decode_copy(&samples[3], dk_key_slice(&other), samples[3].value.used),
                     DOCKET_DAMAGED);
    assert_non_null(strstr(dk_error_text(), "0000000000000008"));
    dk_key_of_series(&other, "acm", "eINV");
    assert_int_equal(decode_copy(&samples[0], dk_key_slice(&other), samples[0].value.used),
                     DOCKET_DAMAGED);
    assert_non_null(strstr(dk_error_text(), "acm/eINV"));
}

static void a_counter_sealed_under_the_key_of_another_is_refused_as_damaged(void **state)
{
    (void)state;
    struct dk_key other;
    struct dk_counter_image image;
    dk_key_of_counter(&other, 8, 20261124);
    samples[3].value.used -= DK_CHECKSUM_BYTES;
    docket_status status =
        dk_record_seal(DK_KIND_COUNTERS, dk_key_slice(&other), &samples[3].value);
    assert_int_equal(status, DOCKET_OK);
    struct dk_slice value = {samples[3].value.bytes, samples[3].value.used};
    assert_int_equal(dk_image_decode_counter(dk_key_slice(&other), value, &image), DOCKET_DAMAGED);
}

static void a_value_of_another_database_is_refused_as_damaged(void **state)
{
    (void)state;
    struct dk_slice payload;
    struct dk_slice key = dk_key_slice(&samples[3].key);
    struct dk_slice value = {samples[3].value.bytes, samples[3].value.used};
    assert_int_equal(dk_record_unseal(DK_KIND_COUNTERS, key, value, &payload), DOCKET_OK);
    assert_int_equal(dk_record_unseal(DK_KIND_RANGES, key, value, &payload), DOCKET_DAMAGED);
}

/* ---- what may not be written ---- */

static docket_status encode_counter(const struct dk_counter_image *image)
{
    struct dk_key key;
    struct dk_buffer value = {0};
    docket_status status = dk_image_encode_counter(image, &key, &value);
    dk_buffer_free(&value);
    return status;
}

static void a_counter_that_breaks_the_law_is_not_written(void **state)
{
    (void)state;
    struct dk_counter_image image = a_counter();
    image.next = image.mark + 1;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.series_id = 0;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.period = -1;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.closed = 4;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.last_date = 20260230;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.interval_first = image.extent_last + 1;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
}

static void a_place_or_spare_that_breaks_the_law_is_not_written(void **state)
{
    (void)state;
    struct dk_counter_image image = a_counter();
    struct dk_place_record place = places[0];
    struct dk_range spare = {6, 5};
    image.spares = &spare;
    image.spare_count = 1;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    image = a_counter();
    image.places = &place;
    image.place_count = 1;
    place.offset = place.size + 1;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    place = places[0];
    place.seq = place.closed_seq;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
    place = places[0];
    place.spare = 2;
    assert_int_equal(encode_counter(&image), DOCKET_BAD_ARGUMENT);
}

static void texts_without_an_end_are_not_written(void **state)
{
    (void)state;
    struct dk_key key;
    struct dk_buffer value = {0};
    struct dk_series_record series = a_series();
    struct dk_event event = an_event();
    memset(series.desk, 'd', sizeof series.desk);
    assert_int_equal(dk_image_encode_series(&series, &key, &value), DOCKET_BAD_ARGUMENT);
    memset(event.text, 't', sizeof event.text);
    assert_int_equal(dk_image_encode_event(&event, &key, &value), DOCKET_BAD_ARGUMENT);
    assert_int_equal(value.used, 0);
}

static void the_longest_texts_are_written_and_read(void **state)
{
    (void)state;
    struct dk_key key;
    struct dk_buffer value = {0};
    struct dk_series_record series = a_series(), read;
    struct dk_event event = an_event(), event_read;
    memset(series.tenant, 't', DOCKET_NAME_MAX);
    memset(series.name, 'n', DOCKET_NAME_MAX);
    memset(series.desk, 'd', DOCKET_NAME_MAX);
    struct dk_policy policy = *series.policy;
    memset(policy.template_text, 'x', sizeof policy.template_text - 1);
    series.policy = dk_policy_keep(&policy);
    assert_int_equal(dk_image_encode_series(&series, &key, &value), DOCKET_OK);
    struct dk_slice slice = {value.bytes, value.used};
    assert_int_equal(dk_image_decode_series(dk_key_slice(&key), slice, &read), DOCKET_OK);
    assert_string_equal(read.tenant, series.tenant);
    assert_string_equal(read.name, series.name);
    assert_string_equal(read.desk, series.desk);
    value.used = 0;
    memset(event.text, 't', sizeof event.text - 1);
    assert_int_equal(dk_image_encode_event(&event, &key, &value), DOCKET_OK);
    slice = (struct dk_slice){value.bytes, value.used};
    assert_int_equal(dk_image_decode_event(dk_key_slice(&key), slice, &event_read), DOCKET_OK);
    assert_string_equal(event_read.text, event.text);
    dk_buffer_free(&value);
}

static void a_range_of_another_fate_is_not_written(void **state)
{
    (void)state;
    struct dk_key key;
    struct dk_buffer value = {0};
    struct dk_fate_record range = a_range();
    range.fate = DK_FATE_SPARE;
    assert_int_equal(dk_image_encode_range(&range, &key, &value), DOCKET_BAD_ARGUMENT);
    range = a_range();
    range.range.last = range.range.first - 1;
    assert_int_equal(dk_image_encode_range(&range, &key, &value), DOCKET_BAD_ARGUMENT);
    range = a_range();
    range.cause = 99;
    assert_int_equal(dk_image_encode_range(&range, &key, &value), DOCKET_BAD_ARGUMENT);
}

/* ---- keys sort by number; the set of counters seen ---- */

static void keys_sort_as_their_numbers_do(void **state)
{
    (void)state;
    struct dk_key low, high;
    dk_key_of_range(&low, 1, 2026, 255);
    dk_key_of_range(&high, 1, 2026, 256);
    assert_true(memcmp(low.bytes, high.bytes, low.size) < 0);
    dk_key_of_part(&low, 0xffff, 9);
    dk_key_of_part(&high, 0x10000, 0);
    assert_true(memcmp(low.bytes, high.bytes, low.size) < 0);
}

static void a_counter_is_new_once(void **state)
{
    (void)state;
    struct dk_seen seen = {0};
    bool added;
    assert_false(dk_seen_has(&seen, 1, 0));
    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t id = 1; id <= 5000; id++) {
            assert_int_equal(dk_seen_add(&seen, id, (int32_t)(id % 3), &added), DOCKET_OK);
            assert_int_equal(added, round == 0);
        }
    }
    assert_true(dk_seen_has(&seen, 5000, 5000 % 3));
    assert_false(dk_seen_has(&seen, 5000, 5000 % 3 + 1));
    dk_seen_free(&seen);
}

#define WITH_SAMPLES(name) cmocka_unit_test_setup_teardown(name, make_samples, free_samples)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAMPLES(a_series_is_read_as_it_was_written),
        WITH_SAMPLES(a_range_and_an_event_are_read_as_they_were_written),
        WITH_SAMPLES(a_counter_is_read_with_its_places_and_spares),
        WITH_SAMPLES(a_journal_part_is_read_counter_by_counter),
        WITH_SAMPLES(every_flipped_bit_of_every_value_is_refused_as_damaged),
        WITH_SAMPLES(every_flipped_bit_of_every_key_is_refused_as_damaged),
        WITH_SAMPLES(every_value_cut_short_is_refused_as_damaged),
        WITH_SAMPLES(every_payload_cut_short_and_sealed_anew_is_refused_as_damaged),
        WITH_SAMPLES(every_payload_with_a_byte_too_much_is_refused_as_damaged),
        WITH_SAMPLES(every_byte_set_to_every_value_and_sealed_anew_is_answered),
        WITH_SAMPLES(a_sound_value_under_another_key_is_refused_as_damaged),
        WITH_SAMPLES(a_counter_sealed_under_the_key_of_another_is_refused_as_damaged),
        WITH_SAMPLES(a_value_of_another_database_is_refused_as_damaged),
        cmocka_unit_test(a_counter_that_breaks_the_law_is_not_written),
        cmocka_unit_test(a_place_or_spare_that_breaks_the_law_is_not_written),
        cmocka_unit_test(texts_without_an_end_are_not_written),
        cmocka_unit_test(the_longest_texts_are_written_and_read),
        cmocka_unit_test(a_range_of_another_fate_is_not_written),
        cmocka_unit_test(keys_sort_as_their_numbers_do),
        cmocka_unit_test(a_counter_is_new_once),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
