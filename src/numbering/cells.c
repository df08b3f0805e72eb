/* SPDX-License-Identifier: MIT */
/* cells: see cells.h. */
#include "numbering/cells.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* Which digits of a date a token shows, after how many literal ones ("20"). */
struct token_row {
    uint8_t first, count, literals;
};

static const struct token_row token_rows[DK_PIECE_KINDS] = {
    [DK_YEAR4] = {DK_DIGIT_YEAR, 2, 2},
    [DK_YEAR2] = {DK_DIGIT_YEAR, 2, 0},
    [DK_MONTH] = {DK_DIGIT_MONTH, 2, 0},
    [DK_DAY] = {DK_DIGIT_DAY, 2, 0},
    [DK_QUARTER] = {DK_DIGIT_QUARTER, 1, 0},
    [DK_YEAR_DAY] = {DK_DIGIT_YEAR_DAY, 3, 0},
    [DK_WEEK_YEAR4] = {DK_DIGIT_WEEK_YEAR, 2, 2},
    [DK_WEEK_YEAR2] = {DK_DIGIT_WEEK_YEAR, 2, 0},
    [DK_WEEK] = {DK_DIGIT_WEEK, 2, 0},
    [DK_FISCAL_FIRST4] = {DK_DIGIT_FISCAL_FIRST, 4, 0},
    [DK_FISCAL_FIRST2] = {DK_DIGIT_FISCAL_FIRST + 2, 2, 0},
    [DK_FISCAL_LAST4] = {DK_DIGIT_FISCAL_LAST, 4, 0},
    [DK_FISCAL_LAST2] = {DK_DIGIT_FISCAL_LAST + 2, 2, 0},
};

/* Bounds that hold on their own; a digit without a row is 0 to 9. */
static const struct {
    uint8_t least, most;
} digit_bounds[DK_DIGITS] = {
    [DK_DIGIT_MONTH] = {0, 1},    [DK_DIGIT_DAY] = {0, 3},
    [DK_DIGIT_QUARTER] = {1, 4},  [DK_DIGIT_YEAR_DAY] = {0, 3},
    [DK_DIGIT_WEEK] = {0, 5},     [DK_DIGIT_FISCAL_FIRST] = {2, 2},
    [DK_DIGIT_FISCAL_FIRST + 1] = {0, 1}, [DK_DIGIT_FISCAL_LAST] = {2, 2},
    [DK_DIGIT_FISCAL_LAST + 1] = {0, 1},
};

void dk_digit_bounds(unsigned digit, uint8_t *least, uint8_t *most)
{
    *least = digit_bounds[digit].least;
    *most = digit_bounds[digit].most != 0 ? digit_bounds[digit].most : 9;
}

uint32_t dk_digits_shown(const struct dk_template *template)
{
    uint32_t shown = 0;
    for (unsigned at = 0; at < template->count; at++) {
        const struct token_row *row = &token_rows[template->pieces[at].kind];
        shown |= ((1u << row->count) - 1) << row->first;
    }
    return shown;
}

/* ---- cells ---- */

