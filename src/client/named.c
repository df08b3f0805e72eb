/* SPDX-License-Identifier: MIT */
/*
 * named: calls by tenant and series instead of by handle. They find the handle
 * in the process's map, or make it; then they are the call by handle.
 */
#include "client/inside.h"

/* Handle and number come within one timeout. */
static docket_status reach(docket_realm *realm, const char *tenant, const char *series, int64_t *timeout_ns,
                           docket_series **found)
{
    struct dk_key key;
    bool fit = dk_key_make(&key, tenant, series);
    *found = fit ? dk_handles_find(&realm->handles, &key) : NULL;
    if (*found != NULL)
        return DOCKET_OK;
    if (*timeout_ns < 0)
        *timeout_ns = DK_TIMEOUT_NS;
    int64_t began_ns = dk_clock_monotonic_ns();
    docket_status status = dk_series_reach(realm, tenant, series, *timeout_ns, found);
    int64_t passed_ns = dk_clock_monotonic_ns() - began_ns;
    *timeout_ns = passed_ns < *timeout_ns ? *timeout_ns - passed_ns : 0;
    return status;
}

docket_status docket_next_for(docket_realm *realm, const char *tenant, const char *series, int64_t timeout_ns,
                              uint64_t *number, int32_t *period)
{
    docket_series *found;
    if (realm == NULL || tenant == NULL || series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_for wants a realm, two names, a place for the number and a "
                                            "timeout of -1 or more");
    docket_status status = reach(realm, tenant, series, &timeout_ns, &found);
    return status == DOCKET_OK ? docket_next(found, timeout_ns, number, period) : status;
}

docket_status docket_next_dated_for(docket_realm *realm, const char *tenant, const char *series, uint32_t yyyymmdd,
                                    int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    docket_series *found;
    if (realm == NULL || tenant == NULL || series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_dated_for wants a realm, two names, a place for the number and a "
                                            "timeout of -1 or more");
    docket_status status = reach(realm, tenant, series, &timeout_ns, &found);
    return status == DOCKET_OK ? docket_next_dated(found, yyyymmdd, timeout_ns, number, period) : status;
}

docket_status docket_next_text_dated_for(docket_realm *realm, const char *tenant, const char *series, uint32_t yyyymmdd,
                                         int64_t timeout_ns, char *text, size_t size, uint64_t *number, int32_t *period)
{
    docket_series *found;
    if (realm == NULL || tenant == NULL || series == NULL || text == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_text_dated_for wants a realm, two names, a buffer and a timeout of "
                                            "-1 or more");
    docket_status status = reach(realm, tenant, series, &timeout_ns, &found);
    return status == DOCKET_OK ? docket_next_text_dated(found, yyyymmdd, timeout_ns, text, size, number, period) : status;
}

docket_status docket_next_text_for(docket_realm *realm, const char *tenant, const char *series, int64_t timeout_ns,
                                   char *text, size_t size, uint64_t *number, int32_t *period)
{
    docket_series *found;
    if (realm == NULL || tenant == NULL || series == NULL || text == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_text_for wants a realm, two names, a buffer and a timeout of "
                                            "-1 or more");
    docket_status status = reach(realm, tenant, series, &timeout_ns, &found);
    return status == DOCKET_OK ? docket_next_text(found, timeout_ns, text, size, number, period) : status;
}
