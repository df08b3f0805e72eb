/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c */
/* libs: lmdb */
/* copy: the store as one file of one commit, and such a file looked through; the law of marks. */
#include "store_fixture.h"

#include <pthread.h>

static struct dk_copy_facts copied;

static const char *copy_path(const char *name)
{
    static char path[2][512];
    static unsigned turn;
    char *made = path[turn++ % 2];
    snprintf(made, sizeof path[0], "%s/copy%s", folder, name);
    return made;
}

static docket_status copy_store(const dk_word *stop)
{
    mkdir(copy_path(""), 0700);
    int fd = open(copy_path("/data.mdb"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    docket_status status = dk_store_copy(store, fd, stop, &copied);
    close(fd);
    return status;
}

static void must_copy(void)
{
    if (copy_store(NULL) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

static void assert_copy(docket_status wanted, const char *words)
{
    uint64_t records = 0;
    docket_status status = dk_backup_check(copy_path(""), &copied, &records);
    if (status != wanted || (words && !strstr(dk_error_text(), words)))
        fail_msg("%s: %s", docket_status_name(status), dk_error_text());
    assert_true(wanted != DOCKET_OK || records > 8);
}

static void fill_store(void)
{
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    commit_many(40);
    commit_ledger(1, 120);
}

static void a_copy_is_the_store_of_one_commit_and_can_be_read(void **state)
{
    (void)state;
    uint64_t commit;
    uint8_t run[DK_DIGEST_BYTES];
    fill_store();
    must_copy();
    assert_int_equal(dk_store_run(store, &commit, run), DOCKET_OK);
    assert_int_equal(copied.commit, commit);
    assert_memory_equal(copied.run, run, sizeof run);
    assert_int_equal(copied.series, 1);
    assert_int_equal(copied.counters, 1);
    assert_copy(DOCKET_OK, NULL);
    commit_many(40); /* the copy stays as it is */
    assert_copy(DOCKET_OK, NULL);
    assert_sound();
}

struct load {
    dk_word stop;
    uint64_t commits;
    pthread_t thread;
};

static void *commit_on(void *context)
{
    struct load *load = context;
    while (!dk_load_relaxed(&load->stop)) {
        commit_counter(1, 2026, 1000 + load->commits);
        load->commits++;
    }
    return NULL;
}

static void copies_taken_while_commits_go_on_are_each_of_one_commit(void **state)
{
    (void)state;
    struct load load = {0};
    docket_status status = DOCKET_OK;
    fill_store();
    assert_int_equal(pthread_create(&load.thread, NULL, commit_on, &load), 0);
    for (int round = 0; round < 20 && status == DOCKET_OK; round++) {
        uint64_t records;
        status = copy_store(NULL);
        if (status == DOCKET_OK)
            status = dk_backup_check(copy_path(""), &copied, &records);
    }
    dk_store_relaxed(&load.stop, 1);
    pthread_join(load.thread, NULL); /* before a failure leaves this frame, which the thread uses */
    assert_string_equal(status == DOCKET_OK ? "" : dk_error_text(), "");
    assert_true(load.commits > 20);
    assert_sound();
}

static void any_flipped_byte_of_a_copy_is_found(void **state)
{
    (void)state;
    fill_store();
    must_copy();
    int fd = open(copy_path("/data.mdb"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (off_t at = 0; at < (off_t)copied.bytes; at += 977) {
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_copy(DOCKET_DAMAGED, "is not what was backed up");
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_copy(DOCKET_OK, NULL);
    assert_int_equal(ftruncate(fd, (off_t)copied.bytes - 1), 0);
    assert_copy(DOCKET_DAMAGED, "bytes, and the manifest says");
    close(fd);
}

/* Whoever makes the SHA-256 fit still has the records' own sums against them. */
static void a_changed_copy_whose_manifest_fits_is_found_by_its_records(void **state)
{
    (void)state;
    fill_store();
    must_copy();
    struct dk_copy_facts before = copied;
    int fd = open(copy_path("/data.mdb"), O_RDWR | O_CLOEXEC);
    unsigned found = 0;
    assert_true(fd >= 0);
    for (off_t at = 8192; at < (off_t)copied.bytes; at += 1531) {
        uint8_t byte, changed;
        uint64_t records;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        changed = byte ^ 4;
        assert_int_equal(pwrite(fd, &changed, 1, at), 1);
        assert_int_equal(dk_copy_hash(fd, "copy", &copied.bytes, copied.sha256), DOCKET_OK);
        found += dk_backup_check(copy_path(""), &copied, &records) != DOCKET_OK;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    assert_true(found > 0); /* others lie in what no page uses */
    copied = before;
    copied.commit--;
    assert_copy(DOCKET_DAMAGED, "the commit differs");
    copied = before;
    copied.run[3] ^= 1;
    assert_copy(DOCKET_DAMAGED, "the running digest differs");
    copied = before;
    copied.counters++;
    assert_copy(DOCKET_DAMAGED, "the number of counters differs");
}

static void a_copy_that_is_broken_off_or_finds_no_room_leaves_the_store_well(void **state)
{
    (void)state;
    dk_word stop = 1;
    fill_store();
    assert_int_equal(copy_store(&stop), DOCKET_UNREACHABLE);
    commit_many(3);
    mkdir(copy_path(""), 0700);
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_int_equal(dk_store_copy(store, fd, NULL, &copied), DOCKET_NO_SPACE);
    close(fd);
    commit_many(3);
    must_copy();
    assert_copy(DOCKET_OK, NULL);
    assert_sound();
}

static void assert_lawless(const char *words)
{
    uint64_t records;
    assert_int_equal(dk_store_verify(store, &records), DOCKET_DAMAGED);
    if (!strstr(dk_error_text(), words))
        fail_msg("\"%s\" is not in: %s", words, dk_error_text());
}

static void commit_image(const struct dk_counter_image *image)
{
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
}

static void commit_range(uint64_t first, uint64_t last)
{
    struct dk_fate_record range = range_of(first, last);
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
}

static void a_store_whose_records_are_sound_and_that_breaks_the_law_is_found(void **state)
{
    (void)state;
    fill_store();
    struct dk_range spares[] = {{10, 12}, {12, 20}};
    struct dk_place_record place = {.place = 1, .size = 10, .seq = 3, .first = 30, .offset = 2};
    struct dk_counter_image image = counter_of(1, 2026, 60);
    commit_image(&image);
    assert_sound();
    image.spares = spares;
    image.spare_count = 2;
    commit_image(&image);
    assert_lawless("its spares do not ascend");
    spares[1].first = 13;
    commit_image(&image);
    assert_sound();
    spares[1].last = 160;
    commit_image(&image);
    assert_lawless("is not below the mark");
    spares[1].last = 32;
    image.places = &place;
    image.place_count = 1;
    commit_image(&image);
    assert_lawless("is spare, or in a block, twice");
    spares[1].last = 31; /* the block's first two were handed out */
    commit_image(&image);
    assert_sound();
    commit_range(40, 50);
    assert_sound();
    commit_range(45, 47);
    assert_lawless("two fates on record");
}

static void a_range_above_the_mark_or_of_no_counter_breaks_the_law(void **state)
{
    (void)state;
    fill_store();
    struct dk_counter_image image = counter_of(1, 2026, 60);
    struct dk_range spare = {20, 30};
    image.spares = &spare;
    image.spare_count = 1;
    commit_image(&image);
    commit_range(25, 26);
    assert_lawless("is spare and has its fate on record");
    image.spare_count = 0;
    commit_image(&image);
    assert_sound();
    commit_range(160, 160);
    assert_lawless("above the mark has its fate on record");
    image = counter_of(1, 2026, 600);
    commit_image(&image);
    assert_sound();
    struct dk_fate_record range = range_of(1, 2);
    range.period = 2027;
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
    assert_lawless("belong to a counter");
}

static void a_mark_beyond_the_extent_breaks_the_law(void **state)
{
    (void)state;
    fill_store();
    struct dk_counter_image image = counter_of(1, 2026, 60);
    image.extent_last = 158;
    commit_image(&image);
    assert_lawless("beyond its extent");
    image.extent_last = 159;
    commit_image(&image);
    assert_sound();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_realm, remove_realm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_copy_is_the_store_of_one_commit_and_can_be_read),
        CASE(copies_taken_while_commits_go_on_are_each_of_one_commit),
        CASE(any_flipped_byte_of_a_copy_is_found),
        CASE(a_changed_copy_whose_manifest_fits_is_found_by_its_records),
        CASE(a_copy_that_is_broken_off_or_finds_no_room_leaves_the_store_well),
        CASE(a_store_whose_records_are_sound_and_that_breaks_the_law_is_found),
        CASE(a_range_above_the_mark_or_of_no_counter_breaks_the_law),
        CASE(a_mark_beyond_the_extent_breaks_the_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
