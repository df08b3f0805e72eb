/* SPDX-License-Identifier: MIT */
/* admin: an admin's packet, with the descriptor of its evidence. */
#include "wire/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

docket_status dk_wire_ask_admin(int fd, const struct dk_admin_request *request, int descriptor, int64_t timeout_ns,
                                struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct dk_admin_request sent = *request;
    struct iovec body = {.iov_base = &sent, .iov_len = sizeof sent};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    memset(&control, 0, sizeof control);
    sent.magic = DK_WIRE_MAGIC;
    sent.version = DK_WIRE_VERSION;
    for (int i = 0; i < DK_WIRE_FDS; i++)
        fds[i] = -1;
    if (descriptor >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) != (ssize_t)sizeof sent)
        return dk_fail_errno(DOCKET_UNREACHABLE, errno, "cannot send to docketd");
    return dk_wire_answer_of(fd, request->type, timeout_ns, reply, fds);
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

static docket_status check_admin(const struct dk_admin_request *request)
{
    bool ended = ends(request->tenant, sizeof request->tenant) && ends(request->name, sizeof request->name) &&
                 ends(request->settings, sizeof request->settings) &&
                 ends(request->desk, sizeof request->desk) && ends(request->user, sizeof request->user) &&
                 ends(request->group, sizeof request->group) && ends(request->kind, sizeof request->kind) &&
                 ends(request->reason, sizeof request->reason) && ends(request->tenants, sizeof request->tenants);
    if (!ended)
        return dk_fail(DOCKET_PROTOCOL, "an admin's request with a text that does not end");
    if (request->flags > DK_ADMIN_FLAGS)
        return dk_fail(DOCKET_PROTOCOL, "an admin's request with flags 0x%x that this docketd does not know",
                       request->flags);
    return DOCKET_OK;
}

static docket_status check(struct dk_packet *packet, size_t got)
{
    const struct dk_admin_request *admin = &packet->as.admin;
    packet->is_admin = got == sizeof *admin && admin->magic == DK_WIRE_MAGIC && admin->version == DK_WIRE_VERSION &&
                       admin->type >= DK_ADMIN_VOID;
    return packet->is_admin ? check_admin(admin) : dk_wire_check(&packet->as.request, got);
}

docket_status dk_wire_read_packet(int fd, struct dk_packet *packet, int *descriptor)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 4)];
        struct cmsghdr aligned;
    } control;
    struct iovec body = {.iov_base = &packet->as, .iov_len = sizeof packet->as};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    packet->is_admin = false;
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return DOCKET_TIMEOUT;
    if (got >= 0) /* an empty packet can carry descriptors too */
        dk_wire_take_descriptors(&message, descriptor, 1);
    docket_status status = got <= 0 ? DOCKET_UNREACHABLE : check(packet, (size_t)got);
    if (*descriptor >= 0 && (status != DOCKET_OK || !packet->is_admin)) {
        close(*descriptor);
        *descriptor = -1;
    }
    return status;
}
