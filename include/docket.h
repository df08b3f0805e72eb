/* SPDX-License-Identifier: MIT */
/*
 * docket: document numbers out of shared memory. This is the door: what a
 * worker links against.
 *
 *     docket_realm *realm;
 *     docket_series *invoices;
 *     char text[DOCKET_TEXT_MAX];
 *
 *     if (docket_realm_open("/var/lib/docket", &realm) != DOCKET_OK ||
 *         docket_series_open(realm, "acme", "INV", &invoices) != DOCKET_OK ||
 *         docket_next_text(invoices, DOCKET_TIMEOUT_DEFAULT, text, sizeof text, NULL, NULL) != DOCKET_OK)
 *         fprintf(stderr, "%s\n", docket_last_error());
 *
 * Read these before the declarations:
 *
 * - Once. A number that a call returned is never returned again within
 *   (tenant, series, period): across threads, processes, SIGKILL, fork, power
 *   loss. Before you see it, a mark above it is committed and synced.
 * - Killed calls. A thread that is killed inside a call costs at most the
 *   numbers of that call; they count as handed out.
 * - Power loss. Numbers that were laid or leased since the last journal entry
 *   become `unknown`: never given again, listed by `docket fate`. One that
 *   docket_wait_accounted() (docket_ledger.h) has waited for does not.
 * - Threads. Every function may be called from any thread at any time unless
 *   its comment says otherwise. From a signal handler only docket_next() and
 *   docket_next_text() may be called (and their forms by name, for names whose
 *   handle is made); one that interrupted a call of its own
 *   thread may get DOCKET_BUSY, and then has taken no number.
 * - fork. A child may go on with the realm and series it inherited: its first
 *   call attaches anew. A docket_block belongs to the process that opened it.
 *   A child that a signal handler made inside a call of its own thread may call
 *   docket_next() there, exec or _exit, but not return into that call: it is the
 *   parent's.
 * - Waiting. A call waits only when no number is laid: three tries with
 *   exponential backoff and jitter within the timeout, then DOCKET_TIMEOUT.
 *   A refused or timed-out call takes no number.
 * - Descriptors. The library keeps none between calls, but for series that keep a ledger:
 *   calls at record speed keep their connections, at most 32 to a realm, since to connect
 *   costs more than to ask. Each is used, and closed, only while it is still the very
 *   socket that it was. So a program that closes or reuses descriptors it does not know
 *   cannot harm it, nor it the program.
 * - The library starts no threads, handles no signals, prints nothing and never
 *   exits (but for an internal check that fails: our bug, said on stderr), and
 *   must not be unloaded (it is linked nodelete).
 */
#ifndef DOCKET_H
#define DOCKET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define DOCKET_VERSION "0.1.0"

/* Names of tenants and series: 1 to DOCKET_NAME_MAX bytes out of A-Z a-z 0-9
 * . _ - , the first of them a letter or a digit. Case matters. */
#define DOCKET_NAME_MAX 64

/* Longest document number including the terminating zero byte. */
#define DOCKET_TEXT_MAX 128

/* Largest number: exact in every JSON reader. */
#define DOCKET_NUMBER_MAX 999999999999999ULL

/* Most numbers in one block (a series whose window is smaller gives no more than
 * its window in one), and of one docket_next_many(). */
#define DOCKET_BLOCK_MAX 10000u

/* Most series of one realm that one process may have handles for: as many as a
 * desk holds. A handle has about 600 bytes. */
#define DOCKET_HANDLES_MAX 1048576u

/*
 * A window is one number with two readings: at most so many numbers become
 * unknown when the power fails, beside the rest of each open lease; and at most
 * so many are left to give when docketd stays away. docketd lays a minute at the
 * seen rate ahead, at least 16, at most the window, and lays again when half of
 * it is gone. A window is 16 to DOCKET_WINDOW_MAX. DOCKET_WINDOW_BENCHMARK, by name
 * `benchmark`, is for measuring how fast docket can be, and not for books: a power
 * loss may make 16,777,216 numbers of the series unknown, and beside them the rest
 * of each open lease, 2,097,152 at most.
 */
