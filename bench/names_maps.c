/* SPDX-License-Identifier: MIT */
#include "names.h"

#include "client/inside.h"
#include "harness.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-bp.h>
#include <urcu/rculfhash.h>

#include "base/hash.h"

/* What handles.c says when it cannot go on; not src/base/status.c, whose functions are to be called in the library. */
docket_status dk_fail(docket_status status, const char *format, ...)
{
    (void)status;
    bench_fail("the map cannot go on: %s", format);
}

static void *must(void *memory)
{
    if (memory == NULL)
        bench_fail("no memory");
    return memory;
}

/* ---- names and walks ---- */

void names_make(uint32_t index, struct name *name)
{
    snprintf(name->tenant, sizeof name->tenant, "tenant-%u", index % 8 + index / 80 * 8);
    snprintf(name->series, sizeof name->series, "INV%u", index / 8 % 10);
}

static uint64_t random_of(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 32 | (*state >> 7 << 32);
}

static uint32_t *shuffled(uint32_t names, uint64_t *state)
{
    uint32_t *order = must(calloc(names, sizeof *order));
    for (uint32_t i = 0; i < names; i++)
        order[i] = i;
    for (uint32_t i = names; i > 1; i--) {
        uint32_t other = (uint32_t)(random_of(state) % i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return order;
}

/* The sums of 1 / rank^0.99, up to each rank. */
static double *zipf_sums(uint32_t names)
{
    double *sums = must(calloc(names, sizeof *sums)), sum = 0;
    for (uint32_t i = 0; i < names; i++)
        sums[i] = sum += pow(i + 1, -0.99);
    return sums;
}

static uint32_t rank_of(const double *sums, uint32_t names, double drawn)
{
    uint32_t low = 0, high = names - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums[middle] < drawn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void names_walk(struct walk *walk, uint32_t names, bool zipf, unsigned seed)
{
    uint64_t state = seed;
    walk->names = names;
    walk->steps = names <= 16 ? names : 1u << 16; /* a power of two, in each case */
    while (names > 16 && walk->steps < names)
        walk->steps *= 2;
    walk->step = must(calloc(walk->steps, sizeof *walk->step));
    walk->index = must(calloc(walk->steps, sizeof *walk->index));
    uint32_t *order = shuffled(names, &state);
    double *sums = zipf ? zipf_sums(names) : NULL;
    for (uint32_t i = 0; i < walk->steps; i++) {
        uint32_t drawn = (uint32_t)(random_of(&state) % names);
        if (names <= 16)
            drawn = i % names;
        else if (zipf)
            drawn = rank_of(sums, names, (double)(random_of(&state) >> 11) * 0x1p-53 * sums[names - 1]);
        walk->index[i] = order[drawn];
        names_make(order[drawn], &walk->step[i]);
    }
    free(order);
    free(sums);
}

/* ---- bare ---- */

struct bare_slot {
    _Alignas(64) struct name name;
    _Alignas(64) _Atomic uint64_t counter;
};

struct bare_entry {
    uint32_t fingerprint;
    uint32_t slot; /* + 1; 0: nobody's */
};

static struct bare_slot *slots;
static struct bare_entry *table;
static uint64_t table_room;
static uint32_t slot_count;

static inline uint64_t hash_of(const struct name *name, size_t tenant_bytes, size_t series_bytes)
{
    return dk_hash(name->tenant, tenant_bytes, 0) ^ dk_hash(name->series, series_bytes, 1);
}

uint64_t bare_hash(const struct name *name)
{
    return hash_of(name, strlen(name->tenant), strlen(name->series));
}

void bare_fill(uint32_t names)
{
    slot_count = names;
    for (table_room = 16; table_room < 2 * (uint64_t)names;)
        table_room *= 2;
    table = must(calloc(table_room, sizeof *table));
    slots = bench_shared(names * sizeof *slots);
    for (uint32_t i = 0; i < names; i++) {
        names_make(i, &slots[i].name);
        uint64_t hash = bare_hash(&slots[i].name), at = hash;
        while (table[at & (table_room - 1)].slot != 0)
            at++;
        table[at & (table_room - 1)] = (struct bare_entry){(uint32_t)(hash >> 32), i + 1};
    }
}

uint64_t bare_next(const struct name *name)
{
    size_t tenant_bytes = strlen(name->tenant), series_bytes = strlen(name->series);
    uint64_t hash = hash_of(name, tenant_bytes, series_bytes);
    for (uint64_t at = hash;; at++) {
        const struct bare_entry *entry = &table[at & (table_room - 1)];
        if (entry->slot == 0)
            bench_fail("a name is not in the bare table");
        struct bare_slot *slot = &slots[entry->slot - 1];
        if (entry->fingerprint == (uint32_t)(hash >> 32) &&
            memcmp(slot->name.tenant, name->tenant, tenant_bytes + 1) == 0 &&
            memcmp(slot->name.series, name->series, series_bytes + 1) == 0)
            return atomic_fetch_add_explicit(&slot->counter, 1, memory_order_acq_rel) + 1;
    }
}

uint64_t bare_total(void)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < slot_count; i++)
        total += slots[i].counter;
    return total;
}

/* ---- maps ---- */

struct node {
    struct cds_lfht_node node;
    struct name name;
};

static struct dk_handles handles;
static struct cds_lfht *lfht;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void maps_fill(uint32_t names)
{
    lfht = cds_lfht_new_flavor(1024, 1024, 0, CDS_LFHT_AUTO_RESIZE, &urcu_bp_flavor, NULL);
    for (uint32_t i = 0; i < names; i++) {
        struct dk_key key;
        struct node *node = must(calloc(1, sizeof *node));
        struct docket_series *made = must(calloc(1, sizeof *made)), *kept;
        names_make(i, &node->name);
        snprintf(made->tenant, sizeof made->tenant, "%s", node->name.tenant);
        snprintf(made->name, sizeof made->name, "%s", node->name.series);
        if (dk_handles_add(&handles, made, &kept) != DOCKET_OK || !dk_key_make(&key, made->tenant, made->name))
            bench_fail("the map takes no name");
        urcu_bp_read_lock();
        cds_lfht_add(lfht, (unsigned long)key.hash, &node->node);
        urcu_bp_read_unlock();
    }
}

bool map_find(const struct name *name)
{
    struct dk_key key;
    return dk_key_make(&key, name->tenant, name->series) && dk_handles_find(&handles, &key) != NULL;
}

bool map_find_under_mutex(const struct name *name)
{
    pthread_mutex_lock(&lock);
    bool found = map_find(name);
    pthread_mutex_unlock(&lock);
    return found;
}

static int is_node(struct cds_lfht_node *node, const void *context)
{
    const struct node *found = (const void *)((const char *)node - offsetof(struct node, node));
    const struct dk_key *key = context;
    return memcmp(found->name.series, key->name, key->name_bytes + 1) == 0 &&
           memcmp(found->name.tenant, key->tenant, key->tenant_bytes + 1) == 0;
}

bool lfht_find(const struct name *name)
{
    struct dk_key key;
    struct cds_lfht_iter found;
    if (!dk_key_make(&key, name->tenant, name->series))
        return false;
    urcu_bp_read_lock();
    cds_lfht_lookup(lfht, (unsigned long)key.hash, is_node, &key, &found);
    bool is_there = cds_lfht_iter_get_node(&found) != NULL;
    urcu_bp_read_unlock();
    return is_there;
}
