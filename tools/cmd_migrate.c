/* SPDX-License-Identifier: MIT */
/*
 * docket migrate ...: the store's schema, up and down. All but `new` is done by
 * docketd --offline, on a stopped store.
 */
#include "deciding.h"
#include "migrate_new.h"
#include "migrate_served.h"
#include "offline.h"

#include <string.h>

#define COMMON (BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET))

/* A target such as -1 was kept from being read as an option by a blank before it. */
static const char *target_of(const struct cli *cli, const char *fallback)
{
    const char *target = cli->operand_count > 0 ? cli->operands[0] : fallback;
    return target + strspn(target, " ");
}

/* verb TARGET, behind a "--", since the target may begin with a dash. */
static int run_verb(const struct cli *cli, const char *verb, const char *target, const char *option)
{
    const char *words[8] = {"migrate", verb};
    size_t count = 2;
    if (cli_given(cli, OPT_DRY_RUN))
        words[count++] = "--dry-run";
    if (option != NULL)
        words[count++] = option;
    if (target != NULL) {
        words[count++] = "--";
        words[count++] = target;
    }
    return offline_run(cli, words);
}

static int run_upgrade(struct cli *cli)
{
    return run_verb(cli, "upgrade", target_of(cli, "head"), NULL);
}

static int run_downgrade(struct cli *cli)
{
    const char *target = target_of(cli, "");
    int code = deciding_confirm(cli, "bring the store of %s down to %s: a docketd of that release serves it then, and this one does not",
                                cli->realm, target);
    return code == CLI_DONE ? run_verb(cli, "downgrade", target, NULL) : code;
}

static int run_current(struct cli *cli)
{
    if (migrate_is_served(cli))
        return migrate_served_current(cli);
    return run_verb(cli, "current", NULL, NULL);
}

static int run_check(struct cli *cli)
{
    if (migrate_is_served(cli))
        return migrate_served_current(cli);
    return run_verb(cli, "check", NULL, NULL);
}

static int run_history(struct cli *cli)
{
    if (migrate_is_served(cli))
        return migrate_served_history(cli);
    return run_verb(cli, "history", NULL, NULL);
}

static int run_heads(struct cli *cli)
{
    return run_verb(cli, "heads", NULL, NULL);
}

static int run_stamp(struct cli *cli)
{
    const char *target = target_of(cli, "");
    int code = deciding_confirm(cli, "have the store of %s say that it is of schema %s, whatever it said before", cli->realm,
                                target);
    return code == CLI_DONE ? run_verb(cli, "stamp", target, "--yes") : code;
}

#define TARGETS "head, base, +1, -1, an id such as 0005_ledger, or its number"

const struct cli_command command_migrate_upgrade = {
    .name = "migrate upgrade",
    .examples = NULL,
    .operands = "[TARGET]",
    .summary = "bring a stopped store up to a newer schema",
    .text = "TARGET: " TARGETS "; without one head. Each step is one\n"
            "transaction, with an event that says who, when and how long, and only if what the store says\n"
            "has the same SHA-256 before and after it. A crash leaves the old schema or the new one, and the\n"
            "same command goes on. Make a backup first: an older docketd does not take the store any more.\n"
            "docketd has to be stopped. --dry-run does it all, and commits nothing.",
    .options = BIT(OPT_DRY_RUN) | COMMON,
    .operands_max = 1,
    .offline = "migrate upgrade",
    .run = run_upgrade};

const struct cli_command command_migrate_downgrade = {
    .name = "migrate downgrade",
    .examples = NULL,
    .operands = "TARGET",
    .summary = "bring a stopped store down to an older schema",
    .text = "TARGET: " TARGETS ". What the older schema cannot hold is\n"
            "named, and then nothing is changed: exit code 4. docketd has to be stopped. --dry-run does it all,\n"
            "and commits nothing. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_DRY_RUN) | BIT(OPT_YES) | COMMON,
    .operands_min = 1,
    .operands_max = 1,
    .offline = "migrate downgrade",
    .run = run_downgrade};

const struct cli_command command_migrate_current = {
    .name = "migrate current",
    .examples = "$ docket migrate current\n",
    .operands = "",
    .summary = "which schema the store is of",
    .text = "Exit code 1 if it is not the head, the one that this docketd serves. Of a stopped store with the\n"
            "SHA-256 of what it says, which is the same in every schema; of one that is served from docketd.",
    .options = COMMON,
    .offline = "migrate current",
    .run = run_current};

const struct cli_command command_migrate_check = {
    .name = "migrate check",
    .examples = "$ docket migrate check\n",
    .operands = "",
    .summary = "whether the store needs an upgrade",
    .text = "As docket migrate current: exit code 0 at the head, 1 if docket migrate upgrade is due.",
    .options = COMMON,
    .offline = "migrate check",
    .run = run_check};

const struct cli_command command_migrate_history = {
    .name = "migrate history",
    .examples = "$ docket migrate history\n",
    .operands = "",
    .summary = "the chain of migrations, and when each was run here",
    .text = "Newest first: parent and id, what it brings, and from the store's events each time that it was run\n"
            "here: when, by whom, how long. From docketd, if it serves.",
    .options = COMMON,
    .offline = "migrate history",
    .run = run_history};

const struct cli_command command_migrate_heads = {
    .name = "migrate heads",
    .examples = "$ docket migrate heads\n",
    .operands = "",
    .summary = "the newest schema that this docketd knows",
    .text = "There is one head. No store is read.",
    .options = COMMON,
    .offline = "migrate heads",
    .run = run_heads};

const struct cli_command command_migrate_stamp = {
    .name = "migrate stamp",
    .examples = NULL,
    .operands = "TARGET",
    .summary = "have a store say of which schema it is",
    .text = "For a store whose number does not fit its content. TARGET: head, base, an id or a number; only\n"
            "if the store has exactly the shape of it: each database and record that it has and no other, and\n"
            "nothing that it cannot hold; else exit code 4. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_DRY_RUN) | BIT(OPT_YES) | COMMON,
    .operands_min = 1,
    .operands_max = 1,
    .offline = "migrate stamp",
    .run = run_stamp};

static int run_new(struct cli *cli)
{
    return migrate_new(cli, cli->operands[0]);
}

const struct cli_command command_migrate_new = {
    .name = "migrate new",
    .examples = NULL,
    .operands = "NAME",
    .summary = "for developers: write the next migration's file",
    .text = "Below the working directory, or above it, is docket's source tree: writes the next\n"
            "src/store/migrations/NNNN_name.c there, and says what is left to do.",
    .options = BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_new};
