/* SPDX-License-Identifier: MIT */
/*
 * store: open and close. The order of opening: the realm's lock; the store,
 * made where it may be; its own records; the witness's word on it; the witness
 * for the new generation; the generation's first commit; the witness again, to
 * say that this commit is there. Nobody is served before the last of them.
 */
#include "store/store.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "store/inside.h"
#include "store/copies/move.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEDGER_PAGES = 8192 /* a quarter of a million records: some tenths of a second */ };

/* What opening finds out on its way. */
struct opening {
    const struct dk_store_options *options;
    enum dk_witness_find found;
    struct dk_witness witness; /* as it was found */
    bool standing;         /* whatever its schema and fence: dk_open_standing() */
    bool created;
    bool accepted;         /* a witness that did not fit was set aside */
    struct dk_meta before; /* the store's records as they were found */
    struct dk_audit audit; /* ... and what the walk along its events found */
    char keeps[256];       /* what is kept otherwise than before, for an event; "" */
    bool broken;           /* a trail that does not fit was accepted as it stands ... */
    bool rewritten;        /* ... or one that is not the witness's */
};

/* ---- the realm ---- */

docket_status dk_open_realm(struct dk_store *store, const struct dk_store_options *options)
{
    uid_t owner;
    int length = snprintf(store->realm, sizeof store->realm, "%s", options->realm);
    if (length < 0 || (size_t)length >= sizeof store->realm)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the realm's name is too long");
    if (options->create && mkdir(options->realm, 0700) != 0 && errno != EEXIST)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make it");
    docket_status status = dk_directory_open(options->realm, &store->realm_fd, &owner);
    if (status == DOCKET_OK && owner != geteuid())
        status = dk_fail(DOCKET_UNSAFE_FILES, "it belongs to uid %u; run docketd as that user",
                         (unsigned)owner);
    return status;
}

/* The witness's directory and name, out of the path in the options. */
docket_status dk_open_find_witness(struct dk_store *store, const struct dk_store_options *options)
{
    char path[DK_PATH_BYTES];
    const char *wanted = options->witness ? options->witness : "";
    const char *slash = strrchr(wanted, '/');
    const char *name = slash ? slash + 1 : wanted;
    if (!options->witness)
        name = "witness";
    if (!name[0] || strlen(name) >= sizeof store->witness_name || strlen(wanted) >= sizeof path)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the witness needs the path of a file, and not \"%s\"",
                       wanted);
    snprintf(store->witness_name, sizeof store->witness_name, "%s", name);
    if (!options->witness)
        snprintf(path, sizeof path, "%s", store->realm);
    else if (!slash)
        snprintf(path, sizeof path, ".");
    else
        snprintf(path, sizeof path, "%.*s", slash == wanted ? 1 : (int)(slash - wanted), wanted);
    docket_status status = dk_directory_open(path, &store->witness_fd, NULL);
    return status == DOCKET_OK ? status : dk_wrap(status, "the witness's directory");
}

static docket_status check_folder(const struct dk_store *store)
{
    char path[DK_PATH_BYTES + sizeof DK_STORE_FOLDER + 1];
    uid_t owner;
    int fd;
    snprintf(path, sizeof path, "%s/" DK_STORE_FOLDER, store->realm);
    docket_status status = dk_directory_open(path, &fd, &owner);
    if (status != DOCKET_OK)
        return status;
    close(fd);
    if (owner != geteuid())
        return dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u", path, (unsigned)owner);
    return DOCKET_OK;
}

/* ---- the store, made where it may be ---- */

