/* SPDX-License-Identifier: MIT */
/*
 * docket-breaks: docketd broken at its n-th system call or allocation, for all
 * n until a run ends without a break, in one phase of its life:
 *
 *   create   its first start in an empty realm
 *   adopt    a start that finds the desk's files, with workers at work
 *   rebuild  a start without the desk's files
 *   serve    attaching, series, commits, blocks and giving back, fates
 *   reclaim  a worker was killed, its leases come back
 *   stop     SIGTERM
 *   admin    void, reconcile, advance, retire, set, a dated number, close, drain
 *
 * or, with a sound docketd, a process that uses libdocket (library), or the
 * command with --words (command).
 *
 * usage: docket-breaks --base DIR --phase PHASE --mode kill|once|good
 *        [--kind calls|allocations] [--from N] [--step N] [--second] [--audit-each N] [--words TEXT]
 * Prints figures, one "KEY VALUE" a line. Exit 0 whatever they are; 3: it could not go on.
 */
#include "breaks.h"

#include "docket_admin.h"
#include "docket_inspect.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 20000, WHOLE_RUNS = 2 };

struct trial trial = {.lock = PTHREAD_MUTEX_INITIALIZER};
static enum break_mode mode;
static enum break_kind kind;
const char *breaks_self, *breaks_words = "status";
uint64_t breaks_turn;

/* ---- a worker that is killed ---- */

/* The process that dies: leases of both kinds open, every number logged. */
static int be_worker(char **words)
{
    struct trial worker = {.phase = words[4], .lock = PTHREAD_MUTEX_INITIALIZER};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(worker.realm, sizeof worker.realm, "%s", words[2]);
    snprintf(worker.logs, sizeof worker.logs, "%s", words[3]);
    worker.breaker = calloc(1, sizeof *worker.breaker);
    trial_enter(&worker);
    trial_take(&worker, 0, 2);
    trial_take(&worker, 1, 3);
    docket_block *block = trial_block(&worker, 1, 8);
    trial_take_block(&worker, 1, block, 3);
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 3;
    for (;;)
        pause();
}

