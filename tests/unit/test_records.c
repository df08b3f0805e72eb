/* SPDX-License-Identifier: MIT */
/* links: daemon/admin/records.c wire/ledger_row.c numbering/ledger.c base/status.c */
/*
 * records: pages of a ledger against a model of single numbers: whatever a page's size,
 * the pages together have every record that was asked for, once, in order; as ranges,
 * they say of every number the same. Store and threads are stood in for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/admin/errand.h"
#include "wire/ledger_row.h"

enum { PERIODS = 3, NUMBERS = 70 };
static const int32_t labels[PERIODS] = {2027, 2025, 2026}; /* as a journal has them: in no order */

static struct model {
    int state[PERIODS][NUMBERS + 1]; /* -1: no record */
    bool passed_over[PERIODS][NUMBERS + 1];
    bool tracked;
} model;

static struct dk_policy policy;
static struct dk_daemon daemon_of_all;

/* ---- the store ---- */

static int index_of(int32_t period)
{
    for (int i = 0; i < PERIODS; i++)
        if (labels[i] == period)
            return i;
    return -1;
}

static int64_t time_of(uint64_t number)
{
    return 1000 + (int64_t)(number / 9);
}

static docket_status show(int32_t period, uint64_t number, dk_each_ledger each, void *context)
{
    char text[32], key[32];
    int state = model.state[index_of(period)][number];
    snprintf(text, sizeof text, "T%d-%llu", period, (unsigned long long)number);
    snprintf(key, sizeof key, "key-%llu", (unsigned long long)number);
    struct dk_ledger_record record = {.series_id = 1, .period = period, .number = number, .state = (uint8_t)state,
                                      .last_ns = time_of(number), .uid = (uint32_t)(number / 9), .seat = -1, .text = text,
                                      .key = key, .hold = "", .trace = "", .metadata = "{}", .error = "", .host = "",
                                      .reason = state == DK_STATE_VOID ? "why" : ""};
    return each(context, &record);
}

docket_status dk_ledger_each(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t from,
                             dk_each_ledger each, void *context)
{
    docket_status status = DOCKET_OK;
    (void)store, (void)series_id;
    for (uint64_t n = from; index_of(period) >= 0 && status == DOCKET_OK && n <= NUMBERS; n++)
        if (n > 0 && model.state[index_of(period)][n] >= 0)
            status = show(period, n, each, context);
    return status;
}

docket_status dk_ledger_find(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t number,
                             dk_each_ledger each, void *context, bool *found)
{
    (void)store, (void)series_id;
    *found = index_of(period) >= 0 && model.state[index_of(period)][number] >= 0;
    return *found ? show(period, number, each, context) : DOCKET_OK;
}

/* "key-N" is number N's; "old-N" was, until it was released. */
docket_status dk_ledger_find_key(struct dk_store *store, uint64_t series_id, uint8_t kind, const char *text,
                                 dk_each_key each, void *context, bool *found)
{
    struct dk_range range = {.first = strtoull(text + 4, NULL, 10)};
    struct dk_key_record key = {.period = 2026, .ranges = &range, .range_count = 1, .text = text};
    (void)store, (void)series_id;
    assert_int_equal(kind, DK_NAMED_KEY);
    range.last = range.first;
    *found = strncmp(text, "none", 4) != 0;
    return *found ? each(context, &key) : DOCKET_OK;
}

docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context, const struct dk_fate_record *record),
                                  void *context)
{
    docket_status status = DOCKET_OK;
    int i = index_of(period);
    (void)store, (void)series_id;
    for (uint64_t n = 1; i >= 0 && status == DOCKET_OK && n <= NUMBERS; n++) {
        bool passed_over = model.passed_over[i][n];
        struct dk_fate_record range = {.fate = passed_over ? DK_FATE_VOID : DK_FATE_UNKNOWN, .cause = DK_CAUSE_ADVANCED,
                                       .range = {n, n}, .time_ns = 5, .event = 8};
        while (passed_over && n < NUMBERS && model.passed_over[i][n + 1])
            range.range.last = ++n;
        status = each(context, &range);
    }
    return status;
}

docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context, const struct dk_counter_image *image),
                                       void *context)
{
    docket_status status = DOCKET_OK;
    (void)store, (void)series_id;
    for (int i = 0; status == DOCKET_OK && i < PERIODS; i++) {
        struct dk_counter_image image = {.series_id = 1, .period = labels[i]};
        status = each(context, &image);
    }
    return status;
}

docket_status dk_store_find_series(struct dk_store *store, const char *tenant, const char *name,
                                   struct dk_series_record *record, bool *found)
{
    (void)store, (void)tenant;
    policy.ledger = model.tracked;
    *record = (struct dk_series_record){.id = 1, .policy = &policy};
    *found = strcmp(name, "NO") != 0;
    return DOCKET_OK;
}

struct dk_series_book *dk_series_find(struct dk_daemon *daemon, const char *tenant, const char *name)
{
    (void)daemon, (void)tenant, (void)name;
    return NULL;
}

