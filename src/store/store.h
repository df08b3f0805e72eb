/* SPDX-License-Identifier: MIT */
/*
 * store: the durable truth, and the only room that knows LMDB.
 *
 * A store is the folder REALM/store with LMDB's data.mdb and lock.mdb, beside
 * it the witness file (by default REALM/witness) and the lock file
 * REALM/docketd.lock. One process opens it, one thread commits.
 *
 * Databases (every value ends in an 8-byte XXH3 checksum seeded with its key's
 * hash, so that a value under a wrong key fails too; integers little-endian in
 * values, big-endian in keys so that they sort):
 *   meta      desk-N -> incarnation of its files, for each desk that was built
 *             name -> schema_version, store_id, generation, commit, clean, inode,
 *             boot_id, machine_id, fence, trail, time, before, run, ledger_sum, sum
 *   series    tenant 0 series -> series id, policy, desk, created, by uid; next policy
 *   texts     tenant 0 beginning 0 series id, version -> what texts the series writes, or ever wrote
 *   counters  series id, period -> counter image (folded)
 *   journal   commit number -> the images of all counters that this commit changed
 *   ranges    series id, period, first -> last, fate (void | unknown | handed out by evidence), cause, time, event
 *   events    event number -> time, kind, uid, text (append-only), and its link of the chain (chain.c)
 *   ledger, keys, holds, elsewhere, ledgerlog   see ledger.h
 *
 * Invariants
 *  1. A commit is one LMDB transaction in its default durable mode (never
 *     NOSYNC, NOMETASYNC, WRITEMAP, MAPASYNC).
 *  2. Journal entries newer than a counter's folded image replace it. A fold
 *     happens in the same transaction as the commit that triggers it. A long
 *     journal is folded from its oldest part on, some of it in each commit.
 *  3. After a failed commit or sync the process must end (status STORE_FAILED
 *     and store->failed); the next start writes before it serves: opening
 *     commits a new generation.
 *  4. The witness says a commit number that no commit has passed: it is written
 *     and synced ahead of the commits it covers. It also says the generation,
 *     so that a copy from before the last start is seen however short the rewind.
 *  5. Every policy that a series has, will have, or had has its entry in `texts`:
 *     the store writes it in the commit that makes or changes the series.
 *  6. A record that fails its checksum is DOCKET_DAMAGED with its key in the
 *     sentence; it is never skipped.
 */
#ifndef DK_STORE_STORE_H
#define DK_STORE_STORE_H

#include "base/atomics.h"
#include "base/status.h"
#include "numbering/fate.h"
#include "numbering/policy.h"
#include "store/guard.h"
#include "store/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DK_SCHEMA_VERSION 6u

/* Oldest schema that there is a way from (migrate.h); a start takes none but the newest. */
#define DK_SCHEMA_OLDEST 2u

/* Why an admin did it: 1 to so many bytes of printable UTF-8. */
#define DK_REASON_BYTES 200

/* The witness is written this many commits ahead: a rewind of fewer commits
 * than this, within one generation and after an unclean stop, is not seen. */
#define DK_WITNESS_LAG 256u

/* Commits before a fold: every commit whose number is a multiple of this folds;
 * all do while the journal is long. */
#define DK_JOURNAL_LENGTH 16u

struct dk_store;

struct dk_series_record {
    uint64_t id; /* 1, 2, 3 ... in order of creation */
    char tenant[DOCKET_NAME_MAX + 1];
    char name[DOCKET_NAME_MAX + 1];
    const struct dk_policy *policy; /* of dk_policy_keep() */
    const struct dk_policy *next;   /* of dk_policy_keep() too: the one from period next_from on; NULL */
    int32_t next_from;              /* a label above 0; 0 without next */
    char desk[DOCKET_NAME_MAX + 1]; /* name of the desk it sits at */
    int64_t created_ns;             /* UTC */
    uint32_t uid;                   /* who made it */
    int64_t retired_ns;             /* UTC; 0: not retired. It gives no number any more, and its name is used up */
};

enum { DK_BEGINNING_BYTES = 33 }; /* of a text up to its number, as far as `texts` is sorted by it, with its zero */

