/* SPDX-License-Identifier: MIT */
#include "plan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int plan_file_write(const struct cli *cli, const struct plan *plan, const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return cli_fail(cli, DOCKET_EXISTS, "%.200s is there already, and somebody may have edited it: take it away, or name another",
                        name);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool whole = file != NULL && plan_write(plan, file) && fsync(fd) == 0;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && whole) {
        whole = false;
        error = errno;
    }
    if (whole)
        return CLI_DONE;
    if (fd >= 0)
        unlink(name);
    return cli_fail(cli, error == ENOSPC ? DOCKET_NO_SPACE : DOCKET_SYSTEM, "cannot write the plan to %.200s: %s", name,
                    strerror(error));
}

static bool read_whole(int fd, char **text, size_t *bytes)
{
    size_t room = 0;
    for (;;) {
        if (*bytes == room) {
            room = room > 0 ? room * 2 : 1 << 16;
            char *more = realloc(*text, room);
            if (more == NULL)
                return false;
            *text = more;
        }
        ssize_t got = read(fd, *text + *bytes, room - *bytes);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        *bytes += got > 0 ? (size_t)got : 0;
    }
}

int plan_file_read(const struct cli *cli, const char *name, struct plan *plan)
{
    struct plan_fault fault;
    char *text = NULL;
    size_t bytes = 0;
    int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC), code = CLI_DONE;
    bool read = fd >= 0 && read_whole(fd, &text, &bytes);
    int error = errno;
    if (fd > STDIN_FILENO)
        close(fd);
    if (!read)
        code = cli_fail(cli, error == ENOMEM ? DOCKET_NO_MEMORY : DOCKET_SYSTEM, "cannot read the plan %.200s: %s", name, strerror(error));
    else if (!plan_read(plan, text, bytes, &fault))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "%.200s, line %" PRIu64 ": %s; nothing was done", name, fault.line, fault.text);
    free(text); /* a plan has copies of its own */
    return code;
}
