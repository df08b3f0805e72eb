/* SPDX-License-Identifier: MIT */
/* connection: a peer, as serve.c knows it and admin.c asks about it. Nobody else
 * includes this. */
#ifndef DK_DAEMON_CONNECTION_H
#define DK_DAEMON_CONNECTION_H

#include "daemon/daemon.h"
#include "wire/wire.h"

enum { DK_PEER_GROUPS_MAX = 256 };

struct dk_connection {
    struct dk_connection *next;
    struct dk_daemon *daemon;
    int fd;
    uid_t uid;
    pid_t pid;
    gid_t groups[DK_PEER_GROUPS_MAX];
    uint32_t group_count;
    uint32_t asked; /* the request that waits for its answer; 0 none */
    bool gone;      /* the peer left while it waited */
};

/* Sends the answer; of a failure with the thread's last error. It ends the
 * waiting, so that the connection may be freed. */
void dk_serve_answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count);

/* A connection of docketd's own, for what is asked without a socket; far: its
 * other end. */
docket_status dk_serve_own(struct dk_daemon *daemon, struct dk_connection **own, int *far) DK_MUST_USE;

#endif
