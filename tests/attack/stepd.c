/* SPDX-License-Identifier: MIT */
/*
 * docket-stepd: kills docketd at every point of one errand.
 *
 *     docket-stepd --list
 *     docket-stepd REALM LOGS ERRAND SERIES DOCKETD SAMPLE
 *
 * A point is a change of the shared words, or one side of a system call that
 * does something (not a wait, not memory). docketd runs freely while a worker
 * prepares; then its thread is held, the errand made due, and the thread walked
 * to the point. The first walk goes to the errand's end and counts. After each
 * kill a docketd is started that must adopt the desk, and the worker goes on.
 *
 * The end of an errand is a condition on shared memory, and idle turns of the
 * loop make no points, so that no walk depends on how often docketd looked.
 */
#include "stepd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS_MAX = 100000, TRIES = 5 };

char *docketd_path;
static const struct errand *errand;
static uint64_t incarnation, late, killed_at;
static bool (*done)(void);
static bool ended; /* docketd has ended by itself */
static pid_t held; /* its thread that is walked */

/* ---- walking ---- */

/* Waits and memory: whether docketd dies before or after them is all one, and
 * how often they come depends on the machine. */
static bool is_idle_call(long call)
{
    static const long idle[] = {SYS_epoll_wait, SYS_epoll_pwait, SYS_poll, SYS_fcntl, SYS_futex, SYS_read,
                                SYS_clock_gettime, SYS_brk, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise,
                                SYS_restart_syscall, SYS_rt_sigprocmask, SYS_getpid, SYS_sched_yield};
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
        if (idle[i] == call)
            return true;
    return false;
}

static long call_at_stop(pid_t thread)
{
    return ptrace(PTRACE_PEEKUSER, thread, (void *)offsetof(struct user_regs_struct, orig_rax), NULL);
}

static long call_before_step(pid_t thread)
{
    return ptrace(PTRACE_PEEKUSER, thread, (void *)offsetof(struct user_regs_struct, rax), NULL);
}

/* True if the next instruction is a system call that makes a point. What lies
 * at an address is looked at once. */
static bool is_call(pid_t thread)
{
    static uint64_t at[1 << 16];
    static bool call[1 << 16];
    static pid_t of;
    if (of != thread)
        memset(at, 0, sizeof at); /* another docketd lies elsewhere */
    of = thread;
    uint64_t rip = step_rip(thread);
    size_t slot_of = rip * 0x9e3779b97f4a7c15ull >> 48;
    if (at[slot_of] != rip)
        call[slot_of] = step_at_syscall(thread);
    at[slot_of] = rip;
    return call[slot_of] && !is_idle_call(call_before_step(thread));
}

static bool is_done(void)
{
    return ended || done();
}

static uint64_t steps; /* made so far, for the report */

/* Steps the loop until `points` have passed or the errand is done; how many
 * have passed. */
static uint64_t walk_loop(uint64_t points)
{
    uint64_t passed = 0, seen = view_hash(&view);
    while (passed < points && !is_done()) {
        bool call = is_call(docketd);
        if (call && ++passed == points)
            break; /* the call is not made */
        if (step_one(docketd) == STOP_ENDED) {
            ended = true;
            break;
        }
        steps++;
        uint64_t now = view_hash(&view);
        passed += call || now != seen;
        seen = now;
    }
    return passed;
}

/* On to the thread's next system-call stop, unless the errand is done first. */
static bool next_call(pid_t thread)
{
    int status, signal = 0;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)signal) != 0)
            return false;
        pid_t got;
        while ((got = waitpid(thread, &status, __WALL | WNOHANG)) == 0) {
            if (is_done())
                return false;
            usleep(50);
        }
        if (got != thread || !WIFSTOPPED(status))
            return false;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return true;
        signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
    }
}

static uint64_t walk_committer(pid_t thread, uint64_t points)
{
    uint64_t passed = 0;
    while (passed < points && next_call(thread))
        passed += !is_idle_call(call_at_stop(thread));
    return passed;
}

static void hold(pid_t thread)
{
    int status;
    if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0 ||
        ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 || waitpid(thread, &status, __WALL) != thread)
        give_up("cannot hold docketd: %s", strerror(errno));
}

/* The start is walked call by call until it looks at the desk, then step by step. */
static uint64_t walk_start(uint64_t points)
{
    char name[16] = "";
    while (strcmp(name, "board-0") != 0) {
        if (step_syscall(docketd) != STOP_SYSCALL)
            give_up("FAULT docketd does not start");
        if (call_at_stop(docketd) != SYS_openat)
            continue;
        long at = ptrace(PTRACE_PEEKUSER, docketd, (void *)offsetof(struct user_regs_struct, rsi), NULL);
        errno = 0;
        long text = ptrace(PTRACE_PEEKTEXT, docketd, (void *)at, NULL);
        memcpy(name, &text, sizeof text);
    }
    step_syscall(docketd); /* its exit */
    return walk_loop(points);
}

