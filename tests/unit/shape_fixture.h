/* SPDX-License-Identifier: MIT */
/* shape_fixture: shapes made of their texts, and what every example of a collision
 * must show. */
#ifndef DK_TESTS_SHAPE_FIXTURE_H
#define DK_TESTS_SHAPE_FIXTURE_H

#include "numbering/collide.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct made_shape {
    struct dk_template template;
    struct dk_shape shape;
    char series[DOCKET_NAME_MAX + 1];
};

struct wanted_shape {
    const char *template_text, *series, *prefix, *fields, *fiscal;
    enum dk_restart restart;
    uint64_t last;
};

/* False: the template is refused. NULL and 0 are defaults; the series is INV, the
 * tenant acme. */
static inline bool make_shape(struct made_shape *made, struct wanted_shape wanted)
{
    struct dk_template parsed;
    struct dk_fiscal fiscal = {0};
    snprintf(made->series, sizeof made->series, "%s", wanted.series ? wanted.series : "INV");
    struct dk_texts texts = {"acme", wanted.prefix && wanted.prefix[0] ? wanted.prefix : made->series,
                             wanted.fields ? wanted.fields : ""};
    if ((wanted.fiscal && !dk_fiscal_parse(wanted.fiscal, &fiscal)) ||
        dk_template_parse(wanted.template_text, &parsed) != DOCKET_OK ||
        dk_template_resolve(&parsed, &texts, &fiscal, &made->template) != DOCKET_OK)
        return false;
    made->shape = (struct dk_shape){&made->template, made->series, wanted.restart,
                                    wanted.last ? wanted.last : DOCKET_NUMBER_MAX};
    return true;
}

static inline void write_shape(const struct dk_shape *shape, uint32_t date, uint64_t number, char text[DOCKET_TEXT_MAX])
{
    struct dk_rendered rendered;
    dk_template_render(shape->template, shape->series, date, &rendered);
    dk_rendered_write(&rendered, number, text);
}

static inline int32_t label_of(const struct dk_shape *shape, uint32_t date)
{
    struct dk_span span;
    dk_span_of_date(shape->restart, &shape->template->fiscal, date, &span);
    return span.label;
}

/* NULL: the example is one, of numbers of these two shapes. distinct: they must
 * differ in period or number. */
static inline const char *example_fault(const struct dk_shape *a, const struct dk_shape *b,
                                        const struct dk_collision *found, bool distinct)
{
    const struct dk_shape *shape[2] = {a, b};
    for (int side = 0; side < 2; side++) {
        char text[DOCKET_TEXT_MAX];
        uint32_t date = found->date[side];
        if (found->number[side] < 1 || found->number[side] > shape[side]->last)
            return "a number out of range";
        if (shape[side]->template->dated ? !dk_date_supported(date) : date != 0)
            return "a wrong date";
        if (date != 0 && label_of(shape[side], date) != found->period[side])
            return "a wrong period";
        write_shape(shape[side], date, found->number[side], text);
        if (strcmp(text, found->text[side]) != 0)
            return "a text that the shape does not write";
    }
    if (strcasecmp(found->text[0], found->text[1]) != 0)
        return "two texts that differ";
    if (distinct && found->number[0] == found->number[1] && found->period[0] == found->period[1])
        return "one number only";
    return NULL;
}

#endif