static uint8_t capital(char c)
{
    return (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static void add(struct dk_cells *cells, unsigned kind, unsigned value)
{
    if (cells->count < DOCKET_TEXT_MAX - 1)
        cells->cell[cells->count++] = (struct dk_cell){(uint8_t)kind, (uint8_t)value};
    else
        cells->too_long = true;
}

static void add_text(struct dk_cells *cells, const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++)
        add(cells, DK_CELL_LITERAL, capital(text[at]));
}

static void add_date(struct dk_cells *cells, unsigned kind)
{
    const struct token_row *row = &token_rows[kind];
    DK_CHECK(row->count > 0);
    add_text(cells, "20", row->literals);
    for (unsigned at = 0; at < row->count; at++)
        add(cells, DK_CELL_DATE, row->first + at);
}

static void add_piece(struct dk_cells *cells, const struct dk_shape *shape, const struct dk_piece *piece)
{
    switch (piece->kind) {
    case DK_LITERAL:
        add_text(cells, shape->template->text + piece->from, piece->bytes);
        break;
    case DK_SERIES_NAME:
        add_text(cells, shape->series, strlen(shape->series));
        break;
    case DK_NUMBER:
    case DK_NUMBER36:
        cells->before = cells->count;
        cells->width = piece->bytes;
        cells->base = piece->kind == DK_NUMBER ? 10 : 36;
        break;
    case DK_LUHN:
    case DK_MOD97:
    case DK_MOD1110:
    case DK_SWISS:
    case DK_FINNISH:
        for (unsigned at = 0; at < (piece->kind == DK_MOD97 ? 2u : 1u); at++)
            add(cells, DK_CELL_CHECK, piece->kind * 2u + at);
        break;
    default:
        add_date(cells, piece->kind);
        break;
    }
}

void dk_cells_make(const struct dk_shape *shape, struct dk_cells *cells)
{
    cells->before = cells->count = 0;
    cells->too_long = false;
    cells->shown = dk_digits_shown(shape->template);
    cells->last = shape->last == 0 || shape->last > DOCKET_NUMBER_MAX ? DOCKET_NUMBER_MAX : shape->last;
    for (unsigned at = 0; at < shape->template->count; at++)
        add_piece(cells, shape, &shape->template->pieces[at]);
    cells->most = cells->width;
    for (uint64_t left = cells->last, digits = 0; left > 0; left /= cells->base) {
        if (++digits > cells->most)
            cells->most = (uint8_t)digits;
    }
}

struct dk_cell dk_cells_at(const struct dk_cells *cells, unsigned digits, unsigned place)
{
    if (place < cells->before)
        return cells->cell[place];
    if (place < cells->before + digits)
        return (struct dk_cell){DK_CELL_NUMBER, (uint8_t)(cells->before + digits - 1 - place)};
    return cells->cell[place - digits];
}

bool dk_cells_range(const struct dk_cells *cells, unsigned digits, uint64_t *least, uint64_t *most)
{
    uint64_t power = 1;
    for (unsigned at = 1; at < digits; at++)
        power *= cells->base;
    *least = digits > cells->width ? power : 1; /* only within the width may zeros lead */
    *most = power * cells->base - 1;
    if (*most > cells->last)
        *most = cells->last;
    return *least <= *most;
}

/* ---- beginnings ---- */

size_t dk_shape_beginning(const struct dk_shape *shape, char *text, size_t size)
{
    size_t length = 0;
    DK_CHECK(size > 0);
    for (unsigned at = 0; at < shape->template->count; at++) {
        const struct dk_piece *piece = &shape->template->pieces[at];
        const char *from = piece->kind == DK_LITERAL ? shape->template->text + piece->from : shape->series;
        if (piece->kind != DK_LITERAL && piece->kind != DK_SERIES_NAME)
            break;
        size_t bytes = piece->kind == DK_LITERAL ? piece->bytes : strlen(shape->series);
        for (size_t byte = 0; byte < bytes && length < size - 1; byte++)
            text[length++] = (char)capital(from[byte]);
    }
    text[length] = 0;
    return length;
}

/* What stands before the number has a place of its own in each text of the shape. */
size_t dk_shape_mask(const struct dk_shape *shape, char *text, size_t size)
{
    struct dk_cells cells;
    size_t length = 0;
    DK_CHECK(size > 0);
    dk_cells_make(shape, &cells);
    for (; length < cells.before && length < size - 1; length++) {
        const struct dk_cell *cell = &cells.cell[length];
        text[length] = cell->kind == DK_CELL_LITERAL ? (char)cell->value : (char)DK_ANY_DIGIT;
    }
    text[length] = 0;
    return length;
}

/* ---- looks ---- */

static void put_digits(struct dk_look *look, unsigned first, unsigned count, int32_t value)
{
    for (unsigned at = first + count; at-- > first; value /= 10)
        look->digit[at] = (uint8_t)(value % 10);
}

static void look_at(uint32_t date, const struct dk_fiscal *fiscal, uint32_t wanted, struct dk_look *look)
{
    struct dk_shown shown;
    dk_date_show(date, fiscal, &shown);
    put_digits(look, DK_DIGIT_YEAR, 2, shown.year);
    put_digits(look, DK_DIGIT_MONTH, 2, shown.month);
    put_digits(look, DK_DIGIT_DAY, 2, shown.day);
    put_digits(look, DK_DIGIT_QUARTER, 1, shown.quarter);
    put_digits(look, DK_DIGIT_YEAR_DAY, 3, shown.year_day);
    put_digits(look, DK_DIGIT_WEEK_YEAR, 2, shown.week_year);
    put_digits(look, DK_DIGIT_WEEK, 2, shown.week);
    put_digits(look, DK_DIGIT_FISCAL_FIRST, 4, shown.fiscal_first);
    put_digits(look, DK_DIGIT_FISCAL_LAST, 4, shown.fiscal_last);
    for (unsigned at = 0; at < DK_DIGITS; at++) {
        if (!(wanted & 1u << at))
            look->digit[at] = 0;
    }
    look->date = date;
}

unsigned dk_looks_make(const struct dk_shape *shape, uint32_t shown, struct dk_look **looks)
{
    int32_t first = dk_date_day(DK_DATE_FIRST), last = dk_date_day(DK_DATE_LAST);
    int32_t step = shown != 0 ? 1 : last - first; /* without dates the first day and the last stand for all */
    struct dk_look *made = calloc((size_t)((last - first) / step) + 1, sizeof *made);
    DK_CHECK(made != NULL);
    unsigned count = 0;
    struct dk_span span = {0, 0, 0};
    for (int32_t day = first; day <= last; day += step) {
        struct dk_look *look = &made[count];
        uint32_t date = dk_day_date(day);
        if (shown != 0)
            look_at(date, &shape->template->fiscal, shown, look);
        look->date = date;
        if (date > span.last)
            dk_span_of_date(shape->restart, &shape->template->fiscal, date, &span);
        look->label = span.label;
        if (count == 0 || look->label != look[-1].label || memcmp(look->digit, look[-1].digit, DK_DIGITS) != 0)
            count++;
    }
    *looks = made;
    return count;
}
