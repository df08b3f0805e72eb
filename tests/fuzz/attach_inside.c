/* SPDX-License-Identifier: MIT */
/* attach_inside: client/reach.c with its static steps in reach. */
#include "client/reach.c"

#include "attach_inside.h"

docket_status attach_fill(struct seat *seat, const struct dk_reply *reply, int *fds)
{
    return fill_seat(seat, reply, fds);
}

void attach_leave(struct seat *seat)
{
    dk_seat_leave(seat);
}
