/* SPDX-License-Identifier: MIT */
/* accept_hear: who says how far a counter had come. For accept.c alone. */
#ifndef DK_DAEMON_ACCEPT_HEAR_H
#define DK_DAEMON_ACCEPT_HEAR_H

#include "daemon/recovery/accept.h"

struct dk_planned {
    struct dk_series_record record; /* id 0: there is no such series */
    int32_t now, ahead; /* periods: the current one, and the next if it may have been on the board; else the same */
    bool saw_now, saw_ahead;
};

struct dk_planning {
    struct dk_daemon *daemon;
    struct dk_accept *accept;
    struct dk_planned *series; /* by id */
    uint64_t room;
    int64_t now_s;
    bool *met; /* by floor: the store has its counter */
};

docket_status dk_accept_hear(struct dk_planning *planning, const struct dk_accept_order *order) DK_MUST_USE;

#endif
