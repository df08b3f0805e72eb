/* SPDX-License-Identifier: MIT */
/*
 * ledger_view: what log and databases say together, at one moment: where the log's newest
 * entries lie, copied off the shelf, and a transaction that shows them and what was folded.
 */
#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

static bool begins_so(struct dk_slice key, const struct dk_key *from, size_t prefix_bytes)
{
    return !from || (key.size >= prefix_bytes && memcmp(key.bytes, from->bytes, prefix_bytes) == 0);
}

static int compare(struct dk_slice a, struct dk_slice b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* ---- a view ---- */

/* The entry as a reader may keep it. Under the index's lock. */
static struct dk_log_spot spot_of(const struct dk_ledger_log *log, const struct dk_shelf_entry *entry)
{
    const struct dk_log_part *part = &log->parts[entry->part & (log->part_room - 1)];
    return (struct dk_log_spot){
        .commit_number = part->commit_number, .part = part->number, .offset = entry->offset, .kind = entry->kind};
}

static docket_status copy_spots(struct dk_log_view *view, enum dk_kind kind, const struct dk_key *from,
                                size_t prefix_bytes)
{
    const struct dk_ledger_log *log = &view->store->log;
    struct dk_slice first = from ? dk_key_slice(from) : (struct dk_slice){(const uint8_t *)"", 0};
    struct dk_shelf_place place = dk_shelf_seek(&log->shelf, from ? kind : 0, first);
    const struct dk_shelf_entry *entry;
    size_t room = 0;
    while ((entry = dk_shelf_next(&log->shelf, &place)) != NULL) {
        if (from && (entry->kind != kind || !begins_so(dk_shelf_key(entry), from, prefix_bytes)))
            break;
        if (view->count == room) {
            room = room * 2 + 64;
            struct dk_log_spot *grown = realloc(view->spots, room * sizeof *grown);
            if (!grown)
                return dk_fail(DOCKET_NO_MEMORY, "no memory for %zu entries of the ledger's log", room);
            view->spots = grown;
        }
        view->spots[view->count++] = spot_of(log, entry);
    }
    return DOCKET_OK;
}

docket_status dk_view_begin(struct dk_store *store, enum dk_kind kind, const struct dk_key *from, size_t prefix_bytes,
                            struct dk_log_view *view)
{
    *view = (struct dk_log_view){.store = store};
    docket_status status = dk_commit_check_alive(store);
    if (status != DOCKET_OK)
        return status;
    pthread_mutex_lock(&store->index_lock);
    status = dk_env_begin(store, false, &view->txn);
    if (status == DOCKET_OK)
        status = copy_spots(view, kind, from, prefix_bytes);
    pthread_mutex_unlock(&store->index_lock);
    if (status != DOCKET_OK)
        dk_view_end(view);
    return status;
}

docket_status dk_view_of(struct dk_store *store, MDB_txn *txn, struct dk_log_view *view)
{
    *view = (struct dk_log_view){.store = store, .txn = txn};
    return copy_spots(view, DK_KIND_META, NULL, 0);
}

void dk_view_end(struct dk_log_view *view)
{
    if (view->txn)
        mdb_txn_abort(view->txn);
    free(view->spots);
    view->txn = NULL;
    view->spots = NULL;
}

/* Into spot->entry, unless it was read before. */
static docket_status read_spot(struct dk_store *store, MDB_txn *txn, struct dk_log_spot *spot)
{
    struct dk_slice value;
    struct dk_key name;
    bool found;
    if (spot->entry.key.bytes)
        return DOCKET_OK;
    dk_key_of_part(&name, spot->commit_number, spot->part);
    docket_status status = dk_env_get(store, txn, DK_KIND_LEDGERLOG, &name, &value, &found);
    if (status == DOCKET_OK && !found)
        status = dk_record_damaged(DK_KIND_LEDGERLOG, dk_key_slice(&name), "is missing");
    struct dk_log_entry entry;
    if (status == DOCKET_OK)
        status = dk_log_at(dk_key_slice(&name), value, spot->offset, &entry);
    if (status == DOCKET_OK && entry.kind != spot->kind)
        status = dk_record_damaged(DK_KIND_LEDGERLOG, dk_key_slice(&name), "does not hold what it held");
    if (status == DOCKET_OK)
        spot->entry = entry;
    return status;
}

/* ---- one key ---- */

docket_status dk_view_find_one(struct dk_store *store, enum dk_kind kind, const struct dk_key *key, dk_log_visit visit,
                               void *context, bool *found)
{
    struct dk_slice value = {0};
    struct dk_log_spot spot;
    MDB_txn *txn;
    *found = false;
    docket_status status = dk_commit_check_alive(store);
    if (status != DOCKET_OK)
        return status;
    pthread_mutex_lock(&store->index_lock);
    status = dk_env_begin(store, false, &txn);
    const struct dk_shelf_entry *at = dk_shelf_find(&store->log.shelf, kind, dk_key_slice(key));
    if (at)
        spot = spot_of(&store->log, at);
    pthread_mutex_unlock(&store->index_lock);
    if (status != DOCKET_OK)
        return status;
    if (at) {
        status = read_spot(store, txn, &spot);
        value = spot.entry.value;
        *found = status == DOCKET_OK && !dk_log_removes(&spot.entry);
    } else {
        status = dk_env_get(store, txn, kind, key, &value, found);
    }
    if (status == DOCKET_OK && *found)
        status = visit(context, dk_key_slice(key), value);
    mdb_txn_abort(txn);
    return status;
}

/* The first spot that is not below (kind, key). */
static docket_status seek(struct dk_log_view *view, enum dk_kind kind, struct dk_slice key, size_t *place)
{
    size_t low = 0, high = view->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct dk_log_spot *spot = &view->spots[middle];
        docket_status status = spot->kind == kind ? read_spot(view->store, view->txn, spot) : DOCKET_OK;
        if (status != DOCKET_OK)
            return status;
        bool below = spot->kind < kind || (spot->kind == kind && compare(spot->entry.key, key) < 0);
        low = below ? middle + 1 : low;
        high = below ? high : middle;
    }
    *place = low;
    return DOCKET_OK;
}

