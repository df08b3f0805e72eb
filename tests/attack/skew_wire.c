/* SPDX-License-Identifier: MIT */
/*
 * skew, messages: a docketd of another release, played by a proxy that changes
 * one field of a reply or of the seat that it sends; and a library of another
 * release, played by requests made by hand.
 */
#include "skew.h"

#include "table/desk.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *the_realm;
static char proxy_realm[4200], proxy_runtime[64];
static int real_folder, proxy_socket;

/* What the proxy changes: a reply's field, a seat's header, or its length. */
static const struct field *changed;
static uint64_t changed_to;
static bool of_seat;
static ssize_t length;

static const struct field reply_fields[] = {
    FIELD(dk_reply, magic, REFUSED),        FIELD(dk_reply, version, VERSIONS),   FIELD(dk_reply, type, REFUSED),
    FIELD(dk_reply, status, REFUSED),       FIELD(dk_reply, desk, EITHER),        FIELD(dk_reply, slot, EITHER),
    FIELD(dk_reply, seat, EITHER),          FIELD(dk_reply, returned, SERVED),    FIELD(dk_reply, salt, EITHER),
    FIELD(dk_reply, incarnation, EITHER),   FIELD(dk_reply, store_id[0], SERVED), FIELD(dk_reply, store_id[1], SERVED),
    FIELD(dk_reply, generation, SERVED),
};

static const struct field seat_fields[] = {
    FIELD(shared_header, magic, REFUSED),
    FIELD(shared_header, layout_version, VERSIONS),
    FIELD(shared_header, header_bytes, REFUSED),
    FIELD(shared_header, compatible_flags, SERVED),
    FIELD(shared_header, incompatible_flags, REFUSED),
    FIELD(shared_header, signature, REFUSED),
    FIELD(shared_header, generation, SERVED),
    FIELD(shared_header, incarnation, REFUSED),
    FIELD(shared_header, desk, REFUSED),
    FIELD(shared_header, seat, EITHER), /* one of the values may be the seat that comes */
    FIELD(shared_header, slots_max, EITHER),
    FIELD(shared_header, rows_max, EITHER),
    FIELD(shared_header, seats_max, EITHER),
    FIELD(shared_header, lines_per_seat, EITHER),
    FIELD(shared_header, file_bytes, REFUSED),
    FIELD(shared_header, ready, REFUSED),
    FIELD(shared_header, reserved[0], SERVED),
};

static const struct field the_length = {"a reply's length", 0, 4, REFUSED};

static int open_folder(const char *realm)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/runtime", realm);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        exit(2);
    return fd;
}

static docket_status ask_docketd(const struct dk_request *request, struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    int fd;
    docket_status status = dk_wire_connect(real_folder, &fd);
    if (status != DOCKET_OK)
        return status;
    status = dk_wire_ask(fd, request, 3000000000, reply, fds);
    close(fd);
    return status;
}

static void send_on(int fd, struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * DK_WIRE_FDS)];
        struct cmsghdr aligned;
    } control;
    static char longer[sizeof *reply + 64];
    memset(&control, 0, sizeof control);
    memcpy(longer, reply, sizeof *reply);
    struct iovec body = {.iov_base = longer, .iov_len = (size_t)length};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (fds[0] >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * DK_WIRE_FDS);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int) * DK_WIRE_FDS);
        memcpy(CMSG_DATA(part), fds, sizeof(int) * DK_WIRE_FDS);
    }
    (void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void serve_one(int fd)
{
    struct dk_request request;
    struct dk_reply reply;
    int fds[DK_WIRE_FDS] = {-1, -1, -1, -1};
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, 3000) <= 0 || dk_wire_read(fd, &request) != DOCKET_OK ||
        ask_docketd(&request, &reply, fds) != DOCKET_OK)
        return;
    if (changed != NULL && of_seat && fds[2] >= 0)
        if (pwrite(fds[2], &changed_to, changed->bytes, (off_t)changed->at) < 0)
            return;
    if (changed != NULL && !of_seat)
        skew_put(&reply, changed, changed_to);
    send_on(fd, &reply, fds);
    for (int i = 0; i < DK_WIRE_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept4(proxy_socket, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve_one(fd);
        close(fd);
    }
    return NULL;
}

