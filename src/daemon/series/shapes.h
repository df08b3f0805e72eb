/* SPDX-License-Identifier: MIT */
/*
 * shapes: no text is written by two numbers of a tenant. Asked before a series is
 * made or gets another policy; what is on its way into the store counts as if it
 * were there.
 */
#ifndef DK_DAEMON_SHAPES_H
#define DK_DAEMON_SHAPES_H

#include "daemon/daemon.h"
#include "numbering/collide.h"

/* A policy that is wanted, already checked by itself. */
struct dk_shape_ask {
    const char *tenant, *series;
    uint64_t series_id; /* 0: it is about to be made */
    const struct dk_policy *policy;
    const struct dk_template *resolved;
};

/*
 * COLLISION with an example if a number could get a text that another series of the
 * tenant has, had or will have, or that this series wrote under an older policy. All
 * policies are asked that the store knows, and those that are being committed.
 * The loop waits meanwhile, so that what must be told apart day by day is bounded:
 * beyond DK_SHAPES_SLOW such pairs, or DK_SHAPES_MOST of any kind, it is COLLISION
 * too, and says how the template can begin so that it needs no such proof.
 */
docket_status dk_shapes_check(struct dk_daemon *daemon, const struct dk_shape_ask *ask) DK_MUST_USE;

enum { DK_SHAPES_SLOW = 64, DK_SHAPES_MOST = 100000 };

/* Do two policies of one series give every number the same text but for leading
 * zeros and for small and capital letters? Then no text of one is that of another
 * number of the other. */
bool dk_shapes_alike(const struct dk_shape *a, const struct dk_shape *b);

#endif
