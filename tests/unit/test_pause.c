/* SPDX-License-Identifier: MIT */
/* links: daemon/pause.c base/status.c */
/* How long docketd's loop sleeps: long where nothing goes on, and never past anything that does. */
#include "daemon/door/serve.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the parts of docketd that it asks ---- */

static size_t pending;
static int64_t until_hold_ns, look_in_ns;
static bool batch_waits, is_short;

size_t dk_clerk_pending(const struct dk_clerk *clerk)
{
    (void)clerk;
    return pending;
}

int64_t dk_ledger_until_ns(const struct dk_daemon *daemon, int64_t wall_ns)
{
    (void)daemon;
    (void)wall_ns;
    return until_hold_ns;
}

bool dk_keeper_goes_on(const struct dk_daemon *daemon)
{
    (void)daemon;
    return batch_waits;
}

int64_t dk_keeper_look_in_ns(struct dk_daemon *daemon, int64_t now_ns)
{
    (void)daemon;
    (void)now_ns;
    return look_in_ns;
}

bool dk_evict_is_short(const struct dk_desk_book *desk)
{
    (void)desk;
    return is_short;
}

/* ---- a docketd that nobody wants anything of ---- */

static struct dk_daemon docketd;
static struct dk_desk_book desk;
static struct dk_connections connections;

static void rest(void)
{
    int64_t now_ns = dk_clock_monotonic_ns();
    memset(&docketd, 0, sizeof docketd);
    memset(&desk, 0, sizeof desk);
    memset(&connections, 0, sizeof connections);
    docketd.desks = &desk;
    docketd.desk_count = 1;
    docketd.connections = &connections;
    docketd.next_edge_s = INT64_MAX;
    docketd.next_calendar_s = dk_clock_wall_s() + 3600;
    docketd.ticked_ns = now_ns;
    docketd.stirred_ns = now_ns - 10 * DK_SECOND_NS;
    pending = 0;
    batch_waits = is_short = false;
    until_hold_ns = look_in_ns = INT64_MAX;
}

static int64_t sleeps_ms(void)
{
    return dk_pause_ns(&docketd) / DK_MILLISECOND_NS;
}

static void nothing_goes_on_and_it_sleeps_until_the_heartbeat(void **state)
{
    (void)state;
    rest();
    assert_in_range(sleeps_ms(), 400, 500);
}

static void something_went_on_a_moment_ago_and_it_ticks(void **state)
{
    (void)state;
    rest();
    dk_pause_stir(&docketd);
    assert_in_range(sleeps_ms(), 50, 100);
}

static void whatever_waits_for_a_tick_has_it_within_a_tenth_of_a_second(void **state)
{
    (void)state;
    void *something = &docketd; /* only compared */
    void *const *const places[] = {(void *)&docketd.errands,   (void *)&docketd.ended,      (void *)&docketd.ledger,
                                   (void *)&connections.parked, (void *)&docketd.closing_walk,
                                   (void *)&docketd.turn_first, (void *)&docketd.later_first};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        rest();
        memcpy((void *)(uintptr_t)places[i], &something, sizeof something);
        assert_in_range(sleeps_ms(), 0, 100);
    }
    uint32_t *const counts[] = {&desk.leaving, &desk.reaping};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        rest();
        *counts[i] = 1;
        assert_in_range(sleeps_ms(), 0, 100);
    }
    bool *const flags[] = {&docketd.stopping, &desk.damaged, &is_short};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        rest();
        *flags[i] = true;
        assert_in_range(sleeps_ms(), 0, 100);
    }
    rest();
    pending = 1;
    assert_in_range(sleeps_ms(), 0, 100);
}

static void a_second_desk_is_not_forgotten(void **state)
{
    (void)state;
    struct dk_desk_book two[2];
    rest();
    memset(two, 0, sizeof two);
    docketd.desks = two;
    docketd.desk_count = 2;
    assert_in_range(sleeps_ms(), 400, 500);
    two[1].reaping = 1;
    assert_in_range(sleeps_ms(), 0, 100);
}

static void an_edge_of_a_period_comes_and_it_is_awake(void **state)
{
    (void)state;
    /* The wall clock's next second is within a second from now, so in most rounds before the heartbeat. */
    for (int i = 0; i < 3; i++) {
        rest();
        docketd.next_edge_s = dk_clock_wall_s() + 1;
        int64_t until_ms = (docketd.next_edge_s * DK_SECOND_NS - dk_clock_wall_ns()) / DK_MILLISECOND_NS;
        assert_in_range(sleeps_ms(), 0, (until_ms > 100 ? until_ms : 100) + 1);
    }
    rest();
    docketd.next_edge_s = dk_clock_wall_s() - 5; /* past, and not all was looked at */
    assert_in_range(sleeps_ms(), 0, 100);
    rest();
    docketd.next_calendar_s = dk_clock_wall_s();
    assert_in_range(sleeps_ms(), 0, 100);
}

static void a_hold_ends_and_it_is_awake(void **state)
{
    (void)state;
    rest();
    until_hold_ns = 200 * DK_MILLISECOND_NS;
    assert_in_range(sleeps_ms(), 100, 200);
    until_hold_ns = -1;
    assert_in_range(sleeps_ms(), 0, 100);
}

static void flags_are_looked_for_as_soon_as_the_keeper_says(void **state)
{
    (void)state;
    rest();
    look_in_ns = 3 * DK_MILLISECOND_NS;
    assert_int_equal(sleeps_ms(), 3);
    rest();
    docketd.poll_soon = true;
    assert_in_range(sleeps_ms(), 0, 1);
    rest();
    batch_waits = true;
    assert_int_equal(sleeps_ms(), 0);
}

static void a_tick_is_due_ten_times_a_second_and_not_more_often(void **state)
{
    (void)state;
    rest();
    assert_false(dk_pause_is_tick(&docketd));
    docketd.ticked_ns -= 100 * DK_MILLISECOND_NS;
    assert_true(dk_pause_is_tick(&docketd));
    assert_false(dk_pause_is_tick(&docketd));
    docketd.ticked_ns = 0; /* the first */
    assert_true(dk_pause_is_tick(&docketd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_on_and_it_sleeps_until_the_heartbeat),
        cmocka_unit_test(something_went_on_a_moment_ago_and_it_ticks),
        cmocka_unit_test(whatever_waits_for_a_tick_has_it_within_a_tenth_of_a_second),
        cmocka_unit_test(a_second_desk_is_not_forgotten),
        cmocka_unit_test(an_edge_of_a_period_comes_and_it_is_awake),
        cmocka_unit_test(a_hold_ends_and_it_is_awake),
        cmocka_unit_test(flags_are_looked_for_as_soon_as_the_keeper_says),
        cmocka_unit_test(a_tick_is_due_ten_times_a_second_and_not_more_often),
    };
    return cmocka_run_group_tests_name("pause", tests, NULL, NULL);
}
