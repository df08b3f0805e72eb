/* SPDX-License-Identifier: MIT */
#include "daemon/series/policies.h"

#include "base/log.h"
#include "daemon/days/zones.h"

#include <string.h>

const struct dk_policy *dk_series_policy(const struct dk_series_record *record, int32_t period)
{
    return record->next != NULL && period >= record->next_from ? record->next : record->policy;
}

uint64_t dk_record_last(const struct dk_series_record *record, int32_t period)
{
    const struct dk_policy *policy = dk_series_policy(record, period);
    struct dk_template resolved;
    if (policy->last == 0 && policy->at_end != DK_STOP)
        return DOCKET_NUMBER_MAX; /* as a rule */
    if (dk_policy_template(policy, record->tenant, &resolved) == DOCKET_OK)
        return dk_policy_last(policy, &resolved);
    dk_log(DK_LOG_ERROR, "the template of %s/%s cannot be read: %s", record->tenant, record->name, dk_error_text());
    return policy->last != 0 ? policy->last : DOCKET_NUMBER_MAX;
}

uint32_t dk_record_valid_to(const struct dk_series_record *record)
{
    const struct dk_policy *policy = record->policy, *next = record->next;
    struct dk_span span;
    if (next == NULL || policy->valid_to == 0 ||
        !dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, record->next_from, &span))
        return policy->valid_to;
    bool joins = dk_date_add(policy->valid_to, 1) >= span.first && next->valid_from <= span.first;
    return joins ? next->valid_to : policy->valid_to;
}

void dk_record_valid_s(const struct dk_series_record *record, const struct dk_period *period, int64_t *start_s,
                       int64_t *end_s)
{
    const struct dk_policy *policy = dk_series_policy(record, period->label);
    const struct dk_zone *zone = dk_zone_of_policy(policy);
    *start_s = period->start_s;
    *end_s = period->end_s;
    if (dk_zone_is_lost(zone))
        return;
    int64_t from_s = policy->valid_from != 0 ? zone->day_start(zone, policy->valid_from) : *start_s;
    int64_t until_s = policy->valid_to != 0 ? zone->day_start(zone, dk_date_add(policy->valid_to, 1)) : *end_s;
    if (until_s < *end_s)
        *end_s = until_s;
    if (from_s > *start_s)
        *start_s = from_s < *end_s ? from_s : *end_s;
}

uint64_t dk_policy_differ(const struct dk_policy *a, const struct dk_policy *b)
{
    char left[DK_SETTING_BYTES], right[DK_SETTING_BYTES];
    unsigned count;
    uint64_t rows = 0;
    dk_settings(&count);
    for (unsigned at = 0; at < count; at++) {
        dk_policy_get(a, at, left);
        dk_policy_get(b, at, right);
        rows |= (uint64_t)(strcmp(left, right) != 0) << at;
    }
    return rows;
}

/* Each row is set, from the first to the last: what a profile sets beside itself is
 * set over by the row that it belongs to. */
docket_status dk_policy_merge(const struct dk_policy *base, const struct dk_policy *other, uint64_t rows,
                              struct dk_policy *merged)
{
    char value[DK_SETTING_BYTES];
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    docket_status status = DOCKET_OK;
    *merged = *base;
    for (int round = 0; round < 2; round++) {
        for (unsigned at = 0; status == DOCKET_OK && at < count; at++) {
            dk_policy_get(rows >> at & 1 ? other : base, at, value);
            status = dk_policy_set(merged, settings[at].name, value);
        }
    }
    return status;
}
