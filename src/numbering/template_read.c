/* SPDX-License-Identifier: MIT */
/*
 * template_read: a document number read backwards; see template.h. Every piece but
 * the number writes as many bytes as it always does, so that the text's length says
 * how many digits the number has: there is one way to read a text.
 */
#include "numbering/check_digit.h"
#include "numbering/template_inside.h"

#include <string.h>

enum { YEAR_FIRST = 2001, YEAR_LAST = 2099, REPEATS_YEARS = 28 };

/* What the text shows, by kind of piece; -1: nothing. */
struct shows {
    int32_t of[DK_PIECE_KINDS];
};

struct reading {
    const char *text;
    size_t at, length;
    uint64_t number;
    struct shows shows;
};

/* ---- the pieces ---- */

static bool take_bytes(struct reading *reading, const char *bytes, size_t count)
{
    if (count > reading->length - reading->at || memcmp(reading->text + reading->at, bytes, count) != 0)
        return false;
    reading->at += count;
    return true;
}

static bool take_value(struct reading *reading, unsigned base, size_t count, uint64_t *value)
{
    *value = 0;
    if (count > reading->length - reading->at)
        return false;
    for (const char *end = reading->text + reading->at + count; count > 0; count--) {
        char c = end[-(ptrdiff_t)count];
        unsigned digit = dk_is_digit(c) ? (unsigned)(c - '0') : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10 : 36;
        if (digit >= base)
            return false;
        *value = *value * base + digit; /* at most fifteen digits, or ten of base 36 */
        reading->at++;
    }
    return true;
}

/* A part of the date that is shown twice says the same twice. */
static bool take_date(struct reading *reading, const struct dk_piece *piece)
{
    uint64_t value;
    int32_t *part = &reading->shows.of[piece->kind];
    if (!take_value(reading, 10, piece->bytes, &value) || (*part >= 0 && *part != (int32_t)value))
        return false;
    *part = (int32_t)value;
    return true;
}

/* digits: how many the number has in this text. */
static bool take_number(struct reading *reading, const struct dk_piece *piece, size_t digits)
{
    if (digits < piece->bytes || digits > dk_number_digits_max(piece->kind))
        return false;
    bool padded = reading->at < reading->length && reading->text[reading->at] == '0';
    return !(padded && digits > piece->bytes) &&
           take_value(reading, piece->kind == DK_NUMBER36 ? 36 : 10, digits, &reading->number) && reading->number >= 1 &&
           reading->number <= DOCKET_NUMBER_MAX;
}

static bool take_checks(struct reading *reading, const struct dk_piece *piece)
{
    if (piece->bytes > reading->length - reading->at ||
        !dk_check_digits_fit(piece->kind, reading->text, reading->at, reading->text + reading->at))
        return false;
    reading->at += piece->bytes;
    return true;
}

static bool take_piece(struct reading *reading, const struct dk_template *resolved, const struct dk_piece *piece,
                       const char *series, size_t digits)
{
    if (piece->kind == DK_LITERAL)
        return take_bytes(reading, resolved->text + piece->from, piece->bytes);
    if (piece->kind == DK_SERIES_NAME)
        return take_bytes(reading, series, strlen(series));
    if (dk_is_number(piece->kind))
        return take_number(reading, piece, digits);
    if (dk_check_digits_count(piece->kind) > 0)
        return take_checks(reading, piece);
    return dk_is_date(piece->kind) && take_date(reading, piece);
}

/* ---- the first date that shows it ---- */

static bool fits_year(int32_t year4, int32_t year2, int32_t year)
{
    return (year4 < 0 || year4 == year) && (year2 < 0 || year2 == year % 100);
}

static bool fits_part(int32_t part, int32_t of_date)
{
    return part < 0 || part == of_date;
}

static bool fits(const struct shows *shows, const struct dk_shown *date)
{
    const int32_t *of = shows->of;
    return fits_year(of[DK_YEAR4], of[DK_YEAR2], date->year) && fits_part(of[DK_MONTH], date->month) &&
           fits_part(of[DK_DAY], date->day) && fits_part(of[DK_QUARTER], date->quarter) &&
           fits_part(of[DK_YEAR_DAY], date->year_day) &&
           fits_year(of[DK_WEEK_YEAR4], of[DK_WEEK_YEAR2], date->week_year) && fits_part(of[DK_WEEK], date->week) &&
           fits_year(of[DK_FISCAL_FIRST4], of[DK_FISCAL_FIRST2], date->fiscal_first) &&
           fits_year(of[DK_FISCAL_LAST4], of[DK_FISCAL_LAST2], date->fiscal_last);
}

/* Days to look at, both inclusive. */
struct days {
    int32_t first, last;
};

static void narrow(struct days *days, int32_t first, int32_t last)
{
    if (first > days->first)
        days->first = first;
    if (last < days->last)
        days->last = last;
}

/* A year in four or two digits; -1: it is not shown. In two digits there is one
 * from 2000 to 2099; that 00 can be 2100 too is for the caller. */
