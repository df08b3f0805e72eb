/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb */
/* A store that was restored, copied or rewound is noticed. */
#include "store_fixture.h"

/* ---- copies, and stores that went back ---- */

static void an_older_copy_of_the_store_is_refused(void **state)
{
    (void)state;
    must_open();
    commit_many(5);
    back_up();
    commit_many(DK_WITNESS_LAG + 50);
    crash();
    put_back();
    assert_refused(DOCKET_STORE_REWOUND, "older than its witness");
    assert_non_null(strstr(dk_error_text(), "--accept-store"));
}

static void a_copy_from_before_the_last_start_is_refused_however_recent(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    back_up();
    must_open();
    commit_counter(1, 2026, 1);
    crash();
    put_back();
    assert_refused(DOCKET_STORE_REWOUND, "older than its witness");
}

static void a_stop_that_was_not_clean_is_let_in_anywhere_within_the_lag(void **state)
{
    (void)state;
    must_open();
    for (unsigned round = 0; round < 4; round++) {
        commit_many(round * 97);
        crash();
        must_open();
    }
}

static void the_witness_runs_ahead_by_its_lag(void **state)
{
    (void)state;
    must_open();
    for (unsigned at = 0; at < 3 * DK_WITNESS_LAG; at++) {
        commit_counter(1, 2026, at + 1);
        assert_true(store->witness.commit >= store->meta.commit);
        assert_true(store->witness.commit - store->meta.commit <= DK_WITNESS_LAG + 1);
    }
    struct dk_witness witness;
    enum dk_witness_find found;
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_witness_read(fd, "witness", &witness, &found), DOCKET_OK);
    close(fd);
    assert_int_equal(found, DK_WITNESS_FOUND);
    assert_int_equal(witness.commit, store->witness.commit);
}

static void a_clean_stop_is_exact_to_the_commit(void **state)
{
    (void)state;
    must_open();
    commit_many(3);
    back_up();
    must_close(true);
    put_back(); /* one commit behind */
    assert_refused(DOCKET_STORE_REWOUND, "(clean)");
}

static void a_witness_older_than_the_store_is_refused(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    copy_file(path_of("witness"), path_of("old-witness"));
    must_open();
    must_close(true);
    copy_file(path_of("old-witness"), path_of("witness"));
    assert_refused(DOCKET_STORE_REWOUND, "the witness is older than the store");
}

static void a_missing_witness_is_refused(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    assert_int_equal(unlink(path_of("witness")), 0);
    assert_refused(DOCKET_STORE_REWOUND, "the witness is missing");
}

