/* SPDX-License-Identifier: MIT */
/*
 * memory_dated: document dates in a realm in memory. What docketd answers about
 * older periods is answered here, by the same rules.
 */
#include "client/memory.h"

/* In a chronological series an older period gives nothing once a later one has given. */
static bool is_overtaken(const struct memory_series *series, const struct memory_counter *counter)
{
    const struct memory_counter *later = counter->next;
    while (later != NULL && later->number == later->first)
        later = later->next;
    return series->policy->chronological && later != NULL;
}

struct dk_interval dk_memory_interval(const struct docket_series *series)
{
    return (struct dk_interval){series->memory->policy->valid_from, series->memory->policy->valid_to};
}

uint32_t dk_memory_last_date(const struct hand *hand)
{
    return hand->memory_counter == NULL ? 0 : hand->memory_counter->last_date;
}

docket_status dk_memory_valid(const struct memory_series *series, uint32_t yyyymmdd)
{
    const struct dk_interval interval = {series->policy->valid_from, series->policy->valid_to};
    return dk_interval_holds(&interval, yyyymmdd) ? DOCKET_OK : DOCKET_INTERVAL_OVER;
}

docket_status dk_memory_counter_of(struct memory *memory, struct memory_series *series, int64_t now_s,
                                   uint32_t yyyymmdd, struct memory_counter **counter)
{
    const struct dk_policy *policy = series->policy;
    struct memory_counter *current = NULL;
    struct dk_period now, asked;
    struct dk_span span;
    docket_status status = dk_memory_valid(series, yyyymmdd);
    if (status == DOCKET_OK)
        status = dk_memory_counter(memory, series, now_s, &current);
    if (status != DOCKET_OK)
        return status;
    dk_period_at(policy, &dk_zone_utc, now_s, &now);
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, yyyymmdd, &span);
    if (span.label == now.label) {
        *counter = current;
        return DOCKET_OK;
    }
    if (!dk_period_of(policy, &dk_zone_utc, span.label, &asked) || (asked.start_s > now_s && now_s < now.end_s - DK_PERIOD_AHEAD_S) ||
        asked.start_s > now.end_s)
        return DK_AHEAD;
    struct memory_counter *found = series->counters;
    while (found != NULL && found->period.label != span.label)
        found = found->next;
    if (found == NULL)
        found = dk_memory_counter_make(memory, series, &asked);
    if (found == NULL)
        return dk_memory_full();
    if (asked.end_s <= now_s && !found->ended)
        dk_memory_counter_end(found);
    if (is_overtaken(series, found))
        return DOCKET_OUT_OF_ORDER;
    *counter = found;
    return DOCKET_OK;
}
