/* SPDX-License-Identifier: MIT */
#include "worklog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 4096,
    CLOSED_AT = 4088,
    RECORD_BYTES = 16,
    PAGE_BYTES = 4096,
    WINDOW_BYTES = 1 << 20,
    GROWTH_BYTES = 16 << 20
};

static int write_all(int fd, const void *bytes, size_t count, off_t at)
{
    ssize_t written = pwrite(fd, bytes, count, at);
    if (written < 0)
        return errno;
    return (size_t)written == count ? 0 : EIO;
}

/* The text, with a step line that says step + unreturned. */
static int write_header(const struct worklog *log)
{
    char header[CLOSED_AT] = {0};
    snprintf(header, sizeof header, "%sstep=%llu\n", log->head,
             (unsigned long long)(log->unreturned + log->step));
    return write_all(log->fd, header, sizeof header, 0);
}

/* Maps the window that begins at `at`, growing the file where it must. */
static int map_window(struct worklog *log, size_t at, size_t size)
{
    if (at + size > log->file_size) {
        size_t grown = at + (size < WINDOW_BYTES ? size : GROWTH_BYTES);
        if (ftruncate(log->fd, (off_t)grown) != 0)
            return errno;
        log->file_size = grown;
    }
    void *window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd, (off_t)at);
    if (window == MAP_FAILED)
        return errno;
    if (log->window)
        munmap(log->window, log->window_size);
    log->window = window;
    log->window_at = at;
    log->window_size = size;
    log->end = 0;
    return 0;
}

static size_t first_window(uint64_t records)
{
    if (records == 0 || records >= WINDOW_BYTES / RECORD_BYTES)
        return WINDOW_BYTES;
    return ((size_t)(records + 1) * RECORD_BYTES + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* Gives the open file its header, its length and its first window. */
static int begin(struct worklog *log, uint64_t records)
{
    size_t window = first_window(records);
    int error = write_header(log);
    if (error)
        return error;
    log->file_size = HEADER_BYTES + window;
    if (records * RECORD_BYTES > window)
        log->file_size = HEADER_BYTES + (size_t)records * RECORD_BYTES;
    if (ftruncate(log->fd, (off_t)log->file_size) != 0)
        return errno;
    return map_window(log, HEADER_BYTES, window);
}

/* The log's name into path[1024], and the head of its text. */
static int name_log(struct worklog *log, char *path, const char *directory, const char *id,
                    const char *tenant, const char *series)
{
    int length = snprintf(path, 1024, "%s/%s.%s.%s.log", directory, id, tenant, series);
    if (length < 0 || length >= 1024)
        return ENAMETOOLONG;
    *log = (struct worklog){.fd = -1};
    snprintf(log->head, sizeof log->head, "docket-log 1\nid=%s\ntenant=%s\nseries=%s\n", id, tenant,
             series);
    return 0;
}

int worklog_open(struct worklog *log, const char *directory, const char *id, const char *tenant,
                 const char *series, uint32_t step, uint64_t records)
{
    char path[1024];
    char hidden[1040];
    int wrong = name_log(log, path, directory, id, tenant, series);
    if (wrong)
        return wrong;
    snprintf(hidden, sizeof hidden, "%s.tmp", path);
    log->step = step;
    log->fd = open(hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (log->fd < 0)
        return errno;
    int error = begin(log, records);
    if (!error && link(hidden, path) != 0) /* never over a log that exists */
        error = errno;
    unlink(hidden);
    if (error)
        worklog_drop(log);
    return error;
}

/* How many records stand in the file: a zero number ends them. */
static int count_records(struct worklog *log, uint64_t *count)
{
    uint64_t low = 0, high = (log->file_size - HEADER_BYTES) / RECORD_BYTES;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2, number;
        if (pread(log->fd, &number, sizeof number, (off_t)(HEADER_BYTES + middle * RECORD_BYTES)) !=
            (ssize_t)sizeof number)
            return EIO;
        if (number)
            low = middle + 1;
        else
            high = middle;
    }
    *count = low;
    return 0;
}

int worklog_resume(struct worklog *log, const char *directory, const char *id, const char *tenant,
                   const char *series)
{
    char path[1024];
    int error = name_log(log, path, directory, id, tenant, series);
    if (error)
        return error;
    log->fd = open(path, O_RDWR | O_CLOEXEC);
    off_t size = log->fd < 0 ? -1 : lseek(log->fd, 0, SEEK_END);
    if (size < HEADER_BYTES) {
        error = log->fd < 0 ? errno : EIO;
        worklog_drop(log);
        return error;
    }
    log->file_size = (size_t)size;
    error = count_records(log, &log->records);
    size_t end = HEADER_BYTES + (size_t)log->records * RECORD_BYTES;
    if (!error)
        error = map_window(log, end / PAGE_BYTES * PAGE_BYTES, WINDOW_BYTES);
    if (error) {
        worklog_drop(log);
        return error;
    }
    log->end = end % PAGE_BYTES;
    return 0;
}

int worklog_add(struct worklog *log, uint64_t number, int32_t period, enum worklog_kind kind)
{
    if (log->end + RECORD_BYTES > log->window_size) {
        int error = map_window(log, log->window_at + log->window_size, WINDOW_BYTES);
        if (error)
            return error;
    }
    unsigned char *to = log->window + log->end;
    uint32_t kind_word = kind;
    memcpy(to + 8, &period, sizeof period);
    memcpy(to + 12, &kind_word, sizeof kind_word);
    __atomic_store_n((uint64_t *)(void *)to, number, __ATOMIC_RELEASE);
    log->end += RECORD_BYTES;
    log->records++;
    return 0;
}

int worklog_excuse(struct worklog *log, uint32_t count)
{
    log->unreturned += count;
    return write_header(log);
}

int worklog_close(struct worklog *log)
{
    static const uint64_t one = 1;
    int error;
    if (log->unreturned) {
        log->step = 0; /* the thread is in no call any more */
        error = write_header(log);
    } else {
        error = write_all(log->fd, &one, sizeof one, CLOSED_AT);
    }
    if (!error && ftruncate(log->fd, (off_t)(log->window_at + log->end)) != 0)
        error = errno;
    worklog_drop(log);
    return error;
}

void worklog_drop(struct worklog *log)
{
    if (log->window)
        munmap(log->window, log->window_size);
    if (log->fd >= 0)
        close(log->fd);
    *log = (struct worklog){.fd = -1};
}