static pid_t start_worker(void)
{
    int ready[2];
    char byte, id[32];
    snprintf(id, sizeof id, "w%s%llu-", trial.phase, (unsigned long long)breaks_turn);
    if (pipe(ready) != 0)
        trial_give_up("pipe");
    pid_t made = fork();
    if (made == 0) {
        dup2(ready[1], STDOUT_FILENO);
        close(ready[0]);
        close(ready[1]);
        execl(breaks_self, breaks_self, "worker", trial.realm, trial.logs, id, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    if (made < 0 || read(ready[0], &byte, 1) != 1)
        trial_give_up("a worker does not begin");
    close(ready[0]);
    return made;
}

static int find_seat(void *context, const struct docket_view_seat *seat)
{
    pid_t *pid = context;
    if (seat->pid == *pid)
        *pid = 0;
    return 0;
}

static bool has_seat(pid_t pid)
{
    docket_view *view;
    if (docket_view_open(trial.realm, &view) != DOCKET_OK)
        return true;
    pid_t sought = pid;
    docket_status status = docket_view_each_seat(view, find_seat, &sought);
    docket_view_close(view);
    return status != DOCKET_OK || sought == 0;
}

static void reclaim_worker(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; has_seat(pid); i++) {
        trial_sleep_ms(2);
        if (i > 10000) {
            printf("%s: the seat of a dead worker does not come back\n", trial.phase);
            trial.faults.hung++;
            return;
        }
    }
}

/* ---- the phases: each with docketd broken at `breaks_turn` ---- */

static void work_a_little(void)
{
    trial_take(&trial, 0, 3);
    trial_take(&trial, 1, 3);
}

void breaks_plan(void)
{
    breaker_plan(trial.breaker, mode, kind, breaks_turn);
}

/* Starts the one to be broken and waits until one serves: it, or a sound one. */
static void start_breaking(void)
{
    breaks_plan();
    trial_start_broken(&trial, true);
    trial_await_service(&trial);
    trial.breaker->armed = 0;
}

static void phase_create(void)
{
    char name[32];
    snprintf(name, sizeof name, "create%llu", (unsigned long long)breaks_turn);
    trial_realm(&trial, name);
    start_breaking();
    trial_enter(&trial);
    work_a_little();
    trial_leave(&trial);
    trial_audit(&trial, false);
    trial_kill(&trial);
    trial_drop_realm(&trial);
}

static void restart_under_worker(bool lose_runtime)
{
    trial_start_sound(&trial);
    trial_enter(&trial);
    work_a_little();
    docket_block *block = trial_block(&trial, 1, 8);
    trial_take_block(&trial, 1, block, 2);
    trial_kill(&trial);
    if (lose_runtime)
        trial_lose_runtime(&trial);
    start_breaking();
    trial_take_block(&trial, 1, block, 2);
    work_a_little();
    trial_give_back(&trial, 1, block);
    trial_leave(&trial);
}

static void phase_adopt(void)
{
    restart_under_worker(false);
}

static void phase_rebuild(void)
{
    restart_under_worker(true);
}

static int ignore_row(void *context, const struct docket_fate_row *row)
{
    (void)context;
    (void)row;
    return 0;
}

static void make_series(void)
{
    char name[32];
    docket_status status;
    docket_series *made;
    struct worklog log;
    uint64_t number = 0;
    int32_t period = 0;
    snprintf(name, sizeof name, "NEW%s%llu", trial.phase, (unsigned long long)breaks_turn);
    for (int i = 0; i < 10 && (status = docket_series_open(trial.handle, "acme", name, &made)) != DOCKET_OK; i++)
        trial_sleep_ms(10);
    if (status == DOCKET_OK)
        for (int i = 0; i < 10 && (status = docket_next(made, -1, &number, &period)) != DOCKET_OK; i++)
            trial_sleep_ms(10);
    if (status != DOCKET_OK || number != 1) {
        printf("%s: break %llu: the new series %s gives %llu: %s\n", trial.phase, (unsigned long long)breaks_turn, name,
               (unsigned long long)number, docket_last_error());
        trial.faults.refused++;
        return;
    }
    if (worklog_open(&log, trial.logs, "new", "acme", name, 1, 8) != 0 ||
        worklog_add(&log, number, period, WORKLOG_NEXT) != 0 || worklog_close(&log) != 0)
        trial_give_up("a log");
}

static void phase_serve(void)
{
    breaks_plan();
    trial_start_broken(&trial, false);
    trial_await_service(&trial);
    trial.breaker->armed = 1;
    trial_enter(&trial);
    trial_take(&trial, 0, 70); /* more than the window: commits */
    trial_take(&trial, 1, 70);
    make_series();
    docket_block *strict = trial_block(&trial, 0, 8), *leased = trial_block(&trial, 1, 8);
    trial_take_block(&trial, 0, strict, 3);
    trial_take_block(&trial, 1, leased, 3);
    trial_give_back(&trial, 0, strict);
    trial_give_back(&trial, 1, leased);
    (void)docket_admin_fate(trial.handle, "acme", "STRICT", -1, ignore_row, NULL);
    trial.breaker->armed = 0;
    work_a_little();
    trial_leave(&trial);
    trial_kill(&trial);
}

static void phase_reclaim(void)
{
    breaks_plan();
    trial_start_broken(&trial, false);
    trial_await_service(&trial);
    pid_t worker = start_worker();
    trial.breaker->armed = 1;
    reclaim_worker(worker);
    trial.breaker->armed = 0;
    trial_enter(&trial);
    work_a_little();
    trial_leave(&trial);
    trial_kill(&trial);
}

static void phase_stop(void)
{
    breaks_plan();
    trial_start_broken(&trial, false);
    trial_await_service(&trial);
    trial_enter(&trial);
    work_a_little();
    docket_block *block = trial_block(&trial, 1, 8);
    trial_take_block(&trial, 1, block, 2);
    trial.breaker->armed = 1;
    trial.told = 1;
    kill(trial.breaker->pid, SIGTERM);
    trial_await_end(&trial);
    trial.breaker->armed = 0;
    trial_start_sound(&trial);
    trial_take_block(&trial, 1, block, 2);
    work_a_little();
    trial_give_back(&trial, 1, block);
    trial_leave(&trial);
    trial_kill(&trial);
}

static const struct phase {
    const char *name;
    void (*run)(void);
    bool realm_each, unknown;
} phases[] = {{"create", phase_create, true, false},   {"adopt", phase_adopt, false, false},
              {"rebuild", phase_rebuild, false, true}, {"serve", phase_serve, false, false},
              {"reclaim", phase_reclaim, false, false}, {"stop", phase_stop, false, false},
              {"admin", breaks_admin, false, true},
              {"library", breaks_library, false, false}, {"command", breaks_command, false, false}};

/* ---- all n ---- */

static void print_figures(uint64_t turns, bool complete)
{
    const struct trial_faults *f = &trial.faults;
    printf("turns %llu\ninjected %lu\ncomplete %d\ncrashed %lu\nhung %lu\nsilent %lu\nunserved %lu\nrefused %lu\n"
           "syncs %lu\nstray %lu\nunaudited %lu\n",
           (unsigned long long)turns, f->injected, complete, f->crashed, f->hung, f->silent, f->unserved, f->refused,
           f->syncs, f->stray, f->unaudited);
}

static void audit_now(const struct phase *phase)
{
    trial_start_sound(&trial);
    trial_audit(&trial, phase->unknown);
    trial_kill(&trial);
}

static void run_all(const struct phase *phase, uint64_t from, uint64_t step, uint64_t audit_each)
{
    uint64_t turns = 0;
    unsigned whole = 0; /* runs in a row without a break: no run is quite like the last */
    if (!phase->realm_each)
        trial_realm(&trial, phase->name);
    for (breaks_turn = from; breaks_turn < LIMIT && whole < WHOLE_RUNS; breaks_turn += step) {
        phase->run();
        turns++;
        whole = trial.breaker->injected == 0 ? whole + 1 : 0;
        trial.faults.injected += whole == 0;
        if (!phase->realm_each && phase->run != breaks_command && turns % audit_each == 0)
            audit_now(phase);
    }
    if (phase->run == breaks_command)
        breaks_command_end();
    if (!phase->realm_each)
        audit_now(phase);
    print_figures(turns, whole == WHOLE_RUNS);
}

static bool read_mode(const char *text)
{
    mode = strcmp(text, "kill") == 0   ? BREAK_KILL
           : strcmp(text, "once") == 0 ? BREAK_ONCE
           : strcmp(text, "good") == 0 ? BREAK_FOR_GOOD
                                       : BREAK_NOTHING;
    return mode != BREAK_NOTHING;
}

int main(int count, char **words)
{
    static const struct option known[] = {{"base", 1, NULL, 'b'}, {"phase", 1, NULL, 'p'}, {"mode", 1, NULL, 'm'},
                                          {"kind", 1, NULL, 'k'}, {"from", 1, NULL, 'f'},  {"step", 1, NULL, 's'},
                                          {"second", 0, NULL, '2'}, {"audit-each", 1, NULL, 'a'},
                                          {"words", 1, NULL, 'w'}, {NULL, 0, NULL, 0}};
    const struct phase *phase = NULL;
    unsigned long long from = 1, step = 1, audit_each = 100;
    bool second = false;
    static char self[TRIAL_PATH];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        trial_give_up("/proc/self/exe");
    breaks_self = self;
    if (count == 5 && strcmp(words[1], "worker") == 0)
        return be_worker(words);
    if (count == 5 && strcmp(words[1], "client") == 0)
        return breaks_be_client(words);
    for (int letter; (letter = getopt_long(count, words, "", known, NULL)) != -1;) {
        switch (letter) {
        case 'b': snprintf(trial.base, sizeof trial.base, "%s", optarg); break;
        case 'p':
            for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
                if (strcmp(phases[i].name, optarg) == 0)
                    phase = &phases[i];
            break;
        case 'm': (void)read_mode(optarg); break;
        case 'k': kind = optarg[0] == 'a' ? BREAK_ALLOCATIONS : BREAK_CALLS; break;
        case 'f': from = strtoull(optarg, NULL, 10); break;
        case 's': step = strtoull(optarg, NULL, 10); break;
        case 'a': audit_each = strtoull(optarg, NULL, 10); break;
        case 'w': breaks_words = optarg; break;
        case '2': second = true; break;
        default: return 2;
        }
    }
    if (phase == NULL || mode == BREAK_NOTHING || trial.base[0] == 0 || from == 0 || step == 0 || audit_each == 0)
        return fputs("docket-breaks: see its source\n", stderr), 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    trial.phase = phase->name;
    snprintf(trial.binaries, sizeof trial.binaries, "%.*s", (int)(strrchr(self, '/') - self), self);
    snprintf(trial.page, sizeof trial.page, "%.480s/%s-page", trial.base, trial.phase);
    trial.breaker = breaker_new(trial.page);
    if (trial.breaker == NULL)
        trial_give_up(trial.page);
    trial.breaker->second = second;
    trial_watch(&trial);
    run_all(phase, from, step, audit_each);
    return 0;
}
