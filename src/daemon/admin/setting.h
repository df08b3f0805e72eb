/* SPDX-License-Identifier: MIT */
/* setting: what the files of a SET share: admin_set.c, set_off.c, set_past.c. Nobody
 * else includes this. */
#ifndef DK_DAEMON_SETTING_H
#define DK_DAEMON_SETTING_H

#include "daemon/admin/errand.h"
#include "daemon/series/policies.h"

/* Why settings may not change now. "": they may. */
struct dk_set_looks {
    char not_at_first[236]; /* those that wait for nobody to have a number yet */
    char not_now[236];      /* those that hold from now on */
    bool interval_over;     /* the interval has ended, or is used up: another may begin */
};

/* set_off.c: looks at what was given, who sits at the desk, who holds leases. */
docket_status dk_set_look(const struct dk_errand *errand, struct dk_set_looks *looks) DK_MUST_USE;
/* Off the board, changed, back. */
docket_status dk_set_off(struct dk_errand *errand) DK_MUST_USE;

/* set_past.c: where a period that has ended begins, for documents dated back. */
docket_status dk_set_past(struct dk_errand *errand) DK_MUST_USE;

/* admin_set.c */
/* A row of the answer. */
void dk_set_row(struct dk_errand *errand, const char *name, const char *before, const char *after, const char *why_not);
/* Behind which number the current counter begins. */
uint64_t dk_set_start_after(const struct dk_errand *errand);
/* Why this setting may not change; setting NULL: start-after. */
const char *dk_set_why_not(const struct dk_errand *errand, const struct dk_setting *setting,
                           const struct dk_set_looks *looks);
docket_status dk_set_refused(const struct dk_errand *errand, const char *why_not);
void dk_set_events(const struct dk_errand *errand, struct dk_job *job);
/* The commit is durable: the books have the new policy. */
void dk_set_in_place(struct dk_errand *errand);

#endif
