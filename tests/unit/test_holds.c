/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/env.c numbering/fate.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c daemon/ledger/plan.c daemon/ledger/issue.c daemon/ledger/texts.c daemon/ledger/metadata.c daemon/ledger/reserve.c daemon/ledger/decide.c daemon/ledger/holds.c daemon/ledger/due.c */
/* libs: lmdb urcu-cds urcu-common jansson pthread */
/*
 * Who holds which numbers, and until when: time, holders that end, restarts, another boot.
 * tests/process/reserve.sh does the same with processes.
 */
#include "ledger_fixture.h"

#include <errno.h>
#include <fcntl.h>

static bool disk_is_full;

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
    (void)mode;
    (void)offset;
    (void)bytes;
    (void)fd;
    errno = disk_is_full ? ENOSPC : EOPNOTSUPP;
    return -1;
}

/* ---- who holds ---- */

static void who_says_that_it_sits_where_it_does_not_is_given_nothing(void **state)
{
    (void)state;
    sit(1);
    parcel.head.salt++;
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "seat 1 of desk 0");
    sit(SEATS - 2); /* free */
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(SEATS - 1); /* never used */
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(4000);
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(1);
    parcel.head.desk = 1;
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "desk 1");
    sit(1);
    connection.uid = 1001; /* another user, who has read the salt off the board */
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "uid 1001");
    connection.uid = 1000;
    seats[1].state = DK_SEAT_REAPING;
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "it does not");
    seats[1].state = DK_SEAT_LOST; /* nobody would see it end */
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "it does not");
    assert_true(is_free(1));
    assert_int_equal(holds_in_store().count, 0);
}

static void nobody_holds_what_is_detached_and_a_time_must_end_it(void **state)
{
    (void)state;
    REFUSED(run(dk_ledger_issue, (struct dk_record_item){.key = "k", .flags = DOCKET_DETACHED}), DOCKET_BAD_ARGUMENT,
            "time");
    sit(-1);
    REFUSED(issue("k", 0), DOCKET_BAD_ARGUMENT, "needs a time");
    MUST(issue("k", 60));
    assert_int_equal(holds_in_store().last.seat, -1);
    assert_int_equal(number_of(1).seat, -1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_NOT_YOURS, "nobody but its time");
    MUST(decide(DK_VERB_SETTLE, "k", NULL, 0));
    assert_int_equal(holds_in_store().count, 0);
}

static void a_number_is_its_holders_or_whoevers_that_says_key_or_name(void **state)
{
    (void)state;
    MUST(reserve("r", 4, 60));
    MUST(issue("k", 0));
    MUST(reserve("other", 1, 60));
    sit(1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_NOT_YOURS, "another process (uid 1000)");
    REFUSED(decide_text(DK_VERB_SETTLE, "INV-0005"), DOCKET_NOT_YOURS, "is pending");
    REFUSED(decide(DK_VERB_SETTLE, NULL, "other", 1), DOCKET_NOT_YOURS, "none of this reservation's");
    REFUSED(decide(DK_VERB_SETTLE, NULL, "nobody", 1), DOCKET_NOT_HELD, "never had a reservation");
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_SETTLE, "k", NULL, 0));
    sit(0);
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 2));
    MUST(decide_text(DK_VERB_SETTLE, "INV-0003"));
    parcel.head.salt++; /* who sat there before */
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "reserved");
    sit(0);
    connection.uid = 1001;
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "reserved");
    connection.uid = 1000;
    assert_int_equal(holds_in_store().count, 2);
    MUST(decide(DK_VERB_RELEASE, NULL, NULL, 4));
    assert_int_equal(holds_in_store().count, 1);
    REFUSED(decide(0, NULL, NULL, 4), DOCKET_BAD_ARGUMENT, "verb 0");
    REFUSED(decide(DK_VERB_EXPIRE, NULL, NULL, 4), DOCKET_BAD_ARGUMENT, "verb 4");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 0), DOCKET_BAD_ARGUMENT, "which number");
}

