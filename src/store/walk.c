/* SPDX-License-Identifier: MIT */
/*
 * walk: reading, each walk in a read transaction of its own, so that it sees
 * one commit and no part of another. A damaged record ends the walk.
 */
#include "store/inside.h"
#include "store/ledger_image.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

docket_status dk_walk_begin(struct dk_store *store, MDB_txn **txn)
{
    docket_status status = dk_commit_check_alive(store);
    return status == DOCKET_OK ? dk_env_begin(store, false, txn) : status;
}

/* ---- one walk over one database ---- */

static docket_status walk_alone(struct dk_store *store, enum dk_kind kind,
                                const struct dk_key *from, size_t prefix_bytes, dk_visit visit,
                                void *context)
{
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_env_walk(store, txn, kind, from, prefix_bytes, visit, context);
    mdb_txn_abort(txn);
    return status;
}

struct series_walk {
    docket_status (*each)(void *context, const struct dk_series_record *record);
    void *context;
};

static docket_status visit_series(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct series_walk *walk = context;
    struct dk_series_record record;
    docket_status status = dk_image_decode_series(key, value, &record);
    return status == DOCKET_OK ? walk->each(walk->context, &record) : status;
}

docket_status dk_store_each_series(struct dk_store *store,
                                   docket_status (*each)(void *context,
                                                         const struct dk_series_record *record),
                                   void *context)
{
    struct series_walk walk = {each, context};
    return walk_alone(store, DK_KIND_SERIES, NULL, 0, visit_series, &walk);
}

struct event_walk {
    docket_status (*each)(void *context, const struct dk_event *event);
    void *context;
};

static docket_status visit_event(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct event_walk *walk = context;
    struct dk_event event;
    docket_status status = dk_image_decode_event(key, value, &event);
    return status == DOCKET_OK ? walk->each(walk->context, &event) : status;
}

docket_status dk_store_each_event(struct dk_store *store, uint64_t from,
                                  docket_status (*each)(void *context,
                                                        const struct dk_event *event),
                                  void *context)
{
    struct event_walk walk = {each, context};
    struct dk_key first;
    dk_key_of_event(&first, from);
    return walk_alone(store, DK_KIND_EVENTS, &first, 0, visit_event, &walk);
}

/* ---- counters: the journal's, then the folded ones that it does not replace ---- */

struct counter_walk {
    docket_status (*each)(void *context, const struct dk_counter_image *image);
    void *context;
    struct dk_seen seen;
};

/* More periods of one series than this in the journal at once: a clock that was
 * set to and fro. */
enum { SPOTS = 32 };

static docket_status visit_folded(void *context, struct dk_slice key, struct dk_slice value)
{
    const struct counter_walk *walk = context;
    struct dk_counter_image image;
    docket_status status = dk_image_decode_counter(key, value, &image);
    if (status != DOCKET_OK)
        return status;
    if (!dk_seen_has(&walk->seen, image.series_id, image.period))
        status = walk->each(walk->context, &image);
    dk_image_free_counter(&image);
    return status;
}

struct one_series {
    docket_status (*each)(void *context, const struct dk_counter_image *image);
    void *context;
    uint64_t series_id;
};

static docket_status show_of_series(void *context, const struct dk_counter_image *image)
{
    const struct one_series *one = context;
    return image->series_id == one->series_id ? one->each(one->context, image) : DOCKET_OK;
}

/* Each image at a spot, and into seen which they were. */
static docket_status show_spots(struct dk_store *store, MDB_txn *txn, const struct dk_spot *spots, size_t count,
                                struct counter_walk *walk)
{
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < count; at++) {
        bool found = false, added;
        status = dk_journal_show(store, txn, &spots[at], walk->each, walk->context, &found);
        if (status == DOCKET_OK && found)
            status = dk_seen_add(&walk->seen, spots[at].series_id, spots[at].period, &added);
    }
    return status;
}

docket_status dk_walk_counters(struct dk_store *store, MDB_txn *txn,
                               docket_status (*each)(void *context, const struct dk_counter_image *image), void *context)
{
    struct counter_walk walk = {.each = each, .context = context};
    docket_status status = dk_journal_walk(store, txn, &walk.seen, each, context);
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_COUNTERS, NULL, 0, visit_folded, &walk);
    dk_seen_free(&walk.seen);
    return status;
}

docket_status dk_store_each_counter(struct dk_store *store,
                                    docket_status (*each)(void *context,
                                                          const struct dk_counter_image *image),
                                    void *context)
{
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = dk_walk_counters(store, txn, each, context);
    mdb_txn_abort(txn);
    return status;
}

docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context,
                                                             const struct dk_counter_image *image),
                                       void *context)
{
    struct counter_walk walk = {.each = each, .context = context};
    struct one_series one = {each, context, series_id};
    struct dk_spot spots[SPOTS];
    struct dk_key from;
    MDB_txn *txn;
    size_t count;
    docket_status status = dk_commit_check_alive(store);
    if (series_id == 0 || status != DOCKET_OK)
        return status;
    status = dk_journal_begin_of(store, series_id, &txn, spots, SPOTS, &count);
    if (status != DOCKET_OK)
        return status;
    dk_key_of_counter(&from, series_id, 0);
    status = count <= SPOTS ? show_spots(store, txn, spots, count, &walk)
                            : dk_journal_walk(store, txn, &walk.seen, show_of_series, &one);
    if (status == DOCKET_OK)
        status = dk_env_walk(store, txn, DK_KIND_COUNTERS, &from, 8, visit_folded, &walk);
    mdb_txn_abort(txn);
    dk_seen_free(&walk.seen);
    return status;
}

docket_status dk_store_find_series(struct dk_store *store, const char *tenant, const char *name,
                                   struct dk_series_record *record, bool *found)
{
    struct dk_key key;
    struct dk_slice value;
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    dk_key_of_series(&key, tenant, name);
    status = dk_env_get(store, txn, DK_KIND_SERIES, &key, &value, found);
    if (status == DOCKET_OK && *found)
        status = dk_image_decode_series(dk_key_slice(&key), value, record);
    mdb_txn_abort(txn);
    return status;
}

/* ---- verify ---- */

struct check {
    uint64_t records;
    uint64_t commit;     /* of the store in this transaction */
    struct dk_chain_walk chain;
    uint64_t sum;        /* of the checksums of the records so far ... */
    uint64_t ledger_sum; /* ... and of the ledger's folded ones */
    unsigned kind;
    const dk_word *stop; /* NULL: nobody stops the walk */
    struct dk_ids ids;      /* of series */
    uint64_t last_id;
};

static docket_status check_meta(void *context, struct dk_slice key, struct dk_slice value)
{
    ((struct check *)context)->records++;
    return dk_meta_check(key, value);
}

static docket_status check_series(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    struct dk_series_record record;
    bool added = false;
    check->records++;
    docket_status status = dk_image_decode_series(key, value, &record);
    if (status == DOCKET_OK)
        status = dk_ids_add(&check->ids, record.id, &added);
    if (status == DOCKET_OK && !added)
        status = dk_record_damaged(DK_KIND_SERIES, key, "has the id of another series");
    if (status == DOCKET_OK && record.id > check->last_id)
        check->last_id = record.id;
    return status;
}

static docket_status check_counter(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_counter_image image;
    ((struct check *)context)->records++;
    docket_status status = dk_image_decode_counter(key, value, &image);
    if (status == DOCKET_OK)
        dk_image_free_counter(&image);
    return status;
}

static docket_status check_part(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    struct dk_part_reader part;
    check->records++;
    docket_status status = dk_image_open_part(key, value, &part);
    if (status == DOCKET_OK && part.commit_number > check->commit)
        status = dk_record_damaged(DK_KIND_JOURNAL, key, "is newer than the last commit");
    bool more = true;
    while (status == DOCKET_OK && more) {
        struct dk_counter_image image;
        status = dk_image_next_in_part(&part, &image, &more);
        if (status == DOCKET_OK && more)
            dk_image_free_counter(&image);
    }
    return status;
}

static docket_status check_range(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_fate_record unused;
    ((struct check *)context)->records++;
    return dk_image_decode_range(key, value, &unused);
}

static docket_status check_event(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    struct dk_event event;
    check->records++;
    docket_status status = dk_image_decode_event(key, value, &event);
    if (status == DOCKET_OK)
        dk_chain_step(&check->chain, value, &event);
    return status;
}

static docket_status check_text(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    struct dk_text_record record;
    check->records++;
    docket_status status = dk_image_decode_text(key, value, &record);
    if (status == DOCKET_OK && !dk_ids_have(&check->ids, record.series_id))
        status = dk_record_damaged(DK_KIND_TEXTS, key, "speaks of a series that is not there");
    return status;
}

static docket_status check_ledger(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_ledger_record unused;
    ((struct check *)context)->records++;
    return dk_image_decode_ledger(key, value, &unused);
}

static docket_status check_key(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_key_read read = {0};
    ((struct check *)context)->records++;
    docket_status status = dk_image_decode_key(key, value, &read);
    dk_image_free_key(&read);
    return status;
}

static docket_status check_hold(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_hold_read unused;
    ((struct check *)context)->records++;
    return dk_image_decode_hold(key, value, &unused);
}

static docket_status check_elsewhere(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_elsewhere_read unused;
    ((struct check *)context)->records++;
    return dk_image_decode_elsewhere(key, value, &unused);
}

