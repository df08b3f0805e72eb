/* SPDX-License-Identifier: MIT */
/* quarantine: a series whose shared words do not agree with the books. */
#include "daemon/daemon.h"

#include "base/log.h"

void dk_series_quarantine(struct dk_series_book *series, const char *why)
{
    if (series->quarantined)
        return;
    series->quarantined = true;
    dk_evict_cancel(series);
    struct shared_board_slot *slot = dk_desk_slot(&series->desk->map, series->slot);
    dk_store_release(&slot->state, 1);
    for (int i = 0; i < DK_BANKS; i++) {
        dk_store_release(&slot->bank[i].epoch, 0); /* no new claim: ORDER-4 */
        if (series->record.policy->order == DK_STRICT)
            dk_store_release(&slot->bank[i].limit, 0); /* no ticket passes a limit of 0 */
    }
    for (int i = 0; i < DK_BANKS; i++)
        if (series->bank[i] != NULL)
            dk_strict_refuse(series->bank[i]);
    for (struct dk_counter *counter = series->counters; counter != NULL; counter = counter->next_of_series)
        dk_accounted_refuse(counter, DOCKET_QUARANTINED, "the series was quarantined before the store knew of the number");
    struct shared_board_words *words = dk_desk_words(&series->desk->map);
    dk_count_relaxed(&words->quarantines, 1);
    dk_log(DK_LOG_ERROR, "%s/%s is quarantined: %s; a process at desk %s wrote where it may not. No more than what open "
                         "leases hold is given from it until the desk's files were looked into",
           series->record.tenant, series->record.name, why, series->desk->rule.name);
    struct dk_job *job = dk_job_new(dk_job_free, NULL);
    dk_job_event(job, "quarantine", 0, "%s/%s: %s", series->record.tenant, series->record.name, why);
    dk_job_about(job, series->record.tenant, series->record.name, 0);
    dk_clerk_post(series->desk->daemon->clerk, job);
}
