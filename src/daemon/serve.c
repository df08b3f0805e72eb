/* SPDX-License-Identifier: MIT */
/*
 * serve: connections of workers and tools. Who a peer is comes from
 * SO_PEERCRED and SO_PEERGROUPS: uid and groups decide, the pid is displayed.
 * One request at a time for each connection; nothing here ever waits for a peer.
 */
#include "daemon/serve.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct waiter {
    struct waiter *next;
    struct dk_connection *connection;
};

/* A series on its way into the store. */
struct creation {
    struct dk_series_record record; /* first: the index leads to it */
    struct dk_daemon *daemon;
    struct dk_period period;
    struct waiter *waiters;
};

/* Only closes: the loop may still hold the pointer among this turn's events.
 * dk_serve_bury() frees what nobody waits for. */
static void drop(struct dk_connection *connection)
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
        if (!connection->gone || connection->asked != 0) {
            all->graves = all->graves || connection->gone;
            at = &connection->next;
            continue;
        }
        *at = connection->next;
        all->count--;
        free(connection);
    }
}

static void answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                   const int *fds, size_t fd_count)
{
    connection->asked = 0;
    reply->type = type;
    reply->status = (uint32_t)status;
    if (status != DOCKET_OK)
        snprintf(reply->text, sizeof reply->text, "%s", dk_error_text());
    if (connection->gone || dk_wire_answer(connection->fd, reply, fds, fd_count) != DOCKET_OK)
        drop(connection);
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

static docket_status check_desk(const struct dk_connection *connection, const struct dk_desk_book *desk)
{
    if (may_use(connection, desk))
        return DOCKET_OK;
    return dk_fail(DOCKET_NOT_PERMITTED, "uid %u may not use desk %s; its user and group stand in docket.conf",
                   (unsigned)connection->uid, desk->rule.name);
}

static struct dk_reply reply_for(const struct dk_series_book *series)
{
    struct dk_reply reply = {0};
    if (series != NULL) {
        reply.desk = series->desk->index;
        reply.slot = series->slot;
        reply.incarnation = series->desk->map.incarnation;
    }
    return reply;
}

/* ---- series ---- */

static void created(struct dk_job *job)
{
    struct creation *creation = job->context;
    struct dk_daemon *daemon = creation->daemon;
    struct dk_series_book *series = dk_series_book_new(daemon, &creation->record);
    docket_status status = dk_series_place(daemon, series);
    if (status == DOCKET_OK) {
        dk_periods_publish(dk_counter_new(daemon, series, &creation->period, &job->images[0]), 0);
        dk_keeper_run(daemon); /* its first numbers are there before the answer */
        dk_periods_look(daemon, series, dk_clock_wall_s());
    } else {
        dk_log(DK_LOG_ERROR, "%s/%s is in the store but not on its desk: %s", creation->record.tenant,
               creation->record.name, dk_error_text());
        dk_series_forget(daemon, series); /* its next call looks for a slot again */
    }
    dk_names_remove(&daemon->connections->coming, &creation->record);
    dk_series_desk(daemon, creation->record.tenant)->coming--;
    for (struct waiter *waiter = creation->waiters, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        struct dk_reply reply = reply_for(status == DOCKET_OK ? series : NULL);
        answer(waiter->connection, waiter->connection->asked, status, &reply, NULL, 0);
        free(waiter);
    }
    free(creation);
    dk_job_free(job);
}

static void wait_for(struct creation *creation, struct dk_connection *connection, uint32_t type)
{
    struct waiter *waiter = dk_must_alloc(1, sizeof *waiter);
    waiter->connection = connection;
    waiter->next = creation->waiters;
    creation->waiters = waiter;
    connection->asked = type;
}

static void policy_of(const struct dk_daemon *daemon, const struct dk_request *request, struct dk_policy *policy)
{
    *policy = daemon->config.policy;
    if (request->type != DK_ASK_DECLARE)
        return;
    if (request->order != DK_WIRE_DEFAULT)
        policy->order = request->order;
    if (request->restart != DK_WIRE_DEFAULT)
        policy->restart = request->restart;
    if (request->window != 0)
        policy->window = request->window;
    if (request->template_text[0] != 0)
        snprintf(policy->template_text, sizeof policy->template_text, "%.*s",
                 (int)sizeof policy->template_text - 1, request->template_text);
}

static docket_status begin_creation(struct dk_connection *connection, const struct dk_request *request,
                                    struct dk_desk_book *desk)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_policy policy;
    policy_of(daemon, request, &policy);
    if (strlen(request->template_text) > DK_TEMPLATE_BYTES)
        return dk_fail(DOCKET_BAD_POLICY, "the template has %zu bytes and %d are allowed",
                       strlen(request->template_text), DK_TEMPLATE_BYTES);
    docket_status status = dk_policy_check(&policy, request->name);
    if (status == DOCKET_OK && request->start_after >= DOCKET_NUMBER_MAX)
        status = dk_fail(DOCKET_BAD_POLICY, "start-after %llu leaves no number below %llu",
                         (unsigned long long)request->start_after, DOCKET_NUMBER_MAX + 1);
    if (status == DOCKET_OK)
        status = dk_store_make_room(daemon->store);
    if (status != DOCKET_OK)
        return status;
    struct creation *creation = dk_must_alloc(1, sizeof *creation);
    creation->daemon = daemon;
    creation->record = (struct dk_series_record){.id = daemon->connections->next_series++,
                                                 .policy = policy,
                                                 .created_ns = dk_clock_wall_ns(),
                                                 .uid = connection->uid};
    memcpy(creation->record.tenant, request->tenant, sizeof creation->record.tenant);
    memcpy(creation->record.name, request->name, sizeof creation->record.name);
    snprintf(creation->record.desk, sizeof creation->record.desk, "%s", desk->rule.name);
    dk_period_at((enum dk_restart)policy.restart, dk_clock_wall_s(), &creation->period);
    struct dk_job *job = dk_job_new(created, creation);
    job->series = dk_must_alloc(1, sizeof *job->series);
    *job->series = creation->record;
    struct dk_counter_image *image = dk_job_image(job);
    dk_image_begin(image, creation->record.id, creation->period.label, request->start_after, desk->map.incarnation);
    uint64_t room = image->extent_last + 1 - image->next;
    image->mark = image->next + (room < DK_WINDOW_MIN ? room : DK_WINDOW_MIN); /* no second commit for the first call */
    dk_job_event(job, "series", connection->uid, "%s/%s made at desk %s: %s, restarting %s, %s, start after %llu",
                 request->tenant, request->name, desk->rule.name, dk_order_name(policy.order),
                 dk_restart_name(policy.restart), policy.template_text, (unsigned long long)request->start_after);
    dk_names_add(&daemon->connections->coming, &creation->record);
    desk->coming++;
    wait_for(creation, connection, request->type);
    dk_clerk_post(daemon->clerk, job);
    return DOCKET_OK;
}

