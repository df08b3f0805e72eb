/* SPDX-License-Identifier: MIT */
/* hash: XXH3, inlined; stable across builds and machines. */
#ifndef DK_BASE_HASH_H
#define DK_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-align"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

static inline uint64_t dk_hash(const void *bytes, size_t count, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, count, seed);
}

#endif
