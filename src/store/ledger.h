/* SPDX-License-Identifier: MIT */
/*
 * ledger: one durable record for each number of a series that tracks its numbers, by
 * (series, period, number); which number a key has; who holds what; which texts were
 * given elsewhere.
 *
 * Databases (schema 5):
 *   ledger     series id 8, period 4, number 8 -> the newest record of the number
 *   keys       series id 8, kind 1 ('k' key, 'r' reservation, 'd' period whose records are dropped), its text -> period,
 *              ranges, digest of what was asked for
 *   holds      series id 8, kind 1, text ('r': name; 'p': pending: period and number) -> expiry, holder: of numbers
 *              that are not decided only (reserved, pending, in doubt)
 *   elsewhere  tenant 0 TEXT in capitals -> note, time, uid
 *   ledgerlog  commit number 8, part 4 -> what one commit changed of these four, one entry after the other
 * A commit appends to ledgerlog only. Later commits fold some of it into the four; what is
 * not folded yet is found through an index in memory, built anew at open. Who reads looks
 * into the log first; the newest entry counts. Every value has its checksum.
 */
#ifndef DK_STORE_LEDGER_H
#define DK_STORE_LEDGER_H

#include "numbering/ledger.h"

#include <stddef.h>

struct dk_store;
struct dk_range;

struct dk_ledger_record {
    uint64_t series_id;
    int32_t period;
    uint64_t number;
    uint8_t state;             /* enum dk_state */
    uint32_t date;             /* yyyymmdd of the document; 0 not dated */
    int64_t first_ns, last_ns; /* UTC: given first, changed last */
    int64_t expires_ns;        /* UTC; 0 never */
    uint32_t uid;              /* who asked for the last change */
    int32_t seat;              /* of the holder, -1 none */
    uint32_t attempts;         /* how often it was asked for */
    uint64_t event;            /* that says why; 0 none */
    uint32_t event_at;         /* to write: 1 for the change's first event, and so on; 0: event as it stands */
    uint8_t cause;             /* enum dk_cause of a void */
    const char *text;          /* the document number, as it was given */
    const char *key;           /* "" none ... */
    const char *hold;          /* ... name of its reservation ... */
    const char *trace;         /* ... trace id ... */
    const char *metadata;      /* ... JSON ... */
    const char *error;         /* ... the last error that a caller had in trying ... */
    const char *host;          /* ... the caller's host ... */
    const char *reason;        /* ... why it is void */
    bool removed;              /* to write: its period is dropped, and the record with it */
};                             /* texts are never NULL. To write: the caller's; read: until the callback returns */

enum { DK_NAMED_KEY = 'k', DK_NAMED_RESERVATION = 'r', DK_NAMED_PENDING = 'p', DK_NAMED_DROPPED = 'd' };

/* What a key, or a reservation's name, has. DROPPED: a period whose records were exported and dropped (those of issued
 * numbers): text is its label, digest the beginning of the records' digest, ranges the numbers that were dropped. */
struct dk_key_record {
    uint64_t series_id;
    uint8_t kind;      /* DK_NAMED_KEY, DK_NAMED_RESERVATION, DK_NAMED_DROPPED */
    bool removed;      /* to write: nobody has it any more */
    const char *text;
    int32_t period;
    uint32_t date;
    uint64_t digest;   /* of what it was asked with */
    int64_t expires_ns; /* of a reservation, as granted */
    const struct dk_range *ranges; /* ascending; of a key one number */
    uint32_t range_count;
    const char *document; /* of a key whose number's record was dropped: the document number, which is issued; "" or NULL */
};

/* Who holds numbers, and until when: of a reservation (all that is not decided of it), or of one pending number. It lasts
 * until they are decided: where nobody holds them any more they are in doubt, and it says so. */
struct dk_hold_record {
    uint64_t series_id;
    uint8_t kind;      /* DK_NAMED_RESERVATION, DK_NAMED_PENDING */
    bool removed;      /* to write: it has ended */
    const char *text;  /* the reservation's name; "" of a pending number */
    int32_t period;
    uint64_t number;   /* of a pending one; else 0 */
    uint32_t left;     /* numbers of a reservation that are not decided */
    int64_t expires_ns;      /* UTC; 0 never */
    int64_t expires_boot_ns; /* the same by CLOCK_BOOTTIME of boot_id */
    uint8_t boot_id[16];
    uint32_t uid;
    int32_t seat;      /* -1: detached */
    uint32_t desk;
    uint64_t salt;     /* of the seat: others sat there before and after */
    uint64_t incarnation; /* of the desk's files */
    bool in_doubt;     /* what is left of it */
};

/* A document number that was given elsewhere. */
struct dk_elsewhere_record {
    const char *tenant;
    const char *text;  /* in capitals (ASCII letters only) */
    const char *note;
    int64_t time_ns;
    uint32_t uid;
};

/* Part of struct dk_change. Of two of one number, key or hold the last counts. */
struct dk_ledger_change {
    const struct dk_ledger_record *records;
    size_t record_count;
    const struct dk_key_record *keys;
    size_t key_count;
    const struct dk_hold_record *holds;
    size_t hold_count;
    const struct dk_elsewhere_record *elsewhere;
    size_t elsewhere_count;
};

typedef docket_status (*dk_each_ledger)(void *context, const struct dk_ledger_record *record);
typedef docket_status (*dk_each_key)(void *context, const struct dk_key_record *record);
typedef docket_status (*dk_each_hold)(void *context, const struct dk_hold_record *record);
typedef docket_status (*dk_each_elsewhere)(void *context, const struct dk_elsewhere_record *record);

/* Each finds what the last durable commit says: *found, and each() was called once. From any thread. A removed key is not found. */
docket_status dk_ledger_find(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t number,
                             dk_each_ledger each, void *context, bool *found) DK_MUST_USE;
docket_status dk_ledger_find_key(struct dk_store *store, uint64_t series_id, uint8_t kind, const char *text,
                                 dk_each_key each, void *context, bool *found) DK_MUST_USE;
docket_status dk_ledger_find_elsewhere(struct dk_store *store, const char *tenant, const char *text,
                                       dk_each_elsewhere each, void *context, bool *found) DK_MUST_USE;
/* Each of the tenant that begins so (in capitals), ascending. */
docket_status dk_ledger_each_elsewhere(struct dk_store *store, const char *tenant, const char *beginning,
                                       dk_each_elsewhere each, void *context) DK_MUST_USE;
/* False if the store surely has no text of elsewhere at all. Cheap. */
bool dk_ledger_has_elsewhere(const struct dk_store *store);
/* Ascending by number, from `from` on; log and folded merged. */
docket_status dk_ledger_each(struct dk_store *store, uint64_t series_id, int32_t period, uint64_t from,
                             dk_each_ledger each, void *context) DK_MUST_USE;
/* Every live hold, in no order: for the start. */
docket_status dk_ledger_each_hold(struct dk_store *store, dk_each_hold each, void *context) DK_MUST_USE;
/* Entries that are appended and not folded yet. */
uint64_t dk_ledger_backlog(const struct dk_store *store);

#endif
