/* SPDX-License-Identifier: MIT */
/* preview: what a counter has left to give, and how it would be written. */
#ifndef DK_DAEMON_PREVIEW_H
#define DK_DAEMON_PREVIEW_H

#include "daemon/daemon.h"
#include "wire/wire.h"

enum { DK_ROOM_RANGES = 16, DK_PREVIEW_NUMBERS = 10 };

/* What a counter can still give: the first free ranges below next, and from there on
 * all up to last. Zeroed but for the bounds it is a counter that nobody used. */
struct dk_room {
    bool found;          /* there is such a counter */
    uint64_t first;      /* of the counter */
    uint64_t next, last; /* from next on nothing was laid yet */
    uint64_t free;       /* numbers below next that may be given */
    uint64_t open;       /* in open leases ... */
    uint32_t leases;     /* ... so many */
    uint32_t range_count;
    struct dk_range ranges[DK_ROOM_RANGES];
};

/* The counter as books and store have it at this moment. */
docket_status dk_room_look(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period,
                           struct dk_room *room) DK_MUST_USE;
uint64_t dk_room_left(const struct dk_room *room);

struct dk_preview {
    const struct dk_template *template;
    const char *series;
    const struct dk_room *room;
    int32_t period;
    uint32_t date; /* that the texts show */
};

/* At most `most` rows; fewer where the numbers end. */
unsigned dk_preview_write(const struct dk_preview *preview, struct dk_number_wire *rows, unsigned most);

#endif