static void every_changed_byte_of_the_witness_is_noticed(void **state)
{
    (void)state;
    char text[512];
    must_open();
    must_close(true);
    int fd = open(path_of("witness"), O_RDWR | O_CLOEXEC);
    int directory = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t size = read(fd, text, sizeof text);
    assert_true(size > 100);
    for (ssize_t bit = 0; bit < 8 * size; bit++) {
        struct dk_witness unused;
        enum dk_witness_find found = DK_WITNESS_FOUND;
        char changed = (char)(text[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(pwrite(fd, &changed, 1, bit / 8), 1);
        assert_int_equal(dk_witness_read(directory, "witness", &unused, &found), DOCKET_OK);
        assert_int_equal(pwrite(fd, &text[bit / 8], 1, bit / 8), 1);
        if (found != DK_WITNESS_DAMAGED)
            fail_msg("bit %zd was not noticed", bit);
    }
    close(directory);
    assert_int_equal(ftruncate(fd, size / 2), 0);
    close(fd);
    assert_refused(DOCKET_STORE_REWOUND, "the witness is damaged");
}

static void a_witness_without_its_store_makes_no_new_store(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    remove_tree(path_of("store"));
    assert_refused(DOCKET_STORE_REWOUND, "the store was removed");
    assert_false(is_there(path_of("store")));
}

static void the_witness_of_another_store_is_refused(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    copy_file(path_of("witness"), path_of("first-witness"));
    remove_tree(path_of("store"));
    unlink(path_of("witness"));
    must_open();
    must_close(true);
    copy_file(path_of("first-witness"), path_of("witness"));
    assert_refused(DOCKET_STORE_REWOUND, "another store");
}

static void a_witness_may_live_elsewhere(void **state)
{
    (void)state;
    char witness[256];
    snprintf(witness, sizeof witness, "%s/elsewhere", folder);
    options.witness = witness;
    must_open();
    must_close(true);
    assert_true(is_there(witness));
    assert_false(is_there(path_of("witness")));
    must_open();
    must_close(true);
    options.witness = NULL;
    assert_refused(DOCKET_STORE_REWOUND, "the witness is missing");
}

static void an_accepted_store_goes_on_above_both_and_says_so(void **state)
{
    (void)state;
    must_open();
    commit_many(5);
    back_up();
    commit_many(DK_WITNESS_LAG + 50);
    uint64_t lost = store->meta.commit;
    crash();
    must_open();
    uint64_t lost_generation = facts.generation;
    crash();
    put_back();
    options.accept = true;
    must_open();
    assert_true(facts.commit_number > lost);
    assert_true(facts.generation > lost_generation);
    assert_false(facts.clean);
    assert_int_equal(next_of(1, 2026), 5);
    struct reading reading = events_from(1);
    assert_non_null(
        strstr(reading.text, "accept: the store at generation 1, commit 6 was accepted"));
    commit_many(40); /* the folds go on over the jump in numbers */
    assert_sound();
    options.accept = false;
    crash(); /* whoever accepted has not said that all is done */
    assert_refused(DOCKET_STORE_FENCED, "did not come to its end");
    options.accept = true;
    must_open();
    take_fence_down();
    options.accept = false;
    crash();
    must_open();
    assert_int_equal(next_of(1, 2026), 40);
}

static void accepting_heals_a_missing_or_damaged_witness(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    options.accept = true;
    unlink(path_of("witness"));
    must_open();
    must_close(true);
    close(open(path_of("witness"), O_WRONLY | O_TRUNC | O_CLOEXEC));
    must_open();
    struct reading reading = events_from(1);
    assert_non_null(strstr(reading.text, "against its witness, which was missing"));
    assert_non_null(strstr(reading.text, "against its witness, which was damaged"));
    take_fence_down();
    must_close(true);
    options.accept = false;
    must_open();
}

static void accepting_a_store_that_fits_is_no_event(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    options.accept = true;
    must_open();
    assert_true(facts.clean);
    assert_null(strstr(events_from(1).text, "accept"));
}

static void a_copied_data_file_is_mentioned_at_start(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    assert_int_equal(rename(path_of("store/data.mdb"), path_of("data")), 0);
    copy_file(path_of("data"), path_of("store/data.mdb"));
    must_open();
    assert_non_null(strstr(events_from(2).text, "data.mdb is another file than before"));
    must_close(true);
    must_open();
    assert_null(strstr(events_from(3).text, "another file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(an_older_copy_of_the_store_is_refused),
        IN_A_REALM(a_copy_from_before_the_last_start_is_refused_however_recent),
        IN_A_REALM(a_stop_that_was_not_clean_is_let_in_anywhere_within_the_lag),
        IN_A_REALM(the_witness_runs_ahead_by_its_lag),
        IN_A_REALM(a_clean_stop_is_exact_to_the_commit),
        IN_A_REALM(a_witness_older_than_the_store_is_refused),
        IN_A_REALM(a_missing_witness_is_refused),
        IN_A_REALM(every_changed_byte_of_the_witness_is_noticed),
        IN_A_REALM(a_witness_without_its_store_makes_no_new_store),
        IN_A_REALM(the_witness_of_another_store_is_refused),
        IN_A_REALM(a_witness_may_live_elsewhere),
        IN_A_REALM(an_accepted_store_goes_on_above_both_and_says_so),
        IN_A_REALM(accepting_heals_a_missing_or_damaged_witness),
        IN_A_REALM(accepting_a_store_that_fits_is_no_event),
        IN_A_REALM(a_copied_data_file_is_mentioned_at_start),
    };
    return cmocka_run_group_tests_name("store: copies and witnesses", tests, NULL, NULL);
}
