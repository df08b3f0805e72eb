/* SPDX-License-Identifier: MIT */
/*
 * docket-evicted: what a caller sees of evictions, at a desk of one slot.
 *
 *     docket-evicted REALM strict|leased
 *
 * Each case says "ok" or "FAIL". Exit: 0 if none failed.
 */
#include "docket.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SECOND_NS 1000000000ll

static docket_realm *realm;
static int failed;

static void judge(bool right, const char *what)
{
    printf("%s  %s%s%s\n", right ? "ok  " : "FAIL", what, right ? "" : ": ", right ? "" : docket_last_error());
    failed += !right;
}

/* The next number of a series, which is opened by its name each time; 0: none. */
static uint64_t next_of(const char *name)
{
    docket_series *series;
    uint64_t number = 0;
    if (docket_series_open(realm, "acme", name, &series) != DOCKET_OK ||
        docket_next(series, 10 * SECOND_NS, &number, NULL) != DOCKET_OK)
        return 0;
    return number;
}

static void strict_cases(void)
{
    docket_series *first, *second;
    docket_block *block;
    uint64_t number = 0;
    uint32_t returned = 99;
    judge(docket_series_open(realm, "acme", "A", &first) == DOCKET_OK, "a series takes the only slot");
    judge(docket_block_open(first, 10, 10 * SECOND_NS, &block) == DOCKET_OK, "and gives a block of ten");
    for (int i = 0; i < 3; i++)
        judge(docket_block_next(block, &number) == DOCKET_OK && number == (uint64_t)i + 1, "the block is used");
    judge(docket_series_open(realm, "acme", "B", &second) == DOCKET_OK, "another series comes: the first one leaves");
    judge(docket_next(second, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == 1, "it begins at 1");
    judge(docket_block_next(block, &number) == DOCKET_OK && number == 4, "the block goes on, wherever its series is");
    judge(docket_block_give_back(block, &returned) == DOCKET_OK && returned == 0,
          "nothing of it comes back: neither to its series nor to the other one");
    judge(docket_next(second, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == 2, "the other one goes on with 2");
    judge(docket_next(first, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == 11,
          "a handle of an evicted series brings it back, behind its block");
    judge(docket_next(first, 0, &number, NULL) == DOCKET_OK && number == 12, "and needs not wait when it is there");
    for (uint64_t turn = 0; turn < 70; turn++) { /* the slot's epochs come round at 64 */
        bool right = docket_next(second, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == 3 + turn;
        right = right && docket_next(first, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == 13 + turn;
        if (!right || turn == 69)
            judge(right, "two series with one slot between them, seventy times: each counts on by itself");
        if (!right)
            break;
    }
}

static void leased_cases(void)
{
    docket_series *first, *second;
    docket_block *block;
    uint64_t number = 0, taken;
    uint32_t returned = 0;
    judge(docket_series_open(realm, "acme", "A", &first) == DOCKET_OK, "a series takes the only slot");
    judge(docket_block_open(first, 10, 10 * SECOND_NS, &block) == DOCKET_OK, "and gives a block of ten");
    judge(docket_block_next(block, &taken) == DOCKET_OK, "the block is used");
    judge(docket_series_open(realm, "acme", "B", &second) == DOCKET_REALM_FULL,
          "another series cannot come: a series with a lease stays");
    judge(strstr(docket_last_error(), "raise series_max") != NULL, "and the refusal names the setting");
    judge(docket_block_give_back(block, &returned) == DOCKET_OK && returned == 9, "the block's rest comes back");
    judge(next_of("B") != 0, "now the other series comes");
    judge(docket_next(first, 10 * SECOND_NS, &number, NULL) == DOCKET_REALM_FULL,
          "the thread has a lease of the other one: the first cannot come back");
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    if (docket_realm_open(words[1], &realm) != DOCKET_OK) {
        fprintf(stderr, "%s\n", docket_last_error());
        return 1;
    }
    if (strcmp(words[2], "strict") == 0)
        strict_cases();
    else
        leased_cases();
    docket_realm_close(realm);
    return failed != 0;
}
