/* SPDX-License-Identifier: MIT */
/*
 * docket_admin: the counter. What tools ask docketd: declaring a series, the
 * fate of every number, and what people decide about both. Needs docketd; every
 * call waits at most 10 seconds for each answer, where it does not say otherwise.
 * Any thread may call.
 *
 * Behind "Decisions" stands what changes something, or tells what not everybody
 * should read. It is allowed to root, docketd's user, and those whom docket.conf
 * names (admins, admin_group); who asks comes from the kernel. All others get
 * NOT_PERMITTED, and an event is written. What was done is durable, with an event
 * that says when, who, what and why, when the call returns OK. A call that ends
 * UNREACHABLE after it was sent has done all or nothing: look before you repeat
 * it. BUSY: another admin's errand is under way; ask again. A reason is 1 to 200
 * bytes of printable UTF-8.
 */
#ifndef DOCKET_ADMIN_H
#define DOCKET_ADMIN_H

#include "docket.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * What a series is told. A null or zero member stands for the default: the tenant's
 * or the realm's of docket.conf, else docket's own. Texts are written as in
 * docket.conf (docs/CONFIG.md has each with its meaning); a `profile` sets what its
 * law asks for where that is not said (docs/PROFILES.md). Set all to zero first:
 * more members may come at the end.
 */
struct docket_policy {
    const char *order;         /* "strict", "leased", "gapless" */
    const char *restart;       /* "never", "yearly", "fiscal", "quarterly", "monthly", "weekly", "daily" */
    const char *template_text; /* such as "{SERIES}-{YYYY}{MM}{DD}-{N:6}" (docs/TEMPLATES.md) */
    uint32_t window;           /* 16 to DOCKET_WINDOW_MAX, or DOCKET_WINDOW_BENCHMARK; see docket.h */
    uint64_t start_after;      /* the first number will be this plus one */
    const char *fiscal_year;   /* "april"; "last-saturday-january", "nearest-saturday-january": 52/53 weeks */
    const char *zone;          /* of the zone database: "Europe/Vienna". Where the day begins */
    const char *prefix;        /* what stands for {PREFIX}; "": the series' name */
    const char *fields;        /* what stands for {FIELD:name}: "branch=VIE till=03" */
    const char *at_end;        /* "widen", "stop": when the template's width is used up */
    const char *release;       /* "recycle", "void": numbers that are given back */
    const char *chronological; /* "no", "yes": no document date before the series' last one; strict only */
    const char *documents;     /* "any", "invoices", "corrective", "recipient-issued" */
    const char *profile;       /* "none", "eu-vat", "in-gst", "de", "fr", "pt", "es", "it", "br-nfe", "mx", "uk", "us" */
    const char *last;          /* "none", or the last number of an authority's interval */
    const char *valid_from;    /* "none", or its first day: "2026-01-01" ... */
    const char *valid_to;      /* ... and its last */
    const char *warn;          /* "never", or percent of interval or width from which on status warns: "90" */
    const char *close_after;   /* "never", or days after a period's end until it closes: "30" */
    const char *ledger;        /* "off", "on": each number durable, with its record, before it is given */
    const char *on_expiry;     /* "doubt", "free": numbers whose holder ended before they were settled */
    const char *start_after_text; /* in the place of start_after: the last number of the system before, as it stands
                                  on its document ("INV-2025-004711"), or a plain number. docketd reads it by the
                                  series' template. Of the current period: that goes on behind it. Of one that has
                                  ended: the current period begins at 1, and that one goes on behind it for
                                  documents dated back. Of one that has not begun: REFUSED */
};

/* A country's rules that `profile` names: facts to check against, not advice. All texts
 * are static. */
struct docket_profile {
    const char *name;    /* "in-gst" */
    const char *title;   /* "India, GST invoices" */
    const char *source;  /* "CGST Rules 2017, rule 46(b)"; "" of none */
    const char *asks;    /* what is checked, for people */
    uint32_t longest;    /* characters of the largest number's text; 0: no bound */
    uint32_t digits;     /* exactly so many; 0: any */
    uint64_t last;       /* largest number; 0: no bound */
    int chronological;   /* 1: number order is time order */
    int consecutive;     /* 1: without gaps */
};