/* The texts that a series writes under one policy: what two series must not both
 * write. Texts that begin unlike cannot be alike, so entries are sorted by how they
 * begin. */
struct dk_text_record {
    char tenant[DOCKET_NAME_MAX + 1];
    char series[DOCKET_NAME_MAX + 1];
    char beginning[DK_BEGINNING_BYTES]; /* dk_shape_mask(), cut to fit */
    uint64_t series_id;
    uint32_t version; /* 1, 2 ... of this series and beginning */
    uint8_t restart;
    struct dk_form form; /* unpacks to the resolved template */
    uint64_t last;       /* largest number */
    int64_t from_ns;     /* UTC: when it was decided */
    int64_t until_ns;    /* UTC: since when it writes no more; 0: still. Its texts stay taken */
};

struct dk_range {
    uint64_t first;
    uint64_t last; /* inclusive */
};

/* What the store knows of one place of a leased counter. */
struct dk_place_record {
    uint32_t place;      /* row * 8 + index */
    uint32_t size;       /* 0: no block is recorded */
    uint64_t closed_seq; /* highest seq whose block's fate is committed as finished */
    uint64_t seq;        /* of the recorded block; above closed_seq */
    uint64_t first;
    uint32_t offset;     /* handed out of the recorded block when it was written */
    uint32_t spare;      /* 1: laid from a spare (only this record holds the range) */
};

/* Of a counter's period; it only goes forward. */
enum {
    DK_OPEN = 0,
    DK_ENDED = 1,           /* off the board, and every lease is back: numbers at record speed */
    DK_CLOSED_FOR_GOOD = 2,
    DK_CLOSING = 3          /* ended, and leases are out; closed for good when they are back */
};

/* Everything durable about one counter: (series, period). */
struct dk_counter_image {
    uint64_t series_id;
    int32_t period;
    uint32_t closed;        /* DK_OPEN, DK_ENDED ... */
    uint32_t last_date;     /* chronological series: latest date given, yyyymmdd; 0: none */
    uint64_t extent_first;  /* the extent: numbers this host owns in the counter */
    uint64_t extent_last;
    uint64_t interval_first; /* where the authority's interval that it is in begins, if not at extent_first; else 0 */
    uint64_t mark;          /* every number handed out is below it */
    uint64_t next;          /* strict: the exact position. leased: first number never laid */
    uint64_t incarnation;   /* of the desk's files that `places` speaks of */
    uint32_t place_count;
    uint32_t spare_count;
    struct dk_place_record *places;
    struct dk_range *spares;
};

/* Nothing of it is in anybody's hands: the image is all there is. */
static inline bool dk_image_has_ended(const struct dk_counter_image *image)
{
    return image->closed == DK_ENDED || image->closed == DK_CLOSED_FOR_GOOD;
}

struct dk_fate_record {
    uint64_t series_id;
    int32_t period;
    uint32_t fate;  /* DK_FATE_VOID, DK_FATE_UNKNOWN; DK_FATE_HANDED_OUT by evidence or import */
    uint32_t cause; /* enum dk_cause */
    struct dk_range range;
    int64_t time_ns;
    uint64_t event;    /* number of the event that says who and why; 0: none */
    uint32_t event_at; /* to write: 1 for the change's first event, and so on; 0: event as it stands */
};

enum { DK_SALT_BYTES = 16, DK_DIGEST_BYTES = 32 };

/* An event's link of the chain; the store makes it. */
struct dk_event_link {
    bool there;  /* false: an event of a schema before 5 */
    bool erased; /* uid, reason and salt are gone */
    uint8_t salt[DK_SALT_BYTES];
    uint8_t personal[DK_DIGEST_BYTES]; /* SHA-256 of salt, uid and reason */
    uint8_t hash[DK_DIGEST_BYTES];     /* SHA-256 of the hash before and of all but uid, reason and salt */
};

struct dk_event {
    uint64_t number; /* given by the store */
    int64_t time_ns;
    char kind[24]; /* "create", "start", "accept", "series", "recovery", "quarantine" */
    uint32_t uid;
    char text[256];
    char reason[DK_REASON_BYTES + 1]; /* an admin's; "" for docketd's own events */
    char tenant[DOCKET_NAME_MAX + 1]; /* which series it is about; "" none */
    char series[DOCKET_NAME_MAX + 1];
    int32_t period;                   /* ... and which period of it; 0 none, or it never restarts */
    struct dk_event_link link;
};

