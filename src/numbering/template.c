/* SPDX-License-Identifier: MIT */
/*
 * template: parsing; see template.h. Rendering is in template_text.c, reading in
 * template_read.c, what the board holds in form.c. Positions in sentences count
 * from 1.
 */
#include "numbering/template.h"

#include "base/check.h"
#include "numbering/check_digit.h"
#include "numbering/template_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEMPLATE_MAX = DK_TEMPLATE_TEXT - 1, FIELD_NAME_MAX = 16 };

struct token {
    const char *name;
    uint8_t bytes; /* that it writes; 0: it depends */
};

/* {FIELD:..} and {FY:..} say more than their name and are read apart. */
static const struct token tokens[DK_PIECE_KINDS] = {
    [DK_SERIES_NAME] = {"SERIES", 0}, [DK_TENANT_NAME] = {"TENANT", 0}, [DK_PREFIX] = {"PREFIX", 0},
    [DK_YEAR4] = {"YYYY", 4},         [DK_YEAR2] = {"YY", 2},           [DK_MONTH] = {"MM", 2},
    [DK_DAY] = {"DD", 2},             [DK_QUARTER] = {"Q", 1},          [DK_YEAR_DAY] = {"DDD", 3},
    [DK_WEEK_YEAR4] = {"GGGG", 4},    [DK_WEEK_YEAR2] = {"GG", 2},      [DK_WEEK] = {"WW", 2},
    [DK_FISCAL_FIRST4] = {NULL, 4},   [DK_FISCAL_FIRST2] = {NULL, 2},   [DK_FISCAL_LAST4] = {NULL, 4},
    [DK_FISCAL_LAST2] = {NULL, 2},    [DK_NUMBER] = {"N", 0},           [DK_NUMBER36] = {"N36", 0},
    [DK_LUHN] = {"LUHN", 1},          [DK_MOD97] = {"MOD97", 2},        [DK_MOD1110] = {"MOD1110", 1},
    [DK_SWISS] = {"SWISS", 1},        [DK_FINNISH] = {"FINNISH", 1},
};

unsigned dk_piece_bytes(unsigned kind)
{
    return tokens[kind].bytes;
}

const char *dk_piece_name(unsigned kind)
{
    return tokens[kind].name;
}

/* ---- refusals ---- */