/* The log's entry of this very key; NULL: it has none. */
static docket_status find_in_log(struct dk_log_view *view, enum dk_kind kind, struct dk_slice key,
                                 const struct dk_log_entry **entry)
{
    size_t place = 0;
    docket_status status = seek(view, kind, key, &place);
    *entry = NULL;
    if (status != DOCKET_OK || place >= view->count || view->spots[place].kind != kind)
        return status;
    struct dk_log_spot *spot = &view->spots[place];
    status = read_spot(view->store, view->txn, spot);
    if (status == DOCKET_OK && compare(spot->entry.key, key) == 0)
        *entry = &spot->entry;
    return status;
}

docket_status dk_view_find(struct dk_log_view *view, enum dk_kind kind, struct dk_slice key, struct dk_slice *value,
                           bool *found)
{
    const struct dk_log_entry *entry;
    struct dk_key name = {.size = key.size};
    docket_status status = find_in_log(view, kind, key, &entry);
    if (status != DOCKET_OK)
        return status;
    if (entry) {
        *found = !dk_log_removes(entry);
        *value = entry->value;
        return DOCKET_OK;
    }
    if (key.size > sizeof name.bytes)
        return dk_record_damaged(kind, key, "has an impossible key");
    memcpy(name.bytes, key.bytes, key.size);
    return dk_env_get(view->store, view->txn, kind, &name, value, found);
}

/* ---- all, log and databases merged ---- */

struct merge {
    struct dk_log_view *view;
    enum dk_kind kind;
    const struct dk_key *from;
    size_t prefix_bytes;
    dk_log_visit visit;
    void *context;
    size_t place; /* of the next spot ... */
    bool more;    /* ... if there is one, which was read */
};

static const struct dk_log_entry *next_of(const struct merge *merge)
{
    return &merge->view->spots[merge->place].entry;
}

static docket_status advance(struct merge *merge)
{
    struct dk_log_view *view = merge->view;
    merge->more = merge->place < view->count && view->spots[merge->place].kind == merge->kind;
    if (!merge->more)
        return DOCKET_OK;
    docket_status status = read_spot(view->store, view->txn, &view->spots[merge->place]);
    merge->more = status == DOCKET_OK && begins_so(next_of(merge)->key, merge->from, merge->prefix_bytes);
    return status;
}

/* What the log says of keys below this one (NULL: of all that are left). */
static docket_status show_log(struct merge *merge, const struct dk_slice *below)
{
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && merge->more && (!below || compare(next_of(merge)->key, *below) < 0)) {
        const struct dk_log_entry *entry = next_of(merge);
        if (!dk_log_removes(entry))
            status = merge->visit(merge->context, entry->key, entry->value);
        merge->place++;
        if (status == DOCKET_OK)
            status = advance(merge);
    }
    return status;
}

static docket_status visit_folded(void *context, struct dk_slice key, struct dk_slice value)
{
    struct merge *merge = context;
    docket_status status = show_log(merge, &key);
    if (status != DOCKET_OK || (merge->more && compare(next_of(merge)->key, key) == 0))
        return status; /* the log's is newer, and comes next */
    return merge->visit(merge->context, key, value);
}

docket_status dk_view_walk(struct dk_log_view *view, enum dk_kind kind, const struct dk_key *from,
                           size_t prefix_bytes, dk_log_visit visit, void *context)
{
    struct merge merge = {view, kind, from, prefix_bytes, visit, context, 0, false};
    struct dk_slice first = from ? dk_key_slice(from) : (struct dk_slice){(const uint8_t *)"", 0};
    docket_status status = seek(view, kind, first, &merge.place);
    if (status == DOCKET_OK)
        status = advance(&merge);
    if (status == DOCKET_OK)
        status = dk_env_walk(view->store, view->txn, kind, from, prefix_bytes, visit_folded, &merge);
    return status == DOCKET_OK ? show_log(&merge, NULL) : status;
}