/* The profile number at, from 0. Needs no realm. Statuses: OK, BAD_ARGUMENT (behind the
 * last one; or profile is NULL). */
docket_status docket_admin_profile(unsigned at, struct docket_profile *profile);

/*
 * Declares a series. Durable on return; a refused one leaves nothing behind.
 * Statuses: OK, EXISTS (the same name with other settings, or it begins elsewhere; declaring the same
 * again is OK), BAD_NAME, BAD_POLICY, NOT_OF_SERIES (start_after_text is no number that the series
 * writes: the sentence says where it differs, and a template that writes it if one is near), REFUSED
 * (it is of a period that has not begun, or no number is left behind it), BAD_ARGUMENT (it can be read
 * in two ways), COLLISION (a document number of it could be that
 * of another series of the tenant, small and capital letters alike; the sentence has
 * both), PERIOD_NOT_OPEN (the clock is outside 2001 to 2099), NOT_PERMITTED, REALM_FULL,
 * NO_SPACE, UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_series_add(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy);

/* One range of numbers of one counter, and what became of it. */
struct docket_fate_row {
    const char *tenant, *series;
    const char *order;    /* "strict", "leased" */
    int32_t period;
    uint64_t mark;        /* every number handed out is below it */
    uint64_t first, last; /* inclusive; rows of a counter come in order and leave nothing out
                             between its first number and mark - 1 */
    const char *fate;     /* "laid", "open", "handed out", "spare", "void", "unknown"; of a series with a ledger
                             "issued", "free", "reserved", "pending", "in doubt", "void", "unknown", and "handed out"
                             (before the ledger was kept) */
    const char *cause;    /* "" where there is none to tell, else such as "power loss" */
    int32_t seat;         /* of an open lease, or of the holder; -1 otherwise */
    int64_t time_ns;      /* UTC, when a void or unknown range was recorded, or since when it is held or free; 0 otherwise */
    uint32_t counter_ends;/* 1 on the last row of a counter */
    uint64_t event;       /* number of the event that says who and why; 0: none */
    const char *reason;   /* the admin's; "" if there is none */
    int64_t uid;          /* who: of that event, or who asked for the change of a tracked number; -1: nobody but docketd */
    uint32_t tracked;     /* 1: the series keeps a ledger */
    uint32_t period_first, period_last; /* its days, yyyymmdd; 0: the series never restarts */
    const char *period_state; /* "next", "open", "ended", "closing", "closed" */
    const char *documents;    /* the setting: "any", "invoices" ... */
    const char *profile;      /* the setting: "none", "eu-vat" ... */
};

/*
 * The fate of every number below the mark: of one series, of all series of a tenant
 * (name NULL; NO_SERIES if it has none), or of all (both NULL). period: -1 for every period.
 * Counters come by tenant, series and period. One with nothing below its mark has no row. each() returns 0 to go on.
 * Statuses: OK, NO_SERIES, BAD_NAME, UNREACHABLE, DAMAGED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_fate(docket_realm *realm, const char *tenant, const char *name,
                                int32_t period,
                                int (*each)(void *context, const struct docket_fate_row *row),
                                void *context);

/* ---- Decisions ---- */

/* A range of numbers whose fate changed, or would. */
struct docket_change {
    uint64_t line;        /* of the evidence; 0: of none */
    int32_t period;
    uint64_t first, last; /* inclusive */
    const char *before;   /* fates, as in struct docket_fate_row */
    const char *after;
    const char *cause;    /* "voided", "by evidence", "advanced" */
};

/* Told of each change, in order of numbers; returns 0 to go on. NULL is fine. */
typedef int (*docket_each_change)(void *context, const struct docket_change *change);

enum { DOCKET_DRY_RUN = 1, DOCKET_VOID_REST = 2 };

/* Where a decision is made. period: -1 for the current one (by docketd's clock). */
struct docket_counter_name {
    const char *tenant, *series;
    int32_t period;
};

