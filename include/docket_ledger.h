/* SPDX-License-Identifier: MIT */
/*
 * docket_ledger: numbers whose fate is kept one by one. A series with `ledger = on`
 * (an order of gapless means it) gives its numbers at record speed: docketd writes a
 * record for each, all who wait share one durable commit, and no lock is held while
 * the caller works.
 *
 *     struct docket_issue order = {.key = "order-4711"};
 *     struct docket_number got;
 *     if (docket_issue(invoices, &order, DOCKET_TIMEOUT_DEFAULT, &got) == DOCKET_OK)
 *         puts(got.text);
 *
 * States of a number: free, reserved (set aside under a name), pending (given, to be
 * settled), in doubt (its holder ended or its time ran out before it was settled),
 * issued, void.
 *
 * - Durable. What a call returns is on the disk.
 * - Tries. A call that docketd does not answer is sent again, at most three times in
 *   all within timeout_ns (DOCKET_TIMEOUT_DEFAULT: 2 seconds), with a pause that doubles
 *   and jitters; then it is GAVE_UP (UNREACHABLE if nobody was ever reached). With a key,
 *   or under a reservation's name, no try gives a second number, and the same call may be
 *   made again at any time. An issue without a key is sent once: if the answer is lost it is
 *   UNREACHABLE, and its number is pending or issued without anybody knowing it.
 * - Holders. Reserved and pending numbers are held by the calling process, and are in
 *   doubt when it ends, however it ends (or at once free again, in a series with
 *   `on-expiry = free`). DOCKET_DETACHED: by nobody; then only their time ends them.
 * - Who may decide. A number that somebody holds is settled, voided or released by its
 *   holder, or by whoever says its key or its reservation's name; anybody else gets
 *   NOT_YOURS. One in doubt is decided likewise, or by an admin (`docket resolve`).
 * - docket_next(), docket_next_text() and their forms on such a series are an issue without a
 *   key, and have its statuses too.
 * - Waiting. Every call waits for a commit: with a timeout of 0 it is TIMEOUT, and nothing
 *   was asked.
 * - Threads. Any thread may call; none from a signal handler (BUSY, where it interrupted a call).
 *   fork: a child is another holder.
 */
#ifndef DOCKET_LEDGER_H
#define DOCKET_LEDGER_H

#include "docket.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define DOCKET_KEY_MAX 128       /* bytes of a business key, or of a reservation's name */
#define DOCKET_TRACE_MAX 64      /* bytes of a trace id */
#define DOCKET_METADATA_MAX 2048 /* bytes of JSON metadata */
#define DOCKET_RESERVE_MAX 10000u /* most numbers of one reservation */
#define DOCKET_HOLD_S_MAX 31536000u /* longest time that a number is held, in seconds: a year */

enum {
    DOCKET_PENDING = 1, /* to be settled; what gapless series give without being told */
    DOCKET_SETTLED = 2, /* settled at once; what other series give */
    DOCKET_DETACHED = 4 /* held by nobody: expires_s alone ends it, and must be given */
};

/* What is asked for. Set all to zero first: zero and null members do not count. */
struct docket_issue {
    const char *key;      /* 1 to DOCKET_KEY_MAX bytes of printable UTF-8 */
    uint32_t date;        /* of the document, yyyymmdd; 0: today in the series' zone */
    const char *trace;    /* 1 to DOCKET_TRACE_MAX bytes of A-Z a-z 0-9 . _ : / + = - */
    const char *metadata; /* one JSON object of at most DOCKET_METADATA_MAX bytes */
    unsigned flags;
    uint32_t expires_s;   /* pending for at most so many seconds; 0: until its holder ends */
};

/* A number that is tracked. */
struct docket_number {
    uint64_t number;
    int32_t period;
    uint32_t date;      /* of the document */
    const char *state;  /* "free", "reserved", "pending", "in doubt", "issued", "void"; static memory */
    int again;          /* 1: the key (or name) had it already */
    uint32_t attempts;  /* how often it was asked for, as far as docketd heard of it */
    char text[DOCKET_TEXT_MAX];
};

