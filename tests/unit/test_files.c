/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c */
/* Directories and small files with their owners and modes checked. */
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];
static int folder_fd;

static void make_folder_in(const char *base)
{
    snprintf(folder, sizeof folder, "%s/docket-files-XXXXXX", base);
    assert_non_null(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder_fd >= 0);
}

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    make_folder_in(base ? base : "/tmp");
    return 0;
}

static int make_folder_on_tmpfs(void **state)
{
    (void)state;
    make_folder_in("/dev/shm");
    return 0;
}

/* Two levels are as deep as these tests go. */
static void empty_folder(int fd)
{
    DIR *entries = fdopendir(dup(fd));
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0)
            unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(entries);
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder(folder_fd);
    close(folder_fd);
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static unsigned count_entries(void)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2;
}

/* ---- directories ---- */

static void a_directory_of_ours_opens_with_its_owner(void **state)
{
    (void)state;
    int fd = -1;
    uid_t owner = 12345;
    assert_int_equal(dk_directory_open(folder, &fd, &owner), DOCKET_OK);
    assert_int_equal(owner, geteuid());
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    assert_int_equal(dk_directory_open(folder, &fd, NULL), DOCKET_OK);
    close(fd);
}

static void an_absent_directory_is_no_realm(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(dk_directory_open(path_of("nowhere"), &fd, NULL), DOCKET_NO_REALM);
    write_file("file", "", 0600);
    assert_int_equal(dk_directory_open(path_of("file"), &fd, NULL), DOCKET_NO_REALM);
    assert_int_equal(fd, -1);
}

static void a_directory_that_others_may_write_is_unsafe(void **state)
{
    (void)state;
    const mode_t loose[] = {0770, 0702, 0777, 01777};
    int fd = -1;
    for (size_t at = 0; at < sizeof loose / sizeof loose[0]; at++) {
        assert_int_equal(fchmod(folder_fd, loose[at]), 0);
        assert_int_equal(dk_directory_open(folder, &fd, NULL), DOCKET_UNSAFE_FILES);
    }
    fchmod(folder_fd, 0755);
    assert_int_equal(dk_directory_open(folder, &fd, NULL), DOCKET_OK);
    close(fd);
}

/* ---- small files ---- */

static void a_replaced_file_is_read_back_and_leaves_no_other(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(dk_file_replace(folder_fd, "note", 0640, "first", 5), DOCKET_OK);
    assert_int_equal(dk_file_replace(folder_fd, "note", 0600, "second!", 7), DOCKET_OK);
    assert_int_equal(dk_file_read(folder_fd, "note", text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "second!");
    assert_int_equal(count_entries(), 1);
    struct stat facts;
    assert_int_equal(fstatat(folder_fd, "note", &facts, 0), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
}

static void a_file_that_cannot_be_replaced_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(folder_fd, "note", 0700), 0);
    assert_int_not_equal(dk_file_replace(folder_fd, "note", 0600, "x", 1), DOCKET_OK);
    assert_int_equal(count_entries(), 1);
}