static bool store_is_there(const struct dk_store *store)
{
    struct stat facts;
    return fstatat(store->realm_fd, DK_STORE_FOLDER, &facts, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

/* A witness beside no store: only a creation that was cut short leaves one
 * that nothing was served under. */
static docket_status judge_absence(const struct opening *opening)
{
    bool unserved = opening->found == DK_WITNESS_FOUND && opening->witness.generation == 1 &&
                    opening->witness.phase == DK_WITNESS_OPENING;
    if (opening->found == DK_WITNESS_ABSENT || unserved || opening->options->accept)
        return DOCKET_OK;
    return dk_fail(DOCKET_STORE_REWOUND,
                   "there is a witness but no store: the store was removed. A new one would give "
                   "numbers that are on documents already. Put the store back; or, if a new one is "
                   "meant, start docketd --accept-store N");
}

static docket_status no_store(void)
{
    return dk_fail(DOCKET_NO_REALM, "it holds no store. If there should be one, see whether its disk is mounted; a new "
                                    "realm is made once, with docketd --create");
}

static docket_status make_store(struct dk_store *store, struct opening *opening)
{
    if (!opening->options->create)
        return no_store();
    docket_status status = judge_absence(opening);
    if (status == DOCKET_OK)
        status = dk_create_store(store, opening->options);
    if (status != DOCKET_OK)
        return status;
    opening->created = true;
    opening->accepted = opening->found != DK_WITNESS_ABSENT && opening->options->accept;
    opening->found = DK_WITNESS_FOUND;
    opening->witness = store->witness;
    return DOCKET_OK;
}

/* A chain that is broken in itself is accepted only as it stands: a new one goes on
 * from it. */
static docket_status hear_trail(struct dk_store *store, MDB_txn *txn, struct opening *opening)
{
    struct dk_meta *before = &opening->before;
    docket_status status = DOCKET_OK;
    before->trail = opening->audit.trail;
    if (opening->audit.broken != 0 && !opening->options->accept) {
        status = dk_audit_broken(&opening->audit);
        return dk_wrap(status, "put the newest good copy back; or, if this store is meant, start docketd --accept-store N, "
                               "which an event will tell");
    }
    if (opening->audit.broken != 0) {
        opening->accepted = opening->broken = true;
        status = dk_chain_stand(store, txn, before->store_id, &before->trail);
    }
    store->event_last = before->trail.number;
    return status;
}

/* The ledger's folded records are read at a start as long as there are few. */
static bool ledger_is_small(struct dk_store *store, MDB_txn *txn)
{
    bool small = true;
    for (unsigned kind = DK_KIND_LEDGER; small && kind < store->kinds; kind++) {
        MDB_stat tree = {0};
        small = mdb_stat(txn, store->dbi[kind], &tree) == 0 && tree.ms_leaf_pages <= store->ledger_pages;
    }
    return small;
}

/* No start changes the schema: an admin does, who knows that an older docketd will not take the store any more. Who
 * accepts a store has looked, and there may be no other way to it. */
static docket_status judge_schema(const struct dk_store *store, const struct opening *opening)
{
    uint64_t schema = opening->before.schema_version;
    if (schema == DK_SCHEMA_VERSION || opening->standing || opening->options->accept)
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_LAYOUT,
                   "the store has schema %llu, of an older release, and this docketd serves %u. Make a copy of it, and upgrade "
                   "it: docket migrate upgrade --realm %s (with --dry-run it says what that would do)",
                   (unsigned long long)schema, DK_SCHEMA_VERSION, store->realm);
}

static docket_status read_records(struct dk_store *store, struct opening *opening)
{
    MDB_txn *txn;
    uint64_t records;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_meta_read(store, txn, &opening->before);
    if (status == DOCKET_OK)
        status = judge_schema(store, opening);
    if (status == DOCKET_OK && store->kinds < dk_kinds_of(opening->before.schema_version))
        status = dk_fail(DOCKET_DAMAGED, "the store has no database \"%s\"", dk_kind_name(store->kinds));
    store->time = opening->before.time;
    store->ledger_unread = !ledger_is_small(store, txn);
    if (status == DOCKET_OK)
        status = dk_walk_verify(store, txn, !store->ledger_unread, true, &records, &store->series_last, &opening->audit);
    if (status == DOCKET_OK)
        status = dk_journal_build_index(store, txn);
    if (status == DOCKET_OK)
        status = dk_ledger_open(store, txn);
    if (status == DOCKET_OK)
        status = hear_trail(store, txn, opening);
    mdb_txn_abort(txn);
    return status;
}

/* ---- the witness ---- */

/* The trail has the event that the witness saw last. */
static docket_status judge_trail(struct dk_store *store, const struct opening *opening)
{
    MDB_txn *txn;
    if (opening->broken || opening->before.schema_version < DK_CHAIN_SCHEMA)
        return DOCKET_OK;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_chain_judge(store, txn, &opening->before.trail, &opening->witness);
    mdb_txn_abort(txn);
    return status;
}

static docket_status hear_witness(struct dk_store *store, struct opening *opening)
{
    docket_status status = dk_vouch(store, opening->options, &opening->before, opening->found, &opening->witness);
    if (status == DOCKET_OK) {
        status = judge_trail(store, opening);
        opening->rewritten = status == DOCKET_STORE_REWOUND;
    }
    if (status == DOCKET_OK || status != DOCKET_STORE_REWOUND || !opening->options->accept)
        return status;
    opening->accepted = true;
    return DOCKET_OK;
}

/* A fence stands until what it waits for is done. */
static docket_status judge_fence(struct dk_store *store, struct opening *opening)
{
    const struct dk_fence *fence = &opening->before.fence;
    struct stat facts;
    /* A copy of before the move has no such fence; the word that was left beside it has not gone. */
    if (opening->options->accept && fstatat(store->realm_fd, DK_MOVED_FILE, &facts, AT_SYMLINK_NOFOLLOW) == 0)
        return dk_fail(DOCKET_STORE_FENCED, "the realm has moved to another one (see %s/%s), and this is a copy of its store: "
                                            "it gives numbers there, and is not accepted here. Only if its state never "
                                            "arrived anywhere, and never will, remove that file",
                       opening->options->realm, DK_MOVED_FILE);
    if (fence->kind == DK_FENCE_NONE || (fence->kind == DK_FENCE_MOVED && opening->options->fenced_too))
        return DOCKET_OK;
    if (fence->kind == DK_FENCE_MOVED)
        return dk_fail(DOCKET_STORE_FENCED, "it has moved to another realm, at generation %" PRIu64 ", and gives numbers "
                                            "there; this one never does again", fence->generation);
    if (opening->options->accept) {
        opening->accepted = true;
        return DOCKET_OK;
    }
    return dk_fail(DOCKET_STORE_FENCED,
                   "it %s at generation %" PRIu64 ", and numbers may have been given that it does not know: it gives none "
                   "until it is accepted with floors; see docket help accept",
                   fence->kind == DK_FENCE_RESTORED ? "was restored from a backup made"
                                                    : "was being accepted, which did not come to its end,",
                   fence->generation);
}

static void go_above(struct dk_meta *meta, enum dk_witness_find found, const struct dk_witness *witness)
{
    if (found != DK_WITNESS_FOUND)
        return;
    meta->generation = witness->generation > meta->generation ? witness->generation : meta->generation;
    meta->commit = witness->commit > meta->commit ? witness->commit : meta->commit;
}

/* Generations and commits go on from the higher of store and witness, so that
 * an accepted store never repeats what a lost one was called. */
static void choose_numbers(struct dk_store *store, const struct opening *opening)
{
    store->meta = opening->before;
    if (opening->accepted) {
        go_above(&store->meta, opening->found, &opening->witness);
        go_above(&store->meta, store->far.other.found, &store->far.other.witness);
        go_above(&store->meta, store->hook.other.found, &store->hook.other.witness);
    }
    store->meta.generation++;
    if (opening->accepted || opening->options->accept) /* its counters move: until they have, nobody goes on from here */
        store->meta.fence = (struct dk_fence){.kind = DK_FENCE_ACCEPTING,
                                              .time_ns = (uint64_t)dk_clock_wall_ns(),
                                              .generation = opening->before.generation};
    store->meta.schema_version = DK_SCHEMA_VERSION; /* what an older one lacks reads as zero */
}

/* ---- the generation's first commit ---- */

static docket_status read_place(struct dk_store *store, const struct dk_store_options *options)
{
    struct stat facts;
    int fd;
    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_STORE_FAILED, errno, "cannot look at data.mdb");
    store->meta.clean = 0;
    store->meta.inode = facts.st_ino;
    memcpy(store->meta.boot_id, options->boot_id, 16);
    dk_far_machine_id(store->meta.machine_id);
    return DOCKET_OK;
}

