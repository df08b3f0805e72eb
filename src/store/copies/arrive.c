/* SPDX-License-Identifier: MIT */
/* arrive: the new side of a move; see move.h. */
#include "store/copies/move.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/spell.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct arrival {
    const struct dk_store_options *options;
    struct dk_arriving *order;
    struct dk_store *store;
    char ticket[DK_TICKET_BYTES];
    char folder[DK_MAKING_BYTES]; /* as the store is called for the moment; "": it has its place, or there is none */
    char keeps[256];
};

/* ---- may it? ---- */

static docket_status judge_fence(const struct arrival *arrival)
{
    const struct dk_fence *fence = &arrival->store->meta.fence;
    uint8_t id[16];
    dk_ticket_id(arrival->ticket, id);
    if (fence->kind != DK_FENCE_MOVED)
        return dk_fail(DOCKET_REFUSED, "it is a copy of a store that has not moved: its own docketd may go on giving the same "
                                       "numbers. docket export-state moves it; a backup is put back by docket restore");
    if (memcmp(id, fence->id, sizeof id) != 0)
        return dk_fail(DOCKET_REFUSED, "it was exported for another realm's ticket than the one that waits here");
    return DOCKET_OK;
}

/* A witness of this host may know the store from before it came: as it was then, not from later. One of the generation
 * that begins here is of a try of ours that was cut short: nobody was served by it, or the ticket would be gone. */
static docket_status judge_witness(const struct arrival *arrival, const char *called, enum dk_witness_find found,
                                   const struct dk_witness *witness)
{
    const struct dk_meta *meta = &arrival->store->meta;
    if (found == DK_WITNESS_ABSENT)
        return DOCKET_OK;
    if (found == DK_WITNESS_DAMAGED)
        return dk_fail(DOCKET_STORE_REWOUND, "the %s is damaged, so that nothing says how far the store had come here before; if "
                                             "it was never here, remove that file", called);
    if (memcmp(witness->store_id, meta->store_id, sizeof meta->store_id) != 0)
        return dk_fail(DOCKET_STORE_REWOUND, "the %s of this realm is of another store; prepare an empty realm", called);
    bool earlier = witness->generation < meta->generation ||
                   (witness->generation == meta->generation && witness->phase == DK_WITNESS_CLEAN &&
                    witness->commit == meta->commit);
    bool cut_short = witness->generation == meta->generation + 1 && witness->phase == DK_WITNESS_OPENING;
    if (earlier || cut_short)
        return DOCKET_OK;
    return dk_fail(DOCKET_STORE_REWOUND,
                   "the %s knows generation %llu of this store, commit %llu, and what was exported is generation %llu, commit "
                   "%llu: numbers were given that it does not know. Export the newest state",
                   called, (unsigned long long)witness->generation, (unsigned long long)witness->commit,
                   (unsigned long long)meta->generation, (unsigned long long)meta->commit);
}

static docket_status judge_witnesses(struct arrival *arrival)
{
    struct dk_store *store = arrival->store;
    struct dk_witness near;
    enum dk_witness_find found;
    const struct dk_guard none = {0}; /* where the old host kept its own is of no meaning here */
    docket_status status = dk_witness_read(store->witness_fd, store->witness_name, &near, &found);
    if (status == DOCKET_OK)
        status = judge_witness(arrival, "witness", found, &near);
    if (status == DOCKET_OK)
        status = dk_far_open(store, arrival->options, store->meta.store_id, &none);
    if (status == DOCKET_OK)
        status = judge_witness(arrival, "far witness", store->far.other.found, &store->far.other.witness);
    if (status != DOCKET_OK)
        return status;
    dk_hook_open(store, arrival->options);
    if (store->hook.other.why[0] != 0)
        return dk_fail(DOCKET_STORE_REWOUND, "the witness command cannot be asked: %s", store->hook.other.why);
    return judge_witness(arrival, "command's witness", store->hook.other.found, &store->hook.other.witness);
}

/* ---- its first commit here ---- */

