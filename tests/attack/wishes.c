/* SPDX-License-Identifier: MIT */
/*
 * docket-wishes: two threads at a strict series of the smallest window, with
 * docketd alive: one takes numbers, the other opens blocks and gives their ends
 * back, so that wishes and ends reach docketd in every mixture. A wish that is
 * forgotten is asked again only when a slice of the timeout is over, more than
 * 7 s here: no call may take so long. Prints "calls N" and "late N".
 */
#include "../lib/worklog.h"
#include "docket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMEOUT_NS 60000000000ll
#define LATE_NS 6000000000ll

static docket_series *series;
static struct worklog log_of_next;
static atomic_bool done;
static atomic_ullong calls, late, failed;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool note(const char *what, docket_status status, int64_t began_ns)
{
    int64_t took_ns = now_ns() - began_ns;
    atomic_fetch_add(&calls, 1);
    if (status != DOCKET_OK) {
        printf("%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
        atomic_fetch_add(&failed, 1);
    }
    if (took_ns > LATE_NS) {
        printf("%s took %lld ms\n", what, (long long)(took_ns / 1000000));
        atomic_fetch_add(&late, 1);
    }
    if (status != DOCKET_OK || took_ns > LATE_NS)
        atomic_store(&done, true);
    return status == DOCKET_OK;
}

static void *take_numbers(void *unused)
{
    (void)unused;
    while (!atomic_load(&done)) {
        uint64_t number;
        int64_t began_ns = now_ns();
        int32_t period;
        if (!note("next", docket_next(series, TIMEOUT_NS, &number, &period), began_ns))
            break;
        if (worklog_add(&log_of_next, number, period, WORKLOG_NEXT) != 0)
            abort();
    }
    return NULL;
}

static void *use_blocks(void *unused)
{
    (void)unused;
    for (unsigned turn = 0; !atomic_load(&done); turn++) {
        docket_block *block;
        int64_t began_ns = now_ns();
        if (!note("block_open", docket_block_open(series, 1 + turn % 16, TIMEOUT_NS, &block), began_ns))
            break;
        began_ns = now_ns();
        note("give_back", docket_block_give_back(block, NULL), began_ns);
    }
    return NULL;
}

int main(int count, char **words)
{
    docket_realm *realm;
    pthread_t threads[2];
    if (count != 5)
        return fputs("usage: docket-wishes REALM SERIES SECONDS LOGS\n", stderr), 2;
    if (docket_realm_open(words[1], &realm) != DOCKET_OK ||
        docket_series_open(realm, "wish", words[2], &series) != DOCKET_OK)
        return fprintf(stderr, "docket-wishes: %s\n", docket_last_error()), 1;
    if (worklog_open(&log_of_next, words[4], "wishes", "wish", words[2], 1, 0) != 0)
        return fputs("docket-wishes: no log\n", stderr), 1;
    if (pthread_create(&threads[0], NULL, take_numbers, NULL) != 0 ||
        pthread_create(&threads[1], NULL, use_blocks, NULL) != 0)
        return perror("docket-wishes: threads"), 1;
    int64_t until_ns = now_ns() + atoll(words[3]) * 1000000000;
    while (!atomic_load(&done) && now_ns() < until_ns) {
        struct timespec rest = {0, 20000000};
        nanosleep(&rest, NULL);
    }
    atomic_store(&done, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    docket_realm_close(realm);
    if (worklog_close(&log_of_next) != 0)
        return fputs("docket-wishes: the log\n", stderr), 1;
    printf("calls %llu\nlate %llu\nfailed %llu\n", (unsigned long long)calls, (unsigned long long)late,
           (unsigned long long)failed);
    return 0;
}
