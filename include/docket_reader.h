/* SPDX-License-Identifier: MIT */
/*
 * docket_reader: from the text of a document number back to tenant, series, period and
 * number, and from a number to its text, without docketd: for tools that read the documents
 * of another system, or of this one.
 *
 *     docket_reader *reader;
 *     struct docket_reading reading;
 *     docket_reader_open(&reader);
 *     docket_reader_add(reader, "acme", "INV", &(struct docket_policy){.restart = "yearly"});
 *     docket_reader_read(reader, "acme", "INV-20250725-000001", 19, &reading);
 *
 * A text is of a series only if the series writes it so, byte for byte. A reader is used
 * by one thread at a time. It costs a fraction of a microsecond a text, however many series
 * it knows.
 */
#ifndef DOCKET_READER_H
#define DOCKET_READER_H

#include "docket_admin.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct docket_reader docket_reader;

/* What a text says. */
struct docket_reading {
    const char *tenant, *series; /* as long as the reader; of a series of any tenant the caller's own tenant */
    int32_t period;     /* its label: 2026, 202611, 20261124 ...; 0: the series never restarts */
    uint32_t date;      /* yyyymmdd: the first day that shows what the text shows; 0: it shows none */
    uint64_t number;
    uint32_t matches;   /* series and policies that write this text; alike ones are one */
    uint32_t current;   /* 1: the series writes so today, 0: under an older policy only */
    uint64_t last;      /* the largest number that this policy gives */
};

/* A reader that knows no series. The caller's until docket_reader_close(). Statuses: OK,
 * NO_MEMORY, BAD_ARGUMENT. */
docket_status docket_reader_open(docket_reader **reader);
/* NULL is fine. */
void docket_reader_close(docket_reader *reader);

/*
 * A series more, by its policy (zero members are docket's defaults; no realm is asked). More
 * policies of one series are added one by one. tenant NULL: every tenant has it. Unlike a series
 * that is declared it may restart without showing its period: then docket_reader_read_dated() wants
 * the document's date. Statuses: OK, BAD_NAME, BAD_POLICY, BAD_ARGUMENT, NO_MEMORY.
 */
docket_status docket_reader_add(docket_reader *reader, const char *tenant, const char *series,
                                const struct docket_policy *policy);

/*
 * Every series of the realm (of one tenant, or tenant NULL: of all), under every policy that it ever
 * had, retired ones too. Asks docketd, and waits at most a minute. For whoever may sit at the tenant's
 * desk; all tenants are for admins. *added (NULL is fine) counts policies. Statuses: OK, BUSY,
 * NOT_PERMITTED, UNREACHABLE, BAD_NAME, BAD_ARGUMENT, NO_MEMORY, DAMAGED, STORE_FAILED, PROTOCOL, SYSTEM.
 */
docket_status docket_reader_add_realm(docket_reader *reader, docket_realm *realm, const char *tenant, uint64_t *added);

/*
 * The same of a realm that nobody serves: fd is of a file with what `docketd --offline accept shapes` of this release
 * printed. It stays the caller's. Statuses: OK, BAD_ARGUMENT, NO_MEMORY, PROTOCOL, SYSTEM.
 */
docket_status docket_reader_add_told(docket_reader *reader, int fd, uint64_t *added);

/*
 * Reads a text of `bytes` bytes (no zero is needed). *reading is written on OK, and on COLLISION with
 * the first that was found. Statuses: OK, NOT_OF_SERIES (no series of the tenant writes it),
 * COLLISION (two different numbers have this text), BAD_DATE (it shows no date of a series that restarts),
 * BAD_ARGUMENT.
 */
docket_status docket_reader_read(docket_reader *reader, const char *tenant, const char *text, size_t bytes,
                                 struct docket_reading *reading);

/* The same of a document of this date, yyyymmdd: it says the period where the text does not. Statuses: likewise;
 * BAD_DATE also for a date that is needed and is outside 2001 to 2099. */
docket_status docket_reader_read_dated(docket_reader *reader, const char *tenant, const char *text, size_t bytes,
                                       uint32_t date, struct docket_reading *reading);

/*
 * The text of a number of the series as it writes it today, on a document of this date (yyyymmdd; any of 2001 to 2099
 * where no date is shown). Nothing is taken. Statuses: OK, NO_SERIES (the reader knows none of this name that still
 * writes), BAD_COUNT (the number is 0 or above the policy's last), BAD_DATE, BAD_ARGUMENT.
 */
docket_status docket_reader_write(docket_reader *reader, const char *tenant, const char *series, uint32_t date,
                                  uint64_t number, char text[DOCKET_TEXT_MAX]);

/* The period of the series that holds the date; 0 of one that never restarts. Statuses: OK, NO_SERIES, BAD_DATE,
 * BAD_ARGUMENT. */
docket_status docket_reader_period(docket_reader *reader, const char *tenant, const char *series, uint32_t date,
                                   int32_t *period);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
