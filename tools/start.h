/* SPDX-License-Identifier: MIT */
/*
 * start: the embedded default. Starts docketd for a realm that nobody serves,
 * and waits until it is ready.
 *
 * Two commands at once: each takes a lock on REALM/docketd.log first, so the
 * second waits for the first and then finds docketd there. A docketd that
 * somebody else started (a service manager) makes ours end with "in use", and
 * then that one is waited for.
 */
#ifndef DOCKET_TOOLS_START_H
#define DOCKET_TOOLS_START_H

#include "cli.h"

#include <sys/types.h>

#define START_WAIT_S 10
#define START_IDLE_EXIT "600"

struct starter {
    char realm[4096]; /* absolute */
    char log[4200];
    int lock_fd;      /* on the log; held until start_done() */
    int log_fd;
    bool waited;      /* another command held the lock */
    bool create;      /* there is no realm yet: docketd may make it */
    int64_t deadline_ns;
    off_t log_from;   /* where our docketd's lines begin */
    int exit_code;    /* of our docketd, if it ended */
};

enum start_end {
    START_READY,
    START_OTHER, /* ended because another one serves the realm */
    START_FAILED /* ended for another reason */
};

/* Makes the realm's directory (0700) if it is absent, opens the log, takes the
 * lock. An exit code; start_done() is due in any case. */
int start_prepare(const struct cli *cli, struct starter *starter);
int start_docketd(const struct cli *cli, struct starter *starter, enum start_end *end);
bool start_in_time(const struct starter *starter);
/* Says that docketd ended, with the last lines of its log. */
int start_say_log(const struct cli *cli, const struct starter *starter);
void start_done(struct starter *starter);

#endif
