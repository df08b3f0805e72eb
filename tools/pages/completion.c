/* SPDX-License-Identifier: MIT */
/*
 * completion: bash's part of the same tables. What it writes needs bash only;
 * the names of series are asked of the command itself, which reads the shared
 * files and works while docketd is dead.
 */
#include "pages.h"

#include <string.h>

static const char begin[] =
    "# SPDX-License-Identifier: MIT\n"
    "# bash completion for docket; made when docket is built.\n"
    "\n"
    "# The series of the realm that the line names, or of the default one.\n"
    "_docket_series() {\n"
    "    local realm=() i\n"
    "    for ((i = 1; i + 1 < ${#COMP_WORDS[@]}; i++)); do\n"
    "        [[ ${COMP_WORDS[i]} != --realm ]] && continue\n"
    "        realm=(--realm \"${COMP_WORDS[i + 1]}\")\n"
    "        [[ ${COMP_WORDS[i + 1]} != = ]] || realm=(--realm \"${COMP_WORDS[i + 2]-}\")\n"
    "    done\n"
    "    \"${COMP_WORDS[0]}\" series list \"${realm[@]}\" 2>/dev/null | sed -n 's|^\\([^ ]*/[^ ]*\\) .*|\\1|p'\n"
    "}\n"
    "\n";

/* Which command stands on the line; its second word where a group has several. */
static const char find[] =
    "_docket() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} first='' second='' words='' i\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --realm)\n"
    "            i=$((i + 1))\n"
    "            [[ ${COMP_WORDS[i]} != = ]] || i=$((i + 1))\n"
    "            ;;\n"
    "        -*) ;;\n"
    "        *)\n"
    "            if [[ -z $first ]]; then\n"
    "                first=${COMP_WORDS[i]}\n"
    "            elif [[ -z $second ]]; then\n"
    "                second=${COMP_WORDS[i]}\n"
    "            fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n";

static const char end[] =
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "}\n"
    "complete -F _docket docket\n";

static bool has_two_words(const struct cli_command *command)
{
    return strchr(command->name, ' ') != NULL;
}

/* The first of its group in the order of the table. */
static bool is_first(size_t index)
{
    const struct cli_command *command = cli_command_at(index);
    for (size_t i = 0; i < index; i++)
        if (pages_in_group(cli_command_at(i), command->name, pages_group_bytes(command)))
            return false;
    return true;
}

static const struct cli_option *option_row(int id)
{
    const struct cli_command *command;
    const struct cli_option *option = NULL;
    for (size_t i = 0; option == NULL && (command = cli_command_at(i)) != NULL; i++)
        option = cli_option_of(command, id);
    return option;
}

/* The command that has an option of this name without an argument: one word, and one command. NULL: none. */
static const struct cli_command *bare_command(const char *name)
{
    const struct cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        for (int id = 0; id < OPT_IDS; id++) {
            const struct cli_option *option = cli_option_of(command, id);
            if (option != NULL && option->argument == NULL && strcmp(option->name, name) == 0)
                return command;
        }
    return NULL;
}

/* What the words behind an option may be. */
static void put_arguments(FILE *out)
{
    fputs("    case $prev in\n", out);
    for (int id = 0; id < OPT_IDS; id++) {
        const struct cli_option *option = option_row(id);
        if (option == NULL || option->argument == NULL)
            continue;
        fprintf(out, "    --%s", option->name);
        if (option->letter != '\0')
            fprintf(out, " | -%c", option->letter);
        const struct cli_command *bare = bare_command(option->name);
        if (option->choices != NULL && bare != NULL)
            fprintf(out, ")\n        if [[ $first == %s ]]; then prev=''\n        else mapfile -t COMPREPLY < <(compgen -W '%s' -- "
                         "\"$cur\")\n        fi\n        ;;\n",
                    bare->name, option->choices);
        else if (option->choices != NULL)
            fprintf(out, ") mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\") ;;\n", option->choices);
        else if (strcmp(option->argument, "DIR") == 0)
            fputs(") mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n", out);
        else if (strcmp(option->argument, "FILE") == 0)
            fputs(") mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n", out);
        else
            fputs(") ;;\n", out);
    }
    fputs("    *) prev='' ;;\n    esac\n    [[ -z $prev ]] || return 0\n", out);
}

static void put_groups(FILE *out)
{
    const struct cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        if (is_first(i))
            fprintf(out, "%.*s ", (int)pages_group_bytes(command), command->name);
}

/* The second words of a group. */
static void put_group(FILE *out, const struct cli_command *group)
{
    const struct cli_command *command;
    size_t bytes = pages_group_bytes(group);
    fprintf(out, "    %.*s\" \") words='", (int)bytes, group->name);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        if (has_two_words(command) && pages_in_group(command, group->name, bytes))
            fprintf(out, "%s ", command->name + bytes + 1);
    fputs("' ;;\n", out);
}

static void put_command(FILE *out, const struct cli_command *command)
{
    if (has_two_words(command))
        fprintf(out, "    '%s')\n", command->name);
    else
        fprintf(out, "    '%s '*)\n", command->name);
    fputs("        words='", out);
    for (int id = 0; id < OPT_IDS; id++) {
        const struct cli_option *option = cli_option_of(command, id);
        if (option != NULL)
            fprintf(out, "--%s ", option->name);
    }
    fputs("'\n", out);
    if (strncmp(command->operands, "TENANT/SERIES", 13) == 0)
        fputs("        [[ $cur == -* ]] || words=$(_docket_series)\n", out);
    else if (strcmp(command->operands, "[COMMAND]") == 0) {
        fputs("        [[ $cur == -* ]] || words='", out);
        put_groups(out);
        fputs("'\n", out);
    }
    fputs("        ;;\n", out);
}

void pages_completion(FILE *out)
{
    const struct cli_command *command;
    fprintf(out, "%s%s", begin, find);
    put_arguments(out);
    fputs("    case \"$first $second\" in\n    ' ') words='", out);
    put_groups(out);
    fputs("--realm' ;;\n", out);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        if (is_first(i) && has_two_words(command))
            put_group(out, command);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        put_command(out, command);
    fprintf(out, "    esac\n%s", end);
}
