/* SPDX-License-Identifier: MIT */
/*
 * session: an open realm for the commands that need docketd, with docketd
 * started for them if none answers (unless --no-start).
 */
#ifndef DOCKET_TOOLS_SESSION_H
#define DOCKET_TOOLS_SESSION_H

#include "cli.h"

/*
 * Opens the realm and calls step with it. If there is no realm yet, or docketd
 * does not answer, starts docketd and calls step once more with the realm
 * opened anew: step must keep what it has done in context. Returns an exit
 * code; every failure has been said.
 */
int session_run(const struct cli *cli, docket_status (*step)(docket_realm *realm, void *context), void *context);

#endif
