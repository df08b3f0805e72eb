/* SPDX-License-Identifier: MIT */
#include "start.h"

#include "offline.h"
#include "progress.h"
#include "refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TAIL_BYTES = 2048, TAIL_LINES = 5, POLL_MS = 20 };

bool start_in_time(const struct starter *starter)
{
    return progress_now_ns() < starter->deadline_ns;
}

/* ---- before: directory, log, lock ---- */

/* Only the owner's docketd can serve a realm; root's would leave root's files. */
static int own_directory(const struct cli *cli, struct starter *starter)
{
    struct stat facts;
    if (mkdir(cli->realm, 0700) != 0 && errno != EEXIST)
        return cli_fail(cli, errno == ENOENT || errno == ENOTDIR ? DOCKET_NO_REALM : DOCKET_SYSTEM,
                        "cannot make the realm's directory %s: %s", cli->realm, strerror(errno));
    if (realpath(cli->realm, starter->realm) == NULL || stat(starter->realm, &facts) != 0)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot find %s: %s", cli->realm, strerror(errno));
    if (!S_ISDIR(facts.st_mode))
        return cli_fail(cli, DOCKET_NO_REALM, "%s is not a directory", cli->realm);
    if (facts.st_uid != geteuid())
        return cli_fail(cli, DOCKET_UNREACHABLE,
                        "docketd does not answer for %s, and its owner, uid %u, must start it", cli->realm,
                        (unsigned)facts.st_uid);
    return CLI_DONE;
}

static int open_log(const struct cli *cli, struct starter *starter)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    snprintf(starter->log, sizeof starter->log, "%s/docketd.log", starter->realm);
    /* Twice: docketd inherits the one, and must not inherit our lock with it. */
    starter->lock_fd = open(starter->log, flags, 0600);
    starter->log_fd = open(starter->log, flags, 0600);
    if (starter->lock_fd < 0 || starter->log_fd < 0)
        return cli_fail(cli, errno == ELOOP ? DOCKET_UNSAFE_FILES : DOCKET_SYSTEM, "cannot write %s: %s",
                        starter->log, strerror(errno));
    return CLI_DONE;
}

