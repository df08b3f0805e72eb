/* SPDX-License-Identifier: MIT */
#include "deciding.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int deciding_address(const struct cli *cli, struct address *address, struct docket_counter_name *name)
{
    int32_t period = ADDRESS_NO_PERIOD;
    int code = address_parse(cli, cli->operands[0], true, address);
    if (code == CLI_DONE && cli_given(cli, OPT_PERIOD))
        code = address_period(cli, cli->values[OPT_PERIOD], &period);
    if (code != CLI_DONE)
        return code;
    if (period != ADDRESS_NO_PERIOD && address->period != ADDRESS_NO_PERIOD && period != address->period)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--period names another period than '%.160s'", cli->operands[0]);
    if (period != ADDRESS_NO_PERIOD)
        address->period = period;
    *name = (struct docket_counter_name){
        .tenant = address->tenant, .series = address->series, .period = address->period};
    return CLI_DONE;
}

int deciding_reason(const struct cli *cli)
{
    if (cli_given(cli, OPT_REASON))
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s wants --reason TEXT: it is kept for those who ask later",
                    cli->command->name);
}

static bool says_yes(FILE *terminal, const char *question)
{
    char answer[16] = "";
    fprintf(terminal, "docket: %s? [y/N] ", question);
    fflush(terminal);
    return fgets(answer, sizeof answer, terminal) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Asked is who sits there: where errors go to a terminal. */
int deciding_confirm(const struct cli *cli, const char *format, ...)
{
    char question[640];
    va_list arguments;
    if (cli_given(cli, OPT_YES) || cli_given(cli, OPT_DRY_RUN))
        return CLI_DONE;
    va_start(arguments, format);
    vsnprintf(question, sizeof question, format, arguments);
    va_end(arguments);
    FILE *terminal = isatty(fileno(stderr)) ? fopen("/dev/tty", "r+e") : NULL;
    if (terminal == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "there is no terminal to ask on whether to %s; say --yes", question);
    bool yes = says_yes(terminal, question);
    fclose(terminal);
    return yes ? CLI_DONE : cli_no(cli, DOCKET_REFUSED, "not confirmed; nothing was changed");
}

static bool take_number(const char **text, uint64_t *number)
{
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 18)
        return false;
    *number = strtoull(*text, NULL, 10);
    *text += digits;
    return *number >= 1 && *number <= DOCKET_NUMBER_MAX;
}

int deciding_range(const struct cli *cli, const char *text, uint64_t *first, uint64_t *last)
{
    const char *at = text;
    bool good = take_number(&at, first);
    *last = *first;
    if (good && *at != '\0') {
        at += strncmp(at, "..", 2) == 0 ? 2 : *at == '-';
        good = take_number(&at, last) && *at == '\0' && *first <= *last;
    }
    if (good)
        return CLI_DONE;
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "'%.60s' is no range of numbers, such as 17 or 17-20", text);
}

unsigned deciding_flags(const struct cli *cli)
{
    return (cli_given(cli, OPT_DRY_RUN) ? DOCKET_DRY_RUN : 0u) | (cli_given(cli, OPT_VOID_REST) ? DOCKET_VOID_REST : 0u);
}

void deciding_begin(struct deciding_changes *changes, const struct cli *cli, const struct address *address)
{
    *changes = (struct deciding_changes){.cli = cli, .address = address};
    if (cli->json)
        changes->array = json_array();
}

int deciding_change(void *context, const struct docket_change *change)
{
    struct deciding_changes *changes = context;
    char period[PERIOD_TEXT_BYTES];
    changes->count++;
    changes->numbers += change->last - change->first + 1;
    if (changes->array != NULL) {
        json_array_append_new(changes->array,
                              json_pack("{s:I, s:i, s:I, s:I, s:s, s:s, s:s}", "line", (json_int_t)change->line, "period",
                                        (int)change->period, "first", (json_int_t)change->first, "last",
                                        (json_int_t)change->last, "before", change->before, "after", change->after,
                                        "cause", change->cause));
        return 0;
    }
    if (change->line != 0)
        printf("line %" PRIu64 ": ", change->line);
    printf("%s/%s/%s  %" PRIu64, changes->address->tenant, changes->address->series,
           address_period_text(change->period, period), change->first);
    if (change->last != change->first)
        printf(" - %" PRIu64, change->last);
    printf("  %s -> %s (%s)\n", change->before, change->after, change->cause);
    return 0;
}

int deciding_end(struct deciding_changes *changes, int code)
{
    const struct cli *cli = changes->cli;
    bool dry = cli_given(cli, OPT_DRY_RUN);
    if (code != CLI_DONE) {
        json_decref(changes->array);
        return code;
    }
    if (changes->array == NULL) {
        if (changes->count == 0)
            printf("nothing %s\n", dry ? "would change" : "was changed");
        else if (dry)
            printf("would change %" PRIu64 " numbers; nothing was changed (--dry-run)\n", changes->numbers);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b, s:o}", "realm", output_string(cli->realm),
                                                 "tenant", changes->address->tenant, "series",
                                                 changes->address->series, "dry_run", dry, "changes", changes->array));
    return output_json(cli, object);
}
