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

enum { MEMO_BITS = 5 };

/* A signal handler may find half of one and half of another: nothing is believed of it, and handles
 * are never unmapped. */
struct remembered {
    const char *tenant, *series; /* where the names lay */
    struct dk_named *found;
};

static __thread struct remembered memo[1 << MEMO_BITS]; /* 768 bytes: initial-exec TLS is short where libraries are loaded late */

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
static inline bool is_it(const struct dk_named *found, const docket_realm *realm, const char *tenant, const char *series)
{
    return dk_load_acquire(&found->listed) == (uint64_t)(uintptr_t)realm && /* ORDER-19 */
           same(tenant, found->key, found->tenant_bytes) &&
           same(series, found->key + found->tenant_bytes + 1, found->name_bytes);
}

static __attribute__((noinline)) struct dk_named *find_in_map(docket_realm *realm, const char *tenant, const char *series)
{
    struct dk_key key;
    struct dk_named *found = dk_key_make(&key, tenant, series) ? dk_handles_find_named(&realm->handles, &key) : NULL;
    if (found != NULL)
        memo[memo_at(tenant, series)] = (struct remembered){tenant, series, found};
    return found;
}

/* NULL: not here. Two addresses that are others spare the look at a handle that has nothing to do with it. */
static inline struct dk_named *remembered(const docket_realm *realm, const char *tenant, const char *series)
{
    const struct remembered *last = &memo[memo_at(tenant, series)];
    if (last->tenant != tenant || last->series != series || !is_it(last->found, realm, tenant, series))
        return NULL;
    return last->found;
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

static docket_status reach(docket_realm *realm, const char *tenant, const char *series, int64_t *timeout_ns,
                           docket_series **found)
{
    struct dk_named *named = remembered(realm, tenant, series);
    if (named == NULL)
        named = find_in_map(realm, tenant, series);
    if (named == NULL)
        return make(realm, tenant, series, timeout_ns, found);
    *found = named->series;
    return DOCKET_OK;
}

/* By what stands beside the name; else by hand, and the next time enough stands there. */
static __attribute__((noinline)) docket_status next_quickly(docket_realm *realm, struct dk_named *named, int64_t timeout_ns,
                                                            uint64_t *number, int32_t *period)
{
    if (dk_quick_take(realm, named, number, period))
        return DOCKET_OK;
    docket_series *series = named->series;
    docket_status status = docket_next(series, timeout_ns, number, period);
    struct hand *hand = status == DOCKET_OK && series->strict ? dk_hand_find(series) : NULL;
    if (hand != NULL)
        dk_quick_write(series, hand);
    return status;
}

static __attribute__((noinline)) docket_status next_by_map(docket_realm *realm, const char *tenant, const char *series,
                                                           int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    docket_series *made;
    struct dk_named *found = find_in_map(realm, tenant, series);
    docket_status status = found != NULL ? DOCKET_OK : make(realm, tenant, series, &timeout_ns, &made);
    return status == DOCKET_OK ? next_quickly(realm, found != NULL ? found : made->named, timeout_ns, number, period) : status;
}

docket_status docket_next_for(docket_realm *realm, const char *tenant, const char *series, int64_t timeout_ns,
                              uint64_t *number, int32_t *period)
{
    if (realm == NULL || tenant == NULL || series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_for wants a realm, two names, a place for the number and a "
                                            "timeout of -1 or more");
    struct dk_named *found = remembered(realm, tenant, series);
    if (found == NULL)
        return next_by_map(realm, tenant, series, timeout_ns, number, period);
    return dk_quick_is_empty(found) ? docket_next(found->series, timeout_ns, number, period)
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
