/* SPDX-License-Identifier: MIT */
/*
 * policy: what a series is told at its creation and keeps. Pure: no shared
 * memory, no disk.
 */
#ifndef DK_NUMBERING_POLICY_H
#define DK_NUMBERING_POLICY_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum dk_order { DK_STRICT = 0, DK_LEASED = 1, DK_ORDER_COUNT };
enum dk_restart { DK_NEVER = 0, DK_YEARLY = 1, DK_MONTHLY = 2, DK_DAILY = 3, DK_RESTART_COUNT };

#define DK_WINDOW_MIN 16u
#define DK_WINDOW_DEFAULT 10000u
#define DK_WINDOW_MAX 250000u /* a strict word has 18 bits of room */

/* A window for books is DK_WINDOW_MIN to DOCKET_WINDOW_MAX. Beside them there is
 * one with a name, for benchmarks: DOCKET_WINDOW_BENCHMARK, the largest. */
#define DK_WINDOW_BENCHMARK_NAME "benchmark"
_Static_assert(DOCKET_WINDOW_BENCHMARK == DK_WINDOW_MAX && DK_WINDOW_DEFAULT <= DOCKET_WINDOW_MAX,
               "docket.h says the same");

#define DK_TEMPLATE_DEFAULT "{SERIES}-{YYYY}{MM}{DD}-{N:6}"

struct dk_policy {
    uint8_t order;
    uint8_t restart;
    uint32_t window; /* most numbers a power loss may make unknown, beside open leases */
    char template_text[65];
};

/* Strict, yearly, DK_WINDOW_DEFAULT, DK_TEMPLATE_DEFAULT. */
void dk_policy_default(struct dk_policy *policy);

/* BAD_POLICY with a sentence unless every field is in range, the template
 * parses, and its date tokens tell the periods of `restart` apart. */
docket_status dk_policy_check(const struct dk_policy *policy, const char *series) DK_MUST_USE;

/* 1 to DOCKET_NAME_MAX bytes of A-Z a-z 0-9 . _ -, the first a letter or digit.
 * what: "tenant" or "series", for the sentence. */
docket_status dk_name_check(const char *what, const char *name) DK_MUST_USE;

/* "strict", "leased"; "never", "yearly", "monthly", "daily". */
const char *dk_order_name(unsigned order);
const char *dk_restart_name(unsigned restart);
bool dk_order_parse(const char *text, uint8_t *order);
bool dk_restart_parse(const char *text, uint8_t *restart);

#endif