#define DOCKET_WINDOW_MAX 10000u
#define DOCKET_WINDOW_BENCHMARK 16777216u

/* A timeout argument, in nanoseconds: 0 never waits; this one waits for the
 * realm's default, 2 seconds. A lesser one is BAD_ARGUMENT to every call that might have
 * to wait, and so to each thread's first; docket_next() does not look at it
 * where the next number lies ready in the thread's own lease. */
#define DOCKET_TIMEOUT_DEFAULT ((int64_t)-1)

/*
 * Statuses. The values are stable. docket_status_category() sorts them into
 * what a caller does about them; docket_status_retryable() says whether the
 * same call may succeed later without anybody changing anything.
 */
typedef enum docket_status {
    DOCKET_OK = 0,
    DOCKET_TIMEOUT = 1,            /* no number was laid within the timeout; docketd may be down */
    DOCKET_BUSY = 2,               /* called from inside a call on the same series (signal handler) */
    DOCKET_UNREACHABLE = 3,        /* docketd does not answer, and the call cannot do without it */
    DOCKET_PERIOD_NOT_OPEN = 4,    /* the clock stands in a period that docketd has not published */
    DOCKET_EXHAUSTED = 5,          /* the counter has given its last number */
    DOCKET_BAD_NAME = 6,           /* a tenant or series name is outside the safe set */
    DOCKET_BAD_COUNT = 7,          /* a count of 0 or above the stated limit */
    DOCKET_BAD_ARGUMENT = 8,       /* a null pointer or a value outside its stated range */
    DOCKET_BUFFER_TOO_SMALL = 9,   /* the longest text of this series does not fit */
    DOCKET_NO_REALM = 10,          /* the directory holds no realm */
    DOCKET_NO_SERIES = 11,         /* the realm wants series declared, and this one is not */
    DOCKET_EXISTS = 12,            /* it exists already, with other settings */
    DOCKET_BAD_POLICY = 13,        /* a template or setting that cannot be used */
    DOCKET_NOT_PERMITTED = 14,     /* this uid may not use the desk, or not do this */
    DOCKET_SEATS_EXHAUSTED = 15,   /* all seats of the desk are taken */
    DOCKET_LINES_EXHAUSTED = 16,   /* this process holds all its lease lines */
    DOCKET_REALM_FULL = 17,        /* no room for another series, or in this process for another handle */
    DOCKET_NO_SPACE = 18,          /* the disk or the tmpfs is full */
    DOCKET_NO_MEMORY = 19,         /* the process is out of memory or descriptors */
    DOCKET_UNSAFE_FILES = 20,      /* foreign owner, loose mode, symlink where none may be */
    DOCKET_NOT_TMPFS = 21,         /* the runtime directory is not on tmpfs, or its locks do not hold */
    DOCKET_BAD_LAYOUT = 22,        /* wrong magic, version, size or flag in a shared file */
    DOCKET_DAMAGED = 23,           /* a record or a shared word failed its check */
    DOCKET_STORE_IN_USE = 24,      /* another docketd serves this realm */
    DOCKET_STORE_REWOUND = 25,     /* the store is older than its witness */
    DOCKET_STORE_FAILED = 26,      /* the store cannot be opened, written or synced */
    DOCKET_QUARANTINED = 27,       /* a scribbled counter; nothing is given until it is looked into */
    DOCKET_FOREIGN_BLOCK = 28,     /* the block belongs to the parent of this process */
    DOCKET_BLOCK_EMPTY = 29,       /* every number of the block has been taken */
    DOCKET_PROTOCOL = 30,          /* docketd and library do not understand each other */
    DOCKET_BAD_CONFIG = 31,        /* an unknown key or an unusable value in a configuration file */
    DOCKET_SYSTEM = 32,            /* the operating system refused; docket_last_error() says what */
    DOCKET_RETIRED = 33,           /* the series was retired: it gives no number any more, in any period */
    DOCKET_REFUSED = 34,           /* an admin's wish that what stands does not allow; nothing was changed */
    DOCKET_PERIOD_CLOSED = 35,     /* the period was closed: it gives no number any more */
    DOCKET_BAD_DATE = 36,          /* no date of the calendar, or outside 2001-01-01 to 2099-12-31 */
    DOCKET_OUT_OF_ORDER = 37,      /* a date before the last one of a chronological series, or one to come */
    DOCKET_INTERVAL_OVER = 38,     /* the authority's interval is not valid on this date */
    DOCKET_NOT_OF_SERIES = 39,     /* a text that this series does not write */
    DOCKET_COLLISION = 40,         /* two numbers would have the same text */
    DOCKET_KEY_DIFFERS = 41,       /* the key (or name) is known, and was asked for with other arguments */
    DOCKET_KEY_VOID = 42,          /* the key's number is void */
    DOCKET_NOT_TRACKED = 43,       /* the series keeps no ledger (or keeps one, and the call is for those without) */
    DOCKET_ALREADY_SETTLED = 44,   /* the number is issued already */
    DOCKET_ALREADY_RELEASED = 45,  /* the number was given back already */
    DOCKET_ALREADY_VOID = 46,      /* the number is void already */
    DOCKET_NOT_HELD = 47,          /* nobody was given this number, key or name */
    DOCKET_NOT_YOURS = 48,         /* somebody else holds the number */
    DOCKET_PARTIAL = 49,           /* fewer numbers than were asked for: those that there were */
    DOCKET_OVERLOADED = 50,        /* docketd has as much waiting as it takes on */
    DOCKET_GAVE_UP = 51,           /* three tries without an answer; the same call may be made again */
    DOCKET_STORE_FENCED = 52,      /* the store was restored and is not yet accepted, or has moved to another host */
    DOCKET_STORE_COPIED = 53       /* another copy of this store is open on this host */
} docket_status;

