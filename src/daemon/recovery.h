/* SPDX-License-Identifier: MIT */
/* recovery: what its three files share. Nobody else includes this. */
#ifndef DK_DAEMON_RECOVERY_H
#define DK_DAEMON_RECOVERY_H

#include "daemon/daemon.h"

/* The open counters of the store, by series and period. */
struct dk_images {
    struct dk_counter_image *all;
    size_t count;
};

/* Copies an image that is not closed; for dk_store_each_counter(). */
docket_status dk_images_keep(void *context, const struct dk_counter_image *image) DK_MUST_USE;
void dk_images_sort(struct dk_images *images);
void dk_images_free(struct dk_images *images);
/* The image of one counter in a sorted list, or NULL. */
const struct dk_counter_image *dk_images_find(const struct dk_images *images, uint64_t series_id, int32_t period);

/* takeover.c: files of another release or of other settings. True: an adopted
 * desk is built anew in this build's form, and its workers move. */
bool dk_takeover_renew(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct dk_images *images);
/* Files that this build cannot read: NO_REALM if they may be replaced, else a
 * refusal that leaves them as they are. */
docket_status dk_takeover_foreign(struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                  const struct dk_images *images) DK_MUST_USE;

/* Reads a desk's live files into the books. DAMAGED if they cannot be what a
 * docketd of this store wrote; a single counter that cannot be is quarantined. */
docket_status dk_adopt_desk(struct dk_daemon *daemon, struct dk_desk_book *desk,
                            const struct dk_images *images) DK_MUST_USE;

#endif
