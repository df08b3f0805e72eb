/* SPDX-License-Identifier: MIT */
/*
 * older_style: an interface as numbering services have had it for decades (get the next one, reserve ten, confirm
 * some, release the list), each call one call of docket.
 *
 *     cc -o older_style older_style.c $(pkg-config --cflags --libs libdocket)
 *     docket series add acme/OLD --ledger on
 *     ./older_style REALM JOB
 *
 * What is gained: a reservation has a name, so that a job that died and is started again gets the very same numbers;
 * one that is neither confirmed nor released is in doubt when its time is over, or its process ends, and is listed.
 */
#include <docket_ledger.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RESERVED_FOR_S = 600 };

/* get_next(): one number, issued at once. */
static docket_status get_next(docket_series *series, uint64_t *number, char text[DOCKET_TEXT_MAX])
{
    return docket_next_text(series, DOCKET_TIMEOUT_DEFAULT, text, DOCKET_TEXT_MAX, number, NULL);
}

/* reserve(10): *count says how many there were. */
static docket_status reserve(docket_series *series, const char *job, uint32_t *count, uint64_t *numbers, int32_t *period)
{
    struct docket_reserve asked = {.name = job, .count = *count, .expires_s = RESERVED_FOR_S};
    struct docket_reserved held;
    docket_status status = docket_reserve(series, &asked, DOCKET_TIMEOUT_DEFAULT, numbers, &held);
    if (status == DOCKET_OK || status == DOCKET_PARTIAL) {
        *count = held.count;
        *period = held.period;
    }
    return status;
}

/* confirm(list), release(list): each number's own status, and how many stand as they were to. A job that is run again
 * finds them decided. */
static uint32_t decide(docket_series *series, enum docket_verb verb, const char *job, int32_t period, const uint64_t *numbers,
                       uint32_t count)
{
    struct docket_which which[10];
    docket_status told[10];
    uint32_t well = 0;
    for (uint32_t i = 0; i < count; i++)
        which[i] = (struct docket_which){.hold = job, .period = period, .number = numbers[i]};
    docket_status status = docket_decide(series, verb, which, count, NULL, DOCKET_TIMEOUT_DEFAULT, told);
    if (status != DOCKET_OK)
        fprintf(stderr, "older_style: %s (%s)\n", docket_last_error(), docket_status_name(status));
    docket_status already = verb == DOCKET_SETTLE ? DOCKET_ALREADY_SETTLED : DOCKET_ALREADY_RELEASED;
    for (uint32_t i = 0; status == DOCKET_OK && i < count; i++) {
        well += told[i] == DOCKET_OK || told[i] == already;
        if (told[i] != DOCKET_OK && told[i] != already)
            printf("%" PRIu64 ": %s\n", numbers[i], docket_status_name(told[i]));
    }
    return well;
}

int main(int count, char **words)
{
    docket_realm *realm = NULL;
    docket_series *series = NULL;
    uint64_t number, numbers[10];
    uint32_t got = 10;
    int32_t period = 0;
    char text[DOCKET_TEXT_MAX];
    if (count != 3) {
        fprintf(stderr, "usage: older_style REALM JOB\n");
        return 2;
    }
    docket_status status = docket_realm_open(words[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, "acme", "OLD", &series);
    if (status == DOCKET_OK)
        status = get_next(series, &number, text);
    if (status == DOCKET_OK)
        printf("next %" PRIu64 "\n", number);
    if (status == DOCKET_OK)
        status = reserve(series, words[2], &got, numbers, &period);
    if (status != DOCKET_OK && status != DOCKET_PARTIAL) {
        fprintf(stderr, "older_style: %s (%s)\n", docket_last_error(), docket_status_name(status));
        return docket_status_retryable(status) ? 75 : 1;
    }
    printf("reserved %u from %" PRIu64 " to %" PRIu64 "\n", got, numbers[0], numbers[got - 1]);
    uint32_t used = got < 7 ? got : 7;
    printf("confirmed %u\n", decide(series, DOCKET_SETTLE, words[2], period, numbers, used));
    printf("released %u\n", decide(series, DOCKET_RELEASE, words[2], period, numbers + used, got - used));
    if (get_next(series, &number, text) == DOCKET_OK) /* the lowest that is free */
        printf("next %" PRIu64 "\n", number);
    docket_realm_close(realm);
    return 0;
}