/*
 * A number for a business key: durable, with its record, on return. The same key again,
 * in whichever period, from any process, after any crash, gives the same number with
 * again = 1; one that was in doubt is pending again, held by the caller. With another date,
 * metadata or DOCKET_SETTLED where PENDING was asked: KEY_DIFFERS, and got has the number
 * that the key has. (No date given agrees with every date; a trace id may differ.) Of a number that is void: KEY_VOID, and
 * got has it. A key whose number was released is free to get another.
 * Without a key each call is another number.
 * Statuses: OK, KEY_DIFFERS, KEY_VOID, NOT_TRACKED (the series has no ledger), EXHAUSTED,
 * COLLISION (three numbers in turn whose texts are documents of elsewhere; see
 * docket_elsewhere(). They are void, with that cause), PERIOD_NOT_OPEN, PERIOD_CLOSED, BAD_DATE, INTERVAL_OVER,
 * OUT_OF_ORDER, RETIRED, QUARANTINED, OVERLOADED (docketd has as much to do as it takes on), UNREACHABLE, GAVE_UP, TIMEOUT,
 * BAD_ARGUMENT and those of docket_series_open().
 */
docket_status docket_issue(docket_series *series, const struct docket_issue *asked, int64_t timeout_ns,
                           struct docket_number *got);
/* The same for count of them, in as few messages as they fit into; statuses[i] is that of
 * asked[i], and got[i] is written where that is OK, KEY_DIFFERS or KEY_VOID. OK: each has its status,
 * whatever it is. Else none is known, and those with a key may be asked for again. */
docket_status docket_issue_many(docket_series *series, const struct docket_issue *asked, size_t count,
                                int64_t timeout_ns, struct docket_number *got, docket_status *statuses);

/* A reservation that is asked for. */
struct docket_reserve {
    const char *name;   /* 1 to DOCKET_KEY_MAX bytes of printable UTF-8; names are not keys */
    uint32_t count;     /* 1 to DOCKET_RESERVE_MAX */
    uint32_t expires_s; /* from now, 1 to DOCKET_HOLD_S_MAX */
    uint32_t date;      /* as in struct docket_issue */
    const char *trace;
    unsigned flags;     /* DOCKET_DETACHED */
};
struct docket_reserved {
    int32_t period;
    uint32_t date;
    uint32_t count;    /* how many were granted */
    int64_t expires_ns; /* UTC */
    int again;         /* 1: the name had them already. Which of them are still held is not said */
};

/*
 * Sets numbers aside under a name: lowest free ones first; not always a run. numbers has room for
 * count; they ascend. The same name with the same count and date again tells the same numbers, for ever;
 * with others KEY_DIFFERS, and held says what it has. Fewer than count, but at least one, are granted only where
 * the counter or its interval ends: PARTIAL, and held says how many; none: EXHAUSTED.
 * Statuses: OK, PARTIAL, and those of docket_issue().
 */
docket_status docket_reserve(docket_series *series, const struct docket_reserve *asked, int64_t timeout_ns,
                             uint64_t *numbers, struct docket_reserved *held);

/* What becomes of numbers that are reserved, pending or in doubt. */
enum docket_verb {
    DOCKET_SETTLE = 1,  /* issued: it is on a document */
    DOCKET_VOID = 2,    /* never to be used; a reason is wanted. An issued number too, by its key or an admin */
    DOCKET_RELEASE = 3  /* free again, or void by the series' setting `release` */
};

/* Which number: by key, by text, or by period and number (and the reservation's name, which shows that the caller may). */
struct docket_which {
    const char *key;
    const char *text;
    const char *hold;  /* name of the reservation; NULL: none */
    int32_t period;    /* where neither key nor text is given */
    uint64_t number;
};

/*
 * Decides about count numbers, each with a status of its own: OK; ALREADY_SETTLED,
 * ALREADY_RELEASED (free, and was held), ALREADY_VOID: it is decided (and where that is what was wanted, all is well:
 * the same decision may be sent again); NOT_HELD (nobody was ever given it), NOT_YOURS, NOT_OF_SERIES (a
 * text), BAD_ARGUMENT. A late settle of a number in doubt succeeds if nobody else has it. Durable on return.
 * reason: 1 to 200 bytes of printable UTF-8, for DOCKET_VOID; else NULL. Where a try's answer was lost and the next one finds
 * the decision made, that is OK.
 * OK: each has its status. Else none is known.
 */
