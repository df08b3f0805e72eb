/* SPDX-License-Identifier: MIT */
/*
 * known: the series that a fix goes by. With --template the one that the options describe, of every tenant; else
 * those of the realm, where there is one. Of the realm's it also knows what docket itself has given.
 *
 * docketd is asked, and started if none answers, only where the realm is there; nothing is ever changed in it.
 */
#ifndef DOCKET_TOOLS_LEGACY_KNOWN_H
#define DOCKET_TOOLS_LEGACY_KNOWN_H

#include "../policy_options.h"
#include "docket_reader.h"

/* The options of a command that has one. */
#define KNOWN_OPTIONS                                                                                                 \
    (BIT(OPT_TEMPLATE) | BIT(OPT_SERIES) | BIT(OPT_RESTART) | BIT(OPT_FISCAL_YEAR) | BIT(OPT_PREFIX) |                \
     BIT(OPT_FIELDS) | BIT(OPT_PROFILE) | BIT(OPT_REALM) | BIT(OPT_NO_START))

struct known_series;

struct known {
    const struct cli *cli;
    docket_reader *reader;
    bool of_realm, has_series; /* has_series: it knows some */
    uint64_t policies;      /* how many were read from it */
    size_t option_longest;  /* of --profile; 0 */
    struct known_series *series; /* those asked about so far */
    size_t count, last; /* last: the one that was looked for last */
};

/* CLI_DONE, or it has said why. quiet: a realm that is not there is no news. */
int known_open(const struct cli *cli, bool quiet, struct known *known);
void known_close(struct known *known);

/* Asks docketd about a series of the realm, "TENANT/SERIES", unless that was done. Without a realm there is nothing to
 * ask. CLI_DONE, or it has said why. */
int known_ask(struct known *known, const char *name);
/* docket has given numbers of this counter, or somebody holds some. Of a series that was asked about. */
bool known_gives(struct known *known, const char *tenant, const char *series, int32_t period);
/* Most characters that the series' profile allows; 0: no bound is known. */
size_t known_longest(struct known *known, const char *tenant, const char *series);

#endif
