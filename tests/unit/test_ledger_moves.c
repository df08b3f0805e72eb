/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/ledger.c */
/* Which verb leads a tracked number from which state to which; what a key, a name and a trace id may be. */
#include "numbering/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- the table, written out: state, verb, what a release does, what expiry does ---- */

enum { RECYCLES = 0, VOIDS = 1, DOUBTS = 0, FREES = 1 };

struct row {
    enum dk_state from;
    enum dk_verb verb;
    int release, expiry;
    docket_status status;
    enum dk_state to;
};

#define F DK_STATE_FREE
#define R DK_STATE_RESERVED
#define P DK_STATE_PENDING
#define D DK_STATE_IN_DOUBT
#define I DK_STATE_ISSUED
#define V DK_STATE_VOID
#define RELEASED DOCKET_ALREADY_RELEASED
#define SETTLED DOCKET_ALREADY_SETTLED
#define VOIDED DOCKET_ALREADY_VOID
#define OK DOCKET_OK
#define ROWS(from, verb, s00, t00, s01, t01, s10, t10, s11, t11)                                                       \
    {from, verb, RECYCLES, DOUBTS, s00, t00}, {from, verb, RECYCLES, FREES, s01, t01},                                 \
        {from, verb, VOIDS, DOUBTS, s10, t10}, {from, verb, VOIDS, FREES, s11, t11}

/* Columns: recycle and doubt; recycle and free; void and doubt; void and free. */
static const struct row rows[] = {
    ROWS(F, DK_VERB_SETTLE, RELEASED, F, RELEASED, F, RELEASED, F, RELEASED, F),
    ROWS(F, DK_VERB_VOID, RELEASED, F, RELEASED, F, RELEASED, F, RELEASED, F),
    ROWS(F, DK_VERB_RELEASE, RELEASED, F, RELEASED, F, RELEASED, F, RELEASED, F),
    ROWS(F, DK_VERB_EXPIRE, RELEASED, F, RELEASED, F, RELEASED, F, RELEASED, F),
    ROWS(R, DK_VERB_SETTLE, OK, I, OK, I, OK, I, OK, I),
    ROWS(R, DK_VERB_VOID, OK, V, OK, V, OK, V, OK, V),
    ROWS(R, DK_VERB_RELEASE, OK, F, OK, F, OK, V, OK, V),
    ROWS(R, DK_VERB_EXPIRE, OK, D, OK, F, OK, D, OK, V),
    ROWS(P, DK_VERB_SETTLE, OK, I, OK, I, OK, I, OK, I),
    ROWS(P, DK_VERB_VOID, OK, V, OK, V, OK, V, OK, V),
    ROWS(P, DK_VERB_RELEASE, OK, F, OK, F, OK, V, OK, V),
    ROWS(P, DK_VERB_EXPIRE, OK, D, OK, F, OK, D, OK, V),
    ROWS(D, DK_VERB_SETTLE, OK, I, OK, I, OK, I, OK, I),
    ROWS(D, DK_VERB_VOID, OK, V, OK, V, OK, V, OK, V),
    ROWS(D, DK_VERB_RELEASE, OK, F, OK, F, OK, V, OK, V),
    ROWS(D, DK_VERB_EXPIRE, OK, D, OK, D, OK, D, OK, D),
    ROWS(I, DK_VERB_SETTLE, SETTLED, I, SETTLED, I, SETTLED, I, SETTLED, I),
    ROWS(I, DK_VERB_VOID, OK, V, OK, V, OK, V, OK, V),
    ROWS(I, DK_VERB_RELEASE, SETTLED, I, SETTLED, I, SETTLED, I, SETTLED, I),
    ROWS(I, DK_VERB_EXPIRE, SETTLED, I, SETTLED, I, SETTLED, I, SETTLED, I),
    ROWS(V, DK_VERB_SETTLE, VOIDED, V, VOIDED, V, VOIDED, V, VOIDED, V),
    ROWS(V, DK_VERB_VOID, VOIDED, V, VOIDED, V, VOIDED, V, VOIDED, V),
    ROWS(V, DK_VERB_RELEASE, VOIDED, V, VOIDED, V, VOIDED, V, VOIDED, V),
    ROWS(V, DK_VERB_EXPIRE, VOIDED, V, VOIDED, V, VOIDED, V, VOIDED, V),
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
_Static_assert(ROW_COUNT == DK_STATE_COUNT * (DK_VERB_END - DK_VERB_SETTLE) * 4, "every state, verb and setting once");

static void every_state_and_verb_leads_where_the_table_says(void **state)
{
    (void)state;
    for (size_t at = 0; at < ROW_COUNT; at++) {
        const struct row *row = &rows[at];
        enum dk_state to = DK_STATE_COUNT;
        docket_status status = dk_ledger_move(row->from, row->verb, row->release == VOIDS, row->expiry == FREES, &to);
        if (status != row->status || to != row->to)
            fail_msg("row %zu: %s, verb %d, release %d, expiry %d: %s, %s", at, dk_state_name(row->from),
                     (int)row->verb, row->release, row->expiry, docket_status_name(status), dk_state_name(to));
    }
}

static void the_table_has_each_combination_once(void **state)
{
    (void)state;
    for (size_t a = 0; a < ROW_COUNT; a++) {
        for (size_t b = a + 1; b < ROW_COUNT; b++)
            assert_false(rows[a].from == rows[b].from && rows[a].verb == rows[b].verb &&
                         rows[a].release == rows[b].release && rows[a].expiry == rows[b].expiry);
    }
}

static void void_is_the_end_and_nothing_leads_back_from_issued_but_void(void **state)
{
    (void)state;
    for (size_t at = 0; at < ROW_COUNT; at++) {
        enum dk_state to = DK_STATE_COUNT;
        docket_status status = dk_ledger_move(rows[at].from, rows[at].verb, rows[at].release, rows[at].expiry, &to);
        if (rows[at].from == V)
            assert_true(status != DOCKET_OK && to == V);
        if (rows[at].from == I)
            assert_true(to == I || to == V);
    }
}

static void states_have_names_that_are_read_again(void **state)
{
    (void)state;
    static const char *const names[] = {"free", "reserved", "pending", "in doubt", "issued", "void"};
    for (unsigned at = 0; at < DK_STATE_COUNT; at++) {
        enum dk_state parsed = DK_STATE_COUNT;
        assert_string_equal(dk_state_name(at), names[at]);
        assert_true(dk_state_parse(names[at], &parsed));
        assert_int_equal(parsed, at);
        assert_int_equal(dk_state_is_held(at), at >= 1 && at <= 3);
    }
    enum dk_state untouched = DK_STATE_VOID;
    assert_false(dk_state_parse("Free", &untouched));
    assert_false(dk_state_parse("", &untouched));
    assert_int_equal(untouched, DK_STATE_VOID);
    assert_string_equal(dk_state_name(DK_STATE_COUNT), "?");
    assert_string_equal(dk_state_name(4711), "?");
}

/* ---- keys and trace ids ---- */

static void key_is_refused(const char *key, const char *words)
{
    assert_int_equal(dk_key_check("key", key), DOCKET_BAD_ARGUMENT);
    if (!strstr(docket_last_error(), words))
        fail_msg("\"%s\" is not in: %s", words, docket_last_error());
}

static void a_key_is_printable_text_of_up_to_128_bytes(void **state)
{
    (void)state;
    char longest[DK_KEY_MAX + 2];
    memset(longest, 'k', sizeof longest);
    longest[DK_KEY_MAX] = 0;
    static const char *const good[] = {"1", "order-4711", "Bestellung 4711/\xc3\xa4", "a b", "\xe2\x82\xac", "a\xc2\xa0z"};
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++)
        assert_int_equal(dk_key_check("key", good[at]), DOCKET_OK);
    assert_int_equal(dk_key_check("key", longest), DOCKET_OK);
    longest[DK_KEY_MAX] = 'k';
    longest[DK_KEY_MAX + 1] = 0;
    key_is_refused(longest, "129 bytes and 128");
    key_is_refused("", "a key is needed");
    key_is_refused(NULL, "a key is needed");
}

