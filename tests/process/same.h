/* SPDX-License-Identifier: MIT */
/* same: what the files of docket-same share; see same.c. */
#ifndef DOCKET_TESTS_SAME_H
#define DOCKET_TESTS_SAME_H

#include "docket.h"
#include "docket_admin.h"

#include <stdbool.h>

#define SECOND_NS ((int64_t)1000000000)
#define WAIT_NS (10 * SECOND_NS)

extern docket_realm *realm;

docket_status tell(const char *what, docket_status status); /* prints status and sentence */
void must(docket_status status, const char *what);          /* else the case ends */
void complain(const char *what);                            /* whatever the realm, it is wrong */
const char *dateless(const char *text);                     /* DATE in the place of today's date */
docket_series *open_series(const char *name, const struct docket_policy *policy); /* declares it first, unless NULL */
void tell_next(docket_series *series, int64_t timeout_ns);
void tell_fate(const char *name, bool strict);

/* same_dates.c */
uint32_t date_from_now(int days); /* yyyymmdd */
void document_dates(void);
void dates_in_order(void);
void texts_read_back(void);

/* same_many.c */
void many_at_once(void);
void many_that_are_not_there(void);
void many_of_a_leased_series(void);
void many_of_no_series(void);

/* same_settings.c */
void settings_make_texts(void);
void numbers_end(void);
void intervals_have_days(void);
void documents_have_dates(void);
void texts_that_collide(void);
void given_back_is_void(void);

#endif
