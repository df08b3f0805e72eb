/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c daemon/backup/manifest.c daemon/backup/folder.c */
/* libs: lmdb jansson */
/* restore: a backup in a realm, behind its fence; and its manifest. */
#include "store_fixture.h"

#include "daemon/backup/folder.h"

static struct dk_manifest manifest;
static char backup[300], other[256];

static void back_up_store(void)
{
    snprintf(backup, sizeof backup, "%s/copy", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    commit_many(20);
    if (dk_backup_write(store, backup, &manifest) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    commit_many(40);
}

static docket_status restore_into(const char *into, bool replace, struct dk_restored *done)
{
    struct dk_store_options wanted = options;
    struct dk_manifest read;
    uint64_t records;
    wanted.realm = into;
    assert_int_equal(dk_manifest_read(backup, &read), DOCKET_OK);
    assert_int_equal(dk_backup_check(backup, &read.copy, &records), DOCKET_OK);
    struct dk_restore order = {.folder = backup, .copy = read.copy, .time_ns = read.time_ns, .replace = replace};
    memcpy(order.id, read.id, sizeof order.id);
    return dk_store_restore(&wanted, &order, done);
}

static void a_manifest_says_again_what_was_written(void **state)
{
    (void)state;
    struct dk_manifest read;
    char text[DK_MANIFEST_BYTES];
    back_up_store();
    assert_int_equal(dk_manifest_read(backup, &read), DOCKET_OK);
    assert_memory_equal(&read.copy, &manifest.copy, sizeof read.copy);
    assert_memory_equal(read.id, manifest.id, sizeof read.id);
    assert_int_equal(dk_manifest_spell(&read, text), DOCKET_OK);
    assert_int_equal(dk_manifest_parse(text, strlen(text), "it", &read), DOCKET_OK);
}

static void any_changed_byte_of_a_manifest_that_says_something_is_refused(void **state)
{
    (void)state;
    char text[DK_MANIFEST_BYTES], changed[DK_MANIFEST_BYTES];
    struct dk_manifest read;
    back_up_store();
    assert_int_equal(dk_manifest_spell(&manifest, text), DOCKET_OK);
    for (size_t at = 0; text[at] != 0; at++) {
        if (text[at] == ' ' || text[at] == '\n')
            continue; /* how it is laid out says nothing */
        memcpy(changed, text, sizeof changed);
        changed[at] ^= 1;
        if (dk_manifest_parse(changed, strlen(changed), "it", &read) == DOCKET_OK)
            fail_msg("byte %zu: %.40s", at, changed + at);
    }
    for (size_t bytes = 0; bytes + 2 < strlen(text); bytes++)
        assert_int_not_equal(dk_manifest_parse(text, bytes, "it", &read), DOCKET_OK);
}

static void a_backup_is_never_written_over_and_leaves_nothing_half_done(void **state)
{
    (void)state;
    struct dk_manifest again;
    back_up_store();
    assert_int_equal(dk_backup_write(store, backup, &again), DOCKET_EXISTS);
    assert_int_equal(dk_backup_write(store, "/proc/none/x", &again), DOCKET_SYSTEM);
    DIR *all = opendir(folder);
    for (const struct dirent *entry; (entry = readdir(all)) != NULL;)
        assert_null(strstr(entry->d_name, ".new-"));
    closedir(all);
}

static void what_was_restored_is_refused_until_it_is_accepted(void **state)
{
    (void)state;
    struct dk_restored done;
    back_up_store();
    must_close(true);
    assert_int_equal(restore_into(realm, false, &done), DOCKET_EXISTS);
    assert_int_equal(restore_into(realm, true, &done), DOCKET_OK);
    assert_int_equal(done.commit, manifest.copy.commit + 1);
    assert_true(is_there(path_of(done.aside)));
    assert_refused(DOCKET_STORE_FENCED, "restored from a backup");
    assert_refused(DOCKET_STORE_FENCED, "restored from a backup");
    options.accept = true;
    must_open();
    assert_int_equal(facts.fence.kind, DK_FENCE_ACCEPTING);
    assert_int_equal(next_of(1, 2026), 20); /* as it was backed up */
    crash();
    options.accept = false;
    assert_refused(DOCKET_STORE_FENCED, "was being accepted");
    options.accept = true;
    must_open();
    static const struct dk_fence none;
    must_commit(&(struct dk_change){.fence = &none});
    must_close(true);
    options.accept = false;
    must_open();
    assert_sound();
}

static void a_restore_writes_no_witness(void **state)
{
    (void)state;
    struct dk_restored done;
    char before[1024], after[1024];
    back_up_store();
    must_close(true);
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_file_read(fd, "witness", before, sizeof before), DOCKET_OK);
    assert_int_equal(restore_into(realm, true, &done), DOCKET_OK);
    assert_int_equal(dk_file_read(fd, "witness", after, sizeof after), DOCKET_OK);
    close(fd);
    assert_string_equal(before, after);
    assert_int_equal(restore_into(other, false, &done), DOCKET_OK);
    snprintf(before, sizeof before, "%s/witness", other);
    assert_false(is_there(before));
}

static void a_backup_of_another_store_is_not_restored_over_this_one(void **state)
{
    (void)state;
    struct dk_restored done;
    back_up_store();
    must_close(true);
    remove_tree(realm);
    must_open(); /* another one */
    must_close(true);
    assert_int_equal(restore_into(realm, true, &done), DOCKET_STORE_REWOUND);
    must_open();
    assert_sound();
}

static void a_store_that_has_moved_is_neither_source_nor_place(void **state)
{
    (void)state;
    struct dk_restored done;
    static const struct dk_fence moved = {.kind = DK_FENCE_MOVED, .time_ns = 1, .generation = 1};
    back_up_store();
    must_commit(&(struct dk_change){.fence = &moved});
    must_close(true);
    assert_int_equal(restore_into(realm, true, &done), DOCKET_STORE_FENCED);
    options.fenced_too = true;
    must_open();
    remove_tree(backup);
    assert_int_equal(dk_backup_write(store, backup, &manifest), DOCKET_OK);
    must_close(true);
    assert_int_equal(restore_into(other, false, &done), DOCKET_STORE_FENCED);
    snprintf(backup, sizeof backup, "%s/store", other);
    assert_false(is_there(backup));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_realm, remove_realm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_manifest_says_again_what_was_written),
        CASE(any_changed_byte_of_a_manifest_that_says_something_is_refused),
        CASE(a_backup_is_never_written_over_and_leaves_nothing_half_done),
        CASE(what_was_restored_is_refused_until_it_is_accepted),
        CASE(a_restore_writes_no_witness),
        CASE(a_backup_of_another_store_is_not_restored_over_this_one),
        CASE(a_store_that_has_moved_is_neither_source_nor_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
