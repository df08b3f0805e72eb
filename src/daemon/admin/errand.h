/* SPDX-License-Identifier: MIT */
/*
 * errand: what an admin asked for, from the packet to the answer. Between the
 * files admin*.c, evidence.c and aside.c; nobody else includes this.
 *
 * Invariants
 *  1. One errand that changes something runs at a time.
 *  2. Commit first, then act, then answer: of an errand that docketd's death cut
 *     off, all has happened or nothing.
 *  3. A counter that an errand changes off the board is held: nothing of the
 *     series is opened meanwhile.
 */
#ifndef DK_DAEMON_ERRAND_H
#define DK_DAEMON_ERRAND_H

#include "daemon/door/serve.h"
#include "daemon/series/begin.h"

#include <pthread.h>

/* What a SET asks for; admin_set.c. */
struct dk_set {
    const struct dk_policy *policy; /* the one that is asked for */
    struct dk_template template;    /* ... resolved */
    uint64_t rows;     /* of dk_settings(), in which it differs from the series' policy */
    enum dk_when when; /* the strictest of them */
    bool start;        /* where the counter begins differs */
    bool interval;     /* ... and that is another interval of a series that has given numbers */
    bool next;         /* it holds from a period on that is not the current one: */
    int32_t from;
};

struct dk_errand {
    struct dk_errand *next;
    struct dk_daemon *daemon;
    struct dk_connection *connection;
    struct dk_admin_request asked;
    char *evidence; /* ends in a zero */
    size_t evidence_bytes;
    struct dk_series_book *series;
    struct dk_counter *counter; /* busy with the errand's commit; or NULL */
    int32_t period;
    bool changes;
    bool waits;                 /* it is not to be answered yet */
    void (*go_on)(struct dk_errand *errand); /* each turn of the loop; or NULL */
    struct dk_change_wire *rows;
    size_t row_count;
    void *answer; /* rows of another shape, whole */
    size_t answer_bytes;
    uint64_t figure;
    struct dk_begin begin; /* that was asked for as a text or a number; of none, given is false */
    char start[DOCKET_TEXT_MAX + 8]; /* ... that text, or "" */
    int64_t look_ns; /* drain: not before */
    struct dk_series_record record; /* as the series will stand */
    struct dk_set set;
    struct dk_retention *retention; /* retention.c's */
    uint64_t retention_series;
    struct dk_import *import; /* import.c's */
    /* aside.c: */
    void (*then)(struct dk_errand *errand); /* once the thread is back, and went well; NULL: the answer */
    pthread_t thread;
    dk_word stop;   /* 1: nobody waits for the thread's work any more */
    int target;     /* backup: the asker's file, or -1 */
    uint32_t uid;   /* ... and who that is */
    FILE *out;
    int out_fd;
    docket_status outcome;
    char sentence[DK_ERROR_BYTES];
};

/* ---- admin.c ---- */

/* Answers with what the errand has gathered, and frees it. A failure's sentence
 * is the thread's last error. */