/* Where the chain of events stands. */
struct dk_trail {
    uint64_t begins; /* the first event with a link; those before it are hashed as they stand */
    uint64_t number; /* of the last event; 0: none */
    uint8_t hash[DK_DIGEST_BYTES]; /* its hash; without events, or all of them standing: of what stands */
};

/* What a walk along the chain found. */
struct dk_audit {
    struct dk_trail trail; /* as the store says */
    uint64_t broken;       /* the first event that does not fit; 0: it is whole */
    char what[160];        /* "its hash is not ..." */
    char expected[2 * DK_DIGEST_BYTES + 1];
    char found[2 * DK_DIGEST_BYTES + 1];
};

/* A store with a fence gives no number and is not opened for it. */
enum dk_fence_kind {
    DK_FENCE_NONE = 0,
    DK_FENCE_RESTORED = 1, /* put back from a backup: until it is accepted with floors. id: of the backup */
    DK_FENCE_MOVED = 2,    /* gone to another host, for good. id: of the ticket */
    DK_FENCE_ACCEPTING = 3, /* put up by an opening that accepts: until every counter has moved forward, durably */
    DK_FENCE_KINDS
};

struct dk_fence {
    uint64_t kind;
    uint64_t time_ns;    /* UTC, when it was put up */
    uint64_t generation; /* of the store then */
    uint8_t id[16];
};

/* Which files a desk was built with last. */
struct dk_desk_note {
    uint32_t index;
    uint64_t incarnation;
};

/* What one commit writes; arrays belong to the caller until it returns. Removals
 * come before additions; what is removed or changed must be there, else it is
 * DAMAGED. A changed series keeps its id, tenant, name and desk. `texts` follows
 * the series by itself. Of two
 * images of one counter the last counts. A series or range that is there already
 * with the same content is fine; with other content it is EXISTS or DAMAGED.
 * Series ids rise: each new one is above all before it. Event numbers are given
 * by the store; dk_event.number is ignored. */
struct dk_change {
    const struct dk_series_record *const *series;
    size_t series_count;
    const struct dk_counter_image *const *counters;
    size_t counter_count;
    const struct dk_series_record *const *changed;
    size_t changed_count;
    const struct dk_fate_record *removed; /* ranges, as they were read */
    size_t removed_count;
    const struct dk_fate_record *ranges;
    size_t range_count;
    const struct dk_event *events;
    size_t event_count;
    const struct dk_desk_note *desks; /* each replaces what the store knew of that desk */
    size_t desk_count;
    const struct dk_fence *fence; /* NULL: as it stands */
    struct dk_ledger_change ledger;
};

/* Facts read at open. */
struct dk_store_facts {
    uint64_t store_id[2];
    uint64_t generation; /* after this open's own commit */
    uint64_t commit_number;
    uint64_t series_last; /* highest series id */
    bool created;         /* by this open */
    bool clean;           /* the previous docketd stopped in order */
    uint8_t boot_id[16];  /* of the boot that wrote last */
    uint32_t schema_version;
    struct dk_fence fence; /* as it stands after this open */
    uint64_t seen_generation; /* dk_store_look(): the highest that store or witnesses know */
    char far[256];        /* folder of the far witness; "": none is kept ... */
    char far_why[160];    /* ... for this reason; "": nobody asked for one */
    /* The time of the last commit before this opening; 0 and 0: not known (a new
     * store, or one of a schema before 4). */
    int64_t trusted_wall_ns; /* UTC */
    int64_t trusted_boot_ns; /* CLOCK_BOOTTIME, of the boot that it was read in ... */
    bool trusted_same_boot;  /* ... which is this one */
};

