/* SPDX-License-Identifier: MIT */
/*
 * docket-named REALM OTHER: calls by name, where what a thread remembers or what
 * stands beside a name in the process's map could be of another realm, process, day
 * or series. All names lie in the same two buffers.
 *
 * Exit: 0 as it should be, 1 not (a sentence says what), 2 usage.
 */
#include "docket.h"
#include "docket_admin.h"

#include "../lib/movedclock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS ((int64_t)10000000000)

enum { SEEN_MAX = 1 << 16, CHILDREN = 4, EACH = 300 };

static docket_realm *realm;
static char tenant[DOCKET_NAME_MAX + 2], series[DOCKET_NAME_MAX + 2];
static _Atomic uint8_t *seen; /* by number; children share it */
static bool wrong;

static void complain(const char *what, uint64_t number, uint64_t wanted)
{
    printf("%s/%s: %s: %llu, wanted %llu\n", tenant, series, what, (unsigned long long)number, (unsigned long long)wanted);
    fflush(stdout);
    wrong = true;
}

static void name(const char *of_tenant, const char *of_series)
{
    snprintf(tenant, sizeof tenant, "%s", of_tenant);
    snprintf(series, sizeof series, "%s", of_series);
}

static void declare(docket_realm *in, const char *order, const char *restart)
{
    const struct docket_policy policy = {.order = order, .restart = restart};
    if (docket_admin_series_add(in, tenant, series, &policy) != DOCKET_OK) {
        printf("%s/%s: %s\n", tenant, series, docket_last_error());
        exit(1);
    }
}

static uint64_t take(docket_realm *from, int32_t *period)
{
    uint64_t number = 0;
    docket_status status = docket_next_for(from, tenant, series, WAIT_NS, &number, period);
    if (status != DOCKET_OK)
        complain(docket_last_error(), (uint64_t)status, DOCKET_OK);
    return number;
}

static void expect(docket_realm *from, uint64_t wanted, const char *what)
{
    uint64_t number = take(from, NULL);
    if (number != wanted)
        complain(what, number, wanted);
}

static void note(uint64_t number)
{
    if (number < SEEN_MAX)
        atomic_fetch_add(&seen[number], 1);
}

/* Each once, and none left out. */
static void all_of(uint64_t last, const char *what)
{
    for (uint64_t i = 1; i <= last; i++)
        if (seen[i] != 1) {
            complain(what, seen[i], 1);
            return;
        }
}

/* ---- cases ---- */

/* Names of every length, such as fit beside each other in a line and such as do not. */
static void other_bytes_are_another_series(void)
{
    static const char *const orders[] = {"strict", "leased"};
    char longest[DOCKET_NAME_MAX + 1];
    memset(longest, 'x', sizeof longest);
    for (int order = 0; order < 2; order++) {
        for (unsigned turn = 0; turn < 4; turn++) {
            for (int bytes = 1; bytes <= DOCKET_NAME_MAX; bytes += 7) {
                snprintf(tenant, sizeof tenant, "%c%.*s", "SL"[order], bytes - 1, longest);
                snprintf(series, sizeof series, "%.*s", DOCKET_NAME_MAX + 1 - bytes, longest);
                if (turn == 0)
                    declare(realm, orders[order], "never");
                expect(realm, 2 * turn + 1, "the next of this one");
                expect(realm, 2 * turn + 2, "the next of this one, again");
            }
        }
    }
}

/* A realm that is closed and opened may lie where the other one lay, and so may its handles. */
static void each_realm_has_its_own(const char *directories[2])
{
    uint64_t next[2] = {1, 1};
    bool came[2][1024] = {{false}};
    docket_realm *realms[2] = {NULL, NULL};
    for (unsigned turn = 0; turn < 60; turn++) {
        unsigned which = turn * 7 / 3 % 2;
        if (realms[which] == NULL && docket_realm_open(directories[which], &realms[which]) != DOCKET_OK)
            exit(1);
        name("two", "strict");
        if (turn < 4)
            declare(realms[which], series, "never");
        expect(realms[which], next[which]++, "the next of this realm");
        name("two", "leased"); /* what a close gives back comes later, or at once */
        if (turn < 4)
            declare(realms[which], series, "never");
        uint64_t number = take(realms[which], NULL);
        if (number >= 1024 || came[which][number])
            complain("a leased number of this realm", number, 0);
        else
            came[which][number] = true;
        if (turn % 5 == 4) {
            docket_realm_close(realms[turn % 2]);
            realms[turn % 2] = NULL;
        }
    }
    docket_realm_close(realms[0]);
    docket_realm_close(realms[1]);
}

