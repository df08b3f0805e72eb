/* SPDX-License-Identifier: MIT */
/*
 * ledger_server: a docketd of the test's own, that answers, hangs up or keeps silent as it is told, and what of
 * the library lies between it and the calls at record speed. For test_ledger_client.c only.
 */
#ifndef DK_TESTS_LEDGER_SERVER_H
#define DK_TESTS_LEDGER_SERVER_H

#include "client/ledger.h"
#include "wire/packet.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a docketd ---- */

enum move { ANSWER, HANG_UP, SILENT, REFUSE, SHORT, WRONG_TAG, TORN, IN_PIECES, BUSY_LAST };

static struct {
    pthread_mutex_t lock;
    _Atomic bool away;        /* nobody listens */
    enum move moves[64];      /* for each packet that comes; ANSWER after them */
    docket_status refusal;
    uint32_t packets, connections, hellos;
    uint32_t turned_away;     /* so many connections are hung up, unread */
    uint32_t items[64];       /* of each packet */
    struct dk_record_head last;
    char last_key[DK_KEY_MAX + 1], last_text[DOCKET_TEXT_MAX], last_hold[DK_KEY_MAX + 1], last_reason[DK_NOTE_MAX + 1];
    struct dk_record_item last_item;
    uint32_t most_waiting;    /* items that came before any of them was answered */
    bool late;                /* answers when nothing more has come for a while */
    struct dk_record_answer answer; /* to every item; number 0: counts on */
    uint64_t given;
    uint32_t fail_from;       /* items from this one on ... */
    docket_status fail_with;  /* ... have this status */
    uint32_t salt_known;      /* another salt: NOT_PERMITTED */
} server;

static struct docket_realm realm;
static struct docket_series series;
static struct hand hand;
static struct seat seat;
static uint32_t hands_bound;

static void answer_packet(int fd, const struct dk_record_head *head, const uint8_t *bytes, enum move move)
{
    static __thread struct dk_record_writer writer;
    struct dk_record_reader reader;
    struct dk_record_item item;
    char text[32];
    dk_record_begin(&writer, head->type);
    writer.head.tag = head->tag + (move == WRONG_TAG);
    if (move == REFUSE) {
        writer.head.status = server.refusal;
        snprintf(writer.head.text, sizeof writer.head.text, "refused by the test");
        (void)!dk_record_send(fd, &writer, DK_SECOND_NS);
        return;
    }
    dk_record_read(&reader, head, bytes);
    for (uint32_t i = 0; dk_record_next(&reader, &item); i++) {
        struct dk_record_answer answer = server.answer;
        if (answer.number == 0 && head->type == DK_RECORD_ISSUE) {
            answer.number = ++server.given;
            answer.state = DK_STATE_ISSUED;
            answer.period = 2026;
            answer.attempts = head->attempt;
            snprintf(text, sizeof text, "INV-%06llu", (unsigned long long)answer.number);
            answer.text = text;
        }
        if (server.fail_with != DOCKET_OK && server.given > server.fail_from)
            answer.status = server.fail_with;
        if (server.salt_known != 0 && head->salt != server.salt_known)
            answer.status = DOCKET_NOT_PERMITTED;
        if (move == SHORT && i + 1 == head->count)
            break;
        if (move == IN_PIECES && writer.head.count == 7) {
            writer.head.more = 1;
            (void)!dk_record_send(fd, &writer, DK_SECOND_NS);
            dk_record_begin(&writer, head->type);
            writer.head.tag = head->tag;
        }
        assert_true(dk_record_put_answer(&writer, &answer));
    }
    dk_record_reader_end(&reader);
    if (move == TORN)
        writer.bytes[0]++;
    (void)!dk_record_send(fd, &writer, DK_SECOND_NS);
}

static void note(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader;
    struct dk_record_item item;
    server.last = *head;
    dk_record_read(&reader, head, bytes);
    while (dk_record_next(&reader, &item)) {
        server.last_item = item;
        snprintf(server.last_key, sizeof server.last_key, "%s", item.key);
        snprintf(server.last_text, sizeof server.last_text, "%s", item.text);
        snprintf(server.last_hold, sizeof server.last_hold, "%s", item.hold);
        snprintf(server.last_reason, sizeof server.last_reason, "%s", item.reason);
    }
    if (server.packets < 64)
        server.items[server.packets] = head->count;
}

