/* SPDX-License-Identifier: MIT */
/*
 * books: what docketd keeps in private of every series, counter, row and seat.
 *
 * The books are the truth that shared words are compared with; a shared word
 * never enters them unchecked. One thread, the loop, reads and writes them.
 *
 * Invariants of a counter (the law: handed out <= claimed <= laid <= mark)
 *  1. next <= mark, and mark is durable.
 *  2. A place is live from the moment docketd lays it to the moment docketd
 *     clears it; seq only rises; closed_seq is the highest seq whose block's
 *     fate is durable as finished.
 *  3. At most one commit of a counter is in flight (busy); spares and places
 *     change when it is durable, not before.
 */
#ifndef DK_DAEMON_BOOKS_H
#define DK_DAEMON_BOOKS_H

#include "base/status.h"
#include "daemon/clerk.h"
#include "daemon/series/names.h"
#include "numbering/period.h"
#include "store/store.h"
#include "table/desk.h"
#include "table/place.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/types.h>

struct dk_daemon;
struct dk_desk_book;
struct dk_series_book;
struct dk_connection;

struct dk_place_book {
    uint64_t seq;        /* of the last block laid here */
    uint64_t first;
    uint64_t closed_seq;
    uint32_t size;
    uint32_t seen_offset; /* furthest valid cursor seen of the live block */
    uint64_t claimed;    /* the live block's OWNED word, once seen: docketd alone may change it */
    bool taken;          /* docketd itself takes the live block back */
    bool live;
    bool recorded;       /* the durable image speaks of the live block */
    bool closing;        /* the plan in flight closes the live block */
    bool planned;        /* the plan in flight lays here */
};

struct dk_row_book {
    uint32_t row;
    struct dk_place_book place[DK_PLACES_PER_ROW];
};

struct dk_accounting; /* accounted.c */

struct dk_give_back {
    struct dk_give_back *next;
    struct dk_connection *connection;
    uint64_t first;
    uint32_t count;
    uint32_t uid; /* who gives it back */
    bool tried; /* it could not come back: void */
};

/* Which queue of turns a counter waits in; keeper.c. */
enum dk_queued { DK_NOT_QUEUED, DK_QUEUED, DK_QUEUED_LATER };

struct dk_counter {
    struct dk_counter *next_of_all, *previous_of_all; /* those without a bank come first */
    struct dk_counter *next_of_series;
    struct dk_counter *next_in_turn, *previous_in_turn; /* a queue of turns */
    struct dk_series_book *series;
    struct dk_period period;
    int bank;          /* on the board; -1: gone from it, waiting for its last leases */
    uint64_t epoch;    /* of the bank */
    uint64_t extent_first, extent_last;
    uint64_t interval_first; /* of the authority's interval that it is in; 0: extent_first */
    uint64_t base;     /* strict: number of the word's next == 0 */
    uint64_t mark;     /* durable */
    uint64_t next;     /* strict: position last seen. leased: first number never laid */
    uint64_t limit;    /* strict: as far as raised */
    uint64_t laid;     /* leased: moves by what is laid, fresh or spare, less what comes back: for the rate */
    uint32_t window;   /* now; grows to the policy's */
    int64_t looked_ns; /* when the window was last judged, and what had been given then */
    uint64_t looked_next;
    uint64_t per_minute; /* the rate seen then; 0 none */
    bool resumed;        /* window and rate are those of the docketd before: the next look begins a new count */
    uint64_t exposed;    /* what a power loss would make unknown by the durable image, beside open leases */
    uint64_t shown_pace; /* the board's word */
    struct dk_counter *next_watched, *previous_watched; /* keeper.c: until it is quiet, and less lies ahead */
    enum dk_watched { DK_NOT_WATCHED, DK_WATCHED_OFTEN, DK_WATCHED } watched;
    bool stirred;       /* a want bit was found since it was looked at */
    int64_t look_ns;    /* when it is looked at again */
    int64_t moved_ns;   /* when a look saw last that somebody uses it ... */
    uint64_t moved_by;  /* ... by its shared words */
    uint32_t calm_to;   /* its next turn lets no more lie ahead than this; 0: as it is */
    bool readied;         /* leased: small blocks were laid, so that a calming leaves some */
    uint32_t want;     /* numbers asked for in one piece */
    struct dk_row_book *rows;
    uint32_t row_count;
    struct dk_range *spares; /* ascending */
    size_t spare_count;
    struct dk_give_back *give_backs;
    struct dk_accounting *accounting; /* who waits until the store knows of a number ... */
    struct dk_accounting *accounted;  /* ... and whom the commit in flight, or the next one, answers */
    bool unwoken;      /* adopted, and who may sleep on its supply was not woken yet */
    bool busy;         /* a commit is in flight */
    bool again;        /* a turn was asked for meanwhile */
    enum dk_queued queued;
    bool ended;        /* its period is over: no new blocks */
    bool ahead;        /* a clock that was set back left it ahead of the next period: off the board until its time */
    bool settled;      /* stopped, ended or ahead, and the durable image says so exactly */
    bool closed;       /* ended or ahead, and every lease is back: about to leave memory */
    bool closing;      /* ended; it is closed for good when its last lease is back */
    bool closing_said; /* and the durable image says so */
    struct dk_event *said; /* that goes into its next commit: who closes it, and why; or NULL */
    uint32_t last_date;    /* latest date given; chronological series only */
};

