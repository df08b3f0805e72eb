/* SPDX-License-Identifier: MIT */
/*
 * files: see files.h. Every check is made on an open descriptor, never on a
 * path that somebody could exchange between the check and the use.
 */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { TEMPORARY_BYTES = 300, OTHERS_WRITE = S_IWGRP | S_IWOTH, SEARCHABLE = S_IXGRP | S_IXOTH };

/* ---- directories ---- */

static docket_status open_failed(const char *path, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return dk_fail(DOCKET_NO_REALM, "%s: no such directory", path);
    if (error == ELOOP)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s is a symbolic link; name the directory itself",
                       path);
    return dk_fail_errno(dk_status_of_errno(error), error, "cannot open the directory %s", path);
}

docket_status dk_directory_open(const char *path, int *fd, uid_t *owner)
{
    /* Symbolic links are followed: what counts is the directory that was
     * reached, and that one is checked. */
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return open_failed(path, errno);
    struct stat facts;
    docket_status status = DOCKET_OK;
    if (fstat(opened, &facts) != 0)
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at the directory %s", path);
    else if (facts.st_mode & OTHERS_WRITE)
        status =
            dk_fail(DOCKET_UNSAFE_FILES,
                    "%s may be written by its group or by everybody (mode %04o); use chmod go-w",
                    path, (unsigned)(facts.st_mode & 07777));
    if (status != DOCKET_OK) {
        close(opened);
        return status;
    }
    *fd = opened;
    if (owner)
        *owner = facts.st_uid;
    return DOCKET_OK;
}

docket_status dk_directory_make(const char *path, int *fd, uid_t *owner)
{
    char part[DK_PATH_BYTES];
    size_t length = strlen(path);
    if (path[0] != '/' || length >= sizeof part)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%.60s is no absolute path of less than %d bytes", path, DK_PATH_BYTES);
    for (size_t at = 1; at <= length; at++) {
        if (path[at] != '/' && path[at] != 0)
            continue;
        memcpy(part, path, at);
        part[at] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            int error = errno;
            struct stat facts;
            if (stat(part, &facts) != 0) /* one above us may be there, and not ours to make anything in */
                return dk_fail_errno(dk_status_of_errno(error), error, "cannot make the directory %s", part);
        }
    }
    return dk_directory_open(path, fd, owner);
}

docket_status dk_tmpfs_check(int fd, const char *name)
{
    struct statfs facts;
    if (fstatfs(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot ask for the file system of %s", name);
    if (facts.f_type != TMPFS_MAGIC)
        return dk_fail(DOCKET_NOT_TMPFS, "%s is not on tmpfs (file system type 0x%lx)", name,
                       (unsigned long)facts.f_type);
    return DOCKET_OK;
}

/* ---- small files ---- */

docket_status dk_file_check(int fd, const char *name, uid_t owner, mode_t mode_max)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at %s", name);
    if (!S_ISREG(facts.st_mode))
        return dk_fail(DOCKET_UNSAFE_FILES, "%s is not a regular file", name);
    if (facts.st_nlink != 1)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s has %lu links, and may have one only", name,
                       (unsigned long)facts.st_nlink);
    if (facts.st_uid != owner)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u, not to uid %u", name,
                       (unsigned)facts.st_uid, (unsigned)owner);
    if (facts.st_mode & 07777 & ~mode_max)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s has mode %04o, and may have %04o at most", name,
                       (unsigned)(facts.st_mode & 07777), (unsigned)mode_max);
    return DOCKET_OK;
}

static docket_status read_failed(const char *name, int error)
{
    if (error == ENOENT)
        return dk_fail(DOCKET_NO_REALM, "%s: no such file", name);
    if (error == ELOOP)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s is a symbolic link", name);
    return dk_fail_errno(dk_status_of_errno(error), error, "cannot read %s", name);
}

/* Up to count bytes; the number read, or -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t count)
{
    size_t done = 0;
    while (done < count) {
        ssize_t got = read(fd, bytes + done, count - done);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        if (got > 0)
            done += (size_t)got;
    }
    return (ssize_t)done;
}

docket_status dk_file_read(int directory, const char *name, char *text, size_t size)
{
    /* O_NONBLOCK: a planted fifo must not hold us. */
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return read_failed(name, errno);
    struct stat facts;
    docket_status status = DOCKET_OK;
    ssize_t got = 0;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
        status = dk_fail(DOCKET_UNSAFE_FILES, "%s is not a regular file", name);
    else if ((got = read_all(fd, text, size - 1)) < 0)
        status = read_failed(name, errno);
    else
        text[got] = 0;
    close(fd);
    return status;
}

/* 0, or an errno. */
static int write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t put = write(fd, bytes, count);
        if (put < 0 && errno != EINTR)
            return errno;
        if (put > 0) {
            bytes += put;
            count -= (size_t)put;
        }
    }
    return 0;
}

/* Makes the whole file under its temporary name; if durable, on the disk. 0, or an errno. */
static int write_temporary(int directory, const char *temporary, mode_t mode, const void *bytes,
                           size_t count, bool durable)
{
    int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, count);
    if (!error && (fchmod(fd, mode) != 0 || (durable && fsync(fd) != 0)))
        error = errno;
    if (close(fd) != 0 && !error)
        error = errno;
    return error;
}

