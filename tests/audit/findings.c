/* SPDX-License-Identifier: MIT */
/*
 * findings: what does not agree, counted by kind, the first few told in full.
 */
#include "audit.h"

#include <stdarg.h>
#include <string.h>

struct kind_row {
    const char *key, *text;
    bool lost;
};

#define KIND_ROW(name, key, text, lost) {key, text, lost},
static const struct kind_row kinds[FINDING_KINDS] = {AUDIT_KINDS(KIND_ROW)};

void counter_name(const struct counter *counter, char *text, size_t size)
{
    if (counter->period)
        snprintf(text, size, "%s/%s %d", counter->series->tenant, counter->series->name,
                 (int)counter->period);
    else
        snprintf(text, size, "%s/%s", counter->series->tenant, counter->series->name);
}

void finding_add(struct findings *findings, enum finding_kind kind, uint64_t count,
                 const struct counter *counter, uint64_t number, const char *format, ...)
{
    findings->count[kind] += count;
    if (findings->example_count[kind] == EXAMPLES_PER_KIND)
        return;
    struct example *example = &findings->examples[kind][findings->example_count[kind]++];
    example->counter = counter;
    example->number = number;
    char name[160] = "";
    if (counter)
        counter_name(counter, name, sizeof name);
    int used = snprintf(example->text, sizeof example->text, "%s%s", name, counter ? ": " : "");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(example->text + used, sizeof example->text - (size_t)used, format, arguments);
    va_end(arguments);
}

const char *finding_key(enum finding_kind kind)
{
    return kinds[kind].key;
}

const char *finding_text(enum finding_kind kind)
{
    return kinds[kind].text;
}

uint64_t findings_unaccounted(const struct findings *findings)
{
    uint64_t sum = 0;
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        if (kinds[kind].lost)
            sum += findings->count[kind];
    return sum;
}

bool findings_none(const struct findings *findings)
{
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        if (findings->count[kind])
            return false;
    return true;
}

bool audit_wants(const struct audit *audit, const char *tenant, const char *series)
{
    const char *only = audit->options.only;
    if (!only)
        return true;
    size_t length = strlen(tenant);
    return strncmp(only, tenant, length) == 0 && only[length] == '/' &&
           strcmp(only + length + 1, series) == 0;
}
