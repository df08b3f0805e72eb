/* SPDX-License-Identifier: MIT */
/*
 * record: packets at record speed. One packet has a head and up to DK_RECORD_ITEMS items
 * of one series; its answer has an item for each, in the same order. Many packets may be on
 * their way on one connection; they are answered in the order in which they came (of one
 * series; not across series: the answer's `tag` says which it answers). An answer that does not fit into one
 * packet comes in several of its tag, one behind the other (`more`); together they have an item for each.
 * Items are written one after the other, each with its length first; texts in them have
 * their length before and a zero behind. Runs ascend, and are written as the distance from the run before and
 * the length, seven bits a byte: those of DOCKET_RESERVE_MAX numbers fit. Both ends check every length before they look.
 */
#ifndef DK_WIRE_RECORD_H
#define DK_WIRE_RECORD_H

#include "wire/wire.h"

#define DK_RECORD_MAGIC 0x31524b44u /* "DKR1" */
enum {
    DK_RECORD_BYTES = 60 << 10,
    DK_RECORD_ITEMS = 1024,
    DK_RECORD_SENTENCE = 320 /* room of an answer's sentence; longer ones are cut */
};

enum dk_record_type {
    DK_RECORD_ISSUE = 1,
    DK_RECORD_RESERVE,   /* one item */
    DK_RECORD_DECIDE,    /* verb of the head, for each item */
    DK_RECORD_DECIDE_ALL, /* one item: all of a reservation (hold), or (RESOLVE) all in doubt of a period */
    DK_RECORD_ELSEWHERE, /* one item: text, reason is the note */
    DK_RECORD_LOOK,      /* items by key or number: as they stand; nothing is changed */
    DK_RECORD_TYPES
};

enum { DK_RECORD_RESOLVE = 1 /* DECIDE: an admin's, of numbers in doubt */ };

struct dk_record_head {
    uint32_t magic;
    uint32_t version; /* DK_WIRE_VERSION */
    uint32_t type;    /* enum dk_record_type */
    uint32_t tag;     /* the sender's; the answer has the same */
    uint32_t count;   /* items */
    uint32_t bytes;   /* of the items */
    uint32_t verb;    /* enum dk_verb */
    uint32_t flags;
    uint32_t attempt; /* 1, 2, 3: which try this is */
    uint32_t desk;    /* where the caller sits ... */
    int32_t seat;     /* ... -1: it does not */
    uint32_t more;    /* of an answer: 1: it goes on in the next packet of this tag */
    uint64_t salt;    /* ... which shows that it does */
    char tenant[DK_WIRE_NAME];
    char name[DK_WIRE_NAME];
    char host[66];    /* the caller's */
    char error[66];   /* name of the status that the try before this had */
    /* the answer's: */
    uint32_t status;  /* of the packet as a whole: not OK, and there are no items */
    char text[320];   /* its sentence */
};

/* One item of a request; texts point into the packet. Absent ones are "". */
struct dk_record_item {
    uint32_t flags;     /* ISSUE, RESERVE: DOCKET_PENDING ... */
    uint32_t date;
    uint32_t count;     /* RESERVE: how many. ISSUE: room for its text, with the zero; where the longest does not fit it is
                           BUFFER_TOO_SMALL and no number is given. 0: there is always room */
    uint32_t expires_s;
    int32_t period;     /* DECIDE by number; DECIDE_ALL: -1 every one */
    uint64_t number;    /* DECIDE by number; 0: by key or text */
    const char *key;    /* RESERVE, DECIDE_ALL: the reservation's name is `hold` */
    const char *hold;
    const char *text;
    const char *trace;
    const char *metadata;
    const char *reason;
};

/* One item of an answer. */
struct dk_record_answer {
    uint32_t status;
    uint32_t date;
    int32_t period;
    uint32_t state;     /* enum dk_state */
    uint32_t again;
    uint32_t attempts;
    uint64_t number;    /* DECIDE_ALL: how many were decided */
    int64_t expires_ns;
    const char *text;     /* the document number; of a failure too where a number stands for it (KEY_DIFFERS, KEY_VOID, COLLISION) */
    const char *sentence; /* of a failure; "" if it is OK */
    const struct dk_record_run *runs; /* RESERVE: what was granted */
    uint32_t run_count;
};
struct dk_record_run {
    uint64_t first, last;
};

/* Writes packets. Begin, put items while they fit, then send head and bytes. */
struct dk_record_writer {
    struct dk_record_head head;
    uint8_t bytes[DK_RECORD_BYTES];
};
/* head is all zeros but for magic, version and type. */
void dk_record_begin(struct dk_record_writer *writer, uint32_t type);
/* False: it does not fit; the packet is as it was. Texts that are NULL are ""; runs ascend. */
bool dk_record_put(struct dk_record_writer *writer, const struct dk_record_item *item);
bool dk_record_put_answer(struct dk_record_writer *writer, const struct dk_record_answer *answer);

/* Reads what a peer sent: items in turn. False: no more, or (*damaged) none that we know. What it
 * shows points into bytes (runs: into the reader). */
struct dk_record_reader {
    const uint8_t *bytes;
    size_t left;
    uint32_t items_left;
    bool damaged;
    struct dk_record_run *runs;  /* grown; free with dk_record_reader_end() */
    size_t run_room;
};
void dk_record_read(struct dk_record_reader *reader, const struct dk_record_head *head, const uint8_t *bytes);
bool dk_record_next(struct dk_record_reader *reader, struct dk_record_item *item);
bool dk_record_next_answer(struct dk_record_reader *reader, struct dk_record_answer *answer);
void dk_record_reader_end(struct dk_record_reader *reader);

/* Is this packet of got bytes one of ours? PROTOCOL with both versions, if it is only those. */
docket_status dk_record_check(const struct dk_record_head *head, size_t got) DK_MUST_USE;
/* Sends a packet whole. wait_ns: how long it may wait for room in the socket; docketd: 0. UNREACHABLE. */
docket_status dk_record_send(int fd, struct dk_record_writer *writer, int64_t wait_ns) DK_MUST_USE;
/* Client: the next answer. bytes has room for DK_RECORD_BYTES. TIMEOUT after wait_ns; UNREACHABLE, PROTOCOL. */
docket_status dk_record_receive(int fd, int64_t wait_ns, struct dk_record_head *head, uint8_t *bytes) DK_MUST_USE;

#endif
