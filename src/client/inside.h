/* SPDX-License-Identifier: MIT */
/*
 * inside: what libdocket's files share.
 *
 * Memory that must not survive a fork (leases, seats' books, locks) lies in
 * pages that the kernel wipes in the child (MADV_WIPEONFORK), whichever call
 * made the child. A wiped hand has serial 0 and matches no series; a wiped
 * live page has no seat; a wiped mutex is an unlocked one. So a child needs no
 * handler: its first call finds nothing and begins anew.
 */
#ifndef DK_CLIENT_INSIDE_H
#define DK_CLIENT_INSIDE_H

#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "client/handles.h"
#include "numbering/policy.h"
#include "numbering/template.h"
#include "table/calendar.h"
#include "table/cursor.h"
#include "table/desk.h"
#include "table/place.h"
#include "wire/wire.h"

#include <pthread.h>
#include <stdbool.h>

/* Default of DOCKET_TIMEOUT_DEFAULT, and of calls to docketd. */
#define DK_TIMEOUT_NS (2 * DK_SECOND_NS)

/* One of this process's lease lines. */
struct line {
    uint16_t lease;     /* number of its last lease */
    bool in_use;
    dk_word *claim;     /* place of its last lease: the line rests ... */
    uint64_t word;      /* ... while the claim word is still this one */
    uint64_t pulse;           /* docketd's heartbeat last seen from this line */
    uint16_t lease_at_pulse;  /* its lease number then */
    uint16_t lease_before;    /* and one heartbeat earlier: what was left before it is cleared */
};

struct live;

/* This process's seat at one desk. Heap; forgotten, not freed, by a child. */
struct seat {
    struct seat *next;
    struct live *live;
    struct dk_desk map;
    uint32_t number;
    uint64_t salt;
    uint8_t *base;
    size_t bytes;
    struct line *lines;
    uint32_t line_hint;
};

/* A lease in the hands of one thread or one block. Lies in wiped memory. The first
 * five are all that a number costs: its cursor's body, a multiplication, a store. */
struct lease {
    uint64_t body;     /* cursor.h: of the cursor that says that the next number is handed out */
    uint64_t end;      /* ... the body behind the last; equal: nothing is left, or no lease is open */
    uint64_t seal;     /* of the line */
    dk_word *cursor;   /* the line's shared word */
    uint64_t bias;     /* a body and this are its number */
    struct seat *seat;
    dk_word *claim;    /* the place's shared word */
    uint64_t word;     /* what the claim word says while the lease is ours */
    uint64_t first;
    uint32_t size;
    uint32_t line;
    uint16_t number;
};

/* How a period's numbers are written: the bank's form, unpacked. */
struct writing {
    struct dk_template template;
    uint16_t bytes;    /* of the longest text, with its zero; 0: the form is none that this library can use */
    uint16_t calendar; /* of the series' zone, on the board */
    bool chronological; /* no number has an earlier date than the one before it */
};

/* Today's text, until the day ends. */
struct text_day {
    int64_t from_s, until_s;
    uint32_t yyyymmdd; /* 0: neither template nor order asks for it */
    struct dk_rendered rendered;
    struct dk_written written; /* the last text of the day */
};

/* The series has left its slot (nobody used it): a status of this library's own,
 * which no caller sees. dk_hand_bind() leads to where it is now. */
#define DK_MOVED ((docket_status)0x7d0)
/* Likewise: the date asked for lies in a period that has left the board, or in one
 * that has not come to it. */
#define DK_OLDER ((docket_status)0x7d1)
#define DK_AHEAD ((docket_status)0x7d2)
/* ... or has not come, in a chronological series. */
#define DK_NOT_COME ((docket_status)0x7d3)
/* Likewise: the series tracks its numbers. Nothing of it is on the board, and docketd
 * gives them (docket_issue()). dk_take_wait() gives it back as it is. */
#define DK_TRACKED ((docket_status)0x7d4)

/*
 * Who may enter a hand, and by which way: the address of its series and, in the bits
 * that the address leaves free, what a number takes there. One comparison with what
 * the caller asks for is the look for the thread's own hand, for a fork (wiped: 0), for
 * a closed realm (0), for a call from a signal handler (BUSY), and for the way to go.
 */
