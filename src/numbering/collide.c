/* SPDX-License-Identifier: MIT */
/* collide: see collide.h; here is the meeting of two shapes. What one shape alone
 * repeats is in repeat.c. */
#include "numbering/cells.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PLACES = 16,       /* digits of a number, at most */
    KEY_DIGITS = 32,   /* digits that two dates must have in common: two words of nibbles */
    TRIES = 128,       /* for one pair of dates, before others are tried */
    RENDERS = 1 << 15, /* texts written in search of an example, in all: some 20 ms */
    PAIRS = 1 << 22    /* pairs of dates looked at one by one, in all: some 50 ms */
};

/* The number of one side, by what its digits face on the other. */
struct number {
    uint64_t least, most;     /* of so many digits */
    uint64_t fixed;           /* what faces literals, as a sum */
    uint64_t shared[PLACES];  /* weights of digits that face the other number's, the highest first */
    uint64_t dated[PLACES];   /* weights of digits that face the other's date ... */
    uint8_t digit[PLACES];    /* ... and which digit of it */
    uint64_t checked[PLACES]; /* weights of digits that face the other's check digits */
    uint64_t shared_sum, checked_sum; /* of their weights */
    unsigned shared_count, dated_count, checked_count;
};

struct row {
    const struct dk_cells *cells;
    unsigned digits;
    struct number number;
    uint8_t wanted[DK_DIGITS]; /* by literals of the other: the digit + 1; 0: any */
    uint8_t key[KEY_DIGITS];   /* digits of this date; each equals the same one of the other's */
};

/* Two rows of equal length, laid on each other. */
struct alignment {
    struct row row[2];
    unsigned keys;
    uint32_t paired[DK_DIGITS]; /* of row 0's digit: bits of row 1's digits that it faces */
    unsigned radix;             /* of digits that both numbers share */
    bool unsure;                /* check digits face something else: fitting is not meeting */
};

/* A look that fits, and what the shared digits can be, read as one number, for the
 * other side's number to be in its range. */
struct entry {
    uint64_t key[2];
    uint64_t least, most;
    const struct dk_look *look;
    unsigned side;
};

enum verdict { APART, MAYBE, MEET };

struct search {
    const struct dk_shape *shape[2];
    struct dk_cells cells[2];
    struct dk_look *looks[2]; /* made when first needed */
    unsigned look_count[2];
    struct entry *entries;
    unsigned entry_count;
    bool one_series; /* the same number of the same period is no collision */
    unsigned tries, renders, pairs;
    struct dk_collision *found;
};

/* ---- what faces what ---- */

static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

/* 0 to 35; 36 of what is no digit in any base. Folds. */
static unsigned digit_of(char c)
{
    if (is_digit((unsigned char)c))
        return (unsigned)(c - '0');
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A') + 10;
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 36;
}

static uint64_t weight(const struct row *row, unsigned place)
{
    uint64_t power = 1;
    while (place-- > 0)
        power *= row->cells->base;
    return power;
}

static bool face_literal(struct alignment *laid, struct row *row, char literal, struct dk_cell cell)
{
    unsigned value = digit_of(literal);
    uint8_t least, most;
    switch (cell.kind) {
    case DK_CELL_LITERAL:
        return cell.value == (uint8_t)literal;
    case DK_CELL_DATE:
        dk_digit_bounds(cell.value, &least, &most);
        if (value < least || value > most || (row->wanted[cell.value] != 0 && row->wanted[cell.value] != value + 1))
            return false;
        row->wanted[cell.value] = (uint8_t)(value + 1);
        return true;
    case DK_CELL_NUMBER:
        if (value >= row->cells->base)
            return false;
        row->number.fixed += value * weight(row, cell.value);
        return true;
    default:
        laid->unsure = true;
        return is_digit((unsigned char)literal);
    }
}

/* A digit of row's number against a date's, a number's or a check digit. */
static void face_number(struct alignment *laid, struct row *row, unsigned place, struct dk_cell cell)
{
    struct number *number = &row->number;
    uint64_t power = weight(row, place);
    switch (cell.kind) {
    case DK_CELL_DATE:
        number->digit[number->dated_count] = cell.value;
        number->dated[number->dated_count++] = power;
        break;
    case DK_CELL_NUMBER:
        number->shared[number->shared_count++] = power;
        number->shared_sum += power;
        break;
    default:
        number->checked[number->checked_count++] = power;
        number->checked_sum += power;
        laid->unsure = true;
        break;
    }
}

