/* SPDX-License-Identifier: MIT */
/* ledger_log: see ledger_log.h. Append, fold, and the shelf that follows. */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAIT = 32768,      /* entries that wait to be folded, if nobody says otherwise */
    FOLD_ENTRIES = 256, /* fewer are not worth the pages that they touch */
    PARTS_AT_ONCE = 64  /* removed by a commit, beside as many as it puts */
};

/* ---- lists, parts ---- */

static docket_status list_add(struct dk_log_entries *list, struct dk_shelf_entry *entry)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 64;
        struct dk_shelf_entry **grown = realloc(list->all, room * sizeof(struct dk_shelf_entry *));
        if (!grown)
            return dk_image_no_memory();
        list->all = grown;
        list->room = room;
    }
    list->all[list->count++] = entry;
    return DOCKET_OK;
}

static struct dk_log_part *part_of(struct dk_ledger_log *log, uint64_t number)
{
    return &log->parts[number & (log->part_room - 1)];
}

/* One more part at the end of the log. */
static docket_status add_part(struct dk_ledger_log *log, uint64_t commit_number, uint32_t number)
{
    if (log->part_end - log->part_first == log->part_room) {
        struct dk_ledger_log grown = *log;
        grown.part_room = log->part_room ? log->part_room * 2 : 64;
        grown.parts = calloc(grown.part_room, sizeof *grown.parts);
        if (!grown.parts)
            return dk_image_no_memory();
        for (uint64_t at = log->part_first; at < log->part_end; at++)
            *part_of(&grown, at) = *part_of(log, at);
        free(log->parts);
        log->parts = grown.parts;
        log->part_room = grown.part_room;
    }
    *part_of(log, log->part_end++) = (struct dk_log_part){.commit_number = commit_number, .number = number};
    return DOCKET_OK;
}

/* Onto the shelf, which owns it then. */
static docket_status shelve(struct dk_ledger_log *log, struct dk_shelf_entry *entry)
{
    struct dk_shelf_entry *old;
    docket_status status = dk_shelf_put(&log->shelf, entry, &old);
    if (status != DOCKET_OK) {
        free(entry);
        return status;
    }
    part_of(log, entry->part)->live++;
    if (old)
        part_of(log, old->part)->live--;
    free(old);
    return DOCKET_OK;
}

/* ---- append ---- */

docket_status dk_log_put_part(struct dk_store *store, MDB_txn *txn, uint64_t number)
{
    struct dk_ledger_log *log = &store->log;
    struct dk_key key;
    if (log->part.used == 0)
        return DOCKET_OK;
    docket_status status = dk_log_seal(number, log->parts_noted, &key, &log->part);
    if (status == DOCKET_OK)
        status = dk_env_put(store, txn, DK_KIND_LEDGERLOG, &key, &log->part);
    log->part.used = 0;
    log->parts_noted++;
    return status;
}

static docket_status seal_nothing(struct dk_store *store, enum dk_kind kind, struct dk_slice key, struct dk_slice *value)
{
    store->value.used = 0;
    docket_status status = dk_record_seal(kind, key, &store->value);
    *value = (struct dk_slice){store->value.bytes, store->value.used};
    return status;
}

docket_status dk_log_note(struct dk_store *store, MDB_txn *txn, uint64_t number, enum dk_kind kind, struct dk_slice key,
                          struct dk_slice value)
{
    struct dk_ledger_log *log = &store->log;
    docket_status status = value.size == 0 ? seal_nothing(store, kind, key, &value) : DOCKET_OK;
    struct dk_shelf_entry *entry = status == DOCKET_OK ? dk_shelf_make(kind, key) : NULL;
    if (!entry)
        return status == DOCKET_OK ? dk_image_no_memory() : status;
    entry->part = log->part_end + log->parts_noted;
    status = dk_log_add(kind, key, value, &log->part, &entry->offset);
    if (status == DOCKET_OK)
        status = list_add(&log->noted, entry);
    if (status != DOCKET_OK) {
        free(entry);
        return status;
    }
    return log->part.used >= DK_LOG_PART_BYTES ? dk_log_put_part(store, txn, number) : DOCKET_OK;
}

docket_status dk_log_read(struct dk_store *store, MDB_txn *txn, const struct dk_shelf_entry *at,
                          struct dk_log_entry *entry)
{
    const struct dk_log_part *part = part_of(&store->log, at->part);
    struct dk_slice value;
    struct dk_key key;
    bool found;
    dk_key_of_part(&key, part->commit_number, part->number);
    docket_status status = dk_env_get(store, txn, DK_KIND_LEDGERLOG, &key, &value, &found);
    if (status == DOCKET_OK && !found)
        status = dk_record_damaged(DK_KIND_LEDGERLOG, dk_key_slice(&key), "is missing");
    return status == DOCKET_OK ? dk_log_at(dk_key_slice(&key), value, at->offset, entry) : status;
}

