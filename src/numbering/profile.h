/* SPDX-License-Identifier: MIT */
/*
 * profile: what a country's rules ask of a series, as one table of data. Sources:
 * docs/PROFILES.md. Facts to check settings against, not advice.
 */
#ifndef DK_NUMBERING_PROFILE_H
#define DK_NUMBERING_PROFILE_H

#include "numbering/policy.h"

struct dk_profile {
    const char *name;       /* "in-gst" */
    const char *title;      /* "India, GST invoices" */
    const char *source;     /* "CGST Rules 2017, rule 46(b)" */
    const char *asks;       /* what is checked, for people; "" */
    uint8_t longest;        /* characters of the largest number's text; 0: no bound */
    const char *characters; /* allowed beside letters and digits; NULL: all that a template may have */
    bool folds;             /* small and capital letters are the same (to the collision proof they always are) */
    bool chronological;     /* number order is time order: strict, no recycling, no earlier date */
    bool consecutive;       /* without gaps: strict, no recycling */
    bool corrective_apart;  /* corrective invoices want a series of their own */
    bool per_fiscal_year;   /* unique in a fiscal year that begins in fiscal_month */
    uint8_t fiscal_month;   /* 0 January ... 11 */
    uint8_t restarts;       /* bits 1 << dk_restart: those that it allows; 0: any */
    uint8_t restart;        /* of them, the one that it sets by itself */
    uint8_t digits;         /* exactly so many digits of number; 0: any */
    uint64_t last;          /* largest number; 0: no bound */
};

/* NULL above the last one. profile 0 is "none". */
const struct dk_profile *dk_profile(unsigned profile);
bool dk_profile_parse(const char *name, uint8_t *profile);

/* Sets what policy->profile asks for, where the policy has the default
 * (dk_policy_default()): chronological, release, restart, fiscal-year, at-end.
 * The template and `documents` it leaves: those only people know. */
void dk_profile_apply(struct dk_policy *policy);

/* BAD_POLICY: the rule that refuses, why, and what would fit. For policies that
 * are in order otherwise; resolved: their template. */
docket_status dk_profile_check(const struct dk_policy *policy, const char *tenant, const char *series,
                               const struct dk_template *resolved) DK_MUST_USE;

#endif
