/* SPDX-License-Identifier: MIT */
/*
 * template: how a document number is written. Parsed once, rendered by copying
 * a pre-rendered prefix and writing digits.
 *
 * Language: literal text (A-Z a-z 0-9 - / . _ and space is not allowed), and
 * tokens {SERIES} {YYYY} {YY} {MM} {DD} {N} {N:width}, width 1 to 15. Exactly
 * one {N}. At least one literal that is not a digit must stand between {N} and
 * any other digit-making token or literal digit, so that a longer number can
 * never read as another one. ({SERIES} counts as digits where it meets {N}.)
 */
#ifndef DK_NUMBERING_TEMPLATE_H
#define DK_NUMBERING_TEMPLATE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dk_piece_kind { DK_LITERAL, DK_SERIES_NAME, DK_YEAR4, DK_YEAR2, DK_MONTH, DK_DAY, DK_NUMBER };

enum { DK_PIECES_MAX = 16 };

struct dk_piece {
    uint8_t kind;
    uint8_t from;  /* literal: first byte in the template's text */
    uint8_t bytes; /* literal: length; number: width */
};

struct dk_template {
    char text[65];
    uint8_t count;
    uint8_t number_at; /* index of the DK_NUMBER piece */
    bool dated;        /* some piece shows a date */
    struct dk_piece pieces[DK_PIECES_MAX];
};

/* A template rendered for one day: everything but the digits of the number. */
struct dk_rendered {
    uint8_t prefix_bytes;
    uint8_t suffix_bytes;
    uint8_t width;
    char prefix[DOCKET_TEXT_MAX];
    char suffix[DOCKET_TEXT_MAX];
};

/* BAD_POLICY with the position of the fault. */
docket_status dk_template_parse(const char *text, struct dk_template *parsed) DK_MUST_USE;

/* Bytes of the longest text (15 digits, or the width if larger) with its zero. */
size_t dk_template_size(const struct dk_template *parsed, const char *series);

/* date as yyyymmdd. The text is known to fit (dk_template_size <= DOCKET_TEXT_MAX
 * is part of dk_policy_check). */
void dk_template_render(const struct dk_template *parsed, const char *series, uint32_t yyyymmdd,
                        struct dk_rendered *rendered);

/* Writes prefix, digits, suffix and a zero; returns the length. text must have
 * dk_template_size() bytes. No locale, no allocation. */
size_t dk_rendered_write(const struct dk_rendered *rendered, uint64_t number, char *text);

/* A document number read backwards. Parts of a date that the template does not
 * show are -1. */
struct dk_read_text {
    uint64_t number;
    int32_t year, month, day;
};

/* Is this, byte for byte, what the template writes for some number and date? */
bool dk_template_read(const struct dk_template *parsed, const char *series, const char *text, size_t length,
                      struct dk_read_text *found);

#endif
