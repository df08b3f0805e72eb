/* SPDX-License-Identifier: MIT */
/*
 * create: a store that is either not there or whole. LMDB syncs neither its
 * file nor its directory at creation, so we commit, sync both, and rename.
 *
 * What a crash leaves behind, in this order:
 *   store.new-XXXX        removed by the next creation
 *   and a witness         of phase "opening", generation 1: no number was ever
 *                         served under it, so the next creation may replace it
 *   store and witness     a whole store that was never opened
 */
#include "base/files.h"
#include "store/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_BYTES = 64 };

void dk_create_drop(int realm_fd, const char *folder)
{
    int fd = openat(realm_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    unlinkat(fd, "data.mdb", 0);
    unlinkat(fd, "lock.mdb", 0);
    close(fd);
    unlinkat(realm_fd, folder, AT_REMOVEDIR);
}

/* We hold the realm's lock: nobody else is making one. What cannot be removed
 * stays, and harms nobody. */
void dk_create_clear(int realm_fd)
{
    int fd = openat(realm_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *realm = fd < 0 ? NULL : fdopendir(fd);
    if (!realm) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(realm)) != NULL) {
        if (strncmp(entry->d_name, DK_STORE_MAKING, strlen(DK_STORE_MAKING)) == 0)
            dk_create_drop(realm_fd, entry->d_name);
    }
    closedir(realm);
}

docket_status dk_create_sync(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error)
        return dk_fail_errno(DOCKET_STORE_FAILED, error, "cannot sync %s at creation", name);
    return DOCKET_OK;
}

/* The realm's own entry must survive a power loss as well. A parent that we
 * may not read is one that somebody else made the realm in, long ago. */
docket_status dk_create_sync_parent(int realm_fd)
{
    int fd = openat(realm_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return DOCKET_OK;
    close(fd);
    return dk_create_sync(realm_fd, "..");
}

/* The meta records of a store that no docketd has opened yet. */
static docket_status first_commit(struct dk_store *store, const struct dk_store_options *options)
{
    struct dk_meta meta = {.schema_version = DK_SCHEMA_VERSION, .clean = 1};
    MDB_txn *txn;
    store->meta.schema_version = meta.schema_version;
    dk_random(meta.store_id, sizeof meta.store_id);
    meta.trail.begins = 1;
    dk_chain_root(meta.store_id, meta.trail.hash);
    memcpy(meta.boot_id, options->boot_id, sizeof meta.boot_id);
    docket_status status = dk_env_begin(store, true, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_write(store, txn, &meta);
    if (status == DOCKET_OK)
        status = dk_meta_write_end(store, txn, 0);
    if (status != DOCKET_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    int error = mdb_txn_commit(txn);
    if (error)
        return dk_env_fail(store, error, "make the first commit");
    store->meta = meta;
    memcpy(store->meta.run, store->run, sizeof store->meta.run);
    return DOCKET_OK;
}

static docket_status make_folder(struct dk_store *store, const struct dk_store_options *options,
                                 const char *folder)
{
    if (mkdirat(store->realm_fd, folder, 0700) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", folder);
    docket_status status = dk_env_open(store, options, folder, true);
    if (status == DOCKET_OK)
        status = first_commit(store, options);
    dk_env_close(store);
    return status;
}

static docket_status sync_folder(int realm_fd, const char *folder)
{
    char file[FOLDER_BYTES + sizeof "/data.mdb"];
    snprintf(file, sizeof file, "%s/data.mdb", folder);
    docket_status status = dk_create_sync(realm_fd, file);
    return status == DOCKET_OK ? dk_create_sync(realm_fd, folder) : status;
}

/* The far one too: its folder is known, and now its name. */
static docket_status announce(struct dk_store *store, const struct dk_store_options *options)
{
    docket_status status = dk_far_open(store, options, store->meta.store_id, &store->meta.guard);
    if (status != DOCKET_OK)
        return status;
    dk_hook_open(store, options);
    struct dk_witness witness = {
        .generation = 1, .commit = 1 + DK_WITNESS_LAG, .phase = DK_WITNESS_OPENING};
    memcpy(witness.store_id, store->meta.store_id, sizeof witness.store_id);
    return dk_commit_witness(store, &witness);
}

static docket_status put_in_place(struct dk_store *store, const char *folder)
{
    if (renameat(store->realm_fd, folder, store->realm_fd, DK_STORE_FOLDER) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot rename %s to store", folder);
    docket_status status = dk_create_sync(store->realm_fd, ".");
    return status == DOCKET_OK ? dk_create_sync_parent(store->realm_fd) : status;
}

docket_status dk_create_store(struct dk_store *store, const struct dk_store_options *options)
{
    char folder[FOLDER_BYTES];
    uint32_t salt;
    dk_create_clear(store->realm_fd);
    dk_random(&salt, sizeof salt);
    snprintf(folder, sizeof folder, DK_STORE_MAKING "%08x", salt);
    docket_status status = make_folder(store, options, folder);
    if (status == DOCKET_OK)
        status = sync_folder(store->realm_fd, folder);
    if (status == DOCKET_OK)
        status = announce(store, options);
    if (status == DOCKET_OK)
        status = put_in_place(store, folder);
    if (status != DOCKET_OK)
        dk_create_drop(store->realm_fd, folder);
    return status == DOCKET_OK ? status : dk_wrap(status, "cannot create a store");
}
