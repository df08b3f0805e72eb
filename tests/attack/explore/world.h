/* SPDX-License-Identifier: MIT */
/*
 * world: a desk in the explorer's memory, a store that is a few images, workers
 * that run libdocket's own calls and a docketd that runs its own turns.
 *
 * What is the project's own source: every step on board, table and seats, each
 * decision of a turn, of adopting and reaping. What stands in for something
 * else: the store (one commit is one step), the socket (a queue for give-backs),
 * the seats' locks (free when the process has died), clocks, futexes, memory.
 */
#ifndef EXPLORE_WORLD_H
#define EXPLORE_WORLD_H

#include "client/inside.h"
#include "daemon/recovery/recovery.h"
#include "engine.h"

enum { EX_MONTH = 20260100, EX_TODAY_S = 1768003205 }; /* 2026-01-10 */
enum { EX_OTHER_LABEL = 7 }; /* period of the other series: accounts go by periods */
enum { EX_WORKERS = 3, EX_NUMBERS = 96, EX_IMAGES = 4, EX_PLACES = 16, EX_SPARES = 24, EX_RANGES = 16, EX_OPS = 8 };

/* Fibers: docketd's loop, its committer, the workers, and whoever stops docketd
 * or moves the clock. */
enum { EX_FIBER_LOOP = 0, EX_FIBER_CLERK = 1, EX_FIBER_WORKER = 2, EX_FIBER_OPERATOR = 5 };
enum { EX_PROCESS_OPERATOR = 5 }; /* worker processes are 1 to 3 */

enum ex_op {
    OP_END,
    OP_NEXT,   /* docket_next, without waiting */
    OP_WAIT,   /* docket_next, waits until it comes: it must */
    OP_DATED,  /* docket_next, on the day `count` of the month: this worker's idea of today */
    OP_OPEN,   /* docket_block_open of `count` */
    OP_TAKE,   /* docket_block_next */
    OP_BACK,   /* docket_block_give_back */
    OP_LEAVE,  /* the thread gives its lease back */
    OP_EXIT,   /* the process ends without a word */
    OP_STOP,   /* operator: docketd stops in order, and is started again */
    OP_CLOCK,  /* operator: the next day begins */
    OP_EVICT,  /* operator: the series is to leave the board, and another one gets its slot */
    OP_CALM    /* operator: docketd holds the series for quiet, and lets one number lie ahead */
};

struct ex_do {
    enum ex_op op;
    uint32_t count;
};

struct ex_config {
    const char *name;
    bool strict;
    bool timed;           /* a new period each day */
    bool evicts;          /* two slots, two series */
    bool dated;           /* a chronological series */
    uint32_t window;
    uint64_t numbers;     /* of the extent; 0: as many as there are */
    uint32_t first_block; /* leased: size of the first block laid */
    struct {
        unsigned process; /* 1 to 3; 0: nobody */
        struct ex_do does[EX_OPS];
    } worker[EX_WORKERS];
    struct ex_do operator_does[4];
    struct ex_bounds check, torture;
};

/* Words of nobody's file whose steps are points all the same. */
enum ex_pseudo { PSEUDO_POSTED, PSEUDO_FINISHED, PSEUDO_STORE, PSEUDO_INBOX, PSEUDO_EVENT, PSEUDO_CLOCK, PSEUDO_LOCK };

struct ex_image {
    struct dk_counter_image image;
    struct dk_place_record places[EX_PLACES];
    struct dk_range spares[EX_SPARES];
};

struct ex_store {
    struct ex_image counters[EX_IMAGES];
    uint32_t counter_count;
    struct dk_fate_record ranges[EX_RANGES];
    uint32_t range_count;
    uint64_t commits;
};

/* A give-back that waits for docketd's answer. */
struct ex_request {
    struct dk_request wire;
    bool queued, answered, lost;
    uint32_t returned;
};

struct ex_worker {
    unsigned process;
    struct docket_series series;
    struct hand hand;
    docket_block *block;
    uint64_t block_first;     /* numbers of the block not yet used */
    uint32_t block_left;
    int32_t block_period;
    uint32_t date;            /* what it takes for today */
    uint32_t in_call;         /* numbers that its death here may cost */
    int32_t waits;            /* blocked until something is laid */
    struct ex_request request;
    uint8_t apart[64]; /* libdocket's memo goes by the low byte of the address of series */
};

/* What became of each number, as seen from outside. */
struct ex_account {
    int32_t label;
    uint8_t given[EX_NUMBERS + 1];
    uint32_t date[EX_NUMBERS + 1]; /* chronological: of the number */
    uint8_t maybe[EX_NUMBERS + 1]; /* asked back, and the answer never came */
};

struct ex_world {
    const struct ex_config *config;
    struct dk_daemon *daemon;
    struct dk_desk map;        /* the desk's files, which outlive docketd */
    bool desk_made;
    struct ex_store store;
    struct dk_series_record series;
    struct dk_job *posted, *posted_last, *finished, *finished_last;
    size_t pending;
    struct ex_worker worker[EX_WORKERS];
    struct live live[EX_WORKERS];
    struct seat *seat[EX_WORKERS];
    uint32_t stop_wanted, stopped, evict_wanted, calm_wanted;
    struct dk_series_record other; /* of the series that gets the slot; id 0: not made yet */
    int64_t now_s;
    uint32_t may_cost;         /* numbers that deaths in mid-call may have cost */
    struct ex_account account[EX_IMAGES];
    uint32_t account_count;
};

extern struct ex_world *world;

void ex_pseudo(enum ex_pseudo word, unsigned kind);
uint8_t *ex_seat_base(unsigned seat);
const char *ex_word_name(const volatile void *word);

/* standins.c: the desk's files */
docket_status ex_desk_create(struct dk_desk *desk, int directory, const struct dk_geometry *geometry,
                             const struct dk_identity *identity, gid_t group, bool group_set);
docket_status ex_desk_publish(struct dk_desk *desk, int directory);
docket_status ex_desk_adopt(struct dk_desk *desk, int directory, uint32_t index);

/* docketd.c */
void ex_docketd_start(void);
void ex_docketd_fibers(void);
void ex_docketd_died(void);
bool ex_docketd_has_work(void *nothing);
void ex_docketd_pump(void); /* until it has nothing to do; not explored */
void ex_operator_run(void *config);

/* store.c */
void ex_clerk_run(void *nothing);

/* workers.c */
void ex_worker_make(unsigned worker);
void ex_worker_run(void *worker);
struct ex_account *ex_account_of(int32_t label);

/* judge.c */
void ex_judge(void);

#endif
