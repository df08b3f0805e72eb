/* SPDX-License-Identifier: MIT */
/* serve_ledger: series that keep a ledger, stood in for. */
#include "daemon/ledger/ledger.h"
#include "fuzz.h"

void dk_ledger_hear(struct dk_connection *connection, const struct dk_record_head *head, uint8_t *bytes)
{
    (void)head;
    free(bytes);
    dk_serve_drop(connection);
}

bool dk_ledger_concerns(const struct dk_series_book *series, bool waits)
{
    (void)series, (void)waits;
    return false;
}

bool dk_ledger_is_written(const struct dk_series_book *series)
{
    (void)series;
    return false;
}

void dk_ledger_seat_gone(struct dk_daemon *daemon, uint32_t desk, uint32_t seat, uint64_t salt)
{
    (void)daemon, (void)desk, (void)seat, (void)salt;
}

/* ---- and the store's part: there is no record of anything ---- */

docket_status dk_ledger_find(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t number,
                             dk_each_ledger each, void *context, bool *found)
{
    (void)store, (void)series_id, (void)period, (void)number, (void)each, (void)context;
    *found = false;
    return DOCKET_OK;
}

docket_status dk_ledger_find_key(struct dk_store *store, uint64_t series_id, uint8_t kind, const char *text,
                                 dk_each_key each, void *context, bool *found)
{
    (void)store, (void)series_id, (void)kind, (void)text, (void)each, (void)context;
    *found = false;
    return DOCKET_OK;
}

docket_status dk_ledger_each(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t from,
                             dk_each_ledger each, void *context)
{
    (void)store, (void)series_id, (void)period, (void)from, (void)each, (void)context;
    return DOCKET_OK;
}
