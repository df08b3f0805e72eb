/* SPDX-License-Identifier: MIT */
/*
 * lock: one docketd per realm. An open file description lock: it lives exactly
 * as long as the descriptor, whatever ends the process, in any pid namespace.
 * The text in the file is for the sentence only and decides nothing.
 */
#include "base/files.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "docketd.lock"

enum { HOLDER_BYTES = 96 };

static docket_status in_use(int fd)
{
    char holder[HOLDER_BYTES];
    ssize_t length = pread(fd, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = 0;
    holder[strcspn(holder, "\n")] = 0;
    return dk_fail(DOCKET_STORE_IN_USE, "another docketd serves this realm (%s); stop it first",
                   holder[0] ? holder : "it has not written yet who it is");
}

static void write_holder(int fd)
{
    char text[HOLDER_BYTES], since[32];
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    int length = snprintf(text, sizeof text, "pid %ld since %s\n", (long)getpid(), since);
    /* A full disk may leave it empty; the lock holds all the same. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) != length)
        return;
}

docket_status dk_lock_take(int realm_fd, int *lock_fd)
{
    int fd =
        openat(realm_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 && errno == ELOOP)
        return dk_fail(DOCKET_UNSAFE_FILES, LOCK_NAME " is a symbolic link");
    if (fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open " LOCK_NAME);
    docket_status status = dk_file_check(fd, LOCK_NAME, geteuid(), 0600);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (status == DOCKET_OK && fcntl(fd, F_OFD_SETLK, &whole) != 0)
        status = errno == EAGAIN || errno == EACCES
                     ? in_use(fd)
                     : dk_fail_errno(DOCKET_SYSTEM, errno, "cannot lock " LOCK_NAME);
    if (status != DOCKET_OK) {
        close(fd);
        return status;
    }
    write_holder(fd);
    *lock_fd = fd;
    return DOCKET_OK;
}
