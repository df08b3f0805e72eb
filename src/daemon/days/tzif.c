/* SPDX-License-Identifier: MIT */
/*
 * tzif: see tzif.h. A file has a block with times of 4 bytes, which nobody needs
 * any more, one with times of 8, and a line with the rule for all time after its
 * last change ("CET-1CEST,M3.5.0,M10.5.0/3").
 */
#include "daemon/days/tzif.h"

#include "numbering/date.h"

#include <endian.h>
#include <string.h>

#define DAY_S 86400
#define FIRST_S (-62 * (int64_t)DAY_S)  /* November 1969 */
#define LAST_S (47910 * (int64_t)DAY_S) /* March 2101 */

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256, RULE_BYTES = 128, YEAR_LAST = 2101 };

static bool add_step(struct dk_steps *steps, int64_t from_s, int32_t offset_s)
{
    while (steps->count > 1 && steps->steps[steps->count - 1].from_s >= from_s)
        steps->count--; /* that one lasted no time at all */
    if (steps->count > 0 && steps->steps[steps->count - 1].offset_s == offset_s)
        return true; /* only the name changed, or what is called summer */
    if (steps->count == DK_STEPS_MAX)
        return false;
    steps->steps[steps->count++] = (struct dk_step){from_s, offset_s};
    return true;
}

/* Up to the first instant that we ask about, only the offset counts. */
static bool add_change(struct dk_steps *steps, int64_t from_s, int32_t offset_s)
{
    if (from_s > FIRST_S)
        return from_s > LAST_S || add_step(steps, from_s, offset_s);
    steps->steps[0].offset_s = offset_s;
    return true;
}

/* ---- the rule: std offset [dst [offset] ,start[/time],end[/time]] ---- */

enum day_kind { JULIAN, OF_YEAR, OF_MONTH };

struct change {
    enum day_kind kind;
    int32_t month, week, day; /* only `day` unless OF_MONTH */
    int32_t time_s;           /* after midnight by the clock until then */
};

struct rule {
    int32_t standard_s, summer_s; /* offsets */
    bool has_summer;
    struct change begins, ends;   /* of summer */
};

static bool take(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    ++*at;
    return true;
}

static bool take_number(const char **at, int32_t most, int32_t *number)
{
    int32_t read = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        read = read * 10 + (**at - '0');
        if (read > most)
            return false;
    }
    *number = read;
    return *at != from;
}