static void a_late_word_never_touches_the_number_of_somebody_else(void **state)
{
    (void)state;
    MUST(issue("old", 0));
    MUST(reserve("name", 1, 60));
    MUST(decide(DK_VERB_RELEASE, "old", NULL, 0));
    MUST(decide(DK_VERB_RELEASE, NULL, "name", 2));
    MUST(issue("new", 0));
    MUST(reserve("newer", 1, 60));
    assert_string_equal(number_of(1).key, "new");
    assert_string_equal(number_of(2).hold, "newer");
    for (enum dk_verb verb = DK_VERB_SETTLE; verb <= DK_VERB_RELEASE; verb++) {
        REFUSED(decide(verb, "old", NULL, 0), DOCKET_ALREADY_RELEASED, "has none now");
        REFUSED(decide(verb, NULL, "name", 2), DOCKET_ALREADY_RELEASED, "does not have it any more");
        MUST(decide_all(verb, "name"));
        assert_int_equal(answer.number, 0);
    }
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    MUST(issue("old", 0));
    assert_int_equal(answer.number, 3);
    MUST(decide(DK_VERB_SETTLE, "old", NULL, 0));
    assert_int_equal(state_of(3), DK_STATE_ISSUED);
}

/* ---- time ---- */

static void time_runs_out_by_the_clock_that_nobody_can_set(void **state)
{
    (void)state;
    MUST(reserve("r", 2, 60));
    MUST(issue("k", 30));
    wall_shift_s = 86000;
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    wall_shift_s = -86000;
    boot_shift_s = 31;
    end_due();
    assert_int_equal(books_given, 1);
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(3), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(3).error, "expired");
    boot_shift_s = 61; /* asleep meanwhile: it counts */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(events_of("expiry: "), 2);
    assert_int_equal(events_of("2 reserved numbers of acme/INV, 1 the first of them, are in doubt: the reservation expired"),
                     1);
    assert_int_equal(events_of("number 3 of acme/INV is in doubt: expired before it was settled"), 1);
    assert_false(dk_holds_has_live(&docketd, SERIES));
    struct held held = holds_in_store();
    assert_int_equal(held.count, 2);
    assert_int_equal(held.in_doubt, 2);
}

static void a_holder_that_lives_may_decide_late_and_so_may_the_name(void **state)
{
    (void)state;
    MUST(reserve("r", 4, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 1));
    boot_shift_s = 61;
    end_due();
    sit(1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 2), DOCKET_NOT_YOURS, "in doubt (expired)");
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 2));
    sit(0);
    restart();
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 3));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    assert_false(dk_holds_are_due(&docketd, SERIES));
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "in doubt");
    MUST(decide_all(DK_VERB_RELEASE, "r"));
    assert_int_equal(answer.number, 1);
    assert_int_equal(holds_in_store().count, 0);
    assert_true(is_free(4));
}

static void a_key_in_doubt_that_is_asked_for_again_is_its_new_callers(void **state)
{
    (void)state;
    MUST(issue("k", 30));
    boot_shift_s = 31;
    end_due();
    sit(2);
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 1);
    assert_int_equal(answer.again, 1);
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    dk_ledger_seat_gone(&docketd, 0, 0, SALT); /* who held it before */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    dk_ledger_seat_gone(&docketd, 0, 2, SALT + 2);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(1).error, "its holder ended");
}

/* ---- ends ---- */

static void only_the_seat_that_is_gone_loses_what_it_holds(void **state)
{
    (void)state;
    MUST(reserve("r0", 1, 60));
    sit(1);
    MUST(reserve("r1", 1, 60));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "nobody", .count = 1, .expires_s = 60, .flags = DOCKET_DETACHED}));
    dk_ledger_seat_gone(&docketd, 0, 1, SALT); /* another one who sat there */
    dk_ledger_seat_gone(&docketd, 1, 1, SALT + 1);
    dk_ledger_seat_gone(&docketd, 0, 4000, SALT + 1);
    end_due();
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    dk_ledger_seat_gone(&docketd, 0, 1, SALT + 1);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(3), DK_STATE_RESERVED);
}

