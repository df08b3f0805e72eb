/* SPDX-License-Identifier: MIT */
/*
 * fates: reads what `docket fate --json` says of every number, and checks that
 * the ranges of a counter cover [first, mark - 1] without hole or overlap.
 */
#include "audit.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const fate_names[FATES] = {"laid", "open",     "handed out", "spare",    "void",  "unknown",
                                              "free", "reserved", "pending",    "in doubt", "issued"};

const char *fate_name(enum fate fate)
{
    return fate_names[fate];
}

static bool fate_parse(const char *text, enum fate *fate)
{
    for (unsigned i = 0; i < FATES; i++)
        if (strcmp(text, fate_names[i]) == 0) {
            *fate = (enum fate)i;
            return true;
        }
    return false;
}

static void count_cause(struct totals *totals, const char *text, uint64_t numbers)
{
    struct cause *cause = totals->causes;
    struct cause *end = totals->causes + totals->cause_count;
    while (cause < end && strncmp(cause->text, text, CAUSE_BYTES - 1) != 0)
        cause++;
    if (cause == end && totals->cause_count == CAUSES_MAX)
        cause--;
    else if (cause == end) {
        totals->cause_count++;
        snprintf(cause->text, CAUSE_BYTES, "%s", text);
    }
    cause->ranges++;
    cause->numbers += numbers;
}

/* Takes one range that begins where it should (*expected) or tells why not. */
static void check_place(struct findings *findings, const struct counter *counter,
                        const struct fate_range *range, uint64_t *expected)
{
    if (range->first > *expected)
        finding_add(findings, FINDING_FATE_HOLE, range->first - *expected, counter, 0,
                    "no fate for %llu to %llu", (unsigned long long)*expected,
                    (unsigned long long)(range->first - 1));
    if (range->first < *expected) {
        uint64_t last = range->last < *expected ? range->last : *expected - 1;
        finding_add(findings, FINDING_FATE_OVERLAP, last - range->first + 1, counter, 0,
                    "%llu to %llu have a second fate: %s", (unsigned long long)range->first,
                    (unsigned long long)last, fate_names[range->fate]);
    }
    if (range->last >= *expected)
        *expected = range->last + 1;
}

static void read_range(struct audit *audit, struct counter *counter, const json_t *row,
                       uint64_t *expected)
{
    const char *fate = json_string_value(json_object_get(row, "fate"));
    const char *cause = json_string_value(json_object_get(row, "cause"));
    json_int_t first = json_integer_value(json_object_get(row, "first"));
    json_int_t last = json_integer_value(json_object_get(row, "last"));
    struct fate_range range = {.first = (uint64_t)first, .last = (uint64_t)last};

    if (!fate || !fate_parse(fate, &range.fate) || first < 1 || last < first ||
        range.last > AUDIT_NUMBER_MAX || range.last >= counter->mark) {
        finding_add(&audit->findings, FINDING_BAD_FATE, 1, counter, 0,
                    "range %lld to %lld, fate \"%s\", mark %llu", (long long)first,
                    (long long)last, fate ? fate : "(none)", (unsigned long long)counter->mark);
        return;
    }
    /* Numbers that were skipped ("advanced") were given to nobody: those are judged. */
    range.by_hand = cause && ((range.fate == FATE_VOID && strcmp(cause, "voided") == 0) ||
                              (range.fate == FATE_HANDED_OUT && strcmp(cause, "by evidence") == 0));
    range.imported = cause && strcmp(cause, "imported") == 0;
    range.has_cause = cause && *cause;
    check_place(&audit->findings, counter, &range, expected);
    uint64_t size = range.last - range.first + 1;
    audit->totals.fate[range.fate] += size;
    if (range.fate == FATE_UNKNOWN)
        count_cause(&audit->totals, cause && *cause ? cause : "no cause told", size);
    counter->ranges[counter->range_count++] = range;
}

