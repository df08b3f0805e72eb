/* SPDX-License-Identifier: MIT */
#include "wire/packet.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(offsetof(struct dk_record_head, magic) == 0 && offsetof(struct dk_request, magic) == 0 &&
                   offsetof(struct dk_admin_request, magic) == 0,
               "each kind of packet begins with its magic");

static docket_status check(struct dk_packet *packet, size_t got)
{
    const struct dk_admin_request *admin = &packet->as.admin;
    if (got >= sizeof(uint32_t) && packet->as.record.head.magic == DK_RECORD_MAGIC) {
        packet->kind = DK_PACKET_RECORD;
        return dk_record_check(&packet->as.record.head, got);
    }
    if (got == sizeof *admin && admin->magic == DK_WIRE_MAGIC && admin->version == DK_WIRE_VERSION &&
        admin->type >= DK_ADMIN_VOID) {
        packet->kind = DK_PACKET_ADMIN;
        return dk_wire_check_admin(admin);
    }
    return dk_wire_check(&packet->as.request, got);
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
    packet->kind = DK_PACKET_REQUEST;
    memset(&packet->as, 0, offsetof(struct dk_request, desk)); /* of a short one nothing is left from before */
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return DOCKET_TIMEOUT;
    if (got >= 0) /* an empty packet can carry descriptors too */
        dk_wire_take_descriptors(&message, descriptor, 1);
    docket_status status = got <= 0 ? DOCKET_UNREACHABLE : check(packet, (size_t)got);
    if (*descriptor >= 0 && (status != DOCKET_OK || packet->kind != DK_PACKET_ADMIN)) {
        close(*descriptor);
        *descriptor = -1;
    }
    return status;
}
