/* SPDX-License-Identifier: MIT */
/*
 * policies: which policy of a series holds for which period, and what follows from
 * it for a counter; one policy with settings of another.
 */
#ifndef DK_DAEMON_POLICIES_H
#define DK_DAEMON_POLICIES_H

#include "daemon/daemon.h"

/* Last number that the series' counter of this period gives. */
uint64_t dk_record_last(const struct dk_series_record *record, int32_t period);

/* Last day on which the series' numbers are valid, as a slot says it for all of its
 * periods; 0: no bound. Where a later policy joins this one without a day between, it is
 * that one's, so that the edge needs no docketd. */
uint32_t dk_record_valid_to(const struct dk_series_record *record);

/* The instants of the period in which an authority's interval is valid: what a bank of
 * the board shows. None at all: from the end on. */
void dk_record_valid_s(const struct dk_series_record *record, const struct dk_period *period, int64_t *start_s,
                       int64_t *end_s);

/* Rows of dk_settings() in which two policies differ, as bits. */
uint64_t dk_policy_differ(const struct dk_policy *a, const struct dk_policy *b);

/* base with those rows of `other`. */
docket_status dk_policy_merge(const struct dk_policy *base, const struct dk_policy *other, uint64_t rows,
                              struct dk_policy *merged) DK_MUST_USE;

/* set_next.c: what was set from a later period on replaces the policy once that period
 * is the current one. False: it is on its way, or waits; look again. */
bool dk_policy_turn(struct dk_daemon *daemon, struct dk_series_book *series, int32_t current) DK_MUST_USE;

#endif