/* ---- docketd ---- */

static docket_status outcome;

docket_status dk_aside_begin(struct dk_errand *errand, void *(*work)(void *context))
{
    work(errand);
    return DOCKET_OK;
}

void dk_aside_outcome(struct dk_errand *errand, docket_status status)
{
    (void)errand;
    outcome = status;
}

static char *answer;
static size_t answer_bytes;

docket_status dk_rows_begin(FILE **out, int *fd)
{
    free(answer);
    answer = NULL;
    *out = open_memstream(&answer, &answer_bytes);
    *fd = -1;
    return DOCKET_OK;
}

docket_status dk_rows_end(FILE *out)
{
    return fclose(out) == 0 ? DOCKET_OK : DOCKET_SYSTEM;
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *grown = realloc(old, count * bytes);
    assert_non_null(grown);
    return grown;
}

/* ---- pages ---- */

static docket_status ask(const struct dk_admin_request *asked)
{
    struct dk_errand errand = {.daemon = &daemon_of_all, .asked = *asked, .out_fd = -1};
    snprintf(errand.asked.tenant, sizeof errand.asked.tenant, "acme");
    if (errand.asked.name[0] == 0)
        snprintf(errand.asked.name, sizeof errand.asked.name, "G");
    outcome = DOCKET_OK;
    docket_status status = dk_errand_records(&errand);
    return status == DOCKET_OK ? outcome : status;
}

/* All rows of all pages, each looked at. */
static unsigned all_pages(struct dk_admin_request asked, void (*look)(const struct dk_ledger_row *row))
{
    unsigned pages = 0;
    struct dk_ledger_row row = {.first = 1};
    while (row.first != 0) {
        assert_int_equal(ask(&asked), DOCKET_OK);
        struct dk_ledger_rows rows = {(const uint8_t *)answer, answer_bytes};
        unsigned read = 0;
        while (true) {
            assert_true(dk_ledger_row_next(&rows, &row));
            if (row.kind == DK_ROW_END)
                break;
            read++;
            look(&row);
        }
        assert_int_equal(rows.left, 0);
        assert_true(asked.count == 0 || read <= asked.count + PERIODS); /* a range that ends with its period counts late */
        if (asked.period >= 0) {
            assert_true(row.first == 0 || row.first > asked.first);
            asked.first = row.first;
        } else {
            assert_true(row.first == 0 || row.period > (int32_t)asked.start_after || row.first > (uint64_t)asked.since_ns);
            asked.start_after = (uint64_t)row.period;
            asked.since_ns = (int64_t)row.first;
        }
        assert_true(++pages < 1000);
    }
    return pages;
}

/* ---- what is told ---- */

static int wanted_of(int i, uint64_t number)
{
    int state = model.state[i][number];
    return state == DK_STATE_FREE && model.passed_over[i][number] ? DK_STATE_VOID : state;
}

static int told[PERIODS][NUMBERS + 1];
static int32_t last_period;
static uint64_t last_number;

static void begin_looking(void)
{
    memset(told, -1, sizeof told);
    last_period = -1;
    last_number = 0;
}

static void look_at(const struct dk_ledger_row *row)
{
    int i = index_of(row->period);
    assert_true(i >= 0);
    assert_true(row->period > last_period || (row->period == last_period && row->first > last_number));
    for (uint64_t n = row->first; n <= row->last; n++) {
        assert_int_equal(told[i][n], -1);
        told[i][n] = row->state;
    }
    bool passed_over = model.state[i][row->first] == DK_STATE_FREE && model.passed_over[i][row->first];
    if (passed_over) {
        assert_int_equal(row->event, 8);
        assert_int_equal(row->cause, DK_CAUSE_ADVANCED);
    } else if (row->kind == DK_ROW_RUN && row->state != DK_STATE_ISSUED) {
        assert_int_equal(row->uid, row->first / 9);
        assert_int_equal(row->last_ns, time_of(row->first));
        assert_string_equal(row->text[DK_ROW_REASON], row->state == DK_STATE_VOID ? "why" : "");
    }
    if (row->kind == DK_ROW_RECORD) {
        char text[32];
        snprintf(text, sizeof text, "T%d-%llu", row->period, (unsigned long long)row->first);
        assert_string_equal(row->text[DK_ROW_TEXT], text);
        assert_int_equal(row->first, row->last);
    }
    last_period = row->period;
    last_number = row->last;
}

static void assert_told(int wanted_state, int only, uint64_t from)
{
    for (int i = 0; i < PERIODS; i++)
        for (uint64_t n = 1; n <= NUMBERS; n++) {
            int state = wanted_of(i, n);
            bool asked = (only < 0 || labels[i] == only) && n >= from && (wanted_state < 0 || state == wanted_state);
            assert_int_equal(told[i][n], asked ? state : -1);
        }
}

