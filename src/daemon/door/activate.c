/* SPDX-License-Identifier: MIT */
/*
 * activate: the listening socket that a service manager hands over, by the
 * contract of sd_listen_fds(3): LISTEN_PID names this process, LISTEN_FDS says
 * how many descriptors lie from 3 on. Callers that came while nobody served
 * wait in it. docketd never removes its name: it is the manager's.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

static bool read_figure(const char *name, long *value)
{
    const char *text = getenv(name);
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtol(text, &end, 10);
    return errno == 0 && *end == 0;
}

static bool is(int fd, int option, int wanted)
{
    int value;
    socklen_t bytes = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 && value == wanted;
}

docket_status dk_activate_take(int *fd)
{
    long pid, count;
    bool ours = read_figure("LISTEN_PID", &pid) && pid == (long)getpid() && read_figure("LISTEN_FDS", &count);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    *fd = 0;
    if (!ours || count == 0)
        return DOCKET_OK;
    if (count != 1)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the service manager hands over %ld sockets and docketd takes one; give its "
                                            "socket unit one ListenSequentialPacket= line",
                       count);
    if (!is(FIRST_FD, SO_DOMAIN, AF_UNIX) || !is(FIRST_FD, SO_TYPE, SOCK_SEQPACKET) || !is(FIRST_FD, SO_ACCEPTCONN, 1))
        return dk_fail(DOCKET_BAD_ARGUMENT, "what the service manager hands over is not a listening unix socket of "
                                            "type SEQPACKET; use ListenSequentialPacket=REALM/socket and Accept=no");
    int flags = fcntl(FIRST_FD, F_GETFL);
    if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot use the service manager's socket");
    *fd = FIRST_FD;
    return DOCKET_OK;
}