enum dk_gate {
    DK_GATE_LEASED = 0, /* a leased period without an end: the lease decides alone */
    DK_GATE_BUSY = 1,   /* this whole word: inside a call */
    DK_GATE_TIMED = 2,  /* leased, and the clock decides whether the period is still the one */
    DK_GATE_STRICT = 4, /* the strict word decides alone */
    DK_GATE_STRICT_TIMED = 6,
    DK_GATE_OTHER = 8   /* no period yet, or dates count, or no desk */
};

/* What one thread holds of one series. Lies in wiped memory. What a number needs
 * stands in its first line. */
struct hand {
    uint64_t gate;        /* enum dk_gate */
    const dk_word *state; /* of the slot; 0 while numbers are given */
    struct lease lease;
    _Alignas(DK_CACHE_LINE) uint64_t serial; /* of the series; 0: nobody's, or wiped */
    int32_t period;
    int bank;             /* -1: none chosen yet */
    bool timed;           /* the period has an end, or a beginning */
    bool strict;
    bool quick;           /* strict, and no number's date matters: a take is the word's alone */
    int64_t from_s, until_s; /* of the period */
    uint64_t epoch;
    uint64_t base;
    struct shared_board_bank *board;
    struct shared_table_bank *table;
    uint32_t room_high;   /* strict: most room seen, to tell when half is gone */
    uint32_t slot;
    uint64_t generation;  /* of the slot while it is this series' */
    struct seat *seat;
    struct docket_series *series;
    int64_t timeout_ns;   /* of the last call that did not find its number at once, ... */
    size_t room;          /* ... and its room for the text; 0 none was wanted */
    struct hand *next_of_realm, *previous_of_realm;
    struct memory_counter *memory_counter; /* of a realm in memory: where it stands */
    struct text_day text;
    struct writing writing; /* of the bank */
};

struct docket_block {
    uint64_t serial;  /* 0: wiped: the parent's */
    uint32_t busy;    /* inside a call */
    struct docket_series *series;
    struct seat *seat;
    uint64_t incarnation;
    bool strict;
    int64_t from_s, until_s; /* of the period: no text of another one */
    int32_t period;
    uint32_t date;    /* of all its numbers, in a chronological series; 0 */
    struct dk_interval valid; /* the authority's, as it was when the block was opened */
    uint32_t slot;
    uint64_t first;   /* strict */
    uint32_t count;   /* numbers of the block */
    uint32_t taken;
    struct lease lease; /* leased: holds the block and perhaps more */
    struct text_day text;
    struct writing writing;
    struct memory_counter *memory_counter; /* of a realm in memory: its period, ... */
    struct memory_run *memory_run;         /* ... and its place in the lists there */
};

/* What of a realm must not survive a fork. One wiped page. */
struct live {
    pthread_mutex_t lock;        /* zero is unlocked; the lists; never held while waiting */
    pthread_mutex_t attach_lock; /* held while docketd is asked; taken before lock */
    pthread_mutex_t line_lock;   /* the lines of all seats: claims are rare */
    dk_word stamp; /* of this very page, since a child's is wiped: what stands in a struct quick is of it. 0 none yet */
    struct seat *seats;
    struct hand *hands;
    struct dk_line *lines; /* ledger_line.c: ways to docketd that are at rest */
    uint32_t line_count;
};

struct docket_series {
    struct docket_realm *realm;
    uint64_t serial;
    uint64_t hash; /* of tenant and name; see handles.h */
    struct dk_named *named; /* of a handle in the map */
    void *lies_in;          /* what is to be freed; NULL: itself */
    char tenant[DOCKET_NAME_MAX + 1];
    char name[DOCKET_NAME_MAX + 1];
    bool described;
    bool strict;
    enum dk_restart restart;
    uint32_t window;
    dk_word text_bytes; /* the longest text that any hand has seen a form of; for callers who ask */
    struct writing writing; /* of a realm in memory */
    struct memory_series *memory; /* of a realm in memory */
};

struct docket_realm {
    char directory[DK_PATH_BYTES];
    uid_t owner;
    struct live *live;
    struct dk_handles handles; /* added to under live->lock */
    struct memory *memory;     /* NULL, or a realm in memory */
    struct seat *memory_seat;  /* at which its blocks sit: a salt of 0, no more */
};

/* realm.c: the handle, made if this process has none: as docket_series_open(),
 * within timeout_ns. The names are not NULL. */
docket_status dk_series_reach(struct docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                              struct docket_series **series) DK_MUST_USE;

