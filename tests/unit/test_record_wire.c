/* SPDX-License-Identifier: MIT */
/* links: base/status.c wire/wire.c wire/admin.c wire/packet.c wire/record.c */
/* libs: pthread */
/* Packets at record speed: what is put is read; what is cut, longer or shorter than it says, is not. */
#include "wire/packet.h"

#include "base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct dk_record_writer writer;

/* ---- what is put is read ---- */

static struct dk_record_item full_item(void)
{
    return (struct dk_record_item){.flags = 5,
                                   .date = 20261124,
                                   .count = 10000,
                                   .expires_s = 86400,
                                   .period = -1,
                                   .number = DOCKET_NUMBER_MAX,
                                   .key = "order-4711",
                                   .hold = "M\xc3\xbcller's",
                                   .text = "INV-000001",
                                   .trace = "00-4bf92f",
                                   .metadata = "{\"a\":1}",
                                   .reason = "typed twice"};
}

static struct dk_record_item empty_item(void)
{
    return (struct dk_record_item){.key = "", .hold = "", .text = "", .trace = "", .metadata = "", .reason = NULL};
}

static void same_item(const struct dk_record_item *one, const struct dk_record_item *other)
{
    assert_int_equal(one->flags, other->flags);
    assert_int_equal(one->date, other->date);
    assert_int_equal(one->count, other->count);
    assert_int_equal(one->expires_s, other->expires_s);
    assert_int_equal(one->period, other->period);
    assert_int_equal(one->number, other->number);
    assert_string_equal(one->key, other->key);
    assert_string_equal(one->hold, other->hold);
    assert_string_equal(one->text, other->text);
    assert_string_equal(one->trace, other->trace);
    assert_string_equal(one->metadata, other->metadata);
    assert_string_equal(one->reason, other->reason != NULL ? other->reason : "");
}

static void items_come_out_as_they_were_put(void **state)
{
    (void)state;
    const struct dk_record_item put[] = {full_item(), empty_item(), full_item()};
    struct dk_record_reader reader;
    struct dk_record_item item;
    dk_record_begin(&writer, DK_RECORD_ISSUE);
    for (size_t i = 0; i < 3; i++)
        assert_true(dk_record_put(&writer, &put[i]));
    assert_int_equal(writer.head.count, 3);
    dk_record_read(&reader, &writer.head, writer.bytes);
    for (size_t i = 0; i < 3; i++) {
        assert_true(dk_record_next(&reader, &item));
        same_item(&item, &put[i]);
    }
    assert_false(dk_record_next(&reader, &item));
    assert_false(reader.damaged);
    dk_record_reader_end(&reader);
}

static void answers_come_out_as_they_were_put(void **state)
{
    (void)state;
    static const struct dk_record_run runs[] = {{1, 1}, {2, 2}, {4, 200}, {1000, 1001}, {DOCKET_NUMBER_MAX, DOCKET_NUMBER_MAX}};
    const struct dk_record_answer put[] = {
        {.status = 49, .date = 20261124, .period = 2026, .state = 1, .again = 1, .attempts = 3, .number = 7,
         .expires_ns = INT64_MIN, .text = "", .sentence = "fewer", .runs = runs, .run_count = 5},
        {.number = DOCKET_NUMBER_MAX, .text = "INV-1", .sentence = ""},
    };
    struct dk_record_reader reader;
    struct dk_record_answer answer;
    dk_record_begin(&writer, DK_RECORD_RESERVE);
    for (size_t i = 0; i < 2; i++)
        assert_true(dk_record_put_answer(&writer, &put[i]));
    dk_record_read(&reader, &writer.head, writer.bytes);
    for (size_t i = 0; i < 2; i++) {
        assert_true(dk_record_next_answer(&reader, &answer));
        assert_int_equal(answer.status, put[i].status);
        assert_int_equal(answer.date, put[i].date);
        assert_int_equal(answer.period, put[i].period);
        assert_int_equal(answer.state, put[i].state);
        assert_int_equal(answer.again, put[i].again);
        assert_int_equal(answer.attempts, put[i].attempts);
        assert_int_equal(answer.number, put[i].number);
        assert_int_equal(answer.expires_ns, put[i].expires_ns);
        assert_string_equal(answer.text, put[i].text);
        assert_string_equal(answer.sentence, put[i].sentence);
        assert_int_equal(answer.run_count, put[i].run_count);
        if (put[i].run_count > 0)
            assert_memory_equal(answer.runs, runs, sizeof runs);
    }
    assert_false(dk_record_next_answer(&reader, &answer));
    assert_false(reader.damaged);
    dk_record_reader_end(&reader);
}

