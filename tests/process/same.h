/* SPDX-License-Identifier: MIT */
/* same: what the files of docket-same share; see same.c. */
#ifndef DOCKET_TESTS_SAME_H
#define DOCKET_TESTS_SAME_H

#include "docket.h"
#include "docket_admin.h"

#include <stdbool.h>

#define SAME_SECOND_NS ((int64_t)1000000000)
#define SAME_WAIT_NS (10 * SAME_SECOND_NS)

extern docket_realm *same_realm;

docket_status same_tell(const char *what, docket_status status); /* prints status and sentence */
void same_must(docket_status status, const char *what);          /* else the case ends */
void same_wrong(const char *what);                               /* whatever the realm */
docket_series *same_open(const char *name, const struct docket_policy *policy); /* declares it first, unless NULL */
void same_next(docket_series *series, int64_t timeout_ns);
void same_fate(const char *name, bool strict);

/* same_settings.c */
void settings_make_texts(void);
void numbers_end(void);
void intervals_have_days(void);
void documents_have_dates(void);
void texts_that_collide(void);
void given_back_is_void(void);

#endif