/*
 * Numbers first to last, all of them handed out, become void, with the reason.
 * They are never given again (nor would they be otherwise). flags: DOCKET_DRY_RUN
 * tells what would change and changes nothing.
 * Statuses: OK, REFUSED (one of them is laid, open, spare, unknown, void already,
 * or was never handed out: the sentence says which and what it is), NO_SERIES,
 * QUARANTINED, BAD_NAME, BAD_ARGUMENT, BUSY, NOT_PERMITTED, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_void(docket_realm *realm, const struct docket_counter_name *counter, uint64_t first,
                                uint64_t last, const char *reason, unsigned flags, docket_each_change each,
                                void *context);

/* Longest evidence, in bytes and lines. */
#define DOCKET_EVIDENCE_MAX (4u << 20)
#define DOCKET_EVIDENCE_LINES_MAX 100000u

/*
 * Evidence for numbers whose fate is unknown. Each line of it is a number, a
 * range (17-20 or 17..20) or the text of a document number of this series and
 * period; empty lines and those that begin with # are left out. Those numbers
 * become handed out, by evidence. With DOCKET_VOID_REST every other unknown number
 * of this period becomes void, and reason is wanted; otherwise it may be NULL.
 * All or nothing: a line that is none of these, names a number twice, or one that
 * is not unknown, changes nothing.
 * Statuses: those of docket_admin_void(); REFUSED names the line.
 */
docket_status docket_admin_reconcile(docket_realm *realm, const struct docket_counter_name *counter,
                                     const char *evidence, size_t bytes, const char *reason, unsigned flags,
                                     docket_each_change each, void *context);

/*
 * The next number that the counter gives is at least to; the numbers skipped
 * become void ("advanced"). Only a period that is open (the current one, and the
 * next within two days of its beginning), or has ended and gave numbers. Never backwards: below the next number it
 * is REFUSED. While it is done (milliseconds) callers wait as for supply. A leased
 * counter must have no open lease: REFUSED.
 * Statuses: those of docket_admin_void(), RETIRED.
 */
docket_status docket_admin_series_advance(docket_realm *realm, const struct docket_counter_name *counter, uint64_t to,
                                          const char *reason, docket_each_change each, void *context);

/* Flags of docket_admin_series_advance_text(), beside DOCKET_DRY_RUN. */
enum { DOCKET_ADVANCE_TO = 512 }; /* the next number is at least the text's; else it is behind it */

/*
 * The same, behind (or to) a document number's text, read by the series' template; its
 * period is the text's, and counter->period that one or -1. A plain number will do.
 * Statuses: those of docket_admin_series_advance(), NOT_OF_SERIES.
 */
docket_status docket_admin_series_advance_text(docket_realm *realm, const struct docket_counter_name *counter,
                                               const char *text, const char *reason, unsigned flags,
                                               docket_each_change each, void *context);

/*
 * The series gives no number any more, in any period; callers get RETIRED, also
 * those that hold leases (at their next call; blocks keep what they have). What was
 * handed out keeps its fate. Its name cannot be used again. Not to be undone.
 * Statuses: OK, RETIRED (it is already), NO_SERIES, BAD_NAME, BAD_ARGUMENT, BUSY,
 * NOT_PERMITTED, UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_series_retire(docket_realm *realm, const char *tenant, const char *name, const char *reason);

/* A setting that changed, or would. why_not is "" if it may. */
struct docket_setting {
    const char *name;          /* as in docket.conf: "window", "template" ...; and "start-after" */
    const char *before, *after;
    const char *why_not;
};

typedef int (*docket_each_setting)(void *context, const struct docket_setting *setting);

/* A flag beside DOCKET_DRY_RUN: from the next period on. */
enum { DOCKET_FROM_NEXT = 16 };
/* Of docket_admin_series_preview(): a series that exists must be the one that is declared. */
enum { DOCKET_AS_DECLARED = 128 };

