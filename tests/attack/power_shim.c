/* SPDX-License-Identifier: MIT */
/*
 * power_shim: preloaded into docketd, writes down every operation on files
 * below the realm (and below a second folder, for the witness), in order, with
 * its bytes, and moves the clock of power.h. One lock is held around each
 * operation and its record, so that the order of the records is the real one.
 *
 *   POWER_CLOCK  the shared clock     POWER_LOG    where the records go
 *   POWER_ROOTS  folders, separated by ':'
 */
#include "power.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOTS = 2, PATH_BYTES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct power_clock *power_clock;
static int log_fd = -1;
static char roots[ROOTS][PATH_BYTES];
static unsigned root_count;

static void die(const char *what)
{
    fprintf(stderr, "power_shim: %s: %s\n", what, strerror(errno));
    _exit(99);
}

/* ---- the log ---- */

static void put(const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        long done = syscall(SYS_write, log_fd, at, count);
        if (done <= 0)
            die("cannot write the log");
        at += done;
        count -= (size_t)done;
    }
}

static void note(struct power_record record, const void *bytes)
{
    record.number = (atomic_load(&power_clock->count) + 1) / 2;
    put(&record, sizeof record);
    if (record.bytes)
        put(bytes, record.bytes);
}

static void note_roots(void)
{
    for (unsigned at = 0; at < root_count; at++) {
        struct stat facts;
        if (stat(roots[at], &facts) != 0)
            die(roots[at]);
        note((struct power_record){.kind = POWER_ROOT, .object = facts.st_ino, .offset = at}, NULL);
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *clock_path = getenv("POWER_CLOCK"), *log_path = getenv("POWER_LOG");
    char *list = getenv("POWER_ROOTS");
    if (!clock_path || !log_path || !list)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, clock_path, O_RDWR | O_CLOEXEC);
    power_clock = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (power_clock == MAP_FAILED || log_fd < 0)
        die("cannot open the clock or the log");
    char *rest = NULL, *copy = strdup(list);
    for (char *word = strtok_r(copy, ":", &rest); word && root_count < ROOTS; word = strtok_r(NULL, ":", &rest))
        snprintf(roots[root_count++], PATH_BYTES, "%s", word);
    free(copy);
    note_roots();
}

/* ---- what is ours ---- */

static bool below_roots(const char *path)
{
    for (unsigned at = 0; at < root_count; at++) {
        size_t length = strlen(roots[at]);
        if (strncmp(path, roots[at], length) == 0 && (path[length] == '/' || path[length] == 0))
            return true;
    }
    return false;
}

static bool path_of_fd(int fd, char path[PATH_BYTES])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* An open file of ours: its inode; 0 if it is not. */
static uint64_t ours(int fd)
{
    char path[PATH_BYTES];
    struct stat facts;
    int error = errno;
    bool mine = log_fd >= 0 && fd != log_fd && fstat(fd, &facts) == 0 &&
                (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode)) && path_of_fd(fd, path) && below_roots(path);
    errno = error;
    return mine ? facts.st_ino : 0;
}

/* A name: its directory's inode and the last word; 0 if it is not ours. */
static uint64_t place(int directory, const char *name, const char **word)
{
    char path[2 * PATH_BYTES], at[PATH_BYTES] = "";
    struct stat facts;
    int error = errno;
    if (log_fd < 0)
        return 0;
    if (name[0] == '/')
        snprintf(path, sizeof path, "%s", name);
    else if (directory == AT_FDCWD ? getcwd(at, sizeof at) == NULL : !path_of_fd(directory, at))
        return 0;
    else
        snprintf(path, sizeof path, "%s/%s", at, name);
    char *slash = strrchr(path, '/');
    *word = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    bool mine = below_roots(path);
    *slash = 0;
    mine = mine && below_roots(path) && stat(path, &facts) == 0;
    errno = error;
    return mine ? facts.st_ino : 0;
}

static uint64_t inode_of(int directory, const char *name)
{
    struct stat facts;
    int error = errno;
    bool found = fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
                 (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode));
    errno = error;
    return found ? facts.st_ino : 0;
}

/* ---- an operation ---- */

static void enter(void)
{
    pthread_mutex_lock(&lock);
    if (atomic_load(&power_clock->crash_in) > 0 && atomic_fetch_sub(&power_clock->crash_in, 1) == 1)
        _exit(9);
    atomic_fetch_add(&power_clock->count, 1);
}

static void leave(void)
{
    int error = errno;
    atomic_fetch_add(&power_clock->count, 1);
    pthread_mutex_unlock(&lock);
    errno = error;
}

static void note_name(enum power_kind kind, uint64_t object, uint64_t where, const char *word)
{
    note((struct power_record){.kind = kind, .object = object, .where = where, .bytes = strlen(word) + 1}, word);
}

static int open_ours(int directory, const char *name, int flags, mode_t mode)
{
    const char *word = "";
    uint64_t where = flags & (O_CREAT | O_TRUNC) ? place(directory, name, &word) : 0;
    if (where == 0)
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    enter();
    uint64_t before = inode_of(directory, name);
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode);
    if (fd >= 0 && before == 0)
        note_name(POWER_MAKE, inode_of(directory, name), where, word);
    else if (fd >= 0 && flags & O_TRUNC)
        note((struct power_record){.kind = POWER_TRUNCATE, .object = before}, NULL);
    leave();
    return fd;
}

