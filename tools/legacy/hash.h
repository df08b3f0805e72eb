/* SPDX-License-Identifier: MIT */
/* hash: of 128 bits, fast; no defence against who wants two texts to have the same one: what is alike is compared. */
#ifndef DOCKET_TOOLS_LEGACY_HASH_H
#define DOCKET_TOOLS_LEGACY_HASH_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-align"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

struct hash {
    uint64_t high, low;
};

static inline struct hash hash_of(const void *bytes, size_t count, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, count, seed);
    return (struct hash){hash.high64, hash.low64};
}

#endif
