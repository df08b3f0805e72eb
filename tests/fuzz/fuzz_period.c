/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/date numbering/period tools:address tools:cli tools:failure tools:output tools:table */
/* libs: jansson smartcols ncursesw */
/*
 * Dates and periods: every instant lies in exactly one period, the periods
 * follow each other without a hole, and text and label say the same, in the
 * library and on the command line.
 */
#include "fuzz.h"

#include "../../tools/address.h"
#include "numbering/period.h"

/* The days of the calendar by another way: years that begin in March. */
static uint32_t date_otherwise(int64_t day)
{
    int64_t shifted = day + 719468, era = shifted / 146097, in_era = shifted % 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t march = (5 * in_year + 2) / 153;
    int64_t month = march < 10 ? march + 3 : march - 9;
    return (uint32_t)((year + era * 400 + (month <= 2)) * 10000 + month * 100 + in_year - (153 * march + 2) / 5 + 1);
}

/* The fiscal year of a label names its years, and lies near them. */
static void look_at_span(const struct dk_policy *policy, const struct dk_span *span, uint32_t date)
{
    struct dk_span again;
    MUST(span->first <= date && date <= span->last);
    MUST(dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, span->label, &again));
    MUST(again.label == span->label && again.first == span->first && again.last == span->last);
    int32_t days = dk_date_day(span->last) - dk_date_day(span->first) + 1;
    switch (policy->restart) {
    case DK_YEARLY:
        MUST((uint32_t)span->label == date / 10000);
        break;
    case DK_MONTHLY:
        MUST((uint32_t)span->label == date / 100);
        break;
    case DK_DAILY:
        MUST((uint32_t)span->label == date);
        break;
    case DK_QUARTERLY:
        MUST((uint32_t)span->label == date / 10000 * 10 + (date / 100 % 100 + 2) / 3);
        break;
    case DK_WEEKLY:
        MUST(days == 7 && dk_date_weekday(span->first) == 0);
        break;
    default:
        MUST(policy->fiscal.rule == DK_FISCAL_MONTH ? days == 365 || days == 366 : days == 364 || days == 371);
        break;
    }
}

static void look_at_instant(const struct dk_policy *policy, int64_t utc_s)
{
    const int64_t last_s = 4133980799; /* the last second of 2100 */
    struct dk_period period, before, after;
    struct dk_span span;
    char text[16];
    int32_t label = -1;
    int64_t held_s = utc_s < 0 ? 0 : utc_s > last_s ? last_s : utc_s;
    uint32_t date = dk_zone_utc.date(&dk_zone_utc, utc_s);
    dk_period_at(policy, &dk_zone_utc, utc_s, &period);
    MUST(period.start_s <= held_s && held_s < period.end_s);
    MUST(date == date_otherwise(held_s / 86400));
    MUST(dk_zone_utc.day_start(&dk_zone_utc, date) == held_s - held_s % 86400);
    if (held_s < 400 * 86400) /* weeks and fiscal years that begin in 1969 have a label, but no text */
        return;
    memset(text, 'x', sizeof text);
    dk_period_text(period.label, text);
    MUST(memchr(text, 0, sizeof text) != NULL);
    MUST(dk_period_parse(text, &label) && label == period.label);
    if (policy->restart == DK_NEVER)
        return;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, date, &span);
    MUST(span.label == period.label);
    look_at_span(policy, &span, date);
    dk_period_at(policy, &dk_zone_utc, period.start_s - 1, &before);
    MUST(before.end_s == period.start_s && before.label < period.label);
    if (period.end_s <= last_s) {
        dk_period_at(policy, &dk_zone_utc, period.end_s, &after);
        MUST(after.start_s == period.end_s && after.label > period.label);
    }
}

static void look_at_label(int32_t label)
{
    char text[16];
    int32_t again = 0;
    memset(text, 'x', sizeof text);
    dk_period_text(label, text);
    MUST(memchr(text, 0, sizeof text) != NULL);
    if (dk_period_parse(text, &again))
        MUST(again == label);
}

static void look_at_date_text(const char *text)
{
    uint32_t date = 77;
    char canonical[11];
    if (!dk_date_parse(text, &date)) {
        MUST(date == 77);
        return;
    }
    MUST(dk_date_exists(date));
    dk_date_text(date, canonical);
    MUST(strlen(text) == 8 ? strtoul(text, NULL, 10) == date : strcmp(text, canonical) == 0);
}

static void look_at_fiscal_text(const char *text)
{
    struct dk_fiscal fiscal, again;
    char canonical[32];
    if (!dk_fiscal_parse(text, &fiscal))
        return;
    MUST(fiscal.rule < DK_FISCAL_RULE_COUNT && fiscal.month < 12 && fiscal.weekday < 7);
    MUST(fiscal.rule != DK_FISCAL_MONTH || fiscal.weekday == 0);
    dk_fiscal_text(&fiscal, canonical);
    MUST(dk_fiscal_parse(canonical, &again) && memcmp(&again, &fiscal, sizeof fiscal) == 0);
}

/* The command spells "no period" as never or 0, the library as nothing; else
 * they must agree about every text. */
static void look_at_text(const char *text)
{
    struct cli_command command = {.name = "fuzz"};
    struct cli cli = {.command = &command, .quiet = true};
    struct address address;
    char line[128], canonical[16], shown[PERIOD_TEXT_BYTES];
    int32_t label = -77;
    bool good = dk_period_parse(text, &label);
    MUST(good || label == -77);
    if (strlen(text) > 40)
        return;
    snprintf(line, sizeof line, "acme/INV/%s", text);
    int code = address_parse(&cli, line, true, &address);
    if (text[0] == 0 || strcmp(text, "never") == 0 || strcmp(text, "0") == 0)
        return;
    MUST(good == (code == CLI_DONE));
    if (!good)
        return;
    MUST(address.period == label);
    dk_period_text(label, canonical);
    MUST(strcmp(canonical, address_period_text(label, shown)) == 0);
    look_at_label(label);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    stderr = fopen("/dev/null", "w"); /* the command's sentences; ours go to descriptor 2 */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    char text[64];
    struct dk_policy policy = {.restart = (uint8_t)(draw_number(&draw, 1) % DK_RESTART_COUNT)};
    int64_t utc_s = (int64_t)draw_number(&draw, 8);
    uint64_t fiscal = (uint64_t)utc_s >> 40; /* where the second law leaves it alone */
    policy.fiscal.rule = (uint8_t)(fiscal % DK_FISCAL_RULE_COUNT);
    policy.fiscal.month = (uint8_t)(fiscal / 4 % 12);
    policy.fiscal.weekday = (uint8_t)(policy.fiscal.rule == DK_FISCAL_MONTH ? 0 : fiscal / 64 % 7);
    look_at_instant(&policy, utc_s);
    look_at_instant(&policy, (int64_t)((uint64_t)utc_s & 0xffffffff));
    look_at_label((int32_t)draw_number(&draw, 4));
    draw_text(&draw, text, sizeof text);
    look_at_text(text);
    look_at_date_text(text);
    look_at_fiscal_text(text);
    return 0;
}
