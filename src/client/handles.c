/* SPDX-License-Identifier: MIT */
#include "client/inside.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM_FIRST = 16 };

#define CHUNK_FIRST ((size_t)16 * 1024)
#define CHUNK_MOST ((size_t)64 * 1024 * 1024)
#define LARGE_BYTES ((size_t)4 * 1024 * 1024) /* worth huge pages: what costs among many handles is to find the page */

struct entry {
    dk_word series; /* address of a docket_series; 0: nobody's */
    dk_word32 tag;  /* upper half of its hash */
    dk_word32 hint; /* slot and bank + 1; 0 none is known */
};

struct handle_table {
    struct handle_table *older;
    uint64_t room; /* a power of two */
    size_t bytes;
    _Alignas(DK_CACHE_LINE) struct entry entry[];
};

/* Handles behind it, each on lines of its own. */
struct handle_chunk {
    struct handle_chunk *next;
    size_t bytes;
    uint32_t used, room;
    _Alignas(DK_CACHE_LINE) struct docket_series series[];
};

/* ---- names ---- */

bool dk_key_make(struct dk_key *key, const char *tenant, const char *name)
{
    key->tenant = tenant;
    key->name = name;
    key->tenant_bytes = strnlen(tenant, DOCKET_NAME_MAX + 1);
    key->name_bytes = strnlen(name, DOCKET_NAME_MAX + 1);
    if (key->tenant_bytes > DOCKET_NAME_MAX || key->name_bytes > DOCKET_NAME_MAX)
        return false;
    /* Two hashes that do not wait for each other. The lower bits choose the place, the upper ones are the tag. */
    uint64_t mixed = dk_hash(tenant, key->tenant_bytes, 0) + dk_hash(name, key->name_bytes, 0) * 0x9e3779b97f4a7c15ull;
    key->hash = mixed ^ mixed >> 32;
    return true;
}