static void a_sentence_that_is_too_long_is_cut_at_a_letter(void **state)
{
    (void)state;
    char sentence[2 * DK_RECORD_SENTENCE + 2] = "x";
    struct dk_record_reader reader;
    struct dk_record_answer answer = {.status = 8, .text = ""}, read;
    for (size_t i = 1; i < 2 * DK_RECORD_SENTENCE; i += 2)
        memcpy(sentence + i, "\xc3\xbc", 3);
    for (int shift = 0; shift < 2; shift++) { /* the cut is between two letters, and in the middle of one */
        answer.sentence = sentence + shift;
        dk_record_begin(&writer, DK_RECORD_ISSUE);
        assert_true(dk_record_put_answer(&writer, &answer));
        dk_record_read(&reader, &writer.head, writer.bytes);
        assert_true(dk_record_next_answer(&reader, &read));
        size_t length = strlen(read.sentence);
        assert_in_range(length, DK_RECORD_SENTENCE - 2, DK_RECORD_SENTENCE - 1);
        assert_int_equal((unsigned char)read.sentence[length - 1], 0xbc);
        dk_record_reader_end(&reader);
    }
}

/* ---- room ---- */

static void a_packet_takes_items_until_it_is_full_and_is_then_as_it_was(void **state)
{
    (void)state;
    char metadata[2049];
    struct dk_record_item item = full_item();
    struct dk_record_reader reader;
    memset(metadata, ' ', sizeof metadata - 1);
    metadata[sizeof metadata - 1] = 0;
    item.metadata = metadata;
    dk_record_begin(&writer, DK_RECORD_ISSUE);
    uint32_t put = 0;
    while (dk_record_put(&writer, &item))
        put++;
    assert_in_range(put, 25, 30);
    assert_int_equal(writer.head.count, put);
    struct dk_record_head before = writer.head;
    assert_false(dk_record_put(&writer, &item));
    assert_memory_equal(&before, &writer.head, sizeof before);
    dk_record_read(&reader, &writer.head, writer.bytes);
    while (dk_record_next(&reader, &item))
        put--;
    assert_false(reader.damaged);
    assert_int_equal(put, 0);
}

static void a_packet_takes_no_more_than_its_items(void **state)
{
    (void)state;
    struct dk_record_item item = empty_item();
    dk_record_begin(&writer, DK_RECORD_LOOK);
    for (uint32_t i = 0; i < DK_RECORD_ITEMS; i++)
        assert_true(dk_record_put(&writer, &item));
    assert_false(dk_record_put(&writer, &item));
    assert_int_equal(writer.head.count, DK_RECORD_ITEMS);
}

/* As far apart as 10,000 numbers can be; and in pairs. */
static void the_longest_reservation_fits_wherever_its_numbers_lie(void **state)
{
    (void)state;
    static struct dk_record_run runs[10000];
    struct dk_record_answer answer = {.text = "", .sentence = "", .runs = runs};
    struct dk_record_reader reader;
    for (uint32_t length = 1; length <= 2; length++) {
        uint32_t count = 10000 / length;
        uint64_t step = DOCKET_NUMBER_MAX / count;
        for (uint32_t i = 0; i < count; i++)
            runs[i] = (struct dk_record_run){(i + 1) * step - 1, (i + 1) * step - 2 + length};
        answer.run_count = count;
        dk_record_begin(&writer, DK_RECORD_RESERVE);
        assert_true(dk_record_put_answer(&writer, &answer));
        struct dk_record_answer read;
        dk_record_read(&reader, &writer.head, writer.bytes);
        assert_true(dk_record_next_answer(&reader, &read));
        assert_memory_equal(read.runs, runs, count * sizeof runs[0]);
        dk_record_reader_end(&reader);
    }
    for (uint32_t i = 0; i < 454; i++) /* the most that can lie farther apart than six bytes say */
        runs[i] = (struct dk_record_run){(i + 1) * (1ull << 41), (i + 1) * (1ull << 41)};
    for (uint32_t i = 454; i < 10000; i++)
        runs[i] = (struct dk_record_run){runs[i - 1].last + 100000, runs[i - 1].last + 100000};
    answer.run_count = 10000;
    dk_record_begin(&writer, DK_RECORD_RESERVE);
    assert_true(dk_record_put_answer(&writer, &answer));
}

