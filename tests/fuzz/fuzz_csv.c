/* SPDX-License-Identifier: MIT */
/* links: tools:legacy/csv */
/*
 * Comma-separated values: whatever the bytes are, what is told of them lies in the reader's buffer and has as many cells
 * as the first record; it is the same however the bytes come in; and what was told, written by RFC 4180, is told again.
 * The first byte says how the bytes come, the second the delimiter.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "../../tools/legacy/csv.h"

#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 1 << 16 };

struct told {
    char bytes[ROOM]; /* the records by RFC 4180, every cell in quotes */
    size_t used, records, cells;
    int end; /* what csv_next() said last */
    char error[CSV_ERROR_BYTES];
};

static void add(struct told *told, char c)
{
    MUST(told->used < ROOM);
    told->bytes[told->used++] = c;
}

static void add_record(struct told *told, const struct csv *csv)
{
    for (size_t i = 0; i < csv->count; i++) {
        const struct span *cell = &csv->cells[i];
        MUST(cell->text >= csv->buffer && cell->text + cell->bytes <= csv->buffer + csv->end);
        if (i > 0)
            add(told, ',');
        add(told, '"');
        for (size_t at = 0; at < cell->bytes; at++) {
            if (cell->text[at] == '"')
                add(told, '"');
            add(told, cell->text[at]);
        }
        add(told, '"');
    }
    add(told, '\n');
    told->records++;
    told->cells += csv->count;
}

static void read_all(const void *bytes, size_t size, char delimiter, size_t at_once, struct told *told)
{
    static struct csv csv;
    uint64_t line = 0;
    int fd = memfd_create("csv", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    MUST(csv_open(&csv, fd, delimiter));
    csv.read_most = at_once;
    told->used = told->records = told->cells = 0;
    told->error[0] = 0;
    while ((told->end = csv_next(&csv)) == 1) {
        MUST(csv.count >= 1 && csv.count == csv.columns && csv.line > line);
        line = csv.line;
        add_record(told, &csv);
    }
    if (told->end < 0)
        memcpy(told->error, csv.error, sizeof told->error);
    MUST((told->end < 0) == (told->error[0] != 0));
    csv_close(&csv);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct told whole, parts, again;
    static const char delimiters[] = {0, ',', ';', '\t', '|', 'a'};
    if (size < 2 || size > ROOM / 4)
        return 0;
    char delimiter = delimiters[bytes[1] % sizeof delimiters];
    read_all(bytes + 2, size - 2, delimiter, ROOM, &whole);
    read_all(bytes + 2, size - 2, delimiter, 1 + bytes[0] % 64, &parts);
    MUST(whole.end == parts.end && whole.used == parts.used && memcmp(whole.bytes, parts.bytes, whole.used) == 0);
    MUST(strcmp(whole.error, parts.error) == 0);
    read_all(whole.bytes, whole.used, ',', 1 + bytes[0] % 64, &again);
    MUST(again.end == 0 && again.records == whole.records && again.cells == whole.cells);
    MUST(again.used == whole.used && memcmp(again.bytes, whole.bytes, again.used) == 0);
    return 0;
}
