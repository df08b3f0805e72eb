/* SPDX-License-Identifier: MIT */
/*
 * plan_read: a plan that people may have edited, or that is none. Each line is a record of comma-separated values
 * (RFC 4180) of PLAN_COLUMNS cells; one that begins with # is of the head, or a remark. Programs that made commas of
 * the head's empty cells, or CRLF of line ends, have edited it, no more.
 */
#include "plan.h"

#include <sha2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct plan *plan;
    const char *text;
    size_t at, bytes;
    uint64_t line, next_line;
    struct plan_fault *fault;
    bool failed;
    bool has_version, has_digest, has_columns, has_end;
    size_t count;
    const char *cells[PLAN_COLUMNS];
};

static void refuse(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct reading *reading, const char *format, ...)
{
    va_list arguments;
    if (reading->failed)
        return;
    reading->failed = true;
    reading->fault->line = reading->line;
    va_start(arguments, format);
    vsnprintf(reading->fault->text, sizeof reading->fault->text, format, arguments);
    va_end(arguments);
}

/* ---- records ---- */

/* One cell, into room of as many bytes as it has; returns how many it means. */
static size_t take_quoted(struct reading *reading, char *room)
{
    size_t used = 0;
    for (reading->at++; reading->at < reading->bytes; reading->at++) {
        char c = reading->text[reading->at];
        if (c == '"' && (reading->at + 1 == reading->bytes || reading->text[reading->at + 1] != '"')) {
            reading->at++;
            return used;
        }
        reading->at += c == '"';
        reading->next_line += c == '\n';
        room[used++] = c;
    }
    refuse(reading, "a quote has no end");
    return used;
}

static size_t plain_bytes(const struct reading *reading)
{
    size_t end = reading->at;
    while (end < reading->bytes && strchr(",\r\n", reading->text[end]) == NULL)
        end++;
    return end - reading->at;
}

static void take_cell(struct reading *reading)
{
    const char *from = reading->text + reading->at, *cell;
    size_t bytes = plain_bytes(reading);
    if (reading->at < reading->bytes && from[0] == '"') {
        char *room = malloc(reading->bytes - reading->at);
        size_t used = room != NULL ? take_quoted(reading, room) : 0;
        cell = room != NULL ? arena_text(&reading->plan->arena, room, used) : NULL;
        free(room);
    } else {
        cell = arena_text(&reading->plan->arena, from, bytes);
        reading->at += bytes;
    }
    if (cell == NULL)
        refuse(reading, "there is no memory for the plan");
    else if (reading->count < PLAN_COLUMNS)
        reading->cells[reading->count] = cell;
    reading->count++;
}

static void take_record(struct reading *reading)
{
    reading->count = 0;
    do {
        take_cell(reading);
        if (reading->failed || reading->at >= reading->bytes)
            return;
    } while (reading->text[reading->at] == ',' && ++reading->at);
    reading->at += reading->text[reading->at] == '\r';
    if (reading->at < reading->bytes && reading->text[reading->at] != '\n')
        refuse(reading, "something stands behind a quote or a line's end");
    reading->at++;
    reading->next_line++;
}

/* ---- the head ---- */

static bool is_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") == 64 && text[64] == '\0';
}

static const char *value_of(const char *line, const char *key)
{
    size_t bytes = strlen(key);
    return strncmp(line, key, bytes) == 0 ? line + bytes : NULL;
}

static void take_end(struct reading *reading, size_t begin, const char *said)
{
    char text[SHA256_DIGEST_STRING_LENGTH];
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)reading->text, begin);
    SHA256End(&context, text);
    reading->plan->edited = strcmp(text, said) != 0;
    reading->has_end = true;
}

static void take_head(struct reading *reading, size_t begin)
{
    const char *line = reading->cells[0], *value;
    if ((value = value_of(line, "# docket fix plan ")) != NULL) {
        reading->has_version = true;
        if (strcmp(value, "1") != 0)
            refuse(reading, "it is a plan of version %.20s, and this docket knows version %d", value, PLAN_VERSION);
    } else if ((value = value_of(line, "# digest: ")) != NULL) {
        if (!is_hex(value))
            refuse(reading, "the digest is not 64 hexadecimal digits");
        else
            memcpy(reading->plan->digest, value, 65);
        reading->has_digest = true;
    } else if ((value = value_of(line, "# rows: ")) != NULL) {
        reading->plan->source_rows = strtoull(value, NULL, 10);
    } else if ((value = value_of(line, "# source: ")) != NULL) {
        reading->plan->source = value;
    } else if ((value = value_of(line, "# sha256: ")) != NULL) {
        take_end(reading, begin, value);
    }
}

