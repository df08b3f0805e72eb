/* SPDX-License-Identifier: MIT */
/* links: client/fate_merge.c numbering/fate.c numbering/ledger.c base/status.c */
/*
 * fate_merge: against a model of single numbers, every number has the fate that it
 * should have, once, in order, whatever the pages of the ledger look like, and what is
 * alike is one row. The ledger's pages are the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/fate_merge.h"
#include "numbering/fate.h"
#include "numbering/ledger.h"

enum { NUMBERS = 60 };

/* What the ledger, and docketd's books, have of each number. */
static struct model {
    int record[NUMBERS + 1]; /* enum dk_state; -1: none */
    int range[NUMBERS + 1];  /* DK_FATE_VOID, DK_FATE_UNKNOWN; -1: none */
    int spare[NUMBERS + 1];
    uint64_t first, mark;
    uint32_t page_rows;      /* most of one page */
    unsigned asked;          /* pages */
    docket_status fails;     /* the next question does */
} model;

/* ---- pages, stood in for: rows are made when they are read ---- */

static uint64_t page_at;
static uint32_t page_left;

docket_status dk_ledger_page_ask(struct docket_realm *realm, const struct dk_admin_request *request,
                                 struct dk_ledger_page *page)
{
    (void)realm;
    assert_int_equal(request->type, DK_ADMIN_RECORDS);
    assert_true(request->flags & DK_ADMIN_RUNS);
    assert_int_equal(request->last, model.mark - 1);
    assert_string_equal(request->tenant, "acme");
    model.asked++;
    if (model.fails != DOCKET_OK)
        return model.fails;
    page_at = request->first;
    page_left = model.page_rows;
    page->ended = false;
    return DOCKET_OK;
}

/* Uid and time of a number: some neighbours have the same. */
static uint32_t uid_of(uint64_t number)
{
    return (uint32_t)(number / 7);
}

docket_status dk_ledger_page_next(struct dk_ledger_page *page, struct dk_ledger_row *row, bool *more)
{
    assert_false(page->ended);
    while (page_at < model.mark && model.record[page_at] < 0)
        page_at++;
    *row = (struct dk_ledger_row){.kind = DK_ROW_END, .seat = -1};
    for (int i = 0; i < DK_ROW_TEXTS; i++)
        row->text[i] = "";
    *more = page_at < model.mark && page_left > 0;
    if (!*more) {
        row->first = row->last = page_at < model.mark ? page_at : 0;
        page->ended = true;
        return DOCKET_OK;
    }
    int state = model.record[page_at];
    page_left--;
    row->kind = DK_ROW_RUN;
    row->state = (uint8_t)state;
    row->first = row->last = page_at;
    row->uid = uid_of(page_at);
    row->seat = dk_state_is_held((unsigned)state) ? 3 : -1;
    row->last_ns = 1000 + uid_of(page_at);
    row->cause = state == DK_STATE_VOID ? DK_CAUSE_VOIDED : 0;
    row->text[DK_ROW_REASON] = state == DK_STATE_VOID ? "why" : "";
    for (page_at++; page_at < model.mark && model.record[page_at] == state && uid_of(page_at) == row->uid; page_at++)
        row->last = page_at;
    return DOCKET_OK;
}

void dk_ledger_page_drop(struct dk_ledger_page *page)
{
    *page = (struct dk_ledger_page){.bytes = NULL};
}

/* ---- the model ---- */

static enum dk_fate wanted(uint64_t number)
{
    static const enum dk_fate fates[] = {DK_FATE_FREE, DK_FATE_RESERVED, DK_FATE_PENDING, DK_FATE_IN_DOUBT, DK_FATE_ISSUED,
                                         DK_FATE_VOID};
    if (model.range[number] >= 0)
        return (enum dk_fate)model.range[number];
    if (model.record[number] >= 0)
        return fates[model.record[number]];
    return model.spare[number] ? DK_FATE_FREE : DK_FATE_HANDED_OUT;
}

struct told {
    uint64_t next;
    unsigned rows, ends;
    char last[200];
};

static int check_row(void *context, const struct docket_fate_row *row)
{
    struct told *told = context;
    char shown[200];
    assert_int_equal(row->first, told->next);
    assert_true(row->last >= row->first && row->last < model.mark);
    for (uint64_t number = row->first; number <= row->last; number++)
        if (strcmp(row->fate, dk_fate_name(wanted(number))) != 0)
            fail_msg("%llu is told as %s, and is %s", (unsigned long long)number, row->fate, dk_fate_name(wanted(number)));
    bool by_ledger = model.range[row->first] < 0 && model.record[row->first] >= 0;
    if (by_ledger && model.record[row->first] != DK_STATE_ISSUED) {
        assert_int_equal(row->uid, uid_of(row->first));
        assert_int_equal(row->time_ns, 1000 + uid_of(row->first));
    }
    /* Neighbours that look alike are one row. */
    snprintf(shown, sizeof shown, "%s,%s,%d,%lld,%llu,%lld,%s", row->fate, row->cause, row->seat, (long long)row->time_ns,
             (unsigned long long)row->event, (long long)row->uid, row->reason);
    assert_string_not_equal(shown, told->last);
    snprintf(told->last, sizeof told->last, "%s", shown);
    assert_int_equal(row->counter_ends, row->last == model.mark - 1);
    told->ends += row->counter_ends;
    told->rows++;
    told->next = row->last + 1;
    return 0;
}