static void runs_that_do_not_ascend_are_not_put(void **state)
{
    (void)state;
    static const struct dk_record_run bad[][2] = {
        {{0, 1}, {3, 4}}, {{1, 3}, {3, 4}}, {{5, 4}, {6, 7}}, {{1, 1}, {DOCKET_NUMBER_MAX, DOCKET_NUMBER_MAX + 1}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk_record_answer answer = {.text = "", .sentence = "", .runs = bad[i], .run_count = 2};
        dk_record_begin(&writer, DK_RECORD_RESERVE);
        assert_false(dk_record_put_answer(&writer, &answer));
        assert_int_equal(writer.head.bytes, 0);
    }
}

/* ---- what a stranger sends ---- */

/* A copy of the bytes that ends where memory ends. */
static uint8_t *at_the_edge(const uint8_t *bytes, size_t size, uint8_t **pages)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (size + page - 1) / page * page + page;
    *pages = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(*pages, MAP_FAILED);
    assert_int_equal(mprotect(*pages + room - page, page, PROT_NONE), 0);
    uint8_t *at = *pages + room - page - size;
    memcpy(at, bytes, size);
    return at;
}

static void free_edge(uint8_t *pages, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(pages, (size + page - 1) / page * page + page);
}

static bool reads_items(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader;
    struct dk_record_item item;
    uint32_t count = 0;
    dk_record_read(&reader, head, bytes);
    while (dk_record_next(&reader, &item))
        count++;
    bool whole = !reader.damaged && count == head->count;
    assert_false(dk_record_next(&reader, &item)); /* and it stays so */
    dk_record_reader_end(&reader);
    return whole;
}

static bool reads_answers(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader;
    struct dk_record_answer answer;
    uint32_t count = 0;
    dk_record_read(&reader, head, bytes);
    while (dk_record_next_answer(&reader, &answer))
        count++;
    bool whole = !reader.damaged && count == head->count;
    assert_false(dk_record_next_answer(&reader, &answer));
    dk_record_reader_end(&reader);
    return whole;
}

typedef bool (*reads)(const struct dk_record_head *head, const uint8_t *bytes);
static void refuses_every_cut(reads is_read)
{
    uint8_t *pages;
    assert_true(is_read(&writer.head, writer.bytes));
    for (uint32_t size = 0; size < writer.head.bytes; size++) {
        struct dk_record_head head = writer.head;
        uint8_t *bytes = at_the_edge(writer.bytes, size, &pages);
        head.bytes = size;
        if (is_read(&head, bytes))
            fail_msg("cut to %u of %u bytes it was read", size, writer.head.bytes);
        free_edge(pages, size);
    }
}

