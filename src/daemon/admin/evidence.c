/* SPDX-License-Identifier: MIT */
/*
 * evidence: lines that say which numbers are on documents. Pure: it looks at
 * the text and the series' policy, and knows nothing of what the store says.
 */
#include "daemon/admin/errand.h"

#include "numbering/period.h"
#include "numbering/template.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 100000, SHOWN_BYTES = 60, POLICIES = 2 };

struct reading {
    const struct dk_series_record *series;
    const struct dk_policy *policies[POLICIES]; /* the series' own, and its next one or NULL */
    struct dk_template templates[POLICIES];     /* theirs */
    int32_t period;
    struct dk_evidence *found;
    size_t count, room;
    uint32_t line;
};

struct word {
    const char *text;
    size_t bytes;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct word trim(struct word word)
{
    while (word.bytes > 0 && is_blank(word.text[0])) {
        word.text++;
        word.bytes--;
    }
    while (word.bytes > 0 && is_blank(word.text[word.bytes - 1]))
        word.bytes--;
    return word;
}

/* All of it are digits of a number from 1 to the largest. */
static bool read_number(struct word word, uint64_t *number)
{
    *number = 0;
    if (word.bytes == 0 || word.bytes > 18)
        return false;
    for (size_t at = 0; at < word.bytes; at++) {
        if (word.text[at] < '0' || word.text[at] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(word.text[at] - '0');
    }
    return *number >= 1 && *number <= DOCKET_NUMBER_MAX;
}

static bool read_range(struct word word, uint64_t *first, uint64_t *last, bool *dotted)
{
    size_t at = 0, sign;
    while (at < word.bytes && word.text[at] != '-' && word.text[at] != '.')
        at++;
    *dotted = at + 1 < word.bytes && word.text[at] == '.' && word.text[at + 1] == '.';
    sign = *dotted ? 2 : 1;
    if (at + sign > word.bytes || (word.text[at] == '.' && !*dotted))
        return false;
    struct word left = trim((struct word){word.text, at});
    struct word right = trim((struct word){word.text + at + sign, word.bytes - at - sign});
    return read_number(left, first) && read_number(right, last) && *first <= *last;
}

static docket_status refuse(const struct reading *reading, struct word word, const char *why)
{
    return dk_fail(DOCKET_REFUSED, "line %u, \"%.*s\": %s; nothing was changed", reading->line,
                   (int)(word.bytes < SHOWN_BYTES ? word.bytes : SHOWN_BYTES), word.text, why);
}

/* What a line is as a document number. */
struct as_text {
    bool found, in_period;
    uint64_t number; /* the one within the period, if one is */
    bool differs;    /* the old and the new template read it as two numbers of the period */
};

static struct as_text read_text(const struct reading *reading, struct word word)
{
    struct as_text read = {0};
    for (int i = 0; i < POLICIES && reading->policies[i] != NULL; i++) {
        const struct dk_policy *policy = reading->policies[i];
        struct dk_read_text text;
        struct dk_span span = {0};
        if (!dk_template_read(&reading->templates[i], reading->series->name, word.text, word.bytes, &text))
            continue;
        read.found = true;
        if (text.date != 0)
            dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, text.date, &span);
        if (text.date != 0 && span.label != reading->period)
            continue;
        read.differs = read.differs || (read.in_period && read.number != text.number);
        read.in_period = true;
        read.number = text.number;
    }
    return read;
}

/* A template that writes digits only makes texts that are numbers too, and one with
 * a dash or dots texts that are ranges. Two readings are taken if they say the same. */
static const char *two_meanings(const struct as_text *text, const struct dk_evidence *plain, bool number, bool dotted)
{
    if (text->differs)
        return "two templates of the series read it as two numbers; write the number itself, as in 17..17";
    if (text->in_period && plain->first == text->number && plain->last == text->number)
        return NULL;
    if (number)
        return "it can be read as a number and as a document number; write the number itself as a range, as in 17..17";
    return dotted ? "it can be read as a range and as a document number; write the numbers of a range line by line"
                  : "it can be read as a range and as a document number; write a range as 17..20";
}

static docket_status read_line(struct reading *reading, struct word word)
{
    struct dk_evidence read = {.line = reading->line};
    bool dotted = false, number = read_number(word, &read.first);
    bool range = !number && read_range(word, &read.first, &read.last, &dotted);
    struct as_text text = read_text(reading, word);
    if (number)
        read.last = read.first;
    const char *why = text.differs || (text.found && (number || range)) ? two_meanings(&text, &read, number, dotted) : NULL;
    if (why != NULL)
        return refuse(reading, word, why);
    if (text.found && !text.in_period)
        return refuse(reading, word, "it is a document number of another period");
    if (text.found)
        read.first = read.last = text.number;
    if (!text.found && !number && !range)
        return refuse(reading, word, "it is no number, no range such as 17..20, and no document number of this series");
    if (reading->count == LINES_MAX)
        return refuse(reading, word, "the evidence has more than 100000 lines; split it");
    if (reading->count == reading->room) {
        reading->room = reading->room * 2 + 64;
        reading->found = dk_must_grow(reading->found, reading->room, sizeof *reading->found);
    }
    reading->found[reading->count++] = read;
    return DOCKET_OK;
}

static int compare(const void *left, const void *right)
{
    const struct dk_evidence *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static docket_status check_repeats(const struct reading *reading)
{
    for (size_t i = 1; i < reading->count; i++) {
        const struct dk_evidence *before = &reading->found[i - 1], *after = &reading->found[i];
        if (before->last >= after->first)
            return dk_fail(DOCKET_REFUSED, "line %u names %llu, as line %u did; nothing was changed",
                           before->line > after->line ? before->line : after->line, (unsigned long long)after->first,
                           before->line > after->line ? after->line : before->line);
    }
    return DOCKET_OK;
}

static docket_status find_templates(struct reading *reading)
{
    docket_status status = DOCKET_OK;
    for (int i = 0; status == DOCKET_OK && i < POLICIES && reading->policies[i] != NULL; i++)
        status = dk_policy_template(reading->policies[i], reading->series->tenant, &reading->templates[i]);
    return status;
}

docket_status dk_evidence_read(const struct dk_series_record *series, int32_t period, const char *text, size_t bytes,
                               struct dk_evidence **found, size_t *count)
{
    struct reading reading = {.series = series, .policies = {series->policy, series->next}, .period = period};
    docket_status status = find_templates(&reading);
    for (size_t at = 0; status == DOCKET_OK && at < bytes;) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : bytes - at;
        struct word word = trim((struct word){text + at, length});
        reading.line++;
        at += length + 1;
        if (memchr(word.text, 0, word.bytes) != NULL)
            status = refuse(&reading, (struct word){"", 0}, "it holds a zero byte");
        else if (word.bytes > 0 && word.text[0] != '#')
            status = read_line(&reading, word);
    }
    if (status == DOCKET_OK && reading.count > 1)
        qsort(reading.found, reading.count, sizeof *reading.found, compare);
    if (status == DOCKET_OK)
        status = check_repeats(&reading);
    if (status != DOCKET_OK) {
        free(reading.found);
        return status;
    }
    *found = reading.found;
    *count = reading.count;
    return DOCKET_OK;
}
