/* SPDX-License-Identifier: MIT */
/*
 * serve: connections of workers and tools. Who a peer is comes from
 * SO_PEERCRED and SO_PEERGROUPS: uid and groups decide, the pid is displayed.
 * One request at a time for each connection; nothing here ever waits for a peer.
 */
#include "daemon/door/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "wire/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only closes: the loop may still hold the pointer among this turn's events.
 * dk_serve_bury() frees what nobody waits for. */
void dk_serve_drop(struct dk_connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->gone = true;
    connection->daemon->connections->graves = true;
}

void dk_serve_bury(struct dk_daemon *daemon)
{
    struct dk_connections *all = daemon->connections;
    if (!all->graves)
        return;
    all->graves = false;
    for (struct dk_connection **at = &all->first; *at != NULL;) {
        struct dk_connection *connection = *at;
        if (!connection->gone || connection->asked != 0 || connection->parcels != 0) {
            all->graves = all->graves || connection->gone;
            at = &connection->next;
            continue;
        }
        *at = connection->next;
        all->count--;
        free(connection);
    }
}

void dk_serve_answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count)
{
    connection->asked = 0;
    reply->type = type;
    reply->status = (uint32_t)status;
    if (status != DOCKET_OK)
        snprintf(reply->text, sizeof reply->text, "%s", dk_error_text());
    if (connection->gone || dk_wire_answer(connection->fd, reply, fds, fd_count) != DOCKET_OK)
        dk_serve_drop(connection);
}

static bool may_use(const struct dk_connection *connection, const struct dk_desk_book *desk)
{
    if (connection->uid == 0 || connection->uid == geteuid())
        return true;
    if (!desk->daemon->config.shared) /* a service manager's socket may have a looser mode than ours */
        return false;
    if (desk->rule.user_set && connection->uid == desk->rule.user)
        return true;
    for (uint32_t i = 0; desk->rule.group_set && i < connection->group_count; i++)
        if (connection->groups[i] == desk->rule.group)
            return true;
    return desk->index == 0 && !desk->rule.user_set && !desk->rule.group_set;
}

docket_status dk_serve_check_desk(const struct dk_connection *connection, const struct dk_desk_book *desk)
{
    if (may_use(connection, desk))
        return DOCKET_OK;
    return dk_fail(DOCKET_NOT_PERMITTED, "uid %u may not use desk %s; its user and group stand in docket.conf",
                   (unsigned)connection->uid, desk->rule.name);
}

/* Libraries keep connections that they used at record speed. Where there is no room for another, the one that was
 * quiet the longest ends: its library sees so before it sends, and connects anew. Own ones are nobody's, and the one that
 * was heard last is in use. */
