/* SPDX-License-Identifier: MIT */
/*
 * collide: can two numbers have the same text? Decided by proof, not by trying:
 * what is said not to collide does not, for every supported date and every
 * number from 1 to `last`. Letters count as capitals. Any thread.
 *
 * The proof: with a given count of digits all texts of a shape have one length,
 * and two shapes can meet only where their lengths are equal, at most 15 times.
 * There each place of one text faces a place of the other (cells.h), and what
 * faces what says which dates and numbers fit: literals decide most pairs in a
 * microsecond; else all dates are looked at once for each side and joined by the
 * digits that they must have in common, some 10 ms. This is exact, but for check
 * digits that face something else than themselves: then an example is searched,
 * within bounds, and where none is found the verdict is that they may meet.
 */
#ifndef DK_NUMBERING_COLLIDE_H
#define DK_NUMBERING_COLLIDE_H

#include "numbering/period.h"
#include "numbering/template.h"

#include <stdbool.h>
#include <stdint.h>

/* All texts of one series under one policy. */
struct dk_shape {
    const struct dk_template *template; /* resolved; has the fiscal year */
    const char *series;
    enum dk_restart restart;
    uint64_t last; /* largest number; 0: DOCKET_NUMBER_MAX */
};

/* Two numbers with the same text. */
struct dk_collision {
    bool shown; /* the texts below are an example; else none was found, nor a proof that there is none */
    uint32_t date[2]; /* 0: not dated */
    int32_t period[2];
    uint64_t number[2];
    char text[2][DOCKET_TEXT_MAX]; /* alike but for small and capital letters */
};

/* Two (period, number) of one series, under one policy. False: proven not to.
 * Verdicts are kept: asked again about the same tokens, restart and fiscal year
 * it costs some 100 ns. *found is written where it says true, here and below. */
bool dk_shape_repeats(const struct dk_shape *shape, struct dk_collision *found);
/* A number of one and a number of the other, any periods: two series. False:
 * proven not to. */
bool dk_shapes_meet(const struct dk_shape *a, const struct dk_shape *b, struct dk_collision *found);
/* One series whose policy changes: two (period, number), one given under each; in
 * either order. The same number of the same period under both is one document, and
 * no collision. older->last may be the largest number that was, or can still be,
 * given under the older policy in any period: then more changes are possible. */
bool dk_shape_follows(const struct dk_shape *older, const struct dk_shape *newer, struct dk_collision *found);

/* For a sentence: whose numbers they are. */
struct dk_meeting {
    const char *tenant;
    const char *template_text; /* of the shape that is refused */
    const struct dk_shape *shape, *other; /* sides 0 and 1 of the collision */
    bool own; /* the other is the same series' under an older policy */
};

/* COLLISION, with the two numbers, or that there is no proof. */
docket_status dk_shapes_say(const struct dk_meeting *meeting, const struct dk_collision *found);

/* The text before the first piece that varies, in capitals: two shapes of which
 * neither's begins with the other's cannot meet. Returns its length, at most
 * size - 1. */
size_t dk_shape_beginning(const struct dk_shape *shape, char *text, size_t size);

/* The same up to the number: DK_ANY_DIGIT stands for a digit of a date and for a
 * check digit. Two shapes of which neither's mask begins with the other's, a digit
 * and DK_ANY_DIGIT being alike, cannot meet. */
enum { DK_ANY_DIGIT = '#' }; /* no character of a text */
size_t dk_shape_mask(const struct dk_shape *shape, char *text, size_t size);

#endif