static bool same_policy(const struct dk_policy *a, const struct dk_policy *b)
{
    return a->order == b->order && a->restart == b->restart && a->window == b->window &&
           strcmp(a->template_text, b->template_text) == 0;
}

static docket_status compare_declared(const struct dk_connection *connection, const struct dk_request *request,
                                      const struct dk_series_book *series)
{
    struct dk_policy wanted;
    policy_of(connection->daemon, request, &wanted);
    if (request->type != DK_ASK_DECLARE)
        return DOCKET_OK;
    const struct dk_counter *counter = series->bank[0] != NULL ? series->bank[0] : series->bank[1];
    if (request->start_after != 0 && counter != NULL && counter->extent_first != request->start_after + 1)
        return dk_fail(DOCKET_EXISTS, "%s/%s exists and begins at %llu, not behind %llu; nothing was changed",
                       request->tenant, request->name, (unsigned long long)counter->extent_first,
                       (unsigned long long)request->start_after);
    if (same_policy(&wanted, &series->record.policy))
        return DOCKET_OK;
    return dk_fail(DOCKET_EXISTS, "%s/%s exists as %s, restarting %s, window %u, template %s; a policy is fixed at "
                                  "creation: use another series name",
                   request->tenant, request->name, dk_order_name(series->record.policy.order),
                   dk_restart_name(series->record.policy.restart), series->record.policy.window,
                   series->record.policy.template_text);
}

/* It is in memory: on the board, perhaps on its way off it. */
static void answer_where(struct dk_connection *connection, const struct dk_request *request,
                         struct dk_series_book *series, docket_status *status, struct dk_reply *reply)
{
    dk_evict_cancel(series);
    *status = compare_declared(connection, request, series);
    *reply = reply_for(series);
}

/* It is in the store, or it is new. True: answered later. */
static bool bring_series(struct dk_connection *connection, const struct dk_request *request, struct dk_desk_book *desk,
                         docket_status *status, struct dk_reply *reply)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_series_record record;
    struct dk_series_book *series;
    bool found;
    *status = dk_store_find_series(daemon->store, request->tenant, request->name, &record, &found);
    if (*status == DOCKET_OK && !found && daemon->config.declared_only && request->type == DK_ASK_OPEN)
        *status = dk_fail(DOCKET_NO_SERIES,
                          "%s/%s is not declared and this realm makes none on first use; `docket series add %s/%s` "
                          "declares it",
                          request->tenant, request->name, request->tenant, request->name);
    if (*status != DOCKET_OK)
        return false;
    if (dk_serve_make_room(connection, request, desk, status))
        return true;
    if (*status == DOCKET_OK && found)
        *status = dk_series_load(daemon, &record, &series);
    if (*status == DOCKET_OK && found) {
        answer_where(connection, request, series, status, reply);
        return false;
    }
    if (*status == DOCKET_OK)
        *status = begin_creation(connection, request, desk);
    return *status == DOCKET_OK;
}