static bool end_quietest(struct dk_daemon *daemon)
{
    struct dk_connection *quietest = NULL;
    for (struct dk_connection *at = daemon->connections->first; at != NULL; at = at->next)
        if (!at->gone && at->asked == 0 && at->parcels == 0 && at->heard_ns != 0 &&
            at->heard_ns != daemon->heard_ns &&
            (quietest == NULL || at->heard_ns < quietest->heard_ns))
            quietest = at;
    char byte;
    if (quietest == NULL || recv(quietest->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        return false; /* it has just sent something */
    dk_serve_drop(quietest);
    return true;
}

/* ---- seats, blocks, fate ---- */

static docket_status attach(struct dk_connection *connection, const struct dk_request *request, struct dk_reply *reply,
                            int fds[DK_WIRE_FDS])
{
    struct dk_daemon *daemon = connection->daemon;
    char name[48];
    if (request->desk >= daemon->desk_count)
        return dk_fail(DOCKET_BAD_ARGUMENT, "there is no desk %u", request->desk);
    if (daemon->stopping)
        return dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
    struct dk_desk_book *desk = &daemon->desks[request->desk];
    docket_status status = dk_serve_check_desk(connection, desk);
    if (status == DOCKET_OK && desk->draining)
        status = dk_fail(DOCKET_TIMEOUT, "desk %s is drained: no seat is given", desk->rule.name);
    if (status == DOCKET_OK && desk->held) /* milliseconds: the library asks again */
        status = dk_fail(DOCKET_UNREACHABLE, "desk %s is being changed for the moment", desk->rule.name);
    if (status != DOCKET_OK)
        return status;
    snprintf(name, sizeof name, "board-%u", desk->index);
    fds[0] = openat(daemon->runtime_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    snprintf(name, sizeof name, "table-%u", desk->index);
    fds[1] = openat(daemon->runtime_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fds[0] < 0 || fds[1] < 0)
        status = dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open the files of desk %s", desk->rule.name);
    struct dk_sitter sitter = {.uid = connection->uid, .pid = connection->pid, .knows = request->first};
    if (status == DOCKET_OK && (desk->map.incompatible_flags & ~sitter.knows) != 0)
        status = dk_fail(DOCKET_BAD_LAYOUT,
                         "desk %s was made with flags %#llx and the caller's library knows %#llx; it needs the libdocket "
                         "of docketd's release",
                         desk->rule.name, (unsigned long long)desk->map.incompatible_flags,
                         (unsigned long long)sitter.knows);
    else if (status == DOCKET_OK)
        status = dk_seat_assign(desk, &sitter, &reply->seat, &fds[2], &fds[3]);
    if (status == DOCKET_NO_MEMORY && end_quietest(daemon))
        status = dk_fail(DOCKET_UNREACHABLE, "docketd had no descriptor left, and has one now"); /* the library asks again */
    if (status != DOCKET_OK)
        return status;
    reply->desk = desk->index;
    reply->salt = desk->seats[reply->seat].salt;
    reply->incarnation = desk->map.incarnation;
    return DOCKET_OK;
}

void dk_serve_given_back(struct dk_connection *connection, uint32_t returned)
{
    struct dk_reply reply = {.returned = returned};
    dk_serve_answer(connection, DK_ASK_GIVE_BACK, DOCKET_OK, &reply, NULL, 0);
}

static docket_status give_back(struct dk_connection *connection, const struct dk_request *request)
{
    struct dk_daemon *daemon = connection->daemon;
    if (request->desk >= daemon->desk_count)
        return dk_fail(DOCKET_BAD_ARGUMENT, "there is no desk %u", request->desk);
    if (request->count == 0 || request->count > DOCKET_BLOCK_MAX || request->first == 0 ||
        request->first > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%u numbers from %llu are not the end of a block", request->count,
                       (unsigned long long)request->first);
    struct dk_desk_book *desk = &daemon->desks[request->desk];
    docket_status status = dk_serve_check_desk(connection, desk);
    if (status != DOCKET_OK)
        return status;
    /* By its names, since the slot may be another series' by now. */
    struct dk_series_book *series = dk_series_find(daemon, request->tenant, request->name);
    struct dk_counter *counter = series == NULL || series->desk != desk ? NULL : dk_series_on_board(series, request->period);
    if (counter == NULL || !dk_is_strict(counter) || series->quarantined || counter->closed || counter->ahead ||
        request->incarnation != desk->map.incarnation) {
        dk_serve_given_back(connection, 0); /* its period is over, or it was evicted: it stays handed out */
        return DOCKET_OK;
    }
    struct dk_give_back *queued = dk_must_alloc(1, sizeof *queued);
    *queued = (struct dk_give_back){
        .connection = connection, .first = request->first, .count = request->count, .uid = connection->uid};
    struct dk_give_back **at = &counter->give_backs;
    while (*at != NULL)
        at = &(*at)->next;
    *at = queued;
    connection->asked = DK_ASK_GIVE_BACK;
    dk_keeper_ask(counter);
    return DOCKET_OK;
}

static docket_status fate(struct dk_connection *connection, const struct dk_request *request, int fds[2])
{
    struct dk_daemon *daemon = connection->daemon;
    if (request->tenant[0] == 0) {
        for (uint32_t d = 0; d < daemon->desk_count; d++) {
            docket_status status = dk_serve_check_desk(connection, &daemon->desks[d]);
            if (status != DOCKET_OK)
                return status;
        }
        return dk_fate_write(daemon, NULL, NULL, request->period, fds);
    }
    docket_status status = dk_serve_check_desk(connection, dk_series_desk(daemon, request->tenant));
    return status == DOCKET_OK ? dk_fate_write(daemon, request->tenant, request->name[0] != 0 ? request->name : NULL,
                                                request->period, fds)
                                : status;
}

void dk_serve_handle(struct dk_connection *connection, const struct dk_request *request)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_reply reply = {0};
    int fds[DK_WIRE_FDS] = {-1, -1, -1, -1};
    size_t fd_count = 0;
    docket_status status = DOCKET_OK;
    switch (request->type) {
    case DK_ASK_HELLO:
        reply.incarnation = request->desk < daemon->desk_count ? daemon->desks[request->desk].map.incarnation : 0;
        break;
    case DK_ASK_OPEN:
    case DK_ASK_DECLARE:
        if (dk_serve_open(connection, request, &status, &reply))
            return;
        break;
    case DK_ASK_ATTACH:
        status = attach(connection, request, &reply, fds);
        fd_count = status == DOCKET_OK ? DK_WIRE_FDS : 0;
        break;
    case DK_ASK_GIVE_BACK:
        status = give_back(connection, request);
        if (status == DOCKET_OK)
            return;
        break;
    case DK_ASK_DATED:
        if (dk_serve_dated(connection, request, &status))
            return;
        break;
    case DK_ASK_ACCOUNT:
        if (dk_serve_account(connection, request, &status))
            return;
        break;
    case DK_ASK_FATE:
        status = fate(connection, request, fds);
        fd_count = status != DOCKET_OK ? 0 : fds[1] >= 0 ? 2 : 1;
        break;
    default:
        status = dk_fail(DOCKET_PROTOCOL, "request %u is not known to this docketd", request->type);
    }
    reply.store_id[0] = daemon->facts.store_id[0];
    reply.store_id[1] = daemon->facts.store_id[1];
    reply.generation = daemon->facts.generation;
    dk_serve_answer(connection, request->type, status, &reply, fds, fd_count);
    dk_wire_close(fds);
}

/* ---- connections ---- */

static docket_status know_peer(struct dk_connection *connection)
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot tell who connected");
    connection->uid = peer.uid;
    connection->pid = peer.pid;
    bytes = sizeof connection->groups;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERGROUPS, connection->groups, &bytes) == 0)
        connection->group_count = bytes / (socklen_t)sizeof connection->groups[0];
    if (connection->group_count < PEER_GROUPS_MAX)
        connection->groups[connection->group_count++] = peer.gid;
    return DOCKET_OK;
}

