/* SPDX-License-Identifier: MIT */
#include "spool.h"
#include "sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What stands before the texts of a row. */
struct head {
    uint64_t line;
    uint32_t tenant, day;
    uint16_t number, date, id, reserved;
};

enum { ROW_MOST = sizeof(struct head) + SPOOL_NUMBER + SPOOL_DATE + SPOOL_ID };

static bool refuse(struct spool *spool, const char *what)
{
    snprintf(spool->error, sizeof spool->error, "cannot %s a temporary file in %.120s: %s; TMPDIR names a folder with more room",
             what, sorter_folder(), strerror(errno));
    return false;
}

bool spool_open(struct spool *spool)
{
    *spool = (struct spool){.fd = sorter_file(), .buffer = malloc(SPOOL_BUFFER)};
    if (spool->fd < 0)
        return refuse(spool, "make");
    if (spool->buffer == NULL)
        snprintf(spool->error, sizeof spool->error, "no memory for rows");
    return spool->buffer != NULL;
}

void spool_close(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    free(spool->buffer);
    spool->fd = -1;
    spool->buffer = NULL;
}

static bool flush(struct spool *spool)
{
    if (!sorter_write(spool->fd, spool->buffer, spool->used))
        return refuse(spool, "write");
    spool->written += spool->used;
    spool->used = 0;
    return true;
}

static uint16_t put(struct spool *spool, const struct span *text, size_t most)
{
    size_t bytes = text->bytes < most ? text->bytes : most;
    if (bytes > 0)
        memcpy(spool->buffer + spool->used, text->text, bytes);
    spool->used += bytes;
    return (uint16_t)bytes;
}

bool spool_put(struct spool *spool, const struct spooled *row, uint64_t *place)
{
    if (SPOOL_BUFFER - spool->used < ROW_MOST && !flush(spool))
        return false;
    *place = spool->written + spool->used;
    char *at = spool->buffer + spool->used;
    struct head head = {.line = row->line, .tenant = row->tenant, .day = row->day};
    spool->used += sizeof head;
    head.number = put(spool, &row->number, SPOOL_NUMBER);
    head.date = put(spool, &row->date, SPOOL_DATE);
    head.id = put(spool, &row->id, SPOOL_ID);
    memcpy(at, &head, sizeof head);
    return true;
}

bool spool_get(struct spool *spool, uint64_t place, struct spooled *row)
{
    struct head head;
    char *at = row->room;
    if (spool->used > 0 && !flush(spool))
        return false;
    ssize_t got = pread(spool->fd, row->room, sizeof row->room, (off_t)place);
    memcpy(&head, row->room, sizeof head);
    if (got < (ssize_t)sizeof head || (size_t)got < sizeof head + head.number + head.date + head.id) {
        errno = got < 0 ? errno : EIO;
        return refuse(spool, "read");
    }
    at += sizeof head;
    row->line = head.line;
    row->tenant = head.tenant;
    row->day = head.day;
    row->number = (struct span){at, head.number};
    row->date = (struct span){at + head.number, head.date};
    row->id = (struct span){at + head.number + head.date, head.id};
    return true;
}
