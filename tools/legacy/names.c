/* SPDX-License-Identifier: MIT */
#include "names.h"
#include "hash.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 1024 };

void names_open(struct names *names)
{
    *names = (struct names){.last_tenant = NAMES_NONE, .last_counter = NAMES_NONE};
}

void names_close(struct names *names)
{
    for (uint32_t i = 0; i < names->tenant_count; i++)
        free(names->tenants[i]);
    free(names->tenants);
    free(names->tenant_next);
    free(names->tenant_buckets);
    free(names->counters);
    free(names->counter_buckets);
    names_open(names);
}

static bool grow(void **rows, uint32_t room, size_t bytes)
{
    void *grown = realloc(*rows, room * bytes);
    if (grown != NULL)
        *rows = grown;
    return grown != NULL;
}

/* Twice as many buckets, all empty. */
static bool more_buckets(uint32_t **buckets, uint32_t *count)
{
    uint32_t wanted = *count == 0 ? BUCKETS_FIRST : *count * 2;
    uint32_t *made = malloc(wanted * sizeof *made);
    if (made == NULL)
        return false;
    memset(made, 0xff, wanted * sizeof *made);
    free(*buckets);
    *buckets = made;
    *count = wanted;
    return true;
}

/* ---- tenants ---- */

static uint32_t *bucket_of_tenant(const struct names *names, const char *text, size_t bytes)
{
    return &names->tenant_buckets[hash_of(text, bytes, 0).low & (names->tenant_buckets_count - 1)];
}

static void put_tenant(struct names *names, uint32_t at)
{
    uint32_t *bucket = bucket_of_tenant(names, names->tenants[at], strlen(names->tenants[at]));
    names->tenant_next[at] = *bucket;
    *bucket = at;
}

static bool is_tenant(const struct names *names, uint32_t at, struct span tenant)
{
    return strncmp(names->tenants[at], tenant.text, tenant.bytes) == 0 && names->tenants[at][tenant.bytes] == '\0';
}

static uint32_t add_tenant(struct names *names, struct span tenant)
{
    if (names->tenant_count == names->tenant_room) {
        uint32_t room = names->tenant_room * 2 + 64;
        if (!grow((void **)&names->tenants, room, sizeof *names->tenants) ||
            !grow((void **)&names->tenant_next, room, sizeof *names->tenant_next))
            return NAMES_NONE;
        names->tenant_room = room;
    }
    if (names->tenant_count >= names->tenant_buckets_count) {
        if (!more_buckets(&names->tenant_buckets, &names->tenant_buckets_count))
            return NAMES_NONE;
        for (uint32_t at = 0; at < names->tenant_count; at++)
            put_tenant(names, at);
    }
    char *name = strndup(tenant.text, tenant.bytes);
    if (name == NULL)
        return NAMES_NONE;
    names->tenants[names->tenant_count] = name;
    put_tenant(names, names->tenant_count);
    return names->last_tenant = names->tenant_count++;
}

uint32_t names_tenant(struct names *names, struct span tenant)
{
    if (tenant.text == NULL)
        tenant = (struct span){"", 0};
    tenant.bytes = strnlen(tenant.text, tenant.bytes);
    if (names->last_tenant != NAMES_NONE && is_tenant(names, names->last_tenant, tenant))
        return names->last_tenant;
    uint32_t at = names->tenant_count == 0 ? NAMES_NONE : *bucket_of_tenant(names, tenant.text, tenant.bytes);
    while (at != NAMES_NONE && !is_tenant(names, at, tenant))
        at = names->tenant_next[at];
    return at != NAMES_NONE ? (names->last_tenant = at) : add_tenant(names, tenant);
}

/* ---- counters ---- */

static uint32_t *bucket_of_counter(const struct names *names, uint32_t tenant, const char *series, int32_t period)
{
    uint64_t seed = (uint64_t)tenant << 32 | (uint32_t)period;
    return &names->counter_buckets[hash_of(series, strlen(series), seed).low & (names->counter_buckets_count - 1)];
}

static bool is_counter(const struct names_counter *counter, uint32_t tenant, const char *series, int32_t period)
{
    return counter->tenant == tenant && counter->period == period && strcmp(counter->series, series) == 0;
}

static void put_counter(struct names *names, uint32_t at)
{
    struct names_counter *counter = &names->counters[at];
    uint32_t *bucket = bucket_of_counter(names, counter->tenant, counter->series, counter->period);
    counter->next_in_bucket = *bucket;
    *bucket = at;
}

uint32_t names_counter(struct names *names, uint32_t tenant, const char *series, int32_t period)
{
    uint32_t at = names->last_counter;
    if (at != NAMES_NONE && is_counter(&names->counters[at], tenant, series, period))
        return at;
    at = names->counter_count == 0 ? NAMES_NONE : *bucket_of_counter(names, tenant, series, period);
    while (at != NAMES_NONE && !is_counter(&names->counters[at], tenant, series, period))
        at = names->counters[at].next_in_bucket;
    if (at != NAMES_NONE)
        return names->last_counter = at;
    if (names->counter_count == names->counter_room) {
        uint32_t room = names->counter_room * 2 + 64;
        if (!grow((void **)&names->counters, room, sizeof *names->counters))
            return NAMES_NONE;
        names->counter_room = room;
    }
    if (names->counter_count >= names->counter_buckets_count) {
        if (!more_buckets(&names->counter_buckets, &names->counter_buckets_count))
            return NAMES_NONE;
        for (at = 0; at < names->counter_count; at++)
            put_counter(names, at);
    }
    at = names->counter_count++;
    names->counters[at] = (struct names_counter){.tenant = tenant, .period = period, .series = series};
    put_counter(names, at);
    return names->last_counter = at;
}
