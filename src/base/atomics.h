/* SPDX-License-Identifier: MIT */
/*
 * atomics: the only file that names a C11 memory order.
 *
 * The order is part of the operation's name, so that the orders in use can be
 * listed with one search. Each acquire or release at a call site carries a
 * label (ORDER-n); docs/ORDERING.md has one row per label: writer, reader and
 * what becomes visible. A relaxed operation needs nothing carried across; its
 * call site says why.
 *
 * Every word here may lie in memory that other processes map, so it must be
 * lock-free: a library lock would be private to one process and protect nothing.
 */
#ifndef DK_BASE_ATOMICS_H
#define DK_BASE_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must always be lock-free");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "32-bit atomics must always be lock-free");
_Static_assert(sizeof(_Atomic uint64_t) == 8, "a shared word is exactly eight bytes");
_Static_assert(sizeof(_Atomic uint32_t) == 4, "a futex word is exactly four bytes");

typedef _Atomic uint64_t dk_word;
typedef _Atomic uint32_t dk_word32;

static inline uint64_t dk_load_acquire(const dk_word *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static inline uint64_t dk_load_relaxed(const dk_word *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void dk_store_release(dk_word *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static inline void dk_store_relaxed(dk_word *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* On failure *expected holds the word as it was read (acquire). */
static inline bool dk_cas_acq_rel(dk_word *word, uint64_t *expected, uint64_t wanted)
{
    return atomic_compare_exchange_strong_explicit(word, expected, wanted, memory_order_acq_rel,
                                                   memory_order_acquire);
}

static inline uint64_t dk_or_release(dk_word *word, uint64_t bits)
{
    return atomic_fetch_or_explicit(word, bits, memory_order_release);
}

static inline uint64_t dk_exchange_acquire(dk_word *word, uint64_t value)
{
    return atomic_exchange_explicit(word, value, memory_order_acquire);
}

static inline uint64_t dk_add_relaxed(dk_word *word, uint64_t value)
{
    return atomic_fetch_add_explicit(word, value, memory_order_relaxed);
}

/* For a statistic with one writer: no locked instruction. */
static inline void dk_count_relaxed(dk_word *word, uint64_t value)
{
    dk_store_relaxed(word, dk_load_relaxed(word) + value);
}

static inline uint32_t dk_load32_acquire(const dk_word32 *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static inline uint32_t dk_load32_relaxed(const dk_word32 *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void dk_store32_release(dk_word32 *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static inline uint32_t dk_add32_release(dk_word32 *word, uint32_t value)
{
    return atomic_fetch_add_explicit(word, value, memory_order_release);
}

/* Keeps the compiler, not the processor, from moving accesses across: for a
 * signal handler or a fork inside the same thread. */
static inline void dk_compiler_barrier(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

#endif
