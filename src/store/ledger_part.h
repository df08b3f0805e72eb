/* SPDX-License-Identifier: MIT */
/*
 * ledger_part: one value of `ledgerlog`: entries one after the other, and a checksum. An
 * entry is kind 1, bytes of key 1, bytes of value 4, key, value: key and value as they will
 * stand in the kind's database, the value's own checksum with it, so that an entry is read alone.
 * A value that is nothing but its checksum removes the key. Knows nothing of LMDB.
 */
#ifndef DK_STORE_LEDGER_PART_H
#define DK_STORE_LEDGER_PART_H

#include "store/record.h"

/* A part that has reached this is closed, and another begun. */
enum { DK_LOG_PART_BYTES = 1 << 18, DK_LOG_ENTRY_HEAD = 1 + 1 + 4 };

struct dk_log_entry {
    enum dk_kind kind;
    uint32_t offset; /* of the entry, in the part's value */
    struct dk_slice key, value;
};

static inline bool dk_log_removes(const struct dk_log_entry *entry)
{
    return entry->value.size == DK_CHECKSUM_BYTES;
}

/* Adds to part; *offset: where. Statuses: OK, NO_MEMORY. */
docket_status dk_log_add(enum dk_kind kind, struct dk_slice key, struct dk_slice value, struct dk_buffer *part,
                         uint32_t *offset) DK_MUST_USE;
docket_status dk_log_seal(uint64_t commit_number, uint32_t number, struct dk_key *key, struct dk_buffer *part) DK_MUST_USE;

struct dk_log_reader {
    struct dk_slice name; /* key of the part */
    struct dk_slice value;
    size_t at, end;
    uint64_t commit_number;
    uint32_t number;
};
docket_status dk_log_open(struct dk_slice name, struct dk_slice value, struct dk_log_reader *reader) DK_MUST_USE;
/* *more is false, and nothing else happened, at the end of the part. */
docket_status dk_log_next(struct dk_log_reader *reader, struct dk_log_entry *entry, bool *more) DK_MUST_USE;
/* One entry; of the part only its bounds are checked. */
docket_status dk_log_at(struct dk_slice name, struct dk_slice value, uint32_t offset, struct dk_log_entry *entry) DK_MUST_USE;

/* Is the entry's value sound by its own checksum, and what its kind can be? */
docket_status dk_log_check(const struct dk_log_entry *entry) DK_MUST_USE;

#endif
