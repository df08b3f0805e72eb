/* SPDX-License-Identifier: MIT */
/*
 * template: how a document number is written, and read back. Parsed once;
 * rendered by copying a pre-rendered prefix and writing digits.
 *
 * Language (docs/TEMPLATES.md): literal text of A-Z a-z 0-9 - / . _ and tokens:
 *   {SERIES} {TENANT} {PREFIX} {FIELD:name}      texts of the series, fixed when it is made
 *   {YYYY} {YY} {MM} {DD} {Q} {DDD}              year, month, day, quarter, day of the year
 *   {GGGG} {GG} {WW}                             ISO 8601: year of the week, week
 *   {FY:2025-26} {FY:25-26} {FY:2526} {FY:2025-2026} {FY:20252026}   the fiscal year, written as this
 *   {FY:2025} {FY:25} {FY:2026} {FY:26}          example is for the one that begins in 2025; - / . _ or nothing
 *                                                between two years
 *   {N} {N:width} {N36:width}                    the number; base 36 in capitals; exactly one of them
 *   {LUHN} {MOD97} {MOD1110} {SWISS} {FINNISH}   check digits over what stands before them (check_digit.h says
 *                                                what counts); at most one of them, behind the number
 * Width 1 to 15 ({N36}: 1 to 10).
 *
 * All functions are pure: any thread, nothing shared, nothing allocated.
 */
#ifndef DK_NUMBERING_TEMPLATE_H
#define DK_NUMBERING_TEMPLATE_H

#include "base/status.h"
#include "numbering/date.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The values are kept on the board (struct dk_form): they never change their meaning. */
enum dk_piece_kind {
    DK_LITERAL = 0,
    DK_SERIES_NAME = 1,
    DK_TENANT_NAME = 2, /* this and the next two are literals once resolved */
    DK_PREFIX = 3,
    DK_FIELD = 4,
    DK_YEAR4 = 5,
    DK_YEAR2 = 6,
    DK_MONTH = 7,
    DK_DAY = 8,
    DK_QUARTER = 9,
    DK_YEAR_DAY = 10,
    DK_WEEK_YEAR4 = 11,
    DK_WEEK_YEAR2 = 12,
    DK_WEEK = 13,
    DK_FISCAL_FIRST4 = 14,
    DK_FISCAL_FIRST2 = 15,
    DK_FISCAL_LAST4 = 16,
    DK_FISCAL_LAST2 = 17,
    DK_NUMBER = 18,   /* decimal */
    DK_NUMBER36 = 19, /* 0-9 A-Z */
    DK_LUHN = 20,     /* one digit */
    DK_MOD97 = 21,    /* two digits: ISO 7064 MOD 97-10 */
    DK_MOD1110 = 22,  /* one digit: ISO 7064 MOD 11,10 */
    DK_SWISS = 23,    /* one digit: modulo 10, recursive */
    DK_FINNISH = 24,  /* one digit: weights 7 3 1 */
    DK_PIECE_KINDS
};

enum { DK_PIECES_MAX = 24, DK_TEMPLATE_TEXT = 65, DK_FORM_CODE = 60, DK_FIELDS_BYTES = 129, DK_PREFIX_BYTES = 33 };

struct dk_piece {
    uint8_t kind;
    uint8_t from;  /* literal, field's name: first byte in `text` */
    uint8_t bytes; /* literal, field's name: length; number: width; else bytes that it writes, 0: it depends */
};

struct dk_template {
    char text[128]; /* as parsed (at most 64), or as resolved */
    uint8_t count;
    uint8_t number_at; /* index of the DK_NUMBER or DK_NUMBER36 piece */
    bool dated;        /* some piece shows a date */
    bool checked;      /* there are check digits */
    struct dk_fiscal fiscal; /* the policy's; zero when parsed */
    struct dk_piece pieces[DK_PIECES_MAX];
};

/* A resolved template as 64 bytes of the board: a literal byte is itself, a token
 * 0x80 + kind, a number's followed by 0x80 + width. The rest is zero. */
struct dk_form {
    uint8_t bytes;
    struct dk_fiscal fiscal;
    uint8_t code[DK_FORM_CODE];
};
_Static_assert(sizeof(struct dk_form) == 64, "a line of the board");

/* A template rendered for one day: everything but number and check digits. */
struct dk_rendered {
    uint8_t prefix_bytes;
    uint8_t suffix_bytes;
    uint8_t width; /* 0: not rendered */
    uint8_t base;  /* 10 or 36 */
    uint8_t check_kind; /* 0, or the kind of check digits ... */
    uint8_t check_at;   /* ... whose place in `suffix` begins here */
    char prefix[DOCKET_TEXT_MAX];
    char suffix[DOCKET_TEXT_MAX];
};

/* BAD_POLICY: a sentence with the position (from 1) and the remedy, then two lines
 * that begin with two blanks: the template, and a caret under the fault. What was
 * typed and does not print is a '?' there. *parsed is written on OK only. */
docket_status dk_template_parse(const char *text, struct dk_template *parsed) DK_MUST_USE;

