/* SPDX-License-Identifier: MIT */
/*
 * lock: one docketd per realm. An open file description lock: it lives exactly
 * as long as the descriptor, whatever ends the process, in any pid namespace.
 * The text in the file is for the sentence only and decides nothing.
 */
#include "base/files.h"
#include "base/spell.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "docketd.lock"

enum { HOLDER_BYTES = 96 + DK_PATH_BYTES };

/* What the holder wrote into it; the words where it has not yet. */
static void read_holder(int fd, char holder[HOLDER_BYTES])
{
    ssize_t length = pread(fd, holder, HOLDER_BYTES - 1, 0);
    holder[length > 0 ? length : 0] = 0;
    holder[strcspn(holder, "\n")] = 0;
    for (char *byte = holder; *byte != 0; byte++)
        if ((unsigned char)*byte < ' ')
            *byte = '?';
    if (holder[0] == 0)
        snprintf(holder, HOLDER_BYTES, "it has not written yet who it is");
}

static void write_holder(int fd, const char *realm)
{
    char text[HOLDER_BYTES], since[DK_SPELL_UTC_BYTES];
    dk_spell_utc(time(NULL), since);
    int length = snprintf(text, sizeof text, "pid %ld since %s%s%s\n", (long)getpid(), since,
                          realm != NULL ? ", realm " : "", realm != NULL ? realm : "");
    if (length < 0 || (size_t)length >= sizeof text)
        return;
    /* A full disk may leave it empty; the lock holds all the same. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) != length)
        return;
}

/* Locked, on *lock_fd. BUSY with holder: somebody else has it. */
static docket_status take(int directory, const char *name, char holder[HOLDER_BYTES], int *lock_fd)
{
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 && errno == ELOOP)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s is a symbolic link", name);
    if (fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open %s", name);
    docket_status status = dk_file_check(fd, name, geteuid(), 0600);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (status == DOCKET_OK && fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        int error = errno;
        read_holder(fd, holder);
        status = error == EAGAIN || error == EACCES ? DOCKET_BUSY
                                                    : dk_fail_errno(DOCKET_SYSTEM, error, "cannot lock %s", name);
    }
    if (status != DOCKET_OK) {
        close(fd);
        return status;
    }
    *lock_fd = fd;
    return DOCKET_OK;
}

docket_status dk_lock_take(int realm_fd, int *lock_fd)
{
    char holder[HOLDER_BYTES];
    docket_status status = take(realm_fd, LOCK_NAME, holder, lock_fd);
    if (status == DOCKET_BUSY)
        return dk_fail(DOCKET_STORE_IN_USE, "another docketd serves this realm (%s); stop it first", holder);
    if (status == DOCKET_OK)
        write_holder(*lock_fd, NULL);
    return status;
}

docket_status dk_lock_take_copy(int directory, const char *name, const char *realm, int *lock_fd)
{
    char holder[HOLDER_BYTES], path[PATH_MAX];
    docket_status status = take(directory, name, holder, lock_fd);
    if (status == DOCKET_BUSY)
        return dk_fail(DOCKET_STORE_COPIED,
                       "another docketd has a copy of this very store open (%s). One of the two is a copy, and if both "
                       "gave numbers, each would be given twice: stop one, and find out which is the newer",
                       holder);
    if (status == DOCKET_OK)
        write_holder(*lock_fd, realpath(realm, path) != NULL ? path : realm);
    return status;
}
