/* SPDX-License-Identifier: MIT */
#include "sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MERGE_RECORDS = 1 << 20 /* all parts' buffers together */, PART_LEAST = 1024, PART_MOST = 1 << 15, SMALL = 24 };

/* One sorted part, as far as it was read. */
struct part {
    uint64_t from, count; /* in the file: records not read yet */
    struct sorted *buffer;
    size_t at, filled;
};

struct sorter {
    struct sorted *records;
    size_t count, room;
    int fd; /* of the parts; -1: none was written */
    uint64_t written;
    struct part *parts;
    size_t part_count, part_room;
    size_t *heap, heap_count; /* of parts, the least first */
    bool reading;
    char error[256];
};

/* ---- files ---- */

const char *sorter_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] == '/' ? folder : "/tmp";
}

int sorter_file(void)
{
    char path[4096];
    int fd = open(sorter_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
        return fd;
    if (snprintf(path, sizeof path, "%s/docket-scan-XXXXXX", sorter_folder()) >= (int)sizeof path)
        return errno = ENAMETOOLONG, -1;
    fd = mkostemp(path, O_CLOEXEC); /* a file system without unnamed files */
    if (fd >= 0)
        unlink(path);
    return fd;
}

bool sorter_write(int fd, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t put = write(fd, at, count);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return errno = put == 0 ? ENOSPC : errno, false;
        at += put;
        count -= (size_t)put;
    }
    return true;
}

static bool refuse(struct sorter *sorter, const char *what)
{
    snprintf(sorter->error, sizeof sorter->error, "cannot %s a temporary file in %.120s: %s; TMPDIR names a folder with more room",
             what, sorter_folder(), strerror(errno));
    return false;
}

static bool no_memory(struct sorter *sorter)
{
    snprintf(sorter->error, sizeof sorter->error, "no memory to sort in");
    return false;
}

/* ---- sorting in memory: quicksort, and heapsort where that would take long ---- */

static inline bool is_less(const struct sorted *a, const struct sorted *b)
{
    if (a->key[0] != b->key[0])
        return a->key[0] < b->key[0];
    return a->key[1] != b->key[1] ? a->key[1] < b->key[1] : a->key[2] < b->key[2];
}

static inline void swap(struct sorted *a, struct sorted *b)
{
    struct sorted kept = *a;
    *a = *b;
    *b = kept;
}

static void sift(struct sorted *records, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && is_less(&records[child], &records[child + 1]);
        if (!is_less(&records[at], &records[child]))
            return;
        swap(&records[at], &records[child]);
    }
}

static void sort_by_heap(struct sorted *records, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sift(records, at, count);
    for (size_t end = count; end-- > 1;) {
        swap(&records[0], &records[end]);
        sift(records, 0, end);
    }
}

static void sort_small(struct sorted *records, size_t count)
{
    for (size_t at = 1; at < count; at++) {
        struct sorted one = records[at];
        size_t to = at;
        for (; to > 0 && is_less(&one, &records[to - 1]); to--)
            records[to] = records[to - 1];
        records[to] = one;
    }
}

/* The middle one of three goes first. */
static void choose(struct sorted *records, size_t count)
{
    struct sorted *a = &records[0], *b = &records[count / 2], *c = &records[count - 1];
    struct sorted *middle = is_less(a, b) ? (is_less(b, c) ? b : is_less(a, c) ? c : a)
                                          : (is_less(a, c) ? a : is_less(b, c) ? c : b);
    swap(a, middle);
}

static size_t divide(struct sorted *records, size_t count)
{
    choose(records, count);
    const struct sorted pivot = records[0];
    size_t low = 0, high = count;
    for (;;) {
        do
            low++;
        while (low < count && is_less(&records[low], &pivot));
        do
            high--;
        while (is_less(&pivot, &records[high]));
        if (low >= high)
            break;
        swap(&records[low], &records[high]);
    }
    swap(&records[0], &records[high]);
    return high;
}

static void sort(struct sorted *records, size_t count, unsigned depth)
{
    while (count > SMALL) {
        if (depth-- == 0) {
            sort_by_heap(records, count);
            return;
        }
        size_t at = divide(records, count);
        if (at < count - at - 1) { /* the shorter side by a call */
            sort(records, at, depth);
            records += at + 1;
            count -= at + 1;
        } else {
            sort(records + at + 1, count - at - 1, depth);
            count = at;
        }
    }
    sort_small(records, count);
}

static void sort_all(struct sorter *sorter)
{
    unsigned depth = 8;
    for (size_t left = sorter->count; left > 0; left >>= 1)
        depth += 2;
    sort(sorter->records, sorter->count, depth);
}

/* ---- parts ---- */

struct sorter *sorter_open(size_t room)
{
    struct sorter *sorter = calloc(1, sizeof *sorter);
    if (sorter == NULL)
        return NULL;
    *sorter = (struct sorter){.room = room, .fd = -1, .records = malloc(room * sizeof *sorter->records)};
    if (sorter->records != NULL)
        return sorter;
    free(sorter);
    return NULL;
}

