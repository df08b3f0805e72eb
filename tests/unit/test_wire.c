/* SPDX-License-Identifier: MIT */
/* links: base/status.c wire/wire.c wire/admin.c wire/packet.c wire/record.c */
/* libs: pthread */
/* Messages between library and docketd: whole, of one release, and bounded; else a status. */
#include "wire/packet.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENT_MS = 20000, SHORT_MS = 50 };

static int here, there; /* the library's end, docketd's end */
static int fds[DK_WIRE_FDS];
static unsigned descriptors;

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (entries != NULL && readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

static int make_pair(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    here = ends[0];
    there = ends[1];
    descriptors = count_descriptors();
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    close(here);
    if (there >= 0)
        close(there);
    return 0;
}

static struct dk_request any_request(void)
{
    struct dk_request request = {.magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION, .type = DK_ASK_OPEN};
    memcpy(request.tenant, "acme", 5);
    memcpy(request.name, "INV", 4);
    return request;
}

static struct dk_reply any_reply(void)
{
    struct dk_reply reply = {.magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION, .type = DK_ASK_OPEN, .slot = 7};
    memcpy(reply.text, "a sentence", 11);
    return reply;
}

static void put(int fd, const void *bytes, size_t count)
{
    assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), (ssize_t)count);
}

/* ---- docketd reads ---- */

static void a_request_that_was_sent_is_read_whole(void **state)
{
    struct dk_request sent = any_request(), got;
    (void)state;
    sent.first = UINT64_MAX;
    sent.period = -1;
    put(here, &sent, sizeof sent);
    assert_int_equal(dk_wire_read(there, &got), DOCKET_OK);
    assert_memory_equal(&got, &sent, sizeof sent);
}

static void nothing_to_read_is_not_yet_rather_than_gone(void **state)
{
    struct dk_request got;
    (void)state;
    assert_int_equal(dk_wire_read(there, &got), DOCKET_TIMEOUT);
}

static void a_peer_that_left_is_gone(void **state)
{
    struct dk_request got;
    (void)state;
    close(here);
    assert_int_equal(dk_wire_read(there, &got), DOCKET_UNREACHABLE);
    here = dup(there);
}

static void a_request_of_another_length_is_refused(void **state)
{
    char bytes[sizeof(struct dk_request) + 64];
    struct dk_request good = any_request(), got;
    const size_t lengths[] = {1, 4, sizeof good - 1, sizeof good + 1, sizeof bytes};
    (void)state;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &good, sizeof good);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        put(here, bytes, lengths[i]);
        assert_int_equal(dk_wire_read(there, &got), DOCKET_PROTOCOL);
    }
    put(here, bytes, sizeof good); /* and none of it lingers */
    assert_int_equal(dk_wire_read(there, &got), DOCKET_OK);
}

static void a_request_of_another_kind_is_refused(void **state)
{
    static const uint32_t words[][2] = {{0, DK_WIRE_VERSION},
                                        {~DK_WIRE_MAGIC, DK_WIRE_VERSION},
                                        {DK_WIRE_MAGIC, 0},
                                        {DK_WIRE_MAGIC, DK_WIRE_VERSION + 1},
                                        {DK_WIRE_MAGIC, UINT32_MAX}};
    struct dk_request got;
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct dk_request sent = any_request();
        sent.magic = words[i][0];
        sent.version = words[i][1];
        put(here, &sent, sizeof sent);
        assert_int_equal(dk_wire_read(there, &got), DOCKET_PROTOCOL);
    }
}

static void a_name_that_does_not_end_is_refused(void **state)
{
    struct dk_request got;
    (void)state;
    for (int which = 0; which < 3; which++) {
        struct dk_request sent = any_request();
        char *const members[] = {sent.tenant, sent.name, sent.settings};
        const size_t sizes[] = {sizeof sent.tenant, sizeof sent.name, sizeof sent.settings};
        memset(members[which], 'x', sizes[which]);
        put(here, &sent, sizeof sent);
        assert_int_equal(dk_wire_read(there, &got), DOCKET_PROTOCOL);
        members[which][sizes[which] - 1] = 0;
        put(here, &sent, sizeof sent);
        assert_int_equal(dk_wire_read(there, &got), DOCKET_OK);
    }
}

static void send_with(int fd, const void *bytes, size_t count, const int *passed, size_t passed_count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 16)];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec body = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = CMSG_SPACE(sizeof(int) * passed_count);
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * passed_count);
    memcpy(CMSG_DATA(part), passed, sizeof(int) * passed_count);
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)count);
}

