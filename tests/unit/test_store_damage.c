/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb */
/* What is damaged is refused, and what is full says so. */
#include "store_fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* ---- damage ---- */

/* Flips one bit of these bytes wherever they lie in the store's file. */
static void flip_in_file(const uint8_t *value, size_t size, size_t at)
{
    int fd = open(path_of("store/data.mdb"), O_RDWR | O_CLOEXEC);
    struct stat file_facts;
    assert_true(fd >= 0 && fstat(fd, &file_facts) == 0);
    uint8_t *file = mmap(NULL, (size_t)file_facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(file != MAP_FAILED);
    size_t left = (size_t)file_facts.st_size;
    unsigned found = 0;
    for (uint8_t *hit = file; (hit = memmem(hit, left, value, size)) != NULL; found++) {
        hit[at % size] ^= 0x10;
        hit += size;
        left = (size_t)(file + file_facts.st_size - hit);
    }
    assert_true(found > 0);
    munmap(file, (size_t)file_facts.st_size);
    close(fd);
}

/* In the first value of a database, seen through this environment. */
static void scribble_through(MDB_env *env, const char *database, size_t at)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    static uint8_t copy[1 << 16];
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, database, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_true(value.mv_size <= sizeof copy);
    memcpy(copy, value.mv_data, value.mv_size);
    size_t size = value.mv_size;
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    flip_in_file(copy, size, at);
}

static void scribble(const char *database, size_t at)
{
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_set_mapsize(env, options.map_bytes), 0);
    assert_int_equal(mdb_env_open(env, path_of("store"), 0, 0600), 0);
    scribble_through(env, database, at);
    mdb_env_close(env);
}

/* A realm with records of every kind, journalled and folded. */
static void fill_realm(void)
{
    struct dk_fate_record range = range_of(1, 9);
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
    commit_many(DK_JOURNAL_LENGTH + 3);
    struct dk_elsewhere_record elsewhere = {.tenant = "acme", .text = "OLD-1", .note = "by hand"};
    must_commit(&(struct dk_change){.ledger = {.elsewhere = &elsewhere, .elsewhere_count = 1}});
    commit_ledger(1, 60);
    commit_ledger(61, 60); /* folds what was there ... */
    commit_counter(1, 2026, 99); /* ... and its parts are gone */
    must_close(true);
}

static void a_damaged_meta_or_series_record_is_refused_at_open(void **state)
{
    (void)state;
    fill_realm();
    scribble("meta", 3);
    assert_refused(DOCKET_DAMAGED, "the meta record");
    scribble("meta", 3);
    scribble("series", 3);
    assert_refused(DOCKET_DAMAGED, "the series record acme/INV fails its checksum");
    scribble("series", 3);
    must_open();
    assert_sound();
}

static void a_damaged_record_of_any_other_kind_is_refused_at_open(void **state)
{
    (void)state;
    const char *const kinds[] = {"counters", "journal", "ranges", "events", "texts",
                                 "ledger",   "keys",    "holds",  "elsewhere", "ledgerlog"};
    fill_realm();
    for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
        char words[64];
        scribble(kinds[at], 5);
        snprintf(words, sizeof words, "the %s record", kinds[at]);
        assert_refused(DOCKET_DAMAGED, words);
        scribble(kinds[at], 5);
    }
    must_open();
    assert_sound();
}

static void a_damaged_counter_ends_the_walk_that_meets_it(void **state)
{
    (void)state;
    struct reading reading = {0};
    fill_realm();
    must_open();
    scribble_through(store->env, "journal", 30);
    assert_int_equal(dk_store_each_counter(store, read_counter, &reading), DOCKET_DAMAGED);
}

static void a_fold_over_a_damaged_journal_fails_the_commit(void **state)
{
    (void)state;
    struct dk_counter_image image = counter_of(3, 0, 1);
    const struct dk_counter_image *one = &image;
    struct dk_change change = {.counters = &one, .counter_count = 1};
    docket_status status = DOCKET_OK;
    uint64_t number;
    fill_realm();
    must_open();
    scribble_through(store->env, "journal", 30);
    for (unsigned at = 0; status == DOCKET_OK && at < DK_JOURNAL_LENGTH; at++)
        status = dk_store_commit(store, &change, &number);
    assert_int_equal(status, DOCKET_DAMAGED);
    assert_int_equal(dk_store_commit(store, &change, &number), DOCKET_STORE_FAILED);
}

