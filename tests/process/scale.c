/* SPDX-License-Identifier: MIT */
/*
 * docket-scale: very many series, each used a little.
 *
 *     docket-scale REALM THREADS FIRST COUNT NUMBER [PACE_S]
 *
 * Takes one number of each of the series tN/S, N from FIRST to FIRST + COUNT - 1,
 * and expects it to be NUMBER. Each thread has a realm of its own, opened anew
 * every so often, so that what the library keeps of a series stays small. With
 * PACE_S the calls are spread over so many seconds. One JSON line at the end.
 */
#include "docket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SERIES_IN_A_REALM = 4096, THREADS_MAX = 256 };

static const char *directory;
static uint64_t first, count, expected, threads;
static double pace_s;
static double began_s;
static _Atomic uint64_t taken, wrong, failed;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void complain(const char *doing, uint64_t at)
{
    if (atomic_fetch_add(&failed, 1) < 5)
        fprintf(stderr, "cannot %s of t%llu/S: %s\n", doing, (unsigned long long)at, docket_last_error());
}

static void take_one(docket_realm *realm, uint64_t at)
{
    char tenant[32];
    docket_series *series;
    uint64_t number = 0;
    snprintf(tenant, sizeof tenant, "t%llu", (unsigned long long)at);
    /* A busy disk may keep a first use waiting for longer than one call does. */
    docket_status status;
    double until_s = now_s() + 30;
    do
        status = docket_series_open(realm, tenant, "S", &series);
    while (status != DOCKET_OK && docket_status_retryable(status) && now_s() < until_s);
    if (status != DOCKET_OK) {
        complain("open the series", at);
        return;
    }
    if (docket_next(series, 30 * 1000000000ll, &number, NULL) != DOCKET_OK) {
        complain("take a number", at);
        return;
    }
    atomic_fetch_add(&taken, 1);
    if (number != expected && atomic_fetch_add(&wrong, 1) < 5)
        fprintf(stderr, "t%llu/S gave %llu and not %llu\n", (unsigned long long)at, (unsigned long long)number,
                (unsigned long long)expected);
}

/* Thread i of n does every n-th series, so that all work in one stretch of them. */
static void *work(void *context)
{
    uint64_t thread = (uint64_t)(uintptr_t)context, done = 0;
    docket_realm *realm = NULL;
    for (uint64_t at = thread; at < count; at += threads) {
        double due_s = began_s + pace_s * (double)at / (double)count;
        if (pace_s > 0 && due_s > now_s()) {
            struct timespec until = {.tv_sec = (time_t)due_s, .tv_nsec = (long)((due_s - (double)(time_t)due_s) * 1e9)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        }
        if (done++ % SERIES_IN_A_REALM == 0) {
            docket_realm_close(realm);
            realm = NULL;
            if (docket_realm_open(directory, &realm) != DOCKET_OK) {
                complain("open the realm", at);
                return NULL;
            }
        }
        take_one(realm, first + at);
    }
    docket_realm_close(realm);
    return NULL;
}

int main(int words, char **word)
{
    pthread_t made[THREADS_MAX];
    if (words < 6 || words > 7) {
        fprintf(stderr, "usage: docket-scale REALM THREADS FIRST COUNT NUMBER [PACE_S]\n");
        return 2;
    }
    directory = word[1];
    threads = strtoull(word[2], NULL, 10);
    first = strtoull(word[3], NULL, 10);
    count = strtoull(word[4], NULL, 10);
    expected = strtoull(word[5], NULL, 10);
    pace_s = words > 6 ? strtod(word[6], NULL) : 0;
    if (threads == 0 || threads > THREADS_MAX)
        return 2;
    began_s = now_s();
    for (uint64_t i = 0; i < threads; i++)
        if (pthread_create(&made[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 1;
    for (uint64_t i = 0; i < threads; i++)
        pthread_join(made[i], NULL);
    printf("{\"taken\": %llu, \"wrong\": %llu, \"failures\": %llu, \"seconds\": %.2f}\n", (unsigned long long)taken,
           (unsigned long long)wrong, (unsigned long long)failed, now_s() - began_s);
    return taken == count && wrong == 0 && failed == 0 ? 0 : 1;
}