static void describe(const struct arrival *arrival, struct dk_event *event)
{
    char host[65] = "?", when[DK_SPELL_UTC_BYTES];
    const struct dk_fence *fence = &arrival->store->meta.fence;
    if (gethostname(host, sizeof host - 1) != 0)
        snprintf(host, sizeof host, "?");
    dk_spell_utc(arrival->order->time_ns / DK_SECOND_NS, when);
    *event = (struct dk_event){.time_ns = dk_clock_wall_ns(), .kind = "arrived", .uid = getuid()};
    snprintf(event->text, sizeof event->text,
             "arrived at host %.64s, by the ticket of event %llu; exported %s, generation %llu, commit %llu", host,
             (unsigned long long)arrival->order->copy.trail.number, when, (unsigned long long)fence->generation,
             (unsigned long long)arrival->order->copy.commit);
}

static docket_status write_arrival(struct dk_store *store, MDB_txn *txn, uint64_t number, const void *context)
{
    const struct arrival *arrival = context;
    struct dk_event event;
    struct dk_meta meta = store->meta;
    describe(arrival, &event);
    meta.commit = number;
    meta.fence = (struct dk_fence){.kind = DK_FENCE_NONE};
    docket_status status = dk_meta_write(store, txn, &meta);
    return status == DOCKET_OK ? dk_commit_event(store, txn, &event, store->trail.number + 1) : status;
}

/* The next start finds a stop in order, in whatever boot and machine; its witnesses say that this commit may be there. */
static docket_status begin_here(struct arrival *arrival)
{
    struct dk_store *store = arrival->store;
    uint64_t start = store->meta.commit;
    store->meta.generation++;
    store->meta.guard = (struct dk_guard){0};
    (void)dk_far_settle(store, arrival->options, &store->meta.guard, arrival->keeps, sizeof arrival->keeps);
    (void)dk_hook_settle(store, &store->meta.guard, arrival->keeps, sizeof arrival->keeps);
    docket_status status = dk_open_witness(store, start, DK_WITNESS_OPENING, true);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_arrival, arrival);
    arrival->order->generation = store->meta.generation;
    arrival->order->commit = store->meta.commit;
    return status;
}

static docket_status read_copy(struct dk_store *store)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_read(store, txn, &store->meta);
    if (status == DOCKET_OK)
        status = dk_journal_build_index(store, txn);
    if (status == DOCKET_OK)
        status = dk_ledger_open(store, txn);
    mdb_txn_abort(txn);
    store->time = store->meta.time;
    store->event_last = store->meta.trail.number;
    return status;
}

static docket_status change_copy(struct arrival *arrival)
{
    struct dk_store *store = arrival->store;
    docket_status status = dk_env_open(store, arrival->options, arrival->folder, false);
    if (status == DOCKET_OK)
        status = read_copy(store);
    if (status == DOCKET_OK)
        status = judge_fence(arrival);
    if (status == DOCKET_OK)
        status = judge_witnesses(arrival);
    if (status == DOCKET_OK && arrival->order->each)
        status = dk_store_each_series(store, arrival->order->each, arrival->order->context);
    if (status == DOCKET_OK)
        status = begin_here(arrival);
    dk_env_close(store);
    return status;
}

/* ---- its place ---- */

static docket_status put_in_place(struct arrival *arrival)
{
    int realm_fd = arrival->store->realm_fd;
    char file[sizeof arrival->folder + sizeof "/data.mdb"];
    snprintf(file, sizeof file, "%s/data.mdb", arrival->folder);
    docket_status status = dk_create_sync(realm_fd, file);
    if (status == DOCKET_OK)
        status = dk_create_sync(realm_fd, arrival->folder);
    if (status == DOCKET_OK && renameat2(realm_fd, arrival->folder, realm_fd, DK_STORE_FOLDER, RENAME_NOREPLACE) != 0)
        status = dk_fail_errno(dk_status_of_errno(errno), errno, "cannot rename %s to " DK_STORE_FOLDER, arrival->folder);
    if (status != DOCKET_OK)
        return status;
    arrival->folder[0] = 0;
    return dk_create_sync(realm_fd, ".");
}