static void descriptors_that_a_stranger_sends_to_docketd_do_not_stay(void **state)
{
    struct dk_request sent = any_request(), got;
    const int passed[] = {0, 0, 0, 0, 0, 0, 0, 0};
    (void)state;
    send_with(here, &sent, sizeof sent, passed, 8);
    assert_int_equal(dk_wire_read(there, &got), DOCKET_OK);
    assert_int_equal(count_descriptors(), descriptors);
}

/* ---- the library asks; the answer lies in the socket already ---- */

static docket_status ask(int64_t timeout_ms, struct dk_reply *reply)
{
    struct dk_request request = {.type = DK_ASK_OPEN};
    return dk_wire_ask(here, &request, timeout_ms * DK_MILLISECOND_NS, reply, fds);
}

static void assert_no_descriptors(void)
{
    for (int i = 0; i < DK_WIRE_FDS; i++)
        assert_int_equal(fds[i], -1);
    assert_int_equal(count_descriptors(), descriptors - (there < 0));
}

static void an_answer_comes_with_its_descriptors_and_they_close_on_exec(void **state)
{
    struct dk_reply sent = any_reply(), got;
    const int passed[] = {0, 1, 2, there};
    (void)state;
    for (size_t count = 0; count <= DK_WIRE_FDS; count++) {
        assert_int_equal(dk_wire_answer(there, &sent, passed, count), DOCKET_OK);
        assert_int_equal(ask(PATIENT_MS, &got), DOCKET_OK);
        assert_int_equal(got.slot, 7);
        for (size_t i = 0; i < DK_WIRE_FDS; i++) {
            assert_int_equal(fds[i] >= 0, i < count);
            if (fds[i] >= 0)
                assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
            if (fds[i] >= 0)
                close(fds[i]);
        }
    }
}

static void the_request_goes_out_with_magic_and_version(void **state)
{
    struct dk_reply sent = any_reply(), got;
    struct dk_request request;
    (void)state;
    put(there, &sent, sizeof sent);
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_OK);
    assert_int_equal(dk_wire_read(there, &request), DOCKET_OK);
    assert_int_equal(request.type, DK_ASK_OPEN);
}

static void an_answer_of_another_length_is_refused(void **state)
{
    char bytes[sizeof(struct dk_reply) + 64];
    struct dk_reply good = any_reply(), got;
    const size_t lengths[] = {1, sizeof good - 1, sizeof good + 1, sizeof bytes};
    unsigned accepted = 0;
    (void)state;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &good, sizeof good);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        put(there, bytes, lengths[i]);
        docket_status status = ask(PATIENT_MS, &got);
        if (status != DOCKET_PROTOCOL)
            print_error("%zu bytes instead of %zu: %s\n", lengths[i], sizeof good, docket_status_name(status));
        accepted += status != DOCKET_PROTOCOL;
    }
    assert_int_equal(accepted, 0);
}

static void an_answer_of_another_kind_is_refused_and_its_descriptors_closed(void **state)
{
    const int passed[] = {0, 1, 2};
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct dk_reply sent = any_reply(), got;
        if (which == 0)
            sent.magic ^= 1;
        if (which == 1)
            sent.version++;
        if (which == 2)
            sent.type = DK_ASK_ATTACH;
        if (which == 3)
            memset(sent.text, 'x', sizeof sent.text);
        send_with(there, &sent, sizeof sent, passed, 3);
        assert_int_equal(ask(PATIENT_MS, &got), DOCKET_PROTOCOL);
        assert_no_descriptors();
    }
}

static void an_empty_answer_leaves_no_descriptors(void **state)
{
    struct dk_reply got;
    const int passed[] = {0, 1, 2};
    (void)state;
    send_with(there, "", 0, passed, 3);
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_UNREACHABLE);
    assert_no_descriptors();
}

static void more_descriptors_than_agreed_are_closed(void **state)
{
    struct dk_reply sent = any_reply(), got;
    const int passed[16] = {0};
    (void)state;
    send_with(there, &sent, sizeof sent, passed, 16);
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_OK);
    assert_int_equal(count_descriptors(), descriptors + DK_WIRE_FDS);
    for (int i = 0; i < DK_WIRE_FDS; i++)
        close(fds[i]);
}

static void a_refusal_is_its_status_and_its_sentence_without_descriptors(void **state)
{
    struct dk_reply sent = any_reply(), got;
    const int passed[] = {0, 1};
    (void)state;
    sent.status = DOCKET_REALM_FULL;
    send_with(there, &sent, sizeof sent, passed, 2);
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_REALM_FULL);
    assert_string_equal(dk_error_text(), "a sentence");
    assert_no_descriptors();
}

