/* SPDX-License-Identifier: MIT */
/*
 * template_text: how a number becomes a text; see template.h. Writing is the hot
 * path: copies and digits, no formatting, no locale, no allocation.
 */
#include "base/check.h"
#include "numbering/check_digit.h"
#include "numbering/template_inside.h"

#include <string.h>

static const uint64_t powers_of_10[] = {
    1,          10,          100,          1000,          10000,          100000,          1000000,          10000000,
    100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
};
_Static_assert(DOCKET_NUMBER_MAX == 999999999999999, "fifteen digits");

/* ---- sizes ---- */

uint64_t dk_template_widest(const struct dk_template *parsed)
{
    const struct dk_piece *number = &parsed->pieces[parsed->number_at];
    uint64_t above = 1;
    for (unsigned i = 0; i < number->bytes; i++)
        above *= number->kind == DK_NUMBER36 ? 36 : 10; /* at most 36^10 */
    return above - 1 < DOCKET_NUMBER_MAX ? above - 1 : DOCKET_NUMBER_MAX;
}

unsigned dk_template_digits(const struct dk_template *parsed, uint64_t number)
{
    const struct dk_piece *piece = &parsed->pieces[parsed->number_at];
    unsigned digits = 0;
    for (; number > 0; digits++)
        number /= piece->kind == DK_NUMBER36 ? 36 : 10;
    return digits > piece->bytes ? digits : piece->bytes;
}

size_t dk_template_size(const struct dk_template *resolved, const char *series, uint64_t last)
{
    size_t size = 1;
    for (unsigned at = 0; at < resolved->count; at++) {
        const struct dk_piece *piece = &resolved->pieces[at];
        if (at == resolved->number_at)
            size += dk_template_digits(resolved, last);
        else
            size += piece->kind == DK_SERIES_NAME ? strlen(series) : piece->bytes;
    }
    return size;
}

/* ---- rendering: once for each day ---- */

static void write_digits(char *to, uint32_t value, size_t count)
{
    while (count-- > 0) {
        to[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

struct part {
    char *bytes;
    uint8_t *length;
};

static char *reserve(struct part part, size_t count)
{
    DK_CHECK(*part.length + count < DOCKET_TEXT_MAX); /* dk_policy_check() promised */
    char *to = part.bytes + *part.length;
    *part.length = (uint8_t)(*part.length + count);
    return to;
}

/* The last digits of what a piece shows of the date. */
static uint32_t value_of(unsigned kind, const struct dk_shown *shown)
{
    switch (kind) {
    case DK_YEAR4:
    case DK_YEAR2:
        return (uint32_t)shown->year;
    case DK_MONTH:
        return (uint32_t)shown->month;
    case DK_DAY:
        return (uint32_t)shown->day;
    case DK_QUARTER:
        return (uint32_t)shown->quarter;
    case DK_YEAR_DAY:
        return (uint32_t)shown->year_day;
    case DK_WEEK_YEAR4:
    case DK_WEEK_YEAR2:
        return (uint32_t)shown->week_year;
    case DK_WEEK:
        return (uint32_t)shown->week;
    case DK_FISCAL_FIRST4:
    case DK_FISCAL_FIRST2:
        return (uint32_t)shown->fiscal_first;
    default:
        DK_CHECK(kind == DK_FISCAL_LAST4 || kind == DK_FISCAL_LAST2);
        return (uint32_t)shown->fiscal_last;
    }
}

static void render_piece(const struct dk_template *resolved, const struct dk_piece *piece, const char *series,
                         const struct dk_shown *shown, struct part part)
{
    if (piece->kind == DK_LITERAL)
        memcpy(reserve(part, piece->bytes), resolved->text + piece->from, piece->bytes);
    else if (piece->kind == DK_SERIES_NAME)
        memcpy(reserve(part, strlen(series)), series, strlen(series));
    else
        write_digits(reserve(part, piece->bytes), value_of(piece->kind, shown), piece->bytes);
}

void dk_template_render(const struct dk_template *resolved, const char *series, uint32_t yyyymmdd,
                        struct dk_rendered *rendered)
{
    struct dk_shown shown = {0};
    memset(rendered, 0, sizeof *rendered);
    if (resolved->dated)
        dk_date_show(yyyymmdd, &resolved->fiscal, &shown);
    struct part prefix = {rendered->prefix, &rendered->prefix_bytes};
    struct part suffix = {rendered->suffix, &rendered->suffix_bytes};
    for (unsigned at = 0; at < resolved->count; at++) {
        const struct dk_piece *piece = &resolved->pieces[at];
        if (at == resolved->number_at) {
            rendered->width = piece->bytes;
            rendered->base = piece->kind == DK_NUMBER36 ? 36 : 10;
        } else if (dk_check_digits_count(piece->kind) > 0) {
            rendered->check_kind = piece->kind;
            rendered->check_at = rendered->suffix_bytes;
            reserve(suffix, piece->bytes);
        } else {
            render_piece(resolved, piece, series, &shown, at < resolved->number_at ? prefix : suffix);
        }
    }
}

/* ---- writing: once for each number ---- */

const char dk_digit_pairs[201] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                 "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";

static char *write_decimal(char *to, uint64_t number, unsigned width)
{
    unsigned digits = width;
    while (number >= powers_of_10[digits])
        digits++;
    char *end = to + digits, *at = end;
    for (; digits >= 2; digits -= 2, number /= 100)
        memcpy(at -= 2, dk_digit_pairs + number % 100 * 2, 2);
    if (digits > 0)
        *--at = (char)('0' + number);
    return end;
}

static char *write_base36(char *to, uint64_t number, unsigned width)
{
    char digits[DK_BASE36_DIGITS];
    unsigned count = 0;
    for (; number > 0 || count < width; number /= 36)
        digits[count++] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 36];
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

size_t dk_rendered_write(const struct dk_rendered *rendered, uint64_t number, char *text)
{
    DK_CHECK(number <= DOCKET_NUMBER_MAX);
    memcpy(text, rendered->prefix, rendered->prefix_bytes);
    char *at = text + rendered->prefix_bytes;
    at = rendered->base == 36 ? write_base36(at, number, rendered->width) : write_decimal(at, number, rendered->width);
    if (rendered->suffix_bytes > 0) {
        memcpy(at, rendered->suffix, rendered->suffix_bytes);
        if (rendered->check_kind != 0)
            dk_check_digits_write(rendered->check_kind, text, (size_t)(at - text) + rendered->check_at,
                                  at + rendered->check_at);
        at += rendered->suffix_bytes;
    }
    *at = 0;
    return (size_t)(at - text);
}

size_t dk_rendered_keep(const struct dk_rendered *rendered, struct dk_written *before, uint64_t number, char *text)
{
    size_t length = dk_rendered_write(rendered, number, text);
    before->hundreds = 0;
    if (rendered->base != 10 || rendered->check_kind != 0 || (rendered->width < 2 && number < 100))
        return length; /* more than two digits change, or there may be one only */
    before->bytes = (uint8_t)(length + 1);
    before->pair_at = (uint8_t)(length - rendered->suffix_bytes - 2);
    memcpy(before->text, text, length + 1);
    before->hundreds = number / 100 + 1;
    return length;
}
