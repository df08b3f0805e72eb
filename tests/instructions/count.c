/* SPDX-License-Identifier: MIT */
/*
 * docket-instructions: calls of each hot path, for callgrind to count (run.sh).
 *
 *     valgrind --tool=callgrind --collect-atstart=no docket-instructions REALM
 *
 * Of each path RUNS runs of CALLS calls, each run dumped by itself under the path's name
 * (count.py takes the cheapest: a run in which a block was opened or the day looked up
 * costs more, never less). Prints "PATH CALLS" for each path. What comes out is verified: each
 * number is one more than the last. Exit 0: done; 1: it could not; 77: built without
 * valgrind's header.
 */
#include "docket.h"
#include "docket_admin.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>

enum { CALLS = 1000, RUNS = 8, MANY = 100, WARM = 200000, MOST = 10000, ENOUGH = 150000 };

#define TEN_SECONDS 10000000000ll /* of a clock; valgrind is slow */

static docket_realm *realm;
static docket_series *series;
static docket_block *block;
static const char *name;
static uint64_t numbers[CALLS];
static char texts[CALLS][DOCKET_TEXT_MAX];

static void must(docket_status status, const char *what)
{
    if (status == DOCKET_OK)
        return;
    fprintf(stderr, "instructions: %s of %s: %s\n", what, name, docket_last_error());
    exit(1);
}

/* ---- the paths: CALLS calls each, nothing else that would be in libdocket ---- */

static docket_status empty(void)
{
    for (unsigned i = 0; i < CALLS; i++)
        (void)docket_version();
    return DOCKET_OK;
}

static docket_status next(void)
{
    docket_status bad = DOCKET_OK;
    for (unsigned i = 0; i < CALLS; i++)
        bad |= docket_next(series, 0, &numbers[i], NULL);
    return bad;
}

static docket_status next_text(void)
{
    docket_status bad = DOCKET_OK;
    for (unsigned i = 0; i < CALLS; i++)
        bad |= docket_next_text(series, 0, texts[i], DOCKET_TEXT_MAX, &numbers[i], NULL);
    return bad;
}

static docket_status next_for(void)
{
    docket_status bad = DOCKET_OK;
    for (unsigned i = 0; i < CALLS; i++)
        bad |= docket_next_for(realm, "bench", name, 0, &numbers[i], NULL);
    return bad;
}

static docket_status next_many(void)
{
    docket_status bad = DOCKET_OK;
    uint32_t got = 0;
    for (unsigned i = 0; i < CALLS; i += MANY)
        bad |= docket_next_many(series, 0, &numbers[i], MANY, &got, NULL);
    return bad;
}

static docket_status block_next(void)
{
    docket_status bad = DOCKET_OK;
    for (unsigned i = 0; i < CALLS; i++)
        bad |= docket_block_next(block, &numbers[i]);
    return bad;
}

static docket_status peek(void)
{
    docket_status bad = DOCKET_OK;
    for (unsigned i = 0; i < CALLS; i++)
        bad |= docket_peek(series, &numbers[i], NULL);
    return bad;
}

enum gives { NOTHING, FOLLOWING, THE_SAME };

