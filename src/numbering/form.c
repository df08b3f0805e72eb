/* SPDX-License-Identifier: MIT */
/*
 * form: a resolved template as 64 bytes of the board, and back. What comes from
 * the board is believed only if pack() could have written it.
 */
#include "numbering/template.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN = 0x80, WIDEST10 = 15, WIDEST36 = 10 };

/* As people write them; what has no name here stands on no board. */
static const char *const names[DK_PIECE_KINDS] = {
    [DK_SERIES_NAME] = "SERIES",
    [DK_YEAR4] = "YYYY",
    [DK_YEAR2] = "YY",
    [DK_MONTH] = "MM",
    [DK_DAY] = "DD",
    [DK_QUARTER] = "Q",
    [DK_YEAR_DAY] = "DDD",
    [DK_WEEK_YEAR4] = "GGGG",
    [DK_WEEK_YEAR2] = "GG",
    [DK_WEEK] = "WW",
    [DK_FISCAL_FIRST4] = "FY:2025",
    [DK_FISCAL_FIRST2] = "FY:25",
    [DK_FISCAL_LAST4] = "FY:2026",
    [DK_FISCAL_LAST2] = "FY:26",
    [DK_NUMBER] = "N",
    [DK_NUMBER36] = "N36",
    [DK_LUHN] = "LUHN",
    [DK_MOD97] = "MOD97",
    [DK_MOD1110] = "MOD1110",
    [DK_SWISS] = "SWISS",
    [DK_FINNISH] = "FINNISH",
};

/* Bytes that each writes; 0: it depends. */
static const uint8_t bytes_of[DK_PIECE_KINDS] = {
    [DK_YEAR4] = 4,         [DK_YEAR2] = 2,        [DK_MONTH] = 2,        [DK_DAY] = 2,
    [DK_QUARTER] = 1,       [DK_YEAR_DAY] = 3,     [DK_WEEK_YEAR4] = 4,   [DK_WEEK_YEAR2] = 2,
    [DK_WEEK] = 2,          [DK_FISCAL_FIRST4] = 4, [DK_FISCAL_FIRST2] = 2, [DK_FISCAL_LAST4] = 4,
    [DK_FISCAL_LAST2] = 2,  [DK_LUHN] = 1,         [DK_MOD97] = 2,        [DK_MOD1110] = 1,
    [DK_SWISS] = 1,         [DK_FINNISH] = 1,
};

static bool is_number(unsigned kind)
{
    return kind == DK_NUMBER || kind == DK_NUMBER36;
}

static bool is_literal(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '/' ||
           c == '.' || c == '_';
}

void dk_form_pack(const struct dk_template *resolved, struct dk_form *form)
{
    memset(form, 0, sizeof *form);
    form->fiscal = resolved->fiscal;
    size_t at = 0;
    for (unsigned i = 0; i < resolved->count; i++) {
        const struct dk_piece *piece = &resolved->pieces[i];
        size_t bytes = piece->kind == DK_LITERAL ? piece->bytes : is_number(piece->kind) ? 2 : 1;
        DK_CHECK(at + bytes <= DK_FORM_CODE); /* dk_template_resolve() promised */
        if (piece->kind == DK_LITERAL) {
            memcpy(form->code + at, resolved->text + piece->from, piece->bytes);
        } else {
            form->code[at] = (uint8_t)(TOKEN + piece->kind);
            if (is_number(piece->kind))
                form->code[at + 1] = (uint8_t)(TOKEN + piece->bytes);
        }
        at += bytes;
    }
    form->bytes = (uint8_t)at;
}

static bool fiscal_can_be(const struct dk_fiscal *fiscal)
{
    return fiscal->rule < DK_FISCAL_RULE_COUNT && fiscal->month < 12 && fiscal->weekday < 7 &&
           (fiscal->rule != DK_FISCAL_MONTH || fiscal->weekday == 0);
}

struct unpacking {
    const struct dk_form *form;
    struct dk_template *made;
    size_t at;   /* in the form */
    size_t text; /* bytes of made->text */
    unsigned numbers;
};

static struct dk_piece *add(struct unpacking *u, unsigned kind, size_t bytes)
{
    struct dk_template *made = u->made;
    if (made->count == DK_PIECES_MAX)
        return NULL;
    struct dk_piece *piece = &made->pieces[made->count++];
    *piece = (struct dk_piece){.kind = (uint8_t)kind, .from = (uint8_t)u->text, .bytes = (uint8_t)bytes};
    return piece;
}

static bool put_text(struct unpacking *u, const char *text, size_t bytes)
{
    if (u->text + bytes >= sizeof u->made->text)
        return false;
    memcpy(u->made->text + u->text, text, bytes);
    u->text += bytes;
    return true;
}

static bool take_literal(struct unpacking *u)
{
    size_t from = u->at;
    while (u->at < u->form->bytes && is_literal(u->form->code[u->at]))
        u->at++;
    return u->at > from && add(u, DK_LITERAL, u->at - from) != NULL &&
           put_text(u, (const char *)u->form->code + from, u->at - from);
}

static bool take_token(struct unpacking *u)
{
    unsigned kind = u->form->code[u->at++] - TOKEN, width = 0;
    char text[16];
    if (kind >= DK_PIECE_KINDS || names[kind] == NULL)
        return false;
    if (is_number(kind)) {
        width = u->at < u->form->bytes ? (unsigned)u->form->code[u->at++] - TOKEN : 0;
        if (width < 1 || width > (kind == DK_NUMBER ? WIDEST10 : WIDEST36) || u->numbers++ > 0)
            return false;
        u->made->number_at = u->made->count;
    }
    u->made->dated = u->made->dated || (kind >= DK_YEAR4 && kind <= DK_FISCAL_LAST2);
    u->made->checked = u->made->checked || kind >= DK_LUHN;
    bool plain = width <= 1 && kind != DK_NUMBER36;
    int length = plain ? snprintf(text, sizeof text, "{%s}", names[kind])
                       : snprintf(text, sizeof text, "{%s:%u}", names[kind], width);
    return add(u, kind, is_number(kind) ? width : bytes_of[kind]) != NULL && put_text(u, text, (size_t)length);
}

bool dk_form_unpack(const struct dk_form *form, struct dk_template *resolved)
{
    struct dk_template made = {.fiscal = form->fiscal};
    struct unpacking u = {.form = form, .made = &made};
    if (form->bytes > DK_FORM_CODE || !fiscal_can_be(&form->fiscal))
        return false;
    while (u.at < form->bytes)
        if (form->code[u.at] >= TOKEN ? !take_token(&u) : !take_literal(&u))
            return false;
    for (size_t at = form->bytes; at < DK_FORM_CODE; at++)
        if (form->code[at] != 0)
            return false;
    if (u.numbers != 1)
        return false;
    *resolved = made;
    return true;
}
