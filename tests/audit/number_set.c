/* SPDX-License-Identifier: MIT */
#include "number_set.h"

#include <stdlib.h>

static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdull;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53ull;
    return value ^ (value >> 33);
}

static void index_put(struct number_set *set, size_t position)
{
    size_t mask = set->index_size - 1;
    size_t at = (size_t)mix(set->chunks[position]->index) & mask;
    while (set->index[at])
        at = (at + 1) & mask;
    set->index[at] = (uint32_t)position + 1;
}

static bool index_rebuild(struct number_set *set, size_t size)
{
    uint32_t *index = calloc(size, sizeof *index);
    if (!index)
        return false;
    free(set->index);
    set->index = index;
    set->index_size = size;
    for (size_t i = 0; i < set->count; i++)
        index_put(set, i);
    return true;
}

static bool make_room(struct number_set *set)
{
    if (set->count == set->room) {
        size_t room = set->room ? set->room * 2 : 1;
        struct number_chunk **chunks = realloc(set->chunks, room * sizeof *chunks);
        if (!chunks)
            return false;
        set->chunks = chunks;
        set->room = room;
    }
    if ((set->count + 1) * 2 > set->index_size)
        return index_rebuild(set, set->index_size ? set->index_size * 2 : 2);
    return true;
}

static struct number_chunk *chunk_of(struct number_set *set, uint64_t index)
{
    if (set->last && set->last->index == index)
        return set->last;
    size_t mask = set->index_size - 1;
    for (size_t at = (size_t)mix(index) & mask; set->index_size && set->index[at];
         at = (at + 1) & mask) {
        struct number_chunk *chunk = set->chunks[set->index[at] - 1];
        if (chunk->index == index)
            return set->last = chunk;
    }
    if (!make_room(set))
        return NULL;
    struct number_chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk)
        return NULL;
    chunk->index = index;
    set->chunks[set->count] = chunk;
    index_put(set, set->count);
    set->count++;
    return set->last = chunk;
}

int number_set_add(struct number_set *set, uint64_t number)
{
    struct number_chunk *chunk = chunk_of(set, number / NUMBER_SET_CHUNK_NUMBERS);
    if (!chunk)
        return -1;
    unsigned bit = (unsigned)(number % NUMBER_SET_CHUNK_NUMBERS);
    uint64_t mask = 1ull << (bit % 64);
    if (chunk->bits[bit / 64] & mask)
        return 0;
    chunk->bits[bit / 64] |= mask;
    return 1;
}

static int by_index(const void *left, const void *right)
{
    uint64_t a = (*(struct number_chunk *const *)left)->index;
    uint64_t b = (*(struct number_chunk *const *)right)->index;
    return (a > b) - (a < b);
}

void number_set_seal(struct number_set *set)
{
    if (set->count < 2)
        return;
    qsort(set->chunks, set->count, sizeof(struct number_chunk *), by_index);
    for (size_t i = 0; i < set->index_size; i++)
        set->index[i] = 0;
    for (size_t i = 0; i < set->count; i++)
        index_put(set, i);
}

/* Position of the first chunk whose index is at least `index`. */
static size_t position_of(const struct number_set *set, uint64_t index)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->chunks[middle]->index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The bits of word `word` of a chunk that lie in [first, last]. */
static uint64_t bits_within(const struct number_chunk *chunk, unsigned word, uint64_t first,
                            uint64_t last)
{
    uint64_t low = chunk->index * NUMBER_SET_CHUNK_NUMBERS + word * 64u;
    if (low > last || low + 63 < first)
        return 0;
    uint64_t bits = chunk->bits[word];
    if (first > low)
        bits &= ~0ull << (first - low);
    if (last < low + 63)
        bits &= ~0ull >> (63 - (last - low));
    return bits;
}

uint64_t number_set_count(const struct number_set *set, uint64_t first, uint64_t last)
{
    uint64_t count = 0;
    if (first > last)
        return 0;
    for (size_t i = position_of(set, first / NUMBER_SET_CHUNK_NUMBERS);
         i < set->count && set->chunks[i]->index <= last / NUMBER_SET_CHUNK_NUMBERS; i++)
        for (unsigned word = 0; word < NUMBER_SET_CHUNK_WORDS; word++)
            count += (uint64_t)__builtin_popcountll(bits_within(set->chunks[i], word, first, last));
    return count;
}

bool number_set_next(const struct number_set *set, uint64_t first, uint64_t last, uint64_t *found)
{
    if (first > last)
        return false;
    for (size_t i = position_of(set, first / NUMBER_SET_CHUNK_NUMBERS);
         i < set->count && set->chunks[i]->index <= last / NUMBER_SET_CHUNK_NUMBERS; i++) {
        const struct number_chunk *chunk = set->chunks[i];
        for (unsigned word = 0; word < NUMBER_SET_CHUNK_WORDS; word++) {
            uint64_t bits = bits_within(chunk, word, first, last);
            if (bits) {
                *found = chunk->index * NUMBER_SET_CHUNK_NUMBERS + word * 64u +
                         (unsigned)__builtin_ctzll(bits);
                return true;
            }
        }
    }
    return false;
}

bool number_set_next_absent(const struct number_set *set, uint64_t first, uint64_t last,
                            uint64_t *found)
{
    for (uint64_t number = first; number <= last; number++) {
        uint64_t index = number / NUMBER_SET_CHUNK_NUMBERS;
        unsigned bit = (unsigned)(number % NUMBER_SET_CHUNK_NUMBERS);
        size_t i = position_of(set, index);
        if (i == set->count || set->chunks[i]->index != index ||
            !(set->chunks[i]->bits[bit / 64] >> (bit % 64) & 1)) {
            *found = number;
            return true;
        }
    }
    return false;
}

void number_set_free(struct number_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->chunks[i]);
    free(set->chunks);
    free(set->index);
    *set = (struct number_set){0};
}
