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
    free(images->known.desk);
    free(images->known.needed);
    free(images->known.newest);
}

void dk_images_sort(struct dk_images *images)
{
    if (images->count > 1)
        qsort(images->all, images->count, sizeof *images->all, compare_images);
}
