/* SPDX-License-Identifier: MIT */
/*
 * reader: docket_reader.h's reading and writing. A text is read by dk_template_read() once; texts that follow it with
 * the same around their number, as most do, are compared and their digits read.
 */
#include "client/reader.h"

#include "client/inside.h"
#include "numbering/template_inside.h"

#include <stdio.h>
#include <string.h>

struct sought {
    docket_reader *reader;
    const char *tenant, *text;
    size_t bytes;
    uint32_t date;
    struct docket_reading found;
    bool differs;  /* two numbers have this text */
    bool no_date;  /* a series that restarts writes it, and its period is not known */
};

/* ---- one text by one shape ---- */

/* The number between what is around it; 0: it is not written so. */
static uint64_t read_digits(const struct reader_shape *shape, const char *digits, size_t count)
{
    const struct dk_piece *piece = &shape->template.pieces[shape->template.number_at];
    unsigned base = piece->kind == DK_NUMBER36 ? 36 : 10;
    uint64_t number = 0;
    if (count < piece->bytes || count > dk_number_digits_max(piece->kind) || (digits[0] == '0' && count > piece->bytes))
        return 0;
    for (size_t at = 0; at < count; at++) {
        char c = digits[at];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10 : 36;
        if (digit >= base)
            return 0;
        number = number * base + digit;
    }
    return number <= DOCKET_NUMBER_MAX ? number : 0;
}

static bool is_around(const struct reader_shape *shape, const char *text, size_t bytes)
{
    return shape->has_last && bytes > (size_t)shape->before + shape->after && memcmp(shape->around, text, shape->before) == 0 &&
           memcmp(shape->around + shape->before, text + bytes - shape->after, shape->after) == 0;
}

/* What a shape makes of a text. date 0: it shows none. */
struct reading {
    uint64_t number;
    uint32_t date;
    int32_t period;
};

static void keep_around(struct reader_shape *shape, const struct sought *sought, const struct reading *read)
{
    shape->has_last = !shape->template.checked; /* check digits are another matter with each number */
    memcpy(shape->around, sought->text, shape->before);
    memcpy(shape->around + shape->before, sought->text + sought->bytes - shape->after, shape->after);
    shape->last_date = read->date;
    shape->last_period = read->period;
}

static bool read_whole(struct reader_shape *shape, const struct sought *sought, const struct dk_template *template,
                       struct reading *read)
{
    struct dk_read_text text;
    struct dk_span span = {0};
    if (!dk_template_read(template, shape->series, sought->text, sought->bytes, &text))
        return false;
    if (text.date != 0)
        dk_span_of_date((enum dk_restart)shape->restart, &template->fiscal, text.date, &span);
    *read = (struct reading){text.number, text.date, span.label};
    return true;
}

static bool read_shape(struct reader_shape *shape, const struct sought *sought, struct reading *read)
{
    struct dk_template template;
    if (shape->own != NULL) /* the tenant's name goes in first */
        return dk_policy_template(shape->own, sought->tenant, &template) == DOCKET_OK &&
               read_whole(shape, sought, &template, read);
    if (is_around(shape, sought->text, sought->bytes)) {
        read->number = read_digits(shape, sought->text + shape->before, sought->bytes - shape->before - shape->after);
        read->date = shape->last_date;
        read->period = shape->last_period;
        return read->number != 0;
    }
    if (!read_whole(shape, sought, &shape->template, read))
        return false;
    keep_around(shape, sought, read);
    return true;
}

/* ---- one text by all ---- */

static void try_shape(struct sought *sought, struct reader_shape *shape)
{
    struct reading read;
    struct docket_reading *found = &sought->found;
    if (!read_shape(shape, sought, &read))
        return;
    if (read.date == 0 && shape->restart != DK_NEVER) {
        struct dk_span span;
        if (!dk_date_supported(sought->date)) {
            sought->no_date = true;
            return;
        }
        dk_span_of_date((enum dk_restart)shape->restart, &shape->template.fiscal, sought->date, &span);
        read.period = span.label;
    }
    if (found->matches++ > 0) {
        bool same = strcmp(found->series, shape->series) == 0 && found->number == read.number && found->period == read.period;
        found->matches -= same; /* alike ones are one */
        found->current = found->current || (same && shape->current);
        sought->differs = sought->differs || !same;
        return;
    }
    *found = (struct docket_reading){.tenant = shape->tenant == 0 ? sought->tenant : sought->reader->tenants[shape->tenant].name,
                                     .series = shape->series,
                                     .period = read.period,
                                     .date = read.date,
                                     .number = read.number,
                                     .matches = 1,
                                     .current = shape->current,
                                     .last = shape->last};
}

static void try_bucket(struct sought *sought, uint32_t tenant, uint64_t hash, size_t head)
{
    docket_reader *reader = sought->reader;
    uint32_t at = reader->shape_buckets[reader_bucket(hash, reader->shape_bucket_count)];
    for (; at != READER_NONE; at = reader->shapes[at].next_in_bucket) {
        struct reader_shape *shape = &reader->shapes[at];
        if (shape->hash == hash && shape->tenant == tenant && shape->head == head &&
            memcmp(shape->beginning, sought->text, head) == 0)
            try_shape(sought, shape);
    }
}

