/* SPDX-License-Identifier: MIT */
/*
 * docket_admin: the counter. What tools ask docketd: declaring a series, and
 * the fate of every number. Needs docketd; every call waits at most
 * 10 seconds for each answer.
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
    uint32_t window;           /* 16 to DOCKET_WINDOW_MAX, or DOCKET_WINDOW_BENCHMARK; see docket.h */
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

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