static int32_t year_of(int32_t year4, int32_t year2)
{
    return year4 >= 0 ? year4 : year2 >= 0 ? 2000 + year2 : -1;
}

/* Of a year the days that can show quarter, month, day of the year and week. */
static struct days days_of_year(const struct shows *shows, int32_t year)
{
    const int32_t *of = shows->of;
    int32_t new_year = dk_date_day((uint32_t)year * 10000 + 101);
    struct days days = {new_year, dk_date_day((uint32_t)year * 10000 + 1231)};
    int32_t quarter = of[DK_QUARTER], month = of[DK_MONTH], week = of[DK_WEEK];
    if (month >= 1 && month <= 12) {
        int32_t first = dk_date_day((uint32_t)(year * 10000 + month * 100 + 1));
        narrow(&days, first, first + 30);
        if (of[DK_DAY] >= 0)
            narrow(&days, first + of[DK_DAY] - 1, first + of[DK_DAY] - 1);
    } else if (quarter >= 1 && quarter <= 4) {
        int32_t first = dk_date_day((uint32_t)(year * 10000 + quarter * 300 - 199));
        narrow(&days, first, first + 91);
    }
    if (of[DK_YEAR_DAY] >= 0)
        narrow(&days, new_year + of[DK_YEAR_DAY] - 1, new_year + of[DK_YEAR_DAY] - 1);
    if (week > 1 && week < 52) /* the others can lie at either end of a year */
        narrow(&days, new_year + (week - 1) * 7 - 3, new_year + week * 7 + 3);
    return days;
}

/* The fiscal years around this one that the text can mean. */
static void narrow_fiscal(const struct shows *shows, const struct dk_fiscal *fiscal, int32_t year, struct days *days)
{
    const int32_t *of = shows->of;
    struct days found = {INT32_MAX, INT32_MIN};
    for (int32_t half = (year - 1) * 2; half <= (year + 1) * 2 + 1; half++) {
        uint32_t probe = (uint32_t)(half / 2 * 10000 + (half % 2 ? 701 : 101)), first, last;
        struct dk_shown shown;
        dk_date_show(probe, fiscal, &shown);
        if (!fits_year(of[DK_FISCAL_FIRST4], of[DK_FISCAL_FIRST2], shown.fiscal_first) ||
            !fits_year(of[DK_FISCAL_LAST4], of[DK_FISCAL_LAST2], shown.fiscal_last))
            continue;
        dk_fiscal_year(probe, fiscal, &first, &last);
        if (dk_date_day(first) < found.first)
            found.first = dk_date_day(first);
        if (dk_date_day(last) > found.last)
            found.last = dk_date_day(last);
    }
    narrow(days, found.first, found.last);
}

/* Looks through days; true with the first date that fits. */
static bool search(const struct shows *shows, const struct dk_fiscal *fiscal, struct days days, uint32_t *date,
                   struct dk_shown *shown)
{
    for (int32_t day = days.first; day <= days.last; day++) {
        *date = dk_day_date(day);
        if (!fits_part(shows->of[DK_DAY], (int32_t)(*date % 100)))
            continue;
        dk_date_show(*date, fiscal, shown);
        if (fits(shows, shown))
            return true;
    }
    return false;
}

/* Of each kind of year the one that the text can mean; -1: it shows none. */
struct years {
    int32_t calendar, week, fiscal;
};

static bool find_near(const struct shows *shows, const struct dk_fiscal *fiscal, const struct years *years,
                      uint32_t *date, struct dk_shown *shown)
{
    /* Without a year of any kind all that can be shown comes again after 28 years. */
    int32_t from = YEAR_FIRST, to = YEAR_FIRST + REPEATS_YEARS - 1;
    struct days all = {dk_date_day(DK_DATE_FIRST), dk_date_day(DK_DATE_LAST)};
    int32_t around = years->week >= 0 ? years->week : years->fiscal;
    if (years->calendar >= 0) {
        from = to = years->calendar;
    } else if (around >= 0) {
        from = around - 1;
        to = around + 1;
    }
    if (years->fiscal >= 0)
        narrow_fiscal(shows, fiscal, years->fiscal, &all);
    if (years->week >= 0) {
        int32_t new_year = dk_date_day((uint32_t)years->week * 10000 + 101), week = shows->of[DK_WEEK];
        narrow(&all, new_year - 3, new_year + 368);
        if (week >= 1)
            narrow(&all, new_year + (week - 1) * 7 - 3, new_year + week * 7 + 3);
    }
    for (int32_t year = from < YEAR_FIRST ? YEAR_FIRST : from; year <= to && year <= YEAR_LAST; year++) {
        struct days days = days_of_year(shows, year);
        narrow(&days, all.first, all.last);
        if (search(shows, fiscal, days, date, shown))
            return true;
    }
    return false;
}

static bool is_near(int32_t year)
{
    return year >= YEAR_FIRST - 1 && year <= YEAR_LAST + 1;
}

