/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/collide */
/*
 * Two forms of any bytes, as a store's records could hold them: the proof ends, each
 * example that it shows is one, and it does not matter which of the two comes first.
 */
#include "fuzz.h"

#include "../unit/shape_fixture.h"

static bool draw_shape(struct draw *draw, struct made_shape *made)
{
    static const char *const names[] = {"INV", "inv2", "7", "A-1"};
    struct dk_form form = {0};
    made->shape.restart = (enum dk_restart)(draw_number(draw, 1) % DK_RESTART_COUNT);
    made->shape.last = draw_number(draw, 1) % 2 ? draw_number(draw, 7) % (DOCKET_NUMBER_MAX + 1) : draw_number(draw, 1);
    snprintf(made->series, sizeof made->series, "%s", names[draw_number(draw, 1) % 4]);
    made->shape.series = made->series;
    form.bytes = (uint8_t)(draw_number(draw, 1) % 12 + 1);
    draw_bytes(draw, form.code, form.bytes);
    form.fiscal.month = (uint8_t)(draw_number(draw, 1) % 12);
    made->shape.template = &made->template;
    return dk_form_unpack(&form, &made->template);
}

static struct dk_shape bounded(const struct dk_shape *shape)
{
    struct dk_shape same = *shape;
    same.last = same.last == 0 ? DOCKET_NUMBER_MAX : same.last;
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct made_shape a, b;
    struct dk_collision found, other;
    if (!draw_shape(&draw, &a) || !draw_shape(&draw, &b))
        return 0;
    struct dk_shape one = bounded(&a.shape), two = bounded(&b.shape);
    bool meet = dk_shapes_meet(&a.shape, &b.shape, &found);
    MUST(!meet || !found.shown || example_fault(&one, &two, &found, false) == NULL);
    bool turned = dk_shapes_meet(&b.shape, &a.shape, &other);
    MUST(meet == turned || (meet ? !found.shown : !other.shown));
    if (dk_shape_repeats(&a.shape, &other))
        MUST(!other.shown || example_fault(&one, &one, &other, true) == NULL);
    if (dk_shape_follows(&a.shape, &b.shape, &other)) {
        MUST(!other.shown || example_fault(&one, &two, &other, true) == NULL);
        MUST(meet || !other.shown);
    }
    return 0;
}
