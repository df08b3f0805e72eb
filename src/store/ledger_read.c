/* SPDX-License-Identifier: MIT */
/* ledger_read: finds what the ledger says, and walks along it. See ledger.h. */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <string.h>

/* Every record that begins with the first prefix_bytes of `from`, from it on (NULL: all of them). */
static docket_status walk(struct dk_store *store, enum dk_kind kind, const struct dk_key *from, size_t prefix_bytes,
                          dk_visit visit, void *context)
{
    const struct dk_key all = {.size = 0};
    struct dk_log_view view;
    docket_status status = dk_view_begin(store, kind, from != NULL ? from : &all, prefix_bytes, &view);
    if (status != DOCKET_OK)
        return status;
    status = dk_view_walk(&view, kind, from, prefix_bytes, visit, context);
    dk_view_end(&view);
    return status;
}

/* ---- numbers ---- */

struct record_call {
    dk_each_ledger each;
    void *context;
};

static docket_status show_record(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct record_call *call = context;
    struct dk_ledger_record record;
    docket_status status = dk_image_decode_ledger(key, value, &record);
    return status == DOCKET_OK ? call->each(call->context, &record) : status;
}

docket_status dk_ledger_find(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t number,
                             dk_each_ledger each, void *context, bool *found)
{
    struct record_call call = {each, context};
    struct dk_key key;
    docket_status status = dk_image_key_of_ledger(series_id, period, number, &key);
    *found = false;
    return status == DOCKET_OK ? dk_view_find_one(store, DK_KIND_LEDGER, &key, show_record, &call, found) : status;
}

docket_status dk_ledger_each(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t from,
                             dk_each_ledger each, void *context)
{
    struct record_call call = {each, context};
    struct dk_key first;
    docket_status status = dk_image_key_of_ledger(series_id, period, from == 0 ? 1 : from, &first);
    return status == DOCKET_OK ? walk(store, DK_KIND_LEDGER, &first, 8 + 4, show_record, &call) : status;
}

/* ---- keys ---- */

struct key_call {
    dk_each_key each;
    void *context;
};

static docket_status show_key(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct key_call *call = context;
    struct dk_key_read read = {0};
    docket_status status = dk_image_decode_key(key, value, &read);
    if (status == DOCKET_OK)
        status = call->each(call->context, &read.record);
    dk_image_free_key(&read);
    return status;
}

docket_status dk_ledger_find_key(struct dk_store *store, uint64_t series_id, uint8_t kind, const char *text,
                                 dk_each_key each, void *context, bool *found)
{
    struct key_call call = {each, context};
    struct dk_key key;
    docket_status status = dk_image_key_of_key(series_id, kind, text, &key);
    *found = false;
    return status == DOCKET_OK ? dk_view_find_one(store, DK_KIND_KEYS, &key, show_key, &call, found) : status;
}

/* ---- texts of elsewhere ---- */

struct elsewhere_call {
    dk_each_elsewhere each;
    void *context;
};

static docket_status show_elsewhere(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct elsewhere_call *call = context;
    struct dk_elsewhere_read read;
    docket_status status = dk_image_decode_elsewhere(key, value, &read);
    return status == DOCKET_OK ? call->each(call->context, &read.record) : status;
}

docket_status dk_ledger_find_elsewhere(struct dk_store *store, const char *tenant, const char *text,
                                       dk_each_elsewhere each, void *context, bool *found)
{
    struct elsewhere_call call = {each, context};
    struct dk_key key;
    docket_status status = dk_image_key_of_elsewhere(tenant, text, &key);
    *found = false;
    return status == DOCKET_OK ? dk_view_find_one(store, DK_KIND_ELSEWHERE, &key, show_elsewhere, &call, found) : status;
}

docket_status dk_ledger_each_elsewhere(struct dk_store *store, const char *tenant, const char *beginning,
                                       dk_each_elsewhere each, void *context)
{
    struct elsewhere_call call = {each, context};
    struct dk_key key;
    dk_key_of_elsewhere(&key, tenant, beginning);
    return walk(store, DK_KIND_ELSEWHERE, &key, key.size, show_elsewhere, &call);
}

bool dk_ledger_has_elsewhere(const struct dk_store *store)
{
    /* Relaxed: who asks about a text that is being committed has no order with it. */
    return dk_load_relaxed(&store->log.has_elsewhere) != 0;
}

/* ---- holds ---- */

struct hold_call {
    dk_each_hold each;
    void *context;
};

static docket_status visit_hold(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct hold_call *call = context;
    struct dk_hold_read read;
    docket_status status = dk_image_decode_hold(key, value, &read);
    return status == DOCKET_OK ? call->each(call->context, &read.record) : status;
}

docket_status dk_ledger_each_hold(struct dk_store *store, dk_each_hold each, void *context)
{
    struct hold_call call = {each, context};
    return walk(store, DK_KIND_HOLDS, NULL, 0, visit_hold, &call);
}

uint64_t dk_ledger_backlog(const struct dk_store *store)
{
    /* Relaxed: a figure. */
    return dk_load_relaxed(&store->log.backlog);
}