static const struct path {
    const char *name;
    docket_status (*run)(void);
    const char *order, *restart, *text; /* order NULL: no series */
    enum gives gives;
} paths[] = {
    {"empty", empty, NULL, NULL, NULL, NOTHING},
    {"next-leased-never", next, "leased", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"next-leased-yearly", next, "leased", "yearly", "{SERIES}-{YYYY}-{N:6}", FOLLOWING},
    {"next-strict-never", next, "strict", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"next-strict-yearly", next, "strict", "yearly", "{SERIES}-{YYYY}-{N:6}", FOLLOWING},
    {"text-leased-never", next_text, "leased", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"text-leased-dated", next_text, "leased", "yearly", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", FOLLOWING},
    {"text-strict-dated", next_text, "strict", "yearly", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", FOLLOWING},
    {"named-leased-never", next_for, "leased", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"many-leased-never", next_many, "leased", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"many-strict-never", next_many, "strict", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"block-leased-never", block_next, "leased", "never", "{SERIES}-{N:6}", FOLLOWING},
    {"block-strict-yearly", block_next, "strict", "yearly", "{SERIES}-{YYYY}-{N:6}", FOLLOWING},
    {"peek-strict-never", peek, "strict", "never", "{SERIES}-{N:6}", THE_SAME},
};

/* A block ends somewhere, the next one may lie elsewhere: within a run one jump is no mistake. */
static void verify(const struct path *path)
{
    unsigned jumps = 0;
    for (unsigned i = 1; i < CALLS && path->gives != NOTHING; i++)
        jumps += numbers[i] != numbers[i - 1] + (path->gives == FOLLOWING);
    if (jumps <= 1)
        return;
    fprintf(stderr, "instructions: %s: its numbers do not follow each other\n", name);
    exit(1);
}

/* Until blocks are long: docketd lays short ones where it has seen little, and a run of
 * counted calls should fit into one. Then until much lies there: who finds little asks for more. */
static void warm(void)
{
    static uint64_t into[MOST];
    uint32_t got;
    uint64_t lies = 0;
    for (unsigned taken = 0; taken < WARM; taken += got)
        must(docket_next_many(series, TEN_SECONDS, into, MOST, &got, NULL), "the first numbers");
    for (int turn = 0; turn < 10000 && lies < ENOUGH; turn++) {
        (void)usleep(1000);
        must(docket_supply(series, &lies), "the supply");
        /* Between half and enough nobody asks for more: take until somebody does. */
        if (turn % 100 == 99 && lies < ENOUGH)
            must(docket_next_many(series, TEN_SECONDS, into, MOST, &got, NULL), "numbers on the way");
    }
}

static void make_ready(const struct path *path)
{
    const struct docket_policy policy = {.order = path->order,
                                         .restart = path->restart,
                                         .template_text = path->text,
                                         .window = DOCKET_WINDOW_BENCHMARK,
                                         .start_after = 100000}; /* six digits, all the time */
    uint64_t number;
    must(docket_admin_series_add(realm, "bench", path->name, &policy), "the making");
    must(docket_series_open(realm, "bench", path->name, &series), "the opening");
    warm();
    if (path->run == block_next)
        must(docket_block_open(series, RUNS * CALLS, TEN_SECONDS, &block), "a block");
    if (path->run == next_for)
        must(docket_next_for(realm, "bench", name, TEN_SECONDS, &number, NULL), "the first call");
}

/* docketd lays while we count: a run that found nothing is made again. */
static void count(const struct path *path)
{
    uint64_t number;
    for (unsigned run = 0, tries = 0; run < RUNS; tries++) {
        CALLGRIND_TOGGLE_COLLECT;
        docket_status bad = path->run();
        CALLGRIND_TOGGLE_COLLECT;
        if (bad == DOCKET_OK) {
            CALLGRIND_DUMP_STATS_AT(path->name);
            verify(path);
            run++;
            continue;
        }
        CALLGRIND_ZERO_STATS;
        if (tries > 10 * RUNS || path->run == block_next)
            must(DOCKET_TIMEOUT, "the counted calls");
        must(docket_next(series, TEN_SECONDS, &number, NULL), "a number in between");
    }
    printf("%s %d\n", path->name, CALLS);
}

int main(int words, char **word)
{
    if (words != 2 || RUNNING_ON_VALGRIND == 0) {
        fputs("usage: valgrind --tool=callgrind --collect-atstart=no docket-instructions REALM\n", stderr);
        return 2;
    }
    name = word[1];
    must(docket_realm_open(word[1], &realm), "the realm");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        name = paths[i].name;
        if (paths[i].order != NULL)
            make_ready(&paths[i]);
        count(&paths[i]);
    }
    docket_realm_close(realm);
    return 0;
}
#else
int main(void)
{
    fputs("instructions: built without valgrind's header\n", stderr);
    return 77;
}
#endif
