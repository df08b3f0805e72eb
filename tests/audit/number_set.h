/* SPDX-License-Identifier: MIT */
/*
 * number_set: a set of 64-bit numbers as a sparse bitmap. Numbers that lie
 * close together cost a bit each; a lone number costs one chunk.
 *
 * Invariants
 *  1. Between number_set_seal() and the next number_set_add() the chunks are
 *     in ascending order; counting and walking need that.
 *  2. A chunk that exists has at least one bit set.
 */
#ifndef AUDIT_NUMBER_SET_H
#define AUDIT_NUMBER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_SET_CHUNK_NUMBERS = 4096, NUMBER_SET_CHUNK_WORDS = NUMBER_SET_CHUNK_NUMBERS / 64 };

struct number_chunk {
    uint64_t index; /* number / NUMBER_SET_CHUNK_NUMBERS */
    uint64_t bits[NUMBER_SET_CHUNK_WORDS];
};

/* All zero is the empty set. */
struct number_set {
    struct number_chunk **chunks;
    size_t count;
    size_t room;
    uint32_t *index;   /* hash of chunk index -> position in chunks + 1 */
    size_t index_size; /* a power of two, or 0 */
    struct number_chunk *last;
};

/* 1: added. 0: it was there already. -1: no memory. */
int number_set_add(struct number_set *set, uint64_t number);

void number_set_seal(struct number_set *set);

/* How many members lie in [first, last]. */
uint64_t number_set_count(const struct number_set *set, uint64_t first, uint64_t last);

/* The lowest member (or, for _absent, non-member) in [first, last]; false if
 * there is none. */
bool number_set_next(const struct number_set *set, uint64_t first, uint64_t last, uint64_t *found);
bool number_set_next_absent(const struct number_set *set, uint64_t first, uint64_t last,
                            uint64_t *found);

void number_set_free(struct number_set *set);

#endif