static void a_series_may_say_that_what_ends_is_free(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(issue("k", 0));
    MUST(reserve("r", 2, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 2));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_true(is_free(1));
    assert_true(is_free(3));
    assert_int_equal(state_of(2), DK_STATE_ISSUED);
    assert_int_equal(events_of("by on-expiry = free"), 2);
    assert_int_equal(holds_in_store().count, 0);
    REFUSED(decide(DK_VERB_SETTLE, "k", NULL, 0), DOCKET_ALREADY_RELEASED, "has none now");
    sit(1);
    MUST(issue("k2", 0));
    assert_int_equal(answer.number, 1);
}

static void a_start_knows_who_lives(void **state)
{
    (void)state;
    for (int32_t seat = 0; seat < 5; seat++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", (int)seat);
        sit(seat);
        MUST(reserve(name, 1, 60));
    }
    seats[1].state = DK_SEAT_FREE; /* reaped, and docketd died before the plan */
    seats[2].salt++;               /* and somebody else sits there by now */
    seats[3].state = DK_SEAT_LOST;
    restart();
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(3), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(4), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(4).error, "its holder's seat was lost");
    assert_int_equal(state_of(5), DK_STATE_RESERVED);
    boot_shift_s = 61; /* and time goes on for those that live */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void whose_seat_is_lost_may_live_and_nothing_of_it_is_freed(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(reserve("r", 1, 60));
    desk.map.incarnation++; /* the desk's files were lost within this boot, and built anew */
    restart();
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_false(is_free(1));
    sit(0);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
}

static void nobody_lives_through_another_boot(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(reserve("r", 1, 3600));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "hour", .count = 1, .expires_s = 3600, .flags = DOCKET_DETACHED}));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "day", .count = 1, .expires_s = 86400, .flags = DOCKET_DETACHED}));
    desk.map.incarnation++;
    memset(docketd.boot_id, 2, sizeof docketd.boot_id);
    boot_shift_s = 1000000; /* another clock altogether */
    restart();
    end_due();
    assert_true(is_free(1));
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    wall_shift_s = 3601;
    end_due();
    assert_true(is_free(2));
    assert_int_equal(state_of(3), DK_STATE_RESERVED);
}

static void what_is_due_and_was_not_planned_is_due_again(void **state)
{
    (void)state;
    MUST(reserve("r", 1, 60));
    boot_shift_s = 61;
    dk_holds_tick(&docketd);
    assert_true(dk_holds_are_due(&docketd, SERIES));
    restart(); /* docketd died before it was written */
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void who_ended_has_ended_whatever_is_decided_before_the_plan(void **state)
{
    (void)state;
    sit(1);
    MUST(reserve("r", 3, 1000));
    dk_ledger_seat_gone(&docketd, 0, 1, SALT + 1);
    sit(0);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1)); /* by another one, who says the name */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_ISSUED);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(3), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(2).error, "its holder ended");
}

static void what_an_interval_before_had_is_never_given_again(void **state)
{
    (void)state;
    MUST(reserve("r", 3, 1000));
    MUST(issue("k", 0));
    struct dk_ended_facts found;
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    found.image.next = found.image.mark = found.image.interval_first = 101; /* as an admin begins another one */
    const struct dk_counter_image *one = &found.image;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
    free(found.image.spares);
    MUST(decide(DK_VERB_RELEASE, "k", NULL, 0));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 1));
    assert_int_equal(state_of(1), DK_STATE_VOID);
    assert_int_equal(state_of(4), DK_STATE_VOID);
    assert_non_null(strstr(number_of(1).reason, "its interval was over"));
    policy.on_expiry = DK_EXPIRY_FREE;
    boot_shift_s = 1001;
    end_due();
    assert_int_equal(state_of(2), DK_STATE_VOID);
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 101);
}

