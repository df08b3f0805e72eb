/* SPDX-License-Identifier: MIT */
/*
 * policy: what a series is told. One table says every setting: its name, how it
 * is read and written, when it may change; docket.conf, the wire, the store, the
 * command and the events all speak in its words. Pure: no shared memory, no disk.
 */
#ifndef DK_NUMBERING_POLICY_H
#define DK_NUMBERING_POLICY_H

#include "base/status.h"
#include "numbering/date.h"
#include "numbering/template.h"
#include "numbering/zone.h"

#include <stdbool.h>
#include <stdint.h>

enum dk_order { DK_STRICT = 0, DK_LEASED = 1, DK_GAPLESS = 2, DK_ORDER_COUNT };
enum dk_restart {
    DK_NEVER = 0,
    DK_YEARLY = 1,
    DK_MONTHLY = 2,
    DK_DAILY = 3,
    DK_FISCAL = 4,
    DK_QUARTERLY = 5,
    DK_WEEKLY = 6,
    DK_RESTART_COUNT
};
enum dk_at_end { DK_WIDEN = 0, DK_STOP = 1, DK_AT_END_COUNT }; /* when the width of {N:6} is full */
/* Of a law that wants some documents in a series of their own. */
enum dk_documents { DK_ANY_DOCUMENTS = 0, DK_INVOICES = 1, DK_CORRECTIVE = 2, DK_RECIPIENT_ISSUED = 3, DK_DOCUMENTS_COUNT };
enum dk_release { DK_RECYCLE = 0, DK_VOID_RELEASED = 1, DK_RELEASE_COUNT };
enum dk_on_expiry { DK_EXPIRY_DOUBT = 0, DK_EXPIRY_FREE = 1, DK_EXPIRY_COUNT }; /* of a number whose holder ended */

#define DK_WINDOW_MIN 16u
#define DK_WINDOW_DEFAULT 10000u
#define DK_WINDOW_MAX DOCKET_WINDOW_BENCHMARK

/* A window for books is DK_WINDOW_MIN to DOCKET_WINDOW_MAX. Beside them there are
 * two with names, for benchmarks: DOCKET_WINDOW_BENCHMARK, the largest, and what
 * that was when layout 2 was new: series that were made with it keep it. */
#define DK_WINDOW_BENCHMARK_NAME "benchmark"
#define DK_WINDOW_SMALL_NAME "benchmark-250000"
#define DK_WINDOW_SMALL 250000u
_Static_assert(DK_WINDOW_DEFAULT <= DOCKET_WINDOW_MAX && DOCKET_WINDOW_MAX < DK_WINDOW_SMALL &&
                   DK_WINDOW_SMALL < DOCKET_WINDOW_BENCHMARK, "a window with a name is none for books");

#define DK_TEMPLATE_DEFAULT "{SERIES}-{YYYY}{MM}{DD}-{N:6}"

#define DK_CLOSE_NEVER UINT16_MAX
#define DK_WARN_DEFAULT 90

struct dk_policy {
    uint8_t order;
    uint8_t restart;
    uint8_t at_end;
    uint8_t release;
    uint8_t profile;     /* profile.h; 0 none */
    uint8_t chronological; /* 1: no document date before the series' last one; strict only */
    uint8_t documents;   /* enum dk_documents: which documents it numbers */
    uint8_t warn;        /* percent of an interval (or of the width, at stop) that is used when people are warned; 0 never */
    uint8_t ledger;      /* 1: each number has a record; gapless series always */
    uint8_t on_expiry;   /* enum dk_on_expiry */
    struct dk_fiscal fiscal;
    uint16_t close_after; /* days after a period's end until it closes; DK_CLOSE_NEVER */
    uint32_t window;     /* most numbers a power loss may make unknown, beside open leases */
    uint32_t valid_from, valid_to; /* of an authority's interval, yyyymmdd; 0: no bound */
    uint64_t last;       /* of the interval, inclusive; 0: no bound. Its first is where the counter starts */
    char template_text[DK_TEMPLATE_TEXT];
    char prefix[DK_PREFIX_BYTES]; /* "": the series' name */
    char fields[DK_FIELDS_BYTES]; /* "branch=VIE till=03" */
    char zone[DK_ZONE_BYTES];     /* IANA name; "UTC" */
};

/* When a setting of a series that gives numbers may change. */
enum dk_when {
    DK_ANY_TIME,    /* at once */
    DK_FROM_NOW_ON, /* numbers that come after it, or from the next period on; what was given keeps its text */
    DK_AT_FIRST     /* only while no number was given */
};

enum { DK_SETTING_BYTES = 132, DK_SETTINGS_BYTES = 768 };

