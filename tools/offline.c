/* SPDX-License-Identifier: MIT */
#include "offline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIXED_WORDS = 4, WORDS_MAX = 64 };

/* docketd --realm R --offline [--json] WORDS... */
static bool spell(const struct cli *cli, const char *const *words, const char *spelled[WORDS_MAX])
{
    size_t count = 0;
    spelled[count++] = "docketd";
    spelled[count++] = "--realm";
    spelled[count++] = cli->realm;
    spelled[count++] = "--offline";
    if (cli->json)
        spelled[count++] = "--json";
    for (; *words != NULL; words++) {
        if (count == WORDS_MAX - 1)
            return false;
        spelled[count++] = *words;
    }
    spelled[count] = NULL;
    return true;
}

static _Noreturn void become(const char *path, const char *const *words)
{
    union {
        const char *const *read;
        char *const *write;
    } arguments = {words}; /* execv() does not write there */
    execv(path, arguments.write);
    dprintf(STDERR_FILENO, "docket: cannot run %s: %s\n", path, strerror(errno));
    _exit(127);
}

int offline_run(const struct cli *cli, const char *const *words)
{
    const char *spelled[WORDS_MAX];
    char path[PATH_MAX];
    int result = 0;
    if (!find_docketd(path))
        return cli_fail(cli, DOCKET_UNREACHABLE,
                        "this is done by docketd on a stopped store, and there is none beside docket or in PATH");
    if (!spell(cli, words, spelled))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "more than %d words for docketd --offline; give them in a file",
                        WORDS_MAX - FIXED_WORDS - 2);
    fflush(NULL); /* or the child would have our unwritten lines too */
    pid_t child = fork();
    if (child == 0)
        become(path, spelled);
    if (child < 0)
        return cli_fail(cli, DOCKET_NO_MEMORY, "cannot run docketd: %s", strerror(errno));
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return cli_fail(cli, DOCKET_SYSTEM, "cannot wait for docketd: %s", strerror(errno));
    if (WIFSIGNALED(result))
        return cli_fail(cli, DOCKET_SYSTEM, "docketd was ended by signal %d; run the same command again", WTERMSIG(result));
    return WEXITSTATUS(result);
}