/* text.c: how numbers of this template are written; flags are of the board's slot. */
void dk_writing_set(struct writing *writing, struct docket_series *series, const struct dk_template *resolved,
                    uint8_t flags, uint16_t calendar);
/* The form that a bank of the board has at this epoch. False: it has another epoch by now. */
bool dk_writing_read(struct writing *writing, struct docket_series *series, const struct shared_board_slot *slot,
                     int bank, uint64_t epoch);
/* DAMAGED, or BUFFER_TOO_SMALL: the longest text does not fit into so many bytes. */
docket_status dk_writing_fits(const struct writing *writing, const struct docket_series *series,
                              size_t size) DK_MUST_USE;

/* pool.c: wiped memory for hands and blocks; never returned to the system. */
void *dk_wiped_page(void);
/* Held while a thread's end gives its hands back, and while a close drops a
 * realm's: the one sees all of the other or nothing. */
void dk_hands_lock(void);
void dk_hands_unlock(void);
struct hand *dk_hand_new(void);
void dk_hand_free(struct hand *hand);
struct docket_block *dk_block_new(void);
void dk_block_free(struct docket_block *block);
uint64_t dk_serial_next(void);

/*
 * hand.c: the calling thread's hand for a series. The memo leads to the hot ones, by
 * a byte of the series' address: one whose gate is another's is not the hand. Where
 * no hand is, dk_nobody stands, whose gate never opens.
 */
enum { DK_MEMO = 256 / sizeof(void *) };
extern __thread struct hand *dk_hand_memo[DK_MEMO];
extern struct hand dk_nobody;

/* The series is at least 8 bytes aligned, so the byte is the offset of an entry. */
static inline struct hand **dk_hand_place(const struct docket_series *series)
{
    return (struct hand **)(void *)((char *)dk_hand_memo + (uint8_t)(uintptr_t)series);
}

static inline struct hand *dk_hand_find(const struct docket_series *series)
{
    struct hand *hand = *dk_hand_place(series);
    return hand->serial == series->serial ? hand : NULL;
}

static inline uint64_t dk_gate_of(const struct docket_series *series, enum dk_gate way)
{
    return (uint64_t)(uintptr_t)series + way;
}

docket_status dk_hand_make(struct docket_series *series, int64_t timeout_ns, struct hand **hand) DK_MUST_USE;
void dk_hand_drop_all(struct docket_realm *realm);
/* Puts the hand at the seat and slot where its series is now. docketd is asked
 * if this process has no seat there, or if fresh wants it. */
docket_status dk_hand_bind(struct hand *hand, bool fresh, int64_t timeout_ns) DK_MUST_USE;

/* A thread that waits, attaches or gives back holds locks: a signal handler
 * that interrupts it must not come here again. False: BUSY. */
bool dk_slow_enter(void);
void dk_slow_leave(void);

/* reach.c: docketd, seats and slots. */
docket_status dk_reach_ask(struct docket_realm *realm, const struct dk_request *request, int64_t timeout_ns,
                                     struct dk_reply *reply, int fds[DK_WIRE_FDS]) DK_MUST_USE;
/* Finds (and by docketd makes) the series; a seat at its desk. One thread of
 * the process at a time: under live->attach_lock. */
docket_status dk_reach_series(struct docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                              struct seat **seat, uint32_t *slot, uint64_t *generation) DK_MUST_USE;
/* True if docketd serves other files for this desk than those we sit at. */
bool dk_reach_moved(struct docket_realm *realm, struct seat *seat, int64_t timeout_ns);
void dk_seat_leave(struct seat *seat);

/* One connection to docketd, checked, for one question. */
docket_status dk_reach_connect(struct docket_realm *realm, int *fd) DK_MUST_USE;

/* ledger_line.c: the realm is closed. */
void dk_lines_end(struct docket_realm *realm);
/* ledger.c: docket_next() and its like where the series keeps a ledger: an issue without a key. yyyymmdd 0: today;
 * room: for the text, 0 if none is wanted, and then text is not looked at. Results may be NULL. */
docket_status dk_ledger_next(struct docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, char *text, size_t room,
                             uint64_t *number, int32_t *period) DK_MUST_USE;
/* Likewise: the number and period of a text, as docketd reads it. NOT_OF_SERIES. */
docket_status dk_ledger_text_read(struct docket_series *series, const char *text, uint64_t *number,
                                  int32_t *period) DK_MUST_USE;

/* errand.c (rows: admin.c): an admin's question is sent once, however often it takes to connect.
 * OK: fds[0] may have rows. */
