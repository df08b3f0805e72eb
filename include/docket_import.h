/* SPDX-License-Identifier: MIT */
/*
 * docket_import: coming from another system. Numbers that it gave enter a counter, as ranges or (of a series that
 * keeps a ledger) as records; the counter goes on above them. Needs docketd, which goes on serving everybody else. Who
 * may: as for the decisions of docket_admin.h. Any thread may call.
 *
 * `docket import` reads files and databases, sorts, and calls this; docs/MIGRATING.md.
 */
#ifndef DOCKET_IMPORT_H
#define DOCKET_IMPORT_H

#include "docket_admin.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Most rows of one call: one call is one commit. */
#define DOCKET_IMPORT_ROWS_MAX 4096u

/* A flag beside DOCKET_DRY_RUN: numbers that clash are left out, and the others imported. */
enum { DOCKET_SKIP_CLASHES = 64 };

/* Numbers that another system gave, or declared void. Null and zero members are not known. */
struct docket_import_row {
    uint64_t first, last; /* inclusive; of a series with a ledger one number */
    uint64_t line;        /* of the source, for sentences */
    uint32_t date;        /* yyyymmdd of the document, in the period */
    int is_void;          /* 1: void; such a number counts as used */
    const char *text;     /* the document number: it must read back to this number. With a ledger only ... */
    const char *key;      /* ... as is the key that finds the number from now on, such as the other system's id ... */
    const char *reason;   /* ... and why it is void */
};

/* One call: rows ascend by number, and no number comes twice. */
struct docket_import {
    const struct docket_import_row *rows;
    size_t count;
    const char *source; /* what they come from, for the event; at most 200 bytes of printable UTF-8 */
    uint64_t from;      /* one above the highest number of the call before, of the same import; 0 or 1: the first call */
    unsigned flags;     /* DOCKET_DRY_RUN, DOCKET_SKIP_CLASHES */
};

struct docket_import_found {
    uint64_t imported; /* numbers that became handed out or issued, by import ... */
    uint64_t voided;   /* ... or void */
    uint64_t named;    /* of these: numbers that an import before had left out */
    uint64_t already;  /* are there as the import says */
    uint64_t below;    /* lie below the counter's first number: nothing is done with them */
    uint64_t unnamed;  /* from `from` to the highest, which neither docket nor the import has: void ("not in the import") */
    uint64_t clashing; /* are something else in docket */
    uint64_t highest;  /* of the rows; the counter's next number is above it */
    int changed;       /* 1: it is done, and durable. 0: nothing was changed: all was there, or something clashes, or
                          DOCKET_DRY_RUN. Counts are then what would be */
};

/* Numbers of one row that docket has otherwise. */
struct docket_clash {
    uint64_t first, last;
    uint64_t line;      /* of the row */
    int is_void;        /* what the row says */
    const char *fate;   /* what docket says, as in struct docket_fate_row ... */
    const char *cause;
    int64_t time_ns;    /* ... since when, UTC; 0 not known ... */
    uint64_t event;     /* ... the event that says why; 0 none ... */
    const char *key, *trace, *text; /* ... and of its record, "" none */
    int by_key;         /* 1: the number is nobody's, but the row's key has another one: period and number */
    int32_t period;
    uint64_t number;
};

/* Told of each clash, in order (at most 1000 of one call; all are counted). Returns 0 to go on. NULL is fine. */
typedef int (*docket_each_clash)(void *context, const struct docket_clash *clash);

/*
 * All rows of the call in one commit, with one event `import`, or nothing of them. counter->period names the
 * period: the current one, the next within two days of its beginning, or any before, seen or not. What docket
 * never gave becomes what the rows say; what lies below the highest and is nobody's becomes void; mark and next
 * number rise above the highest in the same commit. While it is done (milliseconds) callers of this series wait as
 * for supply; a leased counter must have no open lease. The same call again finds everything there, and commits
 * nothing: so whoever was interrupted begins anew. Of an import of several calls the first is best the highest number
 * alone: the others then take their numbers out of the void below it, and what docket gives meanwhile lies above; such
 * calls need no pause of the counter (but of a chronological one), and no leases back.
 * Statuses: OK (look at found->clashing and found->changed), REFUSED (a row is not in order, its text reads back to
 * another number, is above the largest, or leases are open: the sentence says which), PERIOD_NOT_OPEN (it has not
 * begun), PERIOD_CLOSED (for good), RETIRED, NO_SERIES, QUARANTINED, NO_SPACE, BAD_NAME, BAD_ARGUMENT, BUSY,
 * NOT_PERMITTED, UNREACHABLE (all of it is done, or nothing: call it again), DAMAGED, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_import(docket_realm *realm, const struct docket_counter_name *counter,
                            const struct docket_import *import, struct docket_import_found *found,
                            docket_each_clash each, void *context);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
