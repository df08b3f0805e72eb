/* SPDX-License-Identifier: MIT */
/*
 * docket-kill-at: one program, killed at its N-th system call that may fail (of all its threads, from main on).
 *
 * usage: docket-kill-at N FAILING.SO SCRATCH PROGRAM WORDS...
 * Its output is in SCRATCH.log. Prints the call's name and ends with 0 if it was killed; 10: it ended before; 3: it could
 * not be run.
 */
#include "breaker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

int main(int count, char **values)
{
    char page[PATH_MAX], log[PATH_MAX];
    if (count < 5) {
        fprintf(stderr, "usage: docket-kill-at N FAILING.SO SCRATCH PROGRAM WORDS...\n");
        return 3;
    }
    snprintf(page, sizeof page, "%s.page", values[3]);
    snprintf(log, sizeof log, "%s.log", values[3]);
    struct breaker *breaker = breaker_new(page);
    if (breaker == NULL)
        return 3;
    breaker_plan(breaker, BREAK_KILL, BREAK_CALLS, strtoull(values[1], NULL, 10));
    breaker->armed = 1;
    pid_t tracer = breaker_run(breaker, page, values[2], log, values + 4);
    if (tracer < 0 || waitpid(tracer, NULL, 0) != tracer || !breaker->ended)
        return 3;
    if (breaker->injected == 0)
        return 10;
    printf("%s\n", breaker_call_name(breaker->call));
    return 0;
}