/* No descriptor is left: the one kept in reserve takes the caller in and hangs
 * up, so that it hears of it and the loop does not spin. It tries again, and there is room. */
static void turn_away(struct dk_daemon *daemon, int listening)
{
    struct dk_connections *all = daemon->connections;
    end_quietest(daemon);
    if (all->reserve_fd >= 0)
        close(all->reserve_fd);
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    all->reserve_fd = eventfd(0, EFD_CLOEXEC);
}

static void accept_from(struct dk_daemon *daemon, int listening)
{
    for (;;) {
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                turn_away(daemon, listening);
            return;
        }
        struct dk_connections *all = daemon->connections;
        struct dk_connection *made = all->count < CONNECTIONS_MAX ? calloc(1, sizeof *made) : NULL;
        if (made == NULL) {
            close(fd); /* the client reads that docketd has gone away, and tries again */
            end_quietest(daemon);
            continue;
        }
        made->daemon = daemon;
        made->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = made};
        if (know_peer(made) != DOCKET_OK || epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            close(fd);
            free(made);
            continue;
        }
        made->next = all->first;
        all->first = made;
        all->count++;
        made->heard_ns = daemon->heard_ns = dk_clock_monotonic_ns();
    }
}

void dk_serve_accept(struct dk_daemon *daemon)
{
    accept_from(daemon, daemon->listen_fd);
    if (daemon->given_fd > 0)
        accept_from(daemon, daemon->given_fd);
}

/* Packets at record speed may come many in a row, whatever else this connection waits for. */
static void hear_record(struct dk_connection *connection, const struct dk_packet *packet)
{
    const struct dk_record_head *head = &packet->as.record.head;
    uint8_t *bytes = dk_must_alloc(head->bytes, 1);
    memcpy(bytes, packet->as.record.bytes, head->bytes);
    dk_ledger_hear(connection, head, bytes);
}

static void hear_other(struct dk_connection *connection, const struct dk_packet *packet, int descriptor)
{
    if (packet->kind == DK_PACKET_ADMIN)
        dk_admin_hear(connection, &packet->as.admin, descriptor);
    else
        dk_serve_handle(connection, &packet->as.request);
}