/* ---- fold ---- */

/* Where the fold stands, in one database. */
struct fold {
    struct dk_store *store;
    MDB_txn *txn;
    struct dk_env_pen pen;
    bool begun;
};

static void end_pen(struct fold *fold)
{
    if (fold->begun)
        dk_env_pen_end(&fold->pen);
    fold->begun = false;
}

/* Into its database. The value is copied: LMDB may move what it shows when it is written to. */
static docket_status fold_one(struct fold *fold, struct dk_shelf_entry *at)
{
    struct dk_store *store = fold->store;
    struct dk_log_entry entry;
    docket_status status = dk_log_read(store, fold->txn, at, &entry);
    if (status == DOCKET_OK)
        status = dk_log_check(&entry);
    if (status != DOCKET_OK)
        return status;
    if (fold->begun && fold->pen.kind != entry.kind)
        end_pen(fold);
    if (!fold->begun)
        status = dk_env_pen_begin(store, fold->txn, entry.kind, &fold->pen);
    if (status != DOCKET_OK)
        return status;
    fold->begun = true;
    store->value.used = 0;
    uint8_t *bytes = dk_buffer_reserve(&store->value, entry.value.size);
    if (!bytes)
        return dk_image_no_memory();
    memcpy(bytes, entry.value.bytes, entry.value.size);
    status = dk_env_pen_put(&fold->pen, dk_shelf_key(at), dk_log_removes(&entry) ? NULL : &store->value);
    return status == DOCKET_OK ? list_add(&store->log.folded, at) : status;
}

/* Up to *left entries from the hand on. */
static docket_status fold_from_hand(struct fold *fold, uint64_t *left)
{
    struct dk_ledger_log *log = &fold->store->log;
    struct dk_shelf_place place = dk_shelf_seek(&log->shelf, log->hand_kind, dk_key_slice(&log->hand));
    struct dk_shelf_entry *at = NULL;
    docket_status status = DOCKET_OK;
    for (; status == DOCKET_OK && *left > 0 && (at = dk_shelf_next(&log->shelf, &place)) != NULL; --*left)
        status = fold_one(fold, at);
    end_pen(fold);
    at = dk_shelf_next(&log->shelf, &place);
    log->hand_kind = at ? at->kind : 0;
    log->hand.size = at ? at->key_bytes : 0;
    if (at)
        memcpy(log->hand.bytes, at->key, at->key_bytes);
    return status;
}

/* The oldest parts, as long as nothing of them is on the shelf. */
static docket_status remove_parts(struct dk_store *store, MDB_txn *txn)
{
    struct dk_ledger_log *log = &store->log;
    docket_status status = DOCKET_OK;
    uint64_t most = PARTS_AT_ONCE + 2 * (uint64_t)log->parts_noted;
    while (status == DOCKET_OK && log->parts_gone < most && log->part_first + log->parts_gone < log->part_end) {
        const struct dk_log_part *part = part_of(log, log->part_first + log->parts_gone);
        struct dk_key key;
        if (part->live > 0)
            break;
        dk_key_of_part(&key, part->commit_number, part->number);
        status = dk_env_remove(store, txn, DK_KIND_LEDGERLOG, &key);
        log->parts_gone++;
    }
    return status;
}

/* A commit owes as many entries as it appends, times what waits by what may wait: so what waits comes to
 * that, and beyond it shrinks. Once it owes enough, it pays. */
static uint64_t entries_to_fold(struct dk_ledger_log *log)
{
    uint64_t least = log->wait / 8 < FOLD_ENTRIES ? log->wait / 8 + 1 : FOLD_ENTRIES;
    uint64_t most = 4 * (uint64_t)log->noted.count + least;
    log->owed += log->noted.count * (uint64_t)log->shelf.entries;
    uint64_t owed = log->owed / log->wait;
    if (owed < least)
        return 0;
    owed = owed < most ? owed : most;
    log->owed = 0;
    return owed < log->shelf.entries ? owed : log->shelf.entries;
}

docket_status dk_ledger_fold(struct dk_store *store, MDB_txn *txn)
{
    struct fold fold = {.store = store, .txn = txn};
    uint64_t left = entries_to_fold(&store->log);
    docket_status status = remove_parts(store, txn);
    if (status == DOCKET_OK && left > 0)
        status = fold_from_hand(&fold, &left);
    /* From the first key on again. An entry that was folded already is not met: left is at most all there are. */
    if (status == DOCKET_OK && left > 0)
        status = fold_from_hand(&fold, &left);
    return status;
}