#define MODE_OF(flags)                        \
    mode_t mode = 0;                          \
    if ((flags) & O_CREAT) {                  \
        va_list more;                         \
        va_start(more, flags);                \
        mode = va_arg(more, mode_t);          \
        va_end(more);                         \
    }

int open(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_ours(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_ours(AT_FDCWD, name, flags, mode);
}

int openat(int directory, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_ours(directory, name, flags, mode);
}

int openat64(int directory, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_ours(directory, name, flags, mode);
}

int creat(const char *name, mode_t mode)
{
    return open_ours(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int mkdirat(int directory, const char *name, mode_t mode)
{
    const char *word;
    uint64_t where = place(directory, name, &word);
    if (where == 0)
        return (int)syscall(SYS_mkdirat, directory, name, mode);
    enter();
    int result = (int)syscall(SYS_mkdirat, directory, name, mode);
    if (result == 0)
        note_name(POWER_MAKE_DIRECTORY, inode_of(directory, name), where, word);
    leave();
    return result;
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

int unlinkat(int directory, const char *name, int flags)
{
    const char *word;
    uint64_t where = place(directory, name, &word);
    if (where == 0)
        return (int)syscall(SYS_unlinkat, directory, name, flags);
    enter();
    int result = (int)syscall(SYS_unlinkat, directory, name, flags);
    if (result == 0)
        note_name(POWER_UNLINK, 0, where, word);
    leave();
    return result;
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
    const char *old_word = "", *word = "";
    uint64_t where = place(from, old, &old_word), there = place(to, name, &word);
    if (where == 0 || there == 0)
        return (int)syscall(SYS_renameat2, from, old, to, name, flags);
    enter();
    int result = (int)syscall(SYS_renameat2, from, old, to, name, flags);
    if (result == 0) {
        char both[2 * PATH_BYTES];
        size_t first = strlen(old_word) + 1;
        memcpy(both, old_word, first);
        memcpy(both + first, word, strlen(word) + 1);
        note((struct power_record){.kind = POWER_RENAME, .object = inode_of(to, name), .where = where,
                                   .there = there, .bytes = first + strlen(word) + 1}, both);
    }
    leave();
    return result;
}

int renameat(int from, const char *old, int to, const char *name)
{
    return renameat2(from, old, to, name, 0);
}

int rename(const char *old, const char *name)
{
    return renameat2(AT_FDCWD, old, AT_FDCWD, name, 0);
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
    const char *word;
    uint64_t where = place(to, name, &word);
    if (where == 0)
        return (int)syscall(SYS_linkat, from, old, to, name, flags);
    enter();
    int result = (int)syscall(SYS_linkat, from, old, to, name, flags);
    if (result == 0)
        note_name(POWER_LINK, inode_of(to, name), where, word);
    leave();
    return result;
}

int link(const char *old, const char *name)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, name, 0);
}

/* ---- bytes ---- */

static void note_parts(uint64_t object, uint64_t offset, bool durable, const struct iovec *parts, size_t bytes)
{
    struct power_record record = {.number = (atomic_load(&power_clock->count) + 1) / 2,
                                  .kind = durable ? POWER_WRITE_DURABLE : POWER_WRITE,
                                  .object = object,
                                  .offset = offset,
                                  .bytes = bytes};
    put(&record, sizeof record);
    for (; bytes > 0; parts++) {
        size_t some = parts->iov_len < bytes ? parts->iov_len : bytes;
        put(parts->iov_base, some);
        bytes -= some;
    }
}

/* at < 0: at the descriptor's own offset */
static ssize_t write_ours(int fd, const struct iovec *parts, int count, off_t at)
{
    uint64_t object = ours(fd);
    if (object == 0)
        return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    enter();
    int flags = fcntl(fd, F_GETFL);
    struct stat facts = {0};
    fstat(fd, &facts);
    off_t from = at >= 0 ? at : flags & O_APPEND ? facts.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t done = at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    if (done > 0)
        note_parts(object, (uint64_t)from, (flags & O_DSYNC) == O_DSYNC, parts, (size_t)done);
    leave();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    struct iovec part = {(void *)(uintptr_t)bytes, count};
    return write_ours(fd, &part, 1, -1);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_ours(fd, parts, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    struct iovec part = {(void *)(uintptr_t)bytes, count};
    return write_ours(fd, &part, 1, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    return pwrite(fd, bytes, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return write_ours(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return write_ours(fd, parts, count, at);
}

int ftruncate(int fd, off_t size)
{
    uint64_t object = ours(fd);
    if (object == 0)
        return (int)syscall(SYS_ftruncate, fd, size);
    enter();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0)
        note((struct power_record){.kind = POWER_TRUNCATE, .object = object, .offset = (uint64_t)size}, NULL);
    leave();
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* ---- syncs ---- */

static int sync_ours(long call, int fd)
{
    uint64_t object = ours(fd);
    if (object == 0)
        return (int)syscall(call, fd);
    enter();
    int result = (int)syscall(call, fd);
    if (result == 0)
        note((struct power_record){.kind = POWER_SYNC, .object = object}, NULL);
    leave();
    return result;
}

int fsync(int fd)
{
    return sync_ours(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_ours(SYS_fdatasync, fd);
}

/* Never by a mapping: then we should not see what was written. */
int msync(void *address, size_t bytes, int flags)
{
    (void)address;
    (void)bytes;
    (void)flags;
    errno = ENOTSUP;
    die("the store is synced through a mapping");
    return -1;
}
