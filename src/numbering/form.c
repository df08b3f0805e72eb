/* SPDX-License-Identifier: MIT */
/*
 * form: a template with the texts of its series in it, as the board holds it; see
 * template.h. A resolved template is made by unpacking its form, so that who reads
 * the board has the same as who made the series.
 */
#include "base/check.h"
#include "numbering/check_digit.h"
#include "numbering/template_inside.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_CODE = 0x80 };

/* ---- unpacking ---- */

static bool fiscal_is_sound(const struct dk_fiscal *fiscal)
{
    return fiscal->rule < DK_FISCAL_RULE_COUNT && fiscal->month < 12 && fiscal->weekday < 7 &&
           (fiscal->rule != DK_FISCAL_MONTH || fiscal->weekday == 0);
}

/* One piece of code, its bytes at *at; the pieces' text is not written yet, of a
 * literal `from` is its place in the code. */
static bool unpack_piece(const struct dk_form *form, unsigned *at, struct dk_template *made)
{
    const uint8_t *code = form->code;
    struct dk_piece *piece = &made->pieces[made->count];
    unsigned from = *at, kind = DK_LITERAL, bytes = 0;
    if (made->count == DK_PIECES_MAX)
        return false;
    if (code[from] < TOKEN_CODE) {
        while (*at < form->bytes && code[*at] < TOKEN_CODE && dk_is_literal((char)code[*at]))
            ++*at;
        bytes = *at - from;
    } else {
        kind = code[(*at)++] - TOKEN_CODE;
        if (dk_is_number(kind) && *at < form->bytes)
            bytes = code[(*at)++] - (unsigned)TOKEN_CODE; /* wraps below it: too wide then */
        else if (kind < DK_PIECE_KINDS)
            bytes = dk_piece_bytes(kind);
    }
    *piece = (struct dk_piece){(uint8_t)kind, (uint8_t)from, (uint8_t)bytes};
    if (dk_is_number(kind)) {
        bool second = dk_is_number(made->pieces[made->number_at].kind) && made->number_at != made->count;
        made->number_at = made->count;
        if (second || bytes < 1 || bytes > dk_number_digits_max(kind))
            return false;
    }
    bool checks = dk_check_digits_count(kind) > 0;
    if (checks && (made->checked || !dk_is_number(made->pieces[made->number_at].kind)))
        return false;
    made->checked = made->checked || checks;
    made->dated = made->dated || dk_is_date(kind);
    made->count++;
    return kind == DK_LITERAL ? bytes > 0 : kind == DK_SERIES_NAME || (kind >= DK_YEAR4 && kind < DK_PIECE_KINDS);
}

/* ---- the text of a resolved template ---- */

struct writing {
    struct dk_template *made;
    size_t length;
    bool full;
};

static void write_text(struct writing *writing, const char *text, size_t bytes)
{
    if (writing->length + bytes >= sizeof writing->made->text) {
        writing->full = true;
        return;
    }
    memcpy(writing->made->text + writing->length, text, bytes);
    writing->length += bytes;
}

static void write_word(struct writing *writing, const char *word)
{
    write_text(writing, word, strlen(word));
}

static void write_literal(struct writing *writing, struct dk_piece *piece, const struct dk_form *form)
{
    size_t from = writing->length;
    write_text(writing, (const char *)form->code + piece->from, piece->bytes);
    piece->from = (uint8_t)from;
}

static bool is_first(const struct dk_piece *piece)
{
    return piece->kind == DK_FISCAL_FIRST4 || piece->kind == DK_FISCAL_FIRST2;
}

static bool is_last(const struct dk_piece *piece)
{
    return piece->kind == DK_FISCAL_LAST4 || piece->kind == DK_FISCAL_LAST2;
}

/* One mark, no letter or digit: may stand within {FY:2025-26}. */
static bool is_mark(const struct dk_piece *piece, const struct dk_form *form)
{
    char c = (char)form->code[piece->from];
    return piece->kind == DK_LITERAL && piece->bytes == 1 && !dk_is_digit(c) && !dk_is_letter(c);
}

