/* SPDX-License-Identifier: MIT */
/*
 * check_digit: digits that tell a mistyped number from a right one. Pure. Kinds
 * are those of template.h. Sources and examples: docs/TEMPLATES.md.
 *
 * DK_LUHN, DK_MOD1110, DK_SWISS and DK_FINNISH count the decimal digits of a text
 * and skip everything else; DK_MOD97 counts letters too, A = 10 to Z = 35, small
 * ones as capitals, and skips - / . _ only.
 */
#ifndef DK_NUMBERING_CHECK_DIGIT_H
#define DK_NUMBERING_CHECK_DIGIT_H

#include <stdbool.h>
#include <stddef.h>

enum { DK_CHECK_DIGITS_MAX = 2 };

/* 2 for DK_MOD97, 1 for the others, 0 for what is no kind of check digits. */
unsigned dk_check_digits_count(unsigned kind);

/* Writes dk_check_digits_count() digits over text[0 .. length) to `to`; no zero. */
void dk_check_digits_write(unsigned kind, const char *text, size_t length, char *to);

/* Do the digits at `written` fit the text? */
bool dk_check_digits_fit(unsigned kind, const char *text, size_t length, const char *written);

#endif
