/* SPDX-License-Identifier: MIT */
/*
 * ledger_line: ways to docketd for calls at record speed.
 *
 * A line that is at rest keeps its connection: to connect anew for each number costs more than the
 * number (docs/decisions/ has the figures). The program may close or reuse a descriptor that it does not know:
 * so a line is used, and closed, only while the descriptor is still the very socket that it was. A child
 * finds none (the list lies in wiped memory) and makes its own.
 */
#include "client/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_FIRST_NS (2 * DK_MILLISECOND_NS)
#define PAUSE_LAST_NS (100 * DK_MILLISECOND_NS)

enum { AT_REST_MOST = 32 }; /* lines of one realm */

static bool is_ours(const struct dk_line *line)
{
    struct stat facts;
    return line->fd >= 0 && fstat(line->fd, &facts) == 0 && S_ISSOCK(facts.st_mode) && facts.st_dev == line->device &&
           facts.st_ino == line->inode;
}

void dk_line_hang_up(struct dk_line *line)
{
    if (is_ours(line))
        close(line->fd);
    line->fd = -1;
}

docket_status dk_line_take(struct docket_realm *realm, struct dk_line **line)
{
    struct live *live = realm->live;
    pthread_mutex_lock(&live->lock);
    struct dk_line *taken = live->lines;
    if (taken != NULL) {
        live->lines = taken->next;
        live->line_count--;
    }
    pthread_mutex_unlock(&live->lock);
    if (taken == NULL) {
        taken = malloc(sizeof *taken); /* two packets: only what is used of it is ever written */
        if (taken == NULL)
            return dk_fail(DOCKET_NO_MEMORY, "no memory for packets at record speed");
        taken->fd = -1;
        taken->tag = 0;
    }
    taken->next = NULL;
    *line = taken;
    return DOCKET_OK;
}

void dk_line_put_back(struct docket_realm *realm, struct dk_line *line)
{
    struct live *live = realm->live;
    pthread_mutex_lock(&live->lock);
    bool kept = live->line_count < AT_REST_MOST;
    if (kept) {
        line->next = live->lines;
        live->lines = line;
        live->line_count++;
    }
    pthread_mutex_unlock(&live->lock);
    if (kept)
        return;
    dk_line_hang_up(line);
    free(line);
}

void dk_lines_end(struct docket_realm *realm)
{
    for (struct dk_line *line = realm->live->lines, *next; line != NULL; line = next) {
        next = line->next;
        dk_line_hang_up(line);
        free(line);
    }
}

static docket_status connect_once(struct docket_realm *realm, struct dk_line *line)
{
    struct stat facts;
    docket_status status = dk_reach_connect(realm, &line->fd);
    if (status != DOCKET_OK) {
        line->fd = -1;
        return status;
    }
    if (fstat(line->fd, &facts) != 0) {
        close(line->fd);
        line->fd = -1;
        return dk_fail(DOCKET_SYSTEM, "cannot look at the socket to docketd");
    }
    line->device = facts.st_dev;
    line->inode = facts.st_ino;
    return DOCKET_OK;
}

docket_status dk_line_connect(struct docket_realm *realm, struct dk_line *line, int64_t until_ns, bool *made)
{
    int64_t pause_ns = PAUSE_FIRST_NS;
    *made = !is_ours(line);
    if (!*made)
        return DOCKET_OK;
    for (;;) {
        docket_status status = connect_once(realm, line);
        if (status != DOCKET_UNREACHABLE || until_ns - dk_clock_monotonic_ns() < pause_ns)
            return status;
        struct timespec pause = {.tv_nsec = (long)pause_ns};
        nanosleep(&pause, NULL);
        pause_ns = pause_ns * 2 < PAUSE_LAST_NS ? pause_ns * 2 : PAUSE_LAST_NS;
    }
}