/* {FY:..} of the pieces from `at` on; returns how many it stands for. */
static unsigned write_fiscal(struct writing *writing, unsigned at, const struct dk_form *form)
{
    struct dk_template *made = writing->made;
    struct dk_piece *piece = &made->pieces[at];
    unsigned left = made->count - at, used = 1;
    write_word(writing, "{FY:");
    if (is_first(piece)) {
        write_word(writing, piece->kind == DK_FISCAL_FIRST4 ? "2025" : "25");
        bool marked = left > 2 && is_mark(piece + 1, form) && is_last(piece + 2);
        if (marked)
            write_literal(writing, piece + 1, form);
        used = marked ? 3 : left > 1 && is_last(piece + 1) ? 2 : 1;
    }
    const struct dk_piece *last = piece + used - 1;
    if (is_last(last))
        write_word(writing, last->kind == DK_FISCAL_LAST4 ? "2026" : "26");
    write_word(writing, "}");
    return used;
}

static unsigned write_piece(struct writing *writing, unsigned at, const struct dk_form *form)
{
    struct dk_piece *piece = &writing->made->pieces[at];
    char token[16];
    if (piece->kind == DK_LITERAL) {
        write_literal(writing, piece, form);
        return 1;
    }
    if (is_first(piece) || is_last(piece))
        return write_fiscal(writing, at, form);
    piece->from = (uint8_t)writing->length;
    if (dk_is_number(piece->kind) && piece->bytes > 1)
        snprintf(token, sizeof token, "{%s:%u}", dk_piece_name(piece->kind), (unsigned)piece->bytes);
    else
        snprintf(token, sizeof token, "{%s}", dk_piece_name(piece->kind));
    write_word(writing, token);
    return 1;
}

bool dk_form_unpack(const struct dk_form *form, struct dk_template *resolved)
{
    struct dk_template made = {.fiscal = form->fiscal};
    struct writing writing = {&made, 0, false};
    if (form->bytes < 1 || form->bytes > DK_FORM_CODE || !fiscal_is_sound(&form->fiscal))
        return false;
    for (unsigned at = form->bytes; at < DK_FORM_CODE; at++)
        if (form->code[at] != 0)
            return false;
    for (unsigned at = 0; at < form->bytes;)
        if (!unpack_piece(form, &at, &made))
            return false;
    if (!dk_is_number(made.pieces[made.number_at].kind))
        return false;
    for (unsigned at = 0; at < made.count;)
        at += write_piece(&writing, at, form);
    if (writing.full)
        return false;
    *resolved = made;
    return true;
}

/* ---- packing ---- */

static void pack_byte(struct dk_form *form, unsigned byte)
{
    DK_CHECK(form->bytes < DK_FORM_CODE); /* dk_template_resolve() promised */
    form->code[form->bytes++] = (uint8_t)byte;
}

void dk_form_pack(const struct dk_template *resolved, struct dk_form *form)
{
    memset(form, 0, sizeof *form);
    form->fiscal = resolved->fiscal;
    for (unsigned at = 0; at < resolved->count; at++) {
        const struct dk_piece *piece = &resolved->pieces[at];
        if (piece->kind == DK_LITERAL) {
            for (unsigned i = 0; i < piece->bytes; i++)
                pack_byte(form, (unsigned char)resolved->text[piece->from + i]);
            continue;
        }
        pack_byte(form, TOKEN_CODE + piece->kind);
        if (dk_is_number(piece->kind))
            pack_byte(form, TOKEN_CODE + piece->bytes);
    }
}

/* ---- resolving ---- */

struct resolving {
    const struct dk_template *parsed;
    const struct dk_texts *texts;
    struct dk_form form;
    unsigned bytes; /* also those that do not fit any more */
};

static void put(struct resolving *resolving, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, resolving->bytes++)
        if (resolving->bytes < DK_FORM_CODE)
            resolving->form.code[resolving->bytes] = (uint8_t)text[i];
}

static void put_token(struct resolving *resolving, const struct dk_piece *piece)
{
    char code[2] = {(char)(TOKEN_CODE + piece->kind), (char)(TOKEN_CODE + piece->bytes)};
    put(resolving, code, dk_is_number(piece->kind) ? 2 : 1);
}

/* Of "branch=VIE till=03" the value that the name of `bytes` letters has. */
static const char *find_field(const char *fields, const char *name, size_t bytes, size_t *length)
{
    for (const char *at = fields; *at != 0;) {
        size_t whole = strcspn(at, " ");
        if (whole > bytes && at[bytes] == '=' && memcmp(at, name, bytes) == 0) {
            *length = whole - bytes - 1;
            return at + bytes + 1;
        }
        at += whole;
        at += strspn(at, " ");
    }
    return NULL;
}

