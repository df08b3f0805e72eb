/* SPDX-License-Identifier: MIT */
/* far: bare limits behind a call into a small shared library, as docket's own calls are. */
#ifndef BENCH_FAR_H
#define BENCH_FAR_H

#include <stdint.h>

struct bare; /* bare.h */

/* One number of the shared counter; 0 once the limit is reached. */
uint64_t far_fetch_add(struct bare *bare);
uint64_t far_compare_swap(struct bare *bare, uint64_t count);

#endif
