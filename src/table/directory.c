/* SPDX-License-Identifier: MIT */
#include "table/directory.h"

#include "base/hash.h"

#include <string.h>

static uint64_t hash_key(const char *tenant, size_t tenant_bytes, const char *name, size_t name_bytes)
{
    return dk_hash(tenant, tenant_bytes, dk_hash(name, name_bytes, name_bytes));
}

static bool is_key(const struct shared_board_slot *slot, const char *tenant, size_t tenant_bytes,
                   const char *name, size_t name_bytes)
{
    return dk_load_acquire(&slot->generation) != 0 && /* ORDER-5: the key */
           slot->tenant_bytes == tenant_bytes && slot->name_bytes == name_bytes &&
           memcmp(slot->tenant, tenant, tenant_bytes) == 0 && memcmp(slot->name, name, name_bytes) == 0;
}

/* One step holds the slots from `from` to `to`; its entries are twice those. */
static uint32_t find_in_step(const struct dk_desk *desk, uint32_t from, uint32_t to, uint64_t hash,
                             const char *tenant, size_t tenant_bytes, const char *name, size_t name_bytes)
{
    const dk_word32 *entries = dk_desk_directory(desk) + 2 * (size_t)from;
    uint32_t count = 2 * (to - from);
    for (uint32_t probe = 0; probe < count; probe++) {
        uint32_t entry = dk_load32_acquire(&entries[(hash + probe) % count]); /* ORDER-5 */
        if (entry == 0)
            return DK_NO_SLOT;
        uint32_t slot = entry - 1;
        if (slot >= from && slot < to &&
            is_key(dk_desk_slot(desk, slot), tenant, tenant_bytes, name, name_bytes))
            return slot;
    }
    return DK_NO_SLOT;
}

uint32_t dk_directory_find(const struct dk_desk *desk, const char *tenant, const char *name)
{
    size_t tenant_bytes = strlen(tenant), name_bytes = strlen(name);
    uint64_t hash = hash_key(tenant, tenant_bytes, name, name_bytes);
    uint64_t ready = dk_load_acquire(&dk_desk_words(desk)->slots_ready); /* ORDER-2 */
    if (ready > desk->geometry.slots_max)
        ready = desk->geometry.slots_max;
    uint32_t from = 0;
    while (from < ready) {
        uint32_t to = dk_step_next(from, DK_FIRST_STEP, desk->geometry.slots_max);
        uint32_t slot = find_in_step(desk, from, to, hash, tenant, tenant_bytes, name, name_bytes);
        if (slot != DK_NO_SLOT)
            return slot;
        from = to;
    }
    return DK_NO_SLOT;
}

void dk_directory_insert(struct dk_desk *desk, uint32_t slot)
{
    const struct shared_board_slot *key = dk_desk_slot(desk, slot);
    uint64_t hash = hash_key(key->tenant, key->tenant_bytes, key->name, key->name_bytes);
    uint32_t from = 0, to = dk_step_next(0, DK_FIRST_STEP, desk->geometry.slots_max);
    while (slot >= to) {
        from = to;
        to = dk_step_next(from, DK_FIRST_STEP, desk->geometry.slots_max);
    }
    dk_word32 *entries = dk_desk_directory(desk) + 2 * (size_t)from;
    uint32_t count = 2 * (to - from);
    for (uint32_t probe = 0; probe < count; probe++) {
        dk_word32 *entry = &entries[(hash + probe) % count];
        uint32_t seen = dk_load32_relaxed(entry); /* docketd wrote it itself */
        if (seen == slot + 1)
            return; /* a docketd that was killed after this step did it */
        if (seen == 0) {
            dk_store32_release(entry, slot + 1); /* ORDER-5 */
            return;
        }
    }
}
