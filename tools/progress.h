/* SPDX-License-Identifier: MIT */
/*
 * progress: one line on stderr for what lasts over two seconds, only where
 * stderr is a terminal, and never with --json or --quiet. It wipes itself.
 */
#ifndef DOCKET_TOOLS_PROGRESS_H
#define DOCKET_TOOLS_PROGRESS_H

#include "cli.h"

struct progress {
    const char *what; /* "series read"; NULL: nothing is ever shown */
    int64_t began_ns, said_ns;
    uint64_t count;
};

/* CLOCK_MONOTONIC. */
int64_t progress_now_ns(void);

void progress_begin(struct progress *progress, const struct cli *cli, const char *what);
/* One more is done. Looks at the clock now and then only. */
void progress_step(struct progress *progress);
/* Time has passed, and nothing can be counted. */
void progress_wait(struct progress *progress);
void progress_end(struct progress *progress);

/* The same for one call that does not come back: a thread says how long it has
 * taken, until progress_tick_end() or whoever prints first. One at a time; none
 * may be ticking when the process forks. */
void progress_tick_begin(const struct cli *cli, const char *what);
void progress_tick_end(void);

#endif
