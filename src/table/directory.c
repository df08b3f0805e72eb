/* SPDX-License-Identifier: MIT */
#include "table/directory.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_key(const char *tenant, size_t tenant_bytes, const char *name, size_t name_bytes)
{
    return dk_hash(tenant, tenant_bytes, dk_hash(name, name_bytes, name_bytes));
}

/* *generation: of the series that was found to have this key. docketd may be
 * rewriting the slot for another one meanwhile. */
static bool is_key(const struct shared_board_slot *slot, const char *tenant, size_t tenant_bytes, const char *name,
                   size_t name_bytes, uint64_t *generation)
{
    struct dk_slot_key key;
    *generation = dk_load_acquire(&slot->generation); /* ORDER-5: the key */
    return *generation != 0 && dk_slot_read(slot, *generation, &key) && key.tenant_bytes == tenant_bytes &&
           key.name_bytes == name_bytes && memcmp(key.tenant, tenant, tenant_bytes) == 0 &&
           memcmp(key.name, name, name_bytes) == 0;
}

bool dk_directory_is(const struct dk_desk *desk, uint32_t slot, const char *tenant, const char *name,
                     uint64_t *generation)
{
    return slot < desk->geometry.slots_max &&
           slot < dk_load_acquire(&dk_desk_words(desk)->slots_ready) && /* ORDER-2 */
           is_key(dk_desk_slot(desk, slot), tenant, strlen(tenant), name, strlen(name), generation);
}

/* One step holds the slots from `from` to `to`; its entries are twice those. */
static uint32_t find_in_step(const struct dk_desk *desk, uint32_t from, uint32_t to, uint64_t hash,
                             const char *tenant, size_t tenant_bytes, const char *name, size_t name_bytes,
                             uint64_t *generation)
{
    const dk_word32 *entries = dk_desk_directory(desk) + 2 * (size_t)from;
    uint32_t count = 2 * (to - from);
    for (uint32_t probe = 0; probe < count; probe++) {
        uint32_t entry = dk_load32_acquire(&entries[(hash + probe) % count]); /* ORDER-5 */
        if (entry == 0)
            return DK_NO_SLOT;
        uint32_t slot = entry - 1;
        if (slot >= from && slot < to &&
            is_key(dk_desk_slot(desk, slot), tenant, tenant_bytes, name, name_bytes, generation))
            return slot;
    }
    return DK_NO_SLOT;
}

uint32_t dk_directory_find(const struct dk_desk *desk, const char *tenant, const char *name)
{
    uint64_t generation;
    return dk_directory_look(desk, tenant, name, &generation);
}

uint32_t dk_directory_look(const struct dk_desk *desk, const char *tenant, const char *name, uint64_t *generation)
{
    size_t tenant_bytes = strlen(tenant), name_bytes = strlen(name);
    uint64_t hash = hash_key(tenant, tenant_bytes, name, name_bytes);
    uint64_t ready = dk_load_acquire(&dk_desk_words(desk)->slots_ready); /* ORDER-2 */
    if (ready > desk->geometry.slots_max)
        ready = desk->geometry.slots_max;
    uint32_t from = 0;
    while (from < ready) {
        uint32_t to = dk_step_next(from, DK_FIRST_STEP, desk->geometry.slots_max);
        uint32_t slot = find_in_step(desk, from, to, hash, tenant, tenant_bytes, name, name_bytes, generation);
        if (slot != DK_NO_SLOT)
            return slot;
        from = to;
    }
    return DK_NO_SLOT;
}

/* The part of the directory that a slot's entry lies in. */
struct part {
    dk_word32 *entries;
    uint32_t from, to; /* slots */
    uint32_t count;    /* of entries */
};

static struct part part_of(const struct dk_desk *desk, uint32_t slot)
{
    uint32_t from = 0, to = dk_step_next(0, DK_FIRST_STEP, desk->geometry.slots_max);
    while (slot >= to) {
        from = to;
        to = dk_step_next(from, DK_FIRST_STEP, desk->geometry.slots_max);
    }
    return (struct part){dk_desk_directory(desk) + 2 * (size_t)from, from, to, 2 * (to - from)};
}

/* Where the entry of a slot belongs. The keys are docketd's own. */
static uint32_t home_of(const struct dk_desk *desk, const struct part *part, uint32_t slot)
{
    const struct shared_board_slot *key = dk_desk_slot(desk, slot);
    return (uint32_t)(hash_key(key->tenant, key->tenant_bytes, key->name, key->name_bytes) % part->count);
}

void dk_directory_insert(struct dk_desk *desk, uint32_t slot)
{
    struct part part = part_of(desk, slot);
    uint32_t home = home_of(desk, &part, slot);
    for (uint32_t probe = 0; probe < part.count; probe++) {
        dk_word32 *entry = &part.entries[(home + probe) % part.count];
        uint32_t seen = dk_load32_relaxed(entry); /* docketd wrote it itself */
        if (seen == slot + 1)
            return; /* a docketd that was killed after this step did it */
        if (seen == 0) {
            dk_store32_release(entry, slot + 1); /* ORDER-5 */
            return;
        }
    }
}

