/* SPDX-License-Identifier: MIT */
/*
 * ended: counters of periods that have ended, of which something is asked. Between
 * ended.c (their numbers), dated.c (who gets one) and closing.c (their end); leased.c knows two functions
 * of it, by daemon.h.
 *
 * Nothing of such a counter is in shared memory any more, except leases that are
 * still out: its image in the store is the truth, and each change of it a commit.
 *
 * Invariants
 *  1. Of one counter at most one such commit is in flight (busy, or its own turn),
 *     and the next one begins with what the store then says.
 *  2. While a counter stands here, no period of its label is opened, and its series
 *     stays in memory.
 *  3. Commit first, then answer: a number that nobody hears of counts as handed out.
 *  4. What is closed for good is never written again.
 */
#ifndef DK_DAEMON_ENDED_H
#define DK_DAEMON_ENDED_H

#include "daemon/admin/errand.h"

/* Somebody waits for a number of this date. */
struct dk_asking {
    struct dk_asking *next;
    struct dk_connection *connection;
    uint32_t date;
    uint32_t room;   /* bytes for the text; 0: none is wanted */
    uint64_t number; /* 0: none yet */
};

struct dk_ended {
    struct dk_ended *next;
    struct dk_daemon *daemon;
    uint64_t series_id;
    int32_t label;
    bool busy;              /* a commit of its image is in flight */
    bool held;              /* closing.c is at it */
    struct dk_asking *asked;  /* in order of arrival */
    struct dk_asking *given;  /* in the commit that is in flight */
    struct dk_form form;      /* how their texts are written */
};

/* What store and board know of the counter, and of those behind it. */
struct dk_ended_facts {
    struct dk_counter_image image; /* its spares are the asker's, to be freed */
    bool found;       /* the store has it */
    int32_t later;    /* a later period of which numbers were given; -1 none */
};

/* The entry of this counter; made if there is none. */
struct dk_ended *dk_ended_entry(struct dk_daemon *daemon, uint64_t series_id, int32_t label);
/* Free to be changed: nothing of it is in flight, and nobody else is at it. */
bool dk_ended_is_free(struct dk_daemon *daemon, uint64_t series_id, int32_t label);
docket_status dk_ended_look(struct dk_daemon *daemon, uint64_t series_id, int32_t label,
                            struct dk_ended_facts *facts) DK_MUST_USE;
/* A counter of a past period that nobody ever opened, as if it had ended unused. */
void dk_ended_begin(const struct dk_series_record *record, int32_t label, uint64_t incarnation,
                    struct dk_counter_image *image);

/* The first number of a period, by its image; 0: there is none. */
uint64_t dk_ended_first(struct dk_daemon *daemon, uint64_t series_id, int32_t label);

/* A counter whose period is over by the clock, and whose turn to end has not come: now. */
void dk_ended_end(struct dk_counter *counter);

/* closing.c: the first instant at which a period is closed by policy; INT64_MAX never. */
int64_t dk_closing_due_s(const struct dk_policy *policy, int32_t label);

/* ---- dated.c ---- */

/* For a sentence: "acme/INV/2025". Static memory. */
const char *dk_ended_name(const struct dk_series_record *record, int32_t label);
docket_status dk_ended_say_closed(const struct dk_series_book *series, int32_t label);
/* Does the series give numbers at all? */
docket_status dk_ended_check_series(const struct dk_series_book *series) DK_MUST_USE;
/* A number of this date and period, by what is known now; ahead_s: how long before its beginning a period may give
 * numbers at record speed (0 where the board has it then). */
docket_status dk_ended_check(const struct dk_series_book *series, int32_t label, const struct dk_ended_facts *facts,
                             uint32_t date, int64_t ahead_s) DK_MUST_USE;
/* May a period be begun that the store has never heard of? */
docket_status dk_ended_check_unseen(const struct dk_series_book *series, int32_t label) DK_MUST_USE;
/* When a store that was older than what it had given was accepted last; 0 never. */
docket_status dk_ended_accepted(struct dk_daemon *daemon, int64_t *time_ns) DK_MUST_USE;

#endif