/* Every byte otherwise, in every bit: nothing beyond the packet is read. How many were refused? */
static unsigned refused_flips(reads is_read)
{
    uint8_t *pages;
    unsigned refused = 0;
    uint8_t *bytes = at_the_edge(writer.bytes, writer.head.bytes, &pages);
    for (uint32_t i = 0; i < writer.head.bytes * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        refused += !is_read(&writer.head, bytes);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    free_edge(pages, writer.head.bytes);
    return refused;
}

static void two_items(void)
{
    struct dk_record_item item = full_item();
    dk_record_begin(&writer, DK_RECORD_DECIDE);
    assert_true(dk_record_put(&writer, &item) && dk_record_put(&writer, &item));
}

static void two_answers(void)
{
    static const struct dk_record_run runs[] = {{1, 1}, {5, 300}, {100000, 100000}};
    struct dk_record_answer answer = {.text = "INV-1", .sentence = "because", .runs = runs, .run_count = 3};
    dk_record_begin(&writer, DK_RECORD_RESERVE);
    assert_true(dk_record_put_answer(&writer, &answer) && dk_record_put_answer(&writer, &answer));
}

static void a_packet_that_is_cut_is_refused_wherever_it_is_cut(void **state)
{
    (void)state;
    two_items();
    refuses_every_cut(reads_items);
    two_answers();
    refuses_every_cut(reads_answers);
}

/* Of each length (its item's, its texts'), every wrong value. */
static void a_length_that_is_wrong_is_refused(void **state)
{
    (void)state;
    enum { START = 32 }; /* of an item, behind its length */
    struct dk_record_item item = full_item();
    const size_t texts[] = {strlen(item.key), strlen(item.hold), strlen(item.text),
                            strlen(item.trace), strlen(item.metadata), strlen(item.reason)};
    two_items();
    size_t one = writer.head.bytes / 2;
    for (size_t which = 0; which < 2; which++) {
        size_t at = which * one + sizeof(uint32_t) + START;
        for (uint32_t wrong = 0; wrong < 70000; wrong += wrong < 2000 ? 1 : 997) {
            uint32_t right = (uint32_t)one - 4;
            memcpy(writer.bytes + which * one, &wrong, sizeof wrong);
            assert_int_equal(reads_items(&writer.head, writer.bytes), wrong == right);
            memcpy(writer.bytes + which * one, &right, sizeof right);
        }
        for (size_t text = 0; text < sizeof texts / sizeof texts[0]; text++) {
            uint16_t right = (uint16_t)texts[text];
            for (uint32_t wrong = 0; wrong <= UINT16_MAX; wrong += wrong < 1000 ? 1 : 331) {
                uint16_t said = (uint16_t)wrong;
                memcpy(writer.bytes + at, &said, sizeof said);
                assert_int_equal(reads_items(&writer.head, writer.bytes), wrong == right);
            }
            memcpy(writer.bytes + at, &right, sizeof right);
            at += sizeof right + right + 1u;
        }
    }
    assert_true(reads_items(&writer.head, writer.bytes));
}

/* The packet's last byte is another letter, and the length takes it in. */
static void a_last_text_without_its_end_is_refused(void **state)
{
    (void)state;
    uint8_t *pages;
    two_items();
    size_t size = writer.head.bytes, length = strlen(full_item().reason);
    uint8_t *bytes = at_the_edge(writer.bytes, size, &pages);
    bytes[size - 1] = 'x';
    assert_false(reads_items(&writer.head, bytes));
    uint16_t longer = (uint16_t)(length + 1);
    memcpy(bytes + size - 1 - length - sizeof longer, &longer, sizeof longer);
    assert_false(reads_items(&writer.head, bytes));
    free_edge(pages, size);
}

/* Steps of runs: doubled, and one more if a length follows. */
static void runs_that_stand_still_or_are_written_otherwise_are_refused(void **state)
{
    (void)state;
    static const struct dk_record_run run[] = {{2, 2}};
    static const struct {
        uint8_t bytes[10];
        uint32_t count;
        bool good;
    } cases[] = {
        {{4}, 1, true},         {{0}, 1, false},           {{1}, 1, false},       {{1, 1}, 2, false},
        {{5, 1}, 2, true},      {{5, 0}, 2, false},        {{0x84, 0}, 2, false}, /* four in two bytes */
        {{0x80, 0x80}, 2, false}, {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 8, false},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 10, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dk_record_answer answer = {.text = "", .sentence = "", .runs = run, .run_count = 1};
        dk_record_begin(&writer, DK_RECORD_RESERVE);
        assert_true(dk_record_put_answer(&writer, &answer));
        uint32_t length = writer.head.bytes - 4 - 1 + cases[i].count;
        memcpy(writer.bytes, &length, sizeof length);
        memcpy(writer.bytes + writer.head.bytes - 1, cases[i].bytes, cases[i].count);
        writer.head.bytes += cases[i].count - 1;
        if (reads_answers(&writer.head, writer.bytes) != cases[i].good)
            fail_msg("case %zu", i);
    }
}

static void no_flipped_bit_leads_outside(void **state)
{
    (void)state;
    two_items();
    assert_in_range(refused_flips(reads_items), 2 * (32 + 32 + 6 * 24), UINT32_MAX); /* lengths, the unused word, zeros */
    two_answers();
    assert_in_range(refused_flips(reads_answers), 2 * (32 + 32 + 2 * 24), UINT32_MAX);
}

static void a_packet_with_more_or_fewer_items_than_it_says_is_refused(void **state)
{
    (void)state;
    two_items();
    for (uint32_t count = 0; count < 5; count++) {
        struct dk_record_head head = writer.head;
        head.count = count;
        struct dk_record_reader reader;
        struct dk_record_item item;
        uint32_t read = 0;
        dk_record_read(&reader, &head, writer.bytes);
        while (dk_record_next(&reader, &item))
            read++;
        assert_int_equal(reader.damaged, count != 2);
    }
}

/* ---- heads ---- */

static void a_head_says_what_came(void **state)
{
    (void)state;
    two_items();
    size_t got = sizeof writer.head + writer.head.bytes;
    assert_int_equal(dk_record_check(&writer.head, got), DOCKET_OK);
    assert_int_equal(dk_record_check(&writer.head, got - 1), DOCKET_PROTOCOL);
    assert_int_equal(dk_record_check(&writer.head, got + 1), DOCKET_PROTOCOL);
    for (size_t less = 0; less < sizeof writer.head; less++)
        assert_int_equal(dk_record_check(&writer.head, less), DOCKET_PROTOCOL);
    enum { CASES = 11 };
    struct dk_record_head cases[CASES];
    for (int i = 0; i < CASES; i++)
        cases[i] = writer.head;
    cases[0].magic++;
    cases[1].version++;
    cases[2].type = 0;
    cases[3].type = DK_RECORD_TYPES;
    cases[4].count = DK_RECORD_ITEMS + 1;
    cases[5].bytes--;
    memset(cases[6].tenant, 'x', sizeof cases[6].tenant);
    memset(cases[7].name, 'x', sizeof cases[7].name);
    memset(cases[8].host, 'x', sizeof cases[8].host);
    memset(cases[9].error, 'x', sizeof cases[9].error);
    memset(cases[10].text, 'x', sizeof cases[10].text);
    for (int i = 0; i < CASES; i++)
        assert_int_equal(dk_record_check(&cases[i], got), DOCKET_PROTOCOL);
    struct dk_record_head huge = writer.head;
    huge.bytes = DK_RECORD_BYTES + 1;
    assert_int_equal(dk_record_check(&huge, sizeof huge + huge.bytes), DOCKET_PROTOCOL);
}

static void another_release_is_told_by_both_versions(void **state)
{
    (void)state;
    two_items();
    writer.head.version = 77;
    assert_int_equal(dk_record_check(&writer.head, 8), DOCKET_PROTOCOL); /* whatever its length */
    assert_non_null(strstr(dk_error_text(), "77"));
    assert_non_null(strstr(dk_error_text(), "version 2"));
}

/* ---- sockets ---- */

static int here, there;

static int make_pair(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    here = ends[0];
    there = ends[1];
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

static void full_packet(void)
{
    struct dk_record_item item = full_item();
    dk_record_begin(&writer, DK_RECORD_ISSUE);
    while (dk_record_put(&writer, &item))
        ;
    writer.head.tag = 4711;
}

static void a_packet_arrives_whole_at_docketd(void **state)
{
    (void)state;
    static struct dk_packet packet;
    int descriptor;
    full_packet();
    assert_int_equal(dk_record_send(here, &writer, 0), DOCKET_OK);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_OK);
    assert_int_equal(packet.kind, DK_PACKET_RECORD);
    assert_int_equal(descriptor, -1);
    assert_memory_equal(&packet.as.record.head, &writer.head, sizeof writer.head);
    assert_memory_equal(packet.as.record.bytes, writer.bytes, writer.head.bytes);
    dk_record_begin(&writer, DK_RECORD_LOOK); /* without items */
    assert_int_equal(dk_record_send(here, &writer, 0), DOCKET_OK);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_OK);
    assert_int_equal(packet.as.record.head.count, 0);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_TIMEOUT);
}

