/* SPDX-License-Identifier: MIT */
/*
 * sha: SHA-256 (FIPS 180-4), a piece at a time. A start hashes every event of
 * the trail; so the processor's own instructions do it where there are some,
 * and libmd elsewhere. Only chain.c includes this.
 */
#ifndef DK_STORE_SHA_H
#define DK_STORE_SHA_H

#include <stddef.h>
#include <stdint.h>

struct dk_sha {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void dk_sha_begin(struct dk_sha *sha);
void dk_sha_add(struct dk_sha *sha, const uint8_t *bytes, size_t count);
void dk_sha_end(uint8_t digest[32], struct dk_sha *sha);

/* One block of 64 bytes, by libmd; and by the processor: false, and nothing done, if it cannot. */
void dk_sha_block_plain(uint32_t state[8], const uint8_t block[64]);
int dk_sha_block_quick(uint32_t state[8], const uint8_t block[64]);

#endif
