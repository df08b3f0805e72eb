/* SPDX-License-Identifier: MIT */
/*
 * fates: what gaps and report have in common: of which counters they tell, and how
 * they look at a number's fate.
 */
#ifndef DOCKET_TOOLS_FATES_H
#define DOCKET_TOOLS_FATES_H

#include "address.h"
#include "docket_admin.h"

enum fates_class {
    FATES_ISSUED,  /* handed out, issued */
    FATES_VOID,
    FATES_UNKNOWN,
    FATES_HELD,    /* reserved, pending, in doubt */
    FATES_TO_COME  /* laid, open, spare, free: not given, and may still be */
};

/* A fate that this program does not know is one to look at: unknown. */
enum fates_class fates_class_of(const char *fate);

/* Above the last number that was given, what is to come is no gap, but unused. Has a
 * number of this fate been given, or can it not be given any more? */
static inline bool fates_is_used(const char *fate)
{
    return fates_class_of(fate) != FATES_TO_COME;
}

/* Who: "uid 1000", "docketd", "seat 3" or "-". */
enum { FATES_WHO_BYTES = 32 };
const char *fates_who(const struct docket_fate_row *row, char text[FATES_WHO_BYTES]);

/* Which counters: [TENANT[/SERIES[/PERIOD]]] and --period. */
struct fates_choice {
    struct address address; /* tenant "": all; series "": all of the tenant */
};

/* CLI_DONE, or it has said why. */
int fates_choose(const struct cli *cli, struct fates_choice *choice);

/* Their rows, as docket_admin_fate() tells them. */
docket_status fates_each(docket_realm *realm, const struct fates_choice *choice,
                         int (*each)(void *context, const struct docket_fate_row *row), void *context);

#endif
