/* SPDX-License-Identifier: MIT */
/* same_many: many numbers in one call, in a realm in memory as in a real one. */
#include "same.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 2000 };

/* Says what came; a refused call leaves the array and the period alone. */
static uint32_t tell_many(docket_series *series, int64_t timeout_ns, uint32_t count, uint64_t *numbers)
{
    uint32_t got = 77;
    int32_t period = -1;
    memset(numbers, 0, MOST * sizeof *numbers);
    docket_status status = tell("next_many", docket_next_many(series, timeout_ns, numbers, count, &got, &period));
    bool some = status == DOCKET_OK || status == DOCKET_PARTIAL;
    if (some ? got == 0 || got > count || (got == count) != (status == DOCKET_OK) : got != 0 || period != -1)
        complain("status, count and period do not agree");
    for (uint32_t i = 0; i < MOST; i++)
        if ((numbers[i] != 0) != (i < got))
            complain("what is in the array is not what it got");
    printf("  %" PRIu32 " of %" PRIu32 ", period %s\n", got, count, !some ? "untouched" : period > 2000 ? "a year's" : "none");
    return got;
}

static void tell_run(const uint64_t *numbers, uint32_t count)
{
    bool whole = true;
    for (uint32_t i = 1; i < count; i++)
        whole = whole && numbers[i] == numbers[i - 1] + 1;
    if (count > 0)
        printf("  %" PRIu64 " to %" PRIu64 ", %s\n", numbers[0], numbers[count - 1], whole ? "none left out" : "with holes");
}

void many_at_once(void)
{
    static const uint32_t counts[] = {1, 2, 7, 100, 1, 999, MOST};
    static uint64_t numbers[MOST];
    docket_series *series = open_series("MANY", &(struct docket_policy){.restart = "yearly"});
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        tell_run(numbers, tell_many(series, WAIT_NS, counts[i], numbers));
    tell_next(series, WAIT_NS);
    tell("without a period", docket_next_many(series, WAIT_NS, numbers, 3, &(uint32_t){0}, NULL));
    tell_run(numbers, 3);
    docket_series *dated = open_series("MANY-dated", &(struct docket_policy){.chronological = "yes", .restart = "yearly"});
    tell_run(numbers, tell_many(dated, WAIT_NS, 500, numbers));
    docket_series *ever = open_series("MANY-ever", &(struct docket_policy){.restart = "never", .start_after = 5000});
    tell_run(numbers, tell_many(ever, WAIT_NS, 300, numbers));
    tell_next(ever, WAIT_NS);
}

void many_that_are_not_there(void)
{
    static uint64_t numbers[MOST];
    struct docket_policy policy = {.restart = "never", .start_after = DOCKET_NUMBER_MAX - 50};
    docket_series *strict = open_series("END-strict", &policy);
    tell_run(numbers, tell_many(strict, 3 * SECOND_NS, 20, numbers));
    tell_run(numbers, tell_many(strict, 3 * SECOND_NS, 31, numbers));
    tell_many(strict, 3 * SECOND_NS, 31, numbers);
    tell_next(strict, SECOND_NS);
    policy.order = "leased";
    docket_series *leased = open_series("END-leased", &policy);
    tell_run(numbers, tell_many(leased, 3 * SECOND_NS, 60, numbers));
    tell_many(leased, SECOND_NS, 1, numbers);
}

/* Which numbers come first is not promised there: that each comes once is. */
void many_of_a_leased_series(void)
{
    static uint64_t numbers[MOST];
    static uint8_t seen[8 * MOST];
    docket_series *series = open_series("MANY-leased", &(struct docket_policy){.order = "leased", .window = 64});
    for (int turn = 0; turn < 6; turn++) {
        uint32_t got = tell_many(series, WAIT_NS, turn == 3 ? 1 : 150 + 40 * (uint32_t)turn, numbers);
        for (uint32_t i = 0; i < got; i++)
            if (numbers[i] >= sizeof seen || seen[numbers[i]]++ != 0)
                complain("a number came twice, or from nowhere");
    }
    uint64_t one = 0;
    must(docket_next(series, WAIT_NS, &one, NULL), "next");
    if (one >= sizeof seen || seen[one] != 0)
        complain("the next one came before");
}

void many_of_no_series(void)
{
    static const uint32_t counts[] = {0, DOCKET_BLOCK_MAX + 1, UINT32_MAX};
    uint64_t numbers[3] = {0};
    uint32_t got = 77;
    docket_series *series = open_series("MANY-bad", &(struct docket_policy){.restart = "never"});
    tell("no series", docket_next_many(NULL, 0, numbers, 3, &got, NULL));
    tell("no array", docket_next_many(series, 0, NULL, 3, &got, NULL));
    tell("no place for how many", docket_next_many(series, 0, numbers, 3, NULL, NULL));
    tell("a timeout of -2", docket_next_many(series, -2, numbers, 3, &got, NULL));
    if (got != 77)
        complain("a call with bad arguments wrote how many");
    for (int i = 0; i < 3; i++)
        tell("a bad count", docket_next_many(series, 0, numbers, counts[i], &got, NULL));
    if (numbers[0] != 0 || got != 0)
        complain("a refused call took something");
    tell_next(series, WAIT_NS);
}