/*
 * Another policy for a series, forward only: what was given keeps its text. Null and
 * zero members stay as they are; has_start says that policy->start_after is meant.
 * Settings differ in when they may change (docs/ADMIN.md):
 *   window, warn, close_after, on_expiry     at any time, at once
 *   order, restart, zone, fiscal_year, start_after   while no number of the series was
 *       ever handed out and no process sits at its desk. start_after too once an
 *       interval is used up or over: another one begins there. start_after_text of a
 *       period that has ended: while no number of that period was given, by itself
 *   all others                               from now on, with processes seated: the
 *       counters leave the board for some milliseconds (who asks meanwhile waits as for
 *       supply). A leased series must have no open lease
 * With DOCKET_FROM_NEXT they hold from the next period on, and what was set so before
 * and has not begun is forgotten (the same settings again: nothing waits any more);
 * at_end, release, ledger and chronological hold for all periods at once, and are refused.
 * A ledger that is on stays on.
 * All or nothing. reason may be NULL. flags: DOCKET_DRY_RUN tells what would change and
 * what may not (then OK, with why_not).
 * Statuses: OK, REFUSED (nothing was changed), BAD_POLICY, COLLISION (a text could be
 * that of another number of the tenant, or of this series under an older policy),
 * NO_SERIES, RETIRED, QUARANTINED, BAD_NAME, BAD_ARGUMENT, BUSY, NOT_PERMITTED,
 * UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_series_set(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy, int has_start, const char *reason,
                                      unsigned flags, docket_each_setting each, void *context);

/* A document number that would come. */
struct docket_coming {
    uint64_t number;
    int32_t period;
    uint32_t date;    /* yyyymmdd, that the text shows; 0: none */
    const char *text;
    int read;         /* 1: it does not come; it is what policy->start_after_text was read as, and goes first */
};

/* Told of each, in order; returns 0 to go on. */
typedef int (*docket_each_coming)(void *context, const struct docket_coming *coming);

/*
 * The next ten document numbers as they would be written today under these settings:
 * of the series as docket_admin_series_set() would leave it (flags: DOCKET_FROM_NEXT,
 * then those of the next period's first day), or of a new one, as
 * docket_admin_series_add() would make it (flags: DOCKET_AS_DECLARED, and one that
 * exists otherwise is EXISTS, as there). Fewer where the numbers end. Before them comes
 * what policy->start_after_text was read as. Nothing is
 * changed. For whoever may sit at the desk. Statuses: OK, BAD_POLICY, COLLISION, EXISTS, NOT_OF_SERIES,
 * REFUSED (there is no next period; start_after_text is of one that has not begun), NO_SERIES, BAD_NAME, BAD_ARGUMENT, BUSY,
 * NOT_PERMITTED, UNREACHABLE, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_series_preview(docket_realm *realm, const char *tenant, const char *name,
                                          const struct docket_policy *policy, int has_start, unsigned flags,
                                          docket_each_coming each, void *context);

/* One series in numbers. Dates are yyyymmdd, 0 where there is none; strings live until
 * the callback returns. */
struct docket_series_facts {
    const char *tenant, *series, *desk;
    const struct docket_setting *settings; /* all: name, before: now, after: from next_from on; why_not "" */
    uint32_t setting_count;
    int32_t period;              /* the current one, or the one that was asked for ... */
    uint32_t period_first, period_last; /* its days */
    int64_t start_s, end_s;      /* UTC: its first second, and the first after it; INT64_MAX for never */
    int32_t next_from;           /* the period from which on after holds; 0: nothing waits */
    uint32_t today;              /* in the series' zone */
    uint64_t first, last;        /* of the counter, or of the interval that it is in; last is 10^15 - 1 where nothing
                                    ends it sooner */
    uint64_t next;               /* lowest number that nobody has yet; above last: none */
    uint64_t left;               /* numbers that can still be given */
    uint32_t used_percent;       /* of first to last; 0 where nothing ends it sooner */
    int warned;                  /* 1: used_percent has come to the setting warn */
    uint64_t gap;                /* most numbers that one power loss makes unknown: the window, and a block for each
                                    open lease */
    uint64_t disorder;           /* how far behind later numbers one may come: 0 in a strict series; else what may
                                    lie open or laid: the window, and a block for each open lease */
    uint32_t leases, lease_block; /* open leases now; most numbers of one */
    uint64_t open;               /* numbers left in them */
    uint32_t longest_bytes;      /* characters of the longest text ... */
    uint64_t longest_number;     /* ... and the number that has it */
    const char *longest_text;    /* as of today */
    const char *profile, *profile_title, *profile_source;
    const char *against;         /* what the profile has against it; "": nothing */
    int64_t created_ns;          /* UTC */
    uint32_t uid;                /* who made it */
    int retired, quarantined;
};