static void a_packet_that_is_none_is_refused_by_docketd(void **state)
{
    (void)state;
    static struct dk_packet packet;
    int descriptor;
    two_items();
    assert_int_equal(send(here, &writer.head, sizeof writer.head, 0), sizeof writer.head); /* its items are missing */
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_PROTOCOL);
    assert_int_equal(send(here, &writer.head, 4, 0), 4);
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_PROTOCOL);
    assert_int_equal(send(here, "DKR", 3, 0), 3); /* nothing of the packet before is taken for its own */
    assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_PROTOCOL);
    assert_int_not_equal(packet.as.record.head.magic, DK_RECORD_MAGIC);
}

static void a_full_socket_is_waited_for_so_long_and_no_longer(void **state)
{
    (void)state;
    full_packet();
    int sent = 0;
    while (dk_record_send(here, &writer, 0) == DOCKET_OK)
        sent++;
    assert_in_range(sent, 1, 1000);
    int64_t began_ns = dk_clock_monotonic_ns();
    assert_int_equal(dk_record_send(here, &writer, 30 * DK_MILLISECOND_NS), DOCKET_UNREACHABLE);
    assert_true(dk_clock_monotonic_ns() - began_ns >= 30 * DK_MILLISECOND_NS);
    static struct dk_packet packet;
    int descriptor;
    for (int i = 0; i < sent; i++)
        assert_int_equal(dk_wire_read_packet(there, &packet, &descriptor), DOCKET_OK);
    assert_int_equal(dk_record_send(here, &writer, 0), DOCKET_OK);
}

