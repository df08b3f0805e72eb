/* SPDX-License-Identifier: MIT */
/* attach_inside: the two steps of client/reach.c that fuzz_attach drives. */
#ifndef TESTS_FUZZ_ATTACH_INSIDE_H
#define TESTS_FUZZ_ATTACH_INSIDE_H

#include "docket.h"

struct seat;
struct dk_reply;

/* Closes fds[2] and fds[3], as fill_seat() does. */
docket_status attach_fill(struct seat *seat, const struct dk_reply *reply, int *fds);
void attach_leave(struct seat *seat);

#endif
