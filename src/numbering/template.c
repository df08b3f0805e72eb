/* SPDX-License-Identifier: MIT */
/*
 * template: see template.h. Positions in sentences count from 1.
 */
#include "numbering/template.h"

#include "base/check.h"

#include <string.h>

enum { NUMBER_DIGITS = 15, TEMPLATE_MAX = DK_TEMPLATE_TEXT - 1 };

struct token {
    const char *text;
    uint8_t kind;
    uint8_t width; /* bytes that it writes; 0: it depends */
};

static const struct token tokens[] = {
    {"SERIES", DK_SERIES_NAME, 0}, {"YYYY", DK_YEAR4, 4}, {"YY", DK_YEAR2, 2},
    {"MM", DK_MONTH, 2},           {"DD", DK_DAY, 2},     {"N", DK_NUMBER, 1},
};

enum { TOKEN_COUNT = sizeof tokens / sizeof tokens[0] };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_literal(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '/' || c == '.' || c == '_';
}

/* ---- parsing ---- */

static docket_status add_piece(struct dk_template *parsed, unsigned kind, size_t from, size_t bytes)
{
    if (parsed->count == DK_PIECES_MAX)
        return dk_fail(DOCKET_BAD_POLICY,
                       "template, character %zu: more than %d pieces of text and tokens", from + 1,
                       DK_PIECES_MAX);
    struct dk_piece *piece = &parsed->pieces[parsed->count++];
    piece->kind = (uint8_t)kind;
    piece->from = (uint8_t)from;
    piece->bytes = (uint8_t)bytes;
    if (kind == DK_NUMBER)
        parsed->number_at = (uint8_t)(parsed->count - 1);
    if (kind >= DK_YEAR4 && kind <= DK_FISCAL_LAST2)
        parsed->dated = true;
    return DOCKET_OK;
}

static docket_status parse_literal(struct dk_template *parsed, size_t *at)
{
    const char *text = parsed->text;
    size_t from = *at;
    if (!is_literal(text[from]))
        return dk_fail(
            DOCKET_BAD_POLICY,
            "template, character %zu (0x%02x): only A-Z a-z 0-9 - / . _ and tokens such as "
            "{N:6} may stand here",
            from + 1, (unsigned)(unsigned char)text[from]);
    while (is_literal(text[*at]))
        ++*at;
    return add_piece(parsed, DK_LITERAL, from, *at - from);
}

static bool has_number(const struct dk_template *parsed)
{
    return parsed->count > 0 && parsed->pieces[parsed->number_at].kind == DK_NUMBER;
}

/* 1 to 15, written without a leading zero; 0 if it is not. */
static size_t parse_width(const char *text, size_t length)
{
    size_t width = 0;
    if (length < 1 || length > 2 || text[0] == '0')
        return 0;
    for (size_t at = 0; at < length; at++) {
        if (!is_digit(text[at]))
            return 0;
        width = width * 10 + (size_t)(text[at] - '0');
    }
    return width <= NUMBER_DIGITS ? width : 0;
}

static const struct token *find_token(const char *name, size_t length)
{
    for (size_t at = 0; at < TOKEN_COUNT; at++) {
        if (strlen(tokens[at].text) == length && memcmp(tokens[at].text, name, length) == 0)
            return &tokens[at];
    }
    return NULL;
}

/* *at stands on the opening brace. */
static docket_status parse_token(struct dk_template *parsed, size_t *at)
{
    const char *name = parsed->text + *at + 1;
    const char *end = strchr(name, '}');
    if (!end)
        return dk_fail(DOCKET_BAD_POLICY, "template, character %zu: this { has no }", *at + 1);
    size_t whole = (size_t)(end - name);
    const char *colon = memchr(name, ':', whole);
    const struct token *token = find_token(name, colon ? (size_t)(colon - name) : whole);
    if (!token || (colon && token->kind != DK_NUMBER))
        return dk_fail(
            DOCKET_BAD_POLICY,
            "template, character %zu: no such token; use {SERIES} {YYYY} {YY} {MM} {DD} {N} "
            "or {N:width}",
            *at + 1);
    size_t width = colon ? parse_width(colon + 1, (size_t)(end - colon - 1)) : token->width;
    if (colon && width == 0)
        return dk_fail(DOCKET_BAD_POLICY,
                       "template, character %zu: the width of {N} must be 1 to %d",
                       (size_t)(colon - parsed->text) + 2, NUMBER_DIGITS);
    if (token->kind == DK_NUMBER && has_number(parsed))
        return dk_fail(DOCKET_BAD_POLICY, "template, character %zu: a second {N}", *at + 1);
    size_t from = *at;
    *at = (size_t)(end - parsed->text) + 1;
    return add_piece(parsed, token->kind, from, width);
}

/* May this piece, whose byte next to {N} is `edge`, stand beside it? A number
 * longer than its width must not run into other digits. */
