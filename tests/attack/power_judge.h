/* SPDX-License-Identifier: MIT */
/* power_judge: opens one image with the store's own code, and says what is wrong. */
#ifndef TESTS_POWER_JUDGE_H
#define TESTS_POWER_JUDGE_H

#include "power_numbers.h"

struct power_counts {
    uint64_t images;
    uint64_t stale;      /* a mark not above a number that was out, or no counter for it */
    uint64_t again;      /* a number that was out is spare or void in the store */
    uint64_t unreadable; /* refused, or a record that cannot be read */
    uint64_t empty;      /* no store, and nothing was out: made anew */
    uint64_t loose;      /* more would become unknown than was stated */
    uint64_t widest;     /* per mille of the stated bound that the worst counter reached */
    uint64_t served;     /* images at which numbers were out */
    char first[512];     /* the first fault, in words */
};

struct power_judge {
    const struct power_numbers *numbers;
    char *const *names;
    unsigned name_count;
    unsigned lines; /* leases that may be open at once */
    bool other;     /* the witness lies in the second root */
    const char *folder;
    struct power_counts *counts;
    bool strict[POWER_SERIES_MAX]; /* learnt from the store */
};

/* where: of the fault, in words. */
void power_judge(struct power_judge *judge, const char *where);

#endif