static void a_docketd_that_left_is_unreachable(void **state)
{
    struct dk_reply got;
    (void)state;
    close(there);
    there = -1;
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_UNREACHABLE);
    assert_no_descriptors();
}

static void *leave_after_a_while(void *unused)
{
    usleep(SHORT_MS * 1000);
    close(there);
    there = -1;
    return unused;
}

static void a_docketd_that_leaves_while_it_is_waited_for_is_unreachable(void **state)
{
    struct dk_reply got;
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, leave_after_a_while, NULL), 0);
    assert_int_equal(ask(PATIENT_MS, &got), DOCKET_UNREACHABLE);
    pthread_join(thread, NULL);
    assert_no_descriptors();
}

static void a_docketd_that_says_nothing_is_unreachable_after_the_timeout(void **state)
{
    struct dk_reply got;
    (void)state;
    int64_t before_ns = dk_clock_monotonic_ns();
    assert_int_equal(ask(SHORT_MS, &got), DOCKET_UNREACHABLE);
    assert_true(dk_clock_monotonic_ns() - before_ns >= SHORT_MS * DK_MILLISECOND_NS);
    assert_non_null(strstr(dk_error_text(), "in time"));
    assert_int_equal(ask(0, &got), DOCKET_UNREACHABLE);
    assert_int_equal(ask(-5, &got), DOCKET_UNREACHABLE);
    assert_no_descriptors();
}

/* ---- docketd answers ---- */

static void an_answer_to_a_peer_that_left_is_a_status_and_no_signal(void **state)
{
    struct dk_reply reply = any_reply();
    (void)state;
    close(here);
    assert_int_equal(dk_wire_answer(there, &reply, NULL, 0), DOCKET_UNREACHABLE);
    here = dup(there);
}

static void a_peer_that_does_not_read_cannot_hold_docketd(void **state)
{
    struct dk_reply reply = any_reply();
    int sent = 0;
    (void)state;
    while (sent < 1000000 && dk_wire_answer(there, &reply, NULL, 0) == DOCKET_OK)
        sent++;
    assert_in_range(sent, 1, 999999); /* full, and back at once */
}

/* ---- the socket in a directory ---- */

static char folder[160];
static int folder_fd;

static int make_deep_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/docket-wire-XXXXXX");
    assert_non_null(mkdtemp(folder));
    size_t used = strlen(folder);
    snprintf(folder + used, sizeof folder - used, "/%0120d", 7); /* longer than a socket address holds */
    assert_int_equal(mkdir(folder, 0700), 0);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder_fd >= 0);
    return 0;
}

static int remove_deep_folder(void **state)
{
    (void)state;
    unlinkat(folder_fd, "socket", 0);
    close(folder_fd);
    rmdir(folder);
    *strrchr(folder, '/') = 0;
    rmdir(folder);
    return 0;
}