static void replacing_a_link_leaves_what_it_pointed_at(void **state)
{
    (void)state;
    char text[64];
    write_file("target", "kept", 0600);
    assert_int_equal(symlinkat("target", folder_fd, "note"), 0);
    assert_int_equal(dk_file_replace(folder_fd, "note", 0600, "new", 3), DOCKET_OK);
    assert_int_equal(dk_file_read(folder_fd, "target", text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "kept");
}

static void a_file_longer_than_the_buffer_is_cut(void **state)
{
    (void)state;
    char text[5];
    write_file("long", "123456789", 0600);
    assert_int_equal(dk_file_read(folder_fd, "long", text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "1234");
}

static void a_missing_file_is_a_status(void **state)
{
    (void)state;
    char text[8] = "before";
    assert_int_equal(dk_file_read(folder_fd, "none", text, sizeof text), DOCKET_NO_REALM);
    assert_string_equal(text, "before");
}

static void links_and_pipes_are_not_read(void **state)
{
    (void)state;
    char text[8];
    write_file("target", "secret", 0600);
    assert_int_equal(symlinkat("target", folder_fd, "link"), 0);
    assert_int_equal(mkfifoat(folder_fd, "pipe", 0600), 0);
    assert_int_equal(mkdirat(folder_fd, "folder", 0700), 0);
    assert_int_equal(dk_file_read(folder_fd, "link", text, sizeof text), DOCKET_UNSAFE_FILES);
    assert_int_equal(dk_file_read(folder_fd, "pipe", text, sizeof text), DOCKET_UNSAFE_FILES);
    assert_int_equal(dk_file_read(folder_fd, "folder", text, sizeof text), DOCKET_UNSAFE_FILES);
}

static docket_status check_named(const char *name, uid_t owner, mode_t mode)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    docket_status status = dk_file_check(fd, name, owner, mode);
    close(fd);
    return status;
}

static void a_file_must_be_regular_ours_closed_and_single(void **state)
{
    (void)state;
    write_file("file", "", 0600);
    assert_int_equal(check_named("file", geteuid(), 0600), DOCKET_OK);
    assert_int_equal(check_named("file", geteuid() + 1, 0600), DOCKET_UNSAFE_FILES);
    assert_int_equal(check_named(".", geteuid(), 0777), DOCKET_UNSAFE_FILES);
    write_file("file", "", 0640);
    assert_int_equal(check_named("file", geteuid(), 0600), DOCKET_UNSAFE_FILES);
    assert_int_equal(check_named("file", geteuid(), 0640), DOCKET_OK);
    assert_int_equal(linkat(folder_fd, "file", folder_fd, "second", 0), 0);
    assert_int_equal(check_named("file", geteuid(), 0640), DOCKET_UNSAFE_FILES);
}

static void a_pipe_in_place_of_a_file_is_unsafe(void **state)
{
    (void)state;
    assert_int_equal(mkfifoat(folder_fd, "pipe", 0600), 0);
    assert_int_equal(check_named("pipe", geteuid(), 0600), DOCKET_UNSAFE_FILES);
}

/* ---- the runtime directory, on tmpfs ---- */

static void a_directory_on_tmpfs_is_told_from_one_on_disk(void **state)
{
    (void)state;
    int elsewhere = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_tmpfs_check(folder_fd, "here"), DOCKET_OK);
    assert_int_equal(dk_tmpfs_check(elsewhere, "/proc"), DOCKET_NOT_TMPFS);
    close(elsewhere);
}

static void a_wanted_runtime_directory_is_made_closed(void **state)
{
    (void)state;
    char path[256];
    struct stat facts;
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path), DOCKET_OK);
    assert_string_equal(path, path_of("run"));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path), DOCKET_OK);
}

static void a_shared_runtime_directory_can_be_passed_through(void **state)
{
    (void)state;
    char path[256];
    struct stat facts;
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path), DOCKET_OK);
    assert_int_equal(dk_runtime_root(path_of("run"), true, path, sizeof path), DOCKET_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0711);
}

static void a_runtime_directory_that_others_may_write_is_unsafe(void **state)
{
    (void)state;
    char path[256];
    assert_int_equal(mkdirat(folder_fd, "run", 0700), 0);
    assert_int_equal(fchmodat(folder_fd, "run", 0770, 0), 0);
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path),
                     DOCKET_UNSAFE_FILES);
}

static void a_link_in_place_of_the_runtime_directory_is_unsafe(void **state)
{
    (void)state;
    char path[256];
    assert_int_equal(mkdirat(folder_fd, "target", 0700), 0);
    assert_int_equal(symlinkat("target", folder_fd, "run"), 0);
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path),
                     DOCKET_UNSAFE_FILES);
}

static void a_runtime_directory_of_another_user_is_unsafe(void **state)
{
    (void)state;
    char path[256];
    if (geteuid() != 0) {
        print_message("skipped: only root can make a directory of another user\n");
        skip();
    }
    assert_int_equal(mkdirat(folder_fd, "run", 0700), 0);
    assert_int_equal(fchownat(folder_fd, "run", 65534, 65534, 0), 0);
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path),
                     DOCKET_UNSAFE_FILES);
}