docket_status dk_errand_ask(struct docket_realm *realm, const struct dk_admin_request *request, int descriptor,
                            int64_t timeout_ns, struct dk_reply *reply, int *rows_fd) DK_MUST_USE;
/* errand_periods.c: tells of the rows of an answer. */
struct docket_holder;
void dk_errand_holders(struct dk_holder_wire *rows, size_t count,
                       int (*each)(void *context, const struct docket_holder *holder), void *context);
/* errand.c: text into a field of a packet; a longer one is refused, not cut. NULL: the field stays as it is. */
docket_status dk_errand_put(char *field, size_t size, const char *what, const char *text) DK_MUST_USE;
/* errand.c: a checked reason into an errand. */
docket_status dk_errand_reason(struct dk_admin_request *request, const char *reason) DK_MUST_USE;
/* errand.c: bytes in a memory file that nobody can change any more. */
docket_status dk_errand_seal(const char *evidence, size_t bytes, int *fd) DK_MUST_USE;
/* admin.c: "next", "open" ... of enum dk_period_state. */
const char *dk_period_state_name(unsigned state);
/* All rows of a memory file, into memory that the caller frees; closes it. */
docket_status dk_errand_rows(int fd, size_t row_bytes, void **rows, size_t *count) DK_MUST_USE;

/* lease.c: blocks of a leased series. */
docket_status dk_lease_claim(struct lease *lease, struct seat *seat, uint32_t slot,
                                       const struct shared_board_bank *bank, uint64_t epoch,
                                       uint32_t size_min) DK_MUST_USE;
void dk_lease_give_back(struct lease *lease, uint32_t slot);
uint64_t dk_lease_free_numbers(const struct seat *seat, const struct shared_board_bank *bank,
                                         uint64_t epoch, uint64_t *lowest);

static inline uint32_t dk_lease_left(const struct lease *lease)
{
    return (uint32_t)(lease->end - lease->body);
}

/* The lease holds these numbers from now on; its line and number are set. */
static inline void dk_lease_begin(struct lease *lease, uint64_t first, uint32_t size)
{
    lease->first = first;
    lease->size = size;
    lease->body = dk_cursor_body(lease->number, 1, false);
    lease->end = lease->body + size;
    lease->bias = first - lease->body;
}

/* Takes count of the numbers that are left, at least that many; the first of them. */
static inline uint64_t dk_lease_take(struct lease *lease, uint32_t count)
{
    uint64_t body = lease->body;
    dk_store_release(lease->cursor, (body + count - 1) * lease->seal); /* ORDER-7: before the numbers leave */
    lease->body = body + count;
    return body + lease->bias;
}

static inline bool dk_hand_in_period(const struct hand *hand, int64_t now_s)
{
    return hand->bank >= 0 && now_s >= hand->from_s && now_s < hand->until_s;
}

/* Relaxed: docketd writes it once, when the series is retired. */
static inline bool dk_hand_is_retired(const struct hand *hand)
{
    return dk_load_relaxed(hand->state) == DK_SLOT_RETIRED;
}

/* stand.c: does the series give numbers at all? OK, QUARANTINED, RETIRED. */
docket_status dk_hand_state(const struct hand *hand) DK_MUST_USE;
/* The hand stands in the period of now_s. MOVED, QUARANTINED, RETIRED,
 * PERIOD_NOT_OPEN, INTERVAL_OVER. */
docket_status dk_take_prepare(struct hand *hand, int64_t now_s) DK_MUST_USE;
/* take.c: the hand's lease has a number left, or gets some. TIMEOUT: nothing is laid. */
docket_status dk_take_lease_open(struct hand *hand) DK_MUST_USE;
/* take.c: numbers, waiting. attempt is made again where a later date was there first: the clock may have gone on. */
docket_status dk_take_wait(struct hand *hand, int64_t timeout_ns,
                                     docket_status (*attempt)(struct hand *hand, int64_t now_s, void *context),
                                     void *context, uint32_t want) DK_MUST_USE;
/* NOT_TRACKED, of a call that finds nothing of a series with a ledger; call: "docket_peek()". */
docket_status dk_say_tracked(const struct docket_series *series, const char *call) DK_MUST_USE;
docket_status dk_hand_enter(struct docket_series *series, int64_t timeout_ns, struct hand **hand) DK_MUST_USE;
/* The hand stands in the period that holds the date. OLDER, AHEAD, NOT_COME, DAMAGED, INTERVAL_OVER too. */
docket_status dk_take_prepare_date(struct hand *hand, int64_t now_s, uint32_t yyyymmdd) DK_MUST_USE;
/* The hand's next number, under this date; the date counts in a chronological
 * series only. */