struct dk_setting {
    const char *name;     /* "restart" */
    const char *fallback; /* as dk_policy_default() has it */
    const char *values;   /* for people: "never, yearly, fiscal, quarterly, monthly, weekly, daily" */
    const char *meaning;
    enum dk_when when;
};

/* The table, and how many rows it has. */
const struct dk_setting *dk_settings(unsigned *count);
/* Reads one value into the policy. BAD_POLICY: no such setting, or no such value
 * of it, with what is allowed. The policy is not changed then. `profile` sets what
 * the profile asks for too, where that stands at its default (dk_profile_apply()). */
docket_status dk_policy_set(struct dk_policy *policy, const char *name, const char *value) DK_MUST_USE;
/* The value of row `at` as text. */
void dk_policy_get(const struct dk_policy *policy, unsigned at, char text[DK_SETTING_BYTES]);
/* Lines of "name=value\n", each read as above; all or nothing. The profile's line
 * goes first, wherever it stands, and then the order's: what is said by name holds
 * against what a profile (or order=gapless, which sets ledger=on) sets by itself. */
docket_status dk_policy_apply(struct dk_policy *policy, const char *lines) DK_MUST_USE;
/* A line more, for dk_policy_apply(); read first, so that a value that is none is
 * refused, and none has an end of line in it. */
docket_status dk_policy_add_line(char lines[DK_SETTINGS_BYTES], const char *name, const char *value) DK_MUST_USE;
/* The lines in which the policy differs from base: base with them applied is the
 * policy. False: they do not fit; DK_SETTINGS_BYTES are enough for any. */
bool dk_policy_lines(const struct dk_policy *policy, const struct dk_policy *base, char *lines, size_t size);

/* EXISTS, with what is where something else is wanted, of a series that is declared
 * again; OK if it is the same. */
docket_status dk_policy_compare(const struct dk_policy *is, const struct dk_policy *wanted, const char *tenant,
                                const char *name) DK_MUST_USE;

/* A window as a setting says it: a number for books, or a name. */
bool dk_window_read(const char *text, uint32_t *window);
const char *dk_window_text(uint32_t window, char text[16]);

/* Strict, yearly, DK_WINDOW_DEFAULT, DK_TEMPLATE_DEFAULT, UTC ... */
void dk_policy_default(struct dk_policy *policy);

/* BAD_POLICY with a sentence unless every field is in range, settings go
 * together, the template parses, its shown dates tell the periods apart, the
 * longest text fits, and the profile has nothing against it. zone is looked at as
 * a name only. On OK *resolved has the template (NULL is fine). */
docket_status dk_policy_check(const struct dk_policy *policy, const char *tenant, const char *series,
                              struct dk_template *resolved) DK_MUST_USE;

/* The part of it that depends on the template: for profiles, which try others. */
docket_status dk_policy_shape(const struct dk_policy *policy, const char *tenant, const char *series,
                              struct dk_template *resolved) DK_MUST_USE;

/* The same settings. */
bool dk_policy_same(const struct dk_policy *a, const struct dk_policy *b);

/* The same policy in memory that is shared by all who keep an equal one, and never
 * freed: a realm has many series and few policies. docketd only: ends the process
 * (70) when memory is short, as dk_must_alloc(). Any thread. */
const struct dk_policy *dk_policy_keep(const struct dk_policy *policy);

/* The policy's template with the texts of its series in place. Statuses: OK, BAD_POLICY;
 * a policy that was checked when it was set has one. */
docket_status dk_policy_template(const struct dk_policy *policy, const char *tenant,
                                 struct dk_template *resolved) DK_MUST_USE;

/* The last number that a counter of this policy gives: of the interval, at stop of
 * the width, or DOCKET_NUMBER_MAX. */
uint64_t dk_policy_last(const struct dk_policy *policy, const struct dk_template *resolved);

/* 1 to DOCKET_NAME_MAX bytes of A-Z a-z 0-9 . _ -, the first a letter or digit.
 * what: "tenant" or "series", for the sentence. */
docket_status dk_name_check(const char *what, const char *name) DK_MUST_USE;

/* Forms of values: a name that a zone database could have; bytes of a prefix; fields
 * with each name once. */
bool dk_zone_name_ok(const char *zone);
bool dk_prefix_ok(const char *prefix);
bool dk_fields_ok(const char *fields);

/* "strict", "leased"; "never", "yearly", "monthly", "daily" ...; "any" ... */
const char *dk_order_name(unsigned order);
const char *dk_restart_name(unsigned restart);
const char *dk_documents_name(unsigned which);
bool dk_order_parse(const char *text, uint8_t *order);
bool dk_restart_parse(const char *text, uint8_t *restart);

#endif
