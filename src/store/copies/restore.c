/* SPDX-License-Identifier: MIT */
/*
 * restore: a backup becomes a realm's store, behind a fence. The copy is made under a
 * temporary name, gets its fence and the event that says so in one commit, is synced, and
 * only then takes the store's name. Witnesses are left as they are: they know how far the
 * store had come that is lost.
 *
 * What a crash leaves behind, in this order:
 *   store.new-XXXXXXXX           removed by the next restore or creation
 *   store.replaced-TIME beside   (--replace) the fenced copy, not in use; the store is the
 *   the store                    old one. It may be removed
 *   the fenced store             and, with --replace, the old one as store.replaced-TIME
 * Where the file system cannot exchange two names at once, a crash between two renames
 * leaves no store at all: every start is refused, and the same restore finishes it.
 */
#include "base/clock.h"
#include "base/spell.h"
#include "store/inside.h"
#include "store/copies/move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct restoring {
    const struct dk_store_options *options;
    const struct dk_restore *order;
    struct dk_restored *done;
    struct dk_store *store;
    char folder[DK_MAKING_BYTES]; /* as it is called for the moment */
};

static bool there_is(int directory, const char *name)
{
    struct stat unused;
    return fstatat(directory, name, &unused, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* ---- may it be done? ---- */

/* A realm's witness is of one store: another one's backup belongs into another realm. */
static docket_status judge_witness(const struct restoring *restoring)
{
    struct dk_witness witness;
    enum dk_witness_find found;
    const struct dk_store *store = restoring->store;
    docket_status status = dk_witness_read(store->witness_fd, store->witness_name, &witness, &found);
    if (status != DOCKET_OK || found != DK_WITNESS_FOUND ||
        memcmp(witness.store_id, restoring->order->copy.store_id, sizeof witness.store_id) == 0)
        return status;
    return dk_fail(DOCKET_STORE_REWOUND, "the backup is of another store than the one that this realm's witness knows. "
                                         "Restore it into a realm of its own; or, if this realm's store is of no use any "
                                         "more, move store and witness away");
}

static docket_status has_moved(const char *what)
{
    return dk_fail(DOCKET_STORE_FENCED, "%s has moved to another realm, for good, and gives its numbers there: nothing is restored "
                                        "from it or into it. docket import-state takes an exported state", what);
}

/* The store that is there, as far as it can be read: one that is damaged says nothing, and is what a restore is for. */
static docket_status judge_store(const struct restoring *restoring)
{
    struct dk_meta meta;
    bool read;
    docket_status status = dk_copy_look(restoring->options, restoring->store->realm, &meta, &read);
    return status == DOCKET_OK && read && meta.fence.kind == DK_FENCE_MOVED ? has_moved("this realm's store") : status;
}

static docket_status judge_realm(const struct restoring *restoring)
{
    docket_status status = judge_witness(restoring);
    if (status == DOCKET_OK && there_is(restoring->store->realm_fd, DK_MOVED_FILE))
        status = has_moved("this realm");
    if (status == DOCKET_OK && there_is(restoring->store->realm_fd, DK_STORE_FOLDER))
        status = judge_store(restoring);
    if (status != DOCKET_OK)
        return status;
    if (!there_is(restoring->store->realm_fd, DK_STORE_FOLDER) || restoring->order->replace)
        return DOCKET_OK;
    return dk_fail(DOCKET_EXISTS, "there is a store. With --replace it is kept as store.replaced-TIME, and the backup takes "
                                  "its place");
}

/* ---- the fence ---- */

static void describe(const struct restoring *restoring, struct dk_event *event)
{
    const struct dk_restore *order = restoring->order;
    char id[33], when[DK_SPELL_UTC_BYTES];
    dk_spell_hex(order->id, sizeof order->id, id);
    dk_spell_utc(order->time_ns / DK_SECOND_NS, when);
    *event = (struct dk_event){.time_ns = dk_clock_wall_ns(), .kind = "restore", .uid = getuid()};
    snprintf(event->text, sizeof event->text,
             "restored from backup %s of %s, generation %llu, commit %llu; no number is given until it is accepted", id, when,
             (unsigned long long)order->copy.generation, (unsigned long long)order->copy.commit);
}

/* One commit: the schema of today, the fence, the event. */
static docket_status write_fence(struct dk_store *store, MDB_txn *txn, uint64_t number, const void *context)
{
    const struct restoring *restoring = context;
    struct dk_meta meta = store->meta;
    struct dk_event event;
    docket_status status = dk_migrate_all_up(store, txn, meta.schema_version);
    describe(restoring, &event);
    meta.schema_version = DK_SCHEMA_VERSION;
    meta.commit = number;
    meta.clean = 0;
    meta.fence = (struct dk_fence){.kind = DK_FENCE_RESTORED,
                                   .time_ns = (uint64_t)dk_clock_wall_ns(),
                                   .generation = restoring->order->copy.generation};
    memcpy(meta.fence.id, restoring->order->id, sizeof meta.fence.id);
    if (status == DOCKET_OK)
        status = dk_meta_write(store, txn, &meta);
    return status == DOCKET_OK ? dk_commit_event(store, txn, &event, store->trail.number + 1) : status;
}

static docket_status read_copy(struct dk_store *store)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_read(store, txn, &store->meta);
    if (status == DOCKET_OK && store->meta.fence.kind == DK_FENCE_MOVED)
        status = has_moved("the backup's store");
    if (status == DOCKET_OK)
        status = dk_journal_build_index(store, txn);
    if (status == DOCKET_OK)
        status = dk_ledger_open(store, txn);
    mdb_txn_abort(txn);
    store->time = store->meta.time;
    store->event_last = store->meta.trail.number;
    store->witness.commit = UINT64_MAX; /* no witness is written: they stay where the lost store had come */
    return status;
}

static docket_status put_up_fence(struct restoring *restoring)
{
    struct dk_store *store = restoring->store;
    docket_status status = dk_env_open(store, restoring->options, restoring->folder, false);
    if (status == DOCKET_OK)
        status = read_copy(store);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_fence, restoring);
    restoring->done->commit = store->meta.commit;
    dk_env_close(store);
    return status;
}

