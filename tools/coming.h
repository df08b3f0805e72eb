/* SPDX-License-Identifier: MIT */
/* coming: the next document numbers under settings that somebody thinks of. */
#ifndef DOCKET_TOOLS_COMING_H
#define DOCKET_TOOLS_COMING_H

#include "address.h"
#include "docket_admin.h"
#include "output.h"

struct coming {
    const struct cli *cli;
    const struct address *address;
    const struct docket_policy *policy;
    int has_start;
    json_t *array; /* with --json */
    unsigned count;
    char (*lines)[DOCKET_TEXT_MAX]; /* else; ten of them */
    uint32_t date; /* of the first of them; 0: there is none */
    int32_t period;
    bool declared;   /* of series add */
    bool read;       /* the policy's text to start after was read as: */
    uint64_t number;
    uint32_t read_date; /* 0: it shows none */
    int32_t read_period;
};

enum { COMING_LINES = 10 };

/* What could be a number, or a document number: docketd says whether it is one. CLI_DONE, or it has said why not. */
int coming_check(const struct cli *cli, const char *option, const char *text);
/* Asks docketd and keeps what comes. */
docket_status coming_ask(docket_realm *realm, struct coming *coming);
/* Prints them, if it is not --json. */
void coming_print(const struct coming *coming);
/* What the text to start after was read as; nothing if it is --json, or there is none. */
void coming_print_read(const struct coming *coming);
/* The same for --json; NULL: there is none. */
json_t *coming_read_json(const struct coming *coming);

#endif
