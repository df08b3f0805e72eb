/* SPDX-License-Identifier: MIT */
/* verdict: settle, void or release what was picked, and a line for each. */
#ifndef DOCKET_TOOLS_VERDICT_H
#define DOCKET_TOOLS_VERDICT_H

#include "picking.h"

struct verdict {
    const struct cli *cli;
    struct address address;
    enum docket_verb verb;
    const char *reason;
    int64_t timeout_ns;
    struct picking picking;
    docket_status *statuses;
    size_t decided;     /* so many have their status */
    uint32_t of_name;   /* what was decided of a reservation as a whole */
    int code;           /* what a step has said by itself; CLI_DONE: nothing */
    char sentence[512]; /* of the last one that failed, as docketd said it */
};

/* Reads the line's numbers, which begin at the operand first. CLI_DONE, or it has said why. */
int verdict_take(struct verdict *verdict, int first);
/* Decides and prints; an exit code. Frees what verdict_take() took. */
int verdict_run(struct verdict *verdict);
/* Frees only. */
void verdict_drop(struct verdict *verdict);

/* Is all well with this one: done, or decided so before? */
bool verdict_is_well(enum docket_verb verb, docket_status status);

#endif
