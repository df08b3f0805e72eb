/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/record.c store/image.c store/image_series.c store/seen.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/index.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c store/store.c numbering/fate.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c */
/* libs: lmdb urcu-cds urcu-common pthread */
/* Periods that have ended: their numbers, and how they are closed. A real store and
 * a real committer; callers and the board are stood in for. */
#include "daemon_fixture.h"

enum { CALLERS = 8 };

struct caller {
    struct dk_connection connection; /* first */
    docket_status status;
    uint64_t number;
    bool answered, deaf; /* deaf: it goes away before it is told */
    char sentence[DK_ERROR_BYTES];
};

static struct caller callers[CALLERS];

/* ---- what stands around ---- */

void dk_serve_answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count)
{
    struct caller *caller = (struct caller *)(void *)connection;
    assert_false(caller->answered);
    assert_int_equal(type, DK_ASK_DATED);
    assert_true(fds == NULL && fd_count == 0);
    connection->asked = 0;
    connection->gone = connection->gone || caller->deaf;
    caller->answered = true;
    caller->status = status;
    caller->number = reply->salt;
    snprintf(caller->sentence, sizeof caller->sentence, "%s", status != DOCKET_OK ? dk_error_text() : "");
}

bool dk_ledger_is_written(const struct dk_series_book *series)
{
    (void)series;
    return false;
}

/* ---- a realm with one series ---- */

static int begin(void **state)
{
    begin_docketd(state);
    memset(callers, 0, sizeof callers);
    for (int i = 0; i < CALLERS; i++)
        callers[i].connection.daemon = &docketd;
    return 0;
}

static int end(void **state)
{
    docketd.stopping = true;
    dk_ended_turn(&docketd);
    dk_clerk_stop(docketd.clerk);
    dk_ended_turn(&docketd);
    assert_null(docketd.ended);
    return remove_realm(state);
}

static void ask_with_room(int caller, uint32_t date, uint32_t room)
{
    struct dk_request request = {.type = DK_ASK_DATED, .first = date, .count = room, .tenant = "acme", .name = "INV"};
    docket_status status = DOCKET_OK;
    callers[caller].answered = false;
    if (!dk_serve_dated(&callers[caller].connection, &request, &status)) {
        struct dk_reply reply = {0};
        dk_serve_answer(&callers[caller].connection, DK_ASK_DATED, status, &reply, NULL, 0);
    }
}

static void ask(int caller, uint32_t date)
{
    ask_with_room(caller, date, 0);
}

static void turn(void)
{
    dk_ended_turn(&docketd);
    finish_commits();
    dk_ended_turn(&docketd);
    finish_commits();
}

static void must_get(int caller, uint64_t number)
{
    if (!callers[caller].answered || callers[caller].status != DOCKET_OK)
        fail_msg("caller %d: %s", caller, callers[caller].answered ? callers[caller].sentence : "no answer");
    assert_int_equal(callers[caller].number, number);
}

static void must_hear(int caller, docket_status status)
{
    assert_true(callers[caller].answered);
    if (callers[caller].status != status)
        fail_msg("caller %d: %s: %s", caller, docket_status_name(callers[caller].status), callers[caller].sentence);
    assert_int_equal(callers[caller].number, 0);
}

static void put_image(const struct dk_counter_image *image)
{
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
}

/* As it stands in the store. */
static struct dk_counter_image image_of(int32_t label)
{
    struct dk_ended_facts found;
    assert_int_equal(dk_ended_look(&docketd, SERIES, label, &found), DOCKET_OK);
    assert_true(found.found);
    free(found.image.spares);
    found.image.spares = NULL;
    return found.image;
}

static struct dk_counter_image ended_with(int32_t label, uint64_t next, struct dk_range *spares, uint32_t spare_count)
{
    return (struct dk_counter_image){.series_id = SERIES,
                                     .period = label,
                                     .closed = DK_ENDED,
                                     .extent_first = 1,
                                     .extent_last = DOCKET_NUMBER_MAX,
                                     .mark = next,
                                     .next = next,
                                     .spares = spares,
                                     .spare_count = spare_count};
}

