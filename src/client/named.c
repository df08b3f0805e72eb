/* SPDX-License-Identifier: MIT */
/*
 * named: calls by tenant and series instead of by handle. They find the handle
 * and are then the call by handle.
 *
 * Found in three steps. A thread remembers handles by where the two names lie: who
 * asks for the same names again has them at the same addresses, mostly. That is a hint:
 * the bytes are compared each time, none behind a name's zero is read, and the handle says
 * itself whose it is (handles.h). Then the process's map; then docketd is asked.
 */
#include "client/quick.h"

enum { MEMO_BITS = 6 };

/* Single words: a signal handler finds one handle or another. Handles are never unmapped. */
static __thread struct docket_series *memo[1 << MEMO_BITS];

static inline unsigned memo_at(const char *tenant, const char *series)
{
    return (unsigned)(((uintptr_t)tenant * 31 + (uintptr_t)series) * 0x9e3779b97f4a7c15ull >> (64 - MEMO_BITS));
}

/* own has count bytes and a zero. Byte by byte: what lies behind the zero of the given name is not ours to read. Here, not
 * in the C library, since a call would have all arguments saved around it. */
static inline bool same(const char *given, const char *own, size_t count)
{
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        if (given[i] != own[i] || given[i + 1] != own[i + 1] || given[i + 2] != own[i + 2] || given[i + 3] != own[i + 3])
            return false;
    for (; i <= count; i++)
        if (given[i] != own[i])
            return false;
    return true;
}

/* Listed there: then it is not freed while this call is inside the realm. */
static inline bool is_it(const struct docket_series *found, const docket_realm *realm, const char *tenant, const char *series)
{
    return dk_load_acquire(&found->listed) == (uint64_t)(uintptr_t)realm && /* ORDER-19 */
           same(tenant, found->key, found->tenant_bytes) &&
           same(series, found->key + found->tenant_bytes + 1, found->name_bytes);
}

static __attribute__((noinline)) struct docket_series *find_in_map(docket_realm *realm, const char *tenant,
                                                                    const char *series)
{
    struct dk_key key;
    struct docket_series *found = dk_key_make(&key, tenant, series) ? dk_handles_find(&realm->handles, &key) : NULL;
    if (found != NULL)
        memo[memo_at(tenant, series)] = found;
    return found;
}

static inline struct docket_series *find(docket_realm *realm, const char *tenant, const char *series)
{
    struct docket_series *found = memo[memo_at(tenant, series)];
    return found != NULL && is_it(found, realm, tenant, series) ? found : find_in_map(realm, tenant, series);
}

/* Handle and number come within one timeout. */
static __attribute__((noinline)) docket_status make(docket_realm *realm, const char *tenant, const char *series,
                                                    int64_t *timeout_ns, docket_series **found)
{
    if (*timeout_ns < 0)
        *timeout_ns = DK_TIMEOUT_NS;
    int64_t began_ns = dk_clock_monotonic_ns();
    docket_status status = dk_series_reach(realm, tenant, series, *timeout_ns, found);
    int64_t passed_ns = dk_clock_monotonic_ns() - began_ns;
    *timeout_ns = passed_ns < *timeout_ns ? *timeout_ns - passed_ns : 0;
    return status;
}

static inline docket_status reach(docket_realm *realm, const char *tenant, const char *series, int64_t *timeout_ns,
                                  docket_series **found)
{
    *found = find(realm, tenant, series);
    return *found != NULL ? DOCKET_OK : make(realm, tenant, series, timeout_ns, found);
}

/* By what the handle says; else by hand, and the next time the handle says enough. */
static __attribute__((noinline)) docket_status next_quickly(docket_realm *realm, docket_series *series, int64_t timeout_ns,
                                                            uint64_t *number, int32_t *period)
{
    if (dk_quick_take(realm, series, number, period))
        return DOCKET_OK;
    docket_status status = docket_next(series, timeout_ns, number, period);
    struct hand *hand = status == DOCKET_OK && series->strict ? dk_hand_find(series) : NULL;
    if (hand != NULL)
        dk_quick_write(series, hand);
    return status;
}

static __attribute__((noinline)) docket_status next_by_map(docket_realm *realm, const char *tenant, const char *series,
                                                           int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    docket_series *found = find_in_map(realm, tenant, series);
    docket_status status = found != NULL ? DOCKET_OK : make(realm, tenant, series, &timeout_ns, &found);
    return status == DOCKET_OK ? next_quickly(realm, found, timeout_ns, number, period) : status;
}

docket_status docket_next_for(docket_realm *realm, const char *tenant, const char *series, int64_t timeout_ns,
                              uint64_t *number, int32_t *period)
{
    if (realm == NULL || tenant == NULL || series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_for wants a realm, two names, a place for the number and a "
                                            "timeout of -1 or more");
    docket_series *found = memo[memo_at(tenant, series)];
    if (found == NULL || !is_it(found, realm, tenant, series))
        return next_by_map(realm, tenant, series, timeout_ns, number, period);
    return dk_quick_is_empty(found) ? docket_next(found, timeout_ns, number, period)
                                    : next_quickly(realm, found, timeout_ns, number, period);
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
