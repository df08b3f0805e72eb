/* SPDX-License-Identifier: MIT */
#include "csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10 };

/* What a look at the buffer found. */
enum found { RECORD, MORE, BAD };

bool csv_open(struct csv *csv, int fd, char delimiter)
{
    /* the cells are not cleared: count says how many there are */
    csv->fd = fd;
    csv->read_most = READ_BYTES;
    csv->delimiter = delimiter;
    csv->begin = csv->end = csv->columns = csv->count = 0;
    csv->begun = csv->ended = false;
    csv->line = 0;
    csv->next_line = 1;
    csv->error[0] = '\0';
    csv->buffer = malloc(CSV_RECORD_MAX + 1); /* and the line's end that the last one may lack */
    return csv->buffer != NULL;
}

void csv_close(struct csv *csv)
{
    free(csv->buffer);
    csv->buffer = NULL;
}

__attribute__((format(printf, 3, 4))) static enum found refuse(struct csv *csv, uint64_t line, const char *format, ...)
{
    int used = snprintf(csv->error, sizeof csv->error, "line %llu: ", (unsigned long long)line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(csv->error + used, sizeof csv->error - (size_t)used, format, arguments);
    va_end(arguments);
    return BAD;
}

/* ---- reading ---- */

/* 1: there is more than before; 0: there is not; -1: csv->error. */
static int refill(struct csv *csv)
{
    if (csv->ended)
        return 0;
    if (csv->begin > 0) {
        memmove(csv->buffer, csv->buffer + csv->begin, csv->end - csv->begin);
        csv->end -= csv->begin;
        csv->begin = 0;
    }
    if (csv->end == CSV_RECORD_MAX)
        return refuse(csv, csv->next_line, "a record of more than %d bytes; is a quote left open there?", CSV_RECORD_MAX), -1;
    size_t room = CSV_RECORD_MAX - csv->end;
    ssize_t got;
    do
        got = read(csv->fd, csv->buffer + csv->end, room < csv->read_most ? room : csv->read_most);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return refuse(csv, csv->next_line, "cannot read on: %s", strerror(errno)), -1;
    csv->end += (size_t)got;
    csv->ended = got == 0;
    if (csv->ended && csv->end > 0 && csv->buffer[csv->end - 1] != '\n')
        csv->buffer[csv->end++] = '\n'; /* there is room for it */
    return csv->end > csv->begin;
}

/* ---- one record ---- */

static void end_cell(struct csv *csv, const char *from, const char *to, bool escaped)
{
    csv->escaped[csv->count] = escaped;
    csv->cells[csv->count++] = (struct span){from, (size_t)(to - from)};
}

/* Behind a quoted cell's first quote; *at goes behind its last one. */
static enum found take_quoted(struct csv *csv, const char **at, const char *end, uint64_t *lines)
{
    const char *from = *at, *scan = from;
    bool escaped = false;
    for (;;) {
        const char *quote = memchr(scan, '"', (size_t)(end - scan));
        if (quote == NULL || (quote + 1 == end && !csv->ended))
            return csv->ended ? refuse(csv, csv->next_line + *lines, "a quote is opened there that nothing closes") : MORE;
        if (quote + 1 < end && quote[1] == '"') {
            escaped = true;
            scan = quote + 2;
            continue;
        }
        for (const char *line = from; (line = memchr(line, '\n', (size_t)(quote - line))) != NULL; line++)
            ++*lines;
        end_cell(csv, from, quote, escaped);
        *at = quote + 1;
        return RECORD;
    }
}

static enum found take_plain(struct csv *csv, const char **at, const char *end, uint64_t lines)
{
    const char *scan = *at;
    char delimiter = csv->delimiter;
    while (scan < end && *scan != delimiter && *scan != '\n' && *scan != '\r' && *scan != '"')
        scan++;
    if (scan == end)
        return MORE;
    if (*scan == '"')
        return refuse(csv, csv->next_line + lines, "a quote in a field that does not begin with one; such a field is "
                                                   "quoted as a whole, and its quotes doubled");
    end_cell(csv, *at, scan, false);
    *at = scan;
    return RECORD;
}

/* At a cell's end: 1 another one follows, 0 the record ends; *at goes behind it. */
static enum found take_end(struct csv *csv, const char **at, const char *end, uint64_t lines, bool *last)
{
    if (*at == end)
        return MORE;
    *last = **at != csv->delimiter;
    if (**at == '\r') {
        if (*at + 1 == end && !csv->ended)
            return MORE;
        if (*at + 1 == end || (*at)[1] != '\n')
            return refuse(csv, csv->next_line + lines, "a carriage return that ends no line");
        ++*at;
    } else if (*last && **at != '\n') {
        return refuse(csv, csv->next_line + lines, "text behind a field's closing quote");
    }
    ++*at;
    return RECORD;
}

static enum found split(struct csv *csv)
{
    const char *at = csv->buffer + csv->begin, *end = csv->buffer + csv->end;
    uint64_t lines = 0;
    bool last = false;
    csv->count = 0;
    while (!last) {
        if (at == end)
            return MORE;
        if (csv->count == CSV_CELLS_MAX)
            return refuse(csv, csv->next_line, "more than %d fields", CSV_CELLS_MAX);
        bool quoted = *at == '"';
        at += quoted;
        enum found found = quoted ? take_quoted(csv, &at, end, &lines) : take_plain(csv, &at, end, lines);
        if (found == RECORD)
            found = take_end(csv, &at, end, lines, &last);
        if (found != RECORD)
            return found;
    }
    csv->line = csv->next_line;
    csv->next_line += lines + 1;
    csv->begin = (size_t)(at - csv->buffer);
    return RECORD;
}

/* "" becomes " where it stands; the record is whole, so nobody reads it again. */
static void unescape(struct span *cell)
{
    char *to = (char *)(uintptr_t)cell->text;
    size_t kept = 0;
    for (size_t i = 0; i < cell->bytes; i++) {
        to[kept++] = cell->text[i];
        i += cell->text[i] == '"';
    }
    cell->bytes = kept;
}

/* ---- the file's beginning ---- */

static char likely_delimiter(const struct csv *csv)
{
    static const char choices[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = csv->begin; i < csv->end && (quoted || csv->buffer[i] != '\n'); i++) {
        quoted ^= csv->buffer[i] == '"';
        for (size_t c = 0; c < 3; c++)
            counts[c] += !quoted && csv->buffer[i] == choices[c];
    }
    for (size_t c = 1; c < 3; c++)
        if (counts[c] > counts[best])
            best = c;
    return choices[best];
}

/* A whole one, as far as quotes say: what is found out must not depend on how the bytes come in. */
static bool has_line(const struct csv *csv)
{
    bool quoted = false;
    for (size_t i = csv->begin; i < csv->end; i++) {
        quoted ^= csv->buffer[i] == '"';
        if (!quoted && csv->buffer[i] == '\n')
            return true;
    }
    return false;
}

static int begin(struct csv *csv)
{
    int more;
    while (!has_line(csv) && (more = refill(csv)) != 0 && !csv->ended)
        if (more < 0)
            return -1;
    csv->begun = true;
    if (csv->end >= 2 && (memcmp(csv->buffer, "\xff\xfe", 2) == 0 || memcmp(csv->buffer, "\xfe\xff", 2) == 0))
        return refuse(csv, 1, "this is UTF-16; iconv -f UTF-16 -t UTF-8 makes it what can be read"), -1;
    if (csv->end >= 3 && memcmp(csv->buffer, "\xef\xbb\xbf", 3) == 0)
        csv->begin = 3;
    if (csv->delimiter == '\0')
        csv->delimiter = likely_delimiter(csv);
    return 1;
}

static int tell(struct csv *csv)
{
    if (csv->columns == 0)
        csv->columns = csv->count;
    if (csv->count != csv->columns)
        return refuse(csv, csv->line, "%zu fields, where the first line has %zu", csv->count, csv->columns), -1;
    for (size_t i = 0; i < csv->count; i++)
        if (csv->escaped[i])
            unescape(&csv->cells[i]);
    return 1;
}

/* An empty line, and no cell in quotes that is empty. */
static bool is_empty(const struct csv *csv)
{
    return csv->count == 1 && csv->cells[0].bytes == 0 && (csv->cells[0].text == csv->buffer || csv->cells[0].text[-1] != '"');
}

int csv_next(struct csv *csv)
{
    if (!csv->begun && begin(csv) < 0)
        return -1;
    for (;;) {
        enum found found = csv->begin < csv->end ? split(csv) : MORE;
        if (found == RECORD && !is_empty(csv))
            return tell(csv);
        if (found == BAD)
            return -1;
        if (found == RECORD)
            continue;
        if (csv->ended) /* split() found all that a whole file can lack */
            return 0;
        if (refill(csv) < 0)
            return -1;
    }
}
