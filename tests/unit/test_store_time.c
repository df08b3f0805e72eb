/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c numbering/fate.c store/store.c */
/* libs: lmdb pthread */
/* The time that a store trusts: with a clock ahead, a clock behind, another boot.
 * The wall clock of these tests is the machine's; what is moved is what the store
 * has on record. */
#include "store_fixture.h"

#include "base/clock.h"

static const int64_t day_ns = 86400 * DK_SECOND_NS;

static int64_t trusted_now_ns(void)
{
    bool carried;
    return dk_store_trusted_now_ns(store, &carried);
}

/* The store was last written by so many days before (or, below 0, after) now. */
static void last_written_days_ago(int64_t days)
{
    int64_t wall_ns = dk_clock_wall_ns() - days * day_ns;
    dk_store_trust_wall(store, -1);
    store->time = (struct dk_time){.wall_ns = (uint64_t)wall_ns, .boot_ns = (uint64_t)dk_clock_boot_ns()};
    memcpy(store->time.boot_id, store->boot_id, 16);
    must_commit(&(struct dk_change){0});
}

/* Days between now and what the store says that it is, rounded. */
static int64_t days_behind(int64_t trusted_ns)
{
    int64_t behind = dk_clock_wall_ns() - trusted_ns;
    return (behind + (behind < 0 ? -day_ns : day_ns) / 2) / day_ns;
}

static void a_new_store_knows_no_time_and_records_it(void **state)
{
    (void)state;
    must_open();
    assert_true(facts.trusted_wall_ns == 0 && facts.trusted_boot_ns == 0 && !facts.trusted_same_boot);
    int64_t before = dk_clock_wall_ns();
    must_commit(&(struct dk_change){0});
    int64_t boot = dk_clock_boot_ns();
    crash();
    must_open();
    assert_true(facts.trusted_wall_ns >= before && facts.trusted_wall_ns <= dk_clock_wall_ns());
    assert_true(facts.trusted_boot_ns > 0 && facts.trusted_boot_ns <= boot);
    assert_true(facts.trusted_same_boot);
    assert_true(days_behind(trusted_now_ns()) == 0);
}

static void each_commit_records_the_wall_clock_that_is_trusted(void **state)
{
    (void)state;
    must_open();
    last_written_days_ago(10);
    assert_true(days_behind(trusted_now_ns()) == 10);
    dk_store_trust_wall(store, INT64_MAX);
    must_commit(&(struct dk_change){0});
    assert_true(days_behind(trusted_now_ns()) == 0);
    crash();
    must_open();
    assert_true(days_behind(facts.trusted_wall_ns) == 0);
}

static void opening_does_not_take_a_clock_that_is_ahead_for_the_time(void **state)
{
    (void)state;
    must_open();
    last_written_days_ago(400);
    for (int turn = 0; turn < 3; turn++) {
        crash(); /* before docketd could say a word */
        must_open();
        assert_true(days_behind(facts.trusted_wall_ns) == 400 && facts.trusted_same_boot);
    }
    dk_store_trust_wall(store, -1);
    must_commit(&(struct dk_change){0});
    must_close(true);
    options.boot_id[0] = 77;
    for (int turn = 0; turn < 2; turn++) {
        must_open();
        assert_true(days_behind(facts.trusted_wall_ns) == 400 && !facts.trusted_same_boot);
        dk_store_trust_wall(store, -1);
        must_commit(&(struct dk_change){0});
        crash();
    }
}

static void within_a_boot_an_untrusted_clock_is_carried_on(void **state)
{
    (void)state;
    must_open();
    last_written_days_ago(400);
    store->time.boot_ns -= store->time.boot_ns / 2; /* half of this boot has passed since */
    int64_t half = (int64_t)store->time.boot_ns;
    int64_t was = (int64_t)store->time.wall_ns;
    must_commit(&(struct dk_change){0});
    crash();
    must_open();
    assert_true(facts.trusted_wall_ns >= was + half - DK_SECOND_NS);
    assert_true(facts.trusted_wall_ns <= was + half + 60 * DK_SECOND_NS);
}

static void a_clock_that_was_set_back_does_not_take_the_time_along(void **state)
{
    (void)state;
    must_open();
    last_written_days_ago(-20); /* the clock is now 20 days behind what it was */
    dk_store_trust_wall(store, INT64_MAX);
    must_commit(&(struct dk_change){0});
    assert_true(days_behind(trusted_now_ns()) == -20);
    crash();
    options.boot_id[0] = 77;
    must_open();
    must_commit(&(struct dk_change){0});
    crash();
    must_open();
    assert_true(days_behind(facts.trusted_wall_ns) == -20 && !facts.trusted_same_boot);
}