/* From here on the realm may be served, and the ticket brings nothing any more. */
static docket_status consume_ticket(const struct arrival *arrival)
{
    int realm_fd = arrival->store->realm_fd;
    unlinkat(realm_fd, DK_MOVED_FILE, 0); /* it has come back to where it once left */
    if (unlinkat(realm_fd, DK_ARRIVAL_FILE, 0) != 0 && errno != ENOENT)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "the state is in place, and its ticket cannot be removed; run "
                                                               "docket import-state again");
    docket_status status = dk_create_sync(realm_fd, ".");
    return status == DOCKET_OK ? dk_create_sync_parent(realm_fd) : status;
}

/* A store beside a ticket is what a run left that ended before the ticket was gone: the very state, one generation on. Any other
 * was put there by hand, and the ticket still waits. */
static docket_status judge_there(const struct arrival *arrival)
{
    const struct dk_copy_facts *copy = &arrival->order->copy;
    struct dk_meta meta;
    bool read;
    docket_status status = dk_copy_look(arrival->options, arrival->store->realm, &meta, &read);
    if (status != DOCKET_OK)
        return status;
    if (read && memcmp(meta.store_id, copy->store_id, sizeof meta.store_id) == 0 && meta.fence.kind == DK_FENCE_NONE &&
        meta.generation == copy->generation + 1)
        return DOCKET_OK;
    return dk_fail(DOCKET_REFUSED, "there is a store beside the ticket, and it is not the state that was exported: move it away, and "
                                   "run docket import-state again");
}

static docket_status begin(struct arrival *arrival, bool *there)
{
    struct dk_store *store = arrival->store;
    struct stat facts;
    bool waits = false;
    docket_status status = dk_open_realm(store, arrival->options);
    if (status == DOCKET_OK)
        status = dk_lock_take(store->realm_fd, &store->lock_fd);
    if (status == DOCKET_OK)
        status = dk_open_find_witness(store, arrival->options);
    if (status == DOCKET_OK)
        status = dk_move_ticket(store->realm_fd, arrival->ticket, &waits);
    if (status != DOCKET_OK)
        return status;
    *there = fstatat(store->realm_fd, DK_STORE_FOLDER, &facts, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
    if (!waits && *there)
        return dk_fail(DOCKET_REFUSED, "there is a store, and no ticket: a state arrives once, in an empty realm that docket "
                                       "import-state --prepare made ready");
    if (!waits)
        return dk_fail(DOCKET_REFUSED, "it has no ticket: run docket import-state --prepare here, and export the state by the "
                                       "ticket that it says");
    return DOCKET_OK;
}

static docket_status run(struct arrival *arrival)
{
    bool there;
    docket_status status = begin(arrival, &there);
    if (status != DOCKET_OK)
        return status;
    arrival->order->again = there;
    if (there) {
        status = judge_there(arrival);
        return status == DOCKET_OK ? consume_ticket(arrival) : status;
    }
    dk_create_clear(arrival->store->realm_fd);
    status = dk_copy_bring(arrival->store->realm_fd, arrival->order->folder, arrival->order->copy.sha256, arrival->folder);
    if (status == DOCKET_OK)
        status = change_copy(arrival);
    if (status == DOCKET_OK)
        status = put_in_place(arrival);
    if (arrival->folder[0] != 0)
        dk_create_drop(arrival->store->realm_fd, arrival->folder);
    return status == DOCKET_OK ? consume_ticket(arrival) : status;
}

docket_status dk_move_arrive(const struct dk_store_options *options, struct dk_arriving *arriving)
{
    struct arrival arrival = {.options = options, .order = arriving, .store = dk_open_alloc(options)};
    if (!arrival.store)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to import a state");
    docket_status status = run(&arrival);
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", status == DOCKET_OK ? "" : dk_error_text());
    dk_open_release(arrival.store);
    return status == DOCKET_OK ? status : dk_fail(status, "no state was imported into %s: %s", options->realm, sentence);
}