/* What of a series goes into its template: tenant and prefix as they are, fields
 * as "name=value name=value". */
struct dk_texts {
    const char *tenant;
    const char *prefix; /* "": the series' name */
    const char *fields;
};

/* Puts the names' texts where the tokens stand ({SERIES} stays). BAD_POLICY, with a
 * caret as above: a field that is not there or not well written, a character that no
 * document number has, or more than the board has room for. resolved may be parsed;
 * its text is a template of the same language, with the names in it. */
docket_status dk_template_resolve(const struct dk_template *parsed, const struct dk_texts *texts,
                                  const struct dk_fiscal *fiscal, struct dk_template *resolved) DK_MUST_USE;

/* A resolved template to the board and back. False: no form that pack() writes, so
 * that any 64 bytes may be given; form is read more than once: give a copy. */
void dk_form_pack(const struct dk_template *resolved, struct dk_form *form);
bool dk_form_unpack(const struct dk_form *form, struct dk_template *resolved);

/* The largest number that has the template's width: 999999 of {N:6}, at most
 * DOCKET_NUMBER_MAX. */
uint64_t dk_template_widest(const struct dk_template *parsed);
/* Digits that the number has in the template's base, at least its width. */
unsigned dk_template_digits(const struct dk_template *parsed, uint64_t number);

/* Bytes of the longest text of numbers up to last, with its zero. The template is
 * resolved. */
size_t dk_template_size(const struct dk_template *resolved, const char *series, uint64_t last);

/* date as yyyymmdd; it must exist if the template is dated. The text is known to
 * fit (dk_policy_check()). */
void dk_template_render(const struct dk_template *resolved, const char *series, uint32_t yyyymmdd,
                        struct dk_rendered *rendered);

/* Writes prefix, digits, suffix and a zero; returns the length. text must have
 * dk_template_size() bytes. No locale, no allocation. */
size_t dk_rendered_write(const struct dk_rendered *rendered, uint64_t number, char *text);

/* A text that was written, for the numbers that follow it: of a hundred neighbours only
 * the last two digits differ. Zeroed whenever what is rendered changes. */
struct dk_written {
    uint64_t hundreds; /* number / 100 + 1; 0: none that another can follow */
    uint8_t bytes;     /* with its zero */
    uint8_t pair_at;   /* of the last two digits */
    char text[DOCKET_TEXT_MAX];
};

/* dk_rendered_write(), and keeps the text for others to follow. */
size_t dk_rendered_keep(const struct dk_rendered *rendered, struct dk_written *written, uint64_t number, char *text);

extern const char dk_digit_pairs[201]; /* "000102" to "99" */

/* Whole words that may overlap: no call, and not a byte too many. */
static inline void dk_text_copy(char *to, const char *from, size_t bytes)
{
    if (bytes > 32 || bytes < 8) {
        memcpy(to, from, bytes);
    } else if (bytes >= 16) {
        memcpy(to, from, 16);
        memcpy(to + bytes - 16, from + bytes - 16, 16);
    } else {
        memcpy(to, from, 8);
        memcpy(to + bytes - 8, from + bytes - 8, 8);
    }
}

/* dk_rendered_write(), by the text before where that can be. */
static inline void dk_rendered_follow(const struct dk_rendered *rendered, struct dk_written *before, uint64_t number,
                                      char *text)
{
    uint64_t hundreds = number / 100;
    if (before->hundreds != hundreds + 1) {
        (void)dk_rendered_keep(rendered, before, number, text);
        return;
    }
    dk_text_copy(text, before->text, before->bytes);
    memcpy(text + before->pair_at, dk_digit_pairs + (number - hundreds * 100) * 2, 2);
}

/* A document number read backwards. Parts of `shown` that the template does not
 * show are -1 (of a year in two digits, the year from 2001 to 2099, fiscal and
 * week years from 2000 to 2100, that ends so). */
struct dk_read_text {
    uint64_t number;
    struct dk_shown shown;
    uint32_t date; /* the first date that shows this; 0: the template is not dated */
};

/* Is this, byte for byte, what the template writes for some number from 1 to
 * DOCKET_NUMBER_MAX and some supported date? Check digits must be right. Whether the
 * number is within the series' `last` is not looked at. text needs no zero. The
 * period is that of found->date (dk_span_of_date()) where a template tells periods
 * apart. Costs 0.1 to 2 us; up to 0.2 ms where a text shows a week or quarter of no
 * year. */
bool dk_template_read(const struct dk_template *resolved, const char *series, const char *text, size_t length,
                      struct dk_read_text *found);

/* How far a text can be read that dk_template_read() does not read, for a sentence
 * about it. */
struct dk_trace {
    size_t at;      /* byte at which the first piece begins that is not there */
    unsigned piece; /* that piece; the template's count: all of them are there, and what is
                       wrong is a date that does not exist, or that the text goes on */
};

void dk_template_trace(const struct dk_template *resolved, const char *series, const char *text, size_t length,
                       struct dk_trace *trace);

#endif
