/* SPDX-License-Identifier: MIT */
/*
 * records: what the ledger says of numbers, a page at a time, in a thread of its own
 * (aside.c): however long a ledger is, nobody else waits for it, and a page takes no
 * more memory than it has rows. Each page sees one commit; two pages may see two.
 *
 * A record that says "free" is of the past where the number lies in a void range of the
 * fates (it was passed over): then the range counts. ledger/ledger.h, invariant 6.
 */
#include "daemon/admin/errand.h"

#include "wire/ledger_row.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS_MAX = 10000,
    BYTES_MAX = 4 << 20,   /* of one page */
    LOOKS_MAX = 500000,    /* records that one page looks at, also where few are of the state that is wanted */
    PERIODS_AT_ONCE = 64
};

/* A walk ends early: it is not the end of the records. */
#define PAGE_IS_FULL DOCKET_TIMEOUT

struct page {
    struct dk_errand *errand;
    uint64_t series_id;
    int wanted;                /* enum dk_state; -1: any */
    bool runs;
    struct dk_fate_record *ranges; /* void and unknown ones of the period, ascending */
    size_t range_count, range_at;
    uint64_t rows, bytes, looks;
    struct dk_ledger_row run;  /* not written yet */
    char reason[DK_NOTE_MAX + 1]; /* ... its reason */
    bool in_run;
    uint64_t full_at;          /* the number that did not come any more */
    int32_t *periods;
    size_t period_count;
};

/* ---- ranges of the period ---- */

static docket_status keep_range(void *context, const struct dk_fate_record *record)
{
    struct page *page = context;
    if (record->fate != DK_FATE_VOID)
        return DOCKET_OK;
    if ((page->range_count & (page->range_count + 1)) == 0) /* room doubles at 0, 1, 3, 7 ... */
        page->ranges = dk_must_grow(page->ranges, page->range_count * 2 + 1, sizeof *page->ranges);
    page->ranges[page->range_count++] = *record;
    return DOCKET_OK;
}

/* The void range that has this number; numbers are asked for in ascending order. */
static const struct dk_fate_record *range_of(struct page *page, uint64_t number)
{
    while (page->range_at < page->range_count && page->ranges[page->range_at].range.last < number)
        page->range_at++;
    const struct dk_fate_record *range = page->range_at < page->range_count ? &page->ranges[page->range_at] : NULL;
    return range != NULL && range->range.first <= number ? range : NULL;
}

/* ---- rows ---- */

static struct dk_ledger_row row_of(struct page *page, const struct dk_ledger_record *record)
{
    struct dk_ledger_row row = {.kind = DK_ROW_RECORD,
                                .state = record->state,
                                .cause = record->cause,
                                .period = record->period,
                                .first = record->number,
                                .last = record->number,
                                .first_ns = record->first_ns,
                                .last_ns = record->last_ns,
                                .expires_ns = record->expires_ns,
                                .event = record->event,
                                .date = record->date,
                                .uid = record->uid,
                                .attempts = record->attempts,
                                .seat = record->seat,
                                .text = {record->text, record->key, record->hold, record->trace, record->metadata,
                                         record->error, record->host, record->reason}};
    const struct dk_fate_record *range = record->state == DK_STATE_FREE ? range_of(page, record->number) : NULL;
    if (range != NULL) {
        row.state = DK_STATE_VOID;
        row.cause = (uint8_t)range->cause;
        row.last_ns = range->time_ns;
        row.event = range->event;
    }
    return row;
}

static void put(struct page *page, const struct dk_ledger_row *row)
{
    page->bytes += dk_ledger_row_put(page->errand->out, row);
    page->rows++;
}

static void end_run(struct page *page)
{
    if (page->in_run)
        put(page, &page->run);
    page->in_run = false;
}

/* Issued ones are alike, and imported ones. Of others it matters who it was; of free and void ones also when. */
static bool joins(const struct dk_ledger_row *run, const struct dk_ledger_row *row)
{
    bool when = row->state == DK_STATE_FREE || row->state == DK_STATE_VOID;
    return run->last + 1 == row->first && run->state == row->state &&
           ((row->state == DK_STATE_ISSUED && run->cause == row->cause) || /* imported, or not */
            (run->uid == row->uid && run->seat == row->seat &&
             (!when || (run->last_ns == row->last_ns && run->event == row->event && run->cause == row->cause &&
                        strcmp(run->text[DK_ROW_REASON], row->text[DK_ROW_REASON]) == 0))));
}