static bool separates(const struct dk_template *parsed, const struct dk_piece *piece, size_t edge)
{
    return piece->kind == DK_LITERAL && !is_digit(parsed->text[edge]);
}

static docket_status check_separation(const struct dk_template *parsed)
{
    const struct dk_piece *number = &parsed->pieces[parsed->number_at];
    const struct dk_piece *before = parsed->number_at > 0 ? number - 1 : NULL;
    const struct dk_piece *after = parsed->number_at + 1 < parsed->count ? number + 1 : NULL;
    if (before && !separates(parsed, before, (size_t)number->from - 1))
        return dk_fail(DOCKET_BAD_POLICY,
                       "template, character %u: {N} touches other digits; put a letter or one of "
                       "- / . _ before it",
                       number->from + 1u);
    if (after && !separates(parsed, after, after->from))
        return dk_fail(DOCKET_BAD_POLICY,
                       "template, character %u: {N} touches other digits; put a letter or one of "
                       "- / . _ after it",
                       after->from + 1u);
    return DOCKET_OK;
}

docket_status dk_template_parse(const char *text, struct dk_template *parsed)
{
    struct dk_template made = {0};
    size_t length = strnlen(text, TEMPLATE_MAX + 1);
    if (length > TEMPLATE_MAX)
        return dk_fail(DOCKET_BAD_POLICY, "template, character %d: longer than %d characters",
                       TEMPLATE_MAX + 1, TEMPLATE_MAX);
    memcpy(made.text, text, length);
    docket_status status = DOCKET_OK;
    size_t at = 0;
    while (status == DOCKET_OK && at < length)
        status = made.text[at] == '{' ? parse_token(&made, &at) : parse_literal(&made, &at);
    if (status != DOCKET_OK)
        return status;
    if (!has_number(&made))
        return dk_fail(DOCKET_BAD_POLICY, "template, character %zu: it ends without {N}",
                       length + 1);
    status = check_separation(&made);
    if (status == DOCKET_OK)
        *parsed = made;
    return status;
}

/* ---- rendering ---- */

docket_status dk_template_resolve(const struct dk_template *parsed, const struct dk_texts *texts,
                                  const struct dk_fiscal *fiscal, struct dk_template *resolved)
{
    size_t code = 0;
    (void)texts;
    *resolved = *parsed;
    resolved->fiscal = *fiscal;
    for (unsigned at = 0; at < parsed->count; at++)
        code += parsed->pieces[at].kind == DK_LITERAL ? parsed->pieces[at].bytes : 1;
    if (code + 1 > DK_FORM_CODE) /* the number's width is one more */
        return dk_fail(DOCKET_BAD_POLICY, "template: its fixed text has %zu characters more than the board has room for",
                       code + 1 - DK_FORM_CODE);
    return DOCKET_OK;
}

uint64_t dk_template_widest(const struct dk_template *parsed)
{
    const struct dk_piece *piece = &parsed->pieces[parsed->number_at];
    uint64_t base = piece->kind == DK_NUMBER36 ? 36 : 10, widest = 1;
    for (unsigned i = 0; i < piece->bytes && widest <= DOCKET_NUMBER_MAX; i++)
        widest *= base;
    return widest - 1 < DOCKET_NUMBER_MAX ? widest - 1 : DOCKET_NUMBER_MAX;
}

size_t dk_template_size(const struct dk_template *parsed, const char *series, uint64_t last)
{
    size_t size = 1;
    (void)last;
    for (unsigned at = 0; at < parsed->count; at++) {
        const struct dk_piece *piece = &parsed->pieces[at];
        if (piece->kind == DK_NUMBER)
            size += NUMBER_DIGITS;
        else
            size += piece->kind == DK_SERIES_NAME ? strlen(series) : piece->bytes;
    }
    return size;
}

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

static void render_piece(const struct dk_template *parsed, const struct dk_piece *piece,
                         const char *series, uint32_t yyyymmdd, struct part part)
{
    switch (piece->kind) {
    case DK_LITERAL:
        memcpy(reserve(part, piece->bytes), parsed->text + piece->from, piece->bytes);
        break;
    case DK_SERIES_NAME:
        memcpy(reserve(part, strlen(series)), series, strlen(series));
        break;
    case DK_YEAR4:
        write_digits(reserve(part, 4), yyyymmdd / 10000, 4);
        break;
    case DK_YEAR2:
        write_digits(reserve(part, 2), yyyymmdd / 10000, 2);
        break;
    case DK_MONTH:
        write_digits(reserve(part, 2), yyyymmdd / 100, 2);
        break;
    default:
        DK_CHECK(piece->kind == DK_DAY);
        write_digits(reserve(part, 2), yyyymmdd, 2);
        break;
    }
}

