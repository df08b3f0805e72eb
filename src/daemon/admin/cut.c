/* SPDX-License-Identifier: MIT */
/* cut: a recorded range of numbers into its parts, as one commit. Pure. */
#include "daemon/admin/errand.h"

void dk_fates_cut(struct dk_job *job, const struct dk_fate_record *record, const struct dk_range *cuts, size_t count,
                  const struct dk_fate_record *cut, const struct dk_fate_record *rest)
{
    uint64_t at = record->range.first;
    dk_job_remove(job, record);
    for (size_t i = 0; i <= count; i++) {
        struct dk_fate_record left = rest != NULL ? *rest : *record;
        uint64_t end = i < count ? cuts[i].first : record->range.last + 1;
        left.range = (struct dk_range){at, end - 1};
        if (at < end)
            dk_job_range(job, &left);
        if (i == count)
            break;
        if (cut != NULL) {
            struct dk_fate_record new = *cut;
            new.range = cuts[i];
            dk_job_range(job, &new);
        }
        at = cuts[i].last + 1;
    }
}
