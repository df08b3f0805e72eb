/* SPDX-License-Identifier: MIT */
/*
 * docket-same: one test body for two kinds of realms. What it prints is the
 * same for a real realm and for one in memory, word by word: numbers, texts,
 * periods, statuses, sentences, fates. tests/process/same.sh compares.
 *
 *     docket-same REALM CASE     REALM: a directory, or "memory"
 *     docket-same list           the cases
 *
 * Exit: 0 the case came to its end, 1 something is wrong whatever the realm, 2 usage.
 */
#include "same.h"

#include "docket_memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *directory;
docket_realm *realm;
static bool wrong;

/* ---- saying ---- */

/* Today as yyyymmdd; a midnight between two looks is not what is tested. */
static void today(char date[16])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(date, 16, "%Y%m%d", &parts);
}

/* The text with DATE in the place of today's date. */
const char *dateless(const char *text)
{
    static __thread char shown[DOCKET_TEXT_MAX + 8];
    char date[16];
    today(date);
    const char *at = strstr(text, date);
    if (at == NULL)
        return text;
    snprintf(shown, sizeof shown, "%.*sDATE%s", (int)(at - text), text, at + 8);
    return shown;
}

docket_status tell(const char *what, docket_status status)
{
    printf("%s: %s", what, docket_status_name(status));
    if (status != DOCKET_OK)
        printf(" (%s; category %s, retryable %d)", docket_last_error(),
               docket_category_name(docket_status_category(status)), docket_status_retryable(status));
    printf("\n");
    fflush(stdout);
    return status;
}

void complain(const char *what)
{
    printf("WRONG: %s\n", what);
    wrong = true;
}

void must(docket_status status, const char *what)
{
    if (status == DOCKET_OK)
        return;
    tell(what, status);
    fflush(stdout);
    _exit(1);
}

/* A period says which year, month or day it is: now's, in every case here. */
static void tell_period(int32_t period)
{
    char date[16];
    today(date);
    char shown[16];
    snprintf(shown, sizeof shown, "%d", period);
    bool is_now = period == 0 || strncmp(date, shown, strlen(shown)) == 0;
    printf("  period of %zu digits, %s\n", period == 0 ? (size_t)0 : strlen(shown), is_now ? "now's" : shown);
}

docket_series *open_series(const char *name, const struct docket_policy *policy)
{
    docket_series *series = NULL;
    if (policy != NULL)
        must(docket_admin_series_add(realm, "same", name, policy), name);
    must(docket_series_open(realm, "same", name, &series), name);
    return series;
}

void tell_next(docket_series *series, int64_t timeout_ns)
{
    uint64_t number = 0;
    int32_t period = -1;
    char text[DOCKET_TEXT_MAX] = "untouched";
    if (tell("next_text", docket_next_text(series, timeout_ns, text, sizeof text, &number, &period)) == DOCKET_OK) {
        printf("  %" PRIu64 " %s\n", number, dateless(text));
        tell_period(period);
    } else if (number != 0 || period != -1 || strcmp(text, "untouched") != 0) {
        complain("a failed call wrote results");
    }
}

/* ---- numbers ---- */

static void strict_numbers_in_order(void)
{
    uint64_t number = 0, supply = 0;
    docket_series *series = open_series("INV", NULL);
    printf("text size %zu\n", docket_text_size(series));
    tell("peek", docket_peek(series, &number, NULL));
    printf("  %" PRIu64 "\n", number);
    for (int i = 0; i < 30; i++)
        tell_next(series, WAIT_NS);
    tell("next without a period", docket_next(series, WAIT_NS, &number, NULL));
    printf("  %" PRIu64 "\n", number);
    tell("peek", docket_peek(series, &number, NULL));
    printf("  %" PRIu64 "\n", number);
    tell("supply", docket_supply(series, &supply));
    printf("  some: %d\n", supply > 0 && supply <= 10000);
}

