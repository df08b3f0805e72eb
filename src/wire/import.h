/* SPDX-License-Identifier: MIT */
/*
 * import: rows of the memory file that goes with DK_ADMIN_IMPORT, and of the one that answers it.
 *
 * The file begins with the rows, as many as the request counts, ascending by number and without an overlap;
 * their texts follow, each with its zero.
 */
#ifndef DK_WIRE_IMPORT_H
#define DK_WIRE_IMPORT_H

#include <stdint.h>

enum {
    DK_IMPORT_ROWS_MAX = 4096, /* of one request: one commit */
    DK_IMPORT_CLASHES = 1000   /* that one answer tells; all are counted */
};

enum { DK_IMPORT_IS_VOID = 1 };

struct dk_import_wire {
    uint64_t first, last; /* of a series with a ledger: one number */
    uint64_t line;        /* of the asker's source, for sentences; 0: none */
    uint32_t date;        /* yyyymmdd of the document; 0: not known */
    uint32_t flags;       /* DK_IMPORT_IS_VOID */
    uint32_t text, key, reason; /* where they begin, from the file's first byte; 0: none */
    uint32_t reserved;
};

/* The answer: one of these ... */
struct dk_import_answer {
    uint64_t imported;  /* numbers that became handed out or issued ... */
    uint64_t voided;    /* ... or void, as another system had said */
    uint64_t named;     /* of these: numbers that an import before had left out */
    uint64_t already;   /* are as the import says */
    uint64_t below;     /* lie below the counter's first number: nothing is done with them */
    uint64_t unnamed;   /* neither docket nor the import has them: void, never given */
    uint64_t clashing;  /* numbers that are something else */
    uint64_t highest;   /* imported, or here already */
    uint32_t clashes;   /* rows behind this one */
    uint32_t changed;   /* 1: it is done; 0: nothing was changed */
};

/* ... and of these as many as it says: numbers that docket has otherwise. */
struct dk_clash_wire {
    uint64_t first, last, line;
    int64_t time_ns;     /* of docket's record; 0: not known */
    uint64_t event;      /* that says why; 0: none */
    int32_t period;      /* of the number that has the key, where by_key; else the import's */
    uint32_t uid;
    uint8_t fate, cause; /* enum dk_fate: what docket has */
    uint8_t is_void;     /* what the import says */
    uint8_t by_key;      /* 1: the key has another number already, which `number` names */
    uint32_t reserved;
    uint64_t number;
    char key[128 + 1], trace[64 + 1], text[128]; /* of docket's record; "" where there is none */
    char padding[6];
};

#endif
