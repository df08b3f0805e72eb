/* SPDX-License-Identifier: MIT */
/* names: the tenants and counters that a source has, each with a number of its own, in the order in which they come. */
#ifndef DOCKET_TOOLS_LEGACY_NAMES_H
#define DOCKET_TOOLS_LEGACY_NAMES_H

#include "csv.h"

#define NAMES_NONE UINT32_MAX

struct names_counter {
    uint32_t tenant, next_in_bucket;
    int32_t period;
    const char *series; /* the reader's */
    uint64_t rows;
};

struct names {
    char **tenants; /* each ends in a zero */
    uint32_t *tenant_next;
    uint32_t tenant_count, tenant_room, tenant_buckets_count;
    uint32_t *tenant_buckets;
    struct names_counter *counters;
    uint32_t counter_count, counter_room, counter_buckets_count;
    uint32_t *counter_buckets;
    uint32_t last_tenant, last_counter;
};

void names_open(struct names *names);
void names_close(struct names *names);
/* NAMES_NONE: no memory. A tenant's name ends at a zero. */
uint32_t names_tenant(struct names *names, struct span tenant);
uint32_t names_counter(struct names *names, uint32_t tenant, const char *series, int32_t period);

#endif
