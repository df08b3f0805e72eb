/* SPDX-License-Identifier: MIT */
/*
 * docket-many REALM CASE: docket_next_many() where a realm in memory says nothing:
 * signals, forks, processes, a docketd that is away, series that end.
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

#define SECOND_NS ((int64_t)1000000000)

enum { SEEN_MAX = 1 << 20, MOST = 300 };

static docket_realm *realm;
static _Atomic uint8_t *seen; /* by number; children share it */
static bool wrong;

static void complain(const char *what, docket_status status)
{
    printf("%s: %s (%s)\n", what, docket_status_name(status), status == DOCKET_OK ? "" : docket_last_error());
    fflush(stdout);
    wrong = true;
}

static void expect(docket_status got, docket_status wanted, const char *what)
{
    if (got != wanted)
        complain(what, got);
}

static docket_series *series_of(const char *name, const struct docket_policy *policy)
{
    docket_series *series;
    docket_status status = docket_admin_series_add(realm, "many", name, policy);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, "many", name, &series);
    if (status != DOCKET_OK) {
        complain(name, status);
        exit(1);
    }
    return series;
}

static void note(const uint64_t *numbers, uint32_t got)
{
    for (uint32_t i = 0; i < got; i++)
        if (numbers[i] < SEEN_MAX)
            atomic_fetch_add(&seen[numbers[i]], 1);
}

static void each_once(const char *what)
{
    for (uint64_t i = 0; i < SEEN_MAX; i++)
        if (seen[i] > 1) {
            printf("%s: %llu came %d times\n", what, (unsigned long long)i, seen[i]);
            wrong = true;
            return;
        }
}

static uint32_t take(docket_series *series, uint32_t count, int64_t timeout_ns, docket_status wanted, const char *what)
{
    uint64_t numbers[MOST];
    uint32_t got;
    expect(docket_next_many(series, timeout_ns, numbers, count, &got, NULL), wanted, what);
    note(numbers, got);
    return got;
}

/* ---- series that give none ---- */

static void none_of_a_series_that_ended(void)
{
    docket_series *retired = series_of("retired", &(struct docket_policy){.restart = "never"});
    docket_series *leased = series_of("retired-leased", &(struct docket_policy){.restart = "never", .order = "leased"});
    docket_series *ledger = series_of("ledger", &(struct docket_policy){.restart = "never", .ledger = "on"});
    take(retired, 5, 10 * SECOND_NS, DOCKET_OK, "before it is retired");
    take(leased, 5, 10 * SECOND_NS, DOCKET_OK, "before it is retired, leased");
    expect(docket_admin_series_retire(realm, "many", "retired", "over"), DOCKET_OK, "retire");
    expect(docket_admin_series_retire(realm, "many", "retired-leased", "over"), DOCKET_OK, "retire");
    take(retired, 5, SECOND_NS, DOCKET_RETIRED, "of a retired series");
    take(leased, 5, SECOND_NS, DOCKET_RETIRED, "of a retired series, leased");
    take(ledger, 5, SECOND_NS, DOCKET_NOT_TRACKED, "of a series with a ledger");
    if (strstr(docket_last_error(), "docket_next_many()") == NULL)
        complain("the sentence does not name the call", DOCKET_NOT_TRACKED);
}

/* ---- docketd away: called when it is ---- */

static void some_then_none(const char *order)
{
    docket_series *series;
    uint32_t got, sum = 0;
    expect(docket_series_open(realm, "many", order, &series), DOCKET_OK, "open");
    got = take(series, MOST, 0, DOCKET_PARTIAL, "what is left, without waiting");
    if (strstr(docket_last_error(), " of 300 numbers") == NULL)
        complain("the sentence does not say how many", DOCKET_PARTIAL);
    sum += got;
    sum += take(series, 1, SECOND_NS / 10, DOCKET_TIMEOUT, "one more");
    sum += take(series, MOST, SECOND_NS / 10, DOCKET_TIMEOUT, "many more");
    if (sum == 0 || sum != got)
        complain("how many were left", DOCKET_OK);
}

static void *midnight(void *argument)
{
    (void)argument;
    usleep(100000);
    clock_shift_s = 86400;
    return NULL;
}

/* It waits for more as its day ends: the next day's numbers lie ready, and are not among them. */
static void not_of_two_days(const char *order)
{
    docket_series *series;
    pthread_t other;
    char name[32];
    uint64_t numbers[MOST];
    uint32_t got = 0;
    int32_t today = 0, tomorrow = 0;
    snprintf(name, sizeof name, "daily-%s", order);
    expect(docket_series_open(realm, "many", name, &series), DOCKET_OK, name);
    pthread_create(&other, NULL, midnight, NULL);
    expect(docket_next_many(series, 2 * SECOND_NS, numbers, MOST, &got, &today), DOCKET_PARTIAL, name);
    if (strstr(docket_last_error(), "period") == NULL || clock_shift_s == 0)
        complain("the sentence does not say that the period is over", DOCKET_PARTIAL);
    pthread_join(other, NULL);
    expect(docket_next_many(series, 0, numbers, 1, &(uint32_t){0}, &tomorrow), DOCKET_OK, "the next day");
    if (got == 0 || tomorrow <= today || numbers[0] != 1)
        complain("the days of the numbers", DOCKET_OK);
    clock_shift_s = 0;
}

