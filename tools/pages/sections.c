/* SPDX-License-Identifier: MIT */
/* sections: what a manual page says of commands, options, codes and statuses. */
#include "pages.h"

#include <string.h>

/* The day of the last change to what the pages say; the build must not depend on the clock. */
#define PAGES_DATE "November 26, 2026"

/* ---- text ---- */

/* A backslash is troff's escape; a hyphen that somebody may copy must stay one. */
static void put_char(FILE *out, char c)
{
    if (c == '\\')
        fputs("\\e", out);
    else if (c == '-')
        fputs("\\-", out);
    else
        fputc(c, out);
}

void pages_literal(FILE *out, const char *text)
{
    bool line_begins = true;
    for (; *text != '\0'; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        put_char(out, *text);
        line_begins = *text == '\n';
    }
    if (!line_begins)
        fputc('\n', out);
}

/* The same rules; an empty line is a paragraph. */
void pages_text(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        char line[512];
        snprintf(line, sizeof line, "%.*s", (int)bytes, text);
        if (bytes == 0)
            fputs(".Pp\n", out);
        else
            pages_literal(out, line);
        text += bytes + (text[bytes] == '\n');
    }
}

/* An argument of a macro, which must not be taken for a macro itself. */
static void put_argument(FILE *out, const char *text)
{
    fputs(" \"\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputs("\"\"", out);
        else
            put_char(out, *text);
    }
    fputc('"', out);
}

void pages_head(FILE *out, const char *title, const char *section)
{
    /* Names such as docketd are not to be broken; each .Sh sets the flags anew. */
    fprintf(out, ".Dd %s\n.Dt %s %s\n.Os docket %s\n.nr doc-hyphen-flags 0\n.nh\n", PAGES_DATE, title, section, DOCKET_VERSION);
}

/* ---- commands ---- */

bool pages_is_common(int option)
{
    return option == OPT_REALM || option == OPT_NO_START || option == OPT_JSON || option == OPT_QUIET ||
           option == OPT_HELP;
}

size_t pages_group_bytes(const struct cli_command *command)
{
    return strcspn(command->name, " ");
}

bool pages_in_group(const struct cli_command *command, const char *group, size_t bytes)
{
    return pages_group_bytes(command) == bytes && strncmp(command->name, group, bytes) == 0;
}

/* Calls put() for the commands of each group, in the order of the groups. */
static void each_of(FILE *out, const char *groups, void (*put)(FILE *out, const struct cli_command *command))
{
    const struct cli_command *command;
    for (size_t bytes; *(groups += strspn(groups, " ")) != '\0'; groups += bytes) {
        bytes = strcspn(groups, " ");
        for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
            if (pages_in_group(command, groups, bytes))
                put(out, command);
    }
}

static void put_synopsis(FILE *out, const struct cli_command *command)
{
    fprintf(out, ".Nm docket %s\n.Op Ar OPTIONS\n", command->name);
    if (command->operands[0] != '\0') {
        fputs(".Ar", out);
        put_argument(out, command->operands);
        fputc('\n', out);
    }
}

void pages_synopsis(FILE *out, const char *groups)
{
    each_of(out, groups, put_synopsis);
}

static void put_option(FILE *out, const struct cli_option *option)
{
    fputs(".It", out);
    if (option->letter != '\0')
        fprintf(out, " Fl %c ,", option->letter);
    fprintf(out, " Fl \\-%s", option->name);
    if (option->argument != NULL) {
        fputs(" Ar", out);
        put_argument(out, option->argument);
    }
    fputc('\n', out);
    pages_literal(out, option->text);
}

/* Its own options as a list, the common ones in a sentence. */
static void put_options(FILE *out, const struct cli_command *command)
{
    const struct cli_option *option;
    bool any = false;
    for (int id = 0; id < OPT_IDS; id++) {
        if (pages_is_common(id) || (option = cli_option_of(command, id)) == NULL)
            continue;
        fputs(any ? "" : ".Bl -tag -width Ds\n", out);
        any = true;
        put_option(out, option);
    }
    fprintf(out, "%s.Pp\n%s", any ? ".El\n" : "", any ? "Also" : "Options:");
    for (int id = 0; id < OPT_IDS; id++)
        if (pages_is_common(id) && (option = cli_option_of(command, id)) != NULL)
            fprintf(out, "\n.Fl \\-%s%s", option->name, id == OPT_HELP ? " ;\n" : " ,");
    fputs("see\n.Xr docket 1 .\n", out);
}

static void put_command(FILE *out, const struct cli_command *command)
{
    fprintf(out, ".Ss docket %s", command->name);
    if (command->operands[0] != '\0') {
        fputc(' ', out);
        for (const char *at = command->operands; *at != '\0'; at++)
            put_char(out, *at);
    }
    fputc('\n', out);
    pages_text(out, command->text);
    put_options(out, command);
    if (command->examples != NULL) {
        fputs(".Pp\n.Bd -literal -offset indent\n", out);
        pages_literal(out, command->examples);
        fputs(".Ed\n", out);
    }
}

void pages_commands(FILE *out, const char *groups)
{
    each_of(out, groups, put_command);
}

void pages_summaries(FILE *out, const char *(*page_of)(const struct cli_command *command))
{
    const struct cli_command *command;
    fputs(".Bl -tag -width \"series retireX\" -compact\n", out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        const char *page = page_of(command);
        fprintf(out, ".It Cm %s\n", command->name);
        pages_literal(out, command->summary);
        if (page != NULL)
            fprintf(out, ".Pq see Xr %s 1\n", page);
    }
    fputs(".El\n", out);
}

void pages_common_options(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (int id = 0; id < OPT_IDS; id++) {
        const struct cli_option *option = NULL;
        const struct cli_command *command;
        for (size_t i = 0; option == NULL && (command = cli_command_at(i)) != NULL; i++)
            option = pages_is_common(id) ? cli_option_of(command, id) : NULL;
        if (option != NULL)
            put_option(out, option);
    }
    fputs(".El\n", out);
}

void pages_exit_codes(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (int code = 0; code < 256; code++) {
        if (cli_exit_text(code) == NULL)
            continue;
        fprintf(out, ".It %d\n", code);
        pages_literal(out, cli_exit_text(code));
    }
    fputs(".El\n", out);
}

/* Statuses are numbered from 0 without a gap; behind the last the name is that of an unknown one. */
void pages_statuses(FILE *out)
{
    const char *unknown = docket_status_name((docket_status)100000);
    fputs(".Bl -tag -width Ds\n", out);
    for (int i = 0; strcmp(docket_status_name((docket_status)i), unknown) != 0; i++) {
        docket_status status = (docket_status)i;
        fprintf(out, ".It Dv %s Pq %d\n", docket_status_name(status), i);
        pages_literal(out, docket_status_text(status));
        if (status != DOCKET_OK)
            fprintf(out, ".Pq %s%s\n", docket_category_name(docket_status_category(status)),
                    docket_status_retryable(status) ? ", retryable" : "");
    }
    fputs(".El\n", out);
}
