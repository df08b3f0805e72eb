/* SPDX-License-Identifier: MIT */
/*
 * ledger: series that track their numbers. What is asked of them comes in parcels (record.h), is
 * planned in the order in which it came, written in one commit, and answered when that is durable.
 * Between the files of src/daemon/ledger/; nobody else includes this.
 *
 *   hear.c     parcels: from the socket to the series' book, and answers
 *   book.c     a series' turn: what waits becomes one plan, the plan a job
 *   plan.c     the plan: what this commit will change, so that a later item sees an earlier one
 *   issue.c    a number for a key         texts.c    texts read backwards, and those of elsewhere
 *   metadata.c is it JSON?
 *   reserve.c  reservations     decide.c  settle, void, release, resolve
 *   holds.c    who holds what   due.c  time that runs out, holders that end
 *
 * Nothing of such a series is in shared memory: the image of a period (series, period) in the store, with
 * closed = DK_ENDED and mark = next, is all there is of the counter. Its spares are the free numbers below
 * `next`.
 *
 * Invariants
 *  1. Of one series at most one commit is in flight; the next plan begins with what the store then says.
 *     Plans of several series share commits.
 *  2. Commit first, then answer. A failed commit ends docketd, so a plan never has to be undone; the books
 *     of holds follow a plan when it is made.
 *  3. A plan changes an item's numbers only as a whole: an item that is refused has changed nothing.
 *  4. Number, record, key, hold and image change in one commit.
 *  5. What waits is bounded: a parcel beyond the bounds is answered OVERLOADED at once.
 *  6. Admins' errands and ended/ change images of such a series too. A plan is not begun while series->held,
 *     series->publishing or dk_ended_is_written(series); they do not begin while dk_ledger_is_written(series).
 *     And a plan is begun in dk_ledger_turn() only, never when a job is done: errands wait for the clerk to be idle.
 *     What they skip (advance, another interval, an older store that was accepted) is a void range of the fates,
 *     also where a record says that the number is free: such a record is of the past, and the range counts.
 *  7. So a number below `next` that is no spare has a record, or lies in a void range, or was given before the
 *     series kept a ledger.
 */
#ifndef DK_DAEMON_LEDGER_LEDGER_H
#define DK_DAEMON_LEDGER_LEDGER_H

#include "daemon/door/serve.h"
#include "store/ledger.h"
#include "wire/record.h"

enum {
    DK_LEDGER_BYTES_MAX = 8 << 20, /* parcels that wait, all together */
    DK_LEDGER_OF_CONNECTION = 64,  /* parcels that wait of one connection */
    DK_LEDGER_PLAN_ITEMS = 4096,   /* items of one plan: more wait for the next */
    DK_LEDGER_PLAN_THINGS = 32768  /* records, keys and holds that a plan has in memory before it takes on no more: one
                                    * reservation is ten thousand */
};

/* A packet that waits for its answer. */
struct dk_parcel {
    struct dk_parcel *next;
    struct dk_connection *connection; /* gone: it is planned all the same, and answered to nobody */
    struct dk_record_head head;
    uint8_t *bytes;
    struct dk_record_answer *answers; /* [head.count]; texts and runs are the plan's */
};

/* A series of which something is asked, or some hold runs out. */
struct dk_ledger_book {
    struct dk_ledger_book *next;
    struct dk_daemon *daemon;
    uint64_t series_id;
    struct dk_parcel *asked, **asked_end; /* in order of arrival */
    struct dk_parcel *given;              /* in the commit that is in flight */
    struct dk_plan *plan;                 /* of that commit; NULL: none is in flight */
    struct dk_parcel *durable;            /* of a commit that is done: they hear of it in this turn of the loop, behind ... */
    struct dk_plan *durable_plan;         /* ... the next plan, so that the disk does not wait for their answers */
    int64_t since_ns;                     /* monotonic: since when it stands here */
    uint32_t waiting;                     /* parcels asked */
    uint32_t crowd;                       /* parcels that were on their way at once, the last time */
    int64_t told_ns;                      /* monotonic: when the last plan's were answered ... */
    int64_t posted_ns, took_ns;           /* ... when it was posted, and how long its commit took */
};

