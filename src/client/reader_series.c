/* SPDX-License-Identifier: MIT */
/* reader_series: the series that a reader knows. */
#include "client/reader.h"

#include "base/hash.h"
#include "client/inside.h"
#include "numbering/template_inside.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64 };

docket_status docket_reader_open(docket_reader **reader)
{
    if (reader == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_open wants a place for the reader");
    docket_reader *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a reader");
    made->last_tenant = READER_NONE;
    *reader = made;
    return DOCKET_OK;
}

void docket_reader_close(docket_reader *reader)
{
    if (reader == NULL)
        return;
    for (uint32_t i = 0; i < reader->tenant_count; i++)
        free(reader->tenants[i].name);
    for (uint32_t i = 0; i < reader->shape_count; i++) {
        free(reader->shapes[i].series);
        free(reader->shapes[i].own);
    }
    free(reader->tenants);
    free(reader->shapes);
    free(reader->tenant_buckets);
    free(reader->shape_buckets);
    free(reader);
}

/* ---- tables that grow ---- */

static docket_status no_memory(void)
{
    return dk_fail(DOCKET_NO_MEMORY, "no memory for the series that a reader knows");
}

/* Room for one more. */
static bool grow(void **rows, uint32_t count, uint32_t *room, size_t bytes)
{
    if (count < *room)
        return true;
    uint32_t wanted = *room * 2 + 16;
    void *grown = realloc(*rows, wanted * bytes);
    if (grown == NULL)
        return false;
    *rows = grown;
    *room = wanted;
    return true;
}

/* Buckets for `count` entries, all empty. True: the entries go in anew. NULL without memory. */
static bool rebucket(uint32_t **buckets, uint32_t *bucket_count, uint32_t count, bool *again)
{
    *again = count >= *bucket_count;
    if (!*again)
        return true;
    uint32_t wanted = *bucket_count == 0 ? BUCKETS_FIRST : *bucket_count * 2;
    uint32_t *made = malloc(wanted * sizeof *made);
    if (made == NULL)
        return false;
    memset(made, 0xff, wanted * sizeof *made);
    free(*buckets);
    *buckets = made;
    *bucket_count = wanted;
    return true;
}

/* ---- tenants ---- */

static uint32_t *tenant_bucket(const docket_reader *reader, const char *tenant)
{
    return &reader->tenant_buckets[dk_hash(tenant, strlen(tenant), 0) & (reader->tenant_bucket_count - 1)];
}

uint32_t reader_find_tenant(docket_reader *reader, const char *tenant)
{
    uint32_t at = reader->last_tenant;
    if (at != READER_NONE && strcmp(reader->tenants[at].name, tenant) == 0)
        return at;
    if (reader->tenant_count == 0)
        return READER_NONE;
    at = *tenant_bucket(reader, tenant);
    while (at != READER_NONE && strcmp(reader->tenants[at].name, tenant) != 0)
        at = reader->tenants[at].next_in_bucket;
    if (at != READER_NONE)
        reader->last_tenant = at;
    return at;
}

static void put_tenant(docket_reader *reader, uint32_t at)
{
    uint32_t *bucket = tenant_bucket(reader, reader->tenants[at].name);
    reader->tenants[at].next_in_bucket = *bucket;
    *bucket = at;
}

static docket_status add_tenant(docket_reader *reader, const char *tenant, uint32_t *found)
{
    bool again;
    if (!grow((void **)&reader->tenants, reader->tenant_count, &reader->tenant_room, sizeof *reader->tenants) ||
        !rebucket(&reader->tenant_buckets, &reader->tenant_bucket_count, reader->tenant_count, &again))
        return no_memory();
    for (uint32_t at = 0; again && at < reader->tenant_count; at++)
        put_tenant(reader, at);
    char *name = strdup(tenant);
    if (name == NULL)
        return no_memory();
    *found = reader->tenant_count++;
    reader->tenants[*found] = (struct reader_tenant){.name = name, .first_shape = READER_NONE};
    put_tenant(reader, *found);
    return DOCKET_OK;
}

/* Tenant 0, any tenant, has a name that no tenant has. */
static docket_status have_tenant(docket_reader *reader, const char *tenant, uint32_t *found)
{
    docket_status status = reader->tenant_count == 0 ? add_tenant(reader, "", found) : DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    *found = tenant == NULL ? 0 : reader_find_tenant(reader, tenant);
    return *found == READER_NONE ? add_tenant(reader, tenant, found) : DOCKET_OK;
}

/* ---- shapes ---- */

/* How the texts begin, and what is around their number. */
static void measure(struct reader_shape *shape)
{
    const struct dk_template *template = &shape->template;
    bool head = shape->own == NULL; /* where a tenant's name is put in later, nothing is known before */
    size_t fixed = dk_template_size(template, shape->series, 0) - 1 - template->pieces[template->number_at].bytes, before = 0;
    for (unsigned at = 0; at < template->number_at; at++) {
        const struct dk_piece *piece = &template->pieces[at];
        bool is_name = piece->kind == DK_SERIES_NAME;
        const char *bytes = is_name ? shape->series : template->text + piece->from;
        size_t count = is_name ? strlen(shape->series) : piece->kind == DK_LITERAL ? piece->bytes : dk_piece_bytes(piece->kind);
        head = head && (is_name || piece->kind == DK_LITERAL);
        if (head) {
            memcpy(shape->beginning + shape->head, bytes, count);
            shape->head = (uint8_t)(shape->head + count);
        }
        before += count;
    }
    shape->before = (uint8_t)before;
    shape->after = (uint8_t)(fixed - before);
    shape->hash = reader_hash_begin(shape->tenant);
    for (unsigned at = 0; at < shape->head; at++)
        shape->hash = reader_hash_add(shape->hash, shape->beginning[at]);
}

static void put_shape(docket_reader *reader, uint32_t at)
{
    struct reader_shape *shape = &reader->shapes[at];
    uint32_t *bucket = &reader->shape_buckets[reader_bucket(shape->hash, reader->shape_bucket_count)];
    shape->next_in_bucket = *bucket;
    *bucket = at;
}

/* What writes the same texts in the same periods. */
static bool is_alike(const struct reader_shape *shape, const struct reader_shape *other)
{
    struct dk_form a, b;
    if (shape->hash != other->hash || shape->tenant != other->tenant || shape->restart != other->restart ||
        strcmp(shape->series, other->series) != 0 || (other->own == NULL) != (shape->own == NULL))
        return false;
    if (other->own != NULL)
        return dk_policy_same(other->own, shape->own);
    dk_form_pack(&shape->template, &a);
    dk_form_pack(&other->template, &b);
    return memcmp(&a, &b, sizeof a) == 0;
}

static struct reader_shape *find_alike(docket_reader *reader, const struct reader_shape *shape)
{
    if (reader->shape_count == 0)
        return NULL;
    uint32_t at = reader->shape_buckets[reader_bucket(shape->hash, reader->shape_bucket_count)];
    while (at != READER_NONE && !is_alike(&reader->shapes[at], shape))
        at = reader->shapes[at].next_in_bucket;
    return at != READER_NONE ? &reader->shapes[at] : NULL;
}

/* Puts the shape in; it owns its texts then. */
static docket_status take_shape(docket_reader *reader, struct reader_shape *shape)
{
    bool again;
    if (!grow((void **)&reader->shapes, reader->shape_count, &reader->shape_room, sizeof *reader->shapes) ||
        !rebucket(&reader->shape_buckets, &reader->shape_bucket_count, reader->shape_count, &again))
        return no_memory();
    for (uint32_t at = 0; again && at < reader->shape_count; at++)
        put_shape(reader, at);
    struct reader_tenant *tenant = &reader->tenants[shape->tenant];
    shape->next_of_tenant = tenant->first_shape;
    tenant->first_shape = reader->shape_count;
    tenant->heads[shape->head / 64] |= UINT64_C(1) << shape->head % 64;
    reader->shapes[reader->shape_count] = *shape;
    put_shape(reader, reader->shape_count++);
    return DOCKET_OK;
}

docket_status reader_add_shape(docket_reader *reader, const char *tenant, const char *series, const struct dk_template *template,
                               enum dk_restart restart, uint64_t last, bool current, const struct dk_policy *own)
{
    uint32_t at;
    docket_status status = have_tenant(reader, tenant, &at);
    if (status != DOCKET_OK)
        return status;
    struct reader_shape made = {
        .template = *template, .last = last, .tenant = at, .restart = (uint8_t)restart, .current = current};
    made.series = strdup(series);
    if (own != NULL && (made.own = malloc(sizeof *own)) != NULL)
        *made.own = *own;
    if (made.series == NULL || (own != NULL && made.own == NULL))
        status = no_memory();
    if (status == DOCKET_OK)
        measure(&made);
    struct reader_shape *alike = status == DOCKET_OK ? find_alike(reader, &made) : NULL;
    if (status == DOCKET_OK && alike == NULL)
        status = take_shape(reader, &made);
    if (alike != NULL) {
        alike->current = alike->current || current;
        alike->last = last > alike->last ? last : alike->last;
    }
    if (status != DOCKET_OK || alike != NULL) {
        free(made.series);
        free(made.own);
    }
    return status;
}

/* Do the texts of a series of any tenant show whose they are? */
static bool shows_tenant(const struct dk_policy *policy, const struct dk_template *template)
{
    struct dk_template other;
    struct dk_form a, b;
    if (dk_policy_template(policy, "b", &other) != DOCKET_OK)
        return true;
    dk_form_pack(template, &a);
    dk_form_pack(&other, &b);
    return memcmp(&a, &b, sizeof a) != 0;
}

docket_status docket_reader_add(docket_reader *reader, const char *tenant, const char *series,
                                const struct docket_policy *policy)
{
    char settings[DK_WIRE_SETTINGS];
    struct dk_policy made;
    struct dk_template template;
    if (reader == NULL || series == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_add wants a reader and a series");
    docket_status status = dk_name_check("series", series);
    if (status == DOCKET_OK && tenant != NULL)
        status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_policy_fill(settings, policy);
    dk_policy_default(&made);
    if (status == DOCKET_OK)
        status = dk_policy_apply(&made, settings);
    if (status == DOCKET_OK)
        status = dk_policy_template(&made, tenant != NULL ? tenant : "a", &template);
    if (status != DOCKET_OK)
        return status;
    uint64_t last = dk_policy_last(&made, &template);
    if (dk_template_size(&template, series, last) > DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_BAD_POLICY, "texts of template %s would be longer than %d characters", made.template_text,
                       DOCKET_TEXT_MAX - 1);
    bool shows = tenant == NULL && shows_tenant(&made, &template);
    return reader_add_shape(reader, tenant, series, &template, (enum dk_restart)made.restart, last, true, shows ? &made : NULL);
}
