/* SPDX-License-Identifier: MIT */
/*
 * fate_merge: rows of fate as docketd's books have them, and what the ledger says of
 * the same numbers, as one list. Between admin.c and fate_merge.c.
 */
#ifndef DK_CLIENT_FATE_MERGE_H
#define DK_CLIENT_FATE_MERGE_H

#include "docket_admin.h"

#include "client/ledger_read.h"

struct dk_fate_merge {
    struct docket_realm *realm;
    int (*each)(void *context, const struct docket_fate_row *row);
    void *context;
    bool enough;                /* it has had enough */
    struct dk_ledger_page page; /* of the counter that is being told: */
    struct dk_admin_request asked;
    struct dk_ledger_row run;   /* the one that is being looked at ... */
    bool has_run;
    bool no_more;               /* the ledger has no number behind it */
    struct docket_fate_row out; /* not told yet: its neighbour may join it */
    bool has_out;
    char reason[256];
};

/* The next row of docketd's. Rows of a series with a ledger wait until it is known what joins them. */
docket_status dk_fate_merge_row(struct dk_fate_merge *merge, const struct docket_fate_row *row) DK_MUST_USE;
void dk_fate_merge_end(struct dk_fate_merge *merge);

#endif