/*
 * One series in numbers; each() is told once. period: -1 for the current one. A series
 * that has left its desk is brought back for it. For whoever may sit at the desk.
 * Statuses: OK, NO_SERIES, BAD_NAME, BAD_ARGUMENT (no such period), BUSY, NOT_PERMITTED,
 * UNREACHABLE (docket_inspect.h has what the board says), PROTOCOL, NO_MEMORY, SYSTEM.
 */
docket_status docket_admin_series_show(docket_realm *realm, const struct docket_counter_name *counter,
                                       int (*each)(void *context, const struct docket_series_facts *facts),
                                       void *context);

/* A process that still holds something at a desk that is drained. */
struct docket_holder {
    const char *desk;
    uint32_t seat;
    uint32_t uid;
    int64_t pid;       /* for display only */
    uint64_t leases;   /* open */
    uint64_t numbers;  /* that may still be given from them */
    int64_t oldest_s;  /* UTC, when the oldest was claimed; 0 not known */
    uint64_t held;     /* numbers of series with a ledger, pending or reserved in its hands: they wait to be settled,
                          voided or released, which a drained desk still does */
};

typedef int (*docket_each_holder)(void *context, const struct docket_holder *holder);

/*
 * Drains a desk (NULL: every one) until docketd's next start: no seat is given, no
 * series made, nothing laid or raised, nothing given at record speed, and what was laid is taken back and written
 * down. Returns when that is durable; each() is told who still holds leases, or numbers of a ledger. Call
 * it again to see whether they are back: once it tells of nobody, stopping docketd
 * in order makes nothing unknown, also if the machine is switched off. Callers get
 * TIMEOUT meanwhile. Statuses: OK, BAD_ARGUMENT (no such desk), BUSY,
 * NOT_PERMITTED, UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_drain(docket_realm *realm, const char *desk, docket_each_holder each, void *context);
/* Ends that. */
docket_status docket_admin_drain_undo(docket_realm *realm, const char *desk);

/*
 * The clock of docketd's machine is right, however far it is ahead of (or behind) the
 * time of the store's last commit: docketd follows it from now on, and an event says
 * who said so. Returns when that is durable. Periods that are over by this clock end
 * for good. *was_held (NULL is fine): 1 if docketd did not follow it, 0 if it did.
 * Statuses: OK, BAD_ARGUMENT (no reason), BUSY, NOT_PERMITTED, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_clock_accept(docket_realm *realm, const char *reason, int *was_held);

/* One period of a series. Days and edges are of the series' own zone and year. */
struct docket_period {
    int32_t period;          /* its label: 2026, 202611, 20261124 ...; 0: the series never restarts */
    uint32_t first, last;    /* days, yyyymmdd, inclusive; 0: never restarts */
    int64_t start_s, end_s;  /* UTC, first second of it and first one after it; 0 and INT64_MAX: never restarts */
    const char *state;       /* "next", "open", "ended" (numbers at record speed), "closing", "closed" */
    uint64_t given;          /* numbers handed out, with those that became void or unknown later */
    uint64_t first_number;
    uint64_t mark;           /* every number handed out is below it */
    uint32_t last_date;      /* yyyymmdd, of a chronological series: latest date given; 0 not known */
    uint32_t holder_count;   /* processes that hold leases of it; holders has the first few */
    uint32_t holders_told;
    const struct docket_holder *holders;
};