/* ---- numbers ---- */

static void a_past_period_that_nobody_opened_gives_from_its_first_number_on(void **state)
{
    (void)state;
    ask(0, 20200105);
    ask(1, 20201231);
    ask(2, 20200106);
    turn();
    must_get(0, 1);
    must_get(1, 2);
    must_get(2, 3);
    struct dk_counter_image image = image_of(2020);
    assert_true(image.next == 4 && image.mark == 4 && image.closed == DK_ENDED);
    assert_int_equal(book.newest, 2020);
    assert_null(docketd.ended);
}

/* Above it lie numbers that an authority did not give, or texts of another series. */
static void a_past_period_ends_where_the_policy_ends_it(void **state)
{
    struct dk_range spares[] = {{7, 7}};
    (void)state;
    last_of_policy = 2;
    ask(0, 20200105);
    ask(1, 20200105);
    ask(2, 20200106);
    turn();
    must_get(0, 1);
    must_get(1, 2);
    must_hear(2, DOCKET_EXHAUSTED);
    assert_int_equal(image_of(2020).extent_last, 2);
    struct dk_counter_image image = ended_with(2021, 10, NULL, 0); /* it had another last number, then */
    put_image(&image);
    image = ended_with(2022, 10, spares, 1);
    put_image(&image);
    ask(3, 20210105);
    ask(4, 20220105);
    turn();
    must_hear(3, DOCKET_EXHAUSTED);
    must_hear(4, DOCKET_EXHAUSTED);
    last_of_policy = 7;
    ask(5, 20220105);
    ask(6, 20220105);
    turn();
    must_get(5, 7);
    must_hear(6, DOCKET_EXHAUSTED);
}

static void who_waits_together_shares_one_commit(void **state)
{
    (void)state;
    uint64_t before = dk_clerk_show(docketd.clerk).commits;
    for (int i = 0; i < CALLERS; i++)
        ask(i, 20200105);
    turn();
    assert_int_equal(dk_clerk_show(docketd.clerk).commits, before + 1);
    for (int i = 0; i < CALLERS; i++)
        must_get(i, (uint64_t)i + 1);
}

static void who_comes_while_a_commit_is_in_flight_gets_what_comes_after_it(void **state)
{
    (void)state;
    ask(0, 20200105);
    dk_ended_turn(&docketd);
    assert_false(callers[0].answered); /* commit first */
    ask(1, 20200105);
    dk_ended_turn(&docketd); /* one at a time */
    assert_int_equal(dk_clerk_pending(docketd.clerk), 1);
    assert_true(dk_ended_concerns(&book, 2020) && dk_ended_concerns(&book, -1) && !dk_ended_concerns(&book, 2021));
    turn();
    must_get(0, 1);
    must_get(1, 2);
    assert_int_equal(image_of(2020).next, 3);
}

static void what_came_back_is_given_first_lowest_first(void **state)
{
    (void)state;
    struct dk_range spares[] = {{3, 4}, {8, 8}};
    struct dk_counter_image image = ended_with(2020, 11, spares, 2);
    put_image(&image);
    for (int i = 0; i < 5; i++)
        ask(i, 20200601);
    turn();
    must_get(0, 3);
    must_get(1, 4);
    must_get(2, 8);
    must_get(3, 11);
    must_get(4, 12);
    image = image_of(2020);
    assert_true(image.spare_count == 0 && image.next == 13);
}

static void behind_the_last_number_there_is_none(void **state)
{
    (void)state;
    struct dk_counter_image image = ended_with(2020, 7, NULL, 0);
    image.extent_last = 7;
    put_image(&image);
    ask(0, 20200601);
    ask(1, 20200601);
    turn();
    must_get(0, 7);
    must_hear(1, DOCKET_EXHAUSTED);
}