/* What stands beside a name is of the process that wrote it: a child's desk is mapped elsewhere, or not yet. */
static void children_take_their_own(void)
{
    memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
    name("family", "strict");
    declare(realm, "strict", "never");
    for (int i = 0; i < EACH; i++)
        note(take(realm, NULL));
    for (int child = 0; child < CHILDREN; child++) {
        if (fork() != 0)
            continue;
        for (int i = 0; i < EACH; i++)
            note(take(realm, NULL));
        pid_t grandchild = fork();
        for (int i = 0; i < EACH; i++)
            note(take(realm, NULL));
        if (grandchild == 0)
            _exit(wrong);
        int ended;
        _exit(waitpid(grandchild, &ended, 0) != grandchild || ended != 0 || wrong);
    }
    for (int i = 0; i < EACH; i++)
        note(take(realm, NULL));
    for (int ended, child = 0; child < CHILDREN; child++)
        if (wait(&ended) < 0 || ended != 0)
            complain("a child ended so", (uint64_t)(unsigned)ended, 0);
    all_of(EACH * (2 + 3 * CHILDREN), "how often it came");
}

static void the_day_decides(void)
{
    int32_t periods[3];
    name("days", "strict");
    declare(realm, "strict", "daily");
    for (uint64_t i = 1; i <= 3; i++)
        if (take(realm, &periods[0]) != i)
            complain("the day's next", 0, i);
    clock_shift_s = 86400;
    for (uint64_t i = 1; i <= 3; i++)
        if (take(realm, &periods[1]) != i)
            complain("the next day begins anew", 0, i);
    clock_shift_s = 0;
    if (take(realm, &periods[2]) != 4 || periods[2] != periods[0] || periods[1] <= periods[0])
        complain("back again", (uint64_t)(unsigned)periods[2], (uint64_t)(unsigned)periods[0]);
}

static void a_series_that_ended_says_so(void)
{
    uint64_t number = 0;
    name("ended", "strict");
    declare(realm, "strict", "never");
    expect(realm, 1, "the first");
    expect(realm, 2, "the second");
    if (docket_admin_series_retire(realm, tenant, series, "over") != DOCKET_OK)
        complain(docket_last_error(), 0, 0);
    docket_status status = docket_next_for(realm, tenant, series, WAIT_NS, &number, NULL);
    if (status != DOCKET_RETIRED || number != 0)
        complain("the status of a retired series", (uint64_t)status, DOCKET_RETIRED);
    status = docket_next_for(realm, tenant, series, -2, &number, NULL);
    if (status != DOCKET_BAD_ARGUMENT || docket_next_for(NULL, tenant, series, 0, &number, NULL) != DOCKET_BAD_ARGUMENT ||
        docket_next_for(realm, tenant, series, 0, NULL, NULL) != DOCKET_BAD_ARGUMENT ||
        docket_next_for(realm, NULL, NULL, 0, &number, NULL) != DOCKET_BAD_ARGUMENT)
        complain("the status of a bad argument", (uint64_t)status, DOCKET_BAD_ARGUMENT);
}

static atomic_uint answered;

static void in_handler(int signal)
{
    uint64_t number;
    (void)signal;
    if (docket_next_for(realm, tenant, series, 0, &number, NULL) == DOCKET_OK) {
        note(number);
        atomic_fetch_add(&answered, 1);
    }
}

static void handlers_never_duplicate(void)
{
    struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_RESTART};
    struct itimerval every = {.it_interval = {0, 200}, .it_value = {0, 200}}, never = {.it_value = {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    for (int order = 0; order < 2; order++) {
        memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
        name("handler", order == 0 ? "strict" : "leased");
        declare(realm, series, "never");
        note(take(realm, NULL));
        setitimer(ITIMER_REAL, &every, NULL);
        for (int i = 0; i < 30000; i++)
            note(take(realm, NULL));
        setitimer(ITIMER_REAL, &never, NULL);
        for (uint64_t i = 0; i < SEEN_MAX; i++)
            if (seen[i] > 1)
                complain("how often it came", seen[i], 1);
    }
    if (answered == 0)
        complain("handlers that took a number", 0, 1);
}

/* ---- threads that close one realm, while others are inside another ---- */

static const char *closing;
static atomic_bool enough;

static void *open_and_close(void *argument)
{
    (void)argument;
    while (!enough) {
        uint64_t number;
        docket_realm *mine;
        if (docket_realm_open(closing, &mine) != DOCKET_OK ||
            docket_next_for(mine, "threads", "strict", WAIT_NS, &number, NULL) != DOCKET_OK)
            wrong = true;
        docket_realm_close(mine);
    }
    return NULL;
}

static void a_realm_closes_beside_another(const char *other)
{
    pthread_t threads[2];
    closing = other;
    name("threads", "strict");
    declare(realm, "strict", "never");
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, open_and_close, NULL);
    for (uint64_t i = 1; i <= 40000 && !wrong; i++) {
        name("threads", i % 64 == 0 ? "other" : "strict");
        uint64_t number = take(realm, NULL);
        if (i % 64 != 0 && number != i - i / 64)
            complain("the next", number, i - i / 64);
    }
    enough = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: docket-named REALM OTHER\n");
        return 2;
    }
    seen = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    each_realm_has_its_own((const char *[2]){words[1], words[2]});
    if (docket_realm_open(words[1], &realm) != DOCKET_OK)
        return 1;
    other_bytes_are_another_series();
    the_day_decides();
    a_series_that_ended_says_so();
    handlers_never_duplicate();
    children_take_their_own();
    a_realm_closes_beside_another(words[2]);
    docket_realm_close(realm);
    return wrong;
}
