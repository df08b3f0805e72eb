/* SPDX-License-Identifier: MIT */
/*
 * ledger_verify: what belongs together in the ledger. Each record is known to be sound by itself.
 * A key whose record was dropped with its period is fine.
 */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <stdio.h>
#include <string.h>

struct check {
    struct dk_log_view *view;
    struct dk_ledger_record record; /* found last */
    bool found;
};

/* ---- a record ---- */

/* Were the records of the issued numbers of this period dropped? */
static docket_status was_dropped(const struct check *check, uint64_t series_id, int32_t period, bool *dropped)
{
    struct dk_slice value = {0};
    struct dk_key key;
    char label[16];
    snprintf(label, sizeof label, "%d", (int)period);
    dk_key_of_named(&key, series_id, DK_NAMED_DROPPED, label);
    return dk_view_find(check->view, DK_KIND_KEYS, dk_key_slice(&key), &value, dropped);
}

static docket_status find_record(struct check *check, uint64_t series_id, int32_t period, uint64_t number)
{
    struct dk_slice value = {0};
    struct dk_key key;
    dk_key_of_range(&key, series_id, period, number);
    docket_status status = dk_view_find(check->view, DK_KIND_LEDGER, dk_key_slice(&key), &value, &check->found);
    return status == DOCKET_OK && check->found ? dk_image_decode_ledger(dk_key_slice(&key), value, &check->record) : status;
}

/* The record of a number that a key, a reservation or a hold has. */
static docket_status want_record(struct check *check, enum dk_kind kind, struct dk_slice key, uint64_t series_id,
                                 int32_t period, uint64_t number)
{
    bool dropped = false;
    docket_status status = find_record(check, series_id, period, number);
    if (status != DOCKET_OK || check->found)
        return status;
    if (kind == DK_KIND_KEYS)
        status = was_dropped(check, series_id, period, &dropped);
    return status != DOCKET_OK || dropped ? status : dk_record_damaged(kind, key, "has a number that has no record");
}

/* ---- keys ---- */

/* A key whose number was released keeps it here; whose it is by now says the number's record. */
static docket_status check_ranges(struct check *check, struct dk_slice key, const struct dk_key_record *record)
{
    docket_status status = DOCKET_OK;
    if (record->kind == DK_NAMED_DROPPED)
        return DOCKET_OK;
    for (uint32_t range = 0; status == DOCKET_OK && range < record->range_count; range++)
        for (uint64_t number = record->ranges[range].first; status == DOCKET_OK && number <= record->ranges[range].last; number++)
            status = want_record(check, DK_KIND_KEYS, key, record->series_id, record->period, number);
    return status;
}

static docket_status check_key(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_key_read read = {0};
    docket_status status = dk_image_decode_key(key, value, &read);
    if (status == DOCKET_OK)
        status = check_ranges(context, key, &read.record);
    dk_image_free_key(&read);
    return status;
}

/* ---- holds ---- */

static docket_status check_pending(struct check *check, struct dk_slice key, const struct dk_hold_record *hold)
{
    docket_status status = want_record(check, DK_KIND_HOLDS, key, hold->series_id, hold->period, hold->number);
    if (status == DOCKET_OK && check->record.state != (hold->in_doubt ? DK_STATE_IN_DOUBT : DK_STATE_PENDING))
        status = dk_record_damaged(DK_KIND_HOLDS, key, "holds a number that is neither pending nor in doubt, as it says");
    return status;
}

/* As many of its numbers are reserved (in doubt) under its name as the hold says. */
static docket_status count_reserved(struct check *check, struct dk_slice key, const struct dk_hold_record *hold,
                                    const struct dk_key_record *name)
{
    docket_status status = DOCKET_OK;
    uint64_t reserved = 0;
    for (uint32_t range = 0; status == DOCKET_OK && range < name->range_count; range++)
        for (uint64_t number = name->ranges[range].first; status == DOCKET_OK && number <= name->ranges[range].last; number++) {
            status = find_record(check, name->series_id, name->period, number);
            reserved += status == DOCKET_OK && check->found && check->record.state == (hold->in_doubt ? DK_STATE_IN_DOUBT : DK_STATE_RESERVED) &&
                        strcmp(check->record.hold, hold->text) == 0;
        }
    if (status == DOCKET_OK && reserved != hold->left)
        status = dk_record_damaged(DK_KIND_HOLDS, key, "holds more or fewer numbers than are reserved under its name");
    return status;
}

static docket_status check_reserved(struct check *check, struct dk_slice key, const struct dk_hold_record *hold)
{
    struct dk_key_read name = {0};
    struct dk_slice value = {0};
    struct dk_key wanted;
    bool found = false;
    dk_key_of_named(&wanted, hold->series_id, DK_NAMED_RESERVATION, hold->text);
    docket_status status = dk_view_find(check->view, DK_KIND_KEYS, dk_key_slice(&wanted), &value, &found);
    if (status == DOCKET_OK && !found)
        return dk_record_damaged(DK_KIND_HOLDS, key, "holds a reservation that is not there");
    if (status == DOCKET_OK)
        status = dk_image_decode_key(dk_key_slice(&wanted), value, &name);
    if (status == DOCKET_OK)
        status = count_reserved(check, key, hold, &name.record);
    dk_image_free_key(&name);
    return status;
}

static docket_status check_hold(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_hold_read read;
    docket_status status = dk_image_decode_hold(key, value, &read);
    if (status != DOCKET_OK)
        return status;
    return read.record.kind == DK_NAMED_PENDING ? check_pending(context, key, &read.record)
                                                : check_reserved(context, key, &read.record);
}

docket_status dk_ledger_verify(struct dk_store *store, struct dk_log_view *view)
{
    struct check check = {.view = view};
    if (store->kinds < DK_KIND_COUNT)
        return DOCKET_OK;
    docket_status status = dk_view_walk(view, DK_KIND_KEYS, NULL, 0, check_key, &check);
    return status == DOCKET_OK ? dk_view_walk(view, DK_KIND_HOLDS, NULL, 0, check_hold, &check) : status;
}
