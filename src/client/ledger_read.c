/* SPDX-License-Identifier: MIT */
/* ledger_read: records of numbers, and ranges of one state, a page at a time. */
#include "client/ledger_read.h"

#include "docket_ledger.h"
#include "numbering/ledger.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_TIMEOUT_NS (10 * DK_SECOND_NS)

_Static_assert((int)DOCKET_KEY_MAX == (int)DK_KEY_MAX, "one limit");

docket_status dk_ledger_page_ask(struct docket_realm *realm, const struct dk_admin_request *request,
                                 struct dk_ledger_page *page)
{
    struct dk_reply reply;
    void *bytes = NULL;
    size_t count = 0;
    int fd = -1;
    docket_status status = dk_errand_ask(realm, request, -1, PAGE_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd < 0)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without the records");
    if (status == DOCKET_OK)
        status = dk_errand_rows(fd, 1, &bytes, &count);
    if (status != DOCKET_OK)
        return status;
    free(page->bytes);
    page->bytes = bytes;
    page->rows = (struct dk_ledger_rows){bytes, count};
    page->ended = false;
    return DOCKET_OK;
}

/* The next row; false at the page's end, and *row says where to go on. */
docket_status dk_ledger_page_next(struct dk_ledger_page *page, struct dk_ledger_row *row, bool *more)
{
    if (page->ended || !dk_ledger_row_next(&page->rows, row) || row->last > DOCKET_NUMBER_MAX ||
        row->state >= DK_STATE_COUNT || (row->kind != DK_ROW_END && row->first == 0))
        return dk_fail(DOCKET_PROTOCOL, "docketd's answer does not hold whole records");
    page->ended = row->kind == DK_ROW_END;
    *more = !page->ended;
    return DOCKET_OK;
}

void dk_ledger_page_drop(struct dk_ledger_page *page)
{
    free(page->bytes);
    *page = (struct dk_ledger_page){.bytes = NULL};
}

static struct docket_record record_of(const struct dk_ledger_row *row)
{
    return (struct docket_record){.number = row->first,
                                  .period = row->period,
                                  .date = row->date,
                                  .state = dk_state_name(row->state),
                                  .text = row->text[DK_ROW_TEXT],
                                  .key = row->text[DK_ROW_KEY],
                                  .hold = row->text[DK_ROW_HOLD],
                                  .trace = row->text[DK_ROW_TRACE],
                                  .metadata = row->text[DK_ROW_METADATA],
                                  .error = row->text[DK_ROW_ERROR],
                                  .host = row->text[DK_ROW_HOST],
                                  .reason = row->text[DK_ROW_REASON],
                                  .first_ns = row->first_ns,
                                  .last_ns = row->last_ns,
                                  .expires_ns = row->expires_ns,
                                  .uid = row->uid,
                                  .attempts = row->attempts,
                                  .seat = row->seat,
                                  .event = row->event};
}

static docket_status begin(struct docket_series *series, const char *what, docket_each_record each,
                           struct dk_admin_request *request)
{
    if (series == NULL || each == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%s wants a series and a callback", what);
    if (series->realm->memory != NULL)
        return dk_fail(DOCKET_NOT_TRACKED, "a realm in memory keeps no ledger");
    request->type = DK_ADMIN_RECORDS;
    return dk_names_fill(series->tenant, series->name, request->tenant, request->name);
}

/* Tells of each record of a page. *row: its last row; *enough: the callback has had enough. */
static docket_status tell_page(struct dk_ledger_page *page, docket_each_record each, void *context,
                               struct dk_ledger_row *row, bool *enough)
{
    bool more = true;
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && !*enough && (status = dk_ledger_page_next(page, row, &more)) == DOCKET_OK && more) {
        struct docket_record record = record_of(row);
        *enough = each(context, &record) != 0;
    }
    return status;
}

/* The page behind the one that ended so. */
static docket_status go_on(struct dk_admin_request *request, const struct dk_ledger_row *end)
{
    bool every = request->period < 0;
    uint64_t at = every ? (uint64_t)request->since_ns : request->first;
    if (end->period < 0 || (every && end->period < (int32_t)request->start_after) ||
        ((!every || end->period == (int32_t)request->start_after) && end->first <= at))
        return dk_fail(DOCKET_PROTOCOL, "docketd's answer does not go on with the ledger");
    if (every) {
        request->start_after = (uint64_t)end->period;
        request->since_ns = (int64_t)end->first;
    } else {
        request->first = end->first;
    }
    return DOCKET_OK;
}

docket_status docket_records(docket_series *series, int32_t period, uint64_t from, const char *state,
                             docket_each_record each, void *context)
{
    struct dk_admin_request request = {.period = period, .first = from};
    struct dk_ledger_page page = {.bytes = NULL};
    struct dk_ledger_row row = {.first = 1};
    enum dk_state wanted;
    bool enough = false;
    docket_status status = begin(series, "docket_records", each, &request);
    if (status == DOCKET_OK && (period < DOCKET_EVERY_PERIOD || from > DOCKET_NUMBER_MAX))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "records of period %d from number %llu on are none", period,
                         (unsigned long long)from);
    if (status == DOCKET_OK && state != NULL && !dk_state_parse(state, &wanted))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "'%.40s' is no state of a number: free, reserved, pending, in doubt, issued, "
                                              "void",
                         state);
    if (status == DOCKET_OK && state != NULL)
        memcpy(request.kind, state, strlen(state) + 1);
    while (status == DOCKET_OK && !enough && row.first != 0) {
        status = dk_ledger_page_ask(series->realm, &request, &page);
        if (status == DOCKET_OK)
            status = tell_page(&page, each, context, &row, &enough);
        if (status == DOCKET_OK && !enough && row.first != 0)
            status = go_on(&request, &row);
    }
    dk_ledger_page_drop(&page);
    return status;
}

docket_status docket_record_of_key(docket_series *series, const char *key, docket_each_record each, void *context)
{
    struct dk_admin_request request = {.period = DOCKET_EVERY_PERIOD};
    struct dk_ledger_page page = {.bytes = NULL};
    struct dk_ledger_row row;
    bool enough = false;
    docket_status status = begin(series, "docket_record_of_key", each, &request);
    if (status == DOCKET_OK && key == NULL)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "docket_record_of_key wants a key");
    if (status == DOCKET_OK)
        status = dk_key_check("key", key);
    if (status == DOCKET_OK) {
        memcpy(request.settings, key, strlen(key) + 1);
        status = dk_ledger_page_ask(series->realm, &request, &page);
    }
    if (status == DOCKET_OK)
        status = tell_page(&page, each, context, &row, &enough);
    dk_ledger_page_drop(&page);
    return status;
}
