/* SPDX-License-Identifier: MIT */
#include "daemon/recovery/accept.h"

#include "daemon/ended/ended.h"
#include "daemon/recovery/accept_hear.h"
#include "daemon/recovery/recovery.h"
#include "daemon/series/policies.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the store knows ---- */

static docket_status know_series(void *context, const struct dk_series_record *record)
{
    struct dk_planning *planning = context;
    if (record->id >= planning->room)
        return dk_fail(DOCKET_DAMAGED, "series %s/%s has an id above the last one", record->tenant, record->name);
    struct dk_planned *planned = &planning->series[record->id];
    struct dk_period period;
    planned->record = *record;
    dk_period_at_instant(record->policy, planning->now_s, &period);
    planned->now = planned->ahead = period.label;
    if (period.end_s != INT64_MAX && planning->now_s >= period.end_s - DK_PERIOD_AHEAD_S) {
        dk_period_at_instant(record->policy, period.end_s, &period);
        planned->ahead = period.label; /* documents dated ahead may have numbers of it */
    }
    return DOCKET_OK;
}

static struct dk_accept_cell *add_cell(struct dk_accept *accept)
{
    if ((accept->count & (accept->count + 1)) == 0) /* room doubles at 0, 1, 3, 7 ... */
        accept->cells = dk_must_grow(accept->cells, accept->count * 2 + 1, sizeof *accept->cells);
    struct dk_accept_cell *cell = &accept->cells[accept->count++];
    memset(cell, 0, sizeof *cell);
    return cell;
}

static void put_cell(struct dk_planning *planning, const struct dk_counter_image *image, bool unknown)
{
    const struct dk_series_record *record = &planning->series[image->series_id].record;
    struct dk_move move;
    struct dk_accept_cell *cell = add_cell(planning->accept);
    cell->covered = dk_floors_judge(&planning->accept->floors, image, &move);
    snprintf(cell->tenant, sizeof cell->tenant, "%s", record->tenant);
    snprintf(cell->name, sizeof cell->name, "%s", record->name);
    cell->period = image->period;
    cell->known = image->mark - 1;
    cell->floor = move.floor != NULL ? move.floor->number : 0;
    cell->source = move.floor != NULL ? move.floor->source : DK_FLOOR_SKIP;
    cell->next = image->mark + move.advance;
    cell->unknown = unknown;
    planning->accept->lacking += !cell->covered;
}

static docket_status see_counter(void *context, const struct dk_counter_image *image)
{
    struct dk_planning *planning = context;
    struct dk_planned *planned = image->series_id < planning->room ? &planning->series[image->series_id] : NULL;
    if (planned == NULL || planned->record.id == 0)
        return DOCKET_OK;
    planned->saw_now = planned->saw_now || image->period == planned->now;
    planned->saw_ahead = planned->saw_ahead || image->period == planned->ahead;
    const struct dk_floor *floor = dk_floors_find(&planning->accept->floors, image->series_id, image->period);
    if (floor != NULL)
        planning->met[floor - planning->accept->floors.all] = true;
    if (planned->record.retired_ns == 0 && image->closed != DK_CLOSED_FOR_GOOD)
        put_cell(planning, image, false);
    return DOCKET_OK;
}

/* ---- what it has never heard of ---- */

static void put_unseen(struct dk_planning *planning, const struct dk_planned *planned, int32_t label)
{
    struct dk_counter_image image;
    dk_image_begin(&image, planned->record.id, label, 0, 0);
    image.extent_last = dk_record_last(&planned->record, label);
    put_cell(planning, &image, true);
}

static void put_all_unseen(struct dk_planning *planning)
{
    for (uint64_t id = 0; id < planning->room; id++) {
        const struct dk_planned *planned = &planning->series[id];
        if (planned->record.id == 0 || planned->record.retired_ns != 0)
            continue;
        if (!planned->saw_now)
            put_unseen(planning, planned, planned->now);
        if (planned->ahead != planned->now && !planned->saw_ahead)
            put_unseen(planning, planned, planned->ahead);
    }
    const struct dk_floors *floors = &planning->accept->floors;
    for (size_t at = 0; at < floors->count; at++) {
        const struct dk_planned *planned = &planning->series[floors->all[at].series_id];
        int32_t label = floors->all[at].period;
        if (!planning->met[at] && planned->record.retired_ns == 0 && label != planned->now && label != planned->ahead)
            put_unseen(planning, planned, label);
    }
    for (size_t at = 0; at < floors->new_count; at++) {
        struct dk_accept_cell *cell = add_cell(planning->accept);
        const struct dk_floor_new *floor = &floors->news[at];
        snprintf(cell->tenant, sizeof cell->tenant, "%s", floor->tenant);
        snprintf(cell->name, sizeof cell->name, "%s", floor->name);
        cell->period = floor->period;
        cell->floor = floor->number;
        cell->next = floor->number + floors->skip + 1;
        cell->source = floor->source;
        cell->past = floor->past;
        cell->covered = !floor->lacking;
        cell->unknown = true;
        planning->accept->lacking += floor->lacking;
    }
}

