/* SPDX-License-Identifier: MIT */
#include "table/seat.h"

#include "base/files.h"
#include "table/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static int open_seat(int directory, uint32_t desk, uint32_t seat, int flags)
{
    char name[48];
    snprintf(name, sizeof name, "seat-%u-%u", desk, seat);
    return openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
}

docket_status dk_seat_open(int directory, uint32_t desk, uint32_t seat, int *keep)
{
    *keep = open_seat(directory, desk, seat, O_RDWR);
    if (*keep < 0)
        return dk_fail_errno(errno == ENOENT ? DOCKET_NO_REALM : dk_status_of_errno(errno), errno,
                             "cannot open seat %u of desk %u", seat, desk);
    return DOCKET_OK;
}

bool dk_seat_take_lock(int keep)
{
    struct flock lock = whole_file(F_WRLCK);
    return fcntl(keep, F_OFD_SETLK, &lock) == 0; /* ORDER-11: what the dead owner stored last */
}

bool dk_seat_is_held(int keep)
{
    struct flock lock = whole_file(F_WRLCK);
    return fcntl(keep, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool dk_seat_cursor(int keep, uint32_t line, uint64_t *word)
{
    uint64_t read = 0;
    off_t at = (off_t)(dk_lines_at() + line * sizeof(struct shared_line) + offsetof(struct shared_line, cursor));
    ssize_t got = keep < 0 ? 0 : pread(keep, &read, sizeof read, at); /* ORDER-7 */
    *word = got == (ssize_t)sizeof read ? read : 0;
    return got >= 0;
}

int64_t dk_seat_claimed_s(int keep, uint32_t line)
{
    uint64_t read = 0;
    off_t at = (off_t)(dk_lines_at() + line * sizeof(struct shared_line) + offsetof(struct shared_line, claimed_s));
    ssize_t got = keep < 0 ? 0 : pread(keep, &read, sizeof read, at);
    return got == (ssize_t)sizeof read && read <= INT64_MAX ? (int64_t)read : 0;
}

void dk_seat_figures(int keep, struct shared_seat_words *figures)
{
    if (keep < 0 || pread(keep, figures, sizeof *figures, (off_t)dk_seat_words_at()) != (ssize_t)sizeof *figures)
        memset(figures, 0, sizeof *figures);
}

/* Header and lines in one private image, so that the file is written once. */
static docket_status write_lines(int fd, const struct dk_geometry *geometry, const struct dk_identity *identity,
                                 uint32_t seat, uint64_t salt)
{
    size_t bytes = dk_seat_bytes(geometry);
    uint8_t *image = calloc(1, bytes);
    if (image == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a seat of %zu bytes", bytes);
    dk_header_fill((void *)image, DK_MAGIC_SEAT, geometry, identity, seat, bytes);
    ((struct shared_header *)(void *)image)->ready = DK_READY;
    for (uint32_t line = 0; line < geometry->lines_per_seat; line++)
        dk_seat_line(image, line)->cursor = dk_cursor_none(salt, line);
    ssize_t written = pwrite(fd, image, bytes, 0);
    int error = errno;
    free(image);
    if (written != (ssize_t)bytes)
        return dk_fail_errno(written < 0 ? dk_status_of_errno(error) : DOCKET_NO_SPACE, written < 0 ? error : ENOSPC,
                             "cannot write a seat of %zu bytes on the runtime tmpfs", bytes);
    return DOCKET_OK;
}

static docket_status prepare(int fd, const struct dk_geometry *geometry, const struct dk_identity *identity,
                             uint32_t seat, uint64_t salt, gid_t group, bool group_set)
{
    size_t bytes = dk_seat_bytes(geometry);
    if (fchmod(fd, 0640) != 0 || (group_set && fchown(fd, (uid_t)-1, group) != 0))
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot set owner and mode of seat %u", seat);
    if (ftruncate(fd, (off_t)bytes) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot size seat %u to %zu bytes", seat, bytes);
    int error = posix_fallocate(fd, 0, (off_t)bytes);
    if (error != 0)
        return dk_fail_errno(dk_status_of_errno(error), error,
                             "cannot allocate %zu bytes for a seat on the runtime tmpfs", bytes);
    return write_lines(fd, geometry, identity, seat, salt);
}

docket_status dk_seat_make(int directory, const struct dk_geometry *geometry, const struct dk_identity *identity,
                           uint32_t seat, uint64_t salt, gid_t group, bool group_set, int *keep, int *locked,
                           int *probe)
{
    docket_status status = DOCKET_OK;
    *locked = *probe = -1;
    *keep = open_seat(directory, identity->desk, seat, O_RDWR | O_CREAT);
    if (*keep >= 0)
        *locked = open_seat(directory, identity->desk, seat, O_RDWR);
    if (*locked >= 0)
        *probe = open_seat(directory, identity->desk, seat, O_RDONLY);
    if (*probe < 0) {
        int error = errno;
        status = dk_fail_errno(dk_status_of_errno(error), error, "cannot open seat %u of desk %u", seat,
                               identity->desk);
    } else if (!dk_seat_take_lock(*locked)) {
        status = dk_fail(DOCKET_BUSY, "seat %u of desk %u is held by a live process", seat, identity->desk);
    } else {
        status = prepare(*locked, geometry, identity, seat, salt, group, group_set);
    }
    if (status != DOCKET_OK) {
        int *const fds[] = {keep, locked, probe};
        for (int i = 0; i < 3; i++) {
            if (*fds[i] >= 0)
                close(*fds[i]);
            *fds[i] = -1;
        }
    }
    return status;
}

void dk_seat_reset(int keep, const struct dk_geometry *geometry)
{
    /* Zero fails every cursor check: a line of nobody says nothing. */
    static const uint8_t zeros[DK_PAGE];
    for (size_t at = 0; at < dk_seat_bytes(geometry); at += DK_PAGE)
        if (pwrite(keep, zeros, DK_PAGE, (off_t)at) != DK_PAGE)
            return; /* the next dk_seat_make() writes it all anyway */
}

/* True if somebody's lock is seen through a description that has none. */
static bool lock_is_held(int probe)
{
    struct flock lock = whole_file(F_WRLCK);
    return fcntl(probe, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

docket_status dk_seat_map(int locked, int probe, const struct dk_identity *identity, uint32_t seat, uint8_t **base,
                          size_t *bytes)
{
    struct stat facts;
    void *mapped = MAP_FAILED;
    docket_status status = dk_tmpfs_check(locked, "the seat");
    if (status == DOCKET_OK && (fstat(locked, &facts) != 0 || facts.st_size < DK_PAGE))
        status = dk_fail(DOCKET_BAD_LAYOUT, "seat %u has no usable size", seat);
    if (status == DOCKET_OK) {
        mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, locked, 0); /* ORDER-11 */
        if (mapped == MAP_FAILED)
            status = dk_fail_errno(dk_status_of_errno(errno), errno, "cannot map seat %u", seat);
    }
    close(locked);
    if (status == DOCKET_OK) {
        const struct shared_header *header = mapped;
        status = dk_header_check(header, DK_MAGIC_SEAT, (uint64_t)facts.st_size, "the seat");
        if (status == DOCKET_OK && (header->incarnation != identity->incarnation || header->seat != seat ||
                                    header->desk != identity->desk))
            status = dk_fail(DOCKET_BAD_LAYOUT, "the seat that was sent is not seat %u of this desk", seat);
    }
    if (status == DOCKET_OK && (madvise(mapped, (size_t)facts.st_size, MADV_DONTFORK) != 0 || !lock_is_held(probe)))
        status = dk_fail(DOCKET_NOT_TMPFS, "the lock of seat %u did not outlive its descriptor: this file system "
                                           "cannot hold a docket desk; set runtime_dir to a tmpfs",
                         seat);
    close(probe);
    if (status != DOCKET_OK) {
        if (mapped != MAP_FAILED)
            munmap(mapped, (size_t)facts.st_size);
        return status;
    }
    *base = mapped;
    *bytes = (size_t)facts.st_size;
    return DOCKET_OK;
}
