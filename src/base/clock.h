/* SPDX-License-Identifier: MIT */
/*
 * clock: the three clocks. The wall clock chooses periods and dates, nothing
 * else; no promise rests on any clock.
 */
#ifndef DK_BASE_CLOCK_H
#define DK_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define DK_SECOND_NS 1000000000ll
#define DK_MILLISECOND_NS 1000000ll

/* UTC seconds, coarse (up to a tick old): about 6 ns. */
static inline int64_t dk_clock_wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec;
}

static inline int64_t dk_clock_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * DK_SECOND_NS + now.tv_nsec;
}

/* Runs through suspend; the heartbeat's clock. */
static inline int64_t dk_clock_boot_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * DK_SECOND_NS + now.tv_nsec;
}

static inline int64_t dk_clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * DK_SECOND_NS + now.tv_nsec;
}

#endif
