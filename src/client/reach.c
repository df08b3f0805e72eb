/* SPDX-License-Identifier: MIT */
/*
 * reach: how a process comes to docketd and to its seats. Each question is a
 * connection of its own, so that the library keeps no descriptor between calls.
 */
#include "client/inside.h"

#include "base/hash.h"
#include "table/directory.h"
#include "table/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_FIRST_NS (2 * DK_MILLISECOND_NS)
#define RETRY_LAST_NS (100 * DK_MILLISECOND_NS)

enum { PLACES_TRIED = 5 };

/* REALM/runtime, checked: on tmpfs, of the realm's owner, not writable by others. */
static docket_status open_runtime(const struct docket_realm *realm, int *directory)
{
    char path[DK_PATH_BYTES + 16];
    uid_t owner;
    if (realm->memory != NULL)
        return dk_fail(DOCKET_UNREACHABLE, "a realm in memory has no docketd; this needs a real realm");
    snprintf(path, sizeof path, "%s/runtime", realm->directory);
    docket_status status = dk_directory_open(path, directory, &owner);
    if (status == DOCKET_NO_REALM)
        return dk_fail(DOCKET_UNREACHABLE, "docketd has not run for realm %s since the machine started; start it",
                       realm->directory);
    if (status != DOCKET_OK)
        return status;
    status = dk_tmpfs_check(*directory, path);
    if (status == DOCKET_OK && owner != realm->owner)
        status = dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u and the realm to uid %u", path, (unsigned)owner,
                         (unsigned)realm->owner);
    if (status != DOCKET_OK)
        close(*directory);
    return status;
}

static docket_status check_server(const struct docket_realm *realm, int fd)
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot tell who answers for realm %s", realm->directory);
    if (peer.uid != realm->owner && peer.uid != 0)
        return dk_fail(DOCKET_UNSAFE_FILES, "uid %u answers for realm %s, which belongs to uid %u",
                       (unsigned)peer.uid, realm->directory, (unsigned)realm->owner);
    return DOCKET_OK;
}

/* A service manager may listen for docketd in the realm's own directory: who
 * connects there starts it, and waits in the socket until it serves. */