static void a_text_that_does_not_fit_spends_no_number(void **state)
{
    (void)state;
    struct dk_counter_image image = ended_with(2020, 10, NULL, 0);
    put_image(&image);
    ask_with_room(0, 20200601, 7); /* "2020-10" wants its zero too */
    ask_with_room(1, 20200601, 8);
    turn();
    must_hear(0, DOCKET_BUFFER_TOO_SMALL);
    must_get(1, 10);
}

static void who_has_gone_spends_no_number_and_one_that_nobody_hears_is_void(void **state)
{
    (void)state;
    ask(0, 20200601);
    ask(1, 20200601);
    ask(2, 20200601);
    callers[0].connection.gone = true;
    callers[1].deaf = true;
    turn();
    must_get(2, 2); /* the first number was the deaf one's */
    struct reading reading = {0};
    assert_int_equal(dk_store_each_range(store, SERIES, 2020, read_range, &reading), DOCKET_OK);
    assert_string_equal(reading.text, "1-1 void by given back, ");
}

/* ---- who gets none ---- */

static void a_closed_period_gives_none(void **state)
{
    (void)state;
    struct dk_counter_image image = ended_with(2020, 5, NULL, 0);
    image.closed = DK_CLOSED_FOR_GOOD;
    put_image(&image);
    ask(0, 20200601);
    turn();
    must_hear(0, DOCKET_PERIOD_CLOSED);
    image = image_of(2020);
    assert_true(image.closed == DK_CLOSED_FOR_GOOD && image.next == 5);
}

static void a_period_that_has_not_begun_gives_none(void **state)
{
    (void)state;
    ask(0, 20991231);
    turn();
    must_hear(0, DOCKET_PERIOD_NOT_OPEN);
}

static void dates_that_there_are_not_are_refused(void **state)
{
    (void)state;
    ask(0, 20200230);
    must_hear(0, DOCKET_BAD_DATE);
    ask(1, 19991231);
    must_hear(1, DOCKET_BAD_DATE);
    ask(2, 0);
    must_hear(2, DOCKET_BAD_DATE);
    assert_null(docketd.ended);
}

static void outside_of_an_interval_there_is_none(void **state)
{
    (void)state;
    policy.valid_from = 20200301;
    policy.valid_to = 20200630;
    ask(0, 20200229);
    ask(1, 20200301);
    ask(2, 20200630);
    ask(3, 20200701);
    turn();
    must_hear(0, DOCKET_INTERVAL_OVER);
    must_get(1, 1);
    must_get(2, 2);
    must_hear(3, DOCKET_INTERVAL_OVER);
}

static void a_chronological_series_goes_forward_only(void **state)
{
    (void)state;
    policy.chronological = 1;
    ask(0, 20200602);
    ask(1, 20200601); /* after 0 in the same commit */
    ask(2, 20200602);
    turn();
    must_get(0, 1);
    must_hear(1, DOCKET_OUT_OF_ORDER);
    must_get(2, 2);
    assert_int_equal(image_of(2020).last_date, 20200602);
    ask(3, 20200601);
    ask(4, 20201231);
    turn();
    must_hear(3, DOCKET_OUT_OF_ORDER);
    must_get(4, 3);
    struct dk_counter_image later = ended_with(2022, 1, NULL, 0);
    put_image(&later); /* opened, and nothing given */
    ask(5, 20201231);
    turn();
    must_get(5, 4);
    later.next = later.mark = 2;
    put_image(&later);
    ask(6, 20201231);
    turn();
    must_hear(6, DOCKET_OUT_OF_ORDER);
}

