/* SPDX-License-Identifier: MIT */
/*
 * atomics, as the explorer sees them: the real operations, each behind a point
 * at which the schedule may go elsewhere or a process may die. This header is
 * found before src/base/atomics.h, whose operations it renames and wraps.
 */
#ifndef EXPLORE_BASE_ATOMICS_H
#define EXPLORE_BASE_ATOMICS_H

#define dk_load_acquire real_load_acquire
#define dk_load_relaxed real_load_relaxed
#define dk_store_release real_store_release
#define dk_store_relaxed real_store_relaxed
#define dk_cas_acq_rel real_cas_acq_rel
#define dk_or_release real_or_release
#define dk_exchange_acquire real_exchange_acquire
#define dk_add_relaxed real_add_relaxed
#define dk_count_relaxed real_count_relaxed
#define dk_load32_acquire real_load32_acquire
#define dk_load32_relaxed real_load32_relaxed
#define dk_store32_release real_store32_release
#define dk_add32_release real_add32_release
#include "../../../../src/base/atomics.h"
#undef dk_load_acquire
#undef dk_load_relaxed
#undef dk_store_release
#undef dk_store_relaxed
#undef dk_cas_acq_rel
#undef dk_or_release
#undef dk_exchange_acquire
#undef dk_add_relaxed
#undef dk_count_relaxed
#undef dk_load32_acquire
#undef dk_load32_relaxed
#undef dk_store32_release
#undef dk_add32_release

enum { EX_READ = 1, EX_WRITE = 2 };

extern bool ex_exploring;
/* A step on a shared word: before it anything may happen. */
void ex_touch(const volatile void *word, unsigned kind);
/* Remembers what a word said, so that the next schedule begins as this one did. */
void ex_remember(volatile void *word);

static inline void ex_read(const volatile void *word)
{
    if (ex_exploring)
        ex_touch(word, EX_READ);
}

static inline void ex_write(volatile void *word, unsigned kind)
{
    if (ex_exploring)
        ex_touch(word, kind);
    ex_remember(word);
}

static inline uint64_t dk_load_acquire(const dk_word *word)
{
    ex_read(word);
    return real_load_acquire(word);
}

static inline uint64_t dk_load_relaxed(const dk_word *word)
{
    ex_read(word);
    return real_load_relaxed(word);
}

static inline void dk_store_release(dk_word *word, uint64_t value)
{
    ex_write(word, EX_WRITE);
    real_store_release(word, value);
}

static inline void dk_store_relaxed(dk_word *word, uint64_t value)
{
    ex_write(word, EX_WRITE);
    real_store_relaxed(word, value);
}

static inline bool dk_cas_acq_rel(dk_word *word, uint64_t *expected, uint64_t wanted)
{
    ex_write(word, EX_READ | EX_WRITE);
    return real_cas_acq_rel(word, expected, wanted);
}

static inline uint64_t dk_or_release(dk_word *word, uint64_t bits)
{
    ex_write(word, EX_READ | EX_WRITE);
    return real_or_release(word, bits);
}

static inline uint64_t dk_exchange_acquire(dk_word *word, uint64_t value)
{
    ex_write(word, EX_READ | EX_WRITE);
    return real_exchange_acquire(word, value);
}

static inline uint64_t dk_add_relaxed(dk_word *word, uint64_t value)
{
    ex_write(word, EX_READ | EX_WRITE);
    return real_add_relaxed(word, value);
}

static inline void dk_count_relaxed(dk_word *word, uint64_t value)
{
    dk_store_relaxed(word, dk_load_relaxed(word) + value);
}

static inline uint32_t dk_load32_acquire(const dk_word32 *word)
{
    ex_read(word);
    return real_load32_acquire(word);
}

static inline uint32_t dk_load32_relaxed(const dk_word32 *word)
{
    ex_read(word);
    return real_load32_relaxed(word);
}

static inline void dk_store32_release(dk_word32 *word, uint32_t value)
{
    ex_write(word, EX_WRITE);
    real_store32_release(word, value);
}

static inline uint32_t dk_add32_release(dk_word32 *word, uint32_t value)
{
    ex_write(word, EX_READ | EX_WRITE);
    return real_add32_release(word, value);
}

#endif
