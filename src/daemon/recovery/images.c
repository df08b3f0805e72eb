/* SPDX-License-Identifier: MIT */
/* images: the store's open counters in memory, while docketd starts. */
#include "daemon/recovery/recovery.h"

#include <stdlib.h>
#include <string.h>

docket_status dk_images_keep(void *context, const struct dk_counter_image *image)
{
    struct dk_images *images = context;
    if (dk_image_has_ended(image))
        return DOCKET_OK;
    if ((images->count & (images->count + 1)) == 0) /* room doubles at 1, 3, 7 ... */
        images->all = dk_must_grow(images->all, images->count * 2 + 2, sizeof *images->all);
    struct dk_counter_image *copy = &images->all[images->count++];
    *copy = *image;
    copy->places = NULL; /* a million counters at rest have no lists */
    copy->spares = NULL;
    if (image->place_count > 0) {
        copy->places = dk_must_alloc(image->place_count, sizeof *copy->places);
        memcpy(copy->places, image->places, image->place_count * sizeof *copy->places);
    }
    if (image->spare_count > 0)
        dk_image_copy_spares(copy, image->spares, image->spare_count);
    return DOCKET_OK;
}

static int compare_images(const void *left, const void *right)
{
    const struct dk_counter_image *a = left, *b = right;
    if (a->series_id != b->series_id)
        return a->series_id < b->series_id ? -1 : 1;
    return a->period < b->period ? -1 : a->period > b->period;
}

const struct dk_counter_image *dk_images_find(const struct dk_images *images, uint64_t series_id, int32_t period)
{
    size_t low = 0, high = images->count;
    if (images->first != NULL) { /* the million of a start: no search */
        if (series_id >= images->known.room || images->first[series_id] == 0)
            return NULL;
        low = images->first[series_id] - 1;
        while (low < high && images->all[low].series_id == series_id && images->all[low].period != period)
            low++;
        return low < high && images->all[low].series_id == series_id ? &images->all[low] : NULL;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct dk_counter_image *image = &images->all[middle];
        if (image->series_id == series_id && image->period == period)
            return image;
        if (image->series_id < series_id || (image->series_id == series_id && image->period < period))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void dk_images_free(struct dk_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->all[i].places);
        free(images->all[i].spares);
    }
    free(images->all);
    free(images->first);
    free(images->known.desk);
    free(images->known.needed);
    free(images->known.newest);
}

void dk_images_sort(struct dk_images *images)
{
    bool sorted = true; /* the store's own order, but for those that it has not folded yet */
    for (size_t i = 1; i < images->count && sorted; i++)
        sorted = compare_images(&images->all[i - 1], &images->all[i]) <= 0;
    if (!sorted)
        qsort(images->all, images->count, sizeof *images->all, compare_images);
    if (images->known.room == 0 || images->count >= UINT32_MAX)
        return;
    images->first = dk_must_alloc(images->known.room, sizeof *images->first);
    for (size_t i = images->count; i-- > 0;)
        if (images->all[i].series_id < images->known.room)
            images->first[images->all[i].series_id] = (uint32_t)(i + 1);
}

/* ---- which series come into memory ---- */

static void need(struct dk_known *known, uint64_t id)
{
    if (id < known->room)
        known->needed[id] = true;
}

/* A realm of so many series has all of them on a new desk from the start. */
#define START_SERIES 16384u

size_t dk_images_choose(const struct dk_daemon *daemon, struct dk_images *images, const bool *adopted)
{
    struct dk_known *known = &images->known;
    for (size_t i = 0; i < images->count; i++) {
        uint64_t id = images->all[i].series_id;
        bool on_files = id < known->room && known->desk[id] != 0 && adopted[known->desk[id] - 1];
        /* Beside the files nothing of a strict counter is out: it waits in the store. */
        if (!dk_image_rests(&images->all[i]) && (!on_files || images->all[i].place_count > 0))
            need(known, id);
    }
    for (uint32_t d = 0; d < daemon->desk_count; d++) {
        const struct dk_desk *map = &daemon->desks[d].map;
        if (!adopted[d])
            continue;
        uint64_t ready = dk_load_acquire(&dk_desk_words(map)->slots_ready);
        for (uint32_t slot = 0; slot < ready && slot < map->geometry.slots_max; slot++)
            if (dk_load_acquire(&dk_desk_slot(map, slot)->generation) != 0)
                need(known, dk_desk_slot(map, slot)->series_id);
    }
    bool all = daemon->config.evict_after_s == 0 || daemon->accepted;
    size_t count = 0;
    for (uint64_t id = 0; id < known->room; id++) {
        if (all || (known->count <= START_SERIES && known->desk[id] != 0 && !adopted[known->desk[id] - 1]))
            known->needed[id] = true;
        count += known->needed[id];
    }
    return count;
}