/* True: answered later, when its commit is durable or there is room. */
static bool open_series(struct dk_connection *connection, const struct dk_request *request, docket_status *status,
                        struct dk_reply *reply)
{
    struct dk_daemon *daemon = connection->daemon;
    struct dk_desk_book *desk = dk_series_desk(daemon, request->tenant);
    *status = dk_name_check("tenant", request->tenant);
    if (*status == DOCKET_OK)
        *status = dk_name_check("series", request->name);
    if (*status == DOCKET_OK)
        *status = check_desk(connection, desk);
    if (*status != DOCKET_OK)
        return false;
    struct dk_series_book *series = dk_series_find(daemon, request->tenant, request->name);
    if (series != NULL) {
        answer_where(connection, request, series, status, reply);
        return false;
    }
    struct creation *creation =
        (struct creation *)(void *)dk_names_find(&daemon->connections->coming, request->tenant, request->name);
    if (creation != NULL) {
        wait_for(creation, connection, request->type);
        return true;
    }
    if (daemon->stopping) {
        *status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
        return false;
    }
    return bring_series(connection, request, desk, status, reply);
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
    docket_status status = check_desk(connection, desk);
    if (status != DOCKET_OK)
        return status;
    snprintf(name, sizeof name, "board-%u", desk->index);
    fds[0] = openat(daemon->runtime_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    snprintf(name, sizeof name, "table-%u", desk->index);
    fds[1] = openat(daemon->runtime_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fds[0] < 0 || fds[1] < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open the files of desk %s", desk->rule.name);
    struct dk_sitter sitter = {.uid = connection->uid, .pid = connection->pid, .knows = request->first};
    if ((desk->map.incompatible_flags & ~sitter.knows) != 0)
        status = dk_fail(DOCKET_BAD_LAYOUT,
                         "desk %s was made with flags %#llx and the caller's library knows %#llx; it needs the libdocket "
                         "of docketd's release",
                         desk->rule.name, (unsigned long long)desk->map.incompatible_flags,
                         (unsigned long long)sitter.knows);
    else
        status = dk_seat_assign(desk, &sitter, &reply->seat, &fds[2], &fds[3]);
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
    answer(connection, DK_ASK_GIVE_BACK, DOCKET_OK, &reply, NULL, 0);
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
    docket_status status = check_desk(connection, desk);
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
    *queued = (struct dk_give_back){.connection = connection, .first = request->first, .count = request->count};
    struct dk_give_back **at = &counter->give_backs;
    while (*at != NULL)
        at = &(*at)->next;
    *at = queued;
    connection->asked = DK_ASK_GIVE_BACK;
    dk_keeper_ask(counter);
    return DOCKET_OK;
}

static docket_status fate(struct dk_connection *connection, const struct dk_request *request, int *fd)
{
    struct dk_daemon *daemon = connection->daemon;
    if (request->tenant[0] == 0) {
        for (uint32_t d = 0; d < daemon->desk_count; d++) {
            docket_status status = check_desk(connection, &daemon->desks[d]);
            if (status != DOCKET_OK)
                return status;
        }
        return dk_fate_write(daemon, NULL, NULL, -1, fd);
    }
    docket_status status = check_desk(connection, dk_series_desk(daemon, request->tenant));
    return status == DOCKET_OK ? dk_fate_write(daemon, request->tenant, request->name, request->period, fd) : status;
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
        if (open_series(connection, request, &status, &reply))
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
    case DK_ASK_FATE:
        status = fate(connection, request, &fds[0]);
        fd_count = status == DOCKET_OK;
        break;
    default:
        status = dk_fail(DOCKET_PROTOCOL, "request %u is not known to this docketd", request->type);
    }
    reply.store_id[0] = daemon->facts.store_id[0];
    reply.store_id[1] = daemon->facts.store_id[1];
    reply.generation = daemon->facts.generation;
    answer(connection, request->type, status, &reply, fds, fd_count);
    for (int i = 0; i < DK_WIRE_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
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
 * up, so that it hears of it and the loop does not spin. */
static void turn_away(struct dk_daemon *daemon, int listening)
{
    struct dk_connections *all = daemon->connections;
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
        daemon->heard_ns = dk_clock_monotonic_ns();
    }
}

void dk_serve_accept(struct dk_daemon *daemon)
{
    accept_from(daemon, daemon->listen_fd);
    if (daemon->given_fd > 0)
        accept_from(daemon, daemon->given_fd);
}

void dk_serve_event(struct dk_daemon *daemon, void *token, uint32_t events)
{
    struct dk_connection *connection = token;
    struct dk_request request = {0};
    (void)events;
    if (connection->gone)
        return;
    daemon->heard_ns = dk_clock_monotonic_ns();
    docket_status status = dk_wire_read(connection->fd, &request);
    if (status == DOCKET_TIMEOUT)
        return;
    if (status == DOCKET_OK && connection->asked == 0) {
        dk_serve_handle(connection, &request);
        return;
    }
    if (status == DOCKET_PROTOCOL || status == DOCKET_OK)
        dk_log(DK_LOG_WARNING, "uid %u, pid %d sent what no library of ours sends; its connection is closed",
               (unsigned)connection->uid, (int)connection->pid);
    if (status == DOCKET_PROTOCOL && request.magic == DK_WIRE_MAGIC && connection->asked == 0) {
        struct dk_reply reply = {0}; /* a library of another release: it is told so, and does not try again */
        answer(connection, request.type, status, &reply, NULL, 0);
    }
    drop(connection);
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