struct dk_store_options {
    const char *realm;     /* directory; made (0700) with `create` */
    const char *witness;   /* NULL: REALM/witness */
    const char *far;       /* folder of the far witness, absolute; made if need be. NULL: none is kept */
    bool far_is_named;     /* by whoever configures it: else the folder where it was kept last comes first */
    const char *lock_folder; /* where copies of one store on this host meet, beside the far witness's folder: the
                              * runtime root. NULL: nowhere */
    const struct dk_witness_command *command; /* that keeps a witness outside; NULL: none */
    bool no_command;       /* none, in so many words: also if one kept a witness before */
    /* Asked too, with the store's state before this opening; what it says goes into the report. STORE_REWOUND: not this one. */
    docket_status (*ask)(void *asked, const struct dk_standing *standing, struct dk_voice_report *voice);
    void *asked;
    struct dk_store_report *report; /* NULL, or what is filled in on the way, for a page of help */
    bool create;
    bool accept;           /* `docketd --accept-store`, behind a fence: set aside a witness that does not fit
                            * (or is missing or damaged), as an event; the next generation and
                            * commit are above both store and witness */
    bool fenced_too;       /* opens a store that has moved, and leaves its fence: to read, or to export it again */
    size_t map_bytes;      /* 0: 16 GiB of address space */
    size_t preallocate_bytes; /* 0: 8 MiB */
    size_t ledger_wait;       /* entries of the ledger's log that wait to be folded; 0: 32768 */
    size_t ledger_pages;      /* a database of the ledger's with more pages is not read at open; 0: 8192 */
    uint8_t boot_id[16];
};

/*
 * Takes the realm's lock (OFD write lock on REALM/docketd.lock, which names its
 * holder), creates the store where allowed (under a temporary name, synced with
 * its directory, renamed), checks schema, checksums of meta, and the witness,
 * and commits generation + 1.
 * A fence refuses it. `accept` opens what was restored, or is not its witness's, behind the fence ACCEPTING, which
 * whoever opened takes down in a commit of its own when nothing can be given twice any more: until then every start
 * but another `accept` is refused. What has moved stays so (fenced_too opens it as it is).
 * Statuses: OK, NO_REALM, STORE_IN_USE (the sentence names pid and start of the
 * holder), STORE_COPIED (another copy of it is open on this host), STORE_REWOUND, STORE_FENCED, DAMAGED, BAD_LAYOUT (schema), UNSAFE_FILES, NO_SPACE,
 * STORE_FAILED, SYSTEM.
 */
docket_status dk_store_open(const struct dk_store_options *options, struct dk_store **store,
                            struct dk_store_facts *facts) DK_MUST_USE;

/* Opens it as it stands, whatever a witness or a fence says, for who has to judge it: nothing is committed, and
 * dk_store_close(store, false) ends it. facts.seen_generation is set. */
docket_status dk_store_look(const struct dk_store_options *options, struct dk_store **store,
                            struct dk_store_facts *facts) DK_MUST_USE;

/* Writes "stopped in order" with the exact commit number to store and witness,
 * if clean; closes. */
docket_status dk_store_close(struct dk_store *store, bool clean);

/*
 * The trusted time. Each commit records it: the wall clock, or the time recorded
 * before, carried on by CLOCK_BOOTTIME, whichever is later; so a clock that was
 * set back does not take it along. A wall clock that is farther ahead of the carried
 * time than ahead_max_ns is not trusted: then only the carried time is recorded;
 * from another boot nothing carries it on, and it stays. Opening a store that knows
 * a time never trusts the wall clock: who opens looks at the facts, and says so
 * before its first commit. From any thread.
 */
void dk_store_trust_wall(struct dk_store *store, int64_t ahead_max_ns); /* at open: INT64_MAX. -1: not at all */
/* An admin says that the wall clock is right: the next commit records it, however far
 * ahead or behind it is. */
void dk_store_accept_wall(struct dk_store *store);
/* What the last commit recorded, carried on to now: UTC; 0: nothing is known.
 * *carried: it was recorded in this boot, so that it has gone on since. */
int64_t dk_store_trusted_now_ns(struct dk_store *store, bool *carried);

/* Before a commit that adds a series. From one thread, whatever the committer
 * does. NO_SPACE: not now, and nothing is lost. */
docket_status dk_store_make_room(struct dk_store *store) DK_MUST_USE;
/* Before a commit of about so many records, keys and holds: likewise. Else a full disk, or a store that
 * has grown to its end, would be the end of docketd, and of those who want no records. */
