/* SPDX-License-Identifier: MIT */
/* interim: what collide.c is about to define, weak, so that its own wins as soon as it is
 * there. This file goes with them. */
#include "numbering/collide.h"

#define INTERIM __attribute__((weak))

static bool shows(const struct dk_shape *shape, unsigned kind)
{
    for (unsigned at = 0; at < shape->template->count; at++)
        if (shape->template->pieces[at].kind == kind)
            return true;
    return false;
}

/* Sound for the restarts that there were: the date tokens that tell their periods apart. */
INTERIM bool dk_shape_repeats(const struct dk_shape *shape, struct dk_collision *found)
{
    *found = (struct dk_collision){.shown = false};
    bool year = shows(shape, DK_YEAR4) || shows(shape, DK_YEAR2), month = shows(shape, DK_MONTH);
    bool fiscal = shows(shape, DK_FISCAL_FIRST4) || shows(shape, DK_FISCAL_FIRST2);
    bool week = (shows(shape, DK_WEEK_YEAR4) || shows(shape, DK_WEEK_YEAR2)) && shows(shape, DK_WEEK);
    switch (shape->restart) {
    case DK_FISCAL:
        return !fiscal && (!year || !month);
    case DK_QUARTERLY:
        return !year || (!month && !shows(shape, DK_QUARTER));
    case DK_WEEKLY:
        return !week && (!year || !month || !shows(shape, DK_DAY));
    case DK_NEVER:
        return false;
    case DK_YEARLY:
        return !year;
    case DK_MONTHLY:
        return !year || !month;
    default:
        return !year || !month || !shows(shape, DK_DAY);
    }
}