void dk_errand_end(struct dk_errand *errand, docket_status status);
void dk_errand_row(struct dk_errand *errand, const struct dk_change_wire *row);
/* The series that is asked for, on the board: from the store if nobody uses it. */
docket_status dk_errand_series(struct dk_errand *errand, struct dk_series_book **series) DK_MUST_USE;
/* The series and its period, from the request; no retired and no quarantined one. */
docket_status dk_errand_find(struct dk_errand *errand) DK_MUST_USE;
/* The series, and its period that is asked for: the current one where none is. */
void dk_errand_current(struct dk_errand *errand, struct dk_series_book *series);
/* "acme/INV/2026" */
const char *dk_errand_name(const struct dk_errand *errand);
/* Commits the job, with the counter busy if it is in memory. */
void dk_errand_post(struct dk_errand *errand, struct dk_job *job);
/* Takes the beginning's line out of the errand's settings, into `start`. */
docket_status dk_errand_cut_start(struct dk_errand *errand, const char *line) DK_MUST_USE;
/* The job's event, with the asker's uid and reason. */
void dk_errand_event(const struct dk_errand *errand, struct dk_job *job, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- each returns OK (then it waits, or is answered at once) or why not ---- */

docket_status dk_errand_void(struct dk_errand *errand) DK_MUST_USE;      /* admin_fates.c */
docket_status dk_errand_reconcile(struct dk_errand *errand) DK_MUST_USE;
docket_status dk_errand_advance(struct dk_errand *errand) DK_MUST_USE;   /* admin_series.c */
docket_status dk_errand_retire(struct dk_errand *errand) DK_MUST_USE;
/* A leased counter that is off the board: true if leases of it are still out; else
 * it is asked to leave. */
bool dk_errand_leases_out(struct dk_counter *counter);
/* What lies below `to` and was not given becomes void in this commit: spares, and what
 * was never laid. The job's first event says why. */
void dk_errand_skip(struct dk_job *job, struct dk_counter_image *image, uint64_t to, enum dk_cause cause);
/* Ends the hold of the errand's series; its periods go on the board again. */
void dk_errand_let_go(struct dk_errand *errand);
docket_status dk_errand_set(struct dk_errand *errand) DK_MUST_USE;       /* admin_set.c */
docket_status dk_errand_preview(struct dk_errand *errand) DK_MUST_USE;   /* admin_show.c */
docket_status dk_errand_show(struct dk_errand *errand) DK_MUST_USE;
docket_status dk_errand_drain(struct dk_errand *errand) DK_MUST_USE;     /* admin_desk.c */
docket_status dk_errand_desk(struct dk_errand *errand) DK_MUST_USE;
/* Who holds leases at a desk (of one counter, or NULL); the caller frees them. */
struct dk_holder_wire *dk_holders_of(const struct dk_desk_book *desk, const struct dk_counter *only, uint32_t *count);
/* Rows behind those that the errand's answer has. */
void dk_errand_answer(struct dk_errand *errand, const void *rows, size_t bytes);
docket_status dk_errand_clock(struct dk_errand *errand) DK_MUST_USE;     /* clockguard.c */
docket_status dk_errand_close(struct dk_errand *errand) DK_MUST_USE;     /* closing.c */
docket_status dk_errand_periods(struct dk_errand *errand) DK_MUST_USE;   /* admin_periods.c */
docket_status dk_errand_records(struct dk_errand *errand) DK_MUST_USE;   /* records.c */
docket_status dk_errand_shapes(struct dk_errand *errand) DK_MUST_USE;    /* shapes_read.c */
/* What each series of the tenant (NULL: of all) writes and ever wrote; the caller frees the rows. */
docket_status dk_shapes_gather(struct dk_store *store, const char *tenant, struct dk_shape_wire **rows, size_t *count) DK_MUST_USE;
docket_status dk_errand_verify(struct dk_errand *errand) DK_MUST_USE;    /* aside.c */
docket_status dk_errand_events(struct dk_errand *errand) DK_MUST_USE;
docket_status dk_errand_backup(struct dk_errand *errand) DK_MUST_USE;    /* backup.c */
docket_status dk_errand_audit(struct dk_errand *errand) DK_MUST_USE;
docket_status dk_errand_head(struct dk_errand *errand) DK_MUST_USE;
docket_status dk_errand_retention(struct dk_errand *errand) DK_MUST_USE; /* retention.c */
docket_status dk_errand_import(struct dk_errand *errand) DK_MUST_USE;    /* import.c */
void dk_import_free(struct dk_import *import); /* NULL is fine */

/* ---- aside.c ---- */

/* Work in a thread of its own, which touches the store and the errand's own fields. */
docket_status dk_aside_begin(struct dk_errand *errand, void *(*work)(void *context)) DK_MUST_USE;
/* In that thread: how it went. */
void dk_aside_outcome(struct dk_errand *errand, docket_status status);

/* ---- evidence.c ---- */

struct dk_evidence {
    uint64_t first, last;
    uint32_t line;
};

/* The lines of an evidence: a number, a range (17-20 or 17..20), or a document
 * number's text of this series and period, under its policy or its next one; blank
 * lines and those that begin with # are none. Sorted; no number twice. REFUSED, with
 * the line: none of these, or two of them that do not say the same. */
docket_status dk_evidence_read(const struct dk_series_record *series, int32_t period, const char *text, size_t bytes,
                               struct dk_evidence **found, size_t *count) DK_MUST_USE;

/* ---- cut.c ---- */

/* Of a record, what no cut covers keeps its fate, or gets rest's if it is not
 * NULL; what is cut gets cut's, or no record if that is NULL. Cuts ascend, do not
 * touch, and lie within the record. */
void dk_fates_cut(struct dk_job *job, const struct dk_fate_record *record, const struct dk_range *cuts, size_t count,
                  const struct dk_fate_record *cut, const struct dk_fate_record *rest);

#endif
