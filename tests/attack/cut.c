/* SPDX-License-Identifier: MIT */
/*
 * docket-cut: runs a program and kills it with SIGKILL as it enters its n-th system
 * call, counted in all its threads: of those that can change a file, or of all.
 *
 *     docket-cut --at N [--all] [--from-signal] --base PREFIX -- PROGRAM WORD...
 *
 * --from-signal: counted from the moment on at which docket-cut gets SIGUSR1. PREFIX.page
 * and PREFIX.log are written. SIGTERM is handed on to the program.
 * Prints "cut 1" if it was killed so, else "cut 0", and "code N" (-1: a signal).
 */
#include "breaker.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct breaker *breaker;

static void begin(int signal)
{
    (void)signal;
    breaker->armed = 1;
}

static void hand_on(int signal)
{
    if (breaker->pid > 0)
        kill(breaker->pid, signal);
}

static int usage(void)
{
    fputs("docket-cut: see its source\n", stderr);
    return 2;
}

int main(int count, char **words)
{
    static const struct option known[] = {{"at", 1, NULL, 'n'},          {"all", 0, NULL, 'a'}, {"base", 1, NULL, 'b'},
                                          {"from-signal", 0, NULL, 's'}, {NULL, 0, NULL, 0}};
    char page[PATH_MAX], log[PATH_MAX], self[PATH_MAX] = "", preload[PATH_MAX];
    const char *base = NULL;
    unsigned long long at = 0;
    bool all = false, waits = false;
    for (int letter; (letter = getopt_long(count, words, "+", known, NULL)) != -1;) {
        switch (letter) {
        case 'n': at = strtoull(optarg, NULL, 10); break;
        case 'a': all = true; break;
        case 's': waits = true; break;
        case 'b': base = optarg; break;
        default: return usage();
        }
    }
    if (at == 0 || base == NULL || optind == count || readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return usage();
    snprintf(page, sizeof page, "%.4000s.page", base);
    snprintf(log, sizeof log, "%.4000s.log", base);
    snprintf(preload, sizeof preload, "%.*s/failing.so", (int)(strrchr(self, '/') - self), self);
    breaker = breaker_new(page);
    if (breaker == NULL) {
        perror(page);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    breaker_plan(breaker, BREAK_KILL, BREAK_CALLS, at);
    breaker->changes_only = !all;
    breaker->armed = !waits;
    struct sigaction action = {.sa_handler = begin, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pid_t tracer = breaker_run(breaker, page, preload, log, words + optind);
    action.sa_handler = hand_on;
    sigaction(SIGTERM, &action, NULL);
    while (tracer > 0 && waitpid(tracer, NULL, 0) < 0)
        continue;
    int status = breaker->status;
    printf("cut %d\ncode %d\n", breaker->injected > 0, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return tracer > 0 ? 0 : 3;
}
