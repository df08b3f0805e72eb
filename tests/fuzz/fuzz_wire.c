/* SPDX-License-Identifier: MIT */
/* links: base/status wire/wire wire/admin wire/packet wire/record */
/*
 * Messages: a packet of any bytes and length, with any number of descriptors,
 * is taken for a message only if it is one, at both ends; no descriptor stays
 * behind that was not asked for.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "wire/packet.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX = 4096, FDS_SENT_MAX = 20 };

/* A bit for each of the first descriptors that is open: new ones take the lowest. */
static uint64_t open_now(void)
{
    uint64_t open = 0;
    for (int fd = 0; fd < 64; fd++)
        open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
    return open;
}

static void send_with(int fd, const void *bytes, size_t count, size_t fd_count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * FDS_SENT_MAX)];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec body = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        int *passed = (int *)(void *)CMSG_DATA(part);
        for (size_t i = 0; i < fd_count; i++)
            passed[i] = fd;
    }
    MUST(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)count);
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

static bool is_request(const uint8_t *packet, size_t size)
{
    struct dk_request request;
    if (size != sizeof request)
        return false;
    memcpy(&request, packet, sizeof request);
    return request.magic == DK_WIRE_MAGIC && request.version == DK_WIRE_VERSION &&
           ends(request.tenant, sizeof request.tenant) && ends(request.name, sizeof request.name) &&
           ends(request.settings, sizeof request.settings);
}

static bool is_reply(const uint8_t *packet, size_t size, uint32_t type)
{
    struct dk_reply reply;
    if (size != sizeof reply)
        return false;
    memcpy(&reply, packet, sizeof reply);
    return reply.magic == DK_WIRE_MAGIC && reply.version == DK_WIRE_VERSION && reply.type == type &&
           ends(reply.text, sizeof reply.text);
}

/* In memory of exactly a message's size: what goes beyond it is seen. */
static void read_request(const int ends_of[2], const uint8_t *packet, size_t size, size_t fd_count)
{
    struct dk_request *request = malloc(sizeof *request);
    MUST(request != NULL);
    send_with(ends_of[0], packet, size, fd_count);
    docket_status status = dk_wire_read(ends_of[1], request);
    if (size == 0) /* an empty packet reads like an end */
        MUST(status == DOCKET_UNREACHABLE);
    else
        MUST(status == (is_request(packet, size) ? DOCKET_OK : DOCKET_PROTOCOL));
    if (status == DOCKET_OK)
        MUST(memcmp(request, packet, sizeof *request) == 0);
    MUST(dk_wire_read(ends_of[1], request) == DOCKET_TIMEOUT);
    free(request);
}

static bool is_admin(const uint8_t *packet, size_t size)
{
    struct dk_admin_request request;
    if (size != sizeof request)
        return false;
    memcpy(&request, packet, sizeof request);
    return request.magic == DK_WIRE_MAGIC && request.version == DK_WIRE_VERSION && request.type >= DK_ADMIN_VOID &&
           request.flags <= DK_ADMIN_FLAGS && ends(request.tenant, sizeof request.tenant) &&
           ends(request.name, sizeof request.name) && ends(request.settings, sizeof request.settings) &&
           ends(request.desk, sizeof request.desk) && ends(request.user, sizeof request.user) &&
           ends(request.group, sizeof request.group) && ends(request.kind, sizeof request.kind) &&
           ends(request.reason, sizeof request.reason) && ends(request.tenants, sizeof request.tenants);
}

/* One at record speed: its items are not looked at here. */
static bool is_record(const uint8_t *packet, size_t size)
{
    struct dk_record_head head;
    if (size < sizeof head)
        return false;
    memcpy(&head, packet, sizeof head);
    return head.magic == DK_RECORD_MAGIC && dk_record_check(&head, size) == DOCKET_OK;
}