/* Both have count bytes. */
static inline bool same_bytes(const char *one, const char *other, size_t count)
{
    uint64_t a, b, c, d;
    uint32_t e, f, g, h;
    if (count > 16)
        return memcmp(one, other, count) == 0;
    if (count >= 8) {
        memcpy(&a, one, 8);
        memcpy(&b, other, 8);
        memcpy(&c, one + count - 8, 8);
        memcpy(&d, other + count - 8, 8);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    if (count >= 4) {
        memcpy(&e, one, 4);
        memcpy(&f, other, 4);
        memcpy(&g, one + count - 4, 4);
        memcpy(&h, other + count - 4, 4);
        return ((e ^ f) | (g ^ h)) == 0;
    }
    for (size_t i = 0; i < count; i++)
        if (one[i] != other[i])
            return false;
    return true;
}

static inline bool is_key(const struct docket_series *series, const struct dk_key *key)
{
    if (series->tenant_bytes != key->tenant_bytes || series->name_bytes != key->name_bytes)
        return false;
    bool fits = key->tenant_bytes + key->name_bytes + 2 <= DK_KEY_BYTES;
    return same_bytes(key->tenant, fits ? series->key : series->tenant, key->tenant_bytes) &&
           same_bytes(key->name, fits ? series->key + key->tenant_bytes + 1 : series->name, key->name_bytes);
}

/* What it is found by; not listed yet. */
static void set_key(struct docket_series *series, const struct dk_key *key)
{
    series->hash = key->hash;
    series->tenant_bytes = (uint8_t)key->tenant_bytes;
    series->name_bytes = (uint8_t)key->name_bytes;
    memset(series->key, 0, sizeof series->key);
    if (key->tenant_bytes + key->name_bytes + 2 > DK_KEY_BYTES)
        return;
    memcpy(series->key, key->tenant, key->tenant_bytes);
    memcpy(series->key + key->tenant_bytes + 1, key->name, key->name_bytes);
}

/* ---- looking ---- */

static inline struct handle_table *newest(const struct dk_handles *handles)
{
    return (struct handle_table *)(uintptr_t)dk_load_acquire(&handles->newest); /* ORDER-18 */
}

/* Relaxed, all of it: nothing is believed of a hint. */
static inline void fetch_ahead(const struct dk_handles *handles, uint32_t hint)
{
    size_t slot = (hint - 1) / DK_BANKS, bank = (hint - 1) % DK_BANKS;
    uintptr_t board = (uintptr_t)dk_load_relaxed(&handles->hint_board) + slot * sizeof(struct shared_board_slot) +
                      offsetof(struct shared_board_slot, bank) + bank * sizeof(struct shared_board_bank);
    uintptr_t table = (uintptr_t)dk_load_relaxed(&handles->hint_table) + slot * sizeof(struct shared_table_slot) +
                      bank * sizeof(struct shared_table_bank);
    __builtin_prefetch((const void *)board, 0);
    __builtin_prefetch((const void *)table, 1);
}

struct docket_series *dk_handles_find(const struct dk_handles *handles, const struct dk_key *key)
{
    const struct handle_table *table = newest(handles);
    if (table == NULL)
        return NULL;
    uint64_t last = table->room - 1;
    for (uint64_t at = key->hash & last;; at = (at + 1) & last) {
        const struct entry *entry = &table->entry[at];
        struct docket_series *series = (struct docket_series *)(uintptr_t)dk_load_acquire(&entry->series); /* ORDER-18 */
        if (series == NULL)
            return NULL;
        if (dk_load32_relaxed(&entry->tag) != (uint32_t)(key->hash >> 32)) /* relaxed: there before the address is */
            continue;
        uint32_t hint = dk_load32_relaxed(&entry->hint);
        __builtin_prefetch(&series->quick);
        if (hint != 0)
            fetch_ahead(handles, hint);
        if (is_key(series, key))
            return series;
    }
}

docket_status dk_handles_check_room(const struct dk_handles *handles, const struct dk_key *key)
{
    uint32_t most = handles->most == 0 ? DOCKET_HANDLES_MAX : handles->most;
    if (handles->count < most)
        return DOCKET_OK;
    return dk_fail(DOCKET_REALM_FULL,
                   "no handle for %s/%s: this process has handles for %u series of the realm, as many as it may have; "
                   "those go on (docket_realm_limit_handles)",
                   key->tenant, key->name, handles->count);
}

/* ---- adding ---- */

static void *map_memory(size_t bytes)
{
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    if (bytes >= LARGE_BYTES)
        (void)madvise(mapped, bytes, MADV_HUGEPAGE); /* if there are none, smaller ones do */
    return mapped;
}

static void put(struct handle_table *table, struct docket_series *series, uint32_t hint)
{
    uint64_t at = series->hash;
    while (dk_load_relaxed(&table->entry[at & (table->room - 1)].series) != 0) /* relaxed: only adders write, and we are it */
        at++;
    struct entry *entry = &table->entry[at & (table->room - 1)];
    dk_store32_release(&entry->tag, (uint32_t)(series->hash >> 32));
    dk_store32_release(&entry->hint, hint);
    dk_store_release(&entry->series, (uint64_t)(uintptr_t)series); /* ORDER-18 */
}

/* Room for one more: the newest table, or one that follows it. */
static struct handle_table *make_room(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    if (table != NULL && (uint64_t)handles->count * 2 < table->room)
        return table;
    uint64_t room = table == NULL ? ROOM_FIRST : table->room * 2;
    size_t bytes = sizeof *table + room * sizeof table->entry[0];
    struct handle_table *made = map_memory(bytes);
    if (made == NULL)
        return NULL;
    made->room = room;
    made->bytes = bytes;
    made->older = table;
    for (uint64_t i = 0; table != NULL && i < table->room; i++) {
        uint64_t entry = dk_load_relaxed(&table->entry[i].series); /* relaxed: only adders write, and we are it */
        if (entry != 0)
            put(made, (struct docket_series *)(uintptr_t)entry, dk_load32_relaxed(&table->entry[i].hint));
    }
    dk_store_release(&handles->newest, (uint64_t)(uintptr_t)made); /* ORDER-18: the whole table */
    return made;
}

docket_status dk_handles_add(struct dk_handles *handles, struct docket_series *made, struct docket_series **kept)
{
    struct dk_key key;
    if (!dk_key_make(&key, made->tenant, made->name))
        return DOCKET_BAD_NAME; /* checked before it was made */
    struct docket_series *found = dk_handles_find(handles, &key);
    if (found != NULL) {
        *kept = found;
        return DOCKET_OK;
    }
    docket_status status = dk_handles_check_room(handles, &key);
    if (status != DOCKET_OK)
        return status;
    struct handle_table *table = make_room(handles);
    if (table == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a handle");
    set_key(made, &key);
    bool fits = key.tenant_bytes + key.name_bytes + 2 <= DK_KEY_BYTES;
    dk_store_release(&made->listed, (uint64_t)(uintptr_t)made->realm + !fits); /* ORDER-19 */
    handles->count++; /* before the entry: a child forked between the two has room, not too little */
    dk_compiler_barrier();
    put(table, made, 0);
    *kept = made;
    return DOCKET_OK;
}

void dk_handles_hint(struct dk_handles *handles, const struct docket_series *series,
                     const struct shared_board_slot *boards, const struct shared_table_slot *tables, uint32_t slot,
                     int bank)
{
    const struct handle_table *table = newest(handles);
    for (uint64_t at = series->hash; table != NULL; at++) {
        struct entry *entry = (struct entry *)&table->entry[at & (table->room - 1)];
        uint64_t found = dk_load_acquire(&entry->series); /* ORDER-18 */
        if (found == (uint64_t)(uintptr_t)series)
            dk_store32_release(&entry->hint, slot * DK_BANKS + (uint32_t)bank + 1);
        if (found == 0 || found == (uint64_t)(uintptr_t)series)
            break;
    }
    dk_store_relaxed(&handles->hint_board, (uint64_t)(uintptr_t)boards); /* relaxed: see fetch_ahead() */
    dk_store_relaxed(&handles->hint_table, (uint64_t)(uintptr_t)tables);
}

/* ---- the handles' memory ---- */

/* Chunks of realms that were closed, zeroed but for their heads: address of the first. Whoever wants
 * one takes them all and puts the others back, so that no address comes round. */
static dk_word spare_chunks;

static void put_spare(struct handle_chunk *chunk)
{
    uint64_t first = dk_load_relaxed(&spare_chunks); /* relaxed: the swap decides */
    do
        chunk->next = (struct handle_chunk *)(uintptr_t)first;
    while (!dk_cas_acq_rel(&spare_chunks, &first, (uint64_t)(uintptr_t)chunk)); /* ORDER-19 */
}

static struct handle_chunk *take_spare(size_t bytes)
{
    struct handle_chunk *found = NULL;
    struct handle_chunk *chunk = (struct handle_chunk *)(uintptr_t)dk_exchange_acquire(&spare_chunks, 0); /* ORDER-19 */
    for (struct handle_chunk *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        if (found == NULL && chunk->bytes == bytes)
            found = chunk;
        else
            put_spare(chunk);
    }
    return found;
}

/* Twice the size of the last one: few for many handles, and small for few. */
static struct handle_chunk *new_chunk(struct handle_chunk *last)
{
    size_t bytes = last == NULL ? CHUNK_FIRST : last->bytes < CHUNK_MOST ? last->bytes * 2 : CHUNK_MOST;
    struct handle_chunk *chunk = take_spare(bytes);
    if (chunk == NULL)
        chunk = map_memory(bytes);
    if (chunk == NULL)
        return NULL;
    chunk->bytes = bytes;
    chunk->used = 0;
    chunk->room = (uint32_t)((bytes - sizeof *chunk) / sizeof chunk->series[0]);
    chunk->next = last;
    return chunk;
}

struct docket_series *dk_handles_new(struct dk_handles *handles)
{
    struct docket_series *made = handles->unused;
    if (made != NULL) {
        handles->unused = made->next_unused;
        made->next_unused = NULL;
        return made;
    }
    struct handle_chunk *chunk = handles->chunks;
    if (chunk == NULL || chunk->used == chunk->room) {
        chunk = new_chunk(chunk);
        if (chunk == NULL)
            return NULL;
        dk_compiler_barrier(); /* a child forked behind it finds the chunk whole */
        handles->chunks = chunk;
    }
    uint32_t at = chunk->used++; /* before it is written: a child that is forked now has one fewer */
    dk_compiler_barrier();
    return &chunk->series[at];
}

void dk_handles_unused(struct dk_handles *handles, struct docket_series *made)
{
    memset(made, 0, sizeof *made);
    made->next_unused = handles->unused;
    dk_compiler_barrier();
    handles->unused = made;
}

static void free_chunk(struct handle_chunk *chunk)
{
    size_t bytes = chunk->bytes;
    for (uint32_t i = 0; i < chunk->used; i++)
        dk_store_release(&chunk->series[i].listed, 0); /* ORDER-19: before its memory is anybody else's */
    if (madvise(chunk, bytes, MADV_DONTNEED) != 0)
        memset((void *)chunk, 0, bytes);
    chunk->bytes = bytes;
    put_spare(chunk);
}

void dk_handles_free(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    dk_store_release(&handles->newest, 0);
    for (struct handle_table *older; table != NULL; table = older) {
        older = table->older;
        munmap(table, table->bytes);
    }
    for (struct handle_chunk *chunk = handles->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free_chunk(chunk);
    }
    handles->chunks = NULL;
    handles->unused = NULL;
    handles->count = 0;
}