docket_status docket_decide(docket_series *series, enum docket_verb verb, const struct docket_which *which, size_t count,
                            const char *reason, int64_t timeout_ns, docket_status *statuses);
/* For one number, by its key; by its text. */
docket_status docket_settle(docket_series *series, const char *key, int64_t timeout_ns);
docket_status docket_settle_text(docket_series *series, const char *text, int64_t timeout_ns);
/* All that is not decided yet of a reservation; *done counts them (NULL is fine). NOT_HELD: no such reservation. */
docket_status docket_decide_reserved(docket_series *series, enum docket_verb verb, const char *name, const char *reason,
                                     int64_t timeout_ns, uint32_t *done);

/*
 * An admin decides about numbers in doubt that nobody else will decide about, whoever held them: by period and number, or
 * (count 0) all that are in doubt of the period (-1: of every period). *done counts them. Audited: reason is wanted for
 * each verb, as for DOCKET_VOID.
 * Statuses: OK, NOT_PERMITTED, those of docket_decide() for the first number that failed; the others are decided
 * all the same. timeout_ns counts for each commit of several.
 */
docket_status docket_resolve(docket_series *series, enum docket_verb verb, int32_t period, const uint64_t *numbers,
                             size_t count, const char *reason, int64_t timeout_ns, uint64_t *done);

/*
 * A document number that was given elsewhere (by hand, by another system) is taken for this tenant: small and capital letters
 * alike. note: 1 to 200 bytes, where it comes from. No series with a ledger gives a number of this text any more.
 * Statuses: OK (also if the same is known already), COLLISION (a number of the tenant's own has it, and got, unless NULL, says
 * which; or a series without a ledger writes such texts: `docket series advance` it beyond), NOT_PERMITTED, BAD_ARGUMENT,
 * UNREACHABLE, GAVE_UP.
 */
docket_status docket_elsewhere(docket_series *series, const char *text, const char *note, int64_t timeout_ns,
                               struct docket_number *got);

/* The record of a number. Texts live until the callback returns; "" where there is none. */
struct docket_record {
    uint64_t number;
    int32_t period;
    uint32_t date;
    const char *state, *text, *key, *hold, *trace, *metadata, *error, *host, *reason;
    int64_t first_ns, last_ns; /* UTC: given first, changed last */
    int64_t expires_ns;        /* UTC; 0 */
    uint32_t uid, attempts;
    int32_t seat;              /* of the holder; -1 none */
    uint64_t event;            /* that says why; 0 none */
};
typedef int (*docket_each_record)(void *context, const struct docket_record *record);

enum { DOCKET_EVERY_PERIOD = -1 };

/*
 * Records of the series, ascending by period and number: one period's or every period's, from number `from` on, of one state
 * (a name as above; NULL: any). each() returns 0 to go on. Numbers that were never given have none.
 * A reader's view: what was durable when docketd was asked. Long ones come in pieces.
 * Statuses: OK, NO_SERIES, NOT_TRACKED, NOT_PERMITTED, UNREACHABLE, DAMAGED, BAD_ARGUMENT.
 */
docket_status docket_records(docket_series *series, int32_t period, uint64_t from, const char *state,
                             docket_each_record each, void *context);
/* The one of a key. NOT_HELD: no such key. */
docket_status docket_record_of_key(docket_series *series, const char *key, docket_each_record each, void *context);

/*
 * Waits until a number that docket_next() and its like gave can no longer become unknown: a power loss that comes after it
 * finds in the store how far the counter, or the caller's lease, had come. For series without a ledger (with one it is OK at
 * once). Many who wait share one commit.
 * Statuses: OK, NOT_HELD (no such number was given), TIMEOUT, UNREACHABLE, PERIOD_NOT_OPEN, BAD_ARGUMENT.
 */
docket_status docket_wait_accounted(docket_series *series, int32_t period, uint64_t number, int64_t timeout_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
