/* SPDX-License-Identifier: MIT */
/*
 * view: what an open view holds. Private to src/inspect.
 *
 *   map.c    opens and checks the files, maps board and table read-only
 *   seats.c  private copies of seat files; how much of a claimed block is left
 *   read.c   one slot of a desk into a docket_view_series
 *   about.c  the file in which docketd wrote down what it is
 *   view.c   docket_inspect.h
 *
 * Invariants
 *  1. Nothing is ever written, locked, signalled or asked of anybody.
 *  2. No slot or row at or beyond the board's ready counts is touched: beyond
 *     them are holes, and a page fault there would take memory of the tmpfs.
 *  3. Whatever a worker can write (table, seats) is read once into a local and
 *     only shown; it never becomes an index or a length unchecked.
 *  4. A worker can shorten the table. Its size is looked at before every walk;
 *     one that shrinks in the middle of a walk ends this process with SIGBUS.
 */
#ifndef DK_INSPECT_VIEW_H
#define DK_INSPECT_VIEW_H

#include "base/files.h"
#include "docket_inspect.h"
#include "numbering/policy.h"
#include "numbering/template.h"
#include "table/desk.h"
#include "table/place.h"

/* One seat as it stood when this walk first asked for it. */
struct view_seat {
    bool loaded;
    bool readable; /* the seat's file was there and passed its checks */
    int lives;     /* 1 its lock is held, 0 it is not, -1 not known */
    uint64_t bytes; /* allocated */
    uint32_t state;
    uint64_t salt;
    uint64_t pid;
    uint32_t uid;
    int64_t attached_s;
    struct shared_seat_words *words; /* private copies; NULL unless readable */
    struct shared_line *lines;
};

struct view_desk {
    struct dk_desk desk; /* both mapped read-only, whatever its types say */
    int board_fd;
    int table_fd;
    char name[24];
    struct view_seat *seats; /* seats_max of them */
};

/* A series' strings, copied: those on the board have no terminating zero. */
struct view_names {
    char tenant[DK_NAME_BYTES + 1];
    char name[DK_NAME_BYTES + 1];
    char zone[DK_CALENDAR_ZONE];
    char fiscal[32];
    struct dk_template template; /* of the period that comes first, resolved */
};

/* "key TAB value" lines, cut up in place. */
enum { VIEW_ABOUT_BYTES = 32768 };

struct docket_view {
    char about[VIEW_ABOUT_BYTES];
    size_t about_bytes; /* 0: not read */
    char directory[DK_PATH_BYTES];
    char runtime[DK_PATH_BYTES];
    int runtime_fd;
    uint32_t desk_count;
    struct view_desk *desks;
    bool lenient;       /* a desk that cannot be read is left out, if another can */
    uint32_t left_out;
    char left_out_why[256]; /* of the last one */
    struct view_names names; /* of the series shown last */
};

/* What is left of a claimed block, by its owner's cursor. */
struct view_lease {
    bool open;
    uint32_t left;
    int64_t claimed_s; /* 0 where the line tells of another lease */
};

/* map.c */
docket_status dk_map_open(docket_view *view) DK_MUST_USE;
void dk_map_close(docket_view *view);
/* UNREACHABLE if docketd has built the desk anew since, DAMAGED if a file has
 * another size than at the start. */
docket_status dk_map_check(const struct view_desk *desk) DK_MUST_USE;
/* The desk's files are what a member of it made of them: the others are shown without it. */
void dk_map_leave_out(docket_view *view, uint32_t at, const char *why);
/* Counts that bound every walk, no larger than the geometry. */
uint32_t dk_map_slots_ready(const struct view_desk *desk);
uint32_t dk_map_rows_ready(const struct view_desk *desk);

/* seats.c */
void dk_seats_forget(struct view_desk *desk);
/* NULL for a number beyond the desk's seats, or without memory. */
const struct view_seat *dk_seats_get(const docket_view *view, struct view_desk *desk, uint32_t seat);
/* False if the owner's cursor cannot be read: then nothing is known. */
bool dk_seats_judge(const struct view_seat *seat, const struct dk_claim *claim, const struct dk_laid *laid,
                    struct view_lease *lease);

/* about.c */
/* Reads docketd's own description of itself; UNREACHABLE if there is none. */
docket_status dk_about_read(docket_view *view) DK_MUST_USE;
/* The value of a key, or ""; the name, user and group of a desk likewise. */
const char *dk_about_value(const docket_view *view, const char *key);
void dk_about_desk(const docket_view *view, uint32_t index, const char *words[3]);

/* read.c */
/* False for a slot that is not in use. */
bool dk_read_series(docket_view *view, struct view_desk *desk, uint32_t slot, struct docket_view_series *facts);

#endif
