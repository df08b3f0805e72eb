/* SPDX-License-Identifier: MIT */
/*
 * csv: comma-separated values (RFC 4180) from a descriptor, one record at a time, in a
 * buffer of fixed size. Knows nothing of the command or of invoices.
 *
 * Invariants
 *  1. Memory is CSV_RECORD_MAX and a table of cells, however long the file is.
 *  2. What is not well formed is an error with its line; nothing is guessed or left out. Beside RFC 4180
 *     a byte order mark, lines that end with LF alone, a last line without an end and empty lines
 *     are well formed.
 */
#ifndef DOCKET_TOOLS_LEGACY_CSV_H
#define DOCKET_TOOLS_LEGACY_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are no string: no zero ends them. */
struct span {
    const char *text;
    size_t bytes;
};

enum { CSV_CELLS_MAX = 512, CSV_RECORD_MAX = 1 << 20, CSV_ERROR_BYTES = 256 };

struct csv {
    int fd;
    size_t read_most; /* bytes of one read; a test may make it small */
    char delimiter; /* 0: found out from the first line: of comma, semicolon and tab the most frequent */
    char *buffer;
    size_t begin, end; /* what was read and is not told yet */
    bool begun, ended; /* ended: the descriptor has no more */
    uint64_t line, next_line; /* from 1: of the record, and of the one after it */
    size_t columns; /* of the first record; all others have as many */
    size_t count;
    struct span cells[CSV_CELLS_MAX];
    bool escaped[CSV_CELLS_MAX];
    char error[CSV_ERROR_BYTES];
};

/* False without memory. The descriptor stays the caller's. */
bool csv_open(struct csv *csv, int fd, char delimiter);
/* 1: csv->cells has csv->count cells of the record in csv->line; they live until the next call.
 * 0: the end. -1: csv->error says what is wrong; the reader is not used again. */
int csv_next(struct csv *csv);
void csv_close(struct csv *csv);

#endif
