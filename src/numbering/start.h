/* SPDX-License-Identifier: MIT */
/*
 * start: the last number of the system that somebody comes from, read by the template
 * of the series that goes on behind it. Pure.
 */
#ifndef DK_NUMBERING_START_H
#define DK_NUMBERING_START_H

#include "base/status.h"
#include "numbering/policy.h"

/* Among the lines of settings, and no setting: what a series begins behind, and what a counter
 * is moved to. */
#define DK_START_AFTER_LINE "start-after"
#define DK_START_AT_LINE "start-at"

enum { DK_START_BYTES = 132 };

struct dk_start_ask {
    const char *tenant, *series;
    const struct dk_policy *policy;      /* in order by itself */
    const struct dk_template *resolved;  /* its template */
    const char *text;
    uint32_t today;                      /* yyyymmdd, in the series' zone */
};

struct dk_start {
    uint64_t number;
    uint32_t date;  /* the first that the text shows; 0: none */
    int32_t period; /* label of the one that the text is of; -1: a plain number, of whichever is meant */
};

/* Reads a document number of the series, or a plain number: digits only. What can be
 * read as both, and says two things, is refused; number=17 and text=17 say which is
 * meant. Statuses: OK; NOT_OF_SERIES, with where the text differs, what the series
 * would write, and a template that writes it if one is near; BAD_ARGUMENT (two meanings,
 * or no number). Whether the period has come, and the number is within the series' last
 * one, is for the caller. */
docket_status dk_start_read(const struct dk_start_ask *ask, struct dk_start *found) DK_MUST_USE;
/* Is a number left behind it? last: the series' largest. OK, BAD_POLICY (a plain number), REFUSED (a text). */
docket_status dk_start_left(const struct dk_start_ask *ask, const struct dk_start *start, uint64_t last) DK_MUST_USE;

/* For start.c: settings that would write this text ("--template 'INV-{YYYY}-{N:6}'");
 * false: none was found. */
bool dk_start_remedy(const struct dk_start_ask *ask, char remedy[DK_START_BYTES], struct dk_start *found);

/* Takes the line `name` out of settings. value gets its text, "" where there is none.
 * False: it is longer than any document number. */
bool dk_start_cut(char *settings, const char *name, char value[DOCKET_TEXT_MAX + 8]);
/* The other way: a line more. BAD_ARGUMENT: a text that none could be; BAD_POLICY: no room. */
docket_status dk_start_add_line(char settings[DK_SETTINGS_BYTES], const char *name, const char *text) DK_MUST_USE;

#endif