static bool has_activation(const struct docket_realm *realm)
{
    struct stat facts;
    char path[DK_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/socket", realm->directory);
    return lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

static docket_status connect_docketd(const struct docket_realm *realm, int *fd)
{
    int directory;
    uid_t owner;
    docket_status status = open_runtime(realm, &directory);
    if (status == DOCKET_OK) {
        status = dk_wire_connect(directory, fd);
        close(directory);
    }
    if (status != DOCKET_UNREACHABLE || !has_activation(realm))
        return status;
    status = dk_directory_open(realm->directory, &directory, &owner);
    if (status == DOCKET_OK) {
        status = dk_wire_connect(directory, fd);
        close(directory);
    }
    return status;
}

docket_status dk_reach_connect(struct docket_realm *realm, int *fd)
{
    docket_status status = connect_docketd(realm, fd);
    if (status != DOCKET_OK)
        return status;
    status = check_server(realm, *fd);
    if (status != DOCKET_OK)
        close(*fd);
    return status;
}

static docket_status ask_once(struct docket_realm *realm, const struct dk_request *request, int64_t timeout_ns,
                              struct dk_reply *reply, int fds[DK_WIRE_FDS], bool *sent)
{
    int fd;
    docket_status status = dk_reach_connect(realm, &fd);
    *sent = status == DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    status = dk_wire_ask(fd, request, timeout_ns, reply, fds);
    close(fd);
    return status;
}

/* docketd may be about to come back: asks again, with backoff, until the time
 * is over. What may not be said twice is said once; to be heard at all may take
 * several tries. */
docket_status dk_reach_ask(struct docket_realm *realm, const struct dk_request *request, int64_t timeout_ns,
                           struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    if (realm->memory != NULL)
        return dk_memory_answer(realm, request, fds);
    int64_t until_ns = dk_clock_monotonic_ns() + timeout_ns, pause_ns = RETRY_FIRST_NS;
    for (;;) {
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        bool sent;
        docket_status status = ask_once(realm, request, left_ns > 0 ? left_ns : 0, reply, fds, &sent);
        bool spent = sent && request->type == DK_ASK_DATED; /* it may have been heard: a second number would be lost */
        left_ns = until_ns - dk_clock_monotonic_ns();
        if (status == DOCKET_UNREACHABLE && spent)
            return dk_wrap(status, "docketd went away before it answered: it has given a number that nobody got, or none; "
                                   "`docket fate` says which");
        if (status != DOCKET_UNREACHABLE || request->type == DK_ASK_GIVE_BACK || left_ns < pause_ns) {
            if (status == DOCKET_UNREACHABLE && has_activation(realm))
                dk_wrap(status, "realm %s cannot be reached, and who listens at its socket has not started docketd; "
                                "`systemctl status docketd` says why",
                        realm->directory);
            else if (status == DOCKET_UNREACHABLE)
                dk_wrap(status, "realm %s cannot be reached; is docketd running? `docket status` shows its heartbeat",
                        realm->directory);
            return status;
        }
        struct timespec pause = {.tv_nsec = (long)pause_ns};
        nanosleep(&pause, NULL);
        pause_ns = pause_ns * 2 < RETRY_LAST_NS ? pause_ns * 2 : RETRY_LAST_NS;
    }
}

void dk_seat_leave(struct seat *seat)
{
    if (seat->base != NULL)
        munmap(seat->base, seat->bytes); /* the kernel drops the lock with the mapping */
    dk_desk_unmap(&seat->map);
    free(seat->lines);
    free(seat);
}

static docket_status fill_seat(struct seat *seat, const struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    docket_status status = dk_tmpfs_check(fds[1], "the desk");
    if (status == DOCKET_OK)
        status = dk_desk_map(&seat->map, fds[0], fds[1], false);
    if (status != DOCKET_OK) {
        close(fds[2]);
        close(fds[3]);
        return status;
    }
    struct dk_identity identity = {.incarnation = reply->incarnation, .desk = reply->desk};
    seat->number = reply->seat;
    seat->salt = reply->salt;
    status = dk_seat_map(fds[2], fds[3], &identity, reply->seat, &seat->base, &seat->bytes);
    if (status == DOCKET_OK && seat->map.incarnation != reply->incarnation)
        status = dk_fail(DOCKET_BAD_LAYOUT, "the desk that was sent is not the one that docketd spoke of");
    /* Lines are counted by the desk's geometry and lie in the seat's file. */
    if (status == DOCKET_OK && seat->bytes != dk_seat_bytes(&seat->map.geometry))
        status = dk_fail(DOCKET_BAD_LAYOUT, "seat %u has %zu bytes and its desk's seats have %zu", reply->seat,
                         seat->bytes, dk_seat_bytes(&seat->map.geometry));
    return status;
}

static docket_status take_seat(struct docket_realm *realm, uint32_t desk, int64_t timeout_ns, struct seat **taken)
{
    struct dk_request request = {.type = DK_ASK_ATTACH, .desk = desk, .first = DK_KNOWN_INCOMPATIBLE};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    docket_status status = dk_reach_ask(realm, &request, timeout_ns, &reply, fds);
    if (status != DOCKET_OK)
        return status;
    for (int i = 0; i < DK_WIRE_FDS; i++)
        if (fds[i] < 0)
            status = DOCKET_PROTOCOL;
    struct seat *seat = calloc(1, sizeof *seat);
    if (status != DOCKET_OK || seat == NULL) {
        dk_wire_close(fds);
        free(seat);
        return dk_fail(status != DOCKET_OK ? status : DOCKET_NO_MEMORY, "docketd's seat could not be taken");
    }
    status = fill_seat(seat, &reply, fds);
    close(fds[0]);
    close(fds[1]);
    if (status == DOCKET_OK) {
        seat->lines = calloc(seat->map.geometry.lines_per_seat, sizeof *seat->lines);
        if (seat->lines == NULL)
            status = dk_fail(DOCKET_NO_MEMORY, "no memory for %u lease lines", seat->map.geometry.lines_per_seat);
    }
    if (status != DOCKET_OK) {
        dk_seat_leave(seat);
        return status;
    }
    seat->live = realm->live;
    pthread_mutex_lock(&realm->live->lock);
    seat->next = realm->live->seats;
    realm->live->seats = seat;
    pthread_mutex_unlock(&realm->live->lock);
    *taken = seat;
    return DOCKET_OK;
}

bool dk_reach_moved(struct docket_realm *realm, struct seat *seat, int64_t timeout_ns)
{
    struct dk_request request = {.type = DK_ASK_HELLO, .desk = seat->map.index};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    bool sent;
    return ask_once(realm, &request, timeout_ns, &reply, fds, &sent) == DOCKET_OK &&
           reply.incarnation != 0 && reply.incarnation != seat->map.incarnation;
}

static struct seat *seat_of(struct docket_realm *realm, uint32_t desk, uint64_t incarnation)
{
    for (struct seat *seat = realm->live->seats; seat != NULL; seat = seat->next)
        if (seat->map.index == desk && seat->map.incarnation == incarnation)
            return seat;
    return NULL;
}

docket_status dk_reach_series(struct docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                              struct seat **seat, uint32_t *slot, uint64_t *generation)
{
    struct dk_request request = {.type = DK_ASK_OPEN};
    struct dk_reply reply = {0};
    int fds[DK_WIRE_FDS];
    int64_t until_ns = dk_clock_monotonic_ns() + timeout_ns;
    snprintf(request.tenant, sizeof request.tenant, "%s", tenant);
    snprintf(request.name, sizeof request.name, "%s", name);
    for (int try = 0; try < PLACES_TRIED; try++) {
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        docket_status status = dk_reach_ask(realm, &request, left_ns > 0 ? left_ns : 0, &reply, fds);
        if (status != DOCKET_OK)
            return status;
        *slot = reply.slot;
        *seat = seat_of(realm, reply.desk, reply.incarnation);
        if (*seat == NULL)
            status = take_seat(realm, reply.desk, until_ns - dk_clock_monotonic_ns(), seat);
        if (status != DOCKET_OK)
            return status;
        /* The key on the board decides, not the message. Where slots are short it
         * may have left again already. */
        if (dk_directory_is(&(*seat)->map, *slot, tenant, name, generation))
            return DOCKET_OK;
    }
    return dk_fail(DOCKET_DAMAGED, "the board of desk %u does not have %s/%s where docketd said", reply.desk, tenant,
                   name);
}