typedef int (*docket_each_period)(void *context, const struct docket_period *period);

/*
 * Every period of which the series has a counter, oldest first. each() returns 0 to
 * go on. Statuses: OK, NO_SERIES, QUARANTINED, BAD_NAME, BAD_ARGUMENT, BUSY,
 * NOT_PERMITTED, UNREACHABLE, DAMAGED, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_period_list(docket_realm *realm, const char *tenant, const char *series,
                                       docket_each_period each, void *context);

/*
 * Closes a period that is over: no number of it is given any more, whoever asks;
 * PERIOD_CLOSED is what they hear. Not to be undone. Its numbers can still be
 * declared void, and reconciled. *is_closed is 1 when that is durable; 0 while
 * leases of it are out (each() is told who holds them): then nothing is given
 * anew, docketd closes the period when they are back or their owners dead, also
 * after a restart, and asking again says whether it has. A period of which no
 * number was ever given can be closed too. counter->period names the period.
 * Statuses: OK (also if it is closed already), REFUSED (it is current or to come,
 * or the series has no such period), NO_SERIES, QUARANTINED, BAD_NAME,
 * BAD_ARGUMENT, BUSY (also: its desk is drained), NOT_PERMITTED, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_period_close(docket_realm *realm, const struct docket_counter_name *counter,
                                        const char *reason, int *is_closed, docket_each_holder each, void *context);

/*
 * Reads every record and page of the store again, in a thread of docketd's, while
 * numbers go on. *records counts them. Waits as long as it takes, at most
 * timeout_ns. Statuses: OK, DAMAGED, BUSY (it is being done), BAD_ARGUMENT,
 * NOT_PERMITTED, UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_verify(docket_realm *realm, int64_t timeout_ns, uint64_t *records);

/* Room of a backup's manifest, with the zero behind it. */
#define DOCKET_MANIFEST_BYTES 4096

/*
 * docketd copies its store, as it stands and compacted, to the regular file behind fd, which the caller opened for
 * writing and empty; numbers go on meanwhile, and the store's file grows. manifest gets the JSON text that belongs
 * beside it: SHA-256, store id, generation, commit. Nothing is synced: fsync() fd before you rely on it. The copy is
 * of use with its manifest only; `docket backup` does all of it. Waits at most timeout_ns; a caller who goes away ends
 * the copy. Statuses: OK, BAD_ARGUMENT, BUSY (another backup is being made), NO_SPACE and SYSTEM (of the file: docketd
 * is well), DAMAGED, NOT_PERMITTED, TIMEOUT, UNREACHABLE, NO_MEMORY, PROTOCOL.
 */
docket_status docket_admin_backup(docket_realm *realm, int fd, int64_t timeout_ns, char manifest[DOCKET_MANIFEST_BYTES]);

struct docket_event {
    uint64_t number;     /* from 1, without a hole */
    int64_t time_ns;     /* UTC */
    uint32_t uid;        /* who did it */
    const char *kind;    /* "start", "series", "void", "retire" ... */
    const char *text;
    const char *reason;  /* an admin's; "" otherwise */
    const char *tenant;  /* what it is about; "" nothing of a series ... */
    const char *series;
    int32_t period;      /* ... and 0 no period, or the series never restarts */
    uint32_t erased;     /* 1: uid and reason were erased */
    const char *hash;    /* of the chain, hexadecimal; "": the event is older than the chain */
};

typedef int (*docket_each_event)(void *context, const struct docket_event *event);

/* Which events: zero members do not choose. */
struct docket_event_choice {
    uint64_t from;       /* number */
    int64_t since_ns;    /* UTC */
    const char *kind;
    uint32_t limit;      /* the last so many, at most 10000; 0: 100 */
    const char *tenant;  /* about its series ... */
    const char *series;  /* ... or this one of it only */
};

/* What people and docketd did, oldest first. *found: how many there are without
 * the limit (NULL is fine). Statuses: OK, BAD_ARGUMENT, BUSY, NOT_PERMITTED,
 * UNREACHABLE, DAMAGED, STORE_FAILED, PROTOCOL, SYSTEM. */