static docket_status check_log(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    struct dk_log_reader reader;
    bool more = true;
    check->records++;
    docket_status status = dk_log_open(key, value, &reader);
    if (status == DOCKET_OK && reader.commit_number > check->commit)
        status = dk_record_damaged(DK_KIND_LEDGERLOG, key, "is newer than the last commit");
    while (status == DOCKET_OK && more) {
        struct dk_log_entry entry;
        status = dk_log_next(&reader, &entry, &more);
        if (status == DOCKET_OK && more)
            status = dk_log_check(&entry);
    }
    return status;
}

static const dk_visit checks[DK_KIND_COUNT] = {
    [DK_KIND_META] = check_meta,        [DK_KIND_SERIES] = check_series,
    [DK_KIND_COUNTERS] = check_counter, [DK_KIND_JOURNAL] = check_part,
    [DK_KIND_RANGES] = check_range,     [DK_KIND_EVENTS] = check_event,
    [DK_KIND_TEXTS] = check_text,       [DK_KIND_LEDGERLOG] = check_log,
    [DK_KIND_LEDGER] = check_ledger,    [DK_KIND_KEYS] = check_key,
    [DK_KIND_HOLDS] = check_hold,       [DK_KIND_ELSEWHERE] = check_elsewhere,
};

static docket_status check_record(void *context, struct dk_slice key, struct dk_slice value)
{
    struct check *check = context;
    if (check->stop && dk_load_relaxed(check->stop) != 0) /* Relaxed: only itself */
        return dk_fail(DOCKET_BUSY, "the ledger was not read to its end");
    if (dk_kind_is_folded_ledger(check->kind))
        check->ledger_sum += dk_env_checksum_of(value);
    else if (check->kind != DK_KIND_META || !dk_meta_is_sum(key))
        check->sum += dk_env_checksum_of(value);
    return checks[check->kind](context, key, value);
}

static docket_status do_not_add_up(void)
{
    return dk_fail(DOCKET_DAMAGED, "the store's records do not add up: some are missing, or older ones have come "
                                   "back; keep the store as it is and restore the newest good copy");
}

/* Sound records are not enough: a flipped bit in a pointer of the tree can hide
 * some, or show older ones; in a head, the state of the commit before. */
static docket_status check_whole(struct dk_store *store, MDB_txn *txn, const struct dk_meta *meta,
                                 const struct check *check, bool ledger)
{
    uint64_t other;
    if (check->sum != meta->sum || (ledger && check->ledger_sum != meta->ledger_sum))
        return do_not_add_up();
    if (store->copied) /* its heads are of LMDB's copy; what it was taken of is told by its SHA-256 */
        return DOCKET_OK;
    /* A commit may be writing the head that is read: then it is soon there. */
    for (int tries = 0; tries < 3; tries++) {
        docket_status status = dk_env_head(store, (mdb_txn_id(txn) + 1) & 1, &other);
        if (status != DOCKET_OK || other == meta->before || dk_env_commits(store) != mdb_txn_id(txn))
            return status; /* a later commit has taken the head's place: nothing is to be said of it */
        struct timespec pause = {.tv_nsec = 10000000};
        nanosleep(&pause, NULL);
    }
    return dk_fail(DOCKET_DAMAGED, "the two heads of the store's file do not belong together: the last commit may be "
                                   "hidden; keep the store as it is and restore the newest good copy");
}

static docket_status check_kind(struct dk_store *store, MDB_txn *txn, struct check *check, unsigned kind)
{
    check->kind = kind;
    return dk_env_walk(store, txn, (enum dk_kind)kind, NULL, 0, check_record, check);
}

/* The events, whose hashes take longest, by a thread of their own in a read transaction of their own: while a store is
 * opened nobody commits, so that it shows the same. */
struct beside {
    struct dk_store *store;
    struct check check;
    docket_status status;
    char sentence[DK_ERROR_BYTES]; /* of this thread */
    pthread_t thread;
    bool running;
};

static void *check_events(void *context)
{
    struct beside *beside = context;
    MDB_txn *txn;
    beside->status = dk_env_begin(beside->store, false, &txn);
    if (beside->status == DOCKET_OK) {
        beside->status = check_kind(beside->store, txn, &beside->check, DK_KIND_EVENTS);
        mdb_txn_abort(txn);
    }
    if (beside->status != DOCKET_OK)
        snprintf(beside->sentence, sizeof beside->sentence, "%s", dk_error_text());
    return NULL;
}

enum { MANY_LEAVES = 256 }; /* of fewer a thread is not worth it */