typedef enum docket_category {
    DOCKET_CATEGORY_OK = 0,
    DOCKET_CATEGORY_TRY_AGAIN = 1,   /* wait and call again */
    DOCKET_CATEGORY_CALLER = 2,      /* the call is wrong: change it */
    DOCKET_CATEGORY_ENVIRONMENT = 3, /* an operator must act: space, limits, permissions, docketd */
    DOCKET_CATEGORY_SAFETY = 4,      /* refused to keep a promise: look before you go on */
    DOCKET_CATEGORY_EXHAUSTED = 5    /* nothing is left to give */
} docket_category;

typedef struct docket_realm docket_realm;
typedef struct docket_series docket_series;
typedef struct docket_block docket_block;

/* The library's version as text, such as "0.1.0". Static memory. */
const char *docket_version(void);

/* Name of a status ("DOCKET_TIMEOUT"), a sentence for people, its category,
 * and 1 if the same call may succeed later. Unknown values are answered too.
 * Static memory; never fails. */
const char *docket_status_name(docket_status status);
const char *docket_status_text(docket_status status);
docket_category docket_status_category(docket_status status);
const char *docket_category_name(docket_category category);
int docket_status_retryable(docket_status status);

/* The calling thread's last failure as one or more sentences: what was tried,
 * on what, why it failed, what to do next. Of a fault in a template two lines more
 * follow, each moved in by two blanks: the template, and a caret under the fault.
 * Empty before the first failure.
 * Valid until the thread's next call into docket. */
const char *docket_last_error(void);

/*
 * Opens the realm in directory (the one docketd was given). Checks owners and
 * modes; takes no seat and does not wait. The realm is the caller's until
 * docket_realm_close().
 * Statuses: OK, NO_REALM, UNSAFE_FILES, NO_MEMORY, BAD_ARGUMENT, SYSTEM.
 */
docket_status docket_realm_open(const char *directory, docket_realm **realm);

