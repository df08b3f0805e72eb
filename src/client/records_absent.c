/* SPDX-License-Identifier: MIT */
/* Stands in for docket_records() until it is there: a strong one of that name takes its place. */
#include "docket_ledger.h"

#include "base/status.h"

__attribute__((weak)) docket_status docket_records(docket_series *series, int32_t period, uint64_t from, const char *state,
                                                   docket_each_record each, void *context)
{
    (void)series, (void)period, (void)from, (void)state, (void)each, (void)context;
    return dk_fail(DOCKET_UNREACHABLE, "records cannot be read yet");
}