/* ---- series that are to be made ---- */

/* Years, months, days: a series that was daily may be made as a yearly one. */
static bool is_of_kind(int32_t a, int32_t b)
{
    while (a > 0 && b > 0)
        a /= 10, b /= 10;
    return a == b;
}

/* Of a series that the store has never heard of the current period begins behind its floor, and an earlier one gives
 * nothing: which period is which, by the policy that the series' first use gives it. */
static docket_status date_news(struct dk_planning *planning, const struct dk_accept_order *order)
{
    struct dk_floors *floors = &planning->accept->floors, heard = {.news = floors->news, .new_count = floors->new_count};
    docket_status status = DOCKET_OK;
    floors->news = NULL;
    floors->new_count = 0;
    for (size_t at = 0; at < heard.new_count && status == DOCKET_OK; at++) {
        struct dk_floor_new floor = heard.news[at], current = floor;
        struct dk_period period;
        dk_period_at_instant(dk_config_policy(&planning->daemon->config, floor.tenant), planning->now_s, &period);
        if (floor.period == period.label || !is_of_kind(floor.period, period.label))
            floor.period = -1;
        if (floor.period > period.label)
            status = dk_fail(DOCKET_BAD_ARGUMENT, "%s/%s is not in the store, and a floor names its period %d, which has not begun: "
                                                  "accept the store when it has", floor.tenant, floor.name, floor.period);
        floor.past = floor.period >= 0;
        dk_floors_add_new(floors, &floor);
        current.period = -1;
        current.number = 0;
        current.lacking = !order->skip_given && !order->from_witness;
        if (floor.past)
            dk_floors_add_new(floors, &current);
    }
    dk_floors_free(&heard);
    return status;
}

/* ---- the floors themselves ---- */

static docket_status check_floors(const struct dk_planning *planning)
{
    const struct dk_floors *floors = &planning->accept->floors;
    for (size_t at = 0; at < floors->count; at++) {
        const struct dk_floor *floor = &floors->all[at];
        const struct dk_planned *planned = &planning->series[floor->series_id];
        if (floor->period > planned->ahead && floor->source != DK_FLOOR_BOARD && floor->source != DK_FLOOR_WITNESS)
            return dk_fail(DOCKET_BAD_ARGUMENT, "%s has not begun, and no number of it can have been given",
                           dk_ended_name(&planned->record, floor->period));
    }
    return DOCKET_OK;
}

static int compare_cells(const void *left, const void *right)
{
    const struct dk_accept_cell *a = left, *b = right;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return order != 0 ? order : a->period < b->period ? -1 : a->period > b->period;
}

static docket_status plan(struct dk_planning *planning, const struct dk_accept_order *order)
{
    struct dk_accept *accept = planning->accept;
    docket_status status = dk_store_each_series(planning->daemon->store, know_series, planning);
    if (status == DOCKET_OK)
        status = dk_accept_hear(planning, order);
    dk_floors_ready(&accept->floors);
    if (status == DOCKET_OK)
        status = date_news(planning, order);
    if (status == DOCKET_OK)
        status = check_floors(planning);
    planning->met = dk_must_alloc(accept->floors.count, sizeof *planning->met);
    if (status == DOCKET_OK)
        status = dk_store_each_counter(planning->daemon->store, see_counter, planning);
    if (status == DOCKET_OK)
        put_all_unseen(planning);
    if (accept->count > 1)
        qsort(accept->cells, accept->count, sizeof *accept->cells, compare_cells);
    free(planning->met);
    return status;
}

docket_status dk_accept_plan(struct dk_daemon *daemon, const struct dk_accept_order *order, struct dk_accept *accept)
{
    struct dk_store_place place;
    struct dk_planning planning = {.daemon = daemon, .accept = accept};
    *accept = (struct dk_accept){.floors = {.skip_given = order->skip_given, .skip = order->skip}};
    dk_store_place_of(daemon, &place);
    docket_status status = dk_store_look(&place.options, &daemon->store, &accept->facts);
    if (status != DOCKET_OK)
        return status;
    daemon->facts = accept->facts;
    if (accept->facts.fence.kind == DK_FENCE_MOVED)
        status = dk_fail(DOCKET_STORE_FENCED, "the store of %s has moved to another realm, for good: nothing accepts it",
                         daemon->config.realm);
    planning.now_s = dk_now_s(daemon);
    planning.room = accept->facts.series_last + 1;
    planning.series = dk_must_alloc(planning.room, sizeof *planning.series);
    if (status == DOCKET_OK)
        status = plan(&planning, order);
    free(planning.series);
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", status == DOCKET_OK ? "" : dk_error_text());
    (void)dk_store_close(daemon->store, false);
    daemon->store = NULL;
    daemon->clock_far_s = 0; /* the store that is opened next is to be told again */
    daemon->clock_held_s = 0;
    return status == DOCKET_OK ? status : dk_fail(status, "%s", sentence);
}

void dk_accept_free(struct dk_accept *accept)
{
    dk_floors_free(&accept->floors);
    free(accept->cells);
    *accept = (struct dk_accept){0};
}
