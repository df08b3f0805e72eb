/* SPDX-License-Identifier: MIT */
/*
 * shapes_read: what each series writes and ever wrote, for who reads document numbers
 * without docketd (docket_reader.h). In a thread of its own: a realm may have a million series.
 */
#include "daemon/admin/errand.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    struct dk_store *store;
    struct dk_shape_wire *rows;
    size_t count, room;
};

_Static_assert(sizeof(struct dk_form) == sizeof((struct dk_shape_wire *)0)->form, "a form goes as it is");

/* Of an entry that is not over: does the series write so now, or will it from its next period on? */
static docket_status is_current(struct dk_store *store, const struct dk_text_record *text, bool *current)
{
    struct dk_series_record record;
    struct dk_template template;
    struct dk_form form;
    docket_status status = dk_store_find_series(store, text->tenant, text->series, &record, current);
    if (status != DOCKET_OK || !*current)
        return status;
    status = dk_policy_template(record.policy, text->tenant, &template);
    if (status != DOCKET_OK)
        return status;
    dk_form_pack(&template, &form);
    *current = memcmp(&form, &text->form, sizeof form) == 0 && record.policy->restart == text->restart;
    return DOCKET_OK;
}

static docket_status gather_one(void *context, const struct dk_text_record *text)
{
    struct gathering *gathering = context;
    bool current = false;
    if (text->until_ns == 0) {
        docket_status status = is_current(gathering->store, text, &current);
        if (status != DOCKET_OK)
            return status;
    }
    if (gathering->count == gathering->room) {
        gathering->room = gathering->room * 2 + 64;
        gathering->rows = dk_must_grow(gathering->rows, gathering->room, sizeof *gathering->rows);
    }
    struct dk_shape_wire *row = &gathering->rows[gathering->count++];
    *row = (struct dk_shape_wire){.last = text->last, .restart = text->restart, .current = current};
    memcpy(row->tenant, text->tenant, sizeof row->tenant);
    memcpy(row->series, text->series, sizeof row->series);
    memcpy(row->form, &text->form, sizeof row->form);
    return DOCKET_OK;
}

docket_status dk_shapes_gather(struct dk_store *store, const char *tenant, struct dk_shape_wire **rows, size_t *count)
{
    struct gathering gathering = {.store = store};
    docket_status status = dk_store_each_text(store, tenant, "", gather_one, &gathering);
    *rows = gathering.rows;
    *count = gathering.count;
    return status;
}

static void *gather(void *context)
{
    struct dk_errand *errand = context;
    struct dk_shape_wire *rows;
    size_t count;
    dk_aside_outcome(errand, dk_shapes_gather(errand->daemon->store, errand->asked.tenant[0] != 0 ? errand->asked.tenant : NULL,
                                              &rows, &count));
    errand->answer = rows;
    errand->answer_bytes = count * sizeof *rows;
    return NULL;
}

docket_status dk_errand_shapes(struct dk_errand *errand)
{
    docket_status status = DOCKET_OK;
    if (errand->asked.tenant[0] != 0)
        status = dk_name_check("tenant", errand->asked.tenant);
    else
        status = dk_admin_check(errand->connection, "read what the series of all tenants write", NULL, NULL);
    return status == DOCKET_OK ? dk_aside_begin(errand, gather) : status;
}