static bool read_ranges(struct audit *audit, struct counter *counter, const json_t *ranges)
{
    size_t count = json_array_size(ranges);
    counter->ranges = calloc(count + 1, sizeof *counter->ranges);
    if (!counter->ranges)
        return false;
    uint64_t expected = counter->first;
    for (size_t i = 0; i < count; i++)
        read_range(audit, counter, json_array_get(ranges, i), &expected);
    if (expected < counter->mark)
        finding_add(&audit->findings, FINDING_FATE_HOLE, counter->mark - expected, counter, 0,
                    "no fate for %llu to %llu", (unsigned long long)expected,
                    (unsigned long long)(counter->mark - 1));
    return true;
}

static void note_order(struct audit *audit, struct counter *counter, const char *order, bool ledger)
{
    if (!order || (strcmp(order, "strict") != 0 && strcmp(order, "leased") != 0 && strcmp(order, "gapless") != 0)) {
        finding_add(&audit->findings, FINDING_BAD_FATE, 1, counter, 0, "order is \"%s\"",
                    order ? order : "(none)");
        return;
    }
    counter->series->has_order = true;
    counter->series->strict = strcmp(order, "strict") == 0 && !ledger;
    counter->gapless = strcmp(order, "gapless") == 0;
}

/* False: no memory, or an entry without the members that name a counter. */
static bool read_counter(struct audit *audit, const json_t *entry)
{
    const char *tenant = json_string_value(json_object_get(entry, "tenant"));
    const char *series = json_string_value(json_object_get(entry, "series"));
    const json_t *period = json_object_get(entry, "period");
    const json_t *first = json_object_get(entry, "first");
    const json_t *mark = json_object_get(entry, "mark");
    const json_t *ranges = json_object_get(entry, "ranges");

    if (!tenant || !series || !json_is_integer(period) || !json_is_integer(first) ||
        !json_is_integer(mark) || !json_is_array(ranges))
        return false;
    if (!audit_wants(audit, tenant, series))
        return true;
    struct counter *counter = table_counter(audit->table, tenant, series,
                                            (int32_t)json_integer_value(period));
    if (!counter)
        return false;
    if (counter->has_fate || json_integer_value(first) < 1 ||
        json_integer_value(mark) < json_integer_value(first) ||
        (uint64_t)json_integer_value(mark) > AUDIT_NUMBER_MAX + 1) {
        finding_add(&audit->findings, FINDING_BAD_FATE, 1, counter, 0, "%s: first %lld, mark %lld",
                    counter->has_fate ? "told twice" : "no such range",
                    (long long)json_integer_value(first), (long long)json_integer_value(mark));
        return true;
    }
    counter->has_fate = true;
    counter->first = (uint64_t)json_integer_value(first);
    counter->mark = (uint64_t)json_integer_value(mark);
    note_order(audit, counter, json_string_value(json_object_get(entry, "order")),
               json_is_true(json_object_get(entry, "ledger")));
    return read_ranges(audit, counter, ranges);
}

static int refuse(const char *path, const char *reason)
{
    fprintf(stderr, "docket-audit: %s: %s\n", path, reason);
    return AUDIT_UNREADABLE;
}

static int read_counters(struct audit *audit, const json_t *root, const char *path)
{
    const json_t *counters = json_object_get(root, "counters");
    if (json_integer_value(json_object_get(root, "schema_version")) != 1)
        return refuse(path, "schema_version is not 1");
    if (!json_is_array(counters))
        return refuse(path, "no array \"counters\"");
    for (size_t i = 0; i < json_array_size(counters); i++)
        if (!read_counter(audit, json_array_get(counters, i)))
            return refuse(path, "an entry of \"counters\" cannot be read");
    return AUDIT_CLEAN;
}

int fates_read(struct audit *audit)
{
    const char *path = audit->options.fate_path;
    bool from_stdin = strcmp(path, "-") == 0;
    FILE *file = from_stdin ? stdin : fopen(path, "re");
    if (!file)
        return refuse(path, strerror(errno));
    json_error_t error;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!from_stdin)
        fclose(file);
    if (!root) {
        fprintf(stderr, "docket-audit: %s: line %d: %s\n", path, error.line, error.text);
        return AUDIT_UNREADABLE;
    }
    int result = read_counters(audit, root, path);
    json_decref(root);
    return result;
}
