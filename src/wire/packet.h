/* SPDX-License-Identifier: MIT */
/* packet: what docketd reads from a connection: a worker's request, an admin's, or
 * one at record speed. Told apart by length and magic. */
#ifndef DK_WIRE_PACKET_H
#define DK_WIRE_PACKET_H

#include "wire/record.h"

enum dk_packet_kind { DK_PACKET_REQUEST, DK_PACKET_ADMIN, DK_PACKET_RECORD };

struct dk_packet {
    enum dk_packet_kind kind;
    union {
        struct dk_request request;
        struct dk_admin_request admin;
        struct {
            struct dk_record_head head; /* checked; head.bytes of bytes are there */
            uint8_t bytes[DK_RECORD_BYTES];
        } record;
    } as; /* what did not come is as it was, but for the first words of a request */
};

/* docketd: reads one packet of any kind without waiting; statuses as of dk_wire_read().
 * *descriptor: the one that came beside an admin's, or -1; the caller's. */
docket_status dk_wire_read_packet(int fd, struct dk_packet *packet, int *descriptor) DK_MUST_USE;

#endif
