/* SPDX-License-Identifier: MIT */
/*
 * files: directories and small files with their owners and modes checked, and
 * the runtime directory on tmpfs.
 */
#ifndef DK_BASE_FILES_H
#define DK_BASE_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DK_PATH_BYTES 1024

/* Opens a directory O_PATH-free, O_DIRECTORY|O_CLOEXEC; refuses one that group
 * or others may write. *owner gets its uid (NULL is fine).
 * Statuses: NO_REALM (absent), UNSAFE_FILES, NOT_PERMITTED, SYSTEM. */
docket_status dk_directory_open(const char *path, int *fd, uid_t *owner) DK_MUST_USE;

/* The same, made (0700) with all that is missing above it. */
docket_status dk_directory_make(const char *path, int *fd, uid_t *owner) DK_MUST_USE;

/* NOT_TMPFS unless fd lies on tmpfs. name: for the sentence. */
docket_status dk_tmpfs_check(int fd, const char *name) DK_MUST_USE;

/* UNSAFE_FILES unless fd is a regular file with one link, owned by owner, with
 * no permission bits beyond mode_max. */
docket_status dk_file_check(int fd, const char *name, uid_t owner, mode_t mode_max) DK_MUST_USE;

/* Reads at most size - 1 bytes of a small file, adds a zero. */
docket_status dk_file_read(int directory, const char *name, char *text, size_t size) DK_MUST_USE;

/* Writes a small file under a temporary name, syncs it and its directory, and
 * renames it into place. */
docket_status dk_file_replace(int directory, const char *name, mode_t mode, const void *bytes,
                              size_t count) DK_MUST_USE;

/* The same without a sync: for files on tmpfs, which end with the boot. */
docket_status dk_file_replace_volatile(int directory, const char *name, mode_t mode, const void *bytes,
                                       size_t count) DK_MUST_USE;

/* The first of /run/docket, $XDG_RUNTIME_DIR/docket and /dev/shm/docket-UID that is
 * (or can be made) a tmpfs directory of ours; wanted != NULL asks for that one
 * alone. Made with 0700, or 0711 if shared. path gets it. */
docket_status dk_runtime_root(const char *wanted, bool shared, char *path, size_t size) DK_MUST_USE;

/* 16 bytes of /proc/sys/kernel/random/boot_id. Two boots must never look alike,
 * nor one like two: what cannot be read is a failure. */
docket_status dk_boot_id(uint8_t id[16]) DK_MUST_USE;

/* Fills with random bytes; never fails (falls back on clock and pid). */
void dk_random(void *bytes, size_t count);

#endif
