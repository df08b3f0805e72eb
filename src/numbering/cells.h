/* SPDX-License-Identifier: MIT */
/*
 * cells: a shape as a row of cells, one for each byte of its texts. With a given
 * count of the number's digits all texts of a shape have one length, and a cell
 * tells what may stand at its place: a literal, a digit of the date, a digit of
 * the number, a check digit. The collision proof lays two such rows on each
 * other. Of numbering/ only; letters are capitals here.
 */
#ifndef DK_NUMBERING_CELLS_H
#define DK_NUMBERING_CELLS_H

#include "numbering/collide.h"

enum dk_cell_kind { DK_CELL_LITERAL, DK_CELL_DATE, DK_CELL_NUMBER, DK_CELL_CHECK };

/* Digits of a date that a text can show. Years and years of weeks are 20xx for
 * every supported date, so their first two digits are literals. */
enum dk_date_digit {
    DK_DIGIT_YEAR = 0,
    DK_DIGIT_MONTH = 2,
    DK_DIGIT_DAY = 4,
    DK_DIGIT_QUARTER = 6,
    DK_DIGIT_YEAR_DAY = 7,
    DK_DIGIT_WEEK_YEAR = 10,
    DK_DIGIT_WEEK = 12,
    DK_DIGIT_FISCAL_FIRST = 14,
    DK_DIGIT_FISCAL_LAST = 18,
    DK_DIGITS = 22
};
#define DK_DIGITS_FISCAL (0xffu << DK_DIGIT_FISCAL_FIRST)

struct dk_cell {
    uint8_t kind;
    uint8_t value; /* the capital; enum dk_date_digit; place of the number's digit, 0 the last; kind of check and which digit */
};

struct dk_cells {
    uint8_t before; /* cells before the number */
    uint8_t count;  /* cells beside the number's */
    uint8_t width, most; /* fewest and most digits of the number */
    uint8_t base;
    bool too_long; /* no text of dk_policy_check(): nothing can be proven */
    uint32_t shown; /* bits 1 << enum dk_date_digit */
    uint64_t last;
    struct dk_cell cell[DOCKET_TEXT_MAX];
};

/* One day, or several that look alike: the digits that are shown, the others 0. */
struct dk_look {
    uint8_t digit[DK_DIGITS];
    uint32_t date;
    int32_t label; /* of its period */
};

void dk_cells_make(const struct dk_shape *shape, struct dk_cells *cells);
/* Bits 1 << enum dk_date_digit of what the template shows. */
uint32_t dk_digits_shown(const struct dk_template *template);
/* The cell at a place of texts whose number has `digits` digits. */
struct dk_cell dk_cells_at(const struct dk_cells *cells, unsigned digits, unsigned place);
/* The smallest and the largest number of so many digits. False: there is none. */
bool dk_cells_range(const struct dk_cells *cells, unsigned digits, uint64_t *least, uint64_t *most);

/* The looks of all supported dates, neighbours that look alike and lie in one
 * period taken once; of a shape without dates one look (two of different
 * periods, if it restarts). Returns how many. To be freed; ends the process
 * when memory is short. */
unsigned dk_looks_make(const struct dk_shape *shape, uint32_t shown, struct dk_look **looks);

/* The least and the greatest that a digit of a date can be. */
void dk_digit_bounds(unsigned digit, uint8_t *least, uint8_t *most);

#endif