/*
 * Gives back every lease of the calling process in this realm, leaves the
 * seat, and frees the realm with all its series. No other thread may be inside
 * a call on the realm; give blocks back first. In a forked child it frees the
 * child's copies only. NULL is fine. Never waits.
 */
void docket_realm_close(docket_realm *realm);

/*
 * A handle for one series of one tenant. The first call for a name creates the
 * series with the realm's default policy, durably, unless the realm wants
 * series declared. May wait for docketd (the default timeout); works without
 * docketd for a series of a desk where this process has its seat already.
 * The handle stays valid, across restarts of docketd too, until
 * docket_realm_close(); there is nothing to close. Asked for again, it is found
 * in the process's map, without a lock.
 * Statuses: OK, BAD_NAME, NO_SERIES, COLLISION (it would be made now, and its texts
 * could be those of another series of the tenant), BAD_POLICY (the default does not fit
 * this name), RETIRED (one with a ledger is opened: what it gave is still decided and
 * read), NOT_PERMITTED, UNREACHABLE, TIMEOUT (the desk is drained), EXISTS
 * (it has got another policy), PERIOD_NOT_OPEN (the clock is outside 2001 to 2099),
 * REALM_FULL, SEATS_EXHAUSTED, NO_SPACE, NO_MEMORY, NOT_TMPFS, UNSAFE_FILES, BAD_LAYOUT,
 * PROTOCOL, STORE_FAILED, BUSY, BAD_ARGUMENT, SYSTEM.
 */
docket_status docket_series_open(docket_realm *realm, const char *tenant, const char *name,
                                 docket_series **series);

/*
 * The next number and the period it belongs to (0, 2026, 20252026, 20261, 202611,
 * 2026553 or 20261124 for series that restart never, yearly, by fiscal year,
 * quarterly, monthly, weekly, daily). Results are written
 * only on DOCKET_OK; period may be NULL.
 * Durable on return: a mark above the number.
 * A series that nobody used for five weeks (the realm's evict_after_s) has left
 * its desk; the call then asks docketd for it, as a first use does.
 * A series that keeps a ledger gives its numbers by docketd, each with its record, in a
 * durable commit (docket_ledger.h): the call is an issue without a key, sent once; if its
 * answer is lost it is UNREACHABLE, and the number, if there was one, is listed by `docket
 * records`. In a gapless series it is pending, held by this process.
 * Statuses: OK, TIMEOUT, BUSY, UNREACHABLE, PERIOD_NOT_OPEN, INTERVAL_OVER,
 * OUT_OF_ORDER (a clock that was set back, in a chronological series), EXHAUSTED,
 * LINES_EXHAUSTED, QUARANTINED, RETIRED, BAD_ARGUMENT, and those of
 * docket_series_open() when docketd has to be asked.
 */
docket_status docket_next(docket_series *series, int64_t timeout_ns, uint64_t *number,
                          int32_t *period);

/*
 * The next number as its document number, such as INV-20261124-000001: one
 * instant decides the date shown and the period. size must hold the longest
 * text of the series (docket_text_size(), never above DOCKET_TEXT_MAX), else
 * BUFFER_TOO_SMALL and no number is taken; a buffer of DOCKET_TEXT_MAX bytes is never
 * too small. DAMAGED: the board's template cannot be used. number and period may be
 * NULL.
 */
docket_status docket_next_text(docket_series *series, int64_t timeout_ns, char *text, size_t size,
                               uint64_t *number, int32_t *period);

