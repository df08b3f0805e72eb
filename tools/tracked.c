/* SPDX-License-Identifier: MIT */
#include "tracked.h"
#include "docket_inspect.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep(void *context, const struct docket_series_facts *facts)
{
    struct tracked *tracked = context;
    tracked->period = facts->period;
    for (uint32_t i = 0; i < facts->setting_count; i++) {
        const struct docket_setting *one = &facts->settings[i];
        tracked->gapless = tracked->gapless || (strcmp(one->name, "order") == 0 && strcmp(one->before, "gapless") == 0);
        tracked->has_ledger = tracked->has_ledger || (strcmp(one->name, "ledger") == 0 && strcmp(one->before, "on") == 0);
    }
    tracked->has_ledger = tracked->has_ledger || tracked->gapless;
    return 0;
}

docket_status tracked_ask(docket_realm *realm, const struct address *address, struct tracked *tracked)
{
    const struct docket_counter_name name = {address->tenant, address->series, ADDRESS_NO_PERIOD};
    *tracked = (struct tracked){0};
    return docket_admin_series_show(realm, &name, keep, tracked);
}

/* Is it at a desk? Then no message is needed, and the shared files say what it is. */
static bool look(const struct cli *cli, const struct address *address, struct tracked *tracked)
{
    docket_view *view = NULL;
    struct docket_view_series facts;
    bool found = docket_view_open(cli->realm, &view) == DOCKET_OK &&
                 docket_view_series_find(view, address->tenant, address->series, &facts) == DOCKET_OK && facts.tracked;
    if (found)
        *tracked = (struct tracked){true, strcmp(facts.order, "gapless") == 0, ADDRESS_NO_PERIOD};
    docket_view_close(view);
    return found;
}

docket_status tracked_open(const struct cli *cli, docket_realm *realm, const struct address *address,
                           struct tracked *tracked, docket_series **series, int *code)
{
    docket_status status = look(cli, address, tracked) ? DOCKET_OK : tracked_ask(realm, address, tracked);
    if (status != DOCKET_OK)
        return status;
    if (!tracked->has_ledger) {
        *code = cli_fail(cli, DOCKET_NOT_TRACKED,
                         "%s/%s keeps no ledger of its numbers, so docket %s cannot be used on it; see docket series set "
                         "--ledger on",
                         address->tenant, address->series, cli->command->name);
        return DOCKET_NOT_TRACKED;
    }
    return docket_series_open(realm, address->tenant, address->series, series);
}

/* ---- options ---- */

int tracked_expires(const struct cli *cli, uint32_t *seconds)
{
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const char *text = cli->values[OPT_EXPIRES];
    if (text == NULL)
        return CLI_DONE;
    size_t digits = strspn(text, "0123456789");
    uint64_t count = digits > 0 && digits <= 9 ? strtoull(text, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        uint64_t value = count * units[i].seconds;
        if (text[digits] != units[i].letter || (text[digits] != '\0' && text[digits + 1] != '\0') || value == 0 ||
            value > DOCKET_HOLD_S_MAX)
            continue;
        *seconds = (uint32_t)value;
        return CLI_DONE;
    }
    return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                    "--expires wants a time of at most 365 days, such as 90s, 15m, 12h or 30d, not '%.40s'", text);
}

static int read_metadata(const struct cli *cli, const char *path, char **owned)
{
    enum { ROOM = DOCKET_METADATA_MAX + 64 }; /* a little more: blanks at the end are not counted */
    FILE *file = fopen(path, "re");
    *owned = file != NULL ? calloc(1, ROOM) : NULL;
    size_t got = *owned != NULL ? fread(*owned, 1, ROOM - 1, file) : 0;
    bool failed = file == NULL || ferror(file);
    int error = errno;
    if (file != NULL)
        fclose(file);
    if (failed)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot read the metadata %.200s: %s", path, strerror(error));
    if (*owned == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the metadata");
    if (strlen(*owned) != got)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "the metadata %.200s has a zero byte in it", path);
    while (got > 0 && strchr(" \t\r\n", (*owned)[got - 1]) != NULL)
        (*owned)[--got] = '\0';
    return CLI_DONE;
}

int tracked_metadata(const struct cli *cli, const char **metadata, char **owned)
{
    const char *text = cli->values[OPT_METADATA];
    int code = CLI_DONE;
    *metadata = text;
    *owned = NULL;
    if (text != NULL && text[0] == '@') {
        code = read_metadata(cli, text + 1, owned);
        *metadata = *owned;
    }
    if (code == CLI_DONE && *metadata != NULL && (*metadata)[0] == '\0')
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--metadata is empty; leave it away, or give a JSON object such as {\"order\": 4711}");
    if (code == CLI_DONE && *metadata != NULL && strlen(*metadata) > DOCKET_METADATA_MAX)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "the metadata has more than %d bytes; keep it where it is, and its id here",
                        DOCKET_METADATA_MAX);
    if (code != CLI_DONE) {
        free(*owned);
        *owned = NULL;
    }
    return code;
}

int tracked_words(const struct cli *cli, enum cli_option_id id)
{
    enum { LONGEST = 200 };
    const char *text = cli->values[id];
    if (text == NULL || (text[0] != '\0' && strlen(text) <= LONGEST))
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--%s wants 1 to %d bytes: it is kept for those who ask later",
                    cli_option_of(cli->command, (int)id)->name, LONGEST);
}

const char *tracked_until(int64_t utc_ns, char text[48])
{
    char time[OUTPUT_TIME_BYTES];
    snprintf(text, 48, "until %s", output_time(utc_ns / 1000000000, time));
    return text;
}