static void a_series_that_gives_nothing_gives_nothing_here(void **state)
{
    (void)state;
    book.record.retired_ns = 1;
    ask(0, 20200601);
    turn();
    must_hear(0, DOCKET_RETIRED);
    book.record.retired_ns = 0;
    book.quarantined = true;
    ask(1, 20200601);
    turn();
    must_hear(1, DOCKET_QUARANTINED);
    book.quarantined = false;
    desk.draining = true;
    ask(2, 20200601);
    turn();
    must_hear(2, DOCKET_TIMEOUT);
    desk.draining = false;
    book.held = true; /* an admin changes it: wait */
    ask(3, 20200601);
    turn();
    assert_false(callers[3].answered);
    book.held = false;
    turn();
    must_get(3, 1);
}

static void an_accepted_store_gives_nothing_of_a_past_period_that_it_does_not_know(void **state)
{
    (void)state;
    struct dk_event event = {.time_ns = 1767225600000000000, .kind = "accept", .text = "x"}; /* 2026 */
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
    struct dk_counter_image image = ended_with(2021, 5, NULL, 0);
    put_image(&image);
    ask(0, 20200601);
    ask(1, 20210601);
    turn();
    must_hear(0, DOCKET_PERIOD_CLOSED);
    must_get(1, 5);
}

/* ---- a counter that is still in memory ---- */

static void a_strict_counter_that_is_leaving_is_waited_for(void **state)
{
    (void)state;
    struct dk_counter counter = {.series = &book, .period = {.label = 2020}, .bank = 0, .ended = true};
    in_memory = &counter;
    ask(0, 20200601);
    turn();
    assert_false(callers[0].answered);
    assert_true(keeper_asked > 0);
    struct dk_counter_image image = ended_with(2020, 40, NULL, 0);
    put_image(&image);
    in_memory = NULL;
    turn();
    must_get(0, 40);
}

static void a_leased_counter_with_leases_out_gives_by_its_own_turn(void **state)
{
    (void)state;
    struct dk_counter counter = {
        .series = &book, .period = {.label = 2020}, .bank = -1, .ended = true, .settled = true, .extent_last = 100};
    struct dk_range *spares = NULL;
    size_t spare_count = 0;
    uint64_t next = 21;
    in_memory = &counter;
    dk_ranges_add(&spares, &spare_count, 4, 4);
    ask(0, 20200601);
    ask(1, 20200601);
    turn();
    assert_false(callers[0].answered);
    assert_true(dk_ended_plan(&counter, &spares, &spare_count, &next));
    assert_false(dk_ended_plan(&counter, &spares, &spare_count, &next)); /* its commit is in flight */
    assert_true(spare_count == 0 && next == 22);
    ask(2, 20200601);
    dk_ended_given(&counter);
    must_get(0, 4);
    must_get(1, 21);
    assert_false(callers[2].answered);
    counter.closing = true;
    turn();
    must_hear(2, DOCKET_PERIOD_CLOSED);
    free(spares);
}

static void the_current_period_is_the_boards(void **state)
{
    (void)state;
    struct dk_counter counter = {.series = &book, .period = {.label = 2099}, .bank = 0};
    in_memory = &counter;
    ask(0, 20990601);
    turn();
    must_hear(0, DOCKET_TIMEOUT);
}

/* ---- closed by policy ---- */

static void a_policy_closes_what_is_due_and_says_when_to_look_again(void **state)
{
    (void)state;
    struct dk_counter_image first = ended_with(2020, 5, NULL, 0), second = ended_with(2021, 9, NULL, 0);
    put_image(&first);
    put_image(&second);
    policy.close_after = 30;
    const int64_t noon = 1642852800; /* 2022-01-22 */
    int64_t again = dk_closing_look(&docketd, &book, noon);
    finish_commits();
    dk_ended_turn(&docketd);
    assert_int_equal(image_of(2020).closed, DK_CLOSED_FOR_GOOD);
    assert_int_equal(image_of(2021).closed, DK_ENDED);
    assert_int_equal(again, 1643587200); /* 2022-01-31 */
    assert_int_equal(dk_closing_look(&docketd, &book, again - 1), again);
    again = dk_closing_look(&docketd, &book, again);
    finish_commits();
    dk_ended_turn(&docketd);
    assert_int_equal(image_of(2021).closed, DK_CLOSED_FOR_GOOD);
    assert_int_equal(again, INT64_MAX);
    struct reading reading = events_from(1);
    assert_non_null(strstr(reading.text, "close: acme/INV/2020 is closed by policy, 30 days after its end"));
    ask(0, 20200601);
    turn();
    must_hear(0, DOCKET_PERIOD_CLOSED);
}

