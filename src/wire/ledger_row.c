/* SPDX-License-Identifier: MIT */
#include "wire/ledger_row.h"

#include <string.h>

enum { FIXED = offsetof(struct dk_ledger_row, text) };

/* Texts go behind, one after the other, each with its zero. */
size_t dk_ledger_row_put(FILE *out, const struct dk_ledger_row *row)
{
    struct dk_ledger_row written = *row;
    size_t bytes = FIXED;
    written.reserved = 0;
    for (int i = 0; i < DK_ROW_TEXTS; i++) {
        written.bytes[i] = (uint16_t)strnlen(row->text[i], DK_ROW_TEXT_MAX);
        bytes += written.bytes[i] + 1u;
    }
    fwrite(&written, FIXED, 1, out);
    for (int i = 0; i < DK_ROW_TEXTS; i++) {
        fwrite(row->text[i], 1, written.bytes[i], out);
        putc(0, out);
    }
    return bytes;
}

bool dk_ledger_row_next(struct dk_ledger_rows *rows, struct dk_ledger_row *row)
{
    if (rows->left < FIXED)
        return false;
    memcpy(row, rows->bytes, FIXED);
    const uint8_t *at = rows->bytes + FIXED;
    size_t left = rows->left - FIXED;
    for (int i = 0; i < DK_ROW_TEXTS; i++) {
        size_t bytes = row->bytes[i];
        if (bytes > DK_ROW_TEXT_MAX || left < bytes + 1 || memchr(at, 0, bytes + 1) != at + bytes)
            return false;
        row->text[i] = (const char *)at;
        at += bytes + 1;
        left -= bytes + 1;
    }
    rows->bytes = at;
    rows->left = left;
    return row->kind <= DK_ROW_END && row->first <= row->last;
}