static bool face_dates(struct alignment *laid, unsigned a, unsigned b)
{
    uint8_t least[2], most[2];
    dk_digit_bounds(a, &least[0], &most[0]);
    dk_digit_bounds(b, &least[1], &most[1]);
    if (least[0] > most[1] || least[1] > most[0])
        return false;
    if (laid->paired[a] & 1u << b)
        return true;
    if (laid->keys == KEY_DIGITS) { /* nobody writes such a template; the texts will tell */
        laid->unsure = true;
        return true;
    }
    laid->paired[a] |= 1u << b;
    laid->row[0].key[laid->keys] = (uint8_t)a;
    laid->row[1].key[laid->keys++] = (uint8_t)b;
    return true;
}

/* False: these two can never be the same. */
static bool face(struct alignment *laid, struct dk_cell a, struct dk_cell b)
{
    if (a.kind == DK_CELL_LITERAL)
        return face_literal(laid, &laid->row[1], (char)a.value, b);
    if (b.kind == DK_CELL_LITERAL)
        return face_literal(laid, &laid->row[0], (char)b.value, a);
    if (a.kind == DK_CELL_DATE && b.kind == DK_CELL_DATE)
        return face_dates(laid, a.value, b.value);
    if (a.kind == DK_CELL_NUMBER)
        face_number(laid, &laid->row[0], a.value, b);
    if (b.kind == DK_CELL_NUMBER)
        face_number(laid, &laid->row[1], b.value, a);
    /* The same check digit at the same place of both is the same: so is all before it. */
    if ((a.kind == DK_CELL_CHECK || b.kind == DK_CELL_CHECK) && (a.kind != b.kind || a.value != b.value))
        laid->unsure = true;
    return true;
}

/* ---- what the shared digits can be ---- */

/* With these digits of the other's date. False: no number in the range fits. */
static bool share(const struct number *number, unsigned radix, const uint8_t *date, uint64_t *least, uint64_t *most)
{
    uint64_t sum = number->fixed;
    for (unsigned at = 0; at < number->dated_count; at++)
        sum += number->dated[at] * date[number->digit[at]];
    uint64_t rest = (radix - 1) * number->shared_sum, top = sum + 9 * number->checked_sum;
    if (sum > number->most || top + rest < number->least)
        return false;
    uint64_t over = number->least > top ? number->least - top : 0, under = number->most - sum;
    *least = *most = 0;
    for (unsigned at = 0; at < number->shared_count; at++) {
        uint64_t power = number->shared[at], digit = under / power;
        digit = digit < radix ? digit : radix - 1;
        under -= digit * power;
        *most = *most * radix + digit;
        rest -= (radix - 1) * power; /* what the lower digits can give */
        digit = over > rest ? (over - rest + power - 1) / power : 0;
        over -= digit * power < over ? digit * power : over;
        *least = *least * radix + digit;
    }
    return *least <= *most;
}

/* The number with these shared digits and, for those that face check digits, these. */
static uint64_t number_of(const struct number *number, unsigned radix, const uint8_t *date, uint64_t shared,
                          unsigned checked)
{
    uint64_t sum = number->fixed;
    for (unsigned at = 0; at < number->dated_count; at++)
        sum += number->dated[at] * date[number->digit[at]];
    for (unsigned at = number->shared_count; at-- > 0; shared /= radix)
        sum += number->shared[at] * (shared % radix);
    for (unsigned at = number->checked_count; at-- > 0; checked /= 10)
        sum += number->checked[at] * (checked % 10);
    return sum;
}

/* ---- examples ---- */

static uint64_t read_number(const struct row *row, const char *text)
{
    uint64_t number = 0;
    for (unsigned at = 0; at < row->digits; at++) {
        unsigned value = digit_of(text[row->cells->before + at]);
        if (value >= row->cells->base)
            return 0;
        number = number * row->cells->base + value;
    }
    return number >= row->number.least && number <= row->number.most ? number : 0;
}

static void write_text(const struct dk_shape *shape, uint32_t date, uint64_t number, char *text)
{
    struct dk_rendered rendered;
    dk_template_render(shape->template, shape->series, date, &rendered);
    dk_rendered_write(&rendered, number, text);
}

