/* SPDX-License-Identifier: MIT */
/*
 * check: a plan against the source that it is to be applied to. The data must be what the plan was made of, but that
 * rows may have their new number already; what a person wrote into the plan must be about rows that are there, and its
 * new numbers must be nobody's.
 */
#ifndef DOCKET_TOOLS_LEGACY_CHECK_H
#define DOCKET_TOOLS_LEGACY_CHECK_H

#include "known.h"
#include "plan.h"

/* What the check found of each row of the plan that gets a new number, by its place in plan->rows. */
struct checked {
    uint8_t *done;       /* 1: the source has the new number already */
    uint64_t waiting;    /* those that have the old one */
    uint64_t already;
    uint64_t source_rows;
    /* The source's own names; NULL: it has no such column, or no name for it. */
    char *id, *tenant, *number;
    bool has_tenant;
};

/* The names alone, before the data is looked at. CLI_DONE, or it has said why. */
int check_names(const struct cli *cli, const char *source, struct checked *checked);
/* checked is zero or of check_names(), and the caller's, whatever the answer. CLI_DONE, or the exit code of what it has said: 4 if the data
 * changed or docket itself may give one of the numbers, 2 if the plan says what it must not. */
int check_plan(const struct cli *cli, const struct plan *plan, const char *plan_name, const char *source, struct known *known,
               struct checked *checked);
void checked_drop(struct checked *checked);

#endif
