/* SPDX-License-Identifier: MIT */
/* hear: parcels. What is said to a series goes to its book; what its plan made of it goes back. */
#include "daemon/ledger/ledger.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWERS_ROOM = 1 << 20 }; /* bytes of answers that may lie in a socket, where the system lets us */

static size_t cost_of(const struct dk_parcel *parcel)
{
    return sizeof *parcel + parcel->head.bytes + parcel->head.count * sizeof *parcel->answers;
}

/* ---- answers ---- */

static void begin_answer(struct dk_record_writer *writer, const struct dk_record_head *head)
{
    dk_record_begin(writer, head->type);
    writer->head.tag = head->tag;
    writer->head.verb = head->verb;
    writer->head.status = DOCKET_OK;
}

/* One socket that is full, or whose reader is gone, is no reason to wait. */
static void send_answer(struct dk_connection *connection, struct dk_record_writer *writer)
{
    if (!connection->gone && dk_record_send(connection->fd, writer, 0) != DOCKET_OK)
        dk_serve_drop(connection);
}

static void refuse(struct dk_connection *connection, const struct dk_record_head *head, docket_status status)
{
    static struct dk_record_writer writer; /* docketd's one thread */
    begin_answer(&writer, head);
    writer.head.status = (uint32_t)status;
    snprintf(writer.head.text, sizeof writer.head.text, "%s", dk_error_text());
    send_answer(connection, &writer);
}

void dk_ledger_refuse(struct dk_connection *connection, docket_status status)
{
    const struct dk_record_head head = {.type = DK_RECORD_LOOK};
    refuse(connection, &head, status);
}

static void send_items(struct dk_parcel *parcel)
{
    static struct dk_record_writer writer;
    begin_answer(&writer, &parcel->head);
    for (uint32_t i = 0; i < parcel->head.count && !parcel->connection->gone; i++) {
        if (dk_record_put_answer(&writer, &parcel->answers[i]))
            continue;
        if (writer.head.count > 0) {
            writer.head.more = 1;
            send_answer(parcel->connection, &writer);
            begin_answer(&writer, &parcel->head);
            i--;
            continue;
        }
        /* Runs that are too far apart for one packet: granted, and told by `docket records`. */
        struct dk_record_answer without = parcel->answers[i];
        without.runs = NULL;
        without.run_count = 0;
        without.status = DOCKET_BUFFER_TOO_SMALL;
        without.sentence = "the numbers lie too far apart to be told in one packet; the records of the reservation say which "
                           "they are";
        if (!dk_record_put_answer(&writer, &without))
            break;
    }
    send_answer(parcel->connection, &writer);
}

void dk_parcel_answer(struct dk_parcel *parcel, docket_status status)
{
    struct dk_connection *connection = parcel->connection;
    if (connection->gone) {
        /* nobody hears it; with a key it is asked for again */
    } else if (status != DOCKET_OK) {
        refuse(connection, &parcel->head, status);
    } else {
        send_items(parcel);
    }
    connection->parcels--;
    if (connection->gone)
        connection->daemon->connections->graves = true;
    connection->daemon->ledger_bytes -= cost_of(parcel);
    free(parcel->bytes);
    free(parcel);
}

/* ---- what comes ---- */

static bool is_one(const struct dk_record_head *head)
{
    return head->type == DK_RECORD_RESERVE || head->type == DK_RECORD_DECIDE_ALL || head->type == DK_RECORD_ELSEWHERE;
}

/* Every item is read once before any is planned: what is no packet of a library of ours changes nothing. */
static docket_status check_items(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader = {0};
    struct dk_record_item item;
    uint32_t count = 0;
    dk_record_read(&reader, head, bytes);
    while (dk_record_next(&reader, &item))
        count++;
    bool sound = !reader.damaged && count == head->count;
    dk_record_reader_end(&reader);
    if (!sound)
        return dk_fail(DOCKET_PROTOCOL, "item %u of a packet at record speed cannot be read", count + 1);
    if (head->type == 0 || head->type >= DK_RECORD_TYPES || count == 0 || (is_one(head) && count != 1))
        return dk_fail(DOCKET_PROTOCOL, "%u items of kind %u are no packet at record speed", count, head->type);
    bool decides = head->type == DK_RECORD_DECIDE || head->type == DK_RECORD_DECIDE_ALL;
    if (decides && (head->verb < DK_VERB_SETTLE || head->verb > DK_VERB_RELEASE))
        return dk_fail(DOCKET_PROTOCOL, "verb %u of a packet at record speed is not known", head->verb);
    return DOCKET_OK;
}

