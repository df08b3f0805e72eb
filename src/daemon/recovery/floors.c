/* SPDX-License-Identifier: MIT */
#include "daemon/recovery/floors.h"

#include "daemon/clerk.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[DK_FLOOR_SOURCES] = {
    [DK_FLOOR_SKIP] = "skip",       [DK_FLOOR_HAND] = "by hand",      [DK_FLOOR_FILE] = "file",
    [DK_FLOOR_SCAN] = "scan",       [DK_FLOOR_WITNESS] = "witness",   [DK_FLOOR_BOARD] = "live files",
};

const char *dk_floor_source_name(unsigned source)
{
    return source < DK_FLOOR_SOURCES ? names[source] : "?";
}

/* Room doubles at 0, 1, 3, 7 ... */
static bool is_full(size_t count)
{
    return (count & (count + 1)) == 0;
}

void dk_floors_add(struct dk_floors *floors, const struct dk_floor *floor)
{
    if (is_full(floors->count))
        floors->all = dk_must_grow(floors->all, floors->count * 2 + 1, sizeof *floors->all);
    floors->all[floors->count++] = *floor;
}

void dk_floors_add_new(struct dk_floors *floors, const struct dk_floor_new *floor)
{
    for (size_t at = 0; at < floors->new_count; at++) {
        struct dk_floor_new *other = &floors->news[at];
        if (strcmp(other->tenant, floor->tenant) != 0 || strcmp(other->name, floor->name) != 0 || other->period != floor->period)
            continue;
        bool lacking = other->lacking && floor->lacking;
        if (floor->number > other->number)
            *other = *floor;
        other->lacking = lacking;
        return;
    }
    if (is_full(floors->new_count))
        floors->news = dk_must_grow(floors->news, floors->new_count * 2 + 1, sizeof *floors->news);
    floors->news[floors->new_count++] = *floor;
}

static int compare(const void *left, const void *right)
{
    const struct dk_floor *a = left, *b = right;
    if (a->series_id != b->series_id)
        return a->series_id < b->series_id ? -1 : 1;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    return 0;
}

void dk_floors_ready(struct dk_floors *floors)
{
    size_t kept = 0;
    if (floors->count > 1)
        qsort(floors->all, floors->count, sizeof *floors->all, compare);
    for (size_t at = 0; at < floors->count; at++) {
        struct dk_floor *before = kept > 0 ? &floors->all[kept - 1] : NULL, *floor = &floors->all[at];
        if (before == NULL || compare(before, floor) != 0) {
            floors->all[kept++] = *floor;
            continue;
        }
        bool covers = before->covers || floor->covers;
        if (floor->number > before->number)
            *before = *floor;
        before->covers = covers;
    }
    floors->count = kept;
}

const struct dk_floor *dk_floors_find(const struct dk_floors *floors, uint64_t series_id, int32_t period)
{
    const struct dk_floor wanted = {.series_id = series_id, .period = period};
    return floors->count == 0 ? NULL : bsearch(&wanted, floors->all, floors->count, sizeof *floors->all, compare);
}

bool dk_floors_judge(const struct dk_floors *floors, const struct dk_counter_image *image, struct dk_move *move)
{
    const struct dk_floor *floor = dk_floors_find(floors, image->series_id, image->period);
    uint64_t room = image->extent_last + 1 - image->mark;
    uint64_t behind = floor != NULL && floor->number >= image->mark ? floor->number + 1 - image->mark : 0;
    behind += floors->skip; /* both are below 10^15 */
    if (floor != NULL && floor->number > image->extent_last) /* it was longer when that was given */
        room = (behind < DOCKET_NUMBER_MAX + 1 - image->mark) ? behind : DOCKET_NUMBER_MAX + 1 - image->mark;
    *move = (struct dk_move){.floor = floor,
                             .advance = behind < room ? behind : room,
                             .spares = floor != NULL || floors->skip > 0 || !floors->skip_given};
    return floors->skip_given || (floor != NULL && floor->covers);
}

void dk_floors_free(struct dk_floors *floors)
{
    free(floors->all);
    free(floors->news);
    *floors = (struct dk_floors){0};
}