/* Trees of branches, large values, lists of free pages: all of it is sound. */
static void a_large_store_is_found_whole(void **state)
{
    (void)state;
    static struct dk_counter_image images[6000];
    static const struct dk_counter_image *all[6000];
    must_open();
    commit_counter(1, 2026, 3000000);
    for (unsigned turn = 0; turn < 3 * DK_JOURNAL_LENGTH; turn++) {
        size_t count = 0;
        for (unsigned at = turn % 7; at < 6000; at += 1 + turn % 5) {
            images[count] = counter_of(1 + (at * 7919u) % 6000, (int32_t)(at % 3), turn + 1);
            all[count] = &images[count];
            count++;
        }
        must_commit(&(struct dk_change){.counters = all, .counter_count = count});
        struct dk_fate_record ranges[40];
        for (unsigned at = 0; at < 40; at++)
            ranges[at] = range_of(1000 * (at + 40 * turn) + 1, 1000 * (at + 40 * turn) + 9);
        must_commit(&(struct dk_change){.ranges = ranges, .range_count = 40});
        must_close(turn % 2 == 0);
        must_open();
    }
    assert_sound();
}

/* Removes a whole, sound record behind the store's back. */
static void a_record_that_is_gone_is_seen(void **state)
{
    (void)state;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    fill_realm();
    must_open();
    assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_cursor_open(txn, store->dbi[DK_KIND_JOURNAL], &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_LAST), 0);
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    crash();
    assert_refused(DOCKET_DAMAGED, "do not add up");
}

/* The newer of LMDB's two heads gets a lower commit number: LMDB goes back. */
static void a_head_that_hides_the_last_commit_is_seen(void **state)
{
    (void)state;
    fill_realm();
    int fd = open(path_of("store/data.mdb"), O_RDWR | O_CLOEXEC);
    uint64_t numbers[2], zero = 0;
    const off_t in_head = 16 + 128, page = sysconf(_SC_PAGESIZE);
    for (off_t at = 0; at < 2; at++)
        assert_int_equal(pread(fd, &numbers[at], 8, at * page + in_head), 8);
    assert_int_equal(pwrite(fd, &zero, 8, (numbers[1] > numbers[0] ? page : 0) + in_head), 8);
    close(fd);
    unlink(path_of("witness")); /* it would see it after a stop in order */
    options.accept = true;
    assert_refused(DOCKET_DAMAGED, "two heads");
}

static void a_truncated_data_file_is_refused_without_a_crash(void **state)
{
    (void)state;
    struct stat file;
    fill_realm();
    assert_int_equal(stat(path_of("store/data.mdb"), &file), 0);
    copy_file(path_of("store/data.mdb"), path_of("whole"));
    const long page = sysconf(_SC_PAGESIZE);
    for (off_t size = file.st_size - page; size >= 0; size -= page) {
        copy_file(path_of("whole"), path_of("store/data.mdb"));
        assert_int_equal(truncate(path_of("store/data.mdb"), size), 0);
        pid_t child = fork(); /* LMDB may abort over such a file; that is no answer */
        if (child == 0) {
            uint64_t records;
            docket_status status = open_store();
            if (status == DOCKET_OK)
                status = dk_store_verify(store, &records);
            _exit(status == DOCKET_OK ? 0 : status == DOCKET_DAMAGED ? 1 : 2);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), 2);
        copy_file(path_of("whole"), path_of("store/data.mdb"));
        unlink(path_of("witness"));
        options.accept = true;
    }
}

static void a_missing_data_file_is_damage_and_not_a_new_store(void **state)
{
    (void)state;
    fill_realm();
    assert_int_equal(truncate(path_of("store/data.mdb"), 0), 0);
    assert_refused(DOCKET_DAMAGED, "missing or empty");
    assert_int_equal(unlink(path_of("store/data.mdb")), 0);
    assert_refused(DOCKET_DAMAGED, "missing or empty");
    assert_false(is_there(path_of("store/data.mdb")));
}

static void a_store_of_a_newer_schema_is_refused(void **state)
{
    (void)state;
    MDB_txn *txn;
    must_open();
    struct dk_meta meta = store->meta;
    meta.schema_version = DK_SCHEMA_VERSION + 1;
    assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    assert_int_equal(dk_meta_write(store, txn, &meta), DOCKET_OK);
    assert_int_equal(mdb_txn_commit(txn), 0);
    crash();
    assert_refused(DOCKET_BAD_LAYOUT, "use a newer docketd, or have that one bring the store down");
}

/* ---- full ---- */