static void describe_start(const struct dk_store *store, const struct opening *opening,
                           struct dk_event *event)
{
    const struct dk_meta *before = &opening->before;
    bool moved = before->inode != 0 && before->inode != store->meta.inode;
    bool elsewhere = before->inode != 0 && memcmp(before->machine_id, store->meta.machine_id, 16);
    *event = (struct dk_event){.time_ns = dk_clock_wall_ns(), .kind = "start", .uid = geteuid()};
    snprintf(event->text, sizeof event->text, "generation %llu, %s%s%s",
             (unsigned long long)store->meta.generation,
             opening->created ? "a new store"
             : before->clean  ? "after a clean stop"
                              : "after a stop that was not clean",
             moved ? "; data.mdb is another file than before: copied or restored" : "",
             elsewhere ? "; on another machine than before" : "");
}

static void describe_trail(const struct opening *opening, struct dk_event *event)
{
    char head[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(opening->witness.head, head);
    if (opening->broken)
        snprintf(event->text, sizeof event->text,
                 "the audit trail, broken at event %llu (%.100s), was accepted as it stands; a new chain begins here",
                 (unsigned long long)opening->audit.broken, opening->audit.what);
    else
        snprintf(event->text, sizeof event->text,
                 "the audit trail was accepted against its witness, which had seen event %llu with hash %s",
                 (unsigned long long)opening->witness.event, head);
}

static void describe_accept(const struct opening *opening, struct dk_event *event)
{
    const struct dk_meta *before = &opening->before;
    *event = (struct dk_event){.time_ns = dk_clock_wall_ns(), .kind = "accept", .uid = geteuid()};
    if (opening->broken || opening->rewritten) {
        describe_trail(opening, event);
        return;
    }
    int used =
        snprintf(event->text, sizeof event->text,
                 "the store at generation %llu, commit %llu%s was accepted against its witness, ",
                 (unsigned long long)before->generation, (unsigned long long)before->commit,
                 before->fence.kind == DK_FENCE_RESTORED ? ", restored from a backup," : "");
    if (opening->created || opening->found != DK_WITNESS_FOUND)
        snprintf(event->text + used, sizeof event->text - (size_t)used, "which was %s",
                 opening->created                      ? "of a store that is gone"
                 : opening->found == DK_WITNESS_ABSENT ? "missing"
                                                       : "damaged");
    else
        snprintf(event->text + used, sizeof event->text - (size_t)used,
                 "which was at generation %llu, commit %llu",
                 (unsigned long long)opening->witness.generation,
                 (unsigned long long)opening->witness.commit);
}

static docket_status write_start(struct dk_store *store, MDB_txn *txn, uint64_t number,
                                 const void *context)
{
    const struct opening *opening = context;
    struct dk_meta meta = store->meta;
    struct dk_event event;
    meta.commit = number;
    docket_status status = dk_migrate_all_up(store, txn, opening->before.schema_version);
    if (status == DOCKET_OK)
        status = dk_meta_write(store, txn, &meta);
    describe_start(store, opening, &event);
    if (status == DOCKET_OK)
        status = dk_commit_event(store, txn, &event, store->trail.number + 1);
    if (status == DOCKET_OK && opening->accepted) {
        describe_accept(opening, &event);
        status = dk_commit_event(store, txn, &event, store->trail.number + 1);
    }
    return status == DOCKET_OK ? dk_far_write_event(store, txn, opening->keeps) : status;
}

static docket_status begin_generation(struct dk_store *store, struct opening *opening)
{
    choose_numbers(store, opening);
    uint64_t start = store->meta.commit;
    bool changed = dk_far_settle(store, opening->options, &store->meta.guard, opening->keeps, sizeof opening->keeps);
    changed |= dk_hook_settle(store, &store->meta.guard, opening->keeps, sizeof opening->keeps);
    if (!changed ||
        opening->created) /* who makes a realm sees where its witnesses lie */
        opening->keeps[0] = 0;
    docket_status status = read_place(store, opening->options);
    if (status == DOCKET_OK)
        status = dk_open_witness(store, start, DK_WITNESS_OPENING,
                                 !opening->accepted && opening->before.schema_version >= DK_CHAIN_SCHEMA);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_start, opening);
    if (status != DOCKET_OK)
        return status;
    store->event_last = store->meta.trail.number;
    store->kinds = DK_KIND_COUNT;
    store->ahead_max_ns = INT64_MAX; /* of the next commits, unless docketd knows better */
    dk_store_relaxed(&store->far.series_last, store->series_last);
    status = dk_open_witness(store, start, DK_WITNESS_RUNNING, true);
    if (status == DOCKET_OK)
        dk_far_moved(store, &opening->before.guard);
    return status == DOCKET_OK ? dk_hook_start(store) : status;
}

