/* SPDX-License-Identifier: MIT */
/*
 * scribble: a world in one process: docketd's own turns over two desks on
 * tmpfs, worker processes played by the library's own code, and a scribbler
 * that writes what any worker could write. The store is memory, a commit is
 * immediate, clocks and chance are ours: a seed replays a world.
 *
 *   scribble_docketd.c  docketd without sockets and disk
 *   scribble_worker.c   the library without sockets; who was given what
 *   scribble_model.c    what docketd must notice, what it cannot, what may repeat
 *   scribble.c          the flips, the steps, the figures
 */
#ifndef DK_TESTS_SCRIBBLE_H
#define DK_TESTS_SCRIBBLE_H

#include "client/inside.h"
#include "daemon/recovery/recovery.h"

#define DESKS 2u
#define SLOTS_MAX 512u
#define ROWS_MAX 2048u
#define SEATS_MAX 8u
#define LINES 64u
#define TRACKS_MAX 600u
#define PROCESSES 6u
#define BLOCKS 3u
#define NUMBERS_MAX 60000u /* a series beyond this is left alone: its books cost memory */

enum { HANDED = 1, MAY_REPEAT = 2 };

/* One series, as its callers know it, and what the store says of it. */
struct track {
    uint64_t id;
    char name[16];
    uint32_t desk;
    uint32_t slot;
    bool strict;
    bool chronological; /* strict, and no date before the last one */
    bool retired;       /* quarantined or long: nobody asks any more */
    bool scribbled;     /* a word of it was ever written by the scribbler */
    bool cursor_hit;    /* a cursor of one of its leases was */
    bool dirty_strict;
    bool dirty_date;    /* last_date, until docketd looks at it */
    bool may_fall;      /* the scribbles so far allow a quarantine ... */
    bool must_fall;     /* ... or the look that runs now must end in one */
    bool quarantined;
    bool unseen;        /* a scribble since docketd's last look */
    uint64_t furthest;  /* strict: highest position that the word has said */
    uint64_t seen_next; /* strict: position at docketd's last look */
    uint8_t *numbers;   /* by number: HANDED, MAY_REPEAT */
    uint64_t room;
    struct dk_counter_image stored;
    struct dk_range *lost; /* void and unknown */
    size_t lost_count;
};

/* What docketd has seen of a place, and what the scribbler did to its word. */
struct place_model {
    uint64_t seq;       /* of the block that these speak of */
    uint64_t seen_word; /* the OWNED word that docketd has looked at */
    uint32_t seen_offset;
    bool dirty;
    uint64_t truth;     /* before the scribble */
    uint64_t board_seq; /* at the scribble */
};

struct cursor_model {
    bool scribbled;
    uint64_t truth, now;
};

struct process {
    struct docket_realm *realm; /* NULL: not alive */
    uint32_t desk;
    uint32_t opened;
    docket_block *blocks[BLOCKS];
    struct track *block_track[BLOCKS];
};

struct world {
    struct dk_daemon daemon;
    struct dk_desk map[DESKS];          /* as a worker maps it */
    struct track tracks[TRACKS_MAX];    /* [id] */
    uint32_t track_count;
    struct track *by_slot[DESKS][SLOTS_MAX];
    struct place_model place[DESKS][ROWS_MAX][DK_PLACES_PER_ROW];
    struct cursor_model cursor[DESKS][SEATS_MAX][LINES];
    uint8_t *seat_view[DESKS][SEATS_MAX]; /* a mapping that carries no lock */
    struct process processes[PROCESSES];
    int64_t now_ns;
    uint64_t chance;
    bool late;          /* commits wait for the next collect */
    bool down;          /* docketd is dead */
};

struct figures {
    uint64_t flips, steps, worlds, looks, takes;
    uint64_t noticed, harmless, repeats, kills, restarts, stops, waits, series, attaches;
};

extern struct world world;
extern struct figures figures;

static inline uint64_t chance(uint64_t below)
{
    uint64_t x = world.chance;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    world.chance = x;
    return (x >> 11) % below;
}

/* A broken promise: says what and where, ends the run. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* scribble_docketd.c */
void docketd_begin(void);
void docketd_end(void);
struct track *docketd_add_series(uint32_t desk, bool strict, uint32_t window);
/* One turn of the loop: sweep, tick, turns, what is durable. */
void docketd_turn(void);
/* Runs done() of what was committed; true if there was something. */
bool docketd_collect(void);
void docketd_stop(void);
/* Dies, and starts again over the same files. The model is asked in between. */
void docketd_restart(void (*meanwhile)(void));
docket_status docketd_attach(uint32_t desk, uint32_t *seat, uint64_t *salt, int *locked, int *probe);
uint32_t docketd_give_back(uint32_t desk, uint32_t slot, int32_t period, uint64_t first, uint32_t count);
struct dk_series_book *docketd_book(const struct track *track);

/* scribble_worker.c */
void process_start(struct process *process, uint32_t desk);
void process_end(struct process *process, bool killed);
/* One call of a worker, judged. */
void process_call(struct process *process, struct track *track);
void mark_repeat(struct track *track, uint64_t first, uint64_t end);

/* scribble_model.c */
void scribble_table(uint32_t desk, size_t word_at, uint64_t value);
void scribble_seat(uint32_t desk, uint32_t seat, size_t word_at, uint64_t value);
void model_seat_given(uint32_t desk, uint32_t seat);
void model_restart(void);
void model_adopted(void);
bool model_may_fall(const struct track *track);
/* A caller asked, docketd had its turn, and this supply word is as it was. */
void model_still_waits(const dk_word32 *supply);

#endif