static int take_lock(const struct cli *cli, struct starter *starter)
{
    while (flock(starter->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cli_fail(cli, DOCKET_SYSTEM, "cannot lock %s: %s", starter->log, strerror(errno));
        if (!start_in_time(starter))
            return cli_fail(cli, DOCKET_UNREACHABLE,
                            "another docket command has been starting docketd for %d s; see %s", START_WAIT_S,
                            starter->log);
        starter->waited = true;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    }
    return CLI_DONE;
}

int start_prepare(const struct cli *cli, struct starter *starter)
{
    *starter = (struct starter){.lock_fd = -1, .log_fd = -1};
    starter->deadline_ns = progress_now_ns() + START_WAIT_S * INT64_C(1000000000);
    int code = own_directory(cli, starter);
    if (code == CLI_DONE)
        code = open_log(cli, starter);
    return code == CLI_DONE ? take_lock(cli, starter) : code;
}

void start_done(struct starter *starter)
{
    if (starter->lock_fd >= 0)
        close(starter->lock_fd);
    if (starter->log_fd >= 0)
        close(starter->log_fd);
}

/* ---- which docketd ---- */

static bool try_path(char path[PATH_MAX], const char *directory, int directory_bytes, const char *name)
{
    int used = snprintf(path, PATH_MAX, "%.*s/%s", directory_bytes, directory, name);
    struct stat facts;
    return used > 0 && used < PATH_MAX && stat(path, &facts) == 0 && S_ISREG(facts.st_mode) &&
           access(path, X_OK) == 0;
}

bool find_docketd(char path[PATH_MAX])
{
    static const char *const beside[] = {"docketd", "../sbin/docketd", "../libexec/docketd"};
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    if (bytes > 0) {
        self[bytes] = '\0';
        const char *slash = strrchr(self, '/');
        for (size_t i = 0; slash != NULL && i < sizeof beside / sizeof beside[0]; i++)
            if (try_path(path, self, (int)(slash - self), beside[i]))
                return true;
    }
    const char *directory = getenv("PATH");
    while (directory != NULL && *directory != '\0') {
        size_t length = strcspn(directory, ":");
        if (length > 0 && length < PATH_MAX && try_path(path, directory, (int)length, "docketd"))
            return true;
        directory += length + (directory[length] == ':');
    }
    return false;
}

/* ---- the socket on which docketd says READY=1 ---- */

struct notify {
    char directory[64];
    char path[80];
    int fd;
};

static bool open_notify(struct notify *notify)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(notify->directory, sizeof notify->directory, "/tmp/docket-start-XXXXXX");
    notify->fd = -1;
    if (mkdtemp(notify->directory) == NULL) { /* 0700: nobody else can say READY */
        notify->directory[0] = '\0';
        return false;
    }
    snprintf(notify->path, sizeof notify->path, "%s/notify", notify->directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", notify->path);
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->fd >= 0 && bind(notify->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void close_notify(const struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    if (notify->directory[0] == '\0')
        return;
    unlink(notify->path);
    rmdir(notify->directory);
}

static bool said_ready(const struct notify *notify)
{
    char message[1024];
    ssize_t bytes;
    while ((bytes = recv(notify->fd, message, sizeof message - 1, 0)) >= 0) {
        message[bytes] = '\0';
        for (const char *line = message; line != NULL; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strncmp(line, "READY=1", 7) == 0 && (line[7] == '\n' || line[7] == '\0'))
                return true;
        }
    }
    return false;
}

/* ---- the child ---- */

static _Noreturn void become_docketd(const struct starter *starter, const struct notify *notify, const char *path)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid(); /* a ctrl-C at the command is not meant for docketd */
    unsetenv("JOURNAL_STREAM"); /* its log is a file now: no journal priorities */
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(starter->log_fd, 1) < 0 || dup2(starter->log_fd, 2) < 0 ||
        setenv("NOTIFY_SOCKET", notify->path, 1) != 0 || chdir("/") != 0)
        _exit(126);
    /* What a shell left open in us would live as long as docketd, and keep its
     * pipes from ending. */
    close_range(3, ~0u, 0);
    execl(path, "docketd", "--realm", starter->realm, "--idle-exit", START_IDLE_EXIT,
          starter->create ? "--create" : (char *)NULL, (char *)NULL);
    dprintf(2, "docket: cannot run %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* CLI_DONE with *ended, or with READY (*ended false); else it took too long. */
static bool wait_ready(struct starter *starter, const struct notify *notify, pid_t child, struct progress *progress,
                       bool *ended)
{
    *ended = false;
    while (start_in_time(starter)) {
        int result = 0;
        progress_wait(progress);
        struct pollfd waiting = {.fd = notify->fd, .events = POLLIN};
        poll(&waiting, 1, POLL_MS);
        if (said_ready(notify))
            return true;
        if (waitpid(child, &result, WNOHANG) == child) {
            *ended = true;
            starter->exit_code = WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
            return true;
        }
    }
    return false;
}

/* ---- the log ---- */

/* The last lines that our docketd wrote; empty if none. */
static void read_tail(const struct starter *starter, char tail[TAIL_BYTES])
{
    tail[0] = '\0';
    int fd = open(starter->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    off_t end = lseek(fd, 0, SEEK_END);
    off_t from = end - (TAIL_BYTES - 1) > starter->log_from ? end - (TAIL_BYTES - 1) : starter->log_from;
    ssize_t bytes = pread(fd, tail, TAIL_BYTES - 1, from);
    close(fd);
    bytes = bytes > 0 ? bytes : 0;
    while (bytes > 0 && tail[bytes - 1] == '\n')
        bytes--;
    tail[bytes] = '\0';
    int lines = 1;
    for (ssize_t i = bytes - 1; i >= 0; i--) {
        if (tail[i] == '\n' && ++lines > TAIL_LINES) {
            memmove(tail, tail + i + 1, (size_t)(bytes - i));
            break;
        }
    }
}

static bool other_serves(const struct starter *starter)
{
    char tail[TAIL_BYTES];
    read_tail(starter, tail);
    return strstr(tail, docket_status_text(DOCKET_STORE_IN_USE)) != NULL;
}

/* Refused for safety: the sentence, and before it the page, to whoever reads it. */
static int say_refusal(const struct cli *cli, const struct refusal *refusal)
{
    if (!cli->json && !cli->quiet)
        fprintf(stderr, "%s\n", refusal->page);
    return cli_fail(cli, refusal->status, "docketd was started and does not serve: %s", refusal->sentence);
}

int start_say_log(const struct cli *cli, const struct starter *starter)
{
    static struct refusal refusal;
    if (starter->exit_code == CLI_REFUSED && refusal_read(starter->realm, &refusal))
        return say_refusal(cli, &refusal);
    char tail[TAIL_BYTES];
    read_tail(starter, tail);
    for (char *newline = tail; (newline = strchr(newline, '\n')) != NULL;)
        *newline = '|'; /* an error is one line */
    cli_fail(cli, DOCKET_UNREACHABLE, "docketd ended before it was ready (exit code %d)%s%s", starter->exit_code,
             tail[0] != '\0' ? "; the end of its log: " : "; it wrote no log line", tail);
    return CLI_UNREACHABLE;
}

int start_docketd(const struct cli *cli, struct starter *starter, enum start_end *end)
{
    char path[PATH_MAX];
    struct notify notify = {.fd = -1};
    bool ended = false;
    if (!find_docketd(path))
        return cli_fail(cli, DOCKET_UNREACHABLE,
                        "docketd does not answer for %s, and there is none to start beside docket or in PATH",
                        cli->realm);
    if (!open_notify(&notify)) {
        close_notify(&notify);
        return cli_fail(cli, DOCKET_SYSTEM, "cannot make a socket in /tmp to wait for docketd: %s", strerror(errno));
    }
    starter->log_from = lseek(starter->log_fd, 0, SEEK_END);
    fflush(NULL); /* or the child would have our unwritten lines too */
    pid_t child = fork();
    if (child == 0)
        become_docketd(starter, &notify, path);
    struct progress progress;
    progress_begin(&progress, cli, "docketd is getting ready");
    bool in_time = child > 0 && wait_ready(starter, &notify, child, &progress, &ended);
    progress_end(&progress);
    close_notify(&notify);
    if (child < 0)
        return cli_fail(cli, DOCKET_NO_MEMORY, "cannot start docketd: %s", strerror(errno));
    if (!in_time)
        return cli_fail(cli, DOCKET_UNREACHABLE, "docketd (pid %d) is not ready after %d s; see %s", (int)child,
                        START_WAIT_S, starter->log);
    *end = !ended ? START_READY : other_serves(starter) ? START_OTHER : START_FAILED;
    if (*end == START_READY)
        cli_note(cli, "%sstarted docketd (pid %d) for %s; it ends after %s s without use",
                 starter->create ? "made a new realm and " : "", (int)child, starter->realm, START_IDLE_EXIT);
    return CLI_DONE;
}
