/* SPDX-License-Identifier: MIT */
/*
 * accounted: takes numbers and waits until they are accounted for.
 *
 *   docket-accounted REALM SERIES hold N         takes N, waits for every second one, then stays
 *   docket-accounted REALM SERIES burst N        takes N as fast as it can, waits for none, says the last one, then stays
 *   docket-accounted REALM SERIES crowd P N      P threads take and wait for N each
 *   docket-accounted REALM SERIES never|ahead|period NUMBER   the wait for it must be NOT_HELD
 */
#include "docket_ledger.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

static docket_series *series;
static uint64_t each;

static int fail(const char *what, docket_status status)
{
    fprintf(stderr, "%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
    return 1;
}

static int hold(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number;
        int32_t period;
        docket_status status = docket_next(series, 5 * SECOND_NS, &number, &period);
        if (status != DOCKET_OK)
            return fail("next", status);
        if (i % 2 == 1)
            continue;
        status = docket_wait_accounted(series, period, number, 5 * SECOND_NS);
        if (status != DOCKET_OK)
            return fail("wait", status);
        printf("accounted %llu\n", (unsigned long long)number);
    }
    puts("holding");
    fflush(stdout);
    pause();
    return 0;
}

static int burst(uint64_t count)
{
    uint64_t number = 0;
    for (uint64_t i = 0; i < count; i++) {
        docket_status status = docket_next(series, 5 * SECOND_NS, &number, NULL);
        if (status != DOCKET_OK)
            return fail("next", status);
    }
    printf("last %llu\nholding\n", (unsigned long long)number);
    fflush(stdout);
    pause();
    return 0;
}

static void *crowd(void *context)
{
    int *bad = context;
    for (uint64_t i = 0; i < each; i++) {
        uint64_t number;
        int32_t period;
        docket_status status = docket_next(series, 10 * SECOND_NS, &number, &period);
        if (status == DOCKET_OK)
            status = docket_wait_accounted(series, period, number, 10 * SECOND_NS);
        if (status != DOCKET_OK && status != DOCKET_UNREACHABLE)
            *bad = fail("crowd", status);
    }
    return NULL;
}

static int run_crowd(int threads)
{
    pthread_t all[64];
    int bad[64] = {0}, sum = 0;
    for (int i = 0; i < threads && i < 64; i++)
        if (pthread_create(&all[i], NULL, crowd, &bad[i]) != 0)
            return 1;
    for (int i = 0; i < threads && i < 64; i++) {
        pthread_join(all[i], NULL);
        sum += bad[i];
    }
    return sum > 0;
}

static int refused(const char *how, uint64_t beyond)
{
    uint64_t number;
    int32_t period;
    docket_status status = docket_next(series, 5 * SECOND_NS, &number, &period);
    if (status != DOCKET_OK)
        return fail("next", status);
    status = docket_wait_accounted(series, strcmp(how, "period") == 0 ? 2011 : period, number + beyond, 5 * SECOND_NS);
    if (status != DOCKET_NOT_HELD)
        return fail("a number that was not given", status);
    status = docket_wait_accounted(series, period, number, 5 * SECOND_NS);
    return status == DOCKET_OK ? 0 : fail("the number that was given", status);
}

int main(int argc, char **argv)
{
    docket_realm *realm;
    docket_status status;
    if (argc < 5)
        return 2;
    if ((status = docket_realm_open(argv[1], &realm)) != DOCKET_OK ||
        (status = docket_series_open(realm, "acme", argv[2], &series)) != DOCKET_OK)
        return fail("open", status);
    uint64_t figure = strtoull(argv[4], NULL, 10);
    int code;
    if (strcmp(argv[3], "hold") == 0) {
        code = hold(figure);
    } else if (strcmp(argv[3], "burst") == 0) {
        code = burst(figure);
    } else if (strcmp(argv[3], "crowd") == 0 && argc > 5) {
        each = strtoull(argv[5], NULL, 10);
        code = run_crowd((int)figure);
    } else {
        code = refused(argv[3], figure);
    }
    docket_realm_close(realm);
    return code;
}