static void through_proxy(const char *what, const struct field *field, uint64_t value)
{
    pthread_t thread;
    (void)what;
    changed_to = value;
    if (pthread_create(&thread, NULL, serve, NULL) != 0)
        skew_wrong("no thread");
    skew_judge(field, value, field->bytes == 4 && !of_seat ? DK_WIRE_VERSION : DK_LAYOUT_VERSION,
               skew_attach(proxy_realm));
}

static void make_proxy(const char *realm)
{
    char path[4300];
    the_realm = realm;
    real_folder = open_folder(realm);
    snprintf(proxy_realm, sizeof proxy_realm, "%s.proxy", realm);
    snprintf(proxy_runtime, sizeof proxy_runtime, "/dev/shm/docket-skew.XXXXXX");
    if (mkdir(proxy_realm, 0700) != 0 || mkdtemp(proxy_runtime) == NULL)
        exit(2);
    snprintf(path, sizeof path, "%s/store", proxy_realm);
    int bad = mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/runtime", proxy_realm);
    bad += symlink(proxy_runtime, path);
    int folder = open_folder(proxy_realm);
    if (bad != 0 || dk_wire_listen(folder, 0600, &proxy_socket) != DOCKET_OK || fcntl(proxy_socket, F_SETFL, 0) != 0)
        exit(2);
    close(folder);
}

static void remove_proxy(void)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/socket", proxy_runtime);
    unlink(path);
    rmdir(proxy_runtime);
}

static void each_value(const char *what, const struct field *field, uint64_t now)
{
    uint64_t value;
    for (unsigned i = 0; i < VALUES; i++)
        if (skew_value(field, now, i, &value))
            skew_case(what, field, value, through_proxy);
}

void skew_replies(const char *realm)
{
    struct dk_request request = {.type = DK_ASK_ATTACH};
    struct dk_reply reply;
    struct shared_header seat;
    int fds[DK_WIRE_FDS];
    make_proxy(realm);
    length = sizeof reply;
    if (ask_docketd(&request, &reply, fds) != DOCKET_OK || pread(fds[2], &seat, sizeof seat, 0) != sizeof seat)
        exit(2);
    static const struct field plain = {"nothing", 0, 8, SERVED};
    skew_case("through the proxy", &plain, 0, through_proxy);
    for (size_t f = 0; f < sizeof reply_fields / sizeof reply_fields[0]; f++) {
        changed = &reply_fields[f];
        each_value("reply", changed, skew_get(&reply, changed));
    }
    of_seat = true;
    for (size_t f = 0; f < sizeof seat_fields / sizeof seat_fields[0]; f++) {
        changed = &seat_fields[f];
        each_value("seat", changed, skew_get(&seat, changed));
    }
    changed = NULL;
    static const ssize_t lengths[] = {1, 8, 16, 600 - 1, sizeof reply - 1, sizeof reply + 1, sizeof reply + 64};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        length = lengths[i];
        skew_case("reply", &the_length, (uint64_t)length, through_proxy);
    }
    remove_proxy();
}

/* ---- requests ---- */