static void begin_beside(struct beside *beside, struct dk_store *store, MDB_txn *txn, const struct dk_meta *meta)
{
    MDB_stat tree;
    *beside = (struct beside){.store = store, .check.commit = meta->commit};
    if (mdb_stat(txn, store->dbi[DK_KIND_EVENTS], &tree) != 0 || tree.ms_leaf_pages < MANY_LEAVES)
        return;
    dk_chain_begin(&beside->check.chain, meta);
    beside->running = pthread_create(&beside->thread, NULL, check_events, beside) == 0;
}

static docket_status end_beside(struct beside *beside, struct check *check, docket_status status)
{
    if (!beside->running)
        return status;
    pthread_join(beside->thread, NULL);
    check->records += beside->check.records;
    check->sum += beside->check.sum;
    check->chain = beside->check.chain;
    return status != DOCKET_OK || beside->status == DOCKET_OK ? status : dk_fail(beside->status, "%s", beside->sentence);
}

docket_status dk_walk_verify(struct dk_store *store, MDB_txn *txn, bool ledger, bool opening, uint64_t *records,
                             uint64_t *last, struct dk_audit *audit)
{
    struct dk_meta meta;
    struct check check = {0};
    struct beside beside = {0};
    docket_status status = dk_meta_read(store, txn, &meta);
    if (status != DOCKET_OK)
        return status;
    check.commit = meta.commit;
    dk_chain_begin(&check.chain, &meta);
    if (opening)
        begin_beside(&beside, store, txn, &meta);
    for (unsigned kind = 0; status == DOCKET_OK && kind < store->kinds; kind++)
        if ((ledger || !dk_kind_is_folded_ledger(kind)) && !(beside.running && kind == DK_KIND_EVENTS))
            status = check_kind(store, txn, &check, kind);
    status = end_beside(&beside, &check, status);
    if (status == DOCKET_OK)
        status = check_whole(store, txn, &meta, &check, ledger);
    dk_ids_free(&check.ids);
    if (status == DOCKET_OK) {
        dk_chain_end(&check.chain);
        *records = check.records;
        *last = check.last_id;
        *audit = check.chain.audit;
    }
    return status;
}

/* The file, page by page, while a read transaction keeps the pages of its commit
 * and of all later ones from being used again. What looks damaged while a commit
 * wrote a head is looked at once more. */
static docket_status check_pages(struct dk_store *store, const dk_word *stop)
{
    docket_status status;
    size_t before;
    int tries = 0;
    do {
        before = dk_env_commits(store);
        status = dk_env_check_pages(store, DK_STORE_FOLDER, UINT64_MAX, stop);
    } while (status == DOCKET_DAMAGED && dk_env_commits(store) != before && ++tries < 10);
    return status;
}

/* ---- a ledger that opening left unread ---- */

bool dk_store_left_unread(const struct dk_store *store)
{
    return store->ledger_unread;
}

static docket_status add_up_ledger(struct dk_store *store, MDB_txn *txn, const dk_word *stop)
{
    struct check check = {.kind = DK_KIND_LEDGER, .stop = stop};
    struct dk_meta meta;
    docket_status status = dk_meta_read(store, txn, &meta);
    for (; status == DOCKET_OK && check.kind < DK_KIND_COUNT; check.kind++)
        status = dk_env_walk(store, txn, (enum dk_kind)check.kind, NULL, 0, check_record, &check);
    if (status == DOCKET_OK && check.ledger_sum != meta.ledger_sum)
        status = do_not_add_up();
    return status;
}

docket_status dk_store_read_ledger(struct dk_store *store, const dk_word *stop)
{
    MDB_txn *txn;
    docket_status status = dk_walk_begin(store, &txn);
    if (status != DOCKET_OK)
        return status;
    status = check_pages(store, stop);
    if (status == DOCKET_OK)
        status = add_up_ledger(store, txn, stop);
    mdb_txn_abort(txn);
    return status;
}

docket_status dk_walk_verify_all(struct dk_store *store, struct dk_log_view *view, bool alone, uint64_t *records)
{
    struct dk_audit audit;
    uint64_t last;
    docket_status status = dk_walk_verify(store, view->txn, true, alone, records, &last, &audit);
    if (status == DOCKET_OK && audit.broken != 0)
        status = dk_audit_broken(&audit);
    if (status == DOCKET_OK)
        status = dk_ledger_verify(store, view);
    return status == DOCKET_OK ? dk_law_check(store, view->txn) : status;
}

docket_status dk_store_verify(struct dk_store *store, uint64_t *records)
{
    struct dk_log_view view;
    docket_status status = dk_view_begin(store, DK_KIND_META, NULL, 0, &view);
    if (status != DOCKET_OK)
        return status;
    status = check_pages(store, NULL); /* first: LMDB trusts them */
    if (status == DOCKET_OK)
        status = dk_walk_verify_all(store, &view, false, records);
    dk_view_end(&view);
    return status;
}
