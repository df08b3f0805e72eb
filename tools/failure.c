/* SPDX-License-Identifier: MIT */
/*
 * failure: how a status becomes a sentence and an exit code.
 */
#include "cli.h"
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 4096 };

static const struct exit_row {
    enum cli_exit code;
    const char *text;
} exit_codes[] = {
    {CLI_DONE, "done"},
    {CLI_NO, "an honest no: nothing is laid to peek at, no such series, it exists with other settings, "
             "what stands does not allow it, the key was asked for otherwise or its number is void, a number is decided "
             "already, not held or somebody else's, the series keeps no ledger, a line of a list failed, leases are still out (drain, period close), docketd is not serving (status), a check failed (doctor)"},
    {CLI_USAGE, "the command is wrong: option, name, count, period, policy or document date"},
    {CLI_UNREACHABLE, "not reachable: no realm, no docketd, no permission, or the system refused"},
    {CLI_REFUSED, "refused for safety: look before you go on"},
    {CLI_EXHAUSTED, "timed out, or something is used up or over: numbers, seats, space, a period that is closed, an interval"},
};

/* By category; statuses that differ from their category are in next_steps. */
static const enum cli_exit by_category[] = {
    [DOCKET_CATEGORY_OK] = CLI_DONE,
    [DOCKET_CATEGORY_TRY_AGAIN] = CLI_EXHAUSTED,
    [DOCKET_CATEGORY_CALLER] = CLI_USAGE,
    [DOCKET_CATEGORY_ENVIRONMENT] = CLI_UNREACHABLE,
    [DOCKET_CATEGORY_SAFETY] = CLI_REFUSED,
    [DOCKET_CATEGORY_EXHAUSTED] = CLI_EXHAUSTED,
};

enum { BY_CATEGORY = -1 };

static const struct next_step {
    docket_status status;
    int code;         /* BY_CATEGORY, or one of its own */
    const char *text; /* NULL: the library's sentences end with what to do next */
} next_steps[] = {
    {DOCKET_UNREACHABLE, CLI_UNREACHABLE, NULL},
    {DOCKET_NO_REALM, CLI_UNREACHABLE, "name one with --realm, or make one with docket series add"},
    {DOCKET_NO_SERIES, CLI_NO, "see docket series list, or declare it with docket series add"},
    {DOCKET_EXISTS, CLI_NO, NULL},
    {DOCKET_BAD_NAME, BY_CATEGORY, "use 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first"},
    {DOCKET_BAD_POLICY, BY_CATEGORY, "see docket help series add"},
    {DOCKET_NOT_PERMITTED, BY_CATEGORY, "run it as the realm's owner, or ask for access to the desk"},
    {DOCKET_SEATS_EXHAUSTED, CLI_EXHAUSTED, "see docket seat list for who sits there"},
    {DOCKET_LINES_EXHAUSTED, CLI_EXHAUSTED, "give blocks back first"},
    {DOCKET_REALM_FULL, CLI_EXHAUSTED, "raise docketd's limit of series"},
    {DOCKET_NO_SPACE, CLI_EXHAUSTED, "free space on the disk and on the tmpfs; docket doctor says which is full"},
    {DOCKET_NO_MEMORY, CLI_EXHAUSTED, "free memory or raise the limit of descriptors"},
    {DOCKET_EXHAUSTED, BY_CATEGORY, "docket series show says what is left, docket series set gives a new interval or more width"},
    {DOCKET_PERIOD_CLOSED, BY_CATEGORY, "docket period list has those that give numbers"},
    {DOCKET_RETIRED, BY_CATEGORY, "go on with another series; docket events --kind retire says why"},
    {DOCKET_REFUSED, CLI_NO, NULL},
    {DOCKET_KEY_DIFFERS, CLI_NO, "ask as it was asked for first, or use another one"},
    {DOCKET_KEY_VOID, CLI_NO, "use another key"},
    {DOCKET_NOT_TRACKED, CLI_NO, NULL},
    {DOCKET_ALREADY_SETTLED, CLI_NO, NULL},
    {DOCKET_ALREADY_RELEASED, CLI_NO, NULL},
    {DOCKET_ALREADY_VOID, CLI_NO, NULL},
    {DOCKET_NOT_HELD, CLI_NO, NULL},
    {DOCKET_NOT_YOURS, CLI_NO, NULL},
    {DOCKET_QUARANTINED, BY_CATEGORY, "see docket fate for its numbers and docketd's log for the cause"},
    {DOCKET_STORE_IN_USE, BY_CATEGORY, "stop the other docketd, or use it"},
    {DOCKET_STORE_FENCED, BY_CATEGORY, "a restored store is accepted with floors; one that has moved is not to be used any more"},
    {DOCKET_STORE_COPIED, BY_CATEGORY, "only one copy of a store may give numbers: stop one, and find out which is the newer"},
    {DOCKET_STORE_REWOUND, BY_CATEGORY, "do not go on before you know why: the store was restored or copied"},
    {DOCKET_BAD_LAYOUT, BY_CATEGORY, "use docket, docketd and libdocket of one release"},
};

