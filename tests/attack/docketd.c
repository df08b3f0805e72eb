/* SPDX-License-Identifier: MIT */
/* docketd as the killer's child: started, killed, stopped, its store's marks judged. */
#include "killer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void daemon_start(struct killer *killer)
{
    const struct options *options = &killer->options;
    pid_t pid = fork();
    if (pid < 0) {
        perror("killer: fork");
        exit(2);
    }
    if (pid > 0) {
        killer->daemon = pid;
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(options->daemon_log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0) {
        dup2(log, 1);
        dup2(log, 2);
    }
    execl(options->docketd, "docketd", "--realm", options->crew.realm, (char *)NULL);
    _exit(127);
}

static void say_end(struct killer *killer, int state)
{
    killer->counts.daemon_ended++;
    printf("docketd ended by itself: %s %d\n", WIFEXITED(state) ? "exit code" : "signal",
           WIFEXITED(state) ? WEXITSTATUS(state) : WTERMSIG(state));
}

bool daemon_is_there(struct killer *killer)
{
    int state;
    if (killer->daemon && waitpid(killer->daemon, &state, WNOHANG) == killer->daemon) {
        say_end(killer, state);
        killer->daemon = 0;
    }
    return killer->daemon != 0;
}

void daemon_kill(struct killer *killer)
{
    int state;
    if (!killer->daemon)
        return;
    kill(killer->daemon, SIGKILL);
    while (waitpid(killer->daemon, &state, 0) < 0 && errno == EINTR)
        ;
    killer->daemon = 0;
    if (WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL)
        killer->counts.daemon_kills++;
    else
        say_end(killer, state);
}

/* SIGTERM; in order within 30 s, else it counts as stuck. */
void daemon_stop(struct killer *killer)
{
    int state;
    if (!daemon_is_there(killer))
        return;
    kill(killer->daemon, SIGTERM);
    for (unsigned turn = 0; turn < 3000; turn++) {
        if (waitpid(killer->daemon, &state, WNOHANG) == killer->daemon) {
            killer->daemon = 0;
            /* Told to stop before it had set its handler, it just ends. */
            if ((WIFEXITED(state) && WEXITSTATUS(state) == 0) || (WIFSIGNALED(state) && WTERMSIG(state) == SIGTERM))
                killer->counts.daemon_stops++;
            else
                say_end(killer, state);
            return;
        }
        killer_sleep_us(10000);
    }
    printf("docketd did not end within 30 s of SIGTERM\n");
    killer->counts.stuck++;
    daemon_kill(killer);
}

/* The transaction numbers in LMDB's two meta pages, one of which each commit writes last. */
static const volatile uint64_t *transactions(struct killer *killer, size_t *apart)
{
    static const unsigned char *store;
    char path[1100];
    *apart = 4096 / sizeof(uint64_t);
    if (!store) {
        snprintf(path, sizeof path, "%s/store/data.mdb", killer->options.crew.realm);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            perror("killer: the store");
            exit(2);
        }
        close(fd);
        store = map;
    }
    return (const volatile uint64_t *)(const void *)(store + 144);
}

void daemon_await_commit(struct killer *killer)
{
    size_t apart;
    const volatile uint64_t *number = transactions(killer, &apart);
    uint64_t first = number[0], second = number[apart], until = crew_now_ns() + 30000000u;
    while (number[0] == first && number[apart] == second && crew_now_ns() < until)
        ;
    until = crew_now_ns() + killer_below(killer, 200000);
    while (crew_now_ns() < until)
        ;
}

/* One line of docket-marks: "tenant series period mark". */
static void judge_line(struct killer *killer, const char *line)
{
    const struct crew *crew = &killer->options.crew;
    char tenant[65], name[65];
    unsigned period;
    unsigned long long mark;
    if (sscanf(line, "%64s %64s %u %llu", tenant, name, &period, &mark) != 4)
        return;
    for (unsigned t = 0; t < crew->target_count; t++) {
        if (strcmp(crew->targets[t].tenant, tenant) != 0 || strcmp(crew->targets[t].name, name) != 0)
            continue;
        uint64_t highest = atomic_load(&crew->ground->highest[t]);
        uint64_t number = highest & (((uint64_t)1 << PERIOD_SHIFT) - 1);
        if (highest >> PERIOD_SHIFT != period)
            return;
        killer->counts.marks_read++;
        if (number < mark)
            return;
        killer->counts.marks_behind++;
        printf("%s/%s of period %u: %llu was handed out, the durable mark is %llu\n", tenant, name, period,
               (unsigned long long)number, mark);
    }
}

/* docketd is dead. The copy is made first; numbers handed out afterwards were
 * laid before the kill, so their marks must stand in the copy too. */
void daemon_judge_marks(struct killer *killer)
{
    const struct options *options = &killer->options;
    char command[2048], line[300];
    snprintf(command, sizeof command, "exec '%s' '%s' '%s'", options->marks, options->crew.realm, options->scratch);
    FILE *marks = popen(command, "r");
    while (marks && fgets(line, sizeof line, marks))
        judge_line(killer, line);
    if (!marks || pclose(marks) != 0) {
        printf("the store's copy cannot be read\n");
        killer->counts.marks_behind++;
    }
}
