/* SPDX-License-Identifier: MIT */
/*
 * seats: private copies of seat files. Their processes write them as they
 * please, so they are read with pread: a file that was cut short is then a
 * short read and not a signal.
 */
#include "inspect/view.h"
#include "table/judge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void dk_seats_forget(struct view_desk *desk)
{
    for (uint32_t i = 0; i < desk->desk.geometry.seats_max; i++) {
        free(desk->seats[i].words);
        free(desk->seats[i].lines);
        desk->seats[i] = (struct view_seat){.loaded = false};
    }
}

static bool is_ours(const struct dk_desk *desk, uint32_t seat, const struct shared_header *header, uint64_t bytes)
{
    return dk_header_check(header, DK_MAGIC_SEAT, bytes, "a seat's file") == DOCKET_OK &&
           bytes == dk_seat_bytes(&desk->geometry) && header->incarnation == desk->incarnation &&
           header->desk == desk->index && header->seat == seat &&
           header->lines_per_seat == desk->geometry.lines_per_seat;
}

static bool read_exactly(int fd, void *bytes, size_t count, size_t at)
{
    return pread(fd, bytes, count, (off_t)at) == (ssize_t)count;
}

/* The owner of the seat's file must be that of the board. */
static bool copy_file(const struct view_desk *desk, uint32_t number, struct view_seat *seat, int fd)
{
    struct shared_header header;
    struct stat board, facts;
    size_t line_bytes = desk->desk.geometry.lines_per_seat * sizeof *seat->lines;
    if (fstat(desk->board_fd, &board) != 0 || fstat(fd, &facts) != 0 ||
        dk_file_check(fd, "a seat's file", board.st_uid, 0660) != DOCKET_OK)
        return false;
    if (!read_exactly(fd, &header, sizeof header, 0) ||
        !is_ours(&desk->desk, number, &header, (uint64_t)facts.st_size))
        return false;
    seat->words = malloc(sizeof *seat->words);
    seat->lines = malloc(line_bytes);
    return seat->words != NULL && seat->lines != NULL &&
           read_exactly(fd, seat->words, sizeof *seat->words, dk_seat_words_at()) &&
           read_exactly(fd, seat->lines, line_bytes, dk_lines_at());
}

/* Only looked at: nobody's lock is taken or released. The lock lives exactly as
 * long as its process has the seat mapped. */
static int look_at_lock(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
        return -1;
    return lock.l_type != F_UNLCK;
}

static void load(const docket_view *view, const struct view_desk *desk, uint32_t number, struct view_seat *seat)
{
    char name[48];
    const struct shared_seat_entry *entry = dk_desk_seat(&desk->desk, number);
    seat->loaded = true;
    seat->lives = -1;
    seat->state = (uint32_t)dk_load_acquire(&entry->state); /* taken after the rest was written */
    /* Relaxed: who sits where is advice here; a salt of another sitting only
     * makes the cursors fail their check. */
    seat->salt = dk_load_relaxed(&entry->salt);
    seat->pid = dk_load_relaxed(&entry->pid);
    seat->uid = (uint32_t)dk_load_relaxed(&entry->uid);
    seat->attached_s = (int64_t)dk_load_relaxed(&entry->attached_s);
    if (seat->state == 0)
        return;
    snprintf(name, sizeof name, "seat-%u-%u", desk->desk.index, number);
    int fd = openat(view->runtime_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    struct stat facts;
    seat->readable = copy_file(desk, number, seat, fd);
    if (seat->readable)
        seat->lives = look_at_lock(fd);
    if (fstat(fd, &facts) == 0)
        seat->bytes = (uint64_t)facts.st_blocks * 512;
    close(fd);
}

const struct view_seat *dk_seats_get(const docket_view *view, struct view_desk *desk, uint32_t seat)
{
    if (seat >= desk->desk.geometry.seats_max)
        return NULL;
    if (!desk->seats[seat].loaded)
        load(view, desk, seat, &desk->seats[seat]);
    return &desk->seats[seat];
}

bool dk_seats_judge(const struct view_seat *seat, const struct dk_claim *claim, const struct dk_laid *laid,
                    struct view_lease *lease)
{
    uint32_t offset = 0;
    struct dk_cursor cursor;
    if (!seat->readable)
        return false;
    const struct shared_line *line = &seat->lines[claim->line];
    uint64_t word = dk_load_relaxed(&line->cursor); /* relaxed: a private copy */
    *lease = (struct view_lease){.open = false};
    switch (dk_judge(claim, laid->size, word, seat->salt, &offset)) {
    case DK_DAMAGED_CURSOR:
        return false;
    case DK_USED_UP:
    case DK_GIVEN_BACK:
        return true;
    case DK_OPEN_LEASE:
        break;
    }
    lease->open = true;
    lease->left = laid->size - offset;
    if (dk_cursor_unpack(word, seat->salt, claim->line, &cursor) && cursor.lease == claim->lease) /* else the line's time is of the lease before */
        lease->claimed_s = (int64_t)dk_load_relaxed(&line->claimed_s);
    return true;
}
