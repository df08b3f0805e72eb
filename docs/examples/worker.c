/* SPDX-License-Identifier: MIT */
/*
 * worker: takes document numbers of one series and prints them, one a line.
 * Compiles as C and as C++:
 *
 *     cc -o worker worker.c $(pkg-config --cflags --libs libdocket)
 *     ./worker /var/lib/docket acme INV 3
 *
 * A real worker writes the number down where its document is, in the same
 * transaction. A number that it did not use is not given again: docket counts
 * it as handed out.
 */
#include <docket.h>
#include <stdio.h>
#include <stdlib.h>

static int give_up(const char *what, docket_status status)
{
    fprintf(stderr, "worker: %s: %s (%s)\n", what, docket_last_error(), docket_status_name(status));
    return docket_status_retryable(status) ? 75 : 1; /* 75: the same may succeed later, as sysexits.h has it */
}

int main(int count, char **values)
{
    docket_realm *realm = NULL;
    docket_series *series = NULL;
    if (count != 5) {
        fprintf(stderr, "usage: worker REALM TENANT SERIES COUNT\n");
        return 2;
    }
    docket_status status = docket_realm_open(values[1], &realm);
    if (status != DOCKET_OK)
        return give_up("the realm", status);
    status = docket_series_open(realm, values[2], values[3], &series);
    for (long left = strtol(values[4], NULL, 10); status == DOCKET_OK && left > 0; left--) {
        char text[DOCKET_TEXT_MAX];
        /* Waits only when no number is laid, at most two seconds. */
        status = docket_next_text(series, DOCKET_TIMEOUT_DEFAULT, text, sizeof text, NULL, NULL);
        if (status == DOCKET_OK && (puts(text) < 0 || fflush(stdout) != 0))
            break;
    }
    int code = status == DOCKET_OK ? 0 : give_up("a number", status);
    docket_realm_close(realm);
    return code;
}