static void policies_make_texts(void)
{
    static const struct docket_policy policies[] = {
        {.order = "leased", .restart = "never", .template_text = "{SERIES}/{N}", .window = 16},
        {.order = "leased", .restart = "yearly", .template_text = "{YYYY}.{N:15}.x"},
        {.order = "strict", .restart = "monthly", .template_text = "{YYYY}{MM}/{SERIES}/{N:3}"},
        {.order = "strict", .restart = "daily", .template_text = "A{YYYY}-{MM}-{DD}_{N:1}"},
        {.start_after = 998, .template_text = "{YYYY}-{N:3}"},
        {.restart = "never", .template_text = "{N}"},
    };
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        char name[16], year[8], text[DOCKET_TEXT_MAX];
        uint64_t number;
        int32_t period;
        snprintf(name, sizeof name, "P%zu", i);
        docket_series *series = open_series(name, &policies[i]);
        time_t now = time(NULL);
        struct tm parts;
        gmtime_r(&now, &parts);
        strftime(year, sizeof year, "%Y", &parts);
        for (int turn = 0; turn < 3; turn++) {
            must(docket_next_text(series, WAIT_NS, text, sizeof text, &number, &period), name);
            printf("%s %s %" PRIu64 "\n", name, text, number); /* dates are today's in both */
            tell_period(period);
        }
    }
}

static void the_last_number_and_behind_it(void)
{
    struct docket_policy policy = {.order = "strict", .start_after = DOCKET_NUMBER_MAX - 3};
    docket_block *block = NULL;
    docket_series *strict = open_series("LAST-strict", &policy);
    tell("a block of too many", docket_block_open(strict, 4, SECOND_NS, &block));
    for (int i = 0; i < 4; i++)
        tell_next(strict, SECOND_NS);
    tell_next(strict, 0);
    policy.order = "leased";
    docket_series *leased = open_series("LAST-leased", &policy);
    for (int i = 0; i < 4; i++)
        tell_next(leased, SECOND_NS);
}

/* ---- refusals ---- */

