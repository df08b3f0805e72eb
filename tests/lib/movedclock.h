/* SPDX-License-Identifier: MIT */
/* movedclock: a program whose wall clock is moved from inside. Included by one file of it. */
#ifndef MOVEDCLOCK_H
#define MOVEDCLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Seconds that this process's wall clock runs ahead. Stands before the C library's, for libdocket too. */
static _Atomic int64_t clock_shift_s;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += clock_shift_s;
    return (int)result;
}

#endif