static void make_model(unsigned seed)
{
    srand(seed);
    model.tracked = true;
    for (int i = 0; i < PERIODS; i++) {
        int few = 1 + rand() % 9;
        for (int n = 0; n <= NUMBERS; n++) {
            bool same = n > 0 && rand() % few != 0;
            model.state[i][n] = same ? model.state[i][n - 1] : rand() % 4 == 0 ? -1 : rand() % DK_STATE_COUNT;
            model.passed_over[i][n] = same && n > 1 ? model.passed_over[i][n - 1] : rand() % 3 == 0;
        }
    }
}

static void pages_have_every_record_once_in_order(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 600; seed++) {
        make_model(seed);
        int wanted = rand() % 3 ? -1 : rand() % DK_STATE_COUNT, only = rand() % 2 ? -1 : labels[rand() % PERIODS];
        struct dk_admin_request asked = {.period = only, .count = (uint32_t)(rand() % 12), .flags = rand() % 2 ? DK_ADMIN_RUNS : 0};
        uint64_t from = (uint64_t)(rand() % (NUMBERS + 5));
        asked.first = from;
        if (wanted >= 0)
            snprintf(asked.kind, sizeof asked.kind, "%s", dk_state_name((unsigned)wanted));
        begin_looking();
        unsigned pages = all_pages(asked, look_at);
        assert_told(wanted, only, from);
        if (asked.count == 0)
            assert_int_equal(pages, 1);
    }
}

static void nothing_above_the_last_number_is_told(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        make_model(seed);
        struct dk_admin_request asked = {.period = 2026, .first = 1, .last = 1 + (uint64_t)(rand() % NUMBERS),
                                         .count = (uint32_t)(1 + rand() % 5), .flags = DK_ADMIN_RUNS};
        begin_looking();
        all_pages(asked, look_at);
        for (uint64_t n = 1; n <= NUMBERS; n++)
            assert_int_equal(told[2][n], n <= asked.last ? wanted_of(2, n) : -1);
    }
}

static void what_is_alike_is_one_range(void **state)
{
    (void)state;
    make_model(1);
    for (uint64_t n = 1; n <= NUMBERS; n++)
        model.state[2][n] = DK_STATE_ISSUED;
    struct dk_admin_request asked = {.period = 2026, .flags = DK_ADMIN_RUNS};
    assert_int_equal(ask(&asked), DOCKET_OK);
    struct dk_ledger_rows rows = {(const uint8_t *)answer, answer_bytes};
    struct dk_ledger_row row;
    assert_true(dk_ledger_row_next(&rows, &row));
    assert_int_equal(row.first, 1);
    assert_int_equal(row.last, NUMBERS);
    assert_true(dk_ledger_row_next(&rows, &row));
    assert_int_equal(row.kind, DK_ROW_END);
}

static void a_key_has_its_record(void **state)
{
    struct dk_admin_request asked = {.period = -1, .settings = "key-7"};
    struct dk_ledger_row row;
    (void)state;
    make_model(1);
    model.state[2][7] = DK_STATE_PENDING;
    assert_int_equal(ask(&asked), DOCKET_OK);
    struct dk_ledger_rows rows = {(const uint8_t *)answer, answer_bytes};
    assert_true(dk_ledger_row_next(&rows, &row));
    assert_int_equal(row.first, 7);
    assert_string_equal(row.text[DK_ROW_KEY], "key-7");
    assert_true(dk_ledger_row_next(&rows, &row));
    assert_int_equal(row.kind, DK_ROW_END);
    snprintf(asked.settings, sizeof asked.settings, "old-7"); /* its number is somebody else's */
    assert_int_equal(ask(&asked), DOCKET_NOT_HELD);
    snprintf(asked.settings, sizeof asked.settings, "none-7");
    assert_int_equal(ask(&asked), DOCKET_NOT_HELD);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    struct dk_admin_request asked = {.period = -1};
    (void)state;
    make_model(1);
    snprintf(asked.name, sizeof asked.name, "NO");
    assert_int_equal(ask(&asked), DOCKET_NO_SERIES);
    asked.name[0] = 0;
    snprintf(asked.kind, sizeof asked.kind, "gone");
    assert_int_equal(ask(&asked), DOCKET_BAD_ARGUMENT);
    asked.kind[0] = 0;
    snprintf(asked.settings, sizeof asked.settings, "a\nb");
    assert_int_equal(ask(&asked), DOCKET_BAD_ARGUMENT);
    asked.settings[0] = 0;
    asked.first = DOCKET_NUMBER_MAX + 1;
    assert_int_equal(ask(&asked), DOCKET_BAD_ARGUMENT);
    asked.first = 0;
    asked.start_after = UINT64_MAX;
    assert_int_equal(ask(&asked), DOCKET_BAD_ARGUMENT);
    asked.start_after = 0;
    model.tracked = false;
    assert_int_equal(ask(&asked), DOCKET_NOT_TRACKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_have_every_record_once_in_order),
        cmocka_unit_test(nothing_above_the_last_number_is_told),
        cmocka_unit_test(what_is_alike_is_one_range),
        cmocka_unit_test(a_key_has_its_record),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(answer);
    return failed;
}