/* The next packet at record speed; a hello before it is answered. */
static bool next_packet(int fd, struct dk_record_head *head, uint8_t *bytes)
{
    static __thread struct dk_packet packet;
    struct dk_reply reply = {.type = DK_ASK_HELLO};
    int descriptor;
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 20000) <= 0 || dk_wire_read_packet(fd, &packet, &descriptor) != DOCKET_OK)
            return false;
        if (packet.kind == DK_PACKET_RECORD)
            break;
        pthread_mutex_lock(&server.lock);
        server.hellos++;
        pthread_mutex_unlock(&server.lock);
        assert_int_equal(packet.as.request.type, DK_ASK_HELLO);
        assert_int_equal(dk_wire_answer(fd, &reply, NULL, 0), DOCKET_OK);
    }
    *head = packet.as.record.head;
    memcpy(bytes, packet.as.record.bytes, head->bytes);
    return true;
}

struct waiting {
    struct dk_record_head head;
    uint8_t bytes[DK_RECORD_BYTES];
};

static void *serve(void *context)
{
    int fd = (int)(intptr_t)context;
    struct waiting *kept = calloc(16, sizeof *kept);
    uint32_t count = 0, items = 0;
    for (;;) {
        if (!next_packet(fd, &kept[count].head, kept[count].bytes))
            break;
        pthread_mutex_lock(&server.lock);
        note(&kept[count].head, kept[count].bytes);
        enum move move = server.packets < 64 ? server.moves[server.packets] : ANSWER;
        server.packets++;
        items += kept[count++].head.count;
        if (items > server.most_waiting)
            server.most_waiting = items;
        bool goes_on = move != HANG_UP;
        struct pollfd more = {.fd = fd, .events = POLLIN};
        bool goes_first = server.late && count < 16 && poll(&more, 1, 100) > 0;
        if (goes_on && move != SILENT && !goes_first) {
            for (uint32_t i = 0; i < count; i++)
                answer_packet(fd, &kept[i].head, kept[i].bytes, move);
            count = items = 0;
        }
        pthread_mutex_unlock(&server.lock);
        if (!goes_on)
            break;
        if (count == 16 || move == SILENT)
            count = items = 0;
    }
    close(fd);
    free(kept);
    return NULL;
}

static pthread_t threads[64];
static size_t thread_count;

docket_status dk_reach_connect(struct docket_realm *of, int *fd)
{
    int ends[2];
    (void)of;
    if (server.away)
        return dk_fail(DOCKET_UNREACHABLE, "nobody listens");
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    server.connections++;
    *fd = ends[0];
    if (server.turned_away > 0) {
        server.turned_away--;
        close(ends[1]);
        return DOCKET_OK;
    }
    assert_in_range(thread_count, 0, 63);
    assert_int_equal(pthread_create(&threads[thread_count++], NULL, serve, (void *)(intptr_t)ends[1]), 0);
    return DOCKET_OK;
}

docket_status dk_hand_make(struct docket_series *of, int64_t timeout_ns, struct hand **made)
{
    assert_ptr_equal(of, &series);
    assert_true(timeout_ns > 0);
    *made = &hand;
    return DOCKET_OK;
}

docket_status dk_hand_bind(struct hand *of, bool fresh, int64_t timeout_ns)
{
    assert_true(of == &hand && fresh && timeout_ns > 0);
    hands_bound++;
    seat.salt = 99;
    return DOCKET_OK;
}

bool dk_reach_moved(struct docket_realm *of, struct seat *at, int64_t timeout_ns)
{
    (void)timeout_ns;
    assert_true(of == &realm && at == &seat);
    return seat.salt != 99;
}

static bool inside;

/* What the test says and docketd's thread hears, and the other way round. */
static void meet(void)
{
    pthread_mutex_lock(&server.lock);
    pthread_mutex_unlock(&server.lock);
}

bool dk_slow_enter(void)
{
    bool was = inside;
    inside = true;
    meet();
    return !was;
}

void dk_slow_leave(void)
{
    meet();
    inside = false;
}

static int set_up(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    memset(&realm, 0, sizeof realm);
    memset(&seat, 0, sizeof seat);
    server.answer.text = server.answer.sentence = "";
    realm.live = mmap(NULL, DK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(madvise(realm.live, DK_PAGE, MADV_WIPEONFORK), 0);
    series = (struct docket_series){.realm = &realm, .tenant = "acme", .name = "INV"};
    hand = (struct hand){.seat = &seat};
    seat.number = 3;
    seat.salt = 7;
    seat.map.index = 1;
    hands_bound = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_false(inside);
    dk_lines_end(&realm);
    for (size_t i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    thread_count = 0;
    munmap(realm.live, DK_PAGE);
    return 0;
}

#define TIME (20 * DK_SECOND_NS)

static docket_status issue_key(const char *key, struct docket_number *got)
{
    return docket_issue(&series, &(struct docket_issue){.key = key}, TIME, got);
}

#endif
