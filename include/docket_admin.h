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

/* A null or zero member stands for the realm's default. */
struct docket_policy {
    const char *order;         /* "strict", "leased" */
    const char *restart;       /* "never", "yearly", "monthly", "daily" */
    const char *template_text; /* such as "{SERIES}-{YYYY}{MM}{DD}-{N:6}" */
    uint32_t window;           /* most numbers that a power loss may make unknown */
    uint64_t start_after;      /* the first number will be this plus one */
};

/*
 * Declares a series. Durable on return.
 * Statuses: OK, EXISTS (the same name with other settings; declaring the same
 * again is OK), BAD_NAME, BAD_POLICY, NOT_PERMITTED, REALM_FULL, NO_SPACE,
 * UNREACHABLE, STORE_FAILED, PROTOCOL, SYSTEM.
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
    const char *fate;     /* "laid", "open", "handed out", "spare", "void", "unknown" */
    const char *cause;    /* "" where there is none to tell, else such as "power loss" */
    int32_t seat;         /* of an open lease; -1 otherwise */
    int64_t time_ns;      /* UTC, when a void or unknown range was recorded; 0 otherwise */
    uint32_t counter_ends;/* 1 on the last row of a counter */
    uint64_t event;       /* number of the event that says who and why; 0: none */
    const char *reason;   /* the admin's; "" if there is none */
};

/*
 * The fate of every number below the mark: of one series (every period, or the
 * one named), or of all (tenant and name NULL). period: -1 for every period.
 * A counter with nothing below its mark has no row. each() returns 0 to go on.
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

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
