/* SPDX-License-Identifier: MIT */
/*
 * wire: messages between library and daemon, over a SEQPACKET socket on the
 * same host: one packet is one message, whole or not at all. Both ends check
 * magic, version, length and the zero bytes that end names before they look
 * further. Knows nothing of what the messages mean.
 */
#ifndef DK_WIRE_WIRE_H
#define DK_WIRE_WIRE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DK_WIRE_MAGIC 0x31574b44u /* "DKW1" */
#define DK_WIRE_VERSION 1u
#define DK_WIRE_FDS 4
#define DK_WIRE_DEFAULT 0xff /* policy member left to the realm's default */

enum dk_request_type {
    DK_ASK_HELLO = 1,  /* who are you: store id, generation, incarnation */
    DK_ASK_OPEN,       /* where does (tenant, name) sit; made on first use */
    DK_ASK_DECLARE,    /* make (tenant, name) with this policy */
    DK_ASK_ATTACH,     /* a seat at desk: board, table, seat, probe; first: incompatible flags that the library knows */
    DK_ASK_GIVE_BACK,  /* the end of a strict block: slot, period, first, count */
    DK_ASK_FATE        /* rows of fate in a memory file */
};

struct dk_request {
    uint32_t magic;
    uint32_t version;
    uint32_t type;
    uint32_t desk;
    uint32_t slot;
    int32_t period; /* FATE: -1 for every one */
    uint64_t first;
    uint32_t count;
    uint32_t window; /* 0: default */
    uint64_t start_after;
    uint64_t incarnation;
    uint8_t order;   /* or DK_WIRE_DEFAULT */
    uint8_t restart; /* or DK_WIRE_DEFAULT */
    char tenant[66];
    char name[66];
    char template_text[66]; /* "" : default */
};

struct dk_reply {
    uint32_t magic;
    uint32_t version;
    uint32_t type;
    uint32_t status; /* docket_status */
    uint32_t desk;
    uint32_t slot;
    uint32_t seat;
    uint32_t returned;
    uint64_t salt;
    uint64_t incarnation;
    uint64_t store_id[2];
    uint64_t generation;
    char text[512]; /* the sentence of a failure */
};

/* A row of the memory file that answers DK_ASK_FATE. */
struct dk_fate_wire {
    uint64_t mark;
    uint64_t first;
    uint64_t last;
    int64_t time_ns;
    int32_t period;
    int32_t seat;
    uint8_t order;
    uint8_t fate;
    uint8_t cause;
    uint8_t counter_ends;
    uint8_t reserved[4];
    char tenant[64 + 1];
    char name[64 + 1];
    char padding[6];
};

/* Client: connects to the SEQPACKET socket `socket` in an open directory.
 * UNREACHABLE if nobody listens. */
docket_status dk_wire_connect(int directory, int *fd) DK_MUST_USE;

/* docketd: makes the socket in an open directory (mode as given), listening. */
docket_status dk_wire_listen(int directory, mode_t mode, int *fd) DK_MUST_USE;

/* Client: sends and waits at most timeout_ns for the answer; fds gets up to
 * DK_WIRE_FDS descriptors (close-on-exec), -1 where none came. On any failure
 * no descriptor is left open. A reply with another status than OK is returned
 * as that status, its sentence as the last error. */
docket_status dk_wire_ask(int fd, const struct dk_request *request, int64_t timeout_ns, struct dk_reply *reply,
                          int fds[DK_WIRE_FDS]) DK_MUST_USE;

/* docketd: reads one request without waiting. OK, TIMEOUT (nothing there),
 * UNREACHABLE (the peer is gone), PROTOCOL (not a request of ours). */
docket_status dk_wire_read(int fd, struct dk_request *request) DK_MUST_USE;

/* docketd: sends without waiting; a full socket or a dead peer is UNREACHABLE. */
docket_status dk_wire_answer(int fd, struct dk_reply *reply, const int *fds, size_t fd_count) DK_MUST_USE;

#endif