/* Empties a cell, and moves back what its entry had pushed along, so that no
 * probe ends too early. Each move copies first and empties then: a reader may
 * miss a series for a moment, and asks docketd; a docketd that dies in between
 * leaves an entry twice, which dk_directory_tidy() finds. */
static void empty_cell(const struct dk_desk *desk, const struct part *part, uint32_t hole)
{
    for (uint32_t step = 1; step < part->count; step++) {
        uint32_t at = (hole + step) % part->count;
        uint32_t seen = dk_load32_relaxed(&part->entries[at]);
        if (seen == 0)
            break;
        if (seen - 1 < part->from || seen - 1 >= part->to)
            continue; /* it names no slot, so no home either */
        uint32_t home = home_of(desk, part, seen - 1);
        if ((at + part->count - home) % part->count < step)
            continue; /* its home lies behind the hole */
        dk_store32_release(&part->entries[hole], seen); /* ORDER-5 */
        hole = at;
        step = 0;
    }
    dk_store32_release(&part->entries[hole], 0);
}

void dk_directory_remove(struct dk_desk *desk, uint32_t slot)
{
    struct part part = part_of(desk, slot);
    uint32_t home = home_of(desk, &part, slot);
    for (uint32_t probe = 0; probe < part.count; probe++) {
        uint32_t at = (home + probe) % part.count;
        uint32_t seen = dk_load32_relaxed(&part.entries[at]);
        if (seen == 0)
            return;
        if (seen == slot + 1) {
            empty_cell(desk, &part, at);
            return;
        }
    }
}

/* True if the entry leads to a series that is there, and is the one that a look-up meets first. */
static bool is_good_entry(const struct dk_desk *desk, const struct part *part, uint32_t at, uint32_t used)
{
    uint32_t slot = dk_load32_relaxed(&part->entries[at]) - 1;
    if (slot < part->from || slot >= part->to || slot >= used ||
        dk_load_acquire(&dk_desk_slot(desk, slot)->generation) == 0)
        return false;
    uint32_t probe = home_of(desk, part, slot);
    for (uint32_t step = 0; step < part->count && probe != at; step++, probe = (probe + 1) % part->count)
        if (dk_load32_relaxed(&part->entries[probe]) == slot + 1 || dk_load32_relaxed(&part->entries[probe]) == 0)
            return false;
    return true;
}

/* Where a look-up of the slot's key meets the slot; part->count: nowhere. */
static uint32_t met_at(const struct dk_desk *desk, const struct part *part, uint32_t slot)
{
    uint32_t at = home_of(desk, part, slot);
    for (uint32_t probe = 0; probe < part->count; probe++, at = at + 1 < part->count ? at + 1 : 0) {
        uint32_t seen = dk_load32_relaxed(&part->entries[at]);
        if (seen == slot + 1)
            return at;
        if (seen == 0)
            break;
    }
    return part->count;
}

/* Every series is met, and every entry is met by one: as it is after all but a few
 * starts. Slots are read in their order, so that a million cost little. */
static bool is_tidy(const struct dk_desk *desk, const struct part *part, uint32_t slots_used)
{
    uint8_t *met = calloc(part->count, 1);
    bool tidy = met != NULL; /* without memory the slow way tells */
    for (uint32_t slot = part->from; tidy && slot < part->to && slot < slots_used; slot++) {
        if (dk_load_acquire(&dk_desk_slot(desk, slot)->generation) == 0)
            continue;
        uint32_t at = met_at(desk, part, slot);
        tidy = at < part->count;
        if (tidy)
            met[at] = 1;
    }
    for (uint32_t at = 0; tidy && at < part->count; at++)
        tidy = met[at] != 0 || dk_load32_relaxed(&part->entries[at]) == 0;
    free(met);
    return tidy;
}

static void tidy_part(struct dk_desk *desk, const struct part *part, uint32_t slots_used)
{
    for (uint32_t at = 0; at < part->count;) {
        uint32_t seen = dk_load32_relaxed(&part->entries[at]);
        if (seen == 0 || is_good_entry(desk, part, at, slots_used))
            at++;
        else if (seen - 1 < part->from || seen - 1 >= part->to)
            dk_store32_release(&part->entries[at], 0); /* leads nowhere, and says no home */
        else
            empty_cell(desk, part, at); /* another one may come here: it is looked at again */
    }
    for (uint32_t slot = part->from; slot < part->to && slot < slots_used; slot++)
        if (dk_load_acquire(&dk_desk_slot(desk, slot)->generation) != 0)
            dk_directory_insert(desk, slot);
}

void dk_directory_tidy(struct dk_desk *desk, uint32_t slots_used)
{
    uint32_t ready = (uint32_t)dk_load_relaxed(&dk_desk_words(desk)->slots_ready);
    for (uint32_t from = 0; from < ready;) {
        struct part part = part_of(desk, from);
        if (!is_tidy(desk, &part, slots_used))
            tidy_part(desk, &part, slots_used);
        from = part.to;
    }
}
