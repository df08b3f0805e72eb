/* SPDX-License-Identifier: MIT */
/* series: the books of series, and their slots on the board. */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "table/directory.h"

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

static void write_key(struct shared_board_slot *slot, const struct dk_series_record *record)
{
    slot->series_id = record->id;
    slot->window = record->policy.window;
    slot->order = record->policy.order;
    slot->restart = record->policy.restart;
    slot->tenant_bytes = (uint8_t)strlen(record->tenant);
    slot->name_bytes = (uint8_t)strlen(record->name);
    slot->template_bytes = (uint8_t)strlen(record->policy.template_text);
    memcpy(slot->tenant, record->tenant, slot->tenant_bytes);
    memcpy(slot->name, record->name, slot->name_bytes);
    memcpy(slot->template_text, record->policy.template_text, slot->template_bytes);
}

docket_status dk_series_place(struct dk_daemon *daemon, struct dk_series_book *series)
{
    struct dk_desk_book *desk = dk_series_desk(daemon, series->record.tenant);
    struct shared_board_words *words = dk_desk_words(&desk->map);
    if (desk->slots_used >= dk_load_relaxed(&words->slots_ready)) {
        docket_status status = dk_desk_grow_slots(&desk->map, daemon->runtime_fd);
        if (status != DOCKET_OK)
            return status;
    }
    uint32_t index = desk->slots_used;
    struct shared_board_slot *slot = dk_desk_slot(&desk->map, index);
    dk_store_release(&slot->generation, 0);
    memset(slot->tenant, 0, sizeof slot->tenant);
    memset(slot->name, 0, sizeof slot->name);
    memset(slot->template_text, 0, sizeof slot->template_text);
    write_key(slot, &series->record);
    dk_store_release(&slot->state, 0);
    for (int bank = 0; bank < DK_BANKS; bank++)
        dk_store_release(&slot->bank[bank].epoch, 0);
    dk_store_release(&slot->generation, 1); /* ORDER-5 */
    desk->series[index] = series;
    desk->slots_used = index + 1;
    series->desk = desk;
    series->slot = index;
    dk_store_release(&words->slots_used, desk->slots_used);
    dk_edges_set(daemon, series, 0);
    dk_directory_insert(&desk->map, index);
    return DOCKET_OK;
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
