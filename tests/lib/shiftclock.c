/* SPDX-License-Identifier: MIT */
/*
 * shiftclock: a preloaded library that moves the wall clocks and leaves the
 * others alone.
 *
 *   DOCKET_CLOCK_SHIFT_S   by so many seconds, so that a test can stand at the
 *                          edge of a year
 *   DOCKET_CLOCK_FILE      and by what this file says now: two int64, seconds,
 *                          and how far each single call may go astray beside
 *                          that. All processes that map it share one clock,
 *                          which a test sets as it likes.
 *   DOCKET_CLOCK_NTP       what adjtimex() answers: 0 synchronised, 5 not
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static long fixed_shift;
static const volatile int64_t *shared;
static __thread uint64_t astray = 88172645463325252u;

__attribute__((constructor)) static void read_environment(void)
{
    const char *shift = getenv("DOCKET_CLOCK_SHIFT_S"), *path = getenv("DOCKET_CLOCK_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    fixed_shift = shift != NULL ? atol(shift) : 0;
    shared = map != MAP_FAILED ? map : NULL;
    if (path != NULL && shared == NULL)
        abort(); /* a test of clocks would pass for want of one */
    if (fd >= 0)
        close(fd);
}

static int64_t shift_s(void)
{
    int64_t shift = fixed_shift;
    if (shared == NULL)
        return shift;
    shift += shared[0];
    int64_t most = shared[1];
    if (most == 0)
        return shift;
    astray ^= (astray << 13) + (uint64_t)getpid();
    astray ^= astray >> 7;
    astray ^= astray << 17;
    return shift + (int64_t)(astray % (2 * (uint64_t)most + 1)) - most;
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

int adjtimex(struct timex *facts)
{
    const char *answer = getenv("DOCKET_CLOCK_NTP");
    if (answer == NULL)
        return (int)syscall(SYS_adjtimex, facts);
    *facts = (struct timex){.status = atoi(answer) == TIME_ERROR ? STA_UNSYNC : 0, .maxerror = 2000};
    return atoi(answer);
}
