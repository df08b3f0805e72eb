/* SPDX-License-Identifier: MIT */
/*
 * ledger_image: the records of ledger.h as bytes, and back; invariants of image.h. What
 * a decoder shows points into the value, or into what it was given to read into.
 * Knows nothing of LMDB.
 */
#ifndef DK_STORE_LEDGER_IMAGE_H
#define DK_STORE_LEDGER_IMAGE_H

#include "store/image.h"
#include "store/ledger.h"

enum { DK_RESERVED_MAX = 10000 /* ranges of one reservation */ };

docket_status dk_image_encode_ledger(const struct dk_ledger_record *record, struct dk_key *key,
                                     struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_ledger(struct dk_slice key, struct dk_slice value,
                                     struct dk_ledger_record *record) DK_MUST_USE;

/* A key as it was read: zero it, dk_image_free_key() after. */
struct dk_key_read {
    struct dk_key_record record;
    char text[DK_KEY_MAX + 1];
    char document[DOCKET_TEXT_MAX];
    struct dk_range one;
    struct dk_range *many;
};
docket_status dk_image_encode_key(const struct dk_key_record *record, struct dk_key *key,
                                  struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_key(struct dk_slice key, struct dk_slice value, struct dk_key_read *read) DK_MUST_USE;
void dk_image_free_key(struct dk_key_read *read);

struct dk_hold_read {
    struct dk_hold_record record;
    char text[DK_KEY_MAX + 1];
};
docket_status dk_image_encode_hold(const struct dk_hold_record *record, struct dk_key *key,
                                   struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_hold(struct dk_slice key, struct dk_slice value, struct dk_hold_read *read) DK_MUST_USE;

struct dk_elsewhere_read {
    struct dk_elsewhere_record record;
    char tenant[DOCKET_NAME_MAX + 1];
    char text[DOCKET_TEXT_MAX];
};
docket_status dk_image_encode_elsewhere(const struct dk_elsewhere_record *record, struct dk_key *key,
                                        struct dk_buffer *value) DK_MUST_USE;
docket_status dk_image_decode_elsewhere(struct dk_slice key, struct dk_slice value,
                                        struct dk_elsewhere_read *read) DK_MUST_USE;

/* Only the keys. BAD_ARGUMENT where no such record can be. */
docket_status dk_image_key_of_ledger(uint64_t series_id, int32_t period, uint64_t number, struct dk_key *key) DK_MUST_USE;
docket_status dk_image_key_of_key(uint64_t series_id, uint8_t kind, const char *text, struct dk_key *key) DK_MUST_USE;
docket_status dk_image_key_of_hold(const struct dk_hold_record *record, struct dk_key *key) DK_MUST_USE;
docket_status dk_image_key_of_elsewhere(const char *tenant, const char *text, struct dk_key *key) DK_MUST_USE;

#endif