static void a_policy_does_not_close_what_gives_a_number_just_now(void **state)
{
    (void)state;
    const int64_t now_s = 1642852800;
    ask(0, 20200601);
    turn();
    ask(1, 20200601);
    dk_ended_turn(&docketd); /* in flight */
    policy.close_after = 0;
    int64_t again = dk_closing_look(&docketd, &book, now_s);
    assert_int_equal(again, now_s + 1);
    turn();
    must_get(0, 1);
    must_get(1, 2);
    assert_int_equal(image_of(2020).closed, DK_ENDED);
    ask(2, 20200601); /* it is due, and refused before it is closed */
    turn();
    must_hear(2, DOCKET_PERIOD_CLOSED);
    (void)dk_closing_look(&docketd, &book, again);
    policy.close_after = DK_CLOSE_NEVER;
    ask(3, 20200601); /* the closing commit is in flight */
    turn();
    must_hear(3, DOCKET_PERIOD_CLOSED);
    assert_true(image_of(2020).next == 3 && image_of(2020).closed == DK_CLOSED_FOR_GOOD);
}

static void series_that_are_not_in_memory_are_met_by_a_walk(void **state)
{
    (void)state;
    struct dk_series_record record = book.record;
    struct dk_policy closes = policy;
    closes.close_after = 10;
    record.policy = dk_policy_keep(&closes);
    const struct dk_series_record *changed = &record;
    struct dk_counter_image image = ended_with(2020, 5, NULL, 0);
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
    put_image(&image);
    by_id[SERIES] = NULL;
    docketd.closes = true;
    for (int i = 0; i < 500 && image_of(2020).closed != DK_CLOSED_FOR_GOOD; i++) {
        struct timespec pause = {.tv_nsec = 10000000};
        dk_closing_tick(&docketd, 1642852800);
        finish_commits();
        nanosleep(&pause, NULL);
    }
    assert_int_equal(image_of(2020).closed, DK_CLOSED_FOR_GOOD);
    dk_closing_stop(&docketd);
    dk_ended_turn(&docketd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_past_period_that_nobody_opened_gives_from_its_first_number_on),
        CASE(a_past_period_ends_where_the_policy_ends_it),
        CASE(who_waits_together_shares_one_commit),
        CASE(who_comes_while_a_commit_is_in_flight_gets_what_comes_after_it),
        CASE(what_came_back_is_given_first_lowest_first),
        CASE(behind_the_last_number_there_is_none),
        CASE(a_text_that_does_not_fit_spends_no_number),
        CASE(who_has_gone_spends_no_number_and_one_that_nobody_hears_is_void),
        CASE(a_closed_period_gives_none),
        CASE(a_period_that_has_not_begun_gives_none),
        CASE(dates_that_there_are_not_are_refused),
        CASE(outside_of_an_interval_there_is_none),
        CASE(a_chronological_series_goes_forward_only),
        CASE(a_series_that_gives_nothing_gives_nothing_here),
        CASE(an_accepted_store_gives_nothing_of_a_past_period_that_it_does_not_know),
        CASE(a_strict_counter_that_is_leaving_is_waited_for),
        CASE(a_leased_counter_with_leases_out_gives_by_its_own_turn),
        CASE(the_current_period_is_the_boards),
        CASE(a_policy_closes_what_is_due_and_says_when_to_look_again),
        CASE(a_policy_does_not_close_what_gives_a_number_just_now),
        CASE(series_that_are_not_in_memory_are_met_by_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
