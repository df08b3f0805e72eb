/* SPDX-License-Identifier: MIT */
/* refusal: REALM/refused, where docketd wrote why it did not serve, with a page of help (src/daemon/recovery/page.c). It
 * is there until docketd serves again; it is shown, and nothing is decided by it. */
#ifndef DOCKET_TOOLS_REFUSAL_H
#define DOCKET_TOOLS_REFUSAL_H

#include "cli.h"

#include <stdbool.h>
#include <stdint.h>

struct refusal {
    docket_status status;
    int64_t time_s; /* UTC */
    char sentence[1200];
    char page[12000];
};

/* False: docketd did not refuse, or this user cannot read it. */
bool refusal_read(const char *realm, struct refusal *refusal);
/* REALM/held: what docketd waits for, or will; it serves. False: nothing. */
bool refusal_read_held(const char *realm, struct refusal *refusal);
/* {"status", "time_s", "message", "page"}; null without one. */
json_t *refusal_json(const char *realm);
/* For those who look at a realm, served or not: a line to stdout, if there is something to say. */
void refusal_print(const char *realm, bool serving);

#endif