docket_status dk_store_make_room_for(struct dk_store *store, size_t entries) DK_MUST_USE;

/* One durable transaction, from one thread only. On return OK everything is
 * synced, and *commit_number is written. On BAD_ARGUMENT (an image that breaks
 * the law, an unended text) and EXISTS nothing was written and the store lives
 * on; on any other status the process must end (invariant 3), and every later
 * call is STORE_FAILED.
 * Statuses: OK, BAD_ARGUMENT, EXISTS, NO_SPACE, DAMAGED, STORE_FAILED. */
docket_status dk_store_commit(struct dk_store *store, const struct dk_change *change,
                              uint64_t *commit_number) DK_MUST_USE;

/* What the last commit was, by the committing thread only. */
void dk_store_seen(const struct dk_store *store, uint64_t *commit, uint8_t run[32]);

/* Reading, for start and for fate; from any thread, each walk on one commit's
 * state. Callbacks return a status; anything but OK ends the walk with that
 * status. The pointers live until the callback returns. A callback may begin
 * another walk. */
docket_status dk_store_each_series(struct dk_store *store,
                                   docket_status (*each)(void *context,
                                                         const struct dk_series_record *record),
                                   void *context) DK_MUST_USE;
/* One series by its names; *record is written if *found. */
docket_status dk_store_find_series(struct dk_store *store, const char *tenant, const char *name,
                                   struct dk_series_record *record, bool *found) DK_MUST_USE;
/* Every entry of the tenant's texts that could be alike some text that begins with
 * `beginning` (dk_shape_mask(), or less of it): those whose beginning begins so, and
 * those whose beginning this one begins with, a digit and DK_ANY_DIGIT being alike.
 * Others are leapt over: it costs some look-ups, however many there are. tenant NULL: every
 * entry of every tenant. */
docket_status dk_store_each_text(struct dk_store *store, const char *tenant, const char *beginning,
                                 docket_status (*each)(void *context, const struct dk_text_record *record),
                                 void *context) DK_MUST_USE;
/* *found is false for a desk that was never noted. */
docket_status dk_store_desk_incarnation(struct dk_store *store, uint32_t index, uint64_t *incarnation,
                                        bool *found) DK_MUST_USE;
/* Every counter once, with journal entries applied. */
docket_status dk_store_each_counter(struct dk_store *store,
                                    docket_status (*each)(void *context,
                                                          const struct dk_counter_image *image),
                                    void *context) DK_MUST_USE;
/* Counters of one series only, without a walk over the others. Of a counter that
 * is in the commit that is just being written it may show the image before. */
docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context,
                                                             const struct dk_counter_image *image),
                                       void *context) DK_MUST_USE;
/* Void and unknown ranges of one counter, and those handed out by evidence, ascending. */
docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context,
                                                        const struct dk_fate_record *record),
                                  void *context) DK_MUST_USE;
/* Those that reach into numbers low to high only, without a walk over the others. */
docket_status dk_store_each_range_of(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t low,
                                     uint64_t high,
                                     docket_status (*each)(void *context, const struct dk_fate_record *record),
                                     void *context) DK_MUST_USE;
/* Events from number `from` on. */
docket_status dk_store_each_event(struct dk_store *store, uint64_t from,
                                  docket_status (*each)(void *context, const struct dk_event *event),
                                  void *context) DK_MUST_USE;

/* The whole chain, from the first event to the last, in one read transaction. A
 * break is no failure: audit->broken. From any thread, while commits go on. */
docket_status dk_store_audit(struct dk_store *store, struct dk_audit *audit) DK_MUST_USE;
/* Where it stands: what is durable. */
docket_status dk_store_trail(struct dk_store *store, struct dk_trail *trail) DK_MUST_USE;
/* SHA-256, a piece at a time; numbers as chain.c hashes them. From any thread. */
struct dk_digest {
    _Alignas(16) uint8_t room[256];
};
void dk_digest_begin(struct dk_digest *digest, const char *name); /* hashed first, with its zero */
void dk_digest_begin_plain(struct dk_digest *digest);                 /* SHA-256 of the bytes alone */
void dk_digest_number(struct dk_digest *digest, uint64_t number);
void dk_digest_string(struct dk_digest *digest, const char *text); /* with its length, of 4 bytes */
void dk_digest_end(struct dk_digest *digest, uint8_t hash[DK_DIGEST_BYTES]);

