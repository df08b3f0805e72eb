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

enum { MEMO_BITS = 4 };

/* A signal handler may find half of one and half of another: nothing is believed of it, and what found
 * leads to is never unmapped. */
struct remembered {
    uint64_t where; /* the two names' addresses, mixed */
    struct dk_named *found; /* NULL: nobody's */
};

/* 256 bytes: a library that is loaded late gets at most some 1600 of initial-exec TLS, and docket has more to keep there. */
static __thread struct remembered memo[1 << MEMO_BITS];

static inline uint64_t where(const char *tenant, const char *series)
{
    uint64_t turned = (uint64_t)(uintptr_t)series << 32 | (uint64_t)(uintptr_t)series >> 32;
    return ((uint64_t)(uintptr_t)tenant + turned) * 0x9e3779b97f4a7c15ull;
}

static inline struct remembered *memo_at(uint64_t where)
{
    return &memo[where >> (64 - MEMO_BITS)];
}

/* Byte by byte: what lies behind the zero of the given name is not ours to read. Not by strcmp(), since a call would
 * have every argument saved around it. Where the compared part of own ends; NULL: they differ. */
static inline const char *same(const char *given, const char *own)
{
    for (;; given += 4, own += 4) {
        if (given[0] != own[0])
            return NULL;
        if (own[0] == 0)
            return own + 1;
        if (given[1] != own[1])
            return NULL;
        if (own[1] == 0)
            return own + 2;
        if (given[2] != own[2])
            return NULL;
        if (own[2] == 0)
            return own + 3;
        if (given[3] != own[3])
            return NULL;
        if (own[3] == 0)
            return own + 4;
    }
}

/* Listed there: then it is not freed while this call is inside the realm. */
static inline bool is_it(const struct dk_named *found, const docket_realm *realm, const char *tenant, const char *series)
{
    if (dk_load_acquire(&found->listed) != (uint64_t)(uintptr_t)realm || realm == NULL) /* ORDER-19 */
        return false;
    const char *behind = same(tenant, found->key);
    return behind != NULL && same(series, behind) != NULL;
}

/* NULL: not here. Two addresses that are others spare the look at a handle that has nothing to do with it. */
static inline struct dk_named *remembered(const docket_realm *realm, const char *tenant, const char *series)
{
    uint64_t here = where(tenant, series);
    const struct remembered *last = memo_at(here);
    struct dk_named *found = last->found;
    return last->where == here && found != NULL && is_it(found, realm, tenant, series) ? found : NULL;
}

static inline struct dk_named *find_in_map(docket_realm *realm, const char *tenant, const char *series)
{
    struct dk_key key;
    struct dk_named *found = dk_key_make(&key, tenant, series) ? dk_handles_find_named(&realm->handles, &key) : NULL;
    if (found != NULL)
        *memo_at(where(tenant, series)) = (struct remembered){where(tenant, series), found};
    return found;
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

/* By hand; and the next time enough stands beside the name. */
static __attribute__((noinline)) docket_status next_by_hand(docket_series *series, int64_t timeout_ns, uint64_t *number,
                                                            int32_t *period)
{
    docket_status status = docket_next(series, timeout_ns, number, period);
    struct hand *hand = status == DOCKET_OK && series->strict ? dk_hand_find(series) : NULL;
    if (hand != NULL)
        dk_quick_write(series, hand);
    return status;
}

static docket_status bad_argument(void)
{
    return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_for wants a realm, two names, a place for the number and a timeout of -1 "
                                        "or more");
}

static __attribute__((noinline)) docket_status next_quickly(const docket_realm *realm, struct dk_named *found,
                                                            int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    if (number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return bad_argument();
    return dk_quick_take(realm, found, number, period) ? DOCKET_OK : next_by_hand(found->series, timeout_ns, number, period);
}

static __attribute__((noinline)) docket_status next_by_map(docket_realm *realm, const char *tenant, const char *series,
                                                           int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    docket_series *made;
    if (realm == NULL || tenant == NULL || series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return bad_argument();
    struct dk_named *found = find_in_map(realm, tenant, series);
    if (found != NULL && dk_quick_take(realm, found, number, period))
        return DOCKET_OK;
    docket_status status = found != NULL ? DOCKET_OK : make(realm, tenant, series, &timeout_ns, &made);
    return status == DOCKET_OK ? next_by_hand(found != NULL ? found->series : made, timeout_ns, number, period) : status;
}

/* A name that is remembered is none of the NULLs; what it goes to looks at the rest. */
docket_status docket_next_for(docket_realm *realm, const char *tenant, const char *series, int64_t timeout_ns,
                              uint64_t *number, int32_t *period)
{
    struct dk_named *found = remembered(realm, tenant, series);
    if (found == NULL)
        return next_by_map(realm, tenant, series, timeout_ns, number, period);
    if (dk_quick_is_empty(found))
        return docket_next(found->series, timeout_ns, number, period);
    return next_quickly(realm, found, timeout_ns, number, period);
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