static const struct next_step *step_of(docket_status status)
{
    for (size_t i = 0; i < sizeof next_steps / sizeof next_steps[0]; i++)
        if (next_steps[i].status == status)
            return &next_steps[i];
    return NULL;
}

int cli_exit_of(docket_status status)
{
    const struct next_step *step = step_of(status);
    if (step != NULL && step->code != BY_CATEGORY)
        return step->code;
    docket_category category = docket_status_category(status);
    return (size_t)category < sizeof by_category / sizeof by_category[0] ? (int)by_category[category] : CLI_REFUSED;
}

void cli_print_exit_codes(void)
{
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        printf("  %d  %s\n", (int)exit_codes[i].code, exit_codes[i].text);
}

const char *cli_exit_text(int code)
{
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        if ((int)exit_codes[i].code == code)
            return exit_codes[i].text;
    return NULL;
}

static void say_json(docket_status status, const char *message)
{
    json_t *object = json_pack("{s:i, s:{s:s, s:s, s:b, s:o}}", "schema_version", CLI_SCHEMA_VERSION, "error",
                               "status", docket_status_name(status), "category",
                               docket_category_name(docket_status_category(status)), "retryable",
                               docket_status_retryable(status), "message", output_string(message));
    if (object == NULL) { /* no memory: the rest still helps */
        fprintf(stderr, "{\"schema_version\":%d,\"error\":{\"status\":\"%s\",\"category\":\"%s\",\"retryable\":%s,"
                        "\"message\":\"%s\"}}\n",
                CLI_SCHEMA_VERSION, docket_status_name(status),
                docket_category_name(docket_status_category(status)),
                docket_status_retryable(status) ? "true" : "false", docket_status_text(status));
        return;
    }
    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}

/* Sentences quote what somebody typed or logged: it must not move a cursor, nor
 * look like a second sentence of ours. A line may follow that is moved in: a
 * template, and a caret under its fault. */
static void make_safe(char *message)
{
    for (; *message != '\0'; message++)
        if (((unsigned char)*message < ' ' || *message == 0x7f) && strncmp(message, "\n  ", 3) != 0)
            *message = '?';
}

static bool has_said;

bool cli_has_said(void)
{
    return has_said;
}

static void say(const struct cli *cli, docket_status status, const char *sentence, const char *next)
{
    char message[MESSAGE_BYTES];
    int first = (int)strcspn(sentence, "\n"); /* what to do next belongs to the sentence, not under the caret */
    snprintf(message, sizeof message, "%.*s%s%s%s", first, sentence, next != NULL ? "; " : "", next != NULL ? next : "",
             sentence + first);
    make_safe(message);
    has_said = true;
    fflush(stdout); /* what was done comes first, also where both go to one file */
    if (cli->json)
        say_json(status, message);
    else
        fprintf(stderr, "docket: %s\n", message);
}

int cli_fail(const struct cli *cli, docket_status status, const char *format, ...)
{
    char sentence[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    say(cli, status, sentence, NULL);
    return cli_exit_of(status);
}

int cli_fail_status(const struct cli *cli, docket_status status)
{
    const struct next_step *step = step_of(status);
    const char *sentence = docket_last_error();
    const char *next = step != NULL ? step->text : NULL;
    char offline[128];
    if (status == DOCKET_UNREACHABLE && cli->command->offline != NULL) {
        snprintf(offline, sizeof offline, "for a stopped store there is docketd --offline %s", cli->command->offline);
        next = offline;
    }
    say(cli, status, sentence[0] != '\0' ? sentence : docket_status_text(status), next);
    return cli_exit_of(status);
}

int cli_no(const struct cli *cli, docket_status status, const char *format, ...)
{
    char sentence[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    say(cli, status, sentence, NULL);
    return CLI_NO;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    char sentence[MESSAGE_BYTES];
    if (cli->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    make_safe(sentence);
    if (!cli->json) {
        fprintf(stderr, "docket: %s\n", sentence);
        return;
    }
    json_t *object =
        json_pack("{s:i, s:{s:o}}", "schema_version", CLI_SCHEMA_VERSION, "note", "message", output_string(sentence));
    if (object == NULL)
        return;
    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}