static void try_tenant(struct sought *sought, uint32_t tenant)
{
    const struct reader_tenant *of = &sought->reader->tenants[tenant];
    uint64_t hash = reader_hash_begin(tenant);
    uint64_t low = of->heads[0], high = of->heads[1];
    for (size_t head = 0; (low | high) != 0 && head < sought->bytes; head++) {
        if (low & 1)
            try_bucket(sought, tenant, hash, head);
        low = low >> 1 | high << 63;
        high >>= 1;
        hash = reader_hash_add(hash, sought->text[head]);
    }
}

static docket_status refuse(const struct sought *sought)
{
    int shown = sought->bytes < 64 ? (int)sought->bytes : 64;
    if (sought->differs)
        return dk_fail(DOCKET_COLLISION, "\"%.*s\" of tenant %.64s can be read as two numbers, of series %s among others", shown,
                       sought->text, sought->tenant, sought->found.series);
    if (sought->no_date)
        return dk_fail(DOCKET_BAD_DATE, "\"%.*s\" shows no date of a series that restarts; the document's date is wanted, from "
                                        "2001-01-01 to 2099-12-31", shown, sought->text);
    return dk_fail(DOCKET_NOT_OF_SERIES, "\"%.*s\" is no document number of a series of tenant %.64s", shown, sought->text,
                   sought->tenant);
}

docket_status docket_reader_read_dated(docket_reader *reader, const char *tenant, const char *text, size_t bytes,
                                       uint32_t date, struct docket_reading *reading)
{
    if (reader == NULL || tenant == NULL || text == NULL || reading == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_read wants a reader, a tenant, a text and a place for what it says");
    struct sought sought = {.reader = reader, .tenant = tenant, .text = text, .bytes = bytes, .date = date};
    if (reader->tenant_count > 0 && bytes < DOCKET_TEXT_MAX) {
        uint32_t own = reader_find_tenant(reader, tenant);
        try_tenant(&sought, 0);
        if (own != READER_NONE && own != 0)
            try_tenant(&sought, own);
    }
    if (sought.found.matches > 0)
        *reading = sought.found;
    return sought.found.matches > 0 && !sought.differs ? DOCKET_OK : refuse(&sought);
}

docket_status docket_reader_read(docket_reader *reader, const char *tenant, const char *text, size_t bytes,
                                 struct docket_reading *reading)
{
    return docket_reader_read_dated(reader, tenant, text, bytes, 0, reading);
}

/* ---- writing ---- */

/* The tenant's series, or the one of any tenant, as it writes today. */
static struct reader_shape *find_series(docket_reader *reader, const char *tenant, const char *series)
{
    const uint32_t tenants[2] = {reader->tenant_count > 0 ? reader_find_tenant(reader, tenant) : READER_NONE, 0};
    for (int i = 0; i < 2 && reader->tenant_count > 0; i++) {
        uint32_t at = tenants[i] != READER_NONE ? reader->tenants[tenants[i]].first_shape : READER_NONE;
        for (; at != READER_NONE; at = reader->shapes[at].next_of_tenant)
            if (reader->shapes[at].current && strcmp(reader->shapes[at].series, series) == 0)
                return &reader->shapes[at];
    }
    return NULL;
}

static docket_status refuse_series(const char *tenant, const char *series)
{
    return dk_fail(DOCKET_NO_SERIES, "the reader knows no series %.64s/%.64s that still writes", tenant, series);
}

static docket_status refuse_date(uint32_t date)
{
    return dk_fail(DOCKET_BAD_DATE, "%u is no date (yyyymmdd) from 2001-01-01 to 2099-12-31", date);
}

docket_status docket_reader_write(docket_reader *reader, const char *tenant, const char *series, uint32_t date,
                                  uint64_t number, char text[DOCKET_TEXT_MAX])
{
    struct dk_template template;
    struct dk_rendered rendered;
    if (reader == NULL || tenant == NULL || series == NULL || text == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_write wants a reader, a tenant, a series and a place for the text");
    struct reader_shape *shape = find_series(reader, tenant, series);
    if (shape == NULL)
        return refuse_series(tenant, series);
    if (number < 1 || number > shape->last)
        return dk_fail(DOCKET_BAD_COUNT, "%.64s/%.64s has no number %llu; its last is %llu", tenant, series,
                       (unsigned long long)number, (unsigned long long)shape->last);
    if (shape->template.dated && !dk_date_supported(date))
        return refuse_date(date);
    template = shape->template;
    if (shape->own != NULL) {
        docket_status status = dk_policy_template(shape->own, tenant, &template);
        if (status != DOCKET_OK)
            return status;
    }
    dk_template_render(&template, shape->series, shape->template.dated ? date : DK_DATE_FIRST, &rendered);
    dk_rendered_write(&rendered, number, text);
    return DOCKET_OK;
}

docket_status docket_reader_period(docket_reader *reader, const char *tenant, const char *series, uint32_t date,
                                   int32_t *period)
{
    struct dk_span span = {0};
    if (reader == NULL || tenant == NULL || series == NULL || period == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_reader_period wants a reader, a tenant, a series and a place for the period");
    const struct reader_shape *shape = find_series(reader, tenant, series);
    if (shape == NULL)
        return refuse_series(tenant, series);
    if (shape->restart != DK_NEVER && !dk_date_supported(date))
        return refuse_date(date);
    if (shape->restart != DK_NEVER)
        dk_span_of_date((enum dk_restart)shape->restart, &shape->template.fiscal, date, &span);
    *period = span.label;
    return DOCKET_OK;
}
