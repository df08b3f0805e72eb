/* SPDX-License-Identifier: MIT */
/*
 * command: runs what keeps a witness outside of the host: PROG get ID, and PROG put ID with the text on stdin. Whatever it
 * does, docketd hears of it in time: after TIMEOUT it is killed with all that it started. While it fails REALM/held says so,
 * for `docket status` and `docket doctor`; nothing is decided by that file.
 */
#include "daemon/daemon.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { LOOK_MS = 5, SAID_BYTES = 400, SAYS_MAX = 1 << 20 /* bytes in memory files: ours, until it has ended */ };

struct run {
    int in, out, err; /* memory files */
};

static void close_run(const struct run *run)
{
    const int fds[] = {run->in, run->out, run->err};
    for (size_t at = 0; at < sizeof fds / sizeof fds[0]; at++)
        if (fds[at] >= 0)
            close(fds[at]);
}

static docket_status open_run(struct run *run, const char *text)
{
    size_t size = strlen(text);
    run->in = memfd_create("docket-witness", MFD_CLOEXEC);
    run->out = memfd_create("docket-witness", MFD_CLOEXEC);
    run->err = memfd_create("docket-witness", MFD_CLOEXEC);
    if (run->in < 0 || run->out < 0 || run->err < 0 || write(run->in, text, size) != (ssize_t)size ||
        lseek(run->in, 0, SEEK_SET) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "no memory files for the witness command");
    return DOCKET_OK;
}

/* In a group of its own, with no signal blocked or ignored. */
static int spawn(const struct run *run, const char *path, const char *verb, const char *id, pid_t *pid)
{
    union {
        const char *read[4];
        char *write[4];
    } words = {{path, verb, id, NULL}}; /* posix_spawn() does not write there */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, run->in, 0);
    posix_spawn_file_actions_adddup2(&files, run->out, 1);
    posix_spawn_file_actions_adddup2(&files, run->err, 2);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &pipe);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn(pid, path, &files, &how, words.write, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return error;
}

static bool says_too_much(const struct run *run)
{
    struct stat out, err;
    return fstat(run->out, &out) != 0 || fstat(run->err, &err) != 0 || out.st_blocks + err.st_blocks > SAYS_MAX / 512;
}

/* True: it ended by itself, with *code as waitpid() has it. */
static bool wait_in_time(const struct run *run, pid_t pid, uint32_t seconds, int *code)
{
    int64_t until_ns = dk_clock_monotonic_ns() + (int64_t)seconds * DK_SECOND_NS;
    pid_t ended;
    while ((ended = waitpid(pid, code, WNOHANG)) == 0 && dk_clock_monotonic_ns() < until_ns && !says_too_much(run))
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
    if (ended == pid)
        return true;
    kill(-pid, SIGKILL);
    while (waitpid(pid, code, 0) < 0 && errno == EINTR)
        continue;
    return false;
}

/* Its first bytes, as one line. */
static void read_said(int fd, char said[SAID_BYTES])
{
    ssize_t got = pread(fd, said, SAID_BYTES - 1, 0);
    said[got > 0 ? got : 0] = 0;
    for (char *byte = said; *byte != 0; byte++)
        if ((unsigned char)*byte < ' ')
            *byte = byte[1] != 0 ? ' ' : 0;
}

static docket_status run_command(const struct dk_command *command, const char *verb, const char *id, const char *text, char *answer,
                                 size_t size)
{
    struct run run = {-1, -1, -1};
    char said[SAID_BYTES];
    int code = 0;
    pid_t pid;
    const char *path = command->daemon->config.witness_command;
    docket_status status = open_run(&run, text);
    int error = status == DOCKET_OK ? spawn(&run, path, verb, id, &pid) : 0;
    if (error != 0)
        status = dk_fail_errno(DOCKET_SYSTEM, error, "cannot run %s", path);
    bool in_time = status != DOCKET_OK || wait_in_time(&run, pid, command->daemon->config.witness_timeout_s, &code);
    if (status == DOCKET_OK) {
        read_said(run.err, said);
        if (!in_time && says_too_much(&run))
            status = dk_fail(DOCKET_SYSTEM, "%s %s %s wrote more than %d bytes, and was killed%s%s", path, verb, id, SAYS_MAX,
                             said[0] ? ": " : "", said);
        else if (!in_time)
            status = dk_fail(DOCKET_TIMEOUT, "%s %s %s did not end within %u s, and was killed%s%s", path, verb, id,
                             command->daemon->config.witness_timeout_s, said[0] ? ": " : "", said);
        else if (code != 0)
            status = dk_fail(DOCKET_SYSTEM, "%s %s %s ended with %s %d%s%s", path, verb, id,
                             WIFEXITED(code) ? "exit code" : "signal", WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code),
                             said[0] ? ": " : "", said);
    }
    ssize_t got = status == DOCKET_OK && answer != NULL ? pread(run.out, answer, size - 1, 0) : 0;
    if (answer != NULL)
        answer[got > 0 ? got : 0] = 0;
    close_run(&run);
    return status;
}

static docket_status get(void *context, const char *id, char *text, size_t size)
{
    return run_command(context, "get", id, "", text, size);
}

/* What it is that fails, for those who look; gone when it does not any more. */
static void tell(struct dk_command *command, docket_status status, uint64_t left)
{
    char text[DK_ERROR_BYTES + 200], sentence[DK_ERROR_BYTES];
    int realm_fd = command->daemon->realm_fd;
    if (status == DOCKET_OK && command->told)
        unlinkat(realm_fd, DK_HELD_NAME, 0);
    command->told = status != DOCKET_OK && realm_fd > 0;
    if (!command->told)
        return;
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    int length = snprintf(text, sizeof text, "status\t%s\ntime\t%lld\nsentence\tthe witness command fails; %llu commits are left until "
                                             "docketd gives nothing more: %s\n",
                          docket_status_name(status), (long long)dk_clock_wall_s(), (unsigned long long)left, sentence);
    docket_status unused = dk_file_replace_volatile(realm_fd, DK_HELD_NAME, 0600, text, (size_t)length);
    (void)unused;
    (void)dk_fail(status, "%s", sentence);
}

static docket_status put(void *context, const char *id, const char *text, uint64_t left)
{
    docket_status status = run_command(context, "put", id, text, NULL, 0);
    tell(context, status, left);
    return status;
}

void dk_command_of(const struct dk_daemon *daemon, struct dk_command *command)
{
    signal(SIGCHLD, SIG_DFL); /* whoever started us may have had it ignored: then nobody hears how a command ended */
    *command = (struct dk_command){.daemon = daemon,
                                   .told = true, /* one that a docketd before left behind goes with the first success */
                                   .calls = {.get = get, .put = put, .context = command,
                                             .called = daemon->config.witness_command}};
}
