/* SPDX-License-Identifier: MIT */
/*
 * desk_fixture: a folder of its own on tmpfs for each test of the table room,
 * and a small desk in it. Everything is static: a test program is one file and
 * the sources that it names.
 */
#ifndef DK_TESTS_DESK_FIXTURE_H
#define DK_TESTS_DESK_FIXTURE_H

#include "table/desk.h"

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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static int folder_fd;

static const struct dk_identity identity = {
    .store_id = {0x1111, 0x2222}, .generation = 3, .incarnation = 0x4444, .desk = 0};

/* ---- the folder ---- */

static inline void open_folder(const char *pattern)
{
    snprintf(folder, sizeof folder, "%s", pattern);
    assert_non_null(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder_fd >= 0);
}

static inline int make_folder(void **state)
{
    (void)state;
    open_folder("/dev/shm/docket-desk-XXXXXX");
    return 0;
}

/* How many files lie in the folder; removes them if asked to. */
static inline unsigned count_files(bool remove)
{
    unsigned count = 0;
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fdopendir(fd);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove)
            unlinkat(folder_fd, entry->d_name, 0);
    }
    closedir(entries);
    return count;
}

static inline int remove_folder(void **state)
{
    (void)state;
    count_files(true);
    close(folder_fd);
    rmdir(folder);
    return 0;
}

static inline bool is_there(const char *name)
{
    struct stat unused;
    return fstatat(folder_fd, name, &unused, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (entries != NULL && readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

/* ---- a tmpfs of a stated size over the folder ---- */

/* False, with the reason printed, where this machine does not let us. */
static inline bool mount_tiny(size_t bytes)
{
    char options[64];
    snprintf(options, sizeof options, "size=%zu,mode=0700", bytes);
    if (mount("tmpfs", folder, "tmpfs", 0, options) != 0) {
        print_message("skipped: a full tmpfs needs root and mount: %s\n", strerror(errno));
        return false;
    }
    close(folder_fd);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder_fd >= 0);
    return true;
}

static inline void unmount_tiny(void)
{
    close(folder_fd);
    umount2(folder, MNT_DETACH);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline size_t bytes_free(void)
{
    struct statvfs facts;
    assert_int_equal(fstatvfs(folder_fd, &facts), 0);
    return (size_t)facts.f_bavail * facts.f_bsize;
}

/* ---- the desk ---- */

static inline void must_create(struct dk_desk *desk, const struct dk_geometry *geometry, uint32_t index)
{
    struct dk_identity wanted = identity;
    wanted.desk = index;
    if (dk_desk_create(desk, folder_fd, geometry, &wanted, 0, false) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

static inline void must_publish(struct dk_desk *desk)
{
    if (dk_desk_publish(desk, folder_fd) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

#define IN_A_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
