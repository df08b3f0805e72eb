/* SPDX-License-Identifier: MIT */
/*
 * inside: what the files of src/store/ share with each other. No file outside
 * of src/store/ includes this (or lmdb.h).
 *
 *   store.c    open and close        env.c      LMDB: environment, put, get, walk
 *   create.c   the first commit      meta.c     the store's own records
 *   commit.c   one transaction       journal.c  append, fold, newest first
 *   walk.c     reading               lock.c     REALM/docketd.lock
 *   image.c    records as bytes (image_series.c, record.c, seen.c)
 *   pages.c    the file, before LMDB trusts it
 *   index.c    where in the journal a counter lies
 *   fold.c     from the journal to records of their own
 *   texts.c    what each series writes
 *   chain.c    events, each with the hash of all before it
 *   law.c      what must hold within each counter
 *   ledger.c   what a commit says of tracked numbers; ledger_log.c appends and folds it (ledger_log.h says
 *              which files serve it), pen.c writes many records
 *   witnesses/ who may know whether this store is the latest: witness.c the near one, far.c, hook.c; vouch.c asks all
 *              of them, marks.c is noted for who must accept an older one
 *   copies/    copy.c the store as one file, while commits go on; backup.c reads one, restore.c and arrive.c make
 *              it a realm's store (bring.c), move.c parts from one
 *   migrations/ from one schema to the next: migrate.c, the steps, facts.c what they must leave alone
 */
#ifndef DK_STORE_INSIDE_H
#define DK_STORE_INSIDE_H

#include "base/atomics.h"
#include "base/files.h"
#include "store/image.h"
#include "store/index.h"
#include "store/ledger_log.h"
#include "store/migrations/facts.h"
#include "store/seen.h"
#include "store/store.h"
#include "store/witnesses/witness.h"

#include <lmdb.h>
#include <pthread.h>

#define DK_STORE_FOLDER "store"
#define DK_STORE_MAKING "store.new-"

/* The first schema that has `texts`, and the trusted time; the ledger; the fence and the running digest. */
#define DK_TEXTS_SCHEMA 4u
#define DK_TIME_SCHEMA 4u
#define DK_LEDGER_SCHEMA 5u
#define DK_FENCE_SCHEMA 6u

/* The first schema whose events are a chain. */
#define DK_CHAIN_SCHEMA 5u

/* How many of the databases a store of this schema has. */
static inline unsigned dk_kinds_of(uint64_t schema)
{
    return schema < DK_TEXTS_SCHEMA ? DK_KIND_TEXTS : schema < DK_LEDGER_SCHEMA ? DK_KIND_LEDGERLOG : DK_KIND_COUNT;
}

/* The wall clock as it was trusted, and the boot's clock beside it. All zero:
 * not known. */
struct dk_time {
    uint64_t wall_ns; /* UTC */
    uint64_t boot_ns; /* CLOCK_BOOTTIME ... */
    uint8_t boot_id[16]; /* ... of this boot */
};

/* Which witnesses the store counts on beside the near one, and who opened it last. */
enum { DK_FAR_BYTES = 256 }; /* of the far witness's folder, with its zero */
enum dk_keeps {
    DK_KEEPS_FAR = 1,
    DK_KEEPS_HOOK = 2,
    DK_KEEPS_LIMIT = 4
};
struct dk_guard {
    uint64_t kept;     /* of enum dk_keeps: a start without one of these is refused */
    uint8_t token[16]; /* drawn by the opening of this generation: two copies of one generation differ in it */
    char folder[DK_FAR_BYTES]; /* where the far one lies: whoever runs a copy on this host finds it, whatever his settings */
};

/* The store's own records, one each. */
struct dk_meta {
    uint64_t schema_version;
    uint64_t generation; /* counts opens; each opening commits one more */
    uint64_t commit;     /* number of the last commit */
    uint64_t clean;      /* 1: the last docketd stopped in order */
    uint64_t inode;      /* of data.mdb: a copy has another (recorded only) */
    uint8_t store_id[16];
    uint8_t boot_id[16];
    uint8_t machine_id[16]; /* /etc/machine-id, zeros if unreadable (recorded only) */
    struct dk_guard guard;
    struct dk_fence fence;
    struct dk_trail trail; /* of the events, as of this commit */
    struct dk_time time; /* trusted, when the commit was written */
    uint64_t before;     /* hash of the file's head that was in force before this commit */
    uint8_t run[DK_DIGEST_BYTES]; /* of all commits: SHA-256 of the one before it, the commit's number, and its sum so far */
    uint64_t ledger_sum; /* of the checksums of the ledger's folded records: a start does not add up large ones */
    uint64_t sum;        /* of the checksums of all other records but this one */
};

