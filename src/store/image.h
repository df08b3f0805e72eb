/* SPDX-License-Identifier: MIT */
/*
 * image: each record of the store as bytes, and back. Only files of src/store/
 * include this; it knows nothing of LMDB and does no input or output.
 *
 * Invariants
 *  1. Every decoder checks the checksum, every length, every range and that
 *     the value says the same as its key; anything odd is DAMAGED.
 *  2. Every encoder refuses, with BAD_ARGUMENT, what its decoder would refuse.
 *
 * Encoders append to *value, which the caller emptied, and fill *key.
 */
#ifndef DK_STORE_IMAGE_H
#define DK_STORE_IMAGE_H

#include "store/record.h"
#include "store/store.h"

/* Most places, and most spares, of one counter. */
#define DK_IMAGE_LIST_MAX (1u << 20)

docket_status dk_image_encode_series(const struct dk_series_record *record, struct dk_key *key,
                                     struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_series(struct dk_slice key, struct dk_slice value,
                                     struct dk_series_record *record) DK_MUST_USE;

/* image_series.c: what the key says is not compared with the form's beginning. */
docket_status dk_image_encode_text(const struct dk_text_record *record, struct dk_key *key,
                                   struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_text(struct dk_slice key, struct dk_slice value,
                                   struct dk_text_record *record) DK_MUST_USE;
void dk_image_key_of_text(const struct dk_text_record *record, struct dk_key *key);

docket_status dk_image_no_memory(void);

docket_status dk_image_encode_range(const struct dk_fate_record *record, struct dk_key *key,
                                    struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_range(struct dk_slice key, struct dk_slice value,
                                    struct dk_fate_record *record) DK_MUST_USE;

docket_status dk_image_encode_event(const struct dk_event *event, struct dk_key *key,
                                    struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_event(struct dk_slice key, struct dk_slice value,
                                    struct dk_event *event) DK_MUST_USE;

/* A decoded counter owns its lists: dk_image_free_counter(). */
docket_status dk_image_encode_counter(const struct dk_counter_image *image, struct dk_key *key,
                                      struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_counter(struct dk_slice key, struct dk_slice value,
                                      struct dk_counter_image *image) DK_MUST_USE;
void dk_image_free_counter(struct dk_counter_image *image);

/* A journal part: counters of one commit, one after the other, one checksum. BAD_ARGUMENT: the image breaks the law. */
docket_status dk_image_check_counter(const struct dk_counter_image *image) DK_MUST_USE;
/* What it takes in a part. */
size_t dk_image_bytes_in_part(const struct dk_counter_image *image);
/* Writes it; returns the byte after. */
uint8_t *dk_image_put_in_part(uint8_t *at, const struct dk_counter_image *image);
/* The same into a buffer, one by one, and the checksum. */
docket_status dk_image_add_to_part(const struct dk_counter_image *image, struct dk_buffer *part) DK_MUST_USE;
docket_status dk_image_seal_part(uint64_t commit_number, uint32_t number, struct dk_key *key,
                                 struct dk_buffer *part) DK_MUST_USE;

struct dk_part_reader {
    struct dk_slice key; /* lives as long as the part's bytes */
    uint32_t number;
    struct dk_slice payload; /* all of it */
    struct dk_reader reader;
    uint64_t commit_number;
};

docket_status dk_image_open_part(struct dk_slice key, struct dk_slice value,
                                 struct dk_part_reader *part) DK_MUST_USE;
/* *more is false, and nothing else happened, at the end of the part. */
docket_status dk_image_next_in_part(struct dk_part_reader *part, struct dk_counter_image *image,
                                    bool *more) DK_MUST_USE;

/* As it lies in a part: what its record will be, without the checksum. */
struct dk_raw_counter {
    uint64_t series_id;
    int32_t period;
    uint32_t offset; /* in the part, of its size */
    struct dk_slice payload;
};
docket_status dk_image_next_raw_in_part(struct dk_part_reader *part, struct dk_raw_counter *raw, bool *more) DK_MUST_USE;
/* The reader goes on at this offset. */
void dk_image_seek_in_part(struct dk_part_reader *part, uint32_t offset);

#endif