docket_status dk_take_number(struct hand *hand, uint32_t yyyymmdd, uint64_t *number) DK_MUST_USE;
/* Takes count numbers of a strict counter in one piece, or says why not. */
docket_status dk_take_strict(struct hand *hand, uint32_t yyyymmdd, uint32_t count, uint64_t *first) DK_MUST_USE;
/* The way that a number takes by what the hand knows now. */
static inline enum dk_gate dk_hand_way(const struct hand *hand)
{
    if (hand->bank < 0 || (hand->strict && !hand->quick))
        return DK_GATE_OTHER;
    if (hand->strict)
        return hand->timed ? DK_GATE_STRICT_TIMED : DK_GATE_STRICT;
    return hand->timed ? DK_GATE_TIMED : DK_GATE_LEASED;
}

/* False: a fork inside this call, from a signal handler: this is the child, whose hand
 * is wiped, and what was taken is the parent's. */
static inline bool dk_hand_leave(struct hand *hand)
{
    dk_compiler_barrier();
    if (hand->gate != DK_GATE_BUSY)
        return false;
    hand->gate = dk_gate_of(hand->series, dk_hand_way(hand));
    return true;
}

struct docket_policy;
/* admin.c: checked names into the fields of a request or an errand. */
docket_status dk_names_fill(const char *tenant, const char *name, char to_tenant[DK_WIRE_NAME],
                            char to_name[DK_WIRE_NAME]) DK_MUST_USE;
/* A policy into the settings of a request or an errand; NULL and zero members are
 * the default. Lines of the members that are said; each value is one that its setting can have. */
docket_status dk_policy_fill(char settings[DK_WIRE_SETTINGS], const struct docket_policy *policy) DK_MUST_USE;

/* memory.c, memory_take.c: a realm in memory. Its hands stand in no bank and are
 * not in the memo, so the hot path never meets one and asks nothing: each call
 * comes to dk_take_wait(), and goes on here. */
docket_status dk_memory_answer(struct docket_realm *realm, const struct dk_request *request,
                               int fds[DK_WIRE_FDS]) DK_MUST_USE;              /* in docketd's stead */
docket_status dk_memory_bind(struct docket_series *series) DK_MUST_USE; /* finds or makes it */
/* One attempt, under the realm's lock, at its clock; or what a test wants instead. */
docket_status dk_memory_attempt(struct hand *hand, int64_t timeout_ns,
                                docket_status (*attempt)(struct hand *hand, int64_t now_s, void *context),
                                void *context) DK_MUST_USE;
/* Parts of an attempt: the period's counter, numbers, a block. */
docket_status dk_memory_prepare(struct hand *hand, int64_t now_s) DK_MUST_USE;
docket_status dk_memory_prepare_date(struct hand *hand, int64_t now_s, uint32_t yyyymmdd) DK_MUST_USE;
docket_status dk_memory_take(struct hand *hand, uint32_t yyyymmdd, uint32_t count, uint64_t *first) DK_MUST_USE;
docket_status dk_memory_take_block(struct hand *hand, uint32_t yyyymmdd, uint32_t count, struct docket_block *block) DK_MUST_USE;
docket_status dk_memory_give_back(struct docket_block *block, uint32_t *returned) DK_MUST_USE;
docket_status dk_memory_look(struct hand *hand, uint64_t *next, uint64_t *count) DK_MUST_USE;
struct dk_interval dk_memory_interval(const struct docket_series *series);
uint32_t dk_memory_last_date(const struct hand *hand); /* of the period it stands in; 0 none */
int64_t dk_memory_now_s(const struct docket_realm *realm);
void dk_memory_close(struct docket_realm *realm);

/* text.c: what day it is, in the series' zone. False: the board does not say. */
bool dk_text_today(const struct writing *writing, const struct docket_series *series, const struct seat *seat,
                   int64_t now_s, struct dk_calendar_found *found);
/* text.c: the day of now_s. seat is not looked at in a realm in memory. */
docket_status dk_text_day(struct text_day *text, const struct writing *writing, const struct docket_series *series,
                          const struct seat *seat, int64_t now_s) DK_MUST_USE;

#endif
