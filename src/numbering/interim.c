/* SPDX-License-Identifier: MIT */
/* interim: what template.c and collide.c are about to define, weak, so that theirs
 * win as soon as they are there. This file goes with them. */
#include "numbering/collide.h"

#define INTERIM __attribute__((weak))

INTERIM uint64_t dk_template_widest(const struct dk_template *parsed)
{
    uint64_t past = 1;
    for (unsigned at = 0; at < parsed->pieces[parsed->number_at].bytes; at++)
        past *= 10;
    return past - 1;
}

INTERIM unsigned dk_template_digits(const struct dk_template *parsed, uint64_t number)
{
    unsigned digits = 1;
    while ((number /= 10) > 0)
        digits++;
    unsigned width = parsed->pieces[parsed->number_at].bytes;
    return digits > width ? digits : width;
}

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
    switch (shape->restart) {
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