struct dk_series_book {
    struct dk_series_record record; /* first: the index of names leads to it */
    struct dk_desk_book *desk;
    uint32_t slot;
    struct dk_counter *bank[DK_BANKS];
    struct dk_counter *counters; /* all of it in memory */
    uint64_t assignments[DK_BANKS];
    int64_t next_close_s; /* when a period of it is closed by policy, or before */
    uint16_t calendar;   /* of its zone, on its desk's board */
    int64_t next_edge_s; /* when its banks must be looked at again */
    size_t edge_at;      /* place among the edges + 1, 0 none */
    int32_t newest;      /* latest period that the store may know; later ones it has never heard of */
    bool publishing;     /* a period's first commit is in flight, or that of the policy that a period brings */
    bool quarantined;
    bool warned;         /* a counter on the board has used as much as the setting warn says */
    bool held;           /* an admin's errand changes it: nothing of it is opened meanwhile */
    bool evicting;       /* its counters are on their way off the board, and then it goes */
    bool wanted;         /* it was called back: its counters return as soon as they have gone */
    uint64_t motion;     /* of its shared words, when the hand of evict.c came by */
    int64_t quiet_since_s; /* monotonic: since then they have not moved */
    struct dk_ledger_book *ledger; /* what is asked of it at record speed; NULL */
};

/* LOST: its file is gone, so neither its owner's death nor its cursors can be
 * told; its blocks' rest is unknown, and it is not given again on this desk. */
enum dk_seat_state { DK_SEAT_FREE = 0, DK_SEAT_TAKEN = 1, DK_SEAT_REAPING = 2, DK_SEAT_LOST = 3 };

struct dk_seat_book {
    enum dk_seat_state state;
    int keep;       /* docketd's own description; carries the lock while REAPING */
    uint64_t salt;
    uint64_t knows; /* incompatible flags that its library can read */
    uid_t uid;
};

struct dk_desk_rule {
    char name[DOCKET_NAME_MAX + 1];
    bool user_set, group_set;
    uid_t user;
    gid_t group;
};

