/* SPDX-License-Identifier: MIT */
/*
 * no_memory: for test programs that link parts of the library beside a docketd
 * of their own: they open no realm in memory and ask no ledger, so nothing here is ever called.
 */
#include "client/inside.h"

#include "base/check.h"

docket_status dk_memory_answer(struct docket_realm *realm, const struct dk_request *request, int fds[DK_WIRE_FDS])
{
    DK_CHECK(realm == NULL && request == NULL && fds == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_bind(struct docket_series *series)
{
    DK_CHECK(series == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_attempt(struct hand *hand, int64_t timeout_ns,
                                docket_status (*attempt)(struct hand *, int64_t, void *), void *context)
{
    DK_CHECK(hand == NULL && timeout_ns == 0 && attempt == NULL && context == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_prepare(struct hand *hand, int64_t now_s)
{
    DK_CHECK(hand == NULL && now_s == 0);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_prepare_date(struct hand *hand, int64_t now_s, uint32_t yyyymmdd)
{
    DK_CHECK(hand == NULL && now_s == 0 && yyyymmdd == 0);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_take(struct hand *hand, uint32_t yyyymmdd, uint32_t count, uint64_t *first)
{
    (void)yyyymmdd;
    DK_CHECK(hand == NULL && count == 0 && first == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_take_block(struct hand *hand, uint32_t yyyymmdd, uint32_t count, struct docket_block *block)
{
    (void)yyyymmdd;
    DK_CHECK(hand == NULL && count == 0 && block == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_give_back(struct docket_block *block, uint32_t *returned)
{
    DK_CHECK(block == NULL && returned == NULL);
    return DOCKET_UNREACHABLE;
}

docket_status dk_memory_look(struct hand *hand, uint64_t *next, uint64_t *count)
{
    DK_CHECK(hand == NULL && next == NULL && count == NULL);
    return DOCKET_UNREACHABLE;
}

uint32_t dk_memory_last_date(const struct hand *hand)
{
    DK_CHECK(hand == NULL);
    return 0;
}

int64_t dk_memory_now_s(const struct docket_realm *realm)
{
    DK_CHECK(realm == NULL);
    return 0;
}

void dk_memory_close(struct docket_realm *realm)
{
    DK_CHECK(realm == NULL);
}

struct dk_interval dk_memory_interval(const struct docket_series *series)
{
    (void)series;
    return (struct dk_interval){0, 0};
}

/* ---- the ledger's side of the library ---- */

docket_status dk_ledger_next(struct docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, char *text, size_t room,
                             uint64_t *number, int32_t *period)
{
    (void)timeout_ns;
    (void)number;
    (void)period;
    DK_CHECK(series == NULL && yyyymmdd == 0 && text == NULL && room == 0);
    return DOCKET_UNREACHABLE;
}

docket_status dk_ledger_text_read(struct docket_series *series, const char *text, uint64_t *number, int32_t *period)
{
    (void)number;
    (void)period;
    DK_CHECK(series == NULL && text == NULL);
    return DOCKET_UNREACHABLE;
}

void dk_lines_end(struct docket_realm *realm)
{
    DK_CHECK(realm->live == NULL || realm->live->lines == NULL);
}
