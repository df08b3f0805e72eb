/* SPDX-License-Identifier: MIT */
/*
 * shiftclock: a preloaded library that moves the wall clocks by
 * DOCKET_CLOCK_SHIFT_S seconds and leaves the others alone, so that a test can
 * stand at the edge of a year.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long shift_s(void)
{
    static long shift, known;
    if (!known) {
        const char *text = getenv("DOCKET_CLOCK_SHIFT_S");
        shift = text != NULL ? atol(text) : 0;
        known = 1;
    }
    return shift;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift_s();
    return (int)result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* as the C library's own does */
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
