/* SPDX-License-Identifier: MIT */
/* serve: what the two files of connections share. Nobody else includes this. */
#ifndef DK_DAEMON_SERVE_H
#define DK_DAEMON_SERVE_H

#include "daemon/daemon.h"
#include "wire/wire.h"

enum { CONNECTIONS_MAX = 4096, PEER_GROUPS_MAX = 256 };

struct dk_connection {
    struct dk_connection *next;
    struct dk_daemon *daemon;
    int fd;
    uid_t uid;
    pid_t pid;
    gid_t groups[PEER_GROUPS_MAX];
    uint32_t group_count;
    uint32_t asked; /* the request that waits for a commit; 0 none */
    bool gone;      /* the peer left while it waited */
    bool out_of_patience; /* it has waited for a slot long enough */
};

/* A request that waits for a slot; parked.c. */
struct parked {
    struct parked *next;
    struct dk_connection *connection;
    struct dk_request request;
    int64_t until_ns;
};

struct dk_connections {
    struct dk_connection *first;
    struct dk_names coming; /* creations */
    struct parked *parked;
    size_t count;
    bool graves;
    int reserve_fd;
    uint64_t next_series;
};

/* serve.c: hears one request, and answers it or keeps it. */
void dk_serve_handle(struct dk_connection *connection, const struct dk_request *request);

/* parked.c: who asks for a series when every slot is taken waits until some
 * series that nobody uses has left, and is then heard anew. True: it waits. Else
 * *status says whether there is room. */
bool dk_serve_make_room(struct dk_connection *connection, const struct dk_request *request,
                        struct dk_desk_book *desk, docket_status *status);

#endif