static const struct field request_fields[] = {
    FIELD(dk_request, magic, EITHER),       FIELD(dk_request, version, VERSIONS),    FIELD(dk_request, type, EITHER),
    FIELD(dk_request, desk, EITHER),        FIELD(dk_request, slot, EITHER),         FIELD(dk_request, period, EITHER),
    FIELD(dk_request, first, EITHER),       FIELD(dk_request, count, EITHER),
    FIELD(dk_request, start_after, EITHER), FIELD(dk_request, incarnation, EITHER),
    {"tenant[0]", offsetof(struct dk_request, tenant), 1, EITHER},
    {"tenant's end", offsetof(struct dk_request, tenant) + 64, 8, EITHER},
    {"name[0]", offsetof(struct dk_request, name), 1, EITHER},
    {"name's end", offsetof(struct dk_request, name) + 64, 8, EITHER},
    {"settings[0]", offsetof(struct dk_request, settings), 1, EITHER},
    {"settings[8]", offsetof(struct dk_request, settings) + 8, 8, EITHER},
};

static struct dk_request base;
static size_t request_bytes;

/* Answered or hung up on, within three seconds; then a plain hello is answered. */
static void request_trial(const char *what, const struct field *field, uint64_t value)
{
    struct dk_request request = base;
    struct dk_reply reply;
    int fd, fds[DK_WIRE_FDS];
    char bytes[sizeof request + 64] = {0};
    if (request_bytes == sizeof request)
        skew_put(&request, field, value);
    memcpy(bytes, &request, sizeof request);
    if (dk_wire_connect(real_folder, &fd) != DOCKET_OK)
        skew_wrong("%s: docketd is gone before the request", what);
    if (send(fd, bytes, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes)
        skew_wrong("%s: cannot send", what);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, 5000) <= 0)
        skew_wrong("%s %s = %llu: docketd neither answers nor hangs up", what, field->name, (unsigned long long)value);
    ssize_t got = recv(fd, &reply, sizeof reply, 0);
    if (field->expect == VERSIONS) {
        if (got != (ssize_t)sizeof reply)
            skew_wrong("%s version %llu: docketd hangs up without a word", what, (unsigned long long)value);
        reply.text[sizeof reply.text - 1] = 0;
        skew_put(&reply, &(struct field){"", offsetof(struct dk_reply, version), 4, EITHER}, DK_WIRE_VERSION);
        dk_fail((docket_status)reply.status, "%s", reply.text);
    }
    close(fd);
    struct dk_request hello = {.type = DK_ASK_HELLO};
    struct dk_reply second;
    char sentence[sizeof reply.text];
    snprintf(sentence, sizeof sentence, "%s", docket_last_error());
    if (ask_docketd(&hello, &second, fds) != DOCKET_OK)
        skew_wrong("%s %s = %llu: then a plain hello: %s", what, field->name, (unsigned long long)value,
                   docket_last_error());
    if (field->expect == VERSIONS) {
        dk_fail((docket_status)reply.status, "%s", sentence);
        skew_judge(field, value, DK_WIRE_VERSION, (docket_status)reply.status);
    }
}

void skew_requests(const char *realm)
{
    static const char *const kinds[] = {"", "hello", "open", "declare", "attach", "give back", "fate"};
    static const size_t lengths[] = {1, 4, 8, 12, sizeof base - 1, sizeof base + 1, sizeof base + 64};
    uint64_t value;
    real_folder = open_folder(realm);
    for (uint32_t type = DK_ASK_HELLO; type <= DK_ASK_FATE; type++) {
        base = (struct dk_request){.magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION, .type = type, .count = 2,
                                   .first = 1, .settings = "order=leased\nrestart=yearly\nwindow=100\n"};
        snprintf(base.tenant, sizeof base.tenant, "acme");
        snprintf(base.name, sizeof base.name, "INV");
        request_bytes = sizeof base;
        for (size_t f = 0; f < sizeof request_fields / sizeof request_fields[0]; f++)
            for (unsigned i = 0; i < VALUES; i++)
                if (skew_value(&request_fields[f], skew_get(&base, &request_fields[f]), i, &value))
                    skew_case(kinds[type], &request_fields[f], value, request_trial);
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            request_bytes = lengths[i];
            skew_case(kinds[type], &(struct field){"a request's length", 0, 4, EITHER}, lengths[i], request_trial);
        }
    }
}
