/* SPDX-License-Identifier: MIT */
/*
 * ledger: what the files of docket_ledger.h share: questions at record speed, which are
 * sent in packets, several on their way, and sent again when nobody answers. Nobody else
 * includes this.
 */
#ifndef DK_CLIENT_LEDGER_H
#define DK_CLIENT_LEDGER_H

#include "docket_ledger.h"

#include "client/inside.h"
#include "numbering/ledger.h"
#include "wire/record.h"

/* What has become of an item. */
enum dk_asked {
    DK_ASKED_NOT = 0,  /* nobody has heard of it */
    DK_ASKED_SENT = 1, /* it was sent, and may have been done */
    DK_ASKED_DONE = 2  /* it has its status */
};

/* Items of one kind, of one series. */
struct dk_ask {
    struct docket_series *series;
    enum dk_record_type type;
    uint32_t verb;
    uint32_t flags;
    bool seated;         /* the caller is to hold what it gets */
    int64_t timeout_ns;
    size_t count;
    uint8_t *asked;      /* [count], enum dk_asked: those that are DONE are not sent */
    void *context;
    /* The item to send. Its texts live as long as the call. */
    void (*fill)(const struct dk_ask *ask, size_t index, struct dk_record_item *item);
    /* May it be sent twice? NULL: each may. */
    bool (*is_safe)(const struct dk_ask *ask, size_t index);
    /* Its answer; sent_before: a try before the one that is answered may have done it. PROTOCOL: it makes no sense. */
    docket_status (*hear)(struct dk_ask *ask, size_t index, const struct dk_record_answer *answer, bool sent_before);
};

/* ledger_ask.c: sends, waits, tries again. OK: each item is DONE. May not be called from a signal
 * handler that interrupted a call: BUSY. */
docket_status dk_ask(struct dk_ask *ask) DK_MUST_USE;

/* ledger_line.c: a way to docketd, with room for a packet each way. */
struct dk_line {
    struct dk_line *next;
    int fd;            /* -1: not connected */
    uint64_t device, inode; /* of the socket: nobody else's is taken for it */
    uint32_t tag;      /* of the last packet */
    struct dk_record_writer writer;
    struct dk_record_head head;
    uint8_t bytes[DK_RECORD_BYTES];
};
docket_status dk_line_take(struct docket_realm *realm, struct dk_line **line) DK_MUST_USE;
/* Connected (*made: just now), or still so. Tries until until_ns. */
docket_status dk_line_connect(struct docket_realm *realm, struct dk_line *line, int64_t until_ns, bool *made) DK_MUST_USE;
void dk_line_hang_up(struct dk_line *line);
void dk_line_put_back(struct docket_realm *realm, struct dk_line *line);

/* ledger.c: an answer as a number. PROTOCOL. */
docket_status dk_number_of(const struct dk_record_answer *answer, struct docket_number *number) DK_MUST_USE;

#endif
