/* SPDX-License-Identifier: MIT */
/*
 * hold: between holds.c (the holds in memory), due.c (those that end), decide.c and reserve.c (what becomes
 * of their numbers). Nobody else includes this.
 *
 * Invariants
 *  1. Each hold of the store is in memory, as the last plan left it: of every number that is reserved, pending
 *     or in doubt. So nobody has to look through the ledger for them.
 *  2. A hold in doubt is held by nobody and has no time; its numbers are in doubt. Or its holder lives and its
 *     time ran out: then the seat stands, for that holder may still decide.
 *  3. One that has a time stands in one of two heaps: by CLOCK_BOOTTIME if that ran when it was taken, else by
 *     the guarded wall clock.
 *  4. One that is due stays so until a plan ends it: docketd may die in between, and finds it due again.
 */
#ifndef DK_DAEMON_LEDGER_HOLD_H
#define DK_DAEMON_LEDGER_HOLD_H

#include "daemon/ledger/ledger.h"
#include "docket_ledger.h"

#include <stddef.h>

/* Place in a list; *at points to it. at NULL: in none. */
struct dk_link {
    struct dk_link *next, **at;
};

/* Why a hold ends. Of a holder whose seat was lost with the desk's files nobody knows if it lives: its numbers
 * never become free by that. */
enum dk_due { DK_NOT_DUE, DK_DUE_EXPIRED, DK_DUE_ENDED, DK_DUE_SEAT_LOST };

struct dk_holds_series {
    struct dk_holds_series *next;   /* in its bucket */
    uint64_t id;
    struct dk_link *holds;          /* all of it */
    struct dk_link *due;
    size_t count, live;             /* live: not in doubt */
    struct dk_link waits;           /* among those that have due ones */
    struct dk_series_record *away;  /* as the start found it, if it was not in memory then */
    int64_t said_ns;                /* when it was last said that it cannot come back */
};

struct dk_hold {
    struct dk_hold *next;           /* in its bucket */
    struct dk_link of_series, of_seat, of_due;
    struct dk_holds_series *series;
    uint64_t hash;
    int64_t due_at;                 /* by its heap's clock */
    size_t heap_at;                 /* place in it + 1; 0: in none */
    bool by_wall;
    enum dk_due due;                /* it is due, or was and was put off */
    struct dk_hold_record record;   /* its text is `text` */
    char text[];
};

struct dk_hold_heap {
    struct dk_hold **all;
    size_t count, room;
};

struct dk_holds {
    struct dk_hold **buckets;
    size_t bucket_count, count;
    struct dk_holds_series **series;
    size_t series_room, series_count;
    struct dk_link ***seats;        /* [desk][seat]: what who sits there holds */
    struct dk_hold_heap by_boot, by_wall;
    struct dk_link *waiting;        /* series that have due ones */
};

#define DK_OF_LINK(type, member, link) ((type *)(void *)((char *)(link) - offsetof(type, member)))

/* ---- holds.c ---- */

struct dk_holds *dk_holds_of(struct dk_daemon *daemon); /* made if there are none yet */
struct dk_holds_series *dk_holds_find_series(const struct dk_daemon *daemon, uint64_t id); /* or NULL */
struct dk_hold *dk_hold_find(const struct dk_daemon *daemon, const struct dk_hold_record *names); /* or NULL */
/* Into memory: new, or changed. */
struct dk_hold *dk_hold_keep(struct dk_daemon *daemon, const struct dk_hold_record *record);
/* It is due; of two reasons the first stands. Nothing happens to one in doubt. */
void dk_hold_mark(struct dk_holds *holds, struct dk_hold *hold, enum dk_due due);
/* Who sat there is gone: a hold in doubt has no holder any more. */
void dk_hold_unseat(struct dk_hold *hold);
/* It is due, and cannot be ended now: again at this time of CLOCK_BOOTTIME. */
void dk_hold_put_off(struct dk_holds *holds, struct dk_hold *hold, int64_t boot_ns);
/* The first of a heap, if its time has come. */
struct dk_hold *dk_hold_take_first(struct dk_hold_heap *heap, int64_t now_ns);
void dk_link_add(struct dk_link **list, struct dk_link *link);
void dk_link_remove(struct dk_link *link);
/* Does the parcel's sender sit where it says? */
docket_status dk_sitter_check(const struct dk_daemon *daemon, const struct dk_parcel *parcel) DK_MUST_USE;
bool dk_hold_is_senders(const struct dk_hold_record *hold, const struct dk_parcel *parcel);

/* ---- decide.c ---- */

/* What a number's record says of a decision. */
struct dk_said {
    uint32_t uid;
    const char *host, *error, *reason;
    uint32_t event_at; /* 0: none */
    bool again;        /* a try before this one was sent */
};

/* Where the verb leads, by the series' settings; of a period that is closed for good, released ones are void.
 * ALREADY_RELEASED, ALREADY_SETTLED, ALREADY_VOID without a sentence. */
docket_status dk_ledger_goal(struct dk_plan *plan, const struct dk_ledger_record *record, enum dk_verb verb, bool frees,
                             enum dk_state *to) DK_MUST_USE;
/* Puts the record as it will stand. Its hold is the caller's business. */
docket_status dk_ledger_become(struct dk_plan *plan, const struct dk_ledger_record *record, enum dk_verb verb,
                               enum dk_state to, const struct dk_said *said) DK_MUST_USE;
/* Numbers of a reservation that are its own still, in one of these states (bits); plan's memory. */
docket_status dk_reservation_numbers(struct dk_plan *plan, const struct dk_key_record *reservation, unsigned states,
                                     const struct dk_ledger_record ***numbers, uint32_t *count) DK_MUST_USE;

#endif
