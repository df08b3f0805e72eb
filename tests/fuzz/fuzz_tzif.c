/* SPDX-License-Identifier: MIT */
/* links: base/status daemon/days/tzif numbering/date */
/*
 * Files of the zone database: whatever the bytes are, what is read of them is a
 * list of steps in order, with offsets that a zone can have.
 */
#include "fuzz.h"

#include "daemon/days/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct dk_steps steps;
    memset(&steps, 0xa5, sizeof steps);
    if (!dk_tzif_read(bytes, size, &steps))
        return 0;
    MUST(steps.count >= 1 && steps.count <= DK_STEPS_MAX);
    for (size_t at = 0; at < steps.count; at++) {
        MUST(steps.steps[at].offset_s > -DK_OFFSET_MAX_S && steps.steps[at].offset_s < DK_OFFSET_MAX_S);
        MUST(at < 2 || steps.steps[at].from_s > steps.steps[at - 1].from_s);
        MUST(at < 1 || steps.steps[at].offset_s != steps.steps[at - 1].offset_s);
        MUST(at < 1 || (steps.steps[at].from_s > -6000000 && steps.steps[at].from_s < 4200000000));
    }
    return 0;
}
