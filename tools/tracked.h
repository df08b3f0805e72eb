/* SPDX-License-Identifier: MIT */
/* tracked: what the commands of series with a ledger have in common. */
#ifndef DOCKET_TOOLS_TRACKED_H
#define DOCKET_TOOLS_TRACKED_H

#include "address.h"
#include "docket_admin.h"
#include "docket_ledger.h"

/* What such a series is like. */
struct tracked {
    bool has_ledger, gapless;
    int32_t period; /* the current one, by docketd; ADDRESS_NO_PERIOD: the shared files said the rest */
};

/* Asks docketd; makes no series. NO_SERIES and the like, as docket_admin_series_show() has them. */
docket_status tracked_ask(docket_realm *realm, const struct address *address, struct tracked *tracked);
/* The same, by the shared files where the series is at a desk, and a handle. NOT_TRACKED: *code is the exit
 * code of what was said. */
docket_status tracked_open(const struct cli *cli, docket_realm *realm, const struct address *address,
                           struct tracked *tracked, docket_series **series, int *code);

/* --expires: 90s, 15m, 12h, 30d, or seconds. Leaves *seconds alone if it was not given. */
int tracked_expires(const struct cli *cli, uint32_t *seconds);
/* --metadata: JSON, or @FILE; *owned is freed by the caller. */
int tracked_metadata(const struct cli *cli, const char **metadata, char **owned);

/* --reason or --note, if it was given: 1 to 200 bytes. */
int tracked_words(const struct cli *cli, enum cli_option_id id);

/* "until 2026-11-26T09:00:00Z". */
const char *tracked_until(int64_t utc_ns, char text[48]);

#endif
