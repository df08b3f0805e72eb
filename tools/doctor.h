/* SPDX-License-Identifier: MIT */
/*
 * doctor: the checks of `docket doctor`. Each looks at one thing, says what it
 * found, and for WARN and FAIL what to do next. None changes anything.
 */
#ifndef DOCKET_TOOLS_DOCTOR_H
#define DOCKET_TOOLS_DOCTOR_H

#include "cli.h"
#include "viewing.h"

#include <limits.h>

enum verdict { VERDICT_PASS, VERDICT_WARN, VERDICT_FAIL, VERDICTS };

struct doctor {
    const struct cli *cli;
    docket_view *view;           /* NULL: the shared files cannot be read, and a check has said so */
    struct docket_view_realm realm;
    struct docket_view_about about;
    bool about_known;
    char path[PATH_MAX];         /* of the realm */
    char witness[PATH_MAX + 16];
    struct output_table *table;  /* or */
    json_t *list;
    unsigned counts[VERDICTS];
};

/* One line of the report. next: what to do; NULL on PASS. */
void doctor_say(struct doctor *doctor, const char *check, enum verdict verdict, const char *next, const char *format,
                ...) __attribute__((format(printf, 5, 6)));

/* doctor_machine.c: the machine under the realm. */
void doctor_disk(struct doctor *doctor);
void doctor_tmpfs(struct doctor *doctor);
void doctor_descriptors(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);
void doctor_ntp(struct doctor *doctor);
void doctor_modes(struct doctor *doctor);
void doctor_witness(struct doctor *doctor);
void doctor_far_witness(struct doctor *doctor);

/* doctor_realm.c: what the shared files say. */
void doctor_docketd(struct doctor *doctor);
void doctor_versions(struct doctor *doctor);
void doctor_config(struct doctor *doctor);
void doctor_desks(struct doctor *doctor);
void doctor_seats(struct doctor *doctor);
void doctor_series(struct doctor *doctor);

#endif