static bool find_date(const struct shows *shows, const struct dk_fiscal *fiscal, uint32_t *date, struct dk_shown *shown)
{
    const int32_t *of = shows->of;
    struct years years = {year_of(of[DK_YEAR4], of[DK_YEAR2]), year_of(of[DK_WEEK_YEAR4], of[DK_WEEK_YEAR2]),
                          year_of(of[DK_FISCAL_FIRST4], of[DK_FISCAL_FIRST2])};
    if (years.fiscal < 0)
        years.fiscal = year_of(of[DK_FISCAL_LAST4], of[DK_FISCAL_LAST2]);
    if (of[DK_MONTH] > 12 || of[DK_DAY] > 31 || of[DK_QUARTER] > 4 || of[DK_YEAR_DAY] > 366 || of[DK_WEEK] > 53 ||
        (years.week >= 0 && !is_near(years.week)) || (years.fiscal >= 0 && !is_near(years.fiscal)))
        return false;
    if (find_near(shows, fiscal, &years, date, shown))
        return true;
    if (years.fiscal != YEAR_FIRST - 1)
        return false;
    years.fiscal = YEAR_LAST + 1; /* 00 in two digits: the one that ends in 2100 */
    return find_near(shows, fiscal, &years, date, shown);
}

/* Only what the template shows; a year that it shows in two digits is whole. */
static void keep_shown(const struct shows *shows, struct dk_shown *shown)
{
    const int32_t *of = shows->of;
    const struct dk_shown whole = *shown;
    bool calendar = of[DK_YEAR4] >= 0 || of[DK_YEAR2] >= 0, weeks = of[DK_WEEK_YEAR4] >= 0 || of[DK_WEEK_YEAR2] >= 0;
    bool first = of[DK_FISCAL_FIRST4] >= 0 || of[DK_FISCAL_FIRST2] >= 0;
    bool last = of[DK_FISCAL_LAST4] >= 0 || of[DK_FISCAL_LAST2] >= 0;
    *shown = (struct dk_shown){.year = calendar ? whole.year : -1,
                               .month = of[DK_MONTH],
                               .day = of[DK_DAY],
                               .quarter = of[DK_QUARTER],
                               .year_day = of[DK_YEAR_DAY],
                               .week_year = weeks ? whole.week_year : -1,
                               .week = of[DK_WEEK],
                               .fiscal_first = first ? whole.fiscal_first : -1,
                               .fiscal_last = last ? whole.fiscal_last : -1};
}

bool dk_template_read(const struct dk_template *resolved, const char *series, const char *text, size_t length,
                      struct dk_read_text *found)
{
    struct reading reading = {.text = text, .length = length};
    struct dk_read_text read = {0};
    size_t fixed = dk_template_size(resolved, series, 0) - 1 - resolved->pieces[resolved->number_at].bytes;
    if (length <= fixed || length >= DOCKET_TEXT_MAX)
        return false;
    for (unsigned kind = 0; kind < DK_PIECE_KINDS; kind++)
        reading.shows.of[kind] = -1;
    for (unsigned at = 0; at < resolved->count; at++)
        if (!take_piece(&reading, resolved, &resolved->pieces[at], series, length - fixed))
            return false;
    if (resolved->dated && !find_date(&reading.shows, &resolved->fiscal, &read.date, &read.shown))
        return false;
    keep_shown(&reading.shows, &read.shown);
    read.number = reading.number;
    *found = read;
    return true;
}

/* ---- how far a text can be read ---- */

static size_t digits_there(const struct reading *reading, unsigned kind)
{
    size_t at = reading->at;
    while (at < reading->length && (dk_is_digit(reading->text[at]) || (kind == DK_NUMBER36 && reading->text[at] >= 'A' &&
                                                                       reading->text[at] <= 'Z')))
        at++;
    return at - reading->at;
}

/* By the digits that the text's length leaves for the number; else by those that stand there. */
static bool trace_piece(struct reading *reading, const struct dk_template *resolved, unsigned piece, const char *series,
                        size_t fixed)
{
    struct reading before = *reading;
    const struct dk_piece *read = &resolved->pieces[piece];
    size_t digits = reading->length > fixed ? reading->length - fixed : 0;
    if (take_piece(reading, resolved, read, series, digits))
        return true;
    *reading = before;
    if (dk_is_number(read->kind) && take_piece(reading, resolved, read, series, digits_there(reading, read->kind)))
        return true;
    *reading = before;
    return false;
}

void dk_template_trace(const struct dk_template *resolved, const char *series, const char *text, size_t length,
                       struct dk_trace *trace)
{
    struct reading reading = {.text = text, .length = length};
    size_t fixed = dk_template_size(resolved, series, 0) - 1 - resolved->pieces[resolved->number_at].bytes;
    unsigned piece = 0;
    for (unsigned kind = 0; kind < DK_PIECE_KINDS; kind++)
        reading.shows.of[kind] = -1;
    while (piece < resolved->count && trace_piece(&reading, resolved, piece, series, fixed))
        piece++;
    *trace = (struct dk_trace){.at = reading.at, .piece = piece};
}