static void a_socket_in_a_deep_directory_is_reached(void **state)
{
    int listening, connected;
    struct stat facts;
    (void)state;
    assert_int_equal(dk_wire_listen(folder_fd, 0600, &listening), DOCKET_OK);
    assert_int_equal(fstatat(folder_fd, "socket", &facts, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(dk_wire_connect(folder_fd, &connected), DOCKET_OK);
    int accepted = accept(listening, NULL, NULL);
    struct dk_request request = any_request(), got;
    put(connected, &request, sizeof request);
    assert_int_equal(dk_wire_read(accepted, &got), DOCKET_OK);
    close(accepted);
    close(connected);
    close(listening);
}

static void a_socket_that_nobody_listens_at_is_unreachable(void **state)
{
    int listening, connected;
    (void)state;
    unsigned before = count_descriptors();
    assert_int_equal(dk_wire_connect(folder_fd, &connected), DOCKET_UNREACHABLE);
    assert_int_equal(dk_wire_listen(folder_fd, 0600, &listening), DOCKET_OK);
    close(listening); /* killed: the name stays */
    assert_int_equal(dk_wire_connect(folder_fd, &connected), DOCKET_UNREACHABLE);
    assert_int_equal(dk_wire_listen(folder_fd, 0666, &listening), DOCKET_OK); /* and is taken over */
    close(listening);
    assert_int_equal(count_descriptors(), before);
}

/* ---- an admin's packet ---- */

static struct dk_admin_request an_admin(void)
{
    struct dk_admin_request request = {
        .magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION, .type = DK_ADMIN_RECONCILE, .period = -1};
    memcpy(request.tenant, "acme", 5);
    memcpy(request.reason, "because", 8);
    return request;
}

static void an_admins_packet_arrives_with_its_descriptor(void **state)
{
    (void)state;
    struct dk_admin_request sent = an_admin();
    struct dk_packet packet;
    struct dk_reply reply;
    int descriptor = -1;
    int file = memfd_create("evidence", MFD_CLOEXEC);
    /* Nobody answers: sent is what counts. */
    assert_int_equal(dk_wire_ask_admin(here, &sent, file, 0, &reply, fds), DOCKET_UNREACHABLE);
    close(file);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_OK);
    assert_true(packet.kind == DK_PACKET_ADMIN);
    assert_memory_equal(&packet.as.admin, &sent, sizeof sent);
    assert_true(descriptor >= 0);
    assert_int_equal(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
    close(descriptor);
    assert_int_equal(count_descriptors(), descriptors);
}

static void an_admins_packet_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct dk_packet packet;
    int descriptor;
    enum { CASES = 6 };
    struct dk_admin_request cases[CASES];
    for (int i = 0; i < CASES; i++)
        cases[i] = an_admin();
    cases[0].magic++;
    cases[1].version++;
    cases[2].type = DK_ASK_OPEN;
    cases[3].flags = DK_ADMIN_FLAGS + 1;
    memset(cases[4].reason, 'x', sizeof cases[4].reason);
    memset(cases[5].settings, 'x', sizeof cases[5].settings);
    for (int i = 0; i < CASES; i++) {
        assert_int_equal(send(here, &cases[i], sizeof cases[i], 0), sizeof cases[i]);
        assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_PROTOCOL);
        assert_int_equal(descriptor, -1);
    }
    struct dk_admin_request whole = an_admin();
    assert_int_equal(send(here, &whole, sizeof whole - 1, 0), sizeof whole - 1);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_PROTOCOL);
}

static void a_workers_request_is_told_from_an_admins(void **state)
{
    (void)state;
    struct dk_packet packet;
    int descriptor;
    struct dk_request request = any_request();
    assert_int_not_equal(sizeof request, sizeof(struct dk_admin_request));
    assert_int_equal(send(here, &request, sizeof request, 0), sizeof request);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_OK);
    assert_false(packet.kind == DK_PACKET_ADMIN);
    assert_memory_equal(&packet.as.request, &request, sizeof request);
}

#define AT_A_PAIR(name) cmocka_unit_test_setup_teardown(name, make_pair, close_pair)
#define IN_A_DEEP_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_deep_folder, remove_deep_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_PAIR(a_request_that_was_sent_is_read_whole),
        AT_A_PAIR(nothing_to_read_is_not_yet_rather_than_gone),
        AT_A_PAIR(a_peer_that_left_is_gone),
        AT_A_PAIR(a_request_of_another_length_is_refused),
        AT_A_PAIR(a_request_of_another_kind_is_refused),
        AT_A_PAIR(a_name_that_does_not_end_is_refused),
        AT_A_PAIR(descriptors_that_a_stranger_sends_to_docketd_do_not_stay),
        AT_A_PAIR(an_answer_comes_with_its_descriptors_and_they_close_on_exec),
        AT_A_PAIR(the_request_goes_out_with_magic_and_version),
        AT_A_PAIR(an_answer_of_another_length_is_refused),
        AT_A_PAIR(an_answer_of_another_kind_is_refused_and_its_descriptors_closed),
        AT_A_PAIR(an_empty_answer_leaves_no_descriptors),
        AT_A_PAIR(more_descriptors_than_agreed_are_closed),
        AT_A_PAIR(a_refusal_is_its_status_and_its_sentence_without_descriptors),
        AT_A_PAIR(a_docketd_that_left_is_unreachable),
        AT_A_PAIR(a_docketd_that_leaves_while_it_is_waited_for_is_unreachable),
        AT_A_PAIR(a_docketd_that_says_nothing_is_unreachable_after_the_timeout),
        AT_A_PAIR(an_answer_to_a_peer_that_left_is_a_status_and_no_signal),
        AT_A_PAIR(a_peer_that_does_not_read_cannot_hold_docketd),
        IN_A_DEEP_FOLDER(a_socket_in_a_deep_directory_is_reached),
        IN_A_DEEP_FOLDER(a_socket_that_nobody_listens_at_is_unreachable),
        AT_A_PAIR(an_admins_packet_arrives_with_its_descriptor),
        AT_A_PAIR(an_admins_packet_that_is_not_whole_is_refused),
        AT_A_PAIR(a_workers_request_is_told_from_an_admins),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
