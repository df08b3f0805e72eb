/* SPDX-License-Identifier: MIT */
/* start: see start.h. Where a text and a template part ways is said for people here;
 * that they do is for template_read.c alone. */
#include "numbering/start.h"

#include "numbering/check_digit.h"
#include "numbering/period.h"
#include "numbering/template_inside.h"

#include <stdio.h>
#include <string.h>

enum { SAID_BYTES = 200, PLAIN_DIGITS_MAX = 18 };

/* ---- lines of settings ---- */

bool dk_start_cut(char *settings, const char *name, char value[DOCKET_TEXT_MAX + 8])
{
    size_t length = strlen(name);
    value[0] = 0;
    for (char *line = settings, *end; *line != 0; line = end) {
        size_t bytes = strcspn(line, "\n");
        end = line + bytes + (line[bytes] == '\n');
        if (bytes <= length || line[length] != '=' || strncmp(line, name, length) != 0)
            continue;
        size_t text = bytes - length - 1;
        if (text >= DOCKET_TEXT_MAX + 8)
            return false;
        memcpy(value, line + length + 1, text);
        value[text] = 0;
        memmove(line, end, strlen(end) + 1);
        end = line;
    }
    return true;
}

docket_status dk_start_add_line(char settings[DK_SETTINGS_BYTES], const char *name, const char *text)
{
    size_t used = strlen(settings), length = strlen(text);
    if (length == 0 || length >= DOCKET_TEXT_MAX + 8)
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%.60s' is no number and no document number: it has %zu bytes", text, length);
    for (size_t at = 0; at < length; at++)
        if (text[at] < ' ' || text[at] > '~')
            return dk_fail(DOCKET_BAD_ARGUMENT, "a document number has letters, digits and - / . _ only; byte %zu of what "
                                                "was given is none of them",
                           at + 1);
    int bytes = snprintf(settings + used, DK_SETTINGS_BYTES - used, "%s=%s\n", name, text);
    if (bytes < 0 || (size_t)bytes >= DK_SETTINGS_BYTES - used)
        return dk_fail(DOCKET_BAD_POLICY, "the settings together have more than %d bytes", DK_SETTINGS_BYTES - 1);
    return DOCKET_OK;
}

/* ---- where they differ ---- */

/* "{MM}", "{N:6}" */
static const char *token_of(const struct dk_piece *piece, char token[16])
{
    const char *name = dk_piece_name(piece->kind);
    if (dk_is_number(piece->kind))
        snprintf(token, 16, "{%s:%u}", piece->kind == DK_NUMBER36 ? "N36" : "N", piece->bytes);
    else if (name != NULL)
        snprintf(token, 16, "{%s}", name);
    else
        snprintf(token, 16, "{FY:...}");
    return token;
}

/* What stands there, for a sentence. */
static const char *shown(const char *text, size_t at, size_t most, char said[40])
{
    size_t left = strlen(text) - at;
    if (left == 0)
        snprintf(said, 40, "it ends");
    else
        snprintf(said, 40, "'%.*s' stands", (int)(left < most ? left : most < 30 ? most : 30), text + at);
    return said;
}

