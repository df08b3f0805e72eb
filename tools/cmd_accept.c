/* SPDX-License-Identifier: MIT */
/*
 * docket accept: a store that was restored, or is older than its witness, serves again above what can have been given.
 * docketd does it on the stopped realm, in two runs: what would become of each counter, and, once somebody has agreed, it.
 */
#include "deciding.h"
#include "offline.h"

enum { WORDS = 16 };

static size_t add_value(const struct cli *cli, enum cli_option_id id, const char *name, const char **words, size_t count)
{
    if (cli_given(cli, id)) {
        words[count++] = name;
        words[count++] = cli->values[id];
    }
    return count;
}

static int run_accept(struct cli *cli)
{
    const char *words[WORDS] = {"accept"};
    size_t count = 1;
    count = add_value(cli, OPT_FLOOR, "--floor", words, count);
    count = add_value(cli, OPT_FLOORS, "--floors", words, count);
    count = add_value(cli, OPT_SKIP, "--skip", words, count);
    if (cli_given(cli, OPT_FROM_WITNESS))
        words[count++] = "--from-witness";
    bool sure = cli_given(cli, OPT_YES), look = cli_given(cli, OPT_DRY_RUN);
    if (!sure || look) {
        words[count] = "--dry-run";
        int code = offline_run(cli, words);
        if (code != CLI_DONE || look)
            return code;
        code = deciding_confirm(cli, "accept the store of %s like this: what lies between becomes unknown, and is never given",
                                cli->realm);
        if (code != CLI_DONE)
            return code;
    }
    words[count] = "--yes";
    return offline_run(cli, words);
}

const struct cli_command command_accept = {
    .name = "accept",
    .examples = NULL,
    .operands = "",
    .summary = "let a restored or older store serve again, above floors",
    .text = "A floor is the highest number that may have been given of a counter: by hand, from a file of lines\n"
            "T/S[/PERIOD] N, or from the marks beside the far witness (exact after a stop in order, else with\n"
            "--skip). Files of the desks that live on are floors too. Each counter goes on above its own mark, its\n"
            "floor, and --skip numbers more; what lies between is unknown and never given. A counter that nobody\n"
            "vouches for refuses all of it (exit code 4) and is listed. --dry-run shows mark, floor and next number\n"
            "of each. docketd must be stopped; a crash leaves a store that is refused until this was done again.",
    .options = BIT(OPT_FLOOR) | BIT(OPT_FLOORS) | BIT(OPT_SKIP) | BIT(OPT_FROM_WITNESS) | BIT(OPT_DRY_RUN) | BIT(OPT_YES) |
               BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .offline = "accept",
    .run = run_accept};
