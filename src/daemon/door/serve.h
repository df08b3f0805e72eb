/* SPDX-License-Identifier: MIT */
/* serve: what the files of connections and of admins' errands share. Nobody else
 * includes this. */
#ifndef DK_DAEMON_SERVE_H
#define DK_DAEMON_SERVE_H

#include "daemon/daemon.h"
#include "wire/wire.h"

enum { CONNECTIONS_MAX = 4096, PEER_GROUPS_MAX = 256, PACKETS_IN_TURN = 16 /* of one connection, at record speed */ };

struct dk_connection {
    struct dk_connection *next;
    struct dk_daemon *daemon;
    int fd;
    uid_t uid;
    pid_t pid;
    gid_t groups[PEER_GROUPS_MAX];
    uint32_t group_count;
    uint32_t asked; /* the request that waits for a commit; 0 none */
    uint32_t parcels; /* packets at record speed that wait for their answers */
    bool widened;     /* its socket has room for their answers */
    bool gone;      /* the peer left while it waited */
    int64_t heard_ns; /* monotonic */
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

/* Sends the answer; of a failure with the thread's last error. It ends the
 * waiting, so that the connection may be freed. */
void dk_serve_answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count);
/* Closes it; it is freed when nothing of it waits any more. */
void dk_serve_drop(struct dk_connection *connection);
/* A connection of docketd's own, for what is asked without a socket; far: its
 * other end. */
docket_status dk_serve_own(struct dk_daemon *daemon, struct dk_connection **own, int *far) DK_MUST_USE;

/* May this peer use the desk? NOT_PERMITTED. */
docket_status dk_serve_check_desk(const struct dk_connection *connection, const struct dk_desk_book *desk) DK_MUST_USE;

/* Names that a series can have, of a tenant whose desk this peer may use. BAD_NAME, NOT_PERMITTED. */
static inline docket_status dk_serve_check_names(const struct dk_connection *connection, const char *tenant,
                                                 const char *name)
{
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    return status == DOCKET_OK ? dk_serve_check_desk(connection, dk_series_desk(connection->daemon, tenant)) : status;
}

/* opening.c: OPEN and DECLARE. True: answered later, when its commit is durable. */
bool dk_serve_open(struct dk_connection *connection, const struct dk_request *request, docket_status *status,
                   struct dk_reply *reply);

/* opening.c: is the series what this DECLARE says? OK; EXISTS, with what is and what is wanted; what declaring it
 * anew would be refused with. */
docket_status dk_opening_compare(struct dk_daemon *daemon, const struct dk_request *request,
                                 const struct dk_series_book *series) DK_MUST_USE;

/* accounted.c: ACCOUNT. True: answered later. */
bool dk_serve_account(struct dk_connection *connection, const struct dk_request *request, docket_status *status);

/* ended.c: DATED. True: answered later. */
bool dk_serve_dated(struct dk_connection *connection, const struct dk_request *request, docket_status *status);

/* serve.c: hears one request, and answers it or keeps it. */
void dk_serve_handle(struct dk_connection *connection, const struct dk_request *request);

/* parked.c: who asks for a series when every slot is taken waits until some
 * series that nobody uses has left, and is then heard anew. True: it waits. Else
 * *status says whether there is room. */
bool dk_serve_make_room(struct dk_connection *connection, const struct dk_request *request,
                        struct dk_desk_book *desk, docket_status *status);

#endif
