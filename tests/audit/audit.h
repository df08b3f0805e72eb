/* SPDX-License-Identifier: MIT */
/*
 * audit: what the auditor knows while it judges one realm: the fates that
 * docket tells, the numbers that workers logged, and what does not agree.
 *
 * The auditor shares no code and no header with docket, on purpose: the log
 * format and the fate format are all that both sides know.
 *
 * Who does what: fates.c reads `docket fate --json`, logs.c the workers' logs,
 * counters.c keeps both per counter, checks.c compares them, findings.c counts
 * what is wrong, report.c prints. docket_audit.c is the command.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "number_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AUDIT_NUMBER_MAX 999999999999999ull

/* Exit codes of the command. */
enum { AUDIT_CLEAN = 0, AUDIT_FINDINGS = 1, AUDIT_USAGE = 2, AUDIT_UNREADABLE = 3 };

/* Every kind of finding once: name, key in JSON, sentence, and whether its
 * count is of numbers that are not accounted for. */
#define AUDIT_KINDS(KIND)                                                                 \
    KIND(GIVEN_TWICE, "given_twice", "numbers given twice", 0)                            \
    KIND(BAD_LOG, "bad_log", "logs that are not well-formed", 0)                          \
    KIND(BAD_FATE, "bad_fate", "fate entries that make no sense", 0)                      \
    KIND(FATE_HOLE, "fate_hole", "numbers below the mark without a fate", 1)              \
    KIND(FATE_OVERLAP, "fate_overlap", "numbers with two fates", 1)                       \
    KIND(NO_FATE, "no_fate", "numbers logged in a counter that docket does not know", 1)  \
    KIND(OUT_OF_RANGE, "out_of_range", "numbers logged outside first .. mark - 1", 1)     \
    KIND(LOGGED_LAID, "logged_laid", "numbers logged, but laid", 1)                       \
    KIND(LOGGED_OPEN, "logged_open", "numbers logged, but open", 1)                       \
    KIND(LOGGED_SPARE, "logged_spare", "numbers logged, but spare", 1)                    \
    KIND(LOGGED_VOID, "logged_void", "numbers logged, but void", 1)                       \
    KIND(LOGGED_FREE, "logged_free", "numbers logged, but free", 1)                       \
    KIND(LOGGED_RESERVED, "logged_reserved", "numbers logged, but only reserved", 1)      \
    KIND(UNLOGGED, "unlogged", "numbers handed out, in no log, without excuse", 1)        \
    KIND(OUT_OF_ORDER, "out_of_order", "strict numbers out of one thread's call order", 0) \
    KIND(TOO_UNKNOWN, "too_unknown", "unknown numbers above --unknown-max", 0)            \
    KIND(HOLE, "hole", "numbers of gapless periods neither issued nor void with a cause", 0)

#define AUDIT_KIND_ENUM(name, key, text, lost) FINDING_##name,
enum finding_kind { AUDIT_KINDS(AUDIT_KIND_ENUM) FINDING_KINDS };

enum fate {
    FATE_LAID, FATE_OPEN, FATE_HANDED_OUT, FATE_SPARE, FATE_VOID, FATE_UNKNOWN,
    FATE_FREE, FATE_RESERVED, FATE_PENDING, FATE_IN_DOUBT, FATE_ISSUED, /* of series with a ledger */
    FATES
};

enum { EXAMPLES_PER_KIND = 5, PLACES_PER_EXAMPLE = 3, CAUSES_MAX = 16, CAUSE_BYTES = 64 };

/* One finding told in full. number 0: it is not about one number. */
struct example {
    const struct counter *counter;
    uint64_t number;
    char text[400];
    char places[PLACES_PER_EXAMPLE][160]; /* log and record, filled by logs_locate() */
    unsigned place_count;
};

struct findings {
    uint64_t count[FINDING_KINDS];
    struct example examples[FINDING_KINDS][EXAMPLES_PER_KIND];
    unsigned example_count[FINDING_KINDS];
};

struct fate_range {
    uint64_t first, last; /* inclusive */
    enum fate fate;
    bool by_hand; /* a person decided: void though it was given, handed out though no log has it */
    bool imported; /* another system gave it: docket never did */
    bool has_cause;
};

/* One (tenant, series, period). */
struct counter {
    struct series *series;
    int32_t period;
    bool has_fate;
    uint64_t first, mark;
    bool gapless;
    struct fate_range *ranges;
    size_t range_count;
    struct number_set logged;
    uint64_t logged_count;
};

/* One (tenant, series). Excuses are pooled here, since a killed log does not
 * say in which period its last call was. */
struct series {
    char *tenant, *name;
    bool strict, has_order; /* strict: one thread's numbers rise; not where released ones come again */
    uint64_t logs;
    uint64_t excuse;   /* numbers that killed threads may have taken unlogged */
    uint64_t unlogged; /* numbers handed out that no log has */
    const struct counter *unlogged_counter;
    uint64_t unlogged_first;
};

struct table; /* counters.c */

struct cause {
    char text[CAUSE_BYTES];
    uint64_t ranges, numbers;
};

struct totals {
    uint64_t logs, logs_killed, records, counters, counters_logged_from_first, excused;
    uint64_t fate[FATES], unlogged;
    struct cause causes[CAUSES_MAX]; /* of unknown ranges */
    unsigned cause_count;
};

struct options {
    const char *fate_path, *logs_path, *only; /* only: "TENANT/SERIES" */
    bool json;
    int64_t killed_allow; /* -1: the step in the log's header */
    int64_t unknown_max;  /* -1: any */
    bool gapless;         /* gapless periods have no hole */
};

struct audit {
    struct options options;
    struct table *table;
    struct findings findings;
    struct totals totals;
};

/* counters.c. NULL: no memory. */
struct table *table_make(void);
struct counter *table_counter(struct table *table, const char *tenant, const char *series,
                              int32_t period);
struct series *table_series(struct table *table, const char *tenant, const char *series);
size_t table_counter_count(const struct table *table);
struct counter *table_counter_at(const struct table *table, size_t position);
size_t table_series_count(const struct table *table);
struct series *table_series_at(const struct table *table, size_t position);
void table_free(struct table *table);

/* findings.c */
void finding_add(struct findings *findings, enum finding_kind kind, uint64_t count,
                 const struct counter *counter, uint64_t number, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
const char *finding_key(enum finding_kind kind);
const char *finding_text(enum finding_kind kind);
uint64_t findings_unaccounted(const struct findings *findings);
bool findings_none(const struct findings *findings);
void counter_name(const struct counter *counter, char *text, size_t size);

/* True if --only does not rule this series out. */
bool audit_wants(const struct audit *audit, const char *tenant, const char *series);

/* Each returns AUDIT_CLEAN, or AUDIT_UNREADABLE after a sentence on stderr.
 * What is readable but wrong becomes a finding. */
int fates_read(struct audit *audit);
int logs_read(struct audit *audit);

/* Second pass: in which logs the examples' numbers stand. */
void logs_locate(struct audit *audit);

void checks_run(struct audit *audit);

/* report.c */
const char *fate_name(enum fate fate);
void report_text(const struct audit *audit, FILE *to);
void report_json(const struct audit *audit, FILE *to);

#endif
