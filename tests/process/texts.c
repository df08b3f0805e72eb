/* SPDX-License-Identifier: MIT */
/*
 * docket-texts: takes document numbers of one series until a file exists, and says
 * each: number, period, text.
 *
 *     docket-texts REALM TENANT SERIES STOP_FILE [PAUSE_US]
 *     docket-texts REALM --race TENANT PAIRS
 *
 * One seat, one handle, from beginning to end. With LOGS in the environment it logs
 * there what it took, for the auditor. Exit: 0, or 1 with the status of a call
 * that failed; with EXHAUSTED it ends in order and says so. --race: two threads declare
 * two series at the same moment, whose names differ in case only; of each pair one is
 * made.
 */
#include "docket.h"
#include "docket_admin.h"

#include "../lib/worklog.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_NS 20000000000ll

static int failed(const char *what, docket_status status)
{
    fprintf(stderr, "%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
    return 1;
}

struct racer {
    docket_realm *realm;
    const char *tenant, *letter;
    int pair;
    pthread_barrier_t *together;
    docket_status status;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    char name[32];
    snprintf(name, sizeof name, "%s%d", racer->letter, racer->pair);
    pthread_barrier_wait(racer->together);
    racer->status = docket_admin_series_add(racer->realm, racer->tenant, name, NULL);
    return NULL;
}

static int race_all(docket_realm *realm, const char *tenant, int pairs)
{
    int wrong = 0;
    for (int pair = 0; pair < pairs; pair++) {
        pthread_barrier_t together;
        pthread_t other;
        pthread_barrier_init(&together, NULL, 2);
        struct racer racers[2] = {{realm, tenant, "r", pair, &together, DOCKET_OK},
                                  {realm, tenant, "R", pair, &together, DOCKET_OK}};
        if (pthread_create(&other, NULL, race, &racers[1]) != 0)
            return 1;
        race(&racers[0]);
        pthread_join(other, NULL);
        pthread_barrier_destroy(&together);
        int made = (racers[0].status == DOCKET_OK) + (racers[1].status == DOCKET_OK);
        int refused = (racers[0].status == DOCKET_COLLISION) + (racers[1].status == DOCKET_COLLISION);
        if (made != 1 || refused != 1) {
            printf("pair %d: %s, %s\n", pair, docket_status_name(racers[0].status), docket_status_name(racers[1].status));
            wrong++;
        }
    }
    return wrong > 0;
}

int main(int argc, char **argv)
{
    docket_realm *realm;
    docket_series *series;
    if (argc < 5)
        return 2;
    if (strcmp(argv[2], "--race") == 0) {
        docket_status opened = docket_realm_open(argv[1], &realm);
        return opened == DOCKET_OK ? race_all(realm, argv[3], atoi(argv[4])) : failed("open", opened);
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* who waits for a line sees it whole */
    struct timespec pause = {.tv_nsec = argc > 5 ? atol(argv[5]) * 1000 : 0};
    docket_status status = docket_realm_open(argv[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, argv[2], argv[3], &series);
    if (status != DOCKET_OK)
        return failed("open", status);
    const char *logs = getenv("LOGS");
    char id[32];
    struct worklog log;
    snprintf(id, sizeof id, "t%ld", (long)getpid());
    if (logs != NULL && worklog_open(&log, logs, id, argv[2], argv[3], 1, 0) != 0)
        return failed("log", DOCKET_SYSTEM);
    while (access(argv[4], F_OK) != 0) {
        char text[DOCKET_TEXT_MAX];
        uint64_t number;
        int32_t period;
        status = docket_next_text(series, TIMEOUT_NS, text, sizeof text, &number, &period);
        if (status == DOCKET_EXHAUSTED) {
            printf("exhausted\n");
            break;
        }
        if (status != DOCKET_OK)
            return failed("next_text", status);
        if (logs != NULL && worklog_add(&log, number, period, WORKLOG_NEXT) != 0)
            return failed("log", DOCKET_SYSTEM);
        printf("%llu\t%d\t%s\n", (unsigned long long)number, (int)period, text);
        if (pause.tv_nsec > 0)
            nanosleep(&pause, NULL);
    }
    if (logs != NULL && worklog_close(&log) != 0)
        return failed("log", DOCKET_SYSTEM);
    docket_realm_close(realm);
    return fflush(stdout) == 0 ? 0 : 1;
}
