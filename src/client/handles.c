/* SPDX-License-Identifier: MIT */
#include "client/inside.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM_FIRST = 16 };

#define CHUNK_FIRST ((size_t)16 * 1024)
#define CHUNK_MOST ((size_t)64 * 1024 * 1024)
#define LARGE_BYTES ((size_t)512 * 1024) /* worth huge pages: what costs among many handles is to find the page */
#define HUGE_BYTES ((size_t)2 * 1024 * 1024)

struct entry {
    dk_word named;  /* address of a struct dk_named; 0: nobody's */
    dk_word32 tag;  /* upper half of its hash */
    dk_word32 hint; /* slot and bank + 1; 0 none is known */
};

struct handle_table {
    struct handle_table *older;
    uint64_t room; /* a power of two */
    size_t bytes;
    _Alignas(DK_CACHE_LINE) struct entry entry[];
};

struct named_chunk {
    struct named_chunk *next;
    size_t bytes;
    uint32_t used, room;
    struct dk_named named[];
};

_Static_assert(sizeof(struct dk_named) == 2 * DK_CACHE_LINE, "who it is, and where it stands");
_Static_assert(offsetof(struct dk_named, version) == DK_CACHE_LINE, "each on its line");

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

static inline bool fits(const struct dk_key *key)
{
    return key->tenant_bytes + key->name_bytes + 2 <= DK_KEY_BYTES;
}

