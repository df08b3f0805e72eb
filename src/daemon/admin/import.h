/* SPDX-License-Identifier: MIT */
/*
 * import: numbers that another system gave enter a counter. Between admin/import.c (the errand),
 * admin/import_rows.c (what came), admin/import_sweep.c (what becomes of it) and ledger/import.c (records).
 *
 * A chunk is one request, at most DK_IMPORT_ROWS_MAX rows, and one commit: ranges or records, spares, mark, and
 * one event. Its numbers ascend, and what lies between `from` and its highest number and is nobody's becomes void in
 * the same commit. Who sends the highest number first has the counter above all others before they come: they are cut out
 * of the void below it, which needs no more of the counter, and what is given meanwhile lies above. docketd's death before the commit leaves nothing of the chunk, after it all of it; the same
 * chunk sent again finds what is there already and commits nothing.
 */
#ifndef DK_DAEMON_IMPORT_H
#define DK_DAEMON_IMPORT_H

#include "daemon/admin/errand.h"
#include "daemon/series/policies.h"
#include "wire/import.h"

struct dk_import_row {
    uint64_t first, last, line;
    uint32_t date;
    bool is_void;
    const char *text, *key, *reason; /* "" none; in the errand's evidence */
};

/* Numbers of one row that will be written. */
struct dk_import_gift {
    struct dk_range range;
    size_t row;
    size_t piece; /* of the list: a record that is cut for it; NO_PIECE: none is */
};

#define NO_PIECE SIZE_MAX

struct dk_import;

enum dk_import_verdict { DK_IMPORT_GIVE, DK_IMPORT_ALREADY, DK_IMPORT_CLASH };

/* A number of which only its record of the ledger tells. *clash: what there is of it, for a clash. */
typedef docket_status (*dk_import_judge)(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                         enum dk_import_verdict *verdict, struct dk_clash_wire *clash);

struct dk_import {
    struct dk_import_row *rows;
    size_t count;
    uint64_t from;            /* numbers from here on are this chunk's to speak for */
    uint64_t highest;         /* of the last row */
    bool skip;                /* what clashes is left out */
    bool dry;                 /* nothing will be written */
    bool tracked;
    struct dk_fate_list list; /* pieces between from and highest */
    struct dk_import_gift *gifts; /* ascending */
    size_t gift_count;
    struct dk_import_answer said;
    struct dk_clash_wire *clashes;
    dk_import_judge judge;
    struct dk_plan *plan;     /* of the ledger, until its commit is done */
    struct dk_series_book *series;
    struct dk_daemon *daemon;
    int32_t period;
};

/* ---- import_rows.c ---- */

/* The rows of the errand's evidence, checked by themselves. REFUSED, BAD_ARGUMENT, with the line. */
docket_status dk_import_read(struct dk_errand *errand, struct dk_import *import) DK_MUST_USE;
/* ... and against the series: dates within the period, numbers that it could have given (up to last). today: of a
 * chronological series, else 0. */
docket_status dk_import_check(const struct dk_import *import, uint64_t last, uint32_t today) DK_MUST_USE;

/* ---- import_sweep.c ---- */

/* Compares rows and list: gifts, clashes and counts, anew. */
docket_status dk_import_sweep(struct dk_import *import) DK_MUST_USE;
/* Is there something to write, and nothing against it? */
bool dk_import_goes(const struct dk_import *import);
/* ... and nothing of the counter changes but records of ranges, for it stands above all of it. */
bool dk_import_is_light(const struct dk_import *import);
/* What of the ranges changes: records that are cut, what nobody has, and (without a ledger) what is imported. The
 * job's first event is the import's. */
void dk_import_ranges(struct dk_import *import, struct dk_job *job);
/* The image as it stands then: its spares are its own, and grow. */
void dk_import_image(const struct dk_import *import, struct dk_counter_image *image);
/* The latest date that the rows show; `unknown` where one has none. */
uint32_t dk_import_last_date(const struct dk_import *import, uint32_t unknown);

/* ---- ledger/import.c ---- */

/* The judge of a series with a ledger; between begin and end, or a commit. */
docket_status dk_ledger_import_begin(struct dk_import *import) DK_MUST_USE;
void dk_ledger_import_end(struct dk_import *import);
docket_status dk_ledger_import_judge(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                     enum dk_import_verdict *verdict, struct dk_clash_wire *clash) DK_MUST_USE;
/* Before a number is given: its text reads back to it (else REFUSED), and its key has no other number (else it clashes). */
docket_status dk_ledger_import_prepare(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                       bool *clashes, struct dk_clash_wire *clash) DK_MUST_USE;
/* Plans records, keys and image; the job is the caller's to add the event and ranges to, and to post. */
docket_status dk_ledger_import_plan(struct dk_import *import, uint32_t uid, struct dk_job **job) DK_MUST_USE;
/* The job is durable. */
void dk_ledger_import_done(struct dk_import *import, const struct dk_job *job);

#endif