/* A witness beside the near one, as it was found at opening; far.c. */
struct dk_other {
    enum dk_witness_find found;
    struct dk_witness witness;
    char why[160]; /* why it could not be looked at; "" */
};

/* The far witness, and the locks that keep a second copy of the store out. */
struct dk_far {
    bool looked;   /* dk_far_open() was here */
    int fd;        /* of its folder; -1: none is kept */
    int lock_fd;   /* there; -1 */
    int host_lock_fd; /* in the runtime root; -1 */
    char folder[DK_FAR_BYTES];
    char name[40]; /* of the file: the store id */
    struct dk_other other;
    dk_word series_last; /* highest series id, for who notes marks beside the committing thread */
    uint64_t marks_sum;  /* of the marks that were noted last; 0: none */
};

/* The witness that a command keeps; hook.c. */
struct dk_hook {
    const struct dk_witness_command *command; /* NULL: none */
    struct dk_other other;
    dk_word covered;    /* no commit passes it before the command was told more */
    dk_word durable;    /* the last commit */
    bool runs;          /* the thread: what is told between opening and stop is told by it */
    pthread_t thread;
    pthread_mutex_t lock; /* held for the next two */
    bool stops;
    struct dk_witness now; /* what may be told */
    pthread_cond_t stirred, covers_more;
};

/* An image of this commit, in this part of its. */
struct dk_noted {
    uint64_t series_id;
    int32_t period;
    uint32_t part;
    uint32_t offset;
};

struct dk_store {
    MDB_env *env;
    MDB_dbi dbi[DK_KIND_COUNT];
    size_t map_bytes;
    char realm[DK_PATH_BYTES];
    int realm_fd;
    int lock_fd;
    size_t allocated; /* bytes of data.mdb that surely have their blocks */
    int witness_fd; /* the witness's directory */
    char witness_name[256];
    struct dk_witness witness; /* as it is on the disk */
    struct dk_far far;
    struct dk_hook hook;
    struct dk_meta meta;       /* as it is on the disk */
    unsigned kinds;            /* its file has so many of the databases, the first ones */
    uint64_t as_schema;        /* read as if it were of this schema; 0: of the one that it says */
    uint64_t says_schema;      /* ... which is this one */
    uint8_t boot_id[16];       /* of this boot */
    pthread_mutex_t time_lock; /* held for the next five */
    struct dk_time time;       /* as it is on the disk */
    struct dk_time time_noted; /* of this commit */
    int64_t ahead_max_ns;      /* a wall clock that is farther ahead of the carried time is not recorded */
    bool accepts_wall;         /* an admin's word, until it is on the disk */
    bool noted_accepted;       /* this commit carries it */
    uint64_t sum;           /* meta.sum as it will be after this transaction */
    uint64_t ledger_sum;    /* ... and meta.ledger_sum */
    uint64_t series_last;
    uint64_t event_last;
    uint8_t run[DK_DIGEST_BYTES]; /* ... and meta.run */
    struct dk_trail trail;  /* meta.trail as it will be after this transaction */
    bool trail_moved;       /* ... and it will be another one */
    struct dk_buffer value; /* the committing thread's own */
    /* The journal: what a commit changes of it becomes the index's when it is durable. */
    pthread_mutex_t index_lock; /* held for the index, and while a reader's transaction begins */
    struct dk_index index;
    struct dk_noted *noted;     /* of this commit: images put ... */
    size_t noted_count, noted_room;
    struct dk_spot *folded;     /* ... images that have records of their own now ... */
    size_t folded_count;
    uint32_t parts_dropped;     /* ... the oldest parts ... */
    bool emptied;               /* ... or the whole journal */
    uint64_t fold_from;         /* the series that a fold goes on with */
    struct dk_ledger_log log;
    bool copied;                /* a copy that was opened to be read: backup.c */
    bool ledger_unread;         /* at open, since it is large */
    uint64_t ledger_pages;      /* the ledger's databases are read at open if none has more leaves */
    dk_word failed;         /* 1 after a failed commit: invariant 3 of store.h */
};