static void add_to_run(struct page *page, const struct dk_ledger_row *row)
{
    if (page->in_run && joins(&page->run, row)) {
        page->run.last = row->last;
        if (row->last_ns < page->run.last_ns)
            page->run.last_ns = row->last_ns; /* since when */
        return;
    }
    end_run(page);
    page->run = *row;
    page->run.kind = DK_ROW_RUN;
    snprintf(page->reason, sizeof page->reason, "%s", row->text[DK_ROW_REASON]);
    for (int i = 0; i < DK_ROW_TEXTS; i++)
        page->run.text[i] = i == DK_ROW_REASON ? page->reason : "";
    page->in_run = true;
}

static docket_status take_record(void *context, const struct dk_ledger_record *record)
{
    struct page *page = context;
    const struct dk_admin_request *asked = &page->errand->asked;
    uint64_t rows_max = asked->count == 0 || asked->count > ROWS_MAX ? ROWS_MAX : asked->count;
    if (page->rows >= rows_max || page->bytes >= BYTES_MAX || page->looks >= LOOKS_MAX) {
        page->full_at = record->number;
        return PAGE_IS_FULL;
    }
    page->looks++;
    if (asked->last != 0 && record->number > asked->last) {
        page->full_at = 0; /* nobody asked for more */
        return PAGE_IS_FULL;
    }
    struct dk_ledger_row row = row_of(page, record);
    if (page->wanted >= 0 && row.state != page->wanted)
        return DOCKET_OK;
    if (page->runs)
        add_to_run(page, &row);
    else
        put(page, &row);
    return DOCKET_OK;
}

/* Where to go on. */
static void put_end(struct page *page, int32_t period, uint64_t number)
{
    struct dk_ledger_row row = {.kind = DK_ROW_END, .period = period, .first = number, .last = number, .seat = -1};
    for (int i = 0; i < DK_ROW_TEXTS; i++)
        row.text[i] = "";
    dk_ledger_row_put(page->errand->out, &row);
}

/* ---- which periods ---- */

static docket_status keep_period(void *context, const struct dk_counter_image *image)
{
    struct page *page = context;
    if (image->period < (int32_t)page->errand->asked.start_after)
        return DOCKET_OK;
    if (page->period_count % PERIODS_AT_ONCE == 0)
        page->periods =
            dk_must_grow(page->periods, page->period_count + PERIODS_AT_ONCE, sizeof *page->periods);
    page->periods[page->period_count++] = image->period;
    return DOCKET_OK;
}