/* ---- its place ---- */

static void name_aside(struct restoring *restoring)
{
    char when[32] = "?";
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL)
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &parts);
    snprintf(restoring->done->aside, sizeof restoring->done->aside, "store.replaced-%s", when);
    for (int again = 2; there_is(restoring->store->realm_fd, restoring->done->aside); again++)
        snprintf(restoring->done->aside, sizeof restoring->done->aside, "store.replaced-%s-%d", when, again);
}

static docket_status move(const struct restoring *restoring, const char *from, const char *to, unsigned flags)
{
    int realm_fd = restoring->store->realm_fd;
    if (renameat2(realm_fd, from, realm_fd, to, flags) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot rename %s to %s", from, to);
    return dk_create_sync(realm_fd, ".");
}

/* The new one waits under the name that the old one will have; then both change places at once. */
static docket_status exchange(struct restoring *restoring)
{
    const char *aside = restoring->done->aside;
    name_aside(restoring);
    docket_status status = move(restoring, restoring->folder, aside, RENAME_NOREPLACE);
    if (status != DOCKET_OK)
        return status;
    snprintf(restoring->folder, sizeof restoring->folder, "%s", aside);
    int realm_fd = restoring->store->realm_fd;
    if (renameat2(realm_fd, aside, realm_fd, DK_STORE_FOLDER, RENAME_EXCHANGE) == 0) {
        restoring->folder[0] = 0;
        return dk_create_sync(realm_fd, ".");
    }
    snprintf(restoring->folder, sizeof restoring->folder, DK_STORE_MAKING "%08x", 0u);
    status = move(restoring, aside, restoring->folder, RENAME_NOREPLACE);
    if (status == DOCKET_OK)
        status = move(restoring, DK_STORE_FOLDER, aside, RENAME_NOREPLACE);
    return status == DOCKET_OK ? move(restoring, restoring->folder, DK_STORE_FOLDER, RENAME_NOREPLACE) : status;
}

static docket_status put_in_place(struct restoring *restoring)
{
    int realm_fd = restoring->store->realm_fd;
    char file[sizeof restoring->folder + sizeof "/data.mdb"];
    snprintf(file, sizeof file, "%s/data.mdb", restoring->folder);
    docket_status status = dk_create_sync(realm_fd, file);
    if (status == DOCKET_OK)
        status = dk_create_sync(realm_fd, restoring->folder);
    if (status == DOCKET_OK)
        status = there_is(realm_fd, DK_STORE_FOLDER) ? exchange(restoring)
                                                     : move(restoring, restoring->folder, DK_STORE_FOLDER, RENAME_NOREPLACE);
    if (status != DOCKET_OK)
        return status;
    restoring->folder[0] = 0;
    return dk_create_sync_parent(realm_fd);
}

static docket_status run(struct restoring *restoring)
{
    struct dk_store *store = restoring->store;
    docket_status status = dk_open_realm(store, restoring->options);
    if (status == DOCKET_OK)
        status = dk_lock_take(store->realm_fd, &store->lock_fd);
    if (status == DOCKET_OK)
        status = dk_open_find_witness(store, restoring->options);
    if (status == DOCKET_OK)
        status = judge_realm(restoring);
    if (status != DOCKET_OK)
        return status;
    dk_create_clear(store->realm_fd);
    status = dk_copy_bring(store->realm_fd, restoring->order->folder, restoring->order->copy.sha256, restoring->folder);
    if (status == DOCKET_OK)
        status = put_up_fence(restoring);
    if (status == DOCKET_OK)
        status = put_in_place(restoring);
    if (restoring->folder[0] != 0)
        dk_create_drop(store->realm_fd, restoring->folder); /* an unfinished copy; never the old store */
    return status;
}

docket_status dk_store_restore(const struct dk_store_options *options, const struct dk_restore *order,
                               struct dk_restored *done)
{
    struct dk_store_options made = *options;
    made.create = true; /* the realm's folder, not a store */
    struct restoring restoring = {.options = &made, .order = order, .done = done, .store = dk_open_alloc(&made)};
    *done = (struct dk_restored){0};
    if (!restoring.store)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to restore a store");
    docket_status status = run(&restoring);
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", status == DOCKET_OK ? "" : dk_error_text());
    dk_open_release(restoring.store);
    return status == DOCKET_OK ? status : dk_fail(status, "nothing was restored into %s: %s", options->realm, sentence);
}
