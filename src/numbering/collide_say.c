/* SPDX-License-Identifier: MIT */
/* collide_say: two numbers with one text, as a sentence. */
#include "base/status.h"
#include "numbering/collide.h"

#include <stdio.h>

/* "7 of 2026 on 2026-11-24" */
static void say_number(const struct dk_shape *shape, const struct dk_collision *found, int side, char text[64])
{
    char period[16], day[11];
    dk_period_text(found->period[side], period);
    if (found->date[side] != 0)
        dk_date_text(found->date[side], day);
    bool dated = found->date[side] != 0;
    snprintf(text, 64, "%llu%s%s%s%s", (unsigned long long)found->number[side],
             shape->restart != DK_NEVER && period[0] ? " of " : "", shape->restart != DK_NEVER ? period : "",
             dated ? " on " : "", dated ? day : "");
}

docket_status dk_shapes_say(const struct dk_meeting *meeting, const struct dk_collision *found)
{
    const char *tenant = meeting->tenant, *series = meeting->shape->series, *other = meeting->other->series;
    const char *older = meeting->own ? " under its older policy" : "";
    char numbers[2][64];
    if (!found->shown)
        return dk_fail(DOCKET_COLLISION,
                       "document numbers of %s/%s (%s) cannot be proven to be none of %s/%s%s; begin the template with "
                       "a text of its own, such as {SERIES}- or another prefix; nothing was changed",
                       tenant, series, meeting->template_text, tenant, other, older);
    say_number(meeting->shape, found, 0, numbers[0]);
    say_number(meeting->other, found, 1, numbers[1]);
    return dk_fail(DOCKET_COLLISION,
                   "%s/%s would write %s for its number %s, and %s/%s%s writes %s for its number %s; begin the template "
                   "with a text of its own, such as another prefix; nothing was changed",
                   tenant, series, found->text[0], numbers[0], tenant, other, older, found->text[1], numbers[1]);
}
