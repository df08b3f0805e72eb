/* SPDX-License-Identifier: MIT */
/* issuing: what the two ways of docket issue have in common. */
#ifndef DOCKET_TOOLS_ISSUING_H
#define DOCKET_TOOLS_ISSUING_H

#include "output.h"
#include "tracked.h"

struct issuing {
    const struct cli *cli;
    struct address address;
    int64_t timeout_ns;
    struct docket_issue asked; /* what the options say; of many keys for each */
    char *owned;               /* metadata that was read */
    int code;                  /* what a step has said by itself; CLI_DONE: nothing */
};

/* A handle, and flags that make sense for a command, which ends at once. The status is of the realm;
 * issuing->code is set where it has said why. */
docket_status issuing_open(docket_realm *realm, struct issuing *issuing, docket_series **series);

/* Adds number, text, period, date, state, again and attempts. */
void issuing_put(json_t *object, const struct docket_number *got);

/* docket issue --keys. An exit code. */
int issuing_many(struct issuing *issuing, const char *path);

#endif
