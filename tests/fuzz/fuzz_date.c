/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/date */
/*
 * Dates and fiscal years as people type them: what is taken exists and is written
 * as it was read; what is refused changes nothing. Fiscal years follow each other
 * without a hole, and what is shown of a day is in range.
 */
#include "fuzz.h"

#include "numbering/date.h"

static void check_date(const char *text)
{
    uint32_t date = 7, again = 7;
    char written[11];
    if (!dk_date_parse(text, &date)) {
        MUST(date == 7);
        return;
    }
    MUST(dk_date_exists(date) && dk_day_date(dk_date_day(date)) == date);
    memset(written, 'x', sizeof written);
    dk_date_text(date, written);
    MUST(memchr(written, 0, sizeof written) != NULL && dk_date_parse(written, &again) && again == date);
    char plain[16] = "";
    snprintf(plain, sizeof plain, "%08u", date);
    MUST(strcmp(text, written) == 0 || strcmp(text, plain) == 0);
}

static void check_fiscal_text(const char *text)
{
    struct dk_fiscal fiscal, untouched, again;
    char written[32];
    memset(&fiscal, 0x5a, sizeof fiscal);
    memset(&untouched, 0x5a, sizeof untouched);
    if (!dk_fiscal_parse(text, &fiscal)) {
        MUST(memcmp(&fiscal, &untouched, sizeof fiscal) == 0);
        return;
    }
    MUST(fiscal.rule < DK_FISCAL_RULE_COUNT && fiscal.month < 12 && fiscal.weekday < 7);
    MUST(fiscal.rule != DK_FISCAL_MONTH || fiscal.weekday == 0);
    memset(written, 'x', sizeof written);
    dk_fiscal_text(&fiscal, written);
    MUST(memchr(written, 0, sizeof written) != NULL && dk_fiscal_parse(written, &again));
    MUST(memcmp(&again, &fiscal, sizeof again) == 0);
}

static void check_years(const struct dk_fiscal *fiscal, uint32_t date)
{
    uint32_t first, last, next, past;
    struct dk_shown shown, next_shown;
    dk_date_show(date, fiscal, &shown);
    MUST((uint32_t)(shown.year * 10000 + shown.month * 100 + shown.day) == date);
    MUST(shown.quarter >= 1 && shown.quarter <= 4 && shown.year_day >= 1 && shown.year_day <= 366);
    MUST(shown.week >= 1 && shown.week <= 53 && shown.week_year >= shown.year - 1 && shown.week_year <= shown.year + 1);
    MUST(shown.fiscal_last - shown.fiscal_first == (dk_fiscal_is_calendar(fiscal) ? 0 : 1));
    dk_fiscal_year(date, fiscal, &first, &last);
    MUST(first <= date && date <= last);
    int32_t days = dk_date_day(last) - dk_date_day(first) + 1;
    MUST(fiscal->rule == DK_FISCAL_MONTH ? days == 365 || days == 366 : days == 364 || days == 371);
    dk_fiscal_year(dk_date_add(last, 1), fiscal, &next, &past);
    MUST(next == dk_date_add(last, 1));
    dk_date_show(next, fiscal, &next_shown);
    MUST(next_shown.fiscal_first == shown.fiscal_first + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    char text[64];
    uint64_t choice = draw_number(&draw, 2);
    struct dk_fiscal fiscal = {.rule = (uint8_t)(choice % DK_FISCAL_RULE_COUNT), .month = (uint8_t)((choice >> 4) % 12)};
    if (fiscal.rule != DK_FISCAL_MONTH)
        fiscal.weekday = (uint8_t)((choice >> 8) % 7);
    check_years(&fiscal, dk_date_add(DK_DATE_FIRST, (int32_t)(draw_number(&draw, 3) % 36159)));
    draw_text(&draw, text, sizeof text);
    check_date(text);
    check_fiscal_text(text);
    return 0;
}