static void bad_arguments(void)
{
    uint64_t number = 0;
    uint32_t count = 0;
    char text[DOCKET_TEXT_MAX], small[8];
    docket_block *block = NULL;
    docket_series *series = open_series("BAD", NULL), *other = NULL;
    char longest[DOCKET_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[DOCKET_NAME_MAX + 1] = 0;
    tell("no realm", docket_series_open(NULL, "same", "X", &other));
    tell("no tenant", docket_series_open(realm, NULL, "X", &other));
    tell("no place", docket_series_open(realm, "same", "X", NULL));
    tell("a name with a blank", docket_series_open(realm, "same", "a b", &other));
    tell("an empty name", docket_series_open(realm, "", "X", &other));
    tell("a long name", docket_series_open(realm, "same", longest, &other));
    tell("no series", docket_next(NULL, 0, &number, NULL));
    tell("no number", docket_next(series, 0, NULL, NULL));
    tell("a timeout of -2", docket_next(series, -2, &number, NULL));
    tell("no text", docket_next_text(series, 0, NULL, 5, NULL, NULL));
    tell("a small buffer", docket_next_text(series, 0, small, sizeof small, NULL, NULL));
    tell("a block of none", docket_block_open(series, 0, 0, &block));
    tell("a block above the window", docket_block_open(series, 10001, 0, &block));
    tell("no block", docket_block_open(series, 1, 0, NULL));
    tell("next of no block", docket_block_next(NULL, &number));
    tell("all of no block", docket_block_take_all(NULL, &number, &count));
    tell("give back no block", docket_block_give_back(NULL, NULL));
    tell("peek at nothing", docket_peek(NULL, &number, NULL));
    tell("supply of nothing", docket_supply(NULL, &number));
    tell("by name, no realm", docket_next_for(NULL, "same", "BAD", 0, &number, NULL));
    tell("by name, no tenant", docket_next_for(realm, NULL, "BAD", 0, &number, NULL));
    tell("by name, no series", docket_next_text_for(realm, "same", NULL, 0, text, sizeof text, NULL, NULL));
    tell("by name, no number", docket_next_for(realm, "same", "BAD", 0, NULL, NULL));
    tell("by name, a timeout of -2", docket_next_for(realm, "same", "BAD", -2, &number, NULL));
    tell("by name, a bad tenant", docket_next_for(realm, "-same", "BAD", 0, &number, NULL));
    tell("by name, a long series", docket_next_for(realm, "same", longest, 0, &number, NULL));
    tell("by name, a small buffer", docket_next_text_for(realm, "same", "BAD", 0, small, sizeof small, NULL, NULL));
    tell("no limit", docket_realm_limit_handles(realm, 0));
    tell("no realm to limit", docket_realm_limit_handles(NULL, 5));
    tell_next(series, WAIT_NS); /* none of them took a number */
}

static void declaring(void)
{
    struct docket_policy policy = {
        .order = "leased", .restart = "never", .template_text = "{SERIES}-{N:4}", .window = 64};
    tell("declared", docket_admin_series_add(realm, "same", "D", &policy));
    tell("again", docket_admin_series_add(realm, "same", "D", &policy));
    policy.window = 65;
    tell("another window", docket_admin_series_add(realm, "same", "D", &policy));
    policy.window = 64;
    policy.start_after = 7;
    tell("another beginning", docket_admin_series_add(realm, "same", "D", &policy));
    tell("the default over it", docket_admin_series_add(realm, "same", "D", NULL));
    tell("the default", docket_admin_series_add(realm, "same", "E", NULL));
    static const struct docket_policy bad[] = {
        {.order = "loose"},
        {.restart = "hourly"},
        {.window = 1},
        {.window = 250001},
        {.template_text = "{SERIES}"},
        {.template_text = "{N}{N}"},
        {.template_text = "{YY}-{N}"},
        {.template_text = "{YYYY}{N}"},
        {.restart = "daily", .template_text = "{YYYY}-{N}"},
        {.start_after = DOCKET_NUMBER_MAX},
        {.template_text = "12345678901234567890123456789012345678901234567890123456789012345{N}"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char what[32];
        snprintf(what, sizeof what, "bad policy %zu", i);
        tell(what, docket_admin_series_add(realm, "same", "F", &bad[i]));
    }
    tell("no names", docket_admin_series_add(realm, NULL, "F", NULL));
    tell("a bad name", docket_admin_series_add(realm, "same", "F G", NULL));
}

static void only_declared(void)
{
    docket_series *series = NULL;
    uint64_t number;
    tell("not declared", docket_series_open(realm, "same", "N", &series));
    tell("not declared, by name", docket_next_for(realm, "same", "N", WAIT_NS, &number, NULL));
    tell("declared now", docket_admin_series_add(realm, "same", "N", NULL));
    tell("by name", docket_next_for(realm, "same", "N", WAIT_NS, &number, NULL));
    printf("  %" PRIu64 "\n", number);
}

/* ---- blocks and fate ---- */

static void show_block(const docket_block *block)
{
    uint64_t first = 0;
    uint32_t left = 0;
    int32_t period = -1;
    tell("show", docket_block_show(block, &first, &left, &period));
    printf("  %" PRIu64 ", %u left\n", first, left);
    tell_period(period);
}

struct telling {
    uint64_t at;
    bool strict;
};

/* Strict series agree in each row; leased ones only in that nothing is left out. */
static int tell_row(void *context, const struct docket_fate_row *row)
{
    struct telling *telling = context;
    if (strcmp(row->tenant, "same") != 0 || row->mark <= row->last || row->first != telling->at)
        complain("a row of fate does not fit");
    telling->at = row->last + 1;
    if (row->counter_ends && row->last + 1 != row->mark)
        complain("the rows end before the mark");
    if (telling->strict && strcmp(row->fate, "laid") != 0)
        printf("  fate %s %s %" PRIu64 " - %" PRIu64 " %s %s, seat %d, timed %d\n", row->series, row->order, row->first,
               row->last, row->fate, row->cause, row->seat, row->time_ns != 0);
    return 0;
}

void tell_fate(const char *name, bool strict)
{
    struct telling telling = {.at = 1, .strict = strict};
    tell("fate", docket_admin_fate(realm, "same", name, -1, tell_row, &telling));
}

static void strict_blocks(void)
{
    docket_block *block = NULL, *second = NULL;
    docket_series *series = open_series("BLOCK", NULL);
    uint64_t number = 0;
    uint32_t count = 0;
    char text[DOCKET_TEXT_MAX];
    tell("open", docket_block_open(series, 5, WAIT_NS, &block));
    show_block(block);
    tell("next", docket_block_next(block, &number));
    printf("  %" PRIu64 "\n", number);
    tell("next_text", docket_block_next_text(block, text, sizeof text, &number));
    printf("  %" PRIu64 " %s\n", number, dateless(text));
    tell("a small buffer", docket_block_next_text(block, text, 5, &number));
    show_block(block);
    tell_fate("BLOCK", true);
    tell("give back the rest", docket_block_give_back(block, &count));
    printf("  %u\n", count);
    tell_next(series, WAIT_NS);
    tell("open", docket_block_open(series, 4, WAIT_NS, &block));
    tell("open a second", docket_block_open(series, 3, WAIT_NS, &second));
    tell("next", docket_block_next(block, &number));
    printf("  %" PRIu64 "\n", number);
    tell("give back what is not the last", docket_block_give_back(block, &count));
    printf("  %u\n", count);
    tell("all of the second", docket_block_take_all(second, &number, &count));
    printf("  %" PRIu64 ", %u\n", number, count);
    tell("one more", docket_block_next(second, &number));
    tell("all again", docket_block_take_all(second, &number, &count));
    tell("give back nothing", docket_block_give_back(second, &count));
    printf("  %u\n", count);
    tell_next(series, WAIT_NS);
    tell_fate("BLOCK", true);
    tell("fate of none", docket_admin_fate(realm, "same", "NOBODY", -1, tell_row, NULL));
    tell("fate of a tenant without series", docket_admin_fate(realm, "nobody", NULL, -1, tell_row, NULL));
    tell("fate without a callback", docket_admin_fate(realm, "same", "BLOCK", -1, NULL, NULL));
    tell("fate of another period", docket_admin_fate(realm, "same", "BLOCK", 1999, tell_row, NULL));
}

enum { SEEN_MAX = 1 << 16 };
static _Atomic uint8_t *seen; /* shared with children */

static void note(uint64_t number)
{
    if (number >= SEEN_MAX || atomic_fetch_add(&seen[number], 1) != 0)
        complain("a number was given twice, or is out of all bounds");
}

static bool all_seen(const bool *wanted)
{
    for (uint64_t number = 0; number < SEEN_MAX; number++)
        if (wanted[number] && seen[number] == 0)
            return false;
    return true;
}

static void leased_blocks_come_back(void)
{
    struct docket_policy policy = {.order = "leased", .window = 200};
    docket_series *series = open_series("LEASED", &policy);
    docket_block *block = NULL;
    static bool wanted[SEEN_MAX];
    uint64_t number = 0, first = 0;
    uint32_t count = 0;
    for (int i = 0; i < 20; i++) {
        must(docket_next(series, WAIT_NS, &number, NULL), "next");
        note(number);
    }
    must(docket_block_open(series, 50, WAIT_NS, &block), "open");
    must(docket_block_show(block, &first, &count, NULL), "show");
    printf("%u left\n", count);
    for (int i = 0; i < 20; i++) {
        must(docket_block_next(block, &number), "next of the block");
        note(number);
    }
    tell_fate("LEASED", false);
    for (uint64_t rest = first + 20; rest < first + 50; rest++)
        wanted[rest] = true;
    tell("give back", docket_block_give_back(block, &count));
    printf("  %u\n", count);
    int took = 0;
    while (!all_seen(wanted) && took++ < 20000) {
        must(docket_next(series, WAIT_NS, &number, NULL), "next");
        note(number);
    }
    printf("what came back was given again: %d\n", all_seen(wanted));
    tell_fate("LEASED", false);
}

/* ---- by name, threads, forks ---- */

static void by_name(void)
{
    uint64_t number = 0;
    int32_t period = -1;
    char text[DOCKET_TEXT_MAX], name[16];
    docket_series *series = NULL, *again = NULL;
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "N%d", i);
            must(docket_next_for(realm, "same", name, WAIT_NS, &number, &period), name);
            if (number != (uint64_t)turn + 1)
                complain("the number is not this series' next");
        }
    }
    tell_period(period);
    tell("text", docket_next_text_for(realm, "same", "N7", WAIT_NS, text, sizeof text, &number, &period));
    printf("  %" PRIu64 " %s\n", number, dateless(text));
    tell("the default timeout", docket_next_for(realm, "same", "N7", DOCKET_TIMEOUT_DEFAULT, &number, NULL));
    must(docket_series_open(realm, "same", "N7", &series), "open");
    must(docket_series_open(realm, "same", "N7", &again), "open");
    printf("one handle: %d\n", series == again);
    tell_next(series, WAIT_NS);
    tell("without a wait", docket_next_for(realm, "same", "N8", 0, &number, NULL));
    printf("  %" PRIu64 "\n", number);
}

