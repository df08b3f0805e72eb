/* SPDX-License-Identifier: MIT */
#include "client/inside.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 16 };

struct handle_table {
    struct handle_table *older;
    uint64_t room;  /* a power of two */
    dk_word entry[]; /* address of a docket_series; 0: nobody's */
};

bool dk_key_make(struct dk_key *key, const char *tenant, const char *name)
{
    key->tenant = tenant;
    key->name = name;
    key->tenant_bytes = strnlen(tenant, DOCKET_NAME_MAX + 1);
    key->name_bytes = strnlen(name, DOCKET_NAME_MAX + 1);
    if (key->tenant_bytes > DOCKET_NAME_MAX || key->name_bytes > DOCKET_NAME_MAX)
        return false;
    key->hash = dk_hash(tenant, key->tenant_bytes, dk_hash(name, key->name_bytes, 0));
    return true;
}

static bool is_key(const struct docket_series *series, const struct dk_key *key)
{
    return series->hash == key->hash && memcmp(series->name, key->name, key->name_bytes) == 0 &&
           series->name[key->name_bytes] == 0 && memcmp(series->tenant, key->tenant, key->tenant_bytes) == 0 &&
           series->tenant[key->tenant_bytes] == 0;
}

static struct handle_table *newest(const struct dk_handles *handles)
{
    return (struct handle_table *)(uintptr_t)dk_load_acquire(&handles->newest); /* ORDER-18 */
}

struct docket_series *dk_handles_find(const struct dk_handles *handles, const struct dk_key *key)
{
    const struct handle_table *table = newest(handles);
    if (table == NULL)
        return NULL;
    for (uint64_t at = key->hash;; at++) {
        uint64_t entry = dk_load_acquire(&table->entry[at & (table->room - 1)]); /* ORDER-18 */
        struct docket_series *series = (struct docket_series *)(uintptr_t)entry;
        if (series == NULL || is_key(series, key))
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

static void put(struct handle_table *table, struct docket_series *series)
{
    uint64_t at = series->hash;
    while (dk_load_relaxed(&table->entry[at & (table->room - 1)]) != 0) /* relaxed: only adders write, and we are it */
        at++;
    dk_store_release(&table->entry[at & (table->room - 1)], (uint64_t)(uintptr_t)series); /* ORDER-18 */
}

/* Room for one more: the newest table, or one that follows it. */
static struct handle_table *make_room(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    if (table != NULL && (uint64_t)handles->count * 2 < table->room)
        return table;
    uint64_t room = table == NULL ? ROOM_FIRST : table->room * 2;
    struct handle_table *made = calloc(1, sizeof *made + room * sizeof made->entry[0]);
    if (made == NULL)
        return NULL;
    made->room = room;
    made->older = table;
    for (uint64_t i = 0; table != NULL && i < table->room; i++) {
        uint64_t entry = dk_load_relaxed(&table->entry[i]); /* relaxed: only adders write, and we are it */
        if (entry != 0)
            put(made, (struct docket_series *)(uintptr_t)entry);
    }
    dk_store_release(&handles->newest, (uint64_t)(uintptr_t)made); /* ORDER-18: the whole table */
    return made;
}

docket_status dk_handles_add(struct dk_handles *handles, struct docket_series *made, struct docket_series **kept)
{
    struct dk_key key;
    if (!dk_key_make(&key, made->tenant, made->name))
        return DOCKET_BAD_NAME; /* checked before it was made */
    made->hash = key.hash;
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
    handles->count++; /* before the entry: a child forked between the two has room, not too little */
    dk_compiler_barrier();
    put(table, made);
    *kept = made;
    return DOCKET_OK;
}

void dk_handles_free(struct dk_handles *handles)
{
    struct handle_table *table = newest(handles);
    for (uint64_t i = 0; table != NULL && i < table->room; i++)
        free((void *)(uintptr_t)dk_load_relaxed(&table->entry[i])); /* relaxed: nobody else is here */
    for (struct handle_table *older; table != NULL; table = older) {
        older = table->older;
        free(table);
    }
    dk_store_release(&handles->newest, 0);
    handles->count = 0;
}
