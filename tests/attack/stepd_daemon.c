/* SPDX-License-Identifier: MIT */
/* stepd_daemon: starting, waiting for and killing docketd. */
#include "stepd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

extern char *docketd_path; /* stepd.c */

pid_t docketd;

void docketd_start(bool traced)
{
    docketd = fork();
    if (docketd == 0) {
        die_with_parent();
        int log = open("/dev/null", O_WRONLY);
        if (getenv("STEPD_LOG") != NULL)
            log = open(getenv("STEPD_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, STDERR_FILENO);
        dup2(log, STDOUT_FILENO);
        if (traced)
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl(docketd_path, "docketd", "--realm", run_realm, (char *)NULL);
        _exit(127);
    }
    goes_with_us = docketd;
    if (!traced)
        return;
    if (!step_await_stop(docketd)) /* at its first instruction */
        give_up("docketd cannot be started");
    ptrace(PTRACE_SETOPTIONS, docketd, NULL, (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
}

bool docketd_is_serving(void)
{
    const struct shared_board_words *words = dk_desk_words(&view.desk);
    return dk_load_relaxed(&words->docketd_pid) == (uint64_t)docketd && dk_load_acquire(&words->serving) == 1;
}

void docketd_await_serving(void)
{
    int status;
    while (!docketd_is_serving()) {
        if (waitpid(docketd, &status, WNOHANG) == docketd)
            give_up("FAULT docketd does not start after a kill: status %d", status);
        usleep(500);
    }
}

void docketd_kill(pid_t held)
{
    int status;
    kill(docketd, SIGKILL);
    /* A thread that is traced is waited for by itself, and first. */
    while (held != docketd && waitpid(held, &status, __WALL) == held && WIFSTOPPED(status))
        ;
    step_kill(docketd);
}

/* The thread that was made first after the main one. */
pid_t docketd_committer(void)
{
    char path[64];
    pid_t lowest = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)docketd);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        give_up("docketd has no threads: %s", strerror(errno));
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        pid_t thread = (pid_t)atoi(task->d_name);
        if (thread > docketd && (lowest == 0 || thread < lowest))
            lowest = thread;
    }
    closedir(tasks);
    if (lowest == 0)
        give_up("docketd has no committer");
    return lowest;
}

static bool is_wanted(void)
{
    const struct dk_desk *desk = &view.desk;
    for (size_t i = 0; i < dk_want_words(&desk->geometry); i++)
        if (dk_load_acquire(&dk_table_want_bits(desk)[i]) != 0)
            return true;
    for (uint32_t i = 0; i < desk->geometry.seats_max; i++)
        if (dk_load_acquire(&dk_desk_seat(desk, i)->state) == 2)
            return true;
    return false;
}

void docketd_await_quiet(void)
{
    uint64_t before = 0;
    for (int calm = 0; calm < 4;) {
        uint64_t now = view_hash(&view);
        calm = now == before && !is_wanted() ? calm + 1 : 0;
        before = now;
        usleep(3000);
    }
}
