/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb pthread */
/* A fence refuses a store until what it waits for is done; the running digest tells apart what the commit's number does not. */
#include "store_fixture.h"

static void put_up(uint64_t kind)
{
    struct dk_fence fence = {.kind = kind, .time_ns = 77, .generation = store->meta.generation, .id = {9, 8, 7}};
    struct dk_change change = {.fence = &fence};
    uint64_t number;
    assert_int_equal(dk_store_commit(store, &change, &number), DOCKET_OK);
}

static void a_restored_store_opens_only_when_it_is_accepted(void **state)
{
    (void)state;
    must_open();
    assert_int_equal(facts.fence.kind, DK_FENCE_NONE);
    put_up(DK_FENCE_RESTORED);
    must_close(true);
    assert_refused(DOCKET_STORE_FENCED, "restored from a backup");
    options.fenced_too = true; /* that is for those that have moved */
    assert_refused(DOCKET_STORE_FENCED, "restored from a backup");
    options.fenced_too = false;
    options.accept = true;
    must_open();
    assert_int_equal(facts.fence.kind, DK_FENCE_ACCEPTING);
    options.accept = false;
    crash(); /* before the counters have moved */
    assert_refused(DOCKET_STORE_FENCED, "did not come to its end");
    options.accept = true;
    must_open();
    options.accept = false;
    take_fence_down();
    crash();
    must_open();
    assert_int_equal(facts.fence.kind, DK_FENCE_NONE);
    must_close(true);
}

static void a_store_that_has_moved_is_never_served_again(void **state)
{
    (void)state;
    must_open();
    put_up(DK_FENCE_MOVED);
    crash();
    assert_refused(DOCKET_STORE_FENCED, "has moved");
    options.accept = true;
    assert_refused(DOCKET_STORE_FENCED, "has moved");
    options.accept = false;
    options.fenced_too = true;
    must_open();
    assert_int_equal(facts.fence.kind, DK_FENCE_MOVED);
    assert_int_equal(facts.fence.time_ns, 77);
    assert_int_equal(facts.fence.id[1], 8);
    must_close(true);
    options.fenced_too = false;
    assert_refused(DOCKET_STORE_FENCED, "has moved");
}

static void digest(uint64_t *number, uint8_t run[DK_DIGEST_BYTES])
{
    assert_int_equal(dk_store_run(store, number, run), DOCKET_OK);
}

static void two_futures_of_one_store_have_two_digests(void **state)
{
    (void)state;
    uint8_t before[DK_DIGEST_BYTES], runs[3][DK_DIGEST_BYTES];
    uint64_t number, numbers[3];
    must_open();
    digest(&number, before);
    must_close(true);
    back_up();
    copy_file(path_of("witness"), path_of("backup/witness"));
    for (uint64_t future = 0; future < 3; future++) {
        must_open();
        assert_int_equal(commit_series(1, "acme", future == 2 ? "TWO" : "ONE"), DOCKET_OK);
        digest(&numbers[future], runs[future]);
        crash();
        must_open(); /* it is durable, and goes on */
        digest(&number, before);
        assert_true(number > numbers[future]);
        assert_memory_not_equal(before, runs[future], DK_DIGEST_BYTES);
        crash();
        put_back();
        copy_file(path_of("backup/witness"), path_of("witness"));
    }
    assert_int_equal(numbers[0], numbers[2]);
    assert_memory_not_equal(runs[0], runs[2], DK_DIGEST_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_restored_store_opens_only_when_it_is_accepted),
        IN_A_REALM(a_store_that_has_moved_is_never_served_again),
        IN_A_REALM(two_futures_of_one_store_have_two_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
