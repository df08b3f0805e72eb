/* SPDX-License-Identifier: MIT */
/*
 * intake: the rows of a source as numbers of counters, in order, for an import: however many, in memory of fixed
 * size. First all are read (intake_read()), then sorted and looked through (intake_sort()), then told one by one.
 *
 * A misfit is a text that no series of the tenant writes, or two do, or a restarting one without a date, or a number
 * above the largest of its series. A repeat is a number that an older row has already (by date, then by where it stands):
 * the oldest row counts.
 */
#ifndef DOCKET_TOOLS_LEGACY_INTAKE_H
#define DOCKET_TOOLS_LEGACY_INTAKE_H

#include "../progress.h"
#include "names.h"
#include "sorter.h"
#include "source.h"
#include "spool.h"

#include "docket_reader.h"

enum { INTAKE_TOLD = 20 }; /* misfits and repeats that are told in full; all are counted */

struct intake_oddity {
    const char *why;
    uint64_t line, other_line; /* other: of the older row; 0 none */
    char text[160], id[160];
};

struct intake_row {
    uint32_t counter; /* of intake->names */
    uint32_t day;     /* yyyymmdd, in the counter's period; 0 not known */
    uint64_t number, place;
    bool is_void;
    bool made; /* no row of an invoice: a sequence's last value */
};

struct intake {
    const struct cli *cli;
    docket_reader *reader;
    const char *series; /* only of this one; NULL: of all */
    struct names names;
    struct spool spool;
    struct sorter *sorter;
    struct intake_row *lasts; /* of each counter its highest row; after intake_sort() */
    int file; /* sorted rows, one behind the other */
    char *buffer;
    size_t used, at;
    uint64_t rows, unnumbered, others, misfits, repeats, fitting;
    struct intake_oddity odd[INTAKE_TOLD];
    unsigned odd_count;
    struct progress progress;
    struct spooled spooled;
    char error[256];
};

/* An exit code; each failure has been said. intake_close() is due in any case. */
int intake_open(const struct cli *cli, docket_reader *reader, struct intake *intake);
int intake_read(struct intake *intake, struct legacy_source *source);
/* The last value of a sequence: void, if no invoice has it. */
int intake_add_last(struct intake *intake, const char *tenant, const char *series, int32_t period, uint64_t number,
                    uint64_t line);
int intake_sort(struct intake *intake);
/* 1 a row, 0 the end, -1: it has said why. Counter by counter, numbers ascending, each once. */
int intake_next(struct intake *intake, struct intake_row *row);
/* Texts of a row, until the next call. False: it has said why. */
bool intake_again(struct intake *intake, uint64_t place, const struct spooled **row);
void intake_close(struct intake *intake);

#endif