/* ---- env.c ---- */

/* What an LMDB error stands for, with its sentence. doing: "commit". */
docket_status dk_env_fail(const struct dk_store *store, int error, const char *doing);

/* Refuses releases of LMDB that are known to break us. */
docket_status dk_env_check_version(int major, int minor, int patch) DK_MUST_USE;

/* Opens folder (below the realm) and preallocates its data file; with create
 * makes the databases. Everything is undone by dk_env_close(). */
docket_status dk_env_open(struct dk_store *store, const struct dk_store_options *options,
                          const char *folder, bool create) DK_MUST_USE;
/* Opens the file at path to be read, by nobody else's leave: no lock file is made or asked. */
docket_status dk_env_open_copy(struct dk_store *store, const char *path) DK_MUST_USE;
void dk_env_close(struct dk_store *store);
docket_status dk_env_make_database(struct dk_store *store, MDB_txn *txn, enum dk_kind kind) DK_MUST_USE;
/* Before LMDB trusts it, and while a reader keeps its pages: is the file whole? */
docket_status dk_env_check_pages(const struct dk_store *store, const char *folder, uint64_t ledger_pages,
                                 const dk_word *stop) DK_MUST_USE;
/* LMDB's number of the last commit. */
size_t dk_env_commits(const struct dk_store *store);

docket_status dk_env_begin(struct dk_store *store, bool write, MDB_txn **txn) DK_MUST_USE;

docket_status dk_env_put(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, const struct dk_buffer *value) DK_MUST_USE;
/* As dk_env_put(), of the record that holds the sum itself. */
docket_status dk_env_put_sum(struct dk_store *store, MDB_txn *txn, const struct dk_key *key,
                             const struct dk_buffer *value) DK_MUST_USE;
