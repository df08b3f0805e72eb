/* SPDX-License-Identifier: MIT */
/* reason: why an admin did something, as people will read it years later. */
#ifndef DK_NUMBERING_REASON_H
#define DK_NUMBERING_REASON_H

#include "base/status.h"

enum { DK_REASON_MAX = 200 };

/* BAD_ARGUMENT unless it is 1 to DK_REASON_MAX bytes of printable UTF-8: no
 * control characters, nothing that turns the direction of writing, and not
 * blanks only. */
docket_status dk_reason_check(const char *reason) DK_MUST_USE;

/* The same of any text, whatever its length. what: "reason", for the sentence. */
docket_status dk_printable_check(const char *what, const char *words) DK_MUST_USE;

#endif
