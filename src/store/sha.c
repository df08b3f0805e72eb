/* SPDX-License-Identifier: MIT */
/* sha: see sha.h. */
#include "store/sha.h"

#include <sha2.h>
#include <string.h>

void dk_sha_block_plain(uint32_t state[8], const uint8_t block[64])
{
    SHA256Transform(state, block);
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* SSSE3, SSE4.1 and the SHA instructions. */
static int can(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 9 & 1) || !(c >> 19 & 1))
        return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

/* The instructions keep the eight words as ABEF and CDGH; four rounds take two of them. */
__attribute__((target("sha,sse4.1,ssse3"))) static void rounds(uint32_t state[8], const uint8_t block[64])
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i words[4];
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    const __m128i abef_before = abef, cdgh_before = cdgh;
#pragma GCC unroll 16
    for (unsigned four = 0; four < 16; four++) {
        __m128i word;
        if (four < 4) {
            word = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * four)), swap);
        } else {
            __m128i first = words[four & 3], last = words[(four + 3) & 3];
            word = _mm_sha256msg1_epu32(first, words[(four + 1) & 3]);
            word = _mm_add_epi32(word, _mm_alignr_epi8(last, words[(four + 2) & 3], 4));
            word = _mm_sha256msg2_epu32(word, last);
        }
        words[four & 3] = word;
        word = _mm_add_epi32(word, _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * four)));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, word);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(word, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

int dk_sha_block_quick(uint32_t state[8], const uint8_t block[64])
{
    static int known; /* 1 it can, 2 it cannot; whoever asks first finds the same */
    int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (answer == 0) {
        answer = can() ? 1 : 2;
        __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    }
    if (answer == 1)
        rounds(state, block);
    return answer == 1;
}

#else

int dk_sha_block_quick(uint32_t state[8], const uint8_t block[64])
{
    (void)state;
    (void)block;
    return 0;
}

#endif

static void take_block(struct dk_sha *sha, const uint8_t block[64])
{
    if (!dk_sha_block_quick(sha->state, block))
        dk_sha_block_plain(sha->state, block);
}

void dk_sha_begin(struct dk_sha *sha)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, first, sizeof sha->state);
    sha->bytes = 0;
}

void dk_sha_add(struct dk_sha *sha, const uint8_t *bytes, size_t count)
{
    size_t filled = (size_t)(sha->bytes % sizeof sha->block);
    sha->bytes += count;
    while (count > 0) {
        size_t room = sizeof sha->block - filled, taken = count < room ? count : room;
        memcpy(sha->block + filled, bytes, taken);
        if (filled + taken == sizeof sha->block)
            take_block(sha, sha->block);
        filled = 0;
        bytes += taken;
        count -= taken;
    }
}

/* A bit, zeros up to a block's last 8 bytes, and the length in bits. */
void dk_sha_end(uint8_t digest[32], struct dk_sha *sha)
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->bytes * 8;
    uint8_t length[8];
    size_t filled = (size_t)(sha->bytes % sizeof sha->block);
    dk_sha_add(sha, padding, filled < 56 ? 56 - filled : 120 - filled);
    for (unsigned at = 0; at < 8; at++)
        length[at] = (uint8_t)(bits >> 8 * (7 - at));
    dk_sha_add(sha, length, sizeof length);
    for (unsigned at = 0; at < 32; at++)
        digest[at] = (uint8_t)(sha->state[at / 4] >> 8 * (3 - at % 4));
}
