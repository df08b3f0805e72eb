/* SPDX-License-Identifier: MIT */
/* docket restore: a backup becomes a realm's store, and gives no number before it is accepted. */
#include "deciding.h"
#include "offline.h"

static int run_restore(struct cli *cli)
{
    bool replace = cli_given(cli, OPT_REPLACE);
    const char *with[] = {"restore", "--replace", "--", cli->operands[0], NULL}, *without[] = {"restore", "--", cli->operands[0], NULL};
    int code = replace ? deciding_confirm(cli, "put the backup %s in the place of %s's store, which is kept beside it",
                                          cli->operands[0], cli->realm)
                       : CLI_DONE;
    return code == CLI_DONE ? offline_run(cli, replace ? with : without) : code;
}

const struct cli_command command_restore = {
    .name = "restore",
    .examples = NULL,
    .operands = "DIR",
    .summary = "make a backup the store of a stopped realm",
    .text = "Reads the whole backup first. The store gives no number until docket accept was told how far\n"
            "each counter had come: since the backup others may have been given. A store that is there is\n"
            "kept as store.replaced-TIME with --replace, and refused without; witnesses stay as they are. Done\n"
            "by docketd on the realm's own machine; docketd must be stopped. Exit code 4: the backup is damaged,\n"
            "or of another store than the realm's.",
    .options = BIT(OPT_REPLACE) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .offline = "restore DIR",
    .run = run_restore};
