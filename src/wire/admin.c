/* SPDX-License-Identifier: MIT */
/* admin: an admin's packet, with the descriptor of its evidence. */
#include "wire/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

docket_status dk_wire_check_admin(const struct dk_admin_request *request)
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
