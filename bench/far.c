/* SPDX-License-Identifier: MIT */
#include "bare.h"

#pragma GCC visibility push(default)

uint64_t far_fetch_add(struct bare *bare)
{
    return bare_fetch_add(bare);
}

uint64_t far_compare_swap(struct bare *bare, uint64_t count)
{
    return bare_compare_swap(bare, count);
}
