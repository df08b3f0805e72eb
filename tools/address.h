/* SPDX-License-Identifier: MIT */
/* address: TENANT/SERIES[/PERIOD], the way things are named on the command line. */
#ifndef DOCKET_TOOLS_ADDRESS_H
#define DOCKET_TOOLS_ADDRESS_H

#include "cli.h"

enum { ADDRESS_NO_PERIOD = -1, PERIOD_TEXT_BYTES = 16 };

struct address {
    char tenant[DOCKET_NAME_MAX + 1];
    char series[DOCKET_NAME_MAX + 1];
    int32_t period; /* ADDRESS_NO_PERIOD if none was named */
};

/* CLI_DONE, or CLI_USAGE when it has said why. Names are checked here, so that
 * a typing error never starts a docketd. */
int address_parse(const struct cli *cli, const char *text, bool with_period, struct address *address);

/* The same, or TENANT alone: then series is "". */
int address_parse_wide(const struct cli *cli, const char *text, struct address *address);

/* The same for a period alone, as an option names it. */
int address_period(const struct cli *cli, const char *text, int32_t *period);

/* "never", "2026", "2026-Q4", "2026-11", "2026-W48", "2026-11-24", "2026-2027". */
const char *address_period_text(int32_t period, char text[PERIOD_TEXT_BYTES]);

#endif
