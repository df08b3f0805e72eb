/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/env.c numbering/fate.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c daemon/ledger/plan.c daemon/ledger/issue.c daemon/ledger/texts.c daemon/ledger/metadata.c daemon/ledger/reserve.c daemon/ledger/decide.c daemon/ledger/holds.c daemon/ledger/due.c */
/* libs: lmdb urcu-cds urcu-common jansson pthread */
/*
 * Reservations, and what becomes of numbers: settled, void, released, resolved. tests/process/reserve.sh does the
 * same with processes.
 */
#include "ledger_fixture.h"

/* ---- reservations ---- */

static void a_reservation_is_records_a_name_and_a_hold_in_one_commit(void **state)
{
    (void)state;
    MUST(reserve("batch", 3, 60));
    assert_int_equal(answer.run_count, 1);
    assert_int_equal(runs_of_answer[0][0], 1);
    assert_int_equal(runs_of_answer[0][1], 3);
    assert_int_equal(answer.again, 0);
    struct dk_ledger_record record = number_of(2);
    assert_int_equal(record.state, DK_STATE_RESERVED);
    assert_string_equal(record.hold, "batch");
    assert_string_equal(record.key, "");
    assert_int_equal(record.seat, 0);
    assert_int_equal(record.uid, 1000);
    assert_true(record.expires_ns > record.first_ns + 59 * DK_SECOND_NS);
    struct held held = holds_in_store();
    assert_int_equal(held.count, 1);
    assert_int_equal(held.last.left, 3);
    assert_int_equal(held.last.incarnation, INCARNATION);
    assert_int_equal(held.last.salt, SALT);
    assert_false(is_free(3));
    assert_true(is_free(4));
}

static void a_name_tells_its_numbers_for_ever_and_differs_by_count_and_date(void **state)
{
    (void)state;
    MUST(reserve("batch", 3, 60));
    MUST(decide_all(DK_VERB_SETTLE, "batch"));
    assert_int_equal(answer.number, 3);
    restart();
    MUST(reserve("batch", 3, 600));
    assert_int_equal(answer.again, 1);
    assert_int_equal(runs_of_answer[0][1], 3);
    REFUSED(reserve("batch", 4, 60), DOCKET_KEY_DIFFERS, "has 3 numbers");
    assert_int_equal(answer.number, 3);
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "batch", .count = 3, .expires_s = 60, .date = 20200101}),
            DOCKET_KEY_DIFFERS, "another count or date");
}

static void a_repeat_is_counted_with_what_went_wrong_before(void **state)
{
    (void)state;
    MUST(reserve("batch", 2, 60));
    parcel.head.attempt = 2;
    snprintf(parcel.head.error, sizeof parcel.head.error, "DOCKET_UNREACHABLE");
    MUST(reserve("batch", 2, 60));
    assert_int_equal(number_of(1).attempts, 2);
    assert_string_equal(number_of(1).error, "DOCKET_UNREACHABLE");
    MUST(decide(DK_VERB_SETTLE, NULL, "batch", 2));
    assert_int_equal(number_of(2).attempts, 2);
}

static void fewer_than_asked_are_granted_at_the_end_only(void **state)
{
    (void)state;
    last_of_policy = 5;
    MUST(reserve("a", 2, 60));
    REFUSED(reserve("b", 9, 60), DOCKET_PARTIAL, "3 of 9");
    assert_int_equal(answer.number, 3);
    REFUSED(reserve("b", 9, 60), DOCKET_PARTIAL, "3 of 9");
    assert_int_equal(answer.again, 1);
    REFUSED(reserve("c", 1, 60), DOCKET_EXHAUSTED, "last number");
    assert_int_equal(holds_in_store().count, 2);
}