struct dk_desk_book {
    struct dk_daemon *daemon;
    struct dk_desk map;
    struct dk_desk_rule rule;
    uint32_t index;
    struct dk_seat_book *seats;       /* seats_max */
    uint32_t seats_used;              /* no seat at or above it has ever been taken */
    const struct dk_zone **zones;     /* by index of their calendar's page */
    uint32_t zone_count;
    struct dk_series_book **series;   /* by slot */
    uint32_t slots_used;
    uint32_t *free_slots;             /* below slots_used, of nobody */
    uint32_t free_count, free_room;
    uint32_t hand;                    /* evict.c: the next slot it looks at */
    uint64_t look_credit;             /* ... and what it may look at by now: slots times evict_after_s in ms */
    int64_t looked_ns;                /* ... which was counted then */
    uint32_t reaping;                 /* seats whose owner is dead */
    uint32_t leaving;                 /* series that are being evicted */
    uint32_t coming;                  /* series on their way into the store, which will need a slot */
    struct dk_counter **row_owner;    /* by row; NULL in the pool */
    uint32_t rows_used;
    uint32_t *row_pool;
    uint32_t row_pool_count;
    pthread_t bell_thread;
    bool damaged;                     /* a mapped file was truncated under us */
    bool draining;                    /* an admin wants nothing given any more, until docketd's next start */
    bool held;                        /* no seat is given for the moment */
};

/* Shared places of a counter's row. */
static inline dk_word *dk_book_claim(const struct dk_desk_book *desk, uint32_t row, int index)
{
    return &dk_table_row(&desk->map, row)->claim[index];
}

static inline struct shared_board_place *dk_book_place(const struct dk_desk_book *desk, uint32_t row, int index)
{
    return &dk_desk_row(&desk->map, row)->place[index];
}

static inline struct shared_board_bank *dk_book_bank(const struct dk_counter *counter)
{
    return &dk_desk_slot(&counter->series->desk->map, counter->series->slot)->bank[counter->bank];
}

static inline struct shared_table_bank *dk_book_table_bank(const struct dk_counter *counter)
{
    return &dk_table_slot(&counter->series->desk->map, counter->series->slot)->bank[counter->bank];
}

static inline bool dk_is_strict(const struct dk_counter *counter)
{
    return counter->series->record.policy->order == DK_STRICT;
}

/* A new counter in the list of all; extent and marks from the image. */
struct dk_counter *dk_counter_new(struct dk_daemon *daemon, struct dk_series_book *series,
                                  const struct dk_period *period, const struct dk_counter_image *image);
void dk_counter_free(struct dk_counter *counter);
/* It has a bank now, or (-1) none any more. */
void dk_counter_seat(struct dk_counter *counter, int bank);
/* Out of every list; then only dk_counter_free() is left. */
void dk_counter_leave(struct dk_counter *counter);

/* The image of a counter nobody has used: next number is start_after + 1. */
void dk_image_begin(struct dk_counter_image *image, uint64_t series_id, int32_t period, uint64_t start_after,
                    uint64_t incarnation);

/* The date of an instant in the series' zone, or the day of the period (0: of all
 * time) that is nearest to it. */
uint32_t dk_day_within(const struct dk_series_record *record, int32_t label, int64_t utc_s);

/* The counter as it stands, without places: strict, or the frame of leased. */
void dk_counter_image_frame(const struct dk_counter *counter, struct dk_counter_image *image);

/* Deep copies of what an image points to. */
void dk_image_copy_spares(struct dk_counter_image *image, const struct dk_range *spares, size_t count);

/* Inserts [first, last] into ascending ranges, merging neighbours. */
void dk_ranges_add(struct dk_range **ranges, size_t *count, uint64_t first, uint64_t last);
/* Takes up to most numbers from the front of range `index`. */
struct dk_range dk_ranges_cut(struct dk_range *ranges, size_t *count, size_t index, uint64_t most);

/* How many numbers the next lay may put ahead: follows the rate. */
void dk_counter_judge_window(struct dk_counter *counter, uint64_t given, int64_t now_ns);

/* Most numbers of one lease by this policy, and how many the next one gets. */
uint32_t dk_block_most(const struct dk_policy *policy);
uint32_t dk_counter_block(const struct dk_counter *counter);

#endif
