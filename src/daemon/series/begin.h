/* SPDX-License-Identifier: MIT */
/*
 * begin: where a series begins behind the last number of another system, which is given
 * as a number or as a document number's text. One place for declarations, previews, sets
 * and advances, so that they read it alike.
 */
#ifndef DK_DAEMON_BEGIN_H
#define DK_DAEMON_BEGIN_H

#include "daemon/daemon.h"
#include "numbering/start.h"

/* A beginning that was asked for. */
struct dk_begin {
    bool given;
    bool text;       /* as a document number ... */
    uint32_t date;   /* ... that shows this date, or 0 */
    uint64_t after;  /* the number that it begins behind; 0 of none */
    int32_t period;  /* its period: the current one, or */
    bool past;       /* one that has ended: then the current one begins at 1 */
    int32_t current; /* label of the current one */
};

/* What of a series a beginning is read by: tenant, name, policy and resolved template. */
struct dk_begin_ask {
    const char *tenant, *name;
    const struct dk_policy *policy;
    const struct dk_template *resolved;
};

/* value: the line of the request ("" : none; then `after` is what it says). Statuses: OK;
 * those of dk_start_read(); REFUSED: it is of a period that has not begun, or above the
 * last number of the series. */
docket_status dk_begin_read(struct dk_daemon *daemon, const struct dk_begin_ask *ask, const char *value, uint64_t after,
                            struct dk_begin *begin) DK_MUST_USE;

/* For sentences: "4711 of 2025", "4711". */
const char *dk_begin_text(const struct dk_begin *begin, char text[40]);

#endif
