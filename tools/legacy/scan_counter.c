/* SPDX-License-Identifier: MIT */
/* scan_counter: the numbers of each counter in their order: gaps, disorder, what is far above the others. */
#include "scan_inside.h"

#include <stdio.h>

/* The rule of the largest plausible number; scan.h says it. */
enum { HOLE_LEAST = 1000, HOLE_TIMES = 10, BELOW_LEAST = 10, ABOVE_SHARE = 100 };

/* One counter, as far as it was read. */
struct walk {
    uint32_t at; /* of names.counters; NAMES_NONE: none yet */
    const struct names_counter *counter;
    uint64_t seen;          /* rows */
    uint64_t number, place; /* the last number, and its oldest row */
    uint64_t dated_place; /* the last one with a day */
    uint32_t dated_day;
    bool beyond;  /* the numbers from here on are above the largest plausible one */
    char why[128];
    struct scan_counter told;
};

static struct scan_finding finding_of(const struct scan *scan, const struct walk *walk, enum scan_kind kind, uint64_t first,
                                      uint64_t last)
{
    return (struct scan_finding){.kind = kind,
                                 .tenant = scan->names.tenants[walk->counter->tenant],
                                 .series = walk->counter->series,
                                 .period = walk->counter->period,
                                 .first = first,
                                 .last = last};
}

static bool end_counter(struct scan *scan, const struct walk *walk)
{
    if (walk->at != NAMES_NONE && scan->options->counter != NULL &&
        scan->options->counter(scan->options->context, &walk->told) != 0)
        scan->stopped = true;
    return !scan->stopped;
}

static void begin_counter(struct scan *scan, struct walk *walk, uint32_t at)
{
    const struct names_counter *counter = &scan->names.counters[at];
    *walk = (struct walk){.at = at, .counter = counter, .dated_day = NO_DAY};
    walk->told = (struct scan_counter){.tenant = scan->names.tenants[counter->tenant],
                                       .series = counter->series,
                                       .period = counter->period,
                                       .rows = counter->rows,
                                       .first_day = SCAN_NO_DAY,
                                       .last_day = SCAN_NO_DAY};
}

/* ---- the same number again ---- */

static bool take_again(struct scan *scan, struct walk *walk, uint64_t place)
{
    if (scan->options->only_counters)
        return true;
    if (!scan_again(scan, walk->place, &scan->other) || !scan_again(scan, place, &scan->row))
        return false;
    if (scan_same_folded(scan->row.number, scan->other.number))
        return true; /* told among the duplicates */
    struct scan_finding finding = finding_of(scan, walk, SCAN_TWICE, walk->number, walk->number);
    finding.row = scan_shown(scan, &scan->row);
    finding.other = scan_shown(scan, &scan->other);
    finding.why = "another text of a number that an older row has";
    return scan_tell(scan, &finding);
}

/* ---- far above the others ---- */

static bool is_beyond(const struct scan *scan, struct walk *walk, uint64_t number)
{
    uint64_t largest = scan->options->largest;
    if (largest != 0) {
        snprintf(walk->why, sizeof walk->why, "--largest is %llu", (unsigned long long)largest);
        return number > largest;
    }
    if (walk->beyond || walk->seen <= BELOW_LEAST)
        return walk->beyond;
    uint64_t below = walk->seen - 1, above = walk->counter->rows - below, hole = number - walk->number - 1;
    uint64_t all = walk->number - walk->told.lowest + 1;
    snprintf(walk->why, sizeof walk->why, "%llu rows lie below it, up to number %llu", (unsigned long long)below,
             (unsigned long long)walk->number);
    return hole >= HOLE_LEAST && hole / HOLE_TIMES > all && (above <= below / ABOVE_SHARE || above == 1);
}

static bool tell_beyond(struct scan *scan, const struct walk *walk, uint64_t number, uint64_t place)
{
    struct scan_finding finding = finding_of(scan, walk, SCAN_LARGEST, number, number);
    if (!scan->options->only_counters) {
        if (!scan_again(scan, place, &scan->row))
            return false;
        finding.row = scan_shown(scan, &scan->row);
    }
    finding.why = walk->why;
    return scan_tell(scan, &finding);
}

/* ---- its place among the others ---- */

static bool tell_gap(struct scan *scan, const struct walk *walk, uint64_t number)
{
    struct scan_finding finding = finding_of(scan, walk, SCAN_GAP, walk->number + 1, number - 1);
    scan->totals->missing += number - walk->number - 1;
    finding.why = finding.first == finding.last ? "a number is missing" : "numbers are missing";
    return scan_tell(scan, &finding);
}

static bool tell_disorder(struct scan *scan, const struct walk *walk, uint64_t number, uint64_t place)
{
    struct scan_finding finding = finding_of(scan, walk, SCAN_DISORDER, number, number);
    if (!scan->options->only_counters) {
        if (!scan_again(scan, walk->dated_place, &scan->other) || !scan_again(scan, place, &scan->row))
            return false;
        finding.row = scan_shown(scan, &scan->row);
        finding.other = scan_shown(scan, &scan->other);
    }
    finding.why = "an earlier date than the number before it";
    return scan_tell(scan, &finding);
}

static void note_day(struct scan_counter *told, uint32_t day)
{
    if (day == NO_DAY)
        return;
    if (told->first_day == SCAN_NO_DAY || day < told->first_day)
        told->first_day = day;
    if (day > told->last_day)
        told->last_day = day;
}

static bool take_number(struct scan *scan, struct walk *walk, uint64_t number, uint32_t day, uint64_t place)
{
    bool is_first = walk->seen == 1;
    if (is_first)
        walk->told.lowest = number;
    walk->beyond = is_beyond(scan, walk, number);
    walk->told.numbers++;
    walk->told.highest = number;
    if (!walk->beyond) {
        if (!is_first && number > walk->number + 1 && !tell_gap(scan, walk, number))
            return false;
        if (day != NO_DAY && walk->dated_day != NO_DAY && day < walk->dated_day && !tell_disorder(scan, walk, number, place))
            return false;
        walk->told.plausible = number;
        note_day(&walk->told, day);
        if (day != NO_DAY) {
            walk->dated_day = day;
            walk->dated_place = place;
        }
    }
    walk->number = number;
    walk->place = place;
    return !walk->beyond || tell_beyond(scan, walk, number, place);
}

bool scan_find_in_counters(struct scan *scan)
{
    struct walk walk = {.at = NAMES_NONE};
    struct sorted record;
    int got;
    while ((got = sorter_next(scan->numbers, &record)) == 1) {
        uint32_t at = (uint32_t)(record.key[0] >> 18), day = (uint32_t)record.key[1];
        uint64_t number = (record.key[0] & ((1u << 18) - 1)) << 32 | record.key[1] >> 32, place = record.key[2];
        progress_step(&scan->progress);
        if (at != walk.at) {
            if (!end_counter(scan, &walk))
                return false;
            begin_counter(scan, &walk, at);
        }
        bool again = walk.seen++ > 0 && number == walk.number;
        if (!(again ? take_again(scan, &walk, place) : take_number(scan, &walk, number, day, place)))
            return false;
    }
    return got == 0 ? end_counter(scan, &walk) : scan_fail_sorter(scan, scan->numbers);
}
