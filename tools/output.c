/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Set by whatever found no memory for its part of the output: a JSON value, a
 * table, a cell. The builders drop it silently; the command's end says so. */
static bool short_of_memory;

static void *allocate(size_t bytes)
{
    void *made = malloc(bytes);
    short_of_memory = short_of_memory || made == NULL;
    return made;
}

void output_lacks_memory(void)
{
    short_of_memory = true;
}

void output_begin(void)
{
    json_set_alloc_funcs(allocate, free);
}

bool output_is_whole(void)
{
    return !short_of_memory;
}

json_t *output_object(void)
{
    return json_pack("{s:i}", "schema_version", CLI_SCHEMA_VERSION);
}

int output_json(const struct cli *cli, json_t *object)
{
    if (object == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the JSON");
    int written = json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    putchar('\n');
    return written == 0 ? CLI_DONE : cli_fail(cli, DOCKET_SYSTEM, "cannot write the JSON to stdout");
}

json_t *output_string(const char *text)
{
    char ascii[4096];
    json_t *string = json_string(text);
    if (string != NULL)
        return string;
    size_t i = 0;
    for (; i < sizeof ascii - 1 && text[i] != '\0'; i++)
        ascii[i] = text[i];
    for (size_t j = 0; j < i; j++)
        if ((unsigned char)ascii[j] >= 0x80)
            ascii[j] = '?';
    ascii[i] = '\0';
    return json_string(ascii);
}

const char *output_time(int64_t utc_s, char text[OUTPUT_TIME_BYTES])
{
    struct tm parts;
    time_t time = (time_t)utc_s;
    if (gmtime_r(&time, &parts) == NULL || strftime(text, OUTPUT_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(text, OUTPUT_TIME_BYTES, "%lld", (long long)utc_s);
    return text;
}

const char *output_time_local(int64_t utc_s, char text[OUTPUT_TIME_BYTES])
{
    struct tm parts;
    time_t time = (time_t)utc_s;
    char zone[8] = "";
    if (localtime_r(&time, &parts) == NULL || strftime(text, 24, "%Y-%m-%dT%H:%M:%S", &parts) == 0 ||
        strftime(zone, sizeof zone, "%z", &parts) != 5) /* +0100 */
        return output_time(utc_s, text);
    snprintf(text + strlen(text), OUTPUT_TIME_BYTES - strlen(text), "%.3s:%.2s", zone, zone + 3);
    return text;
}

const char *output_day(uint32_t yyyymmdd, char text[OUTPUT_TIME_BYTES])
{
    snprintf(text, OUTPUT_TIME_BYTES, "%04u-%02u-%02u", yyyymmdd / 10000 % 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);
    return text;
}

json_t *output_day_json(uint32_t yyyymmdd)
{
    char text[OUTPUT_TIME_BYTES];
    return yyyymmdd == 0 ? json_null() : json_string(output_day(yyyymmdd, text));
}

/* ---- comma-separated values ---- */

static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

void output_csv(const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putchar(',');
        if (strpbrk(cells[i], ",\"\r\n") != NULL)
            put_quoted(cells[i]);
        else
            fputs(cells[i], stdout);
    }
    fputs("\r\n", stdout);
}

int output_check_csv(const struct cli *cli)
{
    if (cli_given(cli, OPT_CSV) &&
        (cli->json || cli_given(cli, OPT_COLUMNS) || cli_given(cli, OPT_NO_HEADINGS)))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--csv always has every column and a line of headings: leave --json, "
                                                  "--columns and --no-headings away");
    return CLI_DONE;
}