static void the_bound_on_handles(void)
{
    uint64_t number = 0;
    docket_series *series = NULL;
    tell("limit", docket_realm_limit_handles(realm, 3));
    tell("one", docket_next_for(realm, "same", "H1", WAIT_NS, &number, NULL));
    tell("two", docket_series_open(realm, "same", "H2", &series));
    tell("three", docket_next_for(realm, "same", "H3", WAIT_NS, &number, NULL));
    tell("four", docket_next_for(realm, "same", "H4", WAIT_NS, &number, NULL));
    tell("four by handle", docket_series_open(realm, "same", "H4", &series));
    tell("one goes on", docket_next_for(realm, "same", "H1", WAIT_NS, &number, NULL));
    printf("  %" PRIu64 "\n", number);
    tell("four was not made", docket_admin_fate(realm, "same", "H4", -1, tell_row, NULL));
    tell("a higher limit", docket_realm_limit_handles(realm, DOCKET_HANDLES_MAX));
    tell("four", docket_next_for(realm, "same", "H4", WAIT_NS, &number, NULL));
    printf("  %" PRIu64 "\n", number);
    tell("too high a limit", docket_realm_limit_handles(realm, DOCKET_HANDLES_MAX + 1));
}

enum { THREADS = 4, NAMES = 60, TURNS = 20 };
static _Atomic uint8_t given[NAMES][THREADS * TURNS * 4];
static _Atomic int failures;