static void a_runtime_directory_on_disk_is_refused_and_not_left_behind(void **state)
{
    (void)state;
    char path[256];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool on_tmpfs = dk_tmpfs_check(fd, folder) == DOCKET_OK;
    close(fd);
    if (on_tmpfs) {
        print_message("skipped: the temporary directory is on tmpfs\n");
        skip();
    }
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path), DOCKET_NOT_TMPFS);
    assert_int_equal(count_entries(), 0);
}

static void without_a_wish_some_directory_of_ours_on_tmpfs_is_found(void **state)
{
    (void)state;
    char path[256];
    struct stat facts;
    bool was_there = access("/run/docket", F_OK) == 0; /* somebody's own; leave it alone */
    setenv("XDG_RUNTIME_DIR", folder, 1);
    assert_int_equal(dk_runtime_root(NULL, false, path, sizeof path), DOCKET_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_uid, geteuid());
    assert_int_equal(facts.st_mode & 022, 0);
    if (!was_there)
        rmdir(path);
    unsetenv("XDG_RUNTIME_DIR");
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char path[4] = "abc";
    assert_int_equal(dk_runtime_root(path_of("run"), false, path, sizeof path),
                     DOCKET_BAD_ARGUMENT);
    assert_string_equal(path, "abc");
}

/* ---- identities ---- */

static void the_boot_id_is_the_same_each_time(void **state)
{
    (void)state;
    uint8_t first[16], second[16], zeros[16] = {0};
    assert_int_equal(dk_boot_id(first), DOCKET_OK);
    memset(second, 0xff, sizeof second);
    assert_int_equal(dk_boot_id(second), DOCKET_OK);
    assert_memory_equal(first, second, 16);
    assert_memory_not_equal(first, zeros, 16);
}

static void random_bytes_differ_and_stay_within_their_buffer(void **state)
{
    (void)state;
    uint8_t first[34], second[34];
    memset(first, 0x11, sizeof first);
    memset(second, 0x11, sizeof second);
    dk_random(first + 1, 32);
    dk_random(second + 1, 32);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(first[0], 0x11);
    assert_int_equal(first[33], 0x11);
}

#define ON_DISK(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
#define ON_TMPFS(name) cmocka_unit_test_setup_teardown(name, make_folder_on_tmpfs, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_directory_of_ours_opens_with_its_owner),
        ON_DISK(an_absent_directory_is_no_realm),
        ON_DISK(a_directory_that_others_may_write_is_unsafe),
        ON_DISK(a_replaced_file_is_read_back_and_leaves_no_other),
        ON_DISK(a_file_that_cannot_be_replaced_leaves_nothing),
        ON_DISK(replacing_a_link_leaves_what_it_pointed_at),
        ON_DISK(a_file_longer_than_the_buffer_is_cut),
        ON_DISK(a_missing_file_is_a_status),
        ON_DISK(links_and_pipes_are_not_read),
        ON_DISK(a_file_must_be_regular_ours_closed_and_single),
        ON_DISK(a_pipe_in_place_of_a_file_is_unsafe),
        ON_TMPFS(a_directory_on_tmpfs_is_told_from_one_on_disk),
        ON_TMPFS(a_wanted_runtime_directory_is_made_closed),
        ON_TMPFS(a_shared_runtime_directory_can_be_passed_through),
        ON_TMPFS(a_runtime_directory_that_others_may_write_is_unsafe),
        ON_TMPFS(a_link_in_place_of_the_runtime_directory_is_unsafe),
        ON_TMPFS(a_runtime_directory_of_another_user_is_unsafe),
        ON_DISK(a_runtime_directory_on_disk_is_refused_and_not_left_behind),
        ON_TMPFS(without_a_wish_some_directory_of_ours_on_tmpfs_is_found),
        ON_TMPFS(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(the_boot_id_is_the_same_each_time),
        cmocka_unit_test(random_bytes_differ_and_stay_within_their_buffer),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