static struct docket_fate_row a_row(uint64_t first, uint64_t last, enum dk_fate fate)
{
    bool by_range = fate == DK_FATE_VOID || fate == DK_FATE_UNKNOWN;
    return (struct docket_fate_row){.tenant = "acme",
                                    .series = "G",
                                    .order = "gapless",
                                    .period = 2026,
                                    .mark = model.mark,
                                    .first = first,
                                    .last = last,
                                    .fate = dk_fate_name(fate),
                                    .cause = dk_cause_name(by_range ? DK_CAUSE_ADVANCED : DK_CAUSE_NONE),
                                    .seat = -1,
                                    .time_ns = by_range ? 7 : 0,
                                    .counter_ends = last == model.mark - 1,
                                    .event = by_range ? 9 : 0,
                                    .reason = by_range ? "by range" : "",
                                    .uid = by_range ? 0 : -1,
                                    .tracked = 1,
                                    .period_state = "open",
                                    .documents = "any",
                                    .profile = "none"};
}

static enum dk_fate of_the_books(uint64_t number)
{
    return model.range[number] >= 0 ? (enum dk_fate)model.range[number]
           : model.spare[number]    ? DK_FATE_SPARE
                                    : DK_FATE_HANDED_OUT;
}

/* The model's rows as docketd writes them: what is alike is one. */
static docket_status tell_all(struct dk_fate_merge *merge)
{
    docket_status status = DOCKET_OK;
    for (uint64_t first = model.first; status == DOCKET_OK && first < model.mark;) {
        uint64_t last = first;
        while (last + 1 < model.mark && of_the_books(last + 1) == of_the_books(first))
            last++;
        struct docket_fate_row row = a_row(first, last, of_the_books(first));
        status = dk_fate_merge_row(merge, &row);
        first = last + 1;
    }
    return status;
}

static void make_model(unsigned seed)
{
    srand(seed);
    model = (struct model){.first = 1 + (uint64_t)(rand() % 5), .page_rows = 1 + (uint32_t)(rand() % 4)};
    model.mark = model.first + 1 + (uint64_t)(rand() % (NUMBERS - 6));
    int few = 1 + rand() % 12;
    for (int number = 0; number <= NUMBERS; number++) {
        bool same = number > 0 && rand() % few != 0; /* long runs and short ones */
        model.record[number] = same ? model.record[number - 1] : rand() % 3 == 0 ? -1 : rand() % DK_STATE_COUNT;
        model.range[number] = same ? model.range[number - 1]
                              : rand() % 5 != 0 ? -1
                              : rand() % 2      ? DK_FATE_VOID
                                                : DK_FATE_UNKNOWN;
        /* As docketd keeps it: what a record says is free is spare, unless it was passed over. */
        model.spare[number] = model.range[number] < 0 &&
                              (model.record[number] == DK_STATE_FREE || (model.record[number] < 0 && rand() % 4 == 0));
    }
}

static void every_number_is_told_once_with_its_fate(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3000; seed++) {
        make_model(seed);
        struct told told = {.next = model.first};
        struct dk_fate_merge merge = {.each = check_row, .context = &told};
        assert_int_equal(tell_all(&merge), DOCKET_OK);
        dk_fate_merge_end(&merge);
        assert_int_equal(told.next, model.mark);
        assert_int_equal(told.ends, 1);
    }
}

static void a_series_without_a_ledger_is_told_as_it_came(void **state)
{
    (void)state;
    make_model(1);
    struct told told = {.next = 5};
    for (int number = 0; number <= NUMBERS; number++)
        model.record[number] = model.range[number] = -1, model.spare[number] = 0;
    model.mark = 10;
    struct docket_fate_row row = a_row(5, 9, DK_FATE_HANDED_OUT);
    struct dk_fate_merge merge = {.each = check_row, .context = &told};
    row.tracked = 0;
    assert_int_equal(dk_fate_merge_row(&merge, &row), DOCKET_OK);
    assert_int_equal(told.rows, 1);
    assert_int_equal(model.asked, 0);
    dk_fate_merge_end(&merge);
}

static void a_ledger_that_cannot_be_read_is_said(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 50; seed++) {
        make_model(seed);
        struct told told = {.next = model.first};
        struct dk_fate_merge merge = {.each = check_row, .context = &told};
        model.fails = DOCKET_UNREACHABLE;
        docket_status status = tell_all(&merge);
        assert_int_equal(status, model.asked > 0 ? DOCKET_UNREACHABLE : DOCKET_OK);
        dk_fate_merge_end(&merge);
    }
}

static int enough_at_once(void *context, const struct docket_fate_row *row)
{
    (void)row;
    ++*(unsigned *)context;
    return 1;
}

static void who_has_had_enough_is_told_no_more(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 50; seed++) {
        unsigned told = 0;
        make_model(seed);
        struct dk_fate_merge merge = {.each = enough_at_once, .context = &told};
        assert_int_equal(tell_all(&merge), DOCKET_OK);
        assert_int_equal(told, 1);
        assert_true(merge.enough);
        dk_fate_merge_end(&merge);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_told_once_with_its_fate),
        cmocka_unit_test(a_series_without_a_ledger_is_told_as_it_came),
        cmocka_unit_test(a_ledger_that_cannot_be_read_is_said),
        cmocka_unit_test(who_has_had_enough_is_told_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