/* ---- what became of it ---- */

static void forget(struct dk_ledger_log *log)
{
    log->noted.count = log->folded.count = 0;
    log->parts_noted = 0;
    log->parts_gone = 0;
    log->part.used = 0;
}

void dk_ledger_aborted(struct dk_store *store)
{
    for (size_t at = 0; at < store->log.noted.count; at++)
        free(store->log.noted.all[at]);
    forget(&store->log);
}

static void drop_folded(struct dk_ledger_log *log)
{
    for (size_t at = 0; at < log->folded.count; at++) {
        struct dk_shelf_entry *entry = log->folded.all[at];
        struct dk_shelf_entry *taken = dk_shelf_take(&log->shelf, entry->kind, dk_shelf_key(entry));
        part_of(log, taken->part)->live--;
        free(taken);
    }
}

docket_status dk_ledger_committed(struct dk_store *store)
{
    struct dk_ledger_log *log = &store->log;
    docket_status status = DOCKET_OK;
    size_t at = 0;
    if (log->noted.count == 0 && log->folded.count == 0 && log->parts_gone == 0)
        return DOCKET_OK;
    pthread_mutex_lock(&store->index_lock);
    drop_folded(log);
    log->part_first += log->parts_gone;
    for (uint32_t part = 0; status == DOCKET_OK && part < log->parts_noted; part++)
        status = add_part(log, store->meta.commit + 1, part);
    for (; status == DOCKET_OK && at < log->noted.count; at++)
        status = shelve(log, log->noted.all[at]);
    dk_store_relaxed(&log->backlog, log->shelf.entries);
    pthread_mutex_unlock(&store->index_lock);
    for (; at < log->noted.count; at++) /* of a store that has failed */
        free(log->noted.all[at]);
    forget(log);
    return status;
}

/* ---- open, free ---- */

docket_status dk_ledger_make(struct dk_store *store, MDB_txn *txn)
{
    docket_status status = DOCKET_OK;
    for (unsigned kind = DK_KIND_LEDGERLOG; status == DOCKET_OK && kind < DK_KIND_COUNT; kind++)
        status = dk_env_make_database(store, txn, (enum dk_kind)kind);
    return status;
}

static docket_status shelve_part(void *context, struct dk_slice name, struct dk_slice value)
{
    struct dk_store *store = context;
    struct dk_ledger_log *log = &store->log;
    struct dk_log_reader reader;
    bool more = true;
    docket_status status = dk_log_open(name, value, &reader);
    if (status == DOCKET_OK)
        status = add_part(log, reader.commit_number, reader.number);
    while (status == DOCKET_OK && more) {
        struct dk_log_entry entry;
        status = dk_log_next(&reader, &entry, &more);
        if (status != DOCKET_OK || !more)
            break;
        struct dk_shelf_entry *made = dk_shelf_make(entry.kind, entry.key);
        if (!made)
            return dk_image_no_memory();
        made->part = log->part_end - 1;
        made->offset = entry.offset;
        if (entry.kind == DK_KIND_ELSEWHERE)
            dk_store_relaxed(&log->has_elsewhere, 1);
        status = shelve(log, made);
    }
    return status;
}

docket_status dk_ledger_open(struct dk_store *store, MDB_txn *txn)
{
    struct dk_ledger_log *log = &store->log;
    MDB_stat tree;
    if (log->wait == 0)
        log->wait = WAIT;
    if (store->kinds < DK_KIND_COUNT)
        return DOCKET_OK; /* of a schema before: there is none yet */
    int error = mdb_stat(txn, store->dbi[DK_KIND_ELSEWHERE], &tree);
    if (error)
        return dk_env_fail(store, error, "count the texts of elsewhere");
    dk_store_relaxed(&log->has_elsewhere, tree.ms_entries > 0);
    /* From the oldest on: the newest entry of a key is the last one put. */
    docket_status status = dk_env_walk(store, txn, DK_KIND_LEDGERLOG, NULL, 0, shelve_part, store);
    dk_store_relaxed(&log->backlog, log->shelf.entries);
    return status;
}

void dk_ledger_free(struct dk_store *store)
{
    struct dk_ledger_log *log = &store->log;
    dk_ledger_aborted(store);
    dk_shelf_clear(&log->shelf);
    free(log->parts);
    free(log->noted.all);
    free(log->folded.all);
    dk_buffer_free(&log->part);
}
