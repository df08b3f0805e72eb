/* SPDX-License-Identifier: MIT */
/*
 * service: the tables of the kind of number service that has two of them in a database, taken over in one go.
 *
 *     invoice_sequences   one row for each (tenant, prefix or type, period): its current value
 *     invoices            one row for each document: number, tenant, date, state
 *
 * Columns are found by their usual names, or named by --sequence-columns tenant=COL,series=COL,period=COL,value=COL; the
 * invoices' as docket scan finds them. A period is a day (2025-07-25), a month (2025-07; or a year, and a column `month`), a year (2025) or nothing; a value is
 * the last number that the sequence gave (of a column whose name begins with next: one less).
 *
 * A series is named as its prefix, without the dash at its end. Where it is to be declared, its template is what its first
 * invoice looks like (literals, a date in digits, the number), and it restarts as its sequences do.
 */
#ifndef DOCKET_TOOLS_LEGACY_SERVICE_H
#define DOCKET_TOOLS_LEGACY_SERVICE_H

#include "intake.h"

#include "docket_admin.h"

struct service_sequence {
    uint32_t series; /* of service->series */
    uint32_t day;    /* the period's first day; 0: it has none */
    uint64_t value, line;
};

struct service_series {
    char *tenant, *name;
    const char *restart; /* "daily", "monthly", "yearly", "never" */
    char template_text[160]; /* "": docket's own */
    bool has_sample;
};

struct service {
    const struct cli *cli;
    struct service_series *series;
    struct service_sequence *sequences;
    size_t series_count, series_room, sequence_count, sequence_room;
    uint64_t skipped; /* sequences that are none: no name, no value */
    size_t declared;
};

/* Exit codes. service_free() is due in any case. */
int service_read(const struct cli *cli, struct service *service);
/* Says so if the source has such tables, and --service was not asked for. */
void service_hint(const struct cli *cli);
/* Declares what the realm does not have; for session_run(). */
docket_status service_declare(docket_realm *realm, void *service);
/* The reader knows the series that are not declared yet: for --dry-run. */
int service_teach(const struct service *service, docket_reader *reader);
/* Each sequence's last value, as a number of its counter. */
int service_add_lasts(const struct service *service, struct intake *intake);
void service_free(struct service *service);

/* Pure: what a document number looks like, given its series' name: "{SERIES}-{YYYY}{MM}{DD}-{N:6}". False: it has no
 * number at its end. */
bool service_template_of(const char *name, const char *text, size_t bytes, char *template_text, size_t size);

#endif