/* Is the text of a's number one of b's on that date? Then it is written down. */
static bool is_example(struct search *search, const struct alignment *laid, const struct dk_look *const look[2],
                       uint64_t number)
{
    struct dk_collision *found = search->found;
    if (number < laid->row[0].number.least || number > laid->row[0].number.most)
        return false;
    search->renders++;
    write_text(search->shape[0], look[0]->date, number, found->text[0]);
    found->number[0] = number;
    found->number[1] = read_number(&laid->row[1], found->text[0]);
    if (found->number[1] == 0 || (search->one_series && number == found->number[1] && look[0]->label == look[1]->label))
        return false;
    write_text(search->shape[1], look[1]->date, found->number[1], found->text[1]);
    if (strcasecmp(found->text[0], found->text[1]) != 0)
        return false;
    for (unsigned side = 0; side < 2; side++) {
        found->date[side] = search->cells[side].shown != 0 ? look[side]->date : 0;
        found->period[side] = look[side]->label;
    }
    found->shown = true;
    return true;
}

static bool one_number(const struct alignment *laid, const struct dk_look *const look[2], uint64_t shared)
{
    return number_of(&laid->row[0].number, laid->radix, look[1]->digit, shared, 0) ==
           number_of(&laid->row[1].number, laid->radix, look[0]->digit, shared, 0);
}

/* Two looks with the key in common, whose shared digits can be least to most, and
 * which meet there, but for check digits and for being one document. */
static enum verdict try_pair(struct search *search, const struct alignment *laid, const struct dk_look *const look[2],
                             uint64_t least, uint64_t most)
{
    bool equal_base = search->cells[0].base == search->cells[1].base;
    unsigned variants = 1;
    for (unsigned at = 0; at < laid->row[0].number.checked_count; at++)
        variants *= 10;
    /* In one base the two numbers' difference is linear in the shared digits: what
     * is one number at both ends is one everywhere. */
    uint64_t step = search->one_series && !laid->unsure && equal_base && most > least ? most - least : 1;
    unsigned tries = 0;
    for (uint64_t shared = least; shared <= most; shared += step) {
        if (search->one_series && !laid->unsure && look[0]->label == look[1]->label &&
            one_number(laid, look, shared)) {
            if (++tries > search->tries)
                return MAYBE;
            continue;
        }
        for (unsigned variant = 0; variant < variants; variant++) {
            if (++tries > search->tries || search->renders >= RENDERS)
                return MAYBE;
            if (is_example(search, laid, look,
                           number_of(&laid->row[0].number, laid->radix, look[1]->digit, shared, variant)))
                return MEET;
        }
    }
    return APART;
}

/* ---- joining the dates ---- */