static void what_may_not_be_reserved_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    REFUSED(reserve("", 1, 60), DOCKET_BAD_ARGUMENT, "reservation's name is needed");
    REFUSED(reserve("x ", 1, 60), DOCKET_BAD_ARGUMENT, "ends with a blank");
    REFUSED(reserve("x", 0, 60), DOCKET_BAD_ARGUMENT, "1 to 10000");
    REFUSED(reserve("x", 10001, 60), DOCKET_BAD_ARGUMENT, "1 to 10000");
    REFUSED(reserve("x", 1, 0), DOCKET_BAD_ARGUMENT, "1 to 31536000");
    REFUSED(reserve("x", 1, 31536001), DOCKET_BAD_ARGUMENT, "1 to 31536000");
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "x", .count = 1, .expires_s = 1, .flags = DOCKET_SETTLED}),
            DOCKET_BAD_ARGUMENT, "flags");
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "x", .count = 1, .expires_s = 1, .trace = "a b"}),
            DOCKET_BAD_ARGUMENT, "trace id");
    assert_true(is_free(1));
    assert_int_equal(holds_in_store().count, 0);
}

static void texts_of_elsewhere_are_stepped_over(void **state)
{
    (void)state;
    for (unsigned i = 2; i <= 8; i++) {
        char text[16];
        snprintf(text, sizeof text, "INV-%04u", i);
        MUST(run(dk_ledger_elsewhere, (struct dk_record_item){.text = text, .reason = "by hand"}));
    }
    MUST(reserve("a", 3, 60));
    assert_int_equal(answer.run_count, 2);
    assert_int_equal(runs_of_answer[1][0], 9);
    assert_int_equal(runs_of_answer[1][1], 10);
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_int_equal(state_of(9), DK_STATE_RESERVED);
}

/* Number 1 was another key's when its record was dropped: the old one has no number still. */
static void an_old_key_has_no_number_where_the_new_ones_record_was_dropped(void **state)
{
    (void)state;
    const struct dk_range one = {1, 1};
    const struct dk_ledger_record dropped = {.series_id = SERIES, .number = 1, .removed = true};
    struct dk_key_record keys[] = {
        {.series_id = SERIES, .kind = DK_NAMED_KEY, .text = "new", .document = "INV-0001", .ranges = &one, .range_count = 1},
        {.series_id = SERIES, .kind = DK_NAMED_DROPPED, .text = "0", .ranges = &one, .range_count = 1}};
    MUST(issue("old", 0));
    MUST(decide(DK_VERB_RELEASE, "old", NULL, 0));
    MUST(issue("new", 0));
    MUST(decide(DK_VERB_SETTLE, "new", NULL, 0));
    must_commit(&(struct dk_change){.ledger = {.records = &dropped, .record_count = 1, .keys = keys, .key_count = 2}});
    REFUSED(decide(DK_VERB_SETTLE, "old", NULL, 0), DOCKET_ALREADY_RELEASED, "has none now");
    REFUSED(decide(DK_VERB_RELEASE, "new", NULL, 0), DOCKET_ALREADY_SETTLED, "exported and dropped");
    MUST(issue("old", 0));
    assert_int_equal(answer.number, 2);
}

/* ---- decisions ---- */

static void each_second_decision_says_what_it_is_already(void **state)
{
    (void)state;
    MUST(reserve("r", 3, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_VOID, NULL, "r", 2));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 3));
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_ALREADY_SETTLED, "number 1 of acme/INV is issued");
    REFUSED(decide(DK_VERB_RELEASE, NULL, NULL, 1), DOCKET_ALREADY_SETTLED, "void it");
    assert_int_equal(answer.state, DK_STATE_ISSUED);
    REFUSED(decide(DK_VERB_VOID, NULL, NULL, 2), DOCKET_ALREADY_VOID, "void (a test)");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 2), DOCKET_ALREADY_VOID, "stays so");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 3), DOCKET_ALREADY_RELEASED, "was released");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_HELD, "never given");
    REFUSED(decide(DK_VERB_SETTLE, "nobody", NULL, 0), DOCKET_NOT_HELD, "ever had this key");
    REFUSED(decide_text(DK_VERB_SETTLE, "OTHER-1"), DOCKET_NOT_OF_SERIES, "");
    assert_true(is_free(3));
    assert_string_equal(number_of(2).reason, "a test");
    assert_int_equal(number_of(2).cause, DK_CAUSE_VOIDED);
}