/*
 * The next count numbers (1 to DOCKET_BLOCK_MAX) of a series into numbers, as count
 * calls of docket_next() would give them, but all of one period, with one look at the
 * clock and one step for as many as lie ready. numbers is the caller's, of count
 * elements; for a contiguous run, or to give some back, open a block.
 * It takes what there is, and waits within timeout_ns for the rest; with a timeout of 0 for
 * nothing.
 *   OK        all count numbers are there
 *   PARTIAL   some are: numbers[0] to numbers[*got - 1] are the caller's, as if the call had
 *             asked for so many. docket_last_error() says why no more (the time was over, or
 *             the counter, or the period); the next call gets that as its status
 *   any other none was taken, *got is 0
 * got may not be NULL; period may. A strict series gives them in call order, each step's in
 * one piece, so that others may come between two steps; a leased one block by block,
 * in no order.
 * Durable on return: a mark above all of them. A thread that is killed inside costs at most
 * count numbers; they count as handed out.
 * Any thread may call it; a signal handler may not.
 * In a chronological series all have a date between call and return.
 * Statuses: those of docket_next(), PARTIAL, BAD_COUNT, and NOT_TRACKED of a series that
 * keeps a ledger: docket_issue_many() gives its numbers, with a record for each.
 */
docket_status docket_next_many(docket_series *series, int64_t timeout_ns, uint64_t *numbers,
                               uint32_t count, uint32_t *got, int32_t *period);

/*
 * docket_next() and docket_next_text() by name, for programs with many tenants.
 * The handle is found by what the calling thread remembers, if both names lie where they lay
 * the last time, or in a map of this process (no lock, no system call; some
 * nanoseconds more than by handle: make bench), or made at a name's first call
 * as docket_series_open() makes it, in any thread and in a forked child. Waits
 * at most timeout_ns for handle and number together.
 * Handles live until docket_realm_close(); so names that come from outside are
 * worth a look before they come here: each new one is a new series, unless the
 * realm wants series declared. At the bound (DOCKET_HANDLES_MAX, or what
 * docket_realm_limit_handles() says) a new name gets REALM_FULL, makes nothing,
 * and those that have their handle go on.
 * From a signal handler: only for names whose handle this process has made;
 * then the rules of docket_next() hold. Making one allocates memory.
 * Statuses: those of docket_next() and docket_series_open(); for the text also
 * BUFFER_TOO_SMALL, and then no number is taken.
 */
docket_status docket_next_for(docket_realm *realm, const char *tenant, const char *series,
                              int64_t timeout_ns, uint64_t *number, int32_t *period);
docket_status docket_next_text_for(docket_realm *realm, const char *tenant, const char *series,
                                   int64_t timeout_ns, char *text, size_t size, uint64_t *number,
                                   int32_t *period);

/*
 * The same under a document date that the caller gives, yyyymmdd, such as 20261124:
 * the date shown and the period are the date's. A date whose period is on the board
 * (the current one; the next one from two days before it begins) costs what
 * docket_next() costs. One in an older period that has not been closed is given by
 * docketd, in a durable commit, within the timeout: the call is sent once, and if
 * docketd dies before it answers the status is UNREACHABLE and the number, if there
 * was one, is handed out to nobody (`docket fate` shows it).
 * In a chronological series a date before that of the last number is OUT_OF_ORDER,
 * and so is one that has not come.
 * Statuses: those of docket_next(), BAD_DATE, PERIOD_CLOSED, OUT_OF_ORDER,
 * INTERVAL_OVER; PERIOD_NOT_OPEN for a date ahead of the board; for the text also
 * BUFFER_TOO_SMALL. On any but OK nothing is written.
 */
docket_status docket_next_dated(docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns,
                                uint64_t *number, int32_t *period);
docket_status docket_next_text_dated(docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns,
                                     char *text, size_t size, uint64_t *number, int32_t *period);
docket_status docket_next_dated_for(docket_realm *realm, const char *tenant, const char *series,
                                    uint32_t yyyymmdd, int64_t timeout_ns, uint64_t *number,
                                    int32_t *period);
docket_status docket_next_text_dated_for(docket_realm *realm, const char *tenant, const char *series,
                                         uint32_t yyyymmdd, int64_t timeout_ns, char *text, size_t size,
                                         uint64_t *number, int32_t *period);