static int rank(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* What nothing here tells apart, but for its label, lies side by side. */
static int by_rest(const struct entry *a, const struct entry *b)
{
    int order = rank(a->least, b->least);
    order = order ? order : rank(a->most, b->most);
    order = order ? order : rank(a->side, b->side);
    order = order ? order : memcmp(a->look->digit, b->look->digit, DK_DIGITS);
    order = order ? order : (a->look->label > b->look->label) - (a->look->label < b->look->label);
    return order ? order : rank(a->look->date, b->look->date);
}

static int by_key(const struct entry *a, const struct entry *b)
{
    int order = rank(a->key[0], b->key[0]);
    return order ? order : rank(a->key[1], b->key[1]);
}

/* For sweep(). */
static int by_range(const void *left, const void *right)
{
    int order = by_key(left, right);
    return order ? order : by_rest(left, right);
}

/* For try_all(). */
static int by_side(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = by_key(a, b);
    order = order ? order : rank(a->side, b->side);
    return order ? order : by_rest(a, b);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
    return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

/* False: the look does not fit. */
static bool entry_of(const struct alignment *laid, unsigned side, const struct dk_look *look, struct entry *entry)
{
    const struct row *row = &laid->row[side];
    *entry = (struct entry){.look = look, .side = side};
    for (unsigned at = 0; at < DK_DIGITS; at++) {
        if (row->wanted[at] != 0 && row->wanted[at] != look->digit[at] + 1)
            return false;
    }
    for (unsigned at = 0; at < laid->keys; at++) {
        uint64_t *word = &entry->key[at / 16];
        *word = *word << 4 | look->digit[row->key[at]];
    }
    return share(&laid->row[1 - side].number, laid->radix, look->digit, &entry->least, &entry->most);
}

/* But for their labels. Where fitting is not meeting, every digit counts. */
static bool alike(const struct search *search, const struct alignment *laid, const struct entry *a, const struct entry *b)
{
    return same_key(a, b) && a->side == b->side && a->least == b->least && a->most == b->most &&
           ((!laid->unsure && !search->one_series) || memcmp(a->look->digit, b->look->digit, DK_DIGITS) == 0);
}

/* Of entries that are alike one will do; in one series one more with another
 * label, as no period is both. */
static void thin_out(struct search *search, const struct alignment *laid)
{
    struct entry *kept = search->entries;
    unsigned alike_kept = 1;
    for (unsigned at = 1; at < search->entry_count; at++) {
        const struct entry *entry = &search->entries[at];
        if (!alike(search, laid, kept, entry))
            alike_kept = 1;
        else if (search->one_series && alike_kept == 1 && kept->look->label != entry->look->label)
            alike_kept = 2;
        else
            continue;
        *++kept = *entry;
    }
    search->entry_count = (unsigned)(kept - search->entries) + 1;
}

/* False: one side has no look that fits. */
static bool gather(struct search *search, const struct alignment *laid, int (*order)(const void *, const void *))
{
    search->entry_count = 0;
    for (unsigned side = 0; side < 2; side++) {
        unsigned before = search->entry_count;
        for (unsigned at = 0; at < search->look_count[side]; at++)
            search->entry_count += entry_of(laid, side, &search->looks[side][at], &search->entries[search->entry_count]);
        if (search->entry_count == before)
            return false;
    }
    qsort(search->entries, search->entry_count, sizeof *search->entries, order);
    thin_out(search, laid);
    return true;
}

static enum verdict try_entries(struct search *search, const struct alignment *laid, const struct entry *a,
                                const struct entry *b)
{
    const struct dk_look *const look[2] = {a->look, b->look};
    uint64_t least = a->least > b->least ? a->least : b->least, most = a->most < b->most ? a->most : b->most;
    return least <= most ? try_pair(search, laid, look, least, most) : APART;
}

/* Any pair with equal keys whose ranges overlap will do: by rising least, one that
 * overlaps an earlier one overlaps the earlier one that reaches furthest. */
static enum verdict sweep(struct search *search, const struct alignment *laid)
{
    const struct entry *furthest[2] = {NULL, NULL};
    for (unsigned at = 0; at < search->entry_count; at++) {
        const struct entry *entry = &search->entries[at], *other;
        if (at > 0 && !same_key(entry, entry - 1))
            furthest[0] = furthest[1] = NULL;
        other = furthest[1 - entry->side];
        if (other != NULL && other->most >= entry->least)
            return try_entries(search, laid, entry->side == 0 ? entry : other, entry->side == 0 ? other : entry) == MEET
                       ? MEET
                       : MAYBE;
        if (furthest[entry->side] == NULL || entry->most > furthest[entry->side]->most)
            furthest[entry->side] = entry;
    }
    return APART;
}

/* Every pair with equal keys: where not each pair that overlaps is a collision. */
static enum verdict try_pairs(struct search *search, const struct alignment *laid)
{
    const struct entry *end = search->entries + search->entry_count, *others = search->entries;
    enum verdict verdict = APART;
    for (const struct entry *a = search->entries; a < end; a++) {
        if (a->side == 1)
            continue;
        while (others < end && (by_key(others, a) < 0 || (same_key(others, a) && others->side == 0)))
            others++;
        for (const struct entry *b = others; b < end && same_key(a, b) && b->least <= a->most; b++) {
            if (++search->pairs > PAIRS || search->renders >= RENDERS)
                return MAYBE;
            enum verdict pair = try_entries(search, laid, a, b);
            if (pair == MEET)
                return MEET;
            verdict = pair == MAYBE ? MAYBE : verdict;
        }
    }
    return verdict;
}

/* A little of each pair first, then all there is, within the bounds. */
static enum verdict try_all(struct search *search, const struct alignment *laid)
{
    search->tries = TRIES;
    enum verdict verdict = try_pairs(search, laid);
    search->tries = RENDERS;
    return verdict == MAYBE ? try_pairs(search, laid) : verdict;
}

/* ---- alignments ---- */

static void make_looks(struct search *search)
{
    if (search->entries != NULL)
        return;
    for (unsigned side = 0; side < 2; side++)
        search->look_count[side] = dk_looks_make(search->shape[side], search->cells[side].shown, &search->looks[side]);
    search->entries = calloc((size_t)search->look_count[0] + search->look_count[1] + 1, sizeof *search->entries);
    DK_CHECK(search->entries != NULL);
}

/* Numbers whose digits face no dates are decided before any date is looked at. */
static bool numbers_fit(const struct alignment *laid)
{
    uint64_t least[2] = {0, 0}, most[2] = {UINT64_MAX, UINT64_MAX};
    for (unsigned side = 0; side < 2; side++) {
        const struct number *number = &laid->row[side].number;
        if (number->dated_count == 0 && !share(number, laid->radix, NULL, &least[side], &most[side]))
            return false;
    }
    return least[0] <= most[1] && least[1] <= most[0];
}

/* What keeps most pairs apart, before anything is written down. */
static bool literals_differ(const struct dk_cells *a, const struct dk_cells *b, unsigned digits_a, unsigned digits_b)
{
    for (unsigned at = 0; at < a->count + digits_a; at++) {
        struct dk_cell one = dk_cells_at(a, digits_a, at), other = dk_cells_at(b, digits_b, at);
        if (one.kind == DK_CELL_LITERAL && other.kind == DK_CELL_LITERAL && one.value != other.value)
            return true;
    }
    return false;
}

static enum verdict lay(struct search *search, unsigned digits_a, unsigned digits_b)
{
    const struct dk_cells *a = &search->cells[0], *b = &search->cells[1];
    if (literals_differ(a, b, digits_a, digits_b))
        return APART;
    struct alignment laid = {.row = {{.cells = a, .digits = digits_a}, {.cells = b, .digits = digits_b}}};
    laid.radix = a->base < b->base ? a->base : b->base;
    for (unsigned side = 0; side < 2; side++) {
        struct row *row = &laid.row[side];
        if (!dk_cells_range(row->cells, row->digits, &row->number.least, &row->number.most))
            return APART;
    }
    for (unsigned at = 0; at < a->count + digits_a; at++) {
        if (!face(&laid, dk_cells_at(a, digits_a, at), dk_cells_at(b, digits_b, at)))
            return APART;
    }
    if (!numbers_fit(&laid))
        return APART;
    make_looks(search);
    bool all = laid.unsure || search->one_series;
    if (!gather(search, &laid, all ? by_side : by_range))
        return APART;
    return all ? try_all(search, &laid) : sweep(search, &laid);
}

static bool meet(const struct dk_shape *a, const struct dk_shape *b, bool one_series, struct dk_collision *found)
{
    struct dk_collision example;
    struct search search = {.shape = {a, b}, .one_series = one_series, .tries = TRIES, .found = &example};
    enum verdict verdict = APART;
    dk_cells_make(a, &search.cells[0]);
    dk_cells_make(b, &search.cells[1]);
    if (search.cells[0].too_long || search.cells[1].too_long) { /* a store's record that no check has seen */
        *found = (struct dk_collision){.shown = false};
        return true;
    }
    for (unsigned digits = search.cells[0].width; digits <= search.cells[0].most && verdict != MEET; digits++) {
        int other = search.cells[0].count + (int)digits - search.cells[1].count;
        if (other < search.cells[1].width || other > search.cells[1].most)
            continue;
        enum verdict here = lay(&search, digits, (unsigned)other);
        verdict = here > verdict ? here : verdict;
    }
    for (unsigned side = 0; side < 2; side++)
        free(search.looks[side]);
    free(search.entries);
    if (verdict == MEET)
        *found = example;
    else if (verdict == MAYBE)
        *found = (struct dk_collision){.shown = false};
    return verdict != APART;
}

bool dk_shapes_meet(const struct dk_shape *a, const struct dk_shape *b, struct dk_collision *found)
{
    return meet(a, b, false, found);
}

bool dk_shape_follows(const struct dk_shape *older, const struct dk_shape *newer, struct dk_collision *found)
{
    return meet(older, newer, true, found);
}