static docket_status fill_until_refused(void)
{
    struct dk_event event = {.kind = "reap"};
    struct dk_event events[64];
    struct dk_change change = {.events = events, .event_count = 64};
    docket_status status = DOCKET_OK;
    uint64_t number;
    memset(event.text, 'x', sizeof event.text - 1);
    for (unsigned at = 0; at < 64; at++)
        events[at] = event;
    for (unsigned at = 0; status == DOCKET_OK && at < 4000; at++)
        status = dk_store_commit(store, &change, &number);
    return status;
}

static void a_full_map_is_no_space_and_ends_the_store(void **state)
{
    (void)state;
    uint64_t number, records;
    options.map_bytes = 1 << 20;
    must_open();
    commit_counter(1, 2026, 77);
    assert_int_equal(fill_until_refused(), DOCKET_NO_SPACE);
    assert_non_null(strstr(dk_error_text(), "grown to the 1048576 bytes that it may have"));
    assert_int_equal(dk_store_commit(store, &(struct dk_change){0}, &number), DOCKET_STORE_FAILED);
    assert_int_equal(dk_store_verify(store, &records), DOCKET_STORE_FAILED);
    assert_int_equal(dk_store_close(store, true), DOCKET_STORE_FAILED);
    store = NULL;
    options.map_bytes = 16 << 20; /* the remedy */
    must_open();
    assert_int_equal(next_of(1, 2026), 77);
    assert_sound();
}

static unsigned count_entries(void)
{
    unsigned count = 0;
    DIR *entries = opendir(realm);
    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2;
}

static bool mount_small(size_t bytes)
{
    char settings[64];
    snprintf(settings, sizeof settings, "size=%zu,mode=0700", bytes);
    assert_int_equal(mkdir(realm, 0700), 0);
    if (mount("docket-test", realm, "tmpfs", 0, settings) == 0)
        return true;
    print_message("skipped: a small file system cannot be mounted here (%s)\n", strerror(errno));
    return false;
}

static int unmount_and_remove(void **state)
{
    docket_status unused = dk_store_close(store, false);
    (void)unused;
    store = NULL;
    umount2(realm, MNT_DETACH);
    return remove_realm(state);
}

static void a_disk_too_small_says_how_much_was_wanted(void **state)
{
    (void)state;
    if (!mount_small(512 << 10))
        skip();
    assert_refused(DOCKET_NO_SPACE, "wants 1048576 bytes");
    assert_int_equal(count_entries(), 1); /* the lock file, and nothing half made */
    options.preallocate_bytes = 128 << 10;
    must_open();
}

static void a_disk_that_fills_up_is_no_space_and_loses_nothing(void **state)
{
    (void)state;
    uint64_t number;
    if (!mount_small(2 << 20))
        skip();
    must_open();
    commit_counter(1, 2026, 77);
    assert_int_equal(fill_until_refused(), DOCKET_NO_SPACE);
    assert_int_equal(dk_store_commit(store, &(struct dk_change){0}, &number), DOCKET_STORE_FAILED);
    crash();
    assert_int_equal(mount("docket-test", realm, "tmpfs", MS_REMOUNT, "size=8388608"), 0);
    must_open();
    assert_int_equal(next_of(1, 2026), 77);
    assert_sound();
}

#define ON_A_MOUNT(name) cmocka_unit_test_setup_teardown(name, make_realm, unmount_and_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_damaged_meta_or_series_record_is_refused_at_open),
        IN_A_REALM(a_damaged_record_of_any_other_kind_is_refused_at_open),
        IN_A_REALM(a_large_store_is_found_whole),
        IN_A_REALM(a_record_that_is_gone_is_seen),
        IN_A_REALM(a_head_that_hides_the_last_commit_is_seen),
        IN_A_REALM(a_damaged_counter_ends_the_walk_that_meets_it),
        IN_A_REALM(a_fold_over_a_damaged_journal_fails_the_commit),
        IN_A_REALM(a_truncated_data_file_is_refused_without_a_crash),
        IN_A_REALM(a_missing_data_file_is_damage_and_not_a_new_store),
        IN_A_REALM(a_store_of_a_newer_schema_is_refused),
        IN_A_REALM(a_full_map_is_no_space_and_ends_the_store),
        ON_A_MOUNT(a_disk_too_small_says_how_much_was_wanted),
        ON_A_MOUNT(a_disk_that_fills_up_is_no_space_and_loses_nothing),
    };
    return cmocka_run_group_tests_name("store: damage and full disks", tests, NULL, NULL);
}
