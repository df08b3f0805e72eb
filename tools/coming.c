/* SPDX-License-Identifier: MIT */
#include "coming.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep(void *context, const struct docket_coming *one)
{
    struct coming *coming = context;
    char period[PERIOD_TEXT_BYTES], date[OUTPUT_TIME_BYTES];
    if (one->read) {
        coming->read = true;
        coming->number = one->number;
        coming->read_date = one->date;
        coming->read_period = one->period;
        return 0;
    }
    coming->date = one->date;
    coming->period = one->period;
    if (coming->array != NULL)
        json_array_append_new(coming->array, json_pack("{s:I, s:s, s:s, s:s}", "number", (json_int_t)one->number, "period",
                                                       address_period_text(one->period, period), "date", output_day(one->date, date), "text",
                                                       one->text));
    else if (coming->count < COMING_LINES)
        snprintf(coming->lines[coming->count], DOCKET_TEXT_MAX, "%s", one->text);
    coming->count++;
    return coming->count == COMING_LINES;
}

int coming_check(const struct cli *cli, const char *option, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (strpbrk(text, "0123456789") == NULL || (text[0] == '-' && text[1 + strspn(text + 1, "0123456789")] == '\0'))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s wants a number or a document number, not '%.60s'", option, text);
    if (text[digits] == '\0' && (digits > 18 || strtoull(text, NULL, 10) >= DOCKET_NUMBER_MAX))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s %.60s leaves no number: the largest is %" PRIu64 "; a document number "
                                                  "of digits alone is written text=%.60s",
                        option, text, (uint64_t)DOCKET_NUMBER_MAX, text);
    return CLI_DONE;
}

/* May be asked twice, should docketd have been started meanwhile. */
docket_status coming_ask(docket_realm *realm, struct coming *coming)
{
    bool next = cli_given(coming->cli, OPT_FROM) && strcmp(coming->cli->values[OPT_FROM], "next") == 0;
    coming->count = 0;
    coming->read = false;
    if (coming->array != NULL)
        json_array_clear(coming->array);
    return docket_admin_series_preview(realm, coming->address->tenant, coming->address->series, coming->policy,
                                       coming->has_start,
                                       (next ? (unsigned)DOCKET_FROM_NEXT : 0u) |
                                           (coming->declared ? (unsigned)DOCKET_AS_DECLARED : 0u),
                                       keep, coming);
}

void coming_print(const struct coming *coming)
{
    char date[OUTPUT_TIME_BYTES];
    if (coming->array != NULL)
        return;
    if (coming->count == 0) {
        printf("next numbers: none; there is none left, or the interval is over\n");
        return;
    }
    printf("next numbers, on %s:\n", output_day(coming->date, date));
    for (unsigned i = 0; i < coming->count; i++)
        printf("  %s\n", coming->lines[i]);
    if (coming->count < COMING_LINES)
        printf("  and no more: there the numbers end\n");
}

/* A period that has ended: the current one does not go on behind its number. */
static bool is_past(const struct coming *coming)
{
    return coming->count > 0 && coming->read_period != coming->period;
}

void coming_print_read(const struct coming *coming)
{
    char period[PERIOD_TEXT_BYTES], now[PERIOD_TEXT_BYTES];
    if (!coming->read || coming->cli->json)
        return;
    address_period_text(coming->read_period, period);
    printf("%s is number %" PRIu64 "%s%s\n", coming->policy->start_after_text, coming->number,
           coming->read_period > 0 ? " of " : "", coming->read_period > 0 ? period : "");
    if (is_past(coming))
        printf("%s has ended: documents that are dated back into it go on at %" PRIu64 "; %s begins by itself\n", period,
               coming->number + 1, address_period_text(coming->period, now));
}

json_t *coming_read_json(const struct coming *coming)
{
    char period[PERIOD_TEXT_BYTES], date[OUTPUT_TIME_BYTES];
    if (!coming->read)
        return NULL;
    return json_pack("{s:o, s:I, s:s, s:o, s:b}", "text", output_string(coming->policy->start_after_text), "number",
                     (json_int_t)coming->number, "period", address_period_text(coming->read_period, period), "date",
                     coming->read_date == 0 ? json_null() : json_string(output_day(coming->read_date, date)), "past",
                     is_past(coming));
}
