/* SPDX-License-Identifier: MIT */
/*
 * docket: the command. Finds the subcommand, has its options read, runs it.
 */
#include "cli.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which `docket help` lists them. */
static const struct cli_command *const commands[] = {
    &command_next,
    &command_block,
    &command_peek,
    &command_issue,
    &command_reserve,
    &command_settle,
    &command_release,
    &command_resolve,
    &command_elsewhere,
    &command_status,
    &command_top,
    &command_inspect,
    &command_fate,
    &command_gaps,
    &command_report,
    &command_records,
    &command_void,
    &command_reconcile,
    &command_import,
    &command_events,
    &command_log,
    &command_audit_verify,
    &command_audit_head,
    &command_retention_export,
    &command_retention_drop,
    &command_verify,
    &command_scan,
    &command_fix_plan,
    &command_fix_apply,
    &command_backup,
    &command_restore,
    &command_accept,
    &command_export_state,
    &command_import_state,
    &command_series_add,
    &command_series_list,
    &command_series_show,
    &command_series_set,
    &command_series_advance,
    &command_series_retire,
    &command_profile_list,
    &command_period_list,
    &command_period_close,
    &command_seat_list,
    &command_desk_list,
    &command_desk_add,
    &command_drain,
    &command_clock_accept,
    &command_migrate_upgrade,
    &command_migrate_downgrade,
    &command_migrate_current,
    &command_migrate_check,
    &command_migrate_history,
    &command_migrate_heads,
    &command_migrate_stamp,
    &command_migrate_new,
    &command_where,
    &command_doctor,
    &command_version,
    &command_help};

const struct cli_command *cli_command_at(size_t index)
{
    return index < sizeof commands / sizeof commands[0] ? commands[index] : NULL;
}

static const char *word_of(const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return "help";
    if (strcmp(argument, "--version") == 0 || strcmp(argument, "-V") == 0)
        return "version";
    return argument;
}

/* Matches "series add" over two words; *words says how many were used. */
static const struct cli_command *find(int argc, char **argv, int *words)
{
    char two[64];
    const char *one = word_of(argv[1]);
    snprintf(two, sizeof two, "%s %s", one, argc > 2 ? argv[2] : "");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        *words = strchr(commands[i]->name, ' ') != NULL ? 2 : 1;
        if (strcmp(commands[i]->name, *words == 2 ? two : one) == 0)
            return commands[i];
    }
    return NULL;
}

/* The second words that the first one may have. */
static bool says_verbs(const char *first, char *verbs, size_t size)
{
    size_t length = strlen(first), used = 0;
    verbs[0] = '\0';
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *name = commands[i]->name;
        if (length == 0 || strncmp(name, first, length) != 0 || name[length] != ' ')
            continue;
        int put = snprintf(verbs + used, size - used, "%s%s", used > 0 ? ", " : "", name + length + 1);
        used = put > 0 && (size_t)put < size - used ? used + (size_t)put : used;
    }
    return used > 0;
}

/* "docket audit --help": its verbs. */
static bool asks_group_help(int argc, char **argv)
{
    char verbs[160];
    return argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) &&
           says_verbs(argv[1], verbs, sizeof verbs);
}

static int refuse_command(const struct cli *cli, int argc, char **argv)
{
    char verbs[160];
    if (argc < 2)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "which command? See docket help");
    if (says_verbs(argv[1], verbs, sizeof verbs))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s wants one of: %s; see docket help %s", argv[1], verbs,
                        argv[1]);
    if (argv[1][0] == '-')
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "options go behind the command; see docket help");
    return cli_fail(cli, DOCKET_BAD_ARGUMENT, "there is no command '%s'; see docket help", argv[1]);
}

/* The realm may stand before the command too, as people write it; an option
 * behind the command still wins. Returns how many words it took. */
static int take_realm(int argc, char **argv)
{
    static const char joined[] = "--realm=";
    if (argc > 2 && strcmp(argv[1], "--realm") == 0)
        return setenv("DOCKET_REALM", argv[2], 1) == 0 ? 2 : 0;
    if (argc > 1 && strncmp(argv[1], joined, sizeof joined - 1) == 0)
        return setenv("DOCKET_REALM", argv[1] + sizeof joined - 1, 1) == 0 ? 1 : 0;
    return 0;
}

int main(int argc, char **argv)
{
    output_begin();
    int taken = take_realm(argc, argv);
    argc -= taken;
    argv += taken;
    struct cli cli = {.command = &command_help, .json = cli_asks_json(argc, argv)};
    int words = 1;
    const struct cli_command *command = argc < 2 ? NULL : find(argc, argv, &words);
    if (command == NULL && asks_group_help(argc, argv))
        return cli_finish(&cli, command_help.run(&(struct cli){.command = &command_help,
                                                              .operands = (const char *const[]){argv[1]},
                                                              .operand_count = 1}));
    if (command == NULL)
        return refuse_command(&cli, argc, argv);
    int code = cli_parse(&cli, command, argc - words, argv + words);
    if (code == CLI_DONE && cli_given(&cli, OPT_HELP)) {
        cli = (struct cli){.command = &command_help, .operands = &command->name, .operand_count = 1};
        command = &command_help;
    }
    if (code == CLI_DONE)
        code = command->run(&cli);
    if (code == CLI_DONE && !output_is_whole())
        code = cli_fail(&cli, DOCKET_NO_MEMORY, "out of memory: what was printed is not whole");
    return cli_finish(&cli, code);
}