/* ---- open and close ---- */

static docket_status open_all(struct dk_store *store, struct opening *opening)
{
    const struct dk_store_options *options = opening->options;
    docket_status status = dk_open_realm(store, options);
    /* Refused before anything is made: not even the lock's file. */
    if (status == DOCKET_OK && !options->create && !store_is_there(store))
        status = no_store();
    if (status == DOCKET_OK)
        status = dk_lock_take(store->realm_fd, &store->lock_fd);
    if (status == DOCKET_OK)
        status = dk_move_judge(store->realm_fd);
    if (status == DOCKET_OK)
        status = dk_open_find_witness(store, options);
    if (status == DOCKET_OK)
        status = dk_witness_read(store->witness_fd, store->witness_name, &opening->witness,
                                 &opening->found);
    if (status == DOCKET_OK && !store_is_there(store))
        status = make_store(store, opening);
    if (status == DOCKET_OK)
        status = check_folder(store);
    if (status == DOCKET_OK)
        status = dk_env_open(store, options, DK_STORE_FOLDER, false);
    if (status == DOCKET_OK)
        status = read_records(store, opening);
    if (status == DOCKET_OK) {
        dk_vouch_tell_store(store, &opening->before, options->report);
        status = dk_far_open(store, options, opening->before.store_id, &opening->before.guard);
        dk_hook_open(store, options);
    }
    if (status == DOCKET_OK && !opening->standing)
        status = judge_fence(store, opening);
    if (status == DOCKET_OK)
        status = hear_witness(store, opening);
    if (status != DOCKET_OK || !opening->standing)
        return status == DOCKET_OK ? begin_generation(store, opening) : status;
    store->meta = opening->before;
    return DOCKET_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The lock goes last: nobody may come in while LMDB is open. */
void dk_open_release(struct dk_store *store)
{
    dk_env_close(store);
    dk_buffer_free(&store->value);
    dk_ledger_free(store);
    dk_journal_free(store);
    dk_far_close(store);
    close_fd(store->witness_fd);
    close_fd(store->realm_fd);
    close_fd(store->lock_fd);
    free(store);
}

static void fill_facts(const struct dk_store *store, const struct opening *opening,
                       struct dk_store_facts *facts)
{
    *facts = (struct dk_store_facts){
        .generation = store->meta.generation,
        .commit_number = store->meta.commit,
        .series_last = store->series_last,
        .created = opening->created,
        .clean = opening->before.clean && !opening->accepted,
        .schema_version = (uint32_t)store->meta.schema_version,
        .fence = store->meta.fence,
    };
    memcpy(facts->store_id, store->meta.store_id, sizeof facts->store_id);
    snprintf(facts->far, sizeof facts->far, "%s", store->far.fd >= 0 ? store->far.folder : "");
    snprintf(facts->far_why, sizeof facts->far_why, "%s", store->far.fd < 0 ? store->far.other.why : "");
    memcpy(facts->boot_id, opening->before.boot_id, sizeof facts->boot_id);
    const struct dk_time *time = &opening->before.time;
    if (opening->created || time->wall_ns == 0)
        return;
    facts->trusted_wall_ns = (int64_t)time->wall_ns;
    facts->trusted_boot_ns = (int64_t)time->boot_ns;
    facts->trusted_same_boot = memcmp(time->boot_id, store->boot_id, sizeof time->boot_id) == 0;
}

struct dk_store *dk_open_alloc(const struct dk_store_options *options)
{
    struct dk_store *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->realm_fd = made->lock_fd = made->witness_fd = -1;
    made->far.fd = made->far.lock_fd = made->far.host_lock_fd = -1;
    pthread_mutex_init(&made->index_lock, NULL);
    pthread_mutex_init(&made->time_lock, NULL);
    made->log.wait = options->ledger_wait;
    made->ledger_pages = options->ledger_pages ? options->ledger_pages : LEDGER_PAGES;
    memcpy(made->boot_id, options->boot_id, sizeof made->boot_id);
    return made;
}

static docket_status open_as(const struct dk_store_options *options, uint64_t as_schema, struct opening *opening,
                             struct dk_store **store)
{
    if (!options->realm || !options->realm[0])
        return dk_fail(DOCKET_BAD_ARGUMENT, "a store needs the name of its realm");
    struct dk_store *made = dk_open_alloc(options);
    if (!made)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to open a store");
    made->as_schema = as_schema;
    docket_status status = open_all(made, opening);
    if (status != DOCKET_OK) {
        dk_open_release(made);
        return dk_wrap(status, "cannot open the store of %s", options->realm);
    }
    *store = made;
    return DOCKET_OK;
}

docket_status dk_store_open(const struct dk_store_options *options, struct dk_store **store,
                            struct dk_store_facts *facts)
{
    struct opening opening = {.options = options};
    docket_status status = open_as(options, 0, &opening, store);
    if (status == DOCKET_OK)
        fill_facts(*store, &opening, facts);
    return status;
}

docket_status dk_store_look(const struct dk_store_options *options, struct dk_store **store, struct dk_store_facts *facts)
{
    struct dk_store_options looked = *options;
    looked.accept = true; /* no witness's verdict refuses it */
    looked.create = false;
    struct opening opening = {.options = &looked, .standing = true};
    docket_status status = open_as(&looked, 0, &opening, store);
    if (status != DOCKET_OK)
        return status;
    fill_facts(*store, &opening, facts);
    struct dk_meta seen = opening.before;
    go_above(&seen, opening.found, &opening.witness);
    go_above(&seen, (*store)->far.other.found, &(*store)->far.other.witness);
    go_above(&seen, (*store)->hook.other.found, &(*store)->hook.other.witness);
    facts->seen_generation = seen.generation;
    return status;
}

docket_status dk_open_standing(const struct dk_store_options *options, uint64_t as_schema, struct dk_store **store)
{
    struct opening opening = {.options = options, .standing = true};
    return open_as(options, as_schema, &opening, store);
}

static docket_status write_clean(struct dk_store *store, MDB_txn *txn, uint64_t number,
                                 const void *context)
{
    (void)context;
    struct dk_meta meta = store->meta;
    meta.clean = 1;
    meta.commit = number;
    return dk_meta_write(store, txn, &meta);
}

/* The store first: a crash between the two leaves a witness that still runs
 * ahead, which any later start allows. */
static docket_status stop_in_order(struct dk_store *store)
{
    docket_status status = dk_commit_run(store, write_clean, NULL);
    return status == DOCKET_OK ? dk_open_witness_clean(store) : status;
}

docket_status dk_store_close(struct dk_store *store, bool clean)
{
    if (!store)
        return DOCKET_OK;
    dk_hook_stop(store);
    docket_status status = clean ? stop_in_order(store) : DOCKET_OK;
    if (clean && status == DOCKET_OK && dk_marks_write(store, true) != DOCKET_OK)
        dk_log(DK_LOG_WARNING, "%s", dk_error_text()); /* they decide nothing */
    dk_open_release(store);
    return status == DOCKET_OK ? status : dk_wrap(status, "the store was not stopped in order");
}
