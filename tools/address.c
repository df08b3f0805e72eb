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

/* 2026, 202611 and 2026-11, 20261124 and 2026-11-24; never. */
static bool parse_period(const char *text, int32_t *period)
{
    char digits[9];
    size_t used = 0, dashes = 0;
    if (strcmp(text, "never") == 0 || strcmp(text, "0") == 0) {
        *period = 0;
        return true;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '-' && (i == 4 || i == 7)) {
            dashes++;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || used == sizeof digits - 1)
            return false;
        digits[used++] = text[i];
    }
    if (used != 4 && used != 6 && used != 8)
        return false;
    if (dashes != 0 && dashes != used / 2 - 2)
        return false;
    int32_t label = 0;
    for (size_t i = 0; i < used; i++)
        label = label * 10 + (digits[i] - '0');
    int32_t year = used == 4 ? label : used == 6 ? label / 100 : label / 10000;
    int32_t month = used == 4 ? 1 : used == 6 ? label % 100 : label / 100 % 100;
    int32_t day = used == 8 ? label % 100 : 1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    *period = label;
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
                        "'%.40s' is no period; use 2026, 2026-11, 2026-11-24 or never", second + 1);
    return CLI_DONE;
}

int address_period(const struct cli *cli, const char *text, int32_t *period)
{
    if (parse_period(text, period))
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "'%.40s' is no period; use 2026, 2026-11, 2026-11-24 or never", text);
}

const char *address_period_text(int32_t period, char text[PERIOD_TEXT_BYTES])
{
    if (period == 0)
        snprintf(text, PERIOD_TEXT_BYTES, "never");
    else if (period < 10000)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d", period);
    else if (period < 1000000)
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-%02d", period / 100, period % 100);
    else
        snprintf(text, PERIOD_TEXT_BYTES, "%04d-%02d-%02d", period / 10000, period / 100 % 100, period % 100);
    return text;
}