static void refuse(struct dk_connection *connection, docket_status status, const struct dk_packet *packet)
{
    if (status == DOCKET_PROTOCOL || status == DOCKET_OK)
        dk_log(DK_LOG_WARNING, "uid %u, pid %d sent what no library of ours sends; its connection is closed",
               (unsigned)connection->uid, (int)connection->pid);
    if (status == DOCKET_PROTOCOL && packet->as.request.magic == DK_WIRE_MAGIC && connection->asked == 0) {
        struct dk_reply reply = {0}; /* a library of another release: it is told so, and does not try again */
        dk_serve_answer(connection, packet->as.request.type, status, &reply, NULL, 0);
    }
    if (status == DOCKET_PROTOCOL && packet->kind == DK_PACKET_RECORD)
        dk_ledger_refuse(connection, status); /* likewise: it met another docketd when it sat down */
    dk_serve_drop(connection);
}

void dk_serve_event(struct dk_daemon *daemon, void *token, uint32_t events)
{
    struct dk_connection *connection = token;
    struct dk_packet packet; /* large: what came is written, no more */
    int descriptor = -1;
    (void)events;
    for (int packets = 0; !connection->gone && packets < PACKETS_IN_TURN; packets++) {
        connection->heard_ns = daemon->heard_ns = dk_clock_monotonic_ns();
        docket_status status = dk_wire_read_packet(connection->fd, &packet, &descriptor);
        if (status == DOCKET_TIMEOUT)
            return;
        if (status == DOCKET_OK && packet.kind == DK_PACKET_RECORD) {
            hear_record(connection, &packet);
            continue;
        }
        if (status == DOCKET_OK && connection->asked == 0) {
            hear_other(connection, &packet, descriptor);
            return;
        }
        if (descriptor >= 0)
            close(descriptor);
        refuse(connection, status, &packet);
    }
}

docket_status dk_serve_own(struct dk_daemon *daemon, struct dk_connection **own, int *far)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make a pair of sockets");
    struct dk_connection *made = dk_must_alloc(1, sizeof *made);
    made->daemon = daemon;
    made->fd = ends[0];
    made->uid = geteuid();
    made->pid = getpid();
    made->next = daemon->connections->first;
    daemon->connections->first = made;
    daemon->connections->count++;
    *own = made;
    *far = ends[1];
    return DOCKET_OK;
}

uint64_t dk_serve_series_last(const struct dk_daemon *daemon)
{
    return daemon->connections->next_series - 1;
}

size_t dk_serve_count(const struct dk_daemon *daemon)
{
    return daemon->connections->count;
}

docket_status dk_serve_start(struct dk_daemon *daemon)
{
    daemon->connections = dk_must_alloc(1, sizeof *daemon->connections);
    daemon->connections->reserve_fd = eventfd(0, EFD_CLOEXEC);
    daemon->connections->next_series = daemon->facts.series_last + 1;
    if (daemon->offline)
        return DOCKET_OK; /* nobody is let in */
    docket_status status =
        dk_wire_listen(daemon->runtime_fd, daemon->config.shared ? 0666 : 0600, &daemon->listen_fd);
    if (status != DOCKET_OK)
        return status;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &daemon->listen_fd};
    struct epoll_event given = {.events = EPOLLIN, .data.ptr = &daemon->given_fd};
    if (epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, daemon->listen_fd, &event) != 0 ||
        (daemon->given_fd > 0 && epoll_ctl(daemon->epoll_fd, EPOLL_CTL_ADD, daemon->given_fd, &given) != 0))
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot watch the realm's socket");
    return DOCKET_OK;
}

void dk_serve_stop(struct dk_daemon *daemon)
{
    if (daemon->listen_fd >= 0) {
        close(daemon->listen_fd);
        unlinkat(daemon->runtime_fd, "socket", 0);
    }
    daemon->listen_fd = -1;
    if (daemon->given_fd > 0) { /* the manager holds it too: epoll would go on with it after our close */
        epoll_ctl(daemon->epoll_fd, EPOLL_CTL_DEL, daemon->given_fd, NULL);
        close(daemon->given_fd); /* who waits in it is the next docketd's */
    }
    daemon->given_fd = 0;
}
