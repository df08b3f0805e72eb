/* SPDX-License-Identifier: MIT */
#include "wire/wire.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket address has room for 107 bytes of path; going through the open
 * directory makes any realm's path short enough. */
static void address_in(int directory, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/socket", directory);
}

docket_status dk_wire_connect(int directory, int *fd)
{
    struct sockaddr_un address;
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make a socket");
    address_in(directory, &address);
    if (connect(made, (const struct sockaddr *)(const void *)&address, sizeof address) != 0) {
        int error = errno;
        close(made);
        docket_status status = error == EACCES || error == EPERM ? DOCKET_NOT_PERMITTED : DOCKET_UNREACHABLE;
        return dk_fail_errno(status, error, "docketd does not answer at the realm's socket");
    }
    *fd = made;
    return DOCKET_OK;
}

docket_status dk_wire_listen(int directory, mode_t mode, int *fd)
{
    struct sockaddr_un address;
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make the realm's socket");
    address_in(directory, &address);
    unlinkat(directory, "socket", 0); /* the store's lock says that no other docketd uses it */
    mode_t before = umask(0777);
    int bound = bind(made, (const struct sockaddr *)(const void *)&address, sizeof address);
    int error = errno;
    umask(before);
    if (bound == 0 && (fchmodat(directory, "socket", mode, 0) != 0 || listen(made, 128) != 0)) {
        error = errno;
        bound = -1;
    }
    if (bound != 0) {
        close(made);
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot listen at the realm's socket");
    }
    *fd = made;
    return DOCKET_OK;
}

/* Requests and replies of every version begin with magic and version, and a
 * reply goes on with type and status: so two releases can tell each other. */
#define VERSION_ENDS (2 * sizeof(uint32_t))

static docket_status wait_readable(int fd, int64_t until_ns)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        int ready = left_ns <= 0 ? 0 : poll(&wait, 1, (int)(left_ns / DK_MILLISECOND_NS) + 1);
        if (ready > 0)
            return DOCKET_OK;
        if (ready == 0)
            return dk_fail(DOCKET_UNREACHABLE, "docketd did not answer in time");
        if (errno != EINTR)
            return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot wait for docketd");
    }
}

/* Keeps at most so many descriptors; closes what a stranger sent beyond. */
void dk_wire_take_descriptors(void *received, int *fds, size_t most)
{
    struct msghdr *message = received;
    size_t kept = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (kept < most)
                fds[kept++] = fd;
            else
                close(fd);
        }
    }
}

static docket_status receive_reply(int fd, uint32_t type, struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 16)];
        struct cmsghdr aligned;
    } control;
    struct iovec body = {.iov_base = reply, .iov_len = sizeof *reply};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC); /* the packet's own length */
    if (got >= 0) /* an empty packet can carry descriptors too */
        dk_wire_take_descriptors(&message, fds, DK_WIRE_FDS);
    if (got <= 0)
        return dk_fail_errno(DOCKET_UNREACHABLE, got == 0 ? ECONNRESET : errno, "docketd has gone away");
    if ((size_t)got >= VERSION_ENDS && reply->magic == DK_WIRE_MAGIC && reply->version != DK_WIRE_VERSION)
        return dk_fail(DOCKET_PROTOCOL, "docketd speaks wire version %u and this library version %u; use the docketd "
                                        "and libdocket of one release",
                       reply->version, DK_WIRE_VERSION);
    if ((size_t)got != sizeof *reply || reply->magic != DK_WIRE_MAGIC || reply->version != DK_WIRE_VERSION ||
        reply->type != type || memchr(reply->text, 0, sizeof reply->text) == NULL)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered %zd bytes that this library does not understand; use the "
                                        "docketd and libdocket of one release",
                       got);
    if (reply->status != DOCKET_OK)
        return dk_fail((docket_status)reply->status, "%s", reply->text[0] ? reply->text : "docketd gives no reason");
    return DOCKET_OK;
}

docket_status dk_wire_answer_of(int fd, uint32_t type, int64_t timeout_ns, struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    for (int i = 0; i < DK_WIRE_FDS; i++)
        fds[i] = -1;
    docket_status status = wait_readable(fd, dk_clock_monotonic_ns() + timeout_ns);
    if (status == DOCKET_OK)
        status = receive_reply(fd, type, reply, fds);
    if (status != DOCKET_OK)
        dk_wire_close(fds);
    return status;
}

docket_status dk_wire_ask(int fd, const struct dk_request *request, int64_t timeout_ns, struct dk_reply *reply,
                          int fds[DK_WIRE_FDS])
{
    struct dk_request sent = *request;
    sent.magic = DK_WIRE_MAGIC;
    sent.version = DK_WIRE_VERSION;
    for (int i = 0; i < DK_WIRE_FDS; i++)
        fds[i] = -1;
    if (send(fd, &sent, sizeof sent, MSG_NOSIGNAL) != (ssize_t)sizeof sent)
        return dk_fail_errno(DOCKET_UNREACHABLE, errno, "cannot send to docketd");
    return dk_wire_answer_of(fd, request->type, timeout_ns, reply, fds);
}

docket_status dk_wire_check(const struct dk_request *request, size_t got)
{
    if (got >= VERSION_ENDS && request->magic == DK_WIRE_MAGIC && request->version != DK_WIRE_VERSION)
        return dk_fail(DOCKET_PROTOCOL, "this library speaks wire version %u and docketd version %u; use the docketd "
                                        "and libdocket of one release",
                       request->version, DK_WIRE_VERSION);
    if (got != sizeof *request || request->magic != DK_WIRE_MAGIC)
        return dk_fail(DOCKET_PROTOCOL, "%zu bytes that are no request of wire version %u", got, DK_WIRE_VERSION);
    if (memchr(request->tenant, 0, sizeof request->tenant) == NULL ||
        memchr(request->name, 0, sizeof request->name) == NULL ||
        memchr(request->settings, 0, sizeof request->settings) == NULL)
        return dk_fail(DOCKET_PROTOCOL, "a request with a name that does not end");
    return DOCKET_OK;
}

docket_status dk_wire_read(int fd, struct dk_request *request)
{
    ssize_t got = recv(fd, request, sizeof *request, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return DOCKET_TIMEOUT;
    if (got <= 0)
        return DOCKET_UNREACHABLE;
    return dk_wire_check(request, (size_t)got);
}

docket_status dk_wire_answer(int fd, struct dk_reply *reply, const int *fds, size_t fd_count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * DK_WIRE_FDS)];
        struct cmsghdr aligned;
    } control;
    memset(&control, 0, sizeof control);
    reply->magic = DK_WIRE_MAGIC;
    reply->version = DK_WIRE_VERSION;
    struct iovec body = {.iov_base = reply, .iov_len = sizeof *reply};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(part), fds, sizeof(int) * fd_count);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *reply)
        return dk_fail_errno(DOCKET_UNREACHABLE, errno, "cannot answer a worker");
    return DOCKET_OK;
}
