/* SPDX-License-Identifier: MIT */
/* deciding: what the commands that decide something have in common. */
#ifndef DOCKET_TOOLS_DECIDING_H
#define DOCKET_TOOLS_DECIDING_H

#include "address.h"
#include "docket_admin.h"
#include "output.h"

/* TENANT/SERIES[/PERIOD] or --period. CLI_DONE, or it has said why. */
int deciding_address(const struct cli *cli, struct address *address, struct docket_counter_name *name);

/* --reason, or a sentence that it is needed. */
int deciding_reason(const struct cli *cli);

/* Asks on the terminal, unless --yes or --dry-run was given; without a terminal
 * it refuses. what: "void acme/INV 5-9". CLI_DONE: go on. */
int deciding_confirm(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "17", "17-20" or "17..20", from 1 to the largest number. */
int deciding_range(const struct cli *cli, const char *text, uint64_t *first, uint64_t *last);

/* Changes as they come, and what was made of them. */
struct deciding_changes {
    const struct cli *cli;
    const struct address *address;
    json_t *array; /* with --json */
    uint64_t count, numbers;
};

void deciding_begin(struct deciding_changes *changes, const struct cli *cli, const struct address *address);
int deciding_change(void *context, const struct docket_change *change); /* a docket_each_change */
/* code: of the errand; what: "void". */
int deciding_end(struct deciding_changes *changes, int code);

unsigned deciding_flags(const struct cli *cli);

#endif
