/* SPDX-License-Identifier: MIT */
#include "wire/record.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* What an item begins with, behind its length. */
struct item_start {
    uint32_t flags, date, count, expires_s;
    int32_t period;
    uint32_t reserved;
    uint64_t number;
};

struct answer_start {
    uint32_t status, date;
    int32_t period;
    uint32_t state, again, attempts;
    uint64_t number;
    int64_t expires_ns;
    uint32_t run_count;
    uint32_t reserved;
};

/* ---- writing ---- */

/* Where the next byte of an item goes; NULL once something did not fit. */
struct place {
    uint8_t *at;
    uint8_t *end;
};

static void put_bytes(struct place *place, const void *bytes, size_t size)
{
    if (place->at == NULL || size > (size_t)(place->end - place->at)) {
        place->at = NULL;
        return;
    }
    memcpy(place->at, bytes, size);
    place->at += size;
}

static void put_text_of(struct place *place, const char *text, size_t length)
{
    uint16_t said = (uint16_t)length;
    if (length > UINT16_MAX)
        place->at = NULL;
    put_bytes(place, &said, sizeof said);
    put_bytes(place, text, length);
    put_bytes(place, "", 1);
}

static void put_text(struct place *place, const char *text)
{
    put_text_of(place, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

/* One that is too long ends with a whole letter. */
static void put_sentence(struct place *place, const char *text)
{
    size_t length = text != NULL ? strnlen(text, DK_RECORD_SENTENCE) : 0;
    if (length == DK_RECORD_SENTENCE)
        for (length--; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    put_text_of(place, text != NULL ? text : "", length);
}

static void put_varint(struct place *place, uint64_t value)
{
    uint8_t byte;
    for (; value > 0x7f; value >>= 7) {
        byte = (uint8_t)(value | 0x80);
        put_bytes(place, &byte, 1);
    }
    byte = (uint8_t)value;
    put_bytes(place, &byte, 1);
}

static void put_runs(struct place *place, const struct dk_record_run *runs, uint32_t count)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (runs[i].first <= before || runs[i].last < runs[i].first || runs[i].last > DOCKET_NUMBER_MAX) {
            place->at = NULL;
            return;
        }
        bool longer = runs[i].last > runs[i].first;
        put_varint(place, (runs[i].first - before) * 2 + longer);
        if (longer)
            put_varint(place, runs[i].last - runs[i].first);
        before = runs[i].last;
    }
}

void dk_record_begin(struct dk_record_writer *writer, uint32_t type)
{
    memset(&writer->head, 0, sizeof writer->head);
    writer->head.magic = DK_RECORD_MAGIC;
    writer->head.version = DK_WIRE_VERSION;
    writer->head.type = type;
}

/* Room for an item's length, and then its bytes. */
static struct place begin_item(struct dk_record_writer *writer)
{
    uint32_t none = 0;
    struct place place = {writer->bytes + writer->head.bytes, writer->bytes + sizeof writer->bytes};
    if (writer->head.count >= DK_RECORD_ITEMS)
        place.at = NULL;
    put_bytes(&place, &none, sizeof none);
    return place;
}

static bool end_item(struct dk_record_writer *writer, const struct place *place)
{
    uint8_t *began = writer->bytes + writer->head.bytes;
    if (place->at == NULL)
        return false;
    uint32_t length = (uint32_t)(place->at - began) - (uint32_t)sizeof length;
    memcpy(began, &length, sizeof length);
    writer->head.bytes += length + (uint32_t)sizeof length;
    writer->head.count++;
    return true;
}

bool dk_record_put(struct dk_record_writer *writer, const struct dk_record_item *item)
{
    const char *const texts[] = {item->key, item->hold, item->text, item->trace, item->metadata, item->reason};
    struct item_start start = {.flags = item->flags,
                               .date = item->date,
                               .count = item->count,
                               .expires_s = item->expires_s,
                               .period = item->period,
                               .number = item->number};
    struct place place = begin_item(writer);
    put_bytes(&place, &start, sizeof start);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(&place, texts[i]);
    return end_item(writer, &place);
}

bool dk_record_put_answer(struct dk_record_writer *writer, const struct dk_record_answer *answer)
{
    struct answer_start start = {.status = answer->status,
                                 .date = answer->date,
                                 .period = answer->period,
                                 .state = answer->state,
                                 .again = answer->again,
                                 .attempts = answer->attempts,
                                 .number = answer->number,
                                 .expires_ns = answer->expires_ns,
                                 .run_count = answer->run_count};
    struct place place = begin_item(writer);
    put_bytes(&place, &start, sizeof start);
    put_text(&place, answer->text);
    put_sentence(&place, answer->sentence);
    put_runs(&place, answer->runs, answer->run_count);
    return end_item(writer, &place);
}

/* ---- reading ---- */

/* Bytes of one item that are not read yet. */
struct view {
    const uint8_t *at;
    size_t left;
};

static bool take(struct view *view, void *to, size_t size)
{
    if (size > view->left)
        return false;
    memcpy(to, view->at, size);
    view->at += size;
    view->left -= size;
    return true;
}

/* The text lies in the packet: its length is right, and it has no zero but the one at its end. */
static bool take_text(struct view *view, const char **text)
{
    uint16_t length;
    if (!take(view, &length, sizeof length) || (size_t)length + 1 > view->left ||
        memchr(view->at, 0, (size_t)length + 1) != view->at + length)
        return false;
    *text = (const char *)view->at;
    view->at += (size_t)length + 1;
    view->left -= (size_t)length + 1;
    return true;
}

/* Of at most eight bytes: more than any number needs. */
static bool take_varint(struct view *view, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 56; shift += 7) {
        uint8_t byte;
        if (!take(view, &byte, 1))
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return byte != 0 || shift == 0; /* one number, one way to write it */
    }
    return false;
}