static void an_answer_is_waited_for(void **state)
{
    (void)state;
    static struct dk_record_head head;
    static uint8_t bytes[DK_RECORD_BYTES];
    assert_int_equal(dk_record_receive(here, 0, &head, bytes), DOCKET_TIMEOUT);
    assert_int_equal(dk_record_receive(here, 20 * DK_MILLISECOND_NS, &head, bytes), DOCKET_TIMEOUT);
    two_answers();
    assert_int_equal(dk_record_send(there, &writer, 0), DOCKET_OK);
    assert_int_equal(dk_record_receive(here, 0, &head, bytes), DOCKET_OK);
    assert_true(reads_answers(&head, bytes));
    writer.head.version++;
    assert_int_equal(dk_record_send(there, &writer, 0), DOCKET_OK);
    assert_int_equal(dk_record_receive(here, 0, &head, bytes), DOCKET_PROTOCOL);
    close(there);
    there = -1;
    assert_int_equal(dk_record_receive(here, DK_SECOND_NS, &head, bytes), DOCKET_UNREACHABLE);
    assert_int_equal(dk_record_send(here, &writer, DK_SECOND_NS), DOCKET_UNREACHABLE);
}

#define AT_A_PAIR(name) cmocka_unit_test_setup_teardown(name, make_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_as_they_were_put),
        cmocka_unit_test(answers_come_out_as_they_were_put),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_at_a_letter),
        cmocka_unit_test(a_packet_takes_items_until_it_is_full_and_is_then_as_it_was),
        cmocka_unit_test(a_packet_takes_no_more_than_its_items),
        cmocka_unit_test(the_longest_reservation_fits_wherever_its_numbers_lie),
        cmocka_unit_test(runs_that_do_not_ascend_are_not_put),
        cmocka_unit_test(a_packet_that_is_cut_is_refused_wherever_it_is_cut),
        cmocka_unit_test(a_length_that_is_wrong_is_refused),
        cmocka_unit_test(a_last_text_without_its_end_is_refused),
        cmocka_unit_test(runs_that_stand_still_or_are_written_otherwise_are_refused),
        cmocka_unit_test(no_flipped_bit_leads_outside),
        cmocka_unit_test(a_packet_with_more_or_fewer_items_than_it_says_is_refused),
        cmocka_unit_test(a_head_says_what_came),
        cmocka_unit_test(another_release_is_told_by_both_versions),
        AT_A_PAIR(a_packet_arrives_whole_at_docketd),
        AT_A_PAIR(a_packet_that_is_none_is_refused_by_docketd),
        AT_A_PAIR(a_full_socket_is_waited_for_so_long_and_no_longer),
        AT_A_PAIR(an_answer_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
