/* SPDX-License-Identifier: MIT */
/*
 * scan: what is wrong with the numbers of a source, however many rows it has, in memory of fixed size. docket scan
 * prints what it finds; fix, import and accept build on the same.
 *
 * The rules
 *   duplicate  two rows of a tenant with the same number, byte for byte; the other row is the oldest: by date, then by
 *              where it stands
 *   folded     likewise, but small and capital letters (A to Z) differ
 *   twice      two rows whose texts differ and are the same number of the same series and period
 *   misfit     a text that is of no series of the tenant, or of two, or of a series that restarts, where neither text
 *              nor row says when it was
 *   gap        numbers that are missing between the lowest and the highest plausible one of a counter
 *   disorder   a number with an earlier date than the number before it (of several rows of a number the oldest counts;
 *              rows without a date that can be read do not)
 *   largest    a number above the largest plausible one: above what is said to be the largest; or above the last one
 *              that its series can have; or, where none is said, above a hole that is more than ten times as long as all
 *              numbers below it together, and at least 1000 long, where at least ten rows lie below the hole and at most
 *              one in a hundred as many (but one always may) above it
 * Rows without a number are counted and left out.
 *
 * A counter is one (tenant, series, period), as everywhere. Findings come in this order: misfits and numbers above
 * their series' last as rows are read; duplicates, groups by their first row; then counter by counter as the source
 * names them first, numbers ascending.
 */
#ifndef DOCKET_TOOLS_LEGACY_SCAN_H
#define DOCKET_TOOLS_LEGACY_SCAN_H

#include "source.h"

#include "docket_reader.h"

enum scan_kind { SCAN_DUPLICATE, SCAN_FOLDED, SCAN_TWICE, SCAN_MISFIT, SCAN_GAP, SCAN_DISORDER, SCAN_LARGEST, SCAN_KINDS };

/* "duplicate", "folded" ... */
const char *scan_kind_name(enum scan_kind kind);

enum { SCAN_NO_DAY = -1 };

/* A row of the source, as far as it is kept: texts live until the callback returns. */
struct scan_row {
    struct span tenant, number, date, id; /* at most 4096, 255 and 1024 bytes of the last three */
    uint64_t line;                        /* 0: there is no row */
    int64_t day;                          /* yyyymmdd, or SCAN_NO_DAY */
};

struct scan_finding {
    enum scan_kind kind;
    struct scan_row row;      /* of a gap: none */
    struct scan_row other;    /* duplicate, folded, twice: the oldest row; disorder: the number before. Else none */
    const char *tenant;
    const char *series;       /* NULL: not known; so period, first and last say nothing */
    int32_t period;
    uint64_t first, last;     /* of a gap the missing numbers; else the number, twice */
    const char *why;          /* a sentence without an end */
};

/* What is known of a counter once its last number was seen. */
struct scan_counter {
    const char *tenant, *series;
    int32_t period;
    uint64_t rows, numbers;      /* numbers: each once */
    uint64_t lowest, highest;    /* of all rows */
    uint64_t plausible;          /* the highest one that is no finding of kind largest; 0: none is */
    int64_t first_day, last_day; /* SCAN_NO_DAY */
};

struct scan_totals {
    uint64_t rows, unnumbered, undated; /* rows read; without number; without a date that can be read */
    uint64_t fitting;                   /* rows of a series */
    uint64_t tenants, counters;
    uint64_t found[SCAN_KINDS], missing; /* missing: numbers in gaps */
    uint64_t all;                       /* findings */
};

struct scan_options {
    docket_reader *reader;
    uint64_t largest;  /* 0: the rule above */
    bool only_counters; /* no duplicates are looked for: rows are neither kept nor compared (accept) */
    /* Each may be NULL; returns 0 to go on. */
    int (*finding)(void *context, const struct scan_finding *finding);
    int (*counter)(void *context, const struct scan_counter *counter);
    void *context;
};

/* Reads the source to its end. CLI_DONE, whatever was found, or the exit code of what it has said. Shows its progress. */
int scan_run(const struct cli *cli, struct legacy_source *source, const struct scan_options *options,
             struct scan_totals *totals);

/* ---- which series ---- */

/* The options of a command that reads numbers: of the realm's series, or, with --template, of one series of each tenant. */
#define SCAN_SERIES_OPTIONS                                                                                            \
    (BIT(OPT_TEMPLATE) | BIT(OPT_RESTART) | BIT(OPT_FISCAL_YEAR) | BIT(OPT_PREFIX) | BIT(OPT_FIELDS) | BIT(OPT_SERIES) |   \
     BIT(OPT_REALM) | BIT(OPT_NO_START))

/* A reader by those options. With a realm docketd is asked, and started where none answers; no realm is ever made. */
int scan_open_reader(const struct cli *cli, docket_reader **reader);

#endif