/* Where the first fault is, and what is wrong there; NULL: nothing. */
static const char *field_fault(const char *fields, size_t *at)
{
    for (*at = strspn(fields, " "); fields[*at] != 0; *at += strspn(fields + *at, " ")) {
        size_t name = *at, length;
        while (dk_is_field(fields[*at]))
            ++*at;
        size_t bytes = *at - name;
        if (fields[*at] != '=' || bytes == 0)
            return "a field is written as name=value, the name of a-z 0-9 _, and a blank before the next one";
        size_t value = ++*at;
        while (dk_is_literal(fields[*at]))
            ++*at;
        if (*at == value || (fields[*at] != 0 && fields[*at] != ' '))
            return "the value of a field is of A-Z a-z 0-9 - / . _";
        if (find_field(fields, fields + name, bytes, &length) != fields + value) {
            *at = name;
            return "this field is there twice";
        }
    }
    return NULL;
}

static docket_status resolve_field(struct resolving *resolving, const struct dk_piece *piece)
{
    const char *text = resolving->parsed->text, *fields = resolving->texts->fields;
    size_t length = 0;
    const char *value = find_field(fields, text + piece->from, piece->bytes, &length);
    if (value == NULL)
        return dk_refuse_at("template", text, piece->from, "the series has no field %.*s; set fields=%.*s=VALUE%s%.60s",
                            (int)piece->bytes, text + piece->from, (int)piece->bytes, text + piece->from,
                            fields[0] != 0 ? " beside " : "", fields);
    put(resolving, value, length);
    return DOCKET_OK;
}

static docket_status resolve_piece(struct resolving *resolving, const struct dk_piece *piece)
{
    static const struct dk_piece series = {.kind = DK_SERIES_NAME};
    const struct dk_texts *texts = resolving->texts;
    switch (piece->kind) {
    case DK_LITERAL:
        put(resolving, resolving->parsed->text + piece->from, piece->bytes);
        break;
    case DK_TENANT_NAME:
        put(resolving, texts->tenant, strlen(texts->tenant));
        break;
    case DK_PREFIX:
        if (texts->prefix[0] == 0)
            put_token(resolving, &series);
        put(resolving, texts->prefix, strlen(texts->prefix));
        break;
    case DK_FIELD:
        return resolve_field(resolving, piece);
    default:
        put_token(resolving, piece);
        break;
    }
    return DOCKET_OK;
}

static docket_status check_texts(const struct dk_texts *texts)
{
    size_t at = 0;
    const char *fault = field_fault(texts->fields, &at);
    if (fault != NULL)
        return dk_refuse_at("fields", texts->fields, at, "%s", fault);
    for (at = 0; texts->prefix[at] != 0; at++)
        if (!dk_is_literal(texts->prefix[at]))
            return dk_refuse_at("prefix", texts->prefix, at, "only A-Z a-z 0-9 - / . _ may stand in a document number");
    for (at = 0; texts->tenant[at] != 0; at++)
        if (!dk_is_literal(texts->tenant[at]))
            return dk_refuse_at("tenant", texts->tenant, at, "only A-Z a-z 0-9 - / . _ may stand in a document number");
    return DOCKET_OK;
}

docket_status dk_template_resolve(const struct dk_template *parsed, const struct dk_texts *texts,
                                  const struct dk_fiscal *fiscal, struct dk_template *resolved)
{
    struct resolving resolving = {.parsed = parsed, .texts = texts, .form.fiscal = *fiscal};
    struct dk_template made;
    docket_status status = check_texts(texts);
    for (unsigned at = 0; status == DOCKET_OK && at < parsed->count; at++)
        status = resolve_piece(&resolving, &parsed->pieces[at]);
    if (status != DOCKET_OK)
        return status;
    if (resolving.bytes > DK_FORM_CODE)
        return dk_refuse_at("template", parsed->text, 0,
                            "with tenant, prefix and fields in it, it has %u characters and tokens; the limit is %d: "
                            "shorten them",
                            resolving.bytes, DK_FORM_CODE);
    resolving.form.bytes = (uint8_t)resolving.bytes;
    if (!dk_form_unpack(&resolving.form, &made))
        return dk_refuse_at("template", parsed->text, 0, "the fiscal year is none, or it has more tokens than fit; shorten it");
    *resolved = made;
    return DOCKET_OK;
}
