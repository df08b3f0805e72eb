/* SPDX-License-Identifier: MIT */
/* ledger_read: pages of what the ledger says. Between ledger_read.c and fate_merge.c. */
#ifndef DK_CLIENT_LEDGER_READ_H
#define DK_CLIENT_LEDGER_READ_H

#include "client/inside.h"
#include "wire/ledger_row.h"

struct dk_ledger_page {
    void *bytes;
    struct dk_ledger_rows rows;
    bool ended; /* its last row has been read */
};

/* A page in place of the one before. */
docket_status dk_ledger_page_ask(struct docket_realm *realm, const struct dk_admin_request *request,
                                 struct dk_ledger_page *page) DK_MUST_USE;
/* The next row, checked; *more false: it is the last one, which says where to go on. Its texts live as long as the page. */
docket_status dk_ledger_page_next(struct dk_ledger_page *page, struct dk_ledger_row *row, bool *more) DK_MUST_USE;
void dk_ledger_page_drop(struct dk_ledger_page *page);

#endif
