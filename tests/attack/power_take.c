/* SPDX-License-Identifier: MIT */
/*
 * docket-power-take: threads that take numbers, one by one and in blocks of
 * which the rest is given back, and stamp each with the clock of power.h. Of a series
 * whose name begins with "Key" each number is issued for a key of its own, some at first pending.
 * Ends at SIGTERM, and then at once, as at the end of the power.
 *
 *   docket-power-take REALM CLOCK PREFIX SEED THREADS PAUSE_US T/S [T/S...]
 *
 * The numbers of thread i go to PREFIX.i.
 */
#include "docket.h"
#include "docket_ledger.h"
#include "power.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS = 1 << 20, BLOCK = 40, TIMEOUT_NS = 300000000 };

struct thread {
    unsigned index;
    uint64_t random;
    struct power_taken *taken;
    size_t count;
};

static const struct power_clock *power_clock;
static docket_realm *realm;
static char **names;
static unsigned name_count;
static long pause_us;

static void die(const char *what)
{
    fprintf(stderr, "docket-power-take: %s: %s\n", what, docket_last_error());
    exit(1);
}

static uint32_t below(struct thread *self, uint32_t limit)
{
    self->random = self->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(self->random >> 33) % limit;
}

static void nap(long us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void keep(struct thread *self, unsigned series, uint64_t number, int32_t period, bool block)
{
    /* The stamp first: it must be read as near to the number as can be. */
    uint64_t stamp = atomic_load(&power_clock->count);
    if (self->count == RECORDS)
        exit(0);
    struct power_taken *to = &self->taken[self->count++];
    to->stamp = stamp;
    to->period = period;
    to->series = (uint16_t)series;
    to->block = block;
    atomic_store(&to->number, number);
}

static bool good(docket_status status)
{
    if (status == DOCKET_OK)
        return true;
    if (!docket_status_retryable(status))
        die("a call failed");
    nap(2000);
    return false;
}

static void take_block(struct thread *self, unsigned at, docket_series *series)
{
    docket_block *block;
    uint32_t count = 1 + below(self, BLOCK), returned;
    uint64_t number;
    int32_t period;
    if (!good(docket_block_open(series, count, TIMEOUT_NS, &block)))
        return;
    uint32_t wanted = below(self, 3) == 0 ? count : below(self, count);
    if (docket_block_show(block, NULL, NULL, &period) == DOCKET_OK)
        for (uint32_t i = 0; i < wanted && docket_block_next(block, &number) == DOCKET_OK; i++)
            keep(self, at, number, period, true);
    good(docket_block_give_back(block, &returned));
}

/* Out when it is settled: before that a power loss may put it in doubt. */
static void issue(struct thread *self, unsigned at, docket_series *series)
{
    char key[64];
    struct docket_number got;
    bool pending = below(self, 3) == 0;
    struct docket_issue asked = {.key = key, .flags = pending ? DOCKET_PENDING : DOCKET_SETTLED};
    snprintf(key, sizeof key, "key-%d-%u-%llu", (int)getpid(), self->index, (unsigned long long)self->random);
    if (!good(docket_issue(series, &asked, TIMEOUT_NS, &got)))
        return;
    if (!pending || good(docket_settle(series, key, TIMEOUT_NS)))
        keep(self, at, got.number, got.period, false);
}

static void *run(void *argument)
{
    struct thread *self = argument;
    docket_series *series[POWER_SERIES_MAX] = {0};
    for (;;) {
        unsigned at = below(self, name_count);
        uint64_t number;
        int32_t period;
        char tenant[64];
        const char *name = strchr(names[at], '/') + 1;
        snprintf(tenant, sizeof tenant, "%.*s", (int)(name - names[at] - 1), names[at]);
        if (!series[at] && !good(docket_series_open(realm, tenant, name, &series[at])))
            continue;
        if (strncmp(name, "Key", 3) == 0)
            issue(self, at, series[at]);
        else if (below(self, 8) == 0)
            take_block(self, at, series[at]);
        else if (good(docket_next(series[at], TIMEOUT_NS, &number, &period)))
            keep(self, at, number, period, false);
        if (pause_us)
            nap((long)below(self, (uint32_t)pause_us * 2));
    }
    return NULL;
}

static void *map(const char *path, int flags, size_t bytes, int protection)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0 || (flags & O_CREAT && ftruncate(fd, (off_t)bytes) != 0))
        die(path);
    void *mapped = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        die(path);
    return mapped;
}

int main(int count, char **words)
{
    static struct thread threads[POWER_THREADS_MAX];
    if (count < 8 || count - 7 > POWER_SERIES_MAX)
        return 2;
    unsigned wanted = (unsigned)atoi(words[5]);
    sigset_t signals;
    int number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    pause_us = atol(words[6]);
    names = words + 7;
    name_count = (unsigned)count - 7;
    power_clock = map(words[2], O_RDWR, 4096, PROT_READ);
    while (docket_realm_open(words[1], &realm) != DOCKET_OK)
        nap(5000);
    for (unsigned i = 0; i < wanted && i < POWER_THREADS_MAX; i++) {
        char path[1024];
        pthread_t id;
        snprintf(path, sizeof path, "%s.%u", words[3], i);
        threads[i].index = i;
        threads[i].random = strtoull(words[4], NULL, 10) * 1000 + i;
        threads[i].taken = map(path, O_RDWR | O_CREAT | O_EXCL, RECORDS * sizeof *threads[i].taken,
                               PROT_READ | PROT_WRITE);
        if (pthread_create(&id, NULL, run, &threads[i]) != 0)
            die("a thread");
    }
    sigwait(&signals, &number);
    _exit(0);
}