void dk_template_render(const struct dk_template *parsed, const char *series, uint32_t yyyymmdd,
                        struct dk_rendered *rendered)
{
    memset(rendered, 0, sizeof *rendered);
    struct part prefix = {rendered->prefix, &rendered->prefix_bytes};
    struct part suffix = {rendered->suffix, &rendered->suffix_bytes};
    for (unsigned at = 0; at < parsed->count; at++) {
        const struct dk_piece *piece = &parsed->pieces[at];
        if (at == parsed->number_at)
            rendered->width = piece->bytes;
        else
            render_piece(parsed, piece, series, yyyymmdd, at < parsed->number_at ? prefix : suffix);
    }
}

size_t dk_rendered_write(const struct dk_rendered *rendered, uint64_t number, char *text)
{
    DK_CHECK(number <= DOCKET_NUMBER_MAX);
    char digits[NUMBER_DIGITS];
    unsigned from = NUMBER_DIGITS;
    do {
        digits[--from] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (from > 0 && NUMBER_DIGITS - from < rendered->width)
        digits[--from] = '0';

    char *at = text;
    memcpy(at, rendered->prefix, rendered->prefix_bytes);
    at += rendered->prefix_bytes;
    memcpy(at, digits + from, NUMBER_DIGITS - from);
    at += NUMBER_DIGITS - from;
    memcpy(at, rendered->suffix, rendered->suffix_bytes);
    at += rendered->suffix_bytes;
    *at = 0;
    return (size_t)(at - text);
}

/* ---- reading ---- */

struct reading {
    const char *at;
    size_t left;
    struct dk_read_text found;
    int32_t year2;
};

static bool take_digits(struct reading *reading, size_t count, uint64_t *value)
{
    *value = 0;
    if (count < 1 || count > reading->left)
        return false;
    for (size_t at = 0; at < count; at++) {
        if (!is_digit(reading->at[at]))
            return false;
        *value = *value * 10 + (uint64_t)(reading->at[at] - '0');
    }
    reading->at += count;
    reading->left -= count;
    return true;
}

/* A part of the date that is shown twice says the same twice. */
static bool take_date(struct reading *reading, size_t count, int32_t *part)
{
    uint64_t value;
    if (!take_digits(reading, count, &value) || (*part >= 0 && *part != (int32_t)value))
        return false;
    *part = (int32_t)value;
    return true;
}

static bool take_bytes(struct reading *reading, const char *bytes, size_t count)
{
    if (count > reading->left || memcmp(reading->at, bytes, count) != 0)
        return false;
    reading->at += count;
    reading->left -= count;
    return true;
}

/* digits: how many the number has in this text. */
static bool take_number(struct reading *reading, const struct dk_piece *piece, size_t digits)
{
    bool padded = digits > 1 && reading->at[0] == '0';
    return digits >= piece->bytes && digits <= NUMBER_DIGITS && (!padded || digits == piece->bytes) &&
           take_digits(reading, digits, &reading->found.number) && reading->found.number > 0;
}

static bool take_piece(struct reading *reading, const struct dk_template *parsed, const struct dk_piece *piece,
                       const char *series, size_t digits)
{
    switch (piece->kind) {
    case DK_LITERAL:
        return take_bytes(reading, parsed->text + piece->from, piece->bytes);
    case DK_SERIES_NAME:
        return take_bytes(reading, series, strlen(series));
    case DK_YEAR4:
        return take_date(reading, 4, &reading->found.shown.year);
    case DK_YEAR2:
        return take_date(reading, 2, &reading->year2);
    case DK_MONTH:
        return take_date(reading, 2, &reading->found.shown.month);
    case DK_DAY:
        return take_date(reading, 2, &reading->found.shown.day);
    default:
        return take_number(reading, piece, digits);
    }
}

static bool date_can_be(const struct reading *reading)
{
    const struct dk_shown *found = &reading->found.shown;
    return (found->month < 0 || (found->month >= 1 && found->month <= 12)) &&
           (found->day < 0 || (found->day >= 1 && found->day <= 31)) &&
           (found->year < 0 || reading->year2 < 0 || found->year % 100 == reading->year2);
}

bool dk_template_read(const struct dk_template *parsed, const char *series, const char *text, size_t length,
                      struct dk_read_text *found)
{
    size_t fixed = dk_template_size(parsed, series, DOCKET_NUMBER_MAX) - 1 - NUMBER_DIGITS; /* everything but the digits */
    struct reading reading = {text, length, {.shown = {.year = -1, .month = -1, .day = -1}}, -1};
    if (length <= fixed)
        return false;
    for (unsigned at = 0; at < parsed->count; at++)
        if (!take_piece(&reading, parsed, &parsed->pieces[at], series, length - fixed))
            return false;
    if (reading.left != 0 || !date_can_be(&reading))
        return false;
    *found = reading.found;
    return true;
}
