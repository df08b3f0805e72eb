/* SPDX-License-Identifier: MIT */
/* names: what the files of bench_names share: the names, the order in which they are asked for, and bare look-ups. */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct name {
    char tenant[20], series[12];
};

/* Names as a caller has them, one behind the other in memory: to read the next one costs nothing. */
struct walk {
    uint32_t names;       /* 0 to names - 1 are asked for */
    uint32_t steps;       /* a power of two */
    struct name *step;
    uint32_t *index;      /* which name a step is */
};

void names_make(uint32_t index, struct name *name); /* eight tenants and more: as many series each as there are names / tenants */
/* zipf: by Zipf's law with exponent 0.99, the order of the names shuffled; else all alike. */
void names_walk(struct walk *walk, uint32_t names, bool zipf, unsigned seed);

/*
 * What nobody can do without: XXH3 of both names, a table of open addressing with 32 bits of the hash, at most
 * half full, a memcmp of both names, which stand beside the counter: 64 bytes of names, 64 for the counter.
 */
void bare_fill(uint32_t names);
uint64_t bare_hash(const struct name *name);
uint64_t bare_next(const struct name *name); /* fetch-and-add */
uint64_t bare_total(void);                   /* of all counters */

/* docket's map by itself, and liburcu's cds_lfht (docs/decisions/0010). */
void maps_fill(uint32_t names);
bool map_find(const struct name *name);
bool map_find_under_mutex(const struct name *name);
bool lfht_find(const struct name *name);

#endif