static int compare_periods(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

static docket_status walk_period(struct page *page, int32_t period, uint64_t from)
{
    struct dk_store *store = page->errand->daemon->store;
    page->range_count = page->range_at = 0;
    docket_status status = dk_store_each_range(store, page->series_id, period, keep_range, page);
    if (status == DOCKET_OK)
        status = dk_ledger_each(store, page->series_id, period, from, take_record, page);
    end_run(page);
    return status;
}

static docket_status walk_every(struct page *page)
{
    docket_status status =
        dk_store_each_counter_of(page->errand->daemon->store, page->series_id, keep_period, page);
    if (page->period_count > 1)
        qsort(page->periods, page->period_count, sizeof *page->periods, compare_periods);
    for (size_t i = 0; status == DOCKET_OK && i < page->period_count; i++) {
        const struct dk_admin_request *asked = &page->errand->asked;
        bool goes_on = page->periods[i] == (int32_t)asked->start_after && (uint64_t)asked->since_ns > asked->first;
        status = walk_period(page, page->periods[i], goes_on ? (uint64_t)asked->since_ns : asked->first);
        if (status == PAGE_IS_FULL)
            put_end(page, page->periods[i], page->full_at);
    }
    return status;
}

/* ---- by key ---- */

struct looking {
    struct page *page;
    int32_t period;
    uint64_t number;
    bool has_it; /* a key whose number was released is not that number's any more */
};

static docket_status keep_key(void *context, const struct dk_key_record *key)
{
    struct looking *looking = context;
    looking->period = key->period;
    looking->number = key->range_count > 0 ? key->ranges[0].first : 0;
    if (key->document != NULL && key->document[0] != 0) { /* its record was dropped: what is known for ever */
        struct dk_ledger_row row = {.kind = DK_ROW_RECORD,
                                    .state = DK_STATE_ISSUED,
                                    .period = key->period,
                                    .first = looking->number,
                                    .last = looking->number,
                                    .date = key->date,
                                    .seat = -1,
                                    .text = {key->document, key->text, "", "", "", "", "", ""}};
        put(looking->page, &row);
        looking->has_it = true;
        looking->number = 0;
    }
    return DOCKET_OK;
}

static docket_status put_its_record(void *context, const struct dk_ledger_record *record)
{
    struct looking *looking = context;
    looking->has_it = strcmp(record->key, looking->page->errand->asked.settings) == 0;
    if (looking->has_it) {
        struct dk_ledger_row row = row_of(looking->page, record);
        put(looking->page, &row);
    }
    return DOCKET_OK;
}

static docket_status look_for_key(struct page *page)
{
    const struct dk_admin_request *asked = &page->errand->asked;
    struct dk_store *store = page->errand->daemon->store;
    struct looking looking = {.page = page};
    bool found = false;
    docket_status status =
        dk_ledger_find_key(store, page->series_id, DK_NAMED_KEY, asked->settings, keep_key, &looking, &found);
    if (status == DOCKET_OK && found && looking.number != 0)
        status = dk_ledger_find(store, page->series_id, looking.period, looking.number, put_its_record, &looking, &found);
    if (status == DOCKET_OK && !looking.has_it)
        status = dk_fail(DOCKET_NOT_HELD, "no number of %s/%s has the key '%s'", asked->tenant, asked->name,
                         asked->settings);
    return status;
}

/* ---- the errand ---- */

static void *read_page(void *context)
{
    struct dk_errand *errand = context;
    struct page page = {.errand = errand,
                        .series_id = errand->record.id,
                        .wanted = errand->asked.kind[0] != 0 ? (int)errand->figure : -1,
                        .runs = (errand->asked.flags & DK_ADMIN_RUNS) != 0};
    errand->figure = 0;
    docket_status status = dk_rows_begin(&errand->out, &errand->out_fd);
    if (status == DOCKET_OK) {
        if (errand->asked.settings[0] != 0)
            status = look_for_key(&page);
        else if (errand->asked.period < 0)
            status = walk_every(&page);
        else if ((status = walk_period(&page, errand->asked.period, errand->asked.first)) == PAGE_IS_FULL)
            put_end(&page, errand->asked.period, page.full_at);
        if (status == DOCKET_OK)
            put_end(&page, 0, 0);
        else if (status == PAGE_IS_FULL)
            status = DOCKET_OK;
        docket_status ended = dk_rows_end(errand->out);
        status = status == DOCKET_OK ? ended : status;
        errand->out = NULL;
    }
    free(page.ranges);
    free(page.periods);
    dk_aside_outcome(errand, status);
    return NULL;
}

docket_status dk_errand_records(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    const struct dk_series_book *series = dk_series_find(errand->daemon, asked->tenant, asked->name);
    enum dk_state wanted = DK_STATE_FREE;
    bool found = series != NULL;
    docket_status status = DOCKET_OK;
    if (found)
        errand->record = series->record;
    else
        status = dk_store_find_series(errand->daemon->store, asked->tenant, asked->name, &errand->record, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", asked->tenant, asked->name);
    if (status == DOCKET_OK && !errand->record.policy->ledger)
        status = dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps no ledger: its numbers are accounted for by range; see docket fate",
                         asked->tenant, asked->name);
    if (status == DOCKET_OK && asked->kind[0] != 0 && !dk_state_parse(asked->kind, &wanted))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "'%s' is no state of a number: free, reserved, pending, in doubt, issued, void",
                         asked->kind);
    if (status == DOCKET_OK && asked->settings[0] != 0)
        status = dk_key_check("key", asked->settings);
    if (status == DOCKET_OK && (asked->first > DOCKET_NUMBER_MAX || asked->start_after > INT32_MAX ||
                                asked->since_ns < 0 || (uint64_t)asked->since_ns > DOCKET_NUMBER_MAX))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "records from number %llu of period %llu are none",
                         (unsigned long long)asked->first, (unsigned long long)asked->start_after);
    errand->figure = wanted;
    return status == DOCKET_OK ? dk_aside_begin(errand, read_page) : status;
}
