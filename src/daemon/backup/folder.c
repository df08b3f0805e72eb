/* SPDX-License-Identifier: MIT */
#include "daemon/backup/folder.h"

#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct making {
    char parent[DK_PATH_BYTES], name[256], made[256 + 16];
    int parent_fd, folder_fd, data_fd;
};

static docket_status failed(const char *what, const char *name)
{
    int error = errno;
    return dk_fail_errno(dk_status_of_errno(error), error, "cannot %s %s", what, name);
}

static docket_status split(const char *folder, struct making *making)
{
    char path[DK_PATH_BYTES];
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (length == 0 || length >= sizeof path)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a backup needs the path of a folder that is not there yet");
    snprintf(path, sizeof path, "%.*s", (int)length, folder);
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) >= sizeof making->name - 16)
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%.200s' is no name for a new folder", folder);
    snprintf(making->name, sizeof making->name, "%s", name);
    snprintf(making->parent, sizeof making->parent, "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    return DOCKET_OK;
}

static docket_status begin(const char *folder, struct making *making)
{
    struct stat unused;
    uint32_t salt;
    *making = (struct making){.parent_fd = -1, .folder_fd = -1, .data_fd = -1};
    docket_status status = split(folder, making);
    if (status != DOCKET_OK)
        return status;
    making->parent_fd = open(making->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (making->parent_fd < 0)
        return failed("open", making->parent);
    if (fstatat(making->parent_fd, making->name, &unused, AT_SYMLINK_NOFOLLOW) == 0)
        return dk_fail(DOCKET_EXISTS, "%s is there already, and a backup is never written over; give another name", folder);
    dk_random(&salt, sizeof salt);
    snprintf(making->made, sizeof making->made, "%s.new-%08x", making->name, salt);
    if (mkdirat(making->parent_fd, making->made, 0700) != 0)
        return failed("make", making->made);
    making->folder_fd = openat(making->parent_fd, making->made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (making->folder_fd < 0)
        return failed("open", making->made);
    making->data_fd = openat(making->folder_fd, DK_BACKUP_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return making->data_fd < 0 ? failed("make " DK_BACKUP_FILE " in", making->made) : DOCKET_OK;
}

/* A file system such as NFS may not know how to refuse a name that is there; none gives a folder's name to another while
 * something is in it. */
static int rename_new(const struct making *making)
{
    if (renameat2(making->parent_fd, making->made, making->parent_fd, making->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    int failed = renameat(making->parent_fd, making->made, making->parent_fd, making->name);
    if (failed != 0 && (errno == ENOTEMPTY || errno == ENOTDIR))
        errno = EEXIST;
    return failed;
}

static docket_status put_in_place(const char *folder, struct making *making)
{
    if (fsync(making->data_fd) != 0 || fsync(making->folder_fd) != 0)
        return failed("sync", making->made);
    if (rename_new(making) != 0) {
        if (errno == EEXIST)
            return dk_fail(DOCKET_EXISTS, "%s was made meanwhile, and a backup is never written over; give another name",
                           folder);
        return failed("rename", making->made);
    }
    making->made[0] = 0;
    return fsync(making->parent_fd) == 0 ? DOCKET_OK : failed("sync", making->parent);
}

static void end(struct making *making)
{
    if (making->made[0] && making->folder_fd >= 0) {
        unlinkat(making->folder_fd, DK_BACKUP_FILE, 0);
        unlinkat(making->folder_fd, DK_MANIFEST_FILE, 0);
        unlinkat(making->parent_fd, making->made, AT_REMOVEDIR);
    }
    int fds[] = {making->data_fd, making->folder_fd, making->parent_fd};
    for (size_t at = 0; at < sizeof fds / sizeof fds[0]; at++)
        if (fds[at] >= 0)
            close(fds[at]);
}

docket_status dk_backup_can_begin(const char *folder)
{
    struct making making;
    docket_status status = begin(folder, &making);
    end(&making);
    return status;
}

docket_status dk_backup_write(struct dk_store *store, const char *folder, struct dk_manifest *manifest)
{
    struct making making;
    char text[DK_MANIFEST_BYTES];
    docket_status status = begin(folder, &making);
    if (status == DOCKET_OK)
        status = dk_store_copy(store, making.data_fd, NULL, &manifest->copy);
    if (status == DOCKET_OK)
        dk_manifest_fill(manifest, geteuid());
    if (status == DOCKET_OK)
        status = dk_manifest_spell(manifest, text);
    if (status == DOCKET_OK)
        status = dk_file_replace(making.folder_fd, DK_MANIFEST_FILE, 0600, text, strlen(text));
    if (status == DOCKET_OK)
        status = put_in_place(folder, &making);
    end(&making);
    return status;
}
