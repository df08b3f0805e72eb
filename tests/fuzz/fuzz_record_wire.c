/* SPDX-License-Identifier: MIT */
/* links: base/status wire/wire wire/admin wire/packet wire/record */
/*
 * Packets at record speed: of any bytes no item is read that is not whole, and none
 * from outside; what is read whole and put again has the same bytes; what is put is
 * read; a head is taken only with what it says, at docketd's end too.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "wire/packet.h"

#include <sys/socket.h>
#include <unistd.h>

static struct dk_record_writer again;

static void same_bytes(const struct dk_record_head *head, const uint8_t *bytes)
{
    MUST(again.head.count == head->count && again.head.bytes == head->bytes);
    MUST(memcmp(again.bytes, bytes, head->bytes) == 0);
}

static void read_items(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader;
    struct dk_record_item item;
    dk_record_begin(&again, head->type);
    dk_record_read(&reader, head, bytes);
    while (dk_record_next(&reader, &item))
        MUST(dk_record_put(&again, &item));
    MUST(!dk_record_next(&reader, &item));
    if (!reader.damaged)
        same_bytes(head, bytes);
    dk_record_reader_end(&reader);
}

static void read_answers(const struct dk_record_head *head, const uint8_t *bytes)
{
    struct dk_record_reader reader;
    struct dk_record_answer answer;
    bool cut = false;
    dk_record_begin(&again, head->type);
    dk_record_read(&reader, head, bytes);
    while (dk_record_next_answer(&reader, &answer)) {
        uint64_t before = 0;
        for (uint32_t i = 0; i < answer.run_count; i++) {
            MUST(answer.runs[i].first > before && answer.runs[i].last >= answer.runs[i].first);
            before = answer.runs[i].last;
        }
        MUST(before <= DOCKET_NUMBER_MAX);
        cut = cut || strlen(answer.sentence) >= DK_RECORD_SENTENCE;
        MUST(dk_record_put_answer(&again, &answer));
    }
    MUST(!dk_record_next_answer(&reader, &answer));
    if (!reader.damaged && !cut)
        same_bytes(head, bytes);
    dk_record_reader_end(&reader);
}

/* The packet through a socket: taken if its head says what came. */
static void receive(const struct dk_record_head *head, const uint8_t *bytes, size_t size)
{
    struct dk_packet *packet = malloc(sizeof *packet);
    uint8_t *sent = malloc(sizeof *head + size);
    int pair[2], descriptor;
    MUST(packet != NULL && sent != NULL && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    memcpy(sent, head, sizeof *head);
    memcpy(sent + sizeof *head, bytes, size);
    MUST(send(pair[0], sent, sizeof *head + size, 0) == (ssize_t)(sizeof *head + size));
    docket_status status = dk_wire_read_packet(pair[1], packet, &descriptor);
    if (head->magic == DK_RECORD_MAGIC)
        MUST((status == DOCKET_OK) == (dk_record_check(head, sizeof *head + size) == DOCKET_OK));
    if (status == DOCKET_OK && packet->kind == DK_PACKET_RECORD)
        MUST(head->bytes == size && memcmp(packet->as.record.bytes, bytes, size) == 0);
    close(pair[0]);
    close(pair[1]);
    free(packet);
    free(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct dk_record_head head = {.magic = DK_RECORD_MAGIC, .version = DK_WIRE_VERSION};
    uint64_t choice = draw_number(&draw, 1);
    head.type = (uint32_t)draw_number(&draw, 1);
    head.count = (uint32_t)draw_number(&draw, 2);
    if (choice & 2)
        draw_bytes(&draw, &head, sizeof head);
    size_t left = draw.left < DK_RECORD_BYTES ? draw.left : DK_RECORD_BYTES;
    uint8_t *exact = malloc(left > 0 ? left : 1); /* what goes beyond is seen */
    MUST(exact != NULL);
    draw_bytes(&draw, exact, left);
    if (!(choice & 2) || choice & 4)
        head.bytes = (uint32_t)left;
    if (choice & 8)
        receive(&head, exact, left);
    if (dk_record_check(&head, sizeof head + left) == DOCKET_OK) {
        MUST(head.bytes == left && head.count <= DK_RECORD_ITEMS);
        if (choice & 1)
            read_answers(&head, exact);
        else
            read_items(&head, exact);
    }
    free(exact);
    return 0;
}