static bool take_runs(struct view *view, struct dk_record_run *runs, uint32_t count)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t step, more = 0;
        if (!take_varint(view, &step) || step < 2 || ((step & 1) != 0 && (!take_varint(view, &more) || more == 0)))
            return false;
        runs[i].first = before + step / 2;
        runs[i].last = runs[i].first + more;
        before = runs[i].last;
        if (before > DOCKET_NUMBER_MAX)
            return false;
    }
    return true;
}

void dk_record_read(struct dk_record_reader *reader, const struct dk_record_head *head, const uint8_t *bytes)
{
    memset(reader, 0, sizeof *reader);
    reader->bytes = bytes;
    reader->left = head->bytes;
    reader->items_left = head->count;
}

/* The next item's bytes. False at the end, which is where the packet ends too. */
static bool next_view(struct dk_record_reader *reader, struct view *view)
{
    struct view all = {reader->bytes, reader->left};
    uint32_t length;
    if (reader->damaged)
        return false;
    if (reader->items_left == 0) {
        reader->damaged = reader->left != 0;
        return false;
    }
    if (!take(&all, &length, sizeof length) || length > all.left) {
        reader->damaged = true;
        return false;
    }
    *view = (struct view){all.at, length};
    reader->bytes = all.at + length;
    reader->left = all.left - length;
    reader->items_left--;
    return true;
}

bool dk_record_next(struct dk_record_reader *reader, struct dk_record_item *item)
{
    struct dk_record_item read = {0};
    const char **const texts[] = {&read.key, &read.hold, &read.text, &read.trace, &read.metadata, &read.reason};
    struct item_start start;
    struct view view;
    if (!next_view(reader, &view))
        return false;
    bool whole = take(&view, &start, sizeof start) && start.reserved == 0;
    for (size_t i = 0; whole && i < sizeof texts / sizeof texts[0]; i++)
        whole = take_text(&view, texts[i]);
    if (!whole || view.left != 0) {
        reader->damaged = true;
        return false;
    }
    read.flags = start.flags;
    read.date = start.date;
    read.count = start.count;
    read.expires_s = start.expires_s;
    read.period = start.period;
    read.number = start.number;
    *item = read;
    return true;
}

static bool make_run_room(struct dk_record_reader *reader, uint32_t count)
{
    if (count <= reader->run_room)
        return true;
    struct dk_record_run *more = realloc(reader->runs, count * sizeof *more);
    if (more == NULL)
        return false;
    reader->runs = more;
    reader->run_room = count;
    return true;
}

bool dk_record_next_answer(struct dk_record_reader *reader, struct dk_record_answer *answer)
{
    struct dk_record_answer read = {0};
    struct answer_start start;
    struct view view;
    if (!next_view(reader, &view))
        return false;
    if (!take(&view, &start, sizeof start) || start.reserved != 0 || !take_text(&view, &read.text) ||
        !take_text(&view, &read.sentence) || start.run_count > view.left || !make_run_room(reader, start.run_count) ||
        !take_runs(&view, reader->runs, start.run_count) || view.left != 0) {
        reader->damaged = true;
        return false;
    }
    read.status = start.status;
    read.date = start.date;
    read.period = start.period;
    read.state = start.state;
    read.again = start.again;
    read.attempts = start.attempts;
    read.number = start.number;
    read.expires_ns = start.expires_ns;
    read.runs = reader->runs;
    read.run_count = start.run_count;
    *answer = read;
    return true;
}

