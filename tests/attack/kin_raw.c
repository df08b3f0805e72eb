/* SPDX-License-Identifier: MIT */
/* kin_raw: relatives that the C library does not know of, or at a bad moment. */
#include "kin.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 20, STACK_BYTES = 256 * 1024, AFTER = 30 };

static pid_t raw_clone(unsigned long flags)
{
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static bool found(struct kin *kin, struct member *founder)
{
    if (!member_begin(founder, kin, "founder") || !member_take(founder, 1 + kin_random(40)) ||
        !member_block(founder, BLOCK) || !member_use_block(founder, kin_random(BLOCK)))
        return false;
    return true;
}

/* No handler of the C library runs: the kernel alone wipes what must not live on. */
bool case_clone(struct kin *kin)
{
    struct member founder;
    if (!found(kin, &founder))
        return false;
    pid_t child = raw_clone(0);
    if (child == 0) {
        kin->guard_first = founder.block_first;
        kin->guard_end = founder.block_first + BLOCK;
        _exit(!(kin_block_is_foreign(kin, founder.block) && member_live(kin, "child", AFTER) &&
                kin_block_is_foreign(kin, founder.block)));
    }
    return member_take(&founder, AFTER) && kin_await(kin, child, "the clone") && member_end(&founder);
}

/* A vfork child is its parent's memory; it may only exec, and does. */
bool case_vfork(struct kin *kin)
{
    struct member founder;
    if (!found(kin, &founder))
        return false;
    pid_t child = vfork();
    if (child == 0) {
        kin_exec(kin, "reborn", AFTER);
        _exit(1);
    }
    return member_take(&founder, AFTER) && kin_await(kin, child, "the one who called exec") && member_end(&founder);
}

struct legacy {
    struct member *member;
    int gone[2]; /* ends when the first process is dead */
};

static int inherit(void *argument)
{
    struct legacy *legacy = argument;
    char byte;
    ssize_t got;
    close(legacy->gone[1]); /* of a table of its own */
    do {
        got = read(legacy->gone[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    /* The same memory, so the same block, lease and seat: a live owner. Given
     * time for two of docketd's looks, nobody may have taken it. */
    usleep(220000);
    bool good = got == 0 && member_take(legacy->member, AFTER) && member_end(legacy->member);
    _exit(good ? 0 : 1);
}

/* A process that shares the memory outlives the one that took the seat. The
 * lock lives with the mapping, so the seat does too. */
bool case_sibling(struct kin *kin)
{
    pid_t first = fork();
    if (first == 0) {
        struct member founder;
        struct legacy legacy = {.member = &founder};
        char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack == MAP_FAILED || pipe(legacy.gone) != 0 || !found(kin, &founder) ||
            clone(inherit, stack + STACK_BYTES, CLONE_VM | SIGCHLD, &legacy) < 0)
            _exit(1);
        syscall(SYS_exit_group, 0);
    }
    return kin_await(kin, first, "the first of two in one memory") && member_live(kin, "parent", AFTER);
}

/* ---- fork in a signal handler ---- */

enum { FORKS = 4 };

static struct kin *handler_kin;
static struct member *handler_member;
static volatile sig_atomic_t forks, in_call;
static pid_t forked[FORKS];

/* The child of a handler, inside its parent's call: it is given numbers of its
 * own or, where the call holds locks, told BUSY; and ends here, since the call
 * it stands in is the parent's. */
static bool live_in_handler(int at)
{
    struct member child;
    char who[32];
    docket_status status = DOCKET_OK;
    worklog_drop(&handler_member->log);
    snprintf(who, sizeof who, "handler-%d", at);
    if (!member_begin(&child, handler_kin, who))
        return false;
    for (int i = 0; i < 2 * AFTER && status != DOCKET_BUSY; i++) {
        uint64_t number;
        int32_t period;
        status = docket_next(handler_kin->series, 300000000, &number, &period);
        if (status == DOCKET_OK && worklog_add(&child.log, number, period, WORKLOG_NEXT) != 0)
            return kin_complain(handler_kin, "log", "full");
        if (status == DOCKET_BUSY && i > 0)
            return kin_refused(handler_kin, "next in a handler's child, later", status);
        if (status != DOCKET_OK && !docket_status_retryable(status) && status != DOCKET_SEATS_EXHAUSTED)
            return kin_refused(handler_kin, "next in a handler's child", status);
    }
    return member_end(&child);
}

/* Only inside a call: elsewhere a fork is a fork. */
static void fork_now(int signal_number)
{
    int saved = errno, at = forks;
    (void)signal_number;
    if (forks >= FORKS || !in_call)
        return;
    forks++;
    forked[at] = at % 2 == 0 ? _Fork() : raw_clone(0);
    if (forked[at] == 0) {
        forks = FORKS; /* the timer is the parent's, a pending signal may not be */
        _exit(!live_in_handler(at));
    }
    errno = saved;
}

static bool storm(bool on)
{
    struct itimerval often = {{0, 0}, {0, 0}};
    if (on)
        often.it_interval.tv_usec = often.it_value.tv_usec = 100 + (int)kin_random(900);
    return setitimer(ITIMER_REAL, &often, NULL) == 0;
}

static bool take_stormed(struct kin *kin, struct member *founder)
{
    for (unsigned i = 0; forks < FORKS || i < 60; i++) {
        uint64_t number;
        int32_t period;
        in_call = 1;
        docket_status status = docket_next(kin->series, 500000000, &number, &period);
        in_call = 0;
        if (status == DOCKET_OK && worklog_add(&founder->log, number, period, WORKLOG_NEXT) != 0)
            return kin_complain(kin, "log", "full");
        if (status != DOCKET_OK && !docket_status_retryable(status))
            return kin_refused(kin, "next", status);
    }
    return true;
}

bool case_signal(struct kin *kin)
{
    struct member founder;
    struct sigaction action = {.sa_handler = fork_now};
    if (!member_begin(&founder, kin, "founder") || !member_take(&founder, 5))
        return false;
    handler_kin = kin;
    handler_member = &founder;
    forks = 0;
    sigaction(SIGALRM, &action, NULL);
    bool good = storm(true) && take_stormed(kin, &founder) && storm(false);
    for (int i = 0; i < forks; i++)
        good = kin_await(kin, forked[i], "the handler's child") && good;
    return good && member_end(&founder);
}
