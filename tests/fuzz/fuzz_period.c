/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/period tools:address tools:cli tools:failure */
/* libs: jansson */
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

static void look_at_instant(enum dk_restart restart, int64_t utc_s)
{
    const int64_t last_s = 253402300799;
    struct dk_period period, before, after;
    char text[16];
    int32_t label = -1;
    int64_t held_s = utc_s < 0 ? 0 : utc_s > last_s ? last_s : utc_s;
    dk_period_at(restart, utc_s, &period);
    MUST(period.start_s <= held_s && held_s < period.end_s);
    MUST(dk_day_date(utc_s) == date_otherwise(held_s / 86400));
    MUST(dk_day_start(utc_s) == held_s - held_s % 86400);
    memset(text, 'x', sizeof text);
    dk_period_text(period.label, text);
    MUST(memchr(text, 0, sizeof text) != NULL);
    MUST(dk_period_parse(text, &label) && label == period.label);
    if (restart == DK_NEVER)
        return;
    uint32_t date = dk_day_date(utc_s);
    MUST(period.label == (int32_t)(restart == DK_YEARLY ? date / 10000 : restart == DK_MONTHLY ? date / 100 : date));
    if (period.start_s > 0) {
        dk_period_at(restart, period.start_s - 1, &before);
        MUST(before.end_s == period.start_s && before.label < period.label);
    }
    if (period.end_s <= last_s) {
        dk_period_at(restart, period.end_s, &after);
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
    uint64_t restart = draw_number(&draw, 1) % DK_RESTART_COUNT;
    int64_t utc_s = (int64_t)draw_number(&draw, 8);
    look_at_instant((enum dk_restart)restart, utc_s);
    look_at_instant((enum dk_restart)restart, (int64_t)((uint64_t)utc_s & 0x3fffffffff));
    look_at_label((int32_t)draw_number(&draw, 4));
    draw_text(&draw, text, sizeof text);
    look_at_text(text);
    return 0;
}
