/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb */
/* The witness's file: how it is written. What it decides: test_store_rewound.c. */
#include "store_fixture.h"

/* A full disk gives no block: the witness and its spare change places. */
static void a_witness_is_written_into_blocks_that_are_there(void **state)
{
    (void)state;
    struct dk_witness witness = {.generation = 3, .commit = 1000, .phase = DK_WITNESS_RUNNING}, found;
    enum dk_witness_find find;
    struct stat now = {0}, spare, before;
    assert_int_equal(mkdir(path_of(""), 0700), 0);
    int fd = open(path_of(""), O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    for (int i = 0; i < 6; i++) {
        bool both = fstatat(fd, "word.spare", &spare, 0) == 0;
        assert_int_equal(both, i >= 2);
        before = now;
        witness.commit += 1;
        assert_int_equal(dk_witness_write(fd, "word", &witness), DOCKET_OK);
        assert_int_equal(dk_witness_read(fd, "word", &found, &find), DOCKET_OK);
        assert_int_equal(find, DK_WITNESS_FOUND);
        assert_int_equal(found.commit, witness.commit);
        assert_int_equal(fstatat(fd, "word", &now, 0), 0);
        assert_int_equal(now.st_nlink, 1);
        if (both)
            assert_int_equal(now.st_ino, spare.st_ino);
        if (i > 0) {
            assert_int_equal(fstatat(fd, "word.spare", &spare, 0), 0);
            assert_int_equal(spare.st_ino, before.st_ino);
        }
        assert_int_not_equal(fstatat(fd, "word.old", &spare, 0), 0);
    }
    close(fd);
}

/* A swap that a power loss cut short: both names lead to the witness. */
static void a_spare_that_is_the_witness_is_not_written_in_place(void **state)
{
    (void)state;
    struct dk_witness witness = {.generation = 3, .commit = 1000, .phase = DK_WITNESS_RUNNING};
    struct stat before, now;
    assert_int_equal(mkdir(path_of(""), 0700), 0);
    int fd = open(path_of(""), O_RDONLY | O_DIRECTORY);
    assert_int_equal(dk_witness_write(fd, "word", &witness), DOCKET_OK);
    int kept = openat(fd, "word", O_RDONLY);
    assert_int_equal(fstat(kept, &before), 0);
    assert_int_equal(linkat(fd, "word", fd, "word.spare", 0), 0);
    witness.commit = 2000;
    assert_int_equal(dk_witness_write(fd, "word", &witness), DOCKET_OK);
    char text[512] = "";
    assert_true(pread(kept, text, sizeof text - 1, 0) > 0);
    assert_non_null(strstr(text, "commit 1000"));
    assert_int_equal(fstatat(fd, "word", &now, 0), 0);
    assert_int_not_equal(now.st_ino, before.st_ino);
    close(kept);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_witness_is_written_into_blocks_that_are_there),
        IN_A_REALM(a_spare_that_is_the_witness_is_not_written_in_place),
    };
    return cmocka_run_group_tests_name("store: the witness's file", tests, NULL, NULL);
}
