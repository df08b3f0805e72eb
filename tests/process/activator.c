/* SPDX-License-Identifier: MIT */
/*
 * activator: a service manager's part of socket activation, for the tests.
 *
 *     activator [--stream|--deaf|--twice|--other-pid] [--now] SOCKET docketd OPTION...
 *
 * Binds SOCKET, listens, and runs docketd with LISTEN_PID and LISTEN_FDS when
 * somebody connects, and again whenever it has ended and somebody waits. With
 * --now it becomes docketd at once. The other options hand over what docketd
 * must refuse, or what is meant for another process. Says "started PID" for
 * each docketd; they end with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct wish {
    bool stream, deaf, twice, other_pid, now;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "activator: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int make_socket(const char *path, const struct wish *wish)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, (wish->stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        give_up(path);
    }
    unlink(path);
    umask(0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0 ||
        (!wish->deaf && listen(fd, 128) != 0))
        give_up(path);
    return fd;
}

static _Noreturn void become_docketd(int fd, const struct wish *wish, char **command)
{
    char text[32];
    umask(022);
    snprintf(text, sizeof text, "%d", (int)(wish->other_pid ? getppid() : getpid()));
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDS", wish->twice ? "2" : "1", 1);
    /* Not close-on-exec, at 3 and 4, wherever it was. */
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (high < 0 || dup2(high, 3) < 0 || dup2(high, 4) < 0)
        give_up("dup2");
    if (!wish->twice)
        close(4);
    execv(command[0], command);
    give_up(command[0]);
}

static void run_docketd(int fd, const struct wish *wish, char **command)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        become_docketd(fd, wish, command);
    }
    if (child < 0)
        give_up("fork");
    printf("started %d\n", (int)child);
    fflush(stdout);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

int main(int count, char **values)
{
    struct wish wish = {0};
    int at = 1;
    for (; at < count && strncmp(values[at], "--", 2) == 0; at++) {
        wish.stream |= strcmp(values[at], "--stream") == 0;
        wish.deaf |= strcmp(values[at], "--deaf") == 0;
        wish.twice |= strcmp(values[at], "--twice") == 0;
        wish.other_pid |= strcmp(values[at], "--other-pid") == 0;
        wish.now |= strcmp(values[at], "--now") == 0;
    }
    if (count - at < 2) {
        fprintf(stderr, "usage: activator [--stream|--deaf|--twice|--other-pid] [--now] SOCKET docketd OPTION...\n");
        return 2;
    }
    int fd = make_socket(values[at], &wish);
    if (wish.now)
        become_docketd(fd, &wish, values + at + 1);
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, -1) > 0)
            run_docketd(fd, &wish, values + at + 1);
    }
}
