/* SPDX-License-Identifier: MIT */
/*
 * docket help: made of the commands' own declarations.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static void print_one(const struct cli_command *command)
{
    printf("usage: docket %s [OPTIONS]%s%s\n\n%s\n\noptions\n", command->name, command->operands[0] ? " " : "",
           command->operands, command->text);
    cli_print_options(command);
    if (command->examples != NULL)
        printf("\nexamples\n");
    for (const char *line = command->examples; line != NULL && *line != '\0';) {
        int bytes = (int)strcspn(line, "\n");
        printf("  %.*s\n", bytes, line);
        line += bytes + (line[bytes] == '\n');
    }
}

static void print_all(void)
{
    const struct cli_command *command;
    printf("docket: document numbers that are never given twice\n\nusage: docket COMMAND [OPTIONS] [TENANT/SERIES]\n\n"
           "commands\n");
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        printf("  %-14s %s\n", command->name, command->summary);
    printf("\nexit codes\n");
    cli_print_exit_codes();
    printf("\ndocket help COMMAND says more. A realm is a directory: --realm DIR, else\n"
           "$DOCKET_REALM, else ./.docket. What takes numbers, tells their fates or decides\n"
           "something starts docketd for it if none answers (--no-start forbids it); the others only look.\n");
}

/* "series" shows the three of them. */
static int print_named(const char *first, const char *second)
{
    char name[64];
    const struct cli_command *command;
    int shown = 0;
    snprintf(name, sizeof name, "%s%s%s", first, second ? " " : "", second ? second : "");
    size_t length = strlen(name);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (strncmp(command->name, name, length) != 0 ||
            (command->name[length] != '\0' && command->name[length] != ' '))
            continue;
        if (shown++ > 0)
            putchar('\n');
        print_one(command);
    }
    return shown;
}

static int run(struct cli *cli)
{
    if (cli->operand_count == 0) {
        print_all();
        return CLI_DONE;
    }
    if (print_named(cli->operands[0], cli->operand_count > 1 ? cli->operands[1] : NULL) == 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "there is no command '%s%s%s'; see docket help", cli->operands[0],
                        cli->operand_count > 1 ? " " : "", cli->operand_count > 1 ? cli->operands[1] : "");
    return CLI_DONE;
}

const struct cli_command command_help = {.name = "help",
                                         .examples = "$ docket help\n"
                                                     "$ docket help series\n",
                                         .operands = "[COMMAND]",
                                         .summary = "this text, or a command's",
                                         .text = "Shows what a command does, and its options.",
                                         .operands_max = 2,
                                         .run = run};
