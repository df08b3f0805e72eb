/* SPDX-License-Identifier: MIT */
/*
 * docket-texts: takes document numbers of one series until a file exists, and says
 * each: number, period, text.
 *
 *     docket-texts REALM TENANT SERIES STOP_FILE [PAUSE_US]
 *
 * One seat, one handle, from beginning to end. Exit: 0, or 1 with the status of a call
 * that failed; with EXHAUSTED it ends in order and says so.
 */
#include "docket.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_NS 20000000000ll

static int failed(const char *what, docket_status status)
{
    fprintf(stderr, "%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
    return 1;
}

int main(int argc, char **argv)
{
    docket_realm *realm;
    docket_series *series;
    if (argc < 5)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0); /* who waits for a line sees it whole */
    struct timespec pause = {.tv_nsec = argc > 5 ? atol(argv[5]) * 1000 : 0};
    docket_status status = docket_realm_open(argv[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, argv[2], argv[3], &series);
    if (status != DOCKET_OK)
        return failed("open", status);
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
        printf("%llu\t%d\t%s\n", (unsigned long long)number, (int)period, text);
        if (pause.tv_nsec > 0)
            nanosleep(&pause, NULL);
    }
    docket_realm_close(realm);
    return fflush(stdout) == 0 ? 0 : 1;
}