/* ---- rows ---- */

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void check_row(struct reading *reading, const struct plan_row *row)
{
    if (row->what != PLAN_RENUMBER) {
        if (row->new_number[0] != '\0')
            refuse(reading, "it has a new number, and says %s: write renumber, or take the number away",
                   plan_words[row->what]);
        return;
    }
    if (row->id[0] == '\0')
        refuse(reading, "a row that gets a new number needs its id");
    else if (row->number[0] == '\0' || row->new_number[0] == '\0')
        refuse(reading, "a row that gets a new number needs the old and the new one");
    else if (strcmp(row->number, row->new_number) == 0)
        refuse(reading, "the new number is the old one");
    else if (!is_plain(row->new_number))
        refuse(reading, "the new number has a character that does not print");
}

static void take_row(struct reading *reading)
{
    struct plan *plan = reading->plan;
    const char *const *cells = reading->cells;
    struct plan_row row = {.group = strtoull(cells[0], NULL, 10), .tenant = cells[2], .id = cells[3], .date = cells[4],
                           .number = cells[5], .new_number = cells[6], .why = cells[7], .line = reading->line};
    int what = 0;
    while (what <= PLAN_LEFT && strcmp(cells[1], plan_words[what]) != 0)
        what++;
    if (what > PLAN_LEFT) {
        refuse(reading, "it says '%.40s', and not keep, renumber or left", cells[1]);
        return;
    }
    row.what = (enum plan_do)what;
    check_row(reading, &row);
    plan->renumbered += what == PLAN_RENUMBER;
    plan->left += what == PLAN_LEFT;
    if (!reading->failed && plan_add(plan, &row) == NULL)
        refuse(reading, "there is no memory for the plan");
}

static void take_columns(struct reading *reading)
{
    for (size_t i = 0; i < PLAN_COLUMNS; i++)
        if (strcmp(reading->cells[i], plan_columns[i]) != 0)
            refuse(reading, "column %zu is called '%.40s', not %s", i + 1, reading->cells[i], plan_columns[i]);
    reading->has_columns = true;
}

static void take_line(struct reading *reading)
{
    size_t begin = reading->at;
    take_record(reading);
    if (reading->failed || (reading->count == 1 && reading->cells[0][0] == '\0'))
        return;
    if (reading->has_end)
        refuse(reading, "something stands behind the line of its sha256");
    else if (reading->cells[0][0] == '#')
        take_head(reading, begin);
    else if (!reading->has_version)
        refuse(reading, "it does not begin as a plan does: # docket fix plan %d", PLAN_VERSION);
    else if (reading->count != PLAN_COLUMNS)
        refuse(reading, "it has %zu cells, not %d with commas between", reading->count, PLAN_COLUMNS);
    else if (!reading->has_columns)
        take_columns(reading);
    else
        take_row(reading);
}

bool plan_read(struct plan *plan, const char *text, size_t bytes, struct plan_fault *fault)
{
    struct reading reading = {.plan = plan, .text = text, .bytes = bytes, .next_line = 1, .fault = fault};
    plan->source = "";
    if (memchr(text, '\0', bytes) != NULL)
        refuse(&reading, "it has a zero byte: it is no text");
    while (!reading.failed && reading.at < bytes) {
        reading.line = reading.next_line;
        take_line(&reading);
    }
    if (!reading.failed && !reading.has_version)
        refuse(&reading, "it does not begin as a plan does: # docket fix plan %d", PLAN_VERSION);
    if (!reading.failed && (!reading.has_digest || !reading.has_columns))
        refuse(&reading, "its head has no digest or no line of columns");
    if (!reading.failed && !reading.has_end)
        refuse(&reading, "it has no last line with its sha256: it was cut off");
    return !reading.failed;
}