/* One period in a plan. */
struct dk_plan_period {
    struct dk_plan_period *next;
    struct dk_counter_image image; /* as it will be; spares are its own */
    size_t spare_room;
    uint32_t spare_from;           /* those before it are taken */
    bool changed;
    bool found;                    /* the store has it */
    int32_t later;                 /* a later period of which numbers were given; -1 none */
    uint64_t last;                 /* the last number that it gives */
    uint64_t fresh_from;           /* from here on the store has no record */
    uint32_t checked;              /* the date of which a number may be given, as the last look found; 0 none */
    uint32_t rendered_date;        /* of rendered; 0 none */
    struct dk_rendered rendered;
    struct dk_form form;           /* how its numbers are written now */
    struct dk_template template;   /* ... unpacked */
};

struct dk_plan {
    struct dk_daemon *daemon;
    struct dk_ledger_book *book;
    struct dk_series_book *series;
    struct dk_job *job;
    int64_t now_ns;                /* UTC, by docketd's guarded clock */
    uint32_t today;                /* in the series' zone */
    struct dk_plan_period *periods;
    struct dk_plan_inside *inside; /* plan.c's */
};

/* ---- plan.c. What it gives lives as long as the plan. ---- */

/* The period as it stands in this plan: from the store, or begun. */
docket_status dk_plan_period(struct dk_plan *plan, int32_t label, struct dk_plan_period **period) DK_MUST_USE;
/* The record of a number; NULL: none. */
docket_status dk_plan_find(struct dk_plan *plan, int32_t label, uint64_t number,
                           const struct dk_ledger_record **record) DK_MUST_USE;
/* What a key has: its record of the keys, and its number's. NOT_HELD: none ever. ALREADY_RELEASED: its number was released
 * (and may be somebody else's by now): the key may get another one. A released number's key keeps its entry in `keys`, so
 * that a late release or settle is told so; whoever finds one looks whether the number's record still has the key. OK with
 * *record NULL: the key has its number, and that's record was exported and dropped. In decide.c. */
docket_status dk_plan_key(struct dk_plan *plan, const char *text, const struct dk_key_record **key,
                          const struct dk_ledger_record **record) DK_MUST_USE;
/* Its new record, with its texts; last_ns is set here. One that becomes FREE becomes a spare of its period. */
docket_status dk_plan_put(struct dk_plan *plan, const struct dk_ledger_record *record) DK_MUST_USE;
docket_status dk_plan_find_key(struct dk_plan *plan, uint8_t kind, const char *text,
                               const struct dk_key_record **key) DK_MUST_USE;
