/* SPDX-License-Identifier: MIT */
/*
 * sending: an intake's numbers to docketd, chunk by chunk: each is one commit, or (where something clashes) nothing. A
 * counter in which something clashes is left at that chunk, unless what clashes is skipped. A chunk that no answer came
 * for is sent again: what is there already is told so, and nothing is written twice.
 */
#ifndef DOCKET_TOOLS_LEGACY_SENDING_H
#define DOCKET_TOOLS_LEGACY_SENDING_H

#include "../address.h"
#include "intake.h"

#include "docket_import.h"

enum {
    SENDING_RECORDS = 65536,     /* numbers of one chunk; neighbours are one row of it */
    SENDING_TEXTS = 2 << 20,     /* bytes of their texts and keys, with a ledger */
    SENDING_CLASHES_TOLD = 1000, /* all are counted */
    SENDING_NEXT = 10
};

/* A number of the source that docket has otherwise. */
struct sending_clash {
    uint64_t line, number, event;
    int64_t time_ns;
    bool is_void, by_key;
    char text[160], id[160], date[32];
    char fate[24], cause[32], key[132], trace[68], their_text[132];
    int32_t their_period;
    uint64_t their_number;
};

struct sent_counter {
    const char *tenant, *series;
    int32_t period;
    struct docket_import_found found; /* of all its chunks */
    uint64_t rows, chunks;
    uint64_t passed_over;  /* by the highest number, which was sent first, and not sent since */
    uint64_t stopped_at;   /* the first number of the chunk in which something clashed; 0: none */
    docket_status status;  /* why it was left; DOCKET_OK: it was not */
    char sentence[400];
    bool is_current;       /* its period is */
    bool is_thought;       /* there is no such series: what would be if it were declared */
    uint32_t last_day;     /* of the last row sent; 0 not known */
    uint64_t next;         /* the counter's next number, or what it would be */
    unsigned next_count;   /* texts of it and those behind it */
    char next_texts[SENDING_NEXT][DOCKET_TEXT_MAX];
};

struct sending {
    const struct cli *cli;
    struct intake *intake;
    const char *source;
    unsigned flags;
    bool declares; /* a dry run of what would declare its series first */
    bool by_id; /* the other system's ids become keys */
    struct sent_counter *counters;
    size_t counter_count;
    struct sending_clash *clashes;
    size_t clash_count;
    uint64_t clashing, unkeyed;
    struct chunk *chunk;
    struct progress progress;
    bool failed; /* the intake has said why */
};

/* An exit code: memory. */
int sending_begin(struct sending *sending);
/* For session_run(): called again after UNREACHABLE it goes on where it was. OK: everything was sent, or a counter says
 * why not, or `failed`. */
docket_status sending_step(docket_realm *realm, void *sending);
void sending_end(struct sending *sending);

#endif