static docket_status replace(int directory, const char *name, mode_t mode, const void *bytes,
                             size_t count, bool durable)
{
    char temporary[TEMPORARY_BYTES];
    uint64_t salt;
    dk_random(&salt, sizeof salt);
    int length =
        snprintf(temporary, sizeof temporary, "%s.%016llx.new", name, (unsigned long long)salt);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the file name %.60s... is too long", name);

    int error = write_temporary(directory, temporary, mode, bytes, count, durable);
    if (!error && renameat(directory, temporary, directory, name) != 0)
        error = errno;
    if (error) {
        unlinkat(directory, temporary, 0);
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot write %s", name);
    }
    /* Without this a power loss may bring the old file back. */
    if (durable && fsync(directory) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot sync the directory of %s",
                             name);
    return DOCKET_OK;
}

docket_status dk_file_replace(int directory, const char *name, mode_t mode, const void *bytes,
                              size_t count)
{
    return replace(directory, name, mode, bytes, count, true);
}

docket_status dk_file_replace_volatile(int directory, const char *name, mode_t mode, const void *bytes,
                                       size_t count)
{
    return replace(directory, name, mode, bytes, count, false);
}

/* ---- the runtime directory ---- */

/* The open directory must be ours, closed to other writers, and on tmpfs. */
static docket_status check_root(int fd, const char *path, bool shared)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at %s", path);
    if (facts.st_uid != geteuid())
        return dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u, not to this process (uid %u)",
                       path, (unsigned)facts.st_uid, (unsigned)geteuid());
    if (facts.st_mode & OTHERS_WRITE)
        return dk_fail(DOCKET_UNSAFE_FILES,
                       "%s may be written by others (mode %04o); use chmod go-w", path,
                       (unsigned)(facts.st_mode & 07777));
    docket_status status = dk_tmpfs_check(fd, path);
    if (status != DOCKET_OK)
        return status;
    bool reachable = (facts.st_mode & SEARCHABLE) == SEARCHABLE;
    if (shared && !reachable && fchmod(fd, (facts.st_mode & 07777) | SEARCHABLE) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot let workers reach %s", path);
    return DOCKET_OK;
}

static docket_status use_root(const char *path, bool shared)
{
    bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        /* NOFOLLOW with DIRECTORY says ENOTDIR of a symbolic link. */
        if (errno == ENOTDIR || errno == ELOOP)
            return dk_fail(DOCKET_UNSAFE_FILES, "%s is a link or a file, not a directory", path);
        return open_failed(path, errno);
    }
    docket_status status = check_root(fd, path, shared);
    close(fd);
    if (status != DOCKET_OK && made)
        rmdir(path); /* leave nothing where we shall not live */
    return status;
}

/* The candidates, in order; false if this one cannot be spelled here. */
static bool name_root(int candidate, char *path, size_t size)
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    int length = -1;
    if (candidate == 0)
        length = snprintf(path, size, "/run/docket");
    else if (candidate == 1 && session && session[0] == '/')
        length = snprintf(path, size, "%s/docket", session);
    else if (candidate == 2)
        length = snprintf(path, size, "/dev/shm/docket-%u", (unsigned)geteuid());
    return length > 0 && (size_t)length < size;
}

docket_status dk_runtime_root(const char *wanted, bool shared, char *path, size_t size)
{
    char tried[DK_PATH_BYTES];
    if (wanted) {
        if (strlen(wanted) >= size)
            return dk_fail(DOCKET_BAD_ARGUMENT, "the runtime directory's name is too long");
        docket_status status = use_root(wanted, shared);
        if (status == DOCKET_OK)
            memcpy(path, wanted, strlen(wanted) + 1);
        return status;
    }
    docket_status status = dk_fail(DOCKET_BAD_ARGUMENT, "no name of a runtime directory fits");
    for (int candidate = 0; candidate < 3; candidate++) {
        if (!name_root(candidate, tried, size < sizeof tried ? size : sizeof tried))
            continue;
        status = use_root(tried, shared);
        if (status == DOCKET_OK) {
            memcpy(path, tried, strlen(tried) + 1);
            return DOCKET_OK;
        }
    }
    return dk_wrap(status,
                   "no directory for the runtime files (tried /run/docket, "
                   "$XDG_RUNTIME_DIR/docket and /dev/shm/docket-%u)",
                   (unsigned)geteuid());
}

/* ---- identities ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

docket_status dk_boot_id(uint8_t id[16])
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    char text[64];
    memset(id, 0, 16);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read_all(fd, text, sizeof text);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (length < 0)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot tell this boot from the last: %s", path);
    unsigned nibble = 0;
    for (ssize_t at = 0; at < length && nibble < 32; at++) {
        int digit = hex_digit(text[at]);
        if (digit < 0)
            continue; /* the dashes */
        id[nibble / 2] = (uint8_t)(id[nibble / 2] << 4 | digit);
        nibble++;
    }
    return nibble == 32 ? DOCKET_OK : dk_fail(DOCKET_SYSTEM, "%s holds no boot id", path);
}

/* Spreads the bits of a seed over the whole word. */
static uint64_t mix(uint64_t seed)
{
    seed = (seed ^ seed >> 31) * 0x9e3779b97f4a7c15u;
    seed = (seed ^ seed >> 29) * 0xd6e8feb86659fd93u;
    return seed ^ seed >> 32;
}

void dk_random(void *bytes, size_t count)
{
    uint8_t *at = bytes;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0) {
            at += got;
            count -= (size_t)got;
        }
    }
    struct timespec now;
    for (; count > 0; at++, count--) { /* only where the kernel has no getrandom */
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t salt = (uint64_t)getpid() << 40 ^ (uint64_t)count << 32 ^ (uint64_t)(uintptr_t)at;
        *at = (uint8_t)mix(salt ^ (uint64_t)now.tv_nsec);
    }
}