void dk_record_reader_end(struct dk_record_reader *reader)
{
    free(reader->runs);
    reader->runs = NULL;
    reader->run_room = 0;
}

/* ---- packets ---- */

static bool ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

docket_status dk_record_check(const struct dk_record_head *head, size_t got)
{
    if (got >= 2 * sizeof(uint32_t) && head->magic == DK_RECORD_MAGIC && head->version != DK_WIRE_VERSION)
        return dk_fail(DOCKET_PROTOCOL, "the sender speaks wire version %u and this side version %u; use the docketd and "
                                        "libdocket of one release",
                       head->version, DK_WIRE_VERSION);
    if (got < sizeof *head || head->magic != DK_RECORD_MAGIC || head->type == 0 || head->type >= DK_RECORD_TYPES)
        return dk_fail(DOCKET_PROTOCOL, "%zu bytes that are no packet at record speed of wire version %u", got,
                       DK_WIRE_VERSION);
    if (head->count > DK_RECORD_ITEMS || head->bytes > DK_RECORD_BYTES || got - sizeof *head != head->bytes)
        return dk_fail(DOCKET_PROTOCOL, "a packet of %zu bytes that says it has %u items in %u bytes", got, head->count,
                       head->bytes);
    if (!ends(head->tenant, sizeof head->tenant) || !ends(head->name, sizeof head->name) ||
        !ends(head->host, sizeof head->host) || !ends(head->error, sizeof head->error) ||
        !ends(head->text, sizeof head->text))
        return dk_fail(DOCKET_PROTOCOL, "a packet at record speed with a text that does not end");
    return DOCKET_OK;
}

/* Until the socket can be read or written. TIMEOUT; SYSTEM. */
static docket_status wait_for(int fd, short events, int64_t until_ns)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = events};
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        struct timespec left = {left_ns / DK_SECOND_NS, left_ns % DK_SECOND_NS};
        int ready = left_ns <= 0 ? 0 : ppoll(&wait, 1, &left, NULL);
        if (ready > 0)
            return DOCKET_OK;
        if (ready == 0)
            return DOCKET_TIMEOUT;
        if (errno != EINTR)
            return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot wait at a socket");
    }
}

docket_status dk_record_send(int fd, struct dk_record_writer *writer, int64_t wait_ns)
{
    struct iovec parts[] = {{.iov_base = &writer->head, .iov_len = sizeof writer->head},
                            {.iov_base = writer->bytes, .iov_len = writer->head.bytes}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = writer->head.bytes > 0 ? 2 : 1};
    int64_t until_ns = wait_ns > 0 ? dk_clock_monotonic_ns() + wait_ns : 0;
    for (;;) {
        if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return DOCKET_OK; /* a packet goes whole */
        int error = errno;
        if (error == EINTR)
            continue;
        docket_status status = wait_ns > 0 && (error == EAGAIN || error == EWOULDBLOCK)
                                   ? wait_for(fd, POLLOUT, until_ns)
                                   : DOCKET_TIMEOUT;
        if (status != DOCKET_OK)
            return dk_fail_errno(DOCKET_UNREACHABLE, error, "cannot send a packet at record speed");
    }
}

docket_status dk_record_receive(int fd, int64_t wait_ns, struct dk_record_head *head, uint8_t *bytes)
{
    struct iovec parts[] = {{.iov_base = head, .iov_len = sizeof *head}, {.iov_base = bytes, .iov_len = DK_RECORD_BYTES}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    int64_t until_ns = dk_clock_monotonic_ns() + wait_ns;
    for (;;) {
        ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
        if (got > 0)
            return dk_record_check(head, (size_t)got);
        if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return dk_fail_errno(DOCKET_UNREACHABLE, got == 0 ? ECONNRESET : errno, "docketd has gone away");
        docket_status status = errno == EINTR ? DOCKET_OK : wait_for(fd, POLLIN, until_ns);
        if (status == DOCKET_TIMEOUT)
            return dk_fail(DOCKET_TIMEOUT, "docketd did not answer in time");
        if (status != DOCKET_OK)
            return status;
    }
}