static void a_clock_that_is_too_far_ahead_is_not_recorded(void **state)
{
    (void)state;
    bool carried;
    must_open();
    last_written_days_ago(10);
    dk_store_trust_wall(store, 9 * day_ns);
    must_commit(&(struct dk_change){0});
    assert_true(days_behind(trusted_now_ns()) == 10);
    dk_store_trust_wall(store, 11 * day_ns);
    must_commit(&(struct dk_change){0});
    assert_true(days_behind(dk_store_trusted_now_ns(store, &carried)) == 0);
    assert_true(carried);
    crash();
    options.boot_id[0] = 77;
    must_open();
    assert_true(days_behind(dk_store_trusted_now_ns(store, &carried)) == 0);
    assert_false(carried); /* of another boot, until the next commit */
    must_commit(&(struct dk_change){0});
    (void)dk_store_trusted_now_ns(store, &carried);
    assert_true(carried);
}

static void an_admins_word_takes_the_clock_as_it_is(void **state)
{
    (void)state;
    for (int64_t days = -20; days <= 400; days += 420) {
        must_open();
        last_written_days_ago(days);
        dk_store_accept_wall(store);
        assert_true(days_behind(trusted_now_ns()) == days); /* with the next commit */
        must_commit(&(struct dk_change){0});
        assert_true(days_behind(trusted_now_ns()) == 0);
        must_commit(&(struct dk_change){0});
        crash();
        must_open();
        assert_true(days_behind(facts.trusted_wall_ns) == 0);
        crash();
        remove_tree(realm);
    }
}

/* A container in a time namespace of its own: the boot is the same, its clock is not. */
static void a_boot_clock_behind_itself_carries_nothing_on(void **state)
{
    (void)state;
    must_open();
    last_written_days_ago(400);
    store->time.boot_ns += 1000 * (uint64_t)day_ns;
    assert_true(days_behind(trusted_now_ns()) == 400);
    must_commit(&(struct dk_change){0});
    dk_store_trust_wall(store, INT64_MAX);
    must_commit(&(struct dk_change){0});
    assert_true(days_behind(trusted_now_ns()) == 0);
}

static void a_commit_that_is_refused_leaves_the_time(void **state)
{
    (void)state;
    uint64_t number;
    must_open();
    last_written_days_ago(10);
    struct dk_counter_image image = counter_of(1, 2026, 5);
    const struct dk_counter_image *one = &image;
    image.next = image.mark + 1;
    dk_store_trust_wall(store, INT64_MAX);
    assert_int_equal(dk_store_commit(store, &(struct dk_change){.counters = &one, .counter_count = 1}, &number),
                     DOCKET_BAD_ARGUMENT);
    assert_true(days_behind(trusted_now_ns()) == 10);
}

static void a_store_without_its_time_is_damaged(void **state)
{
    (void)state;
    MDB_txn *txn;
    struct dk_key key;
    must_open();
    assert_int_equal(dk_env_begin(store, true, &txn), DOCKET_OK);
    dk_key_of_name(&key, "time");
    assert_int_equal(dk_env_remove(store, txn, DK_KIND_META, &key), DOCKET_OK);
    assert_int_equal(mdb_txn_commit(txn), 0);
    crash();
    assert_refused(DOCKET_DAMAGED, "meta record time is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_new_store_knows_no_time_and_records_it),
        IN_A_REALM(each_commit_records_the_wall_clock_that_is_trusted),
        IN_A_REALM(opening_does_not_take_a_clock_that_is_ahead_for_the_time),
        IN_A_REALM(within_a_boot_an_untrusted_clock_is_carried_on),
        IN_A_REALM(a_clock_that_was_set_back_does_not_take_the_time_along),
        IN_A_REALM(a_clock_that_is_too_far_ahead_is_not_recorded),
        IN_A_REALM(an_admins_word_takes_the_clock_as_it_is),
        IN_A_REALM(a_boot_clock_behind_itself_carries_nothing_on),
        IN_A_REALM(a_commit_that_is_refused_leaves_the_time),
        IN_A_REALM(a_store_without_its_time_is_damaged),
    };
    return cmocka_run_group_tests_name("store: time", tests, NULL, NULL);
}