static void prepare_away(void)
{
    for (int i = 0; i < 2; i++) {
        const char *order = i == 0 ? "strict" : "leased";
        take(series_of(order, &(struct docket_policy){.restart = "never", .order = order, .window = 64}), 3, 10 * SECOND_NS,
             DOCKET_OK, order);
        char name[32];
        snprintf(name, sizeof name, "daily-%s", order);
        take(series_of(name, &(struct docket_policy){.restart = "daily", .order = order, .window = 64}), 3, 10 * SECOND_NS,
             DOCKET_OK, name);
    }
    char word[8];
    puts("ready");
    fflush(stdout);
    if (fgets(word, sizeof word, stdin) == NULL)
        exit(1);
    some_then_none("strict");
    memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
    some_then_none("leased");
    each_once("docketd away");
    not_of_two_days("strict");
    not_of_two_days("leased");
}

/* ---- processes ---- */

static void processes(const char *order)
{
    memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
    char name[32];
    snprintf(name, sizeof name, "shared-%s", order);
    docket_series *series = series_of(name, &(struct docket_policy){.order = order, .window = 1000});
    uint32_t total = 0;
    for (unsigned child = 0; child < 4; child++) {
        if (fork() != 0)
            continue;
        for (uint32_t turn = 0; turn < 60; turn++)
            take(series, 1 + (turn * 37 + child * 11) % MOST, 10 * SECOND_NS, DOCKET_OK, name);
        docket_realm_close(realm);
        _exit(wrong);
    }
    for (int ended, child = 0; child < 4; child++)
        if (wait(&ended) < 0 || ended != 0)
            wrong = true;
    for (uint64_t i = 0; i < SEEN_MAX; i++)
        total += seen[i];
    each_once(name);
    uint32_t wanted = 0;
    for (unsigned child = 0; child < 4; child++)
        for (uint32_t turn = 0; turn < 60; turn++)
            wanted += 1 + (turn * 37 + child * 11) % MOST;
    if (total != wanted)
        complain("how many came", DOCKET_OK);
}

static void processes_take_each_once(void)
{
    processes("strict");
    processes("leased");
}

/* ---- a handler inside the call, which also forks ---- */

static docket_series *of_handler;
static atomic_uint answered, refused, children;

static void in_handler(int signal)
{
    uint64_t number;
    (void)signal;
    docket_status status = docket_next(of_handler, 0, &number, NULL);
    if (status == DOCKET_OK) {
        note(&number, 1);
        atomic_fetch_add(&answered, 1);
    } else {
        atomic_fetch_add(&refused, 1);
    }
    if (atomic_load(&children) >= 40)
        return;
    atomic_fetch_add(&children, 1);
    if (fork() == 0) {
        if (docket_next(of_handler, 5 * SECOND_NS, &number, NULL) == DOCKET_OK)
            note(&number, 1);
        _exit(0);
    }
}

static void handle(const char *order)
{
    memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
    char name[32];
    snprintf(name, sizeof name, "handler-%s", order);
    of_handler = series_of(name, &(struct docket_policy){.order = order, .window = 10000});
    take(of_handler, 1, 10 * SECOND_NS, DOCKET_OK, name);
    atomic_store(&children, 0);
    struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_RESTART}, before;
    struct itimerval every = {.it_interval = {0, 500}, .it_value = {0, 500}}, never = {.it_value = {0, 0}};
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int turn = 0; turn < 4000; turn++) {
        uint64_t numbers[MOST];
        uint32_t got;
        docket_status status = docket_next_many(of_handler, 10 * SECOND_NS, numbers, 100, &got, NULL);
        if (status != DOCKET_OK && status != DOCKET_PARTIAL && status != DOCKET_TIMEOUT)
            complain(name, status);
        note(numbers, got);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    while (wait(NULL) > 0)
        ;
    each_once(name);
    printf("%s: in the handler %u answered, %u refused, %u children\n", name, atomic_load(&answered), atomic_load(&refused),
           atomic_load(&children));
}

static void handlers_never_duplicate(void)
{
    handle("strict");
    handle("leased");
    if (atomic_load(&answered) == 0)
        complain("no handler took a number", DOCKET_OK);
}

/* ---- the list ---- */

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"none_of_a_series_that_ended", none_of_a_series_that_ended},
    {"processes_take_each_once", processes_take_each_once},
    {"handlers_never_duplicate", handlers_never_duplicate},
    {"away", prepare_away},
};

int main(int count, char **words)
{
    seen = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; count == 3 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(words[2], cases[i].name) != 0)
            continue;
        if (docket_realm_open(words[1], &realm) != DOCKET_OK)
            return 1;
        cases[i].run();
        docket_realm_close(realm);
        return wrong;
    }
    fprintf(stderr, "usage: docket-many REALM CASE\n");
    return 2;
}