static inline bool is_key(const struct dk_named *named, const struct dk_key *key)
{
    if (named->tenant_bytes != key->tenant_bytes || named->name_bytes != key->name_bytes)
        return false;
    return same_bytes(key->tenant, fits(key) ? named->key : named->series->tenant, key->tenant_bytes) &&
           same_bytes(key->name, fits(key) ? named->key + key->tenant_bytes + 1 : named->series->name, key->name_bytes);
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

struct dk_named *dk_handles_find_named(const struct dk_handles *handles, const struct dk_key *key)
{
    const struct handle_table *table = newest(handles);
    if (table == NULL)
        return NULL;
    uint64_t last = table->room - 1;
    for (uint64_t at = key->hash & last;; at = (at + 1) & last) {
        const struct entry *entry = &table->entry[at];
        struct dk_named *named = (struct dk_named *)(uintptr_t)dk_load_acquire(&entry->named); /* ORDER-18 */
        if (named == NULL)
            return NULL;
        if (dk_load32_relaxed(&entry->tag) != (uint32_t)(key->hash >> 32)) /* relaxed: there before the address is */
            continue;
        uint32_t hint = dk_load32_relaxed(&entry->hint);
        __builtin_prefetch(&named->version);
        if (hint != 0)
            fetch_ahead(handles, hint);
        if (is_key(named, key))
            return named;
    }
}

struct docket_series *dk_handles_find(const struct dk_handles *handles, const struct dk_key *key)
{
    struct dk_named *named = dk_handles_find_named(handles, key);
    return named != NULL ? named->series : NULL;
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

static void *map_memory(size_t *bytes)
{
    if (*bytes >= LARGE_BYTES)
        *bytes = (*bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    void *mapped = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    if (*bytes >= HUGE_BYTES)
        (void)madvise(mapped, *bytes, MADV_HUGEPAGE); /* if there are none, smaller ones do */
    return mapped;
}

static void put(struct handle_table *table, struct dk_named *named, uint32_t hint)
{
    uint64_t hash = named->series->hash, at = hash;
    while (dk_load_relaxed(&table->entry[at & (table->room - 1)].named) != 0) /* relaxed: only adders write, and we are it */
        at++;
    struct entry *entry = &table->entry[at & (table->room - 1)];
    dk_store32_release(&entry->tag, (uint32_t)(hash >> 32)); /* before the address */
    dk_store32_release(&entry->hint, hint);
    dk_store_release(&entry->named, (uint64_t)(uintptr_t)named); /* ORDER-18 */
}

/* Room for one more: the newest table, or one that follows it. */
static struct handle_table *make_room(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    if (table != NULL && (uint64_t)handles->count * 2 < table->room)
        return table;
    uint64_t room = table == NULL ? ROOM_FIRST : table->room * 2;
    size_t bytes = sizeof *table + room * sizeof table->entry[0];
    struct handle_table *made = map_memory(&bytes);
    if (made == NULL)
        return NULL;
    made->room = room;
    made->bytes = bytes;
    made->older = table;
    for (uint64_t i = 0; table != NULL && i < table->room; i++) {
        uint64_t entry = dk_load_relaxed(&table->entry[i].named); /* relaxed: only adders write, and we are it */
        if (entry != 0)
            put(made, (struct dk_named *)(uintptr_t)entry, dk_load32_relaxed(&table->entry[i].hint));
    }
    dk_store_release(&handles->newest, (uint64_t)(uintptr_t)made); /* ORDER-18: the whole table */
    return made;
}

/* ---- the memory of what is named ---- */

/* Chunks of realms that were closed, zeroed but for their heads: address of the first. Whoever wants
 * one takes them all and puts the others back, so that no address comes round. */
static dk_word spare_chunks;

static void put_spare(struct named_chunk *chunk)
{
    uint64_t first = dk_load_relaxed(&spare_chunks); /* relaxed: the swap decides */
    do
        chunk->next = (struct named_chunk *)(uintptr_t)first;
    while (!dk_cas_acq_rel(&spare_chunks, &first, (uint64_t)(uintptr_t)chunk)); /* ORDER-21 */
}

static struct named_chunk *take_spare(size_t bytes)
{
    struct named_chunk *found = NULL;
    struct named_chunk *chunk = (struct named_chunk *)(uintptr_t)dk_exchange_acquire(&spare_chunks, 0); /* ORDER-21 */
    for (struct named_chunk *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        if (found == NULL && chunk->bytes == bytes)
            found = chunk;
        else
            put_spare(chunk);
    }
    return found;
}

/* Twice the size of the last one: few for many handles, and small for few. */
static struct named_chunk *new_chunk(struct named_chunk *last)
{
    size_t bytes = last == NULL ? CHUNK_FIRST : last->bytes < CHUNK_MOST ? last->bytes * 2 : CHUNK_MOST;
    if (bytes >= LARGE_BYTES && bytes < HUGE_BYTES)
        bytes = HUGE_BYTES;
    struct named_chunk *chunk = take_spare(bytes);
    if (chunk == NULL)
        chunk = map_memory(&bytes);
    if (chunk == NULL)
        return NULL;
    chunk->bytes = bytes;
    chunk->used = 0;
    chunk->room = (uint32_t)((bytes - sizeof *chunk) / sizeof chunk->named[0]);
    chunk->next = last;
    return chunk;
}

/* All zeros, and on lines of its own. */
static struct dk_named *new_named(struct dk_handles *handles)
{
    struct named_chunk *chunk = handles->chunks;
    if (chunk == NULL || chunk->used == chunk->room) {
        chunk = new_chunk(chunk);
        if (chunk == NULL)
            return NULL;
        dk_compiler_barrier(); /* a child forked behind it finds the chunk whole */
        handles->chunks = chunk;
    }
    uint32_t at = chunk->used++; /* before it is written: a child that is forked now has one fewer */
    dk_compiler_barrier();
    return &chunk->named[at];
}

/* Nobody is inside the realm; but a thread inside another one may look at `listed`. */
static void free_chunk(struct named_chunk *chunk)
{
    size_t bytes = chunk->bytes;
    for (uint32_t i = 0; i < chunk->used; i++) {
        dk_store_release(&chunk->named[i].listed, 0); /* ORDER-19: before its memory is anybody else's */
        free(chunk->named[i].series->lies_in != NULL ? chunk->named[i].series->lies_in : chunk->named[i].series);
    }
    if (madvise(chunk, bytes, MADV_DONTNEED) != 0)
        memset((void *)chunk, 0, bytes);
    chunk->bytes = bytes;
    put_spare(chunk);
}

/* ---- adding ---- */

/* What it is found by, and then whose it is. */
static void list(struct dk_named *named, struct docket_series *series, const struct dk_key *key)
{
    named->series = series;
    named->tenant_bytes = (uint8_t)key->tenant_bytes;
    named->name_bytes = (uint8_t)key->name_bytes;
    if (fits(key)) {
        memcpy(named->key, key->tenant, key->tenant_bytes);
        memcpy(named->key + key->tenant_bytes + 1, key->name, key->name_bytes);
    }
    series->named = named;
    series->hash = key->hash;
    dk_store_release(&named->listed, (uint64_t)(uintptr_t)series->realm + !fits(key)); /* ORDER-19 */
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
    struct dk_named *named = table != NULL ? new_named(handles) : NULL;
    if (named == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a handle");
    list(named, made, &key);
    handles->count++; /* before the entry: a child forked between the two has room, not too little */
    dk_compiler_barrier();
    put(table, named, 0);
    *kept = made;
    return DOCKET_OK;
}

void dk_handles_hint(struct dk_handles *handles, const struct docket_series *series,
                     const struct shared_board_slot *boards, const struct shared_table_slot *tables, uint32_t slot,
                     int bank)
{
    struct handle_table *table = newest(handles);
    for (uint64_t at = series->hash; table != NULL; at++) {
        struct entry *entry = &table->entry[at & (table->room - 1)];
        uint64_t found = dk_load_acquire(&entry->named); /* ORDER-18 */
        if (found == (uint64_t)(uintptr_t)series->named)
            dk_store32_release(&entry->hint, slot * DK_BANKS + (uint32_t)bank + 1);
        if (found == 0 || found == (uint64_t)(uintptr_t)series->named)
            break;
    }
    dk_store_relaxed(&handles->hint_board, (uint64_t)(uintptr_t)boards); /* relaxed: see fetch_ahead() */
    dk_store_relaxed(&handles->hint_table, (uint64_t)(uintptr_t)tables);
}

void dk_handles_free(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    dk_store_release(&handles->newest, 0);
    for (struct handle_table *older; table != NULL; table = older) {
        older = table->older;
        munmap(table, table->bytes);
    }
    for (struct named_chunk *chunk = handles->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free_chunk(chunk);
    }
    handles->chunks = NULL;
    handles->count = 0;
}