/* Any kind: one descriptor is kept, and only beside an admin's packet. */
static void read_packet(const int ends_of[2], const uint8_t *packet, size_t size, size_t fd_count)
{
    struct dk_packet *read = calloc(1, sizeof *read);
    int descriptor = 99;
    MUST(read != NULL);
    send_with(ends_of[0], packet, size, fd_count);
    docket_status status = dk_wire_read_packet(ends_of[1], read, &descriptor);
    bool admin = is_admin(packet, size);
    MUST((status == DOCKET_OK) == (admin || is_request(packet, size) || is_record(packet, size)));
    if (status == DOCKET_OK)
        MUST((read->kind == DK_PACKET_ADMIN) == admin && memcmp(&read->as, packet, size) == 0);
    MUST((descriptor >= 0) == (admin && fd_count > 0));
    if (descriptor >= 0) {
        MUST(fcntl(descriptor, F_GETFD) == FD_CLOEXEC);
        close(descriptor);
    }
    free(read);
}

static void read_reply(const int ends_of[2], const uint8_t *packet, size_t size, size_t fd_count, uint32_t type)
{
    struct dk_request request = {.type = type}, sent;
    struct dk_reply *reply = malloc(sizeof *reply);
    int fds[DK_WIRE_FDS];
    size_t kept = 0;
    MUST(reply != NULL);
    send_with(ends_of[0], packet, size, fd_count);
    docket_status status = dk_wire_ask(ends_of[1], &request, 1000000000, reply, fds);
    bool good = size > 0 && is_reply(packet, size, type);
    if (good && reply->status == DOCKET_OK)
        MUST(status == DOCKET_OK && memcmp(reply, packet, sizeof *reply) == 0);
    else
        MUST(status != DOCKET_OK);
    for (int i = 0; i < DK_WIRE_FDS; i++) {
        if (fds[i] < 0)
            continue;
        MUST(status == DOCKET_OK && fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
        close(fds[i]);
        kept++;
    }
    MUST(status != DOCKET_OK || kept == (fd_count < DK_WIRE_FDS ? fd_count : DK_WIRE_FDS));
    MUST(dk_wire_read(ends_of[0], &sent) == DOCKET_OK && sent.type == type);
    free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    uint8_t packet[PACKET_MAX];
    int pair[2];
    uint64_t choice = draw_number(&draw, 1);
    size_t fd_count = (size_t)draw_number(&draw, 1) % (FDS_SENT_MAX + 1);
    uint32_t type = (uint32_t)draw_number(&draw, 1) % 8;
    size_t length = draw.left < sizeof packet ? draw.left : sizeof packet;
    draw_bytes(&draw, packet, length);
    if ((choice & 10) == 10 && choice & 1) {
        size_t whole = sizeof(struct dk_admin_request);
        if (length < whole)
            memset(packet + length, 0, whole - length);
        length = whole + (choice >> 2 & 1);
        const uint32_t head[] = {DK_WIRE_MAGIC, DK_WIRE_VERSION, DK_ADMIN_VOID + type, packet[12] & 15};
        memcpy(packet, head, sizeof head);
    } else if (choice & 2) { /* of the right length and head, so that the rest is reached */
        size_t whole = choice & 1 ? sizeof(struct dk_request) : sizeof(struct dk_reply);
        if (length < whole)
            memset(packet + length, 0, whole - length);
        length = whole + (choice >> 2 & 1);
        const uint32_t head[] = {DK_WIRE_MAGIC, DK_WIRE_VERSION};
        memcpy(packet, head, sizeof head);
        if (!(choice & 1))
            memcpy(packet + sizeof head, &type, sizeof type);
    }
    uint64_t before = open_now();
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    if (choice & 1 && choice & 8)
        read_packet(pair, packet, length, fd_count);
    else if (choice & 1)
        read_request(pair, packet, length, fd_count);
    else
        read_reply(pair, packet, length, fd_count, type);
    close(pair[0]);
    close(pair[1]);
    MUST(open_now() == before);
    return 0;
}
