/* SPDX-License-Identifier: MIT */
/* policy_options: a policy out of the options of series add and series set. */
#ifndef DOCKET_TOOLS_POLICY_OPTIONS_H
#define DOCKET_TOOLS_POLICY_OPTIONS_H

#include "cli.h"
#include "docket_admin.h"

#define POLICY_OPTIONS                                                                                                 \
    (BIT(OPT_PROFILE) | BIT(OPT_DOCUMENTS) | BIT(OPT_ORDER) | BIT(OPT_RESTART) | BIT(OPT_FISCAL_YEAR) |                \
     BIT(OPT_ZONE) | BIT(OPT_TEMPLATE) | BIT(OPT_PREFIX) | BIT(OPT_FIELDS) | BIT(OPT_AT_END) | BIT(OPT_RELEASE) |      \
     BIT(OPT_CHRONOLOGICAL) | BIT(OPT_LAST) | BIT(OPT_VALID_FROM) | BIT(OPT_VALID_TO) | BIT(OPT_WARN) |                \
     BIT(OPT_CLOSE_AFTER) | BIT(OPT_LEDGER) | BIT(OPT_ON_EXPIRY) | BIT(OPT_WINDOW))

/* Members that no option said stay as they are; the texts are the command line's.
 * CLI_DONE, or CLI_USAGE when it has said why. */
int policy_options(const struct cli *cli, struct docket_policy *policy);

/* When it was taken: of a value that takes a promise away, what that breaks. One line on stderr. */
void policy_warn(const struct cli *cli);

#endif