static void *take_of_all(void *context)
{
    (void)context;
    char name[16];
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < NAMES; i++) {
            uint64_t number = 0;
            snprintf(name, sizeof name, "T%d", i);
            if (docket_next_for(realm, "same", name, WAIT_NS, &number, NULL) != DOCKET_OK ||
                number >= sizeof given[i] / sizeof given[i][0] || atomic_fetch_add(&given[i][number], 1) != 0)
                failures++;
        }
    }
    return NULL;
}

/* Strict: so the numbers of each are 1 to what was taken, none left out. */
static void threads_and_many_names(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_of_all, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    int missing = 0;
    for (int i = 0; i < NAMES; i++)
        for (int number = 1; number <= THREADS * TURNS; number++)
            missing += given[i][number] != 1;
    printf("%d names, %d numbers each: %d failed calls, %d missing\n", NAMES, THREADS * TURNS, failures, missing);
}

static _Atomic bool enough;

static void *make_names(void *context)
{
    char name[24];
    for (unsigned i = 0; !enough && i < 20000; i++) {
        uint64_t number;
        snprintf(name, sizeof name, "F%d.%u", *(int *)context, i);
        if (docket_next_for(realm, "same", name, WAIT_NS, &number, NULL) != DOCKET_OK)
            failures++;
    }
    return NULL;
}

static void be_the_child(int round)
{
    char name[24];
    uint64_t number;
    alarm(30); /* a child that hangs fails the case */
    for (int i = 0; i < 5; i++) {
        if (docket_next_for(realm, "same", "SHARED", WAIT_NS, &number, NULL) != DOCKET_OK)
            _exit(1);
        note(number);
        snprintf(name, sizeof name, "C%d.%d", round, i);
        if (docket_next_for(realm, "same", name, WAIT_NS, &number, NULL) != DOCKET_OK || number != 1)
            _exit(2);
    }
    _exit(wrong ? 3 : 0);
}

static void forks_while_threads_make_names(void)
{
    enum { ROUNDS = 12 };
    pthread_t threads[2];
    int which[2] = {0, 1}, code, bad = 0;
    uint64_t number;
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, make_names, &which[i]);
    for (int round = 0; round < ROUNDS; round++) {
        must(docket_next_for(realm, "same", "SHARED", WAIT_NS, &number, NULL), "the parent");
        note(number);
        pid_t pid = fork();
        if (pid == 0)
            be_the_child(round);
        if (pid < 0 || waitpid(pid, &code, 0) != pid || code != 0) {
            bad++;
            fprintf(stderr, "child of round %d: %x\n", round, code);
        }
    }
    enough = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    int count = 0;
    for (int i = 0; i < SEEN_MAX; i++)
        count += seen[i];
    printf("%d rounds: %d bad children, %d failed calls, %d numbers of one series\n", ROUNDS, bad, failures, count);
}

static void a_block_is_the_parents(void)
{
    docket_block *block = NULL;
    uint64_t number = 0;
    uint32_t count = 0;
    int code = 0;
    docket_series *series = open_series("FB", NULL);
    must(docket_block_open(series, 3, WAIT_NS, &block), "open");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        tell("in the child", docket_block_next(block, &number));
        tell("given back there", docket_block_give_back(block, &count));
        tell_next(series, WAIT_NS);
        docket_realm_close(realm);
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(pid, &code, 0) != pid || code != 0)
        complain("the child did not end in order");
    tell("in the parent", docket_block_next(block, &number));
    printf("  %" PRIu64 "\n", number);
    tell_next(series, WAIT_NS);
    tell("given back", docket_block_give_back(block, &count));
    printf("  %u\n", count);
}

