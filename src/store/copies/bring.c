/* SPDX-License-Identifier: MIT */
/*
 * bring: the file of a backup becomes that of a store in the making, under a temporary name in the realm's folder. What
 * counts is what lies there once it is synced, read back, and not what was read before. A crash leaves that folder,
 * which the next making removes.
 */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

static docket_status copy_piece(int in, int out, uint8_t *piece, uint64_t *at, bool *more)
{
    ssize_t got = pread(in, piece, PIECE_BYTES, (off_t)*at);
    if (got < 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot read the backup");
    for (ssize_t put = 0, wrote; put < got; put += wrote) {
        wrote = pwrite(out, piece + put, (size_t)(got - put), (off_t)*at + put);
        if (wrote <= 0)
            return dk_fail_errno(dk_status_of_errno(wrote == 0 ? ENOSPC : errno), wrote == 0 ? ENOSPC : errno,
                                 "cannot write the store");
    }
    *at += (uint64_t)got;
    *more = got > 0;
    return DOCKET_OK;
}

static docket_status copy_bytes(int in, int out)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    docket_status status = piece ? DOCKET_OK : dk_fail(DOCKET_NO_MEMORY, "no memory to copy the store");
    uint64_t at = 0;
    bool more = true;
    while (status == DOCKET_OK && more)
        status = copy_piece(in, out, piece, &at, &more);
    free(piece);
    if (status == DOCKET_OK && fsync(out) != 0)
        status = dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot sync the store");
    return status;
}

static docket_status check_written(int out, const uint8_t sha256[DK_DIGEST_BYTES])
{
    uint8_t found[DK_DIGEST_BYTES];
    uint64_t bytes;
    docket_status status = dk_copy_hash(out, "the store", &bytes, found);
    if (status == DOCKET_OK && memcmp(found, sha256, sizeof found) != 0)
        status = dk_fail(DOCKET_DAMAGED, "what was written is not what the backup holds: the backup was changed meanwhile, or "
                                         "the disk does not keep what it is given");
    return status;
}

docket_status dk_copy_bring(int realm_fd, const char *backup, const uint8_t sha256[DK_DIGEST_BYTES],
                            char folder[DK_MAKING_BYTES])
{
    char from[DK_PATH_BYTES + sizeof "/data.mdb"], to[DK_MAKING_BYTES + sizeof "/data.mdb"];
    uint32_t salt;
    dk_random(&salt, sizeof salt);
    snprintf(folder, DK_MAKING_BYTES, DK_STORE_MAKING "%08x", salt);
    snprintf(from, sizeof from, "%.*s/data.mdb", DK_PATH_BYTES - 1, backup);
    snprintf(to, sizeof to, "%s/data.mdb", folder);
    if (mkdirat(realm_fd, folder, 0700) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", folder);
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open %s", from);
    int out = openat(realm_fd, to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    docket_status status = out >= 0 ? copy_bytes(in, out)
                                    : dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", to);
    if (status == DOCKET_OK)
        status = check_written(out, sha256);
    close(in);
    if (out >= 0)
        close(out);
    return status;
}

docket_status dk_copy_look(const struct dk_store_options *options, const char *realm, struct dk_meta *meta, bool *read)
{
    char path[DK_PATH_BYTES + sizeof "/" DK_STORE_FOLDER "/data.mdb"];
    struct dk_store *there = dk_open_alloc(options);
    MDB_txn *txn;
    *meta = (struct dk_meta){0};
    if (!there)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to look at the store");
    snprintf(path, sizeof path, "%s/" DK_STORE_FOLDER "/data.mdb", realm);
    *read = dk_env_open_copy(there, path) == DOCKET_OK && dk_env_begin(there, false, &txn) == DOCKET_OK;
    if (*read) {
        *read = dk_meta_read(there, txn, meta) == DOCKET_OK;
        mdb_txn_abort(txn);
    }
    dk_open_release(there);
    return DOCKET_OK;
}
