/* SPDX-License-Identifier: MIT */
/* accounted: waits until no power loss can make a number unknown any more. */
#include "docket_ledger.h"

#include "client/inside.h"

#include <stdio.h>

#define AGAIN_FIRST_NS (10 * DK_MILLISECOND_NS)

static docket_status ask(const struct docket_series *series, int32_t period, uint64_t number, int64_t timeout_ns)
{
    struct dk_request request = {.type = DK_ASK_ACCOUNT, .period = period, .first = number};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    snprintf(request.tenant, sizeof request.tenant, "%s", series->tenant);
    snprintf(request.name, sizeof request.name, "%s", series->name);
    docket_status status = dk_reach_ask(series->realm, &request, timeout_ns, &reply, fds);
    if (status == DOCKET_OK)
        dk_wire_close(fds); /* none is expected */
    return status;
}

docket_status docket_wait_accounted(docket_series *series, int32_t period, uint64_t number, int64_t timeout_ns)
{
    if (series == NULL || number == 0 || number > DOCKET_NUMBER_MAX || period < 0 || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_wait_accounted wants a series, a period and number that it gave, and a "
                                            "timeout of -1 or more");
    if (series->memory != NULL)
        return DOCKET_OK; /* nothing outlives the process: nothing becomes unknown */
    if (!dk_slow_enter())
        return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked from a signal handler?)",
                       series->tenant, series->name);
    int64_t until_ns = dk_clock_monotonic_ns() + (timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns);
    int64_t pause_ns = AGAIN_FIRST_NS;
    docket_status status;
    for (;;) {
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        status = ask(series, period, number, left_ns > 0 ? left_ns : 0);
        if (status != DOCKET_TIMEOUT || until_ns - dk_clock_monotonic_ns() < pause_ns)
            break;
        struct timespec pause = {.tv_nsec = (long)pause_ns};
        nanosleep(&pause, NULL);
        pause_ns *= 2;
    }
    dk_slow_leave();
    return status;
}
