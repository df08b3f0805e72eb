/* SPDX-License-Identifier: MIT */
/*
 * checksum: what ends every value of the store. LMDB has no checksums of its
 * own, and a flipped bit in a mark would be a number given twice.
 */
#ifndef DK_STORE_CHECKSUM_H
#define DK_STORE_CHECKSUM_H

#include "base/hash.h"

/* Of a value: seeded with the hash of its key and database, so that a sound
 * value under a wrong key, or in a wrong database, fails too. */
static inline uint64_t dk_checksum_value(uint64_t database, const void *key, size_t key_bytes,
                                         const void *value, size_t value_bytes)
{
    return dk_hash(value, value_bytes, dk_hash(key, key_bytes, database));
}

static inline uint64_t dk_checksum_bytes(const void *bytes, size_t count)
{
    return dk_hash(bytes, count, 0);
}

#endif