static docket_status check_room(const struct dk_connection *connection, size_t bytes)
{
    const struct dk_daemon *daemon = connection->daemon;
    if (connection->parcels >= DK_LEDGER_OF_CONNECTION)
        return dk_fail(DOCKET_OVERLOADED, "%u packets of this connection wait for their answers already",
                       connection->parcels);
    if (daemon->ledger_bytes + bytes > DK_LEDGER_BYTES_MAX)
        return dk_fail(DOCKET_OVERLOADED, "docketd has %zu bytes of packets at record speed waiting, and takes on %d",
                       daemon->ledger_bytes, DK_LEDGER_BYTES_MAX);
    return DOCKET_OK;
}

/* The series, by its names; it need not be in memory. */
static docket_status find(struct dk_daemon *daemon, const struct dk_record_head *head, uint64_t *id)
{
    struct dk_series_record stored;
    struct dk_series_book *series = dk_series_find(daemon, head->tenant, head->name);
    const struct dk_series_record *record = series != NULL ? &series->record : &stored;
    docket_status status = DOCKET_OK;
    bool found = true;
    if (series == NULL)
        status = dk_store_find_series(daemon->store, head->tenant, head->name, &stored, &found);
    if (status != DOCKET_OK)
        return status;
    if (!found)
        return dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", head->tenant, head->name);
    if (!record->policy->ledger && head->type != DK_RECORD_ELSEWHERE)
        return dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps no ledger: its numbers come by docket_next(); `docket series set "
                                           "%s/%s --ledger on` makes it keep one from now on",
                       head->tenant, head->name, head->tenant, head->name);
    *id = record->id;
    return DOCKET_OK;
}

static docket_status check(struct dk_connection *connection, const struct dk_record_head *head)
{
    docket_status status = dk_serve_check_names(connection, head->tenant, head->name);
    if (status == DOCKET_OK && connection->daemon->stopping)
        status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
    if (status != DOCKET_OK || (head->type != DK_RECORD_ISSUE && head->type != DK_RECORD_RESERVE))
        return status;
    const struct dk_desk_book *desk = dk_series_desk(connection->daemon, head->tenant); /* what is held may be decided */
    return desk->draining ? dk_fail(DOCKET_TIMEOUT, "desk %s is drained: nothing is given", desk->rule.name) : DOCKET_OK;
}

/* Answers of a whole batch lie in the socket until its reader has them. */
static void widen(struct dk_connection *connection)
{
    int bytes = ANSWERS_ROOM;
    if (connection->widened)
        return;
    connection->widened = true;
    if (setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); /* what the system allows */
}

void dk_ledger_hear(struct dk_connection *connection, const struct dk_record_head *head, uint8_t *bytes)
{
    struct dk_daemon *daemon = connection->daemon;
    uint64_t id = 0;
    docket_status status = check_items(head, bytes);
    if (status != DOCKET_OK) {
        dk_log(DK_LOG_WARNING, "uid %u, pid %d sent what no library of ours sends; its connection is closed",
               (unsigned)connection->uid, (int)connection->pid);
        free(bytes);
        dk_serve_drop(connection);
        return;
    }
    widen(connection);
    struct dk_parcel *parcel = dk_must_alloc(1, sizeof *parcel);
    *parcel = (struct dk_parcel){.connection = connection, .head = *head, .bytes = bytes};
    status = check(connection, head);
    if (status == DOCKET_OK)
        status = check_room(connection, cost_of(parcel));
    if (status == DOCKET_OK)
        status = find(daemon, head, &id);
    connection->parcels++;
    daemon->ledger_bytes += cost_of(parcel);
    if (status != DOCKET_OK) {
        dk_parcel_answer(parcel, status);
        return;
    }
    struct dk_ledger_book *book = dk_ledger_book_of(daemon, id);
    *book->asked_end = parcel;
    book->asked_end = &parcel->next;
    book->waiting++;
}
