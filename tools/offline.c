/* SPDX-License-Identifier: MIT */
#include "offline.h"

#include "progress.h"

#include <errno.h>
#include <fcntl.h>
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

/* Its stdout goes to out; -1: where ours goes. A pid, or -1 when it has said why; *code is then set. */
static pid_t start(const struct cli *cli, const char *const *words, int out, int *code)
{
    const char *spelled[WORDS_MAX];
    char path[PATH_MAX];
    *code = CLI_USAGE;
    if (!find_docketd(path))
        *code = cli_fail(cli, DOCKET_UNREACHABLE,
                         "this is done by docketd on a stopped store, and there is none beside docket or in PATH");
    else if (!spell(cli, words, spelled))
        *code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "more than %d words for docketd --offline; give them in a file",
                         WORDS_MAX - FIXED_WORDS - 2);
    else
        *code = CLI_DONE;
    if (*code != CLI_DONE)
        return -1;
    fflush(NULL); /* or the child would have our unwritten lines too */
    pid_t child = fork();
    if (child == 0 && (out < 0 || dup2(out, STDOUT_FILENO) >= 0))
        become(path, spelled);
    if (child == 0)
        _exit(127);
    if (child < 0)
        *code = cli_fail(cli, DOCKET_NO_MEMORY, "cannot run docketd: %s", strerror(errno));
    return child;
}

/* docketd's own codes beside 0 to 4 (sysexits.h, and 127 of a shell) as docket's. */
static int exit_of(int code)
{
    switch (code) {
    case 70: return cli_exit_of(DOCKET_NO_MEMORY);
    case 74: return cli_exit_of(DOCKET_STORE_FAILED);
    case 127: return cli_exit_of(DOCKET_SYSTEM);
    default: return code;
    }
}

static int await(const struct cli *cli, pid_t child)
{
    int result = 0;
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return cli_fail(cli, DOCKET_SYSTEM, "cannot wait for docketd: %s", strerror(errno));
    if (WIFSIGNALED(result))
        return cli_fail(cli, DOCKET_SYSTEM, "docketd was ended by signal %d; run the same command again", WTERMSIG(result));
    return exit_of(WEXITSTATUS(result));
}

int offline_run(const struct cli *cli, const char *const *words)
{
    int code;
    pid_t child = start(cli, words, -1, &code);
    if (child <= 0)
        return code;
    progress_tick_begin(cli, "docketd works on the store"); /* not before the fork */
    code = await(cli, child);
    progress_tick_end();
    return code;
}

int offline_read(const struct cli *cli, const char *const *words, json_t **object)
{
    struct cli asking = *cli;
    int ends[2], code;
    json_error_t error;
    asking.json = true;
    *object = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cli_fail(cli, DOCKET_NO_MEMORY, "cannot make a pipe: %s", strerror(errno));
    pid_t child = start(&asking, words, ends[1], &code);
    close(ends[1]);
    FILE *in = child > 0 ? fdopen(ends[0], "r") : NULL;
    if (in != NULL)
        *object = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error);
    if (in != NULL)
        fclose(in);
    else
        close(ends[0]);
    if (child > 0)
        code = await(cli, child);
    if (code == CLI_DONE && *object == NULL)
        code = cli_fail(cli, DOCKET_PROTOCOL, "docketd --offline did not answer as this command understands it; are they of one release?");
    return code;
}