/* A copy of the store that knows less: in what was lost its numbers may have been released, and given to others. */
static void what_an_accepted_store_had_is_never_given_again(void **state)
{
    (void)state;
    MUST(issue("k", 0));
    MUST(reserve("r", 2, 60));
    MUST(issue("settled", 0));
    struct dk_event event = {.time_ns = dk_clock_wall_ns(), .kind = "accept", .text = "an older store"};
    const struct dk_event *one = &event;
    must_commit(&(struct dk_change){.events = one, .event_count = 1});
    docketd.accept_known = false; /* it was a start */
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(decide(DK_VERB_RELEASE, "k", NULL, 0));
    assert_int_equal(state_of(1), DK_STATE_VOID);
    assert_non_null(strstr(number_of(1).reason, "older store"));
    boot_shift_s = 61;
    end_due();
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 2));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 3));
    assert_int_equal(state_of(3), DK_STATE_VOID);
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 5);
    MUST(decide(DK_VERB_RELEASE, "k", NULL, 0)); /* given since */
    assert_int_equal(state_of(5), DK_STATE_FREE);
}

static void what_ends_waits_for_room(void **state)
{
    (void)state;
    MUST(reserve("r", 2, 60));
    boot_shift_s = 61;
    disk_is_full = true;
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_true(dk_holds_are_due(&docketd, SERIES));
    disk_is_full = false;
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
}

static void a_hold_that_cannot_be_ended_is_put_off_and_holds_up_no_other(void **state)
{
    (void)state;
    struct dk_ended_facts found;
    policy.on_expiry = DK_EXPIRY_FREE; /* which looks at the period */
    MUST(reserve("r", 1, 60));
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    const struct dk_counter_image *image = &found.image;
    found.image.closed = DK_OPEN;
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_false(dk_holds_are_due(&docketd, SERIES));
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    end_due();
    assert_false(dk_holds_are_due(&docketd, SERIES));
    found.image.closed = DK_ENDED;
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
    free(found.image.spares);
    boot_shift_s = 6;
    end_due();
    assert_true(is_free(1));
    assert_string_equal(number_of(1).error, "its holder ended");
}