static char folded(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void say_literal(const struct dk_start_ask *ask, const struct dk_trace *trace, const char *written, size_t bytes,
                        char said[SAID_BYTES])
{
    char there[40];
    const char *text = ask->text + trace->at;
    size_t same = 0, alike = 0;
    while (same < bytes && text[same] != 0 && text[same] == written[same])
        same++;
    while (alike < bytes && text[alike] != 0 && folded(text[alike]) == folded(written[alike]))
        alike++;
    if (alike == bytes)
        snprintf(said, SAID_BYTES, "small and capital letters are told apart, and from character %zu on it has '%.*s' where "
                                   "the series writes '%.*s'",
                 trace->at + 1, (int)bytes, text, (int)bytes, written);
    else
        snprintf(said, SAID_BYTES, "at character %zu %s where the series writes '%.*s'", trace->at + same + 1,
                 shown(ask->text, trace->at + same, 1, there), (int)(bytes - same), written + same);
}

static void say_number(const struct dk_start_ask *ask, const struct dk_trace *trace, const struct dk_piece *piece,
                       char said[SAID_BYTES])
{
    char token[16], there[40];
    size_t digits = strspn(ask->text + trace->at, "0123456789");
    if (digits == 0)
        snprintf(said, SAID_BYTES, "at character %zu %s where the series writes its number", trace->at + 1,
                 shown(ask->text, trace->at, 1, there));
    else if (digits < piece->bytes)
        snprintf(said, SAID_BYTES, "its number '%.*s' has %zu digits, and %s writes at least %u", (int)digits,
                 ask->text + trace->at, digits, token_of(piece, token), piece->bytes);
    else
        snprintf(said, SAID_BYTES, "its number '%.20s' is none that %s writes", ask->text + trace->at,
                 token_of(piece, token));
}

static void say_check(const struct dk_start_ask *ask, const struct dk_trace *trace, const struct dk_piece *piece,
                      char said[SAID_BYTES])
{
    char token[16], right[DK_CHECK_DIGITS_MAX + 1] = "", there[40];
    unsigned count = dk_check_digits_count(piece->kind);
    dk_check_digits_write(piece->kind, ask->text, trace->at, right);
    snprintf(said, SAID_BYTES, "at character %zu %s where %s writes '%.*s' behind these digits: one of them was mistyped, or "
                               "it is another kind of check digit",
             trace->at + 1, shown(ask->text, trace->at, count, there), token_of(piece, token), (int)count, right);
}

static void say_where(const struct dk_start_ask *ask, char said[SAID_BYTES])
{
    struct dk_trace trace;
    char token[16], there[40];
    size_t length = strlen(ask->text);
    dk_template_trace(ask->resolved, ask->series, ask->text, length, &trace);
    const struct dk_piece *piece = &ask->resolved->pieces[trace.piece];
    if (trace.piece == ask->resolved->count && trace.at < length)
        snprintf(said, SAID_BYTES, "behind all that the series writes it goes on with '%.30s'", ask->text + trace.at);
    else if (trace.piece == ask->resolved->count)
        snprintf(said, SAID_BYTES, "it shows a date that there is not from 2001 to 2099");
    else if (piece->kind == DK_LITERAL)
        say_literal(ask, &trace, ask->resolved->text + piece->from, piece->bytes, said);
    else if (piece->kind == DK_SERIES_NAME)
        say_literal(ask, &trace, ask->series, strlen(ask->series), said);
    else if (dk_is_number(piece->kind))
        say_number(ask, &trace, piece, said);
    else if (dk_check_digits_count(piece->kind) > 0)
        say_check(ask, &trace, piece, said);
    else
        snprintf(said, SAID_BYTES, "at character %zu %s where %s writes %u digits", trace.at + 1,
                 shown(ask->text, trace.at, piece->bytes, there), token_of(piece, token), piece->bytes);
}

static docket_status differs(const struct dk_start_ask *ask)
{
    char where[SAID_BYTES], would[DOCKET_TEXT_MAX], remedy[DK_START_BYTES], period[16] = "";
    struct dk_rendered rendered;
    struct dk_start near;
    say_where(ask, where);
    dk_template_render(ask->resolved, ask->series, ask->today, &rendered);
    dk_rendered_write(&rendered, 1, would);
    if (!dk_start_remedy(ask, remedy, &near))
        return dk_fail(DOCKET_NOT_OF_SERIES, "'%.70s' is no document number of %s/%s: %s; its number 1 would be %s today",
                       ask->text, ask->tenant, ask->series, where, would);
    dk_period_text(near.period, period);
    return dk_fail(DOCKET_NOT_OF_SERIES,
                   "'%.70s' is no document number of %s/%s: %s; its number 1 would be %s today; with %s it is number %llu%s%s",
                   ask->text, ask->tenant, ask->series, where, would, remedy, (unsigned long long)near.number,
                   period[0] ? " of " : "", period);
}

/* ---- reading ---- */

static bool is_plain(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= PLAIN_DIGITS_MAX && text[digits] == 0;
}

static docket_status read_plain(const char *text, struct dk_start *found)
{
    uint64_t number = 0;
    if (!is_plain(text))
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%.60s' is no number from 0 to %llu", text,
                       (unsigned long long)DOCKET_NUMBER_MAX - 1);
    for (const char *at = text; *at != 0; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (number >= DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "start-after %s leaves no number: the largest is %llu", text,
                       (unsigned long long)DOCKET_NUMBER_MAX);
    *found = (struct dk_start){.number = number, .period = -1};
    return DOCKET_OK;
}

static bool read_text(const struct dk_start_ask *ask, const char *text, struct dk_start *found)
{
    const struct dk_policy *policy = ask->policy;
    struct dk_read_text read;
    struct dk_span span = {0};
    if (!dk_template_read(ask->resolved, ask->series, text, strlen(text), &read))
        return false;
    if (read.date != 0)
        dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, read.date, &span);
    *found = (struct dk_start){.number = read.number, .date = read.date, .period = span.label};
    return true;
}

docket_status dk_start_read(const struct dk_start_ask *ask, struct dk_start *found)
{
    struct dk_start plain, text;
    struct dk_start_ask bare = *ask;
    bool as_number = strncmp(ask->text, "number=", 7) == 0, as_text = strncmp(ask->text, "text=", 5) == 0;
    if (as_number)
        return read_plain(ask->text + 7, found);
    bare.text = ask->text + (as_text ? 5 : 0);
    bool written = read_text(ask, bare.text, &text);
    if (as_text || !is_plain(bare.text)) {
        if (!written)
            return differs(&bare);
        *found = text;
        return DOCKET_OK;
    }
    docket_status status = read_plain(bare.text, &plain);
    if (!written && status != DOCKET_OK)
        return status;
    if (written && (status != DOCKET_OK || plain.number != text.number))
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%s' can be read as a number and as document number %llu of %s/%s; write "
                                            "number=%s or text=%s",
                       bare.text, (unsigned long long)text.number, ask->tenant, ask->series, bare.text, bare.text);
    *found = written ? text : plain;
    return DOCKET_OK;
}

docket_status dk_start_left(const struct dk_start_ask *ask, const struct dk_start *start, uint64_t last)
{
    if (start->number < last)
        return DOCKET_OK;
    if (start->period >= 0)
        return dk_fail(DOCKET_REFUSED, "'%.70s' is number %llu, and the last number of %s/%s is %llu: none is left behind it; "
                                       "nothing was changed",
                       ask->text, (unsigned long long)start->number, ask->tenant, ask->series, (unsigned long long)last);
    return dk_fail(DOCKET_BAD_POLICY, "start-after %llu leaves no number: the last one is %llu",
                   (unsigned long long)start->number, (unsigned long long)last);
}
