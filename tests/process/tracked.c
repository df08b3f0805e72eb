/* SPDX-License-Identifier: MIT */
/*
 * docket-tracked: what processes see of a series that keeps a ledger.
 *
 *     docket-tracked REALM board TENANT/SERIES   it keeps one: the calls that find nothing at the desk
 *     docket-tracked REALM turn                  acme/TURN begins to keep one, while four threads take its numbers
 *     docket-tracked REALM text TENANT/SERIES TEXT NUMBER PERIOD   a text is read back
 *     docket-tracked REALM take                  blocks of acme/KILL, each written down, until it keeps one
 *
 * Each case says "ok" or "FAIL"; take: "block FIRST", flushed behind each. Exit: 0 if none failed.
 */
#include "docket.h"
#include "docket_admin.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000ll

enum { THREADS = 4, SIZE = 3, MOST = 1 << 20 };

static docket_realm *realm;
static int failed;

static void judge(bool right, const char *what)
{
    printf("%s  %s%s%s\n", right ? "ok  " : "FAIL", what, right ? "" : ": ", right ? "" : docket_last_error());
    failed += !right;
}

static bool says_ledger(docket_status status)
{
    return status == DOCKET_NOT_TRACKED && strstr(docket_last_error(), "keeps a ledger") != NULL;
}

static docket_series *series_of(const char *tenant, const char *name)
{
    docket_series *series = NULL;
    if (docket_series_open(realm, tenant, name, &series) != DOCKET_OK)
        judge(false, name);
    return series;
}

/* ---- off the board ---- */

/* Its texts are docketd's to read, also of numbers that nobody was given. */
static void texts_are_read(docket_series *series, const char *text, uint64_t number, int32_t period)
{
    uint64_t read = 0;
    int32_t of = -1;
    judge(docket_text_read(series, text, &read, &of) == DOCKET_OK && read == number && of == period, "its text is read back");
    judge(docket_text_read(series, "no text of it", &read, &of) == DOCKET_NOT_OF_SERIES && read == number, "another is refused");
}

static void off_the_board(docket_series *series)
{
    docket_block *block = NULL;
    uint64_t number = 77;
    int32_t period = 77;
    judge(says_ledger(docket_peek(series, &number, &period)) && number == 77 && period == 77, "peek finds nothing");
    judge(says_ledger(docket_supply(series, &number)) && number == 77, "supply finds nothing");
    judge(says_ledger(docket_block_open(series, 5, SECOND_NS, &block)) && block == NULL, "no block of it is open to anybody");
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    judge(says_ledger(docket_block_open(series, 5, 20 * SECOND_NS, &block)), "a caller that would wait hears it, too");
    clock_gettime(CLOCK_MONOTONIC, &ended);
    judge(ended.tv_sec - began.tv_sec < 3, "and at once");
}

/* ---- it begins while numbers are taken ---- */

static unsigned char seen[MOST];
static uint64_t blocks, highest;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(uint64_t first)
{
    pthread_mutex_lock(&lock);
    blocks++;
    for (uint64_t number = first; number < first + SIZE && number < MOST; number++)
        seen[number]++;
    if (first + SIZE - 1 > highest)
        highest = first + SIZE - 1;
    pthread_mutex_unlock(&lock);
}

static docket_status take_block(docket_series *series, uint64_t *first)
{
    docket_block *block;
    uint32_t count = 0;
    docket_status status = docket_block_open(series, SIZE, 10 * SECOND_NS, &block);
    if (status != DOCKET_OK)
        return status;
    status = docket_block_take_all(block, first, &count);
    (void)docket_block_give_back(block, NULL);
    return status;
}

static void *take_on(void *context)
{
    docket_series *series = context;
    uint64_t first;
    docket_status status;
    while ((status = take_block(series, &first)) == DOCKET_OK) {
        note(first);
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    return says_ledger(status) ? context : NULL;
}

static void turns(void)
{
    pthread_t threads[THREADS];
    struct docket_policy on = {.ledger = "on"};
    docket_series *series = series_of("acme", "TURN");
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_on, series) != 0)
            judge(false, "a thread");
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    judge(docket_admin_series_set(realm, "acme", "TURN", &on, 0, "each has a record from now on", 0, NULL, NULL) == DOCKET_OK,
          "it begins to keep a ledger while four threads take its numbers");
    bool all = true;
    for (int i = 0; i < THREADS; i++) {
        void *heard = NULL;
        all = pthread_join(threads[i], &heard) == 0 && heard == series && all;
    }
    judge(all, "each of them hears so at its next call");
    bool once = blocks > 0 && highest < MOST;
    for (uint64_t number = 1; once && number <= highest; number++)
        once = seen[number] == 1;
    judge(once && highest == blocks * SIZE, "every number below the last was given once");
    off_the_board(series);
    printf("given %llu\n", (unsigned long long)highest);
}

static void take_until_told(void)
{
    docket_series *series = series_of("acme", "KILL");
    uint64_t first;
    docket_status status = DOCKET_OK;
    while (series != NULL && status != DOCKET_NOT_TRACKED) {
        status = take_block(series, &first);
        if (status == DOCKET_OK)
            printf("block %llu\n", (unsigned long long)first);
        else if (status != DOCKET_NOT_TRACKED && !docket_status_retryable(status))
            judge(false, docket_status_name(status));
        fflush(stdout);
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    judge(says_ledger(status), "told");
}

int main(int count, char **words)
{
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    if (count < 3 || docket_realm_open(words[1], &realm) != DOCKET_OK) {
        fprintf(stderr, "usage: docket-tracked REALM board|turn|take [TENANT/SERIES] (%s)\n", docket_last_error());
        return 2;
    }
    if (strcmp(words[2], "turn") == 0)
        turns();
    else if (strcmp(words[2], "take") == 0)
        take_until_told();
    else if (count == 4 && sscanf(words[3], "%64[^/]/%64s", tenant, name) == 2)
        off_the_board(series_of(tenant, name));
    else if (count == 7 && sscanf(words[3], "%64[^/]/%64s", tenant, name) == 2)
        texts_are_read(series_of(tenant, name), words[4], strtoull(words[5], NULL, 10), (int32_t)strtol(words[6], NULL, 10));
    docket_realm_close(realm);
    return failed != 0;
}
