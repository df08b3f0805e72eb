/* SPDX-License-Identifier: MIT */
/*
 * docket_memory: a realm in memory, for a program's own unit tests. No docketd,
 * no files, no set-up: open it, and hand it to the code under test. Everything
 * of docket.h, and declaring series and fate of docket_admin.h, works on it,
 * with the same texts, statuses and sentences.
 *
 *     docket_realm *realm;
 *     docket_realm_open_memory(NULL, &realm);
 *     docket_memory_set_clock(realm, 1767225599);            // 2025-12-31 23:59:59 UTC
 *     docket_memory_fail(realm, NULL, NULL, DOCKET_TIMEOUT, 1);
 *
 * What is the same: every name, policy, text, period, status, and that a number
 * is given once: across threads, and across children that were forked after the
 * realm was opened (they share it with their parent).
 *
 * Settings too: every one of struct docket_policy works, profiles and collisions
 * within a tenant among them, and document dates.
 *
 * What is not:
 * - It has no zone database: a zone other than UTC is BAD_POLICY.
 * - It keeps no ledger: ledger = on and order = gapless are BAD_POLICY, and the calls of
 *   docket_ledger.h are UNREACHABLE.
 * - No period is ever closed: close_after and warn are kept and do nothing. The
 *   sentence of a refused date of an older period is another one; the status is the same.
 * - Nothing is durable: the realm is gone with the last process that has it.
 * - Numbers come in order in leased series too: threads have no blocks of their
 *   own. What is given back, or is left over, is given again at once.
 * - No call waits: a number is always laid, or the status comes at once.
 * - What a killed child held in a block stays open. If a kill hits a child in
 *   the middle of a call that changes the realm's lists, every later call gets
 *   DOCKET_DAMAGED.
 * - A period that no call has seen the end of is open; the next one is opened
 *   by the first call in it, however far the clock has jumped.
 * - All calls take turns at one lock; a real realm is faster, the more so with threads.
 * - docket_inspect.h and other calls of docket_admin.h need a real realm: they
 *   answer UNREACHABLE, or NO_REALM.
 * - A call from a signal handler that interrupted a call of its own thread on
 *   the realm gets DOCKET_BUSY.
 */
#ifndef DOCKET_MEMORY_H
#define DOCKET_MEMORY_H

#include "docket_admin.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What docket.conf says of a real realm. Zeros are the defaults. */
struct docket_memory_options {
    const struct docket_policy *policy; /* of series made at their first use; read during the call
                                           only. start_after is not used. NULL: strict, yearly,
                                           {SERIES}-{YYYY}{MM}{DD}-{N:6}, window 10000 */
    int declared;                       /* not 0: a series that nobody declared is NO_SERIES */
};

/*
 * Opens a new, empty realm in memory; options may be NULL. It takes 64 MiB of
 * address space and the memory that is used of it: room for about 150,000
 * series, then REALM_FULL. Never waits. The caller's until
 * docket_realm_close(); a forked child closes its own.
 * Statuses: OK, BAD_POLICY, NO_MEMORY, BAD_ARGUMENT, SYSTEM.
 */
docket_status docket_realm_open_memory(const struct docket_memory_options *options,
                                       docket_realm **realm);

/* The realm's own clock for periods and for the dates in texts: stands still at
 * utc_s, seconds since 1970 in UTC, up to the year 9999; periods are open from
 * 2001 to 2099, as everywhere. This one follows the system's clock again, as at
 * the start. */
#define DOCKET_MEMORY_SYSTEM_CLOCK ((int64_t)-1)

/*
 * Sets the clock, for all threads and forked children. Forward over a period's
 * end begins the next period at 1; back behind the end of a period that a call
 * has seen gets PERIOD_NOT_OPEN, as with a real realm.
 * Statuses: OK, BAD_ARGUMENT (not a realm in memory, or outside the range).
 */
docket_status docket_memory_set_clock(docket_realm *realm, int64_t utc_s);

/* As many calls as there are. */
#define DOCKET_MEMORY_ALWAYS UINT32_MAX

/*
 * Makes the next `calls` calls that would take numbers (docket_next(),
 * docket_next_text(), the same under a document date, all of them by name,
 * docket_block_open()) return `status` with
 * its usual sentence, at once. They take no number. Of one series (made, if it
 * is not there), or of every one (tenant and series NULL); the one for the
 * series goes first. The last word counts: calls 0, or DOCKET_OK, ends it.
 * Statuses: OK, BAD_ARGUMENT (not a realm in memory, no such status), BAD_NAME,
 * NO_SERIES, REALM_FULL, DAMAGED, SYSTEM.
 */
docket_status docket_memory_fail(docket_realm *realm, const char *tenant, const char *series,
                                 docket_status status, uint32_t calls);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
