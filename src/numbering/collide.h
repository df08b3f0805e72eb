/* SPDX-License-Identifier: MIT */
/*
 * collide: can two numbers have the same text? Decided by proof, not by trying:
 * what is said not to collide does not, for every supported date and every
 * number. Letters count as capitals.
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
    uint64_t last; /* largest number */
};

/* Two numbers with the same text. */
struct dk_collision {
    bool shown; /* the texts below are an example; else none was found, nor a proof that there is none */
    uint32_t date[2]; /* 0: not dated */
    int32_t period[2];
    uint64_t number[2];
    char text[2][DOCKET_TEXT_MAX]; /* alike but for small and capital letters */
};

/* Two (period, number) of one series. False: proven not to. */
bool dk_shape_repeats(const struct dk_shape *shape, struct dk_collision *found);
/* A number of one and a number of the other, any periods. False: proven not to. */
bool dk_shapes_meet(const struct dk_shape *a, const struct dk_shape *b, struct dk_collision *found);

/* The text before the first piece that varies, in capitals: two templates of
 * which neither's begins with the other's cannot meet. Returns its length, at most
 * size - 1. */
size_t dk_shape_beginning(const struct dk_shape *shape, char *text, size_t size);

#endif
