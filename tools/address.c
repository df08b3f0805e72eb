/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <stdio.h>
#include <string.h>

static const char letters_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static bool name_is_safe(const char *name, size_t bytes)
{
    return bytes >= 1 && bytes <= DOCKET_NAME_MAX && strchr(letters_and_digits, name[0]) != NULL &&
           strspn(name, name_bytes) >= bytes;
}

static int take_name(const struct cli *cli, const char *what, const char *name, size_t bytes,
                     char to[DOCKET_NAME_MAX + 1])
{
    if (!name_is_safe(name, bytes))
        return cli_fail(cli, DOCKET_BAD_NAME,
                        "'%.*s' cannot be the name of a %s; use 1 to %d of A-Z a-z 0-9 . _ -, a letter or digit first",
                        bytes > 80 ? 80 : (int)bytes, name, what, DOCKET_NAME_MAX);
    memcpy(to, name, bytes);
    to[bytes] = '\0';
    return CLI_DONE;
}

static int month_days(int32_t year, int32_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* ISO 8601: 53 weeks has a year that begins on a Thursday, or on a Wednesday if it is a leap year. */
static int year_weeks(int32_t year)
{
    int32_t before = year - 1;
    int first = (before + before / 4 - before / 100 + before / 400) % 7; /* 0 Monday */
    return first == 3 || (first == 2 && month_days(year, 2) == 29) ? 53 : 52;
}

/* Labels: 2026, 20261 (quarter), 202611, 2026553 (week, 500 more), 20261124, 20252026 (fiscal year). */
static bool period_exists(int32_t label)
{
    int32_t year = label, rest = 0;
    if (label > 9999999) {
        year = label / 10000, rest = label % 10000;
        int32_t month = rest / 100, day = rest % 100;
        if (rest != year + 1 && (month < 1 || month > 12 || day < 1 || day > month_days(year, month)))
            return false;
    } else if (label > 999999) {
        year = label / 1000, rest = label % 1000;
        if (rest < 501 || rest > 500 + year_weeks(year))
            return false;
    } else if (label > 99999) {
        year = label / 100, rest = label % 100;
        if (rest < 1 || rest > 12)
            return false;
    } else if (label > 9999) {
        year = label / 10, rest = label % 10;
        if (rest < 1 || rest > 4)
            return false;
    }
    return year >= 1970;
}

/* What address_period_text() writes, and its label. */
static bool parse_period(const char *text, int32_t *period)
{
    char written[PERIOD_TEXT_BYTES];
    int64_t label = 0;
    if (strcmp(text, "never") == 0 || strcmp(text, "0") == 0) {
        *period = 0;
        return true;
    }
    if (text[0] == '0' || strlen(text) >= sizeof written)
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == 'W')
            label = label * 10 + 5;
        else if (*at >= '0' && *at <= '9')
            label = label * 10 + (*at - '0');
    }
    if (label > 99999999 || !period_exists((int32_t)label))
        return false;
    address_period_text((int32_t)label, written);
    if (strspn(text, "0123456789") != strlen(text) && strcmp(text, written) != 0)
        return false;
    *period = (int32_t)label;
    return true;
}

int address_parse(const struct cli *cli, const char *text, bool with_period, struct address *address)
{
    const char *slash = strchr(text, '/');
    if (slash == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "'%.80s' is no %s, such as acme/INV", text,
                        with_period ? "TENANT/SERIES[/PERIOD]" : "TENANT/SERIES");
    const char *series = slash + 1;
    const char *second = strchr(series, '/');
    size_t series_bytes = second != NULL ? (size_t)(second - series) : strlen(series);
    int code = take_name(cli, "tenant", text, (size_t)(slash - text), address->tenant);
    if (code == CLI_DONE)
        code = take_name(cli, "series", series, series_bytes, address->series);
    if (code != CLI_DONE)
        return code;
    address->period = ADDRESS_NO_PERIOD;
    if (second == NULL)
        return CLI_DONE;
    if (!with_period)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s takes no period: leave '%.40s' away",
                        cli->command->name, second);
    if (!parse_period(second + 1, &address->period))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                        "'%.40s' is no period; use 2026, 2026-Q4, 2026-11, 2026-W48, 2026-11-24, 2026-2027 or never", second + 1);
    return CLI_DONE;
}

int address_parse_wide(const struct cli *cli, const char *text, struct address *address)
{
    if (strchr(text, '/') != NULL)
        return address_parse(cli, text, true, address);
    address->series[0] = '\0';
    address->period = ADDRESS_NO_PERIOD;
    return take_name(cli, "tenant", text, strlen(text), address->tenant);
}

int address_period(const struct cli *cli, const char *text, int32_t *period)
{
    if (parse_period(text, period))
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "'%.40s' is no period; use 2026, 2026-Q4, 2026-11, 2026-W48, 2026-11-24, 2026-2027 or never", text);
}

const char *address_period_text(int32_t period, char text[PERIOD_TEXT_BYTES])
{
    if (period == 0)
        snprintf(text, PERIOD_TEXT_BYTES, "never");
    else if (period < 10000 || !period_exists(period))
        snprintf(text, PERIOD_TEXT_BYTES, "%d", period);
    else if (period < 100000)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-Q%d", period / 10, period % 10);
    else if (period < 1000000)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-%02d", period / 100, period % 100);
    else if (period < 10000000)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-W%02d", period / 1000, period % 1000 - 500);
    else if (period % 10000 == period / 10000 + 1)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-%04d", period / 10000, period % 10000);
    else
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-%02d-%02d", period / 10000, period / 100 % 100, period % 100);
    return text;
}