static void void_wants_a_reason_and_is_an_event(void **state)
{
    (void)state;
    MUST(issue("k", 0));
    parcel.head.verb = DK_VERB_VOID;
    REFUSED(run(dk_ledger_decide, (struct dk_record_item){.key = "k"}), DOCKET_BAD_ARGUMENT, "a reason is needed");
    REFUSED(run(dk_ledger_decide, (struct dk_record_item){.key = "k", .reason = "\t"}), DOCKET_BAD_ARGUMENT,
            "printable");
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    MUST(decide(DK_VERB_VOID, "k", NULL, 0));
    struct dk_ledger_record record = number_of(1);
    char words[80];
    snprintf(words, sizeof words, "%llu void: number 1 of acme/INV was pending and is void",
             (unsigned long long)record.event);
    assert_int_equal(events_of(words), 1);
    REFUSED(issue("k", 0), DOCKET_KEY_VOID, "a test");
}

static void an_issued_number_is_void_by_its_key_or_an_admin_only(void **state)
{
    (void)state;
    MUST(reserve("r", 2, 60));
    MUST(decide_all(DK_VERB_SETTLE, "r"));
    MUST(run(dk_ledger_issue, (struct dk_record_item){.key = "k", .flags = DOCKET_SETTLED}));
    REFUSED(decide(DK_VERB_VOID, NULL, NULL, 3), DOCKET_NOT_YOURS, "say its key");
    MUST(decide(DK_VERB_VOID, "k", NULL, 0));
    is_admin = true;
    MUST(decide(DK_VERB_VOID, NULL, NULL, 1));
    MUST(resolve(DK_VERB_VOID, 2));
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_int_equal(state_of(3), DK_STATE_VOID);
}

static void release_may_mean_void_and_the_key_gets_another(void **state)
{
    (void)state;
    policy.release = DK_VOID_RELEASED;
    MUST(issue("k", 0));
    MUST(decide(DK_VERB_RELEASE, "k", NULL, 0));
    struct dk_ledger_record record = number_of(1);
    assert_int_equal(record.state, DK_STATE_VOID);
    assert_int_equal(record.cause, DK_CAUSE_GIVEN_BACK);
    assert_non_null(strstr(record.reason, "released in this series is void"));
    assert_false(is_free(1));
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 2);
    assert_int_equal(answer.again, 0);
}

static void what_comes_back_to_a_closed_period_is_void_with_a_reason(void **state)
{
    (void)state;
    struct dk_ended_facts found;
    MUST(reserve("r", 3, 60));
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    found.image.closed = DK_CLOSED_FOR_GOOD;
    const struct dk_counter_image *closed = &found.image;
    must_commit(&(struct dk_change){.counters = &closed, .counter_count = 1});
    free(found.image.spares);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 2));
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_non_null(strstr(number_of(2).reason, "after its period was closed"));
    policy.on_expiry = DK_EXPIRY_FREE;
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_int_equal(state_of(3), DK_STATE_VOID);
    assert_string_equal(number_of(3).reason, "its holder ended");
}

static void a_number_of_before_the_ledger_has_no_record(void **state)
{
    (void)state;
    struct dk_counter_image image = counter_of(SERIES, 0, 10);
    image.closed = DK_ENDED;
    image.mark = image.next;
    const struct dk_counter_image *one = &image;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 9), DOCKET_NOT_HELD, "before the series had a ledger");
    REFUSED(decide_text(DK_VERB_SETTLE, "INV-0009"), DOCKET_NOT_HELD, "before the series had a ledger");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 10), DOCKET_NOT_HELD, "never given");
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 10);
}