static docket_status in_handler;
static docket_series *of_handler;

static void take_in_handler(int signal)
{
    (void)signal;
    uint64_t number;
    in_handler = docket_next_for(realm, "same", "SIG", WAIT_NS, &number, NULL);
}

static void a_handler_takes_by_name(void)
{
    uint64_t number;
    of_handler = open_series("SIG", NULL);
    must(docket_next(of_handler, WAIT_NS, &number, NULL), "next");
    signal(SIGUSR1, take_in_handler);
    raise(SIGUSR1);
    tell("in a handler", in_handler);
    tell_next(of_handler, WAIT_NS);
}

/* ---- of a real realm only ---- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* docketd is away: handle and number have one timeout between them. */
static void without_docketd(void)
{
    static const int64_t timeouts_ns[] = {0, SECOND_NS / 2, DOCKET_TIMEOUT_DEFAULT};
    for (int i = 0; i < 3; i++) {
        uint64_t number;
        int64_t began_ns = now_ns(), most_ns = timeouts_ns[i] < 0 ? 2 * SECOND_NS : timeouts_ns[i];
        docket_status status = docket_next_for(realm, "same", "AWAY", timeouts_ns[i], &number, NULL);
        int64_t took_ns = now_ns() - began_ns;
        printf("%s after %lld ms\n", docket_status_name(status), (long long)(took_ns / 1000000));
        if (status != DOCKET_UNREACHABLE || took_ns > most_ns + SECOND_NS || took_ns < most_ns / 2)
            complain("it took another time, or another status");
    }
}

/* ---- the list ---- */

struct one_case {
    const char *name;
    void (*run)(void);
};

static const struct one_case cases[] = {
    {"strict_numbers_in_order", strict_numbers_in_order},
    {"policies_make_texts", policies_make_texts},
    {"the_last_number_and_behind_it", the_last_number_and_behind_it},
    {"bad_arguments", bad_arguments},
    {"document_dates", document_dates},
    {"dates_in_order", dates_in_order},
    {"texts_read_back", texts_read_back},
    {"declaring", declaring},
    {"only_declared", only_declared},
    {"many_at_once", many_at_once},
    {"many_that_are_not_there", many_that_are_not_there},
    {"many_of_a_leased_series", many_of_a_leased_series},
    {"many_of_no_series", many_of_no_series},
    {"strict_blocks", strict_blocks},
    {"leased_blocks_come_back", leased_blocks_come_back},
    {"settings_make_texts", settings_make_texts},
    {"documents_have_dates", documents_have_dates},
    {"numbers_end", numbers_end},
    {"intervals_have_days", intervals_have_days},
    {"texts_that_collide", texts_that_collide},
    {"given_back_is_void", given_back_is_void},
    {"by_name", by_name},
    {"the_bound_on_handles", the_bound_on_handles},
    {"threads_and_many_names", threads_and_many_names},
    {"forks_while_threads_make_names", forks_while_threads_make_names},
    {"a_block_is_the_parents", a_block_is_the_parents},
    {"a_handler_takes_by_name", a_handler_takes_by_name},
    {"without_docketd", without_docketd}, /* the last: not in the list of what is the same */
};

static void open_realm(const char *name)
{
    struct docket_memory_options options = {.declared = strcmp(name, "only_declared") == 0};
    must(strcmp(directory, "memory") == 0 ? docket_realm_open_memory(&options, &realm)
                                          : docket_realm_open(directory, &realm),
         "open the realm");
}

int main(int count, char **words)
{
    size_t length = sizeof cases / sizeof cases[0];
    if (count == 2 && strcmp(words[1], "list") == 0) {
        for (size_t i = 0; i + 1 < length; i++)
            puts(cases[i].name);
        return 0;
    }
    for (size_t i = 0; count == 3 && i < length; i++) {
        if (strcmp(cases[i].name, words[2]) != 0)
            continue;
        directory = words[1];
        seen = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        open_realm(words[2]);
        cases[i].run();
        docket_realm_close(realm);
        return wrong;
    }
    fprintf(stderr, "usage: docket-same REALM|memory CASE, or docket-same list\n");
    return 2;
}