/* Nothing happens if it is not there. */
docket_status dk_env_remove(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                            const struct dk_key *key) DK_MUST_USE;
docket_status dk_env_empty(struct dk_store *store, MDB_txn *txn, enum dk_kind kind) DK_MUST_USE;
/* The checksum that ends a value; 0 of one that is too short to have one. */
uint64_t dk_env_checksum_of(struct dk_slice value);
enum { DK_HEAD_BYTES = 16 + 136 };
/* mdb_txn_commit(), which leaves the file's other head as it was if it fails. */
int dk_env_commit(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
/* Hash of one of the two heads of LMDB's file: which is 0 or 1. Commit number n
 * of LMDB writes head n & 1. */
docket_status dk_env_head(struct dk_store *store, unsigned which, uint64_t *hash) DK_MUST_USE;
/* Room for a new record's value, to be filled before anything else is written; who fills it adds its checksum to the sum. */
docket_status dk_env_reserve(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, const struct dk_key *key, size_t size,
                             uint8_t **bytes) DK_MUST_USE;
/* The slice lives until the transaction's next write or end. */
docket_status dk_env_get(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, struct dk_slice *value, bool *found) DK_MUST_USE;
/* Puts only where nothing is. *same is true if the same bytes lie there
 * already, false if others do; then nothing was written. */
docket_status dk_env_add(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                         const struct dk_key *key, const struct dk_buffer *value, bool *added,
                         bool *same) DK_MUST_USE;

/* Removes what is there. *was_there is false, and nothing was done, unless it is
 * exactly this value. */
docket_status dk_env_remove_exact(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                                  const struct dk_key *key, const struct dk_buffer *value,
                                  bool *was_there) DK_MUST_USE;

typedef docket_status (*dk_visit)(void *context, struct dk_slice key, struct dk_slice value);

/* Every record, ascending from the first key that is not below `from` (NULL:
 * all) and begins with its first prefix_bytes. */
docket_status dk_env_walk(struct dk_store *store, MDB_txn *txn, enum dk_kind kind,
                          const struct dk_key *from, size_t prefix_bytes, dk_visit visit,
                          void *context) DK_MUST_USE;

/* As dk_env_walk(), and the visitor may go on from another key: *hop is false
 * before each visit; true after it, the next record is the first that is not below
 * *next. */
typedef docket_status (*dk_hopper)(void *context, struct dk_slice key, struct dk_slice value, struct dk_key *next,
                                   bool *hop);
docket_status dk_env_hop(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, const struct dk_key *from,
                         size_t prefix_bytes, dk_hopper visit, void *context) DK_MUST_USE;

/* The sum that records of this kind are part of, as it will be after the transaction. */
uint64_t *dk_env_sum_of(struct dk_store *store, enum dk_kind kind);

/* ---- pen.c: many records of one database, ascending ---- */

struct dk_env_pen {
    struct dk_store *store;
    MDB_cursor *cursor;
    enum dk_kind kind;
    struct dk_key last; /* of the database, when it began */
    bool beyond;
    uintptr_t near;     /* where on its page the last record was written ... */
    size_t pages;       /* ... and how many pages were, about */
};
docket_status dk_env_pen_begin(struct dk_store *store, MDB_txn *txn, enum dk_kind kind, struct dk_env_pen *pen) DK_MUST_USE;
/* NULL: removes it, if it is there. */
docket_status dk_env_pen_put(struct dk_env_pen *pen, struct dk_slice key, const struct dk_buffer *value) DK_MUST_USE;
void dk_env_pen_end(struct dk_env_pen *pen);

/* ---- pages.c ---- */

/* DAMAGED unless the file's pages are a whole store of LMDB's. Before LMDB opens it. Of a tree of
 * the ledger's with more than ledger_pages leaves only where they lie. BUSY: stop (NULL: nobody stops it) was set. */
docket_status dk_pages_check(int fd, const char *name, uint64_t ledger_pages, const dk_word *stop) DK_MUST_USE;

/* ---- create.c ---- */

/* Makes REALM/store with its first commit, under a temporary name, synced with
 * its directories and renamed. The witness stands before the rename. */
docket_status dk_create_store(struct dk_store *store,
                              const struct dk_store_options *options) DK_MUST_USE;
/* For restore.c, which makes one too. The realm's lock is held. */
void dk_create_clear(int realm_fd);                       /* what a creation that was cut short left */
void dk_create_drop(int realm_fd, const char *folder);
docket_status dk_create_sync(int directory, const char *name) DK_MUST_USE;
docket_status dk_create_sync_parent(int realm_fd) DK_MUST_USE;

/* ---- meta.c ---- */

docket_status dk_meta_read(struct dk_store *store, MDB_txn *txn, struct dk_meta *meta) DK_MUST_USE;
docket_status dk_meta_write(struct dk_store *store, MDB_txn *txn,
                            const struct dk_meta *meta) DK_MUST_USE;
/* The transaction begins on the very commit that was written last, by the digest that runs along them. DAMAGED: it does not. */
docket_status dk_meta_goes_on(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
/* What ends each commit: the time, the head before it, and the sum. */
docket_status dk_meta_write_end(struct dk_store *store, MDB_txn *txn, uint64_t number) DK_MUST_USE;
docket_status dk_meta_write_fence(struct dk_store *store, MDB_txn *txn, const struct dk_fence *fence) DK_MUST_USE;
bool dk_meta_is_sum(struct dk_slice key);
/* Exactly the records that a store of this schema has. DAMAGED: one is missing, or one is too many. */
docket_status dk_meta_check_shape(struct dk_store *store, MDB_txn *txn, uint64_t schema) DK_MUST_USE;
docket_status dk_meta_write_commit(struct dk_store *store, MDB_txn *txn,
                                   uint64_t commit) DK_MUST_USE;
docket_status dk_meta_write_desk(struct dk_store *store, MDB_txn *txn, const struct dk_desk_note *desk) DK_MUST_USE;
/* Checks one record (for dk_store_verify()). */
docket_status dk_meta_check(struct dk_slice key, struct dk_slice value) DK_MUST_USE;

/* ---- commit.c ---- */

/* Writes into the transaction of commit `number`. */
typedef docket_status (*dk_fill)(struct dk_store *store, MDB_txn *txn, uint64_t number,
                                 const void *context);

/* One durable transaction, with number store->meta.commit + 1; the witness is
 * taken ahead first where needed. Any failure but BAD_ARGUMENT and EXISTS
 * sets store->failed. */
docket_status dk_commit_run(struct dk_store *store, dk_fill fill, const void *context) DK_MUST_USE;

docket_status dk_commit_check_alive(struct dk_store *store) DK_MUST_USE;
/* The near one, then the far one. */
docket_status dk_commit_witness(struct dk_store *store,
                                const struct dk_witness *witness) DK_MUST_USE;
void dk_commit_say(const struct dk_store *store, struct dk_witness *witness);
/* The witness of store->meta's generation. trail_is_known: the trail that is there now is what the next start may count
 * on, whether the commit that follows is there then or not. */
docket_status dk_open_witness(struct dk_store *store, uint64_t start, uint32_t phase, bool trail_is_known) DK_MUST_USE;
/* Exactly at the last commit. */
docket_status dk_open_witness_clean(struct dk_store *store) DK_MUST_USE;
/* The next event, linked to the one before it. */
docket_status dk_commit_event(struct dk_store *store, MDB_txn *txn, const struct dk_event *event,
                              uint64_t number) DK_MUST_USE;

/* What the witness will say of the trail. */
static inline void dk_witness_see(struct dk_witness *witness, const struct dk_trail *trail)
{
    witness->event = trail->number;
    for (unsigned at = 0; at < DK_DIGEST_BYTES; at++)
        witness->head[at] = trail->number != 0 ? trail->hash[at] : 0;
}

/* ---- chain.c: the one file that knows sha.h ---- */

/* What a trail without events begins with. */
void dk_chain_root(const uint8_t store_id[16], uint8_t hash[DK_DIGEST_BYTES]);
/* Draws the salt, and makes the event's digests; before: the trail's hash. */
void dk_chain_link(struct dk_event *event, const uint8_t before[DK_DIGEST_BYTES]);

/* A walk along the chain: each event, in order, then the end. */
struct dk_chain_walk {
    struct dk_audit audit;
    struct dk_trail at; /* begins as audit.trail's; what was walked so far */
};
void dk_chain_begin(struct dk_chain_walk *walk, const struct dk_meta *meta);
void dk_chain_step(struct dk_chain_walk *walk, struct dk_slice value, const struct dk_event *event);
void dk_chain_end(struct dk_chain_walk *walk);
/* The trail of all events as they stand: what a chain that begins behind them goes on from. */
docket_status dk_chain_stand(struct dk_store *store, MDB_txn *txn, const uint8_t store_id[16],
                             struct dk_trail *trail) DK_MUST_USE;
/* STORE_REWOUND unless the trail has the event that the witness saw last. */
docket_status dk_chain_judge(struct dk_store *store, MDB_txn *txn, const struct dk_trail *trail,
                             const struct dk_witness *witness) DK_MUST_USE;

/* ---- journal.c ---- */

/* The images of one commit; of two images of one counter the last counts. */
docket_status dk_journal_append(struct dk_store *store, MDB_txn *txn, uint64_t commit_number,
                                const struct dk_counter_image *const *counters,
                                size_t count) DK_MUST_USE;
/* The commit is durable (or never was): the index follows, or forgets what it was told. */
docket_status dk_journal_committed(struct dk_store *store) DK_MUST_USE;
void dk_journal_aborted(struct dk_store *store);

/* At open: the index of what the journal holds. */
docket_status dk_journal_build_index(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
void dk_journal_free(struct dk_store *store);

/* A read transaction and the journal's spots of one series, of one moment; up
 * to `most` of them, *count says how many there are. */
docket_status dk_journal_begin_of(struct dk_store *store, uint64_t series_id, MDB_txn **txn, struct dk_spot *spots,
                                  size_t most, size_t *count) DK_MUST_USE;
/* Shows the image at a spot. *found is false if it has been folded since. */
docket_status dk_journal_show(struct dk_store *store, MDB_txn *txn, const struct dk_spot *spot,
                              docket_status (*each)(void *context, const struct dk_counter_image *image),
                              void *context, bool *found) DK_MUST_USE;

/* The latest image of each journalled counter, and into seen which they were. */
docket_status dk_journal_walk(struct dk_store *store, MDB_txn *txn, struct dk_seen *seen,
                              docket_status (*each)(void *context,
                                                    const struct dk_counter_image *image),
                              void *context) DK_MUST_USE;

/* ---- fold.c ---- */

/* By the commit's number, and by what waits: some of the newest images, in the order of their counters, get records of
 * their own, and the oldest parts without a newest image go; or, of few, all, and the journal is empty. */
docket_status dk_journal_fold(struct dk_store *store, MDB_txn *txn, uint64_t commit_number) DK_MUST_USE;

/* ---- time.c ---- */

/* What this commit records of the time; and what became of the commit. */
void dk_time_note(struct dk_store *store, struct dk_time *time);
void dk_time_committed(struct dk_store *store);

/* ---- texts.c ---- */

/* The entries follow a series that is made (before: NULL) or changed, in its transaction. */
docket_status dk_texts_change(struct dk_store *store, MDB_txn *txn, const struct dk_series_record *before,
                              const struct dk_series_record *after) DK_MUST_USE;
/* Makes the database for all series of a store of an older schema. */
docket_status dk_texts_fill(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;
/* Each entry that dk_texts_fill() would not make of the series as they are. */
docket_status dk_texts_of_before(struct dk_store *store, MDB_txn *txn,
                                 docket_status (*each)(void *context, const struct dk_text_record *text),
                                 void *context) DK_MUST_USE;

/* ---- walk.c ---- */

/* A read transaction, of a store that lives; the caller aborts it. */
docket_status dk_walk_begin(struct dk_store *store, MDB_txn **txn) DK_MUST_USE;
/* Every counter once, with journal entries applied. */
docket_status dk_walk_counters(struct dk_store *store, MDB_txn *txn,
                               docket_status (*each)(void *context, const struct dk_counter_image *image),
                               void *context) DK_MUST_USE;
/* Every record of every database, and what they add up to; of the ledger's folded ones only if ledger.
 * *last gets the highest id of a series; audit what became of the chain. opening: nobody commits meanwhile. */
docket_status dk_walk_verify(struct dk_store *store, MDB_txn *txn, bool ledger, bool opening, uint64_t *records,
                             uint64_t *last, struct dk_audit *audit) DK_MUST_USE;

/* All that dk_store_verify() checks beside the file's pages. alone: nobody commits meanwhile. */
docket_status dk_walk_verify_all(struct dk_store *store, struct dk_log_view *view, bool alone,
                                 uint64_t *records) DK_MUST_USE;

/* ---- law.c ---- */

/* DAMAGED unless every counter obeys the law and no number of it has two fates. */
docket_status dk_law_check(struct dk_store *store, MDB_txn *txn) DK_MUST_USE;

/* ---- copy.c, backup.c, bring.c ---- */

docket_status dk_copy_facts_of(struct dk_store *store, MDB_txn *txn, struct dk_copy_facts *facts) DK_MUST_USE;
docket_status dk_copy_hash(int fd, const char *path, uint64_t *bytes, uint8_t sha256[DK_DIGEST_BYTES]) DK_MUST_USE;
enum { DK_MAKING_BYTES = 64 };
/* The data.mdb of a backup, into a folder of the realm that is drawn and named: also where it fails, if it was made. */
docket_status dk_copy_bring(int realm_fd, const char *backup, const uint8_t sha256[DK_DIGEST_BYTES],
                            char folder[DK_MAKING_BYTES]) DK_MUST_USE;
/* The records of a realm's store that nobody has open, as they stand; *read is false of one that cannot be read. */
docket_status dk_copy_look(const struct dk_store_options *options, const char *realm, struct dk_meta *meta,
                           bool *read) DK_MUST_USE;

/* ---- facts.c ---- */

/* What a store of this schema says, in this transaction. */
docket_status dk_facts_read(struct dk_store *store, MDB_txn *txn, uint64_t schema, struct dk_facts *facts) DK_MUST_USE;

/* ---- store.c, for migrate.c ---- */

/* A store as it stands, of whatever schema and with whatever fence, checked and judged by its witness as ever; nothing
 * is committed. as_schema: read as if it were of this one; 0: of the one that it says. */
docket_status dk_open_standing(const struct dk_store_options *options, uint64_t as_schema, struct dk_store **store) DK_MUST_USE;
void dk_open_release(struct dk_store *store);
struct dk_store *dk_open_alloc(const struct dk_store_options *options);
/* The realm's folder, made with `create`; the near witness's. */
docket_status dk_open_realm(struct dk_store *store, const struct dk_store_options *options) DK_MUST_USE;
docket_status dk_open_find_witness(struct dk_store *store, const struct dk_store_options *options) DK_MUST_USE;

/* ---- migrate.c ---- */

/* All steps from this schema to the newest, in this transaction: of a store that an admin accepts as it is. */
docket_status dk_migrate_all_up(struct dk_store *store, MDB_txn *txn, uint64_t from) DK_MUST_USE;
/* ---- far.c ---- */

/* Once the store id is known, before anything is written: takes the locks by store id, and looks for the far witness. It
 * lies where the options say; or, unless they name a folder, where the store says that it was kept last. A folder
 * that cannot be used is no failure (other.why). recorded: as the store says.
 * Statuses: OK, STORE_COPIED, and what reading a file can be. */
docket_status dk_far_open(struct dk_store *store, const struct dk_store_options *options, const uint8_t store_id[16],
                          const struct dk_guard *recorded) DK_MUST_USE;
/* STORE_REWOUND unless the far witness vouches for the store, or none was kept and none is there. */
docket_status dk_far_judge(const struct dk_store *store, const struct dk_store_options *options,
                           const struct dk_guard *recorded, const struct dk_standing *standing) DK_MUST_USE;
/* What the generation that begins keeps. True, with the text of an event: not what was kept before. */
bool dk_far_settle(const struct dk_store *store, const struct dk_store_options *options, struct dk_guard *guard,
                   char *text, size_t size);
docket_status dk_far_write_event(struct dk_store *store, MDB_txn *txn, const char *text) DK_MUST_USE; /* "": none */
struct dk_standing dk_far_standing(const struct dk_meta *meta);
/* The generation's first commit is durable: a far witness that was kept elsewhere before is no witness any more. */
void dk_far_moved(const struct dk_store *store, const struct dk_guard *before);
void dk_far_close(struct dk_store *store);
void dk_far_machine_id(uint8_t id[16]); /* /etc/machine-id; zeros if it cannot be read */
/* None is written from here on; the locks stay. */
void dk_far_leave(struct dk_store *store);
/* Its files go: the store is of a schema whose docketd knows none, and would leave it behind. */
void dk_far_forget(const struct dk_store *store);

/* ---- hook.c ---- */

void dk_hook_open(struct dk_store *store, const struct dk_store_options *options); /* after dk_far_open(): asks it, once */
docket_status dk_hook_judge(const struct dk_store *store, const struct dk_store_options *options,
                            const struct dk_guard *recorded, const struct dk_standing *standing) DK_MUST_USE;
/* As dk_far_settle(), after it: adds to the text. */
bool dk_hook_settle(const struct dk_store *store, struct dk_guard *guard, char *text, size_t size);
/* At opening and stop, of what the near witness says; between them nothing happens. STORE_REWOUND at the opening. */
docket_status dk_hook_tell(struct dk_store *store, const struct dk_witness *witness) DK_MUST_USE;
/* Between opening and stop: the thread; what is durable now; may this commit be? It waits until it may. */
docket_status dk_hook_start(struct dk_store *store) DK_MUST_USE;
void dk_hook_durable(struct dk_store *store);
docket_status dk_hook_cover(struct dk_store *store, uint64_t number) DK_MUST_USE;
void dk_hook_stop(struct dk_store *store);

/* ---- move.c ---- */

/* The realm's ticket, if it waits for a state. DAMAGED: it is none. */
docket_status dk_move_ticket(int realm_fd, char ticket[33], bool *there) DK_MUST_USE;
/* STORE_FENCED: the realm waits for a state, and nobody may begin in it. */
docket_status dk_move_judge(int realm_fd) DK_MUST_USE;

/* ---- vouch.c ---- */

/* STORE_REWOUND unless the near witness (as it was found), the far one, and whom the options name vouch for the store. */
docket_status dk_vouch(struct dk_store *store, const struct dk_store_options *options, const struct dk_meta *meta,
                       enum dk_witness_find found, const struct dk_witness *near) DK_MUST_USE;
/* report NULL: nobody wants to know. */
void dk_vouch_tell_store(struct dk_store *store, const struct dk_meta *meta, struct dk_store_report *report);

/* ---- lock.c ---- */

/* STORE_IN_USE names the holder. The file is never unlinked: two docketds
 * could lock two files of one name. */
docket_status dk_lock_take(int realm_fd, int *lock_fd) DK_MUST_USE;
/* Of a store id, in a folder that all copies of the store on this host come to. STORE_COPIED names the holder. */
docket_status dk_lock_take_copy(int directory, const char *name, const char *realm, int *lock_fd) DK_MUST_USE;

#endif