void sorter_close(struct sorter *sorter)
{
    if (sorter == NULL)
        return;
    for (size_t at = 0; at < sorter->part_count; at++)
        free(sorter->parts[at].buffer);
    if (sorter->fd >= 0)
        close(sorter->fd);
    free(sorter->parts);
    free(sorter->heap);
    free(sorter->records);
    free(sorter);
}

const char *sorter_error(const struct sorter *sorter)
{
    return sorter->error;
}

static bool write_part(struct sorter *sorter)
{
    if (sorter->fd < 0 && (sorter->fd = sorter_file()) < 0)
        return refuse(sorter, "make");
    if (sorter->part_count == sorter->part_room) {
        size_t room = sorter->part_room * 2 + 16;
        struct part *grown = realloc(sorter->parts, room * sizeof *grown);
        if (grown == NULL)
            return no_memory(sorter);
        sorter->parts = grown;
        sorter->part_room = room;
    }
    sort_all(sorter);
    if (!sorter_write(sorter->fd, sorter->records, sorter->count * sizeof *sorter->records))
        return refuse(sorter, "write");
    sorter->parts[sorter->part_count++] = (struct part){.from = sorter->written, .count = sorter->count};
    sorter->written += sorter->count;
    sorter->count = 0;
    return true;
}

bool sorter_add(struct sorter *sorter, const struct sorted *record)
{
    if (sorter->count == sorter->room && !write_part(sorter))
        return false;
    sorter->records[sorter->count++] = *record;
    return true;
}

/* ---- merging ---- */

/* The part's next records; false: there are none, or error. */
static bool refill(struct sorter *sorter, struct part *part, size_t room)
{
    size_t wanted = part->count < room ? (size_t)part->count : room;
    char *to = (char *)part->buffer;
    for (size_t got = 0; got < wanted * sizeof(struct sorted);) {
        ssize_t some = pread(sorter->fd, to + got, wanted * sizeof(struct sorted) - got,
                             (off_t)(part->from * sizeof(struct sorted) + got));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0) {
            errno = some == 0 ? EIO : errno;
            return refuse(sorter, "read");
        }
        got += (size_t)some;
    }
    part->from += wanted;
    part->count -= wanted;
    part->at = 0;
    part->filled = wanted;
    return wanted > 0;
}

static size_t part_records(const struct sorter *sorter)
{
    size_t each = MERGE_RECORDS / (sorter->part_count + 1);
    return each < PART_LEAST ? PART_LEAST : each > PART_MOST ? PART_MOST : each;
}

static bool is_before(const struct sorter *sorter, size_t a, size_t b)
{
    return is_less(&sorter->parts[a].buffer[sorter->parts[a].at], &sorter->parts[b].buffer[sorter->parts[b].at]);
}

static void sift_parts(struct sorter *sorter, size_t at)
{
    size_t *heap = sorter->heap;
    for (size_t child; (child = 2 * at + 1) < sorter->heap_count; at = child) {
        child += child + 1 < sorter->heap_count && is_before(sorter, heap[child + 1], heap[child]);
        if (!is_before(sorter, heap[child], heap[at]))
            return;
        size_t kept = heap[at];
        heap[at] = heap[child];
        heap[child] = kept;
    }
}

static bool begin(struct sorter *sorter)
{
    sorter->reading = true;
    if (sorter->part_count == 0) {
        sort_all(sorter);
        sorter->room = 0; /* from here on: how many were told */
        return true;
    }
    if (sorter->count > 0 && !write_part(sorter))
        return false;
    free(sorter->records);
    sorter->records = NULL;
    sorter->heap = malloc(sorter->part_count * sizeof *sorter->heap);
    if (sorter->heap == NULL)
        return no_memory(sorter);
    for (size_t at = 0; at < sorter->part_count; at++) {
        sorter->parts[at].buffer = malloc(part_records(sorter) * sizeof(struct sorted));
        if (sorter->parts[at].buffer == NULL)
            return no_memory(sorter);
        if (!refill(sorter, &sorter->parts[at], part_records(sorter)))
            return false;
        sorter->heap[sorter->heap_count++] = at;
    }
    for (size_t at = sorter->heap_count / 2; at-- > 0;)
        sift_parts(sorter, at);
    return true;
}

int sorter_next(struct sorter *sorter, struct sorted *record)
{
    if (!sorter->reading && !begin(sorter))
        return -1;
    if (sorter->part_count == 0) {
        if (sorter->room == sorter->count)
            return 0;
        *record = sorter->records[sorter->room++];
        return 1;
    }
    if (sorter->heap_count == 0)
        return 0;
    struct part *part = &sorter->parts[sorter->heap[0]];
    *record = part->buffer[part->at++];
    if (part->at == part->filled && !refill(sorter, part, part_records(sorter))) {
        if (sorter->error[0] != '\0')
            return -1;
        sorter->heap[0] = sorter->heap[--sorter->heap_count];
    }
    sift_parts(sorter, 0);
    return 1;
}
