/* SPDX-License-Identifier: MIT */
/* step: what the migrations have in common; see migrations.h. */
#include "store/migrations/migrations.h"

#include <stdio.h>

enum { NAMES_MAX = 12 }; /* looked for by a walk over all series: more are not shown anyway */

struct stepping {
    struct dk_step *step;
    docket_status (*series)(struct dk_step *step, const struct dk_series_record *record);
    docket_status (*counter)(struct dk_step *step, const struct dk_counter_image *image);
    docket_status (*range)(struct dk_step *step, const struct dk_fate_record *record);
    docket_status (*event)(struct dk_step *step, const struct dk_event *event);
};

static docket_status show_series(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct stepping *stepping = context;
    struct dk_series_record record;
    docket_status status = dk_image_decode_series(key, value, &record);
    return status == DOCKET_OK ? stepping->series(stepping->step, &record) : status;
}

docket_status dk_step_each_series(struct dk_step *step,
                                  docket_status (*each)(struct dk_step *step, const struct dk_series_record *record))
{
    struct stepping stepping = {.step = step, .series = each};
    return dk_env_walk(step->store, step->txn, DK_KIND_SERIES, NULL, 0, show_series, &stepping);
}

static docket_status show_counter(void *context, const struct dk_counter_image *image)
{
    const struct stepping *stepping = context;
    return stepping->counter(stepping->step, image);
}

docket_status dk_step_each_counter(struct dk_step *step,
                                   docket_status (*each)(struct dk_step *step, const struct dk_counter_image *image))
{
    struct stepping stepping = {.step = step, .counter = each};
    return dk_walk_counters(step->store, step->txn, show_counter, &stepping);
}

static docket_status show_range(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct stepping *stepping = context;
    struct dk_fate_record record;
    docket_status status = dk_image_decode_range(key, value, &record);
    return status == DOCKET_OK ? stepping->range(stepping->step, &record) : status;
}

docket_status dk_step_each_range(struct dk_step *step,
                                 docket_status (*each)(struct dk_step *step, const struct dk_fate_record *record))
{
    struct stepping stepping = {.step = step, .range = each};
    return dk_env_walk(step->store, step->txn, DK_KIND_RANGES, NULL, 0, show_range, &stepping);
}

static docket_status show_event(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct stepping *stepping = context;
    struct dk_event event;
    docket_status status = dk_image_decode_event(key, value, &event);
    return status == DOCKET_OK ? stepping->event(stepping->step, &event) : status;
}

docket_status dk_step_each_event(struct dk_step *step,
                                 docket_status (*each)(struct dk_step *step, const struct dk_event *event))
{
    struct stepping stepping = {.step = step, .event = each};
    return dk_env_walk(step->store, step->txn, DK_KIND_EVENTS, NULL, 0, show_event, &stepping);
}

docket_status dk_step_each_entry(struct dk_step *step, enum dk_kind kind,
                                 docket_status (*each)(void *context, struct dk_slice key, struct dk_slice value))
{
    struct dk_log_view view;
    if (step->store->kinds < DK_KIND_COUNT)
        return DOCKET_OK;
    docket_status status = dk_view_of(step->store, step->txn, &view);
    if (status == DOCKET_OK)
        status = dk_view_walk(&view, kind, NULL, 0, each, step);
    view.txn = NULL; /* it is the step's */
    dk_view_end(&view);
    return status;
}

/* ---- names ---- */

struct sought {
    uint64_t id;
    char name[2 * (DOCKET_NAME_MAX + 1)];
};

static docket_status look_at_id(void *context, struct dk_slice key, struct dk_slice value)
{
    struct sought *sought = context;
    struct dk_series_record record;
    docket_status status = dk_image_decode_series(key, value, &record);
    if (status == DOCKET_OK && record.id == sought->id)
        snprintf(sought->name, sizeof sought->name, "%s/%s", record.tenant, record.name);
    return status;
}

/* A damaged record was found long before this. */
const char *dk_step_name(struct dk_step *step, uint64_t series_id)
{
    static __thread struct sought sought;
    sought = (struct sought){.id = series_id};
    docket_status status = DOCKET_OK;
    if (step->named++ < NAMES_MAX)
        status = dk_env_walk(step->store, step->txn, DK_KIND_SERIES, NULL, 0, look_at_id, &sought);
    if (status != DOCKET_OK || sought.name[0] == 0)
        snprintf(sought.name, sizeof sought.name, "series %llu", (unsigned long long)series_id);
    return sought.name;
}

/* ---- changing ---- */

docket_status dk_step_drop(struct dk_step *step, enum dk_kind kind)
{
    struct dk_store *store = step->store;
    docket_status status = dk_env_empty(store, step->txn, kind);
    if (status != DOCKET_OK)
        return status;
    int error = mdb_drop(step->txn, store->dbi[kind], 1);
    return error ? dk_env_fail(store, error, "drop a database") : DOCKET_OK;
}

docket_status dk_step_remove_meta(struct dk_step *step, const char *name)
{
    struct dk_key key;
    dk_key_of_name(&key, name);
    return dk_env_remove(step->store, step->txn, DK_KIND_META, &key);
}
