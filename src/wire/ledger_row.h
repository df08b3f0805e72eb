/* SPDX-License-Identifier: MIT */
/*
 * ledger_row: what answers DK_ADMIN_RECORDS: rows in a memory file, each with its texts
 * behind it. The last row says where to go on. Whoever reads them checks every length
 * before it looks.
 */
#ifndef DK_WIRE_LEDGER_ROW_H
#define DK_WIRE_LEDGER_ROW_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum dk_row_kind {
    DK_ROW_RECORD = 0, /* first is the number, last too */
    DK_ROW_RUN = 1,    /* numbers first to last of one state; of the texts only the reason */
    DK_ROW_END = 2     /* go on with number first of the period; first 0: there is nothing more */
};

enum dk_row_text {
    DK_ROW_TEXT,
    DK_ROW_KEY,
    DK_ROW_HOLD,
    DK_ROW_TRACE,
    DK_ROW_METADATA,
    DK_ROW_ERROR,
    DK_ROW_HOST,
    DK_ROW_REASON,
    DK_ROW_TEXTS
};

enum { DK_ROW_TEXT_MAX = 4096 }; /* bytes of one of them */

struct dk_ledger_row {
    uint8_t kind;
    uint8_t state; /* enum dk_state */
    uint8_t cause; /* enum dk_cause, of a void */
    uint8_t reserved;
    int32_t period;
    uint64_t first, last;
    int64_t first_ns, last_ns, expires_ns;
    uint64_t event;
    uint32_t date;
    uint32_t uid;
    uint32_t attempts;
    int32_t seat;
    uint16_t bytes[DK_ROW_TEXTS]; /* of the texts, without their zeros */
    const char *text[DK_ROW_TEXTS]; /* to write: never NULL. Read: into the bytes that were read */
};

/* Writes a row; its size in bytes. Texts that are longer than DK_ROW_TEXT_MAX are cut. */
size_t dk_ledger_row_put(FILE *out, const struct dk_ledger_row *row);

/* Reads rows out of memory. */
struct dk_ledger_rows {
    const uint8_t *bytes;
    size_t left;
};
/* The next one. False: there is no whole one, or its texts do not end. */
bool dk_ledger_row_next(struct dk_ledger_rows *rows, struct dk_ledger_row *row);

#endif