docket_status docket_admin_events(docket_realm *realm, const struct docket_event_choice *choice, uint64_t *found,
                                  docket_each_event each, void *context);

enum { DOCKET_HASH_TEXT = 65 }; /* a SHA-256 in hexadecimal, with its zero */

/*
 * The audit trail: events are a chain, each with a SHA-256 of what it says and of the
 * event before it. docs/ADMIN.md says what that shows and what it does not.
 */
struct docket_audit {
    uint64_t begins;       /* the chain's first event; those before it are hashed as they stood then */
    uint64_t head;         /* the last event ... */
    char hash[DOCKET_HASH_TEXT]; /* ... and its hash: whoever has noted it sees later whether the trail is the same */
    uint64_t broken;       /* the first event that does not fit; 0: the chain is whole */
    char what[161];        /* ... "its hash is not that of what it says and of the events before it" */
    char expected[DOCKET_HASH_TEXT];
    char found[DOCKET_HASH_TEXT];
};

/*
 * Walks the chain from its first event to its last, in a thread of docketd. DAMAGED:
 * it is broken; the sentence and *audit name the first event that does not fit.
 * Statuses: OK, DAMAGED, BAD_ARGUMENT, BUSY, TIMEOUT, NOT_PERMITTED, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_audit_verify(docket_realm *realm, int64_t timeout_ns, struct docket_audit *audit);

/*
 * The last event that is durable, and its hash, for reports; nothing is checked.
 * Everybody may ask who may connect. Statuses: OK, BAD_ARGUMENT, BUSY, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_audit_head(docket_realm *realm, uint64_t *number, char hash[DOCKET_HASH_TEXT]);

/* What records a period has that is closed for good; counted over, or as a manifest says it. */
struct docket_retention {
    uint64_t records;      /* all of them, and of these: */
    uint64_t issued, voided, free;
    uint64_t undecided;    /* reserved, pending or in doubt */
    uint64_t first, last;  /* numbers; 0: there are no records */
    int64_t latest_ns;     /* UTC: when one of them changed last */
    uint64_t store_id[2];
    int dropping;          /* 1: records of the period were dropped already */
    char digest[DOCKET_HASH_TEXT]; /* SHA-256 of what they say */
};

/*
 * Looks all records of the period over, in a thread of docketd. Statuses: OK,
 * NO_SERIES, NOT_TRACKED, REFUSED (the period is not closed for good), BAD_NAME,
 * BAD_ARGUMENT, BUSY, NOT_PERMITTED, UNREACHABLE, DAMAGED, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_retention_look(docket_realm *realm, const struct docket_counter_name *counter,
                                          struct docket_retention *found);

/*
 * Drops the records of the period's issued numbers, if all its records are still those
 * that were exported: as many, with the same digest. What is void, free or passed over keeps
 * its record; keys keep their numbers and document numbers. file_sha256: of the file with the
 * export, for the event. *dropped counts those of this call. In pieces, each durable: a call that
 * ended UNREACHABLE is made again with the same export, and goes on. An issued number can no more become void.
 * Statuses: those of docket_admin_retention_look(); REFUSED also for records that are not those, or undecided.
 */
docket_status docket_admin_retention_drop(docket_realm *realm, const struct docket_counter_name *counter,
                                          const struct docket_retention *exported, const char *file_sha256,
                                          uint64_t *dropped);

/*
 * Appends a desk to REALM/docket.conf, whole or not at all, if docketd would start
 * with it. tenants: names with commas between them; none of them may have a series
 * yet, and none gets one before docketd's next start, from which on the desk is
 * there. user, group: NULL, or who may sit there. Statuses: OK, REFUSED, BAD_NAME,
 * BAD_ARGUMENT, BAD_CONFIG, NO_SPACE, BUSY, NOT_PERMITTED, UNREACHABLE,
 * STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_admin_desk_add(docket_realm *realm, const char *desk, const char *tenants, const char *user,
                                    const char *group);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
