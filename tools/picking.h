/* SPDX-License-Identifier: MIT */
/*
 * picking: which numbers of a series with a ledger somebody means: by a key, a
 * reservation's name, texts, numbers and ranges of a period, or lines of stdin.
 */
#ifndef DOCKET_TOOLS_PICKING_H
#define DOCKET_TOOLS_PICKING_H

#include "tracked.h"

#define PICKING_MAX 1000000u /* numbers of one command */

struct picking {
    struct docket_which *which; /* texts are the command line's, or of lines */
    size_t count, room;
    char *lines;        /* what stdin had */
    const char *key;    /* --key alone */
    const char *name;   /* --name: the reservation that holds them ... */
    bool whole;         /* ... or all that is left of it is meant: no list was given, not even an empty one */
    bool has_numbers;   /* their period is picking_period()'s to set */
};

/* Operands from the one at first on. CLI_DONE, or it has said why; picking_free() in any case. */
int picking_take(const struct cli *cli, int first, struct picking *picking);
/* The same for lists that may be of texts only: docket elsewhere. */
int picking_take_texts(const struct cli *cli, int first, struct picking *picking);
/* Is it written like a number, or like a range, 17-20 or 17..20, be it upside down? */
bool picking_is_range(const char *text);
/* Numbers are of the period that the address names, or of the current one, which docketd is asked for. */
docket_status picking_period(struct picking *picking, docket_realm *realm, const struct address *address);
void picking_free(struct picking *picking);

/* "INV-20261126-000001", "17 of 2026", or "order-4711". */
enum { PICKING_LABEL_BYTES = 256 };
const char *picking_label(const struct docket_which *which, char label[PICKING_LABEL_BYTES]);

#endif
