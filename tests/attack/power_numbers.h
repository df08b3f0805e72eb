/* SPDX-License-Identifier: MIT */
/*
 * power_numbers: what the takers got, and how much of it was out at a point of
 * the clock. Points only go forward.
 */
#ifndef TESTS_POWER_NUMBERS_H
#define TESTS_POWER_NUMBERS_H

#include "power.h"

#include <stdbool.h>
#include <stddef.h>

enum { POWER_COUNTERS = 512 };

struct power_counter {
    unsigned series;
    int32_t period;
    uint64_t highest; /* that is out; 0: none */
    uint64_t room;
    unsigned char *out; /* by number: 1 if it is out */
};

struct power_numbers {
    struct power_counter counters[POWER_COUNTERS];
    unsigned counter_count;
    uint64_t count, duplicates; /* of all that was logged */
    uint64_t out;               /* numbers that are out at this point */
    struct power_line *lines;
    size_t at;
    unsigned threads;
};

/* Reads PREFIX.0, PREFIX.1 ... of each prefix. */
void power_numbers_load(struct power_numbers *numbers, char *const *prefixes, unsigned count);

/* Numbers with stamps up to this one are out. */
void power_numbers_advance(struct power_numbers *numbers, uint64_t stamp);

const struct power_counter *power_numbers_find(const struct power_numbers *numbers, unsigned series, int32_t period);

/* Is any number of the range out? */
bool power_numbers_meets(const struct power_counter *counter, uint64_t first, uint64_t last);

/* Writes those that are out as logs for the auditor, each unclosed. strict[s]:
 * a cut call of series s may cost a block. */
void power_numbers_write(const struct power_numbers *numbers, const char *folder, char *const *names, unsigned count,
                         const bool *strict);

#endif
