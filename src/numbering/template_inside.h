/* SPDX-License-Identifier: MIT */
/* template_inside: what the files of template.h share; nobody else includes it. */
#ifndef DK_NUMBERING_TEMPLATE_INSIDE_H
#define DK_NUMBERING_TEMPLATE_INSIDE_H

#include "numbering/template.h"

enum { DK_DECIMAL_DIGITS = 15, DK_BASE36_DIGITS = 10 }; /* of DOCKET_NUMBER_MAX */

static inline bool dk_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool dk_is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* In the name of a field. */
static inline bool dk_is_field(char c)
{
    return dk_is_digit(c) || (c >= 'a' && c <= 'z') || c == '_';
}

/* What a document number may have beside tokens. */
static inline bool dk_is_literal(char c)
{
    return dk_is_digit(c) || dk_is_letter(c) || c == '-' || c == '/' || c == '.' || c == '_';
}

static inline bool dk_is_number(unsigned kind)
{
    return kind == DK_NUMBER || kind == DK_NUMBER36;
}

static inline bool dk_is_date(unsigned kind)
{
    return kind >= DK_YEAR4 && kind <= DK_FISCAL_LAST2;
}

static inline unsigned dk_number_digits_max(unsigned kind)
{
    return kind == DK_NUMBER36 ? DK_BASE36_DIGITS : DK_DECIMAL_DIGITS;
}

/* Bytes that a piece of this kind writes; 0: it depends. */
unsigned dk_piece_bytes(unsigned kind);
/* "YYYY"; NULL for kinds that no single name stands for (literals, fiscal years). */
const char *dk_piece_name(unsigned kind);

/* BAD_POLICY: "WHAT, character AT + 1: SENTENCE", then on lines of their own the
 * text and a caret under its byte `at`. Bytes that do not print are shown as '?'. */
docket_status dk_refuse_at(const char *what, const char *text, size_t at, const char *format, ...) DK_MUST_USE
    __attribute__((format(printf, 4, 5)));

/* The sentence for a token that is not there; name is what stands in the braces. */
docket_status dk_refuse_token(const char *text, size_t at, const char *name, size_t length) DK_MUST_USE;

#endif
