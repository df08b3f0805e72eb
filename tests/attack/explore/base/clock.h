/* SPDX-License-Identifier: MIT */
/* clock, as the explorer sees it: it stands still until a schedule moves it. */
#ifndef DK_BASE_CLOCK_H
#define DK_BASE_CLOCK_H

#include <stdint.h>

#define DK_SECOND_NS 1000000000ll
#define DK_MILLISECOND_NS 1000000ll

int64_t ex_now_s(void);

static inline int64_t dk_clock_wall_s(void) { return ex_now_s(); }
static inline int64_t dk_clock_wall_ns(void) { return ex_now_s() * DK_SECOND_NS; }
static inline int64_t dk_clock_boot_ns(void) { return DK_SECOND_NS; }
static inline int64_t dk_clock_monotonic_ns(void) { return DK_SECOND_NS; }

#endif