/*
 * A document number read back: its number and the period it belongs to. Exact: the
 * text is one that the series writes now (its current period's template, or the
 * next one's), byte for byte, check digits too, for some number and date. Whether the number was ever
 * given is not asked. period may be NULL. Of a series that keeps a ledger docketd reads
 * it, within the default timeout: by every template that the series ever had.
 * Statuses: OK, NOT_OF_SERIES, BUSY, PERIOD_NOT_OPEN, DAMAGED, BAD_ARGUMENT, and
 * those of docket_series_open() when docketd has to be asked.
 */
docket_status docket_text_read(docket_series *series, const char *text, uint64_t *number, int32_t *period);

/* How many series of the realm this process may have handles for: 1 to
 * DOCKET_HANDLES_MAX, which is where it stands. Handles that are made already
 * stay. Statuses: OK, BAD_ARGUMENT. */
docket_status docket_realm_limit_handles(docket_realm *realm, uint32_t most);

/* Bytes that the longest document number of the series needs, with its
 * terminating zero, by what the handle knows now: an admin may give the series a
 * longer template. DOCKET_TEXT_MAX bytes always do. */
size_t docket_text_size(const docket_series *series);

/*
 * A contiguous block of count numbers (1 to DOCKET_BLOCK_MAX, and at most the
 * series' window) under a lease of
 * its own. In a leased series, what is not taken when the process dies is
 * spare again. In a strict series the whole block counts as handed out at this
 * call. One thread at a time may use a block. The block is the caller's until
 * docket_block_give_back().
 * Statuses: those of docket_next(), BAD_COUNT, and NOT_TRACKED of a series that keeps
 * a ledger: its numbers are issued one by one (docket_ledger.h).
 */
docket_status docket_block_open(docket_series *series, uint32_t count, int64_t timeout_ns,
                                docket_block **block);

/* First number, count of numbers still to take, and period of a block.
 * Any of the results may be NULL. */
docket_status docket_block_show(const docket_block *block, uint64_t *first, uint32_t *left,
                                int32_t *period);

/* Takes the next number of the block. Never waits.
 * Statuses: OK, BLOCK_EMPTY, FOREIGN_BLOCK, BAD_ARGUMENT. */
docket_status docket_block_next(docket_block *block, uint64_t *number);

/* The same, as its document number with the date of the call; once the block's
 * period is over, with the last day of that period (or of its authority's interval). In a chronological series with
 * the date on which the block was opened. */
docket_status docket_block_next_text(docket_block *block, char *text, size_t size,
                                     uint64_t *number);

/*
 * Takes every number that is left, at once: first and count.
 * Statuses: OK, BLOCK_EMPTY, FOREIGN_BLOCK, BAD_ARGUMENT.
 */
docket_status docket_block_take_all(docket_block *block, uint64_t *first, uint32_t *count);

/*
 * Gives back what was not taken and frees the block, whatever the status. In a
 * leased series the rest becomes spare, without waiting. In a strict series
 * docketd is asked (at most the default timeout): the rest is free again if
 * nobody took a later number, else void; once the period has ended, once the
 * series was evicted, and without docketd or while it stops, it stays handed out.
 * returned: how many numbers will be given again (NULL is fine). A NULL block
 * is fine.
 * Statuses: OK, FOREIGN_BLOCK, UNREACHABLE, STORE_FAILED.
 */
docket_status docket_block_give_back(docket_block *block, uint32_t *returned);

/* The number that a call would probably get next, without taking it: advice,
 * not a promise. Does not wait for supply, and at most 0.1 s for a seat where this
 * process has none: a strict series answers though none
 * is laid, a leased one with TIMEOUT then. Statuses: OK, TIMEOUT,
 * PERIOD_NOT_OPEN, QUARANTINED, RETIRED, NOT_TRACKED (it keeps a ledger: nothing lies
 * at the desk), and those of attaching. */
docket_status docket_peek(docket_series *series, uint64_t *number, int32_t *period);

/* How many numbers this series can still give to this process should docketd
 * stay away: its own lease and what is laid for all. Waits as
 * docket_peek() does. */
docket_status docket_supply(docket_series *series, uint64_t *count);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