docket_status dk_refuse_at(const char *what, const char *text, size_t at, const char *format, ...)
{
    char sentence[400], shown[DK_FIELDS_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    size_t length = strnlen(text, sizeof shown - 1);
    for (size_t i = 0; i < length; i++)
        shown[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    shown[length] = 0;
    return dk_fail(DOCKET_BAD_POLICY, "%s, character %zu: %s\n  %s\n  %*s^", what, at + 1, sentence, shown, (int)at, "");
}

/* ---- parsing ---- */

struct parsing {
    struct dk_template *made;
    size_t at; /* of the piece that is being read */
    bool numbered;
};

static docket_status refuse(const struct parsing *parsing, size_t at, const char *sentence)
{
    return dk_refuse_at("template", parsing->made->text, at, "%s", sentence);
}

static docket_status add_piece(struct parsing *parsing, unsigned kind, size_t from, size_t bytes)
{
    struct dk_template *made = parsing->made;
    if (made->count == DK_PIECES_MAX)
        return dk_refuse_at("template", made->text, parsing->at, "more than %d pieces of text and tokens; shorten it",
                            DK_PIECES_MAX);
    made->pieces[made->count] = (struct dk_piece){(uint8_t)kind, (uint8_t)from, (uint8_t)bytes};
    if (dk_is_number(kind)) {
        made->number_at = made->count;
        parsing->numbered = true;
    }
    made->dated = made->dated || dk_is_date(kind);
    made->checked = made->checked || dk_check_digits_count(kind) > 0;
    made->count++;
    return DOCKET_OK;
}

static docket_status parse_literal(struct parsing *parsing, size_t *end)
{
    const char *text = parsing->made->text;
    size_t from = parsing->at, to = from;
    if (text[from] == '}')
        return refuse(parsing, from, "this } closes no {; braces only stand around tokens such as {N:6}");
    if (!dk_is_literal(text[from]))
        return dk_refuse_at("template", text, from,
                            "byte 0x%02x may not stand in a document number; use A-Z a-z 0-9 - / . _ and tokens such as "
                            "{N:6}",
                            (unsigned)(unsigned char)text[from]);
    while (dk_is_literal(text[to]))
        to++;
    *end = to;
    return add_piece(parsing, DK_LITERAL, from, to - from);
}

/* {N:width} and {N36:width}; colon NULL: no width is said. */
static docket_status parse_number(struct parsing *parsing, unsigned kind, const char *colon, const char *end)
{
    unsigned most = dk_number_digits_max(kind), width = 1;
    if (parsing->numbered)
        return refuse(parsing, parsing->at, "a second number; a template has one of {N}, {N:6}, {N36:6}");
    if (colon != NULL) {
        const char *digits = colon + 1;
        size_t length = (size_t)(end - digits);
        width = 0;
        for (size_t i = 0; i < length && i < 3; i++)
            width = dk_is_digit(digits[i]) && width < 100 ? width * 10 + (unsigned)(digits[i] - '0') : 1000;
        if (length == 0 || length > 2 || digits[0] == '0' || width < 1 || width > most)
            return dk_refuse_at("template", parsing->made->text, (size_t)(digits - parsing->made->text),
                                "the width of {%s} must be 1 to %u, without a 0 before it, as in {%s:6}",
                                tokens[kind].name, most, tokens[kind].name);
    }
    return add_piece(parsing, kind, parsing->at, width);
}

static docket_status parse_field(struct parsing *parsing, const char *name, const char *end)
{
    size_t length = (size_t)(end - name), at = (size_t)(name - parsing->made->text);
    for (size_t i = 0; i < length && i <= FIELD_NAME_MAX; i++)
        if (!dk_is_field(name[i]))
            return refuse(parsing, at + i, "the name of a field has only a-z 0-9 _, as in {FIELD:branch}");
    if (length < 1 || length > FIELD_NAME_MAX)
        return dk_refuse_at("template", parsing->made->text, at,
                            "the name of a field has 1 to %d characters, as in {FIELD:branch}", FIELD_NAME_MAX);
    return add_piece(parsing, DK_FIELD, at, length);
}

static bool take(const char **text, const char *end, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(end - *text) < length || memcmp(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

/* The example is of the year that begins in 2025: one of its two years, or the
 * first, at most one mark, and the second. */
static docket_status parse_fiscal(struct parsing *parsing, const char *example, const char *end)
{
    const char *text = example, *mark = NULL;
    unsigned first = take(&text, end, "2025") ? DK_FISCAL_FIRST4 : take(&text, end, "25") ? DK_FISCAL_FIRST2 : 0;
    if (first != 0 && text + 1 < end && dk_is_literal(*text) && !dk_is_digit(*text) && !dk_is_letter(*text))
        mark = text++;
    unsigned last = take(&text, end, "2026") ? DK_FISCAL_LAST4 : take(&text, end, "26") ? DK_FISCAL_LAST2 : 0;
    if (text != end || (first == 0 && last == 0))
        return refuse(parsing, (size_t)(example - parsing->made->text),
                      "no such shape of a fiscal year; write it as it is for the one that begins in 2025: {FY:2025-26} "
                      "{FY:25-26} {FY:2526} {FY:2025-2026} {FY:20252026} {FY:2025} {FY:25} {FY:2026} {FY:26}");
    docket_status status = DOCKET_OK;
    if (first != 0)
        status = add_piece(parsing, first, parsing->at, tokens[first].bytes);
    if (status == DOCKET_OK && mark != NULL)
        status = add_piece(parsing, DK_LITERAL, (size_t)(mark - parsing->made->text), 1);
    if (status == DOCKET_OK && last != 0)
        status = add_piece(parsing, last, parsing->at, tokens[last].bytes);
    return status;
}

/* DK_LITERAL: there is none. */
static unsigned find_kind(const char *name, size_t length)
{
    for (unsigned kind = 0; kind < DK_PIECE_KINDS; kind++)
        if (tokens[kind].name != NULL && strlen(tokens[kind].name) == length &&
            memcmp(tokens[kind].name, name, length) == 0)
            return kind;
    return DK_LITERAL;
}

static docket_status parse_checks(struct parsing *parsing, unsigned kind)
{
    if (!parsing->numbered)
        return refuse(parsing, parsing->at, "check digits count what stands before them; put them behind the number");
    if (parsing->made->checked)
        return refuse(parsing, parsing->at, "a second token of check digits; a template has at most one");
    return add_piece(parsing, kind, parsing->at, tokens[kind].bytes);
}

/* parsing->at stands on the opening brace. */
static docket_status parse_token(struct parsing *parsing, size_t *past)
{
    const char *text = parsing->made->text, *name = text + parsing->at + 1, *end = strchr(name, '}');
    if (end == NULL || memchr(name, '{', (size_t)(end - name)) != NULL)
        return refuse(parsing, parsing->at, "this { has no }; a token is written as {N:6}");
    *past = (size_t)(end - text) + 1;
    size_t whole = (size_t)(end - name);
    const char *colon = memchr(name, ':', whole);
    size_t length = colon != NULL ? (size_t)(colon - name) : whole;
    if (colon != NULL && length == 5 && memcmp(name, "FIELD", 5) == 0)
        return parse_field(parsing, colon + 1, end);
    if (colon != NULL && length == 2 && memcmp(name, "FY", 2) == 0)
        return parse_fiscal(parsing, colon + 1, end);
    unsigned kind = find_kind(name, length);
    if (dk_is_number(kind))
        return parse_number(parsing, kind, colon, end);
    if (kind == DK_LITERAL)
        return dk_refuse_token(text, parsing->at, name, whole);
    if (colon != NULL)
        return dk_refuse_at("template", text, (size_t)(colon - text), "{%s} has nothing after a colon; write {%s}",
                            tokens[kind].name, tokens[kind].name);
    if (dk_check_digits_count(kind) > 0)
        return parse_checks(parsing, kind);
    return add_piece(parsing, kind, parsing->at, tokens[kind].bytes);
}

docket_status dk_template_parse(const char *text, struct dk_template *parsed)
{
    struct dk_template made = {0};
    struct parsing parsing = {&made, 0, false};
    size_t length = strnlen(text, TEMPLATE_MAX + 1);
    memcpy(made.text, text, length);
    if (length > TEMPLATE_MAX)
        return dk_refuse_at("template", made.text, TEMPLATE_MAX, "longer than %d characters; shorten it", TEMPLATE_MAX);
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && parsing.at < length) {
        size_t past = length;
        status = made.text[parsing.at] == '{' ? parse_token(&parsing, &past) : parse_literal(&parsing, &past);
        parsing.at = past;
    }
    if (status == DOCKET_OK && !parsing.numbered)
        status = refuse(&parsing, length, "it ends without a number; put {N:6} where the number shall stand");
    if (status == DOCKET_OK)
        *parsed = made;
    return status;
}