/* [+-]h[:m[:s]] */
static bool take_time(const char **at, int32_t hours_most, int32_t *time_s)
{
    int32_t hours, minutes = 0, seconds = 0, sign = take(at, '-') ? -1 : 1;
    if (sign > 0)
        (void)take(at, '+');
    if (!take_number(at, hours_most, &hours))
        return false;
    if (take(at, ':') && (!take_number(at, 59, &minutes) || (take(at, ':') && !take_number(at, 59, &seconds))))
        return false;
    *time_s = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_name(const char **at)
{
    const char *from = *at;
    if (take(at, '<')) {
        *at += strcspn(*at, ">");
        return take(at, '>');
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
        ++*at;
    return *at - from >= 3;
}

static bool take_change(const char **at, struct change *change)
{
    *change = (struct change){.kind = OF_YEAR, .time_s = 2 * 3600};
    bool read;
    if (take(at, 'M')) {
        change->kind = OF_MONTH;
        read = take_number(at, 12, &change->month) && take(at, '.') && take_number(at, 5, &change->week) &&
               take(at, '.') && take_number(at, 6, &change->day) && change->month >= 1 && change->week >= 1;
    } else if (take(at, 'J')) {
        change->kind = JULIAN;
        read = take_number(at, 365, &change->day) && change->day >= 1;
    } else {
        read = take_number(at, 365, &change->day);
    }
    return read && (!take(at, '/') || take_time(at, 167, &change->time_s));
}

/* Offsets are written the other way round: hours that are missing to UTC. */
static bool take_rule(const char *at, struct rule *rule)
{
    *rule = (struct rule){0};
    if (!take_name(&at) || !take_time(&at, 24, &rule->standard_s))
        return false;
    rule->standard_s = -rule->standard_s;
    if (*at == 0)
        return true;
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (!take_name(&at))
        return false;
    if (*at != ',') {
        if (!take_time(&at, 24, &rule->summer_s))
            return false;
        rule->summer_s = -rule->summer_s;
    }
    return take(&at, ',') && take_change(&at, &rule->begins) && take(&at, ',') && take_change(&at, &rule->ends) &&
           *at == 0;
}

/* Days since 1970. */
static int32_t day_of_change(const struct change *change, int32_t year)
{
    int32_t january = dk_date_day((uint32_t)year * 10000 + 101);
    if (change->kind == OF_YEAR)
        return january + change->day;
    if (change->kind == JULIAN) /* February 29 is never counted */
        return january + change->day - 1 + (change->day >= 60 && dk_days_of_month(year, 2) == 29 ? 1 : 0);
    uint32_t first = (uint32_t)(year * 10000 + change->month * 100 + 1);
    int32_t weekday = (change->day + 6) % 7; /* theirs begin with Sunday */
    int32_t day = dk_date_day(first) + (weekday - (int32_t)dk_date_weekday(first) + 7) % 7 + (change->week - 1) * 7;
    int32_t past = day - dk_date_day(first) - (int32_t)dk_days_of_month(year, change->month);
    return past >= 0 ? day - 7 : day; /* the fifth is the last */
}

static bool add_rule_changes(struct dk_steps *steps, const struct rule *rule, int64_t after_s)
{
    for (int32_t year = 1969; year <= YEAR_LAST; year++) {
        int64_t begins_s = (int64_t)day_of_change(&rule->begins, year) * DAY_S + rule->begins.time_s - rule->standard_s;
        int64_t ends_s = (int64_t)day_of_change(&rule->ends, year) * DAY_S + rule->ends.time_s - rule->summer_s;
        bool begins_first = begins_s < ends_s;
        for (int nth = 0; nth < 2; nth++) {
            bool begins = (nth == 0) == begins_first;
            int64_t from_s = begins ? begins_s : ends_s;
            if (from_s > after_s && !add_change(steps, from_s, begins ? rule->summer_s : rule->standard_s))
                return false;
        }
    }
    return true;
}

/* ---- the file ---- */

static uint64_t word_at(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return be32toh(word);
}

struct block {
    const uint8_t *times, *which, *types; /* where they begin */
    uint64_t changes, type_count;
    uint64_t bytes; /* with its header */
};

static bool find_block(const uint8_t *bytes, size_t count, unsigned time_bytes, struct block *block)
{
    if (count < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
        return false;
    uint64_t utc = word_at(bytes + 20), standard = word_at(bytes + 24), leaps = word_at(bytes + 28);
    uint64_t letters = word_at(bytes + 40);
    block->changes = word_at(bytes + 32);
    block->type_count = word_at(bytes + 36);
    block->bytes = HEADER_BYTES + block->changes * (time_bytes + 1) + block->type_count * TYPE_BYTES + letters +
                   leaps * (time_bytes + 4) + standard + utc;
    block->times = bytes + HEADER_BYTES;
    if (block->bytes > count || (time_bytes == 8 && (leaps != 0 || block->type_count < 1)) ||
        block->type_count > TYPES_MAX)
        return false;
    block->which = block->times + block->changes * time_bytes;
    block->types = block->which + block->changes;
    return true;
}

static bool offset_of(const struct block *block, uint8_t type, int32_t *offset_s)
{
    if (type >= block->type_count)
        return false;
    *offset_s = (int32_t)word_at(block->types + type * TYPE_BYTES);
    return *offset_s > -DK_OFFSET_MAX_S && *offset_s < DK_OFFSET_MAX_S;
}

/* The changes of the file; *last_s is the instant of the last one. */
static bool add_changes(struct dk_steps *steps, const struct block *block, int64_t *last_s)
{
    int32_t offset_s;
    steps->count = 0;
    if (!offset_of(block, 0, &offset_s) || !add_step(steps, FIRST_S, offset_s))
        return false;
    for (uint64_t at = 0; at < block->changes; at++) {
        uint64_t word;
        memcpy(&word, block->times + at * sizeof word, sizeof word);
        int64_t from_s = (int64_t)be64toh(word);
        if (!offset_of(block, block->which[at], &offset_s) || (at > 0 && from_s <= *last_s))
            return false;
        *last_s = from_s;
        if (!add_change(steps, from_s, offset_s))
            return false;
    }
    return true;
}

/* The line behind the block: "\n" RULE "\n"; without a rule the last offset stays. */
static bool add_line(struct dk_steps *steps, const uint8_t *line, size_t count, int64_t last_s)
{
    char text[RULE_BYTES];
    struct rule rule;
    if (count < 2 || count - 2 >= sizeof text || line[0] != '\n' || line[count - 1] != '\n')
        return false;
    memcpy(text, line + 1, count - 2);
    text[count - 2] = 0;
    if (text[0] == 0)
        return true;
    if (!take_rule(text, &rule))
        return false;
    return rule.has_summer ? add_rule_changes(steps, &rule, last_s) : add_change(steps, last_s, rule.standard_s);
}

bool dk_tzif_read(const uint8_t *bytes, size_t count, struct dk_steps *steps)
{
    struct block old, block;
    int64_t last_s = FIRST_S;
    if (!find_block(bytes, count, 4, &old) || !find_block(bytes + old.bytes, count - old.bytes, 8, &block))
        return false;
    size_t used = old.bytes + block.bytes;
    return add_changes(steps, &block, &last_s) && add_line(steps, bytes + used, count - used, last_s);
}
