/* SPDX-License-Identifier: MIT */
/*
 * docket-dates: processes take numbers of a chronological series while days go by.
 *
 *     docket-dates REALM TENANT/SERIES CLOCK SECONDS PROCESSES
 *
 * CLOCK is a file of two int64 that the preloaded shiftclock of all processes goes
 * by; it moves on by six hours at a time. Half of the calls give a date of the last
 * days themselves, and are refused where it comes too late. Prints each number, its
 * date and its text, unordered.
 * Exit: 0, 1 a call failed that may not, 2 usage.
 */
#include "docket.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_S (6 * 3600)
#define STEP_NS 40000000

static docket_realm *realm;
static docket_series *series;
static volatile int64_t *shift_s;
static volatile int *stop;

static uint32_t date_of(time_t then)
{
    struct tm parts;
    gmtime_r(&then, &parts);
    return (uint32_t)((parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday);
}

/* What a call may answer here: docketd is killed meanwhile. */
static bool is_fine(docket_status status, bool dated)
{
    return status == DOCKET_OK || status == DOCKET_TIMEOUT || status == DOCKET_UNREACHABLE ||
           (dated && status == DOCKET_OUT_OF_ORDER);
}

static int take(unsigned seed)
{
    char text[DOCKET_TEXT_MAX];
    uint64_t number;
    for (uint64_t calls = 0; !*stop; calls++) {
        bool dated = (seed = seed * 1664525 + 1013904223) >> 31;
        uint32_t date = date_of(time(NULL) - (time_t)(seed >> 16 & 3) * 86400 / 2);
        docket_status status =
            dated ? docket_next_text_dated(series, date, 300000000, text, sizeof text, &number, NULL)
                  : docket_next_text(series, 300000000, text, sizeof text, &number, NULL);
        if (!is_fine(status, dated)) {
            fprintf(stderr, "%s: %s\n", docket_status_name(status), docket_last_error());
            return 1;
        }
        if (status == DOCKET_OK)
            printf("%" PRIu64 " %.8s %s\n", number, strchr(text, '-') + 1, text);
        if (calls % 16 == 0) {
            fflush(stdout);
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    fflush(stdout);
    return 0;
}

static volatile void *map(int fd, size_t bytes)
{
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        exit(1);
    return mapped;
}

int main(int count, char **words)
{
    int processes = count == 6 ? atoi(words[5]) : 0, failed = 0;
    char *name = count == 6 ? strchr(words[2], '/') : NULL;
    int clock = count == 6 ? open(words[3], O_RDWR | O_CLOEXEC) : -1;
    if (processes < 1 || name == NULL || clock < 0)
        return 2;
    *name++ = 0;
    shift_s = map(clock, 16);
    stop = map(-1, sizeof *stop);
    if (docket_realm_open(words[1], &realm) != DOCKET_OK ||
        docket_series_open(realm, words[2], name, &series) != DOCKET_OK) {
        fprintf(stderr, "%s\n", docket_last_error());
        return 1;
    }
    for (int i = 0; i < processes; i++)
        if (fork() == 0)
            _exit(take((unsigned)i * 2654435761u + 1));
    struct timespec step = {.tv_nsec = STEP_NS};
    for (int64_t left_ns = atoi(words[4]) * INT64_C(1000000000); left_ns > 0; left_ns -= STEP_NS) {
        nanosleep(&step, NULL);
        *shift_s += STEP_S;
    }
    *stop = 1;
    for (int status; wait(&status) > 0;)
        failed += status != 0;
    docket_realm_close(realm);
    return failed != 0;
}
