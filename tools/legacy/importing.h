/* SPDX-License-Identifier: MIT */
/* importing: what docket import is asked for: its source read, its numbers sent. */
#ifndef DOCKET_TOOLS_LEGACY_IMPORTING_H
#define DOCKET_TOOLS_LEGACY_IMPORTING_H

#include "sending.h"
#include "service.h"

struct importing {
    struct cli *cli;
    docket_reader *reader;
    struct intake intake;
    struct sending sending;
    char source[161]; /* as it is kept in events: printable, and not too long */
    struct service service; /* with --service */
    bool intake_is_open, sending_is_open;
};

/* Each an exit code that has been said. importing_end() is due in any case. */
int importing_read(struct importing *importing);
int importing_send(struct importing *importing);
void importing_end(struct importing *importing);

#endif
