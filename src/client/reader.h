/* SPDX-License-Identifier: MIT */
/*
 * reader: what a docket_reader keeps. Between reader.c (reading), reader_series.c (adding series) and
 * reader_realm.c (a realm's); nobody else includes it.
 *
 * A shape is what one policy of one series writes. Shapes are found by how their texts begin (the bytes before the
 * first date or number: their head), by tenant: a tenant knows which lengths its heads have, and each is looked up.
 */
#ifndef DK_CLIENT_READER_H
#define DK_CLIENT_READER_H

#include "docket_reader.h"

#include "numbering/period.h"

#define READER_NONE UINT32_MAX

/* Tenant 0 is any tenant. */
struct reader_tenant {
    char *name;
    uint64_t heads[DOCKET_TEXT_MAX / 64]; /* a bit for each length that a head of it has */
    uint32_t next_in_bucket;
    uint32_t first_shape; /* chained by next_of_tenant */
};

struct reader_shape {
    struct dk_template template; /* resolved; of a series of any tenant without the tenant's name */
    struct dk_policy *own;       /* of a series of any tenant whose texts show the tenant: its policy. NULL else */
    char *series;
    uint64_t last, hash;
    uint32_t tenant, next_in_bucket, next_of_tenant;
    uint8_t restart, current;
    uint8_t head;          /* bytes */
    uint8_t before, after; /* bytes of a text around its number */
    uint8_t has_last;      /* what follows is of a text: the next one with the same around its number means the same */
    int32_t last_period;
    uint32_t last_date;
    char around[DOCKET_TEXT_MAX]; /* before and after */
    char beginning[DOCKET_TEXT_MAX]; /* the head */
};

struct docket_reader {
    struct reader_tenant *tenants;
    uint32_t tenant_count, tenant_room;
    struct reader_shape *shapes;
    uint32_t shape_count, shape_room;
    uint32_t *tenant_buckets, *shape_buckets; /* READER_NONE: empty */
    uint32_t tenant_bucket_count, shape_bucket_count; /* powers of two */
    uint32_t last_tenant; /* that was asked for */
};

/* The hash of a head: a byte more each time. */
static inline uint64_t reader_hash_begin(uint32_t tenant)
{
    return (tenant + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
}
static inline uint64_t reader_hash_add(uint64_t hash, char byte)
{
    return (hash ^ (uint8_t)byte) * UINT64_C(0x100000001b3);
}
static inline uint32_t reader_bucket(uint64_t hash, uint32_t count)
{
    return (uint32_t)((hash ^ hash >> 29) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (count - 1);
}

/* READER_NONE: the reader does not know it. */
uint32_t reader_find_tenant(docket_reader *reader, const char *tenant);

/* A shape more, of a tenant (NULL: any). Alike ones are one. `own`: see above; it is copied. */
docket_status reader_add_shape(docket_reader *reader, const char *tenant, const char *series, const struct dk_template *template,
                               enum dk_restart restart, uint64_t last, bool current, const struct dk_policy *own) DK_MUST_USE;

#endif