static void a_key_that_people_cannot_tell_from_another_is_refused(void **state)
{
    (void)state;
    key_is_refused("a\tb", "byte 2");
    key_is_refused("ab\x7f", "byte 3");
    key_is_refused("ab\xff", "byte 3");
    key_is_refused("ab\xe2\x80\xae", "byte 3"); /* turns the direction of writing */
    key_is_refused("\xc0\xaf", "byte 1");       /* overlong */
    key_is_refused("ab\xe2\x82", "byte 3");     /* cut short */
    key_is_refused(" ", "blank");
    key_is_refused(" a", "begins with a blank");
    key_is_refused("a ", "ends with a blank");
    key_is_refused("\xc2\xa0" "a", "begins with a blank");
    key_is_refused("a\xc2\xa0", "ends with a blank");
    assert_int_equal(dk_key_check("reservation's name", "x "), DOCKET_BAD_ARGUMENT);
    assert_non_null(strstr(docket_last_error(), "the reservation's name ends"));
}

static void a_trace_id_is_up_to_64_plain_characters(void **state)
{
    (void)state;
    char longest[DK_TRACE_MAX + 2];
    memset(longest, 't', sizeof longest);
    longest[DK_TRACE_MAX] = 0;
    assert_int_equal(dk_trace_check("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), DOCKET_OK);
    assert_int_equal(dk_trace_check("AZaz09._:/+=-"), DOCKET_OK);
    assert_int_equal(dk_trace_check(longest), DOCKET_OK);
    longest[DK_TRACE_MAX] = 't';
    longest[DK_TRACE_MAX + 1] = 0;
    assert_int_equal(dk_trace_check(longest), DOCKET_BAD_ARGUMENT);
    assert_int_equal(dk_trace_check(""), DOCKET_BAD_ARGUMENT);
    assert_int_equal(dk_trace_check(NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(dk_trace_check("a b"), DOCKET_BAD_ARGUMENT);
    assert_non_null(strstr(docket_last_error(), "byte 2 of the trace id"));
    assert_int_equal(dk_trace_check("\xc3\xa4"), DOCKET_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_names_that_are_read_again),
        cmocka_unit_test(the_table_has_each_combination_once),
        cmocka_unit_test(every_state_and_verb_leads_where_the_table_says),
        cmocka_unit_test(void_is_the_end_and_nothing_leads_back_from_issued_but_void),
        cmocka_unit_test(a_key_is_printable_text_of_up_to_128_bytes),
        cmocka_unit_test(a_key_that_people_cannot_tell_from_another_is_refused),
        cmocka_unit_test(a_trace_id_is_up_to_64_plain_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