static void a_text_is_that_of_the_number_as_it_was_given(void **state)
{
    (void)state;
    MUST(issue("k", 0));
    snprintf(policy.template_text, sizeof policy.template_text, "NEW{N:4}");
    keep_policy();
    REFUSED(decide_text(DK_VERB_SETTLE, "NEW0001"), DOCKET_NOT_OF_SERIES, "given as INV-0001");
    MUST(issue("k2", 0));
    MUST(decide_text(DK_VERB_SETTLE, "NEW0002"));
}

/* ---- resolve ---- */

static void only_an_admin_resolves_and_only_what_is_in_doubt(void **state)
{
    (void)state;
    MUST(reserve("r", 3, 60));
    sit(1);
    MUST(reserve("held", 1, 60));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    REFUSED(resolve(DK_VERB_SETTLE, 1), DOCKET_NOT_PERMITTED, "may not decide");
    REFUSED(resolve_all(DK_VERB_SETTLE, 0), DOCKET_NOT_PERMITTED, "may not decide");
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    is_admin = true;
    REFUSED(resolve(DK_VERB_SETTLE, 4), DOCKET_NOT_YOURS, "only what is in doubt is resolved");
    MUST(resolve(DK_VERB_SETTLE, 1));
    MUST(resolve_all(DK_VERB_RELEASE, 2026));
    assert_int_equal(answer.number, 0);
    MUST(resolve_all(DK_VERB_RELEASE, -1));
    assert_int_equal(answer.number, 2);
    MUST(resolve_all(DK_VERB_RELEASE, 0));
    assert_int_equal(answer.number, 0);
    assert_int_equal(state_of(4), DK_STATE_RESERVED);
    assert_true(is_free(3));
    assert_int_equal(events_of("resolve: "), 2);
    parcel.head.flags = DK_RECORD_RESOLVE;
    REFUSED(run(dk_ledger_decide_all, (struct dk_record_item){.period = 0}), DOCKET_BAD_ARGUMENT, "reason is needed");
}

/* Holds of thousands: the packet is bounded. */
static void one_packet_resolves_so_many_and_the_next_the_rest(void **state)
{
    (void)state;
    MUST(reserve("a", 3000, 60));
    MUST(reserve("b", 3000, 60));
    MUST(reserve("c", 3000, 60));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    is_admin = true;
    uint64_t done = 0;
    unsigned packets = 0;
    do {
        MUST(resolve_all(DK_VERB_SETTLE, 0));
        assert_in_range(answer.number, 0, 6000);
        done += answer.number;
        packets++;
    } while (answer.number > 0);
    assert_int_equal(done, 9000);
    assert_int_equal(packets, 3);
    assert_int_equal(holds_in_store().count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_reservation_is_records_a_name_and_a_hold_in_one_commit),
        CASE(a_name_tells_its_numbers_for_ever_and_differs_by_count_and_date),
        CASE(a_repeat_is_counted_with_what_went_wrong_before),
        CASE(fewer_than_asked_are_granted_at_the_end_only),
        CASE(what_may_not_be_reserved_is_refused_and_changes_nothing),
        CASE(texts_of_elsewhere_are_stepped_over),
        CASE(an_old_key_has_no_number_where_the_new_ones_record_was_dropped),
        CASE(each_second_decision_says_what_it_is_already),
        CASE(void_wants_a_reason_and_is_an_event),
        CASE(an_issued_number_is_void_by_its_key_or_an_admin_only),
        CASE(release_may_mean_void_and_the_key_gets_another),
        CASE(what_comes_back_to_a_closed_period_is_void_with_a_reason),
        CASE(a_number_of_before_the_ledger_has_no_record),
        CASE(a_text_is_that_of_the_number_as_it_was_given),
        CASE(only_an_admin_resolves_and_only_what_is_in_doubt),
        CASE(one_packet_resolves_so_many_and_the_next_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
