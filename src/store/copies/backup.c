/* SPDX-License-Identifier: MIT */
/*
 * backup: a folder with a copy of the store, read from one end to the other. Nothing
 * is written there, no lock taken, and no record of it believed before the file's
 * bytes add up to the SHA-256 that the manifest says.
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

docket_status dk_copy_hash(int fd, const char *path, uint64_t *bytes, uint8_t sha256[DK_DIGEST_BYTES])
{
    struct dk_digest digest;
    uint8_t *piece = malloc(PIECE_BYTES);
    ssize_t got;
    if (!piece)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to read %s", path);
    dk_digest_begin_plain(&digest);
    *bytes = 0;
    while ((got = pread(fd, piece, PIECE_BYTES, (off_t)*bytes)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        dk_digest_bytes(&digest, piece, (size_t)got);
        *bytes += (uint64_t)got;
    }
    int error = errno;
    free(piece);
    dk_digest_end(&digest, sha256);
    return got == 0 ? DOCKET_OK : dk_fail_errno(dk_status_of_errno(error), error, "cannot read %s", path);
}

static docket_status check_bytes(const char *path, const struct dk_copy_facts *said)
{
    char expected[2 * DK_DIGEST_BYTES + 1], found[2 * DK_DIGEST_BYTES + 1];
    uint8_t sha256[DK_DIGEST_BYTES];
    struct stat facts;
    uint64_t bytes;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dk_fail_errno(errno == ENOENT ? DOCKET_DAMAGED : dk_status_of_errno(errno), errno, "cannot open %s", path);
    docket_status status = DOCKET_OK;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
        status = dk_fail(DOCKET_DAMAGED, "%s is no regular file", path);
    if (status == DOCKET_OK)
        status = dk_copy_hash(fd, path, &bytes, sha256);
    close(fd);
    if (status != DOCKET_OK)
        return status;
    if (bytes != said->bytes)
        return dk_fail(DOCKET_DAMAGED, "%s has %llu bytes, and the manifest says %llu; use another backup", path,
                       (unsigned long long)bytes, (unsigned long long)said->bytes);
    if (memcmp(sha256, said->sha256, sizeof sha256) == 0)
        return DOCKET_OK;
    dk_digest_text(said->sha256, expected);
    dk_digest_text(sha256, found);
    return dk_fail(DOCKET_DAMAGED, "%s is not what was backed up: its SHA-256 is %s, and the manifest says %s; use another "
                                   "backup", path, found, expected);
}

/* What the copy itself says beside what its manifest does. */
static docket_status compare(const struct dk_copy_facts *said, const struct dk_copy_facts *found)
{
    const char *differs = memcmp(said->store_id, found->store_id, sizeof said->store_id) ? "store id"
                          : said->schema != found->schema                                ? "schema"
                          : said->generation != found->generation                        ? "generation"
                          : said->commit != found->commit                                ? "commit"
                          : memcmp(said->run, found->run, sizeof said->run)              ? "running digest"
                          : said->trail.number != found->trail.number ||
                                  memcmp(said->trail.hash, found->trail.hash, sizeof said->trail.hash)
                              ? "head of the audit trail"
                          : said->series != found->series     ? "number of series"
                          : said->counters != found->counters ? "number of counters"
                                                              : NULL;
    if (differs)
        return dk_fail(DOCKET_DAMAGED, "the backup's manifest and its store do not belong together: the %s differs", differs);
    return DOCKET_OK;
}

static docket_status read_all(struct dk_store *store, const struct dk_copy_facts *said, uint64_t *records)
{
    struct dk_log_view view;
    struct dk_copy_facts found = {0};
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_journal_build_index(store, txn);
    if (status == DOCKET_OK)
        status = dk_ledger_open(store, txn);
    if (status == DOCKET_OK)
        status = dk_copy_facts_of(store, txn, &found);
    mdb_txn_abort(txn);
    if (status == DOCKET_OK)
        status = compare(said, &found);
    if (status == DOCKET_OK)
        status = dk_view_begin(store, DK_KIND_META, NULL, 0, &view);
    if (status != DOCKET_OK)
        return status;
    status = dk_walk_verify_all(store, &view, true, records);
    dk_view_end(&view);
    return status;
}

docket_status dk_backup_check(const char *folder, const struct dk_copy_facts *said, uint64_t *records)
{
    char path[DK_PATH_BYTES + sizeof "/data.mdb"];
    struct dk_store *store = calloc(1, sizeof *store);
    if (!store)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to read a backup");
    snprintf(path, sizeof path, "%.*s/data.mdb", DK_PATH_BYTES - 1, folder);
    snprintf(store->realm, sizeof store->realm, "%s", folder);
    store->copied = true;
    store->realm_fd = store->lock_fd = store->witness_fd = -1;
    pthread_mutex_init(&store->index_lock, NULL);
    pthread_mutex_init(&store->time_lock, NULL);
    docket_status status = check_bytes(path, said);
    if (status == DOCKET_OK)
        status = dk_env_open_copy(store, path);
    if (status == DOCKET_OK)
        status = read_all(store, said, records);
    dk_env_close(store);
    dk_buffer_free(&store->value);
    dk_ledger_free(store);
    dk_journal_free(store);
    free(store);
    return status;
}
