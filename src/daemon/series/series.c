/* SPDX-License-Identifier: MIT */
/* series: the books of series, and their slots on the board. */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/series/policies.h"
#include "table/directory.h"
#include "table/doorbell.h"
#include "table/slot.h"

#include <stdlib.h>
#include <string.h>

static int compare_tenants(const void *left, const void *right)
{
    const struct dk_tenant *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* The tenants that the configuration puts at a desk, in order: a start asks for each series. */
static void sort_tenants(struct dk_daemon *daemon)
{
    for (uint32_t d = 1; d < daemon->config.desk_count; d++) {
        const struct dk_desk_config *desk = &daemon->config.desks[d];
        daemon->tenants =
            dk_must_grow(daemon->tenants, daemon->tenant_count + desk->tenant_count, sizeof *daemon->tenants);
        for (uint32_t t = 0; t < desk->tenant_count; t++)
            daemon->tenants[daemon->tenant_count++] = (struct dk_tenant){.name = desk->tenants[t], .desk = d};
    }
    if (daemon->tenant_count > 1)
        qsort(daemon->tenants, daemon->tenant_count, sizeof *daemon->tenants, compare_tenants);
}

struct dk_desk_book *dk_series_desk(struct dk_daemon *daemon, const char *tenant)
{
    if (daemon->config.desk_count <= 1)
        return &daemon->desks[0];
    if (daemon->tenants == NULL)
        sort_tenants(daemon);
    struct dk_tenant wanted = {.name = tenant};
    const struct dk_tenant *found = daemon->tenant_count == 0
                                        ? NULL
                                        : bsearch(&wanted, daemon->tenants, daemon->tenant_count,
                                                  sizeof *daemon->tenants, compare_tenants);
    return &daemon->desks[found == NULL ? 0 : found->desk];
}

struct dk_series_book *dk_series_find(struct dk_daemon *daemon, const char *tenant, const char *name)
{
    return (struct dk_series_book *)(void *)dk_names_find(&daemon->names, tenant, name); /* its first member */
}

struct dk_series_book *dk_series_book_new(struct dk_daemon *daemon, const struct dk_series_record *record)
{
    struct dk_series_book *series = dk_must_alloc(1, sizeof *series);
    series->record = *record;
    series->slot = DK_NO_SLOT;
    daemon->closes = daemon->closes || record->policy->close_after != DK_CLOSE_NEVER;
    if (record->id >= daemon->series_room) {
        uint64_t room = record->id * 2 + 64;
        daemon->series_by_id = dk_must_grow(daemon->series_by_id, room, sizeof(struct dk_series_book *));
        memset(daemon->series_by_id + daemon->series_room, 0,
               (room - daemon->series_room) * sizeof(struct dk_series_book *));
        daemon->series_room = room;
    }
    daemon->series_by_id[record->id] = series;
    dk_names_add(&daemon->names, &series->record);
    return series;
}

void dk_series_forget(struct dk_daemon *daemon, struct dk_series_book *series)
{
    dk_edges_set(daemon, series, INT64_MAX);
    dk_names_remove(&daemon->names, &series->record);
    daemon->series_by_id[series->record.id] = NULL;
    free(series);
}

/* ---- slots ---- */

void dk_slots_put_free(struct dk_desk_book *desk, uint32_t slot)
{
    if (desk->free_count == desk->free_room) {
        desk->free_room = desk->free_room * 2 + 64;
        desk->free_slots = dk_must_grow(desk->free_slots, desk->free_room, sizeof *desk->free_slots);
    }
    desk->free_slots[desk->free_count++] = slot;
    dk_store_release(&dk_desk_words(&desk->map)->slots_free, desk->free_count);
}

docket_status dk_slots_make_room(struct dk_desk_book *desk)
{
    while (desk->slots_used + desk->coming >= dk_load_relaxed(&dk_desk_words(&desk->map)->slots_ready) + desk->free_count) {
        docket_status status = dk_desk_grow_slots(&desk->map, desk->daemon->runtime_fd);
        if (status != DOCKET_OK)
            return status;
    }
    return DOCKET_OK;
}

/* A slot of nobody: one that was left, else the next one. */
static docket_status take_slot(struct dk_desk_book *desk, uint32_t *slot)
{
    struct shared_board_words *words = dk_desk_words(&desk->map);
    if (desk->free_count > 0) {
        *slot = desk->free_slots[--desk->free_count];
        dk_store_release(&words->slots_free, desk->free_count);
        return DOCKET_OK;
    }
    if (desk->slots_used >= dk_load_relaxed(&words->slots_ready)) {
        docket_status status = dk_desk_grow_slots(&desk->map, desk->daemon->runtime_fd);
        if (status != DOCKET_OK)
            return status;
    }
    *slot = desk->slots_used;
    return DOCKET_OK;
}

bool dk_series_form(const struct dk_series_record *record, int32_t period, struct dk_form *form)
{
    const struct dk_policy *policy = dk_series_policy(record, period);
    struct dk_template template;
    memset(form, 0, sizeof *form);
    if (dk_policy_template(policy, record->tenant, &template) != DOCKET_OK) {
        dk_log(DK_LOG_ERROR, "%s/%s cannot write document numbers: %s", record->tenant, record->name, dk_error_text());
        return false;
    }
    dk_form_pack(&template, form);
    return true;
}

static uint8_t flags_of(const struct dk_policy *policy)
{
    return (uint8_t)((policy->chronological ? DK_FLAG_CHRONOLOGICAL : 0) | (policy->at_end == DK_STOP ? DK_FLAG_STOPS : 0) |
                     (policy->release == DK_VOID_RELEASED ? DK_FLAG_VOID_RELEASED : 0));
}

/* A bank that is absent has those of the policy that stands. */
static uint8_t flags_of_banks(const struct dk_series_book *series)
{
    unsigned flags = 0;
    for (int bank = 0; bank < DK_BANKS; bank++) {
        const struct dk_counter *counter = series->bank[bank];
        const struct dk_policy *policy =
            counter != NULL ? dk_series_policy(&series->record, counter->period.label) : series->record.policy;
        flags |= (unsigned)flags_of(policy) << (bank * DK_FLAG_BITS);
    }
    return (uint8_t)flags;
}

static void fill_key(struct dk_slot_key *key, const struct dk_series_book *series)
{
    const struct dk_series_record *record = &series->record;
    const struct dk_policy *policy = record->policy;
    *key = (struct dk_slot_key){.series_id = record->id,
                                .window = policy->window,
                                .order = policy->order,
                                .restart = policy->restart,
                                .tenant_bytes = (uint8_t)strlen(record->tenant),
                                .name_bytes = (uint8_t)strlen(record->name),
                                .profile = policy->profile,
                                .flags = flags_of_banks(series),
                                .warn = policy->warn,
                                .documents = policy->documents,
                                .calendar = series->calendar,
                                .close_after = policy->close_after,
                                .valid_from = policy->valid_from,
                                .valid_to = dk_record_valid_to(record)};
    memcpy(key->tenant, record->tenant, key->tenant_bytes);
    memcpy(key->name, record->name, key->name_bytes);
}

static uint64_t state_of(const struct dk_series_book *series)
{
    return series->record.retired_ns != 0 ? DK_SLOT_RETIRED : dk_is_tracked(series) ? DK_SLOT_LEDGER : DK_SLOT_OPEN;
}

/* Of one that is tracked no bank says how its numbers are written; tools read it where
 * the first bank's would stand. Nobody takes a number by it. */
static void write_tracked_form(const struct dk_series_book *series)
{
    struct dk_form form;
    if (!dk_is_tracked(series))
        return;
    (void)dk_series_form(&series->record, 0, &form); /* logged */
    dk_slot_write_form(dk_desk_slot(&series->desk->map, series->slot), 0, &form);
}

docket_status dk_series_place(struct dk_daemon *daemon, struct dk_series_book *series)
{
    struct dk_desk_book *desk = dk_series_desk(daemon, series->record.tenant);
    struct dk_slot_key key;
    uint32_t index;
    docket_status status = dk_calendars_take(desk, dk_zone_of_policy(series->record.policy), &series->calendar);
    if (status == DOCKET_OK)
        status = take_slot(desk, &index);
    if (status != DOCKET_OK)
        return status;
    struct shared_board_slot *slot = dk_desk_slot(&desk->map, index);
    dk_store_release(&slot->generation, 0);
    fill_key(&key, series);
    dk_slot_write(slot, &key);
    dk_store_release(&slot->state, state_of(series));
    for (int bank = 0; bank < DK_BANKS; bank++) {
        struct shared_table_bank *table = &dk_table_slot(&desk->map, index)->bank[bank];
        dk_store_release(&slot->bank[bank].epoch, 0);
        dk_store_relaxed(&slot->pace[bank], 0); /* shown only */
        /* Assignments are counted on from the slot's own word, whoever had it before. */
        series->assignments[bank] = dk_strict_unpack(dk_load_acquire(&table->strict)).epoch; /* ORDER-8 */
        (void)dk_exchange_acquire(&table->want, 0); /* a wish for another series */
    }
    dk_store_release(&slot->generation, dk_desk_serial(&desk->map)); /* ORDER-5, ORDER-16 */
    desk->series[index] = series;
    if (index == desk->slots_used)
        desk->slots_used = index + 1;
    series->desk = desk;
    series->slot = index;
    write_tracked_form(series);
    dk_tracked_hide(series); /* of whoever had the slot before */
    series->quiet_since_s = dk_clock_monotonic_ns() / DK_SECOND_NS;
    dk_store_release(&dk_desk_words(&desk->map)->slots_used, desk->slots_used);
    dk_edges_set(daemon, series, 0);
    dk_directory_insert(&desk->map, index);
    return DOCKET_OK;
}

/* What workers keep of a slot differs: it must become another one for them. */
static bool key_differs(const struct dk_series_book *series, const struct dk_slot_key *key)
{
    const struct shared_board_slot *slot = dk_desk_slot(&series->desk->map, series->slot);
    bool differs = slot->order != key->order || slot->restart != key->restart || slot->calendar != key->calendar;
    for (int bank = 0; bank < DK_BANKS; bank++)
        differs = differs || (series->bank[bank] != NULL &&
                              dk_slot_flags_of(slot->flags, bank) != dk_slot_flags_of(key->flags, bank));
    return differs;
}

void dk_series_bank_begins(const struct dk_series_book *series, int bank)
{
    struct shared_board_slot *slot = dk_desk_slot(&series->desk->map, series->slot);
    struct dk_slot_key key;
    struct dk_form form;
    fill_key(&key, series);
    dk_slot_write_settings(slot, &key); /* the bank's flags; all else stays as it is */
    (void)dk_series_form(&series->record, series->bank[bank]->period.label, &form); /* logged; workers say DAMAGED */
    dk_slot_write_form(slot, bank, &form);
}

bool dk_series_slot_differs(const struct dk_series_book *series)
{
    const struct shared_board_slot *slot = dk_desk_slot(&series->desk->map, series->slot);
    struct dk_slot_key key;
    fill_key(&key, series);
    return slot->window != key.window || slot->profile != key.profile || slot->warn != key.warn ||
           slot->documents != key.documents || slot->close_after != key.close_after ||
           slot->valid_from != key.valid_from || slot->valid_to != key.valid_to || key_differs(series, &key) ||
           (!series->quarantined && dk_load_acquire(&slot->state) != state_of(series));
}

void dk_series_rewrite(struct dk_series_book *series)
{
    struct dk_desk *map = &series->desk->map;
    struct shared_board_slot *slot = dk_desk_slot(map, series->slot);
    struct dk_slot_key key;
    if (dk_calendars_take(series->desk, dk_zone_of_policy(series->record.policy), &series->calendar) != DOCKET_OK) {
        dk_series_quarantine(series, dk_error_text()); /* it was there when the zone was chosen; never a wrong day */
        return;
    }
    fill_key(&key, series);
    if (!series->quarantined)
        dk_store_release(&slot->state, state_of(series)); /* of one that begins to track no bank is left by now */
    write_tracked_form(series);
    if (!key_differs(series, &key)) {
        dk_slot_write_settings(slot, &key); /* what may change under workers */
        return;
    }
    dk_store_release(&slot->generation, 0); /* ORDER-5, ORDER-16 */
    dk_directory_remove(map, series->slot);
    dk_slot_write(slot, &key);
    dk_store_release(&slot->generation, dk_desk_serial(map)); /* ORDER-5, ORDER-16 */
    dk_directory_insert(map, series->slot);
}

struct dk_series_book *dk_series_by_id(struct dk_daemon *daemon, uint64_t id)
{
    return id < daemon->series_room ? daemon->series_by_id[id] : NULL;
}

struct dk_counter *dk_series_on_board(const struct dk_series_book *series, int32_t period)
{
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->period.label == period)
            return series->bank[bank];
    return NULL;
}

struct dk_counter *dk_series_counter(const struct dk_series_book *series, int32_t period)
{
    struct dk_counter *found = dk_series_on_board(series, period);
    for (struct dk_counter *counter = series->counters; found == NULL && counter != NULL;
         counter = counter->next_of_series)
        if (counter->period.label == period)
            found = counter;
    return found;
}

void dk_series_retire_now(struct dk_series_book *series)
{
    if (!series->quarantined && series->slot != DK_NO_SLOT)
        dk_store_release(&dk_desk_slot(&series->desk->map, series->slot)->state, DK_SLOT_RETIRED);
    for (struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series) {
        if (counter->closed)
            continue;
        counter->ended = true;
        counter->ahead = counter->settled = false;
        dk_keeper_ask(counter);
        if (counter->bank >= 0)
            dk_doorbell_announce(&dk_book_bank(counter)->supply); /* who waits hears of it at once */
    }
}
