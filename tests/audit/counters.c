/* SPDX-License-Identifier: MIT */
/*
 * counters: the auditor's table of series and counters, found by name.
 */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

/* A growing array of pointers with a hash index over it. */
struct pool {
    void **items;
    uint64_t *hashes;
    size_t count, room;
    uint32_t *index; /* position + 1 */
    size_t index_size;
};

struct table {
    struct pool series, counters;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
    return (hash ^ 0xffu) * 0x100000001b3ull;
}

static void index_put(struct pool *pool, size_t position)
{
    size_t mask = pool->index_size - 1;
    size_t at = (size_t)pool->hashes[position] & mask;
    while (pool->index[at])
        at = (at + 1) & mask;
    pool->index[at] = (uint32_t)position + 1;
}

static bool pool_grow(struct pool *pool)
{
    size_t room = pool->room ? pool->room * 2 : 64;
    void **items = realloc(pool->items, room * sizeof *items);
    if (!items)
        return false;
    pool->items = items;
    uint64_t *hashes = realloc(pool->hashes, room * sizeof *hashes);
    if (!hashes)
        return false;
    pool->hashes = hashes;
    uint32_t *index = calloc(room * 2, sizeof *index);
    if (!index)
        return false;
    free(pool->index);
    pool->index = index;
    pool->index_size = room * 2;
    pool->room = room;
    for (size_t i = 0; i < pool->count; i++)
        index_put(pool, i);
    return true;
}

static bool pool_add(struct pool *pool, uint64_t hash, void *item)
{
    if (pool->count == pool->room && !pool_grow(pool))
        return false;
    pool->items[pool->count] = item;
    pool->hashes[pool->count] = hash;
    index_put(pool, pool->count);
    pool->count++;
    return true;
}

/* Walks the items of one hash; *at starts at the hash and is the walk's. */
static void *pool_walk(const struct pool *pool, uint64_t hash, size_t *at)
{
    if (!pool->index_size)
        return NULL;
    size_t mask = pool->index_size - 1;
    for (; pool->index[*at & mask]; (*at)++) {
        size_t position = pool->index[*at & mask] - 1;
        if (pool->hashes[position] == hash) {
            (*at)++;
            return pool->items[position];
        }
    }
    return NULL;
}

struct table *table_make(void)
{
    return calloc(1, sizeof(struct table));
}

struct series *table_series(struct table *table, const char *tenant, const char *name)
{
    uint64_t hash = hash_text(hash_text(0xcbf29ce484222325ull, tenant), name);
    size_t at = (size_t)hash;
    struct series *series;
    while ((series = pool_walk(&table->series, hash, &at)))
        if (strcmp(series->tenant, tenant) == 0 && strcmp(series->name, name) == 0)
            return series;
    series = calloc(1, sizeof *series);
    if (!series)
        return NULL;
    series->tenant = strdup(tenant);
    series->name = strdup(name);
    if (!series->tenant || !series->name || !pool_add(&table->series, hash, series)) {
        free(series->tenant);
        free(series->name);
        free(series);
        return NULL;
    }
    return series;
}

struct counter *table_counter(struct table *table, const char *tenant, const char *name,
                              int32_t period)
{
    struct series *series = table_series(table, tenant, name);
    if (!series)
        return NULL;
    uint64_t hash = hash_text(hash_text(0xcbf29ce484222325ull, tenant), name);
    hash = (hash ^ (uint32_t)period) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 32;
    size_t at = (size_t)hash;
    struct counter *counter;
    while ((counter = pool_walk(&table->counters, hash, &at)))
        if (counter->series == series && counter->period == period)
            return counter;
    counter = calloc(1, sizeof *counter);
    if (!counter)
        return NULL;
    counter->series = series;
    counter->period = period;
    if (!pool_add(&table->counters, hash, counter)) {
        free(counter);
        return NULL;
    }
    return counter;
}

size_t table_counter_count(const struct table *table)
{
    return table->counters.count;
}

struct counter *table_counter_at(const struct table *table, size_t position)
{
    return table->counters.items[position];
}

size_t table_series_count(const struct table *table)
{
    return table->series.count;
}

struct series *table_series_at(const struct table *table, size_t position)
{
    return table->series.items[position];
}

static void pool_free(struct pool *pool)
{
    free(pool->items);
    free(pool->hashes);
    free(pool->index);
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->counters.count; i++) {
        struct counter *counter = table->counters.items[i];
        number_set_free(&counter->logged);
        free(counter->ranges);
        free(counter);
    }
    for (size_t i = 0; i < table->series.count; i++) {
        struct series *series = table->series.items[i];
        free(series->tenant);
        free(series->name);
        free(series);
    }
    pool_free(&table->counters);
    pool_free(&table->series);
    free(table);
}