void dk_digest_bytes(struct dk_digest *digest, const uint8_t *bytes, size_t count);

/* The running digest of all commits, and the number of the last one: what is durable. Two stores of one past that
 * went on apart agree in the number sooner or later, and never in this. From any thread. */
docket_status dk_store_run(struct dk_store *store, uint64_t *commit, uint8_t run[DK_DIGEST_BYTES]) DK_MUST_USE;

/* DAMAGED, with the sentence of a break. */
docket_status dk_audit_broken(const struct dk_audit *audit);
void dk_digest_text(const uint8_t digest[DK_DIGEST_BYTES], char text[2 * DK_DIGEST_BYTES + 1]);

/* The ledger is large, and opening read of it only where its pages lie. */
bool dk_store_left_unread(const struct dk_store *store);
/* Reads it: every page of the file, every folded record of the ledger, and their sum. From any thread, while commits
 * go on; the file grows meanwhile. BUSY: *stop became 1. DAMAGED: nobody should go on with this store. */
docket_status dk_store_read_ledger(struct dk_store *store, const dk_word *stop) DK_MUST_USE;

/* "0.9.24": of the LMDB that this process runs with. Static memory. */
const char *dk_store_lmdb_version(void);

/* Reads every record of every database and every page of the file and checks it;
 * *records counts the records. From any thread, while commits go on: the file does
 * not use pages again meanwhile, and grows instead. */
docket_status dk_store_verify(struct dk_store *store, uint64_t *records) DK_MUST_USE;

/* ---- copies: copy.c, backup.c, restore.c ---- */

/* What a copy of the store is, as its manifest says it. */
struct dk_copy_facts {
    uint8_t store_id[16];
    uint8_t run[DK_DIGEST_BYTES]; /* the running digest of `commit` */
    uint64_t schema, generation, commit;
    uint64_t series, counters;
    struct dk_trail trail;
    uint64_t bytes; /* of the file ... */
    uint8_t sha256[DK_DIGEST_BYTES]; /* ... and its SHA-256 */
};

/* Writes the store as it stands, compacted, to an open regular file, from any thread, while commits go on (they wait
 * for the first bytes only; the file grows meanwhile). Nothing is synced: that is the caller's. UNREACHABLE: *stop (or
 * NULL) became 1. NO_SPACE and SYSTEM: what the target says; the store is well. */
docket_status dk_store_copy(struct dk_store *store, int out, const dk_word *stop, struct dk_copy_facts *facts) DK_MUST_USE;

/* Reads folder/data.mdb to its end: SHA-256, every page and record, sums, the chain of events, the ledger, the law of
 * marks, and that all is as said. DAMAGED says what is not; BAD_LAYOUT: of another schema. Writes nothing. */
docket_status dk_backup_check(const char *folder, const struct dk_copy_facts *said, uint64_t *records) DK_MUST_USE;

struct dk_restore {
    const char *folder; /* the backup's, which dk_backup_check() found sound */
    struct dk_copy_facts copy;
    uint8_t id[16];     /* of the backup ... */
    int64_t time_ns;    /* ... and when it was made */
    bool replace;       /* a store that is there is kept beside */
};

struct dk_restored {
    uint64_t commit;  /* that put up the fence */
    char aside[64];   /* where the store lies that was there before; "" none was */
};

/* Makes the backup the realm's store, behind the fence RESTORED, with an event; older schemas become today's. No witness is
 * written. Takes the realm's lock. Statuses: OK, EXISTS (a store is there), STORE_REWOUND (of another store than the
 * realm's), STORE_IN_USE, DAMAGED, NO_SPACE, BAD_LAYOUT, UNSAFE_FILES, STORE_FAILED, SYSTEM. */
docket_status dk_store_restore(const struct dk_store_options *options, const struct dk_restore *order,
                               struct dk_restored *done) DK_MUST_USE;

#endif