static void a_series_that_is_not_in_memory_waits_for_a_slot(void **state)
{
    (void)state;
    MUST(reserve("r", 1, 60));
    by_id[SERIES] = NULL;
    restart();
    boot_shift_s = 61;
    dk_holds_tick(&docketd);
    dk_holds_tick(&docketd);
    assert_int_equal(books_given, 0);
    by_id[SERIES] = &book;
    end_due();
    assert_int_equal(books_given, 1);
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void one_plan_ends_so_many_holds_and_the_next_the_rest(void **state)
{
    enum { MANY = 1500 };
    (void)state;
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    struct dk_record_item item = {.hold = "", .text = "", .trace = "", .metadata = "", .reason = ""};
    for (unsigned i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        item.key = key;
        MUST(dk_ledger_issue(plan, &parcel, &item, &answer));
    }
    commit_plan(plan);
    assert_int_equal(holds_in_store().count, MANY);
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_int_equal(holds_in_store().in_doubt, 1024);
    end_due();
    assert_int_equal(holds_in_store().in_doubt, MANY);
    assert_false(dk_holds_are_due(&docketd, SERIES));
    is_admin = true;
    MUST(resolve_all(DK_VERB_RELEASE, -1));
    assert_int_equal(answer.number, MANY);
    assert_int_equal(holds_in_store().count, 0);
}

/* ---- the books in memory, against a list ---- */

enum { NAMES = 60 };

static struct dk_hold_record model[NAMES];

static void change_at_random(unsigned at, unsigned dice)
{
    char name[16];
    struct dk_hold_record *hold = &model[at];
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    snprintf(name, sizeof name, "h%u", at);
    hold->removed = dice % 5 == 0;
    hold->kind = DK_NAMED_RESERVATION;
    hold->text = name;
    hold->left = 1;
    hold->seat = (int32_t)(dice % SEATS) - 1;
    hold->salt = SALT + (uint64_t)(hold->seat > 0 ? hold->seat : 0);
    hold->in_doubt = dice % 7 == 0;
    hold->expires_ns = hold->in_doubt || dice % 3 == 0 ? 0 : 1 + (int64_t)(dice % 1000);
    hold->expires_boot_ns = hold->expires_ns;
    memset(hold->boot_id, dice % 2 == 0 ? 1 : 9, sizeof hold->boot_id);
    dk_hold_put(plan, hold);
    dk_plan_end(plan);
}

static unsigned live_of_model(void)
{
    unsigned live = 0;
    for (unsigned i = 0; i < NAMES; i++)
        live += model[i].kind != 0 && !model[i].removed && !model[i].in_doubt;
    return live;
}

static void check_heap(struct dk_hold_heap *heap, bool by_wall)
{
    size_t wanted = 0;
    int64_t last = 0;
    for (unsigned i = 0; i < NAMES; i++)
        wanted += model[i].kind != 0 && !model[i].removed && model[i].expires_ns != 0 &&
                  (model[i].boot_id[0] == 9) == by_wall;
    assert_int_equal(heap->count, wanted);
    for (struct dk_hold *hold; (hold = dk_hold_take_first(heap, INT64_MAX)) != NULL;) {
        assert_true(hold->due_at >= last);
        assert_int_equal(hold->heap_at, 0);
        last = hold->due_at;
    }
}

static void books_of_holds_agree_with_a_list(void **state)
{
    unsigned seed = 4711;
    (void)state;
    memset(model, 0, sizeof model);
    for (unsigned i = 0; i < 4000; i++) {
        seed = seed * 1664525 + 1013904223;
        change_at_random((seed >> 8) % NAMES, seed >> 12);
        const struct dk_holds_series *series = dk_holds_find_series(&docketd, SERIES);
        assert_int_equal(series == NULL ? 0 : series->live, live_of_model());
        assert_int_equal(dk_holds_has_live(&docketd, SERIES), live_of_model() > 0);
    }
    unsigned seated = 0, wanted = 0;
    for (unsigned seat = 0; seat < SEATS; seat++)
        for (const struct dk_link *link = docketd.holds->seats[0][seat]; link != NULL; link = link->next)
            seated++;
    for (unsigned i = 0; i < NAMES; i++)
        wanted += model[i].kind != 0 && !model[i].removed && model[i].seat >= 0;
    assert_int_equal(seated, wanted);
    check_heap(&docketd.holds->by_boot, false);
    check_heap(&docketd.holds->by_wall, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(books_of_holds_agree_with_a_list),
        CASE(who_says_that_it_sits_where_it_does_not_is_given_nothing),
        CASE(nobody_holds_what_is_detached_and_a_time_must_end_it),
        CASE(a_number_is_its_holders_or_whoevers_that_says_key_or_name),
        CASE(a_late_word_never_touches_the_number_of_somebody_else),
        CASE(time_runs_out_by_the_clock_that_nobody_can_set),
        CASE(a_holder_that_lives_may_decide_late_and_so_may_the_name),
        CASE(a_key_in_doubt_that_is_asked_for_again_is_its_new_callers),
        CASE(only_the_seat_that_is_gone_loses_what_it_holds),
        CASE(a_series_may_say_that_what_ends_is_free),
        CASE(a_start_knows_who_lives),
        CASE(whose_seat_is_lost_may_live_and_nothing_of_it_is_freed),
        CASE(nobody_lives_through_another_boot),
        CASE(what_is_due_and_was_not_planned_is_due_again),
        CASE(who_ended_has_ended_whatever_is_decided_before_the_plan),
        CASE(what_an_interval_before_had_is_never_given_again),
        CASE(what_an_accepted_store_had_is_never_given_again),
        CASE(what_ends_waits_for_room),
        CASE(a_hold_that_cannot_be_ended_is_put_off_and_holds_up_no_other),
        CASE(a_series_that_is_not_in_memory_waits_for_a_slot),
        CASE(one_plan_ends_so_many_holds_and_the_next_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