void dk_plan_put_key(struct dk_plan *plan, const struct dk_key_record *key);
void dk_plan_put_hold(struct dk_plan *plan, const struct dk_hold_record *hold);
void dk_plan_put_elsewhere(struct dk_plan *plan, const struct dk_elsewhere_record *record);
/* The note of a text (in capitals) that this plan takes for elsewhere; NULL. */
const struct dk_elsewhere_record *dk_plan_elsewhere(const struct dk_plan *plan, const char *text);
/* A number of the period is free; the lowest free one (0: there is none); and it is none any more. */
void dk_plan_spare(struct dk_plan_period *period, uint64_t number);
uint64_t dk_plan_lowest(const struct dk_plan_period *period);
void dk_plan_spend_lowest(struct dk_plan_period *period);
/* Memory and texts that live as long as the plan. */
void *dk_plan_alloc(struct dk_plan *plan, size_t bytes);
const char *dk_plan_print(struct dk_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The job's event, in this commit; for dk_ledger_record.event_at. */
uint32_t dk_plan_event(struct dk_plan *plan, const char *kind, uint32_t uid, const char *reason, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Records, keys, holds that it has read or changed. */
size_t dk_plan_size(const struct dk_plan *plan);
struct dk_plan *dk_plan_begin(struct dk_ledger_book *book, struct dk_series_book *series);
/* The job, to be posted; NULL if nothing changes. Images of changed periods go into it. */
struct dk_job *dk_plan_job(struct dk_plan *plan, void (*done)(struct dk_job *job));
void dk_plan_end(struct dk_plan *plan);

/* ---- issue.c ---- */

/* The period of a document date (0: today), and the date; may a number of it be given now? BAD_DATE, PERIOD_CLOSED,
 * PERIOD_NOT_OPEN, INTERVAL_OVER, OUT_OF_ORDER, and what dk_ended_check_series() has against the series. */
docket_status dk_plan_date(struct dk_plan *plan, uint32_t asked, uint32_t *date, struct dk_plan_period **period) DK_MUST_USE;
/* The lowest free number of the period, taken, with its text. EXHAUSTED, COLLISION (see docket_issue()). The caller puts its record. */
docket_status dk_plan_take(struct dk_plan *plan, struct dk_plan_period *period, uint32_t date, uint64_t *number,
                           char text[DOCKET_TEXT_MAX]) DK_MUST_USE;
/* The note of a document number that was given elsewhere, by what is committed or planned; NULL: it was not. */
docket_status dk_plan_note_of(struct dk_plan *plan, const char *text, const char **note) DK_MUST_USE;
/* BAD_ARGUMENT unless it is one JSON object of bounded depth. */
docket_status dk_metadata_check(const char *text) DK_MUST_USE;
/* Each plans one item, and says in *answer what will be told. status: of the item; the last error is its sentence. */
docket_status dk_ledger_issue(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                              struct dk_record_answer *answer) DK_MUST_USE;
docket_status dk_ledger_elsewhere(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                  struct dk_record_answer *answer) DK_MUST_USE;
docket_status dk_ledger_look(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                             struct dk_record_answer *answer) DK_MUST_USE;
/* The number of a text of this series, by its policy or its next one. NOT_OF_SERIES. */
docket_status dk_plan_read_text(struct dk_plan *plan, const char *text, int32_t *label, uint64_t *number) DK_MUST_USE;
/* Number, text, state ... of a record, for the answer. */
void dk_ledger_tell(struct dk_plan *plan, const struct dk_ledger_record *record, struct dk_record_answer *answer);

/* ---- reserve.c, decide.c ---- */

docket_status dk_ledger_reserve(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                struct dk_record_answer *answer) DK_MUST_USE;
docket_status dk_ledger_decide(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                               struct dk_record_answer *answer) DK_MUST_USE;
docket_status dk_ledger_decide_all(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                   struct dk_record_answer *answer) DK_MUST_USE;

/* ---- holds.c: live holds in memory, as the last plans left them ---- */

/* At the start: what the store knows. Those whose holders are gone are due at once. */
docket_status dk_holds_load(struct dk_daemon *daemon) DK_MUST_USE;
void dk_holds_free(struct dk_daemon *daemon);
/* The parcel's sender as a holder: *seat -1 if it is none, or flags has DOCKET_DETACHED. NOT_PERMITTED: it says that it sits where it does not. */
docket_status dk_hold_begin(const struct dk_plan *plan, const struct dk_parcel *parcel, uint32_t flags, uint32_t expires_s,
                            struct dk_hold_record *hold) DK_MUST_USE;
/* Puts a hold (or its change, or removal) into plan and memory. kind and text, or kind, period and number, name it. */
void dk_hold_put(struct dk_plan *plan, const struct dk_hold_record *hold);
/* The hold of a record that is reserved, pending or in doubt; NULL: none. Lives until the next dk_hold_put(). */
const struct dk_hold_record *dk_hold_of(const struct dk_daemon *daemon, const struct dk_ledger_record *record);
/* Has the series some that somebody holds, or whose time will come? It stays in memory. */
bool dk_holds_has_live(const struct dk_daemon *daemon, uint64_t series_id);
/* True if the series has some that are due: dk_holds_plan() ends them in this plan, or a part of them. One that cannot
 * be ended is logged, and due again in a while. */
bool dk_holds_are_due(const struct dk_daemon *daemon, uint64_t series_id);
void dk_holds_plan(struct dk_plan *plan);
/* Numbers of a ledger that who sits there holds: pending, and of reservations. */
uint64_t dk_holds_of_seat(const struct dk_daemon *daemon, uint32_t desk, uint32_t seat);
/* Each tick: time that has run out, by CLOCK_BOOTTIME within a boot. Gives each series with due holds a book. */
void dk_holds_tick(struct dk_daemon *daemon);
/* A seat was reaped: what it held is due. daemon.h has this for reaper.c. */

/* ---- hear.c ---- */

/* Tells the parcel's items (status OK) or why there are none (the last error), and frees it. */
void dk_parcel_answer(struct dk_parcel *parcel, docket_status status);

/* ---- book.c ---- */

struct dk_ledger_book *dk_ledger_book_of(struct dk_daemon *daemon, uint64_t series_id); /* made if there is none */

#endif
