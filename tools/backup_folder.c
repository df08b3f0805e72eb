/* SPDX-License-Identifier: MIT */
#include "backup_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const struct backup_folder *folder, const char *doing, const char *name)
{
    int error = errno;
    docket_status status = error == ENOSPC || error == EDQUOT ? DOCKET_NO_SPACE : DOCKET_SYSTEM;
    return cli_fail(folder->cli, status, "cannot %s %s: %s; there is no backup", doing, name, strerror(error));
}

static int is_there(const struct backup_folder *folder)
{
    return cli_no(folder->cli, DOCKET_EXISTS, "%s is there already, and a backup is never written over; give another name, "
                                              "such as one with the day in it", folder->path);
}

static int open_parent(struct backup_folder *folder)
{
    char first[PATH_MAX], second[PATH_MAX];
    struct stat unused;
    uint32_t salt = (uint32_t)getpid();
    snprintf(first, sizeof first, "%s", folder->path);
    snprintf(second, sizeof second, "%s", folder->path);
    const char *name = basename(first), *parent = dirname(second);
    size_t length = strlen(name);
    if (strlen(folder->path) >= PATH_MAX || length == 0 || length > NAME_MAX - 16 || strcmp(name, "/") == 0 ||
        strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return cli_fail(folder->cli, DOCKET_BAD_ARGUMENT, "'%.200s' is no name for a new folder", folder->path);
    folder->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->parent < 0)
        return failed(folder, "open the folder", parent);
    snprintf(folder->name, sizeof folder->name, "%s", name);
    if (fstatat(folder->parent, name, &unused, AT_SYMLINK_NOFOLLOW) == 0)
        return is_there(folder);
    (void)!getrandom(&salt, sizeof salt, 0);
    memcpy(folder->making, name, length);
    snprintf(folder->making + length, sizeof folder->making - length, ".new-%08x", salt);
    return CLI_DONE;
}

int backup_folder_begin(struct backup_folder *folder, const struct cli *cli, const char *path)
{
    *folder = (struct backup_folder){.cli = cli, .path = path, .parent = -1, .folder = -1, .data = -1};
    int code = open_parent(folder);
    if (code != CLI_DONE)
        return code;
    if (mkdirat(folder->parent, folder->making, 0700) != 0) {
        code = failed(folder, "make the folder", folder->making);
        folder->making[0] = '\0';
        return code;
    }
    folder->folder = openat(folder->parent, folder->making, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->folder < 0)
        return failed(folder, "open", folder->making);
    folder->data = openat(folder->folder, "data.mdb", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return folder->data < 0 ? failed(folder, "make data.mdb in", folder->making) : CLI_DONE;
}

static int write_manifest(struct backup_folder *folder, const char *manifest)
{
    size_t bytes = strlen(manifest);
    int fd = openat(folder->folder, "manifest.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(folder, "make manifest.json in", folder->making);
    ssize_t put = write(fd, manifest, bytes);
    if (put >= 0 && (size_t)put < bytes)
        errno = ENOSPC;
    int code = put == (ssize_t)bytes && fsync(fd) == 0 ? CLI_DONE : failed(folder, "write manifest.json in", folder->making);
    close(fd);
    return code;
}

/* A file system such as NFS may not know how to refuse a name that is there; none gives a folder's name to another while
 * something is in it. */
static int rename_new(const struct backup_folder *folder)
{
    if (renameat2(folder->parent, folder->making, folder->parent, folder->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    int failed = renameat(folder->parent, folder->making, folder->parent, folder->name);
    if (failed != 0 && (errno == ENOTEMPTY || errno == ENOTDIR))
        errno = EEXIST;
    return failed;
}

int backup_folder_finish(struct backup_folder *folder, const char *manifest)
{
    int code = write_manifest(folder, manifest);
    if (code == CLI_DONE && fsync(folder->folder) != 0)
        code = failed(folder, "sync", folder->making);
    if (code != CLI_DONE)
        return code;
    if (rename_new(folder) != 0)
        return errno == EEXIST ? is_there(folder) : failed(folder, "give its name to", folder->making);
    folder->making[0] = '\0';
    if (fsync(folder->parent) != 0)
        return cli_fail(folder->cli, DOCKET_SYSTEM, "%s is there, but its folder cannot be synced: %s", folder->path,
                        strerror(errno));
    return CLI_DONE;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void backup_folder_end(struct backup_folder *folder)
{
    if (folder->making[0] != '\0' && folder->folder >= 0) {
        unlinkat(folder->folder, "data.mdb", 0);
        unlinkat(folder->folder, "manifest.json", 0);
        unlinkat(folder->parent, folder->making, AT_REMOVEDIR);
    }
    close_fd(folder->data);
    close_fd(folder->folder);
    close_fd(folder->parent);
}