/* ---- one errand ---- */

/* Before a start: docketd dies in the middle of a lay or raise, each time a bit
 * further on in it. */
static void leave_half_done(void)
{
    static uint64_t points, how_far;
    done = errand->half_done;
    hold(docketd);
    errand->due();
    uint64_t passed = walk_loop(points == 0 ? POINTS_MAX : how_far % points + 1);
    if (points == 0)
        points = passed;
    how_far += 7;
    done = errand->done;
    docketd_kill(docketd);
}

static uint64_t run_to(uint64_t points)
{
    ended = false;
    done = errand->done;
    watch(60, "preparing %s", errand->name);
    docketd_await_quiet();
    errand->prepare();
    watch(120, "docketd on its errand %s, to point %llu", errand->name, (unsigned long long)points);
    if (errand->flags & ERRAND_START) {
        leave_half_done();
        victim_kill(); /* and its seat is docketd's first concern */
        docketd_start(true);
        held = docketd;
        return walk_start(points);
    }
    held = errand->flags & ERRAND_COMMITTER ? docketd_committer() : docketd;
    hold(held);
    errand->due();
    return held == docketd ? walk_loop(points) : walk_committer(held, points);
}

/* The next docketd adopts, finishes the errand, and everybody goes on. */
static void kill_and_recover(void)
{
    watch(60, "killing docketd in %s", errand->name);
    docketd_kill(held);
    docketd_start(false);
    docketd_await_serving();
    /* Before anybody asks again. */
    watch(30, "after a kill in %s, point %llu: the successor finishes it", errand->name, (unsigned long long)killed_at);
    while (!(errand->flags & (ERRAND_START | ERRAND_STOP)) && !errand->done())
        usleep(500);
    crew_await();
    victim_kill();
    watch(60, "after a kill in %s: the worker goes on", errand->name);
    for (int i = 0; i < 12; i++)
        crew_must('t');
    docketd_await_quiet();
    if (((const struct shared_header *)(const void *)view.desk.board)->incarnation != incarnation)
        give_up("FAULT docketd built the desk anew");
    if (dk_load_relaxed(&dk_desk_words(&view.desk)->quarantines) != 0)
        give_up("FAULT a series is quarantined");
}

static uint64_t kill_at_points(uint64_t points, uint64_t sample)
{
    uint64_t count = sample == 0 || sample > points ? points : sample;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t to = i * points / count + 1, passed = 0;
        /* The last point is the errand's end; one that came too early by chance is tried again. */
        for (int try = 0; passed < to && try < TRIES; try++) {
            killed_at = to;
            passed = run_to(to);
            passed += passed + 1 == to && to == points;
            kill_and_recover();
        }
        late += passed < to;
    }
    return count;
}

/* ---- the program ---- */

static int list(void)
{
    for (size_t i = 0; i < errand_count; i++)
        printf("%s %s %s\n", errands[i].name, errands[i].order, errands[i].what);
    return 0;
}

static void prepare_run(char **words)
{
    for (size_t i = 0; i < errand_count; i++)
        if (strcmp(errands[i].name, words[3]) == 0)
            errand = &errands[i];
    if (errand == NULL)
        give_up("there is no errand %s", words[3]);
    run_realm = words[1];
    run_logs = words[2];
    run_name = errand->name;
    run_series = words[4];
    run_strict = errand->order[0] == 's';
    docketd_path = words[5];
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        give_up("no memory");
    view_open(&view, run_realm);
    slot = view_slot(&view, run_series);
    incarnation = view.desk.incarnation;
    char id[64];
    snprintf(id, sizeof id, "victims-%s", errand->name);
    if (worklog_open(&told->log, run_logs, id, STEP_TENANT, run_series, 1, 60000) != 0)
        give_up("cannot open the log in %s", run_logs);
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "--list") == 0)
        return list();
    if (count != 7) {
        fprintf(stderr, "usage: docket-stepd --list | REALM LOGS ERRAND SERIES DOCKETD SAMPLE\n");
        return 2;
    }
    prepare_run(words);
    watch(60, "starting docketd and the worker");
    docketd_start(false);
    docketd_await_serving();
    crew_start();
    crew_must('t');
    uint64_t points = run_to(POINTS_MAX) + 1; /* and one at its end */
    kill_and_recover();
    uint64_t kills = kill_at_points(points, (uint64_t)atoll(words[6]));
    watch(60, "ending the worker");
    crew_end();
    docketd_kill(docketd);
    if (worklog_close(&told->log) != 0)
        give_up("cannot close the log of the victims");
    printf("points %llu\nkills %llu\nlate %llu\nexcused %llu\nsteps %llu\n", (unsigned long long)points,
           (unsigned long long)kills, (unsigned long long)late, (unsigned long long)told->excused,
           (unsigned long long)steps);
    return 0;
}
