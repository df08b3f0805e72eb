/* SPDX-License-Identifier: MIT */
/*
 * docket-forker: forks in the middle of leases, a block and another thread's
 * calls. Parent, children and one grandchild take numbers of the same series
 * through handles that they inherited; each logs what it was given.
 * Exit: 0 done, 1 something went wrong (a sentence says what).
 */
#include "docket.h"
#include "../lib/worklog.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Odd counts, so that a fork finds leases of any usual size half used. */
enum { WARM_UP = 1013, BETWEEN_FORKS = 37, BLOCK = 500, BLOCK_BEFORE_FORK = 100 };

struct family {
    const char *logs, *tenant, *name;
    docket_series *series;
    uint64_t count;
};

static bool complain(const char *who, const char *what, const char *reason)
{
    fprintf(stderr, "docket-forker: %s: %s: %s\n", who, what, reason);
    return false;
}

static bool begin_log(const struct family *family, const char *who, struct worklog *log,
                      uint32_t step)
{
    int error = worklog_open(log, family->logs, who, family->tenant, family->name, step, 0);
    return error == 0 || complain(who, "log", strerror(error));
}

static bool take(const struct family *family, const char *who, struct worklog *log, uint64_t count)
{
    for (uint64_t i = 0; i < count;) {
        uint64_t number;
        int32_t period;
        docket_status status = docket_next(family->series, 500000000, &number, &period);
        if (status == DOCKET_OK) {
            int error = worklog_add(log, number, period, WORKLOG_NEXT);
            if (error)
                return complain(who, "log", strerror(error));
            i++;
        } else if (!docket_status_retryable(status)) {
            return complain(who, docket_status_name(status), docket_last_error());
        } else if (status != DOCKET_TIMEOUT) {
            usleep(5000);
        }
    }
    return true;
}

/* One member of the family from its first call to its orderly end. */
static bool live(const struct family *family, const char *who)
{
    struct worklog log;
    if (!begin_log(family, who, &log, 1))
        return false;
    bool good = take(family, who, &log, family->count);
    int error = worklog_close(&log);
    return good && (error == 0 || complain(who, "log", strerror(error)));
}

struct sibling {
    const struct family *family;
    bool good;
};

static void *live_in_thread(void *argument)
{
    struct sibling *sibling = argument;
    sibling->good = live(sibling->family, "parent-thread");
    return NULL;
}

static bool await(pid_t child, const char *who)
{
    int state = 0;
    if (child < 0 || waitpid(child, &state, 0) != child)
        return complain(who, "fork", "no such child");
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return complain(who, "ended", "not in order");
    return true;
}

/* A child: the first one forks again before its first call. */
static bool be_child(const struct family *family, unsigned index, docket_block *block)
{
    char who[32];
    uint64_t number;
    snprintf(who, sizeof who, "child-%u", index);
    docket_status status = docket_block_next(block, &number);
    if (status != DOCKET_FOREIGN_BLOCK)
        return complain(who, "the parent's block answered", docket_status_name(status));
    pid_t grandchild = index == 0 ? fork() : 0;
    if (index == 0 && grandchild == 0)
        _exit(live(family, "grandchild") ? 0 : 1);
    bool good = live(family, who);
    return (index != 0 || await(grandchild, "grandchild")) && good;
}

static bool take_block(const struct family *family, docket_block *block, struct worklog *log,
                       unsigned count)
{
    int32_t period;
    uint64_t number;
    docket_status status = docket_block_show(block, NULL, NULL, &period);
    for (unsigned i = 0; status == DOCKET_OK && i < count; i++) {
        status = docket_block_next(block, &number);
        if (status == DOCKET_OK && worklog_add(log, number, period, WORKLOG_BLOCK) != 0)
            return complain("parent", "log", family->name);
    }
    return status == DOCKET_OK || complain("parent's block", docket_status_name(status), "");
}

static bool fork_all(docket_realm *realm, const struct family *family, docket_block *block,
                     struct worklog *log, pid_t *children, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!take(family, "parent", log, BETWEEN_FORKS))
            return false;
        children[i] = fork();
        if (children[i] < 0)
            return complain("parent", "fork", "refused");
        if (children[i] == 0) {
            bool good = be_child(family, i, block);
            docket_realm_close(realm);
            _exit(good ? 0 : 1);
        }
    }
    return true;
}

static bool run(docket_realm *realm, const struct family *family, unsigned child_count)
{
    pid_t children[16] = {0};
    struct sibling sibling = {family, false};
    struct worklog log;
    docket_block *block = NULL;
    pthread_t thread;

    if (!begin_log(family, "parent-main", &log, BLOCK) || !take(family, "parent", &log, WARM_UP))
        return false;
    docket_status status = docket_block_open(family->series, BLOCK, 5000000000, &block);
    if (status != DOCKET_OK)
        return complain("block_open", docket_status_name(status), docket_last_error());
    if (!take_block(family, block, &log, BLOCK_BEFORE_FORK) ||
        pthread_create(&thread, NULL, live_in_thread, &sibling) != 0)
        return false;
    usleep(2000);
    bool good = fork_all(realm, family, block, &log, children, child_count);
    good = take(family, "parent", &log, family->count) && good;
    good = take_block(family, block, &log, BLOCK - BLOCK_BEFORE_FORK) && good;
    good = docket_block_give_back(block, NULL) == DOCKET_OK && good;
    good = worklog_close(&log) == 0 && good;
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < child_count; i++)
        good = await(children[i], "child") && good;
    return good && sibling.good;
}

int main(int count, char **words)
{
    if (count != 7) {
        fprintf(stderr, "usage: docket-forker REALM LOGS TENANT SERIES COUNT CHILDREN(1-16)\n");
        return 2;
    }
    struct family family = {.logs = words[2], .tenant = words[3], .name = words[4]};
    docket_realm *realm = NULL;
    family.count = strtoull(words[5], NULL, 10);
    unsigned children = (unsigned)strtoul(words[6], NULL, 10);
    if (children < 1 || children > 16)
        return 2;
    if (docket_realm_open(words[1], &realm) != DOCKET_OK ||
        docket_series_open(realm, family.tenant, family.name, &family.series) != DOCKET_OK) {
        fprintf(stderr, "docket-forker: %s\n", docket_last_error());
        return 1;
    }
    bool good = run(realm, &family, children);
    docket_realm_close(realm);
    return good ? 0 : 1;
}
